//! Real bars, where they are at hand beside the checkout; they are not ours to
//! ship.

use std::path::{Path, PathBuf};

use flightdeck::events::{Event, MarketEvent};
use serde_json::Value;

use crate::replay::{closed, logged};
use crate::support::program::{Home, events};

/// The files of a folder of the shared data as arguments, or `None` with a remark.
fn shared(folder: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("skipped: there is no {}\n", folder.display()).as_bytes(),
        );
        return None;
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" "))
}

/// The splits that were recognised: day, stock, new shares, old shares.
fn splits(log: &str) -> Vec<(String, String, u32, u32)> {
    let lines: String =
        log.split_inclusive('\n').filter(|line| line.contains("split.detected")).collect();
    let split = |envelope: flightdeck::events::Envelope| {
        let Event::Market(MarketEvent::Split(split)) = envelope.event else { return None };
        let day = envelope.at.to_string().chars().take(10).collect();
        Some((day, split.symbol.to_string(), split.new_shares, split.old_shares))
    };
    events(&lines).into_iter().filter_map(split).collect()
}

fn expected(rows: &[(&str, &str, u32)]) -> Vec<(String, String, u32, u32)> {
    rows.iter().map(|(day, symbol, new)| ((*day).into(), (*symbol).into(), *new, 1)).collect()
}

fn r(trade: &Value) -> f64 {
    trade["r_multiple"].as_f64().unwrap_or_default()
}

#[test]
fn minute_bars_over_a_split_are_traded_without_taking_it_for_a_crash() {
    let Some(files) = shared("minute") else { return };
    let (log, document) = logged(&Home::new(), &files);
    assert_eq!(splits(&log), expected(&[("2014-06-09", "AAPL", 7)]));
    assert!(!document["trades"].as_array().unwrap().is_empty());
    for trade in document["trades"].as_array().unwrap() {
        assert!(trade["pnl"].as_f64().unwrap() > -60.0 && r(trade) > -1.3, "{trade}");
    }
    // A stop that no venue takes would have ended the trade in the first minute.
    assert!(!log.contains("STOP_NOT_PLACED"));
}

#[test]
fn of_23_years_of_daily_bars_the_splits_are_recognised_and_nothing_else() {
    let Some(files) = shared("daily") else { return };
    let (log, document) = logged(&Home::new(), &files);
    let real = [
        ("1999-05-27", "IBM", 2),
        ("2000-06-21", "AAPL", 2),
        ("2004-08-30", "BAC", 2),
        ("2005-02-28", "AAPL", 2),
        ("2014-06-09", "AAPL", 7),
        ("2020-08-31", "AAPL", 4),
    ];
    assert_eq!(splits(&log), expected(&real));
    let trades = closed(&document);
    assert!(trades.len() > 500, "only {} trades", trades.len());
    // Nights are long: some gap through their stop, none by as much as a split.
    assert!(trades.iter().all(|trade| r(trade) > -4.0));
}
