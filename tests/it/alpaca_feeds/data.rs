//! The market data stream.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::brokers::alpaca::stream::{
    Channel, DataStream, DataStreamConfig, DecodeCounts, Encoding, StopReason, StreamStatus,
    Subscriptions,
};
use flightdeck::brokers::{MarketSink, Push};
use flightdeck::bus::clock::ReplayClock;
use flightdeck::domain::time::Timestamp;
use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::server::{Server, packed};
use super::{keys, quick, soon, word};

/// A stream of quotes of two symbols, what it says, and the means to end it.
struct Feed {
    stream: DataStream,
    heard: Arc<Heard>,
    clock: Arc<ReplayClock>,
    stop: CancellationToken,
    tasks: TaskTracker,
    said: Vec<String>,
}

fn wanted(channel: Channel, symbols: &[&str]) -> Subscriptions {
    Subscriptions::from([(channel, symbols.iter().map(|symbol| (*symbol).to_owned()).collect())])
}

/// A Monday at eleven in New York.
fn at(seconds: i64) -> Timestamp {
    let morning: Timestamp = "2026-10-05T15:00:00Z".parse().unwrap();
    morning.plus(SignedDuration::from_secs(seconds))
}

/// Keeps everything that the stream says.
#[derive(Default)]
struct Heard {
    pushes: Mutex<Vec<Push>>,
    arrived: Notify,
}

impl MarketSink for Heard {
    fn push(&self, push: Push) {
        self.pushes.lock().unwrap().push(push);
        self.arrived.notify_one();
    }
}

impl Feed {
    fn start(server: &Server, change: impl FnOnce(&mut DataStreamConfig)) -> Self {
        let wanted = wanted(Channel::Quotes, &["AAPL", "ZZZZ"]);
        let mut config = DataStreamConfig::new("alpaca.iex", server.url(), wanted);
        config.timing = quick();
        config.encoding = Encoding::Json;
        change(&mut config);
        let clock = Arc::new(ReplayClock::default());
        clock.move_to(at(0));
        let (heard, stop) = (Arc::new(Heard::default()), CancellationToken::new());
        let tasks = TaskTracker::new();
        let (sink, time) = (Arc::clone(&heard), Arc::clone(&clock));
        let stream = DataStream::spawn(config, keys(), time, sink, stop.clone(), &tasks);
        Self { stream, heard, clock, stop, tasks, said: Vec::new() }
    }

    /// Waits until the stream has said this, and forgets everything up to it.
    async fn hear(&mut self, wanted: &str) {
        loop {
            if let Some(at) = self.said.iter().position(|said| said == wanted) {
                self.said.drain(..=at);
                return;
            }
            soon(self.heard.arrived.notified()).await;
            let pushes = std::mem::take(&mut *self.heard.pushes.lock().unwrap());
            self.said.extend(pushes.iter().map(word));
        }
    }

    async fn status(
        &self,
        is_so: impl FnMut(&StreamStatus<DecodeCounts>) -> bool,
    ) -> StreamStatus<DecodeCounts> {
        let mut status = self.stream.status();
        soon(status.wait_for(is_so)).await.unwrap().clone()
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }
}

fn quote(symbol: &str, bid: &str) -> String {
    format!(
        r#"[{{"T":"q","S":"{symbol}","bp":{bid},"bs":1,"ap":900.5,"as":1,
        "t":"2026-10-05T15:00:00Z"}}]"#
    )
}

const BOTH: &str = r#""quotes":["AAPL","ZZZZ"]"#;
const ONE: &str = r#""quotes":["AAPL"]"#;

#[tokio::test]
async fn what_was_asked_for_and_is_not_confirmed_is_said_by_symbol() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |_| {});
    let mut peer = server.accept().await;
    peer.welcome_data(&[ONE]).await;
    feed.hear("UP").await;
    let status = feed.status(|status| status.unconfirmed.len() == 1).await;
    assert_eq!(status.unconfirmed, ["quotes of ZZZZ"]);
    feed.end().await;
}

#[tokio::test]
async fn a_lost_connection_is_dialled_again_and_the_gap_is_told_first() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |_| {});
    let mut peer = server.accept().await;
    peer.welcome_data(&[BOTH]).await;
    peer.text(&quote("AAPL", "150.1")).await;
    feed.hear("quote AAPL 150.10").await;
    peer.close().await;
    feed.hear("DOWN").await;
    feed.clock.move_to(at(60));
    let mut peer = server.accept().await;
    peer.welcome_data(&[BOTH]).await;
    peer.text(&quote("AAPL", "150.2")).await;
    feed.hear("resumed 2026-10-05T15:00:00Z").await;
    feed.hear("UP").await;
    feed.hear("quote AAPL 150.20").await;
    feed.end().await;
}

#[tokio::test]
async fn an_open_socket_without_data_is_given_up_by_the_clock_of_the_market() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |_| {});
    let mut peer = server.accept().await;
    peer.welcome_data(&[BOTH]).await;
    peer.text(&quote("AAPL", "150.1")).await;
    feed.hear("quote AAPL 150.10").await;
    feed.clock.move_to(at(11));
    feed.hear("STALE").await;
    feed.hear("DOWN").await;
    assert!(peer.is_closed_cleanly().await, "the slot is freed");
    let mut peer = server.accept().await;
    peer.welcome_data(&[BOTH]).await;
    feed.hear("resumed 2026-10-05T15:00:00Z").await;
    feed.hear("UP").await;
    feed.end().await;
}

#[tokio::test]
async fn a_second_connection_waits_until_the_first_is_gone() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |_| {});
    for _ in 0..3 {
        let mut peer = server.accept().await;
        peer.text(r#"[{"T":"success","msg":"connected"}]"#).await;
        peer.hear().await;
        peer.text(r#"[{"T":"error","code":406,"msg":"connection limit exceeded"}]"#).await;
        feed.hear("DOWN").await;
    }
    let status = feed.status(|status| status.trouble.is_some()).await;
    assert!(status.trouble.unwrap().contains("connection limit exceeded"));
    let mut peer = server.accept().await;
    peer.welcome_data(&[BOTH]).await;
    feed.hear("UP").await;
    feed.end().await;
}

#[tokio::test]
async fn too_many_requests_are_answered_by_staying_away_as_long_as_asked() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |_| {});
    server.refuse("429 Too Many Requests", "Retry-After: 1\r\n").await;
    let refused = Instant::now();
    let mut peer = server.accept().await;
    assert!(refused.elapsed() > Duration::from_millis(900), "{:?}", refused.elapsed());
    peer.welcome_data(&[BOTH]).await;
    feed.hear("UP").await;
    feed.end().await;
}

#[tokio::test]
async fn what_only_a_human_can_mend_stops_the_stream() {
    let server = Server::open().await;
    let feed = Feed::start(&server, |_| {});
    server.refuse("401 Unauthorized", "").await;
    let status = feed.status(|status| status.stopped.is_some()).await;
    assert_eq!(status.stopped, Some(StopReason::KeysRefused));
    feed.tasks.close();
    soon(feed.tasks.wait()).await;

    let feed = Feed::start(&server, |_| {});
    let mut peer = server.accept().await;
    peer.text(r#"[{"T":"error","code":409,"msg":"insufficient subscription"}]"#).await;
    let status = feed.status(|status| status.stopped.is_some()).await;
    assert_eq!(status.stopped, Some(StopReason::PlanTooSmall));
    feed.tasks.close();
    soon(feed.tasks.wait()).await;
}

#[tokio::test]
async fn messagepack_is_spoken_both_ways_and_fragments_are_put_together() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |config| config.encoding = Encoding::Msgpack);
    let mut peer = server.accept().await;
    assert_eq!(peer.headers.get("content-type").unwrap(), "application/msgpack");
    peer.packed(r#"[{"T":"success","msg":"connected"}]"#).await;
    assert_eq!(peer.hear().await, r#"{"action":"auth","key":"PKTEST","secret":"hidden"}"#);
    peer.packed(r#"[{"T":"success","msg":"authenticated"}]"#).await;
    assert_eq!(peer.hear().await, r#"{"action":"subscribe","quotes":["AAPL","ZZZZ"]}"#);
    peer.fragments(&packed(&format!(r#"[{{"T":"subscription",{BOTH}}}]"#))).await;
    feed.hear("UP").await;
    peer.fragments(&packed(&quote("AAPL", "150.0975"))).await;
    feed.hear("quote AAPL 150.0975").await;
    feed.end().await;
}

#[tokio::test]
async fn a_burst_that_ends_in_a_close_is_read_to_its_end() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |_| {});
    let mut peer = server.accept().await;
    peer.welcome_data(&[BOTH]).await;
    feed.hear("UP").await;
    for number in 0..2_000 {
        peer.queue(&quote(["AAPL", "ZZZZ"][number % 2], &format!("{}.25", number % 800 + 1))).await;
    }
    let close = tokio::spawn(peer.close());
    feed.hear("DOWN").await;
    let status = feed.status(|status| status.counts.understood >= 2_003).await;
    assert_eq!(status.counts.broken_frames + status.counts.refused, 0);
    close.await.unwrap();
    feed.end().await;
}

#[tokio::test]
async fn symbols_are_added_while_data_flows() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |_| {});
    let mut peer = server.accept().await;
    peer.welcome_data(&[BOTH]).await;
    feed.hear("UP").await;
    assert!(feed.stream.subscribe(wanted(Channel::Quotes, &["MSFT", "AAPL"])).await);
    assert_eq!(peer.hear().await, r#"{"action":"subscribe","quotes":["MSFT"]}"#);
    feed.status(|status| status.unconfirmed == ["quotes of MSFT"]).await;
    peer.text(r#"[{"T":"subscription","quotes":["AAPL","ZZZZ","MSFT"]}]"#).await;
    feed.status(|status| status.unconfirmed.is_empty()).await;
    feed.end().await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |config| config.timing.answer = Duration::from_millis(100));
    let _mute = server.accept().await;
    feed.hear("DOWN").await;
    let status = feed.status(|status| status.trouble.is_some()).await;
    assert_eq!(status.trouble.as_deref(), Some("the venue does not answer"));
    server.accept().await.welcome_data(&[BOTH]).await;
    feed.hear("UP").await;
    feed.end().await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_pings_is_given_up() {
    let server = Server::open().await;
    let mut feed = Feed::start(&server, |config| {
        config.timing.ping_every = Duration::from_millis(100);
        config.timing.pong = Duration::from_millis(100);
    });
    let mut peer = server.accept().await;
    peer.welcome_data(&[BOTH]).await;
    feed.hear("UP").await;
    // Nothing reads the peer's end from here on, so no pong leaves it.
    feed.hear("DOWN").await;
    let status = feed.status(|status| status.trouble.is_some()).await;
    assert_eq!(status.trouble.as_deref(), Some("no answer to a ping"));
    feed.end().await;
}
