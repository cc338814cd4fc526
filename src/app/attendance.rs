//! The people around a running house: the read model that they look at, the way in
//! for what they ask, and the gate that a kill closes before anything else.
//!
//! Both drivers hang it behind their spine; screen and control socket are served from
//! it. It knows no market.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::alerts::{self, Judged, News, Outlets};
use crate::app::gauges::Gauges;
use crate::app::{People, Refusal, screen};
use crate::brokers::gateway::Gate;
use crate::bus::Tap;
use crate::bus::clock::{Clock, SystemClock};
use crate::bus::spine::{DOOR_CAPACITY, Door};
use crate::control::page::{Numbers, Page};
use crate::control::{
    CommandSink, Desk, EventSource, Explanation, Killer, Listening, SinkError, kill, killfile,
    serve, server,
};
use crate::domain::command::OperatorCommand;
use crate::domain::ids::{AgentId, Seq};
use crate::events::{Envelope, Event, SystemEvent, wire};
use crate::journal::{Journal, JournalError, SqliteJournal, export};
use crate::risk::AccountMode;
use crate::telemetry::Telemetry;
use crate::ui::state::{Answer, Token};
use crate::ui::terminal;
use crate::view::{
    Projector, Publisher, Setup, TradingPhase, VITAL_MAX, Viewer, Wanted, record_from,
};

/// Events that a slow reader of `tail` may be behind.
const TAIL_MAX: usize = 4_096;

/// How long the screen may take to give the terminal back.
const LEAVE: Duration = Duration::from_secs(2);

/// Where control finds its files.
#[derive(Debug, Clone)]
pub struct ControlPlaces {
    /// The unix socket.
    pub socket: PathBuf,
    /// The file whose appearance halts.
    pub kill_file: PathBuf,
}

/// What looks on, and the gate.
pub(super) struct Attendance {
    setup: Setup,
    publisher: Arc<Publisher>,
    events: broadcast::Sender<Arc<Envelope>>,
    gate: Gate,
    journal: PathBuf,
    news: News,
    gauges: Arc<Gauges>,
    /// Taken by the one who tells people.
    judged: Mutex<Option<Judged>>,
}

impl Attendance {
    /// Folds what the journal holds into the read model. A house that was halted
    /// begins with its gate closed.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn new(
        setup: Setup,
        journal: &mut SqliteJournal,
        path: PathBuf,
    ) -> Result<Self, JournalError> {
        let mut projector = Projector::new(&setup);
        journal.for_each(Seq(u64::MAX), &mut |envelope| projector.see(envelope))?;
        let gate = Gate::default();
        if is_shut(projector.snapshot().trading.phase) {
            gate.close();
        }
        let publisher = Arc::new(Publisher::new(projector));
        let (events, _) = broadcast::channel(TAIL_MAX);
        let (news, judged) = News::new();
        let judged = Mutex::new(Some(judged));
        let gauges = Arc::new(Gauges::default());
        Ok(Self { setup, publisher, events, gate, journal: path, news, gauges, judged })
    }

    /// What is measured about the program itself.
    pub(super) fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// What the read model was told.
    pub(super) const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The gate of this house.
    pub(super) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// What hangs behind the spine.
    pub(super) fn tap(&self) -> Box<dyn Tap> {
        let (publisher, events) = (self.publisher.clone(), self.events.clone());
        Box::new(Onlooker { publisher, events, gate: self.gate.clone(), news: self.news.clone() })
    }

    /// A reader of the read model.
    pub(super) fn viewer(&self) -> Viewer {
        self.publisher.viewer()
    }

    /// Opens every way by which people may come in. `stop` ends the run and is cancelled
    /// by one who leaves; `served` ends what is opened here.
    ///
    /// # Errors
    /// When a way cannot be opened.
    pub(super) fn receive(
        &self,
        people: &People,
        mode: AccountMode,
        (door, clock): (Door, Arc<dyn Clock>),
        (tracker, stop, served): (&TaskTracker, &CancellationToken, &CancellationToken),
    ) -> anyhow::Result<Around> {
        self.measure(&door, (tracker, served));
        let operator = Arc::new(Operator {
            door: Mutex::new(Some(door)),
            clock,
            gate: self.gate.clone(),
            house: Handle::current(),
        });
        if let Some(places) = &people.control {
            self.serve(places, &operator, (tracker, served))?;
        }
        Self::show_numbers(people, (tracker, served))?;
        let opened = match &people.screen {
            Some(options) => {
                Some(screen::open(options.clone(), mode, self, &operator, (stop, served))?)
            }
            None => None,
        };
        let (screen, inputs) = opened.unzip();
        let judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(judged) = judged {
            let outlets = Outlets { screen: inputs, webhook: people.webhook.clone() };
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let delays = self.gauges.notices.clone();
            tracker.spawn(alerts::tell(judged, outlets, (clock, delays), served.clone()));
        }
        Ok(Around { screen, operator })
    }

    /// Tells the read model how the program itself is until the token is cancelled.
    fn measure(&self, door: &Door, (tracker, stop): (&TaskTracker, &CancellationToken)) {
        let (depth, lane) = (door.depth(), self.publisher.clone());
        self.gauges.add("spine", Some(DOOR_CAPACITY), move || depth.waiting());
        self.gauges.add("readers", Some(VITAL_MAX), move || lane.waiting());
        tracker.spawn(self.gauges.clone().tell(self.publisher.clone(), stop.clone()));
    }

    /// Serves the numbers of telemetry until the token is cancelled.
    ///
    /// # Errors
    /// When the address cannot be had.
    fn show_numbers(
        people: &People,
        (tracker, stop): (&TaskTracker, &CancellationToken),
    ) -> anyhow::Result<()> {
        if let (Some(address), Some(telemetry)) = (people.page, &people.telemetry) {
            let page = Page::bind(address).map_err(Refusal::Page)?;
            tracing::info!(address = %page.address(), "metrics are served");
            let numbers = Arc::new(PageOf(telemetry.clone()));
            tracker.spawn(page.serve(numbers, stop.clone()));
        }
        Ok(())
    }

    /// Serves the control socket, the kill file and SIGQUIT until the token is
    /// cancelled.
    ///
    /// # Errors
    /// When another house holds the socket, or its folder cannot be had.
    fn serve(
        &self,
        places: &ControlPlaces,
        operator: &Arc<Operator>,
        (tracker, stop): (&TaskTracker, &CancellationToken),
    ) -> anyhow::Result<()> {
        let listening = Listening::bind(&places.socket).map_err(Refusal::Socket)?;
        let gate = self.gate.clone();
        let killer = Killer::new(Arc::new(move || gate.close()), operator.clone());
        let events = Arc::new(Story {
            setup: self.setup.clone(),
            events: self.events.clone(),
            journal: self.journal.clone(),
        });
        let desk = Desk {
            snapshots: server::snapshots(self.viewer()),
            killer: killer.clone(),
            sink: operator.clone(),
            events,
        };
        tracker.spawn(serve(listening, desk, stop.clone()));
        tracker.spawn(killfile::watch(places.kill_file.clone(), killer.clone(), stop.clone()));
        let stop = stop.clone();
        tracker.spawn(async move {
            if let Err(error) = kill::on_quit_signal(killer, stop).await {
                tracing::warn!(%error, "SIGQUIT cannot be heard");
            }
        });
        Ok(())
    }
}

/// Lends telemetry's numbers to the page.
struct PageOf(Arc<Telemetry>);

impl Numbers for PageOf {
    fn metrics(&self) -> Result<String, String> {
        self.0.page().map_err(|error| error.to_string())
    }

    fn health(&self) -> String {
        self.0.health()
    }
}

/// Those who are around while a house runs.
pub(super) struct Around {
    screen: Option<JoinHandle<anyhow::Result<()>>>,
    operator: Arc<Operator>,
}

impl Around {
    /// Who hands in what people ask.
    pub(super) fn operator(&self) -> Arc<Operator> {
        self.operator.clone()
    }

    /// Waits until the screen has given the terminal back.
    ///
    /// # Errors
    /// When the screen could not go on.
    pub(super) async fn leave(self) -> anyhow::Result<()> {
        self.operator.let_go();
        match self.screen {
            Some(mut screen) => {
                if let Ok(left) = tokio::time::timeout(LEAVE, &mut screen).await {
                    return left.context("the screen's watch panicked")?;
                }
                // A terminal that takes no bytes must not keep the house alive. Without
                // what it has not taken there is room for the bytes that give it back.
                let _ = terminal::discard();
                if let Ok(left) = tokio::time::timeout(LEAVE, screen).await {
                    return left.context("the screen's watch panicked")?;
                }
                tracing::warn!("the terminal takes no bytes: it is left as it is");
                // The last words would wait for it as well.
                Ok(terminal::detach()?)
            }
            None => Ok(()),
        }
    }
}

/// Whether entries may not leave in a state of trading.
const fn is_shut(phase: TradingPhase) -> bool {
    match phase {
        TradingPhase::Halted | TradingPhase::Flatten => true,
        TradingPhase::Active | TradingPhase::Reducing => false,
    }
}

/// Shows every event to those who look, and moves the gate with the state of trading.
struct Onlooker {
    publisher: Arc<Publisher>,
    events: broadcast::Sender<Arc<Envelope>>,
    gate: Gate,
    news: News,
}

impl Tap for Onlooker {
    fn see(&mut self, envelope: &Envelope) {
        if let Event::System(SystemEvent::TradingChanged(changed)) = &envelope.event {
            match changed.to.as_str() {
                "HALTED" | "FLATTEN" => self.gate.close(),
                "ACTIVE" => self.gate.open(),
                _ => {}
            }
        }
        // Trading halts with every empty seat; when it is the risk agent's, nobody is left
        // to say so.
        if matches!(&envelope.event, Event::System(SystemEvent::AgentRetired(_))) {
            self.gate.close();
        }
        self.publisher.see(envelope);
        self.news.see(envelope);
        if self.events.receiver_count() > 0 {
            // Nobody listens any more: nobody misses it.
            let _ = self.events.send(Arc::new(envelope.clone()));
        }
    }
}

/// Hands in what people ask. It lets go of the door when the house ends: a screen that
/// waits for a dead terminal holds on to the operator, and must not hold the house.
pub(super) struct Operator {
    door: Mutex<Option<Door>>,
    clock: Arc<dyn Clock>,
    gate: Gate,
    /// The house's own runtime: what was asked goes on while the screen stands still.
    house: Handle,
}

impl Operator {
    /// Closes the gate; what else a kill does follows as a command.
    pub(super) fn close_gate(&self) {
        self.gate.close();
    }

    fn door(&self) -> MutexGuard<'_, Option<Door>> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn let_go(&self) {
        self.door().take();
    }

    /// Hands a command in; the future only waits for what becomes of it.
    fn settle(
        &self,
        command: OperatorCommand,
    ) -> impl Future<Output = Result<(), SinkError>> + Send + 'static {
        self.hand_in(AgentId::Operator, command.into())
    }

    /// Lets in what comes from outside and is no command: a question to an agent in the
    /// operator's name, or word of the bus in the spine's.
    pub(super) fn say(
        &self,
        event: impl Into<Event>,
    ) -> impl Future<Output = Result<(), SinkError>> + Send + 'static {
        let event = event.into();
        let source =
            if matches!(event, Event::System(_)) { AgentId::Spine } else { AgentId::Operator };
        self.hand_in(source, event)
    }

    fn hand_in(
        &self,
        source: AgentId,
        event: Event,
    ) -> impl Future<Output = Result<(), SinkError>> + Send + 'static {
        let asked = self.door().clone().map(|door| {
            let now = self.clock.now();
            self.house.spawn(async move { door.send_and_settle(now, source, event).await })
        });
        async move {
            match asked {
                Some(asked) => {
                    asked.await.map_err(|_| SinkError::Closed)?.map_err(|_| SinkError::Closed)
                }
                None => Err(SinkError::Closed),
            }
        }
    }
}

impl CommandSink for Operator {
    fn submit(&self, command: OperatorCommand) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(self.settle(command))
    }
}

impl crate::ui::runtime::CommandSink for Operator {
    /// Tokens are used up by the screen, which never sends one twice.
    fn send(&self, _token: Token, command: OperatorCommand) -> BoxFuture<'static, Answer> {
        if matches!(command, OperatorCommand::Kill(_)) {
            self.gate.close();
        }
        let settled = self.settle(command);
        Box::pin(async move {
            match settled.await {
                Ok(()) => Answer::Accepted,
                Err(error) => Answer::Rejected(error.to_string()),
            }
        })
    }
}

/// Tells what happened, now and long ago.
struct Story {
    setup: Setup,
    events: broadcast::Sender<Arc<Envelope>>,
    journal: PathBuf,
}

impl EventSource for Story {
    fn subscribe(&self) -> broadcast::Receiver<Arc<Envelope>> {
        self.events.subscribe()
    }

    fn why(&self, id: &str) -> BoxFuture<'_, Result<Option<Explanation>, String>> {
        let wanted = Wanted::of(id);
        let (setup, path) = (self.setup.clone(), self.journal.clone());
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || old_record(&setup, &wanted, &path));
            found
                .await
                .context("the search broke off")
                .and_then(|found| found)
                .map_err(|error| format!("{error:#}"))
        })
    }
}

/// Looks a record up in the journal.
fn old_record(
    setup: &Setup,
    wanted: &Wanted,
    path: &std::path::Path,
) -> anyhow::Result<Option<Explanation>> {
    let mut outcome = Ok(0);
    let record = record_from(setup, wanted, |see| {
        let mut lines = LineReader { line: Vec::new(), see };
        outcome = export(path, &mut lines, false);
    });
    outcome?;
    Ok(record.map(|record| Explanation::of(&record)))
}

/// Reads event lines that are written to it.
pub(super) struct LineReader<'a> {
    pub(super) line: Vec<u8>,
    pub(super) see: &'a mut dyn FnMut(&Envelope),
}

impl Write for LineReader<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.ends_with(b"\n") {
                let text = std::str::from_utf8(&self.line).map_err(io::Error::other)?;
                let envelope = wire::read(text.trim_end()).map_err(io::Error::other)?;
                (self.see)(&envelope);
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
