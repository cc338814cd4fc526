//! Rules about the stock and the trading day (C12, C13).

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::domain::market::{Session, TradingStatus};
use crate::domain::order::{OrderClass, OrderKind};
use crate::domain::position::Direction;
use crate::risk::question::{Borrow, Question};
use crate::risk::rules::{Measure, seconds_of};

pub(super) fn restricted(question: &Question<'_>) -> Measure {
    Measure::forbidden(question.limits.restricted.contains(&question.intent.symbol))
}

pub(super) fn tradable(question: &Question<'_>) -> Measure {
    Measure::forbidden(!question.symbol.tradable)
}

/// I11 and C25: what is not known may have been bought already.
pub(super) fn in_doubt(question: &Question<'_>) -> Measure {
    Measure::forbidden(question.symbol.is_in_doubt)
}

pub(super) fn halted(question: &Question<'_>) -> Measure {
    Measure::forbidden(match question.symbol.status {
        TradingStatus::Halted | TradingStatus::LuldPaused => true,
        TradingStatus::Trading | TradingStatus::ShortSaleRestricted => false,
    })
}

pub(super) fn allow_short(question: &Question<'_>) -> Measure {
    Measure::forbidden(is_short(question) && !question.limits.allow_short)
}

pub(super) fn shortable(question: &Question<'_>) -> Measure {
    Measure::forbidden(is_short(question) && question.symbol.borrow != Borrow::Easy)
}

/// Rule 201 lets short sales through above the best bid only; an entry that may
/// or may not be legal a moment later is refused.
pub(super) fn short_sale_restricted(question: &Question<'_>) -> Measure {
    let restricted = question.symbol.status == TradingStatus::ShortSaleRestricted;
    Measure::forbidden(is_short(question) && restricted)
}

/// A short position in parts of a share cannot be opened at any broker we know.
pub(super) fn whole_shares(question: &Question<'_>) -> Measure {
    if question.qty.whole_shares().is_some() {
        return Measure::forbidden(false);
    }
    let possible = question.limits.allow_fractional
        && question.symbol.fractionable
        && !is_short(question)
        && question.intent.class == OrderClass::Simple;
    Measure::forbidden(!possible)
}

pub(super) fn session(question: &Question<'_>) -> Measure {
    let extended = question.limits.allow_extended_hours && question.intent.extended_hours;
    Measure::forbidden(match question.symbol.session {
        Session::Open => false,
        Session::PreMarket | Session::AfterHours => !extended,
        Session::Closed => true,
    })
}

pub(super) fn entry_cutoff(question: &Question<'_>) -> Measure {
    let minutes = question.limits.entry_cutoff_minutes;
    let limit = seconds_of(SignedDuration::from_mins(minutes.into()));
    if minutes == 0 || question.symbol.session != Session::Open {
        return Measure::not_applicable(limit);
    }
    match question.symbol.time_to_close {
        Some(left) => Measure::at_least(seconds_of(left), limit),
        None => Measure::unknown(limit),
    }
}

pub(super) fn extended_hours_limit(question: &Question<'_>) -> Measure {
    let is_limit = matches!(question.intent.kind, OrderKind::Limit { .. });
    if !question.intent.extended_hours {
        return Measure::not_applicable(Decimal::ZERO);
    }
    Measure::forbidden(!is_limit)
}

fn is_short(question: &Question<'_>) -> bool {
    question.intent.direction == Direction::Short
}
