//! One client of the data stream on its socket: what it says goes to the session,
//! what the market does to the tape, what comes of both into the send buffer.
//!
//! Faults 9 (mute), 10 (no place) and 16 (corrections) of protocol page §9 strike here.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;

use super::session::{Admission, Answer, DataSession, Gate, Keys, StreamError, Terms};
use super::source::{Feed, Source};
use super::tape::Tape;
use crate::brokers::sim::server::alpaca::market_data::keys_in;
use crate::brokers::sim::server::alpaca::places::{Place, Places, Seat};
use crate::brokers::sim::server::frames::Dialect;
use crate::brokers::sim::server::socket::{Connection, Heard, Socket, Unsent, upgrade};
use crate::brokers::sim::server::{Fault, FaultOrder, Shared};

/// How long a client may take to show its keys, by the wall's time (§7.1).
const AUTH_TIMEOUT: Duration = Duration::from_secs(10);

/// The same fault strikes the trading stream, where it was armed for that.
fn is_for_trading(armed: &FaultOrder) -> bool {
    armed.variant.as_deref() == Some("trading")
}

/// Returns the routes of the stream, one for each feed.
pub(in crate::brokers::sim::server::alpaca) fn routes(places: &Arc<Places>) -> Router<Shared> {
    Feed::ALL.into_iter().fold(Router::new(), |router, (feed, name)| {
        let places = places.clone();
        let accept = move |State(state): State<Shared>, request: Request| {
            std::future::ready(accept(Door::new(state, places, feed), request))
        };
        router.route(&format!("/v2/{name}"), get(accept))
    })
}

fn accept(door: Door, request: Request) -> Response {
    let dialect = Dialect::asked_for(request.headers(), Dialect::TextJson);
    let keys = keys_in(request.headers());
    let tasks = door.places.tasks.clone();
    upgrade(request, &tasks, move |socket| talk(socket, dialect, keys, door))
}

/// What decides over one client, and keeps its place.
struct Door {
    state: Shared,
    places: Arc<Places>,
    feed: Feed,
    place: Option<Place>,
}

impl Door {
    const fn new(state: Shared, places: Arc<Places>, feed: Feed) -> Self {
        Self { state, places, feed, place: None }
    }
}

impl Gate for Door {
    fn admit(&mut self, keys: &Keys) -> Admission {
        if !self.state.accepts_keys(&keys.id, &keys.secret) {
            return Admission::Refused;
        }
        if self.feed == Feed::Sip && !self.state.config.streams.has_sip {
            return Admission::NotEntitled;
        }
        self.place = self.places.take(Seat::Data(self.feed.index()), &self.state.faults);
        if self.place.is_some() { Admission::Admitted } else { Admission::Full }
    }
}

/// Why a conversation ends.
enum End {
    /// Told to stop, said the last word, or the client has gone.
    Closed,
    /// The client does not read.
    Slow,
}

impl From<Unsent> for End {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Gone => Self::Closed,
            Unsent::Slow => Self::Slow,
        }
    }
}

async fn talk(socket: Socket, dialect: Dialect, keys: Option<Keys>, mut door: Door) {
    let rules = door.state.config.streams;
    let mut connection = Connection::new(socket, dialect, rules.buffer);
    let end = converse(&mut connection, keys, &mut door).await;
    // Given back before the goodbye: who has closed may come again at once.
    door.place = None;
    match end {
        End::Closed => connection.close().await,
        End::Slow => connection.drop_at_once(Some(&StreamError::SlowClient.message())).await,
    }
}

async fn converse(connection: &mut Connection, keys: Option<Keys>, door: &mut Door) -> End {
    let state = door.state.clone();
    let terms = Terms {
        symbols_max: state.config.streams.symbols_max,
        has_imbalances: door.feed == Feed::Sip,
    };
    let mut session = DataSession::new(terms);
    for answer in session.greet(keys.as_ref(), door) {
        if let Some(end) = say(connection, &answer).await {
            return end;
        }
    }
    let stop = door.places.stop.clone();
    let mut source = Source::of(door.feed, &state);
    let mut tape = Tape::default();
    let mut is_mute = false;
    let deadline = tokio::time::sleep(AUTH_TIMEOUT);
    tokio::pin!(deadline);
    loop {
        // Biased: the stop ends everything, what the client says comes before more
        // data (it may be an unsubscription), the deadline before the market.
        tokio::select! {
            biased;
            () = stop.cancelled() => return End::Closed,
            heard = connection.hear() => {
                let Heard::Message(message) = heard else { return End::Closed };
                let answer = session.hear(message.as_ref(), door);
                if let Some(end) = say(connection, &answer).await {
                    return end;
                }
            }
            () = &mut deadline, if !session.is_authenticated() => {
                if let Some(answer) = session.time_out() {
                    // The connection ends with it whether the client hears it or not.
                    let _ = connection.say(&answer.message).await;
                }
                return End::Closed;
            }
            moved = source.next() => {
                let Some(news) = moved else { return End::Closed };
                is_mute |= session.is_authenticated()
                    && state.faults.take_if(Fault::MuteData, |it| !is_for_trading(it)).is_some();
                let said = source.say(&mut tape, &news, session.subscription(), &state);
                if let Some(message) = said.filter(|_| !is_mute)
                    && let Err(unsent) = connection.say(&message).await
                {
                    return unsent.into();
                }
            }
        }
    }
}

/// Sends an answer; tells why the conversation ends, if it does.
async fn say(connection: &Connection, answer: &Answer) -> Option<End> {
    match connection.say(&answer.message).await {
        Ok(()) => answer.is_last.then_some(End::Closed),
        Err(unsent) => Some(unsent.into()),
    }
}
