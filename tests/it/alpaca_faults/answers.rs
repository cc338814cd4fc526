//! Faults 1, 2, 3, 8 and 15: the answer to an order is lost, late, or means nothing.

use flightdeck::brokers::sim::server::{Fault, FaultOrder};
use flightdeck::domain::command::{CancelOrder, OperatorCommand};
use flightdeck::domain::order::{OrderPurpose, Side};
use flightdeck::events::{BreakerEvent, Event};

use super::{PROTECTED, Scene, reached};
use crate::support::cockpit::shares;
use crate::support::wired::listed;

/// The order has arrived and its answer has not: the entry alone, or its protection too.
async fn taken_without_an_answer(fault: Fault) {
    for count in [1, 2] {
        let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
        scene.arm(fault, count);
        scene.setup("AAPL").await;
        scene.patiently("AAPL", "HOLDING", 20).await;
        scene.rests(&PROTECTED).await;
        scene.wired.advance(35).await;
        assert_eq!(scene.line.count("POST /v2/orders"), 2, "entry and protection, each once");
        assert_eq!((scene.orders(Side::Buy), scene.orders(Side::Sell)), (1, 2));
        assert_eq!(scene.market.held("AAPL").unwrap().qty, shares(5));
        assert_eq!(scene.counted(), (5, 0));
        assert_eq!(scene.wired.count("order.submit.rejected"), 0);
        assert_eq!(scene.wired.count("system.trading.changed"), 0);
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a01_an_accepted_order_whose_connection_is_dropped_is_adopted_and_not_sent_again() {
    taken_without_an_answer(Fault::DropAfterAccept).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a02_an_accepted_order_that_is_answered_504_is_adopted_and_not_sent_again() {
    taken_without_an_answer(Fault::GatewayTimeout).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a03_after_a_429_nothing_leaves_before_the_reset_and_the_cancel_goes_first() {
    let scene = Scene::with_entry(&[listed("AAPL", "175.50")]).await;
    scene.arm(Fault::RateBurst, 1);
    scene.cancel(OrderPurpose::Entry).await;
    reached("the cancel is turned away", || scene.line.count("DELETE") == 1).await;
    scene.budget_is_shut().await;
    let sent = scene.line.requests().len();
    scene.wired.kill().await;
    scene.wired.advance(30).await;
    assert_eq!(scene.line.requests()[sent..], [] as [&str; 0], "not even what protects");
    scene.wired.advance(35).await;
    scene.rests(&[]).await;
    let first = scene.line.requests()[sent].clone();
    assert!(first.starts_with("DELETE /v2/orders/"), "{first}");
    scene.wired.wait_state("AAPL", "ABORTED").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a03_a_429_without_headers_shuts_the_budget_for_a_second_or_so() {
    let scene = Scene::with_entry(&[listed("AAPL", "175.50")]).await;
    let variant = Some("no_headers".to_owned());
    scene.arm_as(Fault::RateBurst, FaultOrder { variant, ..FaultOrder::times(1) });
    scene.cancel(OrderPurpose::Entry).await;
    scene.budget_is_shut().await;
    scene.wired.advance(2).await;
    scene.rests(&[]).await;
    assert_eq!(scene.line.count("DELETE"), 2);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a08_a_fill_that_overtakes_its_answer_is_counted_once_and_protected() {
    let scene = Scene::open(&[listed("AAPL", "175.50")]).await;
    scene.arm(Fault::FillBeforeAnswer, 2);
    scene.setup("AAPL").await;
    // The target is reached while the answer to the protection is held back.
    reached("the protection has left", || scene.line.count("POST /v2/orders") == 2).await;
    reached("the protection is taken", || scene.orders(Side::Sell) == 2).await;
    scene.market.pin("AAPL", "201.82", "201.83", "201.82");
    let closed = scene.wired.wait_for("position.closed.done").await;
    assert_eq!(closed.line(&["quantity", "exit_price", "reason"]), "5 201.82 TARGET_HIT");
    scene.wired.advance(35).await;
    assert_eq!((scene.counted(), scene.market.held("AAPL")), ((5, 5), None));
    assert_eq!(scene.line.count("POST /v2/orders"), 2);
    assert_eq!(scene.wired.count("position.unexplained.found"), 0);
    assert_eq!(scene.market.resting(), Vec::<String>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a15_a_page_of_html_is_no_answer_and_the_order_is_looked_up() {
    let scene = Scene::open(&[listed("AAPL", "175.50"), listed("MSFT", "300.00")]).await;
    scene.market.orders_meet(Fault::HtmlGateway, 1);
    scene.setup("AAPL").await;
    let unknown = scene.wired.wait_for("order.outcome.unknown").await;
    assert!(unknown.text("detail").contains("HTML"), "{unknown:?}");
    assert_eq!(scene.wired.count("order.submit.rejected"), 0, "unknown is not rejected");
    // Not found three times, ten seconds after it was sent: it has not arrived.
    scene.patiently("AAPL", "ABORTED", 40).await;
    assert_eq!(scene.line.count("POST /v2/orders"), 1);
    assert!(scene.line.count("GET /v2/orders:by_client_order_id") >= 3);
    assert_eq!(scene.orders(Side::Buy), 0);
    // What it had reserved is free again.
    scene.setup("MSFT").await;
    scene.patiently("MSFT", "HOLDING", 20).await;
    scene.end().await;
}

impl Scene {
    /// Waits until a 429 has been taken note of.
    async fn budget_is_shut(&self) {
        self.wired
            .until("the budget is shut", |seen| {
                seen.iter().any(|e| {
                    let Event::Breaker(BreakerEvent::BudgetChanged(now)) = &e.event else {
                        return false;
                    };
                    now.shut_until.is_some()
                })
            })
            .await;
    }

    /// The operator cancels the newest order for a purpose.
    pub(super) async fn cancel(&self, purpose: OrderPurpose) {
        let client_order_id = self.order(purpose);
        self.wired.press(OperatorCommand::Cancel(CancelOrder { client_order_id, by: None })).await;
    }
}
