//! `/v2/positions` (Alpaca, protocol page §3.2 of October 2026).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::brokers::sim::exchange::PositionView;
use crate::brokers::sim::server::{Shared, World, midnight};
use crate::domain::calendar::date_in_new_york;
use crate::domain::ids::{ClientOrderId, Symbol};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderClass, OrderKind, OrderRequest, Side, TimeInForce};
use crate::domain::position::Direction;

use super::assets::{asset_id, resolve};
use super::errors::{Answer, ApiError, json_answer, ok};
use super::order_json::{money_text, price_text, signed_text};
use super::order_request::Wanted;
use super::orders::{Taken, cancel_working, place};
use super::params::Params;

/// Places of fractions, as the broker writes them.
const FRACTION_PLACES: u32 = 16;

pub(super) async fn list(State(state): State<Shared>) -> Answer {
    let positions: Vec<Value> = state.with_world(|world| {
        world.exchange().positions().iter().map(|view| position_json(world, view)).collect()
    });
    Ok(ok(&positions))
}

pub(super) async fn get(State(state): State<Shared>, Path(id): Path<String>) -> Answer {
    let position = state.with_world(|world| {
        let view = held(world, &id)?;
        Ok::<_, ApiError>(position_json(world, &view))
    })?;
    Ok(ok(&position))
}

fn held(world: &World, id: &str) -> Result<PositionView, ApiError> {
    let symbol =
        resolve(world, id).ok_or_else(|| ApiError::not_found(format!("symbol not found: {id}")))?;
    let mut positions = world.exchange().positions().into_iter();
    positions
        .find(|view| view.position.symbol == symbol)
        .ok_or_else(|| ApiError::not_found("position does not exist"))
}

fn position_json(world: &World, view: &PositionView) -> Value {
    let position = view.position;
    let symbol = position.symbol;
    let is_short = position.direction == Direction::Short;
    let price = view.price.or_else(|| world.last_price(symbol));
    let lastday = world.daily_bars(symbol).1.map(|day| day.bar.close);
    let sign = |amount: Money| if is_short { -amount } else { amount };
    let value = price.map(|price| position.market_value(price));
    let unrealized = price.map(|price| position.unrealized(price));
    let today = price.zip(lastday).map(|(price, last)| today(world, view, price, last));
    let change =
        price.zip(lastday).map(|(price, last)| fraction(price.minus(last), last.as_money()));
    json!({
        "asset_id": asset_id(symbol), "symbol": symbol.as_str(),
        "exchange": world.stock(symbol).map_or("", |stock| stock.exchange),
        "asset_class": "us_equity", "asset_marginable": true,
        "qty": signed_text(position.qty, is_short),
        "qty_available": signed_text(view.available, is_short && !view.available.is_zero()),
        "side": position.direction.name(),
        "avg_entry_price": position.average_price().map(price_text),
        "cost_basis": money_text(sign(position.cost)),
        "market_value": value.map(money_text),
        "current_price": price.map(price_text),
        "lastday_price": lastday.map(price_text),
        "change_today": change,
        "unrealized_pl": unrealized.map(money_text),
        "unrealized_plpc": unrealized.map(|profit| fraction(profit, position.cost)),
        "unrealized_intraday_pl": today.map(|(profit, _)| money_text(profit)),
        "unrealized_intraday_plpc": today.map(|(profit, base)| fraction(profit, base)),
    })
}

/// Today's profit of a position and what it is a fraction of: the shares held overnight
/// count from the last close, those traded today from their prices.
fn today(world: &World, view: &PositionView, price: Price, last: Price) -> (Money, Money) {
    let symbol = view.position.symbol;
    let from = midnight(date_in_new_york(world.now()));
    let mut overnight = signed(view.position.qty, view.position.direction.entry_side());
    let mut paid = Money::ZERO;
    let newest_first = world.executions().rev().take_while(|notice| notice.at >= from);
    for notice in newest_first.filter(|notice| notice.order.symbol == symbol) {
        let Some(execution) = &notice.execution else { continue };
        overnight -= signed(execution.qty, notice.order.side);
        let value = execution.price.times(execution.qty);
        paid += if notice.order.side == Side::Buy { value } else { -value };
    }
    let before = last.as_money().scaled(overnight);
    let profit = view.position.market_value(price) - before - paid;
    let base = if overnight.is_zero() { view.position.cost } else { before.abs() };
    (profit, base)
}

fn signed(qty: Qty, side: Side) -> Decimal {
    match side {
        Side::Buy => qty.to_decimal(),
        Side::Sell => -qty.to_decimal(),
    }
}

/// A quotient as text.
fn fraction(part: Money, whole: Money) -> String {
    let ratio = part.ratio_to(whole).unwrap_or_default();
    ratio.round_dp(FRACTION_PLACES).normalize().to_string()
}

pub(super) async fn close(
    State(state): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let taken = state.with_world(|world| {
        let view = held(world, &id)?;
        let qty = closing_qty(&params, view.position.qty)?;
        close_shares(&state, world, &view, qty)
    })?;
    Ok(ok(&taken.to_json()))
}

fn closing_qty(params: &Params, held: Qty) -> Result<Qty, ApiError> {
    match (params.get("qty"), params.get("percentage")) {
        (None, None) => Ok(held),
        (Some(text), None) => {
            let qty = text.parse().ok().filter(|qty: &Qty| !qty.is_zero());
            qty.ok_or_else(|| ApiError::malformed("qty must be > 0"))
        }
        (None, Some(text)) => {
            let percent = text.parse().ok().filter(|percent: &Decimal| {
                *percent > Decimal::ZERO && *percent <= Decimal::ONE_HUNDRED
            });
            let invalid = || ApiError::malformed("percentage must be > 0 and <= 100");
            let shares = held.to_decimal() * percent.ok_or_else(invalid)? / Decimal::ONE_HUNDRED;
            Qty::from_decimal(shares.trunc_with_scale(9)).map_err(|_| invalid())
        }
        (Some(_), Some(_)) => Err(ApiError::malformed("only one of qty or percentage is accepted")),
    }
}

fn close_shares(
    state: &Shared,
    world: &mut World,
    view: &PositionView,
    qty: Qty,
) -> Result<Taken, ApiError> {
    let request = OrderRequest {
        client_order_id: ClientOrderId::new(state.spare_id()),
        symbol: view.position.symbol,
        side: view.position.direction.exit_side(),
        qty,
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
    };
    place(world, &Wanted { request, notional: None }, false)
}

pub(super) async fn close_all(State(state): State<Shared>, params: Params) -> Answer {
    let items: Vec<Value> = state.with_world(|world| {
        if params.is_set("cancel_orders") {
            cancel_working(&state, world);
        }
        let views = world.exchange().positions();
        views.iter().map(|view| closing_item(&state, world, view)).collect()
    });
    Ok(json_answer(StatusCode::MULTI_STATUS, &items))
}

fn closing_item(state: &Shared, world: &mut World, view: &PositionView) -> Value {
    let symbol: Symbol = view.position.symbol;
    match close_shares(state, world, view, view.position.qty) {
        Ok(taken) => json!({ "symbol": symbol.as_str(), "status": 200, "body": taken.to_json() }),
        Err(error) => {
            let (status, body) = error.parts();
            json!({ "symbol": symbol.as_str(), "status": status, "body": body })
        }
    }
}
