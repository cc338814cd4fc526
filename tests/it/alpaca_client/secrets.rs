//! A key is in no text that a client makes, whatever happens to it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use flightdeck::brokers::Broker;
use flightdeck::brokers::alpaca::{AccountKind, AlpacaBroker, AlpacaConfig};
use flightdeck::domain::time::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::alpaca_client::{KEY_ID, SECRET, Step, Venue, client, keys, listed, order};

/// Every log line of a test.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[track_caller]
fn check(text: &str) {
    for key in [KEY_ID, SECRET] {
        assert!(!text.contains(key), "a key in: {text}");
    }
}

#[tokio::test]
async fn a_key_is_in_no_debug_output_no_error_and_no_log_line() {
    let lines = Lines::default();
    // With one log alone in the process, a place that logs asks only the thread that
    // comes by first whether anybody listens; the tests beside this one do not.
    let second = tracing::Dispatch::new(tracing_subscriber::registry());
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(lines.clone())
        .finish();
    let guard = tracing::subscriber::set_default(log);
    let venue = Venue::playing([
        Step::Answer(200, "X-Request-ID: r1\r\n", listed("a", "2026-10-05T13:45:04Z", "brand_new")),
        Step::answer(401, r#"{"message":"unauthorized."}"#),
        Step::Drop,
    ])
    .await;
    let client = client(&venue);
    check(&format!("{client:?} {:?}", keys()));
    client.submit(&order()).await.unwrap();
    for _ in 0..2 {
        let error = client.orders(Timestamp::default()).await.unwrap_err();
        check(&format!("{error} {error:?}"));
    }
    for kind in [AccountKind::Live, AccountKind::Paper] {
        match AlpacaBroker::new(AlpacaConfig::new(kind), &keys()) {
            Ok(client) => check(&format!("{client:?}")),
            Err(error) => check(&format!("{error} {error:?}")),
        }
    }
    drop((guard, second));
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("r1") && lines.contains("fd-20261005-000017"), "calls are logged");
    assert!(lines.contains("brand_new"), "oddities are logged");
    check(&lines);
}

#[tokio::test]
async fn paper_keys_never_reach_the_live_account() {
    let error = AlpacaBroker::new(AlpacaConfig::new(AccountKind::Live), &keys()).unwrap_err();
    assert!(error.to_string().contains("keys of a paper account"), "{error}");
    let paper = AlpacaBroker::new(AlpacaConfig::new(AccountKind::Paper), &keys()).unwrap();
    assert_eq!(paper.name(), "alpaca.paper");
    assert!(paper.deduplicates());
}
