//! The twenty faults of Alpaca (protocol page §9 of October 2026), each injected into the
//! simulated broker under the whole house: what the house did about it is compared with
//! the broker's own ledger, and with the requests that left.

mod answers;
mod ends;
mod frames;
mod line;
mod market;
mod secrets;

use std::time::Duration;

use flightdeck::brokers::sim::server::{Fault, FaultOrder};
use flightdeck::config::Config;
use flightdeck::domain::ids::ClientOrderId;
use flightdeck::domain::order::{OrderPurpose, Side};
use flightdeck::events::{Event, OrderEvent};

use crate::support::wired::{Listed, Market, Wired, reached, wire_rules};
use line::Line;

/// What protects five shares of AAPL.
const PROTECTED: [&str; 2] = ["sell 5 limit 201.82", "sell 5 stop 166.72"];

/// A house at its broker, and the line between them.
struct Scene {
    market: Market,
    line: Line,
    wired: Wired,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn open(listed: &[Listed]) -> Self {
        Self::with(Market::open(listed).await, &wire_rules()).await
    }

    async fn with(market: Market, config: &Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let line = Line::to(&market.base).await;
        let wired = Wired::open_at(&market, line.base(), config, &folder).await;
        Self { market, line, wired, _folder: folder }
    }

    fn arm(&self, fault: Fault, count: u32) {
        self.arm_as(fault, FaultOrder::times(count));
    }

    fn arm_as(&self, fault: Fault, order: FaultOrder) {
        self.market.state.faults.arm(fault, order);
    }

    /// A busy minute in a stock, with the entry that follows from it.
    async fn setup(&self, of: &str) {
        self.wired.setup(&self.market, of).await;
    }

    /// Lets time pass second by second until a trade is in a state.
    async fn patiently(&self, of: &str, state: &str, seconds: u32) {
        self.wired.wait_for("strategy.candidate.found").await;
        for _ in 0..seconds {
            let trade = self.wired.trade(of);
            if self.wired.states(&trade).last().is_some_and(|now| now == state) {
                return;
            }
            self.wired.advance(1).await;
        }
        self.wired.wait_state(of, state).await;
    }

    /// Waits until the broker's working orders are these.
    async fn rests(&self, expected: &[&str]) {
        let looked = reached("", || self.market.resting() == expected);
        if tokio::time::timeout(Duration::from_secs(15), looked).await.is_err() {
            let told: Vec<String> = self
                .wired
                .journal()
                .iter()
                .map(|e| format!("{:.300}", format!("{:?}", e.event)))
                .collect();
            let tail = told[told.len().saturating_sub(40)..].join("\n");
            panic!("{expected:?} should rest, not {:?}; at the end\n{tail}", self.market.resting());
        }
    }

    /// Orders in the broker's ledger, whatever became of them.
    fn orders(&self, side: Side) -> usize {
        self.market.state.with_world(|world| {
            world.exchange().orders().into_iter().filter(|order| order.side == side).count()
        })
    }

    /// Shares that the house has counted as bought and as sold.
    fn counted(&self) -> (u64, u64) {
        let mut sums = (0, 0);
        for envelope in self.wired.journal() {
            let Event::Order(OrderEvent::Filled(done) | OrderEvent::PartiallyFilled(done)) =
                envelope.event
            else {
                continue;
            };
            let sum = if done.fill.side == Side::Buy { &mut sums.0 } else { &mut sums.1 };
            *sum += done.fill.qty.floor_shares();
        }
        sums
    }

    /// The name of the newest order for a purpose.
    fn order(&self, purpose: OrderPurpose) -> ClientOrderId {
        let journal = self.wired.journal();
        let mut sent = journal.iter().rev().filter_map(|envelope| match &envelope.event {
            Event::Order(OrderEvent::Submit(submit)) if submit.order.purpose() == purpose => {
                Some(submit.order.request().client_order_id.clone())
            }
            _ => None,
        });
        sent.next().unwrap()
    }

    async fn end(self) {
        self.wired.end().await;
    }
}
