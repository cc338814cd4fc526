//! One seed from its first event to its verdict.
//!
//! The driver moves the market and the house's timers, lets the faults of the schedule
//! strike when they are due, buries a house that has died and starts another one on its
//! journal. At the end it waits until house and ledger agree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::app::simulate::disk::Disk;
use crate::app::simulate::fault::{Fault, FaultKind};
use crate::app::simulate::house::{House, HouseClock};
use crate::app::simulate::judge::{Judge, Violation};
use crate::app::simulate::setting;
use crate::brokers::sim::direct::DirectVenue;
use crate::config::Config;
use crate::domain::command::{Actor, Flatten, OperatorCommand, Reason};
use crate::domain::hex::hex;
use crate::domain::time::Timestamp;

/// How often the house's timers are looked at.
const BEAT: SignedDuration = SignedDuration::from_millis(250);
/// After the last fault everything settles within this (faults page §4, I8: 30 s, and the
/// comparison of half a minute that finds what was lost).
const SETTLES_WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// How far the clock jumps.
const JUMP: SignedDuration = SignedDuration::from_secs(7);
/// A process that has died is started again after this many seconds at most.
const DOWN_MOST: u64 = 15;
/// How long after a kill the operator trades again.
const RESUMES_AFTER: SignedDuration = SignedDuration::from_secs(90);
/// A crash comes within so many records of its time.
const CRASH_WITHIN: u64 = 80;

/// What one run is made from.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed of market, house and broker.
    pub seed: u64,
    /// How long it lasts, from the opening of the first session.
    pub span: SignedDuration,
    /// What goes wrong, in the order of time.
    pub faults: Vec<Fault>,
    /// Whether every event is kept as a line of JSON.
    pub keeps_log: bool,
}

/// What one run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was broken, the first first.
    pub violations: Vec<Violation>,
    /// Which faults struck, and how often.
    pub faults: BTreeMap<&'static str, u64>,
    /// Time that passed at the broker.
    pub passed: SignedDuration,
    /// Events of the house.
    pub events: u64,
    /// Finished trades.
    pub trades: u64,
    /// Executions in the ledger.
    pub executions: u64,
    /// Longest time that shares were bare while the broker answered.
    pub naked_longest: SignedDuration,
    /// Most requests of any sixty seconds.
    pub requests_most: usize,
    /// The events as lines of JSON, where they were to be kept.
    pub log: Vec<u8>,
}

impl Outcome {
    /// A short name of the log: equal for equal logs.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(&self.log))
    }
}

/// Runs one seed on a runtime of its own, with its clock paused.
///
/// # Errors
/// When the setting is not legal: a bug.
pub fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let outcome = runtime.block_on(async { Driver::open(plan)?.drive(plan).await });
    // What is still on its way belongs to nobody.
    runtime.shutdown_timeout(Duration::ZERO);
    outcome
}

struct Driver {
    config: Config,
    disk: Disk,
    judge: Judge,
    venue: Arc<DirectVenue>,
    clock: Arc<HouseClock>,
    house: Option<House>,
    restart_at: Timestamp,
    /// What a dying house loses of its newest records.
    lot: u64,
    /// When a killed house may trade again.
    resume_at: Option<Timestamp>,
}

impl Driver {
    fn open(plan: &Plan) -> anyhow::Result<Self> {
        let config = setting::config(plan.seed);
        config.validate()?;
        let disk = Disk::default();
        let judge = Judge::new(&config, disk.clone(), plan.keeps_log);
        let venue = DirectVenue::new(setting::floor(&config), Arc::new(judge.clone()))?;
        let clock = HouseClock::new(venue.clone());
        let restart_at = venue.now();
        let (house, resume_at) = (None, None);
        Ok(Self { config, disk, judge, venue, clock, house, restart_at, lot: 0, resume_at })
    }

    async fn drive(mut self, plan: &Plan) -> anyhow::Result<Outcome> {
        let start = self.venue.now();
        let end = start.plus(plan.span);
        let mut faults = plan.faults.iter().peekable();
        self.begin(false)?;
        loop {
            let now = self.venue.now();
            if now >= end && self.has_settled(now, end) || self.judge.has_found() {
                break;
            }
            if self.house.is_none() && now >= self.restart_at {
                let is_shut = self.judge.begin_anew(now);
                self.begin(is_shut)?;
            }
            while let Some(fault) = faults.next_if(|fault| start.plus(fault.at) <= now) {
                self.strike(fault, now);
            }
            self.resume(now);
            self.venue.beat();
            if let Some(house) = &self.house {
                house.beat();
            }
            let due = faults.peek().map(|fault| start.plus(fault.at));
            self.wait_until(due).await;
        }
        let passed = self.venue.now().since(start);
        if let Some(house) = self.house.take() {
            let _ = house.bury().await;
        }
        Ok(outcome(&self.judge, passed))
    }

    fn begin(&mut self, is_shut: bool) -> anyhow::Result<()> {
        let taps = vec![self.judge.tap(self.venue.clone())];
        let broker = (&self.venue, &self.clock);
        self.house = Some(House::open(&self.config, &self.disk, broker, is_shut, taps)?);
        Ok(())
    }

    /// Waits until something is due, or the house breaks.
    async fn wait_until(&mut self, fault: Option<Timestamp>) {
        let now = self.venue.now();
        let next = now.plus(BEAT).min(self.venue.next_at().max(now));
        let next = fault.map_or(next, |due| next.min(due.max(now)));
        // At least a millisecond: the step of tokio's timers.
        let wait = next.since(now).max(SignedDuration::from_millis(1)).unsigned_abs();
        let Some(house) = &self.house else { return tokio::time::sleep(wait).await };
        // The end of the house first: nothing else matters then.
        let is_broken = tokio::select! {
            biased;
            () = house.broken() => true,
            () = tokio::time::sleep(wait) => false,
        };
        if is_broken {
            self.bury().await;
        }
    }

    async fn bury(&mut self) {
        let Some(house) = self.house.take() else { return };
        let now = self.venue.now();
        self.venue.disconnect();
        let why = house.bury().await;
        self.judge.died(now, why);
        self.disk.lose_power(self.lot);
        let seconds = 1 + self.lot / 7 % DOWN_MOST;
        let down = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(1));
        self.restart_at = now.plus(down);
    }

    fn strike(&mut self, fault: &Fault, now: Timestamp) {
        match fault.kind {
            FaultKind::Broker(mishap) => return self.venue.strike(mishap, fault.lot),
            FaultKind::Crash | FaultKind::JournalFails => {
                if self.house.is_none() {
                    return;
                }
                self.lot = if fault.kind == FaultKind::Crash { fault.lot } else { 0 };
                self.disk.fail_after(fault.lot % CRASH_WITHIN);
            }
            FaultKind::Kill => self.kill(now, fault.lot),
            FaultKind::Flatten => self.flatten(),
            FaultKind::ClockForward => self.clock.jump(JUMP),
            FaultKind::ClockBack => self.clock.jump(-JUMP),
        }
        self.judge.struck_house(fault.kind, now);
    }

    fn kill(&mut self, now: Timestamp, lot: u64) {
        let Some(house) = &self.house else { return };
        house.close_gate();
        self.judge.shut(now);
        let reason = "the simulation's operator kills".to_owned();
        house.hear(OperatorCommand::Kill(Reason { reason, by: Some(Actor::KEYS) }));
        // An even lot chose the kill; what is left of it decides whether it ends.
        self.resume_at = (lot / 2).is_multiple_of(2).then(|| now.plus(RESUMES_AFTER));
    }

    fn flatten(&self) {
        let Some(house) = &self.house else { return };
        let reason = "the simulation's operator closes everything".to_owned();
        let flatten = Flatten { symbol: None, reason, by: Some(Actor::KEYS) };
        house.hear(OperatorCommand::Flatten(flatten));
    }

    /// The operator trades again, once it is time.
    fn resume(&mut self, now: Timestamp) {
        if self.resume_at.is_some_and(|at| now >= at)
            && let Some(house) = &self.house
        {
            self.resume_at = None;
            let reason = "the simulation's operator trades again".to_owned();
            house.hear(OperatorCommand::Resume(Reason { reason, by: Some(Actor::KEYS) }));
        }
    }

    /// Whether house and ledger agree; what does not in time is a violation.
    fn has_settled(&self, now: Timestamp, end: Timestamp) -> bool {
        let differences = match &self.house {
            Some(_) => self.venue.look(|floor| self.judge.differences(floor)),
            None => vec!["the house has not started again".to_owned()],
        };
        if differences.is_empty() {
            return true;
        }
        if now < end.plus(SETTLES_WITHIN) {
            return false;
        }
        self.judge.blame_unsettled(now, &differences);
        true
    }
}

fn outcome(judge: &Judge, passed: SignedDuration) -> Outcome {
    let verdict = judge.verdict();
    Outcome {
        violations: verdict.violations,
        faults: verdict.faults,
        passed,
        events: verdict.events,
        trades: verdict.trades,
        executions: verdict.executions,
        naked_longest: verdict.naked_longest,
        requests_most: verdict.requests_most,
        log: verdict.log,
    }
}
