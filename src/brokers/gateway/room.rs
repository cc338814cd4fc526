//! The gateway's speaking half: one task that takes requests and pushes, and the tasks
//! that it starts.
//!
//! It decides what runs when; what each call means is in the files of the verbs. It
//! waits neither for a broker nor for the door, so a kill is taken while everything
//! else hangs.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::brokers::gateway::config::GatewayConfig;
use crate::brokers::gateway::desk::Desk;
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::gateway::feeding::Feeding;
use crate::brokers::gateway::gate::Gate;
use crate::brokers::gateway::lines::{Job, Lines};
use crate::brokers::gateway::load::{Load, Streams};
use crate::brokers::gateway::port::Request;
use crate::brokers::gateway::reads::Told;
use crate::brokers::{Broker, OrderUpdate, Push};
use crate::bus::clock::Clock;
use crate::domain::ids::ClientOrderId;
use crate::domain::time::Timestamp;
use crate::events::BudgetChanged;

/// How often it looks at what is due.
const TICK: Duration = Duration::from_secs(1);
/// News of orders wait for the comparison no longer than so many ticks: their machines
/// do not depend on the order of what they hear, and a fill must not wait for a broker
/// that answers no reads.
const HOLD_TICKS: u32 = 10;
/// A comparison that failed is tried again after so many ticks.
const AGAIN_TICKS: u32 = 5;
/// News of orders that wait for the names of attached exits.
const HELD_MAX: usize = 256;
/// Reads that are under way at once.
const READS_MAX: usize = 64;
/// How long answers are awaited at the end.
const OWED: Duration = Duration::from_secs(5);

/// The async half of the venue seat.
pub struct Gateway<B, E> {
    desk: Arc<Desk<B, E>>,
    pub(super) load: Arc<Load>,
}

impl<B: Broker, E> fmt::Debug for Gateway<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("broker", &self.desk.broker.name()).finish_non_exhaustive()
    }
}

impl<B: Broker, E: Entrance> Gateway<B, E> {
    /// Sets a gateway up in front of a broker; `backup` is a second connection or
    /// endpoint of the *same* account.
    pub fn new(
        broker: Arc<B>,
        backup: Option<Arc<B>>,
        gate: Gate,
        clock: Arc<dyn Clock>,
        config: GatewayConfig,
        entrance: E,
    ) -> Self {
        let desk = Arc::new(Desk::new((broker, backup), (gate, clock), config, entrance));
        Self { desk, load: Arc::default() }
    }

    /// What is under way, for who looks on.
    pub fn load(&self) -> Arc<Load> {
        self.load.clone()
    }

    /// Runs until it is stopped or the house has ended, then waits up to 5 s for the
    /// answers still owed. Requests come from the [`Port`](crate::brokers::gateway::Port).
    pub async fn run(
        self,
        mut requests: mpsc::Receiver<Request>,
        streams: Streams,
        stop: CancellationToken,
    ) {
        let Self { desk, load } = self;
        let feeding = Arc::new(Feeding::new(desk.clone(), streams.market));
        let market_stop = stop.child_token();
        let mut market = JoinSet::new();
        let (half, token) = (feeding.clone(), market_stop.clone());
        market.spawn(async move { half.deliver(token).await });
        let mut room = Room {
            reconcile_in: 0,
            hold_left: HOLD_TICKS,
            is_held: true,
            is_reconciling: false,
            is_telling: false,
            is_account_due: false,
            is_saying: false,
            is_gate_seen: false,
            last_seen: desk.config.last_seen,
            usage: Vec::new(),
            lines: Lines::default(),
            running: HashMap::new(),
            jobs: JoinSet::new(),
            reads: JoinSet::new(),
            held: VecDeque::new(),
            load,
            desk,
            feeding,
        };
        room.live(&mut requests, streams.orders, &stop).await;
        // A gate that was closed because the house has ended is followed all the same: the
        // entries must not work on with nobody to look after them (F48).
        if room.desk.gate.is_closed() && !room.is_gate_seen {
            room.cancel_entries();
        }
        // What was asked before the end is still done.
        while let Ok(request) = requests.try_recv() {
            room.take(request);
        }
        room.finish().await;
        market_stop.cancel();
        while market.join_next().await.is_some() {}
    }
}

/// What a read was for, once it is over.
pub(super) enum Read {
    Reconciled {
        is_done: bool,
        began: Timestamp,
    },
    /// News of an order have been told.
    Told(Told),
    /// How the budget stands was said.
    Said,
    Other,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any mixture")]
pub(super) struct Room<B, E> {
    pub(super) desk: Arc<Desk<B, E>>,
    feeding: Arc<Feeding<B, E>>,
    pub(super) lines: Lines,
    load: Arc<Load>,
    /// Whose job a task does: told also when it panics.
    running: HashMap<Id, ClientOrderId>,
    jobs: JoinSet<()>,
    reads: JoinSet<Read>,
    held: VecDeque<OrderUpdate>,
    /// Order news wait until the broker has been compared with the house.
    pub(super) is_held: bool,
    hold_left: u32,
    is_reconciling: bool,
    reconcile_in: u32,
    last_seen: Timestamp,
    pub(super) is_telling: bool,
    is_account_due: bool,
    /// Whether the budget's word is on its way to the door.
    pub(super) is_saying: bool,
    /// Whether the closing of the gate has been followed by the cancelling pass.
    pub(super) is_gate_seen: bool,
    pub(super) usage: Vec<BudgetChanged>,
}

impl<B: Broker, E: Entrance> Room<B, E> {
    async fn live(
        &mut self,
        requests: &mut mpsc::Receiver<Request>,
        mut orders: mpsc::Receiver<Push>,
        stop: &CancellationToken,
    ) {
        let mut ticks = every(TICK);
        let (gate, closed) = (self.desk.gate.clone(), self.desk.closed.clone());
        let mut has_orders = true;
        loop {
            // The end first, then the kill, then what was asked, then what is over (it
            // makes room), then news; the clock is patient.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = closed.cancelled() => return,
                () = gate.closed(), if !self.is_gate_seen => self.cancel_entries(),
                request = requests.recv() => match request {
                    Some(request) => self.take(request),
                    None => return,
                },
                Some(over) = self.jobs.join_next_with_id() => self.job_over(over),
                Some(over) = self.reads.join_next() => self.read_over(over),
                push = orders.recv(), if has_orders && !self.is_held && !self.is_telling => {
                    match push {
                        Some(push) => self.push(push),
                        None => has_orders = false,
                    }
                }
                _ = ticks.tick() => self.tick(),
            }
        }
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Submit(submit) => {
                let request = submit.order.request();
                let id = request.client_order_id.clone();
                let sent_at = self.desk.hours.by_their_clock(self.desk.clock.now());
                self.desk.ledger().open(request, submit.order.purpose(), sent_at);
                self.add(id, Job::Submit(submit));
            }
            Request::Modify(modify) => {
                let id = self.desk.ledger().current(&modify.client_order_id);
                self.add(id, Job::Replace(modify));
            }
            Request::Cancel(cancel) => {
                let id = self.desk.ledger().current(&cancel.client_order_id);
                self.add(id, Job::Cancel);
            }
            Request::Status(id) => {
                let id = self.desk.ledger().current(&id);
                self.add(id, Job::Status);
            }
            Request::Bars(wanted) => {
                self.read_if_room(|desk| async move {
                    desk.say_bars(wanted).await;
                    Read::Other
                });
            }
            Request::LoginDied => {
                self.read(|desk| async move {
                    desk.login_died().await;
                    Read::Other
                });
            }
            Request::Reset(reset) => {
                let since = self.last_seen;
                self.read(|desk| async move {
                    desk.reset(&reset.breaker, since).await;
                    Read::Other
                });
            }
            Request::Decide { order, is } => {
                let is_taken = self.desk.broker.decide(&order, is.as_ref());
                tracing::info!(%order, is_taken, "a human has said what became of an order");
                self.reconcile_in = 0;
            }
            Request::Reconcile => self.reconcile_in = 0,
        }
    }

    pub(super) fn add(&mut self, id: ClientOrderId, job: Job) {
        if let Some(job) = self.lines.add(&id, job) {
            self.begin(id, job);
        }
    }

    fn begin(&mut self, id: ClientOrderId, job: Job) {
        let (desk, subject) = (self.desk.clone(), id.clone());
        let task = self.jobs.spawn(async move {
            match job {
                Job::Submit(submit) => desk.submit(&submit).await,
                Job::Replace(modify) => desk.replace(&modify).await,
                Job::Cancel => desk.cancel(&subject).await,
                Job::Status => desk.status(&subject).await,
            }
        });
        self.running.insert(task.id(), id);
    }

    fn job_over(&mut self, over: Result<(Id, ()), JoinError>) {
        let task = match over {
            Ok((task, ())) => task,
            Err(error) => {
                // The execution agent asks for what it has heard nothing of.
                tracing::error!(%error, "a call about an order broke off");
                error.id()
            }
        };
        let Some(id) = self.running.remove(&task) else { return };
        if let Some(job) = self.lines.next(&id) {
            self.begin(id, job);
        }
        self.tell_held();
    }

    pub(super) fn read<F>(&mut self, begin: impl FnOnce(Arc<Desk<B, E>>) -> F)
    where
        F: Future<Output = Read> + Send + 'static,
    {
        self.reads.spawn(begin(self.desk.clone()));
    }

    /// What can be asked for again is left out while too much is under way: the door is
    /// shut, or the broker hangs.
    pub(super) fn read_if_room<F>(&mut self, begin: impl FnOnce(Arc<Desk<B, E>>) -> F)
    where
        F: Future<Output = Read> + Send + 'static,
    {
        if self.reads.len() < READS_MAX {
            self.read(begin);
        } else {
            tracing::warn!("too many reads are under way, one is left out");
        }
    }

    fn read_over(&mut self, over: Result<Read, JoinError>) {
        match over {
            Ok(Read::Other) => {}
            Ok(Read::Said) => self.is_saying = false,
            Ok(Read::Told(Told { has_traded, may_end_others })) => {
                self.is_telling = false;
                self.is_account_due |= has_traded;
                if may_end_others {
                    self.reconcile_in = self.reconcile_in.min(1);
                }
                self.tell_held();
            }
            Ok(Read::Reconciled { is_done, began }) => self.reconciled(is_done, began),
            Err(error) => {
                // Whichever it was, none of them may stand still.
                tracing::error!(%error, "a read broke off");
                self.is_telling = false;
                self.is_reconciling = false;
                self.is_saying = false;
            }
        }
    }

    fn push(&mut self, push: Push) {
        match push {
            Push::Order(update) => {
                self.desk.heard().update(&update);
                self.tell(*update);
            }
            Push::OrdersResumed => {
                self.desk.heard().gap();
                self.desk.readiness.resumed();
                self.desk.ledger().stream_resumed();
                // What happened in the gap is read before the rest is believed.
                self.is_held = true;
                self.hold_left = HOLD_TICKS;
                self.reconcile();
            }
            Push::Link { feed, state } => {
                self.desk.readiness.link(state.is_up());
                self.feeding.push(Push::Link { feed, state });
            }
            other @ (Push::Quote(_)
            | Push::Tick(_)
            | Push::Bar(..)
            | Push::Status(_)
            | Push::Band(_)
            | Push::Correction(_)
            | Push::MarketResumed { .. }) => {
                self.feeding.push(other);
            }
        }
    }

    /// Tells one piece of news after the other. What may be news of an attached exit
    /// waits until the exits have names.
    fn tell(&mut self, update: OrderUpdate) {
        let must_wait = self.lines.awaits_legs(update.order.report.symbol)
            && !self.desk.ledger().knows(&update.order);
        if must_wait && self.held.len() < HELD_MAX {
            self.held.push_back(update);
            return;
        }
        self.is_telling = true;
        let since = self.last_seen;
        self.read(|desk| async move { Read::Told(desk.tell_update(&update, since).await) });
    }

    /// One of those that waited for names, once they are there.
    fn tell_held(&mut self) {
        if self.is_telling {
            return;
        }
        let ready = self.held.iter().position(|update| {
            !self.lines.awaits_legs(update.order.report.symbol)
                || self.desk.ledger().knows(&update.order)
        });
        if let Some(update) = ready.and_then(|at| self.held.remove(at)) {
            self.tell(update);
        }
    }

    fn tick(&mut self) {
        self.load.note(self.lines.waiting(), self.running.len());
        self.is_gate_seen &= self.desk.gate.is_closed();
        if self.is_held {
            self.hold_left = self.hold_left.saturating_sub(1);
            self.is_held = self.hold_left > 0;
        }
        self.reconcile_in = self.reconcile_in.saturating_sub(1);
        if self.reconcile_in == 0 {
            self.reconcile();
        } else if self.is_account_due && !self.is_reconciling {
            self.is_account_due = false;
            self.read_if_room(|desk| async move {
                desk.say_account().await;
                Read::Other
            });
        }
        let now = self.desk.clock.now();
        if self.desk.hours.is_due(now) {
            self.read_if_room(|desk| async move {
                desk.compare_hours().await;
                Read::Other
            });
        }
        self.look_at_silence(now);
        self.say_budget();
    }

    fn reconcile(&mut self) {
        if self.is_reconciling {
            // It may have begun before the gap: once more when it is over.
            self.reconcile_in = 0;
            return;
        }
        self.is_reconciling = true;
        self.is_account_due = false;
        self.reconcile_in = self.desk.config.reconcile_seconds.max(1);
        let (since, began) = (self.last_seen, self.desk.clock.now());
        self.read(|desk| async move {
            let is_done = desk.reconcile(since).await;
            Read::Reconciled { is_done, began }
        });
    }

    fn reconciled(&mut self, is_done: bool, began: Timestamp) {
        self.is_reconciling = false;
        if is_done {
            self.last_seen = began;
            // Asked for again meanwhile: then the news wait for that one.
            let is_complete = self.reconcile_in > 0;
            self.is_held &= !is_complete;
            if is_complete {
                self.desk.readiness.read();
            }
            self.ask_again();
        } else {
            self.reconcile_in = self.reconcile_in.min(AGAIN_TICKS);
        }
    }

    /// Waits for the answers still owed.
    async fn finish(&mut self) {
        let owed = async {
            while let Some(over) = self.jobs.join_next_with_id().await {
                self.job_over(over);
            }
        };
        if tokio::time::timeout(OWED, owed).await.is_err() {
            for id in self.running.values() {
                tracing::warn!(order = %id, "the broker still owes an answer");
            }
        }
        self.jobs.shutdown().await;
        self.reads.shutdown().await;
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
