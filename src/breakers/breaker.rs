//! One circuit breaker: closed → open → half-open → closed.
//!
//! The owner asks [`Breaker::admit`] before a call and gives the ticket back with
//! the outcome. Time is passed in; the owner takes it from the house clock, which
//! never goes back. Should it do so all the same, the breaker stands still: it
//! uses the latest time it has seen. It knows no broker; what counts is in
//! [`policy`](crate::breakers::policy), who latches whom in
//! [`bank`](crate::breakers::bank).

use jiff::SignedDuration;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::breakers::change::{Authority, Cause, Latch, Phase, Transition};
use crate::breakers::policy::{CallOutcome, Verdict};
use crate::domain::time::Timestamp;

/// The longest period a growing backoff can reach.
pub const OPEN_FOR_MAX: SignedDuration = SignedDuration::from_mins(10);

/// How a breaker behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerConfig {
    /// Counted failures in a row that open it, at least 1.
    pub failures_to_open: u32,
    /// How long it refuses all calls before it tries one, a second or more.
    pub open_for: SignedDuration,
    /// After how long a probe without an outcome counts as failed.
    pub probe_timeout: SignedDuration,
    /// By what the period is multiplied after each failed probe, at least 1; the
    /// period ends at [`OPEN_FOR_MAX`].
    pub backoff: Decimal,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_to_open: 3,
            open_for: SignedDuration::from_secs(60),
            // As long as the longest time-out of a call, that of an order's POST.
            probe_timeout: SignedDuration::from_secs(10),
            backoff: Decimal::ONE,
        }
    }
}

impl BreakerConfig {
    /// The first period, held above zero so that an open breaker really refuses.
    fn period(&self) -> SignedDuration {
        self.open_for.max(SignedDuration::from_secs(1))
    }
}

/// Whether a call changes something at the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// It only reads: it may be the first call after a reset.
    Read,
    /// It changes something.
    Write,
}

/// Permission for one call, given back with its outcome.
///
/// It cannot be copied, so no call is counted twice. One that is lost is noticed
/// by the probe's time-out.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a ticket is given back with the outcome of its call"]
pub struct Ticket {
    generation: u64,
    kind: TicketKind,
}

impl Ticket {
    /// Tells whether the call decides over the breaker, so that it should be one
    /// that cannot do harm where there is a choice.
    pub fn is_probe(&self) -> bool {
        self.kind == TicketKind::Probe
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TicketKind {
    Normal,
    Probe,
    Override,
}

/// Why a call may not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{breaker} is {phase}: {}", self.advice())]
pub struct Refusal {
    /// The breaker's name.
    pub breaker: String,
    /// Its phase.
    pub phase: Phase,
    /// How long to wait before asking again makes sense, above zero; `None` when
    /// only the operator can help.
    pub left: Option<SignedDuration>,
}

impl Refusal {
    fn advice(&self) -> String {
        match self.left {
            // Rounded up, so that it never says "0 s left".
            Some(left) => {
                let whole = left.as_secs();
                let more = i64::from(left.subsec_nanos() > 0);
                format!("{} s left", whole.saturating_add(more))
            }
            None if self.phase == Phase::HalfOpen => "a read must succeed first".to_owned(),
            None => "waits for the operator's reset".to_owned(),
        }
    }
}

/// The answer to a request for a call.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Admission {
    /// The permission, or why not.
    pub ticket: Result<Ticket, Refusal>,
    /// What changed by asking.
    pub transition: Option<Transition>,
}

/// Where a breaker stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "phase")]
enum State {
    Closed {
        /// Counted failures in a row.
        failures: u32,
    },
    Open {
        until: Timestamp,
        period: SignedDuration,
    },
    HalfOpen {
        /// When the probe in flight counts as failed; `None` when the permit is
        /// free.
        probe_until: Option<Timestamp>,
        period: SignedDuration,
        /// The latch that a failing probe restores; with one, a probe must read.
        latch: Option<Latch>,
    },
    Latched {
        latch: Latch,
    },
}

/// A circuit breaker. Serialised with its state, so that a latch survives a
/// restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    name: String,
    config: BreakerConfig,
    state: State,
    /// Counts changes of phase; a ticket of an older generation says nothing any
    /// more.
    generation: u64,
    /// The latest time seen.
    latest: Timestamp,
}

impl Breaker {
    /// Makes a closed breaker with a name such as `alpaca.paper.orders`.
    pub fn new(name: impl Into<String>, config: BreakerConfig) -> Self {
        Self {
            name: name.into(),
            config,
            state: State::Closed { failures: 0 },
            generation: 0,
            latest: Timestamp::from_nanos(i64::MIN),
        }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the phase as of the last call of any method.
    pub const fn phase(&self) -> Phase {
        match &self.state {
            State::Closed { .. } => Phase::Closed,
            State::Open { .. } => Phase::Open,
            State::HalfOpen { .. } => Phase::HalfOpen,
            State::Latched { .. } => Phase::Latched,
        }
    }

    /// Returns the counted failures in a row; zero unless closed.
    pub const fn failures(&self) -> u32 {
        match &self.state {
            State::Closed { failures } => *failures,
            State::Open { .. } | State::HalfOpen { .. } | State::Latched { .. } => 0,
        }
    }

    /// Returns why it is latched, also while the probe after a reset is awaited.
    pub const fn latch(&self) -> Option<Latch> {
        match &self.state {
            State::Latched { latch } => Some(*latch),
            State::HalfOpen { latch, .. } => *latch,
            State::Closed { .. } | State::Open { .. } => None,
        }
    }

    /// Returns when [`Breaker::tick`] should be called: the end of a probe's time.
    pub const fn wake_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::HalfOpen { probe_until, .. } => *probe_until,
            State::Closed { .. } | State::Open { .. } | State::Latched { .. } => None,
        }
    }

    /// Asks for a call.
    pub fn admit(&mut self, call: Call, now: Timestamp) -> Admission {
        let mut transition = self.tick(now);
        if let State::Open { until, period } = self.state
            && self.latest >= until
        {
            let half_open = State::HalfOpen { probe_until: None, period, latch: None };
            transition = Some(self.enter(half_open, Cause::ProbeDue));
        }
        Admission { ticket: self.ticket(call), transition }
    }

    /// Has a call pass whatever the phase, for protective and kill orders that a
    /// human or the watchdog asks for. Its outcome does not move a breaker that
    /// refuses, dead tokens apart. The last transition is the record of the
    /// override; there is none when the breaker is closed anyway.
    pub fn admit_override(
        &mut self,
        authority: Authority,
        now: Timestamp,
    ) -> (Ticket, Vec<Transition>) {
        let mut changes: Vec<Transition> = self.tick(now).into_iter().collect();
        if self.phase() == Phase::Closed {
            return (self.issue(TicketKind::Normal), changes);
        }
        changes.push(self.transition_from(self.phase(), Cause::Overridden(authority)));
        (self.issue(TicketKind::Override), changes)
    }

    /// Notices that a probe has not come back in time.
    pub fn tick(&mut self, now: Timestamp) -> Option<Transition> {
        self.latest = self.latest.max(now);
        let due = self.wake_at().is_some_and(|until| self.latest >= until);
        due.then(|| self.fail_probe(Cause::ProbeTimedOut))
    }

    /// Takes the outcome of a call.
    #[expect(clippy::needless_pass_by_value, reason = "a ticket is used up, so none counts twice")]
    pub fn record(
        &mut self,
        ticket: Ticket,
        outcome: CallOutcome,
        now: Timestamp,
    ) -> Option<Transition> {
        let Ticket { generation, kind } = ticket;
        let verdict = outcome.verdict();
        // A dead token is a fact about the account, however old the call.
        if verdict == Verdict::Dead {
            self.latest = self.latest.max(now);
            return self.latch_dead();
        }
        let timed_out = self.tick(now);
        if timed_out.is_some() || generation != self.generation {
            return timed_out;
        }
        match kind {
            TicketKind::Override => None,
            TicketKind::Normal => self.count(verdict),
            TicketKind::Probe => self.judge_probe(verdict),
        }
    }

    /// Gives a ticket back whose call was never made, or was dropped. A probe's
    /// permit is free again.
    pub fn cancel(&mut self, ticket: Ticket, now: Timestamp) -> Option<Transition> {
        self.record(ticket, CallOutcome::CancelledByUs, now)
    }

    /// Latches it because the token is dead.
    pub fn token_died(&mut self, now: Timestamp) -> Option<Transition> {
        self.latest = self.latest.max(now);
        self.latch_dead()
    }

    /// Opens it by hand; only the operator closes it again.
    pub fn open_by_operator(&mut self, now: Timestamp) -> Option<Transition> {
        self.latest = self.latest.max(now);
        if self.latch().is_some() && self.phase() == Phase::Latched {
            return None;
        }
        let latch = self.latch().unwrap_or(Latch::Operator);
        Some(self.enter(State::Latched { latch }, Cause::OpenedByOperator))
    }

    /// Closes it by hand, without a probe. Does nothing to a closed breaker, nor
    /// to one whose token is dead: that needs [`Breaker::reset_by_operator`].
    pub fn close_by_operator(&mut self, now: Timestamp) -> Option<Transition> {
        self.latest = self.latest.max(now);
        if self.phase() == Phase::Closed || self.latch() == Some(Latch::TokenDead) {
            return None;
        }
        Some(self.enter(State::Closed { failures: 0 }, Cause::ClosedByOperator))
    }

    /// Lets one probe through at once; it must be a read where the breaker was
    /// latched, and its failure latches again. A closed breaker only forgets its
    /// failures.
    pub fn reset_by_operator(&mut self, now: Timestamp) -> Option<Transition> {
        self.latest = self.latest.max(now);
        let (period, latch) = match self.state {
            State::Closed { .. } => {
                self.state = State::Closed { failures: 0 };
                return None;
            }
            State::HalfOpen { .. } => return None,
            State::Open { period, .. } => (period, None),
            State::Latched { latch } => (self.config.period(), Some(latch)),
        };
        let half_open = State::HalfOpen { probe_until: None, period, latch };
        Some(self.enter(half_open, Cause::ResetByOperator))
    }

    /// Closes it because the account's read-only probe has lifted the latch.
    pub fn lift_latch(&mut self, now: Timestamp) -> Option<Transition> {
        self.latest = self.latest.max(now);
        self.latch()?;
        Some(self.enter(State::Closed { failures: 0 }, Cause::LatchLifted))
    }

    fn ticket(&mut self, call: Call) -> Result<Ticket, Refusal> {
        let latest = self.latest;
        let until = match &mut self.state {
            State::Closed { .. } => return Ok(self.issue(TicketKind::Normal)),
            State::HalfOpen { probe_until: probe_until @ None, latch, .. } => {
                if latch.is_none() || call == Call::Read {
                    *probe_until = Some(latest.plus(self.config.probe_timeout));
                    return Ok(self.issue(TicketKind::Probe));
                }
                // A latched account is first asked something harmless.
                None
            }
            State::HalfOpen { probe_until: Some(until), .. } | State::Open { until, .. } => {
                Some(*until)
            }
            State::Latched { .. } => None,
        };
        let left = until.map(|until| until.since(latest));
        Err(Refusal { breaker: self.name.clone(), phase: self.phase(), left })
    }

    const fn issue(&self, kind: TicketKind) -> Ticket {
        Ticket { generation: self.generation, kind }
    }

    fn count(&mut self, verdict: Verdict) -> Option<Transition> {
        let State::Closed { failures } = &mut self.state else { return None };
        match verdict {
            Verdict::Works => *failures = 0,
            Verdict::Fails => *failures = failures.saturating_add(1),
            Verdict::Answers | Verdict::Silent | Verdict::Dead => {}
        }
        let opens = verdict == Verdict::Fails && *failures >= self.config.failures_to_open.max(1);
        opens.then(|| {
            let period = self.config.period();
            self.enter(State::Open { until: self.latest.plus(period), period }, Cause::Failures)
        })
    }

    fn judge_probe(&mut self, verdict: Verdict) -> Option<Transition> {
        match verdict {
            Verdict::Works | Verdict::Answers => {
                Some(self.enter(State::Closed { failures: 0 }, Cause::ProbeSucceeded))
            }
            Verdict::Fails => Some(self.fail_probe(Cause::ProbeFailed)),
            Verdict::Silent | Verdict::Dead => {
                if let State::HalfOpen { probe_until, .. } = &mut self.state {
                    *probe_until = None;
                }
                None
            }
        }
    }

    fn fail_probe(&mut self, cause: Cause) -> Transition {
        let next = match self.state {
            State::HalfOpen { latch: Some(latch), .. } => State::Latched { latch },
            State::HalfOpen { period, .. } => self.open_again(period),
            State::Closed { .. } | State::Open { .. } | State::Latched { .. } => {
                self.open_again(self.config.period())
            }
        };
        self.enter(next, cause)
    }

    fn open_again(&self, period: SignedDuration) -> State {
        let factor = self.config.backoff.max(Decimal::ONE);
        let nanos = Decimal::from_i128_with_scale(period.as_nanos(), 0)
            .checked_mul(factor)
            .and_then(|nanos| nanos.to_i64())
            .unwrap_or(i64::MAX);
        // A period configured above the cap stays as configured.
        let cap = OPEN_FOR_MAX.max(self.config.period());
        let period = SignedDuration::from_nanos(nanos).min(cap);
        State::Open { until: self.latest.plus(period), period }
    }

    fn latch_dead(&mut self) -> Option<Transition> {
        let latched = State::Latched { latch: Latch::TokenDead };
        (self.state != latched).then(|| self.enter(latched, Cause::TokenDead))
    }

    fn enter(&mut self, state: State, cause: Cause) -> Transition {
        let from = self.phase();
        self.state = state;
        self.generation = self.generation.saturating_add(1);
        self.transition_from(from, cause)
    }

    fn transition_from(&self, from: Phase, cause: Cause) -> Transition {
        let (breaker, to) = (self.name.clone(), self.phase());
        Transition { breaker, from, to, cause, at: self.latest }
    }
}
