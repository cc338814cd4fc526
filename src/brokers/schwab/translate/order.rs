//! The order object into [`BrokerOrder`] (Schwab, protocol page §3.3 of November 2026).
//!
//! Ids and links that Schwab does not tell (our name, what took an order's place) are
//! added by whoever knows them.

use crate::brokers::broker::BrokerOrder;
use crate::brokers::decimal::DecimalText;
use crate::brokers::field::{self, Unreadable};
use crate::brokers::oddity::{Oddities, Oddity};
use crate::brokers::schwab::translate::symbol;
use crate::brokers::schwab::wire::{WireInstrument, WireOrder, WireOrderLeg};
use crate::domain::ids::BrokerOrderId;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderKind, OrderReport, ReportedStatus, Side, Trail};
use crate::domain::time::Timestamp;

/// How deep a group may be nested; Schwab's are three deep.
const DEPTH_MAX: usize = 8;

/// Translates an order with what hangs on it. A bare OCO is its limit, under the name of
/// the node, with the stop as its leg.
///
/// # Errors
/// When it has no id, or its symbol, side or executions cannot be read.
pub(crate) fn broker_order(
    wire: &WireOrder,
    oddities: &Oddities,
) -> Result<BrokerOrder, Unreadable> {
    let id = wire.id().ok_or_else(|| Unreadable("an order without an id".into()))?;
    let own = own_node(wire);
    let submitted_at = time(wire, oddities).or_else(|| time(own, oddities)).unwrap_or_default();
    let mut report = report(own, oddities)?;
    report.broker_order_id = BrokerOrderId::new(id);
    let hanging = leaves(wire);
    let legs: Result<Vec<BrokerOrder>, Unreadable> = hanging
        .into_iter()
        .filter(|leaf| !std::ptr::eq(*leaf, own))
        .map(|leaf| single(leaf, submitted_at, oddities))
        .collect();
    let updated_at = updated_at(own, submitted_at, oddities);
    Ok(BrokerOrder {
        report,
        legs: legs?,
        replaced_by: None,
        replaces: None,
        submitted_at,
        updated_at,
    })
}

/// The node whose terms are the order's: of a bare OCO its limit.
fn own_node(wire: &WireOrder) -> &WireOrder {
    if !wire.is_oco() {
        return wire;
    }
    let limit = wire.children().iter().find(|child| child.order_type.as_deref() == Some("LIMIT"));
    limit.or_else(|| wire.children().first()).unwrap_or(wire)
}

/// What a bare OCO's limit is called on its own, by which the node is not known.
pub(crate) fn own_child_id(wire: &WireOrder) -> Option<&str> {
    let own = own_node(wire);
    if std::ptr::eq(own, wire) { None } else { own.id() }
}

/// Every order below a node that trades something; nodes of OCOs are passed through.
fn leaves(wire: &WireOrder) -> Vec<&WireOrder> {
    fn gather<'a>(wire: &'a WireOrder, depth: usize, found: &mut Vec<&'a WireOrder>) {
        for child in wire.children() {
            if child.leg().is_some() {
                found.push(child);
            }
            if depth < DEPTH_MAX {
                gather(child, depth + 1, found);
            }
        }
    }
    let mut found = Vec::new();
    gather(wire, 0, &mut found);
    found
}

fn single(
    wire: &WireOrder,
    entered: Timestamp,
    oddities: &Oddities,
) -> Result<BrokerOrder, Unreadable> {
    let submitted_at = time(wire, oddities).unwrap_or(entered);
    Ok(BrokerOrder {
        report: report(wire, oddities)?,
        legs: Vec::new(),
        replaced_by: None,
        replaces: None,
        submitted_at,
        updated_at: updated_at(wire, submitted_at, oddities),
    })
}

/// Whether an order trades something other than one US equity.
pub(crate) fn is_foreign(wire: &WireOrder) -> bool {
    let own = own_node(wire);
    let legs = own.order_leg_collection.as_deref().unwrap_or_default();
    let is_equity =
        |leg: &WireOrderLeg| leg.instrument.as_ref().is_some_and(WireInstrument::is_equity);
    legs.len() != 1 || !legs.iter().all(is_equity)
}

fn report(wire: &WireOrder, oddities: &Oddities) -> Result<OrderReport, Unreadable> {
    let leg = wire.leg().ok_or_else(|| Unreadable("an order that trades nothing".into()))?;
    let name = leg.instrument.as_ref().and_then(|found| found.symbol.as_deref());
    let status = status(wire.status.as_deref(), oddities);
    let (filled, average_price) = filled(wire, leg, status, oddities)?;
    let ordered = wire.quantity.as_ref().or(leg.quantity.as_ref());
    let qty = field::optional(ordered, "quantity", oddities).unwrap_or_else(|| {
        oddities.count(Oddity::MissingValue, "quantity");
        filled
    });
    Ok(OrderReport {
        client_order_id: None,
        broker_order_id: BrokerOrderId::new(wire.id().unwrap_or_default()),
        symbol: symbol(name.unwrap_or_default())?,
        side: side(leg.instruction.as_deref().unwrap_or_default())?,
        qty,
        kind: kind(wire, oddities),
        filled,
        average_price,
        status,
    })
}

/// Reads a side.
///
/// # Errors
/// When it is none of the four that equities have.
pub(crate) fn side(instruction: &str) -> Result<Side, Unreadable> {
    match instruction {
        "BUY" | "BUY_TO_COVER" => Ok(Side::Buy),
        "SELL" | "SELL_SHORT" | "SELL_SHORT_EXEMPT" => Ok(Side::Sell),
        _ => Err(Unreadable(format!("'{instruction}' is not a side"))),
    }
}

/// Shares filled and their average price, out of executions that are fills and of
/// nothing else: a cancelled rest is an execution too, with a quantity, and a remaining
/// quantity of 0 says nothing (§3.3).
fn filled(
    wire: &WireOrder,
    leg: &WireOrderLeg,
    status: ReportedStatus,
    oddities: &Oddities,
) -> Result<(Qty, Option<Price>), Unreadable> {
    let (mut shares, mut cost) = (Qty::ZERO, Money::ZERO);
    for activity in wire.order_activity_collection.iter().flatten() {
        let is_fill = activity.activity_type.as_deref() == Some("EXECUTION")
            && activity.execution_type.as_deref() == Some("FILL");
        if !is_fill {
            continue;
        }
        for execution in activity.execution_legs.iter().flatten() {
            // An id that is not said is that of the only leg.
            if execution.leg_id.is_some() && leg.leg_id.is_some() && execution.leg_id != leg.leg_id
            {
                continue;
            }
            let read = |text: &Option<DecimalText>, name: &str| {
                let text = text.as_ref().map_or("", DecimalText::as_str);
                Unreadable(format!("the {name} of an execution is '{text}'"))
            };
            let qty: Qty = execution
                .quantity
                .as_ref()
                .and_then(DecimalText::parse)
                .ok_or_else(|| read(&execution.quantity, "quantity"))?;
            let price: Price = execution
                .price
                .as_ref()
                .and_then(DecimalText::parse)
                .ok_or_else(|| read(&execution.price, "price"))?;
            shares = shares.saturating_add(qty);
            cost += price.times(qty);
        }
    }
    if shares.is_zero() && status == ReportedStatus::Filled {
        // The status is the evidence; only the price is not known.
        oddities.count(Oddity::MissingValue, "the executions of a filled order");
        let said = field::optional(wire.filled_quantity.as_ref(), "filledQuantity", oddities);
        return Ok((said.unwrap_or(Qty::ZERO), None));
    }
    Ok((shares, cost.per_share(shares)))
}

/// When an order was entered.
pub(crate) fn time(wire: &WireOrder, oddities: &Oddities) -> Option<Timestamp> {
    field::time(wire.entered_time.as_deref(), "enteredTime", oddities)
}

fn updated_at(wire: &WireOrder, submitted_at: Timestamp, oddities: &Oddities) -> Timestamp {
    let closed = field::time(wire.close_time.as_deref(), "closeTime", oddities);
    let activities = wire.order_activity_collection.iter().flatten();
    let executed = activities.flat_map(|activity| activity.execution_legs.iter().flatten());
    let executed = executed.filter_map(|leg| field::time(leg.time.as_deref(), "time", oddities));
    executed.chain(closed).max().unwrap_or(submitted_at).max(submitted_at)
}

/// What makes it execute. Where a price of the type is missing the nearest kind that the
/// prices allow stands in.
pub(crate) fn kind(wire: &WireOrder, oddities: &Oddities) -> OrderKind {
    let limit = field::price(wire.price.as_ref(), "price", oddities);
    let stop = field::price(wire.stop_price.as_ref(), "stopPrice", oddities);
    let offset = wire.stop_price_offset.as_ref();
    let trail = match wire.stop_price_link_type.as_deref() {
        Some("PERCENT") => field::optional(offset, "stopPriceOffset", oddities).map(Trail::Percent),
        _ => field::price(offset, "stopPriceOffset", oddities).map(Trail::Amount),
    };
    match (wire.order_type.as_deref(), limit, stop, trail) {
        (Some("MARKET" | "MARKET_ON_CLOSE"), ..) => OrderKind::Market,
        (Some("LIMIT" | "LIMIT_ON_CLOSE"), Some(limit), ..) => OrderKind::Limit { limit },
        (Some("STOP"), _, Some(stop), _) => OrderKind::Stop { stop },
        (Some("STOP_LIMIT"), Some(limit), Some(stop), _) => OrderKind::StopLimit { stop, limit },
        (Some("TRAILING_STOP"), _, _, Some(trail)) => OrderKind::TrailingStop { trail },
        (name, ..) => {
            let oddity = if name.is_some() { Oddity::UnknownKind } else { Oddity::MissingValue };
            oddities.count(oddity, &format!("orderType {}", name.unwrap_or("is missing")));
            match (limit, stop, trail) {
                (_, _, Some(trail)) => OrderKind::TrailingStop { trail },
                (Some(limit), Some(stop), None) => OrderKind::StopLimit { stop, limit },
                (Some(limit), None, None) => OrderKind::Limit { limit },
                (None, Some(stop), None) => OrderKind::Stop { stop },
                (None, None, None) => OrderKind::Market,
            }
        }
    }
}

/// Where an order stands. Whatever is not on the page counts as open: an order that is
/// believed dead and lives costs money, the reverse costs a look.
pub(crate) fn status(name: Option<&str>, oddities: &Oddities) -> ReportedStatus {
    match name {
        Some(
            "NEW"
            | "ACCEPTED"
            | "PENDING_ACKNOWLEDGEMENT"
            | "QUEUED"
            | "PENDING_ACTIVATION"
            | "AWAITING_CONDITION"
            | "AWAITING_STOP_CONDITION"
            | "AWAITING_MANUAL_REVIEW"
            | "AWAITING_RELEASE_TIME"
            | "WORKING"
            | "PENDING_CANCEL"
            | "PENDING_REPLACE"
            | "PENDING_RECALL"
            | "AWAITING_UR_OUT"
            | "UNKNOWN",
        ) => ReportedStatus::Working,
        Some("AWAITING_PARENT_ORDER") => ReportedStatus::Held,
        Some("FILLED") => ReportedStatus::Filled,
        Some("CANCELED") => ReportedStatus::Cancelled,
        Some("REJECTED") => ReportedStatus::Rejected,
        Some("EXPIRED") => ReportedStatus::Expired,
        Some("REPLACED") => ReportedStatus::Replaced,
        Some(other) => {
            oddities.count(Oddity::UnknownStatus, other);
            ReportedStatus::Working
        }
        None => {
            oddities.count(Oddity::MissingValue, "status");
            ReportedStatus::Working
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Result<BrokerOrder, Unreadable>, Oddities) {
        let oddities = Oddities::default();
        let order = broker_order(&serde_json::from_str(json).unwrap(), &oddities);
        (order, oddities)
    }

    const LEG: &str = r#""orderLegCollection":[{"legId":1,"instruction":"BUY","quantity":5.0,"instrument":{"symbol":"XYZ","assetType":"EQUITY"}}]"#;

    fn with(fields: &str) -> (BrokerOrder, Oddities) {
        let (order, oddities) = read(&format!(r#"{{"orderId":1000000000001,{LEG}{fields}}}"#));
        (order.unwrap(), oddities)
    }

    #[track_caller]
    fn check_status(name: &str, expected: ReportedStatus, unknown: u64) {
        let (order, oddities) = with(&format!(r#","status":"{name}","filledQuantity":5.0"#));
        assert_eq!(order.report.status, expected, "{name}");
        assert_eq!(oddities.counts().unknown_statuses, unknown, "{name}");
    }

    #[test]
    fn all_21_statuses_have_their_place_and_a_new_one_is_live() {
        let live = [
            "NEW",
            "ACCEPTED",
            "PENDING_ACKNOWLEDGEMENT",
            "QUEUED",
            "PENDING_ACTIVATION",
            "AWAITING_CONDITION",
            "AWAITING_STOP_CONDITION",
            "AWAITING_MANUAL_REVIEW",
            "AWAITING_RELEASE_TIME",
            "WORKING",
            "PENDING_CANCEL",
            "PENDING_REPLACE",
            "PENDING_RECALL",
            "AWAITING_UR_OUT",
            "UNKNOWN",
        ];
        for name in live {
            check_status(name, ReportedStatus::Working, 0);
        }
        let others = [
            ("AWAITING_PARENT_ORDER", ReportedStatus::Held),
            ("FILLED", ReportedStatus::Filled),
            ("CANCELED", ReportedStatus::Cancelled),
            ("REJECTED", ReportedStatus::Rejected),
            ("EXPIRED", ReportedStatus::Expired),
            ("REPLACED", ReportedStatus::Replaced),
        ];
        for (name, expected) in others {
            check_status(name, expected, 0);
        }
        assert_eq!(live.len() + others.len(), 21);
        check_status("LEVITATING", ReportedStatus::Working, 1);
    }

    #[track_caller]
    fn check_filled(fields: &str, shares: &str, average: Option<&str>) {
        let (order, _) = with(fields);
        assert_eq!(order.report.filled.to_string(), shares, "{fields}");
        let found = order.report.average_price.map(|price| price.to_string());
        assert_eq!(found.as_deref(), average, "{fields}");
    }

    #[test]
    fn shares_are_filled_by_executions_that_are_fills_alone() {
        let execution = |kind: &str, activity: &str, legs: &str| {
            format!(
                r#"{{"activityType":"{activity}","executionType":"{kind}","executionLegs":[{legs}]}}"#
            )
        };
        let leg = |shares: &str, price: &str| {
            format!(
                r#"{{"legId":1,"quantity":{shares},"price":{price},"time":"2026-03-09T15:50:24+0000"}}"#
            )
        };
        let two = execution(
            "FILL",
            "EXECUTION",
            &format!("{},{}", leg("2.0", "10.24"), leg("1.0", "10.27")),
        );
        check_filled(&format!(r#","orderActivityCollection":[{two}]"#), "3", Some("10.25"));
        let out = execution("CANCELED", "EXECUTION", &leg("2.0", "0.0"));
        check_filled(&format!(r#","orderActivityCollection":[{two},{out}]"#), "3", Some("10.25"));
        let other = execution("FILL", "ORDER_ACTION", &leg("5.0", "10.0"));
        check_filled(&format!(r#","orderActivityCollection":[{other}]"#), "0", None);
        check_filled(
            r#","status":"CANCELED","filledQuantity":0.0,"remainingQuantity":0.0"#,
            "0",
            None,
        );
        check_filled(r#","status":"WORKING","filledQuantity":2.0"#, "0", None);
        check_filled(r#","status":"FILLED","filledQuantity":5.0"#, "5", None);
    }

    #[test]
    fn an_execution_without_a_readable_quantity_is_no_order_at_all() {
        let json = format!(
            r#"{{"orderId":1,{LEG},"orderActivityCollection":[{{"activityType":"EXECUTION","executionType":"FILL","executionLegs":[{{"quantity":"some","price":1}}]}}]}}"#
        );
        assert!(read(&json).0.is_err());
    }

    #[test]
    fn the_worked_order_of_the_page_is_read_whole() {
        let (order, oddities) = with(
            r#","session":"NORMAL","duration":"DAY","orderType":"LIMIT","quantity":5.0,"price":10.25,
            "orderStrategyType":"SINGLE","status":"FILLED","cancelable":false,"enteredTime":"2026-03-09T15:50:23+0000",
            "closeTime":"2026-03-09T15:50:24+0000","tag":"TA_x","accountNumber":11112222,"fromTomorrow":{"x":[1]},
            "orderActivityCollection":[{"activityType":"EXECUTION","activityId":900000000001,"executionType":"FILL",
            "quantity":5.0,"executionLegs":[{"legId":1,"quantity":5.0,"price":10.24,"time":"2026-03-09T15:50:24+0000"}]}]"#,
        );
        assert_eq!(order.report.broker_order_id.as_str(), "1000000000001");
        assert_eq!(order.report.kind, OrderKind::Limit { limit: "10.25".parse().unwrap() });
        assert_eq!(order.report.qty, Qty::shares(5).unwrap());
        assert_eq!(order.report.average_price.unwrap().to_string(), "10.24");
        assert_eq!(order.submitted_at.to_string(), "2026-03-09T15:50:23Z");
        assert_eq!(order.updated_at.to_string(), "2026-03-09T15:50:24Z");
        assert_eq!(oddities.counts(), crate::brokers::oddity::OddityCounts::default());
    }

    #[test]
    fn a_bracket_has_its_exits_as_legs_and_a_bare_oco_is_its_limit() {
        let exits = format!(
            r#"{{"orderId":2,"orderStrategyType":"OCO","childOrderStrategies":[
            {{"orderId":3,"orderType":"LIMIT","price":24.0,"status":"AWAITING_PARENT_ORDER",{LEG}}},
            {{"orderId":4,"orderType":"STOP","stopPrice":18.5,"status":"AWAITING_PARENT_ORDER",{LEG}}}]}}"#
        );
        let (bracket, _) = with(&format!(
            r#","orderStrategyType":"TRIGGER","orderType":"LIMIT","price":20.0,"status":"WORKING","childOrderStrategies":[{exits}]"#
        ));
        let ids = |order: &BrokerOrder| -> Vec<String> {
            order.legs.iter().map(|leg| leg.report.broker_order_id.to_string()).collect()
        };
        assert_eq!(ids(&bracket), ["3", "4"]);
        assert_eq!(bracket.legs[1].report.status, ReportedStatus::Held);
        let oco = read(&exits).0.unwrap();
        assert_eq!(oco.report.broker_order_id.as_str(), "2");
        assert_eq!(oco.report.kind, OrderKind::Limit { limit: "24".parse().unwrap() });
        assert_eq!(ids(&oco), ["4"]);
    }
}
