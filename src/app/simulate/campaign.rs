//! Many seeds, side by side, and the document about them.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use jiff::SignedDuration;
use serde::Serialize;

use crate::app::simulate::fault::FaultKind;
use crate::app::simulate::judge::Violation;
use crate::app::simulate::run::{Outcome, Plan, run};
use crate::app::simulate::schedule::{draw, in_words};
use crate::app::simulate::shrink::shrink;

/// A regular session, in which virtual days are counted.
const SESSION_SECONDS: f64 = 23_400.0;
/// Broken seeds that are shrunk and shown; others are only counted.
const SHOWN_MAX: usize = 5;

/// Which seeds, and what may go wrong.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The seeds.
    pub seeds: Range<u64>,
    /// How long each runs, from the opening of its first session.
    pub span: SignedDuration,
    /// What may go wrong.
    pub kinds: Vec<FaultKind>,
    /// Whether broken seeds are shrunk to the fewest faults.
    pub shrinks: bool,
}

impl Campaign {
    /// The plan of one seed.
    pub fn plan(&self, seed: u64) -> Plan {
        let faults = draw(seed, &self.kinds, self.span);
        Plan { seed, span: self.span, faults, keeps_log: false }
    }
}

/// One broken seed.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// What was broken first.
    #[serde(flatten)]
    pub violation: Violation,
    /// The fewest faults that still break it, one a line; all of them when it was not
    /// shrunk.
    pub schedule: String,
}

/// What all seeds came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    /// Seeds that were run.
    pub seeds: u64,
    /// Time that passed at the brokers, in sessions of six and a half hours.
    pub virtual_days: f64,
    /// Events of all houses.
    pub events: u64,
    /// Finished trades.
    pub trades: u64,
    /// Executions in the ledgers.
    pub executions: u64,
    /// Longest time that shares were bare while the broker answered, seconds.
    pub naked_seconds_longest: f64,
    /// Most requests of any sixty seconds.
    pub requests_most: usize,
    /// Which faults struck, and how often.
    pub faults: BTreeMap<&'static str, u64>,
    /// Seeds that broke something.
    pub broken: u64,
    /// The broken seeds, the first ones.
    pub violations: Vec<Found>,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.virtual_days += outcome.passed.as_secs_f64() / SESSION_SECONDS;
        self.events += outcome.events;
        self.trades += outcome.trades;
        self.executions += outcome.executions;
        let naked = outcome.naked_longest.as_secs_f64();
        self.naked_seconds_longest = self.naked_seconds_longest.max(naked);
        self.requests_most = self.requests_most.max(outcome.requests_most);
        for (name, count) in &outcome.faults {
            *self.faults.entry(name).or_default() += count;
        }
        self.broken += u64::from(!outcome.violations.is_empty());
    }
}

/// Runs every seed, on as many threads as there are processors; the result does not
/// depend on their number.
///
/// # Errors
/// As [`run`].
pub fn campaign(campaign: &Campaign) -> anyhow::Result<Totals> {
    let next = AtomicU64::new(campaign.seeds.start);
    let outcomes = Mutex::new(BTreeMap::new());
    let failed = Mutex::new(None);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= campaign.seeds.end {
                        return;
                    }
                    match run(&campaign.plan(seed)) {
                        Ok(outcome) => {
                            let mut all = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                            all.insert(seed, outcome);
                        }
                        Err(error) => {
                            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            return;
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut totals = Totals::default();
    for (seed, outcome) in outcomes {
        totals.add(&outcome);
        if totals.violations.len() < SHOWN_MAX
            && let Some(found) = found(campaign, seed, outcome)?
        {
            totals.violations.push(found);
        }
    }
    Ok(totals)
}

/// A broken seed with its smallest schedule.
fn found(campaign: &Campaign, seed: u64, outcome: Outcome) -> anyhow::Result<Option<Found>> {
    if outcome.violations.is_empty() {
        return Ok(None);
    }
    let plan = campaign.plan(seed);
    let (plan, outcome) = if campaign.shrinks { shrink(&plan, &outcome)? } else { (plan, outcome) };
    let violation = outcome.violations.into_iter().next();
    Ok(violation.map(|violation| Found { violation, schedule: in_words(&plan.faults) }))
}
