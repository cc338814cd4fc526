//! A WebSocket client of its own, that knows of the server only the protocol.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::unpack::unpack;

/// No answer of a healthy server takes this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits, but not for ever.
pub(crate) async fn within<T>(waited: impl Future<Output = T>) -> T {
    timeout(PATIENCE, waited).await.expect("the server answers in time")
}

/// The language of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    Json,
    MessagePack,
}

/// A connected client.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    speech: Speech,
}

impl Client {
    /// Shakes hands; a refusal is its HTTP status.
    pub(crate) async fn connect(
        address: &str,
        path: &str,
        speech: Speech,
        headers: &[(&'static str, &'static str)],
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if speech == Speech::MessagePack {
            let kind = HeaderValue::from_static("application/msgpack");
            request.headers_mut().insert("content-type", kind);
        }
        for (name, value) in headers {
            let name = HeaderName::from_static(name);
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let stream = within(TcpStream::connect(address)).await.unwrap();
        match within(client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Self { socket, speech }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Says a JSON text in the client's language.
    pub(crate) async fn say(&mut self, text: &str) {
        let message = match self.speech {
            Speech::Json => Message::text(text),
            Speech::MessagePack => Message::binary(pack(text)),
        };
        within(self.socket.send(message)).await.unwrap();
    }

    /// Says a message as alpaca-py does: all of it in a first frame that is not the
    /// last, then a last frame with nothing in it.
    pub(crate) async fn say_in_fragments(&mut self, text: &str) {
        let first = Frame::message(pack(text), OpCode::Data(Data::Binary), false);
        let last = Frame::message(Vec::new(), OpCode::Data(Data::Continue), true);
        for frame in [first, last] {
            within(self.socket.send(Message::Frame(frame))).await.unwrap();
        }
    }

    /// The next message; pings and pongs are left out.
    pub(crate) async fn hear(&mut self) -> Value {
        self.hear_frame().await.1
    }

    /// The next message, and whether it came as text.
    pub(crate) async fn hear_frame(&mut self) -> (bool, Value) {
        loop {
            match within(self.socket.next()).await.expect("the connection is open").unwrap() {
                Message::Text(text) => return (true, serde_json::from_str(&text).unwrap()),
                Message::Binary(bytes) if self.speech == Speech::MessagePack => {
                    return (false, unpack(&bytes));
                }
                Message::Binary(bytes) => return (false, serde_json::from_slice(&bytes).unwrap()),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                Message::Close(_) => panic!("the server has closed"),
            }
        }
    }

    pub(crate) async fn expect(&mut self, text: &str) {
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(self.hear().await, expected);
    }

    /// Hears messages of data until one has a point that fits; returns that point.
    pub(crate) async fn hear_point(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        self.hear_point_noting(fits, |_| ()).await
    }

    /// Hears messages of data until one has a point that fits; each is shown to somebody.
    pub(crate) async fn hear_point_noting(
        &mut self,
        fits: impl Fn(&Value) -> bool,
        mut note: impl FnMut(&Value),
    ) -> Value {
        // Bounded by the patience with each message and the tests' short markets.
        for _ in 0..10_000 {
            let message = self.hear().await;
            note(&message);
            let points = message.as_array().expect("every message of data is an array");
            if let Some(point) = points.iter().find(|point| fits(point)) {
                return point.clone();
            }
        }
        panic!("no such point in ten thousand messages");
    }

    /// Waits for the end; tells whether it was in order.
    pub(crate) async fn is_closed_in_order(&mut self) -> bool {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Close(_))) => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return false,
            }
        }
    }

    /// Pings and returns what the pong holds.
    pub(crate) async fn ping(&mut self, payload: &'static [u8]) -> Vec<u8> {
        within(self.socket.send(Message::Ping(payload.into()))).await.unwrap();
        loop {
            if let Message::Pong(bytes) = within(self.socket.next()).await.unwrap().unwrap() {
                return bytes.to_vec();
            }
        }
    }

    /// Closes in order and waits for the server's part of it.
    pub(crate) async fn close(mut self) {
        within(self.socket.close(None)).await.unwrap();
        while let Some(Ok(_)) = within(self.socket.next()).await {}
    }
}

fn pack(text: &str) -> Vec<u8> {
    let value: Value = serde_json::from_str(text).unwrap();
    rmp_serde::to_vec(&value).unwrap()
}
