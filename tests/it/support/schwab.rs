//! A simulated Schwab with a person's login, for tests of a whole house.

use flightdeck::app::schwab::{SchwabSetting, Stake};
use flightdeck::app::second::SecondSource;
use flightdeck::brokers::schwab::auth::{AppKeys, Callback, Login, LoginSettings};
use flightdeck::brokers::schwab::hosts::SchwabHosts;
use flightdeck::brokers::sim::server::schwab::{SchwabConfig, SchwabShared, SchwabState};
use flightdeck::brokers::sim::server::{Shared, serve_schwab};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::wired::within;

const CALLBACK: &str = "https://127.0.0.1:8182";

/// Schwab's face of a world.
pub(crate) struct Face {
    pub(crate) venue: SchwabShared,
    base: String,
    folder: tempfile::TempDir,
    browser: reqwest::Client,
    _stop: DropGuard,
}

impl Face {
    /// Serves a world, and logs a person in.
    pub(crate) async fn of(world: Shared) -> Self {
        Self::with(world, SchwabConfig::default()).await
    }

    /// The same with some knobs turned.
    pub(crate) async fn with(world: Shared, config: SchwabConfig) -> Self {
        flightdeck::brokers::install_tls_provider();
        let venue = SchwabState::new(world, config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(serve_schwab(listener, venue.clone(), stop.clone()));
        let none = reqwest::redirect::Policy::none();
        let browser = reqwest::Client::builder().redirect(none).no_proxy().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let face = Self { venue, base, folder, browser, _stop: stop.drop_guard() };
        face.log_in().await;
        face
    }

    fn hosts(&self) -> SchwabHosts {
        SchwabHosts::simulated(&self.base).unwrap()
    }

    fn keys() -> AppKeys {
        AppKeys::new("app-key", "app-secret").unwrap()
    }

    /// A person logs in, as from a second terminal.
    pub(crate) async fn log_in(&self) {
        let settings = LoginSettings {
            hosts: self.hosts(),
            keys: Self::keys(),
            callback: Callback::new(CALLBACK).unwrap(),
            token_file: self.folder.path().join("token.json"),
        };
        let login = Login::begin(settings, self.venue.world.clock.clone()).unwrap();
        let agreed = self.browser.get(login.address().as_str()).send().await.unwrap();
        let redirect = agreed.headers()["location"].to_str().unwrap().to_owned();
        let (paste, pasted) = mpsc::channel(1);
        paste.send(redirect).await.unwrap();
        let finish = login.finish(None, Some(pasted), |error| panic!("{error}"));
        within("the login", finish).await.unwrap();
    }

    /// What a house is told of it.
    pub(crate) fn setting(&self, stake: Stake) -> SchwabSetting {
        SchwabSetting {
            hosts: self.hosts(),
            keys: Self::keys(),
            token_file: self.folder.path().join("token.json"),
            stake,
            clock: self.venue.world.clock.clone(),
        }
    }

    /// As a source of data beside another broker.
    pub(crate) fn second(&self) -> SecondSource {
        SecondSource::Schwab(Box::new(self.setting(Stake::DataOnly)))
    }

    /// Lets something go wrong, or turns a knob.
    pub(crate) async fn fault(&self, body: &str) {
        let call = self.browser.post(format!("{}/_sim/fault", self.base)).body(body.to_owned());
        let reply = call.send().await.unwrap();
        assert!(reply.status().is_success(), "{body}: {}", reply.status());
    }

    /// What has come in, the token endpoint left out.
    pub(crate) async fn calls(&self) -> Vec<String> {
        let asked = self.browser.get(format!("{}/_sim/requests", self.base)).send().await;
        let text = asked.unwrap().text().await.unwrap();
        let lines: Vec<String> = serde_json::from_str(&text).unwrap();
        lines.into_iter().filter(|line| !line.contains("/v1/oauth/")).collect()
    }

    /// Its market hears of the present.
    pub(crate) fn speak(&self) {
        self.venue.world.with_world(|_| ());
    }
}
