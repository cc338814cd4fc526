//! The equity curve, folded as it comes: drawdown and exposure in constant space.

use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::domain::time::Timestamp;

/// The account after one time-step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EquitySample {
    /// When; samples come in order of time.
    pub at: Timestamp,
    /// Cash plus market value of all positions, dollars.
    pub equity: Money,
    /// Sum of absolute market values, dollars, not negative.
    pub gross_exposure: Money,
    /// Whether a position is open.
    pub has_position: bool,
}

/// What is kept of all samples so far.
#[derive(Debug, Clone, Default)]
pub(super) struct EquityFold {
    steps: u64,
    steps_with_position: u64,
    first: Option<EquitySample>,
    last: Option<EquitySample>,
    peak: Money,
    drawdown: Money,
    drawdown_ratio: Decimal,
    /// Sum of gross exposure ÷ equity over the steps where equity is positive.
    gross_ratio_sum: Decimal,
    gross_ratio_steps: u64,
}

impl EquityFold {
    pub(super) fn add(&mut self, sample: EquitySample) {
        self.steps += 1;
        self.steps_with_position += u64::from(sample.has_position);
        if self.first.is_none() {
            self.first = Some(sample);
            self.peak = sample.equity;
        }
        self.last = Some(sample);
        if sample.equity >= self.peak {
            self.peak = sample.equity;
        } else {
            self.fall(self.peak - sample.equity);
        }
        if sample.equity > Money::ZERO {
            // A flat step needs no division, and most steps are flat.
            if sample.gross_exposure != Money::ZERO {
                let ratio = sample.gross_exposure.ratio_to(sample.equity).unwrap_or_default();
                self.gross_ratio_sum = self.gross_ratio_sum.saturating_add(ratio.round_dp(12));
            }
            self.gross_ratio_steps += 1;
        }
    }

    /// Takes a fall below the peak into account. Amount and fraction have their
    /// own maxima: a deep fall of a small account may be a small amount.
    fn fall(&mut self, amount: Money) {
        self.drawdown = self.drawdown.max(amount);
        if self.peak > Money::ZERO {
            let ratio = amount.ratio_to(self.peak).unwrap_or_default();
            self.drawdown_ratio = self.drawdown_ratio.max(ratio);
        }
    }

    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) const fn first(&self) -> Option<&EquitySample> {
        self.first.as_ref()
    }

    pub(super) const fn last(&self) -> Option<&EquitySample> {
        self.last.as_ref()
    }

    pub(super) const fn max_drawdown(&self) -> Money {
        self.drawdown
    }

    pub(super) fn max_drawdown_ratio(&self) -> Option<Decimal> {
        (self.peak > Money::ZERO).then_some(self.drawdown_ratio)
    }

    pub(super) fn time_in_market(&self) -> Option<Decimal> {
        Decimal::from(self.steps_with_position).checked_div(Decimal::from(self.steps))
    }

    pub(super) fn average_gross_ratio(&self) -> Option<Decimal> {
        self.gross_ratio_sum.checked_div(Decimal::from(self.gross_ratio_steps))
    }
}
