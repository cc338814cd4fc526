//! `GET /v2/orders`: which orders are listed (Alpaca, protocol page §3.5 of October
//! 2026).
//!
//! Legs that wait (`held`) are left out of flat lists of open orders, and a nested list
//! of open orders goes by the head of each group: both were seen at the real broker
//! (§10) and are the harsher choice (§11.2).

use axum::extract::State;

use crate::brokers::sim::exchange::{Order, OrderStatus};
use crate::brokers::sim::server::{Fault, Shared};
use crate::domain::ids::BrokerOrderId;
use crate::domain::time::Timestamp;

use super::errors::{Answer, ApiError, ok};
use super::order_json::{made_strange, order_json, with_legs};
use super::orders::{heads_group, legs_of};
use super::params::Params;

/// Orders of one answer.
const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 500;

/// Which orders are wanted.
struct Filter {
    is_open: Option<bool>,
    after: Option<Timestamp>,
    until: Option<Timestamp>,
    symbols: Option<Vec<String>>,
    side: Option<String>,
    has_equities: bool,
    is_nested: bool,
    /// Only orders after, or before, this one.
    after_sequence: Option<u64>,
    before_sequence: Option<u64>,
}

impl Filter {
    fn read(params: &Params) -> Result<Self, ApiError> {
        let is_open = match params.get("status") {
            None | Some("open") => Some(true),
            Some("closed") => Some(false),
            Some("all") => None,
            Some(other) => return Err(ApiError::malformed(format!("invalid status: {other}"))),
        };
        let cursors = ["before_order_id", "after_order_id"];
        let has_cursor = cursors.iter().filter(|name| params.get(name).is_some()).count();
        let has_span = params.get("after").is_some() || params.get("until").is_some();
        if has_cursor > 1 || (has_cursor == 1 && has_span) {
            return Err(ApiError::malformed(
                "only one of before_order_id, after_order_id, or after and until is accepted",
            ));
        }
        let symbols = params.list("symbols");
        Ok(Self {
            is_open,
            after: params.instant_or_date("after")?,
            until: params.instant_or_date("until")?,
            symbols: symbols.map(|list| list.into_iter().map(str::to_owned).collect()),
            side: params.get("side").map(str::to_owned),
            has_equities: params
                .list("asset_class")
                .is_none_or(|classes| classes.contains(&"us_equity")),
            is_nested: params.is_set("nested"),
            after_sequence: None,
            before_sequence: None,
        })
    }

    fn takes(&self, order: &Order) -> bool {
        let is_of_status = match self.is_open {
            None => true,
            Some(true) => !order.status.is_final() && order.status != OrderStatus::Held,
            Some(false) => order.status.is_final(),
        };
        let is_named =
            |symbols: &Vec<String>| symbols.iter().any(|symbol| symbol == order.symbol.as_str());
        is_of_status
            && self.has_equities
            && (!self.is_nested || heads_group(order))
            && self.after.is_none_or(|after| order.submitted_at > after)
            && self.until.is_none_or(|until| order.submitted_at < until)
            && self.after_sequence.is_none_or(|after| order.sequence > after)
            && self.before_sequence.is_none_or(|before| order.sequence < before)
            && self.symbols.as_ref().is_none_or(is_named)
            && self.side.as_ref().is_none_or(|side| side == order.side.name())
    }
}

pub(super) async fn list(State(state): State<Shared>, params: Params) -> Answer {
    let mut filter = Filter::read(&params)?;
    let limit = params.count("limit")?.unwrap_or(LIMIT_DEFAULT);
    if limit == 0 {
        return Err(ApiError::malformed("limit must be > 0"));
    }
    let is_ascending = match params.get("direction") {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(other) => return Err(ApiError::malformed(format!("invalid direction: {other}"))),
    };
    let values = state.with_world(|world| {
        let exchange = world.exchange();
        let sequence = |name: &str| {
            let Some(id) = params.get(name) else { return Ok(None) };
            let order = world.order(&BrokerOrderId::new(id));
            let missing = || ApiError::not_found(format!("order not found for {id}"));
            order.map(|order| Some(order.sequence)).ok_or_else(missing)
        };
        filter.after_sequence = sequence("after_order_id")?;
        filter.before_sequence = sequence("before_order_id")?;
        let mut orders = exchange.orders();
        orders.retain(|order| filter.takes(order));
        if !is_ascending {
            orders.reverse();
        }
        orders.truncate(limit.min(LIMIT_MAX));
        let write = |order: &&Order| {
            if filter.is_nested {
                with_legs(order, legs_of(exchange, order))
            } else {
                order_json(order)
            }
        };
        Ok::<_, ApiError>(orders.iter().map(write).collect::<Vec<_>>())
    })?;
    let is_strange = !values.is_empty() && state.faults.take(Fault::StrangeOrder);
    let values = if is_strange { values.into_iter().map(made_strange).collect() } else { values };
    Ok(ok(&values))
}
