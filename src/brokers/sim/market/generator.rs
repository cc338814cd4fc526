//! The market as an iterator of steps in time order.

use std::sync::Arc;

use jiff::SignedDuration;

use super::history;
use super::setup::{MarketError, MarketSetup};
use super::stock::{Moment, Pace, Stock};
use crate::domain::calendar::{TradingDay, next_trading_day, trading_day};
use crate::domain::market::{Bar, BarBatch, Interval, MarketStep};
use crate::domain::time::Timestamp;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// An endless market in regular sessions; ends only with the calendar.
///
/// Each session gives one step at the open (an opening print and a quote per
/// stock), one per cadence, and a last one at the close that holds only the bars
/// of the last minute. Nights, weekends and holidays are skipped; prices gap over
/// them. In a pause a stock says nothing at all.
#[derive(Debug, Clone)]
pub struct Market {
    setup: MarketSetup,
    first_day: TradingDay,
    stocks: Vec<Stock>,
    pace: Pace,
    /// The session of the next step; `None` after the last one.
    day: Option<TradingDay>,
    /// When the next step is.
    at: Timestamp,
}

impl Market {
    /// Makes a market that stands before its first open.
    ///
    /// # Errors
    /// When a part of the setup is out of its range; the message names it.
    pub fn new(setup: MarketSetup) -> Result<Self, MarketError> {
        setup.check()?;
        let first_day = match trading_day(setup.start)? {
            Some(day) => day,
            None => next_trading_day(setup.start)?,
        };
        let stocks = setup.listings.iter().map(|listing| Stock::new(setup.seed, listing)).collect();
        let pace = Pace::new(setup.cadence);
        Ok(Self { setup, first_day, stocks, pace, day: Some(first_day), at: first_day.open })
    }

    /// Returns the minute bars of the last `sessions` sessions before the first
    /// one, oldest first, ending at the listed prices; the same at any time.
    ///
    /// One session is enough for indicators to be ready at the open. Fewer
    /// sessions come back only at the beginning of the calendar.
    pub fn history(&self, sessions: usize) -> Vec<BarBatch> {
        history::generate(&self.setup, &self.first_day, sessions)
    }

    /// Returns when the next step is, `None` after the end of the calendar.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.day.map(|_| self.at)
    }

    /// Takes another time between two steps from the next whole minute on, for
    /// whoever wants to be elsewhere soon; tells whether it holds now. The path
    /// through the market is another one from there.
    pub fn set_cadence(&mut self, cadence: SignedDuration) -> bool {
        if cadence == self.setup.cadence {
            return true;
        }
        let is_minute = self.at.as_nanos() % 60_000_000_000 == 0;
        let wanted = MarketSetup { cadence, ..self.setup.clone() };
        if !is_minute || wanted.check().is_err() {
            return false;
        }
        self.pace = Pace::new(cadence);
        self.setup = wanted;
        true
    }

    /// Returns daily bars of the last `sessions` sessions before the minute bars of a
    /// [`history`](Self::history), oldest first, stamped with their opens: per session
    /// one bar of each stock, ending where those minutes begin.
    pub fn daily_history(&self, minutes: &[BarBatch], sessions: usize) -> Vec<BarBatch> {
        history::generate_days(&self.setup, &self.first_day, minutes, sessions)
    }

    fn step(&mut self, day: &TradingDay) -> MarketStep {
        let at = self.at;
        let since_open = at.since(day.open);
        let begins_minute = since_open.as_nanos() % MINUTE.as_nanos() == 0;
        let bars = if begins_minute { self.take_bars() } else { None };
        let mut step = MarketStep { at, bars, ..MarketStep::default() };
        if at < day.close {
            let length = day.close.since(day.open);
            let elapsed = since_open.as_secs_f64() / length.as_secs_f64();
            let moment = Moment { day, at, begins_minute, elapsed };
            for stock in &mut self.stocks {
                stock.step(moment, self.pace, &mut step);
            }
        }
        step
    }

    fn take_bars(&mut self) -> Option<BarBatch> {
        let bars: Arc<[Bar]> = self.stocks.iter_mut().filter_map(Stock::take_bar).collect();
        (!bars.is_empty()).then_some(BarBatch { interval: Interval::Minute, bars })
    }

    fn go_on(&mut self, day: &TradingDay) {
        if self.at < day.close {
            self.at = self.at.plus(self.setup.cadence);
            return;
        }
        self.day = next_trading_day(day.date).ok();
        if let Some(next) = &self.day {
            self.at = next.open;
            self.stocks.iter_mut().for_each(Stock::pass_night);
        }
    }
}

impl Iterator for Market {
    type Item = MarketStep;

    fn next(&mut self) -> Option<MarketStep> {
        let day = self.day?;
        let step = self.step(&day);
        self.go_on(&day);
        Some(step)
    }
}

impl Pace {
    /// One part for each five seconds begun, so that bars have a body also when
    /// steps are long.
    fn new(cadence: SignedDuration) -> Self {
        let whole = cadence.as_secs_f64();
        let parts = (1..12).find(|parts| f64::from(*parts) * 5.0 >= whole).unwrap_or(12);
        Self { parts, seconds: whole / f64::from(parts) }
    }
}
