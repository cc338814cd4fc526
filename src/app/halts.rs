//! What outside the agents demands a halt while a house runs (faults page §2, rule 7): a
//! clock that was set, a part that has ended, a journal that cannot be written.
//!
//! The gate first, then the record, as with every kill. Where nothing can be recorded any
//! more, the kill file is left behind, so that the next start is halted too (rule 6).
//! What the agents demand by themselves is in
//! [`risk_management`](crate::agents::risk_management).

use std::path::Path;

use crate::app::wire::House;
use crate::bus::SpineError;
use crate::bus::clock::StepWatch;
use crate::control::killfile;
use crate::domain::ids::AgentId;
use crate::events::{HaltRequired, HaltTrigger, SystemEvent};

impl House {
    /// Looks at the clock; one that was set halts trading.
    ///
    /// # Errors
    /// When the house has ended.
    pub async fn look_at_clock(&self, steps: &mut StepWatch) -> Result<(), SpineError> {
        let Some(step) = steps.look(self.clock()) else { return Ok(()) };
        let (way, seconds) = if step.is_negative() {
            ("back", -step.as_secs())
        } else {
            ("forward", step.as_secs())
        };
        let reason = format!(
            "the clock was set {way} by {seconds} s, or the machine has slept: check its time, \
             compare with the broker, then resume"
        );
        self.halt(HaltTrigger::ClockStep, reason).await
    }

    /// Halts: the gate first, then the record.
    ///
    /// # Errors
    /// When the house has ended; the gate stays closed.
    pub async fn halt(&self, trigger: HaltTrigger, reason: String) -> Result<(), SpineError> {
        self.gate().close();
        let event = SystemEvent::HaltRequired(HaltRequired { trigger, reason });
        self.door().send_and_settle(self.clock().now(), AgentId::Spine, event).await
    }
}

/// Leaves the kill file behind for the next start: what has happened is in no journal.
pub(super) fn leave_mark(kill_file: Option<&Path>, error: &SpineError) {
    let Some(path) = kill_file else { return };
    let reason = format!("the run before could not go on: {error}");
    match killfile::write(path, &reason) {
        Ok(()) => tracing::error!(
            path = %path.display(),
            "the next start is halted: remove the file and resume when the cause is gone"
        ),
        Err(error) => tracing::error!(
            path = %path.display(),
            %error,
            "the kill file cannot be written: kill by hand after the next start"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Seq;

    #[test]
    fn a_house_that_could_not_go_on_leaves_the_next_start_halted() {
        let folder = tempfile::tempdir().unwrap();
        let kill_file = folder.path().join("KILL");
        let error = SpineError::EndlessCascade { root: Seq(7), name: "order.submit" };
        leave_mark(None, &error);
        leave_mark(Some(&kill_file), &error);
        let said = std::fs::read_to_string(&kill_file).unwrap();
        assert!(said.starts_with("the run before could not go on: event 7"), "{said}");
    }
}
