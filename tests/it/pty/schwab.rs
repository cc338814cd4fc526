//! The weekly token dies (protocol page of Schwab, §7, the key scenario): real processes
//! from end to end, and what left the machine at each step, as the simulated Schwab
//! noted it.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

use flightdeck::bus::clock::Stopwatch;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::Desk;
use crate::support::program::{Home, Running};

const KEYS: [(&str, &str); 2] =
    [("FLIGHTDECK_SCHWAB_KEY", "app-key"), ("FLIGHTDECK_SCHWAB_SECRET", "app-secret")];
const ORDERS: &str = "schwab.live.orders";

/// A simulated Schwab in a process of its own, and what a person has on the disk.
struct Place {
    base: String,
    folder: TempDir,
    runtime: Runtime,
    client: reqwest::Client,
    _server: Running,
}

impl Place {
    fn open() -> Self {
        flightdeck::brokers::install_tls_provider();
        let mut server = Home::new().start("sim --schwab 127.0.0.1:0 --seed 7");
        let said: Value = serde_json::from_str(&server.read(1)).unwrap();
        let base = said["schwab"].as_str().unwrap().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token.json");
        let config = format!(
            "[schwab]\nhost = \"{base}\"\nsymbols = [\"AAPL\"]\ntoken_file = \"{}\"\n",
            token.display()
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        let runtime = Runtime::new().unwrap();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.no_proxy().build().unwrap();
        Self { base, folder, runtime, client, _server: server }
    }

    fn config(&self) -> String {
        format!("--config {}", self.folder.path().join("config.toml").display())
    }

    /// Logs in from a process beside the cockpit, by a paste.
    fn log_in(&self) {
        let home = Home::new();
        let line = format!("{} login schwab --no-browser --paste", self.config());
        let mut child = home
            .command(&line)
            .envs(KEYS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.trim().starts_with("http") {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "no address");
        }
        let reply = self.runtime.block_on(self.client.get(line.trim()).send()).unwrap();
        let redirect = reply.headers()["location"].to_str().unwrap().to_owned();
        writeln!(child.stdin.take().unwrap(), "{redirect}").unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// The second of the login that the token's file is of.
    fn login_second(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join("token.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["creation_timestamp"].clone()
    }

    fn cockpit(&self) -> Desk {
        let journal = self.folder.path().join("journal.sqlite");
        let line =
            format!("--broker schwab --live {} --journal {}", self.config(), journal.display());
        Desk::with(Home::new(), &line, (220, 50), &KEYS)
    }

    fn fault(&self, body: &'static str) {
        let call = self.client.post(format!("{}/_sim/fault", self.base)).body(body);
        let reply = self.runtime.block_on(call.send()).unwrap();
        assert!(reply.status().is_success(), "{body}");
    }

    /// What has come in, the token endpoint left out.
    fn calls(&self) -> Vec<String> {
        let text = self.runtime.block_on(async {
            let reply = self.client.get(format!("{}/_sim/requests", self.base)).send().await;
            reply.unwrap().text().await.unwrap()
        });
        let lines: Vec<String> = serde_json::from_str(&text).unwrap();
        lines.into_iter().filter(|line| !line.contains("/v1/oauth/")).collect()
    }
}

fn phase(status: &Value, name: &str) -> String {
    let rows = status["breakers"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == name);
    row.map_or_else(String::new, |row| row["phase"].as_str().unwrap().to_owned())
}

fn wait_for(desk: &Desk, wished: &str) {
    desk.ask_until("status", |status| phase(status, ORDERS) == wished);
}

/// For so long an open dialog is deaf, and a little longer.
const DEAF: Duration = Duration::from_millis(400);

/// Opens the dialog of the first breaker that has tripped, and types what it asks for.
fn reset_by_key(desk: &mut Desk) {
    desk.press("!");
    desk.press("r");
    let page = desk.see("accounts: read first");
    let name = page.split("Reset breaker ").nth(1).unwrap();
    let name = name.split_whitespace().next().unwrap().to_owned();
    assert!(name.starts_with("schwab.live."), "{page}");
    assert!(page.contains("token: there is one"), "{page}");
    let began = Stopwatch::start();
    while began.elapsed() < DEAF {
        desk.give_way();
    }
    desk.press(&format!("RESET {name}"));
}

#[test]
fn the_verb_resets_as_the_key_does_once_there_is_a_new_login() {
    let place = Place::open();
    place.log_in();
    let mut desk = place.cockpit();
    desk.see("login, expected 6d 23h");
    place.fault(r#"{"expire_refresh_now":true,"expire_access_now":true}"#);
    wait_for(&desk, "LATCHED");
    let silent_from = place.calls().len();
    let phrase = format!("RESET {ORDERS}");
    let reset = |desk: &Desk| {
        let mut reset = desk.home.command(&format!("reset {ORDERS} --confirm"));
        assert!(reset.arg(&phrase).output().unwrap().status.success());
    };
    // Without a login it is asked once and stays latched.
    reset(&desk);
    desk.see("stays latched");
    wait_for(&desk, "LATCHED");
    let first = place.login_second();
    while place.login_second() == first {
        place.log_in();
    }
    desk.see("RESET schwab");
    reset(&desk);
    wait_for(&desk, "CLOSED");
    let calls = place.calls().split_off(silent_from);
    let read = calls.iter().find(|line| line.ends_with(" 200")).map(String::as_str);
    assert_eq!(read, Some("GET /trader/v1/accounts/accountNumbers 200"), "{calls:?}");
    desk.check_ends_well();
}

#[test]
fn a_dead_token_latches_at_once_and_only_the_operators_reset_lets_calls_leave_again() {
    let place = Place::open();
    place.log_in();
    let mut desk = place.cockpit();
    desk.see("login, expected 6d 23h");
    desk.see("schwab-simulated");
    // The refresh token dies; the access token lives, and calls are still answered.
    place.fault(r#"{"expire_refresh_now":true}"#);
    assert!(place.calls().iter().all(|line| !line.ends_with(" 401")), "{:?}", place.calls());
    // So does the access token: the next call is a 401 whose refresh is refused, unless the
    // refresh in the background is refused before it.
    place.fault(r#"{"expire_access_now":true}"#);
    wait_for(&desk, "LATCHED");
    desk.see("LOGIN REQUIRED");
    let calls = place.calls();
    let after = calls.iter().skip_while(|line| !line.ends_with(" 401"));
    assert!(after.clone().all(|line| line.ends_with(" 401")), "{calls:?}");
    // It is latched in the journal too: a new start asks Schwab for nothing.
    desk.check_ends_well();
    let silent_from = place.calls().len();
    let mut desk = place.cockpit();
    wait_for(&desk, "LATCHED");
    // A new token alone changes nothing: still no call leaves.
    // The file's token looks young, and this login has died.
    desk.see("LOGIN REQUIRED");
    let until = |status: &Value| status["run"]["login"]["login_until"].clone();
    let dead = until(&desk.ask_until("status", |_| true));
    // A login is known by its second, and all this may have taken less than one.
    let first = place.login_second();
    while place.login_second() == first {
        place.log_in();
    }
    desk.ask_until("status", |status| !until(status).is_null() && until(status) != dead);
    desk.see("RESET schwab");
    wait_for(&desk, "LATCHED");
    assert_eq!(place.calls()[silent_from..], [] as [String; 0]);
    // The operator's reset, by key and the typed phrase, with its checklist: one read of
    // the accounts first, then orders and positions.
    reset_by_key(&mut desk);
    wait_for(&desk, "CLOSED");
    desk.see("orders and positions: compared");
    desk.press("\x1b");
    desk.see("login, expected");
    let calls = place.calls().split_off(silent_from);
    let first: Vec<&str> = calls.iter().map(String::as_str).take(4).collect();
    assert_eq!(
        first[..2],
        ["GET /trader/v1/accounts/accountNumbers 200", "GET /trader/v1/accounts/{hash}/orders 200"],
        "{calls:?}"
    );
    assert!(calls.iter().all(|line| line.starts_with("GET ")), "nothing is sent: {calls:?}");
    desk.check_ends_well();
}
