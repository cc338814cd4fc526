//! Our orders into Alpaca's request bodies, after what can be checked here was
//! checked (protocol page §3.4, §3.6, §4.3 and §4.8 of October 2026).
//!
//! An order that Alpaca would refuse anyway costs a request and a second; refused
//! here it costs neither, and the reason is in our words.

use rust_decimal::Decimal;

use crate::brokers::alpaca::config::DisputedOrders;
use crate::brokers::alpaca::wire::{WireReplace, WireStop, WireSubmit, WireTarget};
use crate::brokers::broker::Replacement;
use crate::brokers::call::Refusal;
use crate::domain::ids::ClientOrderId;
use crate::domain::money::Price;
use crate::domain::order::{
    OrderClass, OrderKind, OrderRequest, RejectReason, StopLeg, TimeInForce, Trail,
};

/// The longest client order id (§4.3).
const CLIENT_ORDER_ID_CHARS_MAX: usize = 128;

/// Makes the body of a new order.
///
/// # Errors
/// When Alpaca does not offer such an order; the message begins with "not sent".
pub(crate) fn submit<'a>(
    order: &'a OrderRequest,
    disputed: DisputedOrders,
) -> Result<WireSubmit<'a>, Refusal> {
    checked(order, disputed)?;
    let is_oco = matches!(order.class, OrderClass::Oco { .. });
    let (order_class, target, stop) = group(order);
    let trail = match order.kind {
        OrderKind::TrailingStop { trail } => Some(trail),
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. } => None,
    };
    Ok(WireSubmit {
        symbol: order.symbol.as_str(),
        qty: order.qty.to_string(),
        side: order.side.name(),
        kind: order.kind.name(),
        time_in_force: order.time_in_force.name(),
        // An OCO's own limit stands in its target (§3.13).
        limit_price: order.kind.limit().filter(|_| !is_oco).map(|price| price.to_string()),
        stop_price: order.kind.stop().map(|price| price.to_string()),
        trail_price: match trail {
            Some(Trail::Amount(amount)) => Some(amount.to_string()),
            Some(Trail::Percent(_)) | None => None,
        },
        trail_percent: match trail {
            Some(Trail::Percent(percent)) => Some(percent.normalize().to_string()),
            Some(Trail::Amount(_)) | None => None,
        },
        extended_hours: order.extended_hours.then_some(true),
        client_order_id: order.client_order_id.as_str(),
        order_class,
        take_profit: target.map(|limit| WireTarget { limit_price: limit.to_string() }),
        stop_loss: stop.map(|leg| WireStop {
            stop_price: leg.stop.to_string(),
            limit_price: leg.limit.map(|limit| limit.to_string()),
        }),
    })
}

/// Makes the body of a replacement.
///
/// # Errors
/// When Alpaca would refuse it whatever the order; the message begins with "not sent".
pub(crate) fn replace(change: &Replacement) -> Result<WireReplace<'_>, Refusal> {
    check_name(&change.client_order_id)?;
    if change.qty.is_zero() {
        return Err(refused(RejectReason::InvalidQuantity, "quantity must be above zero"));
    }
    for price in [change.limit, change.stop].into_iter().flatten() {
        check_increment(price)?;
    }
    Ok(WireReplace {
        qty: change.qty.to_string(),
        limit_price: change.limit.map(|price| price.to_string()),
        stop_price: change.stop.map(|price| price.to_string()),
        client_order_id: change.client_order_id.as_str(),
    })
}

/// A refusal of our own, in the form of the one that Alpaca would have sent.
pub(crate) fn refused(reason: RejectReason, why: &str) -> Refusal {
    Refusal {
        status: 422,
        code: None,
        reason,
        message: format!("not sent: {why}"),
        estimated_cost: None,
        buying_power: None,
        retry_at: None,
        rate: None,
        request_id: None,
    }
}

/// Name of the class, target and stop.
fn group(order: &OrderRequest) -> (Option<&'static str>, Option<Price>, Option<StopLeg>) {
    match order.class {
        OrderClass::Simple => (None, None, None),
        OrderClass::Bracket { target, stop } => (Some("bracket"), Some(target), Some(stop)),
        OrderClass::Oco { stop } => (Some("oco"), order.kind.limit(), Some(stop)),
        OrderClass::OtoStop { stop } => (Some("oto"), None, Some(stop)),
        OrderClass::OtoTarget { target } => (Some("oto"), Some(target), None),
    }
}

fn checked(order: &OrderRequest, disputed: DisputedOrders) -> Result<(), Refusal> {
    check_name(&order.client_order_id)?;
    let (_, target, stop) = group(order);
    let legs = [target, stop.map(|leg| leg.stop), stop.and_then(|leg| leg.limit)];
    let own = [order.kind.limit(), order.kind.stop()];
    for price in own.into_iter().chain(legs).flatten() {
        check_increment(price)?;
    }
    // What holds at every venue; the message names field and rule.
    order
        .clone()
        .checked()
        .map_err(|error| refused(RejectReason::Unsupported, &error.to_string()))?;
    let rules = [
        whole_shares(order, disputed),
        trailing_stop(order),
        time_in_force(order, disputed),
        group_terms(order),
    ];
    match rules.into_iter().flatten().next() {
        Some(rule) => Err(refused(RejectReason::Unsupported, rule)),
        None => Ok(()),
    }
}

/// Our name is what makes a second sending harmless, so it must arrive as it is.
fn check_name(name: &ClientOrderId) -> Result<(), Refusal> {
    let name = name.as_str();
    let legal = |letter: u8| letter.is_ascii_alphanumeric() || b"_.:-".contains(&letter);
    if name.is_empty() || name.len() > CLIENT_ORDER_ID_CHARS_MAX || !name.bytes().all(legal) {
        let why = "a client order id has 1 to 128 of A-Z, a-z, 0-9, '_', '.', ':', '-'";
        return Err(refused(RejectReason::Unsupported, why));
    }
    Ok(())
}

fn check_increment(price: Price) -> Result<(), Refusal> {
    if price.is_on_increment() {
        return Ok(());
    }
    let why = format!("price {price} is finer than the increment");
    Err(refused(RejectReason::InvalidPrice, &why))
}

/// The broken rule of an order for parts of shares, if any.
fn whole_shares(order: &OrderRequest, disputed: DisputedOrders) -> Option<&'static str> {
    if order.qty.whole_shares().is_some() {
        return None;
    }
    let is_market = order.kind == OrderKind::Market;
    if order.time_in_force != TimeInForce::Day {
        Some("fractional orders must be day orders")
    } else if matches!(order.kind, OrderKind::TrailingStop { .. }) {
        Some("trailing stops are for whole shares")
    } else if !is_market && !disputed.fractional_with_price {
        Some("fractional orders with a limit or a stop are not allowed by the configuration")
    } else {
        None
    }
}

/// The broken rule of a trailing stop, if any.
fn trailing_stop(order: &OrderRequest) -> Option<&'static str> {
    let OrderKind::TrailingStop { trail } = order.kind else { return None };
    if order.class != OrderClass::Simple {
        return Some("a trailing stop belongs to no group");
    }
    match trail {
        Trail::Percent(percent) if percent < Decimal::new(1, 1) => {
            Some("trail_percent must be 0.1 or more")
        }
        Trail::Percent(_) | Trail::Amount(_) => None,
    }
}

/// The broken rule of the time in force, if any.
fn time_in_force(order: &OrderRequest, disputed: DisputedOrders) -> Option<&'static str> {
    if matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Gtc) {
        return None;
    }
    let is_auction = matches!(order.time_in_force, TimeInForce::Opg | TimeInForce::Cls);
    if is_auction && !disputed.auctions {
        return Some("auction orders are not allowed by the configuration");
    }
    if !matches!(order.kind, OrderKind::Market | OrderKind::Limit { .. }) {
        return Some("ioc, fok, opg and cls are for market and limit orders");
    }
    if order.extended_hours {
        return Some("extended hours need a day or gtc order");
    }
    None
}

/// The broken rule of a group, if any.
fn group_terms(order: &OrderRequest) -> Option<&'static str> {
    if order.class == OrderClass::Simple {
        return None;
    }
    if !matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Gtc) {
        return Some("bracket, oco and oto are day or gtc orders");
    }
    order.extended_hours.then_some("bracket, oco and oto have no extended hours")
}

#[cfg(test)]
mod tests;
