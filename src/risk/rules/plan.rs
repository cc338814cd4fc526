//! Rules about the plan to get out again (C10).

use rust_decimal::Decimal;

use crate::domain::money::{Money, Price};
use crate::domain::order::OrderClass;
use crate::domain::position::Direction;
use crate::risk::open_risk::share_of;
use crate::risk::question::Question;
use crate::risk::rules::Measure;

/// The stop is required whatever the limits say, and lies beyond every price at
/// which the order may fill. A short position's stop is a buy above its entry.
pub(super) fn stop_side(question: &Question<'_>) -> Measure {
    let intent = question.intent;
    let protects = intent.stop.is_some_and(|stop| match intent.direction {
        Direction::Long => stop < intent.price_lowest(),
        Direction::Short => stop > intent.price_highest(),
    });
    Measure::forbidden(!protects)
}

/// One price increment is granted because a stop at exactly the largest distance
/// must be rounded to one: 175.50 − 5 % = 166.725 becomes 166.72.
pub(super) fn max_stop_distance(question: &Question<'_>) -> Measure {
    let entry = question.intent.price_worst();
    let limit = share_of(entry, question.limits.max_stop_distance) + increment(entry);
    match question.stop_distance() {
        Some(distance) => Measure::money_at_most(distance, limit),
        None => Measure::unknown(limit.to_decimal()),
    }
}

pub(super) fn min_stop_distance(question: &Question<'_>) -> Measure {
    let entry = question.intent.price_worst();
    let limit = share_of(entry, question.limits.min_stop_distance);
    match question.stop_distance() {
        Some(distance) => Measure::money_at_least(distance, limit),
        None => Measure::unknown(limit.to_decimal()),
    }
}

/// A bracket whose stop is not the approved one would be an entry without one.
pub(super) fn attached_exits(question: &Question<'_>) -> Measure {
    let intent = question.intent;
    let planned = match intent.class {
        OrderClass::Simple => true,
        OrderClass::Bracket { target, stop } => {
            Some(target) == intent.target && Some(stop.stop) == intent.stop
        }
        OrderClass::OtoStop { stop } => Some(stop.stop) == intent.stop,
        OrderClass::OtoTarget { target } => Some(target) == intent.target,
        OrderClass::Oco { .. } => false,
    };
    Measure::forbidden(!planned)
}

pub(super) fn trade_risk(question: &Question<'_>) -> Measure {
    let limit = question.account.equity.scaled(question.limits.max_trade_risk);
    match question.worst_loss() {
        Some(loss) => Measure::money_at_most(loss, limit),
        None => Measure::unknown(limit.to_decimal()),
    }
}

/// (target − entry) ÷ (entry − stop), with the worst entry.
pub(super) fn reward_risk(question: &Question<'_>) -> Measure {
    let limit = question.limits.min_reward_risk;
    if limit.is_zero() {
        return Measure::not_applicable(limit);
    }
    let (Some(target), Some(risk)) = (question.intent.target, question.stop_distance()) else {
        return Measure::unknown(limit);
    };
    let entry = question.intent.price_worst();
    let reward = match question.intent.direction {
        Direction::Long => target.minus(entry),
        Direction::Short => entry.minus(target),
    };
    let value = reward.ratio_to(risk);
    Measure { value, limit, passed: reward >= risk.scaled(limit) }
}

/// SEC Rule 612: a cent from one dollar upward, a hundredth of a cent below.
fn increment(price: Price) -> Money {
    let one_dollar = Money::from_dollars(1);
    let cent = Money::from_cents(1);
    if share_of(price, Decimal::ONE) >= one_dollar { cent } else { cent.scaled(Decimal::new(1, 2)) }
}
