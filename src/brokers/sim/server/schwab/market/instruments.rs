//! `/instruments`, `/movers`, and the option routes of a market that has no options.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::brokers::sim::server::World;
use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::schwab::answers::{
    Answer, Refused, double, object, ok, price_or_zero, symbol_of, ticker,
};
use crate::brokers::sim::server::schwab::fields::Params;
use crate::brokers::sim::server::schwab::order_json::cusip;
use crate::brokers::sim::server::schwab::state::SchwabShared;
use crate::domain::ids::Symbol;

use super::snapshot::Snapshot;

const INDICES: [&str; 11] = [
    "$DJI",
    "$COMPX",
    "$SPX",
    "NYSE",
    "NASDAQ",
    "OTCBB",
    "INDEX_ALL",
    "EQUITY_ALL",
    "OPTION_ALL",
    "OPTION_PUT",
    "OPTION_CALL",
];
/// Rows of the list of movers.
const MOVERS: usize = 10;

fn bad(text: impl Into<String>) -> Refused {
    Refused::data(StatusCode::BAD_REQUEST, text)
}

fn written(world: &World, symbol: Symbol) -> Option<Value> {
    let it = Snapshot::of(world, symbol)?;
    let asset = if it.name.contains("ETF") || it.name.contains("Trust") { "ETF" } else { "EQUITY" };
    Some(json!({
        "cusip": cusip(symbol), "symbol": ticker(symbol), "description": it.name,
        "exchange": it.exchange, "assetType": asset,
    }))
}

pub(super) async fn search(State(state): State<SchwabShared>, params: Params) -> Answer {
    let text = params.get("symbol").ok_or_else(|| bad("symbol is required"))?;
    let projection = params.get("projection").ok_or_else(|| bad("projection is required"))?;
    let wanted = params.list("symbol").unwrap_or_default();
    let lower = text.to_lowercase();
    let pattern = regex::Regex::new(&format!("(?i)^(?:{text})$"));
    let found = state.world.with_world(|world| {
        let fits = |symbol: Symbol, name: &str| {
            let own = ticker(symbol);
            Some(match projection {
                "symbol-search" | "search" | "fundamental" => {
                    wanted.iter().any(|text| symbol_of(text) == Some(symbol))
                }
                "symbol-regex" => pattern.as_ref().is_ok_and(|it| it.is_match(&own)),
                "desc-search" => name.to_lowercase().contains(&lower),
                "desc-regex" => pattern.as_ref().is_ok_and(|it| it.is_match(name)),
                _ => return None,
            })
        };
        let mut rows = Vec::new();
        for stock in world.stocks() {
            let is_meant = fits(stock.symbol, stock.name);
            if is_meant.ok_or_else(|| bad("projection is not valid"))? {
                rows.extend(written(world, stock.symbol));
            }
        }
        Ok::<_, Refused>(rows)
    })?;
    Ok(ok(&json!({ "instruments": found })))
}

pub(super) async fn by_cusip(
    State(state): State<SchwabShared>,
    Path(wanted): Path<String>,
) -> Answer {
    let found = state.world.with_world(|world| {
        let stock = world.stocks().find(|stock| cusip(stock.symbol) == wanted)?;
        written(world, stock.symbol)
    });
    let found =
        found.ok_or_else(|| Refused::data(StatusCode::NOT_FOUND, "Instrument not found"))?;
    Ok(ok(&json!({ "instruments": [found] })))
}

pub(super) async fn movers(State(state): State<SchwabShared>, Path(index): Path<String>) -> Answer {
    if !INDICES.contains(&index.as_str()) {
        return Err(bad(format!("unknown index: {index}")));
    }
    let mut rows: Vec<(Symbol, Snapshot)> = state.world.with_world(|world| {
        let all = world.stocks().map(|stock| stock.symbol);
        all.filter_map(|symbol| Some((symbol, Snapshot::of(world, symbol)?))).collect()
    });
    rows.sort_by_key(|(_, it)| std::cmp::Reverse(it.change_percent.abs()));
    let rows = rows.iter().take(MOVERS).map(|(symbol, it)| {
        let volume = it.today.map_or(0, |day| day.volume);
        object(vec![
            ("description", it.name.into()),
            ("volume", Field::count(volume)),
            ("lastPrice", price_or_zero(it.tick.map(|tick| tick.price))),
            ("netChange", double(it.change)),
            ("marketShare", double(rust_decimal::Decimal::ZERO)),
            ("totalVolume", Field::count(volume)),
            ("trades", Field::Integer(0)),
            ("netPercentChange", double(it.change_percent)),
            ("symbol", Field::text(ticker(*symbol))),
        ])
    });
    Ok(ok(&Field::object([("screeners", Field::List(rows.collect()))])))
}

pub(super) async fn chains(params: Params) -> Answer {
    let symbol = params.get("symbol").ok_or_else(|| bad("symbol is required"))?;
    Ok(ok(&json!({
        "symbol": symbol, "status": "SUCCESS", "underlying": null, "strategy": "SINGLE",
        "isDelayed": false, "isIndex": false, "numberOfContracts": 0,
        "callExpDateMap": {}, "putExpDateMap": {},
    })))
}

pub(super) async fn expirations(params: Params) -> Answer {
    params.get("symbol").ok_or_else(|| bad("symbol is required"))?;
    Ok(ok(&json!({ "expirationList": [] })))
}
