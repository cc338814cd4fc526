//! What the house believes, folded from its own events: orders, positions, the state of
//! trading, the age of its data. After a crash it is folded anew from what survived.

use std::collections::BTreeMap;

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::money::{Money, Qty};
use crate::domain::order::OrderPurpose;
use crate::domain::position::Book;
use crate::domain::time::Timestamp;
use crate::events::{
    Envelope, Event, FeedEvent, OrderEvent, OrderFilled, OrderStateChanged, OrderSubmit,
    SignalEvent, SystemEvent,
};

/// One order as the house sees it.
#[derive(Debug, Clone)]
pub(super) struct OrderNote {
    pub(super) purpose: OrderPurpose,
    pub(super) trade_id: Option<TradeId>,
    /// Name of the state of its machine.
    pub(super) state: String,
    pub(super) qty: Qty,
    pub(super) filled: Qty,
    /// Shares of the executions that the house has counted.
    pub(super) counted: Qty,
}

impl OrderNote {
    /// Whether the house waits for nothing more of it.
    pub(super) fn is_over(&self) -> bool {
        is_end(&self.state)
    }
}

/// Whether a state is the end of an order.
pub(super) fn is_end(state: &str) -> bool {
    matches!(state, "FILLED" | "CANCELLED" | "REJECTED" | "EXPIRED")
}

/// Everything that the house believes.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) orders: BTreeMap<ClientOrderId, OrderNote>,
    pub(super) book: Book,
    /// State of trading, and why.
    pub(super) trading: (String, String),
    /// When the last quote of each stock was heard.
    pub(super) quoted: BTreeMap<Symbol, Timestamp>,
    pub(super) trades: u64,
}

impl Notes {
    pub(super) fn new(opening_cash: Money) -> Self {
        Self {
            orders: BTreeMap::new(),
            book: Book::new(opening_cash),
            trading: ("ACTIVE".into(), String::new()),
            quoted: BTreeMap::new(),
            trades: 0,
        }
    }

    /// Whether no entry may leave.
    pub(super) fn is_halted(&self) -> bool {
        matches!(self.trading.0.as_str(), "HALTED" | "FLATTEN")
    }

    /// What an order is for, by any of its names.
    pub(super) fn purpose(&self, id: &ClientOrderId) -> Option<OrderPurpose> {
        self.orders.get(id).map(|note| note.purpose)
    }

    /// Takes one event.
    pub(super) fn take(&mut self, envelope: &Envelope) {
        if let Event::Feed(FeedEvent::Step(step)) = &envelope.event {
            let sane = step.quotes.iter().filter(|quote| quote.bid <= quote.ask);
            for quote in sane {
                self.quoted.insert(quote.symbol, envelope.at);
            }
        } else if let Event::Order(event) = &envelope.event {
            self.order(event);
        } else if let Event::System(SystemEvent::TradingChanged(changed)) = &envelope.event {
            self.trading = (changed.to.clone(), changed.reason.clone());
        } else if let Event::Signal(SignalEvent::TradeLogged(_)) = &envelope.event {
            self.trades += 1;
        }
    }

    fn order(&mut self, event: &OrderEvent) {
        if let OrderEvent::Submit(submit) = event {
            self.submitted(submit);
        } else if let OrderEvent::StateChanged(changed) = event {
            self.changed(changed);
        } else if let OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled) = event {
            self.filled(filled);
        } else if let OrderEvent::Modified(modified) = event
            && let Some(mut note) = self.orders.remove(&modified.client_order_id)
        {
            note.qty = modified.qty;
            self.orders.insert(modified.new_client_order_id.clone(), note);
        }
    }

    fn submitted(&mut self, submit: &OrderSubmit) {
        let request = submit.order.request();
        // The machine speaks first: its note stays.
        self.orders.entry(request.client_order_id.clone()).or_insert_with(|| OrderNote {
            purpose: submit.order.purpose(),
            trade_id: Some(submit.order.trade_id().clone()),
            state: "SUBMITTED".into(),
            qty: request.qty,
            filled: Qty::ZERO,
            counted: Qty::ZERO,
        });
    }

    fn changed(&mut self, changed: &OrderStateChanged) {
        let note =
            self.orders.entry(changed.client_order_id.clone()).or_insert_with(|| OrderNote {
                purpose: changed.purpose,
                trade_id: changed.trade_id.clone(),
                state: changed.from.clone(),
                qty: changed.qty,
                filled: Qty::ZERO,
                counted: Qty::ZERO,
            });
        note.state.clone_from(&changed.to);
        note.filled = changed.filled;
        note.qty = changed.qty;
    }

    fn filled(&mut self, filled: &OrderFilled) {
        let fill = &filled.fill;
        self.book.apply(fill.symbol, fill.side, fill.qty, fill.price, filled.fee);
        if let Some(note) = self.orders.get_mut(&fill.client_order_id) {
            note.counted = note.counted.saturating_add(fill.qty);
        }
    }
}
