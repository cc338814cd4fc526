//! `/pricehistory`: bars of minutes, days, weeks, months, and the table of which goes
//! with which.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use jiff::civil::{Date, ISOWeekDate};

use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::schwab::answers::{
    Answer, Refused, millis, object, ok, price, symbol_of,
};
use crate::brokers::sim::server::schwab::fields::Params;
use crate::brokers::sim::server::schwab::state::SchwabShared;
use crate::brokers::sim::server::{KeptBar, World, midnight};
use crate::domain::calendar::{date_in_new_york, previous_trading_day, trading_day};
use crate::domain::ids::Symbol;
use crate::domain::market::Interval;
use crate::domain::time::Timestamp;

/// Daily bars are stamped at midnight in Chicago, an hour after New York's.
const CENTRAL: SignedDuration = SignedDuration::from_hours(1);
const MINUTE_NANOS: i64 = 60_000_000_000;

/// Which bars are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Minutes(i64),
    Daily,
    Weekly,
    Monthly,
}

fn bad(text: impl Into<String>) -> Refused {
    Refused::data(StatusCode::BAD_REQUEST, text)
}

fn number(params: &Params, name: &str) -> Result<Option<i64>, Refused> {
    let Some(text) = params.get(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| bad(format!("{name} is not a number")))
}

/// Period in its unit, and frequency: which goes with which is a table (§4).
fn table(params: &Params) -> Result<(&str, i64, Frequency), Refused> {
    let kind = params.get("periodType").unwrap_or("day");
    let (periods, default_period, default_type): (&[i64], i64, &str) = match kind {
        "day" => (&[1, 2, 3, 4, 5, 10], 10, "minute"),
        "month" => (&[1, 2, 3, 6], 1, "weekly"),
        "year" => (&[1, 2, 3, 5, 10, 15, 20], 1, "monthly"),
        "ytd" => (&[1], 1, "weekly"),
        other => return Err(bad(format!("periodType is not valid: {other}"))),
    };
    let period = number(params, "period")?.unwrap_or(default_period);
    if !periods.contains(&period) {
        return Err(bad(format!("period {period} does not go with periodType {kind}")));
    }
    let frequency_type = params.get("frequencyType").unwrap_or(default_type);
    let step = number(params, "frequency")?.unwrap_or(1);
    let frequency = match (kind, frequency_type, step) {
        ("day", "minute", 1 | 5 | 10 | 15 | 30) => Frequency::Minutes(step),
        ("month" | "year" | "ytd", "daily", 1) => Frequency::Daily,
        ("month" | "year" | "ytd", "weekly", 1) => Frequency::Weekly,
        ("year", "monthly", 1) => Frequency::Monthly,
        _ => {
            let text = format!("frequency {step} {frequency_type} does not go with {kind}");
            return Err(bad(text));
        }
    };
    Ok((kind, period, frequency))
}

fn start_of(kind: &str, period: i64, end: Timestamp) -> Timestamp {
    let date = date_in_new_york(end);
    let days = |days: i64| end.plus(SignedDuration::from_hours(24 * days));
    match kind {
        "day" => {
            let mut first = date;
            for _ in 1..period {
                first = previous_trading_day(first).map_or(first, |day| day.date);
            }
            midnight(first)
        }
        "month" => days(-31 * period),
        "year" => days(-366 * period),
        _ => midnight(Date::new(date.year(), 1, 1).unwrap_or(date)),
    }
}

pub(super) async fn get(State(state): State<SchwabShared>, params: Params) -> Answer {
    let text = params.get("symbol").ok_or_else(|| bad("symbol is required"))?.to_uppercase();
    let (kind, period, frequency) = table(&params)?;
    let at = |name| {
        let millis = number(&params, name)?;
        let nanos = millis.map(|millis| millis.saturating_mul(1_000_000));
        Ok::<_, Refused>(nanos.map(Timestamp::from_nanos))
    };
    let (start, end) = (at("startDate")?, at("endDate")?);
    let is_extended = params.is_set("needExtendedHoursData");
    let has_close = params.is_set("needPreviousClose");
    let body = state.world.with_world(|world| {
        let symbol = symbol_of(&text).filter(|symbol| world.stock(*symbol).is_some());
        let symbol = symbol
            .ok_or_else(|| Refused::data(StatusCode::NOT_FOUND, format!("unknown: {text}")))?;
        // A missing end is the close of the business day before.
        let today = date_in_new_york(world.now());
        let before = || previous_trading_day(today).map_or(world.now(), |day| day.close);
        let end = end.unwrap_or_else(before);
        let start = start.unwrap_or_else(|| start_of(kind, period, end));
        let bars = bars(world, symbol, frequency, (start, end), is_extended);
        let mut fields =
            vec![("symbol", Field::text(text.as_str())), ("empty", Field::Bool(bars.is_empty()))];
        if has_close {
            fields.extend(previous_close(world, symbol, start));
        }
        let candles = bars.iter().map(|(stamp, bar)| candle(*stamp, bar));
        fields.push(("candles", Field::List(candles.collect())));
        Ok::<_, Refused>(object(fields))
    })?;
    Ok(ok(&body))
}

fn previous_close(world: &World, symbol: Symbol, start: Timestamp) -> Vec<(&'static str, Field)> {
    let days = world.bars(symbol, Interval::Day, Timestamp::default(), start);
    let is_before = |day: &&KeptBar| date_in_new_york(day.bar.start) < date_in_new_york(start);
    let Some(day) = days.iter().rev().find(is_before) else { return Vec::new() };
    vec![
        ("previousClose", price(day.bar.close)),
        ("previousCloseDate", millis(day.bar.start.plus(CENTRAL))),
    ]
}

fn candle(stamp: Timestamp, kept: &KeptBar) -> Field {
    object(vec![
        ("open", price(kept.bar.open)),
        ("high", price(kept.bar.high)),
        ("low", price(kept.bar.low)),
        ("close", price(kept.bar.close)),
        ("volume", Field::count(kept.bar.volume)),
        ("datetime", millis(stamp)),
    ])
}

/// Joins bars of the world into those asked for, each with its stamp.
fn bars(
    world: &World,
    symbol: Symbol,
    frequency: Frequency,
    (start, end): (Timestamp, Timestamp),
    is_extended: bool,
) -> Vec<(Timestamp, KeptBar)> {
    if let Frequency::Minutes(step) = frequency {
        let minutes = world.bars(symbol, Interval::Minute, start, end);
        let is_meant = |kept: &KeptBar| is_extended || is_regular(kept.bar.start);
        let minutes = minutes.into_iter().filter(is_meant);
        return joined(minutes.map(|kept| (kept.bar.start, kept)), |at| {
            at.as_nanos().div_euclid(MINUTE_NANOS * step)
        });
    }
    let days = world.bars(symbol, Interval::Day, start.plus(-CENTRAL), end.plus(-CENTRAL));
    let days = days.into_iter().map(|kept| (kept.bar.start.plus(CENTRAL), kept));
    let group = |at: Timestamp| {
        let date = date_in_new_york(at);
        match frequency {
            Frequency::Weekly => {
                let week: ISOWeekDate = date.iso_week_date();
                i64::from(week.year()) * 100 + i64::from(week.week())
            }
            Frequency::Monthly => i64::from(date.year()) * 100 + i64::from(date.month()),
            Frequency::Minutes(_) | Frequency::Daily => at.as_nanos(),
        }
    };
    joined(days, group)
}

fn joined(
    bars: impl Iterator<Item = (Timestamp, KeptBar)>,
    group: impl Fn(Timestamp) -> i64,
) -> Vec<(Timestamp, KeptBar)> {
    let mut rows: Vec<(Timestamp, KeptBar)> = Vec::new();
    for (stamp, kept) in bars {
        match rows.last_mut() {
            Some((first, row)) if group(*first) == group(stamp) => row.join(&kept),
            Some(_) | None => rows.push((stamp, kept)),
        }
    }
    rows
}

fn is_regular(at: Timestamp) -> bool {
    let day = trading_day(date_in_new_york(at)).ok().flatten();
    day.is_some_and(|day| at >= day.open && at < day.close)
}
