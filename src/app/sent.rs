//! What earlier runs have sent to a broker that knows no name of ours.
//!
//! A fold over the journal, so that the client can recognise its own orders after a
//! restart, those of unknown outcome among them (Schwab, protocol page §3.5 of November
//! 2026). Knows no broker's wire.

use std::collections::BTreeMap;
use std::path::Path;

use crate::app::attendance::LineReader;
use crate::brokers::schwab::SentOrder;
use crate::domain::ids::ClientOrderId;
use crate::domain::money::Price;
use crate::domain::order::OrderKind;
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, OrderEvent, VenueEvent, VenueReplaced};
use crate::journal::{JournalError, export};

/// Orders that are kept, the newest: more than two weeks of the most that a day may see.
const KEPT_MAX: usize = 2_000;

/// The orders of earlier runs that the broker has or may have.
#[derive(Debug, Default)]
pub(super) struct Sent(BTreeMap<ClientOrderId, SentOrder>);

impl Sent {
    /// Folds a journal; one that is not there yet has sent nothing.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn of_journal(path: &Path) -> Result<Self, JournalError> {
        let mut sent = Self::default();
        if path.exists() {
            let mut see = |envelope: &Envelope| sent.see(envelope);
            let mut lines = LineReader { line: Vec::new(), see: &mut see };
            export(path, &mut lines, false)?;
        }
        Ok(sent)
    }

    fn see(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::Order(OrderEvent::Submit(submit)) => {
                let request = submit.order.request().clone();
                let id = request.client_order_id.clone();
                let (sent_at, broker_order_id) = (envelope.at, None);
                self.0.insert(id, SentOrder { request, sent_at, broker_order_id });
            }
            // It was refused, or is proven not to be there.
            Event::Order(OrderEvent::Rejected(rejected)) => {
                self.0.remove(&rejected.client_order_id);
            }
            Event::Venue(VenueEvent::Accepted(accepted)) => {
                if let Some(order) = self.0.get_mut(&accepted.client_order_id) {
                    order.broker_order_id = Some(accepted.broker_order_id.clone());
                }
            }
            Event::Venue(VenueEvent::Replaced(replaced)) => self.replaced(envelope.at, replaced),
            Event::Venue(_)
            | Event::Order(_)
            | Event::Tape(_)
            | Event::Feed(_)
            | Event::Market(_)
            | Event::Signal(_)
            | Event::Risk(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Intel(_)
            | Event::Breaker(_)
            | Event::Operator(_)
            | Event::Request(_)
            | Event::System(_) => {}
        }
    }

    fn replaced(&mut self, at: Timestamp, replaced: &VenueReplaced) {
        let Some(old) = self.0.get(&replaced.client_order_id) else { return };
        let mut request = old.request.clone();
        request.client_order_id = replaced.new_client_order_id.clone();
        request.qty = replaced.qty;
        request.kind = kind(request.kind, (replaced.limit, replaced.stop));
        let order = SentOrder {
            request,
            sent_at: at,
            broker_order_id: Some(replaced.broker_order_id.clone()),
        };
        self.0.insert(replaced.new_client_order_id.clone(), order);
    }

    /// The orders, oldest first, at most the newest 2 000.
    pub(super) fn into_orders(self) -> Vec<SentOrder> {
        let mut orders: Vec<SentOrder> = self.0.into_values().collect();
        orders.sort_by_key(|order| order.sent_at);
        let surplus = orders.len().saturating_sub(KEPT_MAX);
        orders.drain(..surplus);
        orders
    }
}

fn kind(before: OrderKind, prices: (Option<Price>, Option<Price>)) -> OrderKind {
    match prices {
        (Some(limit), Some(stop)) => OrderKind::StopLimit { stop, limit },
        (Some(limit), None) => OrderKind::Limit { limit },
        (None, Some(stop)) => OrderKind::Stop { stop },
        (None, None) => before,
    }
}
