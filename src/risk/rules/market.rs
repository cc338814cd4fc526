//! Rules about the data that a decision rests on (C05's reference, C11).

use rust_decimal::Decimal;

use crate::domain::money::{Money, Price};
use crate::risk::open_risk::share_of;
use crate::risk::question::Question;
use crate::risk::rules::Measure;

pub(super) fn reference_age(question: &Question<'_>) -> Measure {
    let seconds = question.limits.max_reference_age_seconds;
    match question.symbol.reference {
        Some(reference) => Measure::age_at_most(question.intent.at.since(reference.at), seconds),
        None => Measure::unknown(seconds.into()),
    }
}

pub(super) fn quote_age(question: &Question<'_>) -> Measure {
    let seconds = question.limits.max_quote_age_seconds;
    match question.symbol.quote {
        Some(quote) => Measure::age_at_most(question.intent.at.since(quote.at), seconds),
        None if question.limits.require_quote => Measure::unknown(seconds.into()),
        None => Measure::not_applicable(seconds.into()),
    }
}

pub(super) fn quote_crossed(question: &Question<'_>) -> Measure {
    Measure::forbidden(question.symbol.quote.is_some_and(|quote| quote.bid > quote.ask))
}

pub(super) fn quote_locked(question: &Question<'_>) -> Measure {
    let seconds = question.limits.max_locked_seconds;
    match question.symbol.locked_since {
        Some(since) => Measure::age_at_most(question.intent.at.since(since), seconds),
        None => Measure::not_applicable(seconds.into()),
    }
}

/// A jump is believed when a second source has jumped to the same place: within
/// the same band around the present price.
pub(super) fn price_jump(question: &Question<'_>) -> Measure {
    let part = question.limits.max_price_jump;
    let symbol = question.symbol;
    let (Some(reference), Some(previous)) = (symbol.reference, symbol.previous_price) else {
        return Measure::not_applicable(part);
    };
    let moved = relative_distance(reference.price, previous);
    let confirmed = symbol.second_source.is_some_and(|second| {
        second.minus(reference.price).abs() <= share_of(reference.price, part)
    });
    let small = reference.price.minus(previous).abs() <= share_of(previous, part);
    Measure { value: Some(moved), limit: part, passed: small || confirmed }
}

pub(super) fn data_suspect(question: &Question<'_>) -> Measure {
    Measure::forbidden(question.symbol.suspicion.is_some())
}

/// |price − base| ÷ base, for showing only.
pub(super) fn relative_distance(price: Price, base: Price) -> Decimal {
    let base_amount = Money::from_units(base.units().into());
    price.minus(base).abs().ratio_to(base_amount).unwrap_or(Decimal::MAX)
}
