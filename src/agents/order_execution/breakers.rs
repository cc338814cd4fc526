//! What stands between us and a venue that fails or counts: the breaker of calls
//! about orders, and the budget of requests.
//!
//! Entries are refused at once while the breaker is open or the entries' share of
//! the budget is used up. What reduces risk passes an open breaker, and that is
//! said. The budget is kept by everybody, each in a lane of its own. The machines
//! are in [`breakers`](crate::breakers); which orders there are is in
//! [`book`](super::book).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::agents::order_execution::OrderExecutionAgent;
use crate::breakers::{
    Authority, Breaker, BreakerConfig, Budget, BudgetConfig, Call, CallOutcome, Cause, Lane, Phase,
    Ticket, Transition,
};
use crate::bus::Outbox;
use crate::domain::command::ResetBreaker;
use crate::domain::ids::{AgentId, ClientOrderId};
use crate::domain::time::Timestamp;
use crate::events::{BreakerEvent, BreakerStateChanged, BudgetExhausted, Timer, VenueCall};

/// When calls about orders are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardConfig {
    /// The breaker's name, which the operator types to reset it.
    pub name: String,
    /// Counted failures in a row that open it, 1 or more.
    pub failures_to_open: u32,
    /// How long it then refuses entries before it tries one, seconds, 1 or more.
    pub open_seconds: u32,
    /// A probe without an answer counts as failed after so many seconds, 1 or more.
    pub probe_seconds: u32,
    /// Requests about orders in 60 s; 0 counts none.
    pub requests_per_minute: u32,
    /// Of these, how many entries may never use; fewer than all.
    pub requests_reserved: u32,
    /// Why no entry may leave at all; empty lets them. It follows from the broker, not
    /// from a file.
    #[serde(skip)]
    pub takes_none: String,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            name: "sim.orders".into(),
            failures_to_open: 3,
            open_seconds: 60,
            probe_seconds: 10,
            requests_per_minute: 0,
            requests_reserved: 30,
            takes_none: String::new(),
        }
    }
}

impl GuardConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the key, the value and the range.
    pub fn validate(&self) -> Result<(), String> {
        let least_one = [
            ("failures_to_open", self.failures_to_open),
            ("open_seconds", self.open_seconds),
            ("probe_seconds", self.probe_seconds),
        ];
        if let Some((key, _)) = least_one.into_iter().find(|(_, value)| *value == 0) {
            return Err(format!("{key} is 0, it must be 1 or more"));
        }
        let (limit, reserved) = (self.requests_per_minute, self.requests_reserved);
        if limit > 0 && reserved >= limit {
            return Err(format!(
                "requests_reserved is {reserved}, it must be below requests_per_minute = {limit}"
            ));
        }
        Ok(())
    }
}

/// The breaker, the budget, and the requests that have not been answered.
#[derive(Debug)]
pub(super) struct Guard {
    breaker: Breaker,
    open_for: SignedDuration,
    budget: Option<Budget>,
    takes_none: String,
    /// One of each call may be under way per order.
    under_way: BTreeMap<(ClientOrderId, VenueCall), Ticket>,
}

impl Guard {
    pub(super) fn new(config: &GuardConfig) -> Self {
        let open_for = SignedDuration::from_secs(config.open_seconds.into());
        let breaker = BreakerConfig {
            failures_to_open: config.failures_to_open,
            open_for,
            probe_timeout: SignedDuration::from_secs(config.probe_seconds.into()),
            ..BreakerConfig::default()
        };
        let limit = config.requests_per_minute;
        let budget = BudgetConfig { limit, reserve: config.requests_reserved };
        Self {
            breaker: Breaker::new(config.name.clone(), breaker),
            open_for,
            budget: (limit > 0).then(|| Budget::new(budget)),
            takes_none: config.takes_none.clone(),
            under_way: BTreeMap::new(),
        }
    }

    fn say(&self, changes: impl IntoIterator<Item = Transition>, out: &mut Outbox) {
        for Transition { breaker, from, to, cause, at } in changes {
            let retry_at = (to == Phase::Open && from != to).then(|| at.plus(self.open_for));
            out.publish(BreakerEvent::StateChanged(BreakerStateChanged {
                breaker,
                from: from.name().to_owned(),
                to: to.name().to_owned(),
                reason: in_words(cause).to_owned(),
                retry_at,
            }));
        }
    }

    /// Takes one request from the budget.
    fn take(&mut self, lane: Lane, at: Timestamp, out: &mut Outbox) -> Result<(), String> {
        let Some(budget) = &mut self.budget else { return Ok(()) };
        let Err(wait) = budget.try_take(lane, at) else { return Ok(()) };
        let name = self.breaker.name().to_owned();
        let until = wait.until.unwrap_or(at);
        let left = until.since(at).as_secs();
        let message = match wait.until {
            Some(_) => format!("the request budget of {name} is used up: {left} s left"),
            None => format!("the request budget of {name} has no share for {}", lane.name()),
        };
        let lane = lane.name().to_owned();
        out.publish(BreakerEvent::BudgetExhausted(BudgetExhausted { budget: name, lane, until }));
        Err(message)
    }
}

impl OrderExecutionAgent {
    /// Asks whether a request that adds risk may leave.
    ///
    /// # Errors
    /// In words, with the time that is left.
    pub(super) fn admit(
        &mut self,
        at: Timestamp,
        id: &ClientOrderId,
        out: &mut Outbox,
    ) -> Result<(), String> {
        let guard = &mut self.guard;
        if !guard.takes_none.is_empty() {
            return Err(guard.takes_none.clone());
        }
        let admission = guard.breaker.admit(Call::Write, at);
        guard.say(admission.transition, out);
        let ticket = admission.ticket.map_err(|refusal| refusal.to_string())?;
        if let Err(message) = guard.take(Lane::Entry, at, out) {
            let change = guard.breaker.cancel(ticket, at);
            guard.say(change, out);
            return Err(message);
        }
        if let Some(until) = guard.breaker.wake_at() {
            out.wake_at(until, Timer::Breaker(guard.breaker.name().to_owned()));
        }
        guard.under_way.insert((id.clone(), VenueCall::Submit), ticket);
        Ok(())
    }

    /// Lets a request that reduces risk leave, whatever the breaker says; only an
    /// empty budget holds it back.
    ///
    /// # Errors
    /// In words, with the time that is left.
    pub(super) fn admit_reduction(
        &mut self,
        at: Timestamp,
        id: &ClientOrderId,
        asked: VenueCall,
        lane: Lane,
        out: &mut Outbox,
    ) -> Result<(), String> {
        let guard = &mut self.guard;
        guard.take(lane, at, out)?;
        let authority = match lane {
            Lane::Kill => Authority::Operator,
            Lane::Protective | Lane::Cancel | Lane::Reconcile | Lane::Entry | Lane::Data => {
                Authority::Watchdog
            }
        };
        let (ticket, changes) = guard.breaker.admit_override(authority, at);
        guard.say(changes, out);
        guard.under_way.insert((id.clone(), asked), ticket);
        Ok(())
    }

    /// The venue answered, well or with a refusal: it works.
    pub(super) fn answered(
        &mut self,
        at: Timestamp,
        id: &ClientOrderId,
        asked: VenueCall,
        outcome: CallOutcome,
        out: &mut Outbox,
    ) {
        // Nearly always nothing is under way that this answers.
        let Some(ticket) = self.guard.under_way.remove(&(id.clone(), asked)) else { return };
        let change = self.guard.breaker.record(ticket, outcome, at);
        self.guard.say(change, out);
    }

    /// A probe may have been out for too long.
    pub(super) fn look_at_breaker(&mut self, at: Timestamp, out: &mut Outbox) {
        let change = self.guard.breaker.tick(at);
        self.guard.say(change, out);
    }

    /// The venue's side says that the login is dead, or that the account answers again:
    /// what it says of our breaker is followed, and said already.
    pub(super) fn hear_breaker(&mut self, at: Timestamp, source: AgentId, event: &BreakerEvent) {
        let BreakerEvent::StateChanged(changed) = event else { return };
        let guard = &mut self.guard;
        if source != AgentId::Venue || changed.breaker != guard.breaker.name() {
            return;
        }
        if changed.to == Phase::Latched.name() {
            let _said = guard.breaker.token_died(at);
        } else if changed.to == Phase::Closed.name() {
            let _said = guard.breaker.lift_latch(at);
        }
    }

    /// The operator closes the breaker by hand; one that a dead login has latched is
    /// closed by nobody but the venue's side, which reads the account first.
    pub(super) fn reset_breaker(&mut self, at: Timestamp, reset: &ResetBreaker, out: &mut Outbox) {
        if reset.breaker == self.guard.breaker.name() {
            let change = self.guard.breaker.close_by_operator(at);
            self.guard.say(change, out);
        }
    }
}

const fn in_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Failures => "too many failures in a row",
        Cause::ProbeDue => "the period is over, one probe leaves",
        Cause::ProbeSucceeded => "the probe succeeded",
        Cause::ProbeFailed => "the probe failed",
        Cause::ProbeTimedOut => "the probe did not come back",
        Cause::TokenDead => "the token is dead; log in, then reset",
        Cause::LatchLifted => "the account answers again",
        Cause::OpenedByOperator => "the operator opened it",
        Cause::ClosedByOperator => "the operator closed it",
        Cause::ResetByOperator => "the operator reset it, the next call is a probe",
        Cause::Overridden(Authority::Operator) => "overridden by the operator",
        Cause::Overridden(Authority::Watchdog) => "overridden to protect or close a position",
    }
}
