//! A server that answers, but late.

use std::path::PathBuf;
use std::time::Duration;

use flightdeck::bus::redis::follower::Position;
use flightdeck::bus::redis::{BusConfig, Endpoint, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Bus;
use super::carrying::{follow, numbers};
use crate::support::redis::Server;

/// How late a slow server answers.
const LATE: Duration = Duration::from_millis(1_500);
/// Entries stop so soon.
const SOON: Duration = Duration::from_secs(1);

/// A way to a server on which its answers can be held up.
struct Proxy {
    port: u16,
    is_slow: watch::Sender<bool>,
    _stop: DropGuard,
}

impl Proxy {
    async fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_slow, slow) = watch::channel(false);
        let stop = CancellationToken::new();
        let (socket, ended) = (server.path("redis.sock"), stop.clone());
        tokio::spawn(async move {
            // The end first: there is always another caller.
            loop {
                tokio::select! {
                    biased;
                    () = ended.cancelled() => return,
                    called = listener.accept() => {
                        let (client, _) = called.unwrap();
                        tokio::spawn(carry(client, socket.clone(), slow.clone()));
                    }
                }
            }
        });
        Self { port, is_slow, _stop: stop.drop_guard() }
    }

    fn endpoint(&self) -> Endpoint {
        let redis = format!("redis://flightdeck:secret@127.0.0.1:{}", self.port);
        Endpoint::new(&BusConfig { redis, ..BusConfig::default() }).unwrap()
    }
}

/// Carries one connection; what the server says waits while it is to be slow.
async fn carry(client: tokio::net::TcpStream, socket: PathBuf, slow: watch::Receiver<bool>) {
    let Ok(server) = UnixStream::connect(socket).await else { return };
    let (mut asks, mut hears) = client.into_split();
    let (mut answers, mut takes) = server.into_split();
    let asking = async { tokio::io::copy(&mut asks, &mut takes).await.map(drop) };
    let answering = async {
        let mut bytes = [0; 1 << 14];
        loop {
            let read = answers.read(&mut bytes).await?;
            if read == 0 {
                return std::io::Result::Ok(());
            }
            if *slow.borrow() {
                tokio::time::sleep(LATE).await;
            }
            hears.write_all(&bytes[..read]).await?;
        }
    };
    // Whichever side ends first ends both.
    tokio::select! {
        biased;
        _ = asking => {}
        _ = answering => {}
    }
}

/// Faults page, F36.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f36_a_slow_server_holds_entries_within_a_second_and_misses_nothing() {
    let server = Server::guarded();
    let proxy = Proxy::before(&server).await;
    let mut bus = Bus::at(proxy.endpoint(), Trust::Acl);
    bus.cancels(10);
    bus.desk.until_held(false).await;
    proxy.is_slow.send_replace(true);
    bus.cancels(10);
    let took = bus.desk.until_held(true).await;
    assert!(took < SOON, "{took:?}");
    bus.cancels(10);
    proxy.is_slow.send_replace(false);
    bus.desk.until_held(false).await;
    bus.cancels(10);
    bus.end().await;
    let all = numbers(&follow(&server, Position::default(), 40).await);
    assert_eq!(all, (1..=40).collect::<Vec<_>>(), "each once, in order");
}
