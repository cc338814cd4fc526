//! Rules about the account: identity, state, cash, exposure, losses.

use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::domain::position::Direction;
use crate::risk::question::Question;
use crate::risk::rules::Measure;

/// C15: an approval for another account or mode than the configured one is a
/// bug or an attack.
pub(super) fn identity(question: &Question<'_>) -> Measure {
    let account = question.account;
    Measure::forbidden(account.identity != account.identity_configured)
}

pub(super) fn trading_state(question: &Question<'_>) -> Measure {
    Measure::forbidden(!question.account.entries_allowed)
}

pub(super) fn cash_fraction(question: &Question<'_>) -> Measure {
    let fraction = question.limits.min_cash_fraction;
    if fraction.is_zero() {
        return Measure::not_applicable(Decimal::ZERO);
    }
    let left = question.account.cash_uncommitted() - question.cost();
    Measure::money_at_least(left, question.account.equity.scaled(fraction))
}

/// C16: what is in flight or of unknown outcome may have been spent already.
pub(super) fn buying_power(question: &Question<'_>) -> Measure {
    let free = question.account.buying_power_free();
    if !question.limits.check_buying_power {
        return Measure::not_applicable(free.to_decimal());
    }
    Measure::money_at_most(question.cost(), free)
}

/// C03: every entry that may still fill is counted as if it had.
pub(super) fn gross_exposure(question: &Question<'_>) -> Measure {
    let account = question.account;
    let after = account.gross + account.reserved.cost + question.cost();
    Measure::money_at_most(after, account.equity.scaled(question.limits.max_gross_exposure))
}

/// C03: the worst of all ways in which the working entries may fill is either
/// all long ones and no short one, or the reverse.
pub(super) fn net_exposure(question: &Question<'_>) -> Measure {
    let account = question.account;
    let (long, short) = match question.intent.direction {
        Direction::Long => (question.cost(), Money::ZERO),
        Direction::Short => (Money::ZERO, question.cost()),
    };
    let highest = account.net + account.reserved.long + long;
    let lowest = account.net - account.reserved.short - short;
    let limit = account.equity.scaled(question.limits.max_net_exposure);
    Measure::money_at_most(highest.abs().max(lowest.abs()), limit)
}

/// An entry counts as a position from its approval; one that is partly filled
/// counts twice, which errs on the safe side.
pub(super) fn open_positions(question: &Question<'_>) -> Measure {
    let account = question.account;
    let opens = u32::from(question.symbol.position.is_none());
    let after =
        account.open_positions.saturating_add(account.entries_working).saturating_add(opens);
    Measure::at_most(after.into(), question.limits.max_open_positions.into())
}

/// C04, as amounts: equity lost since the peak against the part of the peak that
/// may be lost.
pub(super) fn drawdown(question: &Question<'_>) -> Measure {
    let account = question.account;
    let fall = account.equity_peak - account.equity;
    Measure::money_at_most(fall, account.equity_peak.scaled(question.limits.max_drawdown))
}

pub(super) fn daily_loss(question: &Question<'_>) -> Measure {
    loss_since(question, question.account.day_start_equity, question.limits.max_daily_loss)
}

pub(super) fn weekly_loss(question: &Question<'_>) -> Measure {
    loss_since(question, question.account.week_start_equity, question.limits.max_weekly_loss)
}

/// C04: loss so far, realized or not, plus what is lost if every stop is hit:
/// those of positions, of working entries, and this one's.
fn loss_since(question: &Question<'_>, start: Money, part: Decimal) -> Measure {
    let account = question.account;
    let limit = start.scaled(part);
    let Some(at_risk_now) = question.worst_loss() else {
        return Measure::unknown(limit.to_decimal());
    };
    let at_risk = account.open_risk_to_stops + account.reserved.worst_loss + at_risk_now;
    Measure::money_at_most(start - account.equity + at_risk, limit)
}
