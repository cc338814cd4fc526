//! Trades, quotes, bars and statuses as Alpaca writes them, for the data stream and
//! for market data REST alike (protocol page §5 and §7.2 of October 2026).
//!
//! Pure translation: a point knows nothing of who asked for it. On the stream it
//! begins with its kind and symbol, in REST it does without.

use rust_decimal::Decimal;

use crate::brokers::sim::server::KeptBar;
use crate::brokers::sim::server::frames::Field;
use crate::domain::ids::Symbol;
use crate::domain::market::{Quote, Tick, TradingStatus};
use crate::domain::money::{Price, Qty, Rounding};
use crate::domain::time::Timestamp;

/// The exchange that every trade and quote names: `V` is IEX.
const EXCHANGE: &str = "V";
/// A regular sale.
pub(super) const REGULAR: &str = "@";
/// A trade at an average price, such as one that is reported late.
pub(super) const AVERAGE_PRICE: &str = "W";

type Fields = Vec<(&'static str, Field)>;

fn object(fields: Fields) -> Field {
    Field::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// A point on the stream: kind and symbol first, since some clients look no further.
fn said(kind: &'static str, symbol: Symbol, fields: Fields) -> Field {
    let mut all = vec![("T", kind.into()), ("S", symbol.into())];
    all.extend(fields);
    object(all)
}

fn texts(texts: &[&'static str]) -> Field {
    Field::List(texts.iter().map(|text| Field::from(*text)).collect())
}

/// One trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trade {
    /// Which stock, when, at what price, how many.
    pub(super) tick: Tick,
    /// [`REGULAR`] or [`AVERAGE_PRICE`].
    pub(super) condition: &'static str,
    /// The tape: `A`, `B` or `C`.
    pub(super) tape: &'static str,
}

impl Trade {
    /// Makes a regular trade.
    pub(super) const fn regular(tick: Tick, tape: &'static str) -> Self {
        Self { tick, condition: REGULAR, tape }
    }

    /// Returns the trade's number: the same wherever the trade is told, and different
    /// for every trade of a stock and day that differs in millisecond or price.
    pub(super) fn id(&self) -> i64 {
        let millis_of_day = self.tick.at.as_nanos().div_euclid(1_000_000).rem_euclid(86_400_000);
        let hundredths = self.tick.price.units().div_euclid(10_000).rem_euclid(10_000);
        millis_of_day * 10_000 + hundredths
    }

    fn fields(&self) -> Fields {
        let Tick { price, size, at, .. } = self.tick;
        vec![
            ("i", Field::Integer(self.id())),
            ("x", EXCHANGE.into()),
            ("p", Field::Price(price)),
            ("s", shares(size)),
            ("c", texts(&[self.condition])),
            ("z", self.tape.into()),
            ("t", Field::Time(at)),
        ]
    }

    /// The trade on the stream.
    pub(super) fn said(&self) -> Field {
        said("t", self.tick.symbol, self.fields())
    }

    /// The trade in REST.
    pub(super) fn listed(&self) -> Field {
        object(self.fields())
    }

    /// The trade as it should have been: its correction, at another price.
    pub(super) fn corrected(&self, price: Price, at: Timestamp) -> Field {
        let corrected = Self { tick: Tick { price, ..self.tick }, ..*self };
        let fields = vec![
            ("x", EXCHANGE.into()),
            ("oi", Field::Integer(self.id())),
            ("op", Field::Price(self.tick.price)),
            ("os", shares(self.tick.size)),
            ("oc", texts(&[self.condition])),
            ("ci", Field::Integer(corrected.id())),
            ("cp", Field::Price(price)),
            ("cs", shares(self.tick.size)),
            ("cc", texts(&[self.condition])),
            ("z", self.tape.into()),
            ("t", Field::Time(at)),
        ];
        said("c", self.tick.symbol, fields)
    }

    /// The trade taken back.
    pub(super) fn cancelled(&self, at: Timestamp) -> Field {
        let fields = vec![
            ("i", Field::Integer(self.id())),
            ("x", EXCHANGE.into()),
            ("p", Field::Price(self.tick.price)),
            ("s", shares(self.tick.size)),
            ("a", "C".into()),
            ("z", self.tape.into()),
            ("t", Field::Time(at)),
        ];
        said("x", self.tick.symbol, fields)
    }
}

/// The wire has whole shares; parts of one are told as one.
fn shares(size: Qty) -> Field {
    Field::count(size.floor_shares().max(1))
}

fn quote_fields(quote: &Quote, tape: &'static str) -> Fields {
    vec![
        ("bx", EXCHANGE.into()),
        ("bp", Field::Price(quote.bid)),
        ("bs", Field::count(quote.bid_size)),
        ("ax", EXCHANGE.into()),
        ("ap", Field::Price(quote.ask)),
        ("as", Field::count(quote.ask_size)),
        ("c", texts(&["R"])),
        ("z", tape.into()),
        ("t", Field::Time(quote.at)),
    ]
}

/// A quote on the stream. Sizes are shares, as since 2025-11-03.
pub(super) fn said_quote(quote: &Quote, tape: &'static str) -> Field {
    said("q", quote.symbol, quote_fields(quote, tape))
}

/// A quote in REST.
pub(super) fn listed_quote(quote: &Quote, tape: &'static str) -> Field {
    object(quote_fields(quote, tape))
}

/// A bar as it is told: with what a late print has added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ToldBar {
    /// The bar.
    pub(super) kept: KeptBar,
    /// Shares of a late print, 0 for none.
    pub(super) late_shares: u64,
}

impl ToldBar {
    fn fields(&self) -> Fields {
        let KeptBar { bar, trades, vwap, .. } = self.kept;
        vec![
            ("o", Field::Price(bar.open)),
            ("h", Field::Price(bar.high)),
            ("l", Field::Price(bar.low)),
            ("c", Field::Price(bar.close)),
            ("v", Field::count(bar.volume.saturating_add(self.late_shares))),
            ("n", Field::count(trades + u64::from(self.late_shares > 0))),
            ("vw", Field::Price(vwap)),
            ("t", Field::Time(bar.start)),
        ]
    }

    /// The bar on the stream: `b` a minute, `u` an updated minute, `d` a day.
    pub(super) fn said(&self, kind: &'static str) -> Field {
        said(kind, self.kept.bar.symbol, self.fields())
    }

    /// The bar in REST.
    pub(super) fn listed(&self) -> Field {
        object(self.fields())
    }
}

impl From<KeptBar> for ToldBar {
    fn from(kept: KeptBar) -> Self {
        Self { kept, late_shares: 0 }
    }
}

/// Returns the shares of the print that comes late to a minute bar, 0 for most: one
/// minute in sixteen has one, found from symbol and minute alone so that stream and
/// REST agree. It trades at the minute's average price, hence changes volume and
/// count only; daily bars do not count it.
pub(super) fn late_shares(kept: &KeptBar) -> u64 {
    let minute = kept.bar.start.as_nanos().div_euclid(60_000_000_000);
    let letters = kept.bar.symbol.as_str().bytes();
    let seed = letters.fold(minute.unsigned_abs(), |hash, letter| {
        (hash ^ u64::from(letter)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let drawn = (seed ^ seed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32;
    if drawn.is_multiple_of(16) { 100 * (1 + drawn / 16 % 5) } else { 0 }
}

/// A halt, pause, restriction or resumption on the stream: other codes for listings
/// of NYSE and the regionals (tapes A, B) than for Nasdaq's (tape C).
pub(super) fn said_status(
    symbol: Symbol,
    status: TradingStatus,
    tape: &'static str,
    at: Timestamp,
) -> Field {
    let is_nasdaq = tape == "C";
    let (code, text, reason, reason_text) = match (status, is_nasdaq) {
        (TradingStatus::Trading, true) => ("T", "Trading Resumption", "", ""),
        (TradingStatus::Trading, false) => ("3", "Resume", "", ""),
        (TradingStatus::Halted, true) => ("H", "Trading Halt", "T1", "Halt - News Pending"),
        (TradingStatus::Halted, false) => ("2", "Trading Halt", "D", "News Released"),
        (TradingStatus::LuldPaused, true) => {
            ("P", "Volatility Trading Pause", "LUDP", "Volatility Trading Pause")
        }
        (TradingStatus::LuldPaused, false) => {
            ("F", "Limit Up-Limit Down", "M", "Limit Up-Limit Down (LULD) Trading Pause")
        }
        (TradingStatus::ShortSaleRestricted, _) => ("E", "Short Sale Restriction", "", ""),
    };
    let fields = vec![
        ("sc", code.into()),
        ("sm", text.into()),
        ("rc", reason.into()),
        ("rm", reason_text.into()),
        ("z", tape.into()),
        ("t", Field::Time(at)),
    ];
    said("s", symbol, fields)
}

/// A limit-up/limit-down band on the stream: `percent` around a reference price, in
/// whole cents (Plan to Address Extraordinary Market Volatility, section V). `None`
/// where the band would reach zero.
pub(super) fn said_band(
    symbol: Symbol,
    reference: Price,
    percent: u32,
    tape: &'static str,
    at: Timestamp,
) -> Option<Field> {
    let width = reference.as_money().scaled(Decimal::new(percent.into(), 2)).round_to_cents();
    let up = reference.plus(width)?;
    let down = reference.plus(-width)?;
    // Whole cents: the reference is a print, which may lie between two of them.
    let [up, down] = [up, down].map(|edge| edge.round_to_increment(Rounding::Down).unwrap_or(edge));
    let fields = vec![
        ("u", Field::Price(up)),
        ("d", Field::Price(down)),
        ("i", "B".into()),
        ("z", tape.into()),
        ("t", Field::Time(at)),
    ];
    Some(said("l", symbol, fields))
}
