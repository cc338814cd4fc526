//! What is held is protected, whatever happens: partial fills, stops that vanish or
//! are refused, trailing, time, splits, duplicates, strangers.

use flightdeck::brokers::sim::exchange::Partials;
use flightdeck::config::Config;
use flightdeck::domain::ids::{AgentId, ClientOrderId};
use flightdeck::domain::order::{OrderPurpose, RejectReason, Side};
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{AssessPortfolio, Event, ExitStyle, RequestEvent, VenueEvent};
use rust_decimal::Decimal;

use crate::support::cockpit::{Cockpit, START, dollars, price, rules, shares};
use crate::support::trouble::{Trouble, What};

fn managed() -> Config {
    let mut config = rules();
    config.position.exit_style = ExitStyle::Managed;
    config
}

fn holding(config: &Config) -> Cockpit {
    let mut cockpit = Cockpit::new(config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
    cockpit
}

const NOTHING: Vec<String> = Vec::new();

#[test]
fn f11_a_partly_filled_entry_is_protected_for_what_it_got() {
    for exit_style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut config = rules();
        config.position.exit_style = exit_style;
        config.venue.partials = Partials::Displayed;
        let mut cockpit = Cockpit::new(&config);
        cockpit.setup_thin("AAPL", "175.50", 2);
        assert_eq!(cockpit.last("order.fill.partial").text("fill.qty"), "2");
        assert_eq!(cockpit.resting(), ["buy 3 limit 175.50"]);
        assert_eq!(cockpit.state(), "ORDER_PLACED");

        // Three seconds later the rest is cancelled.
        cockpit.quote("AAPL", "175.60", "175.61").wait(3);
        let opened = cockpit.last("position.open.done");
        assert_eq!(opened.line(&["quantity", "entry_price"]), "2 175.50");
        assert_eq!(cockpit.state(), "HOLDING");
        let stops = cockpit.working();
        assert!(stops.iter().all(|order| order.qty == shares(2) && order.side == Side::Sell));
        assert_eq!(cockpit.last("position.stop.set").line(&["quantity", "stop_price"]), "2 166.72");
    }
}

#[test]
fn f09_a_late_fill_after_the_cancel_grows_position_and_protection() {
    let mut config = managed();
    config.venue.partials = Partials::Displayed;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup_thin("AAPL", "175.50", 2);
    cockpit.quote("AAPL", "175.60", "175.61").wait(3);
    assert_eq!(cockpit.last("position.stop.set").text("quantity"), "2");
    let entry = cockpit.order(OrderPurpose::Entry);
    cockpit.reports_fill("late-1", entry, (Side::Buy, 1, "175.50"), 3);
    assert_eq!(cockpit.last("order.fill.partial").text("fill.qty"), "1");
    assert_eq!(cockpit.last("position.set_stop").text("qty"), "3");
    let sent = cockpit.last("order.submit");
    assert_eq!(sent.line(&["order.purpose", "order.request.qty"]), "protection 1", "the rest");
}

#[test]
fn f14_a_stop_that_the_venue_cancels_is_placed_again_at_once() {
    for exit_style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut config = rules();
        config.position.exit_style = exit_style;
        let mut cockpit = holding(&config);
        let resting = cockpit.resting();
        let stop = cockpit.order(OrderPurpose::Protection);
        cockpit.venue_cancels(&stop);
        assert_eq!(cockpit.resting(), resting);
        assert_ne!(cockpit.order(OrderPurpose::Protection), stop, "under a new name");
        assert_eq!(cockpit.state(), "HOLDING");
    }
}

#[test]
fn f13_a_stop_that_is_refused_is_tried_again() {
    let mut cockpit = Cockpit::new(&managed());
    let what = What::Refused(RejectReason::Other);
    cockpit.trouble(Trouble { purpose: OrderPurpose::Protection, times: 2, what });
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "FILLED");
    cockpit.wait(2);
    assert_eq!(cockpit.resting(), NOTHING);
    cockpit.wait(2);
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"]);
    assert_eq!(cockpit.state(), "HOLDING");
    assert_eq!(cockpit.count("system.alert.raised"), 0);
}

#[test]
fn c18_a_position_that_cannot_be_protected_in_time_is_left_with_an_alert() {
    for exit_style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut config = rules();
        config.position.exit_style = exit_style;
        let mut cockpit = Cockpit::new(&config);
        let what = What::Refused(RejectReason::Other);
        cockpit.trouble(Trouble { purpose: OrderPurpose::Protection, times: 100, what });
        cockpit.setup("AAPL", "175.50", Direction::Long);
        cockpit.wait(14);
        assert!(cockpit.held("AAPL").is_some());
        cockpit.wait(1);
        assert_eq!(cockpit.held("AAPL"), None);
        let alert = cockpit.last("system.alert.raised");
        assert_eq!(
            alert.line(&["severity", "text"]),
            "critical AAPL has had no stop for 15 s and is left"
        );
        let closed = cockpit.last("position.closed.done");
        assert_eq!(closed.text("reason"), "STOP_NOT_PLACED");
        assert_eq!(cockpit.state(), "CLOSED");
    }
}

#[test]
fn a_stop_that_is_hit_closes_the_position_and_takes_the_target_with_it() {
    for exit_style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut config = rules();
        config.position.exit_style = exit_style;
        let mut cockpit = holding(&config);
        cockpit.wait(5).quote("AAPL", "166.70", "166.71");
        assert_eq!(cockpit.held("AAPL"), None);
        assert_eq!(cockpit.resting(), NOTHING);
        // (166.70 − 175.50) × 5, and −44.00 ÷ (8.78 × 5).
        let closed = cockpit.last("position.closed.done");
        assert_eq!(
            closed.line(&["exit_price", "pnl", "r_multiple", "reason"]),
            "166.70 -44.00 -1.0023 STOP_HIT"
        );
        assert_eq!(cockpit.cash(), dollars("99956.00"));
        assert_eq!(cockpit.count("position.stop.hit"), 1);
    }
}

#[test]
fn a_trailing_stop_follows_by_replacing_and_never_loosens() {
    let mut config = managed();
    config.strategy.trail_start_r = Decimal::ONE;
    config.strategy.trail_distance_r = Decimal::ONE;
    let mut cockpit = holding(&config);
    let mut stops = Vec::new();
    for high in ["180.00", "186.00", "184.00", "190.00", "183.00"] {
        cockpit.wait(60);
        let bid = price(high).plus(dollars("-0.01")).unwrap().to_string();
        cockpit.quote("AAPL", &bid, high);
        cockpit.bar("AAPL", [high; 4], 1_000);
        stops.push(cockpit.resting().join(", "));
    }
    // The risk is 8.78: it begins at 184.28 and stays 8.78 below the best price.
    assert_eq!(
        stops,
        [
            "sell 5 stop 166.72",
            "sell 5 stop 177.22",
            "sell 5 stop 177.22",
            "sell 5 stop 181.22",
            "sell 5 stop 181.22",
        ]
    );
    assert_eq!(cockpit.count("order.modify.success"), 2);
    assert_eq!(cockpit.count("order.cancel"), 0, "never without a stop");
    cockpit.wait(5).quote("AAPL", "181.22", "181.23");
    let closed = cockpit.last("position.closed.done");
    assert_eq!(closed.line(&["exit_price", "pnl", "reason"]), "181.22 28.60 STOP_HIT");
}

#[test]
fn a_trade_that_takes_too_long_is_left() {
    let mut config = rules();
    config.strategy.time_exit_minutes = 30;
    let mut cockpit = holding(&config);
    cockpit.wait(29 * 60).quote("AAPL", "176.00", "176.01").bar("AAPL", ["176.00"; 4], 1_000);
    assert_eq!(cockpit.state(), "HOLDING");
    cockpit.wait(60).quote("AAPL", "176.00", "176.01").bar("AAPL", ["176.00"; 4], 1_000);
    let closed = cockpit.last("position.closed.done");
    assert_eq!(closed.line(&["exit_price", "pnl", "reason"]), "176.00 2.50 TIME_EXIT");
    assert_eq!(cockpit.resting(), NOTHING);
}

#[test]
fn f23_a_split_while_holding_is_no_crash() {
    // 166.72 ÷ 7 = 23.817…, down to 23.81; 201.82 ÷ 7 = 28.831…, down to 28.83.
    for (exit_style, resting) in [
        (ExitStyle::NativeOco, vec!["sell 35 limit 28.83", "sell 35 stop 23.81"]),
        (ExitStyle::Managed, vec!["sell 35 stop 23.81"]),
    ] {
        let mut config = rules();
        config.position.exit_style = exit_style;
        let mut cockpit = holding(&config);
        // 7 for 1 over night: 175.50 becomes 25.07.
        cockpit.wait_until(Timestamp::from_seconds(START + 23 * 3_600 + 60));
        cockpit.quote("AAPL", "25.07", "25.08").wait(2);
        assert_eq!(cockpit.count("position.stop.hit"), 0);
        let split = cockpit.last("position.split.adjusted");
        let told = split.line(&["quantity_before", "quantity_after", "stop_price", "target_price"]);
        assert_eq!(told, "5 35 23.81 28.83", "{exit_style:?}");
        assert_eq!(cockpit.held("AAPL").unwrap().qty, shares(35));
        assert_eq!(cockpit.state(), "HOLDING");
        assert_eq!(cockpit.resting(), resting, "protected at the new levels");

        // (26.00 − 175.50 ÷ 7) × 35 = 910.00 − 877.50.
        cockpit.wait(5).quote("AAPL", "26.00", "26.01").flatten(Some("AAPL"));
        assert_eq!(cockpit.last("position.closed.done").text("pnl"), "32.50");
        assert_eq!(cockpit.cash(), dollars("100032.50"));
    }
}

#[test]
fn f07_duplicate_fill_counts_once() {
    let mut cockpit = holding(&managed());
    let first = cockpit.journal().into_iter().find_map(|envelope| {
        let Event::Venue(VenueEvent::Filled(filled)) = envelope.event else { return None };
        Some(filled)
    });
    let mark = cockpit.mark();
    cockpit.input(AgentId::Venue, VenueEvent::Filled(first.unwrap()));
    let said: Vec<&str> = cockpit.since(mark).iter().map(|e| e.event.name()).collect();
    assert_eq!(said, ["venue.order.filled"], "and nothing follows");
    cockpit.ask(RequestEvent::AssessPortfolio(AssessPortfolio {}));
    assert_eq!(cockpit.last("risk.portfolio.assessed").text("cash"), "99122.50");
}

#[test]
fn an_acceptance_that_is_heard_twice_is_said_once() {
    for exit_style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut config = rules();
        config.position.exit_style = exit_style;
        let mut cockpit = holding(&config);
        let accepted: Vec<VenueEvent> = cockpit
            .journal()
            .into_iter()
            .filter_map(|envelope| {
                let Event::Venue(event @ VenueEvent::Accepted(_)) = envelope.event else {
                    return None;
                };
                Some(event)
            })
            .collect();
        // A stop that has gone must not be believed in again.
        let gone = cockpit.order(OrderPurpose::Protection);
        cockpit.venue_cancels(&gone);
        let resting = cockpit.order(OrderPurpose::Protection);
        let mark = cockpit.mark();
        for event in accepted {
            cockpit.input(AgentId::Venue, event);
        }
        let said: Vec<&str> = cockpit.since(mark).iter().map(|e| e.event.name()).collect();
        assert_eq!(said, ["venue.order.accepted", "venue.order.accepted"]);
        cockpit.venue_cancels(&resting);
        assert!(!cockpit.resting().is_empty(), "placed again");
    }
}

#[test]
fn a_stop_that_goes_at_night_is_placed_again_although_the_position_is_to_be_closed() {
    let mut cockpit = holding(&managed());
    cockpit.wait_until(Timestamp::from_seconds(START + 12 * 3_600)).flatten(None);
    let stop = cockpit.order(OrderPurpose::Protection);
    cockpit.venue_cancels(&stop);
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"]);
    cockpit.wait_until(Timestamp::from_seconds(START + 23 * 3_600));
    cockpit.quote("AAPL", "176.00", "176.01");
    assert_eq!(cockpit.state(), "CLOSED");
    assert_eq!(cockpit.resting(), NOTHING);
}

#[test]
fn unexplained_shares_are_closed_by_the_operator_alone() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.quote("AAPL", "199.99", "200.00");
    let stranger = ClientOrderId::new("by-hand-elsewhere");
    cockpit.reports_fill("x-1", stranger, (Side::Buy, 10, "200.00"), 10);
    cockpit.wait(5).flatten(Some("AAPL"));
    let sent = cockpit.last("order.submit");
    assert_eq!(
        sent.line(&["order.purpose", "order.request.side", "order.request.qty"]),
        "exit sell 10"
    );
    cockpit.ask(RequestEvent::AssessPortfolio(AssessPortfolio {}));
    assert_eq!(cockpit.last("risk.portfolio.assessed").text("open_positions"), "0");
    assert_eq!(cockpit.resting(), NOTHING);
}

#[test]
fn c27_a_fill_of_a_stranger_is_shown_counted_and_protected_and_never_closed() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.quote("AAPL", "199.99", "200.00");
    let stranger = ClientOrderId::new("by-hand-elsewhere");
    cockpit.reports_fill("x-1", stranger, (Side::Buy, 10, "200.00"), 10);
    let found = cockpit.last("position.unexplained.found");
    assert_eq!(found.line(&["symbol", "side", "quantity", "price"]), "AAPL buy 10 200.00");
    assert_eq!(cockpit.last("system.alert.raised").text("severity"), "critical");
    cockpit.ask(RequestEvent::AssessPortfolio(AssessPortfolio {}));
    let portfolio = cockpit.last("risk.portfolio.assessed");
    assert_eq!(portfolio.line(&["cash", "open_positions"]), "98000.00 1");
    assert_eq!(cockpit.resting(), ["sell 10 stop 190.00"], "5 % below");
    assert_eq!(cockpit.last("position.stop.set").text("trade_id"), "unexplained-AAPL");
    // A stop that goes is placed again; nothing else is done for an hour.
    let stop = cockpit.order(OrderPurpose::Protection);
    cockpit.venue_cancels(&stop);
    assert_eq!(cockpit.resting(), ["sell 10 stop 190.00"]);
    cockpit.wait(3_600);
    assert_eq!(cockpit.count("order.submit"), 2);
    assert_eq!(cockpit.count("trade.state.changed"), 0, "never adopted as a trade");
}

#[test]
fn an_entry_that_does_not_fill_in_time_is_cancelled() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup_missed("AAPL", "175.50");
    cockpit.wait(59);
    assert_eq!(cockpit.resting(), ["buy 5 limit 175.50"]);
    cockpit.wait(1);
    assert_eq!(cockpit.resting(), NOTHING);
    assert_eq!(cockpit.last("order.cancel").text("reason"), "not filled in time");
    assert_eq!(cockpit.last("trade.state.changed").text("reason"), "ORDER_CANCELLED");
}

#[test]
fn two_symbols_are_two_trades() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let long = cockpit.trade();
    cockpit.setup("MSFT", "300.00", Direction::Short);
    let short = cockpit.trade();
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    assert_eq!(cockpit.states(&long).pop().unwrap(), "CLOSED");
    assert_eq!(cockpit.states(&short).pop().unwrap(), "HOLDING");
    cockpit.quote("MSFT", "254.99", "255.00");
    assert_eq!(cockpit.states(&short).pop().unwrap(), "CLOSED");
    // 131.60, and (300.00 − 255.00) × 3.
    assert_eq!(cockpit.cash(), dollars("100266.60"));
    let metrics = cockpit.last("strategy.trade.logged");
    assert_eq!(metrics.line(&["metrics.trades", "metrics.wins", "metrics.pnl"]), "2 2 266.60");
}
