//! `/v2/watchlists` (Alpaca, protocol page §3.12 of October 2026).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::brokers::sim::server::ids::{family, uuid};
use crate::brokers::sim::server::{Shared, World};
use crate::domain::ids::Symbol;

use super::account::account_id;
use super::assets::{asset_json, flags, resolve};
use super::desk::Watchlist;
use super::errors::{Answer, ApiError, ok};
use super::params::{Fields, Params};

/// Characters of a name, and lists of an account.
const NAME_MAX: usize = 64;
const LISTS_MAX: usize = 1_000;

/// How a list is named in a request.
#[derive(Debug, Clone)]
enum Key {
    Id(String),
    Name(String),
}

impl Key {
    fn of(params: &Params) -> Self {
        Self::Name(params.get("name").unwrap_or_default().to_owned())
    }

    fn is(&self, list: &Watchlist) -> bool {
        match self {
            Self::Id(id) => list.id == *id,
            Self::Name(name) => list.name == *name,
        }
    }
}

fn json_of(world: &World, list: &Watchlist, has_assets: bool) -> Value {
    let mut value = json!({
        "id": list.id, "account_id": account_id(), "name": list.name,
        "created_at": list.created_at, "updated_at": list.updated_at,
    });
    if let (true, Value::Object(fields)) = (has_assets, &mut value) {
        let stocks = list.symbols.iter().filter_map(|symbol| world.stock(*symbol));
        let assets: Vec<Value> =
            stocks.map(|stock| asset_json(stock, flags(world, stock.symbol))).collect();
        fields.insert("assets".into(), assets.into());
    }
    value
}

pub(super) async fn list(State(state): State<Shared>) -> Answer {
    let lists = state.with_desk(|desk| desk.watchlists.clone());
    let values: Vec<Value> =
        state.with_world(|world| lists.iter().map(|list| json_of(world, list, false)).collect());
    Ok(ok(&values))
}

fn symbols_of(world: &World, names: &[String]) -> Result<Vec<Symbol>, ApiError> {
    let mut symbols = Vec::new();
    for name in names {
        let missing = || ApiError::not_found(format!("symbol not found: {name}"));
        let symbol = resolve(world, name).ok_or_else(missing)?;
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    Ok(symbols)
}

fn checked_name(fields: &Fields) -> Result<Option<String>, ApiError> {
    match fields.text("name") {
        Some(name) if name.chars().count() > NAME_MAX => {
            Err(ApiError::malformed("watchlist name must be no more than 64 characters"))
        }
        name => Ok(name),
    }
}

pub(super) async fn create(State(state): State<Shared>, body: Bytes) -> Answer {
    let fields = Fields::of(&body)?;
    let name = checked_name(&fields)?;
    let name = name.ok_or_else(|| ApiError::malformed("watchlist name is required"))?;
    let names = fields.texts("symbols")?.unwrap_or_default();
    let now = state.now();
    let symbols = state.with_world(|world| symbols_of(world, &names))?;
    let list = state.with_desk(|desk| {
        if desk.watchlists.iter().any(|list| list.name == name) {
            return Err(ApiError::malformed("watchlist name must be unique"));
        }
        if desk.watchlists.len() >= LISTS_MAX {
            return Err(ApiError::unacceptable("too many watchlists"));
        }
        desk.watchlists_made += 1;
        let id = uuid(family::WATCHLIST, desk.watchlists_made);
        let list = Watchlist { id, name, symbols, created_at: now, updated_at: now };
        desk.watchlists.push(list.clone());
        Ok(list)
    })?;
    Ok(ok(&state.with_world(|world| json_of(world, &list, true))))
}

/// Changes a list, or only reads it, and answers with what it is then.
fn with_list(
    state: &Shared,
    key: &Key,
    act: impl FnOnce(&mut Watchlist) -> Result<(), ApiError>,
) -> Answer {
    let list = state.with_desk(|desk| {
        let found = desk.watchlists.iter_mut().find(|list| key.is(list));
        let list = found.ok_or_else(|| ApiError::not_found("watchlist not found"))?;
        act(list)?;
        Ok::<_, ApiError>(list.clone())
    })?;
    Ok(ok(&state.with_world(|world| json_of(world, &list, true))))
}

fn update(state: &Shared, key: &Key, body: &Bytes) -> Answer {
    let fields = Fields::of(body)?;
    let name = checked_name(&fields)?;
    let symbols = fields.texts("symbols")?;
    let symbols =
        symbols.map(|names| state.with_world(|world| symbols_of(world, &names))).transpose()?;
    let is_taken = state.with_desk(|desk| {
        let mut others = desk.watchlists.iter().filter(|list| !key.is(list));
        others.any(|list| Some(&list.name) == name.as_ref())
    });
    if is_taken {
        return Err(ApiError::malformed("watchlist name must be unique"));
    }
    let now = state.now();
    with_list(state, key, |list| {
        list.name = name.unwrap_or_else(|| list.name.clone());
        list.symbols = symbols.unwrap_or_else(|| list.symbols.clone());
        list.updated_at = now;
        Ok(())
    })
}

fn add(state: &Shared, key: &Key, body: &Bytes) -> Answer {
    let fields = Fields::of(body)?;
    let name = fields.text("symbol").ok_or_else(|| ApiError::malformed("symbol is required"))?;
    let symbols = state.with_world(|world| symbols_of(world, &[name]))?;
    let now = state.now();
    with_list(state, key, |list| {
        if symbols.iter().any(|symbol| list.symbols.contains(symbol)) {
            return Err(ApiError::malformed("duplicate symbol"));
        }
        list.symbols.extend(symbols);
        list.updated_at = now;
        Ok(())
    })
}

fn remove(state: &Shared, key: &Key, text: &str) -> Answer {
    let symbol = state.with_world(|world| resolve(world, text));
    let now = state.now();
    with_list(state, key, |list| {
        let held = symbol.filter(|symbol| list.symbols.contains(symbol));
        let held = held.ok_or_else(|| ApiError::not_found(format!("symbol not found: {text}")))?;
        list.symbols.retain(|symbol| *symbol != held);
        list.updated_at = now;
        Ok(())
    })
}

fn delete(state: &Shared, key: &Key) -> Answer {
    let is_gone = state.with_desk(|desk| {
        let before = desk.watchlists.len();
        desk.watchlists.retain(|list| !key.is(list));
        desk.watchlists.len() < before
    });
    if is_gone {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(ApiError::not_found("watchlist not found"))
    }
}

pub(super) async fn get_one(state: State<Shared>, Path(id): Path<String>) -> Answer {
    with_list(&state, &Key::Id(id), |_| Ok(()))
}

pub(super) async fn put_one(state: State<Shared>, Path(id): Path<String>, body: Bytes) -> Answer {
    update(&state, &Key::Id(id), &body)
}

pub(super) async fn post_one(state: State<Shared>, Path(id): Path<String>, body: Bytes) -> Answer {
    add(&state, &Key::Id(id), &body)
}

pub(super) async fn delete_one(state: State<Shared>, Path(id): Path<String>) -> Answer {
    delete(&state, &Key::Id(id))
}

pub(super) async fn delete_symbol(
    state: State<Shared>,
    Path((id, symbol)): Path<(String, String)>,
) -> Answer {
    remove(&state, &Key::Id(id), &symbol)
}

pub(super) async fn get_named(state: State<Shared>, params: Params) -> Answer {
    with_list(&state, &Key::of(&params), |_| Ok(()))
}

pub(super) async fn put_named(state: State<Shared>, params: Params, body: Bytes) -> Answer {
    update(&state, &Key::of(&params), &body)
}

pub(super) async fn post_named(state: State<Shared>, params: Params, body: Bytes) -> Answer {
    add(&state, &Key::of(&params), &body)
}

pub(super) async fn delete_named(state: State<Shared>, params: Params) -> Answer {
    delete(&state, &Key::of(&params))
}
