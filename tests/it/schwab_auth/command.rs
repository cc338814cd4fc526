//! `flightdeck login schwab` and `flightdeck token status`, as a user runs them.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use flightdeck::brokers::sim::server::Pace;
use flightdeck::brokers::sim::server::schwab::SchwabConfig;
use flightdeck::bus::clock::{Clock, SystemClock};

use super::{KEY, Place, SECRET, within};
use crate::support::program::Home;

/// A token file of so many hours ago.
fn token(hours: i64) -> String {
    let created = SystemClock.now().as_nanos() / 1_000_000_000 - hours * 3_600;
    format!(
        r#"{{"creation_timestamp":{created},"token":{{"access_token":"canary-a",
        "refresh_token":"canary-r","expires_at":{}}}}}"#,
        created + 1_800
    )
}

#[track_caller]
fn check_status(text: Option<&str>, mode: &str, code: i32, word: &str) {
    let home = Home::new().with("config.toml", "[schwab]\ntoken_file = \"token.json\"\n");
    if let Some(text) = text {
        std::fs::write(home.path("token.json"), text).unwrap();
        let chmod = format!("chmod {mode} {}", home.path("token.json").display());
        let done = std::process::Command::new("sh").args(["-c", &chmod]).status().unwrap();
        assert!(done.success());
    }
    for flag in ["", " --json"] {
        let ended = home.run(&format!("--config config.toml token status{flag}"));
        assert_eq!(ended.code, Some(code), "{word}: {} {}", ended.out, ended.err);
        assert!(ended.out.contains(word), "{word}: {}", ended.out);
        assert!(!format!("{ended:?}").contains("canary"), "{ended:?}");
        if !flag.is_empty() {
            let json: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
            assert_eq!(json["state"], word);
        }
    }
}

#[test]
fn the_status_of_a_token_is_an_exit_code() {
    check_status(Some(&token(1)), "600", 0, "fresh");
    check_status(Some(&token(6 * 24 + 1)), "600", 1, "ending");
    check_status(Some(&token(7 * 24 + 1)), "600", 2, "expired");
    check_status(Some(&token(1)), "644", 2, "unusable");
    check_status(Some("canary"), "600", 2, "unusable");
    check_status(None, "600", 3, "absent");
}

#[test]
fn a_login_without_keys_is_refused_and_says_where_they_go() {
    let ended = Home::new().run("login schwab --no-browser --paste");
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{}", ended.err);
    assert!(ended.err.contains("FLIGHTDECK_SCHWAB_KEY"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_login_ends_with_a_fresh_token_and_shows_none() {
    let now = SystemClock.now().to_string();
    let place = Place::new(Pace::Times(1), &now, SchwabConfig::default()).await;
    let config = format!(
        "[schwab]\nhost = \"{}\"\ncallback = \"{}\"\ntoken_file = \"{}\"\n",
        place.base,
        place.callback,
        place.token_file().display()
    );
    let home = Home::new().with("config.toml", config);
    let mut command = home.command("--config config.toml login schwab --no-browser");
    let mut child = command
        .env("FLIGHTDECK_SCHWAB_KEY", KEY)
        .env("FLIGHTDECK_SCHWAB_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let reading = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        while !line.trim().starts_with("http") {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "no address");
        }
        (line.trim().to_owned(), out)
    });
    let (address, mut out) = within(reading).await.unwrap();
    let redirect = within(place.agreed(&address)).await;
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{redirect}").unwrap();
    let ending = tokio::task::spawn_blocking(move || {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut out, &mut rest).unwrap();
        (rest, child.wait_with_output().unwrap())
    });
    let (rest, ended) = within(ending).await.unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{rest} {err}");
    assert!(rest.contains("Logged in."), "{rest}");
    let stored = place.stored();
    for name in ["access_token", "refresh_token"] {
        let token = stored["token"][name].as_str().unwrap();
        assert!(!rest.contains(token) && !err.contains(token), "{name}");
    }
    assert!(!format!("{rest}{err}{address}").contains(SECRET));
    let status = home.run("--config config.toml token status");
    assert_eq!(status.code, Some(0), "{}", status.err);
}
