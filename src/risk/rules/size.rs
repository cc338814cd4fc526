//! Rules about the size of one order and of one position (C02, C07).

use rust_decimal::Decimal;

use crate::domain::money::Qty;
use crate::risk::question::Question;
use crate::risk::rules::Measure;

/// C07: an intent is approved once, so its one order is all that is ever sent.
pub(super) fn entry_quantity(question: &Question<'_>) -> Measure {
    let wanted = question.intent.quantity.unwrap_or(question.qty);
    Measure::shares_at_most(question.qty, wanted)
}

/// C07: adding to a position of the other direction would close or turn it, and
/// closing is for exits, which respect the stops that rest.
pub(super) fn entry_direction(question: &Question<'_>) -> Measure {
    let position = question.symbol.position;
    let turns = position.is_some_and(|held| held.direction != question.intent.direction);
    Measure::forbidden(turns)
}

pub(super) fn min_shares(question: &Question<'_>) -> Measure {
    let value = question.qty.to_decimal().normalize();
    if question.limits.allow_fractional {
        return Measure {
            passed: !question.qty.is_zero(),
            ..Measure::at_least(value, Decimal::ZERO)
        };
    }
    Measure::at_least(value, Decimal::ONE)
}

pub(super) fn max_shares(question: &Question<'_>) -> Measure {
    let limit = Qty::shares(question.limits.max_shares).unwrap_or(Qty::MAX);
    Measure::shares_at_most(question.qty, limit)
}

pub(super) fn position_value(question: &Question<'_>) -> Measure {
    let after = question.symbol.value_held() + question.cost();
    Measure::money_at_most(after, question.limits.max_position_value_for(question.intent))
}

pub(super) fn equity_fraction(question: &Question<'_>) -> Measure {
    let after = question.symbol.value_held() + question.cost();
    let limit = question.account.equity.scaled(question.limits.max_equity_fraction);
    Measure::money_at_most(after, limit)
}
