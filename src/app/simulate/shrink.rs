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
            let outcome = run(&smaller)?;
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
