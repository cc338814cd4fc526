//! The way of spans out of the house: a bounded queue and one thread that sends.
//!
//! Whoever hands spans in never waits: what finds the queue full is dropped and counted,
//! so a collector that hangs changes nothing for orders. The thread has no reactor, as the
//! blocking HTTP client wants it; nothing here knows what a span means.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;

use crate::telemetry::otlp::span_data;
use crate::telemetry::spans::Span;

/// Handfuls of spans (one per cascade) that may wait.
const QUEUE_MAX: usize = 4_096;
/// Spans that are sent together.
const BATCH_MAX: usize = 512;
/// Longest that a span waits for company.
const DELAY: Duration = Duration::from_secs(1);

/// What became of spans.
#[derive(Debug, Default)]
pub struct SpanCounts {
    sent: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl SpanCounts {
    /// Taken by the collector.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Never tried: the queue was full.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Tried in vain: the collector did not take them.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    fn add(counter: &AtomicU64, spans: usize) {
        counter.fetch_add(u64::try_from(spans).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// The near end of the queue.
#[derive(Debug)]
pub(in crate::telemetry) struct SpanQueue {
    /// `None` once it was closed. Taken for the time of a `try_send` alone.
    way: Mutex<Option<SyncSender<Vec<Span>>>>,
    counts: Arc<SpanCounts>,
    /// Set when the rest is to be sent without waiting for company.
    is_ending: Arc<AtomicBool>,
    /// Says, by closing, that everything was tried.
    done: Mutex<Receiver<()>>,
}

impl SpanQueue {
    /// Starts the thread that sends to an endpoint.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(in crate::telemetry) fn open(
        endpoint: String,
        resource: Resource,
    ) -> std::io::Result<Self> {
        let (way, spans) = sync_channel(QUEUE_MAX);
        let (is_done, done) = sync_channel(0);
        let counts = Arc::new(SpanCounts::default());
        let is_ending = Arc::new(AtomicBool::new(false));
        let sender =
            Sender { counts: counts.clone(), is_ending: is_ending.clone(), is_heard: true };
        thread::Builder::new().name("spans".into()).spawn(move || {
            sender.run(&endpoint, &resource, &spans);
            drop(is_done);
        })?;
        Ok(Self { way: Mutex::new(Some(way)), counts, is_ending, done: Mutex::new(done) })
    }

    /// Hands spans in, or drops them.
    pub(in crate::telemetry) fn offer(&self, spans: Vec<Span>) {
        if spans.is_empty() {
            return;
        }
        let way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = match way.as_ref().map(|way| way.try_send(spans)) {
            Some(Ok(())) => return,
            Some(Err(TrySendError::Full(spans) | TrySendError::Disconnected(spans))) => spans.len(),
            // Closed: it comes after the end.
            None => 1,
        };
        SpanCounts::add(&self.counts.dropped, refused);
    }

    /// Counts what was lost before it was a span.
    pub(in crate::telemetry) fn count_lost(&self, events: usize) {
        SpanCounts::add(&self.counts.dropped, events);
    }

    /// What became of spans so far.
    pub(in crate::telemetry) fn counts(&self) -> Arc<SpanCounts> {
        self.counts.clone()
    }

    /// Closes the queue and waits until the rest was tried, at most so long. Tells
    /// whether it was.
    pub(in crate::telemetry) fn close(&self, patience: Duration) -> bool {
        self.is_ending.store(true, Ordering::Relaxed);
        self.way.lock().unwrap_or_else(PoisonError::into_inner).take();
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(done.recv_timeout(patience), Err(RecvTimeoutError::Timeout))
    }
}

/// The far end.
struct Sender {
    counts: Arc<SpanCounts>,
    is_ending: Arc<AtomicBool>,
    /// Whether the collector took what was sent last; said when it changes.
    is_heard: bool,
}

impl Sender {
    fn run(mut self, endpoint: &str, resource: &Resource, spans: &Receiver<Vec<Span>>) {
        let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint).build();
        let mut exporter = match exporter {
            Ok(exporter) => exporter,
            Err(error) => {
                tracing::warn!(%error, endpoint, "no spans are sent");
                for handful in spans {
                    SpanCounts::add(&self.counts.dropped, handful.len());
                }
                return;
            }
        };
        exporter.set_resource(resource);
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            let delay = if self.is_ending.load(Ordering::Relaxed) { Duration::ZERO } else { DELAY };
            match spans.recv_timeout(delay) {
                Ok(handful) => {
                    batch.extend(handful);
                    if batch.len() >= BATCH_MAX {
                        self.send(&exporter, endpoint, &mut batch);
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.send(&exporter, endpoint, &mut batch),
                Err(RecvTimeoutError::Disconnected) => {
                    self.send(&exporter, endpoint, &mut batch);
                    return;
                }
            }
        }
    }

    fn send(&mut self, exporter: &SpanExporter, endpoint: &str, batch: &mut Vec<Span>) {
        if batch.is_empty() {
            return;
        }
        let number = batch.len();
        let sent = wait_for(exporter.export(batch.drain(..).map(span_data).collect()));
        match &sent {
            Ok(()) => SpanCounts::add(&self.counts.sent, number),
            Err(_) => SpanCounts::add(&self.counts.failed, number),
        }
        if self.is_heard != sent.is_ok() {
            self.is_heard = sent.is_ok();
            match sent {
                Ok(()) => tracing::info!(endpoint, "the collector takes spans again"),
                Err(error) => tracing::warn!(%error, endpoint, "the collector takes no spans"),
            }
        }
    }
}

/// Runs a future to its end on this thread.
fn wait_for<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
