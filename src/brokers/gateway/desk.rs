//! What all tasks of a gateway share: the broker, the way out and the way in.
//!
//! One function makes every call: it waits for its lane, keeps to the breaker, feeds
//! back what the answer says of the broker's count, and gives up in time. What a call
//! means is in the files of the verbs.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio_util::sync::CancellationToken;

use crate::breakers::{Bank, Call, CallClass, CallOutcome, Cause, Lane, Phase, Ticket, Transition};
use crate::brokers::gateway::admission::Admission;
use crate::brokers::gateway::config::GatewayConfig;
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::gateway::gate::Gate;
use crate::brokers::gateway::heard::Heard;
use crate::brokers::gateway::hours::Hours;
use crate::brokers::gateway::ledger::Ledger;
use crate::brokers::gateway::readiness::Readiness;
use crate::brokers::gateway::surfaces::{Surfaces, feed_back};
use crate::brokers::toll::{Gatekeeper, Toll};
use crate::brokers::{Answer, Broker, CallError, Seal};
use crate::bus::clock::{Clock, MEASURES, lap};
use crate::domain::ids::{AgentId, ClientOrderId};
use crate::events::{
    Alert, BreakerEvent, BreakerStateChanged, CallFailed, Event, Severity, SystemEvent, VenueCall,
    VenueEvent,
};

/// A call that its broker has not ended by then is given up: longer than the longest
/// time-out inside a broker (an order's POST, 10 s), so it only catches a broken one.
const CALL_LONGEST: Duration = Duration::from_secs(20);
/// Tries of a read.
const READ_TRIES: u32 = 3;
/// Longest wait between two tries of a read; full jitter.
const READ_WAIT: Duration = Duration::from_secs(2);
/// How long comparisons and data wait for the budget before they are left out.
const READ_PATIENCE: Duration = Duration::from_secs(20);

/// How long a further request of a call waits for the budget: with it the call must end
/// well before it is given up, so that one which never left is told as such.
const FURTHER_PATIENCE: Duration = Duration::from_secs(5);

/// Where the further requests of a call pay.
struct Lanes(Arc<Admission>, Lane);

impl Gatekeeper for Lanes {
    fn pay(&self) -> BoxFuture<'_, Result<(), String>> {
        async {
            let place = self.0.enter_again(self.1, FURTHER_PATIENCE).await;
            place.map_err(|held| held.to_string())
        }
        .boxed()
    }
}
/// Why nothing leaves any more.
const SUCCEEDED: &str = "the lease is over: another process may run this instance";

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// It was held back here; not one byte has left, and it says nothing of the broker.
    #[error("{0}")]
    Held(String),
    /// It failed at or on the way to the broker.
    #[error(transparent)]
    Failed(#[from] CallError),
}

impl Failure {
    /// Whether it counts against the breaker of the broker.
    pub(super) fn counts(&self) -> bool {
        use crate::breakers::Verdict;
        match self {
            Self::Held(_) => false,
            Self::Failed(error) => {
                matches!(error.outcome().verdict(), Verdict::Fails | Verdict::Dead)
            }
        }
    }

    /// Whether the broker certainly did not do it.
    pub(super) const fn is_certain(&self) -> bool {
        matches!(
            self,
            Self::Held(_)
                | Self::Failed(
                    CallError::NotSent { .. }
                        | CallError::LoginNeeded { .. }
                        | CallError::Refused(_)
                )
        )
    }
}

/// How a call may leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leave {
    pub(super) lane: Lane,
    /// `None` for orders: their breaker is the execution agent's.
    pub(super) class: Option<CallClass>,
    /// How long it may wait for its lane; `None` for as long as it takes.
    pub(super) patience: Option<Duration>,
    /// Whether it adds risk and so must find the gate open.
    pub(super) is_gated: bool,
}

impl Leave {
    /// A call about orders that may wait.
    pub(super) const fn by(lane: Lane) -> Self {
        Self { lane, class: None, patience: None, is_gated: false }
    }

    /// A read that is left out when there is no room for it.
    pub(super) const fn read(lane: Lane, class: Option<CallClass>) -> Self {
        Self { lane, class, patience: Some(READ_PATIENCE), is_gated: false }
    }
}

/// Shared by all tasks of one gateway. No lock is held across an await.
pub(super) struct Desk<B, E> {
    pub(super) broker: Arc<B>,
    /// A second connection or endpoint of the same account, for orders that must
    /// arrive.
    pub(super) backup: Option<Arc<B>>,
    pub(super) gate: Gate,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: GatewayConfig,
    pub(super) surfaces: Surfaces,
    /// Whether news of orders reach us.
    pub(super) readiness: Readiness,
    /// The market's hours as the broker tells them.
    pub(super) hours: Hours,
    bank: Mutex<Bank>,
    ledger: Mutex<Ledger>,
    heard: Mutex<Heard>,
    entrance: E,
    /// Cancelled when the house has ended.
    pub(super) closed: CancellationToken,
}

impl<B: Broker, E: Entrance> Desk<B, E> {
    pub(super) fn new(
        (broker, backup): (Arc<B>, Option<Arc<B>>),
        (gate, clock): (Gate, Arc<dyn Clock>),
        config: GatewayConfig,
        entrance: E,
    ) -> Self {
        let mut bank = Bank::new(broker.name(), &config.remedy, config.breaker);
        if config.is_latched {
            // It was said when it happened.
            let _said = bank.token_died(clock.now());
            broker.seal(Seal::Shut);
        }
        Self {
            bank: Mutex::new(bank),
            surfaces: Surfaces::new(&config, &clock),
            ledger: Mutex::default(),
            heard: Mutex::default(),
            readiness: Readiness::default(),
            hours: Hours::default(),
            closed: CancellationToken::new(),
            broker,
            backup,
            gate,
            clock,
            config,
            entrance,
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panic in a task leaves names that are still right.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bank(&self) -> MutexGuard<'_, Bank> {
        self.bank.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something to the house, as the occupant of the venue seat.
    pub(super) async fn say(&self, event: impl Into<Event>) {
        self.say_as(AgentId::Venue, event).await;
    }

    pub(super) async fn say_as(&self, source: AgentId, event: impl Into<Event>) {
        if self.entrance.offer(self.clock.now(), source, event.into()).await.is_err() {
            self.closed.cancel();
        }
    }

    /// Says what the ledger has made of news, and what it found strange in them.
    pub(super) async fn say_all(&self, events: Vec<VenueEvent>) {
        for event in events {
            self.say(event).await;
        }
        let strange = self.ledger().take_strange();
        for text in strange {
            self.alert(Severity::Critical, text).await;
        }
    }

    pub(super) async fn alert(&self, severity: Severity, text: String) {
        self.say(SystemEvent::Alert(Alert { severity, text })).await;
    }

    /// Says that a call about an order failed.
    pub(super) async fn say_failed(
        &self,
        call: VenueCall,
        id: &ClientOrderId,
        definitely_not_sent: bool,
        failure: &Failure,
    ) {
        self.say(VenueEvent::CallFailed(CallFailed {
            breaker: format!("{}.{}", self.broker.name(), CallClass::Orders.name()),
            call,
            client_order_id: Some(id.clone()),
            definitely_not_sent,
            counts: failure.counts(),
            detail: failure.to_string(),
        }))
        .await;
    }

    /// Makes one call. The future is not begun before it may leave.
    pub(super) async fn call<T>(
        &self,
        leave: Leave,
        ask: impl Future<Output = Result<Answer<T>, CallError>> + Send,
    ) -> Result<T, Failure> {
        let ticket = match leave.class {
            Some(class) => Some((class, self.admit(class).await?)),
            None => None,
        };
        let lap = lap();
        let surface = self.surfaces.of(leave.class);
        let permit = match surface.enter(leave.lane, leave.patience).await {
            Ok(permit) => permit,
            Err(held) => {
                self.record(ticket, CallOutcome::CancelledByUs).await;
                return Err(Failure::Held(held.to_string()));
            }
        };
        if let Some(lap) = lap {
            let limiter_wait = lap.elapsed().as_secs_f64();
            tracing::trace!(target: MEASURES, limiter_wait, of = leave.lane.name());
        }
        // The last step before the bytes leave.
        if self.gate.is_succeeded() {
            return Err(Failure::Held(SUCCEEDED.into()));
        }
        if leave.is_gated
            && let Some(why) = self.entries_held()
        {
            return Err(Failure::Held(why.into()));
        }
        let way = Toll::new(Arc::new(Lanes(surface.clone(), leave.lane)));
        let way = way.on(self.way(leave, ask));
        let answer = match tokio::time::timeout(CALL_LONGEST, way).await {
            Ok(answer) => answer,
            Err(_) => Err(CallError::Unknown {
                outcome: CallOutcome::TimedOut,
                detail: format!("no answer within {} s", CALL_LONGEST.as_secs()),
                rate: None,
            }),
        };
        drop(permit);
        let outcome = answer.as_ref().map_or_else(CallError::outcome, |_| CallOutcome::Success);
        feed_back(surface, &answer);
        if outcome == CallOutcome::TokenDead {
            self.login_died().await;
        }
        self.record(ticket, outcome).await;
        Ok(answer?.value)
    }

    /// Why no entry may leave now.
    fn entries_held(&self) -> Option<&'static str> {
        if self.gate.is_closed() {
            return Some("the gate for entries is closed");
        }
        if self.gate.is_waiting() {
            return Some("bus_down: the bus to other processes does not answer");
        }
        if !self.readiness.is_ready() {
            return Some("news of orders do not reach us: the order stream is not up");
        }
        let is_closed = self.hours.is_closed(self.clock.now());
        is_closed.then_some("the broker says that the market is closed")
    }

    /// The way of a call to the broker. An entry is given up where it is when the gate
    /// closes: it may be waiting for a connection with not a byte gone, and would leave
    /// seconds after the key was pressed. The gate is asked at every poll, so nothing
    /// leaves after the one that was under way. What may have left is unknown and is
    /// looked up.
    async fn way<T>(
        &self,
        leave: Leave,
        ask: impl Future<Output = Result<Answer<T>, CallError>> + Send,
    ) -> Result<Answer<T>, CallError> {
        let ask = self.while_it_may_act(ask);
        if !leave.is_gated {
            return ask.await;
        }
        // The gate first, that is all of its meaning.
        tokio::select! {
            biased;
            () = self.gate.closed() => Err(CallError::Unknown {
                outcome: CallOutcome::CancelledByUs,
                detail: "the gate closed while the entry was on its way".into(),
                rate: None,
            }),
            answer = ask => answer,
        }
    }

    /// Goes on with a call as long as no other process may act in this one's place. A
    /// process that was stopped in the middle of a call finds that out before the next
    /// byte leaves.
    async fn while_it_may_act<T>(
        &self,
        ask: impl Future<Output = Result<Answer<T>, CallError>> + Send,
    ) -> Result<Answer<T>, CallError> {
        tokio::pin!(ask);
        poll_fn(|context| {
            if self.gate.is_succeeded() {
                return Poll::Ready(Err(CallError::Unknown {
                    outcome: CallOutcome::CancelledByUs,
                    detail: SUCCEEDED.into(),
                    rate: None,
                }));
            }
            ask.as_mut().poll(context)
        })
        .await
    }

    /// Reads with three tries; `ask` makes the call anew for each.
    pub(super) async fn read<T, F>(&self, leave: Leave, ask: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<Answer<T>, CallError>> + Send,
    {
        let mut tries = 1;
        loop {
            let failure = match self.call(leave, ask()).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let is_over = matches!(
                failure,
                Failure::Held(_)
                    | Failure::Failed(CallError::Refused(_) | CallError::LoginNeeded { .. })
            );
            if is_over || tries >= READ_TRIES {
                return Err(failure);
            }
            tries += 1;
            tokio::time::sleep(self.jitter(READ_WAIT)).await;
        }
    }

    /// Draws a wait of up to `most`: full jitter.
    pub(super) fn jitter(&self, most: Duration) -> Duration {
        self.surfaces.of(None).jitter(most)
    }

    pub(super) async fn admit(&self, class: CallClass) -> Result<Ticket, Failure> {
        let admission = self.bank().admit(class, Call::Read, self.clock.now());
        self.say_changes(admission.transition).await;
        admission.ticket.map_err(|refusal| Failure::Held(refusal.to_string()))
    }

    async fn record(&self, ticket: Option<(CallClass, Ticket)>, outcome: CallOutcome) {
        let Some((class, ticket)) = ticket else { return };
        let changes = self.bank().record(class, ticket, outcome, self.clock.now());
        self.say_changes(changes).await;
    }

    /// Notices probes that have not come back.
    pub(super) async fn tick(&self) {
        let changes = self.bank().tick(self.clock.now());
        self.say_changes(changes).await;
    }

    pub(super) async fn say_changes(&self, changes: impl IntoIterator<Item = Transition>) {
        for Transition { breaker, from, to, cause, at } in changes {
            let retry_at =
                (to == Phase::Open && from != to).then(|| at.plus(self.config.breaker.open_for));
            self.say(BreakerEvent::StateChanged(BreakerStateChanged {
                breaker,
                from: from.name().to_owned(),
                to: to.name().to_owned(),
                reason: self.in_words(cause),
                retry_at,
            }))
            .await;
        }
    }

    fn in_words(&self, cause: Cause) -> String {
        match cause {
            Cause::Failures => "too many failures in a row".into(),
            Cause::ProbeDue => "the period is over, one probe leaves".into(),
            Cause::ProbeSucceeded => "the probe succeeded".into(),
            Cause::ProbeFailed => "the probe failed".into(),
            Cause::ProbeTimedOut => "the probe did not come back".into(),
            Cause::TokenDead => {
                format!("auth: the login is dead: run `{}`, then reset", self.config.remedy)
            }
            Cause::LatchLifted => "the account answers again".into(),
            Cause::OpenedByOperator => "the operator opened it".into(),
            Cause::ClosedByOperator => "the operator closed it".into(),
            Cause::ResetByOperator => "the operator reset it, the next call is a probe".into(),
            Cause::Overridden(_) => "overridden".into(),
        }
    }
}
