//! The binary with a collector beside it, and with a page.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::collector::{Collector, Mood};
use crate::headless::SMALL;
use crate::support::program::{Home, exported};

const RUN: &str =
    "--no-ui --config small.toml --journal journal --seed 7 --speed max --until-trades 1";

/// Runs beside a collector and returns the journal.
fn run(endpoint: Option<&str>) -> String {
    let home = Home::new().with("small.toml", SMALL);
    let mut command = home.command(RUN);
    if let Some(endpoint) = endpoint {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    exported(&home.path("journal"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_writes_the_same_journal_whatever_its_collector_does() {
    let quiet = tokio::task::spawn_blocking(|| run(None)).await.unwrap();
    for mood in [Mood::Takes, Mood::Refuses, Mood::Hangs] {
        let collector = Collector::open(mood).await;
        let endpoint = collector.endpoint();
        let journal = tokio::task::spawn_blocking(move || run(Some(&endpoint))).await.unwrap();
        assert!(journal == quiet, "{mood:?} shows in the journal");
        if mood == Mood::Takes {
            let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
            for name in ["trade", "order.submit", "sim_venue.place_order", "position.exit"] {
                assert!(names.iter().any(|known| known == name), "no {name} in {names:?}");
            }
        }
    }
    let nobody = tokio::task::spawn_blocking(|| run(Some("http://127.0.0.1:9"))).await.unwrap();
    assert!(nobody == quiet, "a closed port shows in the journal");
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_are_served_on_loopback_while_a_run_goes() {
    let home = Home::new().with("small.toml", SMALL);
    // A free port, given back just before.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let arguments = format!(
        "--no-ui --config small.toml --journal journal --seed 7 --speed 2000x --metrics {address}"
    );
    let mut running = home.start(&arguments);
    let text = running.read(500);
    assert!(text.lines().count() == 500, "{text}");
    let page = get(address, "/metrics");
    for line in [
        "flightdeck_events_total{family=\"market\"",
        "flightdeck_trading_state",
        "flightdeck_bus_lag_seconds_bucket",
        "flightdeck_agent_handle_seconds_bucket",
        "flightdeck_journal_commit_seconds",
    ] {
        assert!(page.contains(line), "no {line} in\n{page}");
    }
    assert!(get(address, "/healthz").contains(r#""trading":"ACTIVE""#));
    running.signal("TERM");
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn an_endpoint_that_is_none_and_an_address_for_others_are_refused() {
    let home = Home::new().with("small.toml", SMALL);
    let mut command = home.command(RUN);
    let output = command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{said}");
    assert_eq!(home.run(&format!("{RUN} --metrics 0.0.0.0:9464")).code, Some(2));
}
