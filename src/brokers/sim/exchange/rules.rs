//! What can be refused by looking at the request alone.
//!
//! Rules, codes and texts: Alpaca's protocol page §2.4, §3.4, §4.8 and §4.10 of
//! October 2026; a text that the page does not give is ours and marked so.

use rust_decimal::Decimal;

use crate::domain::money::Price;
use crate::domain::order::OrderClass;
use crate::domain::order::OrderKind;
use crate::domain::order::OrderRequest;
use crate::domain::order::RejectReason;
use crate::domain::order::Side;
use crate::domain::order::StopLeg;
use crate::domain::order::TimeInForce;
use crate::domain::order::Trail;

use super::auctions::is_auction;
use super::report::Rejection;

/// The longest client order id in characters (§4.3).
const CLIENT_ORDER_ID_LENGTH_MAX: usize = 128;

/// Refuses what is wrong with a request whatever the market does.
pub(super) fn check(request: &OrderRequest, enforce_increments: bool) -> Result<(), Rejection> {
    check_fields(request)?;
    check_combination(request)?;
    if enforce_increments {
        check_increments(request)?;
    }
    check_exits(request)
}

fn check_fields(request: &OrderRequest) -> Result<(), Rejection> {
    if request.client_order_id.as_str().chars().count() > CLIENT_ORDER_ID_LENGTH_MAX {
        let text = "client_order_id must be no more than 128 characters";
        return Err(Rejection::malformed(RejectReason::Other, text));
    }
    if request.qty.is_zero() {
        return Err(Rejection::malformed(RejectReason::InvalidQuantity, "qty must be > 0"));
    }
    check_trail(request.kind)
}

/// Refuses a trailing distance that is too small.
pub(super) fn check_trail(kind: OrderKind) -> Result<(), Rejection> {
    if let OrderKind::TrailingStop { trail: Trail::Percent(percent) } = kind {
        if percent < Decimal::new(1, 1) {
            let text = "trail_percent must be greater than or equal to 0.1";
            return Err(Rejection::malformed(RejectReason::InvalidPrice, text));
        }
        if percent >= Decimal::ONE_HUNDRED {
            // Ours: the page gives no upper bound, but the stop would reach zero.
            let text = "trail_percent must be less than 100";
            return Err(Rejection::malformed(RejectReason::InvalidPrice, text));
        }
    }
    Ok(())
}

fn check_combination(request: &OrderRequest) -> Result<(), Rejection> {
    let refuse = |text: &str| Err(Rejection::unacceptable(RejectReason::Unsupported, text));
    let is_simple = request.class == OrderClass::Simple;
    let is_immediate = matches!(request.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    let is_limit = matches!(request.kind, OrderKind::Limit { .. });
    if request.qty.whole_shares().is_none() {
        if request.time_in_force != TimeInForce::Day {
            return refuse("fractional orders must be DAY orders");
        }
        if !is_simple {
            return refuse("fractional orders must be simple orders");
        }
    }
    let is_timed = is_immediate || is_auction(request.time_in_force);
    if request.extended_hours && (!is_limit || is_timed || !is_simple) {
        return refuse("extended hours order must be DAY or GTC limit orders");
    }
    // The texts below are ours.
    if is_immediate && !is_limit && request.kind != OrderKind::Market {
        return refuse("ioc and fok orders must be market or limit orders");
    }
    let is_auction = is_auction(request.time_in_force);
    if (is_immediate || is_auction) && !is_simple {
        return refuse("complex orders must be DAY or GTC orders");
    }
    if is_auction && !is_limit && request.kind != OrderKind::Market {
        return refuse("opg and cls orders must be market or limit orders");
    }
    if !is_simple && matches!(request.kind, OrderKind::TrailingStop { .. }) {
        return refuse("trailing stop orders must be simple orders");
    }
    if matches!(request.class, OrderClass::Oco { .. }) && !is_limit {
        return refuse("oco orders must be limit orders");
    }
    Ok(())
}

fn check_increments(request: &OrderRequest) -> Result<(), Rejection> {
    let (target, stop) = exits(request.class);
    let prices = [
        ("limit_price", request.kind.limit()),
        ("stop_price", request.kind.stop()),
        ("take_profit.limit_price", target),
        ("stop_loss.stop_price", stop.map(|leg| leg.stop)),
        ("stop_loss.limit_price", stop.and_then(|leg| leg.limit)),
    ];
    prices
        .into_iter()
        .filter_map(|(field, price)| Some((field, price?)))
        .try_for_each(|(field, price)| check_increment(field, price))
}

/// Refuses a price finer than a cent, or a hundredth of a cent below a dollar.
pub(super) fn check_increment(field: &str, price: Price) -> Result<(), Rejection> {
    if price.is_on_increment() {
        return Ok(());
    }
    let text = format!(
        "invalid {field} {}. sub-penny increment does not fulfill minimum pricing criteria",
        price.to_decimal().normalize()
    );
    Err(Rejection::unacceptable(RejectReason::InvalidPrice, text))
}

/// Target and stop of the entry or position must enclose it.
fn check_exits(request: &OrderRequest) -> Result<(), Rejection> {
    let (target, stop) = match request.class {
        OrderClass::Bracket { target, stop } => (Some(target), stop),
        OrderClass::Oco { stop } => (request.kind.limit(), stop),
        OrderClass::Simple | OrderClass::OtoStop { .. } | OrderClass::OtoTarget { .. } => {
            return Ok(());
        }
    };
    let Some(target) = target else { return Ok(()) };
    let exit_side = match request.class {
        OrderClass::Oco { .. } => request.side,
        OrderClass::Bracket { .. }
        | OrderClass::Simple
        | OrderClass::OtoStop { .. }
        | OrderClass::OtoTarget { .. } => request.side.opposite(),
    };
    let (is_sane, relation) = match exit_side {
        Side::Sell => (target > stop.stop, "greater"),
        Side::Buy => (target < stop.stop, "less"),
    };
    if is_sane {
        return Ok(());
    }
    let text = format!("take_profit.limit_price must be {relation} than stop_loss.stop_price");
    Err(Rejection::unacceptable(RejectReason::InvalidPrice, text))
}

/// Returns the limit of the target leg and the stop leg of a class, as far as
/// they are orders of their own.
pub(super) const fn exits(class: OrderClass) -> (Option<Price>, Option<StopLeg>) {
    match class {
        OrderClass::Simple => (None, None),
        OrderClass::Bracket { target, stop } => (Some(target), Some(stop)),
        OrderClass::Oco { stop } | OrderClass::OtoStop { stop } => (None, Some(stop)),
        OrderClass::OtoTarget { target } => (Some(target), None),
    }
}
