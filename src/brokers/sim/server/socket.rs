//! A WebSocket on the server's side: the upgrade by hand, the bounded send buffer,
//! the orderly and the disorderly end.
//!
//! Knows frames and bytes, not what is said in them; see `data_stream` and
//! `trading_stream`. Axum's own WebSocket would bring a second tungstenite.

use std::future::Future;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::frames::{self, Dialect, Field};

/// One client's socket.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Longest message and frame of a client: the list of every US symbol fits.
const MESSAGE_BYTES_MAX: usize = 512 * 1024;
/// How long the change of protocol may take after the answer.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a goodbye may take: what is queued, the close frame, the client's own.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the last word to a slow client may take.
const LAST_WORD_TIMEOUT: Duration = Duration::from_millis(500);

/// Answers a handshake and runs a conversation on the socket that comes of it. A
/// request that is no handshake gets 426.
pub(super) fn upgrade<Run, Talk>(mut request: Request, tasks: &TaskTracker, run: Run) -> Response
where
    Run: FnOnce(Socket) -> Talk + Send + 'static,
    Talk: Future<Output = ()> + Send + 'static,
{
    let Some(accept) = accept_key(request.headers()) else {
        let upgrade = [(header::UPGRADE, "websocket"), (header::SEC_WEBSOCKET_VERSION, "13")];
        return (StatusCode::UPGRADE_REQUIRED, upgrade, "a WebSocket handshake is expected\n")
            .into_response();
    };
    // Taken before the answer: afterwards the request is gone.
    let upgraded = hyper::upgrade::on(&mut request);
    tasks.spawn(async move {
        let Ok(Ok(io)) = timeout(UPGRADE_TIMEOUT, upgraded).await else { return };
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let io = TokioIo::new(io);
        run(WebSocketStream::from_raw_socket(io, Role::Server, Some(limits)).await).await;
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The answer to the key of a handshake (RFC 6455, section 4.2.1), `None` for a
/// request that is none.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let names = |name, token: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|it| it.trim().eq_ignore_ascii_case(token))
    };
    let is_handshake = names(header::CONNECTION, "upgrade")
        && names(header::UPGRADE, "websocket")
        && names(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_handshake)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

/// How much a connection holds for a client that does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendBuffer {
    /// Messages held beside what the kernel holds, at least 1.
    pub messages: usize,
    /// How long the buffer may stay full before the client counts as slow.
    pub patience: Duration,
}

impl Default for SendBuffer {
    fn default() -> Self {
        Self { messages: 1_024, patience: Duration::from_secs(5) }
    }
}

/// The client cannot be told anything more: gone, or too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsent {
    /// The connection is over.
    Gone,
    /// The send buffer stayed full.
    Slow,
}

/// What a client said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    /// A message; `None` is one that could not be read.
    Message(Option<Value>),
    /// Nothing more will come.
    End,
}

/// The server's end of one connection. A task of its own writes, so that reading
/// goes on, and pings are answered, while the client is slow.
#[derive(Debug)]
pub(super) struct Connection {
    incoming: SplitStream<Socket>,
    outgoing: mpsc::Sender<Message>,
    /// Tells the writer to give up what it holds.
    abandon: CancellationToken,
    writer: JoinHandle<Option<SplitSink<Socket, Message>>>,
    dialect: Dialect,
    patience: Duration,
}

impl Connection {
    /// Takes a socket over.
    pub(super) fn new(socket: Socket, dialect: Dialect, buffer: SendBuffer) -> Self {
        let (sink, incoming) = socket.split();
        let (outgoing, queue) = mpsc::channel(buffer.messages.max(1));
        let abandon = CancellationToken::new();
        let writer = tokio::spawn(write(sink, queue, abandon.clone()));
        Self { incoming, outgoing, abandon, writer, dialect, patience: buffer.patience }
    }

    /// Returns what the client says next. Cancelling the wait loses nothing.
    pub(super) async fn hear(&mut self) -> Heard {
        // Ends: each turn takes a frame from the client.
        loop {
            let bytes = match self.incoming.next().await {
                Some(Ok(Message::Text(text))) => text.into(),
                Some(Ok(Message::Binary(bytes))) => bytes,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Heard::End,
            };
            return Heard::Message(frames::read(&bytes).ok());
        }
    }

    /// Sends a message, waiting for room in the buffer as long as its patience.
    pub(super) async fn say(&self, message: &Field) -> Result<(), Unsent> {
        match timeout(self.patience, self.outgoing.send(self.dialect.frame(message))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Unsent::Gone),
            Err(_) => Err(Unsent::Slow),
        }
    }

    /// Sends a text as it is, whether or not it is a message.
    pub(super) async fn say_text(&self, text: String) -> Result<(), Unsent> {
        match timeout(self.patience, self.outgoing.send(Message::text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Unsent::Gone),
            Err(_) => Err(Unsent::Slow),
        }
    }

    /// Ends in order: what is queued, a close frame, the client's close frame.
    pub(super) async fn close(mut self) {
        drop(self.outgoing);
        let goodbye = async {
            if let Ok(Some(_sink)) = (&mut self.writer).await {
                // The client answers a close frame with its own.
                while let Some(Ok(_)) = self.incoming.next().await {}
            }
        };
        if timeout(CLOSE_TIMEOUT, goodbye).await.is_err() {
            self.writer.abort();
        }
    }

    /// Ends without order, as when a cable is cut; what is queued is lost. A slow
    /// client is told why, if it still reads that.
    pub(super) async fn drop_at_once(self, last_word: Option<&Field>) {
        self.abandon.cancel();
        let Ok(Some(mut sink)) = self.writer.await else { return };
        if let Some(word) = last_word {
            // A slow client need not hear it (protocol page §7.1, code 407).
            let _ = timeout(LAST_WORD_TIMEOUT, sink.send(self.dialect.frame(word))).await;
        }
    }
}

/// Writes what is queued until the queue ends or is abandoned; hands the sink back
/// when it still works.
async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut queue: mpsc::Receiver<Message>,
    abandon: CancellationToken,
) -> Option<SplitSink<Socket, Message>> {
    let work = async {
        while let Some(message) = queue.recv().await {
            sink.send(message).await?;
        }
        sink.close().await
    };
    let end: Option<Result<(), tungstenite::Error>> = tokio::select! {
        // Biased: whoever abandons the connection wants nothing more written.
        biased;
        () = abandon.cancelled() => None,
        end = work => Some(end),
    };
    end.is_none_or(|written| written.is_ok()).then_some(sink)
}
