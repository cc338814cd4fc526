//! Requests by which a human says what is so at the broker: what became of an order of
//! which nobody knows, and that a difference is what it is.
//!
//! Both are judged against the read model like all others in
//! [`operate`](crate::control::operate); what they do is decided by the agents.

use crate::control::phrase;
use crate::control::protocol::{Code, Problem, Request};
use crate::domain::command::{Acknowledge, OperatorCommand, Outcome, Settle};
use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::money::{Price, Qty};
use crate::view::{OrderPhase, Snapshot};

/// What a human says became of an order; the texts are as they were typed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Found {
    /// The broker never had it.
    NotThere,
    /// It works there under this name.
    Working(String),
    /// It is over: shares executed, and their average price where there are some.
    Over {
        /// Shares executed.
        filled: String,
        /// Dollars per share.
        price: Option<String>,
    },
}

fn bad(message: String) -> Problem {
    Problem::new(Code::BadRequest, message, "see: flightdeck settle --help")
}

fn outcome(found: &Found) -> Result<Outcome, Problem> {
    match found {
        Found::NotThere => Ok(Outcome::NotThere),
        Found::Working(name) if name.trim().is_empty() => {
            Err(bad("the broker's name of the order is missing".to_owned()))
        }
        Found::Working(name) => {
            Ok(Outcome::Working { broker_order_id: BrokerOrderId::new(name.trim()) })
        }
        Found::Over { filled, price } => {
            let shares: Qty = filled
                .trim()
                .parse()
                .map_err(|error| bad(format!("'{filled}' is no number of shares: {error}")))?;
            let price = price.as_deref().map(|text| {
                let read: Result<Price, _> = text.trim().parse();
                read.map_err(|error| bad(format!("'{text}' is no price: {error}")))
            });
            let price = price.transpose()?;
            if price.is_none() && !shares.is_zero() {
                return Err(bad("shares were executed, their average price is missing".into()));
            }
            Ok(Outcome::Over { filled: shares, price })
        }
    }
}

/// The order that is to be settled: only one whose outcome is unknown.
fn unknown(snapshot: &Snapshot, wanted: &str) -> Result<ClientOrderId, Problem> {
    let wanted = wanted.trim();
    let remedy = "see those that are UNKNOWN with: flightdeck orders";
    let all = snapshot.working.iter().chain(snapshot.done.iter().map(|row| &**row));
    match all.into_iter().find(|row| row.client_order_id.as_str() == wanted) {
        Some(row) if row.phase == OrderPhase::Unknown => Ok(row.client_order_id.clone()),
        Some(row) => {
            let message = format!("{wanted} is {}: its outcome is known", row.phase);
            Err(Problem::new(Code::NotApplicable, message, remedy))
        }
        None => Err(Problem::new(Code::NotFound, format!("there is no order '{wanted}'"), remedy)),
    }
}

/// Judges the wish to settle an order.
pub(in crate::control) fn settle(
    snapshot: &Snapshot,
    (order, found): (&str, &Found),
    confirmed: impl Fn(&str) -> Result<(), Problem>,
    reason: Result<String, Problem>,
) -> Result<OperatorCommand, Problem> {
    let client_order_id = unknown(snapshot, order)?;
    let outcome = outcome(found)?;
    confirmed(&phrase::settle(client_order_id.as_str()))?;
    let reason = reason?;
    Ok(OperatorCommand::Settle(Settle { client_order_id, outcome, reason, by: None }))
}

/// Judges the wish to take differences for what they are.
pub(in crate::control) fn acknowledge(
    snapshot: &Snapshot,
    subject: Option<&str>,
    reason: Result<String, Problem>,
) -> Result<OperatorCommand, Problem> {
    let subject = subject.map(str::trim).filter(|subject| !subject.is_empty());
    let mut open = snapshot.safety.differences.iter().filter(|row| !row.is_acknowledged);
    if !open.any(|row| subject.is_none_or(|only| *row.subject == *only)) {
        let what = subject.unwrap_or("anything");
        let message = format!("no difference about {what} waits for anybody");
        return Err(Problem::new(Code::NotFound, message, "see them with: flightdeck status"));
    }
    let subject = subject.map(str::to_owned);
    Ok(OperatorCommand::Acknowledge(Acknowledge { subject, reason: reason?, by: None }))
}

/// What is said after either of them.
pub(in crate::control) fn note(
    request: &Request,
    after: &Snapshot,
) -> Option<(Option<String>, String)> {
    if let Request::Settle { order, .. } = request {
        let row = after.working.iter().chain(after.done.iter().map(|row| &**row));
        let mut row = row.filter(|row| row.client_order_id.as_str() == order.trim());
        let state = row.next().map_or("no longer shown", |row| row.phase.name());
        return Some((Some(order.clone()), format!("{order} is settled: {state}")));
    }
    if let Request::Acknowledge { subject, .. } = request {
        let left = after.safety.open_differences();
        let note =
            format!("acknowledged; {left} differences wait; trading is {}", after.trading.phase);
        return Some((subject.clone(), note));
    }
    None
}
