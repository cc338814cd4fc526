//! What has moved on the account (Schwab, protocol page §3.6 of October 2026): one row
//! per execution; the simulated account has no other movements.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::SignedDuration;

use crate::brokers::sim::server::OrderNotice;
use crate::brokers::sim::server::frames::Field;
use crate::domain::money::Money;
use crate::domain::order::Side;

use super::answers::{Answer, Refused, double, money, number, object, ok, price, symbol_of, time};
use super::book::Book;
use super::fields::{Params, required_instant};
use super::order_json::{activity_id, instrument};
use super::orders::check_account;
use super::state::{ACCOUNT, SchwabShared};

/// Kinds of rows that may be asked for.
const TYPES: [&str; 15] = [
    "TRADE",
    "RECEIVE_AND_DELIVER",
    "DIVIDEND_OR_INTEREST",
    "ACH_RECEIPT",
    "ACH_DISBURSEMENT",
    "CASH_RECEIPT",
    "CASH_DISBURSEMENT",
    "ELECTRONIC_FUND",
    "WIRE_OUT",
    "WIRE_IN",
    "JOURNAL",
    "MEMORANDUM",
    "MARGIN_CALL",
    "MONEY_MARKET",
    "SMA_ADJUSTMENT",
];
const ROWS_MAX: usize = 3_000;
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

pub(super) async fn list(
    State(state): State<SchwabShared>,
    Path(hash): Path<String>,
    params: Params,
) -> Answer {
    check_account(&state, &hash)?;
    let start = required_instant(&params, "startDate")?;
    let end = required_instant(&params, "endDate")?;
    let types = params.list("types").unwrap_or_default();
    if types.is_empty() || types.iter().any(|kind| !TYPES.contains(kind)) {
        return Err(Refused::order("types is required and must name known types"));
    }
    if end < start || end.since(start) > YEAR {
        return Err(Refused::order("the dates must span a year at most"));
    }
    let symbol = params.get("symbol").map(|text| symbol_of(&text.to_uppercase()));
    let rows = state.with_book(|world, book| {
        book.learn(world.exchange());
        let is_meant = |notice: &&OrderNotice| {
            types.contains(&"TRADE")
                && (start..=end).contains(&notice.at)
                && symbol.is_none_or(|symbol| symbol == Some(notice.order.symbol))
        };
        let rows: Vec<&OrderNotice> =
            world.executions().rev().map(AsRef::as_ref).filter(is_meant).take(ROWS_MAX).collect();
        let exchange = world.exchange();
        rows.into_iter()
            .map(|notice| {
                let number = book.number_of(&notice.order.broker_order_id, exchange);
                row(notice, number, book)
            })
            .collect()
    });
    Ok(ok(&Field::List(rows)))
}

pub(super) async fn get(
    State(state): State<SchwabShared>,
    Path((hash, id)): Path<(String, String)>,
) -> Answer {
    check_account(&state, &hash)?;
    let found = state.with_book(|world, book| {
        let mut executions = world.executions();
        let notice = executions.find(|notice| activity_id(notice).to_string() == id)?;
        let number = book.number_of(&notice.order.broker_order_id, world.exchange());
        Some(row(notice, number, book))
    });
    let found =
        found.ok_or_else(|| Refused::trader(StatusCode::NOT_FOUND, "Transaction not found"))?;
    Ok(ok(&Field::List(vec![found])))
}

fn row(notice: &OrderNotice, order_number: Option<u64>, book: &Book) -> Field {
    let order = &notice.order;
    let (value, qty, at_price) = match &notice.execution {
        Some(own) => (own.price.times(own.qty), own.qty.to_decimal(), Some(own.price)),
        None => (Money::ZERO, rust_decimal::Decimal::ZERO, None),
    };
    let (amount, cost) = match order.side {
        Side::Buy => (qty, -value),
        Side::Sell => (-qty, value),
    };
    let ticket = order_number.and_then(|id| book.node(id)).and_then(|node| node.ticket.as_ref());
    let effect = ticket.map_or("OPENING", |ticket| ticket.position_effect());
    let mut item = vec![
        ("instrument", instrument(order.symbol)),
        ("amount", double(amount)),
        ("cost", money(cost)),
        ("positionEffect", effect.into()),
    ];
    item.extend(at_price.map(|at| ("price", price(at))));
    object(vec![
        ("activityId", number(activity_id(notice))),
        ("time", time(notice.at)),
        ("accountNumber", Field::text(ACCOUNT.to_string())),
        ("type", "TRADE".into()),
        ("status", "VALID".into()),
        ("subAccount", "MARGIN".into()),
        ("tradeDate", time(notice.at)),
        ("settlementDate", time(notice.at.plus(SignedDuration::from_hours(24)))),
        ("positionId", number(super::order_json::instrument_id(order.symbol))),
        ("orderId", order_number.map_or(Field::Null, number)),
        ("netAmount", money(cost)),
        ("transferItems", Field::List(vec![object(item)])),
    ])
}
