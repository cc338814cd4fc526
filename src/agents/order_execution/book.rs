//! The machines of all orders, and what is held and protected per symbol.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::corporate_action::SplitRatio;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, ExecutionId, Symbol, TradeId};
use crate::domain::money::{Price, Qty};
use crate::domain::order::{OrderKind, OrderPurpose, OrderReport, ReportedStatus, Side};
use crate::domain::position::{Position, apply_fill};
use crate::domain::symbols::SymbolMap;
use crate::fsm::order::{OrderState, Pending};
use crate::risk::ReductionView;

/// One order: its machine, and what it is for.
#[derive(Debug, Clone)]
pub(super) struct OrderRow {
    pub(super) client_order_id: ClientOrderId,
    pub(super) broker_order_id: Option<BrokerOrderId>,
    pub(super) trade_id: Option<TradeId>,
    pub(super) purpose: OrderPurpose,
    pub(super) symbol: Symbol,
    pub(super) side: Side,
    pub(super) state: OrderState,
    /// The order with which it came, for the legs of an OCO or bracket.
    pub(super) parent: Option<ClientOrderId>,
    pub(super) trust: Trust,
}

/// Whether what the venue says under an order's name is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Trust {
    /// As it says.
    #[default]
    Plain,
    /// It was ended because the venue did not have it: news of it are a surprise.
    NotReceived,
    /// It has arrived after all, and that was said.
    Surprising,
    /// Another order has its name (F21), and that was said.
    Mistaken,
}

impl OrderRow {
    pub(super) fn kind(&self) -> OrderKind {
        self.state.terms().kind
    }

    /// Tells whether somebody waits for its cancellation.
    pub(super) fn is_cancelling(&self) -> bool {
        self.state.pending() == Pending::Cancel
    }

    /// The order as the venue would list it.
    pub(super) fn report(&self) -> Option<OrderReport> {
        let status = match &self.state {
            OrderState::Draft { .. } => return None,
            OrderState::Submitted { .. }
            | OrderState::Accepted { .. }
            | OrderState::PartiallyFilled { .. }
            | OrderState::Unknown { .. } => ReportedStatus::Working,
            OrderState::Filled { .. } => ReportedStatus::Filled,
            OrderState::Cancelled { .. } => ReportedStatus::Cancelled,
            OrderState::Rejected { .. } => ReportedStatus::Rejected,
            OrderState::Expired { .. } => ReportedStatus::Expired,
        };
        Some(OrderReport {
            client_order_id: Some(self.client_order_id.clone()),
            broker_order_id: self.broker_order_id.clone()?,
            symbol: self.symbol,
            side: self.side,
            qty: self.state.terms().qty,
            kind: self.kind(),
            filled: self.state.filled(),
            average_price: self.state.average_price(),
            status,
        })
    }
}

/// All machines by client order id. Finished orders stay for late reports, the
/// newest ones, so memory is bounded.
#[derive(Debug)]
pub(super) struct OrderBook {
    rows: BTreeMap<ClientOrderId, OrderRow>,
    finished: VecDeque<ClientOrderId>,
    finished_kept: usize,
    /// Orders that may still execute, per symbol.
    live: SymbolMap<Vec<ClientOrderId>>,
    positions: SymbolMap<Option<Position>>,
    /// What each trade holds by its fills, per symbol; empty where nothing is held.
    held: SymbolMap<BTreeMap<TradeId, Qty>>,
    /// Executions of orders that are not ours, the newest ones: each counts once.
    foreign: BTreeSet<ExecutionId>,
    foreign_newest: VecDeque<ExecutionId>,
}

impl OrderBook {
    pub(super) fn new(finished_kept: usize) -> Self {
        Self {
            rows: BTreeMap::new(),
            finished: VecDeque::new(),
            finished_kept,
            live: SymbolMap::default(),
            positions: SymbolMap::default(),
            held: SymbolMap::default(),
            foreign: BTreeSet::new(),
            foreign_newest: VecDeque::new(),
        }
    }

    pub(super) fn add(&mut self, row: OrderRow) {
        self.live.row(row.symbol, Vec::new).push(row.client_order_id.clone());
        self.rows.insert(row.client_order_id.clone(), row);
    }

    pub(super) fn get(&self, id: &ClientOrderId) -> Option<&OrderRow> {
        self.rows.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &ClientOrderId) -> Option<&mut OrderRow> {
        self.rows.get_mut(id)
    }

    /// Moves an order that has ended out of the live ones.
    pub(super) fn retire(&mut self, id: &ClientOrderId) {
        let Some(symbol) = self.rows.get(id).map(|row| row.symbol) else { return };
        let live = self.live.row(symbol, Vec::new);
        let before = live.len();
        live.retain(|other| other != id);
        if live.len() == before {
            return;
        }
        self.finished.push_back(id.clone());
        while self.finished.len() > self.finished_kept {
            if let Some(oldest) = self.finished.pop_front() {
                self.rows.remove(&oldest);
            }
        }
    }

    /// Makes an order that has ended a draft again, to be taken up under the same name.
    pub(super) fn revive(&mut self, id: &ClientOrderId) {
        let Some(row) = self.rows.get_mut(id) else { return };
        row.state = OrderState::Draft { terms: row.state.terms() };
        row.trust = Trust::Plain;
        let symbol = row.symbol;
        self.finished.retain(|other| other != id);
        self.live.row(symbol, Vec::new).push(id.clone());
    }

    /// Forgets a draft.
    pub(super) fn discard(&mut self, id: &ClientOrderId) {
        if let Some(row) = self.rows.remove(id) {
            self.live.row(row.symbol, Vec::new).retain(|other| other != id);
        }
    }

    /// Gives a replaced order its new name.
    pub(super) fn rename(&mut self, old: &ClientOrderId, new: &ClientOrderId) {
        let Some(mut row) = self.rows.remove(old) else { return };
        for id in self.live.row(row.symbol, Vec::new) {
            if id == old {
                *id = new.clone();
            }
        }
        row.client_order_id = new.clone();
        self.rows.insert(new.clone(), row);
    }

    /// Orders of a symbol that the venue may execute; drafts are not among them.
    fn live_of(&self, symbol: Symbol) -> impl Iterator<Item = &OrderRow> {
        let ids = self.live.get(symbol).into_iter().flatten();
        ids.filter_map(|id| self.rows.get(id)).filter(|row| row.state.may_execute())
    }

    /// Orders that the venue has taken and that have not ended, in the order of their
    /// names.
    pub(super) fn at_venue(&self) -> impl Iterator<Item = &OrderRow> {
        self.rows.values().filter(|row| {
            matches!(row.state, OrderState::Accepted { .. } | OrderState::PartiallyFilled { .. })
        })
    }

    /// Entries of one symbol or of all that may still execute, in the order of their
    /// symbols' first use.
    pub(super) fn working_entries(&self, only: Option<Symbol>) -> Vec<ClientOrderId> {
        let meant = self.live.iter().filter(|(symbol, _)| only.is_none_or(|it| it == *symbol));
        let live = meant.flat_map(|(_, ids)| ids);
        live.filter_map(|id| self.rows.get(id))
            .filter(|row| row.purpose == OrderPurpose::Entry && !row.is_cancelling())
            .map(|row| row.client_order_id.clone())
            .collect()
    }

    /// Orders that protect or close a trade and may still execute; of a group the
    /// parent alone.
    pub(super) fn exits_of(&self, symbol: Symbol, trade_id: &TradeId) -> Vec<ClientOrderId> {
        self.live_of(symbol)
            .filter(|row| row.purpose != OrderPurpose::Entry)
            .filter(|row| row.parent.is_none() && row.trade_id.as_ref() == Some(trade_id))
            .map(|row| row.client_order_id.clone())
            .collect()
    }

    /// The order that holds the stop of a trade.
    pub(super) fn stop_of(&self, symbol: Symbol, trade_id: &TradeId) -> Option<&OrderRow> {
        self.live_of(symbol).find(|row| {
            row.purpose == OrderPurpose::Protection
                && row.trade_id.as_ref() == Some(trade_id)
                && row.kind().stop().is_some()
        })
    }

    /// Takes an execution into the position.
    pub(super) fn apply(&mut self, symbol: Symbol, side: Side, qty: Qty, price: Price) {
        let held = self.positions.row(symbol, || None);
        *held = apply_fill(*held, symbol, side, qty, price).position;
        if held.is_none()
            && let Some(trades) = self.held.get_mut(symbol)
        {
            trades.clear();
        }
    }

    /// Counts an execution of an order of ours for its trade, after [`Self::apply`].
    pub(super) fn count_for_trade(&mut self, row: &OrderRow, qty: Qty) {
        let Some(trade_id) = row.trade_id.clone() else { return };
        if self.position(row.symbol).is_none() {
            return;
        }
        let trades = self.held.row(row.symbol, BTreeMap::new);
        if row.purpose == OrderPurpose::Entry {
            let held = trades.entry(trade_id).or_default();
            *held = held.saturating_add(qty);
        } else if let Some(held) = trades.get_mut(&trade_id) {
            *held = held.saturating_sub(qty);
        }
    }

    /// Notes an execution of an order that is not ours; false when it is known.
    pub(super) fn is_new_foreign(&mut self, execution_id: &ExecutionId) -> bool {
        if !self.foreign.insert(execution_id.clone()) {
            return false;
        }
        self.foreign_newest.push_back(execution_id.clone());
        while self.foreign_newest.len() > self.finished_kept.max(1) {
            if let Some(oldest) = self.foreign_newest.pop_front() {
                self.foreign.remove(&oldest);
            }
        }
        true
    }

    /// Takes the venue's word for a position: after a split.
    pub(super) fn split(&mut self, symbol: Symbol, ratio: SplitRatio, position: Option<Position>) {
        *self.positions.row(symbol, || None) = position;
        for held in self.held.row(symbol, BTreeMap::new).values_mut() {
            *held = ratio.shares_after(*held);
        }
    }

    /// Shares that an exit of a trade may close now: never those of a stranger, never
    /// those that another exit closes.
    pub(super) fn closable_of(&self, symbol: Symbol, trade_id: &TradeId) -> Qty {
        let closable = self.reduction_view(symbol).closable();
        match self.held.get(symbol).and_then(|trades| trades.get(trade_id)) {
            Some(held) => closable.min(*held),
            None => closable,
        }
    }

    pub(super) fn position(&self, symbol: Symbol) -> Option<Position> {
        self.positions.get(symbol).copied().flatten()
    }

    /// What risk needs to judge an exit: a group counts once, by its parent.
    pub(super) fn reduction_view(&self, symbol: Symbol) -> ReductionView {
        let exits = self.live_of(symbol).filter(|row| row.purpose != OrderPurpose::Entry);
        let (mut open_exits, mut exits_to_cancel) = (Qty::ZERO, Qty::ZERO);
        for row in exits.filter(|row| row.parent.is_none()) {
            let remaining = row.state.remaining();
            open_exits = open_exits.saturating_add(remaining);
            if row.is_cancelling() {
                exits_to_cancel = exits_to_cancel.saturating_add(remaining);
            }
        }
        ReductionView {
            position: self.position(symbol),
            open_exits,
            exits_to_cancel,
            identity_matches: true,
        }
    }
}
