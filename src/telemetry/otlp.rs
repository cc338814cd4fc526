//! Spans in the form of the OpenTelemetry library, and who we are to a collector.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::domain::time::Timestamp;
use crate::events::TraceContext;
use crate::telemetry::spans::{Kind, Span, Value};

/// The name under which spans and metrics are told.
pub(in crate::telemetry) const SCOPE: &str = "flightdeck";

/// Who we are. `run` tells one run from another: the names of trades repeat from one run
/// of the embedded market to the next.
pub(in crate::telemetry) fn resource(has_service_name: bool, run: &str) -> Resource {
    let mut builder = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", run.to_owned()));
    if !has_service_name {
        builder = builder.with_service_name(SCOPE);
    }
    builder.build()
}

/// A span as the exporter takes it.
pub(in crate::telemetry) fn span_data(span: Span) -> SpanData {
    let mut events = SpanEvents::default();
    events.dropped_count = span.moments_dropped;
    events.events = span
        .moments
        .into_iter()
        .map(|moment| Event::new(moment.name, time(moment.at), keys(moment.attributes), 0))
        .collect();
    let mut links = SpanLinks::default();
    links.links = span.links.into_iter().map(|to| Link::new(context(to), Vec::new(), 0)).collect();
    SpanData {
        span_context: context(span.context),
        parent_span_id: span
            .parent
            .map_or(SpanId::INVALID, |id| SpanId::from_bytes(id.to_be_bytes())),
        parent_span_is_remote: false,
        span_kind: match span.kind {
            Kind::Internal => SpanKind::Internal,
            Kind::Client => SpanKind::Client,
        },
        name: span.name,
        start_time: time(span.start),
        end_time: time(span.end),
        attributes: keys(span.attributes),
        dropped_attributes_count: 0,
        events,
        links,
        status: span.failure.map_or(Status::Unset, |failure| Status::Error {
            description: Cow::Owned(failure.message),
        }),
        instrumentation_scope: InstrumentationScope::builder(SCOPE)
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}

fn context(of: TraceContext) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(of.trace_id.to_be_bytes()),
        SpanId::from_bytes(of.span_id.to_be_bytes()),
        TraceFlags::SAMPLED,
        false,
        TraceState::NONE,
    )
}

/// Times before 1970 are told as 1970: the protocol has no others.
fn time(at: Timestamp) -> SystemTime {
    let nanos = u64::try_from(at.as_nanos()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn keys(attributes: Vec<(&'static str, Value)>) -> Vec<KeyValue> {
    let key = |(name, value)| match value {
        Value::Text(text) => KeyValue::new(name, text),
        Value::Whole(number) => KeyValue::new(name, number),
        Value::Truth(truth) => KeyValue::new(name, truth),
    };
    attributes.into_iter().map(key).collect()
}
