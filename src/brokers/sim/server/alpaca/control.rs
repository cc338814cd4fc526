//! `/_sim/…`: what a test does to the simulated broker. No keys, no rate limit, JSON
//! numbers; off with `--no-control`.
//!
//! | call | what it does |
//! |---|---|
//! | `POST /_sim/quote {"symbol","bid","ask","last"}` | pins a stock: the generator no longer moves it; at once and with every step its quote is shown and a small print at `last` (the middle of bid and ask unless given) |
//! | `POST /_sim/quote {"symbol","release":true}` | gives the stock back to the generator |
//! | `POST /_sim/advance {"seconds":n}` | moves the clock, and everything with it, whatever its pace |
//! | `POST /_sim/advance {"to":"open"\|"close"}` | moves it to the next opening or close |
//! | `POST /_sim/halt {"symbol","halted":true\|false}` | halts a stock, or lets it trade again |
//! | `POST /_sim/fault {"fault":1..23,"count":n}` | arms a fault of the protocol page (§9) or one of three more; more fields: `symbol`, `seconds`, `variant` |
//! | `GET /_sim/ledger` | the exchange's own books: cash, positions, orders, fills, requests |
//!
//! Faults by number: 1 accepted, connection dropped before the answer; 2 accepted,
//! answered 504; 3 answered 429 (`variant` `no_headers` without rate headers); 4 cancel
//! answered 204, then filled; 5 replacement answered 200, then refused; 6 trading stream
//! drops; 7 fill sent twice; 8 fill on the stream before the answer; 9 data socket mute (`variant`
//! `trading`: the trading stream);
//! 10 reconnections refused (`variant` `trading` or `data` for one stream alone); 11 cancel stays pending (for `seconds`, or for ever); 12
//! both exits of a bracket fill; 13 update with `data:null`; 14 optional fields missing,
//! unknown status; 15 HTML with 502; 16 print corrected and cancelled; 17 halt and
//! resume; 18 clock tells a holiday (`variant` `early_close`: a close at 13:00); 19
//! rejected after 200; 20 half filled, then cancelled; 21 cancel answered 204, then refused
//! on the stream; 22 replacement announced as pending first; 23 the next order of the day
//! is done for the day. A count of 0 disarms.

use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;

use jiff::SignedDuration;

use crate::brokers::sim::exchange::Order;
use crate::brokers::sim::server::{Fault, FaultOrder, OrderNotice, Pin, Shared, World, WorldError};
use crate::domain::calendar::MarketHours;
use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;

use super::errors::{Answer, ApiError, ok};
use super::params::Fields;

/// The longest leap of one call, seconds: a year.
const LEAP_MAX: i64 = 366 * 86_400;
/// Orders and fills of one ledger, the newest ones.
const LEDGER_ROWS_MAX: usize = 10_000;

fn symbol(fields: &Fields) -> Result<Symbol, ApiError> {
    let text = fields.text("symbol").ok_or_else(|| ApiError::malformed("symbol is required"))?;
    Symbol::new(&text).map_err(|error| ApiError::malformed(error.to_string()))
}

pub(super) async fn quote(State(state): State<Shared>, body: Bytes) -> Answer {
    let fields = Fields::of(&body)?;
    let symbol = symbol(&fields)?;
    let is_released = fields.flag("release")?.unwrap_or(false);
    let price = |name: &str| fields.number::<Price>(name, &format!("{name} must be > 0"));
    let pin =
        if is_released { None } else { Some(pin(price("bid")?, price("ask")?, price("last")?)?) };
    state.with_world(|world| match pin {
        Some(pin) => world.pin(symbol, pin),
        None => world.release(symbol),
    })?;
    Ok(ok(&json!({ "symbol": symbol.as_str(), "pinned": !is_released })))
}

fn pin(bid: Option<Price>, ask: Option<Price>, last: Option<Price>) -> Result<Pin, ApiError> {
    let missing = || ApiError::malformed("give bid and ask, or last");
    let bid = bid.or(last).ok_or_else(missing)?;
    let ask = ask.or(last).ok_or_else(missing)?;
    let middle = Price::from_units(i64::midpoint(bid.units(), ask.units())).unwrap_or(bid);
    Ok(Pin { bid, ask, last: last.unwrap_or(middle) })
}

pub(super) async fn advance(State(state): State<Shared>, body: Bytes) -> Answer {
    let fields = Fields::of(&body)?;
    let now = state.now();
    let target = match (fields.text("seconds"), fields.text("to").as_deref()) {
        (Some(text), None) => {
            let seconds: rust_decimal::Decimal =
                text.parse().map_err(|_| ApiError::malformed("invalid seconds"))?;
            let nanos = seconds * rust_decimal::Decimal::from(1_000_000_000);
            let nanos: i64 = nanos.try_into().unwrap_or(-1);
            if !(0..=LEAP_MAX * 1_000_000_000).contains(&nanos) {
                return Err(ApiError::malformed("seconds must be from 0 to a year"));
            }
            now.plus(SignedDuration::from_nanos(nanos))
        }
        (None, Some("open")) => boundary(MarketHours::NewYork.next_open(now))?,
        (None, Some("close")) => boundary(MarketHours::NewYork.next_close(now))?,
        _ => return Err(ApiError::malformed("give seconds, or to: open or close")),
    };
    state.clock.move_to(target);
    let now = state.with_world(|world| world.now());
    Ok(ok(&json!({ "now": now })))
}

fn boundary(
    at: Result<Timestamp, crate::domain::calendar::CalendarError>,
) -> Result<Timestamp, ApiError> {
    at.map_err(|error| ApiError::from(WorldError::from(error)))
}

pub(super) async fn halt(State(state): State<Shared>, body: Bytes) -> Answer {
    let fields = Fields::of(&body)?;
    let symbol = symbol(&fields)?;
    let is_halted = fields.flag("halted")?.unwrap_or(true);
    state.with_world(|world| world.halt(symbol, is_halted))?;
    Ok(ok(&json!({ "symbol": symbol.as_str(), "halted": is_halted })))
}

pub(super) async fn fault(State(state): State<Shared>, body: Bytes) -> Answer {
    arm(&state, &body)
}

/// Arms a fault by its number.
pub(in crate::brokers::sim::server) fn arm(state: &Shared, body: &[u8]) -> Answer {
    let fields = Fields::of(body)?;
    let number: Option<u64> = fields.number("fault", "invalid fault")?;
    let fault = number.and_then(Fault::from_number);
    let fault = fault.ok_or_else(|| ApiError::malformed("fault must be a number from 1 to 23"))?;
    let count: u32 = fields.number("count", "invalid count")?.unwrap_or(1);
    let symbol = fields.text("symbol").map(|_| symbol(&fields)).transpose()?;
    let order = FaultOrder {
        count,
        symbol,
        seconds: fields.number("seconds", "invalid seconds")?,
        variant: fields.text("variant"),
    };
    if fault == Fault::BothExitsFill {
        state.with_world(|world| {
            world.trade(|exchange, _, _| exchange.let_both_exits_fill(count));
        });
    } else {
        state.faults.arm(fault, order);
    }
    Ok(ok(&json!({ "fault": fault.number(), "count": count })))
}

#[derive(Debug, Serialize)]
struct Ledger {
    now: Timestamp,
    session: &'static str,
    cash: Money,
    equity: Money,
    last_equity: Money,
    buying_power: Money,
    reserved: Money,
    realized: Money,
    fees: Money,
    positions: Vec<Holding>,
    orders: Vec<OrderRow>,
    fills: Vec<FillRow>,
    requests: Requests,
}

#[derive(Debug, Serialize)]
struct Holding {
    symbol: Symbol,
    qty: Number,
    available: Number,
    cost: Money,
    price: Option<Price>,
}

#[derive(Debug, Serialize)]
struct OrderRow {
    id: String,
    client_order_id: String,
    symbol: Symbol,
    side: &'static str,
    r#type: &'static str,
    qty: Number,
    filled_qty: Number,
    status: &'static str,
    submitted_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct FillRow {
    execution_id: String,
    order_id: String,
    client_order_id: String,
    symbol: Symbol,
    side: &'static str,
    qty: Number,
    price: Price,
    at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Requests {
    trading_max_per_minute: usize,
    trading_served: u64,
    trading_refused: u64,
    data_max_per_minute: usize,
    data_served: u64,
    data_refused: u64,
}

/// A number of shares with its sign, written digit by digit.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Number(Box<serde_json::value::RawValue>);

impl Number {
    fn of(text: String) -> Self {
        let digits = serde_json::value::RawValue::from_string(text);
        Self(digits.expect("digits with a sign are a JSON number"))
    }
}

pub(super) async fn ledger(State(state): State<Shared>) -> Answer {
    Ok(ok(&ledger_of(&state)))
}

/// The ledger as text, for another face of the same world to add to.
pub(in crate::brokers::sim::server) fn ledger_text(state: &Shared) -> String {
    serde_json::to_string(&ledger_of(state)).expect("our own books have text keys only")
}

fn ledger_of(state: &Shared) -> Ledger {
    let [trading, data] = state.request_tallies();
    let requests = Requests {
        trading_max_per_minute: trading.0,
        trading_served: trading.1,
        trading_refused: trading.2,
        data_max_per_minute: data.0,
        data_served: data.1,
        data_refused: data.2,
    };
    state.with_world(|world| books(world, requests))
}

fn books(world: &World, requests: Requests) -> Ledger {
    let account = world.exchange().account();
    let orders = world.exchange().orders();
    let skipped = orders.len().saturating_sub(LEDGER_ROWS_MAX);
    let fills: Vec<FillRow> =
        world.executions().rev().take(LEDGER_ROWS_MAX).filter_map(|fill| fill_row(fill)).collect();
    Ledger {
        now: world.now(),
        session: world.window().session.name(),
        cash: account.cash,
        equity: account.equity,
        last_equity: account.last_equity,
        buying_power: account.buying_power,
        reserved: account.reserved,
        realized: account.realized,
        fees: account.fees,
        positions: world
            .exchange()
            .positions()
            .iter()
            .map(|view| {
                let position = view.position;
                let sign = if position.direction == Direction::Short { "-" } else { "" };
                Holding {
                    symbol: position.symbol,
                    qty: Number::of(format!("{sign}{}", position.qty)),
                    available: Number::of(view.available.to_string()),
                    cost: position.cost,
                    price: view.price,
                }
            })
            .collect(),
        orders: orders.into_iter().skip(skipped).map(order_row).collect(),
        fills: fills.into_iter().rev().collect(),
        requests,
    }
}

fn order_row(order: &Order) -> OrderRow {
    OrderRow {
        id: order.broker_order_id.to_string(),
        client_order_id: order.client_order_id.to_string(),
        symbol: order.symbol,
        side: order.side.name(),
        r#type: order.kind.name(),
        qty: Number::of(order.qty.to_string()),
        filled_qty: Number::of(order.filled.to_string()),
        status: order.status.name(),
        submitted_at: order.submitted_at,
        updated_at: order.updated_at,
    }
}

fn fill_row(notice: &OrderNotice) -> Option<FillRow> {
    let execution = notice.execution.as_ref()?;
    Some(FillRow {
        execution_id: execution.id.to_string(),
        order_id: notice.order.broker_order_id.to_string(),
        client_order_id: notice.order.client_order_id.to_string(),
        symbol: notice.order.symbol,
        side: notice.order.side.name(),
        qty: Number::of(execution.qty.to_string()),
        price: execution.price,
        at: notice.at,
    })
}
