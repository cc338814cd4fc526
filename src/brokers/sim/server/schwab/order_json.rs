//! The Order object with its children (Schwab, protocol page §3.3 of October 2026).

use std::collections::HashMap;

use rust_decimal::Decimal;

use crate::brokers::sim::exchange::{Order, OrderName};
use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::{OrderNotice, World};
use crate::domain::ids::Symbol;
use crate::domain::money::Qty;

use super::answers::{double, number, object, price, shares, ticker, time};
use super::book::{Book, Node, Status};
use super::state::ACCOUNT;
use super::ticket::Ticket;

/// What Schwab calls orders of our app; the client cannot set it.
const TAG: &str = "TA_flightdecksimulated1700000000";
/// Numbers of executions and of cancellations begin here.
const EXECUTIONS: u64 = 900_000_000_000;
const CANCELLATIONS: u64 = 800_000_000_000;

/// A made-up number of a stock, the same in every run.
pub(super) fn instrument_id(symbol: Symbol) -> u64 {
    let bytes = symbol.as_str().bytes();
    bytes.fold(7, |sum: u64, byte| (sum * 31 + u64::from(byte)) % 1_000_000_000)
}

/// A made-up CUSIP of a stock: nine digits.
pub(super) fn cusip(symbol: Symbol) -> String {
    format!("{:09}", instrument_id(symbol))
}

/// The number of an execution.
pub(super) const fn activity_id(notice: &OrderNotice) -> u64 {
    EXECUTIONS + notice.number
}

/// Writes orders out of the book.
pub(super) struct Scribe<'a> {
    world: &'a World,
    book: &'a Book,
    oco_has_status: bool,
    executions: HashMap<&'a str, Vec<&'a OrderNotice>>,
}

impl<'a> Scribe<'a> {
    /// Makes one that knows the executions so far.
    pub(super) fn new(world: &'a World, book: &'a Book, oco_has_status: bool) -> Self {
        let mut executions: HashMap<&str, Vec<&OrderNotice>> = HashMap::new();
        for notice in world.executions() {
            executions.entry(notice.order.broker_order_id.as_str()).or_default().push(notice);
        }
        Self { world, book, oco_has_status, executions }
    }

    /// Writes a node and what is below it.
    pub(super) fn order(&self, node: &Node) -> Field {
        let status = self.book.status(node, self.world.exchange());
        let order = node.order.as_ref();
        let order = order.and_then(|id| self.world.exchange().order(OrderName::Broker(id)));
        let mut fields = match &node.ticket {
            Some(ticket) => self.ticket(node, ticket, order, status),
            None => self.group(node, status),
        };
        let children = node.children.iter().filter_map(|id| self.book.node(*id));
        let children: Vec<Field> = children.map(|child| self.order(child)).collect();
        if !children.is_empty() {
            fields.push(("childOrderStrategies", Field::List(children)));
        }
        object(fields)
    }

    /// The node of an OCO has no legs and no prices.
    fn group(&self, node: &Node, status: Status) -> Vec<(&'static str, Field)> {
        let mut fields = vec![
            ("orderStrategyType", Field::from(node.strategy)),
            ("orderId", number(node.id)),
            ("cancelable", Field::Bool(status.is_live())),
            ("editable", Field::Bool(false)),
        ];
        if self.oco_has_status {
            fields.push(("status", status.name().into()));
        }
        fields.push(("enteredTime", time(node.entered)));
        fields.push(("accountNumber", number(ACCOUNT)));
        fields
    }

    fn ticket(
        &self,
        node: &Node,
        ticket: &Ticket,
        order: Option<&Order>,
        status: Status,
    ) -> Vec<(&'static str, Field)> {
        let qty = order.map_or(ticket.qty, |order| order.qty);
        let filled = order.map_or(Qty::ZERO, |order| order.filled);
        let left = if status.is_live() { qty.saturating_sub(filled) } else { Qty::ZERO };
        let is_alone = node.parent.is_none() && node.children.is_empty();
        let can_cancel = status.is_live() && status != Status::PendingCancel;
        let mut fields = vec![
            ("session", Field::from(ticket.session)),
            ("duration", ticket.duration.into()),
            ("orderType", ticket.order_type.into()),
            ("complexOrderStrategyType", "NONE".into()),
            ("quantity", shares(qty)),
            ("filledQuantity", shares(filled)),
            ("remainingQuantity", shares(left)),
            ("requestedDestination", "AUTO".into()),
            ("destinationLinkName", "AutoRoute".into()),
        ];
        fields.extend(ticket.price.map(|limit| ("price", price(limit))));
        let stop = order.and_then(|order| order.stop).or(ticket.stop);
        fields.extend(stop.map(|stop| ("stopPrice", price(stop))));
        if let Some(trailing) = ticket.trailing {
            fields.push(("stopPriceLinkBasis", trailing.basis.into()));
            fields.push(("stopPriceLinkType", trailing.link_type.into()));
            fields.push(("stopPriceOffset", double(trailing.offset)));
        }
        fields.extend([
            ("orderLegCollection", Field::List(vec![leg(ticket, qty)])),
            ("orderStrategyType", node.strategy.into()),
            ("orderId", number(node.id)),
            ("cancelable", Field::Bool(can_cancel)),
            ("editable", Field::Bool(can_cancel && is_alone)),
            ("status", status.name().into()),
            ("enteredTime", time(node.entered)),
        ]);
        let doomed = node.doom.as_ref();
        let ended = doomed.and_then(|doom| doom.since).or(order.map(|order| order.updated_at));
        fields.extend(ended.filter(|_| !status.is_live()).map(|at| ("closeTime", time(at))));
        if node.is_ours {
            fields.push(("tag", TAG.into()));
        }
        fields.push(("accountNumber", number(ACCOUNT)));
        let activity = order.map_or_else(Vec::new, |order| self.activity(node, order, status));
        if !activity.is_empty() {
            fields.push(("orderActivityCollection", Field::List(activity)));
        }
        if let Some(doom) = doomed.filter(|doom| doom.since.is_some()) {
            fields.push(("statusDescription", Field::text(doom.reason.as_str())));
        }
        fields
    }

    /// What was executed, and what was cancelled at the end: there is nothing before
    /// either happens.
    fn activity(&self, node: &Node, order: &Order, status: Status) -> Vec<Field> {
        let executions = self.executions.get(order.broker_order_id.as_str());
        let executions = executions.map_or(&[][..], Vec::as_slice);
        let mut left = order.qty;
        let mut rows = Vec::new();
        for notice in executions {
            let Some(execution) = &notice.execution else { continue };
            left = left.saturating_sub(execution.qty);
            let leg = execution_leg(notice, execution.qty, price(execution.price));
            let id = activity_id(notice);
            rows.push(activity(id, "FILL", (execution.qty, left), leg));
        }
        if matches!(status, Status::Canceled | Status::Replaced | Status::Expired) {
            let rest = order.leaves();
            let id = CANCELLATIONS + node.id % CANCELLATIONS;
            let leg = object(vec![
                ("legId", number(1)),
                ("quantity", shares(rest)),
                ("mismarkedQuantity", double(Decimal::ZERO)),
                ("price", double(Decimal::ZERO)),
                ("time", time(order.updated_at)),
                ("instrumentId", number(instrument_id(order.symbol))),
            ]);
            rows.push(activity(id, "CANCELED", (rest, Qty::ZERO), leg));
        }
        rows
    }
}

fn activity(id: u64, kind: &'static str, (qty, left): (Qty, Qty), leg: Field) -> Field {
    object(vec![
        ("activityType", "EXECUTION".into()),
        ("activityId", number(id)),
        ("executionType", kind.into()),
        ("quantity", shares(qty)),
        ("orderRemainingQuantity", shares(left)),
        ("executionLegs", Field::List(vec![leg])),
    ])
}

fn execution_leg(notice: &OrderNotice, qty: Qty, price: Field) -> Field {
    object(vec![
        ("legId", number(1)),
        ("quantity", shares(qty)),
        ("mismarkedQuantity", double(Decimal::ZERO)),
        ("price", price),
        ("time", time(notice.at)),
        ("instrumentId", number(instrument_id(notice.order.symbol))),
    ])
}

fn leg(ticket: &Ticket, qty: Qty) -> Field {
    object(vec![
        ("orderLegType", "EQUITY".into()),
        ("legId", number(1)),
        ("instrument", instrument(ticket.symbol)),
        ("instruction", ticket.instruction.into()),
        ("positionEffect", ticket.position_effect().into()),
        ("quantity", shares(qty)),
    ])
}

/// A stock as orders and transactions name it.
pub(super) fn instrument(symbol: Symbol) -> Field {
    object(vec![
        ("assetType", "EQUITY".into()),
        ("cusip", Field::text(cusip(symbol))),
        ("symbol", Field::text(ticker(symbol))),
        ("instrumentId", number(instrument_id(symbol))),
    ])
}
