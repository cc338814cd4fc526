//! What stands beside the data: exchange and condition codes, screeners, auctions
//! (Alpaca, protocol page §5 of October 2026).

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use rust_decimal::Decimal;

use super::access::refused;
use super::query::{Fault, Parameters, symbol_of, symbols_of};
use super::routes::answer;
use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::{Shared, World};
use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price};

const EXCHANGES: [(&str, &str); 22] = [
    ("A", "NYSE American (AMEX)"),
    ("B", "NASDAQ OMX BX"),
    ("C", "National Stock Exchange"),
    ("D", "FINRA ADF"),
    ("E", "Market Independent"),
    ("H", "MIAX"),
    ("I", "International Securities Exchange"),
    ("J", "Cboe EDGA"),
    ("K", "Cboe EDGX"),
    ("L", "Long Term Stock Exchange"),
    ("M", "Chicago Stock Exchange"),
    ("N", "New York Stock Exchange"),
    ("P", "NYSE Arca"),
    ("Q", "NASDAQ OMX"),
    ("S", "NASDAQ Small Cap"),
    ("T", "NASDAQ Int"),
    ("U", "Members Exchange"),
    ("V", "IEX"),
    ("W", "CBOE"),
    ("X", "NASDAQ OMX PSX"),
    ("Y", "Cboe BYX"),
    ("Z", "Cboe BZX"),
];

/// The conditions that the simulator uses, and a few that every client knows.
const TRADE_CONDITIONS: [(&str, &str); 5] = [
    ("@", "Regular Sale"),
    ("F", "Intermarket Sweep"),
    ("I", "Odd Lot Trade"),
    ("T", "Form T"),
    ("W", "Average Price Trade"),
];
const QUOTE_CONDITIONS: [(&str, &str); 3] =
    [("A", "Slow Quote Offer Side"), ("B", "Slow Quote Bid Side"), ("R", "Regular Two-Sided Open")];

/// Stocks of a screener's list by default, and at most.
const TOP_DEFAULT: usize = 10;
const TOP_MAX: usize = 100;

fn table(rows: &[(&'static str, &'static str)]) -> Field {
    Field::Object(rows.iter().map(|(code, name)| ((*code).into(), Field::from(*name))).collect())
}

/// Answers with the names of exchanges by code.
pub(super) async fn exchanges() -> Response {
    answer(Ok(table(&EXCHANGES)))
}

/// Answers with the names of conditions by code; the tape must be named.
pub(super) async fn conditions(
    Path(kind): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let tape = parameters.get("tape").map(String::as_str);
    match (kind.as_str(), tape) {
        ("trade", Some("A" | "B" | "C")) => answer(Ok(table(&TRADE_CONDITIONS))),
        ("quote", Some("A" | "B" | "C")) => answer(Ok(table(&QUOTE_CONDITIONS))),
        ("trade" | "quote", Some(tape)) => {
            answer(Err(Fault::Parameter(format!("invalid tape: {tape}"))))
        }
        ("trade" | "quote", None) => answer(Err(Fault::Parameter("tape is required".into()))),
        (kind, _) => answer(Err(Fault::Parameter(format!("invalid ticktype: {kind}")))),
    }
}

/// Answers for auctions of several symbols: there are none in the simulated market.
pub(super) async fn auctions(Query(parameters): Query<Parameters>) -> Response {
    answer(symbols_of(&parameters).map(|_| {
        Field::object([("auctions", Field::Object(Vec::new())), ("next_page_token", Field::Null)])
    }))
}

/// Answers for auctions of one symbol.
pub(super) async fn auctions_of_one(Path(symbol): Path<String>) -> Response {
    answer(symbol_of(&symbol).map(|symbol| {
        Field::object([
            ("symbol", symbol.into()),
            ("auctions", Field::Null),
            ("next_page_token", Field::Null),
        ])
    }))
}

fn top_of(parameters: &Parameters) -> Result<usize, Fault> {
    parameters.get("top").map_or(Ok(TOP_DEFAULT), |text| {
        let top = text.parse().ok().filter(|top| (1..=TOP_MAX).contains(top));
        top.ok_or_else(|| Fault::Parameter(format!("invalid top: {text}")))
    })
}

/// Answers with the stocks that trade most today, by volume or number of trades.
pub(super) async fn most_actives(
    State(state): State<Shared>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let by_trades = match parameters.get("by").map(String::as_str) {
        None | Some("volume") => false,
        Some("trades") => true,
        Some(by) => return answer(Err(Fault::Parameter(format!("invalid by: {by}")))),
    };
    answer(top_of(&parameters).map(|top| {
        state.with_world(|world| {
            let today = |symbol| world.daily_bars(symbol).0;
            let mut rows: Vec<(Symbol, u64, u64)> = world
                .stocks()
                .filter_map(|stock| {
                    today(stock.symbol).map(|day| (stock.symbol, day.bar.volume, day.trades))
                })
                .collect();
            rows.sort_by_key(|row| std::cmp::Reverse(if by_trades { row.2 } else { row.1 }));
            let rows = rows.into_iter().take(top).map(|(symbol, volume, trades)| {
                Field::object([
                    ("symbol", symbol.into()),
                    ("volume", Field::count(volume)),
                    ("trade_count", Field::count(trades)),
                ])
            });
            Field::object([
                ("most_actives", Field::List(rows.collect())),
                ("last_updated", Field::Time(world.now())),
            ])
        })
    }))
}

/// One stock's way since the day before.
struct Move {
    symbol: Symbol,
    price: Price,
    change: Money,
    percent: Decimal,
}

impl Move {
    fn of(world: &World, symbol: Symbol) -> Option<Self> {
        let price = world.last_price(symbol)?;
        let before = world.daily_bars(symbol).1?.bar.close;
        let change = price.minus(before);
        let ratio = change.ratio_to(before.as_money())?;
        let percent = ratio.checked_mul(Decimal::ONE_HUNDRED)?.round_dp(2);
        Some(Self { symbol, price, change, percent })
    }

    fn field(&self) -> Field {
        Field::object([
            ("symbol", self.symbol.into()),
            ("percent_change", Field::Decimal(self.percent)),
            ("change", Field::Decimal(self.change.to_decimal().normalize())),
            ("price", Field::Price(self.price)),
        ])
    }
}

/// Answers with the stocks that have risen and fallen most since the day before.
pub(super) async fn movers(
    State(state): State<Shared>,
    Path(market): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    if market != "stocks" {
        return refused(StatusCode::NOT_FOUND, "endpoint not found.");
    }
    answer(top_of(&parameters).map(|top| {
        state.with_world(|world| {
            let mut moves: Vec<Move> =
                world.stocks().filter_map(|stock| Move::of(world, stock.symbol)).collect();
            moves.sort_by_key(|it| std::cmp::Reverse(it.percent));
            let gainers = moves.iter().filter(|it| it.percent > Decimal::ZERO).take(top);
            let losers = moves.iter().rev().filter(|it| it.percent < Decimal::ZERO).take(top);
            Field::object([
                ("gainers", Field::List(gainers.map(Move::field).collect())),
                ("losers", Field::List(losers.map(Move::field).collect())),
                ("market_type", "stocks".into()),
                ("last_updated", Field::Time(world.now())),
            ])
        })
    }))
}
