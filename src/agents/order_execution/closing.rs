//! Leaving a position: cancel what protects it, wait for the confirmation, close
//! what is left.
//!
//! Alpaca holds shares for resting exits, so nothing can be sold while a stop
//! rests. While the market is closed the stop keeps resting and the exit is a draft
//! that waits for the open. Should the stop fill first, nothing is sent.

use crate::agents::order_execution::OrderExecutionAgent;
use crate::agents::order_execution::book::{OrderRow, Trust};
use crate::agents::order_execution::sending::exit_kind;
use crate::breakers::Lane;
use crate::bus::Outbox;
use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::market::Session;
use crate::domain::money::Price;
use crate::domain::order::{OrderClass, OrderPurpose, TimeInForce};
use crate::domain::position::Position;
use crate::domain::time::Timestamp;
use crate::events::{OrderEvent, OrderStatusReported};
use crate::fsm::order::{OrderInput, OrderState, Terms};
use crate::fsm::trade::ExitReason;
use crate::risk::ReductionIntent;

/// A position on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) symbol: Symbol,
    pub(super) reason: ExitReason,
    /// Limit of the exit; a market order when absent.
    pub(super) level: Option<Price>,
    /// Whether the exit order has left.
    pub(super) is_sent: bool,
    /// The exit order that waits for the open.
    pub(super) draft: Option<ClientOrderId>,
}

impl OrderExecutionAgent {
    /// Begins to leave the position of a trade.
    pub(super) fn close(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        symbol: Symbol,
        reason: ExitReason,
        level: Option<Price>,
        out: &mut Outbox,
    ) {
        if self.book.position(symbol).is_none() {
            return;
        }
        let closing = Closing { symbol, reason, level, is_sent: false, draft: None };
        let under_way = self.closings.entry(trade_id.clone()).or_insert(closing);
        // A stronger reason replaces a limit by a market order; once sent, the
        // exit's own end decides what follows.
        if level.is_none() && !under_way.is_sent {
            under_way.level = None;
            under_way.reason = reason;
        }
        self.go_on(at, trade_id, out);
    }

    /// Takes the next step of one closing.
    pub(super) fn go_on(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let Some(closing) = self.closings.get(trade_id).cloned() else { return };
        let Some(position) = self.book.position(closing.symbol) else {
            self.end_closing(trade_id, out);
            return;
        };
        if closing.is_sent {
            return;
        }
        if self.session != Session::Open {
            if closing.draft.is_none() {
                self.draft_exit(trade_id, &closing, position, out);
            }
            return;
        }
        let in_the_way = self.book.exits_of(closing.symbol, trade_id);
        if !in_the_way.is_empty() {
            for id in in_the_way {
                self.cancel(at, &id, "the position is being closed", Lane::Protective, out);
            }
            return;
        }
        let intent = ReductionIntent {
            trade_id: trade_id.clone(),
            symbol: closing.symbol,
            purpose: OrderPurpose::Exit,
            qty: self.book.closable_of(closing.symbol, trade_id),
            kind: exit_kind(closing.level),
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            extended_hours: false,
            at,
        };
        let id = self.take_draft(trade_id);
        if self.reduce(at, &intent, position.direction.exit_side(), id, out)
            && let Some(closing) = self.closings.get_mut(trade_id)
        {
            closing.is_sent = true;
        }
    }

    /// The market is open: exits that waited for it go on.
    pub(super) fn go_on_with_closings(&mut self, at: Timestamp, out: &mut Outbox) {
        let waiting: Vec<TradeId> = self.closings.keys().cloned().collect();
        for trade_id in waiting {
            self.go_on(at, &trade_id, out);
        }
    }

    /// A closing is over: the position is closed, or its exit order ended without
    /// closing it and the position agent protects again and asks anew. A draft that
    /// is still there is torn up.
    pub(super) fn end_closing(&mut self, trade_id: &TradeId, out: &mut Outbox) {
        let Some(closing) = self.closings.remove(trade_id) else { return };
        if let Some(draft) = closing.draft {
            self.step(&draft, &OrderInput::CancelRequested, out);
        }
    }

    /// Writes the exit order that will be sent at the open, and says that it waits.
    fn draft_exit(
        &mut self,
        trade_id: &TradeId,
        closing: &Closing,
        position: Position,
        out: &mut Outbox,
    ) {
        let id = self.name_order();
        let terms = Terms { qty: position.qty, kind: exit_kind(closing.level) };
        self.book.add(OrderRow {
            client_order_id: id.clone(),
            broker_order_id: None,
            trade_id: Some(trade_id.clone()),
            purpose: OrderPurpose::Exit,
            symbol: closing.symbol,
            side: position.direction.exit_side(),
            state: OrderState::Draft { terms },
            parent: None,
            trust: Trust::Plain,
        });
        out.publish(OrderEvent::StatusReported(OrderStatusReported {
            client_order_id: id.clone(),
            state: Some("DRAFT".into()),
            report: None,
        }));
        if let Some(closing) = self.closings.get_mut(trade_id) {
            closing.draft = Some(id);
        }
    }

    /// Takes the name of the draft, to be sent with the terms of now.
    fn take_draft(&mut self, trade_id: &TradeId) -> Option<ClientOrderId> {
        let id = self.closings.get_mut(trade_id)?.draft.take()?;
        self.book.discard(&id);
        Some(id)
    }

    /// A closing whose exit was refused is tried again.
    pub(super) fn retry_closing(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        self.go_on(at, trade_id, out);
    }
}
