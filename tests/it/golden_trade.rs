//! The golden trade of the specification (§7): AAPL at 175.50, event by event and to
//! the cent, in both exit styles, long and its mirror image, on quotes and on bars.
//!
//! All numbers are worked out by hand. Long: stop 175.50 × 0.95 = 166.725, down to
//! 166.72; target 175.50 × 1.15 = 201.825, down to 201.82; ⌊1000 ÷ 175.50⌋ = 5
//! shares for 877.50; profit (201.82 − 175.50) × 5 = 131.60; R 131.60 ÷ (8.78 × 5) =
//! 2.9977. Short: stop 175.50 × 1.05 = 184.275, up to 184.28; target 175.50 × 0.85 =
//! 149.175, up to 149.18; profit (175.50 − 149.18) × 5 = 131.60.

use std::fmt::Write;
use std::fs;

use flightdeck::app::replay::{Delivery, ReplayOptions, replay};
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::market::Interval;
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, ExitStyle, wire};
use flightdeck::sources::history::BadRows;

use crate::support::cockpit::{
    Cockpit, Data, START, dollars, history, is_told, price, rules, shares, symbol,
};

/// The fields that a reader of the story wants to see, by event.
pub(crate) const SHOWN: &[(&str, &[&str])] = &[
    ("strategy.scan.started", &["symbols", "interval"]),
    ("strategy.candidate.found", &["symbol", "direction", "price"]),
    ("strategy.evaluate.started", &["symbol"]),
    ("strategy.ensemble.signal", &["action", "price", "consensus", "speaker"]),
    (
        "strategy.entry.signal",
        &[
            "direction",
            "entry_price",
            "stop_price",
            "target_price",
            "risk_reward_ratio",
            "quantity",
            "strategy",
        ],
    ),
    ("risk.size.calculated", &["size.quantity", "size.value", "size.bound_by"]),
    ("risk.trade.approved", &["order.side", "order.qty", "order.stop", "order.target"]),
    (
        "order.submit",
        &["order.purpose", "order.request.side", "order.request.qty", "order.request.kind"],
    ),
    ("order.submit.success", &["purpose"]),
    ("order.fill.complete", &["purpose", "fill.side", "fill.qty", "fill.price"]),
    ("order.cancel", &["reason"]),
    ("order.cancel.success", &["purpose", "filled"]),
    ("position.open.done", &["direction", "quantity", "entry_price", "stop_price", "target_price"]),
    ("position.set_stop", &["qty", "stop", "target"]),
    ("position.stop.set", &["quantity", "stop_price"]),
    ("position.target.hit", &["level", "price"]),
    (
        "position.closed.done",
        &["direction", "quantity", "entry_price", "exit_price", "pnl", "r_multiple", "reason"],
    ),
    ("trade.state.changed", &["from", "to"]),
    (
        "strategy.trade.logged",
        &["pnl", "r_multiple", "reason", "metrics.trades", "metrics.wins", "metrics.pnl"],
    ),
];

/// One event of the story in one line.
#[track_caller]
pub(crate) fn line(envelope: &Envelope) -> String {
    let name = envelope.event.name();
    let fields = SHOWN.iter().find(|(shown, _)| *shown == name);
    let (_, fields) = fields.unwrap_or_else(|| panic!("{name} does not belong to the story"));
    format!("{name}: {}", Data::of(envelope).line(fields))
}

#[track_caller]
fn check(told: &[Envelope], expected: &str) {
    let told: Vec<String> = told.iter().filter(|e| is_told(&e.event)).map(line).collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(told.join("\n"), expected.join("\n"));
}

fn cockpit(style: ExitStyle) -> Cockpit {
    let mut config = rules();
    config.position.exit_style = style;
    Cockpit::new(&config)
}

/// From the scan to the filled entry; the same in both exit styles.
pub(crate) const LONG_ENTRY: &str = "
    strategy.scan.started: 1 1min
    strategy.candidate.found: AAPL long 175.50
    strategy.evaluate.started: AAPL
    strategy.ensemble.signal: buy 175.50 1 trend_following
    strategy.entry.signal: long 175.50 166.72 201.82 3.0 5 trend_following_3_to_1
    trade.state.changed: SCANNING SETUP_DETECTED
    risk.size.calculated: 5 877.50 max_position_value
    risk.trade.approved: buy 5 166.72 201.82
    order.submit: entry buy 5 {\"limit\":{\"limit\":175.50}}
    trade.state.changed: SETUP_DETECTED ENTRY_APPROVED
    trade.state.changed: ENTRY_APPROVED ORDER_PLACED
    order.submit.success: entry
    order.fill.complete: entry buy 5 175.50
    trade.state.changed: ORDER_PLACED FILLED
    position.open.done: long 5 175.50 166.72 201.82
";

const SHORT_ENTRY: &str = "
    strategy.scan.started: 1 1min
    strategy.candidate.found: AAPL short 175.50
    strategy.evaluate.started: AAPL
    strategy.ensemble.signal: sell 175.50 1 trend_following
    strategy.entry.signal: short 175.50 184.28 149.18 3.0 5 trend_following_3_to_1
    trade.state.changed: SCANNING SETUP_DETECTED
    risk.size.calculated: 5 877.50 max_position_value
    risk.trade.approved: sell 5 184.28 149.18
    order.submit: entry sell 5 {\"limit\":{\"limit\":175.50}}
    trade.state.changed: SETUP_DETECTED ENTRY_APPROVED
    trade.state.changed: ENTRY_APPROVED ORDER_PLACED
    order.submit.success: entry
    order.fill.complete: entry sell 5 175.50
    trade.state.changed: ORDER_PLACED FILLED
    position.open.done: short 5 175.50 184.28 149.18
";

pub(crate) const NINE_STATES: [&str; 9] = [
    "SCANNING",
    "SETUP_DETECTED",
    "ENTRY_APPROVED",
    "ORDER_PLACED",
    "FILLED",
    "HOLDING",
    "EXIT_TRIGGERED",
    "ORDER_CLOSING",
    "CLOSED",
];

/// After the last event: nothing held, nothing resting, the profit in cash, all
/// nine states passed.
#[track_caller]
fn is_over(cockpit: &Cockpit) {
    assert_eq!(cockpit.held("AAPL"), None);
    assert_eq!(cockpit.resting(), Vec::<String>::new(), "no stop rests");
    assert_eq!(cockpit.cash(), dollars("100131.60"));
    assert_eq!(cockpit.states(&cockpit.trade()), NINE_STATES);
}

#[test]
fn golden_trade_long_with_stop_and_target_resting_as_one_oco() {
    let mut cockpit = cockpit(ExitStyle::NativeOco);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let protected = "
        position.set_stop: 5 166.72 201.82
        order.submit: protection sell 5 {\"limit\":{\"limit\":201.82}}
        order.submit.success: protection
        position.stop.set: 5 166.72
        trade.state.changed: FILLED HOLDING
    ";
    check(&cockpit.journal(), &[LONG_ENTRY, protected].concat());
    assert_eq!(cockpit.resting(), ["sell 5 limit 201.82", "sell 5 stop 166.72"]);
    assert_eq!(cockpit.held("AAPL").unwrap().qty, shares(5));
    assert_eq!(cockpit.cash(), dollars("99122.50"));

    let mark = cockpit.mark();
    cockpit.wait(5).quote("AAPL", "190.00", "190.01");
    cockpit.wait(5).quote("AAPL", "201.81", "201.82");
    check(&cockpit.since(mark), "");
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    check(
        &cockpit.since(mark),
        "
        order.fill.complete: protection sell 5 201.82
        order.cancel.success: protection 0
        position.target.hit: 201.82 201.82
        trade.state.changed: HOLDING EXIT_TRIGGERED
        trade.state.changed: EXIT_TRIGGERED ORDER_CLOSING
        position.closed.done: long 5 175.50 201.82 131.60 2.9977 TARGET_HIT
        trade.state.changed: ORDER_CLOSING CLOSED
        strategy.trade.logged: 131.60 2.9977 TARGET_HIT 1 1 131.60
        ",
    );
    is_over(&cockpit);
}

#[test]
fn golden_trade_long_with_the_target_watched_here() {
    let mut cockpit = cockpit(ExitStyle::Managed);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let protected = "
        position.set_stop: 5 166.72 null
        order.submit: protection sell 5 {\"stop\":{\"stop\":166.72}}
        order.submit.success: protection
        position.stop.set: 5 166.72
        trade.state.changed: FILLED HOLDING
    ";
    check(&cockpit.journal(), &[LONG_ENTRY, protected].concat());
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"]);

    let mark = cockpit.mark();
    cockpit.wait(5).quote("AAPL", "190.00", "190.01");
    cockpit.wait(5).quote("AAPL", "201.81", "201.82");
    check(&cockpit.since(mark), "");
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    // The exchange holds shares for the resting stop: it is cancelled, and that
    // confirmed, before the exit leaves.
    check(
        &cockpit.since(mark),
        "
        position.target.hit: 201.82 201.82
        trade.state.changed: HOLDING EXIT_TRIGGERED
        order.cancel: the position is being closed
        order.cancel.success: protection 0
        order.submit: exit sell 5 {\"limit\":{\"limit\":201.82}}
        trade.state.changed: EXIT_TRIGGERED ORDER_CLOSING
        order.submit.success: exit
        order.fill.complete: exit sell 5 201.82
        position.closed.done: long 5 175.50 201.82 131.60 2.9977 TARGET_HIT
        trade.state.changed: ORDER_CLOSING CLOSED
        strategy.trade.logged: 131.60 2.9977 TARGET_HIT 1 1 131.60
        ",
    );
    is_over(&cockpit);
}

#[test]
fn golden_trade_short_with_stop_and_target_resting_as_one_oco() {
    let mut cockpit = cockpit(ExitStyle::NativeOco);
    cockpit.setup("AAPL", "175.50", Direction::Short);
    let protected = "
        position.set_stop: 5 184.28 149.18
        order.submit: protection buy 5 {\"limit\":{\"limit\":149.18}}
        order.submit.success: protection
        position.stop.set: 5 184.28
        trade.state.changed: FILLED HOLDING
    ";
    check(&cockpit.journal(), &[SHORT_ENTRY, protected].concat());
    assert_eq!(cockpit.resting(), ["buy 5 limit 149.18", "buy 5 stop 184.28"]);
    assert_eq!(cockpit.held("AAPL").unwrap().direction, Direction::Short);
    assert_eq!(cockpit.cash(), dollars("100877.50"));

    let mark = cockpit.mark();
    cockpit.wait(5).quote("AAPL", "160.00", "160.01");
    cockpit.wait(5).quote("AAPL", "149.18", "149.19");
    check(&cockpit.since(mark), "");
    cockpit.wait(5).quote("AAPL", "149.17", "149.18");
    check(
        &cockpit.since(mark),
        "
        order.fill.complete: protection buy 5 149.18
        order.cancel.success: protection 0
        position.target.hit: 149.18 149.18
        trade.state.changed: HOLDING EXIT_TRIGGERED
        trade.state.changed: EXIT_TRIGGERED ORDER_CLOSING
        position.closed.done: short 5 175.50 149.18 131.60 2.9977 TARGET_HIT
        trade.state.changed: ORDER_CLOSING CLOSED
        strategy.trade.logged: 131.60 2.9977 TARGET_HIT 1 1 131.60
        ",
    );
    is_over(&cockpit);
}

#[test]
fn golden_trade_short_with_the_target_watched_here() {
    let mut cockpit = cockpit(ExitStyle::Managed);
    cockpit.setup("AAPL", "175.50", Direction::Short);
    let protected = "
        position.set_stop: 5 184.28 null
        order.submit: protection buy 5 {\"stop\":{\"stop\":184.28}}
        order.submit.success: protection
        position.stop.set: 5 184.28
        trade.state.changed: FILLED HOLDING
    ";
    check(&cockpit.journal(), &[SHORT_ENTRY, protected].concat());
    assert_eq!(cockpit.resting(), ["buy 5 stop 184.28"]);

    let mark = cockpit.mark();
    cockpit.wait(5).quote("AAPL", "160.00", "160.01");
    cockpit.wait(5).quote("AAPL", "149.18", "149.19");
    check(&cockpit.since(mark), "");
    cockpit.wait(5).quote("AAPL", "149.17", "149.18");
    check(
        &cockpit.since(mark),
        "
        position.target.hit: 149.18 149.18
        trade.state.changed: HOLDING EXIT_TRIGGERED
        order.cancel: the position is being closed
        order.cancel.success: protection 0
        order.submit: exit buy 5 {\"limit\":{\"limit\":149.18}}
        trade.state.changed: EXIT_TRIGGERED ORDER_CLOSING
        order.submit.success: exit
        order.fill.complete: exit buy 5 149.18
        position.closed.done: short 5 175.50 149.18 131.60 2.9977 TARGET_HIT
        trade.state.changed: ORDER_CLOSING CLOSED
        strategy.trade.logged: 131.60 2.9977 TARGET_HIT 1 1 131.60
        ",
    );
    is_over(&cockpit);
}

#[test]
fn an_exit_that_does_not_fill_at_the_target_is_protected_again_and_tried_again() {
    let mut cockpit = cockpit(ExitStyle::Managed);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "190.00", "190.01");
    // One print reaches the target; the bid is far below when the exit arrives.
    let mark = cockpit.mark();
    cockpit.wait(5).quote("AAPL", "199.00", "203.00");
    cockpit.wait(1).tick("AAPL", "201.82", 1);
    assert_eq!(cockpit.resting(), ["sell 5 limit 201.82"], "the exit works, the stop made room");
    assert_eq!(cockpit.state(), "ORDER_CLOSING");

    cockpit.wait(10);
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"], "too old: protected again");
    assert_eq!(cockpit.state(), "EXIT_TRIGGERED");
    check(
        &cockpit.since(mark),
        "
        position.target.hit: 201.82 201.82
        trade.state.changed: HOLDING EXIT_TRIGGERED
        order.cancel: the position is being closed
        order.cancel.success: protection 0
        order.submit: exit sell 5 {\"limit\":{\"limit\":201.82}}
        trade.state.changed: EXIT_TRIGGERED ORDER_CLOSING
        order.submit.success: exit
        order.cancel: the exit was not filled in time
        order.cancel.success: exit 0
        trade.state.changed: ORDER_CLOSING EXIT_TRIGGERED
        position.set_stop: 5 166.72 null
        order.submit: protection sell 5 {\"stop\":{\"stop\":166.72}}
        order.submit.success: protection
        position.stop.set: 5 166.72
        ",
    );
    // The reason to leave stands: it is asked for again, at any price.
    cockpit.wait(2);
    assert_eq!(cockpit.last("strategy.exit.signal").text("reason"), "TARGET_HIT");
    assert_eq!(cockpit.held("AAPL"), None);
    assert_eq!(
        cockpit.last("position.closed.done").line(&["exit_price", "reason"]),
        "199.00 TARGET_HIT"
    );
}

/// The golden trade as a file of minute bars.
fn file(direction: Direction, exit: &str) -> String {
    let start = Timestamp::from_seconds(START);
    let mut text = "timestamp,symbol,open,high,low,close,volume\n".to_owned();
    let mut row = |at: i64, price: &str, volume: u32| {
        let at = Timestamp::from_seconds(START + at * 60);
        writeln!(text, "{at},AAPL,{price},{price},{price},{price},{volume}").unwrap();
    };
    let quiet = history(symbol("AAPL"), price("175.50"), direction, start);
    for (at, bar) in quiet.iter().enumerate() {
        row(i64::try_from(at).unwrap(), &bar.close.to_string(), 1_000);
    }
    row(40, "175.50", 2_000);
    row(41, if direction == Direction::Long { "190.00" } else { "160.00" }, 1_000);
    row(42, exit, 1_000);
    text
}

#[test]
fn golden_trade_in_replay_of_a_file_of_bars() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (ExitStyle::NativeOco, Direction::Long, "201.82"),
        (ExitStyle::Managed, Direction::Long, "201.82"),
        (ExitStyle::NativeOco, Direction::Short, "149.18"),
        (ExitStyle::Managed, Direction::Short, "149.18"),
    ];
    for (exit_style, direction, exit) in cases {
        let bars = folder.path().join("bars.csv");
        let events = folder.path().join("events.jsonl");
        fs::write(&bars, file(direction, exit)).unwrap();
        let mut config = Config { strategy: rules().strategy, ..Config::defaults(Purpose::Replay) };
        config.position.exit_style = exit_style;
        let options = ReplayOptions {
            files: vec![bars],
            interval: Some(Interval::Minute),
            bad_rows: BadRows::Refuse,
            delivery: Delivery::Inline,
            events: Some(events.clone()),
            journal: None,
        };
        let report = replay(config, &options).unwrap();
        let [trade] = &report.trades[..] else { panic!("one trade, not {:?}", report.trades) };
        assert_eq!(trade.pnl, dollars("131.60"), "{exit_style:?} {direction:?}");
        assert_eq!(trade.quantity, shares(5));
        assert_eq!((trade.entry_price, trade.exit_price), (price("175.50"), Some(price(exit))));

        let text = fs::read_to_string(&events).unwrap();
        let told: Vec<Envelope> = text.lines().map(|line| wire::read(line).unwrap()).collect();
        let story: Vec<String> =
            told.iter().filter(|e| is_told(&e.event)).map(|e| line(e)).collect();
        let entry = if direction == Direction::Long { LONG_ENTRY } else { SHORT_ENTRY };
        let entry: Vec<&str> = entry.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(story[..entry.len()], entry, "the entry as on quotes");
        let logged = "strategy.trade.logged: 131.60 2.9977 TARGET_HIT 1 1 131.60";
        assert_eq!(story.last().unwrap(), logged);
        let states = told.iter().filter(|e| e.event.name() == "trade.state.changed");
        let states: Vec<String> = states.map(|e| Data::of(e).text("to")).collect();
        assert_eq!(states, NINE_STATES[1..]);
    }
}
