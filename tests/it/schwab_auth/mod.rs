//! Login at Schwab, the life of a token and the streamer, against the simulated Schwab
//! on loopback.

mod command;
mod life;
mod login;
mod streamer;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::brokers::install_tls_provider;
use flightdeck::brokers::schwab::auth::{AppKeys, Callback, LoggedIn, Login, LoginSettings};
use flightdeck::brokers::schwab::hosts::SchwabHosts;
use flightdeck::brokers::schwab::token::{TokenKeeper, TokenSettings};
use flightdeck::brokers::sim::server::schwab::{SchwabConfig, SchwabState};
use flightdeck::brokers::sim::server::{
    Pace, ServerConfig, SimClock, WorldSetup, open, serve_schwab,
};
use flightdeck::domain::money::Money;
use flightdeck::domain::time::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const KEY: &str = "canary-app-key";
const SECRET: &str = "canary-app-secret";

/// Everything is over in a blink, or something hangs.
async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(40), what).await.expect("it takes too long")
}

/// A simulated Schwab and a user's files.
struct Place {
    base: String,
    callback: String,
    clock: Arc<SimClock>,
    folder: tempfile::TempDir,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Place {
    async fn new(pace: Pace, start: &str, config: SchwabConfig) -> Self {
        install_tls_provider();
        // A free port, which the callback takes a moment later.
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let callback = format!("https://127.0.0.1:{port}");
        let setup = WorldSetup {
            seed: 7,
            start: start.parse().unwrap(),
            symbols: Vec::new(),
            opening_cash: Money::from_dollars(100_000),
        };
        let world = open(&setup, pace, ServerConfig::default()).unwrap();
        let clock = world.clock.clone();
        let config = SchwabConfig { callbacks: vec![callback.clone()], ..config };
        let face = SchwabState::new(world, config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let served = serve_schwab(listener, face, stop.clone());
        tasks.spawn(async move { served.await.unwrap() });
        let folder = tempfile::tempdir().unwrap();
        Self { base, callback, clock, folder, stop, tasks }
    }

    /// One whose clock stands.
    async fn standing() -> Self {
        Self::new(Pace::Manual, "2026-10-05T12:00:00Z", SchwabConfig::default()).await
    }

    fn hosts(&self) -> SchwabHosts {
        SchwabHosts::simulated(&self.base).unwrap()
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("token.json")
    }

    fn stored(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.token_file()).unwrap()).unwrap()
    }

    fn begin(&self) -> Login {
        let settings = LoginSettings {
            hosts: self.hosts(),
            keys: AppKeys::new(KEY, SECRET).unwrap(),
            callback: Callback::new(&self.callback).unwrap(),
            token_file: self.token_file(),
        };
        Login::begin(settings, self.clock.clone()).unwrap()
    }

    /// Where the simulated person's browser is sent to.
    async fn agreed(&self, address: &str) -> String {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let reply = client.get(address).send().await.unwrap();
        reply.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Logs in by a paste.
    async fn log_in(&self) -> LoggedIn {
        let login = self.begin();
        let (paste, pasted) = mpsc::channel(1);
        paste.send(self.agreed(login.address().as_str()).await).await.unwrap();
        within(login.finish(None, Some(pasted), |error| panic!("{error}"))).await.unwrap()
    }

    fn keeper(&self) -> TokenKeeper {
        let settings = TokenSettings {
            hosts: self.hosts(),
            keys: AppKeys::new(KEY, SECRET).unwrap(),
            token_file: self.token_file(),
        };
        TokenKeeper::spawn(settings, self.clock.clone(), self.stop.clone(), &self.tasks).unwrap()
    }

    /// Lets something go wrong, or turns a knob.
    async fn fault(&self, body: &str) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = client.post(format!("{}/_sim/fault", self.base)).body(body.to_owned());
        let reply = call.send().await.unwrap();
        assert!(reply.status().is_success(), "{body}: {}", reply.status());
    }

    fn now(&self) -> Timestamp {
        use flightdeck::bus::clock::Clock;
        self.clock.now()
    }
}
