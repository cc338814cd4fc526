//! Bars, trades and quotes of the past, of one symbol or of several.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;

use super::access::refused;
use super::page::{Page, Row};
use super::prints;
use super::query::{Fault, History, Parameters, symbol_of, symbols_of};
use super::routes::answer;
use super::timeframe::Timeframe;
use crate::brokers::sim::server::alpaca::points::{ToldBar, late_shares};
use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::{KeptBar, Shared, World};
use crate::domain::ids::Symbol;
use crate::domain::market::Interval;
use crate::domain::time::Timestamp;

/// When the late print of a minute is known: its end and half a minute more.
const LATE: SignedDuration = SignedDuration::from_secs(90);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What kind of rows a history has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bars(Timeframe),
    Trades,
    Quotes,
}

impl Kind {
    /// Reads the last part of the path; bars need a timeframe.
    fn read(name: &str, parameters: &Parameters) -> Option<Result<Self, Fault>> {
        match name {
            "bars" => Some(match parameters.get("timeframe") {
                Some(text) => text.parse().map(Self::Bars).map_err(Fault::Parameter),
                None => Err(Fault::Parameter("timeframe is required".into())),
            }),
            "trades" => Some(Ok(Self::Trades)),
            "quotes" => Some(Ok(Self::Quotes)),
            _ => None,
        }
    }
}

/// Answers for several symbols.
pub(super) async fn of_many(
    State(state): State<Shared>,
    Path(name): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let Some(kind) = Kind::read(&name, &parameters) else { return unknown() };
    let cut = || page(&state, kind?, &symbols_of(&parameters)?, &parameters);
    answer(cut().map(|page| {
        let next = page.next_field();
        let rows = page.symbols.into_iter();
        let rows = rows.map(|(symbol, rows)| (symbol.to_string().into(), Field::List(rows)));
        Field::Object(vec![
            (name.into(), Field::Object(rows.collect())),
            ("next_page_token".into(), next),
        ])
    }))
}

/// Answers for one symbol: `null` where there is nothing.
pub(super) async fn of_one(
    State(state): State<Shared>,
    Path((symbol, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let Some(kind) = Kind::read(&name, &parameters) else { return unknown() };
    let cut = || {
        let symbol = symbol_of(&symbol)?;
        Ok::<_, Fault>((symbol, page(&state, kind?, &[symbol], &parameters)?))
    };
    answer(cut().map(|(symbol, page)| {
        let next = page.next_field();
        let rows = page.symbols.into_iter().next();
        Field::Object(vec![
            ("symbol".into(), symbol.into()),
            (name.into(), rows.map_or(Field::Null, |(_, rows)| Field::List(rows))),
            ("next_page_token".into(), next),
        ])
    }))
}

fn unknown() -> Response {
    refused(StatusCode::NOT_FOUND, "endpoint not found.")
}

fn page(
    state: &Shared,
    kind: Kind,
    symbols: &[Symbol],
    parameters: &Parameters,
) -> Result<Page, Fault> {
    let asked = History::read(parameters, state.now(), state.config.streams.has_sip)?;
    Ok(state.with_world(|world| {
        Page::cut(symbols, asked.after, asked.limit, |symbol| {
            let mut rows = rows(world, kind, symbol, &asked);
            if asked.is_descending {
                rows.reverse();
            }
            rows
        })
    }))
}

/// All rows of a symbol within the span, oldest first.
fn rows(world: &World, kind: Kind, symbol: Symbol, asked: &History) -> Vec<Row> {
    let Some(stock) = world.stock(symbol) else { return Vec::new() };
    let span = (asked.start, asked.end);
    match kind {
        Kind::Bars(timeframe) => bars(world, timeframe, symbol, span),
        Kind::Trades | Kind::Quotes => {
            let from = asked.start.plus(-MINUTE);
            let minutes = world.bars(symbol, Interval::Minute, from, asked.end);
            let make = if kind == Kind::Trades { prints::trades } else { prints::quotes };
            make(&minutes, stock.tape, span)
        }
    }
}

/// The bars that start within the span. Those at its edges are whole, like all others.
fn bars(
    world: &World,
    timeframe: Timeframe,
    symbol: Symbol,
    (start, end): (Timestamp, Timestamp),
) -> Vec<Row> {
    let is_minute = timeframe == Timeframe::Minutes(1);
    // The bars of the last interval begin before the end; the clamp to now is the
    // world's: it has no later ones.
    let until = if is_minute { end } else { Timestamp::from_nanos(i64::MAX) };
    let kept = world.bars(symbol, timeframe.source(), timeframe.start(start), until);
    let joined = if is_minute { kept } else { timeframe.join(&kept) };
    let within = joined.into_iter().filter(|kept| (start..=end).contains(&kept.bar.start));
    within
        .map(|kept| {
            let told = if is_minute { told(kept, world.now()) } else { kept.into() };
            (kept.bar.start, told.listed())
        })
        .collect()
}

/// A minute with its late print, once that is known.
fn told(kept: KeptBar, now: Timestamp) -> ToldBar {
    let is_known = now.since(kept.bar.start) >= LATE;
    ToldBar { kept, late_shares: if is_known { late_shares(&kept) } else { 0 } }
}

/// The newest minute as it is told now.
pub(super) fn told_minute(world: &World, symbol: Symbol) -> Option<ToldBar> {
    world.minute_bar(symbol).map(|kept| told(kept, world.now()))
}
