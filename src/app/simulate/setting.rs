//! How a simulated house is set up: rules under which much is traded in little time, and
//! a market that moves in minutes as far as others in a day.

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use rust_decimal::dec;

use crate::breakers::BudgetConfig;
use crate::brokers::gateway::GatewayConfig;
use crate::brokers::sim::direct::FloorSetup;
use crate::brokers::sim::exchange::{ExchangeConfig, FillModel, Partials};
use crate::brokers::sim::market::Listing;
use crate::config::{Config, Purpose};
use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price};
use crate::events::ExitStyle;

/// The first session of every run.
pub(super) const FIRST_DAY: Date = date(2026, 10, 5);
/// The account's name at the broker.
pub(super) const ACCOUNT: &str = "DIRECT";
/// Stocks, prices in cents, volatilities of a year. A minute moves them by a percent or two.
const STOCKS: [(&str, i64, f64); 4] =
    [("AAPL", 6_420, 3.5), ("MSFT", 11_180, 2.5), ("NVDA", 8_350, 5.0), ("AMD", 4_790, 4.5)];
/// Time between two steps of the market.
const CADENCE: SignedDuration = SignedDuration::from_secs(2);
/// Cash of the account: little enough that two or three positions reach the limits.
const OPENING_CASH: i64 = 4_000;
/// Requests a minute, and those of them that entries may not use: few enough that the
/// budget binds in a bad minute.
const REQUESTS: u32 = 60;
const REQUESTS_RESERVED: u32 = 20;
/// Executions in a hundred that are partial.
const PARTIALS: u32 = 25;

/// The configuration of the house of a seed.
pub(super) fn config(seed: u64) -> Config {
    let mut config = Config::defaults(Purpose::Sim);
    config.seed = seed;
    config.account.opening_cash = Money::from_dollars(OPENING_CASH);
    config.risk.max_gross_exposure = dec!(0.5);
    config.risk.max_strategy_losses = 0;
    config.risk.max_daily_loss = dec!(0.5);
    config.risk.max_weekly_loss = dec!(0.5);
    config.risk.max_drawdown = dec!(0.5);
    config.strategy.ensemble.threshold = 0.1;
    config.strategy.stop_fraction = dec!(0.015);
    config.strategy.target_fraction = dec!(0.04);
    config.strategy.time_exit_minutes = 4;
    config.strategy.retry_bars = 1;
    config.execution.entry_age_seconds = 20;
    config.alpaca.requests_per_minute = REQUESTS;
    config.alpaca.requests_reserved = REQUESTS_RESERVED;
    let is_managed = seed.is_multiple_of(2);
    config.position.exit_style = if is_managed { ExitStyle::Managed } else { ExitStyle::NativeOco };
    config
}

/// Whether the house of a seed has a second connection to its broker.
pub(super) const fn has_backup(seed: u64) -> bool {
    seed % 4 >= 2
}

/// What the gateway is told, apart from when it begins.
pub(super) fn gateway(config: &Config) -> GatewayConfig {
    GatewayConfig {
        budget: BudgetConfig {
            limit: config.alpaca.requests_per_minute,
            reserve: config.alpaca.requests_reserved,
        },
        account_id: Some(ACCOUNT.to_owned()),
        symbols: listings().iter().map(|listing| listing.symbol).collect(),
        hours: config.market.hours,
        seed: config.seed,
        ..GatewayConfig::default()
    }
}

/// The broker's side of a seed.
pub(super) fn floor(config: &Config) -> FloorSetup {
    let partials = Partials::Random { percent: PARTIALS, seed: config.seed };
    FloorSetup {
        seed: config.seed,
        date: FIRST_DAY,
        listings: listings(),
        cadence: CADENCE,
        exchange: ExchangeConfig {
            opening_cash: config.account.opening_cash,
            fill: FillModel { partials, ..FillModel::default() },
            ..ExchangeConfig::default()
        },
    }
}

fn listings() -> Vec<Listing> {
    let listing = |(ticker, cents, annual_volatility)| Listing {
        symbol: Symbol::new(ticker).expect("the table holds legal tickers"),
        price: Price::from_cents(cents).expect("the table holds legal prices"),
        annual_volatility,
    };
    STOCKS.map(listing).into()
}
