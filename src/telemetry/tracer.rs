//! Traces beside the order's way, not on it: the tap copies what traces are made of, a
//! thread of its own makes them.
//!
//! The thread never waits for a collector (the [queue](crate::telemetry::export) behind it
//! drops instead), so that it keeps up; a burst that it cannot keep up with is dropped and
//! counted, never waited for. What the spans are is in [`spans`](crate::telemetry::spans).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::domain::ids::Seq;
use crate::domain::time::Timestamp;
use crate::events::Envelope;
use crate::telemetry::export::SpanQueue;
use crate::telemetry::spans::{Projector, Span};

/// Events that may wait for the thread: some hundred orders at one instant.
const QUEUE_MAX: usize = 16_384;

/// What the thread is told.
enum Told {
    Event(Box<Envelope>),
    /// The cascade is over: what ended in it is complete.
    Settled,
    /// The house has ended at this time.
    Ended(Timestamp),
}

/// The near end: what the tap holds.
pub(in crate::telemetry) struct Tracer {
    way: SyncSender<Told>,
    queue: Arc<SpanQueue>,
    /// The cascade of the last event that was told; `None` once it was settled.
    root: Option<Seq>,
    /// The time of the newest event.
    at: Timestamp,
}

impl Tracer {
    /// Starts the thread. The receiver closes when everything was made and handed on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(in crate::telemetry) fn open(
        projector: Projector,
        queue: Arc<SpanQueue>,
    ) -> std::io::Result<(Self, Receiver<()>)> {
        let (way, told) = sync_channel(QUEUE_MAX);
        let (is_done, done) = sync_channel(0);
        let onward = queue.clone();
        thread::Builder::new().name("traces".into()).spawn(move || {
            make(projector, &told, |spans| onward.offer(spans));
            drop(is_done);
        })?;
        Ok((Self { way, queue, root: None, at: Timestamp::default() }, done))
    }

    /// Takes one event; never waits.
    pub(in crate::telemetry) fn see(&mut self, envelope: &Envelope) {
        self.at = envelope.at;
        if self.root.is_some_and(|root| root != envelope.root) {
            self.root = None;
            self.tell(Told::Settled);
        }
        if Projector::wants(&envelope.event) {
            self.root = Some(envelope.root);
            self.tell(Told::Event(Box::new(envelope.clone())));
        }
    }

    fn tell(&self, told: Told) {
        if self.way.try_send(told).is_err() {
            self.queue.count_lost();
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.tell(Told::Ended(self.at));
    }
}

fn make(mut projector: Projector, told: &Receiver<Told>, onward: impl Fn(Vec<Span>)) {
    let mut at = Timestamp::default();
    for told in told {
        match told {
            Told::Event(envelope) => {
                at = envelope.at;
                onward(projector.see(&envelope));
            }
            Told::Settled => onward(projector.settle()),
            Told::Ended(ended) => at = ended,
        }
    }
    onward(projector.finish(at));
}
