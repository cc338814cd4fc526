//! `flightdeck replay FILE…`.

use crate::app::replay::{Delivery, ReplayOptions, ReplayReport, replay as replay_files};
use crate::cli::arguments::{Arguments, Replay};
use crate::cli::{Failure, Outcome, config, output};
use crate::config::Purpose;
use crate::sources::history::{BadRows, HistoryError};
use crate::telemetry::{LogTarget, init};

/// Trades that the tear-sheet lists; `--json` has them all.
const TRADES_SHOWN: usize = 20;

pub(crate) fn replay(arguments: &Arguments, replay: &Replay) -> Outcome {
    let _log = init(&LogTarget::Stderr).map_err(Failure::refused)?;
    let settings = config::load(arguments, Purpose::Replay)?;
    let options = ReplayOptions {
        files: replay.files.clone(),
        interval: replay.interval,
        bad_rows: if replay.skip_bad_rows { BadRows::SetAside } else { BadRows::Refuse },
        delivery: match replay.threads {
            None => Delivery::Inline,
            Some(threads) => Delivery::Seated { threads },
        },
        events: replay.events.clone(),
        journal: replay.journal_file.clone(),
    };
    let report = replay_files(settings, &options).map_err(|error| {
        if error.is::<HistoryError>() { Failure::Refused(error) } else { Failure::Failed(error) }
    })?;
    let text = if replay.json { serde_json::to_string(&report)? } else { tear_sheet(&report) };
    output::say(&text)?;
    Ok(())
}

fn tear_sheet(report: &ReplayReport) -> String {
    let mut text = format!("{}\n", report.metrics);
    if report.trades.is_empty() {
        text.push_str("\nNo trade was made.\n");
    } else {
        text.push_str(&trades(report));
    }
    let symbols: Vec<&str> = report.symbols.iter().map(|symbol| symbol.as_str()).collect();
    if let Some((first, last)) = report.span {
        text.push_str(&format!(
            "\n{} bars of {}, {first} to {last}\n",
            report.interval,
            list(&symbols)
        ));
    }
    if report.rows_set_aside > 0 {
        text.push_str(&format!("{} rows were set aside\n", report.rows_set_aside));
    }
    text.push_str(&format!(
        "{} bars, {} events in {:.3} s: {:.0} bars/s\nevents sha256 {}",
        report.bars,
        report.events,
        report.elapsed_seconds,
        report.bars_per_second,
        report.events_sha256
    ));
    text
}

fn trades(report: &ReplayReport) -> String {
    let mut text = format!(
        "\n{:<8} {:<5} {:>6} {:>11} {:>11} {:>10} {:>7} {:<12} {}\n",
        "Symbol", "Side", "Shares", "Entry", "Exit", "P&L", "R", "Reason", "Closed"
    );
    for trade in report.trades.iter().rev().take(TRADES_SHOWN).rev() {
        let r = trade.r_multiple.map_or_else(|| "-".into(), |r| format!("{r:.2}"));
        text.push_str(&format!(
            "{:<8} {:<5} {:>6} {:>11} {:>11} {:>10} {:>7} {:<12} {}\n",
            trade.symbol,
            trade.direction.name(),
            trade.quantity,
            trade.entry_price,
            trade.exit_price,
            trade.pnl.round_to_cents(),
            r,
            trade.reason,
            trade.exit_time
        ));
    }
    if report.trades.len() > TRADES_SHOWN {
        text.push_str(&format!(
            "the last {TRADES_SHOWN} of {} trades; --json lists them all\n",
            report.trades.len()
        ));
    }
    text
}

/// Names up to eight symbols.
fn list(symbols: &[&str]) -> String {
    match symbols {
        [shown @ .., _] if symbols.len() > 8 => {
            let shown: Vec<&str> = shown.iter().copied().take(7).collect();
            format!("{} and {} more", shown.join(", "), symbols.len() - 7)
        }
        _ => symbols.join(", "),
    }
}
