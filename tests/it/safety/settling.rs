//! An order of which nobody knows ends by evidence or by a human, and by nothing else
//! (I11).

use flightdeck::domain::command::{OperatorCommand, Outcome, Settle};
use flightdeck::domain::ids::{BrokerOrderId, ClientOrderId};
use flightdeck::domain::order::OrderPurpose;
use flightdeck::domain::position::Direction;
use flightdeck::events::{CalculateSize, RequestEvent};
use jiff::SignedDuration;

use crate::support::cockpit::{Cockpit, price, rules, shares, symbol};
use crate::support::trouble::{Trouble, What};

/// A house whose entry in AAPL is lost, and nobody knows.
fn unknown() -> (Cockpit, ClientOrderId) {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 1, what: What::Lost });
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let entry = cockpit.order(OrderPurpose::Entry);
    (cockpit, entry)
}

impl Cockpit {
    fn settles(&mut self, order: &ClientOrderId, outcome: Outcome) -> &mut Self {
        self.press(OperatorCommand::Settle(Settle {
            client_order_id: order.clone(),
            outcome,
            reason: "read in the broker's list".into(),
            by: None,
        }))
    }

    fn order_states(&self, order: &ClientOrderId) -> Vec<String> {
        let moved = self.all("order.state.changed");
        let of_it = moved.iter().filter(|it| it.text("client_order_id") == order.as_str());
        of_it.map(|it| it.text("to")).collect()
    }
}

#[test]
fn time_alone_never_ends_it_and_its_stock_takes_no_entry() {
    let (mut cockpit, entry) = unknown();
    cockpit.wait(24 * 3_600);
    assert_eq!(cockpit.order_states(&entry), ["SUBMITTED", "UNKNOWN"]);
    assert_eq!(cockpit.state(), "ORDER_PLACED");
    assert_eq!(cockpit.count("system.trading.changed"), 1, "halted once");
    cockpit.resume();
    assert!(cockpit.alerts().last().unwrap().contains("nobody knows of order"));
    assert_eq!(cockpit.count("system.trading.changed"), 1);
}

#[test]
fn its_stock_is_closed_at_once_and_others_are_not() {
    let (mut cockpit, entry) = unknown();
    let asked = CalculateSize {
        symbol: symbol("AAPL"),
        direction: Direction::Long,
        entry_price: price("175.50"),
        stop_price: price("166.72"),
    };
    cockpit.ask(RequestEvent::CheckLimits(asked));
    let is_in_doubt = |cockpit: &Cockpit| {
        let refused = cockpit.all("risk.limit.exceeded");
        let in_doubt = refused.iter().filter(|one| one.text("rule") == "symbol_in_doubt");
        in_doubt.count()
    };
    assert_eq!(is_in_doubt(&cockpit), 1);
    cockpit.setup("MSFT", "300.00", Direction::Long);
    assert_eq!(cockpit.count("risk.trade.approved"), 2);
    cockpit.settles(&entry, Outcome::NotThere).ask(RequestEvent::CheckLimits(asked));
    assert_eq!(is_in_doubt(&cockpit), 1, "settled");
}

#[test]
fn the_screen_counts_down_to_the_halt() {
    let (cockpit, entry) = unknown();
    let safety = cockpit.safety();
    let [row] = &safety.unknown[..] else { panic!("one order, not {safety:?}") };
    assert_eq!((&row.client_order_id, row.symbol.as_str()), (&entry, "AAPL"));
    assert_eq!(row.halts_at.since(row.since), SignedDuration::from_secs(60));
    assert_eq!(row.since, cockpit.now());
}

#[test]
fn a_human_says_what_became_of_it_and_that_is_taken_as_the_venues_word() {
    let working = Outcome::Working { broker_order_id: BrokerOrderId::new("b-9") };
    let over =
        |filled, at: Option<&str>| Outcome::Over { filled: shares(filled), price: at.map(price) };
    // The embedded venue holds none of these shares, so it takes no stop for them.
    for (outcome, order, trade) in [
        (Outcome::NotThere, "CANCELLED", "ABORTED"),
        (working, "ACCEPTED", "ORDER_PLACED"),
        (over(0, None), "CANCELLED", "ABORTED"),
        (over(5, Some("175.49")), "FILLED", "FILLED"),
        (over(2, Some("175.49")), "CANCELLED", "FILLED"),
    ] {
        let (mut cockpit, entry) = unknown();
        cockpit.wait(10).settles(&entry, outcome.clone());
        let states = cockpit.order_states(&entry);
        assert_eq!(states.last().unwrap(), order, "{outcome:?}: {states:?}");
        assert_eq!(cockpit.state(), trade, "{outcome:?}");
        assert_eq!(cockpit.safety().unknown, [], "{outcome:?}");
        cockpit.wait(120);
        assert_eq!(cockpit.count("system.trading.changed"), 0, "in time: {outcome:?}");
    }
}

#[test]
fn after_the_halt_it_is_settled_first_and_then_trading_is_resumed() {
    let (mut cockpit, entry) = unknown();
    cockpit.wait(61);
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "HALTED");
    cockpit.settles(&entry, Outcome::NotThere).resume();
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "ACTIVE");
}

#[test]
fn what_is_known_or_cannot_be_is_not_settled() {
    let (mut cockpit, entry) = unknown();
    let wrong = [
        Outcome::Over { filled: shares(6), price: Some(price("175.50")) },
        Outcome::Over { filled: shares(5), price: None },
    ];
    for outcome in wrong {
        cockpit.settles(&entry, outcome);
        assert!(cockpit.alerts().last().unwrap().contains("is not settled"));
    }
    assert_eq!(cockpit.order_states(&entry).last().unwrap(), "UNKNOWN");
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let known = cockpit.order(OrderPurpose::Protection);
    for order in [known, ClientOrderId::new("fd-19700101-000001")] {
        cockpit.settles(&order, Outcome::NotThere);
        assert!(cockpit.alerts().last().unwrap().contains("is not settled"), "{order}");
    }
    assert_eq!(cockpit.state(), "HOLDING");
}
