//! A collector of traces and metrics on loopback: takes, refuses or hangs.
//!
//! It reads the protobuf of OTLP by hand, as far as the tests look
//! (opentelemetry-proto 1.x, `trace.proto` and `common.proto`).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What it does with what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Takes,
    Refuses,
    Hangs,
}

/// A span as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) kind: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) moments: usize,
    /// Trace and span of each link.
    pub(crate) links: Vec<(String, String)>,
    /// 2 is an error.
    pub(crate) status: u64,
}

#[derive(Default)]
struct Shelf {
    spans: Vec<Received>,
    resource: BTreeMap<String, String>,
    metrics: Vec<String>,
}

#[derive(Clone)]
struct Desk {
    mood: Mood,
    shelf: Arc<Mutex<Shelf>>,
    stop: CancellationToken,
}

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
    _stop: DropGuard,
}

impl Collector {
    pub(crate) async fn open(mood: Mood) -> Self {
        let (shelf, stop) = (Arc::new(Mutex::new(Shelf::default())), CancellationToken::new());
        let desk = Desk { mood, shelf: shelf.clone(), stop: stop.clone() };
        let pages = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(metrics))
            .with_state(desk);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let end = stop.clone();
        tokio::spawn(async move {
            // The end first: whoever holds a connection is not waited for.
            tokio::select! {
                biased;
                () = end.cancelled() => {}
                served = axum::serve(listener, pages) => served.unwrap(),
            }
        });
        Self { address, shelf, _stop: stop.drop_guard() }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn spans(&self) -> Vec<Received> {
        self.shelf.lock().unwrap().spans.clone()
    }

    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        self.shelf.lock().unwrap().resource.clone()
    }

    /// The names of metrics that came in.
    pub(crate) fn metrics(&self) -> Vec<String> {
        self.shelf.lock().unwrap().metrics.clone()
    }
}

async fn answer(desk: &Desk) -> StatusCode {
    match desk.mood {
        Mood::Takes => StatusCode::OK,
        Mood::Refuses => StatusCode::BAD_REQUEST,
        Mood::Hangs => {
            desk.stop.cancelled().await;
            StatusCode::OK
        }
    }
}

async fn traces(State(desk): State<Desk>, body: Bytes) -> StatusCode {
    let answer = answer(&desk).await;
    let mut shelf = desk.shelf.lock().unwrap();
    for resource_spans in fields(&body, 1) {
        shelf.resource = fields(resource_spans, 1).into_iter().flat_map(|r| keys(r, 1)).collect();
        for scope_spans in fields(resource_spans, 2) {
            shelf.spans.extend(fields(scope_spans, 2).into_iter().map(span));
        }
    }
    answer
}

async fn metrics(State(desk): State<Desk>, body: Bytes) -> StatusCode {
    let answer = answer(&desk).await;
    let mut shelf = desk.shelf.lock().unwrap();
    for scope in fields(&body, 1).into_iter().flat_map(|resource| fields(resource, 2)) {
        shelf.metrics.extend(fields(scope, 2).into_iter().map(|metric| text(metric, 1)));
    }
    answer
}

fn span(bytes: &[u8]) -> Received {
    Received {
        trace: hex(bytes, 1),
        id: hex(bytes, 2),
        parent: hex(bytes, 4),
        name: text(bytes, 5),
        kind: number(bytes, 6),
        start: number(bytes, 7),
        end: number(bytes, 8),
        attributes: keys(bytes, 9),
        moments: fields(bytes, 11).len(),
        links: fields(bytes, 13).into_iter().map(|link| (hex(link, 1), hex(link, 2))).collect(),
        status: fields(bytes, 15).first().map_or(0, |status| number(status, 3)),
    }
}

fn keys(bytes: &[u8], field: u64) -> BTreeMap<String, String> {
    let value = |bytes: &[u8]| match fields(bytes, 1).first() {
        Some(text) => String::from_utf8(text.to_vec()).unwrap(),
        None if number(bytes, 2) == 1 => "true".into(),
        None => number(bytes, 3).to_string(),
    };
    let pair = |pair: &[u8]| {
        (text(pair, 1), fields(pair, 2).first().map_or_else(String::new, |v| value(v)))
    };
    fields(bytes, field).into_iter().map(pair).collect()
}

fn text(bytes: &[u8], field: u64) -> String {
    fields(bytes, field)
        .first()
        .map_or_else(String::new, |t| String::from_utf8(t.to_vec()).unwrap())
}

fn hex(bytes: &[u8], field: u64) -> String {
    let found = fields(bytes, field);
    found.first().map_or_else(String::new, |id| flightdeck::domain::hex::hex(id))
}

fn number(bytes: &[u8], field: u64) -> u64 {
    walk(bytes)
        .into_iter()
        .find_map(|(f, v)| match v {
            Part::Number(number) if f == field => Some(number),
            Part::Number(_) | Part::Bytes(_) => None,
        })
        .unwrap_or(0)
}

/// Every occurrence of a field that has a length.
fn fields(bytes: &[u8], field: u64) -> Vec<&[u8]> {
    let of = |(number, part)| match part {
        Part::Bytes(bytes) if number == field => Some(bytes),
        Part::Number(_) | Part::Bytes(_) => None,
    };
    walk(bytes).into_iter().filter_map(of).collect()
}

enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn walk(mut bytes: &[u8]) -> Vec<(u64, Part<'_>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let part = match tag & 7 {
            0 => Part::Number(varint(&mut bytes)),
            1 => Part::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                Part::Bytes(take(&mut bytes, length))
            }
            5 => Part::Number(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap()).into()),
            other => panic!("no such wire type: {other}"),
        };
        found.push((tag >> 3, part));
    }
    found
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}
