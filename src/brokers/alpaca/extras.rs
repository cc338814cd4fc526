//! What Alpaca offers besides the contract of a broker: closing positions, its own
//! kill switch, trading days, all assets, newest trades and snapshots.

use std::collections::BTreeMap;

use jiff::civil::Date;
use reqwest::Method;

use crate::brokers::alpaca::broker::{AlpacaBroker, json, part};
use crate::brokers::alpaca::classify::{self, Beside};
use crate::brokers::alpaca::rest::{Reply, Request, Surface};
use crate::brokers::alpaca::translate::{self, account::MarketDay, market::Snapshot};
use crate::brokers::alpaca::wire::{
    WireAsset, WireConfiguration, WireDay, WireItem, WireOrder, WireSnapshot, WireSuspend,
    WireTrades,
};
use crate::brokers::broker::{BrokerAsset, BrokerOrder};
use crate::brokers::call::{Answer, CallError};
use crate::brokers::words::cleaned;
use crate::domain::ids::Symbol;
use crate::domain::market::Tick;

/// What became of one position when all were to be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Which stock, in Alpaca's words.
    pub symbol: String,
    /// The closing order, or why there is none.
    pub order: Result<BrokerOrder, CallError>,
}

impl AlpacaBroker {
    /// Closes a position by a market order; `None` when there is none. Does not cancel
    /// what holds its shares: cancel, wait for the end, then close (§3.2). Must not be
    /// repeated when the outcome is unknown.
    ///
    /// # Errors
    /// As every call.
    pub async fn close_position(
        &self,
        symbol: Symbol,
    ) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let path = ["v2", "positions", part(symbol.as_str(), "a symbol")?];
        let label = "DELETE /v2/positions/{symbol}";
        let request = Request {
            about: Some(symbol.as_str()),
            ..Request::change(label, Method::DELETE, &path)
        };
        match self.rest.send(request).await?.found()? {
            Ok(reply) => {
                let order = self.order_in(&reply)?;
                Ok(reply.answer(Some(order)))
            }
            Err(flat) => Ok(flat.map(|()| None)),
        }
    }

    /// Closes all positions by market orders, on request after cancelling all orders;
    /// each stock's outcome is told.
    ///
    /// # Errors
    /// As every call; a position that could not be closed is no error of the call.
    pub async fn close_positions(
        &self,
        cancel_orders: bool,
    ) -> Result<Answer<Vec<Closing>>, CallError> {
        let path = ["v2", "positions"];
        let query = [("cancel_orders", cancel_orders.to_string())];
        let request = Request {
            query: &query,
            ..Request::change("DELETE /v2/positions", Method::DELETE, &path)
        };
        let reply = self.rest.send(request).await?.success()?;
        let items: Vec<WireItem> = if reply.is_empty() { Vec::new() } else { reply.json()? };
        let closings = items.iter().map(|item| self.closing(&reply, item)).collect();
        Ok(reply.answer(closings))
    }

    fn closing(&self, reply: &Reply, item: &WireItem) -> Closing {
        let body = item.body.as_ref().map_or("null", |body| body.get());
        let order = if (200..=299).contains(&item.status) {
            serde_json::from_str::<WireOrder>(body)
                .map_err(|error| reply.unreadable(&error))
                .and_then(|wire| {
                    translate::broker_order(&wire, &self.oddities)
                        .map_err(|error| reply.unreadable(&error))
                })
        } else {
            Err(classify::failure(item.status, body.as_bytes(), Beside::default()))
        };
        let symbol = item.symbol.as_deref().or(item.id.as_deref()).unwrap_or_default();
        Closing { symbol: cleaned(symbol), order }
    }

    /// Whether Alpaca refuses all new orders since the owner wants it so.
    ///
    /// # Errors
    /// As every call.
    pub async fn is_suspended(&self) -> Result<Answer<bool>, CallError> {
        let path = ["v2", "account", "configurations"];
        let label = "GET /v2/account/configurations";
        let request = Request::read(label, Surface::Trading, &path);
        let reply = self.rest.send(request).await?.success()?;
        let wire: WireConfiguration = reply.json()?;
        Ok(reply.answer(wire.suspend_trade))
    }

    /// Has Alpaca refuse all new orders, or take them again: a kill switch that holds
    /// even when this process does not (§3.1). Answers what holds now.
    ///
    /// # Errors
    /// As every call.
    pub async fn suspend(&self, is_suspended: bool) -> Result<Answer<bool>, CallError> {
        let path = ["v2", "account", "configurations"];
        let label = "PATCH /v2/account/configurations";
        let request = Request {
            body: Some(json(&WireSuspend { suspend_trade: is_suspended })),
            ..Request::change(label, Method::PATCH, &path)
        };
        let reply = self.rest.send(request).await?.success()?;
        let wire: WireConfiguration = reply.json()?;
        Ok(reply.answer(wire.suspend_trade))
    }

    /// Reads the trading days of `from..=until`; other days are absent.
    ///
    /// # Errors
    /// As every call.
    pub async fn calendar(
        &self,
        from: Date,
        until: Date,
    ) -> Result<Answer<Vec<MarketDay>>, CallError> {
        let path = ["v2", "calendar"];
        let query = [("start", from.to_string()), ("end", until.to_string())];
        let request =
            Request { query: &query, ..Request::read("GET /v2/calendar", Surface::Trading, &path) };
        let reply = self.rest.send(request).await?.success()?;
        let wire: Vec<WireDay> = reply.json()?;
        let days: Result<Vec<_>, _> = wire.iter().map(translate::account::day).collect();
        let days = days.map_err(|error| reply.unreadable(&error))?;
        Ok(reply.answer(days))
    }

    /// Reads all active US equities: more than ten thousand, to be kept for the day.
    /// Those whose symbol is none of ours are left out.
    ///
    /// # Errors
    /// As every call.
    pub async fn assets(&self) -> Result<Answer<Vec<BrokerAsset>>, CallError> {
        let path = ["v2", "assets"];
        let query = [("status", "active".to_owned()), ("asset_class", "us_equity".to_owned())];
        let request =
            Request { query: &query, ..Request::read("GET /v2/assets", Surface::Trading, &path) };
        let reply = self.rest.send(request).await?.success()?;
        let wire: Vec<WireAsset> = reply.json()?;
        let assets = wire.iter().filter_map(|asset| translate::account::asset(asset).ok());
        let assets = assets.collect();
        Ok(reply.answer(assets))
    }

    /// Reads the newest trades.
    ///
    /// # Errors
    /// As every call.
    pub async fn trades(&self, symbols: &[Symbol]) -> Result<Answer<Vec<Tick>>, CallError> {
        let path = ["v2", "stocks", "trades", "latest"];
        let label = "GET /v2/stocks/trades/latest";
        self.of_symbols(label, &path, symbols, |reply| {
            let wire: WireTrades = reply.json()?;
            let named = self.named(wire.trades.unwrap_or_default());
            let read =
                |symbol, wire: Option<_>| translate::market::trade(symbol, &wire?, &self.oddities);
            Ok(named.filter_map(|(symbol, wire)| read(symbol, wire)).collect())
        })
        .await
    }

    /// Reads everything that is newest of some stocks. The answer has no wrapper, and
    /// unknown stocks are absent.
    ///
    /// # Errors
    /// As every call.
    pub async fn snapshots(&self, symbols: &[Symbol]) -> Result<Answer<Vec<Snapshot>>, CallError> {
        let path = ["v2", "stocks", "snapshots"];
        self.of_symbols("GET /v2/stocks/snapshots", &path, symbols, |reply| {
            let wire: BTreeMap<String, Option<WireSnapshot>> = reply.json()?;
            let read = |symbol, wire: Option<WireSnapshot>| {
                Some(translate::market::snapshot(symbol, &wire?, &self.oddities))
            };
            Ok(self.named(wire).filter_map(|(symbol, wire)| read(symbol, wire)).collect())
        })
        .await
    }
}
