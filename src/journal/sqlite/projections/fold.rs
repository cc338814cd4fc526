//! The fold: what each event changes.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::domain::ids::{ClientOrderId, Seq, Symbol, TradeId};
use crate::domain::money::{Money, Qty};
use crate::domain::position::{Direction, Position, apply_fill};
use crate::events::{
    Envelope, Event, OrderEvent, OrderFilled, OrderStateChanged, OrderSubmit, PositionClosed,
    PositionEvent, PositionOpened, PositionSplit, SignalEvent, SplitApplied, TradeEvent,
    TradeLogged, TradeStateChanged, VenueEvent,
};
use crate::journal::sqlite::projections::cash::Cash;
use crate::journal::sqlite::projections::rows::{
    FillRow, OrderChange, TradeChange, write_fills, write_orders, write_position, write_trades,
};
use crate::journal::{Corruption, JournalError};

/// Folds events and holds what has not been written yet. Of the past it keeps
/// only the open positions and the cash.
#[derive(Debug, Default)]
pub(in crate::journal) struct Projector {
    positions: BTreeMap<Symbol, Position>,
    cash: Cash,
    orders: BTreeMap<ClientOrderId, OrderChange>,
    trades: BTreeMap<TradeId, TradeChange>,
    fills: Vec<FillRow>,
    moved: BTreeSet<Symbol>,
    /// The last event folded.
    seq: Seq,
}

impl Projector {
    /// Goes on from what is stored.
    pub(in crate::journal) fn resume(connection: &Connection) -> Result<Self, JournalError> {
        let mut select =
            connection.prepare("SELECT symbol, direction, qty, cost FROM positions")?;
        let mut rows = select.query([])?;
        let mut positions = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            let stored = (row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?);
            let (symbol, position) = read_position(&text, &stored).ok_or_else(|| {
                Corruption::of_file(format!("positions: row '{text}' holds illegal values"))
            })?;
            positions.insert(symbol, position);
        }
        Ok(Self { positions, cash: Cash::read(connection)?, ..Self::default() })
    }

    /// Takes one event.
    pub(in crate::journal) fn fold(&mut self, envelope: &Envelope) {
        let seq = envelope.seq;
        self.seq = seq;
        match &envelope.event {
            Event::Order(event) => self.fold_order(seq, event),
            Event::Venue(VenueEvent::SplitApplied(event)) => self.split_applied(event),
            Event::Position(event) => self.fold_position(seq, event),
            Event::Trade(TradeEvent::StateChanged(event)) => self.trade_moved(seq, event),
            Event::Signal(SignalEvent::TradeLogged(event)) => self.trade_logged(seq, event),
            Event::Tape(_)
            | Event::Feed(_)
            | Event::Market(_)
            | Event::Signal(_)
            | Event::Risk(_)
            | Event::Venue(_)
            | Event::Trade(TradeEvent::TransitionInvalid(_))
            | Event::Breaker(_)
            | Event::Intel(_)
            | Event::Operator(_)
            | Event::Request(_)
            | Event::System(_) => {}
        }
    }

    /// Writes every change and forgets it.
    pub(in crate::journal) fn write(
        &mut self,
        connection: &Connection,
    ) -> Result<(), JournalError> {
        let is_cash_changed = !self.fills.is_empty();
        write_orders(connection, std::mem::take(&mut self.orders))?;
        write_fills(connection, &mut self.fills)?;
        for symbol in std::mem::take(&mut self.moved) {
            write_position(connection, symbol, self.positions.get(&symbol), self.seq)?;
        }
        if is_cash_changed {
            self.cash.update(connection, self.seq)?;
        }
        write_trades(connection, std::mem::take(&mut self.trades))
    }

    fn fold_order(&mut self, seq: Seq, event: &OrderEvent) {
        match event {
            OrderEvent::Submit(submit) => self.submitted(seq, submit, event.trade_id()),
            OrderEvent::Filled(fill) | OrderEvent::PartiallyFilled(fill) => self.filled(seq, fill),
            OrderEvent::StateChanged(change) => self.order_moved(seq, change),
            OrderEvent::Cancel(_)
            | OrderEvent::Modify(_)
            | OrderEvent::Submitted(_)
            | OrderEvent::Rejected(_)
            | OrderEvent::Cancelled(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::Modified(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::Expired(_)
            | OrderEvent::OutcomeUnknown(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::External(_) => {}
        }
    }

    fn submitted(&mut self, seq: Seq, event: &OrderSubmit, trade_id: Option<&TradeId>) {
        let request = event.order.request();
        let change = OrderChange {
            trade_id: trade_id.cloned(),
            symbol: request.symbol,
            side: request.side,
            purpose: event.order.purpose(),
            kind: Some(request.kind.name()),
            limit: request.kind.limit(),
            stop: request.kind.stop(),
            qty: request.qty,
            filled: Qty::ZERO,
            average_price: None,
            state: None,
            seq,
        };
        self.order(&request.client_order_id, change);
    }

    fn order_moved(&mut self, seq: Seq, event: &OrderStateChanged) {
        let change = OrderChange {
            trade_id: event.trade_id.clone(),
            symbol: event.symbol,
            side: event.side,
            purpose: event.purpose,
            kind: None,
            limit: None,
            stop: None,
            qty: event.qty,
            filled: event.filled,
            average_price: event.average_price,
            state: Some(event.to.clone()),
            seq,
        };
        self.order(&event.client_order_id, change);
    }

    fn filled(&mut self, seq: Seq, event: &OrderFilled) {
        let fill = &event.fill;
        let change = OrderChange {
            trade_id: event.trade_id.clone(),
            symbol: fill.symbol,
            side: fill.side,
            purpose: event.purpose,
            kind: Some(event.kind.name()),
            limit: event.kind.limit(),
            stop: event.kind.stop(),
            qty: event.ordered,
            filled: fill.cumulative,
            average_price: Some(event.average_price),
            state: None,
            seq,
        };
        self.order(&fill.client_order_id, change);
        let before = self.positions.get(&fill.symbol).copied();
        let effect = apply_fill(before, fill.symbol, fill.side, fill.qty, fill.price);
        match effect.position {
            Some(position) => self.positions.insert(fill.symbol, position),
            None => self.positions.remove(&fill.symbol),
        };
        self.moved.insert(fill.symbol);
        self.cash.trade(fill.side, fill.price.times(fill.qty), effect.realized);
        self.cash.charge(event.fee);
        self.fills.push(FillRow {
            fill: fill.clone(),
            trade_id: event.trade_id.clone(),
            realized: effect.realized,
            fee: event.fee,
            seq,
        });
    }

    fn order(&mut self, id: &ClientOrderId, change: OrderChange) {
        if let Some(known) = self.orders.get_mut(id) {
            known.merge(change);
        } else {
            self.orders.insert(id.clone(), change);
        }
    }

    fn fold_position(&mut self, seq: Seq, event: &PositionEvent) {
        match event {
            PositionEvent::Opened(event) => self.opened(seq, event),
            PositionEvent::Closed(event) => self.closed(seq, event),
            PositionEvent::Split(event) => self.split(seq, event),
            PositionEvent::SetStop(_)
            | PositionEvent::UpdateStop(_)
            | PositionEvent::StopSet(_)
            | PositionEvent::StopHit(_)
            | PositionEvent::TargetHit(_)
            | PositionEvent::Pnl(_)
            | PositionEvent::Unexplained(_)
            | PositionEvent::Covered(_) => {}
        }
    }

    fn opened(&mut self, seq: Seq, event: &PositionOpened) {
        let trade = self.trade(&event.trade_id, event.symbol, seq);
        trade.direction = Some(event.direction);
        trade.qty = Some(event.quantity);
        trade.entry_price = Some(event.entry_price);
        trade.stop_price = Some(event.stop_price);
        trade.target_price = Some(event.target_price);
    }

    fn closed(&mut self, seq: Seq, event: &PositionClosed) {
        let trade = self.trade(&event.trade_id, event.symbol, seq);
        trade.direction = Some(event.direction);
        trade.qty = Some(event.quantity);
        trade.entry_time = Some(event.entry_time);
        trade.entry_price = Some(event.entry_price);
        trade.exit_price = Some(event.exit_price);
        trade.pnl = Some(event.pnl);
        trade.r_multiple = event.r_multiple.map(|r| r.to_string());
        trade.reason = Some(event.reason.name().to_owned());
    }

    /// New shares for old ones; the cost stays. A venue that says the split itself
    /// has been heard before, and the position is not the old one any more.
    fn split(&mut self, seq: Seq, event: &PositionSplit) {
        let trade = self.trade(&event.trade_id, event.symbol, seq);
        trade.qty = Some(event.quantity_after);
        trade.stop_price = Some(event.stop_price);
        trade.target_price = Some(event.target_price);
        if let Some(position) = self.positions.get_mut(&event.symbol)
            && position.qty == event.quantity_before
        {
            position.qty = event.quantity_after;
            self.moved.insert(event.symbol);
        }
    }

    /// The venue's shares after a split, at the cost that we have paid.
    fn split_applied(&mut self, event: &SplitApplied) {
        let after = event.position.map(|position| position.qty);
        match (self.positions.get_mut(&event.symbol), after) {
            (Some(position), Some(qty)) => position.qty = qty,
            (Some(_), None) => drop(self.positions.remove(&event.symbol)),
            (None, Some(_) | None) => {}
        }
        self.moved.insert(event.symbol);
    }

    fn trade_moved(&mut self, seq: Seq, event: &TradeStateChanged) {
        let trade = self.trade(&event.trade_id, event.symbol, seq);
        trade.state = Some(event.to.clone());
        if event.reason.is_some() {
            trade.reason.clone_from(&event.reason);
        }
    }

    fn trade_logged(&mut self, seq: Seq, event: &TradeLogged) {
        let trade = self.trade(&event.trade_id, event.symbol, seq);
        trade.direction = Some(event.direction);
        trade.qty = Some(event.quantity);
        trade.entry_time = Some(event.entry_time);
        trade.entry_price = Some(event.entry_price);
        trade.exit_time = Some(event.exit_time);
        trade.exit_price = Some(event.exit_price);
        trade.pnl = Some(event.pnl);
        trade.r_multiple = event.r_multiple.map(|r| r.to_string());
        trade.reason = Some(event.reason.name().to_owned());
        trade.strategy = Some(event.strategy.clone());
    }

    fn trade(&mut self, id: &TradeId, symbol: Symbol, seq: Seq) -> &mut TradeChange {
        let change = self.trades.entry(id.clone()).or_insert_with(|| TradeChange::of(symbol, seq));
        change.seq = seq;
        change
    }
}

fn read_position(symbol: &str, stored: &(String, i64, i64)) -> Option<(Symbol, Position)> {
    let symbol = Symbol::new(symbol).ok()?;
    let direction = match stored.0.as_str() {
        "long" => Direction::Long,
        "short" => Direction::Short,
        _ => return None,
    };
    let qty = Qty::from_units(u64::try_from(stored.1).ok()?).ok()?;
    let cost = Money::from_units(stored.2.into());
    Some((symbol, Position { symbol, direction, qty, cost }))
}
