//! Keys are in nothing that the whole house writes, whatever happens to it: canary keys,
//! a log that keeps everything, and every error that can be had (I10).
//!
//! The log belongs to a whole process, so the house lives in a child: this same test
//! binary, told by a variable of the environment where to write.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use flightdeck::app::wire::{House, Setting, WireOptions};
use flightdeck::brokers::alpaca::{AccountKind, AlpacaConfig, ApiKeys};
use flightdeck::brokers::sim::server::{Fault, FaultOrder};
use flightdeck::risk::AccountMode;
use flightdeck::telemetry::{LogTarget, init};
use jiff::SignedDuration;

use crate::support::cockpit::symbol;
use crate::support::wired::{Market, listed, wire_rules, within};

const KEY_ID: &str = "PKCANARYWHOLEHOUSE";
const SECRET: &str = "canarywholehouse0000000000000000secret00";
/// Where the child writes; it does nothing without.
const FOLDER: &str = "FLIGHTDECK_TEST_CANARY_FOLDER";

fn keys() -> ApiKeys {
    ApiKeys::new(KEY_ID.to_owned().into(), SECRET.to_owned().into()).unwrap()
}

#[test]
fn i10_a_key_is_in_no_log_no_event_no_journal_and_no_error_of_the_whole_house() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "alpaca_faults::secrets::the_house_of_the_child", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("FLIGHTDECK_LOG", "trace,tungstenite=trace,hyper=trace")
        .output()
        .unwrap();
    let said = [child.stdout, child.stderr].concat();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&said));
    let mut written = files(folder.path());
    let log = written.iter().find(|(path, _)| path.extension().is_some_and(|it| it == "log"));
    let log = String::from_utf8_lossy(&log.unwrap().1).into_owned();
    for proof in ["DEBUG", "alpaca.orders", "POST /v2/orders", "unauthorized"] {
        assert!(log.contains(proof), "the log keeps {proof}");
    }
    assert!(written.iter().any(|(_, bytes)| bytes.starts_with(b"SQLite format 3")));
    written.push(("what the process said".into(), said));
    for (path, bytes) in written {
        for canary in [KEY_ID, SECRET, "wholehouse"] {
            let found = bytes.windows(canary.len()).any(|part| part == canary.as_bytes());
            assert!(!found, "{canary} in {}", path.display());
        }
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found
}

fn setting(market: &Market) -> Setting {
    let base: url::Url = market.base.parse().unwrap();
    let kind = AccountKind::Simulated { trading: base.clone(), data: base };
    Setting {
        mode: AccountMode::Paper,
        account: AlpacaConfig::new(kind),
        keys: keys(),
        clock: market.state.clock.clone(),
        symbols: vec![symbol("AAPL")],
        speed: 1,
    }
}

/// Lets the market's time go by, twenty times as fast as the wall's.
async fn pass(market: &Market, house: &House, is_over: impl Fn() -> bool) {
    let mut beat = tokio::time::interval(Duration::from_millis(50));
    let passing = async {
        while !is_over() {
            beat.tick().await;
            let now = market.state.clock.advance(SignedDuration::from_secs(1));
            market.state.with_world(|_| ());
            house.door().advance(now).await.unwrap();
        }
    };
    within("the time passes", passing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_house_of_the_child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let _log = init(&LogTarget::Folder(folder.join("logs"))).unwrap();
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let journal = folder.join("journal.sqlite");
    let options = WireOptions { journal, ..WireOptions::default() };
    // Keys that are refused end the start, with words for a person.
    market.state.reject_key(Some(KEY_ID.to_owned()));
    let out = Box::new(File::create(folder.join("refused.jsonl")).unwrap());
    let refused = House::open(&wire_rules(), &options, setting(&market), out, Vec::new()).await;
    let refused = refused.unwrap_err();
    tracing::error!(error = %refused, debug = ?refused, "unauthorized");
    market.state.reject_key(None);
    // A day with everything that can go wrong with a call.
    let out = Box::new(File::create(folder.join("events.jsonl")).unwrap());
    let setting = setting(&market);
    tracing::info!(?setting, debug = ?setting.keys, "a house of canaries");
    let house = House::open(&wire_rules(), &options, setting, out, Vec::new()).await.unwrap();
    for fault in [Fault::DropAfterAccept, Fault::StreamDrop, Fault::NullUpdate] {
        market.state.faults.arm(fault, FaultOrder::times(1));
    }
    let begun = market.state.now().plus(SignedDuration::from_secs(10));
    pass(&market, &house, || market.state.now() > begun).await;
    market.surge("AAPL", 2_000);
    pass(&market, &house, || market.executions() > 0 && market.resting().len() == 2).await;
    market.state.faults.arm(Fault::HtmlGateway, FaultOrder::times(2));
    market.state.faults.arm(Fault::StreamDrop, FaultOrder::times(1));
    market.pin("AAPL", "201.82", "201.83", "201.82");
    // Streams and calls are refused from now on.
    market.state.reject_key(Some(KEY_ID.to_owned()));
    let until = market.state.now().plus(SignedDuration::from_secs(60));
    pass(&market, &house, || market.state.now() > until).await;
    within("the house ends", house.end("a test asked")).await.unwrap();
    let panicked = std::panic::catch_unwind(|| panic!("with {:?}", keys()));
    assert!(panicked.is_err());
}
