//! A wire with an ear: passes bytes on between a client and the simulated broker, and
//! reads what the client asks and what the streams say.
//!
//! It parses HTTP/1.1 and RFC 6455 itself, as far as both sides use them.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::alpaca_streams::unpack::unpack;

/// One request as it went by.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// Header lines in lower case.
    pub(super) headers: Vec<String>,
    pub(super) body: String,
}

/// One message of a stream as it went by.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// The path of the stream.
    pub(super) path: String,
    pub(super) is_from_client: bool,
    pub(super) value: Value,
}

#[derive(Debug)]
struct Notes {
    requests: Vec<Heard>,
    messages: Vec<Said>,
    /// How many messages there are, for those who wait for one.
    count: watch::Sender<usize>,
}

/// The wire; it is cut when it is dropped.
pub(super) struct Wiretap {
    pub(super) base: String,
    notes: Arc<Mutex<Notes>>,
    task: JoinHandle<()>,
}

impl Drop for Wiretap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wiretap {
    /// Listens, and passes on to `to`, such as `http://127.0.0.1:4210`.
    pub(super) async fn open(to: &str) -> Self {
        let to = to.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let notes = Arc::new(Mutex::new(Notes {
            requests: Vec::new(),
            messages: Vec::new(),
            count: watch::Sender::new(0),
        }));
        let shared = notes.clone();
        let task = tokio::spawn(async move {
            let mut lines = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&to).await.unwrap();
                lines.spawn(join(client, server, shared.clone()));
            }
        });
        Self { base, notes, task }
    }

    pub(super) fn requests(&self) -> Vec<Heard> {
        self.notes.lock().unwrap().requests.clone()
    }

    /// Tells whenever a message has gone by.
    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.notes.lock().unwrap().count.subscribe()
    }

    pub(super) fn messages(&self) -> Vec<Said> {
        self.notes.lock().unwrap().messages.clone()
    }
}

/// Joins two connections; which stream they carry is known once it has begun.
async fn join(client: TcpStream, server: TcpStream, notes: Arc<Mutex<Notes>>) {
    let stream = Arc::new(Mutex::new(None));
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let up = pass(client_in, server_out, Ear::new(notes.clone(), stream.clone(), true));
    let down = pass(server_in, client_out, Ear::new(notes, stream, false));
    tokio::join!(up, down);
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut ear: Ear) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        ear.hear(&bytes[..count]);
        if to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// Reads one direction of one connection.
struct Ear {
    notes: Arc<Mutex<Notes>>,
    /// The path of the stream, once the connection is one.
    stream: Arc<Mutex<Option<String>>>,
    is_client: bool,
    is_framed: bool,
    waiting: Vec<u8>,
    /// Of a message in several frames.
    parts: Vec<u8>,
}

impl Ear {
    fn new(notes: Arc<Mutex<Notes>>, stream: Arc<Mutex<Option<String>>>, is_client: bool) -> Self {
        let (waiting, parts) = (Vec::new(), Vec::new());
        Self { notes, stream, is_client, is_framed: false, waiting, parts }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        loop {
            let used = if self.is_framed { self.frame() } else { self.head() };
            if used == 0 {
                return;
            }
            self.waiting.drain(..used);
        }
    }

    /// Reads a whole request, or the answer that opens a stream; other answers are
    /// nobody's business here.
    fn head(&mut self) -> usize {
        let Some(end) = self.waiting.windows(4).position(|four| four == b"\r\n\r\n") else {
            return 0;
        };
        let text = String::from_utf8_lossy(&self.waiting[..end]).into_owned();
        if !self.is_client {
            let is_stream = text.starts_with("HTTP/1.1 101");
            if !is_stream {
                return self.waiting.len();
            }
            self.is_framed = true;
            return end + 4;
        }
        let mut lines = text.lines();
        let mut first = lines.next().unwrap().split(' ');
        let (method, target) = (first.next().unwrap(), first.next().unwrap());
        let headers: Vec<String> = lines.map(str::to_lowercase).collect();
        let named = |name: &str| headers.iter().find_map(|line| line.strip_prefix(name));
        let length = named("content-length: ").map_or(0, |text| text.parse().unwrap());
        let Some(body) = self.waiting.get(end + 4..end + 4 + length) else { return 0 };
        let url = url::Url::parse(&format!("http://x{target}")).unwrap();
        if named("upgrade: ").is_some() {
            *self.stream.lock().unwrap() = Some(url.path().to_owned());
            self.is_framed = true;
        } else {
            self.notes.lock().unwrap().requests.push(Heard {
                method: method.to_owned(),
                path: url.path().to_owned(),
                query: url.query_pairs().into_owned().collect(),
                body: String::from_utf8(body.to_vec()).unwrap(),
                headers,
            });
        }
        end + 4 + length
    }

    /// Reads one frame, if it is there whole.
    fn frame(&mut self) -> usize {
        let bytes = &self.waiting;
        let [first, second, ..] = bytes[..] else { return 0 };
        let (length, mut at) = match second & 0x7f {
            126 => match bytes.get(2..4) {
                Some(size) => (size.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), 4),
                None => return 0,
            },
            127 => match bytes.get(2..10) {
                Some(size) => (size.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), 10),
                None => return 0,
            },
            short => (usize::from(short), 2),
        };
        let mask = if second & 0x80 == 0 {
            [0; 4]
        } else {
            let Some(&[a, b, c, d]) = bytes.get(at..at + 4) else { return 0 };
            at += 4;
            [a, b, c, d]
        };
        let Some(payload) = bytes.get(at..at + length) else { return 0 };
        let clear = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key);
        let is_data = first & 0x0f <= 2;
        if is_data {
            self.parts.extend(clear);
            if first & 0x80 != 0 {
                let whole = std::mem::take(&mut self.parts);
                self.said(&whole);
            }
        }
        at + length
    }

    fn said(&self, bytes: &[u8]) {
        let path = self.stream.lock().unwrap().clone().unwrap_or_default();
        // The trading stream speaks JSON in whatever frames, the data stream either.
        let packed = || {
            if self.is_client { rmp_serde::from_slice(bytes).unwrap() } else { unpack(bytes) }
        };
        let value = serde_json::from_slice(bytes).unwrap_or_else(|_| packed());
        let said = Said { path, is_from_client: self.is_client, value };
        let mut notes = self.notes.lock().unwrap();
        notes.messages.push(said);
        notes.count.send_replace(notes.messages.len());
    }
}
