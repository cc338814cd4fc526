//! `/v2/orders` (Alpaca, protocol page §3.4 to §3.7 of October 2026).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::brokers::sim::exchange::{Exchange, Extras, Order, OrderName, OrderStatus, Role, What};
use crate::brokers::sim::server::{DropConnection, Fault, FaultOrder, Shared, World};
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::money::Qty;
use crate::domain::order::{OrderClass, OrderKind};

use super::errors::{Answer, ApiError, html, json_answer, ok};
use super::order_json::{made_strange, order_json, with_legs};
use super::order_request::{Wanted, change};
use super::params::{Fields, Params};

/// How long an answer is held so that the stream is ahead of it.
const HELD_ANSWER: std::time::Duration = std::time::Duration::from_millis(50);

/// An order as it was when it was taken, with the legs that came with it.
pub(super) struct Taken {
    pub(super) order: Order,
    legs: Vec<Order>,
}

impl Taken {
    /// The answer to a submission: plain orders are shown on their way to the venue.
    pub(super) fn to_json(&self) -> Value {
        let is_plain = matches!(self.order.kind, OrderKind::Market | OrderKind::Limit { .. })
            && !matches!(self.order.class, OrderClass::Oco { .. });
        let mut order = self.order.clone();
        if is_plain && order.status == OrderStatus::New {
            order.status = OrderStatus::PendingNew;
        }
        let legs = (!self.legs.is_empty()).then(|| self.legs.iter().map(order_json).collect());
        with_legs(&order, legs)
    }
}

/// Puts an order to the exchange.
pub(super) fn place(world: &mut World, wanted: &Wanted, waits: bool) -> Result<Taken, ApiError> {
    let extras = Extras { notional: wanted.notional, waits, ..Extras::default() };
    world.trade(|exchange, at, out| {
        let id = exchange.submit_with(&wanted.request, extras, at, out)?;
        let mut order = None;
        let mut legs = Vec::new();
        for report in out.iter() {
            if let What::Accepted { parent, .. } = &report.what {
                if report.broker_order_id == id {
                    order = Some(report.order.clone());
                } else if parent.as_ref() == Some(&id) {
                    legs.push(report.order.clone());
                }
            }
        }
        let order = order.or_else(|| exchange.order(OrderName::Broker(&id)).cloned());
        let order = order.expect("an order that was taken is reported");
        Ok(Taken { order, legs })
    })
}

/// What goes wrong with a submission.
struct Trouble(Vec<Fault>);

impl Trouble {
    const POSSIBLE: [Fault; 6] = [
        Fault::DropAfterAccept,
        Fault::GatewayTimeout,
        Fault::FillBeforeAnswer,
        Fault::LateReject,
        Fault::PartialThenCancel,
        Fault::DoneForDay,
    ];

    fn of(state: &Shared, symbol: Symbol) -> Self {
        let strikes = |fault: &Fault| state.faults.take_for(*fault, Some(symbol)).is_some();
        Self(Self::POSSIBLE.into_iter().filter(strikes).collect())
    }

    fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }
}

pub(super) async fn submit(State(state): State<Shared>, body: Bytes) -> Answer {
    let fields = Fields::of(&body)?;
    let (taken, trouble) = state.with_world(|world| {
        let wanted = Wanted::read(&fields, world, || state.spare_id())?;
        // The rules are asked first: what is refused has not met a fault.
        world.trade(|exchange, at, _| exchange.would_take(&wanted.request, at))?;
        let trouble = Trouble::of(&state, wanted.request.symbol);
        let waits = [Fault::LateReject, Fault::PartialThenCancel, Fault::DoneForDay]
            .into_iter()
            .any(|fault| trouble.has(fault));
        place(world, &wanted, waits).map(|taken| (taken, trouble))
    })?;
    let id = taken.order.broker_order_id.clone();
    if trouble.has(Fault::LateReject) {
        state.later(None, move |world| {
            let name = OrderName::Broker(&id);
            // It may have ended meanwhile: then there is nothing left to reject.
            let _ = world.trade(|exchange, at, out| exchange.reject_late(name, at, out));
        });
    } else if trouble.has(Fault::PartialThenCancel) {
        state.later(None, move |world| cut_short(world, &id));
    } else if trouble.has(Fault::DoneForDay) {
        state.later(None, move |world| {
            world.trade(|exchange, at, out| exchange.end_for_day(&id, at, out));
        });
    }
    if trouble.has(Fault::FillBeforeAnswer) {
        tokio::time::sleep(HELD_ANSWER).await;
    }
    if trouble.has(Fault::DropAfterAccept) {
        let mut response = StatusCode::OK.into_response();
        response.extensions_mut().insert(DropConnection);
        return Ok(response);
    }
    if trouble.has(Fault::GatewayTimeout) {
        return Ok(html(StatusCode::GATEWAY_TIMEOUT, "504 Gateway Time-out"));
    }
    Ok(ok(&shown(&state, taken.order.symbol, taken.to_json())))
}

/// Fills half of an order and cancels the rest.
fn cut_short(world: &mut World, id: &BrokerOrderId) {
    let name = OrderName::Broker(id);
    let half = world.order(id).and_then(|order| {
        let shares = order.qty.floor_shares() / 2;
        (shares > 0).then(|| Qty::shares(shares).ok()).flatten()
    });
    // It may have ended meanwhile: then there is nothing left to do.
    if half.is_some() {
        let _ = world.trade(|exchange, at, out| exchange.fill_anyway(name, half, at, out));
    }
    let _ = world.trade(|exchange, at, out| exchange.cancel(name, at, out));
}

/// An order as it is shown, strange where a fault says so.
fn shown(state: &Shared, symbol: Symbol, order: Value) -> Value {
    match state.faults.take_for(Fault::StrangeOrder, Some(symbol)) {
        Some(_) => made_strange(order),
        None => order,
    }
}

pub(super) async fn get(
    State(state): State<Shared>,
    Path(id): Path<String>,
    params: Params,
) -> Answer {
    let id = BrokerOrderId::new(id);
    find(&state, OrderName::Broker(&id), &params)
}

pub(super) async fn get_by_client_id(State(state): State<Shared>, params: Params) -> Answer {
    let id = params.get("client_order_id").unwrap_or_default();
    let id = ClientOrderId::new(id);
    find(&state, OrderName::Client(&id), &params)
}

fn find(state: &Shared, name: OrderName<'_>, params: &Params) -> Answer {
    let (symbol, value) = state.with_world(|world| {
        let exchange = world.exchange();
        let order = exchange.order(name).ok_or_else(|| no_order(name.as_str()))?;
        let legs = if params.is_set("nested") { legs_of(exchange, order) } else { None };
        Ok::<_, ApiError>((order.symbol, with_legs(order, legs)))
    })?;
    Ok(ok(&shown(state, symbol, value)))
}

fn no_order(id: &str) -> ApiError {
    ApiError::not_found(format!("order not found for {id}"))
}

/// The legs of an order that heads a group, superseded ones left out.
pub(super) fn legs_of(exchange: &Exchange, order: &Order) -> Option<Vec<Value>> {
    if !heads_group(order) || order.status == OrderStatus::Replaced {
        return None;
    }
    let group = order.group?;
    let legs: Vec<Value> = exchange
        .orders()
        .into_iter()
        .filter(|leg| leg.group == Some(group) && leg.role != order.role)
        .filter(|leg| leg.status != OrderStatus::Replaced)
        .map(order_json)
        .collect();
    (!legs.is_empty()).then_some(legs)
}

/// Tells whether an order is no leg: of an OCO the target is the head.
pub(super) const fn heads_group(order: &Order) -> bool {
    match (order.role, order.class) {
        (Role::Single | Role::Entry, _) | (Role::Target, OrderClass::Oco { .. }) => true,
        (Role::Target | Role::Stop, _) => false,
    }
}

pub(super) async fn replace(
    State(state): State<Shared>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let fields = Fields::of(&body)?;
    let id = BrokerOrderId::new(id);
    let (symbol, value) = state.with_world(|world| {
        let old = world.order(&id).ok_or_else(|| no_order(id.as_str()))?;
        let (symbol, change) = (old.symbol, change(&fields, old.kind)?);
        let name = OrderName::Broker(&id);
        let strikes = |fault| state.faults.take_for(fault, Some(symbol)).is_some();
        let (is_refused, is_slow) =
            (strikes(Fault::ReplaceRefused), strikes(Fault::ReplacePending));
        let child = world.trade(|exchange, at, out| {
            if is_slow {
                exchange.announce_replacement(name, at, out);
            }
            if is_refused {
                exchange.refuse_replacement(name, &change, at, out)
            } else {
                exchange.replace(name, &change, at, out)
            }
        })?;
        let mut order = world.order(&child).expect("a replacement is kept").clone();
        order.status = OrderStatus::PendingNew;
        Ok::<_, ApiError>((symbol, order_json(&order)))
    })?;
    Ok(ok(&shown(&state, symbol, value)))
}

pub(super) async fn cancel(State(state): State<Shared>, Path(id): Path<String>) -> Answer {
    let id = BrokerOrderId::new(id);
    state.with_world(|world| cancel_one(&state, world, &id))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Cancels an order, unless a fault has other plans.
pub(super) fn cancel_one(
    state: &Shared,
    world: &mut World,
    id: &BrokerOrderId,
) -> Result<(), ApiError> {
    let name = OrderName::Broker(id);
    let order = world.order(id).ok_or_else(|| no_order(id.as_str()))?;
    let symbol = order.symbol;
    let can_wait = !order.status.is_final() && order.status != OrderStatus::PendingCancel;
    let strikes = |fault| {
        if can_wait { state.faults.take_for(fault, Some(symbol)) } else { None }
    };
    if strikes(Fault::CancelThenFill).is_some() {
        world.trade(|exchange, at, out| exchange.delay_cancel(name, at, out))?;
        let id = id.clone();
        state.later(None, move |world| {
            let name = OrderName::Broker(&id);
            // It may have filled meanwhile, which is what was wanted.
            let _ = world.trade(|exchange, at, out| exchange.fill_anyway(name, None, at, out));
        });
    } else if strikes(Fault::CancelRefused).is_some() {
        world.trade(|exchange, at, out| exchange.delay_cancel(name, at, out))?;
        let id = id.clone();
        state.later(None, move |world| {
            world.trade(|exchange, at, out| exchange.refuse_cancel(&id, at, out));
        });
    } else if let Some(FaultOrder { seconds, .. }) = strikes(Fault::StuckCancel) {
        world.trade(|exchange, at, out| exchange.delay_cancel(name, at, out))?;
        if let Some(seconds) = seconds {
            let id = id.clone();
            state.later(Some(seconds), move |world| {
                world.trade(|exchange, at, out| exchange.carry_out_cancel(&id, at, out));
            });
        }
    } else {
        world.trade(|exchange, at, out| exchange.cancel(name, at, out))?;
    }
    Ok(())
}

pub(super) async fn cancel_all(State(state): State<Shared>) -> Answer {
    let items = state.with_world(|world| cancel_working(&state, world));
    Ok(json_answer(StatusCode::MULTI_STATUS, &items))
}

/// Cancels every working order; one item each.
pub(super) fn cancel_working(state: &Shared, world: &mut World) -> Vec<Value> {
    let working = world.exchange().working().into_iter();
    let ids: Vec<BrokerOrderId> = working.map(|order| order.broker_order_id.clone()).collect();
    let item = |id: &BrokerOrderId| match cancel_one(state, world, id) {
        Ok(()) => json!({ "id": id.as_str(), "status": 200 }),
        Err(error) => {
            let (status, body) = error.parts();
            json!({ "id": id.as_str(), "status": status, "body": body })
        }
    };
    ids.iter().map(item).collect()
}
