//! Reading the broker's view of things: orders, positions, account, bars.
//!
//! The broker is compared with the house at the start, after every gap of its stream,
//! every half minute, and when somebody asks (C25). Here it is only read and told;
//! what a difference means is decided by the agents.

use std::time::Duration;

use jiff::SignedDuration;

use crate::breakers::{CallClass, Lane};
use crate::brokers::gateway::desk::{Desk, Leave};
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::{Broker, BrokerAccount, BrokerOrder, OrderDoubt, OrderUpdate};
use crate::domain::ids::{AgentId, BrokerOrderId, ClientOrderId};
use crate::domain::market::{Bar, BarBatch, Interval};
use crate::domain::time::Timestamp;
use crate::events::{
    AccountReported, FeedEvent, GetBars, ReconcileDifference, Severity, SystemEvent, VenueEvent,
    VenueNotFound,
};

/// Orders are read from so long before the last reading: the broker's stamps and ours
/// differ, and what was submitted meanwhile must be among them.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// Bars of the past that are read at once.
const BARS_MAX: u32 = 1_000;
/// News that may hide an execution wait for the broker's list no longer than this: they
/// must be told also while it answers no reads.
const LOOK_LONGEST: Duration = Duration::from_secs(10);

/// What news of an order was, once it has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// Shares changed hands.
    pub(super) has_traded: bool,
    /// They did, and another order may have ended with that.
    pub(super) may_end_others: bool,
}

impl<B: Broker, E: Entrance> Desk<B, E> {
    /// Tells one piece of news. Of a group of exits the end of one may be all that is
    /// heard of the other one's execution (F15): then the broker's list is told first, or
    /// the house would protect and close shares that are not there any more.
    pub(super) async fn tell_update(&self, update: &OrderUpdate, last_seen: Timestamp) -> Told {
        if self.ledger().may_hide_execution(&update.order)
            && tokio::time::timeout(LOOK_LONGEST, self.reconcile(last_seen)).await.is_err()
        {
            tracing::warn!("the broker's list did not come before the end of an exit was told");
        }
        let news = self.ledger().update(update);
        let has_traded = news.has_traded;
        let may_end_others = has_traded && self.ledger().may_end_others(&update.order);
        self.say_all(news.events).await;
        if let Some((old, child)) = news.follow {
            self.follow(&old, &child).await;
        }
        if news.is_corrected {
            self.correct(&update.order, last_seen).await;
        }
        Told { has_traded, may_end_others }
    }

    /// Reads orders, positions and account and tells them. False when it could not.
    pub(super) async fn reconcile(&self, last_seen: Timestamp) -> bool {
        let since = last_seen.plus(-OVERLAP);
        let leave = Leave::read(Lane::Reconcile, None);
        let orders = match self.read(leave, || self.broker.orders(since)).await {
            Ok(orders) => orders,
            Err(failure) => {
                tracing::warn!(%failure, "the broker's orders could not be read");
                return false;
            }
        };
        let is_after_gap = !self.readiness.is_ready();
        let (mut events, follow) = self.ledger().listed(&orders);
        // Exact executions between the names that they need and the list, which would
        // count them by their average.
        let list = events.pop();
        self.say_all(events).await;
        self.tell_executions(&orders).await;
        self.say_all(list.into_iter().collect()).await;
        self.note_read(&orders, is_after_gap);
        for news in follow {
            if let Some((old, child)) = news.follow {
                self.follow(&old, &child).await;
            }
        }
        let is_complete = self.read_unlisted(&orders).await;
        self.say_doubts().await;
        self.say_account().await && is_complete
    }

    /// Notes what was read of orders, against what is pushed of them.
    fn note_read(&self, orders: &[BrokerOrder], is_after_gap: bool) {
        let now = self.clock.now();
        let mut ledger = self.ledger();
        ledger.was_told(orders);
        if is_after_gap {
            ledger.was_read_after_gap(orders);
        } else {
            ledger.was_read(orders, now);
        }
    }

    /// Reads and tells the executions that a gap has hidden, one by one with their prices.
    /// Where they cannot be read the order's own total and average price count.
    pub(super) async fn tell_executions(&self, orders: &[BrokerOrder]) {
        if !self.broker.lists_executions() {
            return;
        }
        let untold = self.ledger().untold(orders);
        for order in untold {
            let leave = Leave::read(Lane::Reconcile, None);
            match self.read(leave, || self.broker.executions(&order)).await {
                Ok(found) => {
                    let events = self.ledger().executions(&order, &found);
                    self.say_all(events).await;
                }
                Err(failure) => tracing::warn!(%failure, "executions could not be read"),
            }
        }
    }

    /// Reads an order of which the stream says nothing.
    pub(super) async fn look(&self, id: &BrokerOrderId) {
        if let Some(order) = self.read_order(id, Lane::Reconcile).await {
            self.tell(&order).await;
            self.note_read(std::slice::from_ref(&order), !self.readiness.is_ready());
        }
    }

    /// The stream of orders is open and does not tell what has happened: says so and has
    /// it connected anew, after which everything is read.
    pub(super) async fn end_silence(&self, orders: &[ClientOrderId]) {
        self.ledger().stream_resumed();
        self.broker.redial_orders();
        let names = orders.iter().map(ClientOrderId::as_str).collect::<Vec<_>>().join(", ");
        let text = format!(
            "the stream of orders is open and silent: executions of {names} were read and not \
             told by it; it is connected anew"
        );
        self.alert(Severity::Critical, text).await;
    }

    /// Reads the orders that are in no list: no longer open, and sent before what a list
    /// reaches back to. A stop that was executed while nobody listened is among them
    /// (Alpaca, protocol page §6 of October 2026: "orders by id for everything locally
    /// open").
    ///
    /// False when one of them could not be read: then nothing is known of it.
    async fn read_unlisted(&self, listed: &[BrokerOrder]) -> bool {
        let unlisted = self.ledger().unlisted(listed);
        let mut is_complete = true;
        for (id, broker_order_id) in unlisted {
            // The group of one that was read before it may have told its end.
            if self.ledger().get(&id).is_none_or(|row| row.is_over) {
                continue;
            }
            let leave = Leave::by(Lane::Reconcile);
            match self.read(leave, || self.broker.order(&broker_order_id)).await {
                Ok(Some(order)) => self.tell(&order).await,
                Ok(None) => self.say_gone(&id, &broker_order_id).await,
                Err(failure) => {
                    tracing::warn!(order = %id, %failure, "an order could not be read");
                    is_complete = false;
                }
            }
        }
        is_complete
    }

    /// The broker does not know an order any more that it had taken and that has not
    /// ended: a human is told once.
    async fn say_gone(&self, id: &ClientOrderId, broker_order_id: &BrokerOrderId) {
        let client_order_id = id.clone();
        self.say(VenueEvent::NotFound(VenueNotFound { client_order_id })).await;
        if self.ledger().is_newly_gone(id) {
            let text = format!(
                "order {id} was taken as {broker_order_id} and the broker does not know it any \
                 more: look at its own list"
            );
            self.alert(Severity::Critical, text).await;
        }
    }

    /// Tells each order that a human must decide about, once.
    async fn say_doubts(&self) {
        let doubts = self.ledger().new_doubts(self.broker.doubts());
        for OrderDoubt { client_order_id: id, detail } in doubts {
            let text = format!(
                "order {id}: nobody knows whether {} has it: {detail}. Look at the broker's own \
                 list, then say what became of it; until then its risk stays reserved and \
                 nothing is entered in its stock",
                self.broker.name()
            );
            self.alert(Severity::Critical, text).await;
        }
    }

    /// Reads positions and account and tells them. False when it could not.
    pub(super) async fn say_account(&self) -> bool {
        let leave = Leave::read(Lane::Reconcile, Some(CallClass::Accounts));
        let positions = self.read(leave, || self.broker.positions()).await;
        let account = self.read(leave, || self.broker.account()).await;
        let (positions, account) = match (positions, account) {
            (Ok(positions), Ok(account)) => (positions, account),
            (Err(failure), _) | (_, Err(failure)) => {
                tracing::warn!(%failure, "the account could not be read");
                return false;
            }
        };
        self.check_account(&account).await;
        let BrokerAccount { cash, equity, buying_power, .. } = account;
        let streamed = self.heard().compare(&positions);
        let reported = AccountReported { cash, equity, buying_power, positions, streamed };
        self.say(VenueEvent::Account(reported)).await;
        true
    }

    /// Another account than the configured one, or a blocked one, gets no entry (C15).
    async fn check_account(&self, account: &BrokerAccount) {
        let is_other = self.config.account_id.as_ref().is_some_and(|id| *id != account.account_id);
        let text = match (&account.blocked, is_other) {
            (_, true) => "the broker answers for another account than the one configured; \
                          entries are stopped: correct the keys"
                .to_owned(),
            (Some(why), false) => format!("the account may not trade: {why}; entries are stopped"),
            (None, false) => return,
        };
        if !self.gate.is_closed() {
            self.gate.close();
            self.alert(Severity::Critical, text).await;
        }
    }

    /// An execution was corrected or taken back: says so and reads everything anew.
    pub(super) async fn correct(&self, order: &BrokerOrder, last_seen: Timestamp) {
        let report = &order.report;
        let subject = format!("order {}", report.broker_order_id);
        let venue = format!("an execution was corrected, {} filled now", report.filled);
        let difference = ReconcileDifference {
            cause: Some("the broker took back what it had told (F24)".into()),
            ..ReconcileDifference::between(subject, "executed as it was reported".into(), venue)
        };
        self.say(SystemEvent::ReconcileDifference(difference)).await;
        if let Some(order) = self.read_order(&report.broker_order_id, Lane::Reconcile).await {
            self.tell(&order).await;
        }
        self.reconcile(last_seen).await;
    }

    /// Reads the newest bars of a symbol and tells them.
    pub(super) async fn say_bars(&self, wanted: GetBars) {
        let GetBars { symbol, interval, count } = wanted;
        let count = count.min(BARS_MAX);
        let now = self.clock.now();
        // Sessions fill about a sixth of a week; the rest is nights and weekends.
        let sessions = i32::try_from(count.saturating_mul(6)).unwrap_or(i32::MAX);
        let span = interval.duration().saturating_mul(sessions);
        let from = now.plus(-span).plus(SignedDuration::from_hours(-5 * 24));
        let Some(mut bars) = self.read_bars(&[symbol], interval, (from, now)).await else { return };
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let bars = bars.split_off(bars.len().saturating_sub(wanted));
        self.say_history(interval, bars).await;
    }

    /// Reads bars that have ended.
    pub(super) async fn read_bars(
        &self,
        symbols: &[crate::domain::ids::Symbol],
        interval: Interval,
        (from, until): (Timestamp, Timestamp),
    ) -> Option<Vec<Bar>> {
        let leave = Leave::read(Lane::Data, Some(CallClass::MarketData));
        let read = self.read(leave, || self.broker.bars(symbols, interval, (from, until))).await;
        match read {
            Ok(mut bars) => {
                bars.retain(|bar| bar.start.plus(interval.duration()) <= until);
                Some(bars)
            }
            Err(failure) => {
                tracing::warn!(%failure, "bars could not be read");
                None
            }
        }
    }

    /// Tells bars of the past.
    pub(super) async fn say_history(&self, interval: Interval, bars: Vec<Bar>) {
        let batch = BarBatch { interval, bars: bars.into() };
        self.say_as(AgentId::Feed, FeedEvent::History(batch)).await;
    }
}
