//! Orders placed, looked at, replaced and cancelled (Schwab, protocol page §3.4 of
//! October 2026).

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::brokers::sim::exchange::{OrderName, Role, What};
use crate::brokers::sim::server::World;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::order::{RejectReason, Side};
use crate::domain::position::Direction;

use super::answers::{Answer, Refused, empty, ok};
use super::book::{Book, Node, Placed, Status};
use super::faults::Fault;
use super::fields::Fields;
use super::guard::dropped;
use super::order_json::Scribe;
use super::state::SchwabShared;
use super::streamer::Activity;
use super::ticket::Ticket;
use super::tree::{Plan, Tree};

/// How long an answer is held so that the stream is ahead of it.
const HELD_ANSWER: Duration = Duration::from_millis(50);
/// How long an answer hangs unless told.
const HANG: Duration = Duration::from_mins(1);
/// How long after its answer an order is rejected, seconds (§3.4).
const REJECTED_AFTER: u32 = 1;

/// The number of an order and of no other account's.
pub(super) fn check_account(state: &SchwabShared, hash: &str) -> Result<(), Refused> {
    if hash == state.account_hash() {
        return Ok(());
    }
    // Ours: the original text is not known.
    Err(Refused::trader(StatusCode::NOT_FOUND, "Account not found"))
}

pub(super) fn no_order() -> Refused {
    Refused::trader(StatusCode::NOT_FOUND, "Order not found")
}

/// Whether the market or the account refuses an order after it was answered 201; what
/// is wrong with its form is refused at once.
const fn is_late(reason: RejectReason) -> bool {
    match reason {
        RejectReason::InsufficientFunds
        | RejectReason::InsufficientShares
        | RejectReason::NotShortable => true,
        RejectReason::WashTrade
        | RejectReason::DuplicateClientOrderId
        | RejectReason::UnknownSymbol
        | RejectReason::Halted
        | RejectReason::MarketClosed
        | RejectReason::InvalidPrice
        | RejectReason::InvalidQuantity
        | RejectReason::Unsupported
        | RejectReason::AccountBlocked
        | RejectReason::NotWorking
        | RejectReason::Other => false,
    }
}

/// What the instruction says of the position that is not so (§3.2).
fn mismatch(world: &World, ticket: &Ticket) -> Option<String> {
    let held = world.exchange().positions().into_iter();
    let held = held.map(|view| view.position).find(|held| held.symbol == ticket.symbol);
    let (long, short) = match held {
        Some(held) if held.direction == Direction::Long => (Some(held.qty), None),
        Some(held) => (None, Some(held.qty)),
        None => (None, None),
    };
    let is_beyond = |own: Option<_>| own.is_none_or(|own| ticket.qty > own);
    match ticket.instruction {
        "SELL" if is_beyond(long) => Some(
            "Position_Sys_0001: This order may result in an oversold/overbought position in your \
             account."
                .into(),
        ),
        "BUY_TO_COVER" if is_beyond(short) => {
            Some("Position_Sys_0001: You do not have a short position to cover.".into())
        }
        "SELL_SHORT" if long.is_some() => {
            Some("Position_Sys_0001: You cannot sell short what you hold.".into())
        }
        _ => None,
    }
}

const fn head(tree: &Tree) -> Option<&Ticket> {
    match tree {
        Tree::Single(ticket) | Tree::Trigger(ticket, _) => Some(ticket),
        Tree::Oco(_) => None,
    }
}

/// Says whether the form of an order is refused, `Ok` with the reason of a later refusal.
pub(super) fn judge(
    state: &SchwabShared,
    world: &mut World,
    tree: &Tree,
) -> Result<(Plan, Option<String>), Refused> {
    let plan = tree.plan(ClientOrderId::new(state.world.spare_id()))?;
    let asked = world.trade(|exchange, at, _| exchange.would_take(&plan.request, at));
    let late = match asked {
        Err(refusal) if !is_late(refusal.reason) => return Err(Refused::order(refusal.message)),
        Err(refusal) => Some(late_text(refusal.reason, plan.request.symbol, plan.request.side)),
        Ok(()) => None,
    };
    let late = head(tree).and_then(|ticket| mismatch(world, ticket)).or(late);
    Ok((plan, late))
}

fn late_text(reason: RejectReason, symbol: Symbol, side: Side) -> String {
    match reason {
        RejectReason::InsufficientFunds => {
            "You do not have enough available cash/buying power for this order.".into()
        }
        RejectReason::InsufficientShares => {
            format!("Position_Sys_0001: This {side} is more than the shares of {symbol} allow.")
        }
        RejectReason::NotShortable
        | RejectReason::WashTrade
        | RejectReason::DuplicateClientOrderId
        | RejectReason::UnknownSymbol
        | RejectReason::Halted
        | RejectReason::MarketClosed
        | RejectReason::InvalidPrice
        | RejectReason::InvalidQuantity
        | RejectReason::Unsupported
        | RejectReason::AccountBlocked
        | RejectReason::NotWorking
        | RejectReason::Other => format!("{symbol} cannot be sold short."),
    }
}

/// Puts a tree to the exchange, or dooms it, and returns its number.
fn place(
    state: &SchwabShared,
    (world, book): (&mut World, &mut Book),
    tree: &Tree,
    replaces: Option<u64>,
) -> Result<u64, Refused> {
    let (plan, late) = judge(state, world, tree)?;
    let on_purpose = state.faults.take(Fault::RejectLater).map(|_| "Rejected on purpose".into());
    let doom: Option<String> = late.or(on_purpose);
    if let Some(reason) = doom {
        let at = world.now();
        let id = book.enter(tree, Err(&reason), replaces, at);
        // Nobody may listen: that is no failure.
        let _ = state.news.send(Activity::of_doomed(id, replaces, false, at));
        let own = state.clone();
        state.world.later(Some(REJECTED_AFTER), move |world| {
            let at = world.now();
            own.at_book(world, |_, book| book.reject(id, at));
            let _ = own.news.send(Activity::of_doomed(id, None, true, at));
        });
        return Ok(id);
    }
    let is_oco = matches!(tree, Tree::Oco(_));
    let (placed, at) = world
        .trade(|exchange, at, out| {
            let main = exchange.submit_with(&plan.request, plan.extras, at, out)?;
            let mut placed = Placed::default();
            for report in out.iter() {
                let What::Accepted { role, parent: Some(parent), .. } = &report.what else {
                    continue;
                };
                let id = Some(report.broker_order_id.clone());
                match role {
                    Role::Target if *parent == main => placed.target = id,
                    Role::Stop if *parent == main => placed.stop = id,
                    Role::Single | Role::Entry | Role::Target | Role::Stop => {}
                }
            }
            *(if is_oco { &mut placed.target } else { &mut placed.entry }) = Some(main);
            Ok((placed, at))
        })
        .map_err(|refusal: crate::brokers::sim::exchange::Rejection| {
            Refused::order(refusal.message)
        })?;
    Ok(book.enter(tree, Ok(&placed), replaces, at))
}

pub(super) async fn post(
    State(state): State<SchwabShared>,
    Path(hash): Path<String>,
    body: Bytes,
) -> Answer {
    check_account(&state, &hash)?;
    let tree = Tree::read(&Fields::of(&body)?)?;
    let id = state.with_book(|world, book| {
        let id = place(&state, (world, book), &tree, None)?;
        if state.faults.take(Fault::DuplicateOrder).is_some() {
            place(&state, (world, book), &tree, None)?;
        }
        Ok::<_, Refused>(id)
    })?;
    Ok(accepted(&state, id).await)
}

/// The answer to an order that was taken, or what becomes of it.
async fn accepted(state: &SchwabShared, id: u64) -> Response {
    if state.faults.take(Fault::EventBeforeAnswer).is_some() {
        tokio::time::sleep(HELD_ANSWER).await;
    }
    if let Some(armed) = state.faults.take(Fault::HangAfterAccept) {
        tokio::time::sleep(armed.ms.map_or(HANG, Duration::from_millis)).await;
    }
    if state.faults.take(Fault::DropAfterAccept).is_some() {
        return dropped();
    }
    if let Some(armed) = state.faults.take(Fault::ErrorAfterAccept) {
        let status = armed.status.and_then(|code| StatusCode::from_u16(code).ok());
        return empty(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let mut response = empty(StatusCode::CREATED);
    if state.faults.take(Fault::NoLocation).is_none() {
        let host = &state.config().location_host;
        let hash = state.account_hash();
        let location = format!("{host}/trader/v1/accounts/{hash}/orders/{id}");
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
    }
    response
}

pub(super) async fn get(
    State(state): State<SchwabShared>,
    Path((hash, id)): Path<(String, String)>,
) -> Answer {
    check_account(&state, &hash)?;
    let oco_has_status = state.config().oco_has_status;
    let body = state.with_book(|world, book| {
        let id = find(world, book, &id)?.id;
        let node = book.node(id).ok_or_else(no_order)?;
        Ok::<_, Refused>(Scribe::new(world, book, oco_has_status).order(node))
    })?;
    Ok(ok(&body))
}

fn find<'a>(world: &World, book: &'a mut Book, id: &str) -> Result<&'a Node, Refused> {
    let id: u64 = id.parse().map_err(|_| Refused::order("orderId is not a number"))?;
    if book.node(id).is_none() {
        book.learn(world.exchange());
    }
    book.node(id).ok_or_else(no_order)
}

/// The orders of a tree that may still change, by the exchange's names.
fn live_orders(world: &World, book: &Book, id: u64) -> Vec<BrokerOrderId> {
    let nodes = book.subtree(id).into_iter().filter_map(|id| book.node(id));
    let is_live = |node: &&Node| {
        let status = book.status(node, world.exchange());
        status.is_live() && status != Status::PendingCancel
    };
    nodes.filter(is_live).filter_map(|node| node.order.clone()).collect()
}

pub(super) async fn put(
    State(state): State<SchwabShared>,
    Path((hash, id)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    check_account(&state, &hash)?;
    let tree = Tree::read(&Fields::of(&body)?)?;
    let id = state.with_book(|world, book| {
        let node = find(world, book, &id)?;
        let (id, is_child) = (node.id, node.parent.is_some());
        let is_live = book.node(id).is_some_and(|node| {
            let status = book.status(node, world.exchange());
            status.is_live() && status != Status::PendingCancel
        });
        let first = live_orders(world, book, id).into_iter().next();
        let Some(first) = first.filter(|_| is_live && !is_child) else {
            // The same as for a malformed body (§3.4); the text is ours.
            return Err(Refused::order("The order can no longer be replaced"));
        };
        // The form is looked at before anything is cancelled.
        judge(&state, world, &tree)?;
        book.mark_replaced(id);
        cancel_at_exchange(world, &first, false)?;
        place(&state, (world, book), &tree, Some(id))
    })?;
    Ok(accepted(&state, id).await)
}

fn cancel_at_exchange(
    world: &mut World,
    id: &BrokerOrderId,
    spares_entry: bool,
) -> Result<(), Refused> {
    let name = OrderName::Broker(id);
    let done = world.trade(|exchange, at, out| {
        if spares_entry {
            exchange.cancel_exits(name, at, out)
        } else {
            exchange.cancel(name, at, out)
        }
    });
    done.map_err(|refusal| Refused::order(refusal.message))
}

pub(super) async fn delete(
    State(state): State<SchwabShared>,
    Path((hash, id)): Path<(String, String)>,
) -> Answer {
    check_account(&state, &hash)?;
    state.with_book(|world, book| {
        let node = find(world, book, &id)?;
        let (id, is_child) = (node.id, node.parent.is_some());
        let is_doomed = node.doom.as_ref().is_some_and(|doom| doom.since.is_none());
        let Some(first) = live_orders(world, book, id).into_iter().next() else {
            // Nothing can be cancelled of what is about to be rejected.
            return if is_doomed { Ok(()) } else { Err(gone()) };
        };
        cancel(&state, world, &first, is_child)
    })?;
    Ok(empty(StatusCode::OK))
}

/// Ours: the original text is not known; the status is that of a PUT (§3.4).
fn gone() -> Refused {
    Refused::order("The order can no longer be canceled")
}

/// Cancels an order, unless a fault has other plans.
fn cancel(
    state: &SchwabShared,
    world: &mut World,
    id: &BrokerOrderId,
    spares_entry: bool,
) -> Result<(), Refused> {
    let fills = state.faults.take(Fault::FillDuringCancel);
    let stuck = if fills.is_none() { state.faults.take(Fault::StuckCancel) } else { None };
    if fills.is_none() && stuck.is_none() {
        return cancel_at_exchange(world, id, spares_entry);
    }
    let name = OrderName::Broker(id);
    let delayed = world.trade(|exchange, at, out| exchange.delay_cancel(name, at, out));
    delayed.map_err(|refusal| Refused::order(refusal.message))?;
    let id = id.clone();
    if fills.is_some() {
        state.world.later(None, move |world| {
            let name = OrderName::Broker(&id);
            // It may have filled meanwhile, which is what was wanted.
            let _ = world.trade(|exchange, at, out| exchange.fill_anyway(name, None, at, out));
        });
    } else if let Some(ms) = stuck.and_then(|armed| armed.ms) {
        let seconds = u32::try_from(ms.div_ceil(1_000)).unwrap_or(u32::MAX);
        state.world.later(Some(seconds), move |world| {
            world.trade(|exchange, at, out| exchange.carry_out_cancel(&id, at, out));
        });
    }
    Ok(())
}
