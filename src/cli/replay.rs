//! `flightdeck replay FILE…`.

use std::fmt::{self, Write};

use crate::app::is_refusal;
use crate::app::replay::{Delivery, ReplayOptions, ReplayReport, replay as replay_files};
use crate::cli::arguments::{Arguments, Replay};
use crate::cli::{Failure, Outcome, config, output};
use crate::config::Purpose;
use crate::domain::calendar::date_in_new_york;
use crate::domain::ids::Symbol;
use crate::domain::money::Price;
use crate::sources::history::BadRows;
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
        if is_refusal(&error) { Failure::Refused(error) } else { Failure::Failed(error) }
    })?;
    if replay.json {
        output::say_json(&report)?;
    } else {
        output::say(&tear_sheet(&report)?)?;
    }
    Ok(())
}

fn tear_sheet(report: &ReplayReport) -> Result<String, fmt::Error> {
    let mut text = String::new();
    writeln!(text, "{}", report.metrics)?;
    if report.trades.is_empty() {
        writeln!(text, "No trade was made.")?;
    } else {
        trades(report, &mut text)?;
    }
    let symbols: Vec<&str> = report.symbols.iter().map(Symbol::as_str).collect();
    if let Some((first, last)) = report.span {
        writeln!(text, "\n{} bars of {}", report.interval, list(&symbols))?;
        writeln!(text, "{first} to {last}")?;
    }
    if report.rows_set_aside > 0 {
        writeln!(text, "{} rows were set aside", report.rows_set_aside)?;
    }
    writeln!(
        text,
        "{} bars, {} events in {:.3} s: {:.0} bars/s",
        report.bars, report.events, report.elapsed_seconds, report.bars_per_second
    )?;
    write!(text, "events sha256 {}", report.events_sha256)?;
    Ok(text)
}

/// A price with four decimals at most: an average has more than fit.
fn shown(price: Price) -> String {
    let text = price.to_string();
    match text.split_once('.') {
        Some((_, decimals)) if decimals.len() > 4 => price.to_decimal().round_dp(4).to_string(),
        Some(_) | None => text,
    }
}

fn trades(report: &ReplayReport, text: &mut String) -> fmt::Result {
    writeln!(
        text,
        "{:<7}{:<5}{:>6}{:>10}{:>10}{:>9}{:>6} {:<10} Reason",
        "Symbol", "Side", "Shares", "Entry", "Exit", "P&L", "R", "Closed"
    )?;
    let skipped = report.trades.len().saturating_sub(TRADES_SHOWN);
    for trade in report.trades.iter().skip(skipped) {
        writeln!(
            text,
            "{:<7}{:<5}{:>6}{:>10}{:>10}{:>9}{:>6} {:<10} {}",
            trade.symbol,
            trade.direction.name(),
            trade.quantity,
            shown(trade.entry_price),
            trade.exit_price.map_or_else(|| "-".into(), shown),
            trade.pnl.round_to_cents(),
            trade.r_multiple.map_or_else(|| "-".into(), |r| format!("{:.2}", r.round_dp(2))),
            trade.exit_time.map_or_else(|| "-".into(), |at| date_in_new_york(at).to_string()),
            trade.reason,
        )?;
    }
    if skipped > 0 {
        writeln!(
            text,
            "the last {TRADES_SHOWN} of {} trades; --json lists them all",
            report.trades.len()
        )?;
    }
    Ok(())
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
