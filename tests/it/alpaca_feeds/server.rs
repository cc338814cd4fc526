//! A server that does what a test tells it to: one connection after the other.

use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::soon;

/// Listens on a port that the system chose.
pub(super) struct Server(TcpListener);

/// The server's end of one connection.
pub(super) struct Peer {
    socket: WebSocketStream<TcpStream>,
    /// What the client said while dialling.
    pub(super) headers: HeaderMap,
}

impl Server {
    pub(super) async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(super) fn url(&self) -> String {
        format!("ws://{}/stream", self.0.local_addr().unwrap())
    }

    async fn dialled(&self) -> TcpStream {
        soon(self.0.accept()).await.unwrap().0
    }

    /// Waits for a client and shakes hands.
    pub(super) async fn accept(&self) -> Peer {
        let mut headers = HeaderMap::new();
        #[expect(clippy::result_large_err, reason = "the library's own signature")]
        let note = |request: &Request, answer: Response| -> Result<Response, ErrorResponse> {
            headers = request.headers().clone();
            Ok(answer)
        };
        let socket = soon(accept_hdr_async(self.dialled().await, note)).await.unwrap();
        Peer { socket, headers }
    }

    /// Waits for a client and answers with a plain HTTP status instead.
    pub(super) async fn refuse(&self, status: &str, header: &str) {
        let mut stream = self.dialled().await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(stream.read_u8()).await.unwrap());
        }
        let answer = format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

impl Peer {
    pub(super) async fn text(&mut self, text: &str) {
        soon(self.socket.send(Message::text(text))).await.unwrap();
    }

    /// The same frame as `MessagePack`.
    pub(super) async fn packed(&mut self, text: &str) {
        soon(self.socket.send(Message::binary(packed(text)))).await.unwrap();
    }

    /// The text's bytes in a binary frame.
    pub(super) async fn bytes(&mut self, text: &str) {
        soon(self.socket.send(Message::binary(text.as_bytes().to_vec()))).await.unwrap();
    }

    /// Queues a frame and sends it together with what follows.
    pub(super) async fn queue(&mut self, text: &str) {
        soon(self.socket.feed(Message::text(text))).await.unwrap();
    }

    /// Sends a message in three frames.
    pub(super) async fn fragments(&mut self, bytes: &[u8]) {
        let third = bytes.len() / 3;
        let parts = [&bytes[..third], &bytes[third..2 * third], &bytes[2 * third..]];
        let codes = [Data::Binary, Data::Continue, Data::Continue];
        for (at, (part, code)) in parts.into_iter().zip(codes).enumerate() {
            let frame = Frame::message(part.to_vec(), OpCode::Data(code), at == 2);
            soon(self.socket.send(Message::Frame(frame))).await.unwrap();
        }
    }

    /// The client's next message as JSON, whatever form it has.
    pub(super) async fn hear(&mut self) -> String {
        loop {
            match soon(self.socket.next()).await.unwrap().unwrap() {
                Message::Text(text) => return text.to_string(),
                Message::Binary(bytes) => {
                    let value: serde_json::Value = rmp_serde::from_slice(&bytes).unwrap();
                    return value.to_string();
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                Message::Close(_) => return "close".into(),
            }
        }
    }

    /// Reads to the client's end; true when it said goodbye.
    pub(super) async fn is_closed_cleanly(&mut self) -> bool {
        while let Some(Ok(message)) = soon(self.socket.next()).await {
            if message.is_close() {
                return true;
            }
        }
        false
    }

    pub(super) async fn close(mut self) {
        let _ = soon(self.socket.close(None)).await;
    }

    /// Greets, takes the keys, and confirms whatever is asked for on so many channels.
    pub(super) async fn welcome_data(&mut self, confirmations: &[&str]) {
        self.text(r#"[{"T":"success","msg":"connected"}]"#).await;
        assert!(self.hear().await.contains("PKTEST"));
        self.text(r#"[{"T":"success","msg":"authenticated"}]"#).await;
        for confirmed in confirmations {
            assert!(self.hear().await.contains("subscribe"));
            self.text(&format!(r#"[{{"T":"subscription",{confirmed}}}]"#)).await;
        }
    }

    /// Takes the keys and listens.
    pub(super) async fn welcome_orders(&mut self) {
        assert!(self.hear().await.contains("PKTEST"));
        let granted = r#"{"stream":"authorization","data":{"status":"authorized"}}"#;
        self.bytes(granted).await;
        assert!(self.hear().await.contains("trade_updates"));
        self.bytes(r#"{"stream":"listening","data":{"streams":["trade_updates"]}}"#).await;
    }
}

/// JSON in the other form.
pub(super) fn packed(text: &str) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    rmp_serde::to_vec_named(&value).unwrap()
}
