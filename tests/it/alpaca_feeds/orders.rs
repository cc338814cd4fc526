//! The trading stream.

use std::sync::Arc;

use flightdeck::brokers::Push;
use flightdeck::brokers::alpaca::Oddities;
use flightdeck::brokers::alpaca::stream::{
    StopReason, StreamStatus, TradingCounts, TradingStream, TradingStreamConfig,
};
use flightdeck::bus::clock::SystemClock;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::server::Server;
use super::{keys, quick, soon, word};

struct Orders {
    stream: TradingStream,
    pushes: mpsc::Receiver<Push>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Orders {
    fn start(server: &Server, room: usize) -> Self {
        let mut config = TradingStreamConfig::new("alpaca.orders", server.url());
        config.timing = quick();
        let (to, pushes) = mpsc::channel(room);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (clock, oddities) = (Arc::new(SystemClock), Arc::new(Oddities::default()));
        let stream =
            TradingStream::spawn(config, keys(), clock, oddities, to, stop.clone(), &tasks);
        Self { stream, pushes, stop, tasks }
    }

    /// The next pieces of news.
    async fn hear(&mut self, count: usize) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..count {
            said.push(word(&soon(self.pushes.recv()).await.unwrap()));
        }
        said
    }

    async fn status(
        &self,
        is_so: impl FnMut(&StreamStatus<TradingCounts>) -> bool,
    ) -> StreamStatus<TradingCounts> {
        let mut status = self.stream.status();
        soon(status.wait_for(is_so)).await.unwrap().clone()
    }

    async fn ended(&self) {
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }
}

const OPENING: [&str; 4] = ["CONNECTING", "SYNCING", "orders resumed", "UP"];

fn fill(number: usize) -> String {
    format!(
        r#"{{"stream":"trade_updates","data":{{"event":"partial_fill","execution_id":"e{number}",
        "price":"150.1","qty":"1","order":{{"id":"A","symbol":"AAPL","side":"buy","qty":"100000",
        "filled_qty":"{number}","status":"partially_filled"}}}}}}"#
    )
}

#[tokio::test]
async fn news_comes_as_text_and_as_bytes_and_empty_frames_say_nothing() {
    let server = Server::open().await;
    let mut orders = Orders::start(&server, 8);
    let mut peer = server.accept().await;
    peer.welcome_orders().await;
    assert_eq!(orders.hear(4).await, OPENING);
    peer.bytes(&fill(1)).await;
    peer.bytes(r#"{"stream":"trade_updates","data":null}"#).await;
    peer.text(&fill(2)).await;
    peer.fragments(fill(3).as_bytes()).await;
    assert_eq!(orders.hear(3).await, ["order 1", "order 2", "order 3"]);
    let status = orders.status(|status| status.counts.updates == 3).await;
    assert_eq!(status.counts.empty, 1);
    orders.stop.cancel();
    orders.ended().await;
}

#[tokio::test]
async fn after_each_gap_the_orders_must_be_read_before_more_is_believed() {
    let server = Server::open().await;
    let mut orders = Orders::start(&server, 64);
    for round in 1..=3 {
        let mut peer = server.accept().await;
        peer.welcome_orders().await;
        peer.text(&fill(round)).await;
        assert_eq!(orders.hear(4).await, OPENING);
        assert_eq!(orders.hear(1).await, [format!("order {round}")]);
        peer.close().await;
        assert_eq!(orders.hear(1).await, ["DOWN"]);
    }
    orders.stop.cancel();
    orders.ended().await;
}

#[tokio::test]
async fn a_slow_listener_loses_nothing_and_keeps_the_order() {
    const MANY: usize = 6_000;
    let server = Server::open().await;
    let mut orders = Orders::start(&server, 1);
    let mut peer = server.accept().await;
    let sending = tokio::spawn(async move {
        peer.welcome_orders().await;
        for number in 1..=MANY {
            peer.queue(&fill(number)).await;
        }
        peer.text("{}").await;
        peer
    });
    // More than is held fits in no channel: the sender is made to wait meanwhile.
    orders.status(|status| status.counts.updates >= 4_000).await;
    assert_eq!(orders.hear(4).await, OPENING);
    for number in 1..=MANY {
        assert_eq!(orders.hear(1).await, [format!("order {number}")]);
    }
    let peer = sending.await.unwrap();
    orders.stop.cancel();
    orders.ended().await;
    drop(peer);
}

#[tokio::test]
async fn a_stop_says_goodbye_and_ends_the_task() {
    let server = Server::open().await;
    let mut orders = Orders::start(&server, 8);
    let mut peer = server.accept().await;
    peer.welcome_orders().await;
    assert_eq!(orders.hear(4).await, OPENING);
    orders.stop.cancel();
    assert!(peer.is_closed_cleanly().await);
    assert_eq!(orders.hear(1).await, ["DOWN"]);
    orders.ended().await;
    let status = orders.status(|status| status.stopped.is_some()).await;
    assert_eq!(status.stopped, Some(StopReason::Asked));
}

#[tokio::test]
async fn a_stream_to_which_nobody_listens_ends() {
    let server = Server::open().await;
    let mut orders = Orders::start(&server, 8);
    let mut peer = server.accept().await;
    peer.welcome_orders().await;
    assert_eq!(orders.hear(4).await, OPENING);
    orders.pushes.close();
    assert!(peer.is_closed_cleanly().await);
    orders.ended().await;
}

#[tokio::test]
async fn refused_keys_end_the_stream() {
    let server = Server::open().await;
    let orders = Orders::start(&server, 8);
    let mut peer = server.accept().await;
    peer.hear().await;
    peer.bytes(r#"{"stream":"authorization","data":{"status":"unauthorized"}}"#).await;
    let status = orders.status(|status| status.stopped.is_some()).await;
    assert_eq!(status.stopped, Some(StopReason::KeysRefused));
    orders.ended().await;
}
