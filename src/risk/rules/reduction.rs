//! Rules for orders that close or protect a position (C07, C10, C15).

use rust_decimal::Decimal;

use crate::domain::money::Price;
use crate::domain::order::{OrderClass, OrderKind, OrderPurpose};
use crate::domain::position::Direction;
use crate::risk::question::ReductionQuestion;
use crate::risk::rules::Measure;
use crate::risk::rules::price::class_prices;

pub(super) fn identity(question: &ReductionQuestion<'_>) -> Measure {
    Measure::forbidden(!question.view.identity_matches)
}

pub(super) fn min_shares(question: &ReductionQuestion<'_>) -> Measure {
    let value = question.intent.qty.to_decimal().normalize();
    Measure { value: Some(value), limit: Decimal::ZERO, passed: !question.intent.qty.is_zero() }
}

/// C07: all exits together never exceed the position, so none can turn it.
pub(super) fn exit_quantity(question: &ReductionQuestion<'_>) -> Measure {
    let elsewhere =
        question.view.position.is_some_and(|position| position.symbol != question.intent.symbol);
    let within = Measure::shares_at_most(question.intent.qty, question.view.closable());
    Measure { passed: within.passed && !elsewhere, ..within }
}

/// Protection holds a stop; an OCO's stop and limit lie on their own sides, the
/// stop below the target of a long position and above that of a short one.
pub(super) fn exit_stop(question: &ReductionQuestion<'_>) -> Measure {
    let intent = question.intent;
    let Some(position) = question.view.position else { return Measure::forbidden(true) };
    let is_stop = match intent.kind {
        OrderKind::Stop { .. } | OrderKind::StopLimit { .. } | OrderKind::TrailingStop { .. } => {
            true
        }
        OrderKind::Market | OrderKind::Limit { .. } => false,
    };
    let right = match intent.class {
        OrderClass::Oco { stop } => {
            intent.kind.limit().is_some_and(|target| match position.direction {
                Direction::Long => stop.stop < target,
                Direction::Short => stop.stop > target,
            })
        }
        OrderClass::Simple
        | OrderClass::Bracket { .. }
        | OrderClass::OtoStop { .. }
        | OrderClass::OtoTarget { .. } => intent.purpose != OrderPurpose::Protection || is_stop,
    };
    Measure::forbidden(!right)
}

pub(super) fn exit_shape(question: &ReductionQuestion<'_>) -> Measure {
    let intent = question.intent;
    let is_limit = matches!(intent.kind, OrderKind::Limit { .. });
    let class_fits = match intent.class {
        OrderClass::Simple => true,
        OrderClass::Oco { .. } => is_limit && intent.qty.whole_shares().is_some(),
        OrderClass::Bracket { .. } | OrderClass::OtoStop { .. } | OrderClass::OtoTarget { .. } => {
            false
        }
    };
    let reduces = intent.purpose != OrderPurpose::Entry;
    let hours_fit = is_limit || !intent.extended_hours;
    let prices = [intent.kind.limit(), intent.kind.stop()];
    let mut all = prices.into_iter().chain(class_prices(intent.class)).flatten();
    let on_increment = !question.limits.enforce_increments || all.all(Price::is_on_increment);
    Measure::forbidden(!(class_fits && reduces && hours_fit && on_increment))
}
