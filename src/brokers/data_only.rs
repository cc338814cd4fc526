//! A broker whose data may be read and that is sent no order.
//!
//! No call that changes something is in here, so none can leave: orders, changes and
//! cancels are refused on the spot. Knows no broker.

use crate::brokers::broker::{
    Broker, BrokerAccount, BrokerAsset, BrokerClock, BrokerOrder, OrderDoubt, Replacement, Seal,
};
use crate::brokers::call::{Answer, CallError, Refusal};
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::market::{Bar, Interval, Quote};
use crate::domain::order::{OrderRequest, RejectReason};
use crate::domain::position::Position;
use crate::domain::time::Timestamp;

/// The reads of a broker.
#[derive(Debug)]
pub struct DataOnly<B>(B);

impl<B: Broker> DataOnly<B> {
    /// Keeps the reads of a broker.
    pub const fn new(broker: B) -> Self {
        Self(broker)
    }
}

#[expect(clippy::result_large_err, reason = "as every call to a broker fails")]
fn refused<T>() -> Result<T, CallError> {
    let why = "this broker is read for its data alone";
    Err(CallError::Refused(Refusal::of_ours(RejectReason::Other, why)))
}

impl<B: Broker> Broker for DataOnly<B> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn deduplicates(&self) -> bool {
        self.0.deduplicates()
    }

    fn seal(&self, seal: Seal) {
        self.0.seal(seal);
    }

    fn doubts(&self) -> Vec<OrderDoubt> {
        self.0.doubts()
    }

    fn decide(&self, order: &ClientOrderId, is: Option<&BrokerOrderId>) -> bool {
        self.0.decide(order, is)
    }

    async fn submit(&self, _order: &OrderRequest) -> Result<Answer<BrokerOrder>, CallError> {
        refused()
    }

    async fn cancel(&self, _order: &BrokerOrderId) -> Result<Answer<()>, CallError> {
        refused()
    }

    async fn replace(&self, _change: &Replacement) -> Result<Answer<BrokerOrder>, CallError> {
        refused()
    }

    async fn cancel_all(&self) -> Result<Answer<()>, CallError> {
        refused()
    }

    async fn find(&self, order: &ClientOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        self.0.find(order).await
    }

    async fn order(&self, order: &BrokerOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        self.0.order(order).await
    }

    async fn orders(&self, since: Timestamp) -> Result<Answer<Vec<BrokerOrder>>, CallError> {
        self.0.orders(since).await
    }

    async fn account(&self) -> Result<Answer<BrokerAccount>, CallError> {
        self.0.account().await
    }

    async fn positions(&self) -> Result<Answer<Vec<Position>>, CallError> {
        self.0.positions().await
    }

    async fn clock(&self) -> Result<Answer<BrokerClock>, CallError> {
        self.0.clock().await
    }

    async fn asset(&self, symbol: Symbol) -> Result<Answer<Option<BrokerAsset>>, CallError> {
        self.0.asset(symbol).await
    }

    async fn bars(
        &self,
        symbols: &[Symbol],
        interval: Interval,
        span: (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<Bar>>, CallError> {
        self.0.bars(symbols, interval, span).await
    }

    async fn quotes(&self, symbols: &[Symbol]) -> Result<Answer<Vec<Quote>>, CallError> {
        self.0.quotes(symbols).await
    }

    async fn probe(&self) -> Result<Answer<()>, CallError> {
        self.0.probe().await
    }
}
