//! Lists of orders (Schwab, protocol page §3 and §3.5 of October 2026): the newest
//! first, trees under their roots.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::SignedDuration;

use crate::brokers::sim::server::frames::Field;
use crate::domain::time::Timestamp;

use super::answers::{Answer, Refused, ok};
use super::book::Node;
use super::fields::{Params, required_instant};
use super::order_json::Scribe;
use super::orders::check_account;
use super::state::SchwabShared;

/// Rows of a list unless asked for fewer.
const ROWS_MAX: usize = 3_000;
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);
const SIXTY_DAYS: SignedDuration = SignedDuration::from_hours(24 * 61);

pub(super) async fn of_account(
    State(state): State<SchwabShared>,
    Path(hash): Path<String>,
    params: Params,
) -> Answer {
    check_account(&state, &hash)?;
    list(&state, &params)
}

pub(super) async fn of_all(State(state): State<SchwabShared>, params: Params) -> Answer {
    let from = required_instant(&params, "fromEnteredTime")?;
    if state.now().since(from) > SIXTY_DAYS {
        return Err(Refused::order("fromEnteredTime must be within 60 days from today"));
    }
    list(&state, &params)
}

fn list(state: &SchwabShared, params: &Params) -> Answer {
    let from = required_instant(&params, "fromEnteredTime")?;
    let to = required_instant(&params, "toEnteredTime")?;
    if to < from || to.since(from) > YEAR {
        return Err(Refused::order("the dates must span a year at most"));
    }
    let rows = match params.get("maxResults").map(str::parse) {
        None => ROWS_MAX,
        Some(Ok(rows)) => ROWS_MAX.min(rows),
        Some(Err(_)) => {
            return Err(Refused::trader(StatusCode::BAD_REQUEST, "maxResults is not a number"));
        }
    };
    let wanted = params.get("status");
    let config = state.config();
    let hidden = SignedDuration::from_millis(config.visible_after_ms.into());
    let body = state.with_book(|world, book| {
        book.learn(world.exchange());
        let now: Timestamp = world.now();
        // An instant of the answer has whole seconds, as does what is asked for.
        let second = |at: Timestamp| at.as_nanos().div_euclid(1_000_000_000);
        let is_meant = |node: &&Node| {
            let is_within = second(node.entered) >= second(from) && node.entered <= to;
            // On a clock that stands an order's stamp is a little ahead of it.
            let is_visible = hidden.is_zero() || now.since(node.entered) >= hidden;
            let status = book.status(node, world.exchange()).name();
            is_within && is_visible && wanted.is_none_or(|wanted| wanted == status)
        };
        let scribe = Scribe::new(world, book, config.oco_has_status);
        let orders = book.roots().filter(is_meant).take(rows).map(|node| scribe.order(node));
        Field::List(orders.collect())
    });
    Ok(ok(&body))
}
