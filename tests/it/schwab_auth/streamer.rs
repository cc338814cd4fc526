//! The streamer over a real socket.

use std::sync::Arc;

use flightdeck::brokers::schwab::stream::{StreamCounts, Streamer, StreamerConfig};
use flightdeck::brokers::schwab::token::AccessTokens;
use flightdeck::brokers::sim::server::Pace;
use flightdeck::brokers::sim::server::schwab::SchwabConfig;
use flightdeck::brokers::stream::{StopReason, StreamStatus};
use flightdeck::brokers::{MarketSink, Push};
use flightdeck::domain::ids::Symbol;
use tokio::sync::{mpsc, watch};

use super::{Place, within};

/// Hands everything to the test.
struct Sink(mpsc::UnboundedSender<Push>);

impl MarketSink for Sink {
    fn push(&self, push: Push) {
        let _ = self.0.send(push);
    }
}

struct Desk {
    place: Place,
    status: watch::Receiver<StreamStatus<StreamCounts>>,
    market: mpsc::UnboundedReceiver<Push>,
    orders: mpsc::Receiver<Push>,
}

impl Desk {
    /// A streamer in the middle of a session.
    async fn new() -> Self {
        let (start, config) = ("2026-10-05T15:00:00Z", SchwabConfig::default());
        let place = Place::new(Pace::Times(10), start, config).await;
        place.log_in().await;
        let tokens: Arc<dyn AccessTokens> = Arc::new(place.keeper());
        let symbols = ["AAPL", "MSFT"].map(|name| Symbol::new(name).unwrap());
        let config = StreamerConfig::new(place.hosts(), symbols.into());
        let (market_to, market) = mpsc::unbounded_channel();
        let (orders_to, orders) = mpsc::channel(64);
        let streamer = Streamer::spawn(
            config,
            tokens,
            place.clock.clone(),
            (Arc::new(Sink(market_to)), orders_to),
            place.stop.clone(),
            &place.tasks,
        );
        Self { place, status: streamer.unwrap().status(), market, orders }
    }

    async fn market(&mut self, is_it: impl Fn(&Push) -> bool) -> Push {
        let waiting = async {
            loop {
                let push = self.market.recv().await.unwrap();
                if is_it(&push) {
                    return push;
                }
            }
        };
        within(waiting).await
    }

    async fn orders(&mut self) -> Push {
        within(self.orders.recv()).await.unwrap()
    }
}

fn is_up(push: &Push) -> bool {
    matches!(push, Push::Link { state, .. } if state.is_up())
}

#[tokio::test]
async fn quotes_flow_and_orders_are_read_before_their_link_is_up() {
    let mut desk = Desk::new().await;
    desk.market(is_up).await;
    desk.market(|push| matches!(push, Push::Quote(_))).await;
    let mut news = Vec::new();
    while !news.last().is_some_and(is_up) {
        news.push(desk.orders().await);
    }
    assert!(news.contains(&Push::OrdersResumed), "{news:?}");
    desk.place.stop.cancel();
    let stopped = desk.status.wait_for(|status| status.stopped.is_some());
    assert_eq!(within(stopped).await.unwrap().stopped, Some(StopReason::Asked));
}

#[tokio::test]
async fn a_frame_that_is_not_json_costs_one_connection() {
    let mut desk = Desk::new().await;
    desk.market(is_up).await;
    desk.market(|push| matches!(push, Push::Quote(_))).await;
    desk.place.fault(r#"{"bad_frame":1}"#).await;
    desk.market(|push| matches!(push, Push::Link { state, .. } if !state.is_up())).await;
    desk.market(|push| matches!(push, Push::MarketResumed { .. })).await;
    desk.market(|push| matches!(push, Push::Quote(_))).await;
    let counted = desk.status.wait_for(|status| status.counts.unreadable == 1);
    within(counted).await.unwrap();
}

#[tokio::test]
async fn a_refused_login_is_tried_again_with_another_token() {
    let mut desk = Desk::new().await;
    desk.market(is_up).await;
    desk.place.fault(r#"{"deny_stream":1,"stream_drop":1}"#).await;
    desk.market(|push| matches!(push, Push::Link { state, .. } if !state.is_up())).await;
    desk.market(is_up).await;
}

#[tokio::test]
async fn a_streamer_that_is_taken_over_does_not_fight() {
    let mut desk = Desk::new().await;
    desk.market(is_up).await;
    desk.place.fault(r#"{"kick_stream":1}"#).await;
    let stopped = desk.status.wait_for(|status| status.stopped.is_some());
    assert_eq!(within(stopped).await.unwrap().stopped, Some(StopReason::TakenOver));
}
