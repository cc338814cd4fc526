//! What is known of a stock now, in Schwab's words, for quotes and streamer alike.

use rust_decimal::Decimal;

use crate::brokers::sim::server::World;
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, Quote, Tick, TradingStatus};
use crate::domain::money::Price;

/// A stock as it stands.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::brokers::sim::server::schwab) struct Snapshot {
    pub(in crate::brokers::sim::server::schwab) name: &'static str,
    pub(in crate::brokers::sim::server::schwab) exchange: &'static str,
    pub(in crate::brokers::sim::server::schwab) exchange_letter: &'static str,
    pub(in crate::brokers::sim::server::schwab) status: &'static str,
    pub(in crate::brokers::sim::server::schwab) quote: Option<Quote>,
    pub(in crate::brokers::sim::server::schwab) tick: Option<Tick>,
    /// The day so far, or the last one.
    pub(in crate::brokers::sim::server::schwab) today: Option<Bar>,
    pub(in crate::brokers::sim::server::schwab) previous_close: Option<Price>,
    /// Dollars since the previous close.
    pub(in crate::brokers::sim::server::schwab) change: Decimal,
    /// The same in percent, to two places.
    pub(in crate::brokers::sim::server::schwab) change_percent: Decimal,
}

impl Snapshot {
    /// Looks at a stock; `None` when it is not listed.
    pub(in crate::brokers::sim::server::schwab) fn of(
        world: &World,
        symbol: Symbol,
    ) -> Option<Self> {
        let stock = world.stock(symbol)?;
        let (today, before) = world.daily_bars(symbol);
        let tick = world.last_tick(symbol);
        let previous_close = before.map(|day| day.bar.close);
        let change = tick
            .zip(previous_close)
            .map_or(Decimal::ZERO, |(tick, close)| tick.price.minus(close).to_decimal());
        let percent = previous_close.and_then(|close| change.checked_div(close.to_decimal()));
        let (exchange_letter, exchange) = match stock.exchange {
            "NYSE" => ("N", "NYSE"),
            "ARCA" => ("P", "NYSE Arca"),
            _ => ("Q", "NASDAQ"),
        };
        let status = match world.status(symbol) {
            TradingStatus::Trading | TradingStatus::ShortSaleRestricted => "Normal",
            TradingStatus::Halted | TradingStatus::LuldPaused => "Halted",
        };
        Some(Self {
            name: stock.name,
            exchange,
            exchange_letter,
            status,
            quote: world.last_quote(symbol),
            tick,
            today: today.map(|day| day.bar),
            previous_close,
            change: change.round_dp(4),
            change_percent: (percent.unwrap_or_default() * Decimal::ONE_HUNDRED).round_dp(2),
        })
    }
}
