//! What `ACCT_ACTIVITY` tells of an order (Schwab, protocol page §5.6 of October 2026):
//! message types in the order in which they were seen live, each with a text that is
//! JSON once more.

use std::sync::Arc;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::brokers::sim::server::frames::{Field, json};
use crate::brokers::sim::server::schwab::answers::object;
use crate::brokers::sim::server::schwab::state::ACCOUNT;
use crate::brokers::sim::server::{NoticeKind, OrderNotice};
use crate::domain::money::Price;
use crate::domain::time::Timestamp;

/// Decimal places of amounts; twice that is their `signScale`.
const PLACES: u32 = 6;

/// One message type with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::brokers::sim::server::schwab) struct Item {
    pub(super) kind: &'static str,
    pub(super) data: String,
}

/// What one event of an order is told as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::brokers::sim::server::schwab) struct Activity {
    pub(super) items: Vec<Item>,
}

impl Activity {
    /// An order that the exchange never gets: its beginning or its end.
    pub(in crate::brokers::sim::server::schwab) fn of_doomed(
        id: u64,
        replaces: Option<u64>,
        is_over: bool,
        at: Timestamp,
    ) -> Arc<Self> {
        let kinds: &[&'static str] = match (is_over, replaces) {
            (true, _) => &["CancelAccepted", "OrderUROutCompleted"],
            (false, None) => &["OrderCreated", "OrderAccepted"],
            (false, Some(_)) => &["ChangeCreated", "ChangeAccepted"],
        };
        Arc::new(Self { items: plain(kinds, id, replaces, at) })
    }

    /// What happened to an order at the exchange.
    pub(super) fn of(notice: &OrderNotice, id: u64, replaces: Option<u64>) -> Self {
        let at = notice.at;
        let is_fresh = notice.order.submitted_at == at;
        let created: &[&'static str] = match (replaces, notice.kind) {
            (None, NoticeKind::Accepted) => &["OrderCreated"],
            (None, _) if is_fresh => &["OrderCreated", "OrderAccepted"],
            (None, _) => &["OrderAccepted"],
            (Some(_), NoticeKind::Accepted) => &["ChangeCreated"],
            (Some(_), _) if is_fresh => &["ChangeCreated", "ChangeAccepted"],
            (Some(_), _) => &["ChangeAccepted"],
        };
        let items = match notice.kind {
            NoticeKind::PendingNew
            | NoticeKind::PendingReplace
            | NoticeKind::ReplaceRejected
            | NoticeKind::CancelRejected
            | NoticeKind::DoneForDay => Vec::new(),
            NoticeKind::Accepted | NoticeKind::New => plain(created, id, replaces, at),
            NoticeKind::PartialFill | NoticeKind::Fill => {
                let steps =
                    ["ExecutionRequested", "ExecutionRequestCreated", "ExecutionRequestCompleted"];
                let mut items = plain(&steps, id, None, at);
                items.push(fill(notice, Some(id)));
                items
            }
            NoticeKind::PendingCancel => plain(&["CancelAccepted"], id, None, at),
            NoticeKind::Canceled | NoticeKind::Replaced => {
                let mut items = plain(&["CancelAccepted"], id, None, at);
                items.extend(ended(notice, id));
                items
            }
            NoticeKind::Expired => ended(notice, id),
            NoticeKind::Rejected => plain(&["CancelAccepted", "OrderUROutCompleted"], id, None, at),
        };
        Self { items }
    }

    /// A fill as it is told again after a reconnection: without account and execution.
    pub(super) fn replayed(notice: &OrderNotice) -> Self {
        Self { items: vec![fill(notice, None)] }
    }
}

fn decimal(value: Decimal) -> Field {
    let mut value = value.round_dp(PLACES);
    if value.is_zero() {
        // A missing `lo` is zero.
        return Field::object([("signScale", Field::Integer((PLACES * 2).into()))]);
    }
    value.rescale(PLACES);
    let sign = i64::from(value.is_sign_negative());
    Field::object([
        ("lo", Field::text(value.mantissa().abs().to_string())),
        ("signScale", Field::Integer(i64::from(PLACES * 2) + sign)),
    ])
}

/// An instant without zone, to be read as New York's.
fn moment(at: Timestamp) -> Field {
    let zone = TimeZone::get("America/New_York").expect("the zone database is compiled in");
    let text = at.in_zone(&zone).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
    Field::object([("DateTimeString", Field::text(text))])
}

fn item(kind: &'static str, id: Option<u64>, event: Vec<(&'static str, Field)>) -> Item {
    let mut fields = Vec::new();
    if let Some(id) = id {
        fields.push(("SchwabOrderID", Field::text(id.to_string())));
        fields.push(("AccountNumber", Field::text(ACCOUNT.to_string())));
    }
    let mut base = vec![("EventType", Field::from(kind))];
    base.extend(event);
    fields.push(("BaseEvent", object(base)));
    Item { kind, data: json(&object(fields)) }
}

fn plain(kinds: &[&'static str], id: u64, replaces: Option<u64>, at: Timestamp) -> Vec<Item> {
    let make = |kind: &&'static str| {
        let mut event = vec![("EventTimestamp", moment(at))];
        if let Some(parent) = replaces {
            event.push(("ParentSchwabOrderID", Field::text(parent.to_string())));
        }
        item(kind, Some(id), event)
    };
    kinds.iter().map(make).collect()
}

fn fill(notice: &OrderNotice, id: Option<u64>) -> Item {
    let order = &notice.order;
    let average = order.average_price().map_or(Decimal::ZERO, Price::to_decimal);
    let mut execution = Vec::new();
    if let Some(own) = &notice.execution {
        execution.extend([
            ("ExecutionQuantity", decimal(own.qty.to_decimal())),
            ("ExecutionPrice", decimal(own.price.to_decimal())),
            ("ExecutionTimeStamp", moment(notice.at)),
            ("ExecutionTransType", Field::from("Fill")),
        ]);
        if id.is_some() {
            execution.push(("ExecutionId", Field::text(own.id.as_str())));
        }
    }
    let quantity = vec![
        ("CumulativeQuantity", decimal(order.filled.to_decimal())),
        ("LeavesQuantity", decimal(order.leaves().to_decimal())),
        ("AveragePrice", decimal(average)),
    ];
    let info = object(vec![
        ("LegId", Field::from("1")),
        ("ExecutionInfo", object(execution)),
        ("QuantityInfo", object(quantity)),
    ]);
    item("OrderFillCompleted", id, vec![("OrderFillCompletedEventOrderLegQuantityInfo", info)])
}

/// The venue's "out": an execution that is none, with a quantity (§5.6).
fn ended(notice: &OrderNotice, id: u64) -> Vec<Item> {
    let execution = object(vec![
        ("ExecutionQuantity", decimal(notice.order.leaves().to_decimal())),
        ("ExecutionPrice", decimal(Decimal::ZERO)),
        ("ExecutionTimeStamp", moment(notice.at)),
        ("ExecutionTransType", "UROut".into()),
    ]);
    let info = object(vec![("LegId", "1".into()), ("ExecutionInfo", execution)]);
    let created =
        item("ExecutionCreated", Some(id), vec![("ExecutionCreatedEventExecutionInfo", info)]);
    let mut items = vec![created];
    items.extend(plain(&["OrderUROutCompleted"], id, None, notice.at));
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_as_digits_with_twice_their_places() {
        for (value, expected) in [
            ("10.24", r#"{"lo":"10240000","signScale":12}"#),
            ("-1.5", r#"{"lo":"1500000","signScale":13}"#),
            ("0", r#"{"signScale":12}"#),
        ] {
            assert_eq!(json(&decimal(value.parse().unwrap())), expected);
        }
    }

    #[test]
    fn a_doomed_order_begins_and_ends_as_seen_live() {
        let kinds = |is_over, replaces| {
            let told = Activity::of_doomed(7, replaces, is_over, Timestamp::from_seconds(0));
            told.items.iter().map(|item| item.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(false, None), ["OrderCreated", "OrderAccepted"]);
        assert_eq!(kinds(false, Some(6)), ["ChangeCreated", "ChangeAccepted"]);
        assert_eq!(kinds(true, None), ["CancelAccepted", "OrderUROutCompleted"]);
    }
}
