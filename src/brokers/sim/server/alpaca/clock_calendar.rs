//! `/v2/clock`, `/v2/calendar` and their third versions (Alpaca, protocol page §3.8 of
//! October 2026).
//!
//! The page tells what version 3 adds, not its whole shape: the clock has the fields of
//! version 2 beside those, once at the top and once per market under `clocks`.

use axum::extract::{Path, State};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::brokers::sim::server::new_york::wall_clock;
use crate::brokers::sim::server::{Fault, FaultOrder, Shared, World, new_york_text};
use crate::domain::calendar::{
    MarketHours, TradingDay, date_in_new_york, next_trading_day, trading_day,
};
use crate::domain::market::Session;
use crate::domain::time::Timestamp;

use super::errors::{Answer, ApiError, ok};
use super::params::Params;

/// The calendar's ends (our calendar is shorter than the broker's).
const FIRST: Date = Date::constant(1998, 1, 1);
const LAST: Date = Date::constant(2030, 12, 30);

/// What the clock tells.
struct Told {
    now: Timestamp,
    is_open: bool,
    next_open: Timestamp,
    next_close: Timestamp,
    phase: &'static str,
    phase_until: Timestamp,
}

impl Told {
    fn of(world: &World) -> Self {
        let (now, window) = (world.now(), world.window());
        let hours = MarketHours::NewYork;
        let phase = match window.session {
            Session::PreMarket => "pre",
            Session::Open => "core",
            Session::AfterHours => "post",
            Session::Closed => "closed",
        };
        Self {
            now,
            is_open: window.session == Session::Open,
            next_open: hours.next_open(now).unwrap_or(now),
            next_close: hours.next_close(now).unwrap_or(now),
            phase,
            phase_until: window.until,
        }
    }

    /// What a fault makes of it: a day without session, or one that ends at 13:00.
    fn distorted(mut self, fault: &FaultOrder) -> Self {
        let today = trading_day(date_in_new_york(self.now)).ok().flatten();
        if fault.variant.as_deref() == Some("early_close") {
            if let Some(day) = today {
                let early = day.open.plus(jiff::SignedDuration::from_mins(210));
                self.is_open = self.is_open && self.now < early;
                if self.now < early {
                    self.next_close = early;
                    self.phase_until = self.phase_until.min(early);
                }
            }
            return self;
        }
        self.is_open = false;
        self.phase = "closed";
        if let Ok(next) = next_trading_day(date_in_new_york(self.now)) {
            (self.next_open, self.next_close) = (next.open, next.close);
            self.phase_until = next.pre_open;
        }
        self
    }

    fn to_json(&self) -> Value {
        json!({
            "timestamp": new_york_text(self.now), "is_open": self.is_open,
            "next_open": new_york_text(self.next_open),
            "next_close": new_york_text(self.next_close),
        })
    }
}

fn told(state: &Shared) -> Told {
    let told = state.with_world(|world| Told::of(world));
    match state.faults.take_for(Fault::ClockHoliday, None) {
        Some(fault) => told.distorted(&fault),
        None => told,
    }
}

pub(super) async fn clock(State(state): State<Shared>) -> Answer {
    Ok(ok(&told(&state).to_json()))
}

pub(super) async fn clock_v3(State(state): State<Shared>, params: Params) -> Answer {
    let told = told(&state);
    let with_phase = |market: Option<&str>| {
        let mut value = told.to_json();
        if let Value::Object(fields) = &mut value {
            fields.insert("phase".into(), told.phase.into());
            fields.insert("phase_until".into(), new_york_text(told.phase_until).into());
            if let Some(market) = market {
                fields.insert("market".into(), market.into());
            }
        }
        value
    };
    let markets = params.list("markets").unwrap_or_else(|| vec!["NYSE"]);
    let clocks: Vec<Value> = markets.iter().map(|market| with_phase(Some(market))).collect();
    let mut value = with_phase(None);
    if let Value::Object(fields) = &mut value {
        fields.insert("clocks".into(), clocks.into());
    }
    Ok(ok(&value))
}

/// The days of a calendar request.
fn days(params: &Params) -> Result<Vec<TradingDay>, ApiError> {
    let start = params.date("start")?.unwrap_or(FIRST).max(FIRST);
    let end = params.date("end")?.unwrap_or(LAST).min(LAST);
    let by_settlement = match params.get("date_type") {
        None | Some("TRADING") => false,
        Some("SETTLEMENT") => true,
        Some(_) => return Err(ApiError::bad_parameter("invalid date_type")),
    };
    let mut days = Vec::new();
    // A settlement is one trading day later: at most a week.
    let mut date =
        if by_settlement { start.saturating_sub(jiff::Span::new().days(7)) } else { start };
    while date <= end {
        if let Ok(Some(day)) = trading_day(date) {
            let key = if by_settlement { settlement(&day) } else { day.date };
            if (start..=end).contains(&key) {
                days.push(day);
            }
        }
        let Ok(next) = date.tomorrow() else { break };
        date = next;
    }
    Ok(days)
}

fn settlement(day: &TradingDay) -> Date {
    next_trading_day(day.date).map_or(day.date, |next| next.date)
}

pub(super) async fn calendar(params: Params) -> Answer {
    let day_json = |day: &TradingDay| {
        let clock = |at, format| wall_clock(at).strftime(format).to_string();
        json!({
            "date": day.date.to_string(),
            "open": clock(day.open, "%H:%M"), "close": clock(day.close, "%H:%M"),
            "session_open": clock(day.pre_open, "%H%M"),
            "session_close": clock(day.after_close, "%H%M"),
            "settlement_date": settlement(day).to_string(),
        })
    };
    Ok(ok(&days(&params)?.iter().map(day_json).collect::<Vec<_>>()))
}

pub(super) async fn calendar_v3(Path(market): Path<String>, params: Params) -> Answer {
    if !["NYSE", "NASDAQ", "XNYS", "XNAS"].contains(&market.as_str()) {
        return Err(ApiError::not_found(format!("market not found: {market}")));
    }
    let day_json = |day: &TradingDay| {
        json!({
            "date": day.date.to_string(), "settlement_date": settlement(day).to_string(),
            "pre_start": new_york_text(day.pre_open), "pre_end": new_york_text(day.open),
            "core_start": new_york_text(day.open), "core_end": new_york_text(day.close),
            "post_start": new_york_text(day.close), "post_end": new_york_text(day.after_close),
        })
    };
    let days: Vec<Value> = days(&params)?.iter().map(day_json).collect();
    Ok(ok(&json!({ "market": market, "calendar": days })))
}
