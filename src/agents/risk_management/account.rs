//! The account as risk sees it: book, peaks, starts of day and week.

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{Fill, Side};
use crate::domain::position::{Book, Position};
use crate::domain::time::Timestamp;
use crate::events::DrawdownAlert;

/// Parts into which a drawdown is counted for comparison.
const MILLION: i128 = 1_000_000;

/// The account.
#[derive(Debug)]
pub(super) struct Account {
    book: Book,
    /// The broker's word, and when it was heard.
    buying_power: Option<(Money, Timestamp)>,
    peak: Money,
    day: Option<Date>,
    day_start: Money,
    week_start: Money,
    /// The drawdown at which entries stop, a fraction of the peak.
    drawdown_limit: Decimal,
    /// The drawdown at which it is said, in millionths of the peak.
    alert_millionths: i128,
    /// Whether the present fall has been said.
    alerted: bool,
}

impl Account {
    /// Opens the account; `alert_fraction` of the drawdown limit is worth saying.
    pub(super) fn new(opening_cash: Money, limit: Decimal, alert_fraction: Decimal) -> Self {
        let alert = limit.saturating_mul(alert_fraction).saturating_mul(Decimal::from(MILLION));
        Self {
            drawdown_limit: limit,
            alert_millionths: alert.trunc().to_i128().unwrap_or(MILLION),
            book: Book::new(opening_cash),
            buying_power: None,
            peak: opening_cash,
            day: None,
            day_start: opening_cash,
            week_start: opening_cash,
            alerted: false,
        }
    }

    pub(super) const fn book(&self) -> &Book {
        &self.book
    }

    pub(super) const fn peak(&self) -> Money {
        self.peak
    }

    pub(super) const fn day_start(&self) -> Money {
        self.day_start
    }

    pub(super) const fn week_start(&self) -> Money {
        self.week_start
    }

    pub(super) fn buying_power(&self) -> Option<Money> {
        self.buying_power.map(|(power, _)| power)
    }

    pub(super) const fn set_buying_power(&mut self, power: Money, at: Timestamp) {
        self.buying_power = Some((power, at));
    }

    pub(super) fn position(&self, symbol: Symbol) -> Option<Position> {
        self.book.position(symbol)
    }

    pub(super) fn mark_of(&self, symbol: Symbol) -> Option<Price> {
        self.book.last_mark(symbol)
    }

    /// Takes a new price into account.
    pub(super) fn mark(&mut self, symbol: Symbol, price: Price) {
        self.book.mark(symbol, price);
    }

    pub(super) fn fill(&mut self, fill: &Fill, fee: Money) {
        let Fill { symbol, side, qty, price, at, .. } = fill;
        self.book.apply(*symbol, *side, *qty, *price, fee);
        // Buying power is the broker's word; until it speaks again, what was spent
        // since is taken off.
        if let (Some((power, heard_at)), Side::Buy) = (self.buying_power.as_mut(), side)
            && at > heard_at
        {
            *power -= price.times(*qty);
        }
    }

    pub(super) fn split(&mut self, symbol: Symbol, qty: Qty, price: Price) {
        self.book.split(symbol, qty, price);
    }

    /// A trading day begins: its loss limits count from here, a week's from its
    /// first day.
    pub(super) fn begin_day(&mut self, day: Date) {
        if self.day.is_some_and(|before| before >= day) {
            return;
        }
        let equity = self.book.equity();
        let week = |day: Date| (day.iso_week_date().year(), day.iso_week_date().week());
        let is_new_week = self.day.is_none_or(|before| week(before) != week(day));
        self.day_start = equity;
        if is_new_week {
            self.week_start = equity;
        }
        self.day = Some(day);
    }

    /// Follows the peak; returns an alert when the fall from it is first worth saying.
    pub(super) fn drawdown_alert(&mut self) -> Option<DrawdownAlert> {
        let equity = self.book.equity();
        if equity >= self.peak {
            self.peak = equity;
            self.alerted = false;
            return None;
        }
        // Whole numbers: this is asked at every price, the ratio is made once a fall.
        let fall = self.peak - equity;
        let reached = fall.units() * MILLION >= self.peak.units() * self.alert_millionths;
        if self.alerted || !reached {
            return None;
        }
        self.alerted = true;
        let drawdown = fall.ratio_to(self.peak)?.round_dp(6);
        let limit = self.drawdown_limit;
        Some(DrawdownAlert { drawdown, limit, peak: self.peak, equity })
    }
}
