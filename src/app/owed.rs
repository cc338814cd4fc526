//! Which orders are to end and have not: what is waited for at the end of a run.
//!
//! It hears what the house asks the broker to cancel and what became of it, and knows
//! no broker. Who waits, and for how long, is in [`wire`](super::wire).

use std::collections::BTreeSet;

use tokio::sync::watch;

use crate::bus::Tap;
use crate::domain::ids::ClientOrderId;
use crate::events::{Envelope, Event, OrderEvent};

/// States in which an order is over.
const OVER: [&str; 4] = ["CANCELLED", "FILLED", "REJECTED", "EXPIRED"];

/// Hears of cancels and of ends. Bounded by the orders that work.
#[derive(Debug)]
pub(super) struct Owed(watch::Sender<BTreeSet<ClientOrderId>>);

/// Waits for ends.
#[derive(Debug, Clone)]
pub(super) struct Watch(watch::Receiver<BTreeSet<ClientOrderId>>);

impl Owed {
    pub(super) fn new() -> (Self, Watch) {
        let (sender, receiver) = watch::channel(BTreeSet::new());
        (Self(sender), Watch(receiver))
    }

    fn hear(&self, order: &OrderEvent) {
        match order {
            OrderEvent::Cancel(cancel) => {
                let id = cancel.client_order_id.clone();
                self.0.send_if_modified(|owed| owed.insert(id));
            }
            OrderEvent::StateChanged(changed) if OVER.contains(&changed.to.as_str()) => {
                self.0.send_if_modified(|owed| owed.remove(&changed.client_order_id));
            }
            OrderEvent::Submit(_)
            | OrderEvent::Modify(_)
            | OrderEvent::Submitted(_)
            | OrderEvent::Filled(_)
            | OrderEvent::PartiallyFilled(_)
            | OrderEvent::Rejected(_)
            | OrderEvent::Cancelled(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::Modified(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::Expired(_)
            | OrderEvent::OutcomeUnknown(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::External(_)
            | OrderEvent::StateChanged(_) => {}
        }
    }
}

impl Tap for Owed {
    fn see(&mut self, envelope: &Envelope) {
        if let Event::Order(order) = &envelope.event {
            self.hear(order);
        }
    }
}

impl Watch {
    /// Waits until nothing is owed; a house that has ended owes nothing.
    pub(super) async fn nothing(&mut self) {
        let _ = self.0.wait_for(BTreeSet::is_empty).await;
    }

    /// What is owed now.
    pub(super) fn names(&self) -> BTreeSet<ClientOrderId> {
        self.0.borrow().clone()
    }
}
