//! The newest bar, trade and quote, and snapshots of all of them (Alpaca, protocol
//! page §5 of October 2026).

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::access::refused;
use super::history::told_minute;
use super::query::{Fault, Parameters, check_latest, symbol_of, symbols_of};
use super::routes::answer;
use crate::brokers::sim::server::alpaca::points::{ToldBar, Trade, listed_quote};
use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::{KeptBar, Shared, World};
use crate::domain::ids::Symbol;

/// A kind of newest point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bar,
    Trade,
    Quote,
}

impl Kind {
    /// Finds a kind by its name in the path; also returns its name for one symbol.
    fn named(name: &str) -> Option<(Self, &'static str)> {
        match name {
            "bars" => Some((Self::Bar, "bar")),
            "trades" => Some((Self::Trade, "trade")),
            "quotes" => Some((Self::Quote, "quote")),
            _ => None,
        }
    }

    fn newest(self, world: &World, symbol: Symbol) -> Option<Field> {
        let tape = world.stock(symbol)?.tape;
        match self {
            Self::Bar => told_minute(world, symbol).map(|bar| bar.listed()),
            Self::Trade => world.last_tick(symbol).map(|tick| Trade::regular(tick, tape).listed()),
            Self::Quote => world.last_quote(symbol).map(|quote| listed_quote(&quote, tape)),
        }
    }
}

/// Answers for several symbols; those without data are missing.
pub(super) async fn of_many(
    State(state): State<Shared>,
    Path(name): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let Some((kind, _)) = Kind::named(&name) else { return unknown() };
    let found = found(&state, &parameters, |world, symbol| kind.newest(world, symbol));
    answer(found.map(|found| Field::Object(vec![(name.into(), found)])))
}

/// Answers for one symbol; 404 where there is nothing.
pub(super) async fn of_one(
    State(state): State<Shared>,
    Path((symbol, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let Some((kind, single)) = Kind::named(&name) else { return unknown() };
    let asked = || {
        check_latest(&parameters, state.config.streams.has_sip)?;
        symbol_of(&symbol)
    };
    match asked() {
        Err(fault) => answer(Err(fault)),
        Ok(symbol) => match state.with_world(|world| kind.newest(world, symbol)) {
            None => nothing(single, symbol),
            Some(point) => {
                let fields = vec![("symbol".into(), symbol.into()), (single.into(), point)];
                answer(Ok(Field::Object(fields)))
            }
        },
    }
}

/// Answers with the snapshots of several symbols: a bare map.
pub(super) async fn snapshots(
    State(state): State<Shared>,
    Query(parameters): Query<Parameters>,
) -> Response {
    answer(found(&state, &parameters, |world, symbol| snapshot(world, symbol).map(Field::Object)))
}

/// Answers with the snapshot of one symbol.
pub(super) async fn one_snapshot(
    State(state): State<Shared>,
    Path(symbol): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let asked = || {
        check_latest(&parameters, state.config.streams.has_sip)?;
        symbol_of(&symbol)
    };
    match asked() {
        Err(fault) => answer(Err(fault)),
        Ok(symbol) => match state.with_world(|world| snapshot(world, symbol)) {
            None => nothing("snapshot", symbol),
            Some(mut fields) => {
                fields.insert(0, ("symbol".into(), symbol.into()));
                answer(Ok(Field::Object(fields)))
            }
        },
    }
}

type Fields = Vec<(std::borrow::Cow<'static, str>, Field)>;

fn snapshot(world: &World, symbol: Symbol) -> Option<Fields> {
    world.stock(symbol)?;
    let (day, day_before) = world.daily_bars(symbol);
    let listed = |kept: Option<KeptBar>| kept.map(|kept| ToldBar::from(kept).listed());
    let fields = [
        ("latestTrade", Kind::Trade.newest(world, symbol)),
        ("latestQuote", Kind::Quote.newest(world, symbol)),
        ("minuteBar", Kind::Bar.newest(world, symbol)),
        ("dailyBar", listed(day)),
        ("prevDailyBar", listed(day_before)),
    ];
    Some(fields.map(|(name, field)| (name.into(), field.unwrap_or(Field::Null))).into())
}

/// What there is of each symbol asked for.
fn found(
    state: &Shared,
    parameters: &Parameters,
    newest: impl Fn(&World, Symbol) -> Option<Field>,
) -> Result<Field, Fault> {
    check_latest(parameters, state.config.streams.has_sip)?;
    let symbols = symbols_of(parameters)?;
    Ok(state.with_world(|world| {
        let found = symbols.into_iter().filter_map(|symbol| {
            newest(world, symbol).map(|field| (symbol.to_string().into(), field))
        });
        Field::Object(found.collect())
    }))
}

fn nothing(kind: &str, symbol: Symbol) -> Response {
    refused(StatusCode::NOT_FOUND, format!("no {kind} found for {symbol}"))
}

fn unknown() -> Response {
    refused(StatusCode::NOT_FOUND, "endpoint not found.")
}
