//! An HTTP server that plays a script: one step for each request it hears.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// What happens to one request, after it was read whole.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// An answer: status, further header lines, body.
    Answer(u16, &'static str, String),
    /// The connection is closed without a word.
    Drop,
    /// Half of an answer of this status, then the connection is closed.
    Half(u16),
    /// Nothing, and the connection stays open.
    Silence,
}

impl Step {
    /// A success with a body.
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::Answer(200, "", body.into())
    }

    /// An answer without further headers.
    pub(crate) fn answer(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, "", body.into())
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// Method and target, such as `GET /v2/clock`.
    pub(crate) line: String,
    /// Header lines in lower case.
    pub(crate) headers: Vec<String>,
    /// The body.
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

#[derive(Debug, Default)]
struct Script {
    steps: VecDeque<Step>,
    heard: Vec<Heard>,
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Venue {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Venue {
    /// Starts a server that plays these steps in order and then closes every
    /// connection without a word.
    pub(crate) async fn playing(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let steps = steps.into_iter().collect();
        let script = Arc::new(Mutex::new(Script { steps, heard: Vec::new() }));
        let shared = Arc::clone(&script);
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, script, task }
    }

    pub(crate) fn base(&self) -> Url {
        Url::parse(&format!("http://{}", self.address)).unwrap()
    }

    /// Everything heard so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.script.lock().unwrap().heard.clone()
    }

    /// The lines of everything heard so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heard().into_iter().map(|heard| heard.line).collect()
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Plays steps on one connection until it ends.
async fn serve(stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut stream = BufReader::new(stream);
    while let Some(heard) = request(&mut stream).await {
        let step = {
            let mut script = script.lock().unwrap();
            script.heard.push(heard);
            script.steps.pop_front().unwrap_or(Step::Drop)
        };
        match step {
            Step::Answer(status, headers, body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}");
                stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
            }
            Step::Half(status) => {
                let half = format!("HTTP/1.1 {status} x\r\ncontent-length: 1000\r\n\r\n{{\"id\"");
                stream.write_all(half.as_bytes()).await.unwrap();
                return;
            }
            Step::Silence => std::future::pending().await,
            Step::Drop => return,
        }
    }
}

/// Reads one request; `None` when the other side has closed.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<Heard> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let first = lines.remove(0);
    let headers = lines.into_iter().map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
        None => line,
    });
    let mut heard = Heard {
        line: first.trim_end_matches(" HTTP/1.1").to_owned(),
        headers: headers.collect(),
        body: String::new(),
    };
    let length = heard.header("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    heard.body = String::from_utf8(body).unwrap();
    Some(heard)
}
