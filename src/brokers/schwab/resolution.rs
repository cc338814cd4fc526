//! Settling what became of an order whose answer never came (Schwab, protocol page §3.5,
//! steps 5 and 6, of November 2026).
//!
//! Pure: it is told what each look at the list has found, and says what follows. That an
//! order is not found at first proves nothing; that two look like it is nothing to guess
//! about.

use jiff::SignedDuration;

use crate::brokers::schwab::fingerprint::{Fingerprint, Likeness};
use crate::brokers::schwab::wire::WireOrder;
use crate::domain::ids::BrokerOrderId;
use crate::domain::time::Timestamp;

/// When it is looked, in seconds after doubt arose.
pub const LOOKS_AFTER: [i64; 5] = [1, 2, 4, 8, 15];
/// Fewer looks than this prove nothing, however late they are (F01).
const LOOKS_MIN: usize = 3;
/// An order may have been entered so long before we believe to have sent it: the clocks
/// differ, and Schwab's stamps end at the second. It is also how far around that moment
/// the list is read.
pub const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What is known after a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not found yet; to be looked for again at this instant.
    Looking {
        /// When.
        next: Timestamp,
    },
    /// It is there, under this id.
    Placed(BrokerOrderId),
    /// More than one order may be it, or one that does not look quite like it: a human
    /// must say.
    Ambiguous(Vec<BrokerOrderId>),
    /// The window is over and nothing looks like it: probably not placed.
    ProbablyNotPlaced,
}

/// The search for one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    since: Timestamp,
    looks: usize,
    standing: Standing,
}

impl Resolution {
    /// Begins when doubt arises.
    pub fn begin(at: Timestamp) -> Self {
        let next = at.plus(SignedDuration::from_secs(LOOKS_AFTER[0]));
        Self { since: at, looks: 0, standing: Standing::Looking { next } }
    }

    /// When doubt arose.
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// What is known.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Takes what a look has found; a later look may settle what an earlier one could
    /// not.
    pub fn looked(&mut self, at: Timestamp, candidates: Candidates) -> &Standing {
        self.looks += 1;
        let Candidates { same, doubtful } = candidates;
        self.standing = match (same.as_slice(), doubtful.is_empty()) {
            ([one], true) => Standing::Placed(one.clone()),
            ([], true) => self.not_found(at),
            (_, _) => Standing::Ambiguous(same.into_iter().chain(doubtful).collect()),
        };
        &self.standing
    }

    fn not_found(&self, at: Timestamp) -> Standing {
        let due = |after: i64| self.since.plus(SignedDuration::from_secs(after));
        let last = due(LOOKS_AFTER[LOOKS_AFTER.len() - 1]);
        if at >= last && self.looks >= LOOKS_MIN {
            return Standing::ProbablyNotPlaced;
        }
        let next = LOOKS_AFTER.into_iter().map(due).find(|due| *due > at);
        Standing::Looking { next: next.unwrap_or_else(|| at.plus(SignedDuration::from_secs(1))) }
    }
}

/// Orders that may be the one looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    /// In every respect.
    pub same: Vec<BrokerOrderId>,
    /// Not quite: other terms, another app's tag, or a child of somebody's group.
    pub doubtful: Vec<BrokerOrderId>,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// What was sent.
    pub(crate) fingerprint: &'a Fingerprint,
    /// When, by our clock.
    pub(crate) sent_at: Timestamp,
    /// Our app's tag, once an order of ours has shown it.
    pub(crate) tag: Option<&'a str>,
}

/// Searches a list, children included, for what was sent. Orders for which `is_known`
/// holds are left out: they were there before, or belong to another order of ours.
pub(crate) fn candidates(
    wanted: Wanted<'_>,
    list: &[WireOrder],
    is_known: impl Fn(&str) -> bool,
) -> Candidates {
    let mut found = Candidates::default();
    for root in list {
        judge(wanted, (root, true), &is_known, &mut found);
        for child in below(root) {
            judge(wanted, (child, false), &is_known, &mut found);
        }
    }
    found
}

/// Everything below an order, bounded by what a body may hold.
pub(crate) fn below(root: &WireOrder) -> Vec<&WireOrder> {
    let mut found: Vec<&WireOrder> = root.children().iter().collect();
    let mut at = 0;
    while let Some(node) = found.get(at) {
        let children = node.children();
        found.extend(children);
        at += 1;
    }
    found
}

fn judge(
    wanted: Wanted<'_>,
    (order, is_root): (&WireOrder, bool),
    is_known: impl Fn(&str) -> bool,
    found: &mut Candidates,
) {
    let Some(id) = order.id().filter(|id| !is_known(id)) else { return };
    let entered: Option<Timestamp> =
        order.entered_time.as_deref().and_then(|text| text.parse().ok());
    if entered.is_some_and(|entered| entered < wanted.sent_at.plus(-SKEW)) {
        return;
    }
    let is_other_apps =
        wanted.tag.zip(order.tag.as_deref()).is_some_and(|(ours, theirs)| ours != theirs);
    let id = BrokerOrderId::new(id);
    match wanted.fingerprint.likeness(order) {
        // What was sent stands at the top of the list. The same below a group that is
        // not known, or with a tag of another app, is not taken without asking.
        Likeness::Same if is_root && !is_other_apps => found.same.push(id),
        Likeness::Same => found.doubtful.push(id),
        Likeness::Near if is_root && !is_other_apps => found.doubtful.push(id),
        Likeness::Near | Likeness::Other => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ClientOrderId, Symbol};
    use crate::domain::money::Qty;
    use crate::domain::order::{OrderClass, OrderKind, OrderRequest, Side, TimeInForce};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_773_071_423 + seconds)
    }

    fn ids(texts: &[&str]) -> Vec<BrokerOrderId> {
        texts.iter().map(|text| BrokerOrderId::new(*text)).collect()
    }

    fn same(texts: &[&str]) -> Candidates {
        Candidates { same: ids(texts), doubtful: Vec::new() }
    }

    #[track_caller]
    fn check(looks: &[(i64, Candidates)], expected: &Standing) {
        let mut search = Resolution::begin(at(0));
        for (after, found) in looks {
            search.looked(at(*after), found.clone());
        }
        assert_eq!(search.standing(), expected, "{looks:?}");
    }

    #[test]
    fn it_is_looked_for_at_1_2_4_8_and_15_seconds() {
        let mut search = Resolution::begin(at(0));
        let mut due = Vec::new();
        while let Standing::Looking { next } = *search.standing() {
            due.push(next.since(at(0)).as_secs());
            search.looked(next, Candidates::default());
        }
        assert_eq!(due, LOOKS_AFTER);
        assert_eq!(*search.standing(), Standing::ProbablyNotPlaced);
    }

    #[test]
    fn one_match_is_adopted_and_two_are_for_a_human() {
        let none = Candidates::default;
        check(&[(1, same(&["7"]))], &Standing::Placed(BrokerOrderId::new("7")));
        check(&[(1, none()), (4, same(&["7"]))], &Standing::Placed(BrokerOrderId::new("7")));
        check(&[(1, same(&["7", "8"]))], &Standing::Ambiguous(ids(&["7", "8"])));
        let doubtful = Candidates { same: ids(&["7"]), doubtful: ids(&["9"]) };
        check(&[(1, doubtful)], &Standing::Ambiguous(ids(&["7", "9"])));
        let near = Candidates { same: Vec::new(), doubtful: ids(&["9"]) };
        check(&[(1, near)], &Standing::Ambiguous(ids(&["9"])));
    }

    #[test]
    fn nothing_is_proven_by_few_looks_or_early_ones() {
        let none = Candidates::default;
        check(&[(1, none())], &Standing::Looking { next: at(2) });
        check(
            &[(1, none()), (2, none()), (4, none()), (8, none())],
            &Standing::Looking { next: at(15) },
        );
        check(&[(100, none())], &Standing::Looking { next: at(101) });
        check(&[(1, none()), (2, none()), (15, none())], &Standing::ProbablyNotPlaced);
    }

    #[test]
    fn what_is_found_after_the_window_still_counts() {
        let none = Candidates::default;
        check(
            &[(1, none()), (2, none()), (15, none()), (60, same(&["7"]))],
            &Standing::Placed(BrokerOrderId::new("7")),
        );
    }

    fn listed(id: u32, entered: &str, price: &str, more: &str) -> WireOrder {
        serde_json::from_str(&format!(
            r#"{{"orderId":{id},"session":"NORMAL","duration":"DAY","orderType":"LIMIT","quantity":5.0,"price":{price},
            "orderStrategyType":"SINGLE","enteredTime":"{entered}"{more},
            "orderLegCollection":[{{"instruction":"BUY","quantity":5.0,"instrument":{{"symbol":"XYZ"}}}}]}}"#
        ))
        .unwrap()
    }

    #[track_caller]
    fn check_found(list: &[WireOrder], tag: Option<&str>, expected: (&[&str], &[&str])) {
        let order = OrderRequest {
            client_order_id: ClientOrderId::new("fd-1"),
            symbol: Symbol::new("XYZ").unwrap(),
            side: Side::Buy,
            qty: Qty::shares(5).unwrap(),
            kind: OrderKind::Limit { limit: "10.25".parse().unwrap() },
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            extended_hours: false,
        };
        let fingerprint = Fingerprint::of(&order).unwrap();
        let wanted = Wanted { fingerprint: &fingerprint, sent_at: at(0), tag };
        let found = candidates(wanted, list, |id| id == "99");
        assert_eq!(found, Candidates { same: ids(expected.0), doubtful: ids(expected.1) });
    }

    #[test]
    fn a_match_is_new_like_it_and_no_older() {
        // at(0) is 15:50:23.
        let now = "2026-03-09T15:50:23+0000";
        check_found(&[listed(1, now, "10.25", "")], None, (&["1"], &[]));
        check_found(&[listed(99, now, "10.25", "")], None, (&[], &[]));
        check_found(&[listed(1, "2026-03-09T15:49:22+0000", "10.25", "")], None, (&[], &[]));
        check_found(&[listed(1, "2026-03-09T15:49:30+0000", "10.25", "")], None, (&["1"], &[]));
        check_found(&[listed(1, now, "10.26", "")], None, (&[], &["1"]));
        let two = [listed(1, now, "10.25", ""), listed(2, now, "10.25", "")];
        check_found(&two, None, (&["1", "2"], &[]));
    }

    #[test]
    fn another_apps_order_and_a_child_of_a_group_are_not_taken_without_asking() {
        let now = "2026-03-09T15:50:23+0000";
        let ours = listed(1, now, "10.25", r#","tag":"TA_ours""#);
        check_found(std::slice::from_ref(&ours), Some("TA_ours"), (&["1"], &[]));
        check_found(&[ours], Some("TA_other"), (&[], &["1"]));
        let child = listed(2, now, "10.25", "");
        let mut group = listed(1, now, "10.25", "");
        group.order_strategy_type = Some("OCO".into());
        group.order_leg_collection = None;
        group.child_order_strategies = Some(vec![child]);
        check_found(&[group], None, (&[], &["1", "2"]));
    }
}
