//! The deployment checklist: each check where all is well and where it is not, with real
//! files and sockets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use flightdeck::app::doctor::place::{FREE_MIN, Terminal};
use flightdeck::app::doctor::{Check, Verdict, account, place, remote};
use flightdeck::brokers::alpaca::{AccountKind, AlpacaConfig, ApiKeys};
use flightdeck::brokers::install_tls_provider;
use flightdeck::bus::clock::SystemClock;
use flightdeck::bus::redis::BusConfig;
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::time::Timestamp;
use flightdeck::telemetry::settings::Settings;

use crate::support::program::Home;
use crate::support::redis::Server;
use crate::support::wired::{Market, listed};

#[track_caller]
fn check(found: &Check, verdict: Verdict, said: &str) {
    assert_eq!(found.verdict, verdict, "{found:?}");
    assert!(found.said.contains(said), "{found:?}");
    let needs_remedy = matches!(verdict, Verdict::Fail | Verdict::Warn);
    assert_eq!(found.remedy.is_some(), needs_remedy, "{found:?}");
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_configuration_is_legal_or_its_error_is_told() {
    check(&account::configuration(&Ok("abc".into())), Verdict::Ok, "abc");
    check(&account::configuration(&Err("risk.x is unknown".into())), Verdict::Fail, "risk.x");
}

#[test]
fn keys_must_be_private_and_of_a_paper_account() {
    let home = Home::new();
    let file = |id: &str| {
        let text = format!("APCA_API_KEY_ID={id}\nAPCA_API_SECRET_KEY=s3cret\n");
        fs::write(home.path("keys"), text).unwrap();
        set_mode(&home.path("keys"), 0o600);
        account::find_keys(&home.path("keys"), |_| None)
    };
    check(&account::keys(&file("PK123")), Verdict::Ok, "paper");
    check(&account::paper_only(&file("PK123"), None), Verdict::Ok, "no way");
    check(&account::keys(&file("AK123")), Verdict::Fail, "live");
    check(&account::paper_only(&file("AK123"), None), Verdict::Fail, "live");
    check(&account::keys(&file("XX123")), Verdict::Fail, "PK");
    let live = Some("https://api.alpaca.markets");
    check(&account::paper_only(&file("PK123"), live), Verdict::Warn, "APCA_API_BASE_URL");
    set_mode(&home.path("keys"), 0o644);
    let open = account::find_keys(&home.path("keys"), |_| None);
    check(&account::keys(&open), Verdict::Fail, "644");
    let none = account::find_keys(Path::new(""), |_| None);
    check(&account::keys(&none), Verdict::Skipped, "none");
}

#[test]
fn a_login_that_is_seven_days_old_fails() {
    let home = Home::new();
    let token = r#"{"creation_timestamp":1000000,"token":{"access_token":"a",
        "refresh_token":"r","token_type":"Bearer","expires_in":1800,"expires_at":1001800}}"#;
    let home = home.with("token.json", token);
    set_mode(&home.path("token.json"), 0o600);
    let at = |days: i64| {
        let now = Timestamp::from_seconds(1_000_000 + days * 86_400 + 3_600);
        account::schwab_token(&home.path("token.json"), now)
    };
    check(&at(1), Verdict::Ok, "another");
    check(&at(6), Verdict::Warn, "ends");
    check(&at(7), Verdict::Fail, "over");
    let now = Timestamp::from_seconds(0);
    check(&account::schwab_token(&home.path("absent"), now), Verdict::Skipped, "none");
}

#[test]
fn limits_are_told_and_those_opened_wide_are_named() {
    let mut config = Config::defaults(Purpose::Paper);
    check(&account::limits(&config), Verdict::Ok, "drawdown 20 %");
    config.risk.max_drawdown = 1.into();
    check(&account::limits(&config), Verdict::Warn, "max_drawdown");
}

#[test]
fn the_data_folder_and_the_sockets_are_ours_alone() {
    let home = Home::new();
    let folder = home.path("data");
    check(&place::data_folder(&folder), Verdict::Ok, "will be made");
    check(&place::control_socket(&folder), Verdict::Ok, "will be made");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o700);
    check(&place::data_folder(&folder), Verdict::Ok, "700");
    check(&place::control_socket(&folder), Verdict::Ok, "ours");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nothing is left behind");
    set_mode(&folder, 0o755);
    check(&place::data_folder(&folder), Verdict::Fail, "755");
    check(&place::control_socket(&folder), Verdict::Fail, "755");
    let long = home.path(&"x".repeat(120));
    check(&place::control_socket(&long), Verdict::Fail, "too long");
}

#[test]
fn a_full_disk_fails() {
    let home = Home::new();
    check(&place::disk(&home.path("not/yet"), 1), Verdict::Ok, "free");
    check(&place::disk(&home.path("not/yet"), u64::MAX), Verdict::Fail, "free");
    assert_eq!(FREE_MIN, 1_000_000_000);
}

#[test]
fn a_broken_journal_fails() {
    let home = Home::new();
    check(&place::newest_journal(&home.path("")), Verdict::Skipped, "none");
    fs::create_dir(home.path("sim")).unwrap();
    let run = "--no-ui --seed 7 --duration 1m --speed max --journal sim/a.sqlite";
    assert_eq!(home.run(run).code, Some(0));
    check(&place::newest_journal(&home.path("")), Verdict::Ok, "whole");
    fs::write(home.path("sim/a.sqlite"), "this is no journal").unwrap();
    check(&place::newest_journal(&home.path("")), Verdict::Fail, "a.sqlite");
}

#[test]
fn another_instance_is_named_while_it_lives() {
    let home = Home::new();
    check(&place::instances(&home.path("sockets")), Verdict::Ok, "no other");
    fs::create_dir(home.path("sockets")).unwrap();
    let living = UnixListener::bind(home.path("sockets/paper.sock")).unwrap();
    check(&place::instances(&home.path("sockets")), Verdict::Warn, "paper");
    drop(living);
    check(&place::instances(&home.path("sockets")), Verdict::Ok, "no other");
}

#[test]
fn a_terminal_has_size_kind_and_signs() {
    let terminal = |size, kind: &str, locale: &str| {
        let (kind, locale) = (Some(kind.to_owned()), Some(locale.to_owned()));
        place::terminal(&Terminal { size, kind, colour: None, locale })
    };
    let large = Some((120, 40));
    check(&terminal(large, "xterm-256color", "C.UTF-8"), Verdict::Ok, "256 colours");
    check(&terminal(Some((60, 20)), "xterm", "C.UTF-8"), Verdict::Warn, "60");
    check(&terminal(large, "xterm", "C"), Verdict::Warn, "no UTF-8");
    check(&terminal(large, "dumb", "C.UTF-8"), Verdict::Fail, "dumb");
    check(&terminal(None, "xterm", "C"), Verdict::Skipped, "no terminal");
}

#[test]
fn an_unknown_time_zone_fails() {
    check(&place::time_zone("America/New_York"), Verdict::Ok, "known");
    check(&place::time_zone("Nowhere/Land"), Verdict::Fail, "Nowhere/Land");
}

#[tokio::test]
async fn alpaca_answers_with_a_clock_like_ours() {
    install_tls_provider();
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let keys = ApiKeys::from_lookup(|_| Some("PKTEST".to_owned())).unwrap();
    let at = |base: &str| {
        let base: url::Url = base.parse().unwrap();
        AlpacaConfig::new(AccountKind::Simulated { trading: base.clone(), data: base })
    };
    let found = remote::alpaca(at(&market.base), &keys, &*market.state.clock).await;
    check(&found, Verdict::Ok, "it answers");
    let found = remote::alpaca(at(&market.base), &keys, &SystemClock).await;
    check(&found, Verdict::Fail, "apart");
    let nobody = at("http://127.0.0.1:1");
    check(&remote::alpaca(nobody, &keys, &SystemClock).await, Verdict::Fail, "not answer");
}

#[tokio::test]
async fn redis_must_be_there_and_guarded() {
    install_tls_provider();
    check(&remote::redis(&BusConfig::default()).await, Verdict::Skipped, "not set");
    let guarded = Server::guarded();
    check(&remote::redis(&guarded.config()).await, Verdict::Ok, "strangers cannot");
    let open = Server::open();
    check(&remote::redis(&open.config()).await, Verdict::Fail, "anybody may publish");
    let nobody = BusConfig { redis: "redis://127.0.0.1:1".into(), ..BusConfig::default() };
    check(&remote::redis(&nobody).await, Verdict::Fail, "127.0.0.1:1");
}

#[tokio::test]
async fn a_collector_takes_connections() {
    let collector = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", collector.local_addr().unwrap());
    let settings = |address: &str| Settings::read(|_| None, address);
    check(&remote::collector(settings(&at)).await, Verdict::Ok, "takes");
    check(&remote::collector(settings("http://127.0.0.1:1")).await, Verdict::Fail, "refused");
    check(&remote::collector(settings("")).await, Verdict::Skipped, "no endpoint");
    check(&remote::collector(settings("nonsense")).await, Verdict::Fail, "nonsense");
}

#[test]
fn the_verb_prints_a_table_or_one_document_and_its_exit_code_is_the_verdict() {
    let home = Home::new();
    let ended = home.run("doctor --offline");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("ok       configuration"), "{}", ended.out);
    let home = home.with("bad.toml", "[risk]\nno_such_limit = 1\n");
    let ended = home.run("doctor --offline --json --config bad.toml");
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    let document: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(document["failed"], 1, "{document}");
    assert_eq!(document["checks"][0]["verdict"], "fail");
    assert!(document["checks"][0]["remedy"].is_string());
}
