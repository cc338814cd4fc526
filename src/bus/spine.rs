//! The spine: one task that orders everything, and one task per agent.
//!
//! It takes the next cause (an input from the door, or a timer that is due) and
//! runs its cascade to the end: write the envelope, deliver it to the seats that
//! want it, wait for their replies, queue the outputs in roster order, take the
//! next. Seats work in parallel on one envelope; scheduling cannot show.
//!
//! Only the door is bounded, and only those outside wait: a seat lays its answer
//! on its [desk](crate::bus::seat) and never waits for the spine while the spine
//! waits for it.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep};
use tokio_util::task::TaskTracker;

use crate::bus::agent::{Roster, RosterSeat, Tap};
use crate::bus::clock::{MEASURES, Stopwatch, lap};
use crate::bus::fold::fold_all;
use crate::bus::seat::{Distant, Round, Seated, occupy, occupy_distant};
use crate::bus::sequencer::{Sequencer, SpineError};
use crate::bus::supervision::{FaultBook, needs_sync, wants};
use crate::domain::ids::{AgentId, Seq};
use crate::domain::time::Timestamp;
use crate::events::{AgentRetired, AgentStarted, Envelope, Event, SystemEvent, Topics};
use crate::journal::Journal;

/// A seat that has not answered by then is retired and trading halts; it may be
/// given up to twice as long, since one timer watches all events. Handlers are
/// pure arithmetic and take microseconds; a quarter of a second is a hang. A
/// handler that hangs needs another worker thread to be noticed.
pub const REPLY_DEADLINE: Duration = Duration::from_millis(250);

/// Inputs that may wait at the door.
pub const DOOR_CAPACITY: usize = 1_024;

/// One input on its way to the spine.
#[derive(Debug)]
struct Input {
    at: Timestamp,
    source: AgentId,
    /// `None` when only the time is handed in.
    event: Option<Event>,
    done: Option<oneshot::Sender<()>>,
    /// Since when it waits, where that is measured.
    since: Option<Stopwatch>,
}

/// The way in: bounded, so a flood waits outside.
#[derive(Debug, Clone)]
pub struct Door(mpsc::Sender<Input>);

impl Door {
    /// Hands in an event; waits while the door is full.
    ///
    /// # Errors
    /// When the spine has ended.
    pub async fn send(
        &self,
        at: Timestamp,
        source: AgentId,
        event: impl Into<Event>,
    ) -> Result<(), SpineError> {
        let input = Input { at, source, event: Some(event.into()), done: None, since: lap() };
        self.0.send(input).await.map_err(|_| SpineError::Closed)
    }

    /// Hands in the time alone: timers that are due by then fire, even when no
    /// event comes.
    ///
    /// # Errors
    /// When the spine has ended.
    pub async fn advance(&self, at: Timestamp) -> Result<(), SpineError> {
        let input = Input { at, source: AgentId::Spine, event: None, done: None, since: None };
        self.0.send(input).await.map_err(|_| SpineError::Closed)
    }

    /// Returns a way to ask how many inputs wait.
    pub fn depth(&self) -> DoorDepth {
        DoorDepth(self.0.downgrade())
    }

    /// Hands in an event and waits until its cascade is over.
    ///
    /// # Errors
    /// When the spine has ended.
    pub async fn send_and_settle(
        &self,
        at: Timestamp,
        source: AgentId,
        event: impl Into<Event>,
    ) -> Result<(), SpineError> {
        let (done, settled) = oneshot::channel();
        let input = Input { at, source, event: Some(event.into()), done: Some(done), since: lap() };
        self.0.send(input).await.map_err(|_| SpineError::Closed)?;
        settled.await.map_err(|_| SpineError::Closed)
    }
}

/// Tells how many inputs wait at the door, and does not hold it open.
#[derive(Debug, Clone)]
pub struct DoorDepth(mpsc::WeakSender<Input>);

impl DoorDepth {
    /// Inputs that wait, 0 to [`DOOR_CAPACITY`]; 0 once the door is closed.
    pub fn waiting(&self) -> usize {
        self.0.upgrade().map_or(0, |door| door.max_capacity() - door.capacity())
    }
}

/// The spine before it runs.
pub struct Spine {
    order: Sequencer,
    seats: Vec<Seat>,
    journal: Box<dyn Journal>,
    taps: Vec<Box<dyn Tap>>,
    faults: FaultBook,
    inputs: mpsc::Receiver<Input>,
    round: Arc<Round>,
    tracker: TaskTracker,
    reply_deadline: Duration,
    /// The last envelope's place, used again when nobody holds it any more.
    spare: Option<Arc<Envelope>>,
    watch: Watch,
}

struct Seat {
    roster: RosterSeat,
    topics: Topics,
    /// `None` once the seat has been emptied.
    occupant: Option<Seated>,
    owes: bool,
}

/// One timer for all events: it is set anew when it has run out, not for each.
#[derive(Default)]
struct Watch {
    timer: Option<Pin<Box<Sleep>>>,
    /// The event that the timer was last set for.
    set_for: Seq,
}

impl Watch {
    /// Runs out when `seq` has been waited for during one whole period.
    fn poll_out(&mut self, seq: Seq, period: Duration, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| {
            self.set_for = seq;
            Box::pin(tokio::time::sleep(period))
        });
        while timer.as_mut().poll(context).is_ready() {
            if self.set_for == seq {
                // A new one next time, whichever event it will be for.
                self.timer = None;
                return Poll::Ready(());
            }
            self.set_for = seq;
            timer.as_mut().reset(Instant::now() + period);
        }
        Poll::Pending
    }
}

impl fmt::Debug for Spine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spine").field("order", &self.order).finish_non_exhaustive()
    }
}

impl Spine {
    /// Folds the journal into every agent and seats them. The tasks are spawned
    /// on the tracker; they end when the spine does.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn new(
        roster: Roster,
        mut journal: Box<dyn Journal>,
        taps: Vec<Box<dyn Tap>>,
        tracker: &TaskTracker,
    ) -> Result<(Self, Door), SpineError> {
        let mut faults = FaultBook::default();
        let (order, agents) = fold_all(&roster, journal.as_mut(), &mut faults.poisons)?;
        let (door, inputs) = mpsc::channel(DOOR_CAPACITY);
        let round = Arc::new(Round::default());
        let seats: Vec<Seat> = roster
            .into_iter()
            .zip(agents)
            .map(|(roster, agent)| {
                let topics = agent.topics();
                let occupant = Some(occupy(tracker, agent, &round));
                Seat { roster, topics, occupant, owes: false }
            })
            .collect();
        let spine = Self {
            order,
            seats,
            journal,
            taps,
            faults,
            inputs,
            round,
            tracker: tracker.clone(),
            reply_deadline: REPLY_DEADLINE,
            spare: None,
            watch: Watch::default(),
        };
        Ok((spine, Door(door)))
    }

    /// What an agent of the roster wants to hear; `None` when it has no seat.
    pub fn topics_of(&self, agent: AgentId) -> Option<Topics> {
        self.seats.iter().find(|seat| seat.roster.id == agent).map(|seat| seat.topics)
    }

    /// Lets an agent's seat be taken in another process, by one that has heard the journal
    /// as far as this spine has. When that one panics, a new one is built here.
    ///
    /// # Panics
    /// When the agent has no seat.
    pub fn seat_elsewhere(&mut self, agent: AgentId, distant: Box<dyn Distant>) {
        let seat = self.seats.iter_mut().find(|seat| seat.roster.id == agent);
        let seat = seat.expect("only an agent of the roster is seated elsewhere");
        seat.occupant = Some(occupy_distant(&self.tracker, distant, &self.round));
    }

    /// Sets another deadline for replies, for tests and benches.
    #[must_use]
    pub const fn with_reply_deadline(mut self, deadline: Duration) -> Self {
        self.reply_deadline = deadline;
        self
    }

    /// The number of the last event that the journal held.
    pub const fn last_seq(&self) -> Seq {
        self.order.last()
    }

    /// The time of the last event that the journal held.
    pub const fn now(&self) -> Timestamp {
        self.order.now()
    }

    /// Runs until every [`Door`] is dropped and the last cascade is over, then
    /// empties the seats, syncs the journal and returns it with the taps.
    ///
    /// # Errors
    /// When the journal fails, a cascade does not end, or an agent cannot be
    /// rebuilt.
    pub async fn run(mut self) -> Result<(Box<dyn Journal>, Vec<Box<dyn Tap>>), SpineError> {
        let mut is_announced = self.order.last() > Seq(0);
        if is_announced {
            self.finish_what_was_cut().await?;
        }
        while let Some(Input { at, source, event, done, since }) = self.inputs.recv().await {
            if let Some(since) = since {
                let bus_lag = since.elapsed().as_secs_f64();
                tracing::trace!(target: MEASURES, bus_lag);
            }
            let is_event = event.is_some();
            self.take(at, source, event).await?;
            // The first input carries the time of the run.
            if is_event && !is_announced {
                is_announced = true;
                self.announce(at).await?;
            }
            if let Some(done) = done {
                let _ = done.send(());
            }
        }
        self.seats.clear();
        self.journal.sync()?;
        Ok((self.journal, self.taps))
    }

    /// Says what a crash has kept from being said: the rest of the last cascade,
    /// and who sits in the seats.
    async fn finish_what_was_cut(&mut self) -> Result<(), SpineError> {
        self.run_cascade().await?;
        self.announce(self.order.now()).await
    }

    async fn announce(&mut self, at: Timestamp) -> Result<(), SpineError> {
        for seat in self.order.announced()..self.seats.len() {
            let agent = self.seats[seat].roster.id;
            let started = SystemEvent::AgentStarted(AgentStarted { agent });
            self.take(at, AgentId::Spine, Some(started.into())).await?;
        }
        Ok(())
    }

    async fn take(
        &mut self,
        at: Timestamp,
        source: AgentId,
        event: Option<Event>,
    ) -> Result<(), SpineError> {
        while self.order.admit_due(at) {
            self.run_cascade().await?;
        }
        if let Some(event) = event {
            self.order.admit(at, source, event);
            self.run_cascade().await?;
        }
        Ok(())
    }

    async fn run_cascade(&mut self) -> Result<(), SpineError> {
        while let Some(envelope) = self.order.next()? {
            self.journal.append(&envelope)?;
            if needs_sync(&envelope.event) {
                let lap = lap();
                self.journal.sync()?;
                if let Some(lap) = lap {
                    let journal_commit = lap.elapsed().as_secs_f64();
                    tracing::trace!(target: MEASURES, journal_commit);
                }
            }
            for tap in &mut self.taps {
                tap.see(&envelope);
            }
            self.deliver(envelope).await?;
        }
        Ok(())
    }

    async fn deliver(&mut self, envelope: Envelope) -> Result<(), SpineError> {
        let mut owed = 0_usize;
        for seat in &mut self.seats {
            let hears = wants(seat.roster.id, seat.topics, &envelope);
            seat.owes = hears && seat.occupant.is_some();
            owed += usize::from(seat.owes);
        }
        if owed == 0 {
            return Ok(());
        }
        self.round.begin(owed);
        let envelope = self.share(envelope);
        for seat in self.seats.iter().filter(|seat| seat.owes) {
            if let Some(occupant) = &seat.occupant {
                occupant.deliver(Arc::clone(&envelope));
            }
        }
        self.collect(envelope.seq).await;
        self.absorb(&envelope)?;
        self.spare = Some(envelope);
        Ok(())
    }

    /// Puts an envelope where all can read it, in the place of the last one when
    /// that is free.
    fn share(&mut self, envelope: Envelope) -> Arc<Envelope> {
        let Some(mut spare) = self.spare.take() else { return Arc::new(envelope) };
        match Arc::get_mut(&mut spare) {
            Some(place) => {
                *place = envelope;
                spare
            }
            None => Arc::new(envelope),
        }
    }

    /// Waits until every answer is there or the time is up.
    async fn collect(&mut self, seq: Seq) {
        let Self { round, watch, reply_deadline, .. } = self;
        poll_fn(|context| {
            if round.poll_over(context).is_ready() {
                return Poll::Ready(());
            }
            watch.poll_out(seq, *reply_deadline, context)
        })
        .await;
    }

    /// Queues the outputs in roster order; replaces who panicked, retires who did
    /// not answer.
    fn absorb(&mut self, envelope: &Envelope) -> Result<(), SpineError> {
        let mut is_given_up = false;
        for at in 0..self.seats.len() {
            let seat = &mut self.seats[at];
            if !std::mem::take(&mut seat.owes) {
                continue;
            }
            match seat.occupant.as_ref().and_then(Seated::take_answer) {
                Some(Ok(outputs)) => self.order.absorb(seat.roster.id, envelope.seq, outputs),
                Some(Err(message)) => self.replace(at, envelope, message)?,
                None => {
                    self.retire(at, envelope);
                    is_given_up = true;
                }
            }
        }
        if is_given_up {
            self.begin_anew();
        }
        Ok(())
    }

    /// Leaves the present round to those who answer late.
    fn begin_anew(&mut self) {
        self.round = Arc::new(Round::default());
        for occupant in self.seats.iter().filter_map(|seat| seat.occupant.as_ref()) {
            occupant.move_to(&self.round);
        }
    }

    fn replace(
        &mut self,
        at: usize,
        envelope: &Envelope,
        message: String,
    ) -> Result<(), SpineError> {
        let seat = &mut self.seats[at];
        let (agent, event) =
            self.faults.recover(&seat.roster, self.journal.as_mut(), envelope, message)?;
        seat.occupant = agent.map(|agent| occupy(&self.tracker, agent, &self.round));
        self.order.insert(Some(envelope.seq), event);
        Ok(())
    }

    fn retire(&mut self, at: usize, envelope: &Envelope) {
        let seat = &mut self.seats[at];
        seat.occupant = None;
        let agent = seat.roster.id;
        let trade = envelope.event.trade_id().map(tracing::field::display);
        tracing::error!(%agent, seq = envelope.seq.0, trade, "seat did not answer in time and is retired");
        let retired = AgentRetired {
            agent,
            unanswered: envelope.seq,
            reason: format!("no answer within {} ms", self.reply_deadline.as_millis()),
        };
        self.order.insert(None, SystemEvent::AgentRetired(retired));
    }
}
