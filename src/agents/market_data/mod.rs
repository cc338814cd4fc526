//! Vouches for market data.
//!
//! Hears what feeds say and repeats what can be traded on: in order of time, on a
//! market that is open or not, with splits told from crashes and outliers marked. What
//! a [`second`] source says is compared, and stands in while the first is away. Holds nothing but the newest value per symbol. Decisions on the data are made
//! by [`strategy`](crate::agents::strategy) and
//! [`risk_management`](crate::agents::risk_management).

mod second;

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use serde::Deserialize;

use crate::bus::{Agent, Outbox};
use crate::domain::calendar::{MarketHours, SessionWindow};
use crate::domain::corporate_action::SplitWatch;
use crate::domain::ids::{AgentId, Symbol};
use crate::domain::market::{
    BarBatch, MarketStep, PriceBand, Quote, Session, Tick, TickCorrection,
};
use crate::domain::money::Price;
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;
use crate::events::{
    DataSuspected, Envelope, Event, FeedEvent, FeedLinkChanged, MarketBars, MarketEvent,
    MarketStatus, RequestEvent, SecondQuoted, SecondStep, SourceChanged, SplitDetected,
    SuspectReason, SystemEvent, Timer, Topic, Topics,
};
use second::{Sources, agree, range};

/// What the agent is told to look for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which sessions the market keeps.
    pub hours: MarketHours,
    /// A price further from the one before than this fraction is marked as an
    /// outlier, 0.01 to 1.
    pub outlier_fraction: Decimal,
    /// Quotes older than this while the market is open are marked as stale, in
    /// seconds; 0 switches the watch off (recorded bars have no heartbeat).
    pub stale_seconds: u32,
    /// Whether a jump between two sessions that has the shape of a split is one.
    pub detect_splits: bool,
    /// Two sources whose bid and ask lie further apart than this fraction of the price
    /// disagree, 0.0001 to 1.
    pub second_fraction: Decimal,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hours: MarketHours::NewYork,
            outlier_fraction: dec!(0.25),
            stale_seconds: 0,
            detect_splits: true,
            second_fraction: dec!(0.01),
        }
    }
}

impl Config {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the key, the value and the range.
    pub fn validate(&self) -> Result<(), String> {
        if self.outlier_fraction < dec!(0.01) || self.outlier_fraction > Decimal::ONE {
            return Err(format!(
                "market_data.outlier_fraction is {}, it must lie in 0.01 to 1",
                self.outlier_fraction
            ));
        }
        if self.second_fraction < dec!(0.0001) || self.second_fraction > Decimal::ONE {
            return Err(format!(
                "market_data.second_fraction is {}, it must lie in 0.0001 to 1",
                self.second_fraction
            ));
        }
        Ok(())
    }
}

/// What is made of a price far from the one before.
#[derive(Debug, Clone, Copy)]
struct Jumps {
    outlier_fraction: Decimal,
    detect_splits: bool,
    second_fraction: Decimal,
    /// Whether a second source is there to confirm what the first says.
    has_second: bool,
}

impl Config {
    const fn jumps(&self, has_second: bool) -> Jumps {
        Jumps {
            outlier_fraction: self.outlier_fraction,
            detect_splits: self.detect_splits,
            second_fraction: self.second_fraction,
            has_second,
        }
    }
}

/// The agent.
#[derive(Debug)]
pub struct MarketDataAgent {
    config: Config,
    window: Option<SessionWindow>,
    /// The newest day with a session: what is told at night still belongs to it.
    day: Date,
    symbols: SymbolMap<Newest>,
    sources: Sources,
}

#[derive(Debug, Default)]
struct Newest {
    price: Option<Price>,
    quote: Option<Quote>,
    seen_at: Timestamp,
    splits: SplitWatch,
    stale: bool,
    proof: Proof,
    band: Option<PriceBand>,
    second: Second,
}

/// What the second source says.
#[derive(Debug, Default)]
struct Second {
    quote: Option<Quote>,
    /// What was said of it last.
    told: Option<(Price, bool)>,
}

/// Whether a stock is known to trade. While a feed is away a halt may begin unseen, and
/// no broker tells afterwards what is halted (Alpaca, protocol page §7.3 of October
/// 2026: no replay; §5 lists no such call). A print, a bar or a status proves it; a
/// quote does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Proof {
    #[default]
    Given,
    /// The feed was away and nothing has been heard since.
    Lost,
    /// A quote has come since, and it was said that it proves nothing.
    Wanted,
}

impl MarketDataAgent {
    /// Makes the agent.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            window: None,
            day: Date::MIN,
            symbols: SymbolMap::default(),
            sources: Sources::default(),
        }
    }

    fn jumps(&self) -> Jumps {
        self.config.jumps(self.sources.compares())
    }

    fn step(&mut self, at: Timestamp, step: &MarketStep, out: &mut Outbox) {
        self.follow_session(at, out);
        let day = self.day;
        for change in &step.status {
            self.symbols.row(change.symbol, Newest::default).proof = Proof::Given;
            out.publish(MarketEvent::Halt(*change));
        }
        for band in &step.bands {
            let newest = self.symbols.row(band.symbol, Newest::default);
            if newest.band.replace(*band) != Some(*band) {
                out.publish(MarketEvent::Band(*band));
            }
        }
        for quote in &step.quotes {
            self.quote(at, day, quote, out);
        }
        for tick in &step.ticks {
            self.tick(at, day, tick, out);
        }
        if let Some(batch) = &step.bars {
            self.bars(at, day, batch, out);
        }
        for correction in &step.corrections {
            self.correct(correction, out);
        }
    }

    /// A wrong print that is still the newest price gives way, so that the right ones
    /// after it are not taken for outliers.
    fn correct(&mut self, correction: &TickCorrection, out: &mut Outbox) {
        let newest = self.symbols.row(correction.wrong.symbol, Newest::default);
        if newest.price == Some(correction.wrong.price) {
            let quoted = newest.quote.map(|quote| quote.mid());
            newest.price = correction.right.map(|tick| tick.price).or(quoted);
        }
        out.publish(MarketEvent::Correction(*correction));
    }

    fn quote(&mut self, at: Timestamp, day: Date, quote: &Quote, out: &mut Outbox) {
        let jumps = self.jumps();
        let newest = self.symbols.row(quote.symbol, Newest::default);
        if newest.quote.is_some_and(|before| quote.at < before.at) {
            let detail = format!("quote of {} came after a newer one", quote.at);
            suspect(quote.symbol, SuspectReason::Time, detail, out);
            return;
        }
        newest.quote = Some(*quote);
        if newest.proof == Proof::Lost {
            newest.proof = Proof::Wanted;
            let detail = "nothing traded since the feed was away: it may be halted".to_owned();
            suspect(quote.symbol, SuspectReason::Status, detail, out);
        }
        newest.see(at, day, (quote.mid(), quote.mid()), quote.symbol, jumps, out);
        if self.sources.compares() {
            newest.compare(&self.sources, quote.symbol, jumps, out);
        }
        out.publish(MarketEvent::Quote(*quote));
    }

    fn tick(&mut self, at: Timestamp, day: Date, tick: &Tick, out: &mut Outbox) {
        let jumps = self.jumps();
        let newest = self.symbols.row(tick.symbol, Newest::default);
        newest.proof = Proof::Given;
        newest.see(at, day, (tick.price, tick.price), tick.symbol, jumps, out);
        out.publish(MarketEvent::Tick(*tick));
    }

    fn bars(&mut self, at: Timestamp, day: Date, batch: &BarBatch, out: &mut Outbox) {
        let jumps = self.jumps();
        for bar in batch.bars.iter() {
            let newest = self.symbols.row(bar.symbol, Newest::default);
            newest.proof = Proof::Given;
            newest.see(at, day, (bar.open, bar.close), bar.symbol, jumps, out);
        }
        out.publish(MarketEvent::Bars(MarketBars {
            interval: batch.interval,
            bars: batch.bars.clone(),
            is_history: false,
        }));
    }

    /// Takes what a second source says: it is passed on while the first is away, and its
    /// quotes are compared otherwise.
    fn second(&mut self, at: Timestamp, said: &SecondStep, out: &mut Outbox) {
        for quote in &said.step.quotes {
            let row = self.symbols.row(quote.symbol, Newest::default);
            row.second.quote = Some(*quote);
        }
        if self.sources.stands_in() {
            // Bars are read anew when the first is back (F28), and counted once.
            let step = MarketStep { bars: None, ..(*said.step).clone() };
            return self.step(at, &step, out);
        }
        if !self.sources.compares() {
            return;
        }
        let jumps = self.jumps();
        for quote in &said.step.quotes {
            let row = self.symbols.row(quote.symbol, Newest::default);
            row.compare(&self.sources, quote.symbol, jumps, out);
        }
    }

    fn first_link(&mut self, at: Timestamp, changed: &FeedLinkChanged, out: &mut Outbox) {
        self.link(changed, out);
        if !changed.feed.ends_with(".orders")
            && let Some(moved) = self.sources.first_link(changed)
        {
            self.moved(at, moved, out);
        }
    }

    /// The link of a second source throws no doubt on the first.
    fn second_link(&mut self, at: Timestamp, changed: &FeedLinkChanged, out: &mut Outbox) {
        if changed.feed.ends_with(".orders") {
            return;
        }
        if !changed.state.is_up() {
            for (_, row) in self.symbols.iter_mut() {
                row.second = Second::default();
            }
        }
        if let Some(moved) = self.sources.second_link(changed) {
            self.moved(at, moved, out);
        }
    }

    /// Another source's data are passed on, or compared: says so first. The stamps of two
    /// sources are not to be compared.
    fn moved(&mut self, at: Timestamp, moved: SourceChanged, out: &mut Outbox) {
        let stands_in = moved.stands_in;
        out.publish(MarketEvent::Source(moved));
        let mut quotes = Vec::new();
        for (_, row) in self.symbols.iter_mut() {
            row.quote = None;
            row.second.told = None;
            quotes.extend(row.second.quote.filter(|_| stands_in));
        }
        for quote in &quotes {
            self.quote(at, self.day, quote, out);
        }
    }

    /// Publishes the session when it changes. A time outside the calendar counts
    /// as closed for good: the run's own checks have refused it before.
    fn follow_session(&mut self, at: Timestamp, out: &mut Outbox) {
        if self.window.is_some_and(|window| at < window.until) {
            return;
        }
        let Ok(window) = self.config.hours.window_at(at) else { return };
        self.window = Some(window);
        if window.session != Session::Closed {
            self.day = window.trading_day;
        }
        out.wake_at(window.until, Timer::Session);
        out.publish(status(window));
        if self.config.stale_seconds > 0 {
            out.wake_at(at.plus(self.stale_limit()), Timer::DataAge);
        }
    }

    fn stale_limit(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.config.stale_seconds))
    }

    fn look_at_ages(&mut self, at: Timestamp, out: &mut Outbox) {
        if self.window.is_none_or(|window| window.session != Session::Open) {
            return;
        }
        let limit = self.stale_limit();
        for (symbol, newest) in self.symbols.iter_mut() {
            let age = at.since(newest.seen_at);
            if age > limit && !newest.stale {
                newest.stale = true;
                let detail = format!("nothing heard for {} s", age.as_secs());
                suspect(symbol, SuspectReason::Stale, detail, out);
            }
        }
        out.wake_at(at.plus(limit), Timer::DataAge);
    }

    /// While a feed is not up, nothing it said last is worth trading on; its first value
    /// afterwards ends the doubt. The link of orders carries no prices.
    fn link(&mut self, changed: &FeedLinkChanged, out: &mut Outbox) {
        if changed.state.is_up() || changed.feed.ends_with(".orders") {
            return;
        }
        for (symbol, newest) in self.symbols.iter_mut() {
            newest.proof = Proof::Lost;
            if !newest.stale {
                newest.stale = true;
                let detail = format!("{} is {}", changed.feed, changed.state.name());
                suspect(symbol, SuspectReason::Stale, detail, out);
            }
        }
    }

    fn answer(&mut self, at: Timestamp, request: &RequestEvent, out: &mut Outbox) {
        match request {
            RequestEvent::GetQuote(wanted) => {
                if let Some(quote) = self.symbols.get(wanted.symbol).and_then(|row| row.quote) {
                    out.publish(MarketEvent::Quote(quote));
                } else {
                    let detail = "no quote has been heard".to_owned();
                    suspect(wanted.symbol, SuspectReason::Gap, detail, out);
                }
            }
            RequestEvent::CheckStatus(_) => {
                self.follow_session(at, out);
                if let Some(window) = self.window {
                    out.publish(status(window));
                }
            }
            RequestEvent::Subscribe(wanted) => {
                for symbol in &wanted.symbols {
                    self.symbols.row(*symbol, Newest::default);
                }
            }
            RequestEvent::GetBars(_)
            | RequestEvent::ScanCandidates(_)
            | RequestEvent::EvaluateSetup(_)
            | RequestEvent::ManagePosition(_)
            | RequestEvent::ShouldExit(_)
            | RequestEvent::CalculateSize(_)
            | RequestEvent::CheckLimits(_)
            | RequestEvent::AssessPortfolio(_)
            | RequestEvent::ApproveTrade(_)
            | RequestEvent::GetOrderStatus(_)
            | RequestEvent::Track(_)
            | RequestEvent::CalculatePnl(_)
            | RequestEvent::CheckExit(_) => {}
        }
    }
}

impl Newest {
    /// Takes the first and last price of something new: splits and outliers are
    /// said before the data that show them.
    fn see(
        &mut self,
        at: Timestamp,
        day: Date,
        (first, last): (Price, Price),
        symbol: Symbol,
        jumps: Jumps,
        out: &mut Outbox,
    ) {
        self.seen_at = at;
        self.stale = false;
        let before = self.price.replace(last);
        let split = self.splits.see(day, first, last).filter(|_| jumps.detect_splits);
        let limit = jumps.outlier_fraction;
        let Some(before) = before else { return };
        if let Some(ratio) = split {
            self.second = Second::default();
            out.publish(MarketEvent::Split(SplitDetected {
                symbol,
                new_shares: ratio.new_shares,
                old_shares: ratio.old_shares,
                price_ratio: (first.to_decimal() / before.to_decimal()).round_dp(6),
            }));
            return;
        }
        // The integer test spares the decimals for all but real jumps.
        let jump = first.minus(before).abs();
        if jump.units() * 100 > i128::from(before.units())
            && jump > before.as_money().scaled(limit)
            && !self.is_confirmed((first, first), jumps)
        {
            let detail = format!("{first} after {before}, more than {limit} of it away");
            suspect(symbol, SuspectReason::Outlier, detail, out);
        }
    }
}

impl Newest {
    /// Whether a second source says nearly the same.
    fn is_confirmed(&self, said: second::Range, jumps: Jumps) -> bool {
        let second = self.second.quote.as_ref().filter(|_| jumps.has_second);
        second.is_some_and(|quote| agree(said, range(quote), jumps.second_fraction))
    }

    /// Says what the second source says, and whether the first agrees, when that is new.
    fn compare(&mut self, sources: &Sources, symbol: Symbol, jumps: Jumps, out: &mut Outbox) {
        let (Some(first), Some(second)) = (self.quote, self.second.quote) else { return };
        let agrees = agree(range(&first), range(&second), jumps.second_fraction);
        let (price, told) = (second.mid(), self.second.told.replace((second.mid(), agrees)));
        if told == Some((price, agrees)) {
            return;
        }
        let (named, source) = sources.names();
        let source = Arc::clone(source);
        out.publish(MarketEvent::Second(SecondQuoted { symbol, source, price, agrees }));
        if !agrees && told.is_none_or(|(_, agreed)| agreed) {
            let source = sources.names().1;
            let detail = format!(
                "{named} says {} to {}, {source} {} to {}",
                first.bid, first.ask, second.bid, second.ask
            );
            suspect(symbol, SuspectReason::Disagreement, detail, out);
        }
    }
}

fn suspect(symbol: Symbol, reason: SuspectReason, detail: String, out: &mut Outbox) {
    out.publish(MarketEvent::Suspect(DataSuspected { symbol, reason, detail }));
}

fn status(window: SessionWindow) -> MarketEvent {
    MarketEvent::Status(MarketStatus {
        status: window.session,
        trading_day: window.trading_day,
        until: window.until,
    })
}

impl Agent for MarketDataAgent {
    fn id(&self) -> AgentId {
        AgentId::MarketData
    }

    fn topics(&self) -> Topics {
        Topics::of(&[Topic::Feed, Topic::Request])
    }

    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        match &input.event {
            Event::Feed(FeedEvent::Step(step)) => self.step(input.at, step, out),
            Event::Feed(FeedEvent::History(batch)) => out.publish(MarketEvent::Bars(MarketBars {
                interval: batch.interval,
                bars: batch.bars.clone(),
                is_history: true,
            })),
            Event::Request(request) => self.answer(input.at, request, out),
            Event::System(SystemEvent::TimerDue(due)) => match due.timer {
                Timer::Session => self.follow_session(input.at, out),
                Timer::DataAge => self.look_at_ages(input.at, out),
                Timer::Approval(_)
                | Timer::Votes(_)
                | Timer::EntryAge(_)
                | Timer::ExitAge(_)
                | Timer::Protection(_)
                | Timer::Venue(_)
                | Timer::Breaker(_) => {}
            },
            Event::Feed(FeedEvent::Link(changed)) => self.first_link(input.at, changed, out),
            Event::Feed(FeedEvent::Second(said)) => self.second(input.at, said, out),
            Event::Feed(FeedEvent::SecondLink(changed)) => {
                self.second_link(input.at, changed, out);
            }
            Event::Feed(FeedEvent::Conflated(_))
            | Event::Tape(_)
            | Event::Market(_)
            | Event::Signal(_)
            | Event::Risk(_)
            | Event::Order(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Intel(_)
            | Event::Breaker(_)
            | Event::Operator(_)
            | Event::System(_) => {}
        }
    }
}
