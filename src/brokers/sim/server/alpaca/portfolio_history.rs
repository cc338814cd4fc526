//! `/v2/account/portfolio/history` (Alpaca, protocol page §3.11 of October 2026): the
//! account's equity over time, every value a JSON number.
//!
//! Stamps are the starts of spans within regular sessions; before the account was
//! opened its equity is its opening cash.

use axum::extract::State;
use jiff::civil::Date;
use jiff::{SignedDuration, Span};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::brokers::sim::server::{Shared, World, midnight};
use crate::domain::calendar::{date_in_new_york, trading_day};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;

use super::errors::{Answer, ApiError, ok};
use super::params::Params;

/// Points of an answer; a coarser timeframe is asked for beyond.
const POINTS_MAX: usize = 20_000;

#[derive(Debug, Serialize)]
struct History {
    timestamp: Vec<i64>,
    equity: Vec<Money>,
    profit_loss: Vec<Money>,
    profit_loss_pct: Vec<Fraction>,
    base_value: Money,
    base_value_asof: String,
    timeframe: &'static str,
    cashflow: serde_json::Map<String, serde_json::Value>,
}

/// A fraction as a JSON number.
#[derive(Debug, Serialize)]
struct Fraction(#[serde(with = "number")] Decimal);

mod number {
    use rust_decimal::Decimal;
    use serde::ser::Error;
    use serde::{Serialize, Serializer};
    use serde_json::value::RawValue;

    pub(super) fn serialize<S: Serializer>(value: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        let text = value.round_dp(12).normalize().to_string();
        RawValue::from_string(text).map_err(S::Error::custom)?.serialize(to)
    }
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    name: &'static str,
    /// `None` for a session.
    length: Option<SignedDuration>,
}

const FRAMES: [Frame; 5] = [
    Frame { name: "1Min", length: Some(SignedDuration::from_mins(1)) },
    Frame { name: "5Min", length: Some(SignedDuration::from_mins(5)) },
    Frame { name: "15Min", length: Some(SignedDuration::from_mins(15)) },
    Frame { name: "1H", length: Some(SignedDuration::from_hours(1)) },
    Frame { name: "1D", length: None },
];

pub(super) async fn get(State(state): State<Shared>, params: Params) -> Answer {
    state.with_world(|world| history(world, &params)).map(|history| ok(&history))
}

fn history(world: &World, params: &Params) -> Result<History, ApiError> {
    let now = world.now();
    let (start, end) = (params.instant_or_date("start")?, params.instant_or_date("end")?);
    let period = params.get("period");
    if start.is_some() && end.is_some() && period.is_some() {
        return Err(ApiError::malformed("only two of start, end and period are accepted"));
    }
    let end = end.unwrap_or(now).min(now);
    let first = match start {
        Some(start) => date_in_new_york(start),
        None => back(date_in_new_york(end), period.unwrap_or("1M"))?,
    };
    let frame = frame(params, first, date_in_new_york(end))?;
    let (opening, opened_at) = world.opening();
    let base = world.equity_at(midnight(first)).unwrap_or(opening);
    let mut history = History {
        timestamp: Vec::new(),
        equity: Vec::new(),
        profit_loss: Vec::new(),
        profit_loss_pct: Vec::new(),
        base_value: base,
        base_value_asof: first.to_string(),
        timeframe: frame.name,
        cashflow: serde_json::Map::new(),
    };
    for (from, until) in spans(first, frame, start.unwrap_or(opened_at.min(midnight(first))), end)?
    {
        let equity = world.equity_at(until.min(now)).unwrap_or(opening);
        let profit = equity - base;
        history.timestamp.push(from.as_nanos().div_euclid(1_000_000_000));
        history.equity.push(equity.round_to_cents());
        history.profit_loss.push(profit.round_to_cents());
        history.profit_loss_pct.push(Fraction(profit.ratio_to(base).unwrap_or_default()));
    }
    Ok(history)
}

fn back(from: Date, period: &str) -> Result<Date, ApiError> {
    let invalid = || ApiError::malformed(format!("invalid period: {period}"));
    let unit = period.chars().next_back().ok_or_else(invalid)?;
    let count: i64 = period.trim_end_matches(unit).parse().map_err(|_| invalid())?;
    if !(1..=1_000).contains(&count) {
        return Err(invalid());
    }
    let span = match unit {
        'D' => Span::new().days(count - 1),
        'W' => Span::new().weeks(count),
        'M' => Span::new().months(count),
        'A' => Span::new().years(count),
        _ => return Err(invalid()),
    };
    from.checked_sub(span).map_err(|_| invalid())
}

/// The timeframe asked for, or the one that goes with the length of the period.
fn frame(params: &Params, first: Date, last: Date) -> Result<Frame, ApiError> {
    let days = last.since(first).map_or(0, |span| span.get_days());
    let name = params.get("timeframe").unwrap_or(match days {
        ..7 => "1Min",
        7..30 => "15Min",
        _ => "1D",
    });
    let found = FRAMES.into_iter().find(|frame| frame.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| ApiError::malformed(format!("invalid timeframe: {name}")))
}

/// The spans within regular sessions, each with its end.
fn spans(
    first: Date,
    frame: Frame,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, ApiError> {
    let mut spans = Vec::new();
    let mut date = first;
    while midnight(date) <= to {
        if let Ok(Some(day)) = trading_day(date) {
            match frame.length {
                None if day.open <= to => spans.push((midnight(date), day.close)),
                None => {}
                Some(length) => {
                    let mut at = day.open;
                    while at < day.close && at <= to {
                        if at >= from {
                            spans.push((at, at.plus(length).min(day.close)));
                        }
                        at = at.plus(length);
                    }
                }
            }
        }
        if spans.len() > POINTS_MAX {
            return Err(ApiError::malformed("too many points: use a longer timeframe"));
        }
        let Ok(next) = date.tomorrow() else { break };
        date = next;
    }
    Ok(spans)
}
