//! The whole house over real sockets on loopback: a simulated Alpaca, the client, both
//! streams, the gateway, the spine with five agents, a journal on disk.
//!
//! The clock stands until the test moves it, every stock is pinned to the price at
//! which its setup waits, and everything that is waited for has a bound. What the
//! house says is compared with the server's own ledger.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::agents::risk_management::Approval;
use flightdeck::app::People;
use flightdeck::app::schwab::SchwabSetting;
use flightdeck::app::second::SecondSource;
use flightdeck::app::wire::{House, Setting, WireOptions};
use flightdeck::brokers::alpaca::{AccountKind, AlpacaConfig, ApiKeys};
use flightdeck::brokers::sim::exchange::Order;
use flightdeck::brokers::sim::server::{
    Fault, FaultOrder, Pace, Pin, ServerConfig, ServerState, Shared, World, WorldSetup, open, serve,
};
use flightdeck::bus::Tap;
use flightdeck::bus::clock::StepWatch;
use flightdeck::config::Config;
use flightdeck::domain::command::{Approve, Flatten, OperatorCommand, Reason, ResetBreaker};
use flightdeck::domain::ids::{AgentId, TradeId};
use flightdeck::domain::market::{MarketStep, Tick};
use flightdeck::domain::money::Money;
use flightdeck::domain::order::Side;
use flightdeck::domain::position::{Direction, Position};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, FeedEvent, MarketEvent, RequestEvent, TradeEvent};
use flightdeck::risk::AccountMode;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::cockpit::{
    Data, START, dollars, history, in_words, is_told, price, rules, shares, symbol,
};

/// No healthy house takes longer for anything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time moves in steps of at most so many seconds, each of them heard of.
const STRIDE: i64 = 5;

/// A stock of the test, and the price at which its setup waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed {
    name: &'static str,
    at: &'static str,
}

/// A stock whose setup waits at a price, and whose entry fills there.
pub(crate) const fn listed(name: &'static str, at: &'static str) -> Listed {
    Listed { name, at }
}

impl Listed {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        self.name
    }

    fn pin(self) -> Pin {
        let at = price(self.at);
        Pin { bid: at.plus(Money::from_cents(-1)).unwrap(), ask: at, last: at }
    }
}

fn set_up(stocks: &[Listed]) -> WorldSetup {
    WorldSetup {
        seed: 5,
        start: Timestamp::from_seconds(START),
        symbols: stocks.iter().map(|stock| symbol(stock.name)).collect(),
        opening_cash: dollars("100000.00"),
    }
}

fn unlimited() -> ServerConfig {
    ServerConfig { requests_per_minute: 10_000, ..ServerConfig::default() }
}

/// The broker's side: it goes on when a house ends.
pub(crate) struct Market {
    pub(crate) state: Shared,
    pub(crate) base: String,
    listed: Vec<Listed>,
    _stop: DropGuard,
}

impl Market {
    /// Opens at [`START`], each stock with quiet minutes behind it that end in a setup.
    pub(crate) async fn open(stocks: &[Listed]) -> Self {
        Self::serve(open(&set_up(stocks), Pace::Manual, unlimited()).unwrap(), stocks).await
    }

    /// Opens another market of the same stocks on the clock of this one.
    pub(crate) async fn beside(&self) -> Self {
        let world = World::new(&set_up(&self.listed)).unwrap();
        let state = ServerState::new(world, self.state.clock.clone(), unlimited());
        Self::serve(Arc::new(state), &self.listed).await
    }

    async fn serve(state: Shared, stocks: &[Listed]) -> Self {
        state.with_world(|world| {
            let until = Timestamp::from_seconds(START + 60);
            for stock in stocks {
                let of = symbol(stock.name);
                let past = history(of, price(stock.at), Direction::Long, until);
                world.set_past(of, &past).unwrap();
                world.pin(of, stock.pin()).unwrap();
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, state.clone(), stop.clone()));
        Self { state, base, listed: stocks.to_vec(), _stop: stop.drop_guard() }
    }

    /// Sets the price of a stock.
    pub(crate) fn pin(&self, of: &str, bid: &str, ask: &str, last: &str) {
        let pin = Pin { bid: price(bid), ask: price(ask), last: price(last) };
        self.state.with_world(|world| world.pin(symbol(of), pin)).unwrap();
    }

    /// Lets time pass with no house there to hear of it.
    pub(crate) fn pass(&self, seconds: i64) {
        self.state.clock.advance(SignedDuration::from_secs(seconds));
        self.state.with_world(|_| ());
    }

    /// So many shares change hands at once, which makes the minute a busy one.
    pub(crate) fn surge(&self, of: &str, number: u64) {
        self.state.with_world(|world| {
            let last = world.last_price(symbol(of)).unwrap();
            let (size, at) = (shares(number), world.now());
            let ticks = vec![Tick { symbol: symbol(of), price: last, size, at }];
            world.play(MarketStep { ticks, ..MarketStep::default() });
        });
    }

    /// New orders meet a fault so many times.
    pub(crate) fn orders_meet(&self, fault: Fault, count: u32) {
        let variant = Some("orders".to_owned());
        self.state.faults.arm(fault, FaultOrder { variant, ..FaultOrder::times(count) });
    }

    /// How many more times new orders would meet a fault.
    pub(crate) fn still_armed(&self, fault: Fault) -> u32 {
        self.state.faults.armed(fault).map_or(0, |armed| armed.count)
    }

    // --- the exchange's own ledger ------------------------------------------

    /// What the exchange holds for us in a stock.
    pub(crate) fn held(&self, of: &str) -> Option<Position> {
        let positions = self.state.with_world(|world| world.exchange().positions());
        positions.into_iter().map(|view| view.position).find(|held| held.symbol == symbol(of))
    }

    /// Working orders in words, oldest first: `sell 5 stop 166.72`.
    pub(crate) fn resting(&self) -> Vec<String> {
        self.state.with_world(|world| {
            world
                .exchange()
                .working()
                .into_iter()
                .map(Order::report)
                .map(|r| in_words(&r))
                .collect()
        })
    }

    /// Waits until exactly these orders work; the ledger is looked at again and again.
    pub(crate) async fn until_resting(&self, expected: &[&str]) {
        let looked = async {
            while self.resting() != expected {
                tokio::task::yield_now().await;
            }
        };
        let is_in_time = tokio::time::timeout(PATIENCE, looked).await.is_ok();
        assert!(is_in_time, "{:?} should rest, and {:?} do", expected, self.resting());
    }

    /// Every order that there has been, as stock and side, oldest first.
    pub(crate) fn orders(&self) -> Vec<(String, Side)> {
        self.state.with_world(|world| {
            let reports = world.exchange().orders().into_iter().map(Order::report);
            reports.map(|report| (report.symbol.to_string(), report.side)).collect()
        })
    }

    /// Cash of the account.
    pub(crate) fn cash(&self) -> Money {
        self.state.with_world(|world| world.exchange().account().cash)
    }

    /// What the account may still buy for.
    pub(crate) fn buying_power(&self) -> Money {
        self.state.with_world(|world| world.exchange().account().buying_power)
    }

    /// Everything that orders have done so far.
    pub(crate) fn executions(&self) -> usize {
        self.state.with_world(|world| world.executions().count())
    }
}

/// Collects every envelope where the test can see it.
struct Recorder(watch::Sender<usize>, Arc<Mutex<Vec<Envelope>>>);

impl Tap for Recorder {
    fn see(&mut self, envelope: &Envelope) {
        let mut seen = self.1.lock().unwrap();
        seen.push(envelope.clone());
        let count = seen.len();
        drop(seen);
        self.0.send_replace(count);
    }
}

/// A house that trades on a [`Market`].
pub(crate) struct Wired {
    house: House,
    state: Shared,
    watched: &'static str,
    count: watch::Receiver<usize>,
    seen: Arc<Mutex<Vec<Envelope>>>,
}

/// The same, and every trade waits for the operator, so that an entry leaves when the
/// test says so.
pub(crate) fn by_hand() -> Config {
    let mut config = wire_rules();
    config.account.approval = Approval::Manual;
    config.account.approval_seconds = 3_600;
    config
}

/// The rules of the golden trade over a wire.
pub(crate) fn wire_rules() -> Config {
    let mut config = rules();
    config.alpaca.requests_per_minute = 1_000;
    config
}

impl Market {
    /// As a source of data beside another broker.
    pub(crate) fn alpaca(&self) -> SecondSource {
        let Setting { account, keys, .. } = self.setting(&self.base);
        SecondSource::Alpaca { account: Box::new(account), keys }
    }

    fn setting(&self, base: &str) -> Setting {
        let base: url::Url = base.parse().unwrap();
        let kind = AccountKind::Simulated { trading: base.clone(), data: base };
        Setting {
            mode: AccountMode::Paper,
            account: AlpacaConfig::new(kind),
            keys: ApiKeys::new("PKTEST".to_owned().into(), "hidden".to_owned().into()).unwrap(),
            clock: self.state.clock.clone(),
            symbols: self.listed.iter().map(|stock| symbol(stock.name)).collect(),
            speed: 1,
        }
    }
}

/// A house that is about to be opened.
struct Opening {
    options: WireOptions,
    sender: watch::Sender<usize>,
    count: watch::Receiver<usize>,
    seen: Arc<Mutex<Vec<Envelope>>>,
}

impl Opening {
    fn among(people: People, journal: &tempfile::TempDir) -> Self {
        let journal = journal.path().join("journal.sqlite");
        let options = WireOptions { journal, people, ..WireOptions::default() };
        let (sender, count) = watch::channel(0);
        Self { options, sender, count, seen: Arc::default() }
    }

    fn parts(&self) -> (WireOptions, Box<dyn io::Write + Send>, Vec<Box<dyn Tap>>) {
        let recorder = Recorder(self.sender.clone(), self.seen.clone());
        (self.options.clone(), Box::new(io::sink()), vec![Box::new(recorder)])
    }

    fn wired(self, house: House, market: &Market) -> Wired {
        let (state, watched) = (market.state.clone(), market.listed[0].name);
        Wired { house, state, watched, count: self.count, seen: self.seen }
    }

    /// Waits until so many streams run and the account is known.
    async fn settled(self, house: House, market: &Market, links: usize) -> Wired {
        self.wired(house, market).settled(links).await
    }
}

impl Wired {
    async fn settled(self, links: usize) -> Self {
        let wired = self;
        wired.until("all streams run", |seen| {
            let up = |e: &&Envelope| {
                matches!(&e.event, Event::Feed(FeedEvent::Link(link) | FeedEvent::SecondLink(link))
                    if link.state.name() == "UP")
            };
            seen.iter().filter(up).count() >= links
        })
        .await;
        for name in ["feed.history.received", "venue.orders.reported", "venue.account.reported"] {
            wired.wait_for(name).await;
        }
        // The first quotes: pinned stocks speak once a second.
        wired.advance(1).await;
        wired
    }
}

impl Wired {
    /// Opens a house and waits until both streams run and the account is known.
    pub(crate) async fn open(
        market: &Market,
        config: &Config,
        journal: &tempfile::TempDir,
    ) -> Self {
        Self::open_at(market, &market.base, config, journal).await
    }

    /// Opens a house that reaches the broker by another address, such as a proxy's.
    pub(crate) async fn open_at(
        market: &Market,
        base: &str,
        config: &Config,
        journal: &tempfile::TempDir,
    ) -> Self {
        Self::open_among(People::default(), (market, base), config, journal).await
    }

    /// Opens a house with people around it.
    pub(crate) async fn open_among(
        people: People,
        (market, base): (&Market, &str),
        config: &Config,
        journal: &tempfile::TempDir,
    ) -> Self {
        Self::open_with(people, (market, base, None), config, journal).await
    }

    /// Opens a house that reaches the broker by a primary and a backup address.
    pub(crate) async fn open_by_two(
        market: &Market,
        (base, backup): (&str, &str),
        config: &Config,
        journal: &tempfile::TempDir,
    ) -> Self {
        let people = People::default();
        Self::open_with(people, (market, base, Some(backup)), config, journal).await
    }

    async fn open_with(
        people: People,
        (market, base, backup): (&Market, &str, Option<&str>),
        config: &Config,
        journal: &tempfile::TempDir,
    ) -> Self {
        config.validate().unwrap();
        let mut setting = market.setting(base);
        setting.account.backup = backup.map(|address| address.parse().unwrap());
        let house = Opening::among(people, journal);
        let (options, out, taps) = house.parts();
        let opened = House::open(config, &options, setting, out, taps).await.unwrap();
        house.settled(opened, market, 2).await
    }

    /// Opens a house on this market with a second broker that is read for its data, and
    /// waits until the streams of both run.
    pub(crate) async fn open_beside(
        (market, second): (&Market, SecondSource),
        config: &Config,
        journal: &tempfile::TempDir,
    ) -> Self {
        let (setting, second) = (market.setting(&market.base), Some(second));
        let house = Opening::among(People::default(), journal);
        let (options, out, taps) = house.parts();
        let opened = House::open_beside(config, &options, setting, second, (out, taps));
        house.settled(opened.await.unwrap(), market, 4).await
    }

    /// Opens a house whose orders go to Schwab's face of this market, if anywhere.
    pub(crate) async fn open_schwab(
        (market, setting, second): (&Market, SchwabSetting, Option<SecondSource>),
        config: &Config,
        journal: &tempfile::TempDir,
    ) -> Self {
        let house = Opening::among(People::default(), journal);
        let (options, out, taps) = house.parts();
        let links = if second.is_some() { 4 } else { 2 };
        let opened = House::open_schwab(config, &options, setting, second, (out, taps));
        house.wired(opened.await.unwrap(), market).settled(links).await
    }

    /// Opens the same without waiting for anything, as after a start that is latched.
    pub(crate) async fn open_latched(
        (market, setting): (&Market, SchwabSetting),
        config: &Config,
        journal: &tempfile::TempDir,
    ) -> Self {
        let house = Opening::among(People::default(), journal);
        let (options, out, taps) = house.parts();
        let opened = House::open_schwab(config, &options, setting, None, (out, taps)).await;
        house.wired(opened.unwrap(), market)
    }

    /// Lets the house look at its clock.
    pub(crate) async fn look_at_clock(&self, steps: &mut StepWatch) {
        within("the clock is looked at", self.house.look_at_clock(steps)).await.unwrap();
    }

    /// Ends the house in order.
    pub(crate) async fn end(self) -> Vec<Envelope> {
        let seen = self.seen.clone();
        within("the house ends", self.house.end("stopped")).await.unwrap();
        seen.lock().unwrap().clone()
    }

    // --- time -----------------------------------------------------------------

    /// Lets time pass while the market speaks; the house hears all of it.
    pub(crate) async fn advance(&self, seconds: i64) {
        let mut left = seconds;
        while left > 0 {
            let stride = left.min(STRIDE);
            left -= stride;
            let now = self.jump(stride).await;
            self.until("the newest quote is heard", |seen| {
                seen.iter().rev().any(|e| {
                    matches!(&e.event, Event::Market(MarketEvent::Quote(quote))
                        if quote.symbol == symbol(self.watched) && quote.at >= now)
                })
            })
            .await;
        }
    }

    /// Lets time pass, however much, without waiting for the market.
    pub(crate) async fn jump(&self, seconds: i64) -> Timestamp {
        let now = self.state.clock.advance(SignedDuration::from_secs(seconds));
        self.state.with_world(|_| ());
        self.house.door().advance(now).await.unwrap();
        now
    }

    /// Lets time pass to the end of the minute, so that its bars are told.
    pub(crate) async fn end_minute(&self) {
        let mark = self.mark();
        let into = (self.state.now().as_nanos() / 1_000_000_000).rem_euclid(60);
        self.advance(60 - into).await;
        self.wait_since(mark, "market_data.bars.received").await;
    }

    /// Lets the setup of one stock happen.
    pub(crate) async fn setup(&self, market: &Market, of: &str) {
        market.surge(of, 2_000);
        self.end_minute().await;
    }

    // --- the operator -----------------------------------------------------------

    /// The operator presses a key.
    pub(crate) async fn press(&self, command: OperatorCommand) {
        within("a command is taken", self.house.command(command)).await.unwrap();
    }

    /// The operator halts.
    pub(crate) async fn kill(&self) {
        self.press(OperatorCommand::Kill(Reason { reason: "a test asked".into(), by: None })).await;
    }

    /// The operator closes one position.
    pub(crate) async fn flatten(&self, of: &str) {
        let (only, reason) = (Some(symbol(of)), "a test asked".into());
        self.press(OperatorCommand::Flatten(Flatten { symbol: only, reason, by: None })).await;
    }

    /// The operator lets the waiting trade of a stock go on.
    pub(crate) async fn approve(&self, of: &str) {
        let trade_id = self.trade(of);
        self.press(OperatorCommand::Approve(Approve { trade_id, by: None })).await;
    }

    /// Lets the setup of one stock happen, and its entry leave for a limit a cent below
    /// the market: it works without filling.
    pub(crate) async fn enter_below(&self, market: &Market, of: &str, at: &str) {
        let mark = self.mark();
        self.setup(market, of).await;
        self.wait_since(mark, "risk.approval.requested").await;
        let up = |cents| price(at).plus(Money::from_cents(cents)).unwrap().to_string();
        market.pin(of, &up(1), &up(2), &up(2));
        self.advance(1).await;
        self.approve(of).await;
    }

    /// Somebody asks something.
    pub(crate) async fn ask(&self, request: RequestEvent) {
        let asked = self.house.door().send_and_settle(self.state.now(), AgentId::Operator, request);
        within("a question is taken", asked).await.unwrap();
    }

    /// The operator resets a breaker.
    pub(crate) async fn reset(&self, breaker: &str) {
        let (breaker, reason) = (breaker.to_owned(), "a test asked".into());
        self.press(OperatorCommand::ResetBreaker(ResetBreaker { breaker, reason, by: None })).await;
    }

    // --- what was said ------------------------------------------------------------

    /// Everything so far.
    pub(crate) fn journal(&self) -> Vec<Envelope> {
        self.seen.lock().unwrap().clone()
    }

    /// How much was said so far.
    pub(crate) fn mark(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// What was said after a mark.
    pub(crate) fn since(&self, mark: usize) -> Vec<Envelope> {
        self.seen.lock().unwrap()[mark..].to_vec()
    }

    /// How often an event was said.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|e| e.event.name() == name).count()
    }

    /// The data of the newest event of a name.
    #[track_caller]
    pub(crate) fn last(&self, name: &str) -> Data {
        let seen = self.seen.lock().unwrap();
        let found = seen.iter().rev().find(|e| e.event.name() == name).map(Data::of);
        drop(seen);
        found.unwrap_or_else(|| panic!("no {name} in\n{}", self.tail()))
    }

    /// The newest trade of a stock.
    #[track_caller]
    pub(crate) fn trade(&self, of: &str) -> TradeId {
        let seen = self.seen.lock().unwrap();
        let mut found = seen.iter().rev().filter(|e| e.event.name() == "strategy.candidate.found");
        let found = found.find(|e| Data::of(e).text("symbol") == of).map(Data::of);
        TradeId::new(found.unwrap().text("trade_id"))
    }

    /// The states of a trade in order, the first one included.
    pub(crate) fn states(&self, trade_id: &TradeId) -> Vec<String> {
        let mut states = Vec::new();
        for envelope in self.journal() {
            let Event::Trade(TradeEvent::StateChanged(changed)) = envelope.event else { continue };
            if changed.trade_id == *trade_id {
                if states.is_empty() {
                    states.push(changed.from);
                }
                states.push(changed.to);
            }
        }
        states
    }

    /// Waits until an event of a name has been said.
    pub(crate) async fn wait_for(&self, name: &str) -> Data {
        self.wait_since(0, name).await
    }

    /// Waits until an event of a name has been said after a mark.
    pub(crate) async fn wait_since(&self, mark: usize, name: &str) -> Data {
        let is_it = |e: &Envelope| e.event.name() == name;
        self.until(name, |seen| seen[mark.min(seen.len())..].iter().any(is_it)).await;
        Data::of(self.since(mark).iter().find(|e| is_it(e)).unwrap())
    }

    /// Waits until the newest trade of a stock is in a state.
    pub(crate) async fn wait_state(&self, of: &str, state: &str) {
        self.until(state, |seen| {
            let is_of = |e: &&Envelope| matches!(&e.event, Event::Trade(TradeEvent::StateChanged(changed)) if changed.symbol == symbol(of));
            seen.iter().rev().find(is_of).is_some_and(|e| Data::of(e).text("to") == state)
        })
        .await;
    }

    /// Waits until what was said satisfies a condition.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&[Envelope]) -> bool) {
        let mut count = self.count.clone();
        let reached = async {
            loop {
                count.borrow_and_update();
                if is_so(&self.seen.lock().unwrap()) {
                    return;
                }
                count.changed().await.unwrap();
            }
        };
        let is_in_time = tokio::time::timeout(PATIENCE, reached).await.is_ok();
        assert!(is_in_time, "waited too long: {what}; the last events:\n{}", self.tail());
    }

    /// The last events without market data, for a failing test.
    fn tail(&self) -> String {
        let lines: Vec<String> = self
            .journal()
            .iter()
            .filter(|e| is_told(&e.event) || matches!(e.event, Event::Venue(_) | Event::System(_)))
            .map(|e| format!("{} {} {:?}", e.at, e.event.name(), Data::of(e)))
            .map(|line| line.chars().take(400).collect())
            .collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

/// Waits, but not for ever.
pub(crate) async fn within<T>(what: &str, waited: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, waited).await;
    done.unwrap_or_else(|_| panic!("waited too long: {what}"))
}
