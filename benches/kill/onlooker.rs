//! Who looks on behind the spine: the read model, and counts of what has passed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flightdeck::bus::Tap;
use flightdeck::events::{Envelope, Event, FeedEvent, OrderEvent};
use flightdeck::view::Publisher;

/// What has passed the spine.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) events: AtomicU64,
    /// Quotes and prints that came in by the door; more were understood and replaced by
    /// newer ones while they waited.
    pub(crate) prices: AtomicU64,
    /// Orders to cancel, as this bench asked by the door.
    pub(crate) cancels: AtomicU64,
}

/// The tap.
pub(crate) struct Onlooker {
    pub(crate) publisher: Publisher,
    pub(crate) counts: Arc<Counts>,
}

impl Tap for Onlooker {
    fn see(&mut self, envelope: &Envelope) {
        self.publisher.see(envelope);
        self.counts.events.fetch_add(1, Ordering::Relaxed);
        if let Event::Feed(FeedEvent::Step(step)) = &envelope.event {
            let prices = u64::try_from(step.quotes.len() + step.ticks.len()).expect("few");
            self.counts.prices.fetch_add(prices, Ordering::Relaxed);
        }
        if let Event::Order(OrderEvent::Cancel(cancel)) = &envelope.event
            && cancel.reason == "a bench"
        {
            self.counts.cancels.fetch_add(1, Ordering::Relaxed);
        }
    }
}
