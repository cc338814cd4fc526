//! What a broker says of orders, as events of the house.
//!
//! Every sentence may be said twice, late, or in the wrong order (F07, F08, F10): it
//! is passed on as evidence, with cumulative quantities, and the order's machine counts
//! each share once. Only the names are settled here.

use crate::brokers::gateway::ledger::{Ledger, Successor};
use crate::brokers::{BrokerOrder, Execution, OrderNews, OrderUpdate};
use crate::domain::ids::{BrokerOrderId, ClientOrderId, ExecutionId};
use crate::domain::money::Money;
use crate::domain::order::{Fill, OrderReport, RejectReason, ReportedStatus};
use crate::events::{
    AcceptedLeg, OrdersReported, VenueAccepted, VenueDone, VenueEvent, VenueFilled, VenueRefused,
    VenueRejected, VenueReplaced,
};

/// What follows from news of an order.
#[derive(Debug, Default)]
pub(super) struct News {
    /// To be said, in this order.
    pub(super) events: Vec<VenueEvent>,
    /// An order was replaced by one that is not known yet and must be read.
    pub(super) follow: Option<(ClientOrderId, BrokerOrderId)>,
    /// Shares changed hands: the account is another one.
    pub(super) has_traded: bool,
    /// An execution was corrected: everything must be read anew.
    pub(super) is_corrected: bool,
}

impl Ledger {
    /// Takes one push.
    pub(super) fn update(&mut self, update: &OrderUpdate) -> News {
        let order = &update.order;
        let name = self.learn(order);
        if let Some(row) = self.get_mut(&name) {
            row.watch.pushed(order.report.filled);
        }
        match &update.news {
            OrderNews::Standing => self.standing(order),
            OrderNews::Executed(execution) => self.executed(order, execution),
            OrderNews::Rejected { reason } => self.rejected(order, *reason),
            OrderNews::CancelRefused => {
                let refused = self.refused(order, "the venue refused to cancel");
                if let Some(row) = self.get_mut(&refused.client_order_id) {
                    row.is_cancel_owed = false;
                }
                News { events: vec![VenueEvent::CancelRefused(refused)], ..News::default() }
            }
            OrderNews::ReplaceRefused => {
                let refused = self.refused(order, "the venue refused to replace");
                if let Some(row) = self.get_mut(&refused.client_order_id) {
                    row.successor = None;
                }
                News { events: vec![VenueEvent::ReplaceRefused(refused)], ..News::default() }
            }
            OrderNews::Corrected => {
                self.learn(order);
                News { is_corrected: true, has_traded: true, ..News::default() }
            }
        }
    }

    /// Takes where one order stands, as answered, read or pushed.
    pub(super) fn standing(&mut self, order: &BrokerOrder) -> News {
        let mut news = self.announced(order);
        let name = self.name_of(order);
        let (status, filled) = (order.report.status, order.report.filled);
        let has_news = |order: &BrokerOrder| {
            let report = &order.report;
            !report.filled.is_zero()
                || matches!(report.status, ReportedStatus::Filled | ReportedStatus::Rejected)
        };
        let legs_end = order.legs.iter().any(|leg| {
            has_news(leg)
                || matches!(leg.report.status, ReportedStatus::Cancelled | ReportedStatus::Expired)
        });
        if has_news(order) || legs_end {
            news.has_traded = has_news(order) || order.legs.iter().any(has_news);
            let mut orders = Vec::new();
            self.list(order, &mut orders);
            if !orders.is_empty() {
                news.events.push(VenueEvent::Orders(part_of(orders)));
            }
        }
        let done = VenueDone { client_order_id: name, filled };
        match status {
            ReportedStatus::Cancelled => news.events.push(VenueEvent::Cancelled(done)),
            ReportedStatus::Expired => news.events.push(VenueEvent::Expired(done)),
            ReportedStatus::Working
            | ReportedStatus::Held
            | ReportedStatus::Filled
            | ReportedStatus::Rejected
            | ReportedStatus::Replaced => {}
        }
        news
    }

    /// Takes an order that somebody asked for by name: it is told in full, whatever was
    /// told before.
    pub(super) fn asked(&mut self, order: &BrokerOrder) -> News {
        let name = self.learn(order);
        if let Some(row) = self.get_mut(&name) {
            row.is_told = false;
        }
        self.standing(order)
    }

    /// Takes a whole list: who is new is announced first, then all are listed at once.
    pub(super) fn listed(&mut self, orders: &[BrokerOrder]) -> (Vec<VenueEvent>, Vec<News>) {
        let mut events = Vec::new();
        let mut follow = Vec::new();
        for order in orders {
            let mut news = self.announced(order);
            events.append(&mut news.events);
            if news.follow.is_some() {
                follow.push(news);
            }
        }
        let mut listed = Vec::new();
        for order in orders {
            self.list(order, &mut listed);
        }
        events.push(VenueEvent::Orders(OrdersReported { orders: listed, is_whole: true }));
        (events, follow)
    }

    /// Takes the order that has taken another's place.
    pub(super) fn followed(&mut self, old: &ClientOrderId, child: &BrokerOrder) -> News {
        let report = &child.report;
        let fallback = || ClientOrderId::new(report.broker_order_id.as_str());
        let successor = Successor {
            client_order_id: report.client_order_id.clone().unwrap_or_else(fallback),
            broker_order_id: Some(report.broker_order_id.clone()),
            qty: report.qty,
            limit: report.kind.limit(),
            stop: report.kind.stop(),
        };
        let mut events = vec![self.succeed(old, &successor, &report.broker_order_id)];
        events.append(&mut self.standing(child).events);
        News { events, ..News::default() }
    }

    /// Says that the broker has an order, once with all its legs, or what took its
    /// place.
    fn announced(&mut self, order: &BrokerOrder) -> News {
        let name = self.learn(order);
        let report = &order.report;
        let Some(row) = self.get_mut(&name) else { return News::default() };
        let is_present = row.broker_order_id.as_ref() == Some(&report.broker_order_id);
        if !is_present {
            return News::default(); // It was replaced, and that has been said.
        }
        if report.status == ReportedStatus::Replaced {
            return self.replaced_by(&name, order);
        }
        if row.is_told || report.status == ReportedStatus::Rejected {
            return News::default();
        }
        row.is_told = !row.has_legs || !order.legs.is_empty();
        let accepted = VenueAccepted {
            client_order_id: name,
            broker_order_id: report.broker_order_id.clone(),
            legs: order.legs.iter().map(leg).collect(),
        };
        News { events: vec![VenueEvent::Accepted(accepted)], ..News::default() }
    }

    fn replaced_by(&mut self, name: &ClientOrderId, order: &BrokerOrder) -> News {
        let successor = self.get_mut(name).and_then(|row| row.successor.clone());
        match (successor, &order.replaced_by) {
            (Some(successor), Some(child)) => {
                let event = self.succeed(name, &successor, child);
                News { events: vec![event], ..News::default() }
            }
            (None, Some(child)) => {
                News { follow: Some((name.clone(), child.clone())), ..News::default() }
            }
            // Its successor's own news will name it.
            (_, None) => News::default(),
        }
    }

    fn succeed(
        &mut self,
        old: &ClientOrderId,
        successor: &Successor,
        child: &BrokerOrderId,
    ) -> VenueEvent {
        let successor = Successor { broker_order_id: Some(child.clone()), ..successor.clone() };
        self.replaced(old, &successor);
        VenueEvent::Replaced(VenueReplaced {
            client_order_id: old.clone(),
            new_client_order_id: successor.client_order_id,
            broker_order_id: child.clone(),
            qty: successor.qty,
            limit: successor.limit,
            stop: successor.stop,
        })
    }

    fn executed(&mut self, order: &BrokerOrder, execution: &Execution) -> News {
        let filled = self.execution(order, execution);
        News { events: vec![filled], has_traded: true, ..News::default() }
    }

    /// One execution; what the order has filled with it is its cumulative quantity.
    pub(super) fn execution(&mut self, order: &BrokerOrder, execution: &Execution) -> VenueEvent {
        let name = self.learn(order);
        let report = &order.report;
        let Execution { execution_id, qty, price, at } = execution;
        // Without a name of its own an execution is named by what the order has reached.
        let by_cumulative =
            || ExecutionId::new(format!("{}-{}", report.broker_order_id, report.filled));
        let fill = Fill {
            execution_id: execution_id.clone().unwrap_or_else(by_cumulative),
            client_order_id: name,
            symbol: report.symbol,
            side: report.side,
            qty: *qty,
            price: *price,
            cumulative: report.filled,
            at: *at,
        };
        if let Some(row) = self.get_mut(&fill.client_order_id) {
            row.watch.told(*qty, report.filled);
        }
        VenueEvent::Filled(VenueFilled { fill, fee: Money::ZERO })
    }

    fn rejected(&mut self, order: &BrokerOrder, reason: RejectReason) -> News {
        let name = self.learn(order);
        let was_told = self.get(&name).is_some_and(|row| row.is_told);
        self.finish(&name);
        // An order that was taken before is refused by its own row in the table; the
        // answer to a submit would contradict it (F06, F11).
        let event = if was_told || !order.report.filled.is_zero() {
            let report = OrderReport {
                client_order_id: Some(name),
                status: ReportedStatus::Rejected,
                ..order.report.clone()
            };
            VenueEvent::Orders(part_of(vec![report]))
        } else {
            VenueEvent::Rejected(VenueRejected {
                client_order_id: name,
                reason,
                message: "the venue refused it after it had been taken".into(),
                estimated_cost: None,
                buying_power: None,
            })
        };
        News { events: vec![event], ..News::default() }
    }

    fn refused(&mut self, order: &BrokerOrder, message: &str) -> VenueRefused {
        VenueRefused {
            client_order_id: self.learn(order),
            reason: RejectReason::Other,
            message: message.to_owned(),
        }
    }

    /// Adds an order and its legs to a list, under the names of the house.
    fn list(&self, order: &BrokerOrder, into: &mut Vec<OrderReport>) {
        let name = self.name_of(order);
        let report = &order.report;
        let is_present = self
            .get(&name)
            .is_none_or(|row| row.broker_order_id.as_ref() == Some(&report.broker_order_id));
        if is_present {
            let is_ours = report.client_order_id.is_some() || self.knows(order);
            let client_order_id = is_ours.then_some(name);
            into.push(OrderReport { client_order_id, ..report.clone() });
        }
        for leg in &order.legs {
            self.list(leg, into);
        }
    }
}

const fn part_of(orders: Vec<OrderReport>) -> OrdersReported {
    OrdersReported { orders, is_whole: false }
}

fn leg(order: &BrokerOrder) -> AcceptedLeg {
    let report = &order.report;
    let fallback = || ClientOrderId::new(report.broker_order_id.as_str());
    AcceptedLeg {
        client_order_id: report.client_order_id.clone().unwrap_or_else(fallback),
        broker_order_id: report.broker_order_id.clone(),
        side: report.side,
        stop: report.kind.stop(),
        limit: report.kind.limit(),
    }
}
