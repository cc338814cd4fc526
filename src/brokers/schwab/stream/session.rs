//! The conversation with the streamer, without its socket.
//!
//! Login first, and nothing before its answer; then one subscription a service. Market
//! data goes on as it comes. News of orders is a wake-up and nothing more: the calls
//! are the book of record, so each says that orders must be read, at most so often.
//! Schwab, protocol page §5 of November 2026, with its table of codes in §5.4.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::counts::StreamCounts;
use super::frame::{self, Code, Data, Response};
use super::market::Market;
use super::preference::{PreferenceError, Preferences, StreamerInfo};
use super::request::{self, Command, Detail, Request, Service};
use super::wish::Wish;
use crate::brokers::Push;
use crate::brokers::schwab::token::{AccessToken, AccessTokens};
use crate::brokers::stream::StopReason;
use crate::brokers::stream::link::Link;
use crate::brokers::stream::session::{Frame, Lost, Output, Session, Verdict};
use crate::brokers::stream::socket::{DialError, Endpoint};
use crate::brokers::stream::watchdog::Watchdog;
use crate::bus::clock::Stopwatch;
use crate::domain::calendar::MarketHours;
use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;
use crate::fsm::link::{LinkInput, LinkState};

/// Any key will do for the account's activity; it is only echoed.
const ACTIVITY_KEY: &str = "Account Activity";
/// The least time between two wake-ups: an order's life is half a dozen messages within
/// a second, and each wake-up costs calls of which a minute has 120.
const WAKES_APART: Duration = Duration::from_secs(2);
/// Without a token nothing is asked of Schwab, so looking for one costs nothing.
const TOKEN_WAIT: Duration = Duration::from_secs(5);
/// Logins in a row that are refused since another connection exists; more is fighting.
const CROWDED_MAX: u32 = 3;
/// The wait after such a refusal: our own dead connection is then forgotten.
const CROWDED_WAIT: Duration = Duration::from_secs(45);

/// How far the conversation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The login is sent, or not yet.
    Login,
    /// The login is taken.
    Open,
}

/// What a session is told once.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) market_feed: &'static str,
    pub(super) orders_feed: &'static str,
    pub(super) symbols: BTreeSet<Symbol>,
    pub(super) detail: Detail,
    pub(super) hours: MarketHours,
    pub(super) frame_silence_max: SignedDuration,
    pub(super) data_silence_max: SignedDuration,
}

/// The pure half of the streamer, but for the token and the address that it fetches
/// before a dial.
#[derive(Debug)]
pub(super) struct StreamSession {
    tokens: Arc<dyn AccessTokens>,
    preferences: Preferences,
    market: Link,
    orders: Link,
    phase: Phase,
    book: Market,
    detail: Detail,
    /// For this dial.
    login: Option<(StreamerInfo, AccessToken)>,
    /// The token that the last login was refused with.
    refused_token: Option<AccessToken>,
    /// Logins in a row that were refused since another connection exists.
    crowded: u32,
    /// The number of the next request.
    next: u64,
    /// Requests whose answer is owed.
    asked: BTreeMap<u64, Request>,
    /// Refused once and to be asked again, one at a time.
    again: Vec<Request>,
    /// Why a service is not served on this connection.
    refused: BTreeMap<Service, String>,
    /// Any frame.
    frames: Watchdog,
    /// Data alone: heartbeats may go on while it is dead.
    data: Watchdog,
    /// Since the last wake-up.
    woken: Option<Stopwatch>,
    is_wake_due: bool,
    counts: StreamCounts,
}

impl StreamSession {
    /// Makes a session that has not been dialled.
    pub(super) fn new(
        terms: Terms,
        tokens: Arc<dyn AccessTokens>,
        preferences: Preferences,
    ) -> Self {
        Self {
            tokens,
            preferences,
            market: Link::new(terms.market_feed),
            orders: Link::new(terms.orders_feed),
            phase: Phase::Login,
            book: Market::new(terms.symbols),
            detail: terms.detail,
            login: None,
            refused_token: None,
            crowded: 0,
            next: 0,
            asked: BTreeMap::new(),
            again: Vec::new(),
            refused: BTreeMap::new(),
            frames: Watchdog::new(terms.hours, terms.frame_silence_max),
            data: Watchdog::new(terms.hours, terms.data_silence_max),
            woken: None,
            is_wake_due: false,
            counts: StreamCounts::default(),
        }
    }

    /// Notes who we are at the next dial.
    pub(super) fn prepared(&mut self, info: StreamerInfo, token: AccessToken) {
        self.login = Some((info, token));
    }

    /// A token for the next login.
    async fn token(&mut self) -> Result<AccessToken, DialError> {
        let token = match self.refused_token.take() {
            Some(refused) => self.tokens.renew_after_401(&refused).await,
            None => self.tokens.access().await,
        };
        token.map_err(|error| DialError::Again(Lost::because(error.to_string()), TOKEN_WAIT))
    }

    /// Tells both links.
    fn tell(&mut self, input: LinkInput, output: &mut Output) {
        self.market.tell(input, &mut output.pushes);
        self.orders.tell(input, &mut output.pushes);
    }

    fn ask(&mut self, request: Request, output: &mut Output) {
        let Some((info, _)) = &self.login else { return };
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        output.frames.push(request::subscription(number, info, &request));
        self.asked.insert(number, request);
    }

    /// Asks for stocks on both services of the market.
    fn ask_for(&mut self, command: Command, symbols: &BTreeSet<Symbol>, output: &mut Output) {
        if symbols.is_empty() || self.phase != Phase::Open {
            return;
        }
        let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
        let (keys, detail) = (names.join(","), self.detail);
        // Bars first: a gap is filled with bars of the past.
        for service in [Service::Chart, Service::LevelOne] {
            self.ask(Request { service, command, keys: keys.clone(), detail }, output);
        }
    }

    fn response(&mut self, response: &Response<'_>, now: Timestamp, out: &mut Output) -> Verdict {
        let Code { code, msg } = &response.content;
        if Service::named(&response.service) == Some(Service::Admin) {
            if response.command != "LOGIN" || self.phase == Phase::Open {
                return self.notice(&response.content);
            }
            return match code {
                0 => {
                    self.opened(now, out);
                    Verdict::Continue
                }
                3 => {
                    self.refused_token = self.login.take().map(|(_, token)| token);
                    Verdict::Reconnect(said(*code, msg))
                }
                _ => self.notice(&response.content),
            };
        }
        let number = response.requestid.map(|number| number.0);
        let Some(request) = number.and_then(|number| self.asked.remove(&number)) else {
            return self.notice(&response.content);
        };
        let service = request.service;
        match code {
            0 | 26..=29 => {
                self.refused.remove(&service);
                self.confirmed(&request, out);
            }
            // One more try, by itself; then it is refused.
            22..=25 if !self.refused.contains_key(&service) => {
                self.refused.insert(service, format!("{code} {}", cleaned(msg)));
                self.again.push(request);
            }
            // Some keys were dropped, the service or the request is not taken: what was
            // served before goes on.
            11 | 19 | 21..=25 => {
                tracing::warn!(service = service.name(), code, "not all is served");
                self.refused.insert(service, format!("{code} {}", cleaned(msg)));
            }
            _ => return self.notice(&response.content),
        }
        self.settle(now, out);
        Verdict::Continue
    }

    /// A code that ends the connection, or means nothing.
    fn notice(&mut self, content: &Code) -> Verdict {
        let Code { code, msg } = content;
        match code {
            0 | 11 | 19 | 21..=29 => Verdict::Continue,
            12 if self.phase == Phase::Open => Verdict::Stop(StopReason::TakenOver),
            12 => {
                // Perhaps it is our own connection of before, which is not known to be dead.
                self.crowded += 1;
                if self.crowded >= CROWDED_MAX {
                    return Verdict::Stop(StopReason::TakenOver);
                }
                Verdict::Reconnect(Lost { is_crowded: true, ..said(*code, msg) })
            }
            _ => Verdict::Reconnect(said(*code, msg)),
        }
    }

    fn opened(&mut self, now: Timestamp, output: &mut Output) {
        self.phase = Phase::Open;
        self.crowded = 0;
        let request = Request {
            service: Service::Activity,
            command: Command::Subs,
            keys: ACTIVITY_KEY.to_owned(),
            detail: self.detail,
        };
        self.ask(request, output);
        let symbols = self.book.symbols().clone();
        self.ask_for(Command::Subs, &symbols, output);
        self.frames.arm(now);
    }

    /// A request is done.
    fn confirmed(&mut self, request: &Request, output: &mut Output) {
        if request.service == Service::Activity {
            // What happened before was not seen. Before the link is up, so that nobody
            // acts on it first.
            self.wake(output);
            self.orders.tell(LinkInput::Synced, &mut output.pushes);
        }
    }

    /// Asks the next thing again, or is done: then the market's link is up, as far as
    /// anything is served.
    fn settle(&mut self, now: Timestamp, output: &mut Output) {
        if !self.asked.is_empty() {
            return;
        }
        if let Some(request) = self.again.pop() {
            self.ask(request, output);
            return;
        }
        let is_served =
            !self.refused.contains_key(&Service::LevelOne) || self.book.symbols().is_empty();
        if is_served && matches!(self.market.state(), LinkState::Syncing { .. }) {
            self.book.synced(now, output);
            self.market.tell(LinkInput::Synced, &mut output.pushes);
        }
        if is_served && !self.book.symbols().is_empty() {
            self.data.arm(now);
        }
    }

    fn data(&mut self, data: &Data<'_>, now: Timestamp, out: &mut Output) -> Result<(), String> {
        let sent_at = data.timestamp.map_or(now, frame::instant);
        match Service::named(&data.service) {
            Some(Service::Activity) => {
                // Whatever it says, and however: it may be prose.
                self.counts.activities += 1;
                self.is_wake_due = true;
                self.wake_when_due(out);
            }
            Some(service @ (Service::LevelOne | Service::Chart)) => {
                let items = frame::items(data.content)?;
                self.book.heard(now, out);
                self.data.heard(now);
                for item in &items {
                    self.book.item((service, sent_at), item, &mut self.counts, out);
                }
            }
            Some(Service::Admin) | None => {}
        }
        Ok(())
    }

    fn wake(&mut self, output: &mut Output) {
        self.is_wake_due = false;
        self.woken = Some(Stopwatch::start());
        self.counts.wakes += 1;
        output.pushes.push(Push::OrdersResumed);
    }

    fn wake_when_due(&mut self, output: &mut Output) {
        let is_free = self.woken.is_none_or(|since| since.elapsed() >= WAKES_APART);
        if self.is_wake_due && is_free {
            self.wake(output);
        }
    }
}

fn said(code: u32, msg: &str) -> Lost {
    Lost::because(format!("the streamer says {code} {}", cleaned(msg)))
}

/// The streamer's words, cut, without what a terminal would obey.
fn cleaned(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(120).collect()
}

impl Session for StreamSession {
    type Counts = StreamCounts;
    type Wish = Wish;

    async fn prepare(&mut self, endpoint: &mut Endpoint) -> Result<(), DialError> {
        let token = self.token().await?;
        let info = match self.preferences.ask(&token).await {
            Ok(info) => info,
            Err(PreferenceError::Unauthorized) => {
                self.refused_token = Some(token);
                let lost =
                    Lost::because("Schwab answers 401 to the question where the streamer is");
                return Err(DialError::Again(lost, Duration::ZERO));
            }
            Err(PreferenceError::Other(what)) => {
                return Err(DialError::Again(Lost::because(what), Duration::ZERO));
            }
        };
        endpoint.url.clone_from(&info.url);
        self.prepared(info, token);
        // A refusal for too many connections takes longer to pass than others.
        if self.crowded > 0 {
            tokio::time::sleep(CROWDED_WAIT).await;
        }
        Ok(())
    }

    fn worth_dialling(&self) -> impl Future<Output = ()> + Send + 'static {
        self.tokens.handed_out_again()
    }

    fn dialling(&mut self, output: &mut Output) {
        self.tell(LinkInput::Dial, output);
    }

    fn connected(&mut self, output: &mut Output) {
        self.phase = Phase::Login;
        self.asked.clear();
        self.again.clear();
        self.refused.clear();
        self.book.reconnected();
        self.tell(LinkInput::Connected, output);
        if let Some((info, token)) = &self.login {
            output.frames.push(request::login(self.next, info, token));
            self.next = self.next.wrapping_add(1);
        }
    }

    fn frame(&mut self, frame: Frame<'_>, now: Timestamp, output: &mut Output) -> Verdict {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        };
        self.frames.heard(now);
        let frame = match frame::read(text) {
            Ok(frame) => frame,
            Err(what) => {
                self.counts.unreadable += 1;
                return Verdict::Reconnect(Lost::because(what));
            }
        };
        for response in &frame.response {
            match self.response(response, now, output) {
                Verdict::Continue => {}
                ended @ (Verdict::Reconnect(_) | Verdict::Stop(_)) => return ended,
            }
        }
        for notice in &frame.notify {
            if notice.heartbeat.is_some() {
                self.counts.heartbeats += 1;
            }
            match notice.content.as_ref().map(|content| self.notice(content)) {
                Some(ended @ (Verdict::Reconnect(_) | Verdict::Stop(_))) => return ended,
                Some(Verdict::Continue) | None => {}
            }
        }
        for data in &frame.data {
            if let Err(what) = self.data(data, now, output) {
                self.counts.unreadable += 1;
                return Verdict::Reconnect(Lost::because(what));
            }
        }
        Verdict::Continue
    }

    fn check(&mut self, now: Timestamp, output: &mut Output) -> Verdict {
        if self.tokens.are_held() {
            // The socket was opened by a token that must not be used any more.
            return Verdict::Reconnect(Lost::because("the login waits for the operator's reset"));
        }
        self.wake_when_due(output);
        let (frames, data) = (self.frames.is_silent(now), self.data.is_silent(now));
        if !frames && !data {
            return Verdict::Continue;
        }
        let what = if frames { "no frame of any kind" } else { "heartbeats, but no data" };
        self.market.tell(LinkInput::Silence, &mut output.pushes);
        Verdict::Reconnect(Lost::because(format!("{what} while the market is open")))
    }

    fn want(&mut self, wish: &Wish, output: &mut Output) {
        match wish {
            Wish::Add(symbols) => {
                let new = self.book.add(symbols);
                self.ask_for(Command::Add, &new, output);
            }
            Wish::Drop(symbols) => {
                let old = self.book.drop(symbols);
                self.ask_for(Command::Unsubs, &old, output);
            }
            Wish::Show(detail) if *detail != self.detail => {
                self.detail = *detail;
                if self.phase == Phase::Open && !self.book.symbols().is_empty() {
                    let (service, command) = (Service::LevelOne, Command::View);
                    let keys = String::new();
                    self.ask(Request { service, command, keys, detail: *detail }, output);
                }
            }
            Wish::Show(_) => {}
        }
    }

    fn lost(&mut self, output: &mut Output) {
        self.phase = Phase::Login;
        self.login = None;
        self.asked.clear();
        self.again.clear();
        self.frames.disarm();
        self.data.disarm();
        self.tell(LinkInput::Lost, output);
    }

    fn leaving(&mut self, output: &mut Output) {
        if let (Phase::Open, Some((info, _))) = (self.phase, &self.login) {
            output.frames.push(request::logout(self.next, info));
        }
    }

    fn is_waiting(&self) -> bool {
        self.phase != Phase::Open || !self.asked.is_empty()
    }

    fn link(&self) -> LinkState {
        self.market.state()
    }

    fn unconfirmed(&self) -> Vec<String> {
        let refused = self.refused.iter().map(|(service, why)| {
            let what = match service {
                Service::LevelOne => "quotes",
                Service::Chart => "bars",
                Service::Activity => "news of orders",
                Service::Admin => "login",
            };
            format!("{what}: {why}")
        });
        refused.chain(self.book.silent().map(|symbol| format!("quotes of {symbol}"))).collect()
    }

    fn counts(&self) -> StreamCounts {
        self.counts
    }
}
