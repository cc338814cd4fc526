//! The bars of one stock: the minute under way, finished minutes, and days.
//!
//! Made from prints, whoever made those; bounded, oldest out first.

use std::collections::VecDeque;

use jiff::SignedDuration;

use crate::domain::calendar::date_in_new_york;
use crate::domain::market::{Bar, Tick};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::time::Timestamp;

use super::new_york::midnight;

/// Minute bars kept of a stock: thirty sessions and more.
const MINUTES_MAX: usize = 12_000;
/// Daily bars kept of a stock.
const DAYS_MAX: usize = 1_000;
/// Shares of a usual print, for bars whose prints are not known.
const USUAL_PRINT: u64 = 120;

/// A bar with what the wire tells beside its prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBar {
    /// Prices, volume and start. Daily bars start at midnight in New York.
    pub bar: Bar,
    /// Prints in it.
    pub trades: u64,
    /// Average price per share.
    pub vwap: Price,
    /// Sum of price × shares.
    value: Money,
}

impl KeptBar {
    fn begin(tick: &Tick, start: Timestamp) -> Self {
        let price = tick.price;
        let bar = Bar {
            symbol: tick.symbol,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            start,
        };
        Self { bar, trades: 0, vwap: price, value: Money::ZERO }
    }

    fn add(&mut self, tick: &Tick) {
        let bar = &mut self.bar;
        bar.high = bar.high.max(tick.price);
        bar.low = bar.low.min(tick.price);
        bar.close = tick.price;
        bar.volume = bar.volume.saturating_add(tick.size.floor_shares());
        self.trades += 1;
        self.value += tick.price.times(tick.size);
        self.set_vwap();
    }

    /// A bar whose prints are not known: as many as usual, at the middle.
    fn told(bar: Bar) -> Self {
        let sum = [bar.open, bar.high, bar.low, bar.close].into_iter().map(Price::as_money).sum();
        let four = Qty::shares(4).expect("four shares are a quantity");
        let average: Option<Price> = Money::per_share(sum, four);
        let vwap = average.unwrap_or(bar.close).clamp(bar.low, bar.high);
        let volume = Qty::shares(bar.volume).unwrap_or(Qty::MAX);
        let trades = (bar.volume / USUAL_PRINT).max(1);
        Self { bar, trades, vwap, value: vwap.times(volume) }
    }

    /// Adds a later bar of the same stock to this one.
    pub fn join(&mut self, later: &Self) {
        let bar = &mut self.bar;
        bar.high = bar.high.max(later.bar.high);
        bar.low = bar.low.min(later.bar.low);
        bar.close = later.bar.close;
        bar.volume = bar.volume.saturating_add(later.bar.volume);
        self.trades += later.trades;
        self.value += later.value;
        self.set_vwap();
    }

    fn set_vwap(&mut self) {
        let volume = Qty::shares(self.bar.volume).unwrap_or(Qty::MAX);
        if let Some(vwap) = self.value.per_share(volume) {
            self.vwap = vwap.clamp(self.bar.low, self.bar.high);
        }
    }
}

/// All bars of one stock.
#[derive(Debug, Default)]
pub struct Timeline {
    building: Option<KeptBar>,
    minutes: VecDeque<KeptBar>,
    days: VecDeque<KeptBar>,
}

impl Timeline {
    /// Takes a print in.
    pub(super) fn print(&mut self, tick: &Tick) {
        let start = minute_of(tick.at);
        let bar = self.building.get_or_insert_with(|| KeptBar::begin(tick, start));
        bar.add(tick);
        // Trading ends at 20:00: what is within 22 hours of a midnight is of its day.
        let is_today =
            |day: &KeptBar| tick.at.since(day.bar.start) < SignedDuration::from_hours(22);
        if !self.days.back().is_some_and(is_today) {
            push(&mut self.days, KeptBar::begin(tick, midnight_of(tick.at)), DAYS_MAX);
        }
        if let Some(day) = self.days.back_mut() {
            day.add(tick);
        }
    }

    /// Hands over the minute under way when it has ended by now.
    pub(super) fn end_minute(&mut self, now: Timestamp) -> Option<KeptBar> {
        let ended =
            self.building.take_if(|bar| bar.bar.start.plus(SignedDuration::from_mins(1)) <= now)?;
        push(&mut self.minutes, ended, MINUTES_MAX);
        Some(ended)
    }

    /// Takes in a minute of the past.
    pub(super) fn tell_minute(&mut self, bar: Bar) {
        let kept = KeptBar::told(bar);
        let is_today =
            |day: &&mut KeptBar| bar.start.since(day.bar.start) < SignedDuration::from_hours(22);
        if let Some(day) = self.days.back_mut().filter(is_today) {
            day.join(&kept);
        } else {
            let start = midnight_of(bar.start);
            let first = KeptBar { bar: Bar { start, ..bar }, ..kept };
            push(&mut self.days, first, DAYS_MAX);
        }
        push(&mut self.minutes, kept, MINUTES_MAX);
    }

    /// Puts minutes, oldest first, in the place of all that were there, the day of the
    /// first one included.
    pub(super) fn set_minutes(&mut self, minutes: &[Bar]) {
        self.building = None;
        self.minutes.clear();
        let Some(first) = minutes.first() else { return };
        let from = midnight_of(first.start);
        self.days.retain(|day| day.bar.start < from);
        for bar in minutes {
            self.tell_minute(*bar);
        }
    }

    /// Takes in a day of the past.
    pub(super) fn tell_day(&mut self, bar: Bar) {
        let start = midnight_of(bar.start);
        push(&mut self.days, KeptBar::told(Bar { start, ..bar }), DAYS_MAX);
    }

    /// Returns the newest finished minute.
    pub fn last_minute(&self) -> Option<KeptBar> {
        self.minutes.back().copied()
    }

    /// Returns the minute under way, as far as it has come.
    pub fn this_minute(&self) -> Option<KeptBar> {
        self.building
    }

    /// Returns the finished minutes that start within a span, both ends included.
    pub fn minutes(&self, from: Timestamp, to: Timestamp) -> Vec<KeptBar> {
        within(&self.minutes, from, to)
    }

    /// Returns the days that start within a span, both ends included; the last may
    /// still be under way.
    pub fn days(&self, from: Timestamp, to: Timestamp) -> Vec<KeptBar> {
        within(&self.days, from, to)
    }

    /// Returns the newest day and the one before.
    pub fn last_days(&self) -> (Option<KeptBar>, Option<KeptBar>) {
        let mut newest = self.days.iter().rev().copied();
        (newest.next(), newest.next())
    }
}

fn within(bars: &VecDeque<KeptBar>, from: Timestamp, to: Timestamp) -> Vec<KeptBar> {
    let first = bars.partition_point(|bar| bar.bar.start < from);
    bars.iter().skip(first).take_while(|bar| bar.bar.start <= to).copied().collect()
}

fn push(bars: &mut VecDeque<KeptBar>, bar: KeptBar, bound: usize) {
    if bars.len() >= bound {
        bars.pop_front();
    }
    bars.push_back(bar);
}

fn minute_of(at: Timestamp) -> Timestamp {
    const MINUTE: i64 = 60_000_000_000;
    Timestamp::from_nanos(at.as_nanos().div_euclid(MINUTE) * MINUTE)
}

fn midnight_of(at: Timestamp) -> Timestamp {
    midnight(date_in_new_york(at))
}
