//! Measures of the wall clock, heard as tracing events.
//!
//! Bus and brokers know nothing of telemetry: they say a measure under the target
//! [`MEASURES`] and it comes to nothing when nobody listens. This is who listens.

use std::fmt;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::bus::clock::MEASURES;
use crate::domain::time::Timestamp;
use crate::telemetry::metrics::instruments::Metrics;

/// Hears measures.
pub(in crate::telemetry) struct Measures(Arc<Metrics>);

impl Measures {
    /// A layer that fills the metrics, deaf to everything else.
    pub(in crate::telemetry) fn layer<S>(metrics: Arc<Metrics>) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Self(metrics).with_filter(filter_fn(|about| about.target() == MEASURES))
    }
}

impl<S: Subscriber> Layer<S> for Measures {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut heard = Heard::default();
        event.record(&mut heard);
        let Heard { name, seconds, label, whole } = heard;
        match name {
            "bus_lag" => self.0.bus_lag(seconds),
            "bus_command" => self.0.bus_command(&label),
            "bus_dropped" => self.0.bus_dropped(whole),
            "handle" => self.0.handle_time(&label, seconds),
            "journal_commit" => self.0.journal_commit(seconds),
            "limiter_wait" => self.0.limiter_wait(&label, seconds),
            "order_sent" => self.0.order_sent(&label),
            "token_expires" => self.0.token_expires(&label, Timestamp::from_nanos(whole)),
            _ => {}
        }
    }
}

/// The fields of one measure: its own name with a number of seconds or of nanoseconds
/// since 1970, and whose it is.
#[derive(Default)]
struct Heard {
    name: &'static str,
    seconds: f64,
    whole: i64,
    label: String,
}

impl Visit for Heard {
    fn record_f64(&mut self, field: &Field, value: f64) {
        (self.name, self.seconds) = (field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        (self.name, self.whole) = (field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "of" {
            value.clone_into(&mut self.label);
        }
    }

    fn record_bool(&mut self, field: &Field, _value: bool) {
        self.name = field.name();
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "of" {
            self.label = format!("{value:?}");
        }
    }
}
