//! Bars, quotes and trades into our words (protocol page §5 of October 2026). One that
//! contradicts itself is left out and counted; a feed is not trusted.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::brokers::alpaca::translate::field;
use crate::brokers::alpaca::wire::{DecimalText, WireBar, WireQuote, WireSnapshot, WireTrade};
use crate::brokers::oddity::{Oddities, Oddity};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, Quote, Tick};
use crate::domain::money::Qty;

/// What is newest of one stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Which stock.
    pub symbol: Symbol,
    /// Newest trade.
    pub trade: Option<Tick>,
    /// Newest quote.
    pub quote: Option<Quote>,
    /// Newest minute.
    pub minute: Option<Bar>,
    /// Today so far.
    pub today: Option<Bar>,
    /// The trading day before.
    pub previous_day: Option<Bar>,
}

/// Translates a bar.
pub(crate) fn bar(symbol: Symbol, wire: &WireBar, oddities: &Oddities) -> Option<Bar> {
    let made = || {
        Bar {
            symbol,
            open: wire.o.parse()?,
            high: wire.h.parse()?,
            low: wire.l.parse()?,
            close: wire.c.parse()?,
            volume: count(wire.v.as_ref()),
            start: wire.t.parse().ok()?,
        }
        .checked()
        .ok()
    };
    made().or_else(|| refuse(oddities, "bar", symbol))
}

/// Translates a quote; `None` also when nobody bids or nobody offers (a price of 0),
/// which is nothing to count.
pub(crate) fn quote(symbol: Symbol, wire: &WireQuote, oddities: &Oddities) -> Option<Quote> {
    let bid = field::price(wire.bp.as_ref(), "bp", oddities)?;
    let ask = field::price(wire.ap.as_ref(), "ap", oddities)?;
    let sizes = (count(wire.bs.as_ref()), count(wire.ask_size.as_ref()));
    let made = wire
        .t
        .parse()
        .ok()
        .and_then(|at| Quote::new(symbol, (bid, sizes.0), (ask, sizes.1), at).ok());
    made.or_else(|| refuse(oddities, "quote", symbol))
}

/// Translates a trade.
pub(crate) fn trade(symbol: Symbol, wire: &WireTrade, oddities: &Oddities) -> Option<Tick> {
    let made = || {
        Some(Tick {
            symbol,
            price: wire.p.parse()?,
            size: wire.s.as_ref().map_or(Some(Qty::ZERO), DecimalText::parse)?,
            at: wire.t.parse().ok()?,
        })
    };
    made().or_else(|| refuse(oddities, "trade", symbol))
}

/// Translates a snapshot.
pub(crate) fn snapshot(symbol: Symbol, wire: &WireSnapshot, oddities: &Oddities) -> Snapshot {
    let bar = |wire: &Option<WireBar>| wire.as_ref().and_then(|wire| bar(symbol, wire, oddities));
    Snapshot {
        symbol,
        trade: wire.latest_trade.as_ref().and_then(|wire| trade(symbol, wire, oddities)),
        quote: wire.latest_quote.as_ref().and_then(|wire| quote(symbol, wire, oddities)),
        minute: bar(&wire.minute_bar),
        today: bar(&wire.daily_bar),
        previous_day: bar(&wire.prev_daily_bar),
    }
}

/// A number of shares as the market counts them, parts of shares dropped.
fn count(text: Option<&DecimalText>) -> u64 {
    let number = text.and_then(|text| {
        let text = text.as_str();
        text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).ok()
    });
    number.and_then(|number| number.trunc().to_u64()).unwrap_or(0)
}

fn refuse<T>(oddities: &Oddities, what: &str, symbol: Symbol) -> Option<T> {
    oddities.count(Oddity::RefusedMarketData, &format!("a {what} of {symbol}"));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aapl() -> Symbol {
        Symbol::new("AAPL").unwrap()
    }

    #[test]
    fn numbers_keep_their_digits() {
        let oddities = Oddities::default();
        let json = r#"{"t":"2026-10-05T04:00:00Z","o":150.1,"h":150.40000001,"l":150.0,"c":150.3,"v":4821300000,"n":612,"vw":150.214533}"#;
        let bar = bar(aapl(), &serde_json::from_str(json).unwrap(), &oddities).unwrap();
        assert_eq!(bar.high.to_string(), "150.40000001");
        assert_eq!(bar.volume, 4_821_300_000);
        let json =
            r#"{"t":"2026-10-05T13:30:00.086175744Z","x":"V","p":1.5012e2,"s":100,"c":["@"]}"#;
        let trade = trade(aapl(), &serde_json::from_str(json).unwrap(), &oddities).unwrap();
        assert_eq!(trade.price.to_string(), "150.12");
        assert_eq!(oddities.counts().refused_market_data, 0);
    }

    #[track_caller]
    fn check_quote(json: &str, is_quote: bool, refused: u64) {
        let oddities = Oddities::default();
        let quote = quote(aapl(), &serde_json::from_str(json).unwrap(), &oddities);
        assert_eq!(quote.is_some(), is_quote, "{json}");
        assert_eq!(oddities.counts().refused_market_data, refused, "{json}");
    }

    #[test]
    fn a_quote_needs_both_sides_uncrossed() {
        check_quote(
            r#"{"t":"2026-10-05T13:30:00Z","bp":150.1,"bs":300,"ap":150.14,"as":2}"#,
            true,
            0,
        );
        check_quote(r#"{"t":"2026-10-05T13:30:00Z","bp":0,"bs":0,"ap":150.14,"as":2}"#, false, 0);
        check_quote(r#"{"t":"2026-10-05T13:30:00Z","bp":0.0,"ap":0}"#, false, 0);
        check_quote(r#"{"t":"2026-10-05T13:30:00Z","bp":151,"bs":1,"ap":150,"as":2}"#, false, 1);
        check_quote(r#"{"t":"noon","bp":150,"bs":1,"ap":150,"as":2}"#, false, 1);
    }

    #[test]
    fn a_bar_that_contradicts_itself_is_left_out_and_counted() {
        let oddities = Oddities::default();
        for json in [
            r#"{"t":"2026-10-05T13:30:00Z","o":150.1,"h":149,"l":150.0,"c":150.3}"#,
            r#"{"t":"2026-10-05T13:30:00Z","o":0,"h":0,"l":0,"c":0}"#,
        ] {
            assert_eq!(bar(aapl(), &serde_json::from_str(json).unwrap(), &oddities), None);
        }
        assert_eq!(oddities.counts().refused_market_data, 2);
    }
}
