//! Market, exchange and ledger in one piece, moved from one instant to the next.
//!
//! Plain state: no lock, no clock, no house. Prices come from the seeded market; what
//! the exchange reports is collected until somebody takes it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::Date;

use crate::brokers::sim::exchange::{Exchange, ExchangeConfig, Report};
use crate::brokers::sim::market::{Listing, Market, MarketError, MarketSetup};
use crate::domain::calendar::{CalendarError, MarketHours, SessionWindow};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, MarketStep, Quote, StatusChange, TradingStatus};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;

/// Time between two orders of one instant, so that they have an order.
const APART: SignedDuration = SignedDuration::from_micros(1);
/// Sessions of minute bars before the first one.
const SESSIONS_BEFORE: usize = 1;

/// What a floor is made from.
#[derive(Debug, Clone)]
pub struct FloorSetup {
    /// Seed of the market.
    pub seed: u64,
    /// The first session; the next trading day when it is none.
    pub date: Date,
    /// The stocks.
    pub listings: Vec<Listing>,
    /// Time between two steps of the market, a whole part of a minute.
    pub cadence: SignedDuration,
    /// The exchange and its account.
    pub exchange: ExchangeConfig,
}

/// Market, exchange and ledger.
#[derive(Debug)]
pub struct Floor {
    market: Market,
    exchange: Exchange,
    opening_cash: Money,
    window: SessionWindow,
    opened_at: Timestamp,
    now: Timestamp,
    last_stamp: Timestamp,
    /// Minute bars, oldest first.
    minutes: Vec<Bar>,
    quotes: BTreeMap<Symbol, Quote>,
    halted: BTreeSet<Symbol>,
    reports: Vec<Report>,
}

impl Floor {
    /// Opens at the beginning of the first session.
    ///
    /// # Errors
    /// When a part of the setup is out of its range.
    pub fn new(setup: FloorSetup) -> Result<Self, MarketError> {
        let FloorSetup { seed, date, listings, cadence, exchange } = setup;
        let market = Market::new(MarketSetup { seed, start: date, listings, cadence })?;
        let history = market.history(SESSIONS_BEFORE);
        // The first step of a market is its first opening.
        let opened_at = market.next_at().unwrap_or_default();
        let window = MarketHours::NewYork.window_at(opened_at)?;
        Ok(Self {
            market,
            opening_cash: exchange.opening_cash,
            exchange: Exchange::new(exchange),
            window,
            opened_at,
            now: opened_at,
            last_stamp: opened_at,
            minutes: history.iter().flat_map(|batch| batch.bars.iter()).copied().collect(),
            quotes: BTreeMap::new(),
            halted: BTreeSet::new(),
            reports: Vec::new(),
        })
    }

    /// The exchange, for reading.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The cash with which the account was opened.
    pub const fn opening_cash(&self) -> Money {
        self.opening_cash
    }

    /// When it was opened.
    pub const fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// The instant to which it has come.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The present part of the trading day.
    pub const fn window(&self) -> SessionWindow {
        self.window
    }

    /// The newest quotes.
    pub fn quotes(&self) -> impl Iterator<Item = &Quote> {
        self.quotes.values()
    }

    /// The newest quote of a stock.
    pub fn quote(&self, symbol: Symbol) -> Option<Quote> {
        self.quotes.get(&symbol).copied()
    }

    /// Minute bars, oldest first, all stocks.
    pub fn minutes(&self) -> &[Bar] {
        &self.minutes
    }

    /// Whether a stock is halted.
    pub fn is_halted(&self, symbol: Symbol) -> bool {
        self.halted.contains(&symbol)
    }

    /// When something is due next: a step of the market, or another session.
    pub fn next_at(&self) -> Timestamp {
        self.market.next_at().map_or(self.window.until, |at| at.min(self.window.until))
    }

    /// Carries out everything that is due until an instant and returns what the market
    /// said, oldest first.
    ///
    /// # Errors
    /// When the calendar is over.
    pub fn advance_to(&mut self, at: Timestamp) -> Result<Vec<MarketStep>, CalendarError> {
        let mut said = Vec::new();
        while self.next_at() <= at {
            let next = self.next_at();
            self.now = self.now.max(next);
            if next >= self.window.until {
                self.window = MarketHours::NewYork.window_at(next)?;
                self.exchange.set_session(self.window.session, next, &mut self.reports);
            } else if let Some(step) = self.market.next() {
                said.push(self.step(step));
            }
        }
        self.now = self.now.max(at);
        Ok(said)
    }

    fn step(&mut self, mut step: MarketStep) -> MarketStep {
        let at = step.at;
        let halted = &self.halted;
        step.quotes.retain(|quote| !halted.contains(&quote.symbol));
        step.ticks.retain(|tick| !halted.contains(&tick.symbol));
        step.status.retain(|change| !halted.contains(&change.symbol));
        for change in &step.status {
            self.exchange.set_status(change.symbol, change.status);
        }
        for quote in &step.quotes {
            self.quotes.insert(quote.symbol, *quote);
            self.exchange.on_quote(quote, at, &mut self.reports);
        }
        for tick in &step.ticks {
            self.exchange.on_tick(tick, at, &mut self.reports);
        }
        self.minutes.extend(step.bars.iter().flat_map(|batch| batch.bars.iter()));
        step
    }

    /// Halts a stock, or lets it trade again; returns what the market says of it.
    pub fn halt(&mut self, symbol: Symbol, is_halted: bool) -> MarketStep {
        let status = if is_halted {
            self.halted.insert(symbol);
            TradingStatus::Halted
        } else {
            self.halted.remove(&symbol);
            TradingStatus::Trading
        };
        self.exchange.set_status(symbol, status);
        let status = vec![StatusChange { symbol, status }];
        MarketStep { at: self.now, status, ..MarketStep::default() }
    }

    /// Does something at the exchange, at an instant later than everything before.
    pub fn trade<R>(
        &mut self,
        act: impl FnOnce(&mut Exchange, Timestamp, &mut Vec<Report>) -> R,
    ) -> R {
        let at = self.now.max(self.last_stamp.plus(APART));
        self.last_stamp = at;
        act(&mut self.exchange, at, &mut self.reports)
    }

    /// Takes out what the exchange has reported since the last call, oldest first.
    pub fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }
}
