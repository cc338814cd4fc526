//! Notices on their way out: a receiver on loopback hears what a person should.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use flightdeck::brokers::install_tls_provider;
use flightdeck::control::notify::{Notice, Notifier};
use flightdeck::control::webhook::{QUEUE_MAX, Webhook, WebhookError};
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Alert, Envelope, Severity, SystemEvent};

fn notice(text: &str) -> Notice {
    let alert = Alert { severity: Severity::Critical, text: text.into() };
    let envelope = Envelope {
        seq: Seq(7),
        at: Timestamp::from_seconds(1_000),
        cause: None,
        root: Seq(7),
        source: AgentId::RiskManagement,
        event: SystemEvent::Alert(alert).into(),
    };
    Notifier::default().see(Timestamp::from_seconds(1_000), &envelope).unwrap()
}

async fn receiver() -> (TcpListener, Webhook) {
    install_tls_provider();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, Webhook::new(&format!("http://{address}/hook?token=secret")).unwrap())
}

/// Reads one post and returns the connection and its body.
async fn post(listener: &TcpListener) -> (TcpStream, Value) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut heard = Vec::new();
    loop {
        let mut more = [0; 4_096];
        let read = stream.read(&mut more).await.unwrap();
        assert!(read > 0, "the post is whole");
        heard.extend_from_slice(&more[..read]);
        let text = String::from_utf8_lossy(&heard).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("POST /hook?token=secret HTTP/1.1"), "{head}");
            if let Ok(body) = serde_json::from_str(body) {
                return (stream, body);
            }
        }
    }
}

async fn answer(mut stream: TcpStream, status: &str) {
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// Bounds a wait by the time that an alert may take.
async fn soon<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), wait).await.expect("an alert takes 5 s at most")
}

#[tokio::test]
async fn a_notice_is_posted_as_json() {
    let (listener, webhook) = receiver().await;
    assert!(!format!("{webhook:?}").contains("secret"), "the address is never printed");
    let stop = CancellationToken::new();
    let (outlet, task) = webhook.start(stop.clone());
    let task = tokio::spawn(task);
    outlet.send(notice("AAPL has no stop"));
    let (stream, body) = soon(post(&listener)).await;
    assert_eq!(body["text"], "AAPL has no stop");
    assert_eq!(body["kind"], "alert");
    assert_eq!(body["severity"], "critical");
    assert_eq!(body["seq"], 7);
    answer(stream, "204 No Content").await;
    drop(outlet);
    soon(task).await.unwrap();
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_and_a_refusing_one_is_not() {
    let (listener, webhook) = receiver().await;
    let stop = CancellationToken::new();
    let (outlet, task) = webhook.start(stop.clone());
    let task = tokio::spawn(task);
    outlet.send(notice("one"));
    answer(soon(post(&listener)).await.0, "503 Service Unavailable").await;
    let (stream, body) = soon(post(&listener)).await;
    assert_eq!(body["text"], "one", "the same again");
    answer(stream, "200 OK").await;
    outlet.send(notice("two"));
    answer(soon(post(&listener)).await.0, "404 Not Found").await;
    outlet.send(notice("three"));
    let (stream, body) = soon(post(&listener)).await;
    assert_eq!(body["text"], "three", "two is not tried again");
    answer(stream, "200 OK").await;
    let lost = Arc::new(outlet.clone());
    drop(outlet);
    assert_eq!(lost.lost().min(1), lost.lost());
    stop.cancel();
    soon(task).await.unwrap();
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_neither_the_house_nor_the_next_notice_back() {
    let (listener, webhook) = receiver().await;
    let stop = CancellationToken::new();
    let (outlet, task) = webhook.start(stop.clone());
    let task = tokio::spawn(task);
    outlet.send(notice("first"));
    let (_silent, _) = soon(post(&listener)).await;
    outlet.send(notice("second"));
    let (stream, body) = soon(post(&listener)).await;
    assert_eq!(body["text"], "second");
    answer(stream, "200 OK").await;
    stop.cancel();
    soon(task).await.unwrap();
}

#[tokio::test]
async fn what_does_not_fit_into_the_queue_is_counted_and_nobody_waits() {
    let (_listener, webhook) = receiver().await;
    let (outlet, task) = webhook.start(CancellationToken::new());
    // The task does not run: the queue is all there is.
    for _ in 0..QUEUE_MAX + 3 {
        outlet.send(notice("flood"));
    }
    assert_eq!(outlet.lost(), 3);
    drop(task);
}

#[tokio::test]
async fn an_address_that_others_could_read_along_is_refused() {
    install_tls_provider();
    for bad in ["http://example.org/hook", "http://127.0.0.1.example.org", "ftp://localhost/x"] {
        assert!(matches!(Webhook::new(bad), Err(WebhookError::NotPrivate)), "{bad}");
    }
    for bad in ["", "hook", "https://"] {
        assert!(matches!(Webhook::new(bad), Err(WebhookError::NotAUrl)), "{bad}");
    }
    for good in
        ["https://example.org/hook", "http://127.0.0.1:9/x", "http://[::1]:9", "http://localhost"]
    {
        assert!(Webhook::new(good).is_ok(), "{good}");
    }
}
