//! What moves the ladder by itself, and what a human must not move it against.
//!
//! Every trigger of the kill switch (faults page §2, rule 7) that is not an order of
//! unknown outcome or a difference comes through here: agents, the program around them,
//! limits of loss. A trigger halts and never flattens: closing on bad data is how small
//! errors become large ones. The ladder itself is in [`fsm::trading`](crate::fsm).

use crate::agents::risk_management::RiskManagementAgent;
use crate::bus::Outbox;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::events::{Alert, RiskEvent, Severity, SystemEvent, Timer};
use crate::fsm::trading::TradingInput;
use crate::risk::AccountMode;

/// Which limits of loss have halted trading since they were last kept.
#[derive(Debug, Default)]
pub(super) struct Losses {
    has_halted: bool,
}

impl RiskManagementAgent {
    pub(super) fn system(&mut self, at: Timestamp, event: &SystemEvent, out: &mut Outbox) {
        match event {
            SystemEvent::TimerDue(due) => {
                if let Timer::Approval(trade_id) = &due.timer {
                    self.approval_due(at, trade_id, out);
                } else if let Timer::Venue(_) = &due.timer {
                    self.look_at_unknown(at, out);
                }
            }
            // Every start seats everybody, with a bus or without.
            SystemEvent::SessionStarted(started) => {
                self.missing.clear();
                self.is_bus_down = false;
                let must_compare = matches!(started.mode.as_str(), "paper" | "live");
                self.differences.begin_run(must_compare);
            }
            SystemEvent::BusDown(_) => self.is_bus_down = true,
            SystemEvent::BusUp(_) => self.is_bus_down = false,
            SystemEvent::AgentRetired(retired) => {
                self.missing.insert(retired.agent);
                let why = format!("{} does not answer", retired.agent);
                self.move_ladder(TradingInput::Halt, &why, out);
            }
            SystemEvent::AgentFailed(failed) => {
                let why = if failed.rebuilt {
                    format!("{} failed and was built anew: look at why", failed.agent)
                } else {
                    self.missing.insert(failed.agent);
                    format!("{} failed for good", failed.agent)
                };
                self.move_ladder(TradingInput::Halt, &why, out);
            }
            SystemEvent::HaltRequired(halt) => {
                self.move_ladder(TradingInput::Halt, &halt.reason, out);
            }
            SystemEvent::SessionEnded(_)
            | SystemEvent::AgentStarted(_)
            | SystemEvent::TradingChanged(_)
            | SystemEvent::LoginChanged(_)
            | SystemEvent::ReconcileDifference(_)
            | SystemEvent::ReconcileCleared(_)
            | SystemEvent::Alert(_) => {}
        }
    }

    /// A human trades again: not while somebody is missing who would have to look after
    /// what is bought, nor while it is not known what there is (rule 9).
    pub(super) fn rearm(&mut self, why: &str, out: &mut Outbox) {
        if let Some(obstacle) = self.obstacle() {
            let text = format!("trading is not resumed: {obstacle}");
            return out.publish(SystemEvent::Alert(Alert { severity: Severity::Critical, text }));
        }
        if !matches!(self.trading, crate::fsm::trading::TradingState::Active) {
            self.move_ladder(TradingInput::Rearm, why, out);
        }
    }

    fn obstacle(&self) -> Option<String> {
        if !self.missing.is_empty() {
            let missing: Vec<String> = self.missing.iter().map(ToString::to_string).collect();
            let missing = missing.join(", ");
            return Some(format!("{missing} sits in no seat; end the program and start it again"));
        }
        let unknown = self.doubts.names();
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            return Some(format!("nobody knows of order {unknown}; wait, or settle it"));
        }
        let open = self.differences.open();
        if !open.is_empty() {
            let open = open.join(", ");
            return Some(format!("journal and broker differ about {open}; acknowledge it"));
        }
        None
    }

    /// Says so once per fall when equity has lost much of its peak, and halts when a limit
    /// of loss is broken (C04). Only where money or an account is: a market that is made
    /// goes on with the next day, and nobody would be there to trade again.
    pub(super) fn watch_losses(&mut self, out: &mut Outbox) {
        if let Some(alert) = self.account.drawdown_alert() {
            out.publish(RiskEvent::DrawdownAlert(alert));
        }
        if self.config.identity.mode == AccountMode::Sim {
            return;
        }
        let broken = self.broken_limit();
        let is_new = broken.is_some() && !self.losses.has_halted;
        self.losses.has_halted = broken.is_some();
        if let Some(why) = broken.filter(|_| is_new) {
            self.move_ladder(TradingInput::Halt, &why, out);
        }
    }

    fn broken_limit(&self) -> Option<String> {
        let limits = &self.config.limits;
        let equity = self.account.book().equity();
        let of = |base: Money, part| base.scaled(part);
        let peak = self.account.peak();
        let (day, week) = (self.account.day_start(), self.account.week_start());
        [
            ("drawdown from the peak", peak, of(peak, limits.max_drawdown)),
            ("loss of the day", day, of(day, limits.max_daily_loss)),
            ("loss of the week", week, of(week, limits.max_weekly_loss)),
        ]
        .into_iter()
        .find(|(_, base, limit)| *limit > Money::ZERO && *base - equity > *limit)
        .map(|(name, base, limit)| format!("C04: {name} is {}, limit {limit}", base - equity))
    }
}
