//! What a request for market data asks for, checked (Alpaca, protocol page §5 of
//! October 2026).
//!
//! Parameters that the page names and that change nothing here (`adjustment`, `asof`,
//! `currency`) are checked and otherwise ignored: invented stocks are never split.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::Date;

use super::page::Token;
use crate::brokers::sim::server::midnight;
use crate::domain::calendar::date_in_new_york;
use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;

/// The parameters of a request by name.
pub(super) type Parameters = BTreeMap<String, String>;

const LIMIT_DEFAULT: usize = 1_000;
const LIMIT_MAX: usize = 10_000;
/// Symbols of one request; a bound of ours, above every symbol of the US tape.
const SYMBOLS_MAX: usize = 20_000;
/// How old data of the feed `sip` is free to everybody.
const RECENT: SignedDuration = SignedDuration::from_mins(15);

const HISTORY_FEEDS: &[&str] = &["sip", "iex", "otc", "boats"];
const LATEST_FEEDS: &[&str] = &["sip", "iex", "otc", "boats", "delayed_sip", "overnight"];
const ADJUSTMENTS: &[&str] = &["raw", "split", "dividend", "spin-off", "all"];

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// 400 with the parameter's name in the message.
    Parameter(String),
    /// 403: the plan does not have the newest data of the feed.
    RecentSip,
}

fn invalid(name: &str, value: &str) -> Fault {
    Fault::Parameter(format!("invalid {name}: {value}"))
}

/// A request for the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct History {
    /// First instant, included.
    pub(super) start: Timestamp,
    /// Last instant, included.
    pub(super) end: Timestamp,
    /// Rows of all symbols together, 1 to 10 000.
    pub(super) limit: usize,
    /// Newest first.
    pub(super) is_descending: bool,
    /// The last row of the page before.
    pub(super) after: Option<Token>,
}

impl History {
    /// Reads a request made at `now` under a plan with or without `sip`.
    pub(super) fn read(
        parameters: &Parameters,
        now: Timestamp,
        has_sip: bool,
    ) -> Result<Self, Fault> {
        let text =
            |name: &str| parameters.get(name).map(String::as_str).filter(|it| !it.is_empty());
        check_common(parameters, HISTORY_FEEDS)?;
        let is_sip = text("feed").map_or(has_sip, |feed| feed == "sip");
        let today = midnight(date_in_new_york(now));
        let newest = if is_sip && !has_sip { now.plus(-RECENT) } else { now };
        let instant = |name: &str, default, is_end| match text(name) {
            None => Ok(default),
            Some(value) => read_instant(value, is_end).ok_or_else(|| invalid(name, value)),
        };
        let (start, end) = (instant("start", today, false)?, instant("end", newest, true)?);
        if end > newest && is_sip && !has_sip {
            return Err(Fault::RecentSip);
        }
        // An end in the future asks for what there is.
        let end = end.min(now);
        Self::rest(parameters, start, end)
    }

    fn rest(parameters: &Parameters, start: Timestamp, end: Timestamp) -> Result<Self, Fault> {
        let text =
            |name: &str| parameters.get(name).map(String::as_str).filter(|it| !it.is_empty());
        if start > end && text("start").is_some() && text("end").is_some() {
            return Err(Fault::Parameter("end should not be before start".into()));
        }
        let limit = match text("limit") {
            None => LIMIT_DEFAULT,
            Some(value) => value
                .parse()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .ok_or_else(|| invalid("limit", value))?,
        };
        let is_descending = match text("sort") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(value) => return Err(invalid("sort", value)),
        };
        let after = match text("page_token") {
            None => None,
            Some(value) => Some(Token::read(value).ok_or_else(|| invalid("page_token", value))?),
        };
        Ok(Self { start, end, limit, is_descending, after })
    }
}

/// Checks what a request for the newest data may carry.
pub(super) fn check_latest(parameters: &Parameters, has_sip: bool) -> Result<(), Fault> {
    check_common(parameters, LATEST_FEEDS)?;
    let is_sip = parameters.get("feed").is_some_and(|feed| feed == "sip");
    if is_sip && !has_sip { Err(Fault::RecentSip) } else { Ok(()) }
}

fn check_common(parameters: &Parameters, feeds: &[&str]) -> Result<(), Fault> {
    let text = |name: &str| parameters.get(name).map(String::as_str).filter(|it| !it.is_empty());
    if let Some(feed) = text("feed").filter(|feed| !feeds.contains(feed)) {
        return Err(invalid("feed", feed));
    }
    if let Some(kinds) = text("adjustment")
        && !kinds.split(',').all(|kind| ADJUSTMENTS.contains(&kind.trim()))
    {
        return Err(invalid("adjustment", kinds));
    }
    if let Some(date) = text("asof").filter(|it| *it != "-" && it.parse::<Date>().is_err()) {
        return Err(invalid("asof", date));
    }
    let is_currency = |it: &&str| it.len() == 3 && it.bytes().all(|byte| byte.is_ascii_uppercase());
    if let Some(currency) = text("currency").filter(|it| !is_currency(it)) {
        return Err(invalid("currency", currency));
    }
    Ok(())
}

/// Reads the list of symbols, sorted and each once.
pub(super) fn symbols_of(parameters: &Parameters) -> Result<Vec<Symbol>, Fault> {
    let list = parameters.get("symbols").map(|text| text.trim()).filter(|text| !text.is_empty());
    let Some(list) = list else {
        return Err(Fault::Parameter("symbols is required".into()));
    };
    let symbols: BTreeSet<Symbol> = list
        .split(',')
        .take(SYMBOLS_MAX)
        .map(|text| symbol_of(text.trim()))
        .collect::<Result<_, Fault>>()?;
    Ok(symbols.into_iter().collect())
}

/// Reads one symbol: upper case, as it is written (§2.3).
pub(super) fn symbol_of(text: &str) -> Result<Symbol, Fault> {
    Symbol::new(text)
        .ok()
        .filter(|symbol| symbol.as_str() == text)
        .ok_or_else(|| invalid("symbol", text))
}

/// RFC 3339 or a date; a date as an end is its last instant in New York.
fn read_instant(text: &str, is_end: bool) -> Option<Timestamp> {
    // A plus sign that was not percent-encoded has become a space (§2.2).
    let text = text.replace(' ', "+");
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    let date = if is_end { date.tomorrow().ok()? } else { date };
    let nanosecond = SignedDuration::from_nanos(i64::from(is_end));
    Some(midnight(date).plus(-nanosecond))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-10-05T15:00:00Z";

    fn read(pairs: &[(&str, &str)], has_sip: bool) -> Result<History, Fault> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        History::read(&pairs.iter().map(own).collect(), NOW.parse().unwrap(), has_sip)
    }

    #[track_caller]
    fn check_refused(name: &str, value: &str, message: &str) {
        let refusal = read(&[(name, value)], true);
        assert_eq!(refusal, Err(Fault::Parameter(message.into())), "{name}={value}");
    }

    #[test]
    fn a_wrong_parameter_is_refused_by_name() {
        check_refused("limit", "0", "invalid limit: 0");
        check_refused("limit", "10001", "invalid limit: 10001");
        check_refused("start", "yesterday", "invalid start: yesterday");
        check_refused("sort", "up", "invalid sort: up");
        check_refused("feed", "delayed_sip", "invalid feed: delayed_sip");
        check_refused("adjustment", "raw,none", "invalid adjustment: raw,none");
        check_refused("page_token", "?", "invalid page_token: ?");
        check_refused("asof", "today", "invalid asof: today");
        check_refused("currency", "usd", "invalid currency: usd");
        let span = [("start", "2026-10-05"), ("end", "2026-10-02")];
        let message = "end should not be before start".into();
        assert_eq!(read(&span, true), Err(Fault::Parameter(message)));
    }

    #[track_caller]
    fn check_span(pairs: &[(&str, &str)], has_sip: bool, expected: Option<(&str, &str)>) {
        let span = read(pairs, has_sip);
        let span = span.map(|it| (it.start.to_string(), it.end.to_string())).ok();
        let expected = expected.map(|(start, end)| (start.to_owned(), end.to_owned()));
        assert_eq!(span, expected, "{pairs:?}");
    }

    #[test]
    fn the_span_is_today_until_now_where_nothing_is_said() {
        check_span(&[], true, Some(("2026-10-05T04:00:00Z", NOW)));
        check_span(&[], false, Some(("2026-10-05T04:00:00Z", NOW)));
        let sip = ("feed", "sip");
        check_span(&[sip], false, Some(("2026-10-05T04:00:00Z", "2026-10-05T14:45:00Z")));
        check_span(&[sip, ("end", "2026-10-05T14:50:00Z")], false, None);
        check_span(&[("end", "2026-10-05T14:50:00 00:00")], true, {
            Some(("2026-10-05T04:00:00Z", "2026-10-05T14:50:00Z"))
        });
        check_span(&[("start", "2026-10-01"), ("end", "2026-10-02")], true, {
            Some(("2026-10-01T04:00:00Z", "2026-10-03T03:59:59.999999999Z"))
        });
        check_span(&[("end", "2027-01-01")], true, Some(("2026-10-05T04:00:00Z", NOW)));
    }

    #[test]
    fn symbols_are_sorted_and_upper_case() {
        let of = |text: &str| symbols_of(&[("symbols".to_owned(), text.to_owned())].into());
        let told = |text| of(text).map(|it| it.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(told("MSFT, AAPL,MSFT").unwrap(), ["AAPL", "MSFT"]);
        assert_eq!(told("aapl"), Err(Fault::Parameter("invalid symbol: aapl".into())));
        assert_eq!(told(" "), Err(Fault::Parameter("symbols is required".into())));
    }
}
