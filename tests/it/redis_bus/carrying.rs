//! What goes out: every event on its channel, the order path on the stream.

use flightdeck::bus::redis::follower::{Follower, Position};
use flightdeck::bus::redis::names::is_order_path;
use flightdeck::bus::redis::{BusConfig, Endpoint, Trust};
use futures_util::StreamExt;
use rcgen::{CertificateParams, KeyPair};

use super::{Bus, INSTANCE, line};
use crate::support::examples;
use crate::support::redis::{PATIENCE, Server, until};

/// Follows until so many events were read.
pub(super) async fn follow(
    server: &Server,
    after: Position,
    number: usize,
) -> Vec<(Position, String)> {
    let mut follower = Follower::open(&server.readers_endpoint(), INSTANCE, after).await.unwrap();
    assert!(!follower.has_lost());
    let mut read = Vec::new();
    let reading = async {
        while read.len() < number {
            let news = follower.read().await.unwrap();
            read.extend(news.iter().map(|(place, envelope)| (*place, line(envelope))));
        }
    };
    let is_in_time = tokio::time::timeout(PATIENCE, reading).await.is_ok();
    assert!(is_in_time, "{} of {number} events were read", read.len());
    read
}

/// The numbers of what was read.
pub(super) fn numbers(read: &[(Position, String)]) -> Vec<u64> {
    read.iter().map(|(place, _)| place.seq.0).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_published_on_the_channel_of_its_name_as_its_envelope() {
    let server = Server::guarded();
    let mut subscriber = server.subscriber("reader").await;
    subscriber.psubscribe("*").await.unwrap();
    let mut bus = Bus::on(&server);
    let first = line(&bus.happens(super::cancel()));
    bus.desk.until_held(false).await;
    let told: Vec<_> = examples::all().into_iter().map(|event| bus.happens(event)).collect();
    let mut heard = subscriber.into_on_message();
    for envelope in told {
        // The probe of the start is no event; the first event may still have been news.
        let message = loop {
            let message = tokio::time::timeout(PATIENCE, heard.next()).await.unwrap().unwrap();
            let payload = message.get_payload_bytes();
            if payload.starts_with(b"{\"event\"") && payload != first.as_bytes() {
                break message;
            }
        };
        assert_eq!(message.get_channel_name(), envelope.event.name());
        assert_eq!(message.get_payload::<String>().unwrap(), line(&envelope));
    }
    bus.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_subscriber_catches_up_without_loss_from_any_place_on() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.happens(super::cancel());
    bus.desk.until_held(false).await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        for event in examples::all() {
            let envelope = bus.happens(event);
            if is_order_path(envelope.event.name()) {
                expected.push(line(&envelope));
            }
        }
    }
    let all = follow(&server, Position::default(), expected.len() + 1).await;
    let lines: Vec<&String> = all.iter().skip(1).map(|(_, line)| line).collect();
    assert_eq!(lines, expected.iter().collect::<Vec<_>>());
    let half = all.len() / 2;
    let rest = follow(&server, all[half - 1].0, all.len() - half).await;
    assert_eq!(rest, all[half..]);
    bus.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_whose_place_is_gone_is_told_so() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(10);
    bus.desk.until_held(false).await;
    let all = follow(&server, Position::default(), 10).await;
    let mut admin = server.connect("admin").await;
    let trim = redis::cmd("XTRIM").arg("flightdeck:test:orders").arg("MAXLEN").arg(3).to_owned();
    trim.exec_async(&mut admin).await.unwrap();
    let late = Follower::open(&server.readers_endpoint(), INSTANCE, all[2].0).await.unwrap();
    assert!(late.has_lost());
    bus.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_last_is_carried_before_the_bus_ends() {
    let server = Server::guarded();
    let mut bus = Bus::on(&server);
    bus.cancels(1);
    bus.desk.until_held(false).await;
    bus.cancels(5_000);
    bus.end().await;
    let all = follow(&server, Position::default(), 5_001).await;
    assert_eq!(numbers(&all), (1..=5_001).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bus_goes_over_tls_with_an_authority_of_its_own() {
    flightdeck::brokers::install_tls_provider();
    let mut server = Server::empty();
    let pair = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    let (cert, key) = (server.path("cert.pem"), server.path("key.pem"));
    std::fs::write(&cert, certificate.pem()).unwrap();
    std::fs::write(&key, pair.serialize_pem()).unwrap();
    // Free a moment ago; nobody else on this machine takes ports as fast.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let words = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    server.set(&["--tls-port", &port.to_string(), "--bind", "127.0.0.1"]);
    server.set(&["--tls-cert-file", &words(&cert), "--tls-key-file", &words(&key)]);
    server.set(&["--tls-auth-clients", "no"]);
    server.start();
    let config = BusConfig {
        redis: format!("rediss://127.0.0.1:{port}"),
        ca_file: cert,
        trust: Trust::Loopback,
        ..BusConfig::default()
    };
    let mut bus = Bus::at(Endpoint::new(&config).unwrap(), Trust::Loopback);
    bus.cancels(3);
    bus.desk.until_held(false).await;
    bus.end().await;
    // The same address with the system's authorities is not believed.
    let config = BusConfig { ca_file: std::path::PathBuf::new(), ..config };
    let mut bus = Bus::at(Endpoint::new(&config).unwrap(), Trust::Loopback);
    bus.cancels(3);
    let said = bus.desk.clone();
    until("the bus says that it is down", || said.names().contains(&"system.bus.down")).await;
    assert!(said.is_held.load(std::sync::atomic::Ordering::SeqCst));
    bus.end().await;
}
