//! The verdict on a run: a sound journal passes every judge, a journal with a planted
//! violation is found out by the judge whose matter it is.

use flightdeck::app::validate::{Rules, judge};
use flightdeck::domain::money::Money;
use flightdeck::domain::position::Direction;
use flightdeck::events::{
    BreakerEvent, BreakerStateChanged, Envelope, Event, SystemEvent, TradingChanged, VenueEvent,
    wire,
};
use jiff::SignedDuration;

use crate::support::cockpit::{Cockpit, rules as house};
use crate::support::program::Home;

fn rules() -> Rules {
    let config = house();
    Rules {
        trades: 1,
        limits: config.risk,
        opening_cash: config.account.opening_cash,
        stop_within: SignedDuration::from_secs(10),
    }
}

/// The journal of the golden trade.
fn golden() -> Vec<Envelope> {
    let mut cockpit = Cockpit::new(&house());
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(20).quote("AAPL", "190.00", "190.01");
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    cockpit.journal()
}

fn failing(told: &[Envelope], rules: &Rules) -> Vec<&'static str> {
    judge(told, rules).iter().filter(|found| !found.passed).map(|found| found.name).collect()
}

#[track_caller]
fn check(told: &[Envelope], expected: &str) {
    let found = failing(told, &rules());
    assert!(found.contains(&expected), "{expected} should find fault, found: {found:?}");
}

fn place(told: &[Envelope], name: &str) -> usize {
    told.iter().position(|told| told.event.name() == name).unwrap()
}

/// The golden journal, the first event of a name told otherwise.
#[track_caller]
fn planted(name: &str, from: &str, to: &str) -> Vec<Envelope> {
    let mut told = golden();
    let line = |told: &Envelope| {
        let mut line = Vec::new();
        wire::write(told, &mut line);
        String::from_utf8(line).unwrap()
    };
    let at = told.iter().position(|e| e.event.name() == name && line(e).contains(from)).unwrap();
    told[at] = wire::read(&line(&told[at]).replacen(from, to, 1)).unwrap();
    told
}

fn without(name: &str) -> Vec<Envelope> {
    golden().into_iter().filter(|told| told.event.name() != name).collect()
}

fn with_first(event: impl Into<Event>) -> Vec<Envelope> {
    let mut told = golden();
    let first = Envelope { event: event.into(), ..told[0].clone() };
    told.insert(0, first);
    told
}

#[test]
fn the_golden_trade_passes_every_judge_and_every_judge_has_looked() {
    let found = judge(&golden(), &rules());
    for verdict in &found {
        assert!(verdict.passed, "{verdict:#?}");
        assert!(verdict.judged > 0 || verdict.name == "breakers", "{verdict:#?}");
    }
    assert_eq!(found.len(), 11);
}

#[test]
fn too_few_closed_trades_fail() {
    assert_eq!(failing(&golden(), &Rules { trades: 2, ..rules() }), ["trades"]);
}

#[test]
fn a_step_that_the_tables_do_not_have_fails() {
    let to = r#""to":"ENTRY_APPROVED""#;
    check(&planted("trade.state.changed", to, r#""to":"FILLED""#), "trade paths");
    check(&planted("trade.state.changed", r#""to":"CLOSED""#, r#""to":"HOLDING""#), "trade paths");
    let to = r#""to":"SUBMITTED""#;
    check(&planted("order.state.changed", to, r#""to":"FILLED""#), "order paths");
    let change = |from: &str, to: &str| {
        BreakerEvent::StateChanged(BreakerStateChanged {
            breaker: "alpaca.paper.orders".into(),
            from: from.into(),
            to: to.into(),
            reason: "planted".into(),
            retry_at: None,
        })
    };
    check(&with_first(change("CLOSED", "HALF_OPEN")), "breakers");
    check(&with_first(change("CLOSED", "OPEN")), "gate");
}

#[test]
fn a_position_without_a_stop_fails() {
    check(&without("position.stop.set"), "protection");
    check(&planted("position.open.done", "166.72", "176.72"), "protection");
}

#[test]
fn an_entry_while_trading_is_halted_fails() {
    let halted =
        TradingChanged { from: "ACTIVE".into(), to: "HALTED".into(), reason: "planted".into() };
    check(&with_first(SystemEvent::TradingChanged(halted)), "gate");
}

#[test]
fn an_order_or_a_fill_that_is_told_twice_fails() {
    for name in ["order.submit", "order.fill.complete"] {
        let mut told = golden();
        let at = place(&told, name);
        told.insert(at, told[at].clone());
        check(&told, "client ids");
    }
}

#[test]
fn an_entry_without_its_record_fails() {
    for name in ["strategy.candidate.found", "strategy.ensemble.signal", "risk.size.calculated"] {
        check(&without(name), "decisions");
    }
    let passed = r#""passed":true"#;
    check(&planted("risk.trade.approved", passed, r#""passed":false"#), "decisions");
    let buy = r#""action":"BUY""#;
    check(&planted("strategy.ensemble.signal", buy, r#""action":"SELL""#), "decisions");
}

#[test]
fn an_entry_beyond_a_limit_fails() {
    let held_to = |change: fn(&mut Rules)| {
        let mut rules = rules();
        change(&mut rules);
        failing(&golden(), &rules)
    };
    assert_eq!(
        held_to(|rules| rules.limits.max_position_value = Money::from_dollars(877)),
        ["limits"]
    );
    assert_eq!(held_to(|rules| rules.limits.max_shares = 4), ["limits"]);
    assert_eq!(held_to(|rules| rules.limits.min_reward_risk = 4.into()), ["limits"]);
    assert_eq!(held_to(|rules| rules.limits.min_cash_fraction = 1.into()), ["limits"]);
    assert_eq!(held_to(|rules| rules.limits.max_open_positions = 0), ["limits"]);
}

#[test]
fn a_cent_that_does_not_follow_from_the_fills_fails() {
    check(&planted("position.closed.done", "131.6", "131.7"), "books");
    let mut told = golden();
    let reports = told.iter_mut().rev().find_map(|told| {
        if let Event::Venue(VenueEvent::Account(account)) = &mut told.event {
            return Some(account);
        }
        None
    });
    let account = reports.unwrap();
    account.cash += Money::from_cents(1);
    check(&told, "books");
}

#[test]
fn a_step_without_its_cause_fails() {
    for name in ["strategy.trade.logged", "risk.trade.approved", "position.closed.done"] {
        let mut told = golden();
        let at = place(&told, name);
        told[at].cause = None;
        check(&told, "traces");
    }
}

#[test]
fn a_seeded_run_passes_and_says_so_in_one_document() {
    let home = Home::new();
    let ended = home.run("validate --trades 2 --seed 7 --journal run.sqlite --json");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let document: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(document["passed"], true, "{document}");
    assert_eq!(document["verdicts"].as_array().unwrap().len(), 11);
    assert!(home.path("run.sqlite").exists());
}
