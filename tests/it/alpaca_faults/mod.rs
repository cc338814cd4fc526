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

use crate::support::cockpit::Data;
use crate::support::wired::{Listed, Market, Wired, by_hand, wire_rules, within};
use line::Line;

/// What protects five shares of AAPL.
const PROTECTED: [&str; 2] = ["sell 5 limit 201.82", "sell 5 stop 166.72"];

/// The entry in AAPL.
const ENTRY: [&str; 1] = ["buy 5 limit 175.50"];

/// Waits until something is so, but not for ever.
async fn reached(what: &str, is_so: impl Fn() -> bool) {
    let looked = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    within(what, looked).await;
}

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

    /// A house whose entry in AAPL works without filling; every other one is asked for.
    async fn with_entry(stocks: &[Listed]) -> Self {
        let scene = Self::with(Market::open(stocks).await, &by_hand()).await;
        scene.wired.enter_below(&scene.market, "AAPL", "175.50").await;
        scene.rests(&ENTRY).await;
        scene.wired.wait_for("order.submit.success").await;
        scene
    }

    /// The operator lets the trade of a stock go on, as soon as it waits.
    async fn approve(&self, of: &str) {
        self.wired
            .until("the trade waits", |seen| {
                seen.iter().any(|e| {
                    e.event.name() == "risk.approval.requested" && Data::of(e).text("symbol") == of
                })
            })
            .await;
        self.wired.approve(of).await;
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
        self.wired
            .until("a trade is found", |seen| {
                seen.iter().any(|e| {
                    e.event.name() == "strategy.candidate.found" && Data::of(e).text("symbol") == of
                })
            })
            .await;
        // Not faster than calls take: a house that hears of a minute in a moment rightly
        // believes that nobody answers.
        let a_moment = Duration::from_millis(250);
        for _ in 0..seconds {
            let reached = self.wired.wait_state(of, state);
            if tokio::time::timeout(a_moment, reached).await.is_ok() {
                return;
            }
            self.wired.advance(1).await;
        }
        self.wired.wait_state(of, state).await;
    }

    /// Waits until the broker's working orders are these.
    async fn rests(&self, expected: &[&str]) {
        self.market.until_resting(expected).await;
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
        let mut sent = journal.iter().rev().filter_map(|envelope| {
            let Event::Order(OrderEvent::Submit(submit)) = &envelope.event else { return None };
            let id = &submit.order.request().client_order_id;
            (submit.order.purpose() == purpose).then(|| id.clone())
        });
        sent.next().unwrap()
    }

    async fn end(self) {
        self.wired.end().await;
    }
}
