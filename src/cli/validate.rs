//! `flightdeck validate`: a run until so many trades are closed, and the verdict on its
//! journal.

use anyhow::anyhow;
use jiff::SignedDuration;
use serde_json::json;

use crate::app::validate::{Rules, Verdict, judge, read};
use crate::cli::arguments::{Arguments, BrokerName, Run, Speed};
use crate::cli::arguments_checks::{Validate, ValidateBroker};
use crate::cli::{Failure, Outcome, config, output, run};
use crate::config::Purpose;

/// A position may be bare for so long: a partial fill is waited for, the stop is tried
/// again, then the position is left.
const BARE_MAX: SignedDuration = SignedDuration::from_secs(30);

/// Runs, judges and says what came of it.
pub(crate) fn validate(arguments: &Arguments, verb: &Validate) -> Outcome {
    let is_paper = verb.broker == ValidateBroker::Alpaca;
    let purpose = if is_paper { Purpose::Paper } else { Purpose::Sim };
    let settings = config::load(arguments, purpose)?;
    let is_inside = !is_paper && !verb.wire;
    let asked = Arguments {
        verb: None,
        config: arguments.config.clone(),
        preset: arguments.preset.clone(),
        seed: if is_inside { Some(settings.seed) } else { arguments.seed },
        run: Run {
            no_ui: true,
            until_trades: Some(verb.trades),
            speed: is_inside.then_some(Speed::Max),
            wire: verb.wire && !is_paper,
            broker: is_paper.then_some(BrokerName::Alpaca).into_iter().collect(),
            bus: verb.bus.clone(),
            journal: verb.journal.clone(),
            ..Run::none()
        },
    };
    let (summary, journal) = run::quietly(&asked)?;
    let wall = if verb.wire && !is_paper { settings.sim.wire_speed } else { 1 };
    let rules = Rules {
        trades: verb.trades,
        limits: settings.risk.clone(),
        opening_cash: settings.account.opening_cash,
        // On a wire, answers take time by the wall.
        stop_within: BARE_MAX.saturating_mul(i32::try_from(wall).unwrap_or(i32::MAX)),
    };
    let told = read(&journal).map_err(Failure::Failed)?;
    let verdicts = judge(&told, &rules);
    let failed = verdicts.iter().filter(|verdict| !verdict.passed).count();
    if verb.json {
        output::say_json(&json!({
            "passed": failed == 0,
            "trades": summary.trades,
            "events": summary.events,
            "journal": journal.display().to_string(),
            "verdicts": verdicts,
        }))?;
    } else {
        output::say(&table(&verdicts))?;
        let (trades, events) = (summary.trades, summary.events);
        output::say(&format!("{trades} trades, {events} events, {}", journal.display()))?;
    }
    match failed {
        0 => Ok(()),
        failed => Err(Failure::Failed(anyhow!("{failed} of {} judges find fault", verdicts.len()))),
    }
}

fn table(verdicts: &[Verdict]) -> String {
    let mut lines = Vec::new();
    for Verdict { name, about, passed, judged, faults, quoted } in verdicts {
        let word = if *passed { "pass" } else { "FAIL" };
        let count = if *passed { format!("{judged}") } else { format!("{faults} of {judged}") };
        lines.push(format!("{word}  {name:<12} {count:>12}  {about}"));
        lines.extend(quoted.iter().map(|fault| format!("      {fault}")));
    }
    lines.join("\n")
}
