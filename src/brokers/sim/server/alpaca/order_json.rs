//! The Order object (Alpaca, protocol page §3.3 of October 2026).
//!
//! Used by every answer that holds an order, and by the trading stream.

use jiff::ToSpan;
use jiff::civil::Time;
use serde_json::{Value, json};

use crate::brokers::sim::exchange::{Order, OrderStatus, Role};
use crate::brokers::sim::server::ids::{family, uuid, uuid_of};
use crate::brokers::sim::server::new_york::at_time;
use crate::domain::calendar::{MarketHours, date_in_new_york};
use crate::domain::ids::BrokerOrderId;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderClass, OrderKind, TimeInForce, Trail};
use crate::domain::time::Timestamp;

use super::order_request::intent_name;

/// Days after which a GTC order ends, and when on that day (§4.9).
const GTC_DAYS: i64 = 90;
const GTC_END: Time = Time::constant(16, 15, 0, 0);

/// A price without zeros at its end, as text.
pub(crate) fn price_text(price: Price) -> String {
    price.to_decimal().normalize().to_string()
}

/// An amount without zeros at its end, as text.
pub(crate) fn money_text(money: Money) -> String {
    money.to_decimal().normalize().to_string()
}

/// Writes an order without its legs.
pub(crate) fn order_json(order: &Order) -> Value {
    with_legs(order, None)
}

/// Writes an order with the legs given.
pub(crate) fn with_legs(order: &Order, legs: Option<Vec<Value>>) -> Value {
    let at_end = |status: OrderStatus| (order.status == status).then_some(order.updated_at);
    let (trail_price, trail_percent) = trail_of(order.kind);
    let is_by_amount = order.notional.is_some();
    let mut value = json!({
        "id": order.broker_order_id.as_str(),
        "client_order_id": order.client_order_id.as_str(),
        "created_at": order.submitted_at,
        "updated_at": order.updated_at,
        "submitted_at": order.submitted_at,
        "filled_at": at_end(OrderStatus::Filled),
        "expired_at": at_end(OrderStatus::Expired),
        "expires_at": expires_at(order),
        "canceled_at": at_end(OrderStatus::Cancelled),
        "failed_at": at_end(OrderStatus::Rejected),
        "replaced_at": at_end(OrderStatus::Replaced),
        "replaced_by": order.replaced_by.as_ref().map(BrokerOrderId::as_str),
        "replaces": order.replaces.as_ref().map(BrokerOrderId::as_str),
        "asset_id": uuid_of(family::ASSET, order.symbol.as_str()),
        "symbol": order.symbol.as_str(),
        "asset_class": "us_equity",
        "notional": order.notional.map(money_text),
        "qty": (!is_by_amount).then(|| order.qty.to_string()),
        "filled_qty": order.filled.to_string(),
        "filled_avg_price": order.average_price().map(price_text),
        "order_class": class_name(order.class),
        "order_type": order.kind.name(),
        "type": order.kind.name(),
        "side": order.side.name(),
        "position_intent": intent_name(order.side, order.intent),
        "time_in_force": tif_name(order.time_in_force),
        "limit_price": order.kind.limit().map(price_text),
        "stop_price": order.stop.map(price_text),
        "trail_percent": trail_percent,
        "trail_price": trail_price,
        "hwm": order.best.map(price_text),
        "status": order.status.name(),
        "extended_hours": order.extended_hours,
        "legs": null,
        "source": null,
        "subtag": null,
    });
    if let Value::Object(fields) = &mut value {
        if let Some(legs) = legs {
            fields.insert("legs".into(), legs.into());
        }
        if let Some(group) = order.group {
            fields.insert("group_id".into(), uuid(family::GROUP, group.0).into());
            fields.insert("group_role".into(), role_name(order.role).into());
        }
    }
    value
}

fn trail_of(kind: OrderKind) -> (Option<String>, Option<String>) {
    match kind {
        OrderKind::TrailingStop { trail: Trail::Amount(amount) } => {
            (Some(price_text(amount)), None)
        }
        OrderKind::TrailingStop { trail: Trail::Percent(percent) } => {
            (None, Some(percent.normalize().to_string()))
        }
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. } => (None, None),
    }
}

const fn class_name(class: OrderClass) -> &'static str {
    match class {
        OrderClass::Simple => "",
        OrderClass::Bracket { .. } => "bracket",
        OrderClass::Oco { .. } => "oco",
        OrderClass::OtoStop { .. } | OrderClass::OtoTarget { .. } => "oto",
    }
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Single | Role::Entry => "entry",
        Role::Target => "take_profit",
        Role::Stop => "stop_loss",
    }
}

const fn tif_name(time_in_force: TimeInForce) -> &'static str {
    match time_in_force {
        TimeInForce::Day => "day",
        TimeInForce::Gtc => "gtc",
        TimeInForce::Ioc => "ioc",
        TimeInForce::Fok => "fok",
        TimeInForce::Opg => "opg",
        TimeInForce::Cls => "cls",
    }
}

/// When an order's time ends, where that is known from the start.
fn expires_at(order: &Order) -> Option<Timestamp> {
    match order.time_in_force {
        TimeInForce::Gtc => {
            let day = date_in_new_york(order.submitted_at).checked_add(GTC_DAYS.days()).ok()?;
            Some(at_time(day, GTC_END))
        }
        TimeInForce::Day => MarketHours::NewYork.next_close(order.submitted_at).ok(),
        TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::Opg | TimeInForce::Cls => None,
    }
}

/// Writes shares with a minus when they are owed.
pub(crate) fn signed_text(qty: Qty, is_owed: bool) -> String {
    if is_owed { format!("-{qty}") } else { qty.to_string() }
}

/// What a fault makes of an order: the fields that a client may not rely on are gone,
/// and the status is one that nobody knows.
pub(crate) fn made_strange(mut order: Value) -> Value {
    const OPTIONAL: [&str; 14] = [
        "filled_at",
        "expired_at",
        "expires_at",
        "canceled_at",
        "failed_at",
        "replaced_at",
        "replaced_by",
        "replaces",
        "order_type",
        "position_intent",
        "hwm",
        "source",
        "subtag",
        "legs",
    ];
    if let Value::Object(fields) = &mut order {
        for name in OPTIONAL {
            fields.remove(name);
        }
        fields.insert("status".into(), "pending_astrology".into());
    }
    order
}
