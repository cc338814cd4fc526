//! The six scenarios of the specification (§8), as far as they need no wire.
//!
//! 1 and 3 (the venue is down, the rate limit): the breaker's machine is held to
//! its table in [`breaker_conformance`](crate::breaker_conformance); here the
//! execution agent is shown to ask it. 2 (a dead token): the latch is held to its
//! table there as well; a token dies at a real client only. 4, 5 and 6 are whole.

use std::sync::Arc;

use flightdeck::bus::{Agent, Outbox, RosterSeat};
use flightdeck::domain::ids::{AgentId, ClientOrderId, ExecutionId};
use flightdeck::domain::order::{Fill, OrderPurpose};
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    AssessPortfolio, Envelope, Event, ExitStyle, GetOrderStatus, OrderCancel, OrderEvent,
    OrderFilled, RequestEvent, RiskEvent, Topic, Topics,
};

use crate::support::cockpit::{Cockpit, START, dollars, rules, symbol};
use crate::support::trouble::{Trouble, What};

/// Three entries in three stocks whose calls fail.
fn three_failures(cockpit: &mut Cockpit) {
    let (purpose, what) = (OrderPurpose::Entry, What::NotSent);
    cockpit.trouble(Trouble { purpose, times: 3, what });
    for of in ["F", "GM", "IBM"] {
        cockpit.setup(of, "100.00", Direction::Long);
    }
}

/// The newest move of the breaker: from, to, why.
fn breaker(cockpit: &Cockpit) -> String {
    cockpit.last("breaker.state.changed").line(&["breaker", "from", "to", "reason"])
}

#[test]
fn scenario_1_three_failed_calls_open_the_breaker_and_entries_fail_fast() {
    let mut cockpit = Cockpit::new(&rules());
    three_failures(&mut cockpit);
    assert_eq!(breaker(&cockpit), "sim.orders CLOSED OPEN too many failures in a row");
    let retry_at = cockpit.last("breaker.state.changed").text("retry_at");
    assert_eq!(retry_at, Timestamp::from_seconds(START + 60).to_string());

    let sent = cockpit.count("order.submit");
    cockpit.wait(18).setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.count("order.submit"), sent, "nothing has left");
    let refused = cockpit.last("order.submit.rejected");
    assert_eq!(refused.text("message"), "sim.orders is OPEN: 42 s left");
    assert_eq!(cockpit.state(), "ABORTED");
}

#[test]
fn scenario_1_after_sixty_seconds_one_probe_closes_the_breaker() {
    let mut cockpit = Cockpit::new(&rules());
    three_failures(&mut cockpit);
    let mark = cockpit.mark();
    cockpit.wait(60).setup("AAPL", "175.50", Direction::Long);
    let moves: Vec<String> = cockpit
        .since(mark)
        .iter()
        .filter(|e| e.event.name() == "breaker.state.changed")
        .map(|e| crate::support::cockpit::Data::of(e).line(&["from", "to"]))
        .collect();
    assert_eq!(moves, ["OPEN HALF_OPEN", "HALF_OPEN CLOSED"]);
    assert_eq!(cockpit.state(), "HOLDING");
}

#[test]
fn scenario_1_a_failed_probe_opens_the_breaker_for_another_minute() {
    let mut cockpit = Cockpit::new(&rules());
    three_failures(&mut cockpit);
    let (purpose, what) = (OrderPurpose::Entry, What::NotSent);
    cockpit.trouble(Trouble { purpose, times: 1, what });
    cockpit.wait(60).setup("AAPL", "175.50", Direction::Long);
    assert_eq!(breaker(&cockpit), "sim.orders HALF_OPEN OPEN the probe failed");
    cockpit.wait(59).setup("MSFT", "300.00", Direction::Long);
    assert_eq!(
        cockpit.last("order.submit.rejected").text("message"),
        "sim.orders is OPEN: 1 s left"
    );
}

#[test]
fn scenario_1_a_probe_that_is_never_answered_opens_the_breaker_again() {
    let mut cockpit = Cockpit::new(&rules());
    three_failures(&mut cockpit);
    let (purpose, what) = (OrderPurpose::Entry, What::Silent);
    cockpit.trouble(Trouble { purpose, times: 1, what });
    cockpit.wait(60).setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(9);
    assert_eq!(breaker(&cockpit), "sim.orders OPEN HALF_OPEN the period is over, one probe leaves");
    cockpit.wait(1);
    assert_eq!(breaker(&cockpit), "sim.orders HALF_OPEN OPEN the probe did not come back");
}

#[test]
fn b16_a_protective_order_passes_an_open_breaker_and_that_is_said() {
    let mut config = rules();
    config.position.exit_style = ExitStyle::Managed;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    three_failures(&mut cockpit);
    let stop = cockpit.order(OrderPurpose::Protection);
    cockpit.venue_does(OrderEvent::Cancel(OrderCancel {
        client_order_id: stop,
        trade_id: None,
        reason: "by hand".into(),
    }));
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"], "placed again");
    assert_eq!(breaker(&cockpit), "sim.orders OPEN OPEN overridden to protect or close a position");
    cockpit.flatten(None);
    assert_eq!(cockpit.held("AAPL"), None, "the exit passes too");
}

#[test]
fn b12_the_operator_closes_the_breaker_by_its_name() {
    let mut cockpit = Cockpit::new(&rules());
    three_failures(&mut cockpit);
    cockpit.reset("alpaca.paper.orders");
    assert_eq!(cockpit.count("breaker.state.changed"), 1, "that is another breaker");
    cockpit.reset("sim.orders");
    assert_eq!(breaker(&cockpit), "sim.orders OPEN CLOSED the operator closed it");
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
}

#[test]
fn b08_a_refusal_of_the_venue_is_no_failure_of_the_venue() {
    let mut cockpit = Cockpit::new(&rules());
    let what = What::Refused(flightdeck::domain::order::RejectReason::Halted);
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 5, what });
    for of in ["F", "GM", "IBM", "T", "GE"] {
        cockpit.setup(of, "100.00", Direction::Long);
        assert_eq!(cockpit.state(), "ABORTED");
    }
    assert_eq!(cockpit.count("breaker.state.changed"), 0);
}

#[test]
fn scenario_3_and_c09_entries_never_use_the_reserve_of_the_budget() {
    let mut config = rules();
    config.execution.guard.requests_per_minute = 4;
    config.execution.guard.requests_reserved = 2;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
    cockpit.wait(20).setup("MSFT", "300.00", Direction::Long);
    let exhausted = cockpit.last("breaker.budget.exhausted");
    assert_eq!(exhausted.line(&["budget", "lane"]), "sim.orders entry");
    assert_eq!(
        cockpit.last("order.submit.rejected").text("message"),
        "the request budget of sim.orders is used up: 41 s left"
    );
    cockpit.flatten(Some("AAPL"));
    assert_eq!(cockpit.held("AAPL"), None, "cancel and exit use the reserve");
    cockpit.wait(61).setup("IBM", "200.00", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING", "the window has moved on");
}

/// Fills an approved entry without ever having sent it.
struct FillsUnasked;

impl Agent for FillsUnasked {
    fn id(&self) -> AgentId {
        AgentId::OrderExecution
    }
    fn topics(&self) -> Topics {
        Topics::of(&[Topic::Risk])
    }
    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        let Event::Risk(RiskEvent::Approved(approved)) = &input.event else { return };
        let order = &approved.order;
        out.publish(OrderEvent::Filled(OrderFilled {
            fill: Fill {
                execution_id: ExecutionId::new("x-1"),
                client_order_id: ClientOrderId::new("never-sent"),
                symbol: order.symbol(),
                side: order.side(),
                qty: order.qty(),
                price: order.price_highest().unwrap(),
                cumulative: order.qty(),
                at: input.at,
            },
            trade_id: Some(approved.trade_id.clone()),
            purpose: OrderPurpose::Entry,
            kind: order.kind(),
            ordered: order.qty(),
            average_price: order.price_highest().unwrap(),
            fee: dollars("0"),
        }));
    }
}

#[test]
fn scenario_4_a_fill_of_a_trade_in_entry_approved_opens_no_position() {
    let seat =
        RosterSeat { id: AgentId::OrderExecution, factory: Arc::new(|| Box::new(FillsUnasked)) };
    let mut cockpit = Cockpit::with_seats(&rules(), &[seat]);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let trade = cockpit.trade();

    let invalid = cockpit.last("trade.transition.invalid");
    assert_eq!(invalid.text("trade_id"), trade.as_str(), "the trace");
    assert_eq!(invalid.text("error"), "cannot transition from ENTRY_APPROVED to FILLED");
    assert_eq!(cockpit.states(&trade), ["SCANNING", "SETUP_DETECTED", "ENTRY_APPROVED", "ABORTED"]);
    assert_eq!(cockpit.last("trade.state.changed").text("reason"), "ILLEGAL_INPUT");
    assert_eq!(cockpit.count("position.open.done"), 0);

    // The fill is real all the same: shown, counted, protected.
    let unexplained = cockpit.last("position.unexplained.found");
    assert_eq!(unexplained.line(&["symbol", "side", "quantity", "price"]), "AAPL buy 5 175.50");
    let wanted = cockpit.last("position.set_stop");
    assert_eq!(wanted.line(&["symbol", "qty", "stop"]), "AAPL 5 166.72");
    cockpit.ask(RequestEvent::AssessPortfolio(AssessPortfolio {}));
    let portfolio = cockpit.last("risk.portfolio.assessed");
    assert_eq!(portfolio.line(&["open_positions", "cash"]), "1 99122.50");
    assert_eq!(portfolio.text("gross_exposure"), "877.50");
}

/// A position held over the close of its day.
fn at_night(exit_style: ExitStyle) -> Cockpit {
    let mut config = rules();
    config.position.exit_style = exit_style;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait_until(Timestamp::from_seconds(START + 12 * 3_600));
    cockpit
}

#[test]
fn scenario_5_an_exit_at_night_is_a_draft_until_the_open_and_the_stop_rests_meanwhile() {
    for exit_style in [ExitStyle::Managed, ExitStyle::NativeOco] {
        let mut cockpit = at_night(exit_style);
        let resting = cockpit.resting();
        let mark = cockpit.mark();
        cockpit.flatten(Some("AAPL"));
        assert_eq!(cockpit.state(), "EXIT_TRIGGERED");
        let draft = cockpit.last("order.status.reported");
        assert_eq!(draft.text("state"), "DRAFT");
        let id = ClientOrderId::new(draft.text("client_order_id"));
        cockpit.ask(RequestEvent::GetOrderStatus(GetOrderStatus { client_order_id: id.clone() }));
        assert_eq!(cockpit.last("order.status.reported").text("state"), "DRAFT");

        // Ten hours later, one second before the open of New York.
        cockpit.wait_until(Timestamp::from_seconds(START + 23 * 3_600 - 1));
        assert_eq!(cockpit.resting(), resting, "the stop rests");
        let left: Vec<&str> = cockpit.since(mark).iter().map(|e| e.event.name()).collect();
        assert!(!left.contains(&"order.submit") && !left.contains(&"order.cancel"), "{left:?}");

        cockpit.wait(1).quote("AAPL", "176.00", "176.01");
        assert_eq!(cockpit.order(OrderPurpose::Exit), id, "the draft is what leaves");
        assert_eq!(cockpit.state(), "CLOSED");
        assert_eq!(cockpit.held("AAPL"), None);
        assert_eq!(cockpit.resting(), Vec::<String>::new());
        let closed = cockpit.last("position.closed.done");
        assert_eq!(closed.text("reason"), "FLATTEN");
    }
}

#[test]
fn scenario_5_a_draft_is_torn_up_when_the_stop_closes_the_position_first() {
    let mut cockpit = at_night(ExitStyle::Managed);
    cockpit.flatten(None);
    let draft = ClientOrderId::new(cockpit.last("order.status.reported").text("client_order_id"));
    let stop = cockpit.order(OrderPurpose::Protection);
    // A report of the night desk: the stop was executed.
    let fill = Fill {
        execution_id: ExecutionId::new("night-1"),
        client_order_id: stop,
        symbol: symbol("AAPL"),
        side: flightdeck::domain::order::Side::Sell,
        qty: crate::support::cockpit::shares(5),
        price: crate::support::cockpit::price("166.00"),
        cumulative: crate::support::cockpit::shares(5),
        at: cockpit.now(),
    };
    let filled = flightdeck::events::VenueFilled { fill, fee: dollars("0") };
    cockpit.input(AgentId::Venue, flightdeck::events::VenueEvent::Filled(filled));
    assert_eq!(cockpit.state(), "CLOSED");
    cockpit.ask(RequestEvent::GetOrderStatus(GetOrderStatus { client_order_id: draft }));
    assert_eq!(cockpit.last("order.status.reported").text("state"), "CANCELLED");
    let sent = cockpit.count("order.submit");
    cockpit.wait_until(Timestamp::from_seconds(START + 24 * 3_600));
    assert_eq!(cockpit.count("order.submit"), sent, "nothing is sent at the open");
}

#[test]
fn scenario_6_an_order_refused_for_buying_power_teaches_risk_what_there_is() {
    // The journal believes in 100 000 dollars, the account has 300 and may buy for
    // 600 on margin.
    let mut cockpit = Cockpit::with_cash_at_venue(&rules(), "300.00");
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let refused = cockpit.last("order.submit.rejected");
    assert_eq!(
        refused.line(&["reason", "symbol", "qty", "estimated_cost", "buying_power"]),
        "InsufficientFunds AAPL 5 877.50 600.00"
    );
    assert_eq!(refused.text("trade_id"), cockpit.trade().as_str(), "the trace");
    assert!(!refused.text("message").is_empty());
    assert_eq!(cockpit.state(), "ABORTED");
    assert_eq!(cockpit.last("trade.state.changed").text("reason"), "ORDER_REJECTED");

    // Next time the size fits, and an order that cannot fit is not sent.
    cockpit.wait(61).setup("AAPL", "175.50", Direction::Long);
    let size = cockpit.last("risk.size.calculated");
    assert_eq!(size.line(&["size.quantity", "size.bound_by"]), "3 buying_power");
    assert_eq!(cockpit.state(), "HOLDING");
    assert_eq!(cockpit.count("order.submit.rejected"), 1);
    let sent = cockpit.count("order.submit");
    cockpit.wait(61).setup("MSFT", "300.00", Direction::Long);
    assert_eq!(cockpit.last("risk.size.calculated").text("size.quantity"), "0");
    assert_eq!(cockpit.state(), "ABORTED");
    assert_eq!(cockpit.count("order.submit"), sent);
}
