//! `flightdeck simulate`: seeds of faults against the whole house, on virtual time.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;

use anyhow::anyhow;
use clap::Args;
use jiff::SignedDuration;
use serde_json::json;

use crate::app::simulate::{Campaign, FaultKind, Plan, Totals, campaign, in_words, run, shrink};
use crate::bus::clock::{Clock, SystemClock};
use crate::cli::{Failure, Outcome, output};

/// Minutes of trading of one seed, where no days are asked for.
const MINUTES: u32 = 25;
/// From one opening to the next; weekends are longer, and the last day is cut there.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The last day ends with its session.
const SESSION: SignedDuration = SignedDuration::from_mins(390);

/// Runs the whole house against a broker that fails on purpose, on virtual time, and looks
/// after every event at what must always hold. Nothing leaves the process.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Simulate {
    /// Seeds to run: from A up to B, B itself left out.
    #[arg(long, value_name = "A..B", default_value = "0..200", value_parser = seeds)]
    pub(crate) seeds: Range<u64>,

    /// One seed alone, with its schedule and every violation.
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    pub(crate) seed: Option<u64>,

    /// Minutes of trading of each seed.
    #[arg(long, value_name = "N", default_value_t = MINUTES,
          value_parser = clap::value_parser!(u32).range(5..=390))]
    pub(crate) minutes: u32,

    /// Whole trading days of each seed, nights included, instead of minutes.
    #[arg(long, value_name = "N", conflicts_with = "minutes",
          value_parser = clap::value_parser!(u32).range(1..=4))]
    pub(crate) days: Option<u32>,

    /// What may go wrong, names with commas between them; everything when left out.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = fault)]
    pub(crate) faults: Vec<FaultKind>,

    /// Leave the schedules of broken seeds as they were drawn.
    #[arg(long)]
    pub(crate) no_shrink: bool,

    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,

    /// With one seed: print every event as a line of JSON first.
    #[arg(long, requires = "seed")]
    pub(crate) log: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  every invariant held
  1  at least one was broken; the seed is printed and runs again with --seed
  2  refused: nothing was done";

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wanted = "write it as A..B with A below B, such as 0..1000";
    let (from, to) = text.split_once("..").ok_or(wanted)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| wanted.to_owned());
    let range = number(from)?..number(to)?;
    if range.is_empty() { Err(wanted.to_owned()) } else { Ok(range) }
}

fn fault(name: &str) -> Result<FaultKind, String> {
    FaultKind::of(name).ok_or_else(|| {
        let known: Vec<&str> = FaultKind::all().into_iter().map(FaultKind::name).collect();
        format!("there is no such fault; there are {}", known.join(", "))
    })
}

/// Runs and says what came of it.
pub(crate) fn simulate(verb: &Simulate) -> Outcome {
    let kinds = if verb.faults.is_empty() { FaultKind::all() } else { verb.faults.clone() };
    let span = match verb.days {
        None => SignedDuration::from_mins(verb.minutes.into()),
        Some(days) => {
            let nights = i32::try_from(days - 1).unwrap_or_default();
            DAY.saturating_mul(nights) + SESSION
        }
    };
    let seeds = verb.seed.map_or_else(|| verb.seeds.clone(), |seed| seed..seed + 1);
    let wanted = Campaign { seeds, span, kinds, shrinks: !verb.no_shrink };
    match verb.seed {
        Some(seed) => one(verb, &wanted, seed),
        None => many(verb, &wanted),
    }
}

fn many(verb: &Simulate, wanted: &Campaign) -> Outcome {
    let began = SystemClock.now();
    let totals = campaign(wanted)?;
    let wall = SystemClock.now().since(began).as_secs_f64();
    if verb.json {
        output::say_json(&document(&totals, wall))?;
    } else {
        output::say(&table(&totals, wall))?;
    }
    verdict(totals.broken)
}

fn document(totals: &Totals, wall: f64) -> serde_json::Value {
    let mut document = json!(totals);
    if let Some(fields) = document.as_object_mut() {
        fields.insert("wall_seconds".into(), json!(wall));
        let pace = totals.virtual_days / wall.max(1e-9);
        fields.insert("virtual_days_per_second".into(), json!(pace));
    }
    document
}

fn table(totals: &Totals, wall: f64) -> String {
    let mut lines: Vec<String> = totals
        .violations
        .iter()
        .map(|found| {
            let seed = found.violation.seed;
            let schedule = &found.schedule;
            format!("{}\n{schedule}\n  again: flightdeck simulate --seed {seed}", found.violation)
        })
        .collect();
    lines.push(faults_in_words(&totals.faults));
    lines.push(format!(
        "{} seeds, {:.1} virtual days, {} events, {} trades, {} executions in {wall:.1} s \
         ({:.1} virtual days a second); bare for {:.1} s at most, {} requests a minute at most; \
         {} seeds broke something",
        totals.seeds,
        totals.virtual_days,
        totals.events,
        totals.trades,
        totals.executions,
        totals.virtual_days / wall.max(1e-9),
        totals.naked_seconds_longest,
        totals.requests_most,
        totals.broken,
    ));
    lines.join("\n")
}

fn faults_in_words(faults: &BTreeMap<&'static str, u64>) -> String {
    let each: Vec<String> = faults.iter().map(|(name, count)| format!("{name} {count}")).collect();
    format!("faults: {}", each.join(", "))
}

fn one(verb: &Simulate, wanted: &Campaign, seed: u64) -> Outcome {
    let plan = Plan { keeps_log: verb.log, ..wanted.plan(seed) };
    let outcome = run(&plan)?;
    if verb.log {
        std::io::stdout().write_all(&outcome.log)?;
    }
    let (smallest, shrunk) = shrink(&Plan { keeps_log: false, ..plan.clone() }, &outcome)?;
    if verb.json {
        let (asked, fewest) = (in_words(&plan.faults), in_words(&smallest.faults));
        output::say_json(&json!({
            "seed": seed,
            "schedule": asked.lines().map(str::trim).collect::<Vec<_>>(),
            "violations": outcome.violations,
            "smallest": fewest.lines().map(str::trim).collect::<Vec<_>>(),
            "faults": outcome.faults,
            "events": outcome.events,
            "trades": outcome.trades,
            "executions": outcome.executions,
        }))?;
    } else {
        output::say(&format!("seed {seed}\n{}", in_words(&plan.faults)))?;
        for violation in &outcome.violations {
            output::say(&violation.to_string())?;
        }
        if let Some(first) = shrunk.violations.first() {
            let fewest = in_words(&smallest.faults);
            output::say(&format!("the fewest faults that break it:\n{fewest}\n{first}"))?;
        }
        output::say(&format!(
            "{} events, {} trades, {} executions; {}",
            outcome.events,
            outcome.trades,
            outcome.executions,
            faults_in_words(&outcome.faults)
        ))?;
    }
    verdict(u64::from(!outcome.violations.is_empty()))
}

fn verdict(broken: u64) -> Outcome {
    match broken {
        0 => Ok(()),
        broken => Err(Failure::Failed(anyhow!("{broken} seeds broke an invariant"))),
    }
}
