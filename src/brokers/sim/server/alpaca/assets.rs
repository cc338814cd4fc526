//! `/v2/assets` (Alpaca, protocol page §3.9 of October 2026).
//!
//! Both the new `borrow_status` and the old `easy_to_borrow` are sent: alpaca-py 0.44
//! fails without the latter (§8).

use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::brokers::sim::exchange::{AssetFlags, Borrow};
use crate::brokers::sim::server::ids::{family, uuid_of};
use crate::brokers::sim::server::{Shared, Stock, World};
use crate::domain::ids::Symbol;

use super::errors::{Answer, ApiError, ok};
use super::params::Params;

/// What every stock here has.
const ATTRIBUTES: [&str; 3] = ["has_options", "fractional_eh_enabled", "overnight_tradable"];

/// Finds a listed stock by symbol or asset id; symbols are case-sensitive (§2.3).
pub(super) fn resolve(world: &World, text: &str) -> Option<Symbol> {
    let is_meant = |stock: &&Stock| {
        stock.symbol.as_str() == text || asset_id(stock.symbol).eq_ignore_ascii_case(text)
    };
    // Most callers name a symbol: one look instead of a walk.
    let named = Symbol::new(text).ok().filter(|symbol| symbol.as_str() == text);
    let stock = named.and_then(|symbol| world.stock(symbol));
    stock.or_else(|| world.stocks().find(is_meant)).map(|stock| stock.symbol)
}

/// The asset's id.
pub(super) fn asset_id(symbol: Symbol) -> String {
    uuid_of(family::ASSET, symbol.as_str())
}

/// Writes an asset.
pub(super) fn asset_json(stock: &Stock, flags: AssetFlags) -> Value {
    let (shortable, borrow) = match flags.borrow {
        Borrow::No => (false, "hard_to_borrow"),
        Borrow::Hard => (true, "hard_to_borrow"),
        Borrow::Easy => (true, "easy_to_borrow"),
    };
    json!({
        "id": asset_id(stock.symbol), "class": "us_equity", "exchange": stock.exchange,
        "symbol": stock.symbol.as_str(), "name": stock.name, "status": "active",
        "tradable": true, "marginable": true, "shortable": shortable,
        "borrow_status": borrow, "easy_to_borrow": flags.borrow == Borrow::Easy,
        "fractionable": flags.fractionable, "margin_requirement_long": "30",
        "margin_requirement_short": "30", "maintenance_margin_requirement": 30,
        "cusip": null, "attributes": ATTRIBUTES,
    })
}

pub(super) async fn list(State(state): State<Shared>, params: Params) -> Answer {
    let matches = |name: &str, own: &str| params.get(name).is_none_or(|wanted| wanted == own);
    let has_attributes = params
        .list("attributes")
        .is_none_or(|wanted| wanted.iter().any(|attribute| ATTRIBUTES.contains(attribute)));
    let is_meant = matches("status", "active") && matches("asset_class", "us_equity");
    let assets: Vec<Value> = state.with_world(|world| {
        let listed = world
            .stocks()
            .filter(|stock| is_meant && has_attributes && matches("exchange", stock.exchange));
        listed.map(|stock| asset_json(stock, flags(world, stock.symbol))).collect()
    });
    Ok(ok(&assets))
}

pub(super) async fn get(State(state): State<Shared>, Path(id): Path<String>) -> Answer {
    let asset = state.with_world(|world| {
        let stock = resolve(world, &id).and_then(|symbol| world.stock(symbol));
        stock.map(|stock| asset_json(stock, flags(world, stock.symbol)))
    });
    asset
        .map(|asset| ok(&asset))
        .ok_or_else(|| ApiError::not_found(format!("asset not found for {id}")))
}

/// What a stock allows.
pub(super) fn flags(world: &World, symbol: Symbol) -> AssetFlags {
    world.exchange().asset(symbol).unwrap_or_default()
}
