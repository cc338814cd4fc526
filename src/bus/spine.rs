//! The spine: one task that orders everything, and one task per agent.
//!
//! It takes the next cause (an input from the door, or a timer that is due) and
//! runs its cascade to the end: write the envelope, deliver it to the seats that
//! want it, wait for their replies, queue the outputs in roster order, take the
//! next. Seats work in parallel on one envelope; scheduling cannot show.
//!
//! Only the door is bounded. Replies travel on an unbounded channel on purpose:
//! if agents could wait for the spine while the spine waits for them, both would
//! stop. Their number is bounded by deliveries.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::bus::agent::{Roster, RosterSeat, Tap};
use crate::bus::fold::fold_all;
use crate::bus::seat::{Reply, occupy};
use crate::bus::sequencer::{Sequencer, SpineError};
use crate::bus::supervision::{FaultBook, needs_sync, wants};
use crate::domain::ids::{AgentId, Seq};
use crate::domain::time::Timestamp;
use crate::events::{AgentRetired, AgentStarted, Envelope, Event, SystemEvent, Topics};
use crate::journal::Journal;

/// A seat that has not answered by then is retired and trading halts. Handlers
/// are pure arithmetic and take microseconds; a quarter of a second is a hang.
pub const REPLY_DEADLINE: Duration = Duration::from_millis(250);

/// Inputs that may wait at the door.
pub const DOOR_CAPACITY: usize = 1_024;

/// One input on its way to the spine.
#[derive(Debug)]
struct Input {
    at: Timestamp,
    source: AgentId,
    event: Event,
    done: Option<oneshot::Sender<()>>,
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
        let input = Input { at, source, event: event.into(), done: None };
        self.0.send(input).await.map_err(|_| SpineError::Closed)
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
        let input = Input { at, source, event: event.into(), done: Some(done) };
        self.0.send(input).await.map_err(|_| SpineError::Closed)?;
        settled.await.map_err(|_| SpineError::Closed)
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
    replies: mpsc::UnboundedReceiver<Reply>,
    reply_sender: mpsc::UnboundedSender<Reply>,
    tracker: TaskTracker,
    reply_deadline: Duration,
    /// Used for one envelope at a time; kept to spare an allocation per event.
    answers: Vec<Option<Result<Vec<crate::bus::agent::Output>, String>>>,
}

struct Seat {
    roster: RosterSeat,
    topics: Topics,
    generation: u32,
    /// `None` once the seat has been emptied.
    deliveries: Option<mpsc::UnboundedSender<Arc<Envelope>>>,
    owes: bool,
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
        let (reply_sender, replies) = mpsc::unbounded_channel();
        let seats: Vec<Seat> = roster
            .into_iter()
            .zip(agents)
            .enumerate()
            .map(|(at, (roster, agent))| {
                let topics = agent.topics();
                let deliveries = occupy(tracker, agent, (at, 0), reply_sender.clone());
                Seat { roster, topics, generation: 0, deliveries: Some(deliveries), owes: false }
            })
            .collect();
        let answers = seats.iter().map(|_| None).collect();
        let spine = Self {
            order,
            seats,
            journal,
            taps,
            faults,
            inputs,
            replies,
            reply_sender,
            tracker: tracker.clone(),
            reply_deadline: REPLY_DEADLINE,
            answers,
        };
        Ok((spine, Door(door)))
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
        if self.order.last() == Seq(0) {
            self.announce_next_inputs().await?;
        }
        while let Some(Input { at, source, event, done }) = self.inputs.recv().await {
            self.take(at, source, event).await?;
            if let Some(done) = done {
                let _ = done.send(());
            }
        }
        for seat in &mut self.seats {
            seat.deliveries = None;
        }
        self.journal.sync()?;
        Ok((self.journal, self.taps))
    }

    /// The first input carries the time of the run; the agents are announced at it.
    async fn announce_next_inputs(&mut self) -> Result<(), SpineError> {
        let Some(Input { at, source, event, done }) = self.inputs.recv().await else {
            return Ok(());
        };
        self.take(at, source, event).await?;
        for at_seat in 0..self.seats.len() {
            let agent = self.seats[at_seat].roster.id;
            let started = SystemEvent::AgentStarted(AgentStarted { agent });
            self.take(at, AgentId::Spine, started.into()).await?;
        }
        if let Some(done) = done {
            let _ = done.send(());
        }
        Ok(())
    }

    async fn take(
        &mut self,
        at: Timestamp,
        source: AgentId,
        event: Event,
    ) -> Result<(), SpineError> {
        while self.order.admit_due(at) {
            self.run_cascade().await?;
        }
        self.order.admit(at, source, event);
        self.run_cascade().await
    }

    async fn run_cascade(&mut self) -> Result<(), SpineError> {
        while let Some(envelope) = self.order.next()? {
            self.journal.append(&envelope)?;
            if needs_sync(&envelope.event) {
                self.journal.sync()?;
            }
            for tap in &mut self.taps {
                tap.see(&envelope);
            }
            self.deliver(Arc::new(envelope)).await?;
        }
        Ok(())
    }

    async fn deliver(&mut self, envelope: Arc<Envelope>) -> Result<(), SpineError> {
        let mut owed = 0_usize;
        for seat in &mut self.seats {
            if !wants(seat.roster.id, seat.topics, &envelope) {
                continue;
            }
            if let Some(deliveries) = &seat.deliveries
                && deliveries.send(Arc::clone(&envelope)).is_ok()
            {
                seat.owes = true;
                owed += 1;
            }
        }
        if owed > 0 {
            self.collect(&envelope, owed).await;
            self.absorb(&envelope)?;
        }
        Ok(())
    }

    /// Waits for the replies to one envelope. The deadline is armed only when a
    /// reply is not there at once, which spares a timer per event.
    async fn collect(&mut self, envelope: &Envelope, mut owed: usize) {
        let mut deadline = None;
        while owed > 0 {
            let reply = match self.replies.try_recv() {
                Ok(reply) => reply,
                Err(_) => {
                    let until = *deadline
                        .get_or_insert_with(|| tokio::time::Instant::now() + self.reply_deadline);
                    match tokio::time::timeout_at(until, self.replies.recv()).await {
                        Ok(Some(reply)) => reply,
                        Ok(None) | Err(_) => return,
                    }
                }
            };
            let seat = &mut self.seats[reply.seat];
            // A late answer of a seat that has been retired or re-occupied.
            if reply.generation != seat.generation || reply.seq != envelope.seq || !seat.owes {
                continue;
            }
            seat.owes = false;
            owed -= 1;
            self.answers[reply.seat] = Some(reply.outputs);
        }
    }

    /// Queues the outputs in roster order; replaces who panicked, retires who did
    /// not answer.
    fn absorb(&mut self, envelope: &Envelope) -> Result<(), SpineError> {
        for at in 0..self.seats.len() {
            let agent = self.seats[at].roster.id;
            match self.answers[at].take() {
                Some(Ok(outputs)) => self.order.absorb(agent, envelope.seq, outputs),
                Some(Err(message)) => self.replace(at, envelope, message)?,
                None if self.seats[at].owes => self.retire(at, envelope),
                None => {}
            }
        }
        Ok(())
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
        seat.generation += 1;
        seat.deliveries = agent.map(|agent| {
            occupy(&self.tracker, agent, (at, seat.generation), self.reply_sender.clone())
        });
        self.order.insert(Some(envelope.seq), event);
        Ok(())
    }

    fn retire(&mut self, at: usize, envelope: &Envelope) {
        let seat = &mut self.seats[at];
        seat.owes = false;
        seat.generation += 1;
        seat.deliveries = None;
        let agent = seat.roster.id;
        tracing::error!(%agent, seq = envelope.seq.0, "seat did not answer in time and is retired");
        let retired = AgentRetired {
            agent,
            unanswered: envelope.seq,
            reason: format!("no answer within {} ms", self.reply_deadline.as_millis()),
        };
        self.order.insert(None, SystemEvent::AgentRetired(retired));
    }
}
