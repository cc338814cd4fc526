//! One event of the log as one line of text.
//!
//! `2026-11-24T14:30:00.5Z  WARN flightdeck::bus::spine: reply is late seat=3 in agent{id=risk}`:
//! time in UTC, level, module, message, fields, then the spans around it, outermost
//! first. A line about a trade (a field `trade`) ends with the name of the trade's trace,
//! as spans and envelopes have it. Where lines go is decided in [`log`](crate::telemetry::log).

use std::fmt::{self, Write};
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::bus::clock::Clock;
use crate::domain::ids::TradeId;
use crate::events::TraceContext;
use crate::telemetry::text::Escaping;

/// Formats events as lines stamped by a clock; no line holds a control character.
pub(in crate::telemetry) struct Line(pub(in crate::telemetry) Arc<dyn Clock>);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Escaping(&mut writer);
        let about = event.metadata();
        write!(line, "{} {:>5} {}: ", self.0.now(), about.level(), about.target())?;
        context.format_fields(Writer::new(&mut line), event)?;
        let spans = context.event_scope().into_iter().flat_map(Scope::from_root);
        for (position, span) in spans.enumerate() {
            let joint = if position == 0 { " in " } else { ":" };
            write!(line, "{joint}{}", span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && !fields.is_empty()
            {
                write!(line, "{{{fields}}}")?;
            }
        }
        let mut about_trade = AboutTrade(None);
        event.record(&mut about_trade);
        if let AboutTrade(Some(trade_id)) = about_trade {
            write!(line, " trace_id={}", TraceContext::of(&TradeId::new(trade_id)).trace())?;
        }
        writer.write_char('\n')
    }
}

/// Finds the trade that a line is about.
struct AboutTrade(Option<String>);

impl Visit for AboutTrade {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "trade" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "trade" {
            self.0 = Some(format!("{value:?}"));
        }
    }
}
