//! A finished span as a plain value.
//!
//! It knows nothing of protocols; its form on the wire is made in
//! [`otlp`](crate::telemetry::otlp).

use std::borrow::Cow;
use std::fmt::Display;

use crate::domain::ids::Seq;
use crate::domain::time::Timestamp;
use crate::events::{Envelope, TraceContext};

/// Moments that a span keeps; later ones are only counted.
pub(in crate::telemetry) const MOMENTS_MAX: usize = 64;

/// On which side of a call a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Work inside the house.
    Internal,
    /// A call to somebody outside, awaited.
    Client,
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text; prices too, with their own decimals.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Yes or no.
    Truth(bool),
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl Value {
    /// Whether it is this text.
    pub fn is(&self, text: &str) -> bool {
        matches!(self, Self::Text(held) if held == text)
    }

    /// The text of it.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

/// Names and values, in the order in which they were noted.
pub(in crate::telemetry) type Attributes = Vec<(&'static str, Value)>;

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// What.
    pub name: Cow<'static, str>,
    /// When.
    pub at: Timestamp,
    /// The particulars.
    pub attributes: Attributes,
}

impl Moment {
    /// An event that an agent published: the producer's and the consumer's side of the
    /// bus in one, since whoever hears it hears it in the same cascade.
    pub fn of(envelope: &Envelope) -> Self {
        let mut attributes = vec![
            ("messaging.operation.type", Value::Text("send".into())),
            ("messaging.destination.name", Value::Text(envelope.event.name().into())),
            ("messaging.message.id", whole(envelope.seq)),
            ("agent.name", Value::Text(envelope.source.name().into())),
        ];
        if let Some(cause) = envelope.cause {
            attributes.push(("event.cause", whole(cause)));
        }
        Self { name: envelope.event.name().into(), at: envelope.at, attributes }
    }

    /// Adds a particular.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes.push((name, Value::Text(value.to_string())));
        self
    }
}

/// Why a span failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A word to search by, such as `InsufficientFunds`.
    pub kind: Cow<'static, str>,
    /// In words.
    pub message: String,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into() }
    }
}

/// One span; handed out when it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Itself.
    pub context: TraceContext,
    /// The span around it, in the same trace; absent for the first of a trace.
    pub parent: Option<u64>,
    /// What is done in it.
    pub name: Cow<'static, str>,
    /// On which side of a call it is.
    pub kind: Kind,
    /// When it began.
    pub start: Timestamp,
    /// When it was over; never before it began.
    pub end: Timestamp,
    /// The particulars.
    pub attributes: Attributes,
    /// What happened meanwhile, oldest first, at most [`MOMENTS_MAX`].
    pub moments: Vec<Moment>,
    /// Moments that there was no room for.
    pub moments_dropped: u32,
    /// Spans of other traces that it belongs to.
    pub links: Vec<TraceContext>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

impl Span {
    /// Begins with an event.
    pub(super) fn begin(
        context: TraceContext,
        parent: Option<u64>,
        name: impl Into<Cow<'static, str>>,
        envelope: &Envelope,
    ) -> Self {
        Self {
            context,
            parent,
            name: name.into(),
            kind: Kind::Internal,
            start: envelope.at,
            end: envelope.at,
            attributes: vec![
                ("event.seq", whole(envelope.seq)),
                ("agent.name", Value::Text(envelope.source.name().into())),
            ],
            moments: Vec::new(),
            moments_dropped: 0,
            links: Vec::new(),
            failure: None,
        }
    }

    /// A span of the same trace, inside this one.
    pub(super) fn inner(&self, name: impl Into<Cow<'static, str>>, envelope: &Envelope) -> Self {
        let name = name.into();
        let context = self.context.child(&name, envelope.seq.0);
        Self::begin(context, Some(self.context.span_id), name, envelope)
    }

    /// Notes a particular, in the place of an earlier one of the same name.
    pub(super) fn set(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.put(name, Value::Text(value.to_string()))
    }

    pub(super) fn put(&mut self, name: &'static str, value: Value) -> &mut Self {
        match self.attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => *held = value,
            None => self.attributes.push((name, value)),
        }
        self
    }

    pub(super) fn set_some<T: Display>(&mut self, name: &'static str, value: Option<T>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Notes that something happened.
    pub(super) fn note(&mut self, moment: Moment) {
        if self.moments.len() < MOMENTS_MAX {
            self.moments.push(moment);
        } else {
            self.moments_dropped = self.moments_dropped.saturating_add(1);
        }
    }

    /// Marks it as failed; the first failure is the one that counts.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }

    /// Ends it at a time.
    #[must_use]
    pub(super) fn ended(mut self, at: Timestamp) -> Self {
        self.end = at.max(self.start);
        if let Some(failure) = self.failure.clone() {
            self.set("error.type", &failure.kind).set("error.message", &failure.message);
        }
        self
    }

    /// What an attribute holds.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

pub(super) fn whole(seq: Seq) -> Value {
    Value::Whole(i64::try_from(seq.0).unwrap_or(i64::MAX))
}
