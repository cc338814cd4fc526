//! The way to a collector: all of it arrives, and what cannot arrive holds nobody up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::app::People;
use flightdeck::brokers::install_tls_provider;
use flightdeck::bus::clock::{ReplayClock, Stopwatch};
use flightdeck::domain::position::Direction;
use flightdeck::events::{Envelope, ExitStyle};
use flightdeck::journal::Forgetful;
use flightdeck::telemetry::Telemetry;
use flightdeck::telemetry::settings::Settings;
use flightdeck::telemetry::spans::VenueNames;

use super::collector::{Collector, Mood};
use super::traces::ENTRY;
use super::{check_sound, entry_of, outline, spans_of, tree};
use crate::support::cockpit::{Cockpit, rules};
use crate::support::wired::{Market, Wired, listed, wire_rules};

fn telemetry(endpoint: &str) -> Arc<Telemetry> {
    install_tls_provider();
    let settings = Settings::read(|_| None, endpoint).unwrap();
    Arc::new(Telemetry::open(&settings, "test-1").unwrap())
}

/// Ends it as a program does: away from the workers.
async fn ended(telemetry: Arc<Telemetry>) -> bool {
    tokio::task::spawn_blocking(move || telemetry.end()).await.unwrap()
}

fn golden() -> Vec<Envelope> {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    cockpit.journal()
}

/// Lets a journal be seen.
fn show(telemetry: &Telemetry, journal: &[Envelope]) {
    let clock = Arc::new(ReplayClock::default());
    let names = VenueNames::alpaca("127.0.0.1");
    let mut tap = telemetry.tap(names, clock, &mut Forgetful).unwrap();
    for envelope in journal {
        tap.see(envelope);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_spans_of_the_golden_trade_over_the_wire_arrive_with_parents_and_links() {
    let collector = Collector::open(Mood::Takes).await;
    let telemetry = telemetry(&collector.endpoint());
    let folder = tempfile::tempdir().unwrap();
    let mut config = wire_rules();
    config.position.exit_style = ExitStyle::Managed;
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let people = People { telemetry: Some(telemetry.clone()), ..People::default() };
    let wired = Wired::open_among(people, (&market, &market.base), &config, &folder).await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    market.pin("AAPL", "201.82", "201.83", "201.82");
    wired.advance(1).await;
    wired.wait_for("strategy.trade.logged").await;
    let trade = wired.trade("AAPL");
    let page = telemetry.page().unwrap();
    let journal = wired.end().await;
    assert!(ended(telemetry.clone()).await, "the collector takes everything in time");

    let made = spans_of(&journal);
    check_sound(&made);
    assert_eq!(tree(&entry_of(&made, &trade)), outline(ENTRY));
    let arrived = collector.spans();
    let of_made: BTreeSet<_> = made
        .iter()
        .map(|span| {
            let links: Vec<_> = span
                .links
                .iter()
                .map(|to| (to.trace().to_string(), format!("{:016x}", to.span_id)))
                .collect();
            let parent = span.parent.map_or_else(String::new, |id| format!("{id:016x}"));
            let id = format!("{:016x}", span.context.span_id);
            (span.context.trace().to_string(), id, parent, span.name.to_string(), links)
        })
        .collect();
    let of_arrived: BTreeSet<_> = arrived
        .iter()
        .cloned()
        .map(|span| (span.trace, span.id, span.parent, span.name, span.links))
        .collect();
    assert_eq!(of_arrived, of_made);
    assert_eq!(arrived.len(), made.len(), "nothing arrives twice");
    let place = arrived.iter().find(|span| span.name == "alpaca_api.place_order").unwrap();
    assert_eq!((place.kind, place.status), (3, 0), "a client's span, no error");
    assert_eq!(place.attributes["trade.id"], trade.as_str());
    // The clock of this house stands until the test moves it.
    assert!(place.start > 0 && place.end >= place.start);
    let root = arrived.iter().find(|span| span.name == "trade").unwrap();
    assert!(root.moments > 5 && root.attributes["trade.entry_price"] == "175.50");
    assert_eq!(collector.resource()["service.name"], "flightdeck");
    assert_eq!(collector.resource()["service.instance.id"], "test-1");
    let counts = telemetry.span_counts().unwrap();
    let made = u64::try_from(made.len()).unwrap();
    assert_eq!((counts.sent(), counts.dropped(), counts.failed()), (made, 0, 0));

    assert!(collector.metrics().iter().any(|name| name == "flightdeck.order.wire_to_ack"));
    for line in [
        "flightdeck_order_wire_to_ack_seconds_count",
        "flightdeck_position_naked_time_seconds_count",
        "flightdeck_trading_state",
        "flightdeck_data_age_seconds",
        "flightdeck_quotes_total",
        "flightdeck_spans_dropped_total",
        "flightdeck_feed_up",
    ] {
        assert!(page.contains(line), "no {line} in\n{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_refuses_or_hangs_ends_within_two_seconds_and_is_counted() {
    for (mood, is_tried) in [(Mood::Refuses, true), (Mood::Hangs, false)] {
        let collector = Collector::open(mood).await;
        let telemetry = telemetry(&collector.endpoint());
        show(&telemetry, &golden());
        let watch = Stopwatch::start();
        assert_eq!(ended(telemetry.clone()).await, is_tried, "{mood:?}");
        let took = watch.elapsed();
        assert!(took < Duration::from_millis(2_500), "{mood:?}: the end took {took:?}");
        let counts = telemetry.span_counts().unwrap();
        assert_eq!(counts.sent(), 0);
        assert_eq!(counts.failed() > 0, is_tried, "{mood:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_finds_the_queue_full_is_dropped_and_counted_and_nobody_waits() {
    let collector = Collector::open(Mood::Hangs).await;
    let telemetry = telemetry(&collector.endpoint());
    let journal = golden();
    let clock = Arc::new(ReplayClock::default());
    let names = VenueNames::alpaca("127.0.0.1");
    let mut tap = telemetry.tap(names, clock, &mut Forgetful).unwrap();
    let counts = telemetry.span_counts().unwrap();
    let mut rounds = 0;
    while counts.dropped() == 0 {
        rounds += 1;
        assert!(rounds < 100_000, "the queue has no end");
        for envelope in &journal {
            tap.see(envelope);
        }
    }
    let page = telemetry.page().unwrap();
    let line =
        page.lines().find(|line| line.starts_with("flightdeck_spans_dropped_total")).unwrap();
    assert!(!line.ends_with(" 0"), "{line}");
}
