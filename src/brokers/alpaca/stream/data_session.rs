//! The conversation on the market data stream, without its socket.
//!
//! Greeting, keys, one request a channel, then data until something ends it. What was
//! asked for is compared with what the venue confirms, symbol by symbol. Each channel
//! is asked for by itself, so that a channel that the feed does not have, or a symbol
//! that the venue cannot read, costs nothing but itself.
//! Alpaca, protocol page §7.1 of October 2026, including its table of codes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::decode::Decoder;
use super::message::{Channel, DataMessage, DecodeCounts, HaltNotice, Subscriptions};
use super::request::Encoding;
use crate::brokers::Push;
use crate::brokers::alpaca::ApiKeys;
use crate::brokers::stream::link::Link;
use crate::brokers::stream::session::{Frame, Lost, Output, Session, StopReason, Verdict};
use crate::brokers::stream::watchdog::Watchdog;
use crate::domain::calendar::MarketHours;
use crate::domain::ids::Symbol;
use crate::domain::market::{Interval, TradingStatus};
use crate::domain::time::Timestamp;
use crate::fsm::link::{LinkInput, LinkState};
use jiff::SignedDuration;

/// Symbols in one request, so that none outgrows a frame; more are several requests.
const SYMBOLS_PER_REQUEST: usize = 500;

/// How far the conversation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The server speaks first.
    Greeting,
    /// The keys are sent.
    Login,
    /// The keys are taken.
    Open,
}

/// What a data session is told once.
#[derive(Debug, Clone)]
pub(super) struct DataTerms {
    pub(super) feed: &'static str,
    pub(super) encoding: Encoding,
    pub(super) wanted: Subscriptions,
    pub(super) hours: MarketHours,
    pub(super) silence_max: SignedDuration,
}

/// The pure half of the market data stream.
#[derive(Debug)]
pub(super) struct DataSession {
    keys: ApiKeys,
    encoding: Encoding,
    link: Link,
    phase: Phase,
    decoder: Decoder,
    watchdog: Watchdog,
    wanted: Subscriptions,
    confirmed: Subscriptions,
    /// Requests whose answer is owed, oldest first; answers come in order.
    asked: VecDeque<Channel>,
    /// Why a channel's request was refused on this connection.
    refused: BTreeMap<Channel, String>,
    /// When data last came on any connection.
    heard_at: Option<Timestamp>,
    /// Whether this connection's gap has been told.
    is_gap_told: bool,
    /// Stocks that are halted: a notice that is not about trading must not end that.
    halted: BTreeSet<Symbol>,
}

impl DataSession {
    /// Makes a session that has not been dialled.
    pub(super) fn new(terms: DataTerms, keys: ApiKeys) -> Self {
        Self {
            keys,
            encoding: terms.encoding,
            link: Link::new(terms.feed),
            phase: Phase::Greeting,
            decoder: Decoder::default(),
            watchdog: Watchdog::new(terms.hours, terms.silence_max),
            wanted: terms.wanted,
            confirmed: Subscriptions::new(),
            asked: VecDeque::new(),
            refused: BTreeMap::new(),
            heard_at: None,
            is_gap_told: false,
            halted: BTreeSet::new(),
        }
    }

    fn message(&mut self, message: DataMessage, now: Timestamp, output: &mut Output) -> Verdict {
        match message {
            DataMessage::Connected => {
                if self.phase == Phase::Greeting {
                    self.phase = Phase::Login;
                    let (id, secret) = (self.keys.expose_id(), self.keys.expose_secret());
                    output.frames.push(self.encoding.authenticate(id, secret));
                }
            }
            DataMessage::Authenticated => {
                self.phase = Phase::Open;
                let wanted = self.wanted.clone();
                self.ask(&wanted, output);
                self.settle(now, output);
            }
            DataMessage::Subscribed(all) => {
                self.confirmed = all;
                self.asked.pop_front();
                self.settle(now, output);
            }
            DataMessage::Error { code, message } => return self.error(code, &message, now, output),
            DataMessage::Trade(tick) => self.data(Some(Push::Tick(tick)), now, output),
            DataMessage::Quote(quote) => self.data(Some(Push::Quote(quote)), now, output),
            DataMessage::Bar(bar) | DataMessage::UpdatedBar(bar) => {
                self.data(Some(Push::Bar(Interval::Minute, bar)), now, output);
            }
            DataMessage::DailyBar(bar) => {
                self.data(Some(Push::Bar(Interval::Day, bar)), now, output);
            }
            DataMessage::Status(notice) => {
                let push = self.status(notice);
                self.data(push, now, output);
            }
            // Real volume, but no price; bars have it where it belongs.
            DataMessage::Aside(_) => self.data(None, now, output),
            DataMessage::Luld(band) => self.data(Some(Push::Band(band.band())), now, output),
            DataMessage::Correction(wrong) => {
                self.data(Some(Push::Correction(wrong.correction())), now, output);
            }
            DataMessage::Cancelled(wrong) => {
                self.data(Some(Push::Correction(wrong.correction())), now, output);
            }
        }
        Verdict::Continue
    }

    /// Hands data on, the gap before it first.
    fn data(&mut self, push: Option<Push>, now: Timestamp, output: &mut Output) {
        if self.phase != Phase::Open {
            return;
        }
        self.tell_gap(output);
        self.heard_at = Some(now);
        self.watchdog.heard(now);
        if matches!(self.link.state(), LinkState::Stale) {
            self.link.tell(LinkInput::Data, &mut output.pushes);
        }
        output.pushes.extend(push);
    }

    /// Says once a connection since when data is missing.
    fn tell_gap(&mut self, output: &mut Output) {
        if !self.is_gap_told {
            self.is_gap_told = true;
            if let Some(since) = self.heard_at {
                output.pushes.push(Push::MarketResumed { since });
            }
        }
    }

    /// A change of a stock's status; short sale restrictions do not end a halt.
    fn status(&mut self, notice: HaltNotice) -> Option<Push> {
        let change = notice.change()?;
        match change.status {
            TradingStatus::Halted | TradingStatus::LuldPaused => {
                self.halted.insert(change.symbol);
            }
            TradingStatus::Trading => {
                self.halted.remove(&change.symbol);
            }
            TradingStatus::ShortSaleRestricted if self.halted.contains(&change.symbol) => {
                return None;
            }
            TradingStatus::ShortSaleRestricted => {}
        }
        Some(Push::Status(change))
    }

    /// Asks for symbols, channel by channel.
    fn ask(&mut self, wanted: &Subscriptions, output: &mut Output) {
        for (channel, symbols) in wanted {
            let symbols: Vec<String> = symbols.iter().cloned().collect();
            for some in symbols.chunks(SYMBOLS_PER_REQUEST) {
                output.frames.push(self.encoding.subscribe(*channel, some));
                self.asked.push_back(*channel);
            }
        }
    }

    /// When no answer is owed any more, the link is up as far as anything is confirmed.
    fn settle(&mut self, now: Timestamp, output: &mut Output) {
        if self.phase != Phase::Open || !self.asked.is_empty() {
            return;
        }
        let wants_nothing = self.wanted.values().all(BTreeSet::is_empty);
        // Prices without prints or quotes look well and are not: a refusal of either keeps
        // the link from being up, that of a lesser channel is only said.
        let has_something = self.confirmed.values().any(|symbols| !symbols.is_empty())
            && !self.refused.keys().any(|channel| channel.is_lively());
        if !matches!(self.link.state(), LinkState::Syncing { .. }) {
            self.watch(now);
        } else if wants_nothing || has_something {
            self.tell_gap(output);
            self.heard_at.get_or_insert(now);
            self.link.tell(LinkInput::Synced, &mut output.pushes);
            self.watch(now);
        }
        let missing = self.unconfirmed();
        if !missing.is_empty() {
            tracing::warn!(?missing, "the venue did not confirm all that was asked for");
        }
    }

    /// Silence means something only where a lively channel is confirmed.
    fn watch(&mut self, now: Timestamp) {
        let is_lively = |(channel, symbols): (&Channel, &BTreeSet<String>)| {
            channel.is_lively() && !symbols.is_empty()
        };
        if self.confirmed.iter().any(is_lively) {
            self.watchdog.arm(now);
        } else {
            self.watchdog.disarm();
        }
    }

    /// The codes of protocol page §7.1.
    fn error(&mut self, code: u64, words: &str, now: Timestamp, output: &mut Output) -> Verdict {
        let said = || Lost::because(format!("the venue says {code} {words}"));
        match code {
            // A symbol it cannot read, too many symbols, a channel it does not have: the
            // request is refused whole and the old set stays.
            400 | 405 | 410 if self.phase == Phase::Open => {
                if let Some(channel) = self.asked.pop_front() {
                    self.refused.insert(channel, format!("{code} {words}"));
                }
                self.settle(now, output);
                Verdict::Continue
            }
            402 => Verdict::Stop(StopReason::KeysRefused),
            // Already authenticated: so be it.
            403 => Verdict::Continue,
            406 => Verdict::Reconnect(Lost { is_crowded: true, ..said() }),
            // We read too slowly; it may disconnect us, or not.
            407 => {
                tracing::warn!("the venue says that we read too slowly");
                Verdict::Continue
            }
            408 => Verdict::Stop(StopReason::NotServed(format!("{code} {words}"))),
            409 => Verdict::Stop(StopReason::PlanTooSmall),
            411 => Verdict::Stop(StopReason::ScopeTooSmall),
            _ => Verdict::Reconnect(said()),
        }
    }
}

impl Session for DataSession {
    type Counts = DecodeCounts;
    type Wish = Subscriptions;

    fn dialling(&mut self, output: &mut Output) {
        self.link.tell(LinkInput::Dial, &mut output.pushes);
    }

    fn connected(&mut self, output: &mut Output) {
        self.phase = Phase::Greeting;
        self.confirmed.clear();
        self.asked.clear();
        self.refused.clear();
        self.is_gap_told = false;
        self.link.tell(LinkInput::Connected, &mut output.pushes);
    }

    fn frame(&mut self, frame: Frame<'_>, now: Timestamp, output: &mut Output) -> Verdict {
        let mut decoder = self.decoder;
        let unusable = decoder.counts().unusable();
        let mut verdict = Verdict::Continue;
        let each = |message| {
            if verdict == Verdict::Continue {
                verdict = self.message(message, now, output);
            }
        };
        let read = match frame {
            Frame::Text(text) => decoder.json(text.as_bytes(), each),
            // No frame of MessagePack begins with a bracket: that byte is a number there.
            Frame::Binary(bytes @ [b'[', ..]) => decoder.json(bytes, each),
            Frame::Binary(bytes) => decoder.msgpack(bytes, each),
        };
        if let Err(error) = read {
            tracing::warn!(%error, "the rest of a frame of market data is lost");
        }
        // What cannot be used is still a sign that the connection lives.
        if decoder.counts().unusable() > unusable {
            self.watchdog.heard(now);
        }
        self.decoder = decoder;
        verdict
    }

    fn check(&mut self, now: Timestamp, output: &mut Output) -> Verdict {
        if self.link.state().is_up() && self.watchdog.is_stale(now) {
            self.link.tell(LinkInput::Silence, &mut output.pushes);
        }
        if !self.watchdog.is_silent(now) {
            return Verdict::Continue;
        }
        Verdict::Reconnect(Lost::because("open but silent while the market is open"))
    }

    fn want(&mut self, more: &Subscriptions, output: &mut Output) {
        let mut added = Subscriptions::new();
        for (channel, symbols) in more {
            let wanted = self.wanted.entry(*channel).or_default();
            let new = symbols.iter().filter(|symbol| wanted.insert((*symbol).clone()));
            let new: BTreeSet<String> = new.cloned().collect();
            if !new.is_empty() {
                added.insert(*channel, new);
            }
        }
        // Before that, all that is wanted is asked for once the keys are taken.
        if self.phase == Phase::Open {
            self.ask(&added, output);
        }
    }

    fn lost(&mut self, output: &mut Output) {
        self.phase = Phase::Greeting;
        self.asked.clear();
        self.watchdog.disarm();
        self.link.tell(LinkInput::Lost, &mut output.pushes);
    }

    fn is_waiting(&self) -> bool {
        self.phase != Phase::Open || !self.asked.is_empty()
    }

    fn link(&self) -> LinkState {
        self.link.state()
    }

    fn unconfirmed(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (channel, symbols) in &self.wanted {
            let confirmed = self.confirmed.get(channel);
            let has = |symbol: &str| confirmed.is_some_and(|all| all.contains(symbol));
            let why = self.refused.get(channel).map(|why| format!(": {why}")).unwrap_or_default();
            let lacking = symbols.iter().filter(|symbol| !has("*") && !has(symbol));
            missing.extend(lacking.map(|symbol| format!("{} of {symbol}{why}", channel.name())));
        }
        missing
    }

    fn counts(&self) -> DecodeCounts {
        self.decoder.counts()
    }
}
