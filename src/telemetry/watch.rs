//! Telemetry of one run: opened before it, ended after it.
//!
//! [`Telemetry::open`] starts what sends, [`Telemetry::tap`] hangs behind the spine,
//! [`Telemetry::end`] sends the rest within [`END`] and gives up then. Nothing in here
//! ever waits for a collector while the house runs.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use opentelemetry::metrics::MeterProvider;
use opentelemetry_otlp::{MetricExporter, WithExportConfig};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use prometheus::{Registry, TextEncoder};

use crate::bus::Tap;
use crate::bus::clock::{Clock, Stopwatch};
use crate::domain::ids::Seq;
use crate::events::Envelope;
use crate::journal::{Journal, JournalError};
use crate::telemetry::export::{SpanCounts, SpanQueue};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::otlp::{SCOPE, resource};
use crate::telemetry::settings::Settings;
use crate::telemetry::spans::{Projector, VenueNames};
use crate::telemetry::tracer::Tracer;

/// How long the end may take, whatever the collector does (faults page §12).
pub const END: Duration = Duration::from_secs(2);

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporter of metrics cannot be built.
    #[error("metrics cannot be sent")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The page cannot be built.
    #[error("metrics cannot be shown as a page")]
    Page(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// The system gives no thread.
    #[error("no thread can be had")]
    Thread(#[from] std::io::Error),
}

/// Why nothing can hang behind the spine.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// The journal so far cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The system gives no thread.
    #[error("no thread can be had")]
    Thread(#[from] std::io::Error),
}

/// Telemetry of one run.
#[derive(Debug)]
pub struct Telemetry {
    spans: Option<Arc<SpanQueue>>,
    /// Closed when the taps' traces are made, one for each tap.
    making: Mutex<Vec<Receiver<()>>>,
    metrics: Arc<Metrics>,
    provider: SdkMeterProvider,
    registry: Registry,
}

impl Telemetry {
    /// Starts what sends. `run` names this run to a collector. The provider of TLS must
    /// be installed where an endpoint is `https`.
    ///
    /// # Errors
    /// When a sender cannot be built.
    pub fn open(settings: &Settings, run: &str) -> Result<Self, TelemetryError> {
        let resource = resource(settings.has_service_name, run);
        let spans = match &settings.traces {
            Some(endpoint) => Some(Arc::new(SpanQueue::open(endpoint.clone(), resource.clone())?)),
            None => None,
        };
        let registry = Registry::new();
        let page = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
        let mut provider = SdkMeterProvider::builder().with_resource(resource).with_reader(page);
        if let Some(endpoint) = &settings.metrics {
            let exporter =
                MetricExporter::builder().with_http().with_endpoint(endpoint.as_str()).build()?;
            provider = provider.with_reader(PeriodicReader::builder(exporter).build());
        }
        let provider = provider.build();
        let counts = spans.as_ref().map(|spans| spans.counts());
        let metrics = Arc::new(Metrics::new(&provider.meter(SCOPE), counts));
        Ok(Self { spans, making: Mutex::default(), metrics, provider, registry })
    }

    /// What is counted and timed.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }

    /// What became of spans; `None` where none are sent.
    pub fn span_counts(&self) -> Option<Arc<SpanCounts>> {
        self.spans.as_ref().map(|spans| spans.counts())
    }

    /// What hangs behind the spine. The journal so far is folded first, so that what a
    /// restart goes on with belongs to the traces from before.
    ///
    /// # Errors
    /// When the journal cannot be read, or the system gives no thread.
    pub fn tap(
        &self,
        venue: VenueNames,
        clock: Arc<dyn Clock>,
        journal: &mut dyn Journal,
    ) -> Result<Box<dyn Tap>, TapError> {
        self.metrics.set_clock(clock);
        let tracer = match &self.spans {
            Some(spans) => {
                let mut projector = Projector::new(venue);
                // Those spans have been told by the run before.
                let told = journal.for_each(Seq(u64::MAX), &mut |envelope| {
                    projector.see(envelope);
                });
                match told {
                    Ok(()) | Err(JournalError::NotKept) => {}
                    Err(error) => return Err(error.into()),
                }
                let (tracer, made) = Tracer::open(projector, spans.clone())?;
                self.making.lock().unwrap_or_else(PoisonError::into_inner).push(made);
                Some(tracer)
            }
            None => None,
        };
        Ok(Box::new(Watcher { metrics: self.metrics.clone(), tracer }))
    }

    /// The metrics as Prometheus text (exposition format 0.0.4).
    ///
    /// # Errors
    /// When a family cannot be written.
    pub fn page(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// How the house is, as JSON in one line.
    pub fn health(&self) -> String {
        let (trading, age) = self.metrics.health();
        let trading = match trading {
            0 => "ACTIVE",
            1 => "REDUCING",
            3 => "FLATTEN",
            _ => "HALTED",
        };
        let age = age.map_or_else(|| "null".to_owned(), |age| format!("{age:.3}"));
        format!(r#"{{"status":"ok","trading":"{trading}","data_age_seconds":{age}}}"#)
    }

    /// Sends what is left, for at most [`END`]; tells whether everything was tried. To be
    /// called outside of any runtime, or from a blocking thread: it waits.
    pub fn end(&self) -> bool {
        let watch = Stopwatch::start();
        let (done, ended) = sync_channel::<()>(1);
        let provider = self.provider.clone();
        // On a thread of its own: the library waits for a collector longer than we do.
        let ending = thread::Builder::new().name("metrics-end".into()).spawn(move || {
            if let Err(error) = provider.shutdown() {
                tracing::debug!(%error, "the last metrics were not taken");
            }
            let _ = done.send(());
        });
        let left = || END.saturating_sub(watch.elapsed());
        for made in self.making.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Closed or too late: nothing is ever said on it.
            let _ = made.recv_timeout(left());
        }
        let spans = self.spans.as_ref().is_none_or(|spans| spans.close(left()));
        let metrics = ending.is_err() || ended.recv_timeout(left()).is_ok();
        if !(spans && metrics) {
            tracing::warn!("the collector does not answer; the last telemetry is lost");
        }
        spans && metrics
    }
}

/// Sees every event after the journal has it.
struct Watcher {
    metrics: Arc<Metrics>,
    tracer: Option<Tracer>,
}

impl Tap for Watcher {
    fn see(&mut self, envelope: &Envelope) {
        self.metrics.see(envelope);
        if let Some(tracer) = &mut self.tracer {
            tracer.see(envelope);
        }
    }
}
