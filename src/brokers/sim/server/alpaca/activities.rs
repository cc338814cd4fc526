//! `/v2/account/activities`: executions as rows (Alpaca, protocol page §3.10 of October
//! 2026). There are no others here: no dividends, transfers or fees.

use axum::extract::{Path, State};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::brokers::sim::server::ids::{family, uuid};
use crate::brokers::sim::server::new_york::wall_clock;
use crate::brokers::sim::server::{NoticeKind, OrderNotice, Shared, midnight};

use super::errors::{Answer, ApiError, ok};
use super::order_json::price_text;
use super::params::Params;

/// Rows of a page.
const PAGE_MAX: usize = 100;

pub(super) async fn list(state: State<Shared>, params: Params) -> Answer {
    let has_fills = params.list("activity_types").is_none_or(|types| types.contains(&"FILL"))
        && params.get("category").is_none_or(|category| category == "trade_activity");
    rows(&state, &params, has_fills)
}

pub(super) async fn list_of_type(
    state: State<Shared>,
    Path(kind): Path<String>,
    params: Params,
) -> Answer {
    rows(&state, &params, kind == "FILL")
}

fn rows(state: &Shared, params: &Params, has_fills: bool) -> Answer {
    let size = params.count("page_size")?.unwrap_or(PAGE_MAX);
    if !(1..=PAGE_MAX).contains(&size) {
        return Err(ApiError::malformed("page_size must be between 1 and 100"));
    }
    let is_ascending = match params.get("direction") {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(ApiError::malformed("invalid direction")),
    };
    let (mut after, mut until) =
        (params.instant_or_date("after")?, params.instant_or_date("until")?);
    if let Some(date) = params.date("date")? {
        let from = midnight(date);
        after = Some(from.plus(SignedDuration::from_nanos(-1)));
        until = date.tomorrow().ok().map(midnight);
    }
    if !has_fills {
        return Ok(ok(&Vec::<Value>::new()));
    }
    let page: Vec<Value> = state.with_world(|world| {
        let is_meant = |notice: &&std::sync::Arc<OrderNotice>| {
            after.is_none_or(|after| notice.at > after)
                && until.is_none_or(|until| notice.at < until)
                && params
                    .get("order_id")
                    .is_none_or(|id| id == notice.order.broker_order_id.as_str())
        };
        let token = params.get("page_token");
        let executions: Box<dyn Iterator<Item = _>> = if is_ascending {
            Box::new(world.executions())
        } else {
            Box::new(world.executions().rev())
        };
        // The page begins after the row that the token names.
        let mut is_before = token.is_some();
        let is_on_page = |notice: &&std::sync::Arc<OrderNotice>| {
            let was_before = is_before;
            if is_before && token == Some(row_id(notice).as_str()) {
                is_before = false;
            }
            !was_before
        };
        executions.filter(is_on_page).filter(is_meant).take(size).map(|n| row(n)).collect()
    });
    Ok(ok(&page))
}

fn row_id(notice: &OrderNotice) -> String {
    let time = wall_clock(notice.at).strftime("%Y%m%d%H%M%S%3f");
    format!("{time}::{}", uuid(family::ACTIVITY, notice.number))
}

fn row(notice: &OrderNotice) -> Value {
    let order = &notice.order;
    let is_done = notice.kind == NoticeKind::Fill;
    json!({
        "id": row_id(notice), "activity_type": "FILL",
        "type": if is_done { "fill" } else { "partial_fill" },
        "transaction_time": notice.at, "symbol": order.symbol.as_str(),
        "side": order.side.name(),
        "qty": notice.execution.as_ref().map(|execution| execution.qty.to_string()),
        "price": notice.execution.as_ref().map(|execution| price_text(execution.price)),
        "cum_qty": order.filled.to_string(), "leaves_qty": order.leaves().to_string(),
        "order_id": order.broker_order_id.as_str(), "order_status": order.status.name(),
    })
}
