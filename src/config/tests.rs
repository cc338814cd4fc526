//! Layers, refusals and what is printed.

use super::layers::PRESETS;
use super::*;
use crate::domain::money::Money;
use jiff::civil::Date;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flightdeck.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Purpose::Sim, None, Some(&path))
}

#[track_caller]
fn check_refused(text: &str, parts: &[&str]) {
    let error = load(text).unwrap_err().to_string();
    assert!(!error.contains('\n'), "one line: {error}");
    for part in parts {
        assert!(error.contains(part), "{error:?} should name {part:?}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_known_ones() {
    check_refused(
        "seed = 7\n\n[risk]\nmax_postion_value = 5\n",
        &["flightdeck.toml:4:", "max_postion_value", "max_position_value"],
    );
}

#[test]
fn a_wrong_type_or_range_is_refused_by_name() {
    check_refused("[account]\nopening_cash = true\n", &[":2:", "a number such as"]);
    check_refused("[account]\nopening_cash = -5\n", &["account.opening_cash", "-5"]);
    for (text, key) in [
        ("[execution]\nfinished_kept = 0\n", "execution.finished_kept is 0"),
        ("[position]\nprotect_again_seconds = 0\n", "position.protect_again_seconds is 0"),
        ("[position]\nunexplained_stop_fraction = 7\n", "position.unexplained_stop_fraction is 7"),
        ("[account]\nopening_cash = 99999999999\n", "account.opening_cash is 99999999999"),
        ("[account]\napproval_seconds = 0\n", "account.approval_seconds is 0"),
        ("[precautions]\nmax_shares = 0\n", "precautions.max_shares is 0"),
        ("[precautions]\nmax_cost = 0\n", "precautions.max_cost is 0"),
        ("[precautions]\nmax_off_last = 1.5\n", "precautions.max_off_last is 1.5"),
        ("[strategy]\nvote_seconds = 0\n", "strategy.vote_seconds is 0"),
        ("[venue]\nfee_per_order = -5\n", "venue.fee_per_order is -5"),
        ("[venue]\nslippage_bps = 10000\n", "venue.slippage_bps is 10000"),
        (
            "[venue]\npartials = { volume_share = { percent = 0 } }\n",
            "venue.partials has 0 percent",
        ),
    ] {
        check_refused(text, &[key]);
    }
    check_refused("[strategy]\nstop_fraction = 0.9\n", &["strategy.stop_fraction", "0.9"]);
    check_refused("[execution.guard]\nopen_seconds = 0\n", &["execution.guard.open_seconds"]);
    check_refused(
        "[execution.guard]\nrequests_per_minute = 20\n",
        &["execution.guard.requests_reserved", "30", "20"],
    );
    check_refused(
        "[position]\nunexplained_stop_fraction = 0.9\n",
        &["position.unexplained_stop_fraction", "0.9"],
    );
    check_refused("[risk\n", &[":1:"]);
}

#[test]
fn a_day_is_read_with_and_without_quotes() {
    for text in ["[sim]\nstart = 2026-03-02\n", "[sim]\nstart = \"2026-03-02\"\n"] {
        assert_eq!(load(text).unwrap().sim.start, Date::constant(2026, 3, 2));
    }
    check_refused("[sim]\nstart = \"soon\"\n", &[":2:", "'soon'", "2026-01-05"]);
}

#[test]
fn a_layer_changes_only_what_it_says() {
    let base = Config::defaults(Purpose::Sim);
    let config = load("[strategy.ensemble]\nthreshold = 0.25\n").unwrap();
    assert!((config.strategy.ensemble.threshold - 0.25).abs() < 1e-12);
    assert_eq!(config.strategy.time_exit_minutes, base.strategy.time_exit_minutes);
    assert_eq!(config.risk, base.risk);
}

#[test]
fn an_amount_is_exactly_what_the_user_typed() {
    let config = load("[account]\nopening_cash = 100000.07\n").unwrap();
    assert_eq!(config.account.opening_cash, Money::from_cents(10_000_007));
}

#[test]
fn every_shipped_preset_is_legal() {
    for (name, _) in PRESETS {
        Config::load(Purpose::Replay, Some(name), None).unwrap();
    }
    let error = Config::load(Purpose::Replay, Some("nonsense"), None).unwrap_err();
    assert!(error.to_string().contains("reference"));
}

#[test]
fn what_is_printed_can_be_read_again() {
    let config = Config::defaults(Purpose::Replay);
    let text = config.to_table().to_string();
    assert_eq!(load(&text).unwrap(), config);
}

#[test]
fn the_free_plan_of_alpaca_follows_fifteen_stocks_and_says_why() {
    let named = |number: usize, feed: &str| {
        let names: Vec<String> = (0..number).map(|at| format!("\"A{}\"", letters(at))).collect();
        load(&format!("[alpaca]\nfeed = \"{feed}\"\nsymbols = [{}]", names.join(", ")))
    };
    assert!(named(15, "iex").is_ok() && named(30, "sip").is_ok());
    let error = named(16, "iex").unwrap_err().to_string();
    assert!(error.contains("it must name 1 to 15: the free plan"), "{error}");
    assert!(named(31, "sip").unwrap_err().to_string().contains("1 to 30"));
}

/// Two letters for a number below 676.
fn letters(number: usize) -> String {
    let letter = |at: usize| char::from(b'A' + u8::try_from(at % 26).unwrap());
    [letter(number / 26), letter(number)].iter().collect()
}

#[test]
fn a_section_about_schwab_that_cannot_work_is_refused() {
    for (line, part) in [
        ("symbols = []", "schwab.symbols names 0 stocks"),
        ("account = \"12\"", "schwab.account must be digits"),
        ("account = \"x123\"", "schwab.account must be digits"),
        ("requests_per_minute = 121", "schwab.requests_per_minute is 121"),
        ("orders_per_minute = 121", "schwab.orders_per_minute is 121"),
        ("callback = \"http://127.0.0.1:8182\"", "https"),
        ("callback = \"https://localhost:8182\"", "127.0.0.1"),
        ("host = \"https://api.schwabapi.com\"", "not an address of this machine"),
    ] {
        check_refused(&format!("[schwab]\n{line}\n"), &["flightdeck.toml:2:", part]);
    }
    let config = load("[schwab]\norders_per_minute = 0\nhost = \"http://127.0.0.1:4220\"\n");
    assert!(config.unwrap().schwab.hosts().unwrap().is_simulated);
}

#[test]
fn what_a_human_is_asked_is_no_part_of_the_name_of_a_run() {
    let asked = load("[precautions]\nmax_shares = 5\nmax_cost = 12.50\n").unwrap();
    assert_eq!(asked.precautions.read_model().max_cost, Money::from_cents(1_250));
    assert_eq!(asked.hash(), Config::defaults(Purpose::Sim).hash());
}

#[test]
fn every_refused_value_is_told_with_its_key_the_range_and_a_remedy() {
    let cash = "it must be above zero and at most 1000000000";
    let start = "a trading day from 1998-01-01 to 2030-12-31";
    for (section, key, value, permitted) in [
        ("account", "opening_cash", "-1", cash),
        ("account", "opening_cash", "1e400", cash),
        ("account", "opening_cash", "NaN", cash),
        ("account", "opening_cash", "nan", cash),
        ("account", "opening_cash", "inf", cash),
        ("account", "opening_cash", "1e40", cash),
        ("account", "opening_cash", "99999999999999999999999", cash),
        ("account", "approval_seconds", "-1", "1 or more"),
        ("precautions", "max_cost", "1e400", "it must"),
        ("market", "outlier_fraction", "-1", "0.01 to 1"),
        ("market", "outlier_fraction", "1e400", "0.01 to 1"),
        ("market", "stale_seconds", "-1", "a whole number from 0 to 4294967295"),
        ("strategy.ensemble", "threshold", "nan", "0 to 1"),
        ("strategy.ensemble", "threshold", "-1", "0 to 1"),
        ("risk", "max_drawdown", "-1", "from 0.0001 to 1"),
        ("risk", "max_drawdown", "1e400", "from 0.0001 to 1"),
        ("sim", "speed", "-1", "1 or more"),
        ("sim", "speed", "1e400", "1 or more"),
        ("sim", "speed", "99999999999", "1 or more"),
        ("sim", "cadence_ms", "-1", "100 to 60000"),
        ("sim", "start", "2026-01-04", "such as 2026-01-05"),
        ("sim", "start", "2026-01-04", start),
        ("sim", "start", "1990-01-01", start),
        ("sim", "start", "2099-01-05", start),
        ("sim", "start", "\"2099-01-05\"", start),
        ("sim", "start", "2026-13-01", "month"),
        ("screen", "on_terminal_lost", "\"x\"", "`halt`, `headless`, `exit`"),
        ("account", "approval", "\"maybe\"", "`auto` or `manual`"),
    ] {
        let text = format!("# ours\n[{section}]\n{key} = {value} # note\n");
        check_refused(&text, &["flightdeck.toml:3:", &format!("{section}.{key}"), permitted]);
    }
    check_refused("seed = -1\n", &[":1:", "seed is -1", "a whole number from 0 to"]);
}

#[test]
fn the_line_of_a_key_is_that_of_its_own_section() {
    let text = "[alpaca]\nsymbols = [\"SPY\"]\n\n[schwab]\nsymbols = []\n\n[sim]\nsymbols = []\n";
    check_refused(text, &["flightdeck.toml:5:", "schwab.symbols names 0"]);
}
