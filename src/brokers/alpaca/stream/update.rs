//! What the trading stream says, in our words.
//!
//! A frame is JSON whether it came as text or as bytes. News of an order carries the
//! whole order, which is translated as in the answers of calls; the event decides
//! what kind of news it is. What cannot be understood is not passed over in silence:
//! it says that the orders must be read anew. Alpaca, protocol page §6 of October 2026.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::brokers::alpaca::stream::request::TRADE_UPDATES;
use crate::brokers::alpaca::translate::{Unreadable, broker_order};
use crate::brokers::alpaca::wire::{DecimalText, WireOrder};
use crate::brokers::oddity::{Oddities, Oddity};
use crate::brokers::{BrokerOrder, Execution, OrderNews, OrderUpdate};
use crate::domain::ids::ExecutionId;
use crate::domain::order::RejectReason;
use crate::domain::time::Timestamp;

/// One frame of the trading stream.
#[derive(Debug, PartialEq)]
pub(super) enum TradingMessage {
    /// Whether our keys are taken.
    Authorization {
        /// Whether they are.
        is_granted: bool,
    },
    /// Whether news of orders will come.
    Listening {
        /// Whether they will.
        is_ours: bool,
    },
    /// News of an order.
    Update(Box<Reading>),
    /// The venue failed and will close.
    Failed(String),
    /// A frame without content, or about something that we do not trade.
    Nothing,
}

/// News of an order, and how far it was understood.
#[derive(Debug, PartialEq)]
pub(super) struct Reading {
    /// The news.
    pub(super) update: OrderUpdate,
    /// An event that is not on the page, or one that lacks what it should tell: the
    /// order is as it says, but more may have happened.
    pub(super) is_doubtful: bool,
}

#[derive(Deserialize)]
struct WireFrame<'a> {
    stream: Option<String>,
    action: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireAuthorization {
    status: Option<String>,
}

#[derive(Deserialize)]
struct WireListening {
    #[serde(default)]
    streams: Vec<String>,
}

#[derive(Deserialize)]
struct WireFailure {
    error_message: Option<String>,
}

#[derive(Deserialize)]
struct WireUpdate {
    event: Option<String>,
    at: Option<String>,
    timestamp: Option<String>,
    execution_id: Option<String>,
    price: Option<DecimalText>,
    qty: Option<DecimalText>,
    order: WireOrder,
}

fn from_json<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(json).map_err(|error| Unreadable(error.to_string()))
}

/// Reads a frame.
///
/// # Errors
/// When it cannot be understood, so that something may have been missed.
pub(super) fn read(frame: &[u8], oddities: &Oddities) -> Result<TradingMessage, Unreadable> {
    let text = std::str::from_utf8(frame).map_err(|error| Unreadable(error.to_string()))?;
    let frame: WireFrame<'_> = from_json(text)?;
    // Seen with `data` null (§10 of the page): says nothing.
    let Some(data) = frame.data.map(RawValue::get).filter(|data| *data != "null") else {
        return Ok(TradingMessage::Nothing);
    };
    match frame.stream.as_deref() {
        Some("authorization") => {
            let said: WireAuthorization = from_json(data)?;
            let is_granted = said.status.as_deref() == Some("authorized");
            Ok(TradingMessage::Authorization { is_granted })
        }
        Some("listening") => {
            let said: WireListening = from_json(data)?;
            let is_ours = said.streams.iter().any(|stream| stream == TRADE_UPDATES);
            Ok(TradingMessage::Listening { is_ours })
        }
        Some(TRADE_UPDATES) => update(&from_json(data)?, oddities),
        None if frame.action.as_deref() == Some("error") => {
            let said: WireFailure = from_json(data)?;
            Ok(TradingMessage::Failed(said.error_message.unwrap_or_default()))
        }
        Some(_) | None => Ok(TradingMessage::Nothing),
    }
}

fn update(wire: &WireUpdate, oddities: &Oddities) -> Result<TradingMessage, Unreadable> {
    if wire.order.is_foreign() {
        oddities.count(Oddity::ForeignAsset, wire.order.symbol.as_deref().unwrap_or_default());
        return Ok(TradingMessage::Nothing);
    }
    let order = broker_order(&wire.order, oddities)?;
    let stamps = [wire.timestamp.as_deref(), wire.at.as_deref()];
    let at = stamps.into_iter().flatten().find_map(|text| text.parse().ok());
    let at: Timestamp = at.unwrap_or(order.updated_at);
    let news = news(wire, &order, at);
    if news.is_none() {
        let event = wire.event.as_deref().unwrap_or("none");
        oddities.count(Oddity::MissingValue, &format!("event {event}"));
    }
    let is_doubtful = news.is_none();
    let news = news.unwrap_or(OrderNews::Standing);
    let update = OrderUpdate { news, order, at };
    Ok(TradingMessage::Update(Box::new(Reading { update, is_doubtful })))
}

/// What kind of news an event is; `None` for an event that is not on the page and for
/// an execution that lacks its price or its shares.
fn news(wire: &WireUpdate, order: &BrokerOrder, at: Timestamp) -> Option<OrderNews> {
    match wire.event.as_deref()? {
        "fill" | "partial_fill" => execution(wire, order, at).map(OrderNews::Executed),
        "rejected" => Some(OrderNews::Rejected { reason: RejectReason::Other }),
        "order_cancel_rejected" => Some(OrderNews::CancelRefused),
        "order_replace_rejected" => Some(OrderNews::ReplaceRefused),
        "trade_bust" | "trade_correct" => Some(OrderNews::Corrected),
        "accepted" | "pending_new" | "new" | "pending_cancel" | "canceled" | "expired"
        | "done_for_day" | "pending_replace" | "replaced" | "stopped" | "suspended"
        | "calculated" | "restated" | "held" => Some(OrderNews::Standing),
        _ => None,
    }
}

/// The last execution; `price` and `qty` are of it alone, the order's are cumulative.
fn execution(wire: &WireUpdate, order: &BrokerOrder, at: Timestamp) -> Option<Execution> {
    let execution = Execution {
        execution_id: wire
            .execution_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .map(ExecutionId::new),
        qty: wire.qty.as_ref()?.parse()?,
        price: wire.price.as_ref()?.parse()?,
        at,
    };
    (!execution.qty.is_zero() && execution.qty <= order.report.filled).then_some(execution)
}
