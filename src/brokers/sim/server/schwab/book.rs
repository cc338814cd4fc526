//! The numbers of orders: every node of every tree has one, orders that came by another
//! face of the world included (Schwab, protocol page §3.2 and §3.3 of October 2026).
//!
//! The exchange knows what happens to an order; the book knows what Schwab calls it,
//! what it belongs to, and the orders that were never given to the exchange because
//! they are rejected a moment after the answer.

use std::collections::{BTreeMap, HashMap};

use crate::brokers::sim::exchange::{Exchange, Order, OrderName, OrderStatus, Role};
use crate::domain::ids::BrokerOrderId;
use crate::domain::order::OrderKind;
use crate::domain::time::Timestamp;

use super::ticket::Ticket;
use super::tree::{Tree, role};

/// The number before the first: order numbers have 13 digits today.
const BEFORE_FIRST: u64 = 1_000_000_000_000;
/// Nodes kept; the oldest are forgotten.
const NODES_MAX: usize = 100_000;

/// Where a node stands, in Schwab's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    PendingAcknowledgement,
    PendingActivation,
    AwaitingParentOrder,
    AwaitingStopCondition,
    Working,
    PendingCancel,
    PendingReplace,
    Filled,
    Canceled,
    Rejected,
    Expired,
    Replaced,
}

impl Status {
    /// The name on the wire.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PendingAcknowledgement => "PENDING_ACKNOWLEDGEMENT",
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::AwaitingParentOrder => "AWAITING_PARENT_ORDER",
            Self::AwaitingStopCondition => "AWAITING_STOP_CONDITION",
            Self::Working => "WORKING",
            Self::PendingCancel => "PENDING_CANCEL",
            Self::PendingReplace => "PENDING_REPLACE",
            Self::Filled => "FILLED",
            Self::Canceled => "CANCELED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
            Self::Replaced => "REPLACED",
        }
    }

    /// Tells whether something may still happen to the order.
    pub(super) const fn is_live(self) -> bool {
        match self {
            Self::PendingAcknowledgement
            | Self::PendingActivation
            | Self::AwaitingParentOrder
            | Self::AwaitingStopCondition
            | Self::Working
            | Self::PendingCancel
            | Self::PendingReplace => true,
            Self::Filled | Self::Canceled | Self::Rejected | Self::Expired | Self::Replaced => {
                false
            }
        }
    }
}

/// Why an order is rejected after its answer, and since when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doom {
    pub(super) reason: String,
    pub(super) since: Option<Timestamp>,
}

/// One node of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) id: u64,
    pub(super) strategy: &'static str,
    pub(super) parent: Option<u64>,
    pub(super) children: Vec<u64>,
    /// `None` for the node of an OCO, which is no order.
    pub(super) ticket: Option<Ticket>,
    /// The exchange's name of it, where the exchange has it.
    pub(super) order: Option<BrokerOrderId>,
    pub(super) doom: Option<Doom>,
    pub(super) entered: Timestamp,
    /// The node whose place it took.
    pub(super) replaces: Option<u64>,
    pub(super) is_replaced: bool,
    /// Whether it came by this face of the world.
    pub(super) is_ours: bool,
}

/// What the exchange calls the orders of a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Placed {
    /// The order by itself, or the entry of a trigger.
    pub(super) entry: Option<BrokerOrderId>,
    /// The exit with a limit.
    pub(super) target: Option<BrokerOrderId>,
    /// The exit with a stop.
    pub(super) stop: Option<BrokerOrderId>,
}

/// All nodes.
#[derive(Debug, Default)]
pub(super) struct Book {
    nodes: BTreeMap<u64, Node>,
    by_order: HashMap<BrokerOrderId, u64>,
    made: u64,
    /// The newest order of the exchange that was looked at.
    seen: u64,
}

impl Book {
    /// Enters a tree and returns the number of its root; `doom` is why the exchange does
    /// not have it.
    pub(super) fn enter(
        &mut self,
        tree: &Tree,
        placed: Result<&Placed, &str>,
        replaces: Option<u64>,
        at: Timestamp,
    ) -> u64 {
        let root = self.enter_below(tree, None, placed, at);
        if let Some(node) = self.nodes.get_mut(&root) {
            node.replaces = replaces;
        }
        while self.nodes.len() > NODES_MAX {
            let forgotten = self.nodes.pop_first();
            if let Some(order) = forgotten.and_then(|(_, node)| node.order) {
                self.by_order.remove(&order);
            }
        }
        root
    }

    fn enter_below(
        &mut self,
        tree: &Tree,
        parent: Option<u64>,
        placed: Result<&Placed, &str>,
        at: Timestamp,
    ) -> u64 {
        self.made += 1;
        let id = BEFORE_FIRST + self.made;
        let (strategy, ticket, below): (_, _, &[Tree]) = match tree {
            Tree::Single(ticket) => ("SINGLE", Some(ticket), &[]),
            Tree::Oco(below) => ("OCO", None, below),
            Tree::Trigger(ticket, below) => ("TRIGGER", Some(ticket), below),
        };
        let order = placed.ok().and_then(|placed| {
            let own = match (parent, ticket.and_then(role)) {
                (Some(_), Some(Role::Target)) => &placed.target,
                (Some(_), Some(Role::Stop)) => &placed.stop,
                (None, _) | (Some(_), Some(Role::Single | Role::Entry) | None) => &placed.entry,
            };
            own.clone().filter(|_| ticket.is_some())
        });
        let doom = placed.err();
        let doom = doom.map(|reason| Doom { reason: reason.into(), since: None });
        if let Some(order) = &order {
            self.by_order.insert(order.clone(), id);
        }
        let node = Node {
            id,
            strategy,
            parent,
            children: Vec::new(),
            ticket: ticket.cloned(),
            order,
            doom,
            entered: at,
            replaces: None,
            is_replaced: false,
            is_ours: true,
        };
        self.nodes.insert(id, node);
        let children: Vec<u64> =
            below.iter().map(|child| self.enter_below(child, Some(id), placed, at)).collect();
        if let Some(node) = self.nodes.get_mut(&id) {
            node.children = children;
        }
        id
    }

    /// Gives numbers to the orders that came by another face of the world.
    pub(super) fn learn(&mut self, exchange: &Exchange) {
        for order in exchange.orders() {
            if order.sequence <= self.seen {
                continue;
            }
            self.seen = order.sequence;
            if self.by_order.contains_key(&order.broker_order_id) {
                continue;
            }
            let tree = Tree::Single(Ticket::of(order));
            let placed = Placed { entry: Some(order.broker_order_id.clone()), ..Placed::default() };
            let id = self.enter(&tree, Ok(&placed), None, order.submitted_at);
            if let Some(node) = self.nodes.get_mut(&id) {
                node.is_ours = false;
            }
        }
    }

    /// Finds a node.
    pub(super) fn node(&self, id: u64) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// Finds the number of an order of the exchange; all are learned when it has none.
    pub(super) fn number_of(&mut self, id: &BrokerOrderId, exchange: &Exchange) -> Option<u64> {
        if !self.by_order.contains_key(id) {
            self.learn(exchange);
        }
        self.by_order.get(id).copied()
    }

    /// Walks the nodes that stand by themselves, newest first.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().rev().filter(|node| node.parent.is_none())
    }

    /// Lists a node and everything below it.
    pub(super) fn subtree(&self, id: u64) -> Vec<u64> {
        let mut ids = vec![id];
        let mut at = 0;
        // Ends: each node is in one tree.
        while let Some(node) = ids.get(at).and_then(|id| self.nodes.get(id)) {
            ids.extend(&node.children);
            at += 1;
        }
        ids
    }

    /// Marks a tree as superseded by another.
    pub(super) fn mark_replaced(&mut self, id: u64) {
        for id in self.subtree(id) {
            if let Some(node) = self.nodes.get_mut(&id) {
                node.is_replaced = true;
            }
        }
    }

    /// Rejects a tree that was doomed.
    pub(super) fn reject(&mut self, id: u64, at: Timestamp) {
        for id in self.subtree(id) {
            if let Some(doom) = self.nodes.get_mut(&id).and_then(|node| node.doom.as_mut()) {
                doom.since = Some(at);
            }
        }
    }

    /// Returns where a node stands; the node of an OCO as its children do.
    pub(super) fn status(&self, node: &Node, exchange: &Exchange) -> Status {
        if let Some(doom) = &node.doom {
            let is_rejected = doom.since.is_some();
            return if is_rejected { Status::Rejected } else { Status::PendingAcknowledgement };
        }
        let Some(id) = &node.order else { return self.status_of_group(node, exchange) };
        let Some(order) = exchange.order(OrderName::Broker(id)) else { return Status::Canceled };
        let status = status_of(order);
        let is_replaced = status == Status::Canceled && node.is_replaced;
        if is_replaced { Status::Replaced } else { status }
    }

    fn status_of_group(&self, node: &Node, exchange: &Exchange) -> Status {
        let children = node.children.iter().filter_map(|id| self.nodes.get(id));
        let statuses: Vec<Status> = children.map(|child| self.status(child, exchange)).collect();
        let live = statuses.iter().find(|status| status.is_live());
        let filled = statuses.iter().find(|status| **status == Status::Filled);
        match (live, filled.or_else(|| statuses.first())) {
            (Some(Status::AwaitingParentOrder), _) => Status::AwaitingParentOrder,
            (Some(Status::PendingActivation), _) => Status::PendingActivation,
            (Some(_), _) => Status::Working,
            (None, ended) => ended.copied().unwrap_or(Status::Canceled),
        }
    }
}

fn status_of(order: &Order) -> Status {
    let is_stop = match order.kind {
        OrderKind::Stop { .. } | OrderKind::StopLimit { .. } | OrderKind::TrailingStop { .. } => {
            !order.is_elected
        }
        OrderKind::Market | OrderKind::Limit { .. } => false,
    };
    match order.status {
        OrderStatus::Accepted | OrderStatus::DoneForDay => Status::PendingActivation,
        OrderStatus::Held if !order.is_armed => Status::AwaitingParentOrder,
        OrderStatus::New | OrderStatus::Held if is_stop => Status::AwaitingStopCondition,
        OrderStatus::PendingNew
        | OrderStatus::New
        | OrderStatus::Held
        | OrderStatus::PartiallyFilled => Status::Working,
        OrderStatus::PendingCancel => Status::PendingCancel,
        OrderStatus::PendingReplace => Status::PendingReplace,
        OrderStatus::Filled => Status::Filled,
        OrderStatus::Cancelled => Status::Canceled,
        OrderStatus::Expired => Status::Expired,
        OrderStatus::Replaced => Status::Replaced,
        OrderStatus::Rejected => Status::Rejected,
    }
}
