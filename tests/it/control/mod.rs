//! The control socket, its verbs and alerts, with a real house behind them: real
//! sockets in a folder of the test, the real program at the other end.

mod alerts;
mod kill;
mod program;
mod socket;
mod verbs;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use rustix::process::geteuid;
use tokio::runtime::Runtime;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use flightdeck::agents::risk_management::Approval;
use flightdeck::config::Config;
use flightdeck::control::client::Client;
use flightdeck::control::server::snapshots;
use flightdeck::control::{
    Answer, Call, Code, CommandSink, Desk, EventSource, Explanation, Gate, Killer, Listening,
    Problem, Request, SinkError, serve,
};
use flightdeck::domain::command::OperatorCommand;
use flightdeck::domain::ids::TradeId;
use flightdeck::domain::position::Direction;
use flightdeck::events::Envelope;
use flightdeck::view::{Precautions, Projector, Publisher, Setup};

use crate::support::cockpit::{Cockpit, rules};
use crate::support::program::Home;

/// The account whose end is typed to resume.
const ACCOUNT: &str = "PA3FL7QX91";

/// A house that takes commands: the cockpit, its read model, and what was done in
/// which order.
pub(super) struct Inside {
    cockpit: Mutex<Cockpit>,
    publisher: Publisher,
    events: broadcast::Sender<Arc<Envelope>>,
    /// `gate` and the names of commands, as they came.
    done: Mutex<Vec<&'static str>>,
    /// True when commands are taken and never answered.
    hangs: AtomicBool,
}

impl Inside {
    fn new(config: &Config) -> Arc<Self> {
        let projector = Projector::new(&Setup {
            account: ACCOUNT.into(),
            opening_cash: config.account.opening_cash,
            hours: config.market.hours,
            breakers: vec!["sim.orders".into()],
            speed: 1,
            precautions: Precautions::default(),
        });
        Arc::new(Self {
            cockpit: Mutex::new(Cockpit::new(config)),
            publisher: Publisher::new(projector),
            events: broadcast::channel(1_024).0,
            done: Mutex::default(),
            hangs: AtomicBool::new(false),
        })
    }

    /// Lets something happen in the house and shows it to those who look.
    pub(super) fn happen(&self, act: impl FnOnce(&mut Cockpit)) {
        let mut cockpit = self.cockpit.lock().unwrap();
        let mark = cockpit.mark();
        act(&mut cockpit);
        for envelope in cockpit.since(mark) {
            self.publisher.see(&envelope);
            // Without a listener there is nobody to miss it.
            let _ = self.events.send(Arc::new(envelope));
        }
    }

    /// The rung of the kill ladder; `ACTIVE` before anything has moved it.
    pub(super) fn trading(&self) -> String {
        let cockpit = self.cockpit.lock().unwrap();
        match cockpit.count("system.trading.changed") {
            0 => "ACTIVE".to_owned(),
            _ => cockpit.last("system.trading.changed").text("to"),
        }
    }

    pub(super) fn done(&self) -> Vec<&'static str> {
        self.done.lock().unwrap().clone()
    }

    pub(super) fn gate(self: &Arc<Self>) -> Gate {
        let inside = Arc::clone(self);
        Arc::new(move || inside.done.lock().unwrap().push("gate"))
    }

    pub(super) fn killer(self: &Arc<Self>) -> Killer {
        Killer::new(self.gate(), Arc::clone(self) as Arc<dyn CommandSink>)
    }

    fn desk(self: &Arc<Self>) -> Desk {
        Desk {
            snapshots: snapshots(self.publisher.viewer()),
            killer: self.killer(),
            sink: Arc::clone(self) as Arc<dyn CommandSink>,
            events: Arc::clone(self) as Arc<dyn EventSource>,
        }
    }
}

impl CommandSink for Inside {
    fn submit(&self, command: OperatorCommand) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            self.done.lock().unwrap().push(command.name());
            if self.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            self.happen(|cockpit| {
                cockpit.press(command);
            });
            Ok(())
        })
    }
}

impl EventSource for Inside {
    fn subscribe(&self) -> broadcast::Receiver<Arc<Envelope>> {
        self.events.subscribe()
    }

    fn why(&self, id: &str) -> BoxFuture<'_, Result<Option<Explanation>, String>> {
        let broken = id == "broken";
        Box::pin(async move { if broken { Err("the disk is gone".into()) } else { Ok(None) } })
    }
}

/// A house with its control socket, on threads of its own.
pub(super) struct House {
    pub(super) inside: Arc<Inside>,
    pub(super) home: Home,
    stop: CancellationToken,
    /// Dropped last: it ends the server.
    _runtime: Runtime,
}

impl House {
    /// A house in which `AAPL` waits for approval.
    pub(super) fn waiting() -> (Self, TradeId) {
        let mut config = rules();
        config.account.approval = Approval::Manual;
        let house = Self::open(&config, geteuid().as_raw());
        house.inside.happen(|cockpit| {
            cockpit.setup("AAPL", "175.50", Direction::Long);
        });
        let trade = house.inside.cockpit.lock().unwrap().trade();
        (house, trade)
    }

    /// A house that lets a user of this number in.
    pub(super) fn open(config: &Config, uid: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let inside = Inside::new(config);
        let home = Home::new();
        let stop = CancellationToken::new();
        let listening = {
            let _inside = runtime.enter();
            Listening::bind(&socket(&home)).unwrap().for_user(uid)
        };
        runtime.spawn(serve(listening, inside.desk(), stop.clone()));
        Self { inside, home, stop, _runtime: runtime }
    }

    pub(super) fn socket(&self) -> PathBuf {
        socket(&self.home)
    }

    /// Asks; what is not done is an error.
    pub(super) fn ask(&self, request: Request) -> Result<Answer, Problem> {
        ask(&self.socket(), request)
    }

    #[track_caller]
    pub(super) fn refuses(&self, request: Request, code: Code) -> Problem {
        let before = self.inside.done();
        let problem = self.ask(request).unwrap_err();
        assert_eq!(problem.code, code, "{problem}");
        assert_eq!(self.inside.done(), before, "nothing is done");
        problem
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn socket(home: &Home) -> PathBuf {
    home.path("run/flightdeck/sim.sock")
}

pub(super) fn ask(socket: &Path, request: Request) -> Result<Answer, Problem> {
    let answer = Client::connect(socket)?.ask(&Call::new(request).with_text())?;
    assert_eq!(answer.ok, answer.error.is_none());
    match answer.error {
        Some(problem) => Err(problem),
        None => Ok(answer),
    }
}
