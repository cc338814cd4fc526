//! `flightdeck --broker alpaca --broker schwab`: the program against both simulated
//! brokers of one process.

use std::sync::Arc;

use flightdeck::bus::clock::SystemClock;
use serde_json::Value;

use crate::support::program::Home;
use crate::support::schwab::{TOKEN_FILE, log_in_at};

const KEYS: [(&str, &str); 4] = [
    ("FLIGHTDECK_SCHWAB_KEY", "app-key"),
    ("FLIGHTDECK_SCHWAB_SECRET", "app-secret"),
    ("APCA_API_KEY_ID", "PKTEST"),
    ("APCA_API_SECRET_KEY", "hidden"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_brokers_in_one_house_are_named_by_one_flag_each() {
    let sim = "sim --alpaca 127.0.0.1:0 --schwab 127.0.0.1:0 --seed 7";
    let mut server = Home::new().start(sim);
    let said: Value = serde_json::from_str(&server.read(1)).unwrap();
    let (alpaca, schwab) = (said["alpaca"].as_str().unwrap(), said["schwab"].as_str().unwrap());
    let config = format!(
        "[alpaca]\nhost = \"{alpaca}\"\nsymbols = [\"AAPL\"]\n\
         [schwab]\nhost = \"{schwab}\"\ntoken_file = \"{TOKEN_FILE}\"\n"
    );
    let home = Home::new().with("config.toml", config);
    log_in_at(schwab, &home.path(TOKEN_FILE), Arc::new(SystemClock)).await;
    let line = "--broker alpaca --broker schwab --no-ui --config config.toml --journal journal";
    let mut command = home.command(line);
    let mut house = Home::run_with(command.envs(KEYS));
    let is_both = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        let data = &event["data"];
        event["event"] == "market_data.source.changed"
            && (&data["source"], &data["second"]) == (&"alpaca".into(), &"schwab".into())
    };
    let mut lines = 0;
    while !is_both(&house.read(1)) {
        lines += 1;
        assert!(lines < 10_000, "both sources are never compared");
    }
    house.signal("TERM");
    house.close_output();
    let ended = house.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn a_broker_is_named_once_and_real_money_is_schwabs_alone() {
    for (line, part) in [
        ("--broker alpaca --broker alpaca --no-ui", "names each broker once"),
        ("--broker alpaca --broker schwab --broker alpaca --no-ui", "names each broker once"),
        ("--broker alpaca --live --no-ui", "--live is for Schwab"),
        ("--broker alpaca --broker schwab --wire --no-ui", "leave out --wire"),
    ] {
        let ended = Home::new().run(line);
        assert_eq!(ended.code, Some(2), "{line}: {}", ended.err);
        assert!(ended.err.contains(part), "{line}: {}", ended.err);
    }
}
