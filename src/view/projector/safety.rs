//! Differences, orders of others, orders of which nobody knows, time without a stop.

use std::sync::Arc;

use crate::domain::order::UNKNOWN_LONGEST;
use crate::domain::time::Timestamp;
use crate::events::{
    Endpoint, EndpointsRaced, OrderEvent, OrderStateChanged, OrdersExternal, PositionCovered,
    ReconcileCleared, ReconcileDifference, SystemEvent,
};
use crate::view::part::Part;
use crate::view::safety::{
    DIFFERENCES_MAX, DifferenceRow, EXTERNAL_MAX, ExternalRow, Safety, UnknownRow,
};
use crate::view::text::{NAME_MAX, TEXT_MAX, clean_text};

/// What keeps the account safe.
#[derive(Debug, Default)]
pub(in crate::view) struct SafetyPart(Part<Safety>);

impl SafetyPart {
    pub(in crate::view) fn share(&mut self) -> Arc<Safety> {
        self.0.share()
    }

    pub(in crate::view) const fn raced(&mut self, raced: &EndpointsRaced) {
        let won = &mut self.0.change().races;
        match raced.winner {
            Some(Endpoint::Primary) => won.primary += 1,
            Some(Endpoint::Backup) => won.backup += 1,
            None => won.neither += 1,
        }
    }

    pub(in crate::view) fn covered(&mut self, covered: &PositionCovered) {
        let naked = &mut self.0.change().naked;
        naked.spells += 1;
        naked.total_ms = naked.total_ms.saturating_add(covered.naked_ms);
        naked.longest_ms = naked.longest_ms.max(covered.naked_ms);
        naked.newest_ms = covered.naked_ms;
        naked.listed += u64::from(covered.was_listed);
    }

    pub(in crate::view) fn order(&mut self, at: Timestamp, event: &OrderEvent) {
        if let OrderEvent::StateChanged(changed) = event {
            self.moved(at, changed);
        } else if let OrderEvent::External(external) = event {
            self.external(external);
        }
    }

    fn moved(&mut self, at: Timestamp, changed: &OrderStateChanged) {
        let id = &changed.client_order_id;
        if changed.from == "UNKNOWN" && changed.to != "UNKNOWN" {
            self.0.change().unknown.retain(|row| row.client_order_id != *id);
        } else if changed.to == "UNKNOWN" && self.0.get().unknown.len() < EXTERNAL_MAX {
            self.0.change().unknown.push(UnknownRow {
                client_order_id: id.clone(),
                symbol: changed.symbol,
                since: at,
                halts_at: at.plus(UNKNOWN_LONGEST),
            });
        }
    }

    fn external(&mut self, external: &OrdersExternal) {
        let rows = external.orders.iter().take(EXTERNAL_MAX).map(|order| ExternalRow {
            broker_order_id: order.broker_order_id.clone(),
            symbol: order.symbol,
            side: order.side,
            left: order.qty.saturating_sub(order.filled),
            kind: order.kind.name(),
        });
        self.0.change().external = rows.collect();
    }

    pub(in crate::view) fn system(&mut self, at: Timestamp, event: &SystemEvent) {
        if let SystemEvent::ReconcileDifference(found) = event {
            self.difference(at, found);
        } else if let SystemEvent::ReconcileCleared(cleared) = event {
            self.cleared(cleared);
        }
    }

    fn difference(&mut self, at: Timestamp, found: &ReconcileDifference) {
        let subject = clean_text(&found.subject, NAME_MAX);
        let row = DifferenceRow {
            journal: clean_text(&found.journal, TEXT_MAX),
            venue: clean_text(&found.venue, TEXT_MAX),
            stream: found.stream.as_ref().map(|said| clean_text(said, TEXT_MAX)),
            since: found.since.unwrap_or(at),
            cause: found.cause.as_ref().map(|cause| clean_text(cause, TEXT_MAX)),
            is_acknowledged: false,
            subject,
        };
        let rows = &mut self.0.change().differences;
        if let Some(known) = rows.iter_mut().find(|known| known.subject == row.subject) {
            *known = row;
        } else if rows.len() < DIFFERENCES_MAX {
            rows.push(row);
        }
    }

    fn cleared(&mut self, cleared: &ReconcileCleared) {
        let subject = clean_text(&cleared.subject, NAME_MAX);
        let rows = &mut self.0.change().differences;
        if cleared.is_acknowledged {
            let row = rows.iter_mut().find(|row| row.subject == subject);
            if let Some(row) = row {
                row.is_acknowledged = true;
            }
        } else {
            rows.retain(|row| row.subject != subject);
        }
    }
}
