//! What comes of a request: judged against the read model, then done or refused.
//!
//! [`judge`] is pure; [`carry_out`] closes the gate, sends the command and says what
//! the read model shows afterwards. The effects are those of the keys: the same
//! command goes in by the same door.

use std::sync::Arc;

use crate::control::documents::{Done, Orders, Positions, Status, Trades};
use crate::control::phrase;
use crate::control::protocol::{Answer, Code, Problem, REASON_CHARS_MAX, Request};
use crate::control::server::Desk;
use crate::control::settling;
use crate::control::sink::{Explanation, SinkError};
use crate::control::tables;
use crate::control::tail::Filter;
use crate::domain::command::{
    Actor, Approve, CancelOrder, Flatten, OperatorCommand, Reason, Reject, ResetBreaker,
};
use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::order::OrderPurpose;
use crate::view::{BreakerPhase, BreakerRow, OrderRow, Snapshot, TradingPhase, Wanted, clean_text};

/// The reason when none is given.
const NO_REASON: &str = "asked on the command line";

/// What a request turns out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Close the gate, then halt.
    Kill(String),
    /// Hand this in.
    Command(OperatorCommand),
    /// Look at the read model only.
    Look,
    /// Look a decision record up.
    Why(String),
    /// Stream events.
    Tail(Filter),
}

/// Returns the wish of a request that needs no judgement: a kill. It must not wait for
/// the read model, which might be held up by what is being killed.
pub fn unjudged(request: &Request) -> Option<Wish> {
    match request {
        Request::Kill { reason } => Some(Wish::Kill(words(reason.as_deref()))),
        Request::Approve { .. }
        | Request::Reject { .. }
        | Request::Cancel { .. }
        | Request::Reset { .. }
        | Request::Reduce { .. }
        | Request::Resume { .. }
        | Request::Flatten { .. }
        | Request::Settle { .. }
        | Request::Acknowledge { .. }
        | Request::Status
        | Request::Positions
        | Request::Orders
        | Request::Trades
        | Request::Why { .. }
        | Request::Tail { .. } => None,
    }
}

/// Judges a request: does its subject exist, may it be done now, is it confirmed?
/// Changes nothing.
///
/// # Errors
/// Why nothing is to be done.
pub fn judge(request: &Request, snapshot: &Snapshot) -> Result<Wish, Problem> {
    let command = match request {
        Request::Kill { reason } => return Ok(Wish::Kill(words(reason.as_deref()))),
        Request::Status | Request::Positions | Request::Orders | Request::Trades => {
            return Ok(Wish::Look);
        }
        Request::Why { id } => return Ok(Wish::Why(id.trim().to_owned())),
        Request::Tail { filter } => {
            return Filter::read(filter.as_deref().unwrap_or_default()).map(Wish::Tail);
        }
        Request::Approve { trade_id } => {
            let trade_id = waiting(snapshot, trade_id)?;
            OperatorCommand::Approve(Approve { trade_id, by: None })
        }
        Request::Reject { trade_id, reason } => {
            let trade_id = waiting(snapshot, trade_id)?;
            OperatorCommand::Reject(Reject { trade_id, reason: words(reason.as_deref()), by: None })
        }
        Request::Cancel { order } => {
            let client_order_id = cancellable(snapshot, order)?;
            OperatorCommand::Cancel(CancelOrder { client_order_id, by: None })
        }
        Request::Reset { breaker, confirm, reason } => {
            let breaker = resettable(snapshot, breaker)?;
            confirmed(confirm.as_deref(), &phrase::reset(&breaker))?;
            let reason = words(reason.as_deref());
            OperatorCommand::ResetBreaker(ResetBreaker { breaker, reason, by: None })
        }
        Request::Reduce { reason } => {
            OperatorCommand::Reduce(Reason { reason: words(reason.as_deref()), by: None })
        }
        Request::Resume { confirm, reason } => {
            if snapshot.trading.phase == TradingPhase::Active && !has_disabled(snapshot) {
                return Err(not_now("the house trades already", "nothing needs to be done"));
            }
            confirmed(confirm.as_deref(), &phrase::resume(&snapshot.run.account))?;
            OperatorCommand::Resume(Reason { reason: given(reason.as_deref())?, by: None })
        }
        Request::Flatten { symbol, confirm, reason } => {
            let symbol = symbol.as_deref().map(|symbol| held(snapshot, symbol)).transpose()?;
            let typed = phrase::flatten(symbol.as_ref().map(Symbol::as_str));
            confirmed(confirm.as_deref(), &typed)?;
            let reason = words(reason.as_deref());
            OperatorCommand::Flatten(Flatten { symbol, reason, by: None })
        }
        Request::Settle { order, found, confirm, reason } => {
            let is_confirmed = |typed: &str| confirmed(confirm.as_deref(), typed);
            settling::settle(snapshot, (order, found), is_confirmed, given(reason.as_deref()))?
        }
        Request::Acknowledge { subject, reason } => {
            settling::acknowledge(snapshot, subject.as_deref(), given(reason.as_deref()))?
        }
    };
    Ok(Wish::Command(command))
}

fn not_now(message: impl AsRef<str>, remedy: &str) -> Problem {
    Problem::new(Code::NotApplicable, message, remedy)
}

fn waiting(snapshot: &Snapshot, wanted: &str) -> Result<TradeId, Problem> {
    let wanted = wanted.trim();
    if let Some(row) = snapshot.approvals.iter().find(|row| row.trade_id.as_str() == wanted) {
        return Ok(row.trade_id.clone());
    }
    let remedy = "see those that wait with: flightdeck trades";
    Err(match snapshot.trade(&TradeId::new(wanted)) {
        Some(row) => not_now(format!("{wanted} is {}, it does not wait", row.phase), remedy),
        None => Problem::new(Code::NotFound, format!("there is no trade '{wanted}'"), remedy),
    })
}

fn cancellable(snapshot: &Snapshot, wanted: &str) -> Result<ClientOrderId, Problem> {
    let wanted = wanted.trim();
    let is_wanted = |row: &OrderRow| {
        let theirs = row.broker_order_id.as_ref().is_some_and(|id| id.as_str() == wanted);
        theirs || row.client_order_id.as_str() == wanted
    };
    if let Some(row) = snapshot.working.iter().find(|row| is_wanted(row)) {
        // Without it a position would stand unprotected, or stay open that should close.
        if row.purpose != OrderPurpose::Entry {
            let symbol = row.symbol;
            let message = format!("{wanted} protects or closes the position in {symbol}");
            let remedy = format!("close the position with: flightdeck flatten {symbol}");
            return Err(not_now(message, &remedy));
        }
        return Ok(row.client_order_id.clone());
    }
    let remedy = "see what works with: flightdeck orders";
    Err(match snapshot.done.iter().find(|row| is_wanted(row)) {
        Some(row) => not_now(format!("{wanted} is {}, it rests no more", row.phase), remedy),
        None => Problem::new(Code::NotFound, format!("there is no order '{wanted}'"), remedy),
    })
}

fn resettable(snapshot: &Snapshot, wanted: &str) -> Result<String, Problem> {
    let wanted = wanted.trim();
    if let Some(row) = snapshot.breakers.iter().find(|row| &*row.name == wanted) {
        return Ok(row.name.to_string());
    }
    // A broker's name stands for the first of its breakers that is not closed.
    let is_of = |name: &str| name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'));
    let is_tripped = |row: &&BreakerRow| row.phase != BreakerPhase::Closed && is_of(&row.name);
    if let Some(row) = snapshot.breakers.iter().find(is_tripped) {
        return Ok(row.name.to_string());
    }
    let known: Vec<&str> = snapshot.breakers.iter().map(|row| &*row.name).collect();
    let remedy = match known.as_slice() {
        [] => "none has been heard of yet".to_owned(),
        known => format!("there are: {}", known.join(", ")),
    };
    Err(Problem::new(Code::NotFound, format!("there is no breaker '{wanted}'"), remedy))
}

fn held(snapshot: &Snapshot, wanted: &str) -> Result<Symbol, Problem> {
    let remedy = "see what is held with: flightdeck positions";
    let symbol = Symbol::new(wanted)
        .map_err(|error| Problem::new(Code::BadRequest, error.to_string(), remedy))?;
    if snapshot.positions.iter().any(|row| row.symbol == symbol) {
        return Ok(symbol);
    }
    Err(Problem::new(Code::NotFound, format!("there is no position in {symbol}"), remedy))
}

fn has_disabled(snapshot: &Snapshot) -> bool {
    snapshot.strategies.values().any(|row| row.disabled.is_some())
}

fn confirmed(typed: Option<&str>, phrase: &str) -> Result<(), Problem> {
    if typed.map(str::trim) == Some(phrase) {
        return Ok(());
    }
    let what = if typed.is_some() { "the phrase is another one" } else { "it is not confirmed" };
    Err(Problem::new(Code::NotConfirmed, what, format!("add --confirm \"{phrase}\"")))
}

fn given(reason: Option<&str>) -> Result<String, Problem> {
    let reason = clean_text(reason.unwrap_or_default(), REASON_CHARS_MAX);
    if reason.is_empty() {
        return Err(Problem::new(Code::NoReason, "a reason is missing", "add --reason \"why\""));
    }
    Ok(reason.into())
}

fn words(reason: Option<&str>) -> String {
    given(reason).unwrap_or_else(|_| NO_REASON.to_owned())
}

/// Carries out what has been judged to be a command, or looks.
pub(in crate::control) async fn carry_out(
    desk: &Desk,
    request: &Request,
    wish: Wish,
    actor: Actor,
    text: bool,
) -> Answer {
    match wish {
        Wish::Look => look(request, &desk.newest(), text),
        Wish::Why(id) => why(desk, &id, text).await,
        Wish::Kill(reason) => {
            // The gate is closed by this call, before anything is waited for.
            let killed = desk.killer.kill(reason, actor);
            let outcome = detached(killed).await;
            told(request, outcome, &desk.newest(), text)
        }
        Wish::Command(command) => {
            let sink = Arc::clone(&desk.sink);
            let command = command.asked_by(actor);
            let outcome = detached(async move { sink.submit(command).await }).await;
            told(request, outcome, &desk.newest(), text)
        }
        // The server has taken this way already.
        Wish::Tail(_) => Answer::done(&()),
    }
}

/// Runs on when the caller hangs up or the time is up: half a command is worse than a
/// late one. It ends with the house, which then answers that it is closed.
async fn detached(
    work: impl Future<Output = Result<(), SinkError>> + Send + 'static,
) -> Result<(), SinkError> {
    let joined = tokio::spawn(work).await;
    joined.unwrap_or_else(|error| Err(SinkError::Unknown(error.to_string())))
}

fn look(request: &Request, snapshot: &Snapshot, text: bool) -> Answer {
    let with = |answer: Answer, lines: &dyn Fn() -> Vec<String>| {
        if text { answer.with_text(lines()) } else { answer }
    };
    match request {
        Request::Positions => {
            let document = Positions::of(snapshot);
            with(Answer::done(&document), &|| tables::positions(&document))
        }
        Request::Orders => {
            let document = Orders::of(snapshot);
            with(Answer::done(&document), &|| tables::orders(&document))
        }
        Request::Trades => {
            let document = Trades::of(snapshot);
            with(Answer::done(&document), &|| tables::trades(&document))
        }
        Request::Status
        | Request::Approve { .. }
        | Request::Reject { .. }
        | Request::Cancel { .. }
        | Request::Reset { .. }
        | Request::Kill { .. }
        | Request::Reduce { .. }
        | Request::Resume { .. }
        | Request::Flatten { .. }
        | Request::Settle { .. }
        | Request::Acknowledge { .. }
        | Request::Why { .. }
        | Request::Tail { .. } => {
            let document = Status::of(snapshot);
            with(Answer::done(&document), &|| tables::status(&document))
        }
    }
}

async fn why(desk: &Desk, id: &str, text: bool) -> Answer {
    let newest = desk.newest().why(&Wanted::of(id)).map(|record| Explanation::of(record));
    let found = match newest {
        Some(found) => Ok(Some(found)),
        None => desk.events.why(id).await,
    };
    match found {
        Ok(Some(found)) => {
            let answer = Answer::with_data(found.record);
            if text { answer.with_text(found.lines) } else { answer }
        }
        Ok(None) => Answer::not_done(Problem::new(
            Code::NotFound,
            format!("there is no decision about '{id}'"),
            "give a trade id, an event's number or a symbol; see: flightdeck trades",
        )),
        Err(error) => Answer::not_done(Problem::new(
            Code::Failed,
            format!("the record cannot be read: {error}"),
            "check the journal with: flightdeck journal verify",
        )),
    }
}

/// Says what the read model shows after a command.
fn told(request: &Request, outcome: Result<(), SinkError>, after: &Snapshot, text: bool) -> Answer {
    match outcome {
        Err(SinkError::Closed) => {
            let message = SinkError::Closed.to_string();
            Answer::not_done(Problem::new(Code::Failed, message, "look with: flightdeck status"))
        }
        Err(error @ SinkError::Unknown(_)) => Answer::not_done(unknown(&error.to_string())),
        Ok(()) => match done(request, after) {
            Ok(done) => {
                let lines = vec![done.note.clone()];
                let answer = Answer::done(&done);
                if text { answer.with_text(lines) } else { answer }
            }
            Err(problem) => Answer::not_done(problem),
        },
    }
}

/// The problem of an outcome that nobody knows.
pub(in crate::control) fn unknown(what: &str) -> Problem {
    Problem::new(Code::Timeout, what, "look with: flightdeck status")
}

fn done(request: &Request, after: &Snapshot) -> Result<Done, Problem> {
    let phase = after.trading.phase;
    let entries_left = entries_left(after);
    let rung = |rung: TradingPhase| {
        if phase >= rung {
            return Ok(());
        }
        let message = format!("the command is on record, but trading is {phase}");
        Err(Problem::new(Code::Failed, message, "look with: flightdeck status"))
    };
    let (subject, note) = match request {
        Request::Kill { .. } => {
            rung(TradingPhase::Halted)?;
            let rest = match entries_left {
                0 => "no entry order rests".to_owned(),
                left => format!("NOT CONFIRMED: {left} entry orders"),
            };
            (None, format!("{phase}: no entry leaves; {rest}; protective stops are kept"))
        }
        Request::Reduce { .. } => {
            rung(TradingPhase::Reducing)?;
            (None, format!("{phase}: only orders that reduce risk"))
        }
        Request::Resume { .. } => {
            if phase != TradingPhase::Active {
                let why = &after.trading.reason;
                let message = format!("trading stays {phase}: {why}");
                return Err(not_now(message, "see the newest alerts in: flightdeck tail"));
            }
            (None, format!("{phase}: the house trades again"))
        }
        Request::Flatten { symbol: None, .. } => {
            rung(TradingPhase::Flatten)?;
            (None, format!("{phase}: {} positions are being closed", after.positions.len()))
        }
        Request::Flatten { symbol: Some(symbol), .. } => {
            (Some(symbol.to_uppercase()), format!("{} is being closed", symbol.to_uppercase()))
        }
        Request::Approve { trade_id } => {
            let state = after.trade(&TradeId::new(trade_id.trim())).map(|row| row.phase.name());
            let state = state.unwrap_or("no longer shown");
            (Some(trade_id.clone()), format!("{trade_id} is approved: {state}"))
        }
        Request::Reject { trade_id, .. } => {
            (Some(trade_id.clone()), format!("{trade_id} is rejected"))
        }
        Request::Cancel { order } => {
            (Some(order.clone()), format!("the cancellation of {order} is asked for"))
        }
        Request::Reset { breaker, .. } => {
            let row = after.breakers.iter().find(|row| &*row.name == breaker.trim());
            let state = row.map_or("not shown", |row| row.phase.name());
            (Some(breaker.clone()), format!("the reset of {breaker} is asked for: {state}"))
        }
        Request::Settle { .. } | Request::Acknowledge { .. } => {
            settling::note(request, after).unwrap_or_default()
        }
        Request::Status
        | Request::Positions
        | Request::Orders
        | Request::Trades
        | Request::Why { .. }
        | Request::Tail { .. } => (None, String::new()),
    };
    let clean = |text: &str| String::from(clean_text(text, REASON_CHARS_MAX));
    let subject = subject.map(|subject| clean(&subject));
    Ok(Done { verb: request.verb(), subject, trading: phase, entries_left, note: clean(&note) })
}

fn entries_left(snapshot: &Snapshot) -> usize {
    snapshot.working.iter().filter(|row| row.purpose == OrderPurpose::Entry).count()
}
