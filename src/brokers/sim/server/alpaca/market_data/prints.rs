//! Trades and quotes of the past, made from minute bars.
//!
//! Single prints are not kept. Each minute becomes at most four trades (open, the two
//! extremes, close, in the order in which they are likelier) whose prices, sizes and
//! times fit the bar, and a quote a cent around each. The same minute always makes the
//! same ones; the minute under way makes none.

use jiff::SignedDuration;

use super::page::Row;
use crate::brokers::sim::server::KeptBar;
use crate::brokers::sim::server::alpaca::points::{Trade, listed_quote};
use crate::domain::market::{Quote, Tick};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::time::Timestamp;

/// When in its minute each trade is.
const OFFSETS_MS: [i64; 4] = [250, 20_250, 40_250, 59_750];
/// How long before a trade its quote is.
const QUOTE_BEFORE: SignedDuration = SignedDuration::from_millis(100);

fn ticks(kept: &KeptBar) -> Vec<Tick> {
    let bar = &kept.bar;
    let rises = bar.close >= bar.open;
    let (second, third) = if rises { (bar.low, bar.high) } else { (bar.high, bar.low) };
    // Fewer shares than trades: the close is what counts.
    let count = bar.volume.clamp(1, 4);
    let all = [bar.open, second, third, bar.close];
    let prices: &[Price] = if count < 4 { &all[3..] } else { &all };
    let share = bar.volume / u64::try_from(prices.len()).unwrap_or(1);
    let rest = bar.volume - share * (u64::try_from(prices.len()).unwrap_or(1) - 1);
    let last = prices.len() - 1;
    prices
        .iter()
        .enumerate()
        .map(|(at, price)| Tick {
            symbol: bar.symbol,
            price: *price,
            size: Qty::shares(if at == last { rest } else { share }).unwrap_or(Qty::MAX),
            at: bar.start.plus(SignedDuration::from_millis(OFFSETS_MS[at])),
        })
        .collect()
}

/// Returns the trades of minutes within a span, both ends included.
pub(super) fn trades(
    minutes: &[KeptBar],
    tape: &'static str,
    (start, end): (Timestamp, Timestamp),
) -> Vec<Row> {
    minutes
        .iter()
        .flat_map(ticks)
        .filter(|tick| (start..=end).contains(&tick.at))
        .map(|tick| (tick.at, Trade::regular(tick, tape).listed()))
        .collect()
}

/// Returns the quotes of minutes within a span, both ends included.
pub(super) fn quotes(
    minutes: &[KeptBar],
    tape: &'static str,
    (start, end): (Timestamp, Timestamp),
) -> Vec<Row> {
    minutes
        .iter()
        .flat_map(ticks)
        .filter_map(|tick| {
            let cent = Money::from_cents(1);
            let (bid, ask) = (tick.price.plus(-cent)?, tick.price.plus(cent)?);
            let at = tick.at.plus(-QUOTE_BEFORE);
            Quote::new(tick.symbol, (bid, 200), (ask, 200), at).ok()
        })
        .filter(|quote| (start..=end).contains(&quote.at))
        .map(|quote| (quote.at, listed_quote(&quote, tape)))
        .collect()
}
