//! The one form in which events leave the house, and the one table of names.
//!
//! An event is written as the envelope of the specification: name, timestamp,
//! trace, data, metadata, in that order. It is read in two steps, the name first
//! and then the body that the name promises, so that prices never pass through a
//! binary float. Short spellings of other systems (`quote_updated`) are accepted
//! on the way in and never written.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::digits::Digits;
use crate::domain::ids::{AgentId, Seq};
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, TraceContext};

/// A name on the wire and the short spelling that other systems may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireName {
    /// The name that is written: two segments for a command, three for an event.
    pub name: &'static str,
    /// A spelling that is accepted too.
    pub alias: Option<&'static str>,
}

/// Why a text is not an event.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The text is not an envelope.
    #[error("not an event envelope")]
    Envelope(#[source] serde_json::Error),
    /// Nobody here knows an event of this name.
    #[error("unknown event name '{0}'")]
    UnknownName(String),
    /// The data do not fit the name.
    #[error("data of '{name}' do not fit")]
    Data {
        /// The event's name.
        name: String,
        /// What is wrong with them.
        #[source]
        cause: serde_json::Error,
    },
}

/// How urgent an event is to a reader; derived from its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Priority {
    /// A person or a stop depends on it.
    Critical,
    /// Part of an order's way.
    High,
    /// Everything else but market data.
    Normal,
    /// Market data: the next one replaces it.
    Low,
}

#[derive(Serialize)]
struct Written<'a> {
    event: &'a str,
    timestamp: Timestamp,
    trace_id: &'a str,
    data: Body<'a>,
    metadata: Metadata<'a>,
}

#[derive(Serialize, Deserialize)]
struct Metadata<'a> {
    source: AgentId,
    #[serde(borrow)]
    correlation_id: Cow<'a, str>,
    priority: Priority,
    seq: Seq,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Seq>,
    /// The trade's trace, absent outside of trades. It follows from the trade, so it is
    /// not believed when it comes in.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    traceparent: Option<TraceContext>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    timestamp: Timestamp,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

struct Body<'a>(&'a Event);

impl Serialize for Body<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_data(serializer)
    }
}

const CORRELATION: &str = "cascade-";

/// Writes an envelope as one line of JSON, without the line's end.
///
/// # Panics
/// Never for events of this crate: every payload is writable as JSON.
pub fn write(envelope: &Envelope, line: &mut Vec<u8>) {
    let mut correlation = Digits::<28>::new();
    correlation.put_number(envelope.root.0);
    correlation.put_str(CORRELATION);
    let correlation = correlation.as_str();
    let written = Written {
        event: envelope.event.name(),
        timestamp: envelope.at,
        trace_id: envelope.event.trade_id().map_or(correlation, |id| id.as_str()),
        data: Body(&envelope.event),
        metadata: Metadata {
            source: envelope.source,
            correlation_id: Cow::Borrowed(correlation),
            priority: priority(&envelope.event),
            seq: envelope.seq,
            cause: envelope.cause,
            traceparent: envelope.event.trade_id().map(TraceContext::of),
        },
    };
    serde_json::to_writer(line, &written).expect("payloads hold only what JSON can write");
}

/// Reads one envelope.
///
/// # Errors
/// When the text is no envelope, the name is unknown, or the data do not fit.
pub fn read(line: &str) -> Result<Envelope, WireError> {
    let head: Head<'_> = serde_json::from_str(line).map_err(WireError::Envelope)?;
    let Metadata { source, correlation_id, seq, cause, .. } = head.metadata;
    let root = correlation_id.strip_prefix(CORRELATION).and_then(|seq| seq.parse().ok());
    Ok(Envelope {
        seq,
        at: head.timestamp,
        cause,
        root: Seq(root.unwrap_or(seq.0)),
        source,
        event: read_event(&head.event, head.data)?,
    })
}

/// Reads the event of a name (or of its short spelling) from its data.
///
/// # Errors
/// When the name is unknown or the data do not fit it.
pub fn read_event(name: &str, data: &RawValue) -> Result<Event, WireError> {
    let canonical = names()
        .find(|wire| wire.name == name || wire.alias == Some(name))
        .ok_or_else(|| WireError::UnknownName(name.chars().take(60).collect()))?;
    match Event::read_data(canonical.name, data) {
        Some(Ok(event)) => Ok(event),
        Some(Err(cause)) => Err(WireError::Data { name: canonical.name.into(), cause }),
        None => Err(WireError::UnknownName(canonical.name.into())),
    }
}

/// Returns every name of the house, family by family.
pub fn names() -> impl Iterator<Item = WireName> {
    Event::FAMILIES.iter().flat_map(|family| family.iter().copied())
}

const fn priority(event: &Event) -> Priority {
    match event {
        Event::Tape(_) | Event::Feed(_) | Event::Market(_) => Priority::Low,
        Event::Operator(_) | Event::Breaker(_) | Event::System(_) => Priority::Critical,
        Event::Signal(_)
        | Event::Risk(_)
        | Event::Order(_)
        | Event::Venue(_)
        | Event::Position(_) => Priority::High,
        Event::Trade(_) | Event::Intel(_) | Event::Request(_) => Priority::Normal,
    }
}

/// Gives an enum of newtype variants its names on the wire. One line per event:
/// `Variant(Payload) = "agent.action.status"`, the short spelling in brackets.
macro_rules! wire_names {
    ($family:ident { $($variant:ident($payload:ty) = $name:literal $([$alias:literal])?,)* }) => {
        impl $family {
            /// The names of this family.
            pub const NAMES: &'static [$crate::events::wire::WireName] = &[
                $($crate::events::wire::WireName {
                    name: $name,
                    alias: $crate::events::wire::first_of(&[$($alias)?]),
                },)*
            ];

            /// The event's name on the wire.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            pub(in $crate::events) fn serialize_data<S: serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                match self { $(Self::$variant(payload) => serde::Serialize::serialize(payload, serializer),)* }
            }

            pub(in $crate::events) fn read_data(
                name: &str,
                data: &serde_json::value::RawValue,
            ) -> Option<Result<Self, serde_json::Error>> {
                match name {
                    $($name => Some(serde_json::from_str::<$payload>(data.get()).map(Self::$variant)),)*
                    _ => None,
                }
            }
        }
    };
}

/// Declares a family: the enum, and its names on the wire.
macro_rules! family {
    (
        $(#[$family_doc:meta])*
        $family:ident {
            $($(#[$doc:meta])* $variant:ident($payload:ty) = $name:literal $([$alias:literal])?,)*
        }
    ) => {
        $(#[$family_doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $family {
            $($(#[$doc])* $variant($payload),)*
        }

        $crate::events::wire::wire_names! {
            $family { $($variant($payload) = $name $([$alias])?,)* }
        }
    };
}

pub(in crate::events) use {family, wire_names};

/// Returns the only element, where there is one: an optional literal as a value.
pub(in crate::events) const fn first_of(aliases: &[&'static str]) -> Option<&'static str> {
    match aliases {
        [first, ..] => Some(first),
        [] => None,
    }
}
