//! The fewest faults that still break the same invariant: faults are left out by halves,
//! then one by one, until none can be spared.

use crate::app::simulate::fault::Fault;
use crate::app::simulate::run::{Outcome, Plan, run};

/// Runs that one shrinking may take.
const RUNS_MAX: usize = 200;

/// Shrinks a plan that breaks something; returns the smaller plan and what it breaks.
///
/// # Errors
/// As [`run`].
pub fn shrink(plan: &Plan, broken: &Outcome) -> anyhow::Result<(Plan, Outcome)> {
    shrink_by(plan, broken, run)
}

fn shrink_by(
    plan: &Plan,
    broken: &Outcome,
    mut again: impl FnMut(&Plan) -> anyhow::Result<Outcome>,
) -> anyhow::Result<(Plan, Outcome)> {
    let Some(invariant) = broken.violations.first().map(|violation| violation.invariant) else {
        return Ok((plan.clone(), broken.clone()));
    };
    let mut best = (plan.clone(), broken.clone());
    let mut runs = 0;
    let mut part = plan.faults.len().div_ceil(2).max(1);
    loop {
        let mut has_shrunk = false;
        let mut from = 0;
        while from < best.0.faults.len() && runs < RUNS_MAX {
            let faults = without(&best.0.faults, from, part);
            let smaller = Plan { faults, ..best.0.clone() };
            let outcome = again(&smaller)?;
            runs += 1;
            let breaks = outcome.violations.first().is_some_and(|it| it.invariant == invariant);
            if breaks {
                best = (smaller, outcome);
                has_shrunk = true;
            } else {
                from += part;
            }
        }
        if part == 1 && !has_shrunk || runs >= RUNS_MAX {
            return Ok(best);
        }
        if !has_shrunk {
            part = part.div_ceil(2).max(1);
        }
    }
}

/// The faults without some of them.
fn without(faults: &[Fault], from: usize, count: usize) -> Vec<Fault> {
    let (before, rest) = faults.split_at(from.min(faults.len()));
    before.iter().chain(rest.iter().skip(count)).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::SignedDuration;

    use super::*;
    use crate::app::simulate::{FaultKind, Violation};
    use crate::domain::time::Timestamp;

    fn outcome(invariant: Option<&'static str>) -> Outcome {
        let violation = |invariant| Violation {
            invariant,
            seed: 1,
            at: Timestamp::default(),
            seq: 0,
            evidence: String::new(),
        };
        Outcome {
            violations: invariant.map(violation).into_iter().collect(),
            faults: BTreeMap::new(),
            passed: SignedDuration::ZERO,
            events: 0,
            trades: 0,
            executions: 0,
            naked_longest: SignedDuration::ZERO,
            requests_most: 0,
            log: Vec::new(),
        }
    }

    #[test]
    fn what_remains_are_the_faults_that_break_the_same_invariant_together() {
        let fault = |lot| Fault { at: SignedDuration::ZERO, kind: FaultKind::Crash, lot };
        let faults: Vec<Fault> = (0..13).map(fault).collect();
        let plan = Plan { seed: 1, span: SignedDuration::ZERO, faults, keeps_log: false };
        let has = |plan: &Plan, lot| plan.faults.iter().any(|fault| fault.lot == lot);
        // The third and the eleventh break I2 together; the fifth alone breaks another one.
        let again = |plan: &Plan| {
            let breaks_same = has(plan, 3) && has(plan, 11);
            Ok(outcome(if breaks_same { Some("I2") } else { has(plan, 5).then_some("I1") }))
        };
        let (smallest, broken) = shrink_by(&plan, &outcome(Some("I2")), again).unwrap();
        let lots: Vec<u64> = smallest.faults.iter().map(|fault| fault.lot).collect();
        assert_eq!(lots, [3, 11]);
        assert_eq!(broken.violations[0].invariant, "I2");
    }
}
