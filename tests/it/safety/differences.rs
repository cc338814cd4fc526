//! What journal, broker and stream disagree about, and what a human makes of it (C25,
//! C27).

use flightdeck::domain::ids::AgentId;
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{AccountReported, SessionStarted, SystemEvent, VenueEvent};
use jiff::SignedDuration;

use super::{held, stop};
use crate::support::cockpit::{Cockpit, START, dollars, rules};

/// A house that has heard twice that somebody holds shares of MSFT.
fn disagreeing() -> Cockpit {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.tells(vec![held("MSFT", 5, "1500")]).wait(30).tells(vec![held("MSFT", 5, "1500")]);
    cockpit
}

#[test]
fn c25_a_difference_is_said_with_its_three_sides_its_age_and_its_cause() {
    let cockpit = disagreeing();
    let said = cockpit.last("system.reconcile.difference");
    assert_eq!(said.line(&["subject", "journal", "venue"]), "MSFT no shares long 5 shares");
    let safety = cockpit.safety();
    let [row] = &safety.differences[..] else { panic!("one difference, not {safety:?}") };
    assert_eq!(row.stream.as_deref(), Some("long 5 shares"));
    assert_eq!(row.cause.as_deref(), Some("made by hand or by another program"));
    assert_eq!(row.since, Timestamp::from_seconds(START));
    assert_eq!((row.is_acknowledged, safety.open_differences()), (false, 1));
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "REDUCING");
}

#[test]
fn trading_is_not_resumed_while_a_difference_stands_and_is_once_it_is_acknowledged() {
    let mut cockpit = disagreeing();
    cockpit.resume();
    assert!(cockpit.alerts().last().unwrap().contains("differ about MSFT"));
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "REDUCING");
    cockpit.acknowledges(Some("AAPL"));
    assert!(cockpit.alerts().last().unwrap().contains("no difference about AAPL stands"));
    cockpit.acknowledges(Some("MSFT")).resume();
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "ACTIVE");
    assert_eq!(cockpit.safety().open_differences(), 0);
    // The same shares again are no news; others are, and none at all clears it.
    cockpit.tells(vec![held("MSFT", 5, "1500")]).wait(40).tells(vec![held("MSFT", 5, "1500")]);
    assert_eq!(cockpit.count("system.reconcile.difference"), 1);
    cockpit.tells(Vec::new());
    assert_eq!(cockpit.safety().differences, []);
    cockpit.tells(vec![held("MSFT", 7, "2100")]).wait(30).tells(vec![held("MSFT", 7, "2100")]);
    assert_eq!(cockpit.count("system.reconcile.difference"), 2);
}

#[test]
fn c27_what_others_hold_counts_in_the_limits_and_is_never_touched() {
    let mut config = rules();
    config.risk.max_open_positions = 1;
    let mut cockpit = Cockpit::new(&config);
    cockpit.tells(vec![held("MSFT", 5, "1500")]).wait(30).tells(vec![held("MSFT", 5, "1500")]);
    cockpit.acknowledges(None).resume().tells(vec![held("MSFT", 5, "1500")]);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.last("risk.limit.exceeded").text("rule"), "max_open_positions");
    cockpit.wait(600);
    assert_eq!(cockpit.count("order.submit"), 0, "neither closed nor protected");
}

#[test]
fn a_stock_in_doubt_takes_no_entry_from_the_first_sight_and_others_do() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.tells(vec![held("AAPL", 3, "500")]);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.last("risk.limit.exceeded").text("rule"), "symbol_in_doubt");
    cockpit.setup("MSFT", "300.00", Direction::Long);
    assert_eq!(cockpit.count("risk.trade.approved"), 1);
}

#[test]
fn c27_an_order_that_is_not_ours_is_shown_and_closes_its_stock_until_it_is_acknowledged() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.lists(vec![stop("by-hand-1", "b-77", 3)]);
    assert_eq!(cockpit.count("order.external.listed"), 1);
    let safety = cockpit.safety();
    let [row] = &safety.external[..] else { panic!("one order, not {safety:?}") };
    assert_eq!((row.broker_order_id.as_str(), row.symbol.as_str()), ("b-77", "AAPL"));
    assert_eq!(&*safety.differences[0].subject, "order b-77");
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.last("risk.limit.exceeded").text("rule"), "symbol_in_doubt");
    cockpit.lists(vec![stop("by-hand-1", "b-77", 3)]);
    assert_eq!(cockpit.count("order.external.listed"), 1, "said once");
    cockpit.acknowledges(Some("order b-77"));
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.count("risk.trade.approved"), 1);
    assert_eq!(cockpit.count("order.cancel"), 0, "it is never cancelled");
    // It ends.
    cockpit.lists(cockpit.working());
    assert_eq!(cockpit.safety().external, []);
    assert_eq!(cockpit.safety().differences, []);
}

#[test]
fn cash_that_the_broker_booked_by_itself_is_said_and_much_of_it_reduces_trading() {
    for (missing, is_reduced) in [("0.42", false), ("500.00", true)] {
        let mut cockpit = Cockpit::new(&rules());
        let cash = cockpit.cash() - dollars(missing);
        let told = || {
            VenueEvent::Account(AccountReported {
                cash,
                equity: cash,
                buying_power: cash,
                positions: Vec::new(),
                streamed: Vec::new(),
            })
        };
        cockpit.input(AgentId::Venue, told()).wait(30).input(AgentId::Venue, told());
        assert_eq!(cockpit.last("system.reconcile.difference").text("subject"), "cash");
        assert_eq!(cockpit.count("system.trading.changed"), usize::from(is_reduced), "{missing}");
        cockpit.acknowledges(Some("cash"));
        assert_eq!(cockpit.safety().open_differences(), 0);
    }
}

#[test]
fn c31_a_run_at_a_broker_takes_no_entry_before_it_has_been_compared() {
    let mut cockpit = Cockpit::new(&rules());
    let started = SessionStarted {
        mode: "paper".into(),
        seed: 1,
        version: "0.1.0".into(),
        config_hash: "e3".into(),
        order_tag: None,
    };
    cockpit.input(AgentId::Spine, SystemEvent::SessionStarted(started));
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.last("risk.limit.exceeded").text("rule"), "trading_state");
    // What differs at the first comparison is said at once: nothing is on its way.
    cockpit.tells(vec![held("MSFT", 5, "1500")]);
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "REDUCING");
    let cause = cockpit.safety().differences[0].cause.clone();
    assert_eq!(cause.as_deref(), Some("held before this run, or made elsewhere"));
    cockpit.acknowledges(None).resume().setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.count("risk.trade.approved"), 1);
    let waited = cockpit.now().since(Timestamp::from_seconds(START));
    assert!(waited < SignedDuration::from_hours(1), "{waited:?}");
}
