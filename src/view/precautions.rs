//! What makes an approval unusual: a human should then type it, and not press a key by
//! habit, in every mode.
//!
//! These are no limits of risk: what those refuse never waits for a human. They are looked
//! at anew with every snapshot, as the market moves while somebody reads.

use jiff::SignedDuration;
use rust_decimal::{Decimal, dec};
use serde::Serialize;

use crate::domain::money::{Money, Price, Qty};
use crate::domain::time::Timestamp;
use crate::view::rows::ApprovalRow;
use crate::view::watch::WatchRow;

/// From where on an approval is unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precautions {
    /// More shares than this.
    pub max_shares: Qty,
    /// A cost above this, in dollars.
    pub max_cost: Money,
    /// An entry further from the last price than this part of it.
    pub max_off_last: Decimal,
    /// The same stock and side was sent, or is asked for, within so many seconds by the
    /// wall.
    pub repeat_seconds: u32,
}

impl Default for Precautions {
    /// 1,000 shares, $10,000, 1 % off the last price, twice in 10 s.
    fn default() -> Self {
        Self {
            max_shares: Qty::shares(1_000).expect("a thousand shares are a quantity"),
            max_cost: Money::from_dollars(10_000),
            max_off_last: dec!(0.01),
            repeat_seconds: 10,
        }
    }
}

/// One thing that makes an approval unusual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caution {
    /// Which precaution, by a short name.
    pub rule: &'static str,
    /// In words, with the numbers.
    pub words: Box<str>,
}

/// What is known beside the approval itself.
#[derive(Debug, Clone, Copy)]
pub(in crate::view) struct Around<'a> {
    pub(in crate::view) quote: Option<&'a WatchRow>,
    /// When an entry of the same stock and side was sent last, or asked for beside this.
    pub(in crate::view) repeated_at: Option<Timestamp>,
    pub(in crate::view) now: Timestamp,
    /// How many times as fast as the wall the house's time runs.
    pub(in crate::view) speed: u32,
}

impl Precautions {
    /// Everything that makes an approval unusual now, the gravest first.
    pub(in crate::view) fn look(&self, row: &ApprovalRow, around: &Around<'_>) -> Vec<Caution> {
        let mut cautions = Vec::new();
        let mut add = |rule, words: String| {
            cautions.push(Caution { rule, words: words.into_boxed_str() });
        };
        let last = around.quote.and_then(|quote| quote.last);
        if let Some((entry, last)) = row.levels.map(|levels| levels.entry).zip(last) {
            let off = off_last(entry, last);
            if off > self.max_off_last {
                let (off, max) = (percent(off), percent(self.max_off_last));
                add(
                    "off_last",
                    format!("{entry} is {off} % off the last price {last}, above {max} %"),
                );
            }
        }
        if let Some(doubt) = around.quote.and_then(|quote| quote.doubt) {
            add("doubt", format!("its data are in doubt: {doubt}"));
        }
        if row.cost > self.max_cost {
            add("cost", format!("it costs {}, more than {}", row.cost, self.max_cost));
        }
        if row.quantity > self.max_shares {
            add("size", format!("{} shares, more than {}", row.quantity, self.max_shares));
        }
        let seconds = i64::from(self.repeat_seconds) * i64::from(around.speed);
        let within = SignedDuration::from_secs(seconds);
        if around.repeated_at.is_some_and(|at| around.now.since(at) <= within) {
            let (side, seconds) = (row.side.name(), self.repeat_seconds);
            add("repeat", format!("another {side} of {} within {seconds} s", row.symbol));
        }
        cautions
    }
}

fn off_last(entry: Price, last: Price) -> Decimal {
    entry.minus(last).abs().ratio_to(last.as_money()).unwrap_or(Decimal::MAX)
}

fn percent(ratio: Decimal) -> Decimal {
    (ratio * Decimal::ONE_HUNDRED).round_dp(2).normalize()
}
