//! The account with balances and positions, and the person's preferences (Schwab,
//! protocol page §3.1 and §3.6 of October 2026).

use axum::extract::{Path, State};
use rust_decimal::Decimal;
use serde_json::json;

use crate::brokers::sim::exchange::PositionView;
use crate::brokers::sim::server::World;
use crate::brokers::sim::server::frames::Field;
use crate::domain::money::{Money, Qty};
use crate::domain::position::Direction;

use super::answers::{Answer, double, money, object, ok, price_or_zero, shares, ticker};
use super::fields::Params;
use super::order_json::cusip;
use super::orders::check_account;
use super::state::{ACCOUNT, SchwabShared};

pub(super) async fn numbers(State(state): State<SchwabShared>) -> Answer {
    let account = ACCOUNT.to_string();
    Ok(ok(&json!([{ "accountNumber": account, "hashValue": state.account_hash() }])))
}

pub(super) async fn list(State(state): State<SchwabShared>, params: Params) -> Answer {
    let has_positions = params.list("fields").unwrap_or_default().contains(&"positions");
    let account = state.world.with_world(|world| account(world, has_positions));
    Ok(ok(&Field::List(vec![account])))
}

pub(super) async fn get(
    State(state): State<SchwabShared>,
    Path(hash): Path<String>,
    params: Params,
) -> Answer {
    check_account(&state, &hash)?;
    let has_positions = params.list("fields").unwrap_or_default().contains(&"positions");
    Ok(ok(&state.world.with_world(|world| account(world, has_positions))))
}

fn account(world: &World, has_positions: bool) -> Field {
    let view = world.exchange().account();
    let positions = world.exchange().positions();
    let mut fields = vec![
        ("type", Field::from("MARGIN")),
        ("accountNumber", Field::text(ACCOUNT.to_string())),
        ("roundTrips", Field::Integer(0)),
        ("isDayTrader", Field::Bool(false)),
        ("isClosingOnlyRestricted", Field::Bool(view.is_suspended)),
        ("pfcbFlag", Field::Bool(false)),
    ];
    if has_positions && !positions.is_empty() {
        let rows = positions.iter().map(|view| position(world, view)).collect();
        fields.push(("positions", Field::List(rows)));
    }
    let half = Decimal::new(5, 1);
    let funds = Money::from_units(view.buying_power.units() / 2);
    let maintenance = (view.long_market_value + view.short_market_value.abs()).scaled(half);
    let current = vec![
        ("accruedInterest", money(Money::ZERO)),
        ("cashBalance", money(view.cash)),
        ("cashReceipts", money(Money::ZERO)),
        ("longOptionMarketValue", money(Money::ZERO)),
        ("liquidationValue", money(view.equity)),
        ("longMarketValue", money(view.long_market_value)),
        ("moneyMarketFund", money(Money::ZERO)),
        ("savings", money(Money::ZERO)),
        ("shortMarketValue", money(view.short_market_value)),
        ("pendingDeposits", money(Money::ZERO)),
        ("availableFunds", money(funds)),
        ("availableFundsNonMarginableTrade", money(funds)),
        ("buyingPower", money(view.buying_power)),
        ("buyingPowerNonMarginableTrade", money(funds)),
        ("dayTradingBuyingPower", money(view.buying_power)),
        ("equity", money(view.equity)),
        ("equityPercentage", double(Decimal::ONE_HUNDRED)),
        ("longMarginValue", money(view.long_market_value)),
        ("maintenanceCall", money(Money::ZERO)),
        ("maintenanceRequirement", money(maintenance)),
        ("marginBalance", money(Money::ZERO)),
        ("regTCall", money(Money::ZERO)),
        ("shortBalance", money(Money::ZERO)),
        ("shortMarginValue", money(view.short_market_value)),
        ("sma", money(funds)),
    ];
    let (opening, _) = world.opening();
    fields.push((
        "initialBalances",
        object(vec![
            ("accountValue", money(view.last_equity)),
            ("cashBalance", money(opening)),
            ("equity", money(view.last_equity)),
            ("liquidationValue", money(view.last_equity)),
            // A number in the specification, a flag on the wire (§3.1).
            ("isInCall", Field::Bool(false)),
        ]),
    ));
    fields.push(("currentBalances", object(current)));
    fields.push((
        "projectedBalances",
        object(vec![
            ("availableFunds", money(funds)),
            ("buyingPower", money(view.buying_power)),
            ("dayTradingBuyingPower", money(view.buying_power)),
            ("isInCall", Field::Bool(false)),
        ]),
    ));
    let total = vec![
        ("currentLiquidationValue", money(view.equity)),
        ("liquidationValue", money(view.equity)),
    ];
    object(vec![("securitiesAccount", object(fields)), ("aggregatedBalance", object(total))])
}

fn position(world: &World, view: &PositionView) -> Field {
    let held = view.position;
    let is_long = held.direction == Direction::Long;
    let (long, short) = if is_long { (held.qty, Qty::ZERO) } else { (Qty::ZERO, held.qty) };
    let average = price_or_zero(held.average_price());
    let (value, profit) = view.price.map_or((Money::ZERO, Money::ZERO), |price| {
        (held.market_value(price), held.unrealized(price))
    });
    let (_, before) = world.daily_bars(held.symbol);
    let change = view.price.zip(before).map(|(price, day)| price.minus(day.bar.close));
    // Funds are named otherwise than in orders (§3.1).
    let is_fund = world
        .stock(held.symbol)
        .is_some_and(|stock| stock.name.contains("ETF") || stock.name.contains("Trust"));
    let asset = if is_fund { "COLLECTIVE_INVESTMENT" } else { "EQUITY" };
    let (average_side, profit_side) = if is_long {
        ("averageLongPrice", "longOpenProfitLoss")
    } else {
        ("averageShortPrice", "shortOpenProfitLoss")
    };
    let settled = if is_long { "settledLongQuantity" } else { "settledShortQuantity" };
    object(vec![
        ("shortQuantity", shares(short)),
        ("averagePrice", average.clone()),
        ("currentDayProfitLoss", money(profit)),
        ("currentDayProfitLossPercentage", double(Decimal::ZERO)),
        ("longQuantity", shares(long)),
        (settled, shares(held.qty)),
        (
            "instrument",
            object(vec![
                ("assetType", asset.into()),
                ("cusip", Field::text(cusip(held.symbol))),
                ("symbol", Field::text(ticker(held.symbol))),
                ("netChange", money(change.unwrap_or_default())),
            ]),
        ),
        ("marketValue", money(value)),
        ("maintenanceRequirement", money(value.abs().scaled(Decimal::new(3, 1)))),
        (average_side, average.clone()),
        ("taxLotAverageLongPrice", average),
        (profit_side, money(profit)),
    ])
}

pub(super) async fn preference(State(state): State<SchwabShared>) -> Answer {
    // Not from the header `Host`: a library that is redirected still says the real one.
    let address = state.address().map(|address| address.to_string());
    let host = address.as_deref().unwrap_or("127.0.0.1");
    Ok(ok(&json!({
        "accounts": [{
            "accountNumber": ACCOUNT.to_string(), "primaryAccount": true, "type": "BROKERAGE",
            "nickName": "Individual", "accountColor": "Green", "displayAcctId": "...042",
            "autoPositionEffect": true,
        }],
        "streamerInfo": [{
            "streamerSocketUrl": format!("ws://{host}/ws"),
            "schwabClientCustomerId": state.account_hash().to_lowercase(),
            "schwabClientCorrelId": "51a0c0de-0000-4000-8000-000000000001",
            "schwabClientChannel": "N9",
            "schwabClientFunctionId": "APIAPP",
        }],
        "offers": [{ "level2Permissions": true, "mktDataPermission": "NP" }],
    })))
}
