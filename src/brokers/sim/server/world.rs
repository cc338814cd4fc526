//! The simulated world: a market, an exchange with one account, and the calendar,
//! moved from one instant to the next.
//!
//! Plain state without sockets, clocks or wire formats. [`World::advance_to`] carries
//! out everything that is due, in the order of time; listeners hear of it through
//! channels. Prices come from the seeded generator, or from outside where a stock is
//! pinned.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{broadcast, mpsc};

use crate::brokers::sim::exchange::{
    AssetFlags, Exchange, ExchangeConfig, Order, OrderName, Report,
};
use crate::brokers::sim::market::{Market, MarketSetup};
use crate::domain::calendar::{MarketHours, SessionWindow, date_in_new_york, trading_day};
use crate::domain::ids::{BrokerOrderId, Symbol};
use crate::domain::market::{
    Bar, BarBatch, Interval, MarketStep, Quote, StatusChange, Tick, TradingStatus,
};
use crate::domain::money::{Money, Price, Qty, ValueError};
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;

use super::bars::{KeptBar, Timeline};
use super::notice::{OrderNotice, notices};
use super::pins::Pin;
use super::setup::{WorldError, WorldSetup};
use super::stocks::{Stock, restrict};

/// Sessions of minute bars, and daily bars before those, that a world begins with.
const MINUTE_SESSIONS: usize = 7;
const DAILY_SESSIONS: usize = 45;
/// Steps that a listener of the market may be behind before it loses the oldest.
const MARKET_LAG_MAX: usize = 4_096;
/// Executions kept for activity rows.
const EXECUTIONS_MAX: usize = 100_000;
/// Minutes of which the account's worth is kept: a quarter of a year.
const EQUITY_MAX: usize = 25_000;
/// Finished orders kept.
const ORDERS_MAX: usize = 100_000;
/// A leap longer than this is made in steps of a minute, its last part excepted.
const LEAP: SignedDuration = SignedDuration::from_mins(10);
const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Time between two orders of one instant, so that they have an order.
const APART: SignedDuration = SignedDuration::from_micros(1);

/// The simulated world.
#[derive(Debug)]
pub struct World {
    market: Market,
    exchange: Exchange,
    rows: SymbolMap<Row>,
    window: SessionWindow,
    now: Timestamp,
    /// When pinned stocks speak next while the generator is silent.
    beat: Timestamp,
    last_stamp: Timestamp,
    opening_cash: Money,
    opened_at: Timestamp,
    market_listeners: broadcast::Sender<Arc<MarketStep>>,
    order_listeners: Vec<mpsc::UnboundedSender<Arc<OrderNotice>>>,
    executions: VecDeque<Arc<OrderNotice>>,
    /// What the account was worth at the end of each minute with a print.
    equity: VecDeque<(Timestamp, Money)>,
    notices: u64,
    /// Used for one call at a time; kept to spare an allocation.
    reports: Vec<Report>,
}

/// One stock.
#[derive(Debug)]
struct Row {
    stock: Stock,
    quote: Option<Quote>,
    tick: Option<Tick>,
    pin: Option<Pin>,
    is_halted: bool,
    status: TradingStatus,
    timeline: Timeline,
}

impl World {
    /// Makes a world with a past: minute bars of seven sessions, daily bars of
    /// forty-five before those, and today so far.
    ///
    /// # Errors
    /// When the setup names no listed stock or a start outside the calendar.
    pub fn new(setup: &WorldSetup) -> Result<Self, WorldError> {
        let date = date_in_new_york(setup.start);
        let mut market_setup = MarketSetup::broad(setup.seed, date);
        restrict(&mut market_setup, &setup.symbols);
        let mut rows = SymbolMap::default();
        for listing in &market_setup.listings {
            rows.row(listing.symbol, || Row::new(Stock::of(listing)));
        }
        let market = Market::new(market_setup)?;
        let is_session_under_way =
            trading_day(date)?.is_some_and(|day| setup.start >= day.pre_open);
        let now = match trading_day(date)? {
            Some(day) if is_session_under_way => day.pre_open,
            Some(_) | None => setup.start,
        };
        let config = ExchangeConfig {
            opening_cash: setup.opening_cash,
            unlisted: None,
            assets: rows.iter().map(|(symbol, _)| (symbol, AssetFlags::default())).collect(),
            keep_finished: ORDERS_MAX,
            ..ExchangeConfig::default()
        };
        let window = MarketHours::NewYork.window_at(now)?;
        let mut world = Self {
            market,
            exchange: Exchange::new(config),
            rows,
            window,
            now,
            beat: now,
            last_stamp: now,
            opening_cash: setup.opening_cash,
            opened_at: setup.start,
            market_listeners: broadcast::Sender::new(MARKET_LAG_MAX),
            order_listeners: Vec::new(),
            executions: VecDeque::new(),
            equity: VecDeque::new(),
            notices: 0,
            reports: Vec::new(),
        };
        world.exchange.set_session(window.session, now, &mut world.reports);
        world.make_past()?;
        world.advance_to(setup.start);
        Ok(world)
    }

    fn make_past(&mut self) -> Result<(), WorldError> {
        let minutes = self.market.history(MINUTE_SESSIONS);
        let days = self.market.daily_history(&minutes, DAILY_SESSIONS);
        for bar in days.iter().flat_map(|batch| batch.bars.iter()) {
            if let Some(row) = self.rows.get_mut(bar.symbol) {
                row.timeline.tell_day(*bar);
            }
        }
        for bar in minutes.iter().flat_map(|batch| batch.bars.iter()) {
            if let Some(row) = self.rows.get_mut(bar.symbol) {
                row.timeline.tell_minute(*bar);
            }
        }
        for bar in minutes.last().iter().flat_map(|batch| batch.bars.iter()) {
            self.set_in(bar)?;
        }
        Ok(())
    }

    /// Lets a stock begin with the price at which it closed.
    fn set_in(&mut self, bar: &Bar) -> Result<(), ValueError> {
        let at = bar.start.plus(MINUTE);
        let ask = bar.close.plus(Money::from_cents(1)).unwrap_or(bar.close);
        let quote = Pin { bid: bar.close, ask, last: bar.close }.quote(bar.symbol, at)?;
        let size = Qty::shares(100)?;
        let tick = Tick { symbol: bar.symbol, price: bar.close, size, at };
        self.exchange.on_quote(&quote, at, &mut self.reports);
        self.exchange.on_tick(&tick, at, &mut self.reports);
        if let Some(row) = self.rows.get_mut(bar.symbol) {
            (row.quote, row.tick) = (Some(quote), Some(tick));
        }
        Ok(())
    }

    /// Returns the instant to which the world has come.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the part of the trading day.
    pub const fn window(&self) -> SessionWindow {
        self.window
    }

    /// Returns the exchange, for reading.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Returns the cash with which the account was opened, and when that was.
    pub const fn opening(&self) -> (Money, Timestamp) {
        (self.opening_cash, self.opened_at)
    }

    /// Hears every step of the market from now on; who is too slow loses the oldest.
    pub fn subscribe_market(&self) -> broadcast::Receiver<Arc<MarketStep>> {
        self.market_listeners.subscribe()
    }

    /// Hears everything that happens to orders from now on. Nothing is ever lost; the
    /// queue is bounded by what the account's request limit lets happen.
    pub fn subscribe_orders(&mut self) -> mpsc::UnboundedReceiver<Arc<OrderNotice>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.order_listeners.push(sender);
        receiver
    }

    /// Walks the listed stocks.
    pub fn stocks(&self) -> impl Iterator<Item = &Stock> {
        self.rows.iter().map(|(_, row)| &row.stock)
    }

    /// Finds a listed stock.
    pub fn stock(&self, symbol: Symbol) -> Option<&Stock> {
        self.rows.get(symbol).map(|row| &row.stock)
    }

    /// Returns the newest quote.
    pub fn last_quote(&self, symbol: Symbol) -> Option<Quote> {
        self.rows.get(symbol)?.quote
    }

    /// Returns the newest print.
    pub fn last_tick(&self, symbol: Symbol) -> Option<Tick> {
        self.rows.get(symbol)?.tick
    }

    /// Returns whether a stock trades.
    pub fn status(&self, symbol: Symbol) -> TradingStatus {
        self.rows.get(symbol).map_or(TradingStatus::Trading, |row| row.status)
    }

    /// Returns the bars of a stock.
    pub fn timeline(&self, symbol: Symbol) -> Option<&Timeline> {
        self.rows.get(symbol).map(|row| &row.timeline)
    }

    /// Returns the newest finished minute bar.
    pub fn minute_bar(&self, symbol: Symbol) -> Option<KeptBar> {
        self.timeline(symbol)?.last_minute()
    }

    /// Returns the daily bar so far and the one before.
    pub fn daily_bars(&self, symbol: Symbol) -> (Option<KeptBar>, Option<KeptBar>) {
        self.timeline(symbol).map_or((None, None), Timeline::last_days)
    }

    /// Returns the bars that start within a span, both ends included, oldest first:
    /// minutes or days; other intervals are for the caller to join.
    pub fn bars(
        &self,
        symbol: Symbol,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<KeptBar> {
        let Some(timeline) = self.timeline(symbol) else { return Vec::new() };
        match interval {
            Interval::Day => timeline.days(from, to),
            Interval::Minute | Interval::FiveMinutes | Interval::Hour => timeline.minutes(from, to),
        }
    }

    /// Returns the executions of the account, oldest first.
    pub fn executions(&self) -> impl DoubleEndedIterator<Item = &Arc<OrderNotice>> {
        self.executions.iter()
    }

    /// Returns what the account was worth at an instant, `None` before it was opened.
    pub fn equity_at(&self, at: Timestamp) -> Option<Money> {
        if at >= self.now {
            return Some(self.exchange.account().equity);
        }
        let later = self.equity.partition_point(|(noted, _)| *noted <= at);
        self.equity.get(later.checked_sub(1)?).map(|(_, equity)| *equity)
    }

    /// Finds an order.
    pub fn order(&self, id: &BrokerOrderId) -> Option<&Order> {
        self.exchange.order(OrderName::Broker(id))
    }

    /// Carries out everything that is due until an instant: steps of the market,
    /// sessions, and what they do to orders.
    pub fn advance_to(&mut self, at: Timestamp) {
        while let Some(next) = self.next_event(at) {
            self.now = self.now.max(next);
            if next >= self.window.until {
                self.follow_session(next);
            } else if self.market.next_at() == Some(next) {
                let is_leap = at.since(next) > LEAP;
                self.market.set_cadence(if is_leap { MINUTE } else { SECOND });
                let step = self.market.next().unwrap_or_default();
                self.beat = next.plus(SECOND);
                self.step(step);
            } else {
                self.beat = next.plus(SECOND);
                self.step(MarketStep { at: next, ..MarketStep::default() });
            }
        }
        self.now = self.now.max(at);
    }

    fn next_event(&mut self, until: Timestamp) -> Option<Timestamp> {
        let has_pins = self.rows.iter().any(|(_, row)| row.pin.is_some());
        // Pinned stocks are silent during a leap through the night.
        if until.since(self.now) > LEAP {
            self.beat = self.beat.max(until.plus(-LEAP));
        }
        let beat = has_pins.then_some(self.beat.max(self.now));
        let market = self.market.next_at();
        let next = [Some(self.window.until), market, beat].into_iter().flatten().min()?;
        (next <= until).then_some(next)
    }

    fn follow_session(&mut self, at: Timestamp) {
        let Ok(window) = MarketHours::NewYork.window_at(at) else {
            // The calendar is over: the last session stays.
            self.window.until = Timestamp::from_nanos(i64::MAX);
            return;
        };
        self.window = window;
        let mut reports = std::mem::take(&mut self.reports);
        self.exchange.set_session(window.session, at, &mut reports);
        self.reports = reports;
        self.say_reports();
    }

    /// Lets everybody see one step: stocks that are pinned or halted speak as they were
    /// told, the others as the generator says.
    fn step(&mut self, mut step: MarketStep) {
        let at = step.at;
        let rows = &self.rows;
        let is_free = |symbol: Symbol| {
            rows.get(symbol).is_some_and(|row| row.pin.is_none() && !row.is_halted)
        };
        step.quotes.retain(|quote| is_free(quote.symbol));
        step.ticks.retain(|tick| is_free(tick.symbol));
        step.status.retain(|change| is_free(change.symbol));
        for (symbol, row) in self.rows.iter() {
            if let Some(pin) = row.pin.filter(|_| !row.is_halted)
                && let Ok(quote) = pin.quote(symbol, at)
            {
                step.quotes.push(quote);
                step.ticks.push(pin.tick(symbol, at));
            }
        }
        self.show(step);
    }

    /// Shows a step to the bars, the exchange and the listeners.
    fn show(&mut self, mut step: MarketStep) {
        let at = step.at;
        let ended = self.rows.iter_mut().filter_map(|(_, row)| row.timeline.end_minute(at));
        let bars: Arc<[Bar]> = ended.map(|kept| kept.bar).collect();
        step.bars = (!bars.is_empty()).then_some(BarBatch { interval: Interval::Minute, bars });
        for change in &step.status {
            if let Some(row) = self.rows.get_mut(change.symbol) {
                row.status = change.status;
            }
            self.exchange.set_status(change.symbol, change.status);
        }
        for quote in &step.quotes {
            if let Some(row) = self.rows.get_mut(quote.symbol) {
                row.quote = Some(*quote);
            }
            self.exchange.on_quote(quote, at, &mut self.reports);
        }
        for tick in &step.ticks {
            if let Some(row) = self.rows.get_mut(tick.symbol) {
                row.tick = Some(*tick);
                row.timeline.print(tick);
            }
            self.exchange.on_tick(tick, at, &mut self.reports);
        }
        self.say_reports();
        if step.bars.is_some() {
            if self.equity.len() >= EQUITY_MAX {
                self.equity.pop_front();
            }
            self.equity.push_back((at, self.exchange.account().equity));
        }
        let is_silent = step.bars.is_none()
            && step.status.is_empty()
            && step.quotes.is_empty()
            && step.ticks.is_empty();
        if !is_silent && self.market_listeners.receiver_count() > 0 {
            // Nobody listens any more: that is no failure.
            let _ = self.market_listeners.send(Arc::new(step));
        }
    }

    /// Sets the price of a stock from now on.
    ///
    /// # Errors
    /// When the stock is not listed or the bid is above the ask.
    pub fn pin(&mut self, symbol: Symbol, pin: Pin) -> Result<(), WorldError> {
        let at = self.now;
        let quote = pin.quote(symbol, at)?;
        let row = self.rows.get_mut(symbol).ok_or(WorldError::UnknownSymbol(symbol))?;
        row.pin = Some(pin);
        let speaks = usize::from(!row.is_halted);
        let (quotes, ticks) = (vec![quote; speaks], vec![pin.tick(symbol, at); speaks]);
        self.beat = self.beat.max(at.plus(SECOND));
        self.show(MarketStep { at, quotes, ticks, ..MarketStep::default() });
        Ok(())
    }

    /// Gives the price of a stock back to the generator.
    ///
    /// # Errors
    /// When the stock is not listed.
    pub fn release(&mut self, symbol: Symbol) -> Result<(), WorldError> {
        self.rows.get_mut(symbol).ok_or(WorldError::UnknownSymbol(symbol))?.pin = None;
        Ok(())
    }

    /// Gives a stock another past: these minute bars, oldest first, in place of all
    /// minutes that it had; days before them stay.
    ///
    /// # Errors
    /// When the stock is not listed.
    pub fn set_past(&mut self, symbol: Symbol, minutes: &[Bar]) -> Result<(), WorldError> {
        let row = self.rows.get_mut(symbol).ok_or(WorldError::UnknownSymbol(symbol));
        row.map(|row| row.timeline.set_minutes(minutes))
    }

    /// Lets quotes, prints and status changes of the caller's happen now.
    pub fn play(&mut self, step: MarketStep) {
        self.show(MarketStep { at: self.now, ..step });
    }

    /// Halts a stock, or lets it trade again.
    ///
    /// # Errors
    /// When the stock is not listed.
    pub fn halt(&mut self, symbol: Symbol, is_halted: bool) -> Result<(), WorldError> {
        let row = self.rows.get_mut(symbol).ok_or(WorldError::UnknownSymbol(symbol))?;
        row.is_halted = is_halted;
        let status = if is_halted { TradingStatus::Halted } else { TradingStatus::Trading };
        let status = vec![StatusChange { symbol, status }];
        self.show(MarketStep { at: self.now, status, ..MarketStep::default() });
        Ok(())
    }

    /// Does something at the exchange, at an instant later than everything before, and
    /// tells the listeners what came of it.
    pub fn trade<R>(
        &mut self,
        act: impl FnOnce(&mut Exchange, Timestamp, &mut Vec<Report>) -> R,
    ) -> R {
        let at = self.now.max(self.last_stamp.plus(APART));
        self.last_stamp = at;
        let mut reports = std::mem::take(&mut self.reports);
        let done = act(&mut self.exchange, at, &mut reports);
        self.reports = reports;
        self.say_reports();
        done
    }

    fn say_reports(&mut self) {
        for report in self.reports.drain(..) {
            let told = notices(&report, || {
                self.notices += 1;
                self.notices
            });
            for notice in told.into_iter().map(Arc::new) {
                if notice.execution.is_some() {
                    if self.executions.len() >= EXECUTIONS_MAX {
                        self.executions.pop_front();
                    }
                    self.executions.push_back(notice.clone());
                }
                self.order_listeners.retain(|listener| listener.send(notice.clone()).is_ok());
            }
        }
    }

    /// Returns the newest price of a stock: of its print, else the middle of its quote.
    pub fn last_price(&self, symbol: Symbol) -> Option<Price> {
        let row = self.rows.get(symbol)?;
        row.tick.map(|tick| tick.price).or_else(|| row.quote.map(|quote| quote.mid()))
    }
}

impl Row {
    fn new(stock: Stock) -> Self {
        Self {
            stock,
            quote: None,
            tick: None,
            pin: None,
            is_halted: false,
            status: TradingStatus::Trading,
            timeline: Timeline::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(start: &str, symbols: &[&str]) -> World {
        let symbols = symbols.iter().map(|text| Symbol::new(text).unwrap()).collect();
        let start = start.parse().unwrap();
        let opening_cash = Money::from_dollars(100_000);
        World::new(&WorldSetup { seed: 7, start, symbols, opening_cash }).unwrap()
    }

    fn apple() -> Symbol {
        Symbol::new("AAPL").unwrap()
    }

    #[test]
    fn a_world_begins_with_a_past_for_every_stock() {
        let world = world("2026-10-05T15:00:00Z", &["AAPL", "KO"]);
        for symbol in [apple(), Symbol::new("KO").unwrap()] {
            let all = |interval| {
                let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
                world.bars(symbol, interval, start, world.now())
            };
            assert_eq!(all(Interval::Minute).len(), 7 * 390 + 90);
            assert_eq!(all(Interval::Day).len(), 45 + 7 + 1);
            assert_eq!(all(Interval::Day)[52].bar.start.to_string(), "2026-10-05T04:00:00Z");
            assert!(world.last_quote(symbol).is_some() && world.last_tick(symbol).is_some());
        }
    }

    #[test]
    fn a_pinned_stock_stays_where_it_was_put_until_it_is_released() {
        let mut world = world("2026-10-05T14:00:00Z", &["AAPL"]);
        let price = |text: &str| text.parse::<Price>().unwrap();
        let pin = Pin { bid: price("99.99"), ask: price("100.01"), last: price("100") };
        world.pin(apple(), pin).unwrap();
        let mut heard = world.subscribe_market();
        world.advance_to("2026-10-05T14:00:30Z".parse().unwrap());
        assert_eq!(world.last_price(apple()), Some(price("100")));
        assert_eq!(heard.len(), 30);
        let step = heard.try_recv().unwrap();
        assert_eq!((step.quotes[0].bid, step.ticks[0].price), (pin.bid, pin.last));
        world.release(apple()).unwrap();
        world.advance_to("2026-10-05T14:05:00Z".parse().unwrap());
        assert_ne!(world.last_price(apple()), Some(price("100")));
    }

    #[test]
    fn a_weekend_passes_and_a_month_too() {
        let mut world = world("2026-10-02T19:59:00Z", &["AAPL"]);
        world.advance_to("2026-10-05T13:31:00Z".parse().unwrap());
        assert_eq!(world.window().trading_day.to_string(), "2026-10-05");
        world.advance_to("2026-11-05T18:00:00Z".parse().unwrap());
        let (today, before) = world.daily_bars(apple());
        assert_eq!(today.unwrap().bar.start.to_string(), "2026-11-05T05:00:00Z");
        assert_eq!(before.unwrap().bar.start.to_string(), "2026-11-04T05:00:00Z");
        assert_eq!(
            world.minute_bar(apple()).unwrap().bar.start.to_string(),
            "2026-11-05T17:59:00Z"
        );
    }
}
