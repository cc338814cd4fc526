//! The stream of events to a caller: which ones, and how they leave.
//!
//! A caller who reads slowly loses events and is told how many; one who does not read
//! at all is hung up on. Nobody in the house waits for either.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::control::protocol::{Code, Problem};
use crate::events::{Envelope, Event, wire};

/// Time that a caller may take to read on.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Conditions of one filter.
const CONDITIONS_MAX: usize = 32;

/// Families that stay out unless they are asked for: the flood of prices.
const FLOOD: [&str; 3] = ["tape.", "feed.", "market."];

/// Which events are wanted.
///
/// Written as conditions between commas: the beginning of an event's name (`order`,
/// `risk.trade`; any of them suffices), `trade=ID` (must hold too), or `all` for
/// everything. Empty, it lets everything through but prices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    names: Vec<String>,
    trade: Option<String>,
    is_all: bool,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// When no event of the house could ever pass it.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let mut filter = Self::default();
        let conditions = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        for condition in conditions.take(CONDITIONS_MAX) {
            if condition == "all" {
                filter.is_all = true;
            } else if let Some(trade) = condition.strip_prefix("trade=") {
                filter.trade = Some(trade.to_owned());
            } else if is_known(condition) {
                filter.names.push(condition.to_owned());
            } else {
                return Err(Problem::new(
                    Code::BadRequest,
                    format!("no event's name begins with '{condition}'"),
                    "name a family such as order, risk, position, breaker, or trade=ID, or all",
                ));
            }
        }
        Ok(filter)
    }

    /// Tells whether an event is wanted.
    pub fn lets_through(&self, event: &Event) -> bool {
        if let Some(trade) = &self.trade
            && event.trade_id().is_none_or(|id| id.as_str() != trade)
        {
            return false;
        }
        let name = event.name();
        if self.is_all || (self.names.is_empty() && self.trade.is_some()) {
            true
        } else if self.names.is_empty() {
            !FLOOD.iter().any(|family| name.starts_with(family))
        } else {
            self.names.iter().any(|beginning| name.starts_with(beginning.as_str()))
        }
    }
}

fn is_known(beginning: &str) -> bool {
    Event::FAMILIES
        .iter()
        .flat_map(|names| names.iter())
        .any(|name| name.name.starts_with(beginning))
}

/// Sends events until the caller hangs up, reads no more, or the house stops.
pub(in crate::control) async fn stream(
    mut events: broadcast::Receiver<Arc<Envelope>>,
    filter: &Filter,
    mut from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    stop: &CancellationToken,
) {
    let mut to = BufWriter::new(to);
    let mut line = Vec::new();
    let mut unread = [0; 64];
    loop {
        // Stop and hang-up first: a flood of events must not hide them.
        let heard = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            read = from.read(&mut unread) => match read {
                Ok(1..) => continue,
                Ok(0) | Err(_) => return,
            },
            heard = events.recv() => heard,
        };
        line.clear();
        match heard {
            Ok(envelope) if filter.lets_through(&envelope.event) => {
                wire::write(&envelope, &mut line);
                line.push(b'\n');
            }
            Ok(_) => {}
            Err(RecvError::Lagged(lost)) => {
                line.extend_from_slice(format!("{{\"lost\":{lost}}}\n").as_bytes());
            }
            Err(RecvError::Closed) => return,
        }
        let sent = async {
            to.write_all(&line).await?;
            if events.is_empty() { to.flush().await } else { Ok(()) }
        };
        match tokio::time::timeout(WRITE_TIMEOUT, sent).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::{Approve, OperatorCommand};
    use crate::domain::ids::TradeId;
    use crate::events::{Alert, FeedEvent, Severity, SystemEvent};

    #[track_caller]
    fn check(filter: &str, expected: [bool; 3]) {
        let filter = Filter::read(filter).unwrap();
        let approve = Approve { trade_id: TradeId::new("t-1"), by: None };
        let alert = Alert { severity: Severity::Info, text: String::new() };
        let link = serde_json::from_str(r#"{"feed":"sim","state":{"state":"UP"}}"#).unwrap();
        let events: [Event; 3] = [
            OperatorCommand::Approve(approve).into(),
            SystemEvent::Alert(alert).into(),
            FeedEvent::Link(link).into(),
        ];
        assert_eq!(events.map(|event| filter.lets_through(&event)), expected, "{filter:?}");
    }

    #[test]
    fn a_filter_lets_through_what_it_names() {
        check("", [true, true, false]);
        check("all", [true, true, true]);
        check("feed", [false, false, true]);
        check("operator, system.alert", [true, true, false]);
        check("trade=t-1", [true, false, false]);
        check("trade=t-1,system", [false, false, false]);
        check("trade=t-2", [false, false, false]);
    }

    #[test]
    fn a_filter_that_nothing_passes_is_refused() {
        for bad in ["ordr", "order.\u{1b}[2J", "operator,x"] {
            assert_eq!(Filter::read(bad).unwrap_err().code, Code::BadRequest, "{bad:?}");
        }
    }
}
