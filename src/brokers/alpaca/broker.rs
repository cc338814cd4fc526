//! [`AlpacaBroker`]: one account of Alpaca behind the contract of a broker.
//!
//! Here is what the house asks of every broker; what Alpaca offers besides (closing,
//! suspending, executions, snapshots) is in `extras`, reading in pages in `pages`.

use std::sync::Arc;

use reqwest::Method;

use crate::brokers::alpaca::classify::{self, Beside};
use crate::brokers::alpaca::config::{AccountKind, AlpacaConfig, ConfigError, Endpoints};
use crate::brokers::alpaca::keys::{ApiKeys, KeyError};
use crate::brokers::alpaca::rest::{Reply, Request, Rest, Surface};
use crate::brokers::alpaca::translate::{self, Unreadable, request::refused};
use crate::brokers::alpaca::wire::{
    WireAccount, WireAsset, WireClock, WireItem, WireOrder, WirePosition, WireQuotes,
};
use crate::brokers::broker::{
    Broker, BrokerAccount, BrokerAsset, BrokerClock, BrokerOrder, Execution, Replacement,
};
use crate::brokers::call::{Answer, CallError};
use crate::brokers::oddity::{Oddities, OddityCounts};
use crate::brokers::stream::Redial;
use crate::brokers::tls::install_tls_provider;
use crate::brokers::words::chained;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::market::{Bar, Interval, Quote};
use crate::domain::money::Qty;
use crate::domain::order::{OrderRequest, RejectReason};
use crate::domain::position::Position;
use crate::domain::time::Timestamp;

/// Why an account cannot be opened; nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration does not say where.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys are for something else.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// No HTTP client can be made, for instance since the system trusts no roots.
    #[error("no HTTP client can be made: {0}")]
    Client(String),
}

/// One account of Alpaca over REST.
#[derive(Debug, Clone)]
pub struct AlpacaBroker {
    pub(super) rest: Rest,
    pub(super) config: AlpacaConfig,
    pub(super) oddities: Arc<Oddities>,
    endpoints: Endpoints,
    /// Shared with the stream of orders.
    pub(super) redial: Redial,
}

impl AlpacaBroker {
    /// Makes the client of an account; nothing is sent. Installs the TLS provider.
    ///
    /// # Errors
    /// When the address is not allowed, or the keys are those of the other account.
    pub fn new(config: AlpacaConfig, keys: &ApiKeys) -> Result<Self, OpenError> {
        install_tls_provider();
        keys.check_for(&config.kind)?;
        let endpoints = config.endpoints()?;
        let rest = Rest::new(&config, &endpoints, keys)
            .map_err(|error| OpenError::Client(chained(&error)))?;
        Ok(Self { rest, config, oddities: Arc::default(), endpoints, redial: Redial::default() })
    }

    /// Makes the client of the same account by its backup endpoint, where one is
    /// configured; nothing is sent.
    ///
    /// # Errors
    /// When the address is not allowed.
    pub fn backup(&self, keys: &ApiKeys) -> Result<Option<Self>, OpenError> {
        let Some(endpoints) = self.config.backup_endpoints()? else { return Ok(None) };
        let rest = Rest::new(&self.config, &endpoints, keys)
            .map_err(|error| OpenError::Client(chained(&error)))?;
        let (config, oddities) = (self.config.clone(), self.oddities.clone());
        let redial = self.redial.clone();
        Ok(Some(Self { rest, config, oddities, endpoints, redial }))
    }

    /// Where the account is reached, streams included.
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The counters of what was tolerated, to be shared with the streams.
    pub const fn oddities(&self) -> &Arc<Oddities> {
        &self.oddities
    }

    /// How often what was tolerated.
    pub fn oddity_counts(&self) -> OddityCounts {
        self.oddities.counts()
    }

    /// Reads an order out of an answer. What cannot be read was done all the same.
    pub(super) fn order_in(&self, reply: &Reply) -> Result<BrokerOrder, CallError> {
        let wire: WireOrder = reply.json()?;
        translate::broker_order(&wire, &self.oddities).map_err(|error| reply.unreadable(&error))
    }

    /// Asks for one order in some way; `None` when Alpaca does not know it.
    async fn one_order(
        &self,
        request: Request<'_>,
    ) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        match self.rest.send(request).await?.found()? {
            Ok(reply) => {
                let order = self.order_in(&reply)?;
                Ok(reply.answer(Some(order)))
            }
            Err(nothing) => Ok(nothing.map(|()| None)),
        }
    }
}

/// A part of a path that comes from outside. Parts of dots alone would vanish from
/// the path: `DELETE /v2/orders/..` ends all orders.
pub(super) fn part<'a>(text: &'a str, what: &str) -> Result<&'a str, CallError> {
    if text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(text);
    }
    let why = format!("'{text}' is not {what}");
    Err(CallError::Refused(refused(RejectReason::NotWorking, &why)))
}

/// JSON of a body of our own.
pub(super) fn json<T: serde::Serialize>(body: &T) -> Vec<u8> {
    serde_json::to_vec(body).expect("our bodies hold texts and booleans alone")
}

/// The one answer of several that failed, if any. Orders that are over already are no
/// failure of a request to end them.
fn failed_item(items: &[WireItem]) -> Option<CallError> {
    let item = items.iter().find(|item| !matches!(item.status, 200..=299 | 404 | 422))?;
    let body = item.body.as_ref().map_or("", |body| body.get());
    Some(classify::failure(item.status, body.as_bytes(), Beside::default()))
}

impl Broker for AlpacaBroker {
    fn name(&self) -> &'static str {
        match self.config.kind {
            AccountKind::Paper => "alpaca.paper",
            AccountKind::Live => "alpaca.live",
            AccountKind::Simulated { .. } => "alpaca.sim",
        }
    }

    /// Alpaca refuses a client order id for ever after its first use (§4.3).
    fn deduplicates(&self) -> bool {
        true
    }

    async fn submit(&self, order: &OrderRequest) -> Result<Answer<BrokerOrder>, CallError> {
        let body =
            translate::request::submit(order, self.config.disputed).map_err(CallError::Refused)?;
        let path = ["v2", "orders"];
        let request = Request {
            body: Some(json(&body)),
            about: Some(order.client_order_id.as_str()),
            ..Request::change("POST /v2/orders", Method::POST, &path)
        };
        let reply = self.rest.send(request).await?.success()?;
        let order = self.order_in(&reply)?;
        Ok(reply.answer(order))
    }

    async fn cancel(&self, order: &BrokerOrderId) -> Result<Answer<()>, CallError> {
        let path = ["v2", "orders", part(order.as_str(), "an order's id")?];
        let request = Request {
            about: Some(order.as_str()),
            ..Request::change("DELETE /v2/orders/{id}", Method::DELETE, &path)
        };
        match self.rest.send(request).await?.success() {
            Ok(reply) => Ok(reply.answer(())),
            // It has been asked before: success means no more than that.
            Err(CallError::Refused(refusal))
                if refusal.message.contains("order pending cancel") =>
            {
                let (rate, request_id) = (refusal.rate, refusal.request_id);
                Ok(Answer { value: (), rate, request_id })
            }
            Err(error) => Err(error),
        }
    }

    async fn replace(&self, change: &Replacement) -> Result<Answer<BrokerOrder>, CallError> {
        let body = translate::request::replace(change).map_err(CallError::Refused)?;
        let path = ["v2", "orders", part(change.broker_order_id.as_str(), "an order's id")?];
        let request = Request {
            body: Some(json(&body)),
            about: Some(change.client_order_id.as_str()),
            ..Request::change("PATCH /v2/orders/{id}", Method::PATCH, &path)
        };
        let reply = self.rest.send(request).await?.success()?;
        let order = self.order_in(&reply)?;
        Ok(reply.answer(order))
    }

    async fn cancel_all(&self) -> Result<Answer<()>, CallError> {
        let path = ["v2", "orders"];
        let request = Request::change("DELETE /v2/orders", Method::DELETE, &path);
        let reply = self.rest.send(request).await?.success()?;
        let items: Vec<WireItem> = if reply.is_empty() { Vec::new() } else { reply.json()? };
        match failed_item(&items) {
            Some(error) => Err(error),
            None => Ok(reply.answer(())),
        }
    }

    async fn find(&self, order: &ClientOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let path = ["v2", "orders:by_client_order_id"];
        let query = [("client_order_id", order.as_str().to_owned())];
        let label = "GET /v2/orders:by_client_order_id";
        self.one_order(Request {
            query: &query,
            about: Some(order.as_str()),
            ..Request::read(label, Surface::Trading, &path)
        })
        .await
    }

    async fn order(&self, order: &BrokerOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let path = ["v2", "orders", part(order.as_str(), "an order's id")?];
        let query = [("nested", "true".to_owned())];
        self.one_order(Request {
            query: &query,
            about: Some(order.as_str()),
            ..Request::read("GET /v2/orders/{id}", Surface::Trading, &path)
        })
        .await
    }

    async fn orders(&self, since: Timestamp) -> Result<Answer<Vec<BrokerOrder>>, CallError> {
        self.open_and_newer_orders(since).await
    }

    fn lists_executions(&self) -> bool {
        true
    }

    async fn executions(
        &self,
        order: &BrokerOrder,
    ) -> Result<Answer<Vec<(Execution, Qty)>>, CallError> {
        self.executions_of(order).await
    }

    fn pushes_executions(&self) -> bool {
        true
    }

    fn redial_orders(&self) {
        self.redial.ask();
    }

    async fn account(&self) -> Result<Answer<BrokerAccount>, CallError> {
        let path = ["v2", "account"];
        let request = Request::read("GET /v2/account", Surface::Trading, &path);
        let reply = self.rest.send(request).await?.success()?;
        let wire: WireAccount = reply.json()?;
        let expected = self.config.account_id.as_deref();
        Ok(reply.answer(translate::account::account(&wire, expected, &self.oddities)))
    }

    async fn positions(&self) -> Result<Answer<Vec<Position>>, CallError> {
        let path = ["v2", "positions"];
        let request = Request::read("GET /v2/positions", Surface::Trading, &path);
        let reply = self.rest.send(request).await?.success()?;
        let wire: Vec<WirePosition> = reply.json()?;
        let positions = translate::account::positions(&wire, &self.oddities)
            .map_err(|error| reply.unreadable(&error))?;
        Ok(reply.answer(positions))
    }

    async fn clock(&self) -> Result<Answer<BrokerClock>, CallError> {
        let path = ["v2", "clock"];
        let request = Request::read("GET /v2/clock", Surface::Trading, &path);
        let reply = self.rest.send(request).await?.success()?;
        let wire: WireClock = reply.json()?;
        Ok(reply.answer(translate::account::clock(wire)))
    }

    async fn asset(&self, symbol: Symbol) -> Result<Answer<Option<BrokerAsset>>, CallError> {
        let path = ["v2", "assets", part(symbol.as_str(), "a symbol")?];
        let request = Request::read("GET /v2/assets/{symbol}", Surface::Trading, &path);
        match self.rest.send(request).await?.found()? {
            Ok(reply) => {
                let wire: WireAsset = reply.json()?;
                let read = |error: Unreadable| reply.unreadable(&error);
                let asset = translate::account::asset(&wire).map_err(read)?;
                Ok(reply.answer(Some(asset)))
            }
            Err(nothing) => Ok(nothing.map(|()| None)),
        }
    }

    async fn bars(
        &self,
        symbols: &[Symbol],
        interval: Interval,
        span: (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<Bar>>, CallError> {
        self.all_bars(symbols, interval, span).await
    }

    async fn quotes(&self, symbols: &[Symbol]) -> Result<Answer<Vec<Quote>>, CallError> {
        let path = ["v2", "stocks", "quotes", "latest"];
        let label = "GET /v2/stocks/quotes/latest";
        self.of_symbols(label, &path, symbols, |reply| {
            let wire: WireQuotes = reply.json()?;
            let named = self.named(wire.quotes.unwrap_or_default());
            Ok(named
                .filter_map(|(symbol, quote)| {
                    translate::market::quote(symbol, &quote?, &self.oddities)
                })
                .collect())
        })
        .await
    }
}
