//! Nothing that waits grows without a bound (I9).

use crate::brokers::gateway::Port;
use crate::brokers::gateway::tests::house::House;
use crate::bus::{Agent, Outbox};
use crate::domain::ids::{AgentId, ClientOrderId, Seq};
use crate::domain::order::OrderPurpose;
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, OrderCancel, OrderEvent};

#[test]
fn i9_a_port_whose_gateway_takes_nothing_neither_waits_nor_grows() {
    let (requests, asked) = Port::queue();
    let mut port = Port::new(requests);
    let cancel = Envelope {
        seq: Seq(1),
        at: Timestamp::default(),
        cause: None,
        root: Seq(1),
        source: AgentId::OrderExecution,
        event: Event::Order(OrderEvent::Cancel(OrderCancel {
            client_order_id: ClientOrderId::new("fd-1"),
            trade_id: None,
            reason: "a test".into(),
        })),
    };
    for _ in 0..5_000 {
        port.handle(&cancel, &mut Outbox::default());
    }
    assert_eq!(asked.len(), 4_096);
}

#[tokio::test(start_paused = true)]
async fn i9_while_the_door_is_shut_one_word_of_the_budget_waits_and_no_more() {
    let house = House::open().await;
    house.wait(2).await;
    house.block(true);
    for number in 0..20 {
        house.submit(&format!("fd-{number}"), OrderPurpose::Exit);
        house.wait(1).await;
    }
    let said = house.count("breaker.budget.changed");
    house.block(false);
    house.settle().await;
    assert_eq!(house.count("breaker.budget.changed"), said + 1);
    house.wait(2).await;
    assert_eq!(house.count("breaker.budget.changed"), said + 2, "and then the newest");
    house.close().await;
}
