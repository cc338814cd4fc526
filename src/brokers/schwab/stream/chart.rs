//! Minute bars of the streamer.
//!
//! The fields stand in the order that was measured on the wire, not in that of Schwab's
//! own table, which has the sequence number at the end (page §5.5 of November 2026):
//! 1 sequence, 2 open, 3 high, 4 low, 5 close, 6 volume, 7 start.

use super::frame::Item;
use crate::domain::ids::Symbol;
use crate::domain::market::Bar;

const OPEN: u8 = 2;
const HIGH: u8 = 3;
const LOW: u8 = 4;
const CLOSE: u8 = 5;
const VOLUME: u8 = 6;
const START: u8 = 7;

/// Reads a bar; `None` when a field is missing or the bar contradicts itself.
pub(super) fn bar(symbol: Symbol, item: &Item<'_>) -> Option<Bar> {
    let price = |field| item.price(field);
    let bar = Bar {
        symbol,
        open: price(OPEN)?,
        high: price(HIGH)?,
        low: price(LOW)?,
        close: price(CLOSE)?,
        volume: item.whole(VOLUME)?,
        start: item.instant(START)?,
    };
    bar.checked().ok()
}
