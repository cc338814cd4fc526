//! What belongs to the house more than to one trade: breakers, the operator, faults,
//! differences with the venue. Each is a short trace of its own, linked to a trade where
//! the cascade is about one.

use std::borrow::Cow;

use crate::domain::command::OperatorCommand;
use crate::events::{BreakerEvent, Envelope, ReconcileDifference, SystemEvent};
use crate::telemetry::spans::projector::Projector;
use crate::telemetry::spans::span::{Failure, Moment, Span};
use crate::telemetry::spans::trade::{alone, apart};

impl Projector {
    /// The first span of a trace, linked to the trade that the cascade is about.
    fn own(&self, name: impl Into<Cow<'static, str>>, envelope: &Envelope) -> Span {
        let trade_id = envelope.event.trade_id().or(self.trade_now.as_ref());
        match trade_id {
            Some(trade_id) => apart(trade_id, name, envelope),
            None => alone(name, envelope),
        }
    }

    pub(super) fn breaker(&mut self, envelope: &Envelope, event: &BreakerEvent) {
        match event {
            BreakerEvent::StateChanged(changed) => {
                let moment = Moment::of(envelope)
                    .with("circuit_breaker.name", &changed.breaker)
                    .with("circuit_breaker.state", &changed.to)
                    .with("circuit_breaker.state.before", &changed.from);
                if let Some(trade_id) = self.trade_now.clone() {
                    // Told on the trade's span as well as in its own.
                    let _ = self.note(&trade_id, moment);
                }
                let mut span = self.own("breaker.transition", envelope);
                span.set("circuit_breaker.name", &changed.breaker)
                    .set("circuit_breaker.state", &changed.to)
                    .set("circuit_breaker.state.before", &changed.from)
                    .set("circuit_breaker.reason", &changed.reason);
                span.set_some("circuit_breaker.retry_at", changed.retry_at);
                if changed.to == "OPEN" || changed.to == "LATCHED" {
                    span.fail(Failure::new("BreakerOpen", &changed.reason));
                }
                self.end(span, envelope.at);
            }
            // How full a budget is, is a metric.
            BreakerEvent::BudgetExhausted(_) | BreakerEvent::BudgetChanged(_) => {}
        }
    }

    pub(super) fn operator(&mut self, envelope: &Envelope, command: &OperatorCommand) {
        let mut span = self.own(command.name(), envelope);
        span.set_some("operator.user", command.actor().and_then(|actor| actor.user.as_ref()));
        self.end(span, envelope.at);
    }

    pub(super) fn system(&mut self, envelope: &Envelope, event: &SystemEvent) {
        let span = match event {
            SystemEvent::AgentFailed(failed) => {
                let mut span = self.own("agent.failed", envelope);
                span.set("agent.name", failed.agent)
                    .set("agent.poison", failed.poison)
                    .put("agent.rebuilt", failed.rebuilt.into());
                span.fail(Failure::new("AgentPanic", &failed.message));
                span
            }
            SystemEvent::AgentRetired(retired) => {
                let mut span = self.own("agent.retired", envelope);
                span.set("agent.name", retired.agent).set("agent.poison", retired.unanswered);
                span.fail(Failure::new("AgentSilent", &retired.reason));
                span
            }
            SystemEvent::TradingChanged(changed) => {
                let mut span = self.own("trading.transition", envelope);
                span.set("trading.state", &changed.to)
                    .set("trading.state.before", &changed.from)
                    .set("trading.reason", &changed.reason);
                span
            }
            SystemEvent::ReconcileDifference(difference) => {
                self.difference(envelope, difference);
                return;
            }
            SystemEvent::BusUp(_) => self.own("bus.up", envelope),
            SystemEvent::BusDown(changed) => {
                let mut span = self.own("bus.down", envelope);
                span.fail(Failure::new("BusDown", &changed.reason));
                span
            }
            SystemEvent::SessionStarted(_)
            | SystemEvent::SessionEnded(_)
            | SystemEvent::AgentStarted(_)
            | SystemEvent::LoginChanged(_)
            | SystemEvent::TimerDue(_)
            | SystemEvent::ReconcileCleared(_)
            | SystemEvent::HaltRequired(_)
            | SystemEvent::Alert(_) => return,
        };
        self.end(span, envelope.at);
    }

    /// Differences that are found together are one step.
    fn difference(&mut self, envelope: &Envelope, difference: &ReconcileDifference) {
        let moment = Moment::of(envelope)
            .with("reconcile.subject", &difference.subject)
            .with("reconcile.journal", &difference.journal)
            .with("reconcile.venue", &difference.venue);
        if let Some(span) = self.ended_now("reconcile") {
            span.note(moment);
            return;
        }
        let known = self.orders.iter().find(|(id, _)| difference.subject.contains(id.as_str()));
        let mut span = match known.map(|(_, calls)| &calls.trade_id) {
            Some(trade_id) => apart(trade_id, "reconcile", envelope),
            None => self.own("reconcile", envelope),
        };
        span.fail(Failure::new("ReconcileDifference", &difference.subject));
        span.note(moment);
        self.end(span, envelope.at);
    }
}
