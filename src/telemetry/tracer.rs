//! Traces beside the order's way, not on it: the tap copies what traces are made of, a
//! thread of its own makes them.
//!
//! The thread never waits for a collector (the [queue](crate::telemetry::export) behind it
//! drops instead), so that it keeps up; a burst that it cannot keep up with is dropped and
//! counted, never waited for. What the spans are is in [`spans`](crate::telemetry::spans).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use crate::domain::time::Timestamp;
use crate::events::Envelope;
use crate::telemetry::export::SpanQueue;
use crate::telemetry::spans::{Projector, Span};

/// Cascades that may wait for the thread.
const QUEUE_MAX: usize = 4_096;

/// The near end: what the tap holds.
pub(in crate::telemetry) struct Tracer {
    way: SyncSender<Vec<Envelope>>,
    queue: Arc<SpanQueue>,
    /// The events of the present cascade, at most as many as a cascade may have. They are
    /// handed on when the next one begins: waking a thread takes longer than copying them,
    /// and an order is on its way by then.
    cascade: Vec<Envelope>,
    /// The time of the newest event, for the thread once the house has ended.
    at: Arc<AtomicI64>,
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
        let at = Arc::new(AtomicI64::new(0));
        let (onward, newest) = (queue.clone(), at.clone());
        thread::Builder::new().name("traces".into()).spawn(move || {
            make(projector, &told, &newest, |spans| onward.offer(spans));
            drop(is_done);
        })?;
        Ok((Self { way, queue, cascade: Vec::new(), at }, done))
    }

    /// Takes one event; never waits.
    pub(in crate::telemetry) fn see(&mut self, envelope: &Envelope) {
        self.at.store(envelope.at.as_nanos(), Ordering::Relaxed);
        if self.cascade.first().is_some_and(|first| first.root != envelope.root) {
            self.hand_on();
        }
        if Projector::wants(&envelope.event) {
            self.cascade.push(envelope.clone());
        }
    }

    fn hand_on(&mut self) {
        let cascade = std::mem::take(&mut self.cascade);
        let (TrySendError::Full(lost) | TrySendError::Disconnected(lost)) =
            match self.way.try_send(cascade) {
                Ok(()) => return,
                Err(error) => error,
            };
        self.queue.count_lost(lost.len());
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.hand_on();
    }
}

fn make(
    mut projector: Projector,
    told: &Receiver<Vec<Envelope>>,
    newest: &AtomicI64,
    onward: impl Fn(Vec<Span>),
) {
    for cascade in told {
        for envelope in &cascade {
            onward(projector.see(envelope));
        }
        onward(projector.settle());
    }
    onward(projector.finish(Timestamp::from_nanos(newest.load(Ordering::Relaxed))));
}
