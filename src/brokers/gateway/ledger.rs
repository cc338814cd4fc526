//! Which orders the gateway has carried: our names and the broker's, and what was told
//! of each.
//!
//! It exists to find an order by either name and to tell a thing once; where an order
//! *stands* is the execution agent's business. After a restart it is filled by the
//! first list of orders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::brokers::gateway::identity::Asked;
use crate::brokers::gateway::watch::Watch;
use crate::brokers::{BrokerOrder, OrderDoubt};
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::money::{Price, Qty};
use crate::domain::order::{OrderClass, OrderPurpose, OrderRequest, ReportedStatus, Side};
use crate::domain::time::Timestamp;

/// Orders that have ended and are still known, the newest ones: for late news.
const FINISHED_MAX: usize = 2_000;
/// Orders that are read one by one in one comparison; the next one reads more.
const UNLISTED_MAX: usize = 32;

/// A replacement that was asked for and has not been confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Successor {
    pub(super) client_order_id: ClientOrderId,
    pub(super) broker_order_id: Option<BrokerOrderId>,
    pub(super) qty: Qty,
    pub(super) limit: Option<Price>,
    pub(super) stop: Option<Price>,
}

/// One order.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any mixture")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) broker_order_id: Option<BrokerOrderId>,
    /// Absent for orders of a run before, and of others.
    pub(super) purpose: Option<OrderPurpose>,
    /// What it must be, absent like the purpose.
    pub(super) asked: Option<Asked>,
    pub(super) symbol: Symbol,
    pub(super) side: Side,
    pub(super) qty: Qty,
    /// Whether attached exits were ordered with it.
    pub(super) has_legs: bool,
    /// Whether the house has been told that the broker has it, legs included.
    pub(super) is_told: bool,
    pub(super) is_over: bool,
    /// Whether the broker has taken a request to cancel it and has not shown its end.
    pub(super) is_cancel_owed: bool,
    pub(super) successor: Option<Successor>,
    /// The order with which it came, for attached exits.
    pub(super) head: Option<ClientOrderId>,
    /// What was heard of it.
    pub(super) watch: Watch,
}

/// Under which names a row can be found.
#[derive(Debug, Default)]
struct Names {
    of_broker: Vec<BrokerOrderId>,
    before: Vec<ClientOrderId>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    rows: BTreeMap<ClientOrderId, Row>,
    by_broker: BTreeMap<BrokerOrderId, ClientOrderId>,
    /// The same the other way round, and the names that a row had before: all that is
    /// forgotten with it, found without looking at the rest.
    names_of: BTreeMap<ClientOrderId, Names>,
    /// Names of orders that were replaced, with the names of what took their place.
    renamed: BTreeMap<ClientOrderId, ClientOrderId>,
    finished: VecDeque<ClientOrderId>,
    /// Orders in doubt of which a human was told.
    doubts: Vec<OrderDoubt>,
    /// What a human must be told of and was not yet, in words: orders that are not what
    /// their name says. Each order is there once, and it is emptied with all that is said.
    strange: Vec<String>,
}

impl Ledger {
    /// Takes the orders that are in doubt now; returns what was not told of them yet.
    pub(super) fn new_doubts(&mut self, now: Vec<OrderDoubt>) -> Vec<OrderDoubt> {
        let told = std::mem::replace(&mut self.doubts, now.clone());
        now.into_iter().filter(|doubt| !told.contains(doubt)).collect()
    }

    /// Hands over what a human must be told of.
    pub(super) fn take_strange(&mut self) -> Vec<String> {
        std::mem::take(&mut self.strange)
    }

    /// Notes an order of ours before it is sent, and when that is by the broker's clock.
    pub(super) fn open(
        &mut self,
        request: &OrderRequest,
        purpose: OrderPurpose,
        sent_at: Option<Timestamp>,
    ) {
        self.rows.insert(
            request.client_order_id.clone(),
            Row {
                broker_order_id: None,
                purpose: Some(purpose),
                asked: Some(Asked::of(request, sent_at)),
                symbol: request.symbol,
                side: request.side,
                qty: request.qty,
                has_legs: request.class != OrderClass::Simple,
                is_told: false,
                is_over: false,
                is_cancel_owed: false,
                successor: None,
                head: None,
                watch: Watch::default(),
            },
        );
    }

    /// The present name of an order that may have been replaced.
    pub(super) fn current(&self, id: &ClientOrderId) -> ClientOrderId {
        let mut name = id;
        // Each replacement adds one link, and a name is never used twice.
        while let Some(next) = self.renamed.get(name) {
            name = next;
        }
        name.clone()
    }

    pub(super) fn get(&self, id: &ClientOrderId) -> Option<&Row> {
        self.rows.get(id)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&ClientOrderId, &Row)> {
        self.rows.iter()
    }

    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.values_mut()
    }

    pub(super) fn get_mut(&mut self, id: &ClientOrderId) -> Option<&mut Row> {
        self.rows.get_mut(id)
    }

    /// Under which name the house knows an order: ours by either name, a stranger's by
    /// whatever name it has.
    pub(super) fn name_of(&self, order: &BrokerOrder) -> ClientOrderId {
        let report = &order.report;
        if let Some(known) = self.by_broker.get(&report.broker_order_id) {
            return self.current(known);
        }
        match &report.client_order_id {
            Some(name) if self.contradicted(order).is_none() => self.current(name),
            Some(_) | None => ClientOrderId::new(report.broker_order_id.as_str()),
        }
    }

    /// What was asked for under the name of an order that is another one (F21); looked at
    /// until the broker has shown an order that is the one.
    fn contradicted(&self, order: &BrokerOrder) -> Option<&Asked> {
        let name = self.current(order.report.client_order_id.as_ref()?);
        let row = self.rows.get(&name).filter(|row| row.broker_order_id.is_none())?;
        row.asked.as_ref().filter(|asked| asked.contradicts(order))
    }

    /// Gives an order that was listed before its name was known to the name that asked for
    /// it: where the broker keeps no names of ours, a list can come before the answer.
    pub(super) fn claim(&mut self, order: &BrokerOrder) {
        let report = &order.report;
        let Some(ours) = &report.client_order_id else { return };
        let listed = ClientOrderId::new(report.broker_order_id.as_str());
        let is_awaited = self.rows.get(ours).is_some_and(|row| {
            row.broker_order_id.is_none()
                && row.asked.as_ref().is_some_and(|asked| !asked.contradicts(order))
        });
        let is_listed = self.by_broker.get(&report.broker_order_id) == Some(&listed);
        if is_awaited && is_listed && *ours != listed {
            self.forget(&listed);
        }
    }

    /// Tells whether the order that the broker has under a name of ours is another one.
    pub(super) fn is_other(&self, id: &ClientOrderId, order: &BrokerOrder) -> bool {
        self.name_of(order) != self.current(id)
    }

    /// Whether an order is known by either name.
    pub(super) fn knows(&self, order: &BrokerOrder) -> bool {
        self.by_broker.contains_key(&order.report.broker_order_id)
            || order.report.client_order_id.as_ref().is_some_and(|id| self.rows.contains_key(id))
    }

    /// Whether an execution of an order may end another one without news of that: of a
    /// group of exits one ends the other, and a held one ends without a word (Alpaca,
    /// protocol page §4.10 of October 2026).
    pub(super) fn may_end_others(&self, order: &BrokerOrder) -> bool {
        let row = self.rows.get(&self.name_of(order));
        row.is_some_and(|row| row.has_legs || row.purpose.is_none())
    }

    /// Notes what a broker said of an order, its legs included; returns the house's
    /// name of it.
    pub(super) fn learn(&mut self, order: &BrokerOrder) -> ClientOrderId {
        self.claim(order);
        let name = self.name_of(order);
        let report = &order.report;
        if let Some(asked) = self.contradicted(order).filter(|_| !self.rows.contains_key(&name)) {
            let ours = report.client_order_id.as_ref().map_or("", ClientOrderId::as_str);
            let beside = asked.beside(order);
            self.strange.push(format!(
                "order {ours} is {beside}: it is not counted as ours, look at the broker's own \
                 list"
            ));
        }
        let is_own = self.by_broker.get(&report.broker_order_id).is_none_or(|own| *own == name);
        let row = self.rows.entry(name.clone()).or_insert_with(|| Row {
            broker_order_id: None,
            purpose: None,
            asked: None,
            symbol: report.symbol,
            side: report.side,
            qty: report.qty,
            has_legs: !order.legs.is_empty(),
            is_told: false,
            is_over: false,
            is_cancel_owed: false,
            successor: None,
            head: None,
            watch: Watch::default(),
        });
        // News of the order that was replaced says nothing of the one that works now.
        if is_own && row.broker_order_id.as_ref().is_none_or(|id| *id == report.broker_order_id) {
            row.broker_order_id = Some(report.broker_order_id.clone());
            self.know(report.broker_order_id.clone(), &name);
            // What was replaced goes on under another name: see `news`.
            if has_ended(report.status) && report.status != ReportedStatus::Replaced {
                self.finish(&name);
            }
        }
        for leg in &order.legs {
            let leg = self.learn(leg);
            if let Some(row) = self.rows.get_mut(&leg).filter(|_| leg != name) {
                row.head = Some(name.clone());
            }
        }
        name
    }

    /// Whether the end of an order may hide an execution: of a group of exits one ends
    /// with the other, and nobody has asked for it or told of the other one's end.
    pub(super) fn may_hide_execution(&self, order: &BrokerOrder) -> bool {
        let has_gone =
            matches!(order.report.status, ReportedStatus::Cancelled | ReportedStatus::Expired);
        let name = self.name_of(order);
        let Some(row) = self.rows.get(&name).filter(|row| has_gone && !row.is_over) else {
            return false;
        };
        let lives = |row: &Row| !row.is_over && !row.is_cancel_owed;
        if let Some(head) = &row.head {
            return lives(row) && self.rows.get(&self.current(head)).is_some_and(lives);
        }
        let is_leg = |leg: &&Row| leg.head.as_ref().is_some_and(|head| self.current(head) == name);
        row.has_legs && lives(row) && self.rows.values().filter(is_leg).any(lives)
    }

    /// Notes that an order was replaced: from now on it has its successor's names.
    pub(super) fn replaced(&mut self, old: &ClientOrderId, successor: &Successor) {
        let Some(mut row) = self.rows.remove(old) else { return };
        row.broker_order_id.clone_from(&successor.broker_order_id);
        row.qty = successor.qty;
        row.successor = None;
        row.is_over = false;
        row.is_cancel_owed = false;
        let new = successor.client_order_id.clone();
        let mut names = self.names_of.remove(old).unwrap_or_default();
        names.before.push(old.clone());
        self.names_of.entry(new.clone()).or_default().join(names);
        if let Some(id) = &successor.broker_order_id {
            self.know(id.clone(), &new);
        }
        self.renamed.insert(old.clone(), new.clone());
        self.rows.insert(new, row);
    }

    /// Notes the broker's name of an order.
    fn know(&mut self, id: BrokerOrderId, name: &ClientOrderId) {
        if self.by_broker.insert(id.clone(), name.clone()).as_ref() != Some(name) {
            self.names_of.entry(name.clone()).or_default().of_broker.push(id);
        }
    }

    /// Own entries that may still execute, also those whose answer is awaited.
    pub(super) fn live_entries(&self) -> Vec<ClientOrderId> {
        let entries = self.rows.iter().filter(|(_, row)| row.purpose == Some(OrderPurpose::Entry));
        entries.filter(|(_, row)| !row.is_over).map(|(id, _)| id.clone()).collect()
    }

    /// Orders whose end was asked for and is owed.
    pub(super) fn owed_cancels(&self) -> Vec<ClientOrderId> {
        let owed = self.rows.iter().filter(|(_, row)| row.is_cancel_owed && !row.is_over);
        owed.map(|(id, _)| id.clone()).collect()
    }

    /// Orders that may still work as far as we know and are in no list of the broker's,
    /// at most [`UNLISTED_MAX`]: their end is not known yet.
    pub(super) fn unlisted(&self, listed: &[BrokerOrder]) -> Vec<(ClientOrderId, BrokerOrderId)> {
        let all = listed.iter().flat_map(|order| std::iter::once(order).chain(&order.legs));
        let listed: BTreeSet<&BrokerOrderId> =
            all.map(|order| &order.report.broker_order_id).collect();
        let live = self.rows.iter().filter(|(_, row)| !row.is_over);
        live.filter_map(|(id, row)| Some((id.clone(), row.broker_order_id.clone()?)))
            .filter(|(_, id)| !listed.contains(id))
            .take(UNLISTED_MAX)
            .collect()
    }

    /// Notes the end of an order; the newest ones stay known.
    pub(super) fn finish(&mut self, id: &ClientOrderId) {
        let Some(row) = self.rows.get_mut(id).filter(|row| !row.is_over) else { return };
        row.is_over = true;
        self.finished.push_back(id.clone());
        if self.finished.len() > FINISHED_MAX
            && let Some(oldest) = self.finished.pop_front()
        {
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, id: &ClientOrderId) {
        self.rows.remove(id);
        let names = self.names_of.remove(id).unwrap_or_default();
        for name in names.of_broker {
            // It may have become another order's meanwhile.
            let owner = self.by_broker.get(&name);
            if owner.is_some_and(|owner| owner == id || names.before.contains(owner)) {
                self.by_broker.remove(&name);
            }
        }
        for name in names.before {
            self.renamed.remove(&name);
        }
    }

    /// How many entries all maps together have, for tests of the bound.
    #[cfg(test)]
    fn size(&self) -> usize {
        self.rows.len() + self.by_broker.len() + self.names_of.len() + self.renamed.len()
    }
}

impl Names {
    fn join(&mut self, other: Self) {
        self.of_broker.extend(other.of_broker);
        self.before.extend(other.before);
    }
}

/// Whether a status is the end of an order.
pub(super) const fn has_ended(status: ReportedStatus) -> bool {
    match status {
        ReportedStatus::Working | ReportedStatus::Held => false,
        ReportedStatus::Filled
        | ReportedStatus::Cancelled
        | ReportedStatus::Expired
        | ReportedStatus::Rejected
        | ReportedStatus::Replaced => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{OrderKind, TimeInForce};

    fn request(number: usize) -> OrderRequest {
        OrderRequest {
            client_order_id: ClientOrderId::new(format!("o-{number}")),
            symbol: Symbol::new("AAPL").unwrap(),
            side: Side::Buy,
            qty: Qty::shares(1).unwrap(),
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            extended_hours: false,
        }
    }

    /// An order that is replaced twice and ends.
    fn live_and_end(ledger: &mut Ledger, number: usize) {
        ledger.open(&request(number), OrderPurpose::Entry, None);
        let mut name = request(number).client_order_id;
        ledger.know(BrokerOrderId::new(format!("b-{number}")), &name);
        for turn in 1..=2 {
            let successor = Successor {
                client_order_id: ClientOrderId::new(format!("o-{number}-{turn}")),
                broker_order_id: Some(BrokerOrderId::new(format!("b-{number}-{turn}"))),
                qty: Qty::shares(1).unwrap(),
                limit: None,
                stop: None,
            };
            ledger.replaced(&name, &successor);
            name = successor.client_order_id;
        }
        assert_eq!(ledger.current(&request(number).client_order_id), name);
        ledger.finish(&name);
    }

    #[test]
    fn what_is_forgotten_leaves_no_name_behind() {
        let mut ledger = Ledger::default();
        for number in 0..FINISHED_MAX {
            live_and_end(&mut ledger, number);
        }
        let full = ledger.size();
        for number in FINISHED_MAX..FINISHED_MAX + 100 {
            live_and_end(&mut ledger, number);
        }
        assert_eq!(ledger.size(), full, "one row, three broker's names, two old ones");
        assert_eq!(full, FINISHED_MAX * (1 + 3 + 1 + 2));
        assert!(ledger.get(&ClientOrderId::new("o-0-2")).is_none());
        assert!(ledger.get(&ClientOrderId::new("o-2000-2")).is_some());
    }
}
