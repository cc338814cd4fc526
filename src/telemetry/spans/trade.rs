//! What is known of one trade while its spans are made.
//!
//! A trade has at most one span of each kind open; which one an event belongs to is the
//! innermost of them ([`Trade::innermost`]).

use std::borrow::Cow;

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::time::Timestamp;
use crate::events::{Envelope, TraceContext};
use crate::telemetry::spans::span::{Failure, Span};

/// A trade's open spans.
#[derive(Debug)]
pub(super) struct Trade {
    pub(super) id: TradeId,
    pub(super) symbol: Option<Symbol>,
    /// Facts that every span of the trade carries, once they are known.
    pub(super) entry_price: Option<String>,
    pub(super) quantity: Option<String>,
    pub(super) strategy: Option<String>,
    /// The trace of the entry, from the scan to the stop that rests.
    pub(super) root: Option<Span>,
    pub(super) setup: Option<Span>,
    pub(super) approval: Option<Span>,
    /// Whether the checks have been told for the present approval.
    pub(super) is_checked: bool,
    /// The order that enters, until the venue has answered.
    pub(super) submit: Option<Span>,
    pub(super) protect: Option<Span>,
    pub(super) trail: Option<Span>,
    pub(super) exit: Option<Span>,
    /// The order that leaves, until the venue has answered.
    pub(super) submit_exit: Option<Span>,
}

impl Trade {
    pub(super) fn new(id: &TradeId) -> Self {
        Self {
            id: id.clone(),
            symbol: None,
            entry_price: None,
            quantity: None,
            strategy: None,
            root: None,
            setup: None,
            approval: None,
            is_checked: false,
            submit: None,
            protect: None,
            trail: None,
            exit: None,
            submit_exit: None,
        }
    }

    /// Every open span, innermost first.
    fn open(&mut self) -> [&mut Option<Span>; 8] {
        [
            &mut self.submit_exit,
            &mut self.exit,
            &mut self.trail,
            &mut self.submit,
            &mut self.protect,
            &mut self.approval,
            &mut self.setup,
            &mut self.root,
        ]
    }

    /// The innermost open span.
    pub(super) fn innermost(&mut self) -> Option<&mut Span> {
        self.open().into_iter().find_map(Option::as_mut)
    }

    /// Takes every open span, innermost first.
    pub(super) fn take_open(&mut self) -> Vec<Span> {
        self.open().into_iter().filter_map(Option::take).collect()
    }

    /// Writes what is known of the trade on a span.
    pub(super) fn mark(&self, span: &mut Span) {
        span.set("trade.id", &self.id);
        span.set_some("trade.symbol", self.symbol);
        span.set_some("trade.entry_price", self.entry_price.as_ref());
        span.set_some("trade.quantity", self.quantity.as_ref());
        span.set_some("trade.strategy", self.strategy.as_ref());
    }

    /// A span inside the trace of the entry while that is under way, and the first of a
    /// linked trace of its own afterwards.
    pub(super) fn step(&self, name: &'static str, envelope: &Envelope) -> Span {
        let mut span = match &self.root {
            Some(root) => root.inner(name, envelope),
            None => apart(&self.id, name, envelope),
        };
        self.mark(&mut span);
        span
    }

    /// Marks the entry as failed.
    pub(super) fn fail(&mut self, failure: &Failure) {
        if let Some(root) = &mut self.root {
            root.fail(failure.clone());
        }
    }

    /// Ends the trace of the entry.
    pub(super) fn end_root(&mut self, at: Timestamp) -> Option<Span> {
        let mut root = self.root.take()?;
        self.mark(&mut root);
        Some(root.ended(at))
    }
}

/// The first span of a trace of its own, linked to the trade's.
pub(super) fn apart(
    trade_id: &TradeId,
    name: impl Into<Cow<'static, str>>,
    envelope: &Envelope,
) -> Span {
    let name = name.into();
    let context = TraceContext::apart(trade_id.as_str(), &name, envelope.seq.0);
    let mut span = Span::begin(context, None, name, envelope);
    span.set("trade.id", trade_id);
    span.links.push(TraceContext::of(trade_id));
    span
}

/// The first span of a trace that belongs to no trade.
pub(super) fn alone(name: impl Into<Cow<'static, str>>, envelope: &Envelope) -> Span {
    let (key, name) = (envelope.at.as_nanos().to_string(), name.into());
    Span::begin(TraceContext::apart(&key, &name, envelope.seq.0), None, name, envelope)
}
