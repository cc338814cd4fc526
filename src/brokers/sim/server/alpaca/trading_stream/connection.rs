//! One client of the trading stream on its socket.
//!
//! Faults 6 (dropped during fills), 7 (a fill twice), 9 (mute, variant `trading`), 10 (no
//! place), 13 (no data) and 14 (unknown event and status) of protocol page §9 strike here.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::sync::mpsc;

use super::session::TradingSession;
use super::updates::{null_update, strange_update, update};
use crate::brokers::sim::server::alpaca::order_json::order_json;
use crate::brokers::sim::server::alpaca::places::{Place, Places, Seat};
use crate::brokers::sim::server::frames::{Dialect, Field};
use crate::brokers::sim::server::socket::{Connection, Heard, Socket, Unsent, upgrade};
use crate::brokers::sim::server::{Fault, FaultOrder, NoticeKind, OrderNotice, Shared, World};

/// How long a client may take to show its keys, by the wall's time: nothing is
/// documented, but a silent client must not hold the account's only place for ever.
const AUTH_TIMEOUT: Duration = Duration::from_secs(10);

/// Notices that nobody has heard of yet; the world owns the other end.
type Notices = mpsc::UnboundedReceiver<Arc<OrderNotice>>;

/// Returns the route of the stream.
pub(in crate::brokers::sim::server::alpaca) fn routes(places: Arc<Places>) -> Router<Shared> {
    Router::new().route("/stream", get(accept).layer(Extension(places)))
}

/// A second connection is refused with 429 (§11.3: the form is not settled).
async fn accept(
    State(state): State<Shared>,
    Extension(places): Extension<Arc<Places>>,
    request: Request,
) -> Response {
    let Some(place) = places.take(Seat::Trading, &state.faults) else {
        let body = serde_json::json!({"code": 42_910_000, "message": "too many requests."});
        return (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    };
    let dialect = Dialect::asked_for(request.headers(), Dialect::BinaryJson);
    let tasks = places.tasks.clone();
    upgrade(request, &tasks, move |socket| talk(socket, dialect, state, places, place))
}

/// How a conversation ends.
enum End {
    /// Told to stop, said the last word, or the client has gone.
    Closed,
    /// As when a cable is cut.
    Cut,
}

impl From<Unsent> for End {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Gone => Self::Closed,
            Unsent::Slow => Self::Cut,
        }
    }
}

async fn talk(socket: Socket, dialect: Dialect, state: Shared, places: Arc<Places>, place: Place) {
    let mut connection = Connection::new(socket, dialect, state.config.streams.buffer);
    let end = converse(&mut connection, &state, &places).await;
    // Given back before the goodbye: who has closed may come again at once.
    drop(place);
    match end {
        End::Closed => connection.close().await,
        End::Cut => connection.drop_at_once(None).await,
    }
}

async fn converse(connection: &mut Connection, state: &Shared, places: &Places) -> End {
    let mut session = TradingSession::default();
    // Only what happens after `listen` is told (§6).
    let mut notices: Option<Notices> = None;
    let mut is_mute = false;
    let deadline = tokio::time::sleep(AUTH_TIMEOUT);
    tokio::pin!(deadline);
    loop {
        // Biased: the stop ends everything, what the client says comes before more
        // updates (it may stop listening), the deadline before the updates.
        tokio::select! {
            biased;
            () = places.stop.cancelled() => return End::Closed,
            heard = connection.hear() => {
                let Heard::Message(message) = heard else { return End::Closed };
                let answer = session.hear(message.as_ref(), |id, it| state.accepts_keys(id, it));
                if !session.is_listening() {
                    notices = None;
                } else if notices.is_none() {
                    // Before the answer: what happens after it is never missed.
                    notices = Some(state.with_world(World::subscribe_orders));
                }
                match connection.say(&answer.message).await {
                    Ok(()) if answer.is_last => return End::Closed,
                    Ok(()) => {}
                    Err(unsent) => return unsent.into(),
                }
            }
            () = &mut deadline, if !session.is_authorized() => return End::Closed,
            notice = next(&mut notices) => {
                let Some(notice) = notice else { return End::Closed };
                let is_meant = |it: &FaultOrder| it.variant.as_deref() == Some("trading");
                is_mute |= state.faults.take_if(Fault::MuteData, is_meant).is_some();
                if is_mute {
                    continue; // Connected, answering pings, and saying nothing.
                }
                if let Some(end) = tell(connection, state, &notice).await {
                    return end;
                }
            }
        }
    }
}

/// Waits for ever when nobody listens.
async fn next(notices: &mut Option<Notices>) -> Option<Arc<OrderNotice>> {
    match notices {
        Some(notices) => notices.recv().await,
        None => std::future::pending().await,
    }
}

/// Tells one notice, with what goes wrong; tells how the conversation ends, if it does.
async fn tell(connection: &Connection, state: &Shared, notice: &OrderNotice) -> Option<End> {
    let is_fill = match notice.kind {
        NoticeKind::PartialFill | NoticeKind::Fill => true,
        NoticeKind::Accepted
        | NoticeKind::PendingNew
        | NoticeKind::New
        | NoticeKind::PendingCancel
        | NoticeKind::Canceled
        | NoticeKind::Expired
        | NoticeKind::Rejected
        | NoticeKind::Replaced
        | NoticeKind::CancelRejected
        | NoticeKind::PendingReplace
        | NoticeKind::DoneForDay
        | NoticeKind::ReplaceRejected => false,
    };
    let strikes = |fault| state.faults.take_for(fault, Some(notice.order.symbol)).is_some();
    if is_fill && strikes(Fault::StreamDrop) {
        return Some(End::Cut);
    }
    let order = Field::from(order_json(&notice.order));
    let mut messages: Vec<Field> = Vec::new();
    if strikes(Fault::NullUpdate) {
        messages.push(null_update());
    }
    // The same fault strikes in REST, unless it was armed for one of the two.
    let is_for_rest = |armed: FaultOrder| armed.variant.as_deref() == Some("rest");
    let is_strange = !state.faults.armed(Fault::StrangeOrder).is_some_and(is_for_rest);
    if is_strange && strikes(Fault::StrangeOrder) {
        messages.push(strange_update(notice, order.clone()));
    }
    let told = update(notice, order);
    if is_fill && strikes(Fault::DuplicateFill) {
        messages.push(told.clone());
    }
    messages.push(told);
    for message in &messages {
        if let Err(unsent) = connection.say(message).await {
            return Some(unsent.into());
        }
    }
    None
}
