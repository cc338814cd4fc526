//! Changes of single rows, and the statements that carry them out. A statement is
//! looked up once per commit, not once per row.

use std::collections::BTreeMap;

use rusqlite::{Connection, Statement};

use crate::domain::ids::{ClientOrderId, Seq, Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{Fill, OrderPurpose, Side};
use crate::domain::position::{Direction, Position};
use crate::domain::time::Timestamp;
use crate::journal::JournalError;
use crate::journal::sqlite::projections::cash::stored;
use crate::journal::sqlite::read::number;

/// What is new about an order; what is `None` stays as it was.
#[derive(Debug)]
pub(in crate::journal) struct OrderChange {
    pub(in crate::journal) trade_id: Option<TradeId>,
    pub(in crate::journal) symbol: Symbol,
    pub(in crate::journal) side: Side,
    pub(in crate::journal) purpose: OrderPurpose,
    pub(in crate::journal) kind: Option<&'static str>,
    pub(in crate::journal) limit: Option<Price>,
    pub(in crate::journal) stop: Option<Price>,
    pub(in crate::journal) qty: Qty,
    /// Shares filled; an older report never lowers it.
    pub(in crate::journal) filled: Qty,
    pub(in crate::journal) average_price: Option<Price>,
    /// The machine's state, where the event says it.
    pub(in crate::journal) state: Option<String>,
    pub(in crate::journal) seq: Seq,
}

impl OrderChange {
    // An order whose machine has not spoken yet has just been sent.
    const SQL: &str = "INSERT INTO orders(client_order_id, trade_id, symbol, side, purpose, kind, \
        limit_price, stop_price, qty, filled, average_price, state, last_seq) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, coalesce(?12, 'SUBMITTED'), ?13) \
        ON CONFLICT(client_order_id) DO UPDATE SET trade_id = coalesce(?2, trade_id), \
        purpose = ?5, kind = coalesce(?6, kind), limit_price = coalesce(?7, limit_price), \
        stop_price = coalesce(?8, stop_price), qty = ?9, filled = max(filled, ?10), \
        average_price = coalesce(?11, average_price), state = coalesce(?12, state), \
        last_seq = ?13";

    /// Takes a later change into this one.
    pub(in crate::journal) fn merge(&mut self, later: Self) {
        self.trade_id = later.trade_id.or_else(|| self.trade_id.take());
        self.purpose = later.purpose;
        self.kind = later.kind.or(self.kind);
        self.limit = later.limit.or(self.limit);
        self.stop = later.stop.or(self.stop);
        self.qty = later.qty;
        self.filled = self.filled.max(later.filled);
        self.average_price = later.average_price.or(self.average_price);
        self.state = later.state.or_else(|| self.state.take());
        self.seq = later.seq;
    }

    fn write(&self, statement: &mut Statement<'_>, id: &ClientOrderId) -> Result<(), JournalError> {
        statement.execute((
            id.as_str(),
            self.trade_id.as_ref().map(TradeId::as_str),
            self.symbol.as_str(),
            self.side.name(),
            purpose_name(self.purpose),
            self.kind,
            self.limit.map(Price::units),
            self.stop.map(Price::units),
            shares(self.qty),
            shares(self.filled),
            self.average_price.map(Price::units),
            self.state.as_deref(),
            number(self.seq),
        ))?;
        Ok(())
    }
}

/// One execution that counts.
#[derive(Debug)]
pub(in crate::journal) struct FillRow {
    pub(in crate::journal) fill: Fill,
    pub(in crate::journal) trade_id: Option<TradeId>,
    pub(in crate::journal) realized: Money,
    pub(in crate::journal) fee: Money,
    pub(in crate::journal) seq: Seq,
}

impl FillRow {
    const SQL: &str = "INSERT INTO fills(execution_id, client_order_id, trade_id, symbol, side, qty, \
        price, cumulative, realized, fee, at, seq) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

    fn write(&self, statement: &mut Statement<'_>) -> Result<(), JournalError> {
        let fill = &self.fill;
        statement.execute((
            fill.execution_id.as_str(),
            fill.client_order_id.as_str(),
            self.trade_id.as_ref().map(TradeId::as_str),
            fill.symbol.as_str(),
            fill.side.name(),
            shares(fill.qty),
            fill.price.units(),
            shares(fill.cumulative),
            stored(self.realized, self.seq)?,
            stored(self.fee, self.seq)?,
            fill.at.as_nanos(),
            number(self.seq),
        ))?;
        Ok(())
    }
}

/// Writes the changes of orders.
pub(in crate::journal) fn write_orders(
    connection: &Connection,
    changes: BTreeMap<ClientOrderId, OrderChange>,
) -> Result<(), JournalError> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(OrderChange::SQL)?;
    changes.into_iter().try_for_each(|(id, change)| change.write(&mut statement, &id))
}

/// Writes new executions and forgets them.
pub(in crate::journal) fn write_fills(
    connection: &Connection,
    fills: &mut Vec<FillRow>,
) -> Result<(), JournalError> {
    if fills.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(FillRow::SQL)?;
    fills.drain(..).try_for_each(|fill| fill.write(&mut statement))
}

/// Writes the changes of trades.
pub(in crate::journal) fn write_trades(
    connection: &Connection,
    changes: BTreeMap<TradeId, TradeChange>,
) -> Result<(), JournalError> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(TradeChange::SQL)?;
    changes.into_iter().try_for_each(|(id, change)| change.write(&mut statement, &id))
}

/// Writes a position, or takes it away when there is none.
pub(in crate::journal) fn write_position(
    connection: &Connection,
    symbol: Symbol,
    position: Option<&Position>,
    seq: Seq,
) -> Result<(), JournalError> {
    let Some(position) = position else {
        let sql = "DELETE FROM positions WHERE symbol = ?1";
        connection.prepare_cached(sql)?.execute([symbol.as_str()])?;
        return Ok(());
    };
    let sql = "INSERT INTO positions(symbol, direction, qty, cost) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT(symbol) DO UPDATE SET direction = ?2, qty = ?3, cost = ?4";
    connection.prepare_cached(sql)?.execute((
        symbol.as_str(),
        direction_name(position.direction),
        shares(position.qty),
        stored(position.cost, seq)?,
    ))?;
    Ok(())
}

/// What is new about a trade; what is `None` stays as it was.
#[derive(Debug)]
pub(in crate::journal) struct TradeChange {
    pub(in crate::journal) symbol: Symbol,
    pub(in crate::journal) state: Option<String>,
    pub(in crate::journal) reason: Option<String>,
    pub(in crate::journal) direction: Option<Direction>,
    pub(in crate::journal) qty: Option<Qty>,
    pub(in crate::journal) entry_time: Option<Timestamp>,
    pub(in crate::journal) entry_price: Option<Price>,
    pub(in crate::journal) stop_price: Option<Price>,
    pub(in crate::journal) target_price: Option<Price>,
    pub(in crate::journal) exit_time: Option<Timestamp>,
    pub(in crate::journal) exit_price: Option<Price>,
    pub(in crate::journal) pnl: Option<Money>,
    pub(in crate::journal) r_multiple: Option<String>,
    pub(in crate::journal) strategy: Option<String>,
    pub(in crate::journal) seq: Seq,
}

impl TradeChange {
    const SQL: &str = "INSERT INTO trades(trade_id, symbol, state, reason, direction, qty, entry_time, \
        entry_price, stop_price, target_price, exit_time, exit_price, pnl, r_multiple, \
        strategy, last_seq) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
        ON CONFLICT(trade_id) DO UPDATE SET state = coalesce(?3, state), \
        reason = coalesce(?4, reason), direction = coalesce(?5, direction), \
        qty = coalesce(?6, qty), entry_time = coalesce(?7, entry_time), \
        entry_price = coalesce(?8, entry_price), stop_price = coalesce(?9, stop_price), \
        target_price = coalesce(?10, target_price), exit_time = coalesce(?11, exit_time), \
        exit_price = coalesce(?12, exit_price), pnl = coalesce(?13, pnl), \
        r_multiple = coalesce(?14, r_multiple), strategy = coalesce(?15, strategy), \
        last_seq = ?16";

    /// Nothing new yet.
    pub(in crate::journal) const fn of(symbol: Symbol, seq: Seq) -> Self {
        Self {
            symbol,
            state: None,
            reason: None,
            direction: None,
            qty: None,
            entry_time: None,
            entry_price: None,
            stop_price: None,
            target_price: None,
            exit_time: None,
            exit_price: None,
            pnl: None,
            r_multiple: None,
            strategy: None,
            seq,
        }
    }

    fn write(&self, statement: &mut Statement<'_>, id: &TradeId) -> Result<(), JournalError> {
        statement.execute((
            id.as_str(),
            self.symbol.as_str(),
            self.state.as_deref(),
            self.reason.as_deref(),
            self.direction.map(direction_name),
            self.qty.map(shares),
            self.entry_time.map(Timestamp::as_nanos),
            self.entry_price.map(Price::units),
            self.stop_price.map(Price::units),
            self.target_price.map(Price::units),
            self.exit_time.map(Timestamp::as_nanos),
            self.exit_price.map(Price::units),
            self.pnl.map(|pnl| stored(pnl, self.seq)).transpose()?,
            self.r_multiple.as_deref(),
            self.strategy.as_deref(),
            number(self.seq),
        ))?;
        Ok(())
    }
}

const fn purpose_name(purpose: OrderPurpose) -> &'static str {
    match purpose {
        OrderPurpose::Entry => "entry",
        OrderPurpose::Protection => "protection",
        OrderPurpose::Exit => "exit",
    }
}

/// The direction's name in the store.
const fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Long => "long",
        Direction::Short => "short",
    }
}

/// A quantity as the store holds it.
fn shares(qty: Qty) -> i64 {
    i64::try_from(qty.units()).expect("`Qty::MAX` is below 2^63 billionths")
}
