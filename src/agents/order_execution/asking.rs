//! Asking after orders of which nobody knows whether the venue has them.
//!
//! Unknown is never rejected: an order stays where it is until the venue shows it, or
//! has failed to find it often and late enough that it cannot be on its way any more.
//! The asking itself is an event; in the venue seat somebody answers it. That an order
//! is unknown for too long ends trading: see
//! [`risk_management`](crate::agents::risk_management).

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::agents::order_execution::OrderExecutionAgent;
use crate::bus::Outbox;
use crate::domain::ids::ClientOrderId;
use crate::domain::time::Timestamp;
use crate::events::{
    CallFailed, GetOrderStatus, OrderCancel, OrderEvent, OrderOutcomeUnknown, RequestEvent, Timer,
    VenueCall, VenueDone,
};
use crate::fsm::order::{OrderInput, OrderState};

/// An order that has not been answered by then is asked after: longer than any call
/// about an order may take (faults page §9: a POST 10 s), look-up included.
const UNANSWERED: SignedDuration = SignedDuration::from_secs(15);
/// When it is asked after, from the moment of doubt; later the comparisons of the
/// whole account go on asking.
const ASKED_AT: [i64; 5] = [0, 2, 5, 10, 30];
/// An order that was not found so often …
const NOT_FOUND_PROVES: u32 = 3;
/// … and that was sent at least so long ago has not arrived and will not (F01, F43):
/// nothing is on its way to the venue for longer than a POST may take.
const ON_ITS_WAY_LONGEST: SignedDuration = SignedDuration::from_secs(10);

/// An order that the venue had is gone when it was not found so often, over at least so
/// long: its shares are bare meanwhile and must have a stop within 5 s (I2).
const MISSING_LONGEST: SignedDuration = SignedDuration::from_secs(4);

/// One order that is watched until the venue has said something of it.
#[derive(Debug)]
struct Watch {
    number: u64,
    sent_at: Timestamp,
    /// When doubt arose; `None` while an answer may still be expected.
    doubt_since: Option<Timestamp>,
    asked: usize,
    not_found: u32,
}

/// The orders that are watched, and the numbers under which their timers fire.
#[derive(Debug, Default)]
pub(super) struct Asking {
    watched: BTreeMap<ClientOrderId, Watch>,
    by_number: BTreeMap<u64, ClientOrderId>,
    numbers: u64,
    /// Orders that the venue had and does not find: how often, and since when. Bounded by
    /// the orders that work.
    missing: BTreeMap<ClientOrderId, (u32, Timestamp)>,
}

impl Asking {
    fn watch(&mut self, id: &ClientOrderId, at: Timestamp) -> &mut Watch {
        let Self { watched, by_number, numbers, .. } = self;
        watched.entry(id.clone()).or_insert_with(|| {
            *numbers += 1;
            by_number.insert(*numbers, id.clone());
            Watch { number: *numbers, sent_at: at, doubt_since: None, asked: 0, not_found: 0 }
        })
    }

    fn forget(&mut self, id: &ClientOrderId) {
        if let Some(watch) = self.watched.remove(id) {
            self.by_number.remove(&watch.number);
        }
    }
}

impl OrderExecutionAgent {
    /// An order has left: an answer is expected.
    pub(super) fn expect_answer(&mut self, at: Timestamp, id: &ClientOrderId, out: &mut Outbox) {
        let number = self.asking.watch(id, at).number;
        out.wake_at(at.plus(UNANSWERED), Timer::Venue(number));
    }

    /// Nobody knows whether the venue has an order: asks at once, and again later.
    pub(super) fn begin_asking(&mut self, at: Timestamp, id: &ClientOrderId, out: &mut Outbox) {
        let watch = self.asking.watch(id, at);
        if watch.doubt_since.is_none() {
            watch.doubt_since = Some(at);
            self.ask(at, id, out);
        }
    }

    /// A run begins. What happened to orders while nobody listened is asked of each: one
    /// that has ended meanwhile may be in no list of the venue's. What was to be cancelled
    /// is asked for again, since nobody knows whether the request has left.
    pub(super) fn ask_after_all(&self, out: &mut Outbox) {
        for row in self.book.at_venue() {
            let client_order_id = row.client_order_id.clone();
            if row.is_cancelling() {
                out.publish(OrderEvent::Cancel(OrderCancel {
                    client_order_id,
                    trade_id: row.trade_id.clone(),
                    reason: "it was being cancelled when the run before ended".into(),
                }));
            } else {
                out.publish(RequestEvent::GetOrderStatus(GetOrderStatus { client_order_id }));
            }
        }
    }

    /// An answer is overdue, or it is time to ask again.
    pub(super) fn asking_due(&mut self, at: Timestamp, number: u64, out: &mut Outbox) {
        let Some(id) = self.asking.by_number.get(&number).cloned() else { return };
        if !self.is_unconfirmed(&id) {
            return self.asking.forget(&id);
        }
        let Some(watch) = self.asking.watched.get(&id) else { return };
        let Some(since) = watch.doubt_since else {
            let (sent_at, trade_id) = (watch.sent_at, self.trade_of(&id));
            self.step(&id, &OrderInput::OutcomeUnknown, out);
            let detail = format!("no answer within {} s", UNANSWERED.as_secs());
            let client_order_id = id.clone();
            out.publish(OrderEvent::OutcomeUnknown(OrderOutcomeUnknown {
                client_order_id,
                trade_id,
                detail,
                sent_at,
            }));
            return self.begin_asking(at, &id, out);
        };
        // The timer of the answer comes although somebody asks already.
        let next =
            ASKED_AT.get(watch.asked).map(|after| since.plus(SignedDuration::from_secs(*after)));
        if next.is_some_and(|due| at >= due) {
            self.ask(at, &id, out);
        }
    }

    fn ask(&mut self, at: Timestamp, id: &ClientOrderId, out: &mut Outbox) {
        let client_order_id = id.clone();
        out.publish(RequestEvent::GetOrderStatus(GetOrderStatus { client_order_id }));
        let Some(watch) = self.asking.watched.get_mut(id) else { return };
        watch.asked += 1;
        let since = watch.doubt_since.unwrap_or(at);
        if let Some(after) = ASKED_AT.get(watch.asked) {
            out.wake_at(since.plus(SignedDuration::from_secs(*after)), Timer::Venue(watch.number));
        }
    }

    /// The venue looked for an order and did not find it.
    pub(super) fn not_found(&mut self, at: Timestamp, id: &ClientOrderId, out: &mut Outbox) {
        if !self.is_unconfirmed(id) {
            return self.is_missing(at, id, out);
        }
        let watch = self.asking.watch(id, at);
        watch.not_found = watch.not_found.saturating_add(1);
        let is_proven =
            watch.not_found >= NOT_FOUND_PROVES && at.since(watch.sent_at) >= ON_ITS_WAY_LONGEST;
        if !is_proven {
            return;
        }
        self.asking.forget(id);
        let failed = CallFailed {
            breaker: self.config.guard.name.clone(),
            call: VenueCall::Submit,
            client_order_id: Some(id.clone()),
            definitely_not_sent: true,
            counts: false,
            detail: format!("the venue did not find it {NOT_FOUND_PROVES} times"),
        };
        self.submit_failed(at, id, &failed, out);
    }

    /// The venue had an order and does not find it: once is a bad look, often and long
    /// enough it is gone, and nobody will tell its end.
    pub(super) fn is_missing(&mut self, at: Timestamp, id: &ClientOrderId, out: &mut Outbox) {
        let Some(row) = self.book.get(id).filter(|row| row.state.may_execute()) else {
            self.asking.missing.remove(id);
            return;
        };
        let filled = row.state.filled();
        let (times, since) = self.asking.missing.entry(id.clone()).or_insert((0, at));
        *times = times.saturating_add(1);
        if *times < NOT_FOUND_PROVES || at.since(*since) < MISSING_LONGEST {
            return;
        }
        self.asking.missing.remove(id);
        let client_order_id = id.clone();
        self.cancelled(at, &VenueDone { client_order_id, filled }, out);
    }

    /// The venue shows an order.
    pub(super) fn is_found(&mut self, id: &ClientOrderId) {
        self.asking.missing.remove(id);
    }

    /// What became of an order is known.
    pub(super) fn stop_asking(&mut self, id: &ClientOrderId) {
        self.asking.forget(id);
    }

    fn is_unconfirmed(&self, id: &ClientOrderId) -> bool {
        self.book.get(id).is_some_and(|row| {
            matches!(row.state, OrderState::Submitted { .. } | OrderState::Unknown { .. })
        })
    }
}
