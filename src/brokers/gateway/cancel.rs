//! Cancelling: harmless to repeat, and believed only when the broker shows the order's
//! end.
//!
//! A success means that it was asked (Alpaca, protocol page §3.7 of October 2026:
//! 204 is "request accepted", and 204, 404 and 422 all mean "read the order now",
//! §2.6).

use std::time::Duration;

use crate::breakers::Lane;
use crate::brokers::gateway::desk::{Desk, Failure, Leave};
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::{Broker, BrokerOrder, CallError};
use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::order::{OrderPurpose, RejectReason, ReportedStatus};
use crate::events::{VenueCall, VenueEvent, VenueNotFound, VenueRefused};

/// Tries of one cancel (faults page §9).
const TRIES: u32 = 3;
/// Longest wait between two tries; full jitter.
const WAIT: Duration = Duration::from_millis(500);
/// After these waits the order is read, should no news of it have come.
const CONFIRM_AFTER: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(3)];

impl<B: Broker, E: Entrance> Desk<B, E> {
    /// Cancels an order and says what came of it; the order's own submit has been
    /// answered or looked up before.
    pub(super) async fn cancel(&self, id: &ClientOrderId) {
        let id = &self.ledger().current(id);
        let lane = self.lane_of_cancel(id);
        let Some(broker_order_id) = self.broker_id(id, lane).await else { return };
        let mut failure = None;
        for attempt in 1..=TRIES {
            match self.cancel_by_all(&broker_order_id, lane).await {
                Ok(()) => {
                    self.note_cancel(id, true);
                    return self.confirm(id, &broker_order_id, lane).await;
                }
                Err(Failure::Failed(CallError::Refused(refusal))) if !refusal.is_turned_away() => {
                    let why = (refusal.reason, refusal.message);
                    return self.cancel_refused(id, &broker_order_id, lane, why).await;
                }
                Err(error) => failure = Some(error),
            }
            if attempt < TRIES {
                tokio::time::sleep(self.jitter(WAIT)).await;
            }
        }
        let Some(failure) = failure else { return };
        // Perhaps one of them has arrived all the same (F19).
        match self.read_order(&broker_order_id, lane).await {
            Some(order) if !is_working(&order) => self.tell(&order).await,
            Some(_) | None => {
                let is_certain = failure.is_certain();
                self.say_failed(VenueCall::Cancel, id, is_certain, &failure).await;
            }
        }
    }

    /// While the gate is closed the cancels of entries go before everything.
    fn lane_of_cancel(&self, id: &ClientOrderId) -> Lane {
        let purpose = self.ledger().get(id).and_then(|row| row.purpose);
        match purpose {
            Some(OrderPurpose::Entry) if self.gate.is_closed() => Lane::Kill,
            Some(OrderPurpose::Entry | OrderPurpose::Protection | OrderPurpose::Exit) | None => {
                Lane::Cancel
            }
        }
    }

    /// The broker's name of an order, looked up where it is not known; says so when
    /// there is none.
    pub(super) async fn broker_id(&self, id: &ClientOrderId, lane: Lane) -> Option<BrokerOrderId> {
        let known = self.ledger().get(id).and_then(|row| row.broker_order_id.clone());
        if known.is_some() {
            return known;
        }
        let failure = match self.read_by_all(Leave::by(lane), |broker| broker.find(id)).await {
            Ok(Some(order)) if self.ledger().is_other(id, &order) => {
                let news = self.ledger().standing(&order);
                self.say_all(news.events).await;
                "the broker's order under this name is another one".to_owned()
            }
            Ok(Some(order)) => {
                let news = self.ledger().standing(&order);
                self.say_all(news.events).await;
                return Some(order.report.broker_order_id);
            }
            Ok(None) => {
                let client_order_id = id.clone();
                self.say(VenueEvent::NotFound(VenueNotFound { client_order_id })).await;
                "the broker does not know the order".to_owned()
            }
            Err(failure) => failure.to_string(),
        };
        self.say(VenueEvent::CancelRefused(VenueRefused {
            client_order_id: id.clone(),
            reason: RejectReason::NotWorking,
            message: failure,
        }))
        .await;
        None
    }

    /// Waits for news of the end; reads the order where none comes.
    async fn confirm(&self, id: &ClientOrderId, broker_order_id: &BrokerOrderId, lane: Lane) {
        for wait in CONFIRM_AFTER {
            tokio::time::sleep(wait).await;
            if self.ledger().get(id).is_none_or(|row| row.is_over) {
                return;
            }
            if let Some(order) = self.read_order(broker_order_id, lane).await
                && !is_working(&order)
            {
                return self.tell(&order).await;
            }
        }
        // A closed market keeps cancels pending until it opens (protocol page §4.9), and
        // some stick (§10): the comparisons go on looking, and it is asked for again.
    }

    /// Notes whether the end of an order was asked for and is owed.
    fn note_cancel(&self, id: &ClientOrderId, is_owed: bool) {
        if let Some(row) = self.ledger().get_mut(id) {
            row.is_cancel_owed = is_owed;
        }
    }

    async fn cancel_refused<'a>(
        &'a self,
        id: &ClientOrderId,
        broker_order_id: &'a BrokerOrderId,
        lane: Lane,
        (reason, message): (RejectReason, String),
    ) {
        let mut has_ended = false;
        self.note_cancel(id, false);
        let read = |broker: &'a B| broker.order(broker_order_id);
        match self.read_by_all(Leave::by(lane), read).await {
            Ok(Some(order)) => {
                let status = order.report.status;
                has_ended = matches!(status, ReportedStatus::Cancelled | ReportedStatus::Expired);
                self.tell(&order).await;
            }
            // The broker had it and does not know it any more.
            Ok(None) => {
                let client_order_id = id.clone();
                self.say(VenueEvent::NotFound(VenueNotFound { client_order_id })).await;
            }
            Err(_) => {}
        }
        if !has_ended {
            let client_order_id = id.clone();
            let refused = VenueRefused { client_order_id, reason, message };
            self.say(VenueEvent::CancelRefused(refused)).await;
        }
    }

    pub(super) async fn read_order(&self, id: &BrokerOrderId, lane: Lane) -> Option<BrokerOrder> {
        self.read_by_all(Leave::by(lane), |broker| broker.order(id)).await.ok().flatten()
    }

    /// Says where an order stands, and goes after what took its place.
    pub(super) async fn tell(&self, order: &BrokerOrder) {
        self.tell_executions(std::slice::from_ref(order)).await;
        let news = self.ledger().standing(order);
        self.say_all(news.events).await;
        self.ledger().was_told(std::slice::from_ref(order));
        if let Some((old, child)) = news.follow {
            self.follow(&old, &child).await;
        }
    }

    /// Reads the order that took another's place and says so.
    pub(super) async fn follow(&self, old: &ClientOrderId, child: &BrokerOrderId) {
        let Some(child) = self.read_order(child, Lane::Cancel).await else { return };
        let news = self.ledger().followed(old, &child);
        self.say_all(news.events).await;
    }
}

fn is_working(order: &BrokerOrder) -> bool {
    matches!(order.report.status, ReportedStatus::Working | ReportedStatus::Held)
}
