//! Quotes, bars and hours into our words (Schwab, protocol page §4 of November 2026).
//! One that contradicts itself is left out and counted; a feed is not trusted.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::brokers::broker::BrokerAsset;
use crate::brokers::decimal::DecimalText;
use crate::brokers::field;
use crate::brokers::oddity::{Oddities, Oddity};
use crate::brokers::schwab::wire::{WireCandle, WireMarketDay, WireQuote, WireQuoted};
use crate::domain::calendar::{date_in_new_york, trading_day};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, Interval, Quote, aggregate};
use crate::domain::time::Timestamp;

/// The regular session of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// When it begins.
    pub(crate) open: Timestamp,
    /// When it ends.
    pub(crate) close: Timestamp,
}

/// Translates a quote; `None` also when nobody bids or nobody offers (a price of 0),
/// which is nothing to count. The unit of the sizes is not certain: they are for the eye
/// alone (§5.5).
pub(crate) fn quote(symbol: Symbol, wire: &WireQuote, oddities: &Oddities) -> Option<Quote> {
    let bid = field::price(wire.bid_price.as_ref(), "bidPrice", oddities)?;
    let ask = field::price(wire.ask_price.as_ref(), "askPrice", oddities)?;
    let sizes = (count(wire.bid_size.as_ref()), count(wire.ask_size.as_ref()));
    let made = millis(wire.quote_time.as_ref())
        .and_then(|at| Quote::new(symbol, (bid, sizes.0), (ask, sizes.1), at).ok());
    made.or_else(|| refuse(oddities, "quote", symbol))
}

/// Translates bars that began within a span, oldest first. A longer one than Schwab has
/// is made of shorter ones; a day begins at midnight in New York, not in Chicago.
pub(crate) fn bars(
    symbol: Symbol,
    wire: &[WireCandle],
    interval: Interval,
    (from, until): (Timestamp, Timestamp),
    oddities: &Oddities,
) -> Vec<Bar> {
    let mut bars: Vec<Bar> =
        wire.iter().filter_map(|candle| bar(symbol, candle, interval, oddities)).collect();
    bars.sort_by_key(|bar| bar.start);
    bars.dedup_by_key(|bar| bar.start);
    if interval == Interval::Hour {
        bars = aggregate(&bars, interval);
        for bar in &mut bars {
            bar.start = hour_of(bar.start);
        }
    }
    bars.retain(|bar| (from..=until).contains(&bar.start));
    bars
}

fn bar(symbol: Symbol, wire: &WireCandle, interval: Interval, oddities: &Oddities) -> Option<Bar> {
    let made = || {
        let start = millis(Some(&wire.datetime))?;
        let start = if interval == Interval::Day { midnight(start)? } else { start };
        Bar {
            symbol,
            open: wire.open.parse()?,
            high: wire.high.parse()?,
            low: wire.low.parse()?,
            close: wire.close.parse()?,
            volume: count(wire.volume.as_ref()),
            start,
        }
        .checked()
        .ok()
    };
    made().or_else(|| refuse(oddities, "bar", symbol))
}

/// Schwab stamps a day at midnight in Chicago, an hour after New York's; a day without
/// trading has no bar.
fn midnight(start: Timestamp) -> Option<Timestamp> {
    let day = trading_day(date_in_new_york(start)).ok()??;
    // Clocks are changed on Sundays, so these four hours have their length.
    Some(day.pre_open.plus(-SignedDuration::from_hours(4)))
}

fn hour_of(start: Timestamp) -> Timestamp {
    let hour = 3_600_000_000_000;
    Timestamp::from_nanos(start.as_nanos().div_euclid(hour) * hour)
}

/// The regular session out of the hours of a day; `None` on a day without one. The inner
/// key differs on closed days, so it is not looked at (§4).
pub(crate) fn session(
    wire: &BTreeMap<String, BTreeMap<String, WireMarketDay>>,
    oddities: &Oddities,
) -> Option<Session> {
    let mut days = wire.get("equity")?.values();
    let day = days.find(|day| day.is_open == Some(true))?;
    let span = day.session_hours.as_ref()?.get("regularMarket")?.first()?;
    Some(Session {
        open: field::time(Some(&span.start), "start", oddities)?,
        close: field::time(Some(&span.end), "end", oddities)?,
    })
}

/// What may be done with a stock. What is not said is not allowed; parts of shares are
/// never (§3.2).
pub(crate) fn asset(symbol: Symbol, wire: &WireQuoted) -> BrokerAsset {
    let reference = wire.reference.as_ref();
    let is_shortable = reference.and_then(|facts| facts.is_shortable) == Some(true);
    let is_hard = reference.and_then(|facts| facts.is_hard_to_borrow) != Some(false);
    let is_equity = wire
        .asset_main_type
        .as_deref()
        .is_some_and(|kind| matches!(kind, "EQUITY" | "COLLECTIVE_INVESTMENT"));
    let status = wire.quote.as_ref().and_then(|quote| quote.security_status.as_deref());
    BrokerAsset {
        symbol,
        tradable: is_equity && !matches!(status, Some("Halted" | "Unknown")),
        easy_to_borrow: is_shortable && !is_hard,
        fractionable: false,
    }
}

/// Reads milliseconds since 1970; 0 is no time.
fn millis(text: Option<&DecimalText>) -> Option<Timestamp> {
    let millis: i64 = text?.parse().filter(|millis| *millis > 0)?;
    Some(Timestamp::from_nanos(millis.checked_mul(1_000_000)?))
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

    fn xyz() -> Symbol {
        Symbol::new("XYZ").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn candle(millis: i64, price: &str) -> String {
        format!(
            r#"{{"open":{price},"high":{price},"low":{price},"close":{price},"volume":100,"datetime":{millis}}}"#
        )
    }

    fn made(candles: &[String], interval: Interval) -> Vec<Bar> {
        let json = format!("[{}]", candles.join(","));
        let span = (at("2026-03-01T00:00:00Z"), at("2026-03-31T00:00:00Z"));
        bars(
            xyz(),
            &serde_json::from_str::<Vec<_>>(&json).unwrap(),
            interval,
            span,
            &Oddities::default(),
        )
    }

    #[test]
    fn half_hours_make_hours_that_begin_on_the_hour() {
        // 13:30Z is the opening of 9 March 2026.
        let first = 1_773_063_000_000;
        let half = 30 * 60 * 1_000;
        let prices = ["10.10", "10.20", "10.05"];
        let candles: Vec<String> =
            (0..3).zip(prices).map(|(n, price)| candle(first + n * half, price)).collect();
        let found = made(&candles, Interval::Hour);
        let shown: Vec<String> = found
            .iter()
            .map(|bar| format!("{} {} {} {}", bar.start, bar.open, bar.close, bar.volume))
            .collect();
        assert_eq!(
            shown,
            ["2026-03-09T13:00:00Z 10.10 10.10 100", "2026-03-09T14:00:00Z 10.20 10.05 200"]
        );
    }

    #[test]
    fn a_day_begins_at_midnight_in_new_york() {
        // 05:00Z in summer is midnight in Chicago.
        let found = made(&[candle(1_773_118_800_000, "10")], Interval::Day);
        assert_eq!(found[0].start.to_string(), "2026-03-10T04:00:00Z");
    }

    #[test]
    fn bars_outside_the_span_and_twice_the_same_are_left_out() {
        let one = candle(1_773_063_000_000, "10");
        let found = made(&[one.clone(), one, candle(1_700_000_000_000, "10")], Interval::Minute);
        assert_eq!(found.len(), 1);
    }

    #[track_caller]
    fn check_session(json: &str, expected: Option<(&str, &str)>) {
        let wire = serde_json::from_str(json).unwrap();
        let found = session(&wire, &Oddities::default());
        let expected = expected.map(|(open, close)| Session { open: at(open), close: at(close) });
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn the_session_is_found_by_value_and_a_closed_day_has_none() {
        let hours = r#""sessionHours":{"preMarket":[{"start":"2026-03-09T07:00:00-04:00","end":"2026-03-09T09:30:00-04:00"}],"regularMarket":[{"start":"2026-03-09T09:30:00-04:00","end":"2026-03-09T16:00:00-04:00"}]}"#;
        let open = Some(("2026-03-09T13:30:00Z", "2026-03-09T20:00:00Z"));
        check_session(&format!(r#"{{"equity":{{"EQ":{{"isOpen":true,{hours}}}}}}}"#), open);
        check_session(r#"{"equity":{"equity":{"isOpen":false,"date":"2026-03-08"}}}"#, None);
        check_session("{}", None);
    }

    #[track_caller]
    fn check_borrow(facts: &str, expected: bool) {
        let json = format!(r#"{{"assetMainType":"EQUITY","reference":{{{facts}}}}}"#);
        let asset = asset(xyz(), &serde_json::from_str(&json).unwrap());
        assert_eq!(
            (asset.easy_to_borrow, asset.tradable, asset.fractionable),
            (expected, true, false)
        );
    }

    #[test]
    fn a_stock_is_easy_to_borrow_only_when_schwab_says_so_twice() {
        check_borrow(r#""isShortable":true,"isHardToBorrow":false"#, true);
        check_borrow(r#""isShortable":true,"isHardToBorrow":true"#, false);
        check_borrow(r#""isShortable":true"#, false);
        check_borrow(r#""isHardToBorrow":false"#, false);
    }
}
