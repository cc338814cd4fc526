//! Alpaca's two streams against a scripted server on loopback: real sockets, real
//! frames, and everything that servers do to them.

mod data;
mod orders;
mod server;

use std::time::Duration;

use flightdeck::brokers::Push;
use flightdeck::brokers::alpaca::ApiKeys;
use flightdeck::brokers::alpaca::stream::StreamTiming;
use tokio::time::timeout;

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keys that open nothing.
fn keys() -> ApiKeys {
    ApiKeys::new("PKTEST".to_owned().into(), "hidden".to_owned().into()).unwrap()
}

/// Times short enough for a test, and long enough for a busy machine.
fn quick() -> StreamTiming {
    StreamTiming {
        wait_first: Duration::from_millis(20),
        wait_max: Duration::from_millis(50),
        crowded_wait_min: Duration::from_millis(20),
        check_every: Duration::from_millis(10),
        ..StreamTiming::default()
    }
}

/// Waits, but not for ever.
#[track_caller]
fn soon<F: Future>(what: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let Ok(done) = timeout(PATIENCE, what).await else { panic!("waited too long at {place}") };
        done
    }
}

/// A push in a word or two.
fn word(push: &Push) -> String {
    match push {
        Push::Link { state, .. } => state.name().to_owned(),
        Push::Order(update) => format!("order {}", update.order.report.filled),
        Push::OrdersResumed => "orders resumed".into(),
        Push::Quote(quote) => format!("quote {} {}", quote.symbol, quote.bid),
        Push::Tick(tick) => format!("tick {} {}", tick.symbol, tick.price),
        Push::Bar(interval, bar) => format!("bar {interval} {}", bar.symbol),
        Push::Status(change) => format!("status {:?}", change.status),
        Push::Band(band) => format!("band {} {}", band.down, band.up),
        Push::Correction(wrong) => {
            let right = wrong.right.map_or("nothing".to_owned(), |right| right.price.to_string());
            format!("{} was {right}", wrong.wrong.price)
        }
        Push::MarketResumed { since } => format!("resumed {since}"),
    }
}
