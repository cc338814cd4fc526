//! The preset `reference` against the same rules as one plain loop.
//!
//! The loop knows no event, agent or order: when flat at the close of a bar, buy if
//! the close is above its mean of 20, Wilder's RSI of 14 is between 50 and 70 and
//! the volume is above its mean of 20; leave 5 % below or 15 % above, or at the
//! open beyond that, the stop first. Prices are counted in hundredths of a cent,
//! so that both levels are whole.

use std::fmt::Write;

use crate::replay::{closed, document};
use crate::support::program::Home;

/// Hundredths of a cent in a cent.
const CENT: i64 = 100;

#[derive(Debug, Clone, Copy)]
struct Row {
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    volume: i64,
}

#[derive(Debug, PartialEq)]
struct Trade {
    symbol: String,
    shares: i64,
    entry: i64,
    exit: i64,
}

/// Draws numbers from a linear congruence (Knuth's constants for 64 bits).
struct Lots(u64);

impl Lots {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }

    /// About normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a price in cents")]
fn walk(seed: u64, bars: usize) -> Vec<Row> {
    let mut lots = Lots(seed);
    let (mut level, mut before) = (100.0_f64, 10_000_i64);
    let mut rows = Vec::new();
    for _ in 0..bars {
        level *= (lots.normal() * 0.01).exp();
        let close = ((level * 100.0).round() as i64).max(50);
        let open = std::mem::replace(&mut before, close);
        let mut beyond = || (lots.normal().abs() * 0.005 * level * 100.0) as i64;
        let (high, low) = (open.max(close) + beyond(), (open.min(close) - beyond()).max(1));
        let volume = (5_000.0 * (lots.normal() * 0.5).exp()) as i64 + 1;
        let [open, high, low, close] = [open, high, low, close].map(|cents| cents * CENT);
        rows.push(Row { open, high, low, close, volume });
    }
    rows
}

/// Wilder's RSI as pandas' `ewm(alpha=1/14, adjust=False)` gives it, from the
/// first change on.
#[derive(Default)]
struct Rsi {
    close: Option<i64>,
    means: (f64, f64),
}

impl Rsi {
    #[expect(clippy::cast_precision_loss, reason = "prices are small")]
    fn update(&mut self, close: i64) -> f64 {
        let change = (close - self.close.replace(close).unwrap_or(close)) as f64;
        let ease = |mean: f64, next: f64| mean + (next - mean) / 14.0;
        self.means = (ease(self.means.0, change.max(0.0)), ease(self.means.1, (-change).max(0.0)));
        100.0 - 100.0 / (1.0 + self.means.0 / self.means.1)
    }
}

fn reference(symbol: &str, rows: &[Row]) -> Vec<Trade> {
    let mut trades = Vec::new();
    let (mut rsi, mut held): (Rsi, Option<(i64, i64)>) = (Rsi::default(), None);
    for (at, row) in rows.iter().enumerate() {
        let rsi = rsi.update(row.close);
        if let Some((shares, entry)) = held {
            let (stop, target) = (entry * 95 / 100, entry * 115 / 100);
            let exit = if row.low <= stop {
                Some(stop.min(row.open))
            } else {
                (row.high >= target).then(|| target.max(row.open))
            };
            if let Some(exit) = exit {
                trades.push(Trade { symbol: symbol.into(), shares, entry, exit });
                held = None;
            }
        }
        let Some(window) = (at + 1).checked_sub(20).map(|from| &rows[from..=at]) else { continue };
        let closes: i64 = window.iter().map(|row| row.close).sum();
        let volumes: i64 = window.iter().map(|row| row.volume).sum();
        let shares = 1_000 * 100 * CENT / row.close;
        let is_setup =
            row.close * 20 > closes && (50.0..=70.0).contains(&rsi) && row.volume * 20 > volumes;
        if held.is_none() && is_setup && shares > 0 {
            held = Some((shares, row.close));
        }
    }
    trades
}

fn csv(stocks: &[(String, Vec<Row>)]) -> String {
    let cents = |price: i64| format!("{}.{:02}", price / CENT / 100, price / CENT % 100);
    let mut text = String::from("ts,symbol,open,high,low,close,volume\n");
    for at in 0..stocks[0].1.len() {
        let nanos = (1_577_836_800 + u64::try_from(at).unwrap() * 60) * 1_000_000_000;
        for (symbol, rows) in stocks {
            let Row { open, high, low, close, volume } = rows[at];
            let [open, high, low, close] = [open, high, low, close].map(cents);
            writeln!(text, "{nanos},{symbol},{open},{high},{low},{close},{volume}").unwrap();
        }
    }
    text
}

/// Hundredths of a cent of a price in the document.
#[expect(clippy::cast_possible_truncation, reason = "a price in hundredths of a cent")]
fn price(value: &serde_json::Value) -> i64 {
    (value.as_f64().unwrap() * 10_000.0).round() as i64
}

#[track_caller]
fn check(symbols: usize, bars: usize) {
    let stock = |number: usize| {
        (format!("S{number:03}"), walk(1_000 + u64::try_from(number).unwrap(), bars))
    };
    let stocks: Vec<(String, Vec<Row>)> = (0..symbols).map(stock).collect();
    let home = Home::new().with("walk.csv", csv(&stocks));
    let document = document(&home, "--preset reference walk.csv");
    let mut expected: Vec<Trade> =
        stocks.iter().flat_map(|(symbol, rows)| reference(symbol, rows)).collect();
    let mut found = Vec::new();
    for trade in closed(&document) {
        let found_trade = Trade {
            symbol: trade["symbol"].as_str().unwrap().into(),
            shares: trade["quantity"].as_i64().unwrap(),
            entry: price(&trade["entry_price"]),
            exit: price(&trade["exit_price"]),
        };
        let pnl = found_trade.shares * (found_trade.exit - found_trade.entry);
        assert!((price(&trade["pnl"]) - pnl).abs() <= CENT / 2, "{trade}");
        found.push(found_trade);
    }
    // By symbol, within a symbol in order of time.
    found.sort_by(|one, other| one.symbol.cmp(&other.symbol));
    expected.sort_by(|one, other| one.symbol.cmp(&other.symbol));
    let differs = found.iter().zip(&expected).position(|(found, expected)| found != expected);
    assert!(
        differs.is_none(),
        "trade {differs:?}: {:?}",
        differs.map(|at| (&found[at], &expected[at]))
    );
    assert_eq!(found.len(), expected.len());
    assert!(found.len() > 50, "only {} trades", found.len());
}

#[test]
fn one_stock_trades_as_the_plain_loop_does() {
    check(1, 20_000);
}

#[test]
fn five_stocks_trade_as_the_plain_loop_does() {
    check(5, 4_000);
}
