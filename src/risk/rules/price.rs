//! Rules about the price at which an order goes (C05, C14).

use rust_decimal::Decimal;

use crate::domain::market::Session;
use crate::domain::money::Price;
use crate::domain::order::{OrderClass, OrderKind, Side};
use crate::risk::open_risk::share_of;
use crate::risk::question::Question;
use crate::risk::rules::market::relative_distance;
use crate::risk::rules::{Measure, market};

/// C05: the limit, the price that elects a stop, or the expected price of a
/// market order (which decides its cost) lies near the reference.
pub(super) fn collar(question: &Question<'_>) -> Measure {
    let part = question.limits.max_collar;
    let intent = question.intent;
    let price = intent.kind.limit().or(intent.kind.stop()).unwrap_or(intent.entry_price);
    let Some(reference) = question.symbol.reference else { return Measure::unknown(part) };
    let near = price.minus(reference.price).abs() <= share_of(reference.price, part);
    let value = relative_distance(price, reference.price);
    Measure { value: Some(value), limit: part, passed: near }
}

/// C05: outside the band the order cannot execute, and a price there is a mistake or a
/// market on its way into a pause. Without a band the collar alone holds.
pub(super) fn price_band(question: &Question<'_>) -> Measure {
    let intent = question.intent;
    let price = intent.kind.limit().or(intent.kind.stop()).unwrap_or(intent.entry_price);
    Measure::forbidden(question.symbol.band.is_some_and(|band| !band.holds(price)))
}

pub(super) fn market_order_quote(question: &Question<'_>) -> Measure {
    if !ends_as_market_order(question) || !question.limits.require_quote {
        return Measure::not_applicable(Decimal::ZERO);
    }
    let fresh = question.symbol.quote.is_some() && market::quote_age(question).passed;
    Measure::forbidden(!fresh)
}

pub(super) fn market_order_spread(question: &Question<'_>) -> Measure {
    let part = question.limits.max_market_spread;
    if !ends_as_market_order(question) {
        return Measure::not_applicable(part);
    }
    match question.symbol.quote {
        Some(quote) => {
            let middle = quote.mid();
            let spread = quote.spread();
            let value = spread.ratio_to(share_of(middle, Decimal::ONE)).unwrap_or(Decimal::MAX);
            Measure { value: Some(value), limit: part, passed: spread <= share_of(middle, part) }
        }
        None if question.limits.require_quote => Measure::unknown(part),
        None => Measure::not_applicable(part),
    }
}

pub(super) fn market_order_session(question: &Question<'_>) -> Measure {
    let regular = question.symbol.session == Session::Open;
    Measure::forbidden(ends_as_market_order(question) && !regular)
}

/// C14: the venue or the broker would refuse it as a wash trade, or worse, not.
/// An order without a limit crosses whatever rests on the other side.
pub(super) fn self_match(question: &Question<'_>) -> Measure {
    let limit = question.intent.kind.limit();
    let crosses = match question.intent.direction.entry_side() {
        Side::Buy => {
            question.symbol.own_best_ask.is_some_and(|own| limit.is_none_or(|limit| limit >= own))
        }
        Side::Sell => {
            question.symbol.own_best_bid.is_some_and(|own| limit.is_none_or(|limit| limit <= own))
        }
    };
    Measure::forbidden(crosses)
}

pub(super) fn price_increment(question: &Question<'_>) -> Measure {
    if !question.limits.enforce_increments {
        return Measure::not_applicable(Decimal::ZERO);
    }
    let intent = question.intent;
    let order = [intent.kind.limit(), intent.kind.stop(), intent.stop, intent.target];
    let attached = class_prices(intent.class);
    let off = |price: &Price| !price.is_on_increment();
    Measure::forbidden(order.iter().chain(&attached).flatten().any(off))
}

/// Every price that the class of an order carries.
pub(super) fn class_prices(class: OrderClass) -> [Option<Price>; 3] {
    match class {
        OrderClass::Simple => [None; 3],
        OrderClass::Bracket { target, stop } => [Some(target), Some(stop.stop), stop.limit],
        OrderClass::Oco { stop } | OrderClass::OtoStop { stop } => {
            [None, Some(stop.stop), stop.limit]
        }
        OrderClass::OtoTarget { target } => [Some(target), None, None],
    }
}

fn ends_as_market_order(question: &Question<'_>) -> bool {
    match question.intent.kind {
        OrderKind::Market | OrderKind::Stop { .. } | OrderKind::TrailingStop { .. } => true,
        OrderKind::Limit { .. } | OrderKind::StopLimit { .. } => false,
    }
}
