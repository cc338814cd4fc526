//! What journal, broker and stream disagree about: positions, cash, orders that are not
//! ours (C25, C27).
//!
//! The next word of the broker may explain a difference. One that it does not explain in
//! time is said with all three sides, its age and its cause, and reduces trading; at the
//! first comparison of a run there is nothing to wait for. What the broker holds beyond
//! the journal counts in the limits from its first sight. It is never closed and never
//! taken into a trade: a human takes it for what it is (`operator.acknowledge`), or it
//! goes away. Orders of unknown outcome are in [`doubts`](super::doubts).

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::agents::risk_management::RiskManagementAgent;
use crate::bus::Outbox;
use crate::domain::command::Acknowledge;
use crate::domain::ids::{BrokerOrderId, Symbol};
use crate::domain::money::{Money, Qty};
use crate::domain::order::{OrderReport, Side};
use crate::domain::position::{Direction, Position};
use crate::domain::time::Timestamp;
use crate::events::{
    AccountReported, Alert, ReconcileCleared, ReconcileDifference, Severity, Streamed, SystemEvent,
};
use crate::fsm::trading::TradingInput;

/// For so long a difference may stand without explanation.
const DIFFERENCE_LONGEST: SignedDuration = SignedDuration::from_secs(30);
/// Cash that differs by less than this part of the broker's equity is said and stops
/// nothing: fees, interest and dividends are booked by the broker alone.
const CASH_PART: i128 = 1_000;
/// The name of the difference of cash.
const CASH: &str = "cash";

/// One difference.
#[derive(Debug, Clone)]
struct Doubt {
    since: Timestamp,
    /// What the broker has more than the journal: billionths of a share with sign, or
    /// units of money.
    shift: i128,
    was_said: bool,
}

/// What is in doubt, and what a human has taken for what it is.
#[derive(Debug, Default)]
pub(super) struct Differences {
    positions: BTreeMap<Symbol, Doubt>,
    cash: Option<Doubt>,
    /// Shares beyond the journal that a human has acknowledged.
    adopted: BTreeMap<Symbol, i128>,
    adopted_cash: i128,
    /// Shares beyond the journal, acknowledged or not, as positions.
    external: Vec<Position>,
    /// Orders that are not ours.
    orders: Vec<OrderReport>,
    acknowledged_orders: BTreeSet<BrokerOrderId>,
    /// A run at a broker has begun and has not been compared with it.
    is_uncompared: bool,
}

impl Differences {
    /// A run begins; whether it is at a broker that must be compared first.
    pub(super) const fn begin_run(&mut self, must_compare: bool) {
        self.is_uncompared = must_compare;
    }

    /// What is held of a stock has changed: an earlier word about it is out of date.
    pub(super) fn held_changed(&mut self, symbol: Symbol) {
        if self.positions.get(&symbol).is_some_and(|doubt| !doubt.was_said) {
            self.positions.remove(&symbol);
        }
        self.cash.take_if(|doubt| !doubt.was_said);
    }

    /// Whether no entry may be sent at all before the first comparison.
    pub(super) const fn is_uncompared(&self) -> bool {
        self.is_uncompared
    }

    /// Whether broker and journal disagree about a stock, or an order in it is not ours
    /// and nobody has acknowledged it.
    pub(super) fn concern(&self, symbol: Symbol) -> bool {
        let is_open = |order: &OrderReport| {
            order.symbol == symbol && !self.acknowledged_orders.contains(&order.broker_order_id)
        };
        self.positions.contains_key(&symbol) || self.orders.iter().any(is_open)
    }

    /// What has been said and stands.
    pub(super) fn open(&self) -> Vec<String> {
        let said = self.positions.iter().filter(|(_, doubt)| doubt.was_said);
        let mut open: Vec<String> = said.map(|(symbol, _)| symbol.to_string()).collect();
        open.extend(self.cash.iter().filter(|doubt| doubt.was_said).map(|_| CASH.to_owned()));
        open
    }

    /// What others hold and may yet buy or sell: gross and net, dollars.
    pub(super) fn exposure(&self, price: impl Fn(Symbol) -> Option<Money>) -> (Money, Money) {
        let (mut gross, mut net) = (Money::ZERO, Money::ZERO);
        let mut count = |value: Money, is_long: bool| {
            gross += value;
            net += if is_long { value } else { Money::ZERO - value };
        };
        for held in &self.external {
            let value = price(held.symbol).map(|one| one.scaled(held.qty.to_decimal()));
            count(value.unwrap_or(held.cost), held.direction == Direction::Long);
        }
        // What sells may close what others hold: it adds nothing.
        for order in self.orders.iter().filter(|order| order.side == Side::Buy) {
            let left = order.qty.saturating_sub(order.filled);
            let limit = order.kind.limit().or(order.kind.stop()).map(|at| at.times(left));
            let mark = || price(order.symbol).map(|one| one.scaled(left.to_decimal()));
            count(limit.or_else(mark).unwrap_or(Money::ZERO), true);
        }
        (gross, net)
    }

    /// How many positions and entries others have.
    pub(super) fn count(&self) -> usize {
        self.external.len()
    }
}

impl RiskManagementAgent {
    /// Compares what the broker reports with our own.
    pub(super) fn compare(&mut self, at: Timestamp, told: &AccountReported, out: &mut Outbox) {
        let is_first = std::mem::take(&mut self.differences.is_uncompared);
        let ours: Vec<Position> = self.account.book().positions().map(|(held, _)| held).collect();
        let mut symbols: BTreeSet<Symbol> =
            ours.iter().chain(&told.positions).map(|position| position.symbol).collect();
        symbols.extend(self.differences.positions.keys().chain(self.differences.adopted.keys()));
        self.differences.external.clear();
        for symbol in symbols {
            let own = ours.iter().find(|held| held.symbol == symbol);
            let theirs = told.positions.iter().find(|held| held.symbol == symbol);
            self.compare_position(at, (symbol, own, theirs), (told, is_first), out);
        }
        self.compare_cash(at, told, out);
    }

    fn compare_position(
        &mut self,
        at: Timestamp,
        (symbol, own, theirs): (Symbol, Option<&Position>, Option<&Position>),
        (told, is_first): (&AccountReported, bool),
        out: &mut Outbox,
    ) {
        let shift = signed(theirs) - signed(own);
        self.differences.external.extend(beyond(symbol, shift, theirs));
        if shift == 0 && self.differences.adopted.remove(&symbol).is_some() {
            cleared(&symbol.to_string(), "what others held is gone", out);
        }
        if shift == self.differences.adopted.get(&symbol).copied().unwrap_or(0) {
            let doubt = self.differences.positions.remove(&symbol);
            if doubt.is_some_and(|doubt| doubt.was_said) {
                cleared(&symbol.to_string(), "both sides agree again", out);
            }
            return;
        }
        let doubts = &mut self.differences.positions;
        let doubt = doubts.entry(symbol).or_insert(Doubt { since: at, shift, was_said: false });
        // Another one than was said is said as well.
        doubt.was_said &= doubt.shift == shift;
        doubt.shift = shift;
        let is_due = is_first || at.since(doubt.since) >= DIFFERENCE_LONGEST;
        if doubt.was_said || !is_due {
            return;
        }
        doubt.was_said = true;
        let since = doubt.since;
        let streamed = told.streamed.iter().find(|held| held.symbol == symbol);
        let (journal, venue) = (words(own), words(theirs));
        let stream = streamed.map_or_else(|| venue.clone(), in_words);
        let why = format!("{symbol}: we hold {journal}, the venue says {venue}");
        let cause = cause(own, theirs, streamed, is_first).to_owned();
        let text = format!("{why}: {cause}; acknowledge it or correct it at the broker");
        out.publish(SystemEvent::ReconcileDifference(ReconcileDifference {
            stream: Some(stream),
            since: Some(since),
            cause: Some(cause),
            ..ReconcileDifference::between(symbol.to_string(), journal, venue)
        }));
        out.publish(SystemEvent::Alert(Alert { severity: Severity::Critical, text }));
        self.move_ladder(TradingInput::Reduce, &why, out);
    }

    fn compare_cash(&mut self, at: Timestamp, told: &AccountReported, out: &mut Outbox) {
        let own = self.account.book().cash();
        let shift = (told.cash - own).units();
        let beyond = shift - self.differences.adopted_cash;
        if Money::from_units(beyond).abs() < Money::from_cents(1) {
            if self.differences.cash.take().is_some_and(|doubt| doubt.was_said) {
                cleared(CASH, "both sides agree again", out);
            }
            return;
        }
        let doubt =
            self.differences.cash.get_or_insert(Doubt { since: at, shift, was_said: false });
        doubt.shift = shift;
        if doubt.was_said || at.since(doubt.since) < DIFFERENCE_LONGEST {
            return;
        }
        doubt.was_said = true;
        let since = doubt.since;
        let cause = "fees, interest, dividends or transfers that the broker booked by itself";
        out.publish(SystemEvent::ReconcileDifference(ReconcileDifference {
            since: Some(since),
            cause: Some(cause.to_owned()),
            ..ReconcileDifference::between(CASH.to_owned(), own.to_string(), told.cash.to_string())
        }));
        if beyond.abs() * CASH_PART > told.equity.abs().units() {
            let why = format!("cash: we count {own}, the venue says {}", told.cash);
            self.move_ladder(TradingInput::Reduce, &why, out);
        }
    }

    /// Orders that are not ours work at the venue, or have ended.
    pub(super) fn external_listed(
        &mut self,
        at: Timestamp,
        orders: &[OrderReport],
        out: &mut Outbox,
    ) {
        let known = std::mem::take(&mut self.differences.orders);
        let is_in = |list: &[OrderReport], order: &OrderReport| {
            list.iter().any(|other| other.broker_order_id == order.broker_order_id)
        };
        for gone in known.iter().filter(|order| !is_in(orders, order)) {
            self.differences.acknowledged_orders.remove(&gone.broker_order_id);
            cleared(&subject(gone), "it works no more", out);
        }
        for new in orders.iter().filter(|order| !is_in(&known, order)) {
            let venue =
                format!("{} {} {} {} works", new.side, new.qty, new.symbol, new.kind.name());
            let text =
                format!("{}: {venue}, and it is not ours: {} waits", subject(new), new.symbol);
            out.publish(SystemEvent::ReconcileDifference(ReconcileDifference {
                since: Some(at),
                cause: Some("made by hand or by another program".to_owned()),
                ..ReconcileDifference::between(subject(new), "no such order".to_owned(), venue)
            }));
            out.publish(SystemEvent::Alert(Alert { severity: Severity::Warning, text }));
        }
        self.differences.orders = orders.to_vec();
    }

    /// A human has seen a difference and takes it for what it is.
    pub(super) fn acknowledge(&mut self, seen: &Acknowledge, out: &mut Outbox) {
        let is_meant = |name: &str| seen.subject.as_deref().is_none_or(|only| only == name);
        let mut done = Vec::new();
        let Differences { positions, adopted, cash, adopted_cash, .. } = &mut self.differences;
        positions.retain(|symbol, doubt| {
            let is_kept = !doubt.was_said || !is_meant(symbol.as_str());
            if !is_kept {
                adopted.insert(*symbol, doubt.shift);
                done.push(symbol.to_string());
            }
            is_kept
        });
        if let Some(doubt) = cash.take_if(|doubt| doubt.was_said && is_meant(CASH)) {
            *adopted_cash = doubt.shift;
            done.push(CASH.to_owned());
        }
        let Differences { orders, acknowledged_orders, .. } = &mut self.differences;
        for order in orders.iter().filter(|order| is_meant(&subject(order))) {
            if acknowledged_orders.insert(order.broker_order_id.clone()) {
                done.push(subject(order));
            }
        }
        if done.is_empty() {
            let what = seen.subject.as_deref().unwrap_or("anything");
            let text = format!("nothing is acknowledged: no difference about {what} stands");
            out.publish(SystemEvent::Alert(Alert { severity: Severity::Warning, text }));
        }
        for subject in done {
            let how = seen.reason.clone();
            out.publish(SystemEvent::ReconcileCleared(ReconcileCleared {
                subject,
                is_acknowledged: true,
                how,
            }));
        }
    }
}

/// What the broker holds beyond the journal.
fn beyond(symbol: Symbol, shift: i128, theirs: Option<&Position>) -> Option<Position> {
    let theirs = theirs?;
    let direction = if shift > 0 { Direction::Long } else { Direction::Short };
    let units = u64::try_from(shift.unsigned_abs()).ok()?;
    let qty = Qty::from_units(units).ok().filter(|qty| !qty.is_zero())?;
    let cost = theirs.cost.portion(qty.min(theirs.qty), theirs.qty);
    Some(Position { symbol, direction, qty, cost })
}

/// Billionths of a share, negative when short.
fn signed(held: Option<&Position>) -> i128 {
    held.map_or(0, |held| match held.direction {
        Direction::Long => i128::from(held.qty.units()),
        Direction::Short => -i128::from(held.qty.units()),
    })
}

fn words(held: Option<&Position>) -> String {
    held.map_or_else(|| "no shares".to_owned(), |it| shares(it.direction, it.qty))
}

fn in_words(held: &Streamed) -> String {
    if held.qty.is_zero() { "no shares".to_owned() } else { shares(held.direction, held.qty) }
}

fn shares(direction: Direction, qty: Qty) -> String {
    format!("{} {qty} shares", direction.name())
}

fn cause(
    own: Option<&Position>,
    theirs: Option<&Position>,
    streamed: Option<&Streamed>,
    is_first: bool,
) -> &'static str {
    match (own, theirs, streamed) {
        (None, Some(_), None) if is_first => "held before this run, or made elsewhere",
        (None, Some(_), _) => "made by hand or by another program",
        (Some(_), None, None) => "closed by hand, or by another program",
        (_, _, Some(_)) => "executions that the stream of orders has not told",
        (_, _, None) => "the stream tells as the venue does: not all of it was ours",
    }
}

fn subject(order: &OrderReport) -> String {
    format!("order {}", order.broker_order_id)
}

fn cleared(subject: &str, how: &str, out: &mut Outbox) {
    out.publish(SystemEvent::ReconcileCleared(ReconcileCleared {
        subject: subject.to_owned(),
        is_acknowledged: false,
        how: how.to_owned(),
    }));
}
