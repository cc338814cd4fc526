//! The cockpit: the house of the burst with a read model, a screen and the input thread,
//! on the terminal that it was started on.
//!
//! The kill switch is put together as the composition root does: the gate at once, on the
//! input thread, and the record by the house's own runtime.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use flightdeck::brokers::alpaca::stream::Encoding;
use flightdeck::brokers::gateway::Gate;
use flightdeck::brokers::sim::server::SimClock;
use flightdeck::bus::clock::{Clock, Stopwatch};
use flightdeck::bus::spine::Door;
use flightdeck::domain::calendar::MarketHours;
use flightdeck::domain::command::{Actor, OperatorCommand, Reason};
use flightdeck::domain::ids::AgentId;
use flightdeck::domain::money::Money;
use flightdeck::ui::facts::Mode;
use flightdeck::ui::input::{self, INPUTS_MAX};
use flightdeck::ui::keymap::Keymap;
use flightdeck::ui::runtime::{self, CommandSink, Setup};
use flightdeck::ui::state::{Answer, Token};
use flightdeck::ui::surface::Surface;
use flightdeck::ui::terminal::Guard;
use flightdeck::ui::theme::{Catalogue, GlyphSet, Level};
use flightdeck::view::{self, Dropped, Projector, Publisher, Viewer};
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Plan, START};
use crate::onlooker::{Counts, Onlooker};
use crate::support::RawServer;
use crate::tape::{RATE, Tape, frames};

/// The burst without keys, and the one with keys.
const PHASES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(10)];
/// Between two cancels: as in the burst with a journal.
const EVERY: Duration = Duration::from_millis(25);

/// Runs the cockpit and says on the line what it is at, and its figures at the end.
pub(crate) fn run(line: &UnixStream, is_measured: bool) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    runtime.block_on(fly(line, is_measured));
    runtime.shutdown_timeout(Duration::from_secs(5));
}

fn say(mut line: &UnixStream, what: &str) {
    line.write_all(format!("{what}\n").as_bytes()).expect("the person listens");
}

async fn fly(line: &UnixStream, is_measured: bool) {
    let phases = if is_measured { PHASES } else { [Duration::from_millis(400); 2] };
    let cancels = phases
        .map(|phase| usize::try_from(phase.as_millis() / EVERY.as_millis()).expect("thousands"));
    let orders = cancels.iter().sum();
    let watch = Stopwatch::start();
    let server = RawServer::open(orders, watch);
    let (tape, market) = Tape::open();
    let (gate, counts) = (Gate::default(), Arc::new(Counts::default()));
    let publisher = Publisher::new(Projector::new(&read_model()));
    let viewers = [publisher.viewer(), publisher.viewer()];
    let tap = Box::new(Onlooker { publisher, counts: counts.clone() });
    let encoding = Encoding::Msgpack;
    let plan = Plan { encoding, keeps: true, watch, gate: gate.clone(), taps: vec![tap] };
    let mut house = House::open(&server, market, plan).await;
    house.take_orders(orders).await;
    let [viewer, reader] = viewers;
    let operator = Operator::new(&house, gate.clone());
    let stop = CancellationToken::new();
    let screen = open_screen(viewer, &operator, stop.clone());
    watch_gate(gate, line.try_clone().expect("a socket"));
    let reading = tokio::spawn(read_events(reader, stop.clone()));

    let mut numbers = 0..orders;
    for ((at, word), (phase, cancels)) in
        (1..).zip(["silent", "keys"]).zip(phases.into_iter().zip(cancels))
    {
        let count = RATE * usize::try_from(phase.as_millis()).expect("seconds") / 1_000;
        let begins = START.plus(SignedDuration::from_mins(10 * at));
        let frames = frames(encoding, begins, count, u64::try_from(at).expect("few"));
        let before = Moment::now(&house, &counts, watch);
        say(line, word);
        house.clock.move_to(begins);
        let sent = tape.play(frames);
        house.cancel(&server, numbers.by_ref().take(cancels), EVERY).await;
        sent.await.expect("the server lives");
        if word == "keys" {
            say(line, "enough");
        }
        say(line, &Moment::now(&house, &counts, watch).since(&before));
    }
    stop.cancel();
    let dropped = reading.await.expect("no panic");
    say(line, &format!("single events dropped for a reader of thirty looks a second: {dropped:?}"));
    let by_door = orders / 2;
    let seen = counts.cancels.load(Ordering::Relaxed);
    say(line, &format!("cancels by the door: {by_door} asked, {seen} seen, all on the wire"));
    drop(operator);
    house.close().await;
    let _ = tokio::task::spawn_blocking(move || screen.join()).await;
    line.shutdown(std::net::Shutdown::Both).expect("the person listens");
}

fn read_model() -> view::Setup {
    view::Setup {
        account: "SIM".into(),
        opening_cash: Money::from_dollars(100_000),
        hours: MarketHours::NewYork,
        breakers: Vec::new(),
        speed: 1,
        precautions: view::Precautions::default(),
    }
}

/// Hands in what the person asks.
struct Operator {
    gate: Gate,
    door: Door,
    clock: Arc<SimClock>,
    house: Handle,
}

impl Operator {
    fn new(house: &House, gate: Gate) -> Arc<Self> {
        let (door, clock) = (house.door.clone(), house.clock.clone());
        Arc::new(Self { gate, door, clock, house: Handle::current() })
    }

    /// The gate at once, the record by the house.
    fn kill(&self) {
        self.gate.close();
        let reason = Reason { reason: "the kill key was pressed".into(), by: Some(Actor::KEYS) };
        drop(self.settle(OperatorCommand::Kill(reason)));
    }

    fn settle(&self, command: OperatorCommand) -> tokio::task::JoinHandle<bool> {
        let (door, now) = (self.door.clone(), self.clock.now());
        self.house.spawn(async move {
            door.send_and_settle(now, AgentId::Operator, command).await.is_ok()
        })
    }
}

impl CommandSink for Operator {
    /// The screen hears the kill key too, later; in the house it closes the gate once
    /// more, here that would pass for the next press.
    fn send(&self, _token: Token, command: OperatorCommand) -> BoxFuture<'static, Answer> {
        let settled = self.settle(command);
        Box::pin(async move {
            if settled.await.unwrap_or(false) { Answer::Accepted } else { Answer::Unknown }
        })
    }
}

type Screen = thread::JoinHandle<Result<runtime::Ending, runtime::ScreenError>>;

fn open_screen(viewer: Viewer, operator: &Arc<Operator>, stop: CancellationToken) -> Screen {
    let keymap = Arc::new(Keymap::shipped());
    // It must not hold the door of a house that closes.
    let killer = Arc::downgrade(operator);
    let kill: input::KillSwitch = Arc::new(move || {
        if let Some(killer) = killer.upgrade() {
            killer.kill();
        }
    });
    let (sender, inputs) = mpsc::channel(INPUTS_MAX);
    drop(input::start(keymap.clone(), kill, sender).expect("a thread starts"));
    let setup = Setup {
        keymap,
        catalogue: Catalogue::default(),
        theme: "dark".into(),
        level: Level::TrueColour,
        glyphs: GlyphSet::Unicode,
        folder: None,
        suspend: None,
    };
    let surface = || -> io::Result<_> { Surface::on_terminal(Guard::enter(Mode::Sim)?) };
    runtime::spawn(setup, surface, inputs, viewer, operator.clone(), stop).expect("a thread starts")
}

/// Says on the line whenever the gate closes, and opens it when the person asks.
fn watch_gate(gate: Gate, mut line: UnixStream) {
    let named = thread::Builder::new().name("gate".into());
    let answering = named.spawn(move || {
        let runtime = Builder::new_current_thread().build().expect("a runtime starts");
        loop {
            runtime.block_on(gate.closed());
            say(&line, "closed");
            let Ok(1) = line.read(&mut [0]) else { return };
            gate.open();
            say(&line, "open");
        }
    });
    drop(answering.expect("a thread starts"));
}

/// Reads single events thirty times a second, as a slow stream does.
async fn read_events(viewer: Viewer, stop: CancellationToken) -> Dropped {
    let mut beat = tokio::time::interval(Duration::from_millis(33));
    let (mut read, mut dropped) = (Vec::new(), Dropped::default());
    // The stop first: there is always a next beat.
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return dropped,
            _ = beat.tick() => dropped = viewer.events(&mut read, usize::MAX),
        }
        read.clear();
    }
}

/// Where the counters stand.
struct Moment {
    nanos: u64,
    events: u64,
    prices: u64,
    understood: u64,
    screen: u64,
}

impl Moment {
    fn now(house: &House, counts: &Counts, watch: Stopwatch) -> Self {
        Self {
            nanos: crate::support::nanos(watch),
            events: counts.events.load(Ordering::Relaxed),
            prices: counts.prices.load(Ordering::Relaxed),
            understood: house.understood(),
            screen: screen_nanos(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a sentence for people")]
    fn since(&self, before: &Self) -> String {
        let seconds = (self.nanos - before.nanos) as f64 / 1e9;
        let understood = self.understood - before.understood;
        let prices = self.prices - before.prices;
        format!(
            "  {:.0} events a second by spine, journal and read model; {understood} prices \
             understood, {prices} let in, {} replaced by newer ones; screen {:.2} % of a core",
            (self.events - before.events) as f64 / seconds,
            understood.saturating_sub(prices),
            (self.screen - before.screen) as f64 / 1e7 / seconds
        )
    }
}

/// What the screen's thread has cost so far, nanoseconds of a core; zero where the system
/// does not say.
fn screen_nanos() -> u64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let of = |folder: std::path::PathBuf| {
        let name = std::fs::read_to_string(folder.join("comm")).ok()?;
        let said = std::fs::read_to_string(folder.join("schedstat")).ok()?;
        let nanos = said.split(' ').next()?.parse::<u64>().ok()?;
        (name.trim() == "screen").then_some(nanos)
    };
    tasks.flatten().find_map(|task| of(task.path())).unwrap_or(0)
}
