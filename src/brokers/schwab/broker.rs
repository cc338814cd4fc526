//! [`SchwabBroker`]: one account of Schwab behind the contract of a broker.
//!
//! Here is what the house asks of every broker, call by call. How an order leaves is in
//! `orders`, how lists and one order are read in `reading`, market data in `data`, and
//! what Schwab offers besides in `extras`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use tokio::sync::Notify;

use crate::brokers::Seal;
use crate::brokers::broker::{
    Broker, BrokerAccount, BrokerAsset, BrokerClock, BrokerOrder, OrderDoubt, Replacement,
};
use crate::brokers::call::{Answer, CallError, Refusal};
use crate::brokers::oddity::{Oddities, OddityCounts};
use crate::brokers::schwab::book::{Book, SentOrder};
use crate::brokers::schwab::config::{SchwabConfig, masked};
use crate::brokers::schwab::extras::Decision;
use crate::brokers::schwab::rest::{Family, Request, Rest, unreadable};
use crate::brokers::schwab::seal::{SealedTokens, SharedSeal};
use crate::brokers::schwab::token::AccessTokens;
use crate::brokers::schwab::translate;
use crate::brokers::schwab::translate::market::Session;
use crate::brokers::schwab::wire::{WireAccountNumber, WireAccountRow};
use crate::brokers::tls::install_tls_provider;
use crate::brokers::words::chained;
use crate::bus::clock::Clock;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::market::{Bar, Interval, Quote};
use crate::domain::order::{OrderRequest, RejectReason};
use crate::domain::position::Position;
use crate::domain::time::Timestamp;

/// Why an account cannot be opened; nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made: {0}")]
pub struct OpenError(String);

/// An account's plain number, and the hash that stands for it in paths.
pub(super) struct Account {
    pub(super) number: String,
    pub(super) hash: String,
}

/// One account of Schwab over REST. Its names of our orders last as long as it does:
/// there is one for each account.
pub struct SchwabBroker {
    pub(super) rest: Rest,
    pub(super) config: SchwabConfig,
    pub(super) oddities: Arc<Oddities>,
    /// Told whenever an order has landed.
    pub(super) landed: Notify,
    pub(super) sessions: Mutex<BTreeMap<Date, Option<Session>>>,
    book: Mutex<Book>,
    account: Mutex<Option<Arc<Account>>>,
    seal: SharedSeal,
    stream_tokens: Arc<SealedTokens>,
}

impl std::fmt::Debug for SchwabBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchwabBroker").field("config", &self.config).finish_non_exhaustive()
    }
}

impl SchwabBroker {
    /// Makes the client of an account; nothing is sent. Installs the TLS provider. `sent`
    /// are the orders of earlier runs that may still be at Schwab, out of the journal:
    /// only by them can [`Broker::find`] answer for them.
    ///
    /// # Errors
    /// When no HTTP client can be made, for instance since the system trusts no roots.
    pub fn new(
        config: SchwabConfig,
        tokens: Arc<dyn AccessTokens>,
        clock: Arc<dyn Clock>,
        sent: Vec<SentOrder>,
    ) -> Result<Self, OpenError> {
        install_tls_provider();
        let seal = SharedSeal::default();
        let stream_tokens =
            SealedTokens { tokens: Arc::clone(&tokens), seal: seal.clone(), may_probe: false };
        let stream_tokens = Arc::new(stream_tokens);
        let tokens = Arc::new(SealedTokens { tokens, seal: seal.clone(), may_probe: true });
        let rest = Rest::new(&config, tokens, clock).map_err(|error| OpenError(chained(&error)))?;
        Ok(Self {
            rest,
            config,
            oddities: Arc::default(),
            landed: Notify::new(),
            sessions: Mutex::default(),
            book: Mutex::new(Book::new(sent)),
            account: Mutex::default(),
            seal,
            stream_tokens,
        })
    }

    /// The tokens of the account's streamer: none while calls are held back.
    pub fn stream_tokens(&self) -> Arc<dyn AccessTokens> {
        self.stream_tokens.clone()
    }

    /// How often what was tolerated.
    pub fn oddity_counts(&self) -> OddityCounts {
        self.oddities.counts()
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        // A panic elsewhere leaves names that are still right.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account's number and hash, asked for once (§3: "call first").
    pub(super) async fn opened(&self) -> Result<Arc<Account>, CallError> {
        let known = self.account.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(account) = known {
            return Ok(account);
        }
        let path = ["accounts", "accountNumbers"];
        let request = Request::read("GET /accounts/accountNumbers", Family::Trader, &path);
        let reply = self.rest.send(request).await?;
        let rows: Vec<WireAccountNumber> = reply.json()?;
        let account = Arc::new(self.chosen(rows).map_err(CallError::Refused)?);
        tracing::info!(
            account = masked(&account.number),
            hash = masked(&account.hash),
            "the account is known"
        );
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&account));
        Ok(account)
    }

    /// The configured account, or the only one.
    fn chosen(&self, rows: Vec<WireAccountNumber>) -> Result<Account, Refusal> {
        let blocked = |why: &str| Refusal::of_ours(RejectReason::AccountBlocked, why);
        let count = rows.len();
        let mut rows = rows.into_iter();
        let row = if let Some(number) = &self.config.account {
            // The configuration may hold the last digits alone.
            let row = rows.find(|row| row.account_number.as_str().ends_with(number));
            let is_clear = !rows.any(|row| row.account_number.as_str().ends_with(number));
            let why = format!("the login does not open one account {}", masked(number));
            row.filter(|_| is_clear).ok_or_else(|| blocked(&why))?
        } else {
            let why = format!("the login opens {count} accounts: name the one to be used");
            rows.next().filter(|_| count == 1).ok_or_else(|| blocked(&why))?
        };
        let is_hash = !row.hash_value.is_empty()
            && row.hash_value.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_hash {
            return Err(blocked("Schwab gives no hash of the account"));
        }
        Ok(Account { number: row.account_number.as_str().to_owned(), hash: row.hash_value })
    }

    async fn account_row(
        &self,
        query: &[(&'static str, String)],
    ) -> Result<(Arc<Account>, Answer<WireAccountRow>), CallError> {
        let account = self.opened().await?;
        let path = ["accounts", account.hash.as_str()];
        let request = Request::read("GET /accounts/{hash}", Family::Trader, &path);
        let reply = self.rest.send(Request { query, ..request }).await?;
        let row: WireAccountRow = reply.json()?;
        Ok((account, reply.answer(row)))
    }
}

impl Broker for SchwabBroker {
    fn name(&self) -> &'static str {
        "schwab.live"
    }

    /// Schwab has no name of ours for an order (§3.5).
    fn deduplicates(&self) -> bool {
        false
    }

    fn seal(&self, seal: Seal) {
        self.seal.set(seal);
    }

    fn doubts(&self) -> Vec<OrderDoubt> {
        self.order_doubts()
    }

    fn decide(&self, order: &ClientOrderId, is: Option<&BrokerOrderId>) -> bool {
        let decision = is.map_or(Decision::NotPlaced, |id| Decision::Is(id.clone()));
        Self::decide(self, order, decision)
    }

    /// Asks anew which accounts the login opens; the new login may open others.
    async fn probe(&self) -> Result<Answer<()>, CallError> {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.opened().await?;
        Ok(Answer { value: (), rate: None, request_id: None })
    }

    async fn submit(&self, order: &OrderRequest) -> Result<Answer<BrokerOrder>, CallError> {
        self.send_order(order).await
    }

    async fn cancel(&self, order: &BrokerOrderId) -> Result<Answer<()>, CallError> {
        self.cancel_order(order).await
    }

    async fn replace(&self, change: &Replacement) -> Result<Answer<BrokerOrder>, CallError> {
        self.replace_order(change).await
    }

    /// Schwab has no such call: every open order is asked for and cancelled, one after
    /// the other, and the first failure is told when all were tried.
    async fn cancel_all(&self) -> Result<Answer<()>, CallError> {
        self.cancel_open_orders().await
    }

    async fn find(&self, order: &ClientOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        self.find_order(order).await
    }

    async fn order(&self, order: &BrokerOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        self.read_order(order).await
    }

    async fn orders(&self, since: Timestamp) -> Result<Answer<Vec<BrokerOrder>>, CallError> {
        self.open_and_newer_orders(since).await
    }

    async fn account(&self) -> Result<Answer<BrokerAccount>, CallError> {
        let (account, answer) = self.account_row(&[]).await?;
        Ok(answer.map(|row| {
            let wire = &row.securities_account;
            translate::account::account(wire, &account.number, &self.oddities)
        }))
    }

    async fn positions(&self) -> Result<Answer<Vec<Position>>, CallError> {
        let (_, answer) = self.account_row(&[("fields", "positions".to_owned())]).await?;
        let Answer { value: row, rate, request_id } = answer;
        let wire = row.securities_account.positions.unwrap_or_default();
        let positions = translate::account::positions(&wire, &self.oddities);
        let value = positions.map_err(|error| unreadable(&error))?;
        Ok(Answer { value, rate, request_id })
    }

    async fn clock(&self) -> Result<Answer<BrokerClock>, CallError> {
        self.hours().await
    }

    async fn asset(&self, symbol: Symbol) -> Result<Answer<Option<BrokerAsset>>, CallError> {
        self.asset_of(symbol).await
    }

    async fn bars(
        &self,
        symbols: &[Symbol],
        interval: Interval,
        span: (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<Bar>>, CallError> {
        self.bars_of(symbols, interval, span).await
    }

    async fn quotes(&self, symbols: &[Symbol]) -> Result<Answer<Vec<Quote>>, CallError> {
        self.quotes_of(symbols).await
    }
}
