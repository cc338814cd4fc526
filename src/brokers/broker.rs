//! What the house asks of a broker: [`Broker`], and the neutral form of its answers.
//!
//! One folder implements it for each broker; the [gateway](crate::brokers::gateway)
//! is its only caller. Wire formats end behind it: everything here is in our words.

use std::future::Future;

use crate::brokers::call::{Answer, CallError};
use crate::domain::ids::{BrokerOrderId, ClientOrderId, ExecutionId, Symbol};
use crate::domain::market::{Bar, Interval, PriceBand, Quote, StatusChange, Tick, TickCorrection};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderReport, OrderRequest, RejectReason};
use crate::domain::position::Position;
use crate::domain::time::Timestamp;
use crate::fsm::link::LinkState;

/// An order as a broker lists it, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerOrder {
    /// Where it stands.
    pub report: OrderReport,
    /// Its attached exits, where the broker lists them.
    pub legs: Vec<Self>,
    /// The order that took its place.
    pub replaced_by: Option<BrokerOrderId>,
    /// The order whose place it took.
    pub replaces: Option<BrokerOrderId>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One execution of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The broker's name for it; absent where the broker gives none, and the order's
    /// cumulative quantity is the key.
    pub execution_id: Option<ExecutionId>,
    /// Shares of this execution.
    pub qty: Qty,
    /// Dollars per share of this execution.
    pub price: Price,
    /// When the venue stamped it.
    pub at: Timestamp,
}

/// What a broker pushes about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderNews {
    /// It stands as the order says: taken, working, ended, replaced.
    Standing,
    /// Shares changed hands. The order's own quantity is cumulative.
    Executed(Execution),
    /// It was refused after it had been taken.
    Rejected {
        /// Why, as far as the broker says.
        reason: RejectReason,
    },
    /// A request to cancel it was refused.
    CancelRefused,
    /// A request to replace it was refused.
    ReplaceRefused,
    /// An execution was corrected or taken back: what is held must be read anew.
    Corrected,
}

/// One push about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderUpdate {
    /// What happened.
    pub news: OrderNews,
    /// The order afterwards.
    pub order: BrokerOrder,
    /// When the broker says it happened.
    pub at: Timestamp,
}

/// An account as a broker sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAccount {
    /// The broker's name of the account, shown and compared with the one configured.
    pub account_id: String,
    /// Cash, dollars, negative when borrowed.
    pub cash: Money,
    /// Cash plus market value, dollars.
    pub equity: Money,
    /// What may be spent on new positions, dollars.
    pub buying_power: Money,
    /// Why it may not trade, in the broker's words; `None` when it may.
    pub blocked: Option<String>,
    /// Whether it may sell short.
    pub shorting_enabled: bool,
}

/// What may be done with a stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerAsset {
    /// Which stock.
    pub symbol: Symbol,
    /// Whether it may be traded at all.
    pub tradable: bool,
    /// Whether it may be sold short and is easy to borrow.
    pub easy_to_borrow: bool,
    /// Whether parts of shares may be traded.
    pub fractionable: bool,
}

/// The market's hours as a broker tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerClock {
    /// The broker's present instant.
    pub now: Timestamp,
    /// Whether the regular session is under way.
    pub is_open: bool,
    /// The next opening.
    pub next_open: Timestamp,
    /// The next close.
    pub next_close: Timestamp,
}

/// What is to be changed about an order; everything is stated, nothing is left to
/// what the broker believes the order to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The order to be replaced.
    pub broker_order_id: BrokerOrderId,
    /// Our name for the order that takes its place.
    pub client_order_id: ClientOrderId,
    /// Total shares, those already filled included.
    pub qty: Qty,
    /// Limit, dollars per share, where the order has one.
    pub limit: Option<Price>,
    /// Stop, dollars per share, where the order has one.
    pub stop: Option<Price>,
}

/// What a broker's streams hand in. Market data may be conflated behind it, the rest
/// never.
#[derive(Debug, Clone, PartialEq)]
pub enum Push {
    /// A link's state changed; the name is such as `alpaca.iex` or `alpaca.orders`.
    Link {
        /// Which link.
        feed: &'static str,
        /// Its state from now on.
        state: LinkState,
    },
    /// News of an order.
    Order(Box<OrderUpdate>),
    /// The order stream is open again after a gap: what happened since must be read
    /// before the pushes that follow are believed to be complete.
    OrdersResumed,
    /// Bid and ask.
    Quote(Quote),
    /// A print.
    Tick(Tick),
    /// A bar that has ended, or a better version of it.
    Bar(Interval, Bar),
    /// A halt, a pause or a resumption.
    Status(StatusChange),
    /// The prices between which a stock may trade.
    Band(PriceBand),
    /// A print of before was wrong.
    Correction(TickCorrection),
    /// The market stream is open again: bars since then are missing.
    MarketResumed {
        /// When the last data before the gap came, by the market's time.
        since: Timestamp,
    },
}

/// Takes what a market stream says, at once: the stream never waits for the house, as a
/// venue drops a client that reads too slowly.
pub trait MarketSink: Send + Sync + 'static {
    /// Takes one push.
    fn push(&self, push: Push);
}

/// An order of which looking has not shown what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDoubt {
    /// Which.
    pub client_order_id: ClientOrderId,
    /// What looking has shown, in words.
    pub detail: String,
}

/// What a broker's client lets leave when its login may be dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seal {
    /// Everything.
    #[default]
    Open,
    /// Calls, but no stream: the operator's reset is reading the account.
    Probing,
    /// Nothing: the login is dead, and the operator has not reset it.
    Shut,
}

/// A broker, as the gateway sees it. Every call has a time-out of its own and is never
/// repeated inside. As a rule it is one request; each further one (another page, an order
/// that was just sent) waits for its place in the budget.
pub trait Broker: Send + Sync + 'static {
    /// Broker and account kind, such as `alpaca.paper`; the stem of breaker names.
    fn name(&self) -> &'static str;

    /// Whether a second order under a client order id that is known is refused, so
    /// that sending the same order again can never double it.
    fn deduplicates(&self) -> bool;

    /// Shuts or opens the way out of every call and stream; a broker whose login cannot
    /// die does nothing.
    fn seal(&self, _seal: Seal) {}

    /// Makes the first call after the operator's reset: a read that can do no harm.
    fn probe(&self) -> impl Future<Output = Result<Answer<()>, CallError>> + Send {
        async { Ok(self.account().await?.map(|_| ())) }
    }

    /// The orders of which this client does not know whether the broker has them, although
    /// it has looked for as long as looking helps: a human must say. A broker that knows
    /// our names has none.
    fn doubts(&self) -> Vec<OrderDoubt> {
        Vec::new()
    }

    /// Takes a human's word on an order in doubt: which of the broker's orders it is, or
    /// that there is none. False when it is not in doubt.
    fn decide(&self, _order: &ClientOrderId, _is: Option<&BrokerOrderId>) -> bool {
        false
    }

    /// Sends an order.
    fn submit(
        &self,
        order: &OrderRequest,
    ) -> impl Future<Output = Result<Answer<BrokerOrder>, CallError>> + Send;

    /// Asks for the end of an order. Success means that it was asked.
    fn cancel(
        &self,
        order: &BrokerOrderId,
    ) -> impl Future<Output = Result<Answer<()>, CallError>> + Send;

    /// Asks for other terms; the answer is the order that takes the place. Success
    /// means that it was asked.
    fn replace(
        &self,
        change: &Replacement,
    ) -> impl Future<Output = Result<Answer<BrokerOrder>, CallError>> + Send;

    /// Asks for the end of all orders of the account.
    fn cancel_all(&self) -> impl Future<Output = Result<Answer<()>, CallError>> + Send;

    /// Looks an order up by our name; `None` when the broker does not know it.
    fn find(
        &self,
        order: &ClientOrderId,
    ) -> impl Future<Output = Result<Answer<Option<BrokerOrder>>, CallError>> + Send;

    /// Reads one order with its legs; `None` when the broker does not know it.
    fn order(
        &self,
        order: &BrokerOrderId,
    ) -> impl Future<Output = Result<Answer<Option<BrokerOrder>>, CallError>> + Send;

    /// Reads all open orders, and every order submitted at or after an instant in
    /// whatever state, each once, legs nested, oldest first.
    fn orders(
        &self,
        since: Timestamp,
    ) -> impl Future<Output = Result<Answer<Vec<BrokerOrder>>, CallError>> + Send;

    /// Whether the executions of an order can be read one by one.
    fn lists_executions(&self) -> bool {
        false
    }

    /// Reads the executions of one order, oldest first, each with the shares of the order
    /// that were filled with it; none where the broker does not list them.
    fn executions(
        &self,
        _order: &BrokerOrder,
    ) -> impl Future<Output = Result<Answer<Vec<(Execution, Qty)>>, CallError>> + Send {
        async { Ok(Answer { value: Vec::new(), rate: None, request_id: None }) }
    }

    /// Whether the stream of orders tells every execution with what the order has filled
    /// by it; then one that says nothing of what was read has fallen silent.
    fn pushes_executions(&self) -> bool {
        false
    }

    /// Connects the stream of orders anew, because it is open and says nothing; nothing is
    /// done where it proves by itself that it speaks.
    fn redial_orders(&self) {}

    /// Reads the account.
    fn account(&self) -> impl Future<Output = Result<Answer<BrokerAccount>, CallError>> + Send;

    /// Reads the open positions.
    fn positions(&self) -> impl Future<Output = Result<Answer<Vec<Position>>, CallError>> + Send;

    /// Reads the market's hours.
    fn clock(&self) -> impl Future<Output = Result<Answer<BrokerClock>, CallError>> + Send;

    /// Reads what may be done with a stock; `None` when the broker does not know it.
    fn asset(
        &self,
        symbol: Symbol,
    ) -> impl Future<Output = Result<Answer<Option<BrokerAsset>>, CallError>> + Send;

    /// Reads bars that began in `from..=until`, by symbol and time.
    fn bars(
        &self,
        symbols: &[Symbol],
        interval: Interval,
        span: (Timestamp, Timestamp),
    ) -> impl Future<Output = Result<Answer<Vec<Bar>>, CallError>> + Send;

    /// Reads the newest quotes.
    fn quotes(
        &self,
        symbols: &[Symbol],
    ) -> impl Future<Output = Result<Answer<Vec<Quote>>, CallError>> + Send;
}
