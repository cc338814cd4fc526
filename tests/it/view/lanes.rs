//! Readers beside a publisher: the newest moment, single events, no waiting.

use std::time::Duration;

use flightdeck::domain::position::Direction;
use flightdeck::events::Envelope;
use flightdeck::view::{Projector, Publisher};
use tokio::time::timeout;

use super::{fold, setup};
use crate::support::cockpit::{Cockpit, rules};

fn journal() -> Vec<Envelope> {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    cockpit.journal()
}

#[tokio::test(start_paused = true)]
async fn the_last_event_before_a_silence_is_seen() {
    let journal = journal();
    let publisher = Publisher::new(Projector::new(&setup()));
    let mut viewer = publisher.viewer();
    let mut seen = 0;
    for envelope in &journal {
        publisher.see(envelope);
        // A slow reader: it looks at every seventh event only.
        if envelope.seq.0 % 7 == 0 && Some(envelope) != journal.last() {
            assert!(viewer.changed().await);
            viewer.snapshot();
            seen += 1;
        }
    }
    assert!(viewer.changed().await);
    assert!(seen > 5);
    assert_eq!(viewer.snapshot(), fold(&journal).snapshot());
    let silence = timeout(Duration::from_secs(60), viewer.changed()).await;
    assert!(silence.is_err(), "nothing new, no wake-up");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_waits_is_woken_and_told_when_it_is_over() {
    let journal = journal();
    let publisher = Publisher::new(Projector::new(&setup()));
    let mut viewer = publisher.viewer();
    let mut other = publisher.viewer();
    let reader = tokio::spawn(async move {
        let mut newest = 0;
        while viewer.changed().await {
            newest = viewer.snapshot().seq.0;
        }
        newest
    });
    for envelope in &journal {
        tokio::task::yield_now().await;
        publisher.see(envelope);
    }
    assert!(other.changed().await, "a second reader has its own place");
    drop(publisher);
    let newest = timeout(Duration::from_secs(5), reader).await.unwrap().unwrap();
    assert_eq!(newest, journal.last().unwrap().seq.0);
}

#[test]
fn single_events_come_in_order_and_none_before_somebody_reads() {
    let journal = journal();
    let publisher = Publisher::new(Projector::new(&setup()));
    let viewer = publisher.viewer();
    publisher.see(&journal[0]);
    let mut lines = Vec::new();
    viewer.events(&mut lines, 100);
    assert!(lines.is_empty());
    for envelope in &journal[1..] {
        publisher.see(envelope);
    }
    assert!(viewer.has_events());
    let dropped = viewer.events(&mut lines, usize::MAX);
    assert_eq!(dropped.total(), 0);
    assert!(lines.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    let fills: Vec<String> = lines
        .iter()
        .filter(|line| line.name == "order.fill.complete")
        .map(|line| line.text())
        .collect();
    assert_eq!(fills, ["buy 5 @ 175.50", "sell 5 @ 201.82"]);
}
