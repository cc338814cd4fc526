//! Replacing an order: asked once, and believed only when the broker shows it.
//!
//! A success is the promise to try: the original may fill first (Alpaca, protocol page
//! §3.6 of October 2026). After an unknown outcome nothing is repeated; the old order
//! is read and what took its place is followed (§2.6).

use std::time::Duration;

use crate::breakers::Lane;
use crate::brokers::gateway::desk::{Desk, Failure, Leave};
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::gateway::ledger::Successor;
use crate::brokers::{Broker, CallError, Replacement};
use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::order::RejectReason;
use crate::events::{OrderModify, VenueCall, VenueEvent, VenueRefused};

/// After these waits the old order is read, should no news have come.
const CONFIRM_AFTER: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

impl<B: Broker, E: Entrance> Desk<B, E> {
    /// Replaces an order and says what came of it.
    pub(super) async fn replace(&self, modify: &OrderModify) {
        let old = self.ledger().current(&modify.client_order_id);
        let known = self.ledger().get(&old).and_then(|row| row.broker_order_id.clone());
        let Some(broker_order_id) = known else {
            return self.replace_refused(&old, RejectReason::NotWorking, "no such order").await;
        };
        let change = Replacement {
            broker_order_id: broker_order_id.clone(),
            client_order_id: modify.new_client_order_id.clone(),
            qty: modify.qty,
            limit: modify.limit,
            stop: modify.stop,
        };
        self.expect_successor(&old, Some(successor(modify)));
        let asked = self.call(Leave::by(Lane::Protective), self.broker.replace(&change)).await;
        match asked {
            Ok(child) => {
                let id = Some(child.report.broker_order_id);
                let expected = Successor { broker_order_id: id, ..successor(modify) };
                self.expect_successor(&old, Some(expected));
                self.settle(&old, modify, &broker_order_id, true).await;
            }
            Err(Failure::Failed(CallError::Refused(refusal))) if !refusal.is_turned_away() => {
                self.expect_successor(&old, None);
                // It may have ended meanwhile, which is why.
                if let Some(order) = self.read_order(&broker_order_id, Lane::Protective).await {
                    self.tell(&order).await;
                }
                self.replace_refused(&old, refusal.reason, &refusal.message).await;
            }
            Err(failure) if failure.is_certain() => {
                self.expect_successor(&old, None);
                self.say_failed(VenueCall::Replace, &old, true, &failure).await;
            }
            Err(failure) => {
                // Said at once, since it counts; what came of it follows.
                self.say_failed(VenueCall::Replace, &old, false, &failure).await;
                self.settle(&old, modify, &broker_order_id, false).await;
            }
        }
    }

    /// Waits until the broker shows what became of a replacement.
    async fn settle(
        &self,
        old: &ClientOrderId,
        modify: &OrderModify,
        broker_order_id: &BrokerOrderId,
        was_promised: bool,
    ) {
        for wait in CONFIRM_AFTER {
            if !was_promised {
                self.look_at_replaced(broker_order_id).await;
            }
            if self.is_settled(old) {
                return;
            }
            tokio::time::sleep(wait).await;
            if self.is_settled(old) {
                return;
            }
            if was_promised {
                self.look_at_replaced(broker_order_id).await;
            }
        }
        if self.is_settled(old) || was_promised {
            return; // A promise is kept or broken by the stream, or seen by comparison.
        }
        let child = self.broker.find(&modify.new_client_order_id);
        let found = self.call(Leave::by(Lane::Protective), child).await;
        if matches!(found, Ok(None)) {
            self.expect_successor(old, None);
            let text = "the broker knows nothing of the replacement";
            self.replace_refused(old, RejectReason::Other, text).await;
        }
    }

    async fn look_at_replaced(&self, broker_order_id: &BrokerOrderId) {
        if let Some(order) = self.read_order(broker_order_id, Lane::Protective).await {
            self.tell(&order).await;
        }
    }

    /// Whether the replacement has happened, was refused, or the order has ended.
    fn is_settled(&self, old: &ClientOrderId) -> bool {
        self.ledger().get(old).is_none_or(|row| row.is_over || row.successor.is_none())
    }

    fn expect_successor(&self, old: &ClientOrderId, successor: Option<Successor>) {
        if let Some(row) = self.ledger().get_mut(old) {
            row.successor = successor;
        }
    }

    async fn replace_refused(&self, id: &ClientOrderId, reason: RejectReason, message: &str) {
        self.say(VenueEvent::ReplaceRefused(VenueRefused {
            client_order_id: id.clone(),
            reason,
            message: message.to_owned(),
        }))
        .await;
    }
}

fn successor(modify: &OrderModify) -> Successor {
    Successor {
        client_order_id: modify.new_client_order_id.clone(),
        broker_order_id: None,
        qty: modify.qty,
        limit: modify.limit,
        stop: modify.stop,
    }
}
