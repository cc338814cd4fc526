//! The life of the bus: down → connecting → completing the stream → up, and again.
//!
//! While it is not up, entries are held: at once by the house's gate, and on record by
//! `system.bus.down`, which the risk agent hears. A ping every quarter of a second on both
//! connections that is not answered in half a second is the end of a session, so a
//! server that is gone, stopped or slow holds entries within a second. Stops, exits and
//! kills never ask the bus.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cmd;
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::clock::Clock;
use crate::bus::redis::backoff::Backoff;
use crate::bus::redis::commands::{House, Listener, inbox, places};
use crate::bus::redis::config::Trust;
use crate::bus::redis::endpoint::{BusError, Endpoint};
use crate::bus::redis::guard::{Approvals, Counts, Guard};
use crate::bus::redis::keys::Keys;
use crate::bus::redis::mirror::{Carrier, Echoes, Mirror};
use crate::bus::redis::names::{Places, command_topics};
use crate::bus::redis::queue::Backlog;
use crate::bus::redis::self_test;
use crate::events::{BusChanged, SystemEvent};

/// How often each connection is asked whether it lives.
pub const PING_PERIOD: Duration = Duration::from_millis(250);
/// A ping that takes longer is a server that is gone.
pub const PING_LONGEST: Duration = Duration::from_millis(500);
/// How long the house may take to hear of a change.
const SAY: Duration = Duration::from_secs(1);

/// What a link is told.
#[derive(Debug)]
pub struct LinkSetup {
    /// The server.
    pub endpoint: Endpoint,
    /// The instance whose stream it is.
    pub instance: String,
    /// About how many entries the stream keeps.
    pub stream_maxlen: u64,
    /// What keeps strangers from publishing.
    pub trust: Trust,
    /// Who may command.
    pub keys: Keys,
    /// The journal of the run, for what Redis has missed.
    pub journal: PathBuf,
    /// Seed of the waits between dials.
    pub seed: u64,
}

/// The bus before it runs.
pub struct Link {
    setup: LinkSetup,
    wall: Arc<dyn Clock>,
    backlog: Arc<Backlog>,
    approvals: Arc<Approvals>,
    counts: Arc<Counts>,
    about: String,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("setup", &self.setup).finish_non_exhaustive()
    }
}

/// How a session ended without an error.
enum Ended {
    /// Nothing more will come from the spine.
    Closed,
}

impl Link {
    /// Makes the bus, and the tap that hangs behind the spine. The bus ends when the tap
    /// is dropped and what it saw has been carried.
    pub fn new(setup: LinkSetup, wall: Arc<dyn Clock>) -> (Self, Mirror) {
        let backlog = Arc::new(Backlog::default());
        let approvals = Arc::new(Approvals::default());
        let mirror = Mirror::new(backlog.clone(), approvals.clone());
        let counts = Arc::default();
        let link = Self { setup, wall, backlog, approvals, counts, about: String::new() };
        (link, mirror)
    }

    /// Returns a way to ask how many events have not arrived at Redis yet.
    pub fn depth(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let backlog = self.backlog.clone();
        move || backlog.waiting()
    }

    /// Lays down beside the stream what those who look on must know of the instance.
    #[must_use]
    pub fn with_about(mut self, about: String) -> Self {
        self.about = about;
        self
    }

    /// The requests for approval that wait.
    pub fn approvals(&self) -> Arc<Approvals> {
        self.approvals.clone()
    }

    /// How many commands were obeyed and refused.
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// Runs until the tap is dropped. Entries are held from this call on, before anybody
    /// has looked at the future, until the first session is up.
    pub fn run(self, house: Arc<dyn House>) -> impl Future<Output = ()> + Send {
        house.hold(true);
        self.sessions(house)
    }

    /// One session after the other.
    async fn sessions(self, house: Arc<dyn House>) {
        let at = self.setup.endpoint.shown().to_owned();
        let echoes = Arc::<Echoes>::default();
        let mut carrier = Carrier {
            backlog: self.backlog.clone(),
            echoes: echoes.clone(),
            places: Places::of(&self.setup.instance),
            maxlen: self.setup.stream_maxlen,
            journal: self.setup.journal.clone(),
            wall: self.wall.clone(),
            dropped_told: 0,
            about: self.about.clone(),
            generation: None,
        };
        let mut listener = Listener {
            guard: Guard::new(self.setup.keys.clone(), self.wall.now()),
            counts: self.counts.clone(),
            echoes,
            house: house.clone(),
            wall: self.wall.clone(),
            tracker: TaskTracker::new(),
            places: places(),
            told: BTreeMap::new(),
        };
        let mut backoff = Backoff::new(self.setup.seed);
        say(house.as_ref(), SystemEvent::BusDown(changed(format!("not connected to {at} yet"))))
            .await;
        loop {
            let mut was_up = false;
            let ended = self.session((&mut carrier, &mut listener), &house, &mut was_up).await;
            house.hold(true);
            self.backlog.fall_back();
            match ended {
                Ok(Ended::Closed) => break,
                Err(error) => {
                    let why = format!("{at}: {}", error.in_words());
                    tracing::warn!(%why, dropped = self.backlog.dropped(), "the bus is down");
                    if was_up {
                        backoff.reset();
                        say(house.as_ref(), SystemEvent::BusDown(changed(why))).await;
                    }
                }
            }
            // The end first: there is always another dial.
            tokio::select! {
                biased;
                () = self.backlog.closed() => break,
                () = tokio::time::sleep(backoff.next()) => {}
            }
        }
        listener.tracker.close();
        listener.tracker.wait().await;
    }

    /// One session from dialling to its end.
    async fn session(
        &self,
        (carrier, listener): (&mut Carrier, &mut Listener),
        house: &Arc<dyn House>,
        was_up: &mut bool,
    ) -> Result<Ended, BusError> {
        let endpoint = &self.setup.endpoint;
        if self.setup.trust == Trust::Acl {
            self_test::check(endpoint).await?;
        }
        let cut = CancellationToken::new();
        let (take, mut heard) = inbox(self.counts.clone(), cut.clone());
        let mut outward = endpoint.connect().await?;
        let mut inward = endpoint.listen(take).await?;
        if !self.setup.keys.is_empty() {
            let topics: Vec<&str> = command_topics().map(|(spelt, _)| spelt).collect();
            inward.subscribe(&topics[..]).await?;
            // It is sent and not answered: an answer to what follows says that it is heard.
            cmd("PING").exec_async(&mut inward).await?;
        }
        let pings = pings(outward.clone(), inward.clone());
        let replies = outward.clone();
        let work = async {
            if !carrier.resume(&mut outward).await? {
                return Ok(Ended::Closed);
            }
            self.backlog.go_live();
            *was_up = true;
            house.hold(false);
            say(house.as_ref(), SystemEvent::BusUp(changed(endpoint.shown().to_owned()))).await;
            // What is told first: it says when nothing more comes.
            tokio::select! {
                biased;
                done = carrier.carry(&mut outward) => done.map(|()| Ended::Closed),
                () = listener.hear(&mut heard, &replies) => Err(BusError::Cut),
            }
        };
        // What ends the session first: work would wait for an answer that never comes.
        tokio::select! {
            biased;
            () = cut.cancelled() => Err(BusError::Cut),
            error = pings => Err(error),
            ended = work => ended,
        }
    }
}

fn changed(reason: String) -> BusChanged {
    BusChanged { reason }
}

/// Lets the house know; a house that does not hear is not waited for.
async fn say(house: &dyn House, event: SystemEvent) {
    if timeout(SAY, house.say(event)).await.is_err() {
        tracing::warn!("the house does not hear the bus");
    }
}

/// Asks both connections whether they live, until one does not answer.
pub(super) async fn pings(
    mut one: MultiplexedConnection,
    mut other: MultiplexedConnection,
) -> BusError {
    let mut beat = tokio::time::interval(PING_PERIOD);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let (first, second) = (cmd("PING"), cmd("PING"));
        let both =
            async { tokio::try_join!(first.exec_async(&mut one), second.exec_async(&mut other)) };
        match timeout(PING_LONGEST, both).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return error.into(),
            Err(_) => return BusError::Silent(PING_LONGEST),
        }
    }
}
