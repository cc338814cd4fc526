//! Rules against doing the same thing again (C06, C08).

use rust_decimal::Decimal;

use crate::risk::question::Question;
use crate::risk::rules::Measure;
use crate::risk::strategy_guard::StrategyGuard;

pub(super) fn intent_used(question: &Question<'_>) -> Measure {
    Measure::forbidden(question.conduct.is_intent_used(&question.intent.trade_id))
}

pub(super) fn strategy_enabled(question: &Question<'_>) -> Measure {
    let guard = question.conduct.guard(&question.intent.strategy);
    Measure::forbidden(guard.is_some_and(|guard| !guard.is_enabled()))
}

/// Shows how near the strategy is to being disabled; the guard refuses by itself
/// from the order that reaches the limit.
pub(super) fn strategy_orders(question: &Question<'_>) -> Measure {
    let limit = Decimal::from(question.limits.max_strategy_orders);
    if limit.is_zero() {
        return Measure::not_applicable(limit);
    }
    let orders_in = |guard: &StrategyGuard| {
        guard.orders_in_window(question.intent.at, question.limits).saturating_add(1)
    };
    let orders = question.conduct.guard(&question.intent.strategy).map_or(1, orders_in);
    Measure::at_most(orders.into(), limit)
}

pub(super) fn duplicate_order(question: &Question<'_>) -> Measure {
    let is_off = question.limits.duplicate_window_seconds == 0;
    if is_off || question.intent.repeat_allowed {
        return Measure::not_applicable(Decimal::ZERO);
    }
    let similar = question.conduct.similar_orders(question.intent, question.qty, question.limits);
    Measure::at_most(similar.into(), Decimal::ZERO)
}
