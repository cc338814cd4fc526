//! Who has which connection: one per data feed, one for trading updates.
//!
//! A place is taken when a client is let in and given back when its [`Place`] is
//! dropped, hence at once after a clean close (Alpaca, protocol page §6 and §7.1 of
//! October 2026). Fault 10 of §9 is at home here too: for a while nobody gets a place.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::brokers::sim::server::{Fault, Faults, SendBuffer};
use crate::bus::clock::Stopwatch;

/// What can be set at the streams and at market data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamRules {
    /// Symbols over trades and quotes of a data connection; the free plan has 30.
    pub symbols_max: Option<usize>,
    /// Whether the account's plan has the feed `sip`: its stream, and its newest
    /// quarter of an hour in REST.
    pub has_sip: bool,
    /// What is held for a client that does not read.
    pub buffer: SendBuffer,
}

impl Default for StreamRules {
    /// No limit of symbols, every feed.
    fn default() -> Self {
        Self { symbols_max: None, has_sip: true, buffer: SendBuffer::default() }
    }
}

/// A thing of which an account may have one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// Trading updates.
    Trading,
    /// A data feed, by its place in the list of feeds.
    Data(usize),
}

/// Data feeds that have a seat.
pub(super) const FEEDS: usize = 6;

/// The connections of one server.
#[derive(Debug)]
pub(super) struct Places {
    /// Held for a look: trading, then each feed.
    taken: Mutex<[bool; FEEDS + 1]>,
    /// Of trading, and of data.
    refusals: Mutex<[Option<Refusal>; 2]>,
    /// Ends every connection.
    pub(super) stop: CancellationToken,
    /// Knows every connection, so that the server can wait for their end.
    pub(super) tasks: TaskTracker,
}

/// A while in which nobody gets a place.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    since: Stopwatch,
    length: Duration,
}

/// A taken place; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    seat: Seat,
}

impl Places {
    /// Makes a server's places, all free.
    pub(super) fn new(tasks: TaskTracker, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), refusals: Mutex::default(), stop, tasks })
    }

    /// Takes a place; `None` when somebody has it, or while nobody gets one.
    pub(super) fn take(self: &Arc<Self>, seat: Seat, faults: &Faults) -> Option<Place> {
        if self.refuses(seat, faults) {
            return None;
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = &mut taken[index(seat)];
        if std::mem::replace(is_taken, true) {
            return None;
        }
        Some(Place { places: self.clone(), seat })
    }

    /// Fault 10: with a number of seconds everybody is refused for so long from the
    /// first try on, by the wall's time; without, each strike refuses one try. Armed for
    /// one kind of stream it leaves the other alone.
    fn refuses(&self, seat: Seat, faults: &Faults) -> bool {
        let (own, kind) = match seat {
            Seat::Trading => (0, "trading"),
            Seat::Data(_) => (1, "data"),
        };
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals[own].is_some_and(|it| it.since.elapsed() < it.length) {
            return true;
        }
        refusals[own] = None;
        let struck = faults.take_if(Fault::RefuseReconnect, |armed| {
            armed.variant.as_deref().is_none_or(|meant| meant == kind)
        });
        let Some(order) = struck else { return false };
        let Some(seconds) = order.seconds else { return true };
        let length = Duration::from_secs(seconds.into());
        let refusal = Some(Refusal { since: Stopwatch::start(), length });
        if order.variant.is_some() {
            refusals[own] = refusal;
        } else {
            *refusals = [refusal; 2];
        }
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken[index(self.seat)] = false;
    }
}

const fn index(seat: Seat) -> usize {
    match seat {
        Seat::Trading => 0,
        Seat::Data(feed) => feed + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brokers::sim::server::FaultOrder;

    #[test]
    fn a_place_is_free_again_as_soon_as_it_is_given_back() {
        let (places, faults) =
            (Places::new(TaskTracker::new(), CancellationToken::new()), Faults::default());
        let held = places.take(Seat::Data(1), &faults);
        assert!(held.is_some());
        assert!(places.take(Seat::Data(1), &faults).is_none());
        assert!(places.take(Seat::Data(0), &faults).is_some(), "another feed, another place");
        assert!(places.take(Seat::Trading, &faults).is_some());
        drop(held);
        assert!(places.take(Seat::Data(1), &faults).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_gets_a_place_while_reconnections_are_refused() {
        let (places, faults) =
            (Places::new(TaskTracker::new(), CancellationToken::new()), Faults::default());
        let order = FaultOrder { seconds: Some(90), ..FaultOrder::times(1) };
        faults.arm(Fault::RefuseReconnect, order);
        let is_refused = || places.take(Seat::Trading, &faults).is_none();
        assert!(is_refused());
        tokio::time::advance(Duration::from_secs(89)).await;
        assert!(is_refused());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!is_refused());
        faults.arm(Fault::RefuseReconnect, FaultOrder::times(2));
        assert_eq!([is_refused(), is_refused(), is_refused()], [true, true, false]);
    }

    #[test]
    fn a_refusal_armed_for_one_stream_leaves_the_other_alone() {
        let (places, faults) =
            (Places::new(TaskTracker::new(), CancellationToken::new()), Faults::default());
        for seconds in [None, Some(90)] {
            let variant = Some("trading".to_owned());
            let order = FaultOrder { seconds, variant, ..FaultOrder::times(1) };
            faults.arm(Fault::RefuseReconnect, order);
            assert!(places.take(Seat::Data(0), &faults).is_some());
            assert!(places.take(Seat::Trading, &faults).is_none());
            assert!(places.take(Seat::Data(0), &faults).is_some());
        }
    }
}
