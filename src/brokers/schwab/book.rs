//! What was sent to Schwab under which name, and what became of it.
//!
//! Schwab keeps no name of ours, so the names are kept here, filled at the start from
//! the journal. It is also what makes a second sending impossible: an order leaves only
//! under a name that was not used, and only while nothing like it is on its way or in
//! doubt (Schwab, protocol page §3.5 of November 2026). Knows no HTTP and no clock.

use std::collections::{BTreeMap, VecDeque};

use jiff::SignedDuration;

use crate::brokers::call::Refusal;
use crate::brokers::schwab::fingerprint::Fingerprint;
use crate::brokers::schwab::resolution::{Resolution, SKEW, Standing, Wanted, below, candidates};
use crate::brokers::schwab::translate::order::own_child_id;
use crate::brokers::schwab::wire::WireOrder;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::order::{OrderRequest, RejectReason};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;

/// Orders of ours that are remembered; the oldest settled ones are forgotten first.
const SENT_MAX: usize = 5_000;
/// Orders of anybody that are remembered as seen; the oldest are forgotten first.
const SEEN_MAX: usize = 20_000;
/// For so long an execution tells what is held although the positions do not yet.
const MOVE_LASTS: SignedDuration = SignedDuration::from_secs(60);

/// An order that was sent in an earlier run, as the journal knows it: one that Schwab
/// has or may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentOrder {
    /// What was ordered; of a replacement the new terms.
    pub request: OrderRequest,
    /// When it left.
    pub sent_at: Timestamp,
    /// Schwab's name for it; `None` when its fate was not known.
    pub broker_order_id: Option<BrokerOrderId>,
}

/// An order of which nobody knows whether Schwab has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Which.
    pub request: OrderRequest,
    /// When it left.
    pub sent_at: Timestamp,
    /// What the looks have shown so far.
    pub standing: Standing,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its answer is awaited.
    Flying,
    /// Schwab has it under this id.
    Placed(BrokerOrderId),
    /// Schwab does not have it: certain, or decided.
    NotPlaced,
    /// Nobody knows.
    Doubted(Resolution),
}

#[derive(Debug, Clone)]
struct Sent {
    request: OrderRequest,
    fingerprint: Fingerprint,
    left_at: Timestamp,
    /// Orders that were seen before this count are not it.
    mark: u64,
    /// The order whose place it takes.
    replaces: Option<BrokerOrderId>,
    fate: Fate,
}

/// Whether an order may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// It may, and is noted.
    Go,
    /// One like it is on its way: when that one has landed it is asked again.
    Wait,
    /// It may not.
    Refused(Box<Refusal>),
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Book {
    sent: BTreeMap<ClientOrderId, Sent>,
    oldest_first: VecDeque<ClientOrderId>,
    names: BTreeMap<BrokerOrderId, ClientOrderId>,
    seen: BTreeMap<BrokerOrderId, u64>,
    seen_first: VecDeque<BrokerOrderId>,
    marks: u64,
    /// Limits of bare OCOs, and the nodes by which they are known here.
    nodes: BTreeMap<BrokerOrderId, BrokerOrderId>,
    /// Replaced orders and what took their place, both ways.
    successors: BTreeMap<BrokerOrderId, BrokerOrderId>,
    predecessors: BTreeMap<BrokerOrderId, BrokerOrderId>,
    tag: Option<String>,
    moves: BTreeMap<Symbol, (Direction, Timestamp)>,
    oldest_open: Option<Timestamp>,
}

impl Book {
    /// Begins with what earlier runs have sent.
    pub(crate) fn new(sent: Vec<SentOrder>) -> Self {
        let mut book = Self::default();
        for SentOrder { request, sent_at, broker_order_id } in sent {
            let Some(fingerprint) = Fingerprint::of(&request) else { continue };
            let id = request.client_order_id.clone();
            let fate = Fate::Doubted(Resolution::begin(sent_at));
            let left_at = sent_at;
            book.note(Sent { request, fingerprint, left_at, mark: 0, replaces: None, fate });
            if let Some(broker_order_id) = broker_order_id {
                book.settle(&id, Fate::Placed(broker_order_id));
            }
        }
        book
    }

    /// Notes an order right before it leaves, if it may.
    pub(crate) fn begin(
        &mut self,
        (request, fingerprint): (&OrderRequest, &Fingerprint),
        replaces: Option<&BrokerOrderId>,
        at: Timestamp,
    ) -> Start {
        if let Some(refusal) = self.obstacle(request) {
            return Start::Refused(Box::new(refusal));
        }
        // Two that are alike could not be told apart afterwards.
        let is_alike = |sent: &Sent| sent.fate == Fate::Flying && sent.fingerprint == *fingerprint;
        if self.sent.values().any(is_alike) {
            return Start::Wait;
        }
        self.marks += 1;
        self.note(Sent {
            request: request.clone(),
            fingerprint: fingerprint.clone(),
            left_at: at,
            mark: self.marks,
            replaces: replaces.cloned(),
            fate: Fate::Flying,
        });
        Start::Go
    }

    /// Why an order may not leave, however long it waits.
    pub(crate) fn obstacle(&self, request: &OrderRequest) -> Option<Refusal> {
        let used = self.sent.get(&request.client_order_id);
        if used.is_some_and(|sent| sent.fate != Fate::NotPlaced) {
            let why = "an order was sent under this name before";
            return Some(Refusal::of_ours(RejectReason::DuplicateClientOrderId, why));
        }
        let is_in_the_way = |sent: &&Sent| {
            matches!(sent.fate, Fate::Doubted(_)) && is_same_way(&sent.request, request)
        };
        let doubted = self.sent.values().find(is_in_the_way)?;
        let why = format!(
            "order {} for the same stock and side may or may not be at Schwab: it is settled \
             first",
            doubted.request.client_order_id
        );
        Some(Refusal::of_ours(RejectReason::Other, &why))
    }

    fn note(&mut self, sent: Sent) {
        let id = sent.request.client_order_id.clone();
        if self.sent.insert(id.clone(), sent).is_none() {
            self.oldest_first.push_back(id);
        }
        if self.sent.len() <= SENT_MAX {
            return;
        }
        let is_settled = |id: &ClientOrderId| {
            self.sent
                .get(id)
                .is_none_or(|sent| matches!(sent.fate, Fate::Placed(_) | Fate::NotPlaced))
        };
        if let Some(at) = self.oldest_first.iter().position(is_settled)
            && let Some(oldest) = self.oldest_first.remove(at)
        {
            self.sent.remove(&oldest);
            self.names.retain(|_, name| *name != oldest);
        }
    }

    /// Notes what became of an order.
    pub(crate) fn settle(&mut self, id: &ClientOrderId, fate: Fate) {
        let Some(sent) = self.sent.get_mut(id) else { return };
        if let Fate::Placed(placed) = &fate {
            self.names.insert(placed.clone(), id.clone());
            if let Some(old) = &sent.replaces {
                self.successors.insert(old.clone(), placed.clone());
                self.predecessors.insert(placed.clone(), old.clone());
            }
        }
        sent.fate = fate;
    }

    /// What became of an order; `None` when it was not sent in this or an earlier run.
    pub(crate) fn fate(&self, id: &ClientOrderId) -> Option<&Fate> {
        self.sent.get(id).map(|sent| &sent.fate)
    }

    /// When an order left.
    pub(crate) fn sent_at(&self, id: &ClientOrderId) -> Option<Timestamp> {
        self.sent.get(id).map(|sent| sent.left_at)
    }

    /// Our name of an order of Schwab's.
    pub(crate) fn name(&self, id: &BrokerOrderId) -> Option<&ClientOrderId> {
        self.names.get(id)
    }

    /// What took an order's place, and whose place it took.
    pub(crate) fn links(
        &self,
        id: &BrokerOrderId,
    ) -> (Option<BrokerOrderId>, Option<BrokerOrderId>) {
        (self.successors.get(id).cloned(), self.predecessors.get(id).cloned())
    }

    /// By which id an order is known here: the limit of a bare OCO by that of its node.
    pub(crate) fn canonical(&self, id: &BrokerOrderId) -> BrokerOrderId {
        self.nodes.get(id).unwrap_or(id).clone()
    }

    /// Orders of which nobody knows, by name.
    pub(crate) fn doubts(&self) -> Vec<Doubt> {
        let doubted = self.sent.values().filter_map(|sent| match &sent.fate {
            Fate::Doubted(search) => Some(Doubt {
                request: sent.request.clone(),
                sent_at: sent.left_at,
                standing: search.standing().clone(),
            }),
            Fate::Flying | Fate::Placed(_) | Fate::NotPlaced => None,
        });
        doubted.collect()
    }

    /// Takes note of a list of orders that reaches over `span`: which there are, and
    /// which of them are ours and in doubt.
    pub(crate) fn take_in(
        &mut self,
        list: &[WireOrder],
        (from, until): (Timestamp, Timestamp),
        at: Timestamp,
    ) {
        let doubted: Vec<ClientOrderId> = self
            .sent
            .iter()
            .filter(|(_, sent)| {
                matches!(sent.fate, Fate::Doubted(_))
                    && from <= sent.left_at.plus(-SKEW)
                    && sent.left_at <= until
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in doubted {
            self.look(&id, list, at);
        }
        for root in list {
            self.see(root);
            for child in below(root) {
                self.see(child);
            }
        }
    }

    /// One look for one order.
    fn look(&mut self, id: &ClientOrderId, list: &[WireOrder], at: Timestamp) {
        let Some(sent) = self.sent.get(id) else { return };
        let Fate::Doubted(search) = &sent.fate else { return };
        let is_known = |listed: &str| {
            let listed = BrokerOrderId::new(listed);
            self.names.contains_key(&listed)
                || self.seen.get(&listed).is_some_and(|seen| *seen < sent.mark)
        };
        let wanted = Wanted {
            fingerprint: &sent.fingerprint,
            sent_at: sent.left_at,
            tag: self.tag.as_deref(),
        };
        let found = candidates(wanted, list, is_known);
        let mut search = search.clone();
        let fate = match search.looked(at, found) {
            Standing::Placed(placed) => Fate::Placed(placed.clone()),
            Standing::Looking { .. } | Standing::Ambiguous(_) | Standing::ProbablyNotPlaced => {
                Fate::Doubted(search)
            }
        };
        self.settle(id, fate);
    }

    fn see(&mut self, order: &WireOrder) {
        let Some(id) = order.id().map(BrokerOrderId::new) else { return };
        if order.is_oco()
            && let Some(child) = own_child_id(order)
        {
            // Only a bare OCO is known by its node; below an entry the limit is a leg.
            self.nodes.entry(BrokerOrderId::new(child)).or_insert_with(|| id.clone());
        }
        if order.order_strategy_type.as_deref() == Some("TRIGGER") {
            for child in below(order) {
                if let Some(own) = own_child_id(child) {
                    self.nodes.insert(BrokerOrderId::new(own), BrokerOrderId::new(own));
                }
            }
        }
        if self.seen.contains_key(&id) {
            return;
        }
        self.seen.insert(id.clone(), self.marks);
        self.seen_first.push_back(id);
        if self.seen_first.len() > SEEN_MAX
            && let Some(oldest) = self.seen_first.pop_front()
        {
            self.seen.remove(&oldest);
            self.nodes.remove(&oldest);
        }
    }

    /// Notes an order that is certainly ours: its tag is that of our app.
    pub(crate) fn learn_tag(&mut self, order: &WireOrder) {
        if let Some(tag) = order.tag.as_ref().filter(|tag| !tag.is_empty()) {
            self.tag = Some(tag.clone());
        }
    }

    /// Notes that an order has opened something.
    pub(crate) fn moved(&mut self, symbol: Symbol, direction: Direction, at: Timestamp) {
        let known = self.moves.entry(symbol).or_insert((direction, at));
        if at >= known.1 {
            *known = (direction, at);
        }
    }

    /// What a young execution has opened of a stock.
    pub(crate) fn opened(&self, symbol: Symbol, now: Timestamp) -> Option<Direction> {
        let (direction, at) = self.moves.get(&symbol)?;
        (now.since(*at) <= MOVE_LASTS).then_some(*direction)
    }

    /// When the oldest order was entered that was open in the last full list; `None`
    /// before there was one.
    pub(crate) const fn oldest_open(&self) -> Option<Timestamp> {
        self.oldest_open
    }

    /// Notes that.
    pub(crate) const fn set_oldest_open(&mut self, at: Timestamp) {
        self.oldest_open = Some(at);
    }
}

fn is_same_way(one: &OrderRequest, other: &OrderRequest) -> bool {
    (one.symbol, one.side) == (other.symbol, other.side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Qty;
    use crate::domain::order::{OrderClass, OrderKind, Side, TimeInForce};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_773_071_423 + seconds)
    }

    fn order(name: &str, limit: &str) -> OrderRequest {
        OrderRequest {
            client_order_id: ClientOrderId::new(name),
            symbol: Symbol::new("XYZ").unwrap(),
            side: Side::Buy,
            qty: Qty::shares(5).unwrap(),
            kind: OrderKind::Limit { limit: limit.parse().unwrap() },
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            extended_hours: false,
        }
    }

    fn listed(id: u32, price: &str) -> WireOrder {
        serde_json::from_str(&format!(
            r#"{{"orderId":{id},"session":"NORMAL","duration":"DAY","orderType":"LIMIT","quantity":5.0,"price":{price},
            "orderStrategyType":"SINGLE","enteredTime":"2026-03-09T15:50:23+0000",
            "orderLegCollection":[{{"instruction":"BUY","quantity":5.0,"instrument":{{"symbol":"XYZ"}}}}]}}"#
        ))
        .unwrap()
    }

    fn begin(book: &mut Book, name: &str, limit: &str) -> Start {
        let order = order(name, limit);
        book.begin((&order, &Fingerprint::of(&order).unwrap()), None, at(0))
    }

    fn doubt(book: &mut Book, name: &str) {
        book.settle(&ClientOrderId::new(name), Fate::Doubted(Resolution::begin(at(0))));
    }

    fn reason(start: Start) -> RejectReason {
        let Start::Refused(refusal) = start else { panic!("{start:?}") };
        refusal.reason
    }

    const SPAN: i64 = 120;

    fn take_in(book: &mut Book, list: &[WireOrder], after: i64) {
        book.take_in(list, (at(-SPAN), at(SPAN)), at(after));
    }

    #[test]
    fn a_name_is_used_once_unless_nothing_came_of_it() {
        let mut book = Book::default();
        assert_eq!(begin(&mut book, "a", "10"), Start::Go);
        let again = begin(&mut book, "a", "10");
        assert_eq!(reason(again), RejectReason::DuplicateClientOrderId);
        book.settle(&ClientOrderId::new("a"), Fate::NotPlaced);
        assert_eq!(begin(&mut book, "a", "10"), Start::Go);
    }

    #[test]
    fn identical_orders_never_fly_together() {
        let mut book = Book::default();
        assert_eq!(begin(&mut book, "a", "10"), Start::Go);
        assert_eq!(begin(&mut book, "b", "10"), Start::Wait);
        assert_eq!(begin(&mut book, "c", "11"), Start::Go);
        book.settle(&ClientOrderId::new("a"), Fate::Placed(BrokerOrderId::new("1")));
        assert_eq!(begin(&mut book, "b", "10"), Start::Go);
    }

    #[test]
    fn an_order_in_doubt_blocks_its_stock_and_side_until_it_is_settled() {
        let mut book = Book::default();
        begin(&mut book, "a", "10");
        doubt(&mut book, "a");
        assert_eq!(reason(begin(&mut book, "b", "11")), RejectReason::Other);
        let sale = OrderRequest { side: Side::Sell, ..order("c", "12") };
        let start = book.begin((&sale, &Fingerprint::of(&sale).unwrap()), None, at(0));
        assert_eq!(start, Start::Go);
        take_in(&mut book, &[listed(1, "10.0")], 1);
        assert_eq!(
            book.fate(&ClientOrderId::new("a")),
            Some(&Fate::Placed(BrokerOrderId::new("1")))
        );
        assert_eq!(begin(&mut book, "b", "11"), Start::Go);
    }

    #[test]
    fn an_order_that_was_there_before_is_not_the_one() {
        let mut book = Book::default();
        take_in(&mut book, &[listed(1, "10")], -1);
        begin(&mut book, "a", "10");
        doubt(&mut book, "a");
        take_in(&mut book, &[listed(1, "10")], 1);
        assert!(matches!(book.fate(&ClientOrderId::new("a")), Some(Fate::Doubted(_))));
        take_in(&mut book, &[listed(1, "10"), listed(2, "10")], 2);
        assert_eq!(book.name(&BrokerOrderId::new("2")), Some(&ClientOrderId::new("a")));
    }

    #[test]
    fn an_order_belongs_to_one_name_only() {
        let mut book = Book::default();
        begin(&mut book, "a", "10");
        book.settle(&ClientOrderId::new("a"), Fate::Placed(BrokerOrderId::new("1")));
        begin(&mut book, "b", "10");
        doubt(&mut book, "b");
        take_in(&mut book, &[listed(1, "10")], 1);
        assert_eq!(book.doubts().len(), 1, "it is the other one's");
    }

    #[test]
    fn a_list_that_does_not_reach_back_proves_nothing() {
        let mut book = Book::default();
        begin(&mut book, "a", "10");
        doubt(&mut book, "a");
        for after in [1, 2, 4, 8, 15, 30] {
            book.take_in(&[], (at(-5), at(60)), at(after));
        }
        let looked = Standing::Looking { next: at(1) };
        assert_eq!(book.doubts().first().map(|doubt| doubt.standing.clone()), Some(looked));
    }

    #[test]
    fn an_earlier_run_hands_over_its_names_and_its_doubts() {
        let sent = |name: &str, id: Option<&str>| SentOrder {
            request: order(name, "10"),
            sent_at: at(0),
            broker_order_id: id.map(BrokerOrderId::new),
        };
        let book = Book::new(vec![sent("a", Some("1")), sent("b", None)]);
        assert_eq!(book.name(&BrokerOrderId::new("1")), Some(&ClientOrderId::new("a")));
        assert_eq!(book.doubts().len(), 1);
    }

    #[test]
    fn a_replacement_is_linked_with_what_it_replaced() {
        let mut book = Book::default();
        let (order, old) = (order("a.r1", "11"), BrokerOrderId::new("1"));
        book.begin((&order, &Fingerprint::of(&order).unwrap()), Some(&old), at(0));
        let new = BrokerOrderId::new("2");
        book.settle(&order.client_order_id, Fate::Placed(new.clone()));
        assert_eq!(book.links(&old), (Some(new.clone()), None));
        assert_eq!(book.links(&new), (None, Some(old)));
    }
}
