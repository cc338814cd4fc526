//! What can go wrong with money on the table: races, refusals and lost words, each
//! until the position is flat or protected again.

use flightdeck::brokers::sim::exchange::Partials;
use flightdeck::config::Config;
use flightdeck::domain::ids::{AgentId, ClientOrderId, Seq};
use flightdeck::domain::market::{MarketStep, StatusChange, TradingStatus};
use flightdeck::domain::order::{OrderPurpose, OrderReport, RejectReason, ReportedStatus, Side};
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    AgentRetired, AssessPortfolio, ExitStyle, OrdersReported, RequestEvent, SystemEvent, VenueEvent,
};

use flightdeck::risk::RULES;

use crate::support::cockpit::{Cockpit, START, dollars, price, rules, shares, symbol};
use crate::support::trouble::{Trouble, What};

fn with(exit_style: ExitStyle, partials: Partials) -> Config {
    let mut config = rules();
    config.position.exit_style = exit_style;
    config.venue.partials = partials;
    config
}

fn holding(config: &Config) -> Cockpit {
    let mut cockpit = Cockpit::new(config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
    cockpit
}

#[test]
fn f25_an_exit_that_is_refused_again_and_again_is_no_storm() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = holding(&with(style, Partials::Never));
        let what = What::Refused(RejectReason::Other);
        cockpit.trouble(Trouble { purpose: OrderPurpose::Exit, times: 1_000_000, what });
        cockpit.flatten(Some("AAPL"));
        for _ in 0..20 {
            cockpit.wait(30);
        }
        assert!(cockpit.count("order.submit") < 60, "{}", cockpit.count("order.submit"));
        assert!(!cockpit.resting().is_empty(), "protected between the attempts");
        cockpit.heal().wait(120);
        assert_eq!(cockpit.held("AAPL"), None);
    }
}

#[test]
fn f13_what_is_bare_is_left_within_seconds_although_its_exit_was_refused_at_first() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = Cockpit::new(&with(style, Partials::Never));
        let refused =
            |purpose, times| Trouble { purpose, times, what: What::Refused(RejectReason::Other) };
        cockpit.trouble(refused(OrderPurpose::Protection, 1_000_000));
        cockpit.trouble(refused(OrderPurpose::Exit, 2));
        cockpit.setup("AAPL", "175.50", Direction::Long);
        assert!(cockpit.held("AAPL").is_some() && cockpit.resting().is_empty());
        // Fifteen seconds for the stop, then two and four for the exit.
        for _ in 0..22 {
            cockpit.wait(1);
        }
        assert_eq!(cockpit.held("AAPL"), None);
    }
}

#[test]
fn flatten_ends_flat_also_while_an_entry_is_partly_filled() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = Cockpit::new(&with(style, Partials::Displayed));
        cockpit.setup_thin("AAPL", "175.50", 2);
        cockpit.quote("AAPL", "175.60", "175.61");
        assert_eq!(cockpit.state(), "ORDER_PLACED");
        cockpit.flatten(None).wait(180);
        assert_eq!(cockpit.held("AAPL"), None);
        assert!(cockpit.resting().is_empty());
    }
}

#[test]
fn flatten_pressed_twice_sells_once() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = holding(&with(style, Partials::Displayed));
        cockpit.quote_of("AAPL", ("175.50", 2), ("175.51", 2));
        cockpit.flatten(None).flatten(None).flatten(Some("AAPL"));
        cockpit.wait(1).quote_of("AAPL", ("175.50", 1), ("175.51", 2)).flatten(None);
        cockpit.wait(1).quote("AAPL", "175.50", "175.51").wait(300);
        assert_eq!(cockpit.held("AAPL"), None);
        assert_eq!(cockpit.count("trade.transition.invalid"), 0);
        assert_eq!(cockpit.state(), "CLOSED");
        assert_eq!(cockpit.count("strategy.trade.logged"), 1);
    }
}

#[test]
fn c21_trading_is_not_resumed_while_a_seat_is_empty() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.input(
        AgentId::Spine,
        SystemEvent::AgentRetired(AgentRetired {
            agent: AgentId::PositionManagement,
            unanswered: Seq(7),
            reason: "no reply within 250 ms".into(),
        }),
    );
    cockpit.resume();
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.count("order.submit"), 0);
    assert_eq!(cockpit.last("system.alert.raised").text("severity"), "critical");
}

#[test]
fn f07_a_duplicate_fill_of_a_stranger_counts_once() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.quote("AAPL", "199.99", "200.00");
    let stranger = || ClientOrderId::new("by-hand-elsewhere");
    cockpit.reports_fill("x-1", stranger(), (Side::Buy, 10, "200.00"), 10);
    cockpit.reports_fill("x-1", stranger(), (Side::Buy, 10, "200.00"), 10);
    assert_eq!(cockpit.count("position.unexplained.found"), 1);
    assert_eq!(cockpit.count("order.fill.complete"), 1);
}

#[test]
fn a_fill_that_a_list_of_orders_shows_first_is_a_fill() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup_missed("AAPL", "175.50");
    let entry = cockpit.order(OrderPurpose::Entry);
    let mut report: OrderReport = cockpit.working().remove(0);
    report.filled = shares(5);
    report.average_price = Some(price("175.50"));
    report.status = ReportedStatus::Filled;
    let orders = vec![report];
    cockpit.input(AgentId::Venue, VenueEvent::Orders(OrdersReported { orders, is_whole: false }));
    assert_eq!(cockpit.last("position.open.done").text("quantity"), "5");
    // The execution itself comes later, and is the same shares.
    cockpit.reports_fill("e-1", entry, (Side::Buy, 5, "175.50"), 5);
    assert_eq!(cockpit.count("order.fill.complete"), 1);
}

#[test]
fn an_oco_whose_target_fills_in_part_and_whose_stop_takes_the_rest_is_over() {
    let mut cockpit = holding(&with(ExitStyle::NativeOco, Partials::Displayed));
    cockpit.wait(5).quote_of("AAPL", ("201.82", 2), ("201.83", 2));
    cockpit.wait(5).quote("AAPL", "166.00", "166.01").wait(60);
    assert_eq!(cockpit.held("AAPL"), None);
    assert_eq!(cockpit.state(), "CLOSED");
    assert_eq!(cockpit.last("position.closed.done").text("quantity"), "5");
    // No order of ours is left half done.
    let mut open = std::collections::BTreeSet::new();
    for moved in cockpit.all("order.state.changed") {
        let id = moved.text("client_order_id");
        match moved.text("to").as_str() {
            "FILLED" | "CANCELLED" => open.remove(&id),
            _ => open.insert(id),
        };
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn f19_a_cancel_of_an_entry_that_is_refused_is_asked_for_again() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup_missed("AAPL", "175.50");
    cockpit.refuse_cancel().wait(60);
    assert_eq!(cockpit.count("order.cancel.rejected"), 1);
    cockpit.wait(10);
    assert!(cockpit.resting().is_empty());
    assert_eq!(cockpit.state(), "ABORTED");
}

#[test]
fn a_trailed_stop_that_the_venue_cancels_is_placed_again_at_once() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut config = with(style, Partials::Never);
        config.strategy.trail_start_r = rust_decimal::Decimal::ONE;
        let mut cockpit = holding(&config);
        cockpit.wait(60).quote("AAPL", "189.99", "190.00");
        cockpit.bar("AAPL", ["190.00", "190.00", "190.00", "190.00"], 1_000);
        let resting = cockpit.resting();
        assert!(resting.iter().any(|order| order.contains("181.2")), "{resting:?}");
        let working: Vec<ClientOrderId> =
            cockpit.working().into_iter().filter_map(|order| order.client_order_id).collect();
        cockpit.venue_cancels(&working[0]);
        cockpit.wait(3);
        assert_eq!(cockpit.resting(), resting);
    }
}

#[test]
fn an_exit_that_waits_for_the_open_waits_quietly() {
    let mut cockpit = holding(&rules());
    // Saturday noon.
    cockpit.wait(4 * 86_400 + 5_400);
    let mark = cockpit.mark();
    cockpit.flatten(None).wait(86_400);
    let said = cockpit.since(mark).len();
    assert!(said < 300, "{said}");
}

#[test]
fn c27_a_trade_that_is_closed_never_takes_the_shares_of_a_stranger_with_it() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = holding(&with(style, Partials::Never));
        let what = What::Refused(RejectReason::Other);
        cockpit.trouble(Trouble { purpose: OrderPurpose::Protection, times: 1_000, what });
        let stranger = ClientOrderId::new("by-hand-elsewhere");
        cockpit.reports_fill("x-1", stranger, (Side::Buy, 10, "175.50"), 10);
        cockpit.flatten(Some("AAPL"));
        cockpit.wait(5);
        let exits: Vec<String> = cockpit
            .all("order.submit")
            .iter()
            .filter(|sent| !sent.text("order.trade_id").starts_with("unexplained"))
            .map(|sent| sent.line(&["order.purpose", "order.request.qty"]))
            .filter(|sent| sent.starts_with("exit"))
            .collect();
        assert_eq!(exits, ["exit 5"]);
        assert_eq!(cockpit.held("AAPL"), None);
    }
}

#[test]
fn kill_while_an_entry_is_in_flight_protects_what_it_still_gets() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 1, what: What::Silent });
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let entry = cockpit.order(OrderPurpose::Entry);
    cockpit.kill();
    cockpit.reports_fill("e-1", entry, (Side::Buy, 5, "175.50"), 5);
    assert_eq!(cockpit.state(), "FILLED");
    assert_eq!(cockpit.last("order.submit").text("order.purpose"), "protection");
}

#[test]
fn fees_are_in_the_books_of_the_house() {
    let mut config = rules();
    config.venue.fee_per_order = dollars("1");
    let mut cockpit = holding(&config);
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    cockpit.ask(RequestEvent::AssessPortfolio(AssessPortfolio {}));
    let told = cockpit.last("risk.portfolio.assessed").text("cash");
    assert_eq!(told, cockpit.cash().to_string());
}

#[test]
fn f04_a_stop_that_never_left_does_not_stand_in_the_way_of_the_exit() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = Cockpit::new(&with(style, Partials::Displayed));
        let what = What::NotSent;
        cockpit.trouble(Trouble { purpose: OrderPurpose::Protection, times: 1, what });
        cockpit.setup_thin("AAPL", "175.50", 2);
        cockpit.quote("AAPL", "175.60", "175.61");
        // The stop is asked for, and its cancel, before the first call has failed.
        cockpit.flatten(None).wait(5);
        assert_eq!(cockpit.held("AAPL"), None);
        assert_eq!(cockpit.state(), "CLOSED");
    }
}

#[test]
fn f23_a_reverse_split_that_leaves_parts_of_a_share_ends_protected_or_flat() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = holding(&with(style, Partials::Never));
        // 1 for 10 over night: 5 shares become half a one.
        cockpit.wait(23 * 3_600 + 60).quote("AAPL", "1755.00", "1755.10");
        assert_eq!(cockpit.count("position.split.adjusted"), 1);
        for _ in 0..60 {
            cockpit.wait(5).quote("AAPL", "1755.00", "1755.10");
        }
        let is_covered = !cockpit.resting().is_empty() || cockpit.held("AAPL").is_none();
        assert!(is_covered, "{:?}\n{}", cockpit.held("AAPL"), cockpit.tail(12));
        cockpit.flatten(None).wait(120);
        assert_eq!(cockpit.held("AAPL"), None);
        assert_eq!(cockpit.state(), "CLOSED");
    }
}

#[test]
fn c01_every_order_that_leaves_carries_the_answers_of_all_rules() {
    let mut cockpit = holding(&rules());
    cockpit.wait(5).flatten(None).wait(5);
    let sent = cockpit.all("order.submit");
    let purposes: Vec<String> = sent.iter().map(|order| order.text("order.purpose")).collect();
    assert_eq!(purposes, ["entry", "protection", "exit"]);
    let approved = cockpit.last("risk.trade.approved");
    assert_eq!(approved.text("order.trade_id"), sent[0].text("order.trade_id"));
    assert_eq!(approved.text("order.qty"), sent[0].text("order.request.qty"));
    assert_eq!(approved.text("order.checks").matches("\"rule\"").count(), RULES.len());
}

/// 15:59:50 in New York on the day of the start.
fn shortly_before_the_close(cockpit: &mut Cockpit) {
    cockpit.wait_until(Timestamp::from_seconds(START + 5 * 3_600 + 29 * 60 + 50));
}

#[test]
fn a_day_entry_that_the_close_ends_leaves_nothing_behind() {
    let mut config = rules();
    config.execution.entry_age_seconds = 0;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup_missed("AAPL", "175.50");
    shortly_before_the_close(&mut cockpit);
    assert_eq!(cockpit.resting(), ["buy 5 limit 175.50"]);
    cockpit.wait(60).quote("AAPL", "176.00", "176.01");
    assert!(cockpit.resting().is_empty());
    assert_eq!(cockpit.last("trade.state.changed").text("reason"), "ORDER_EXPIRED");
    cockpit.ask(RequestEvent::AssessPortfolio(AssessPortfolio {}));
    assert_eq!(cockpit.last("risk.portfolio.assessed").text("reserved"), "0.00");
}

#[test]
fn an_exit_that_the_close_cuts_off_is_protected_over_night_and_ends_at_the_open() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = holding(&with(style, Partials::Displayed));
        shortly_before_the_close(&mut cockpit);
        cockpit.quote_of("AAPL", ("175.50", 2), ("175.51", 2)).flatten(Some("AAPL"));
        assert_eq!(cockpit.held("AAPL").unwrap().qty, shares(3));
        cockpit.wait(3_600).quote("AAPL", "175.50", "175.51");
        assert_eq!(cockpit.held("AAPL").unwrap().qty, shares(3));
        assert!(
            cockpit.resting().contains(&"sell 3 stop 166.72".to_owned()),
            "{:?}",
            cockpit.resting()
        );
        // 09:31 of the next day.
        cockpit.wait_until(Timestamp::from_seconds(START + 23 * 3_600 + 60));
        cockpit.quote("AAPL", "175.50", "175.51").wait(120).quote("AAPL", "175.50", "175.51");
        assert_eq!(cockpit.held("AAPL"), None, "{}", cockpit.tail(30));
        assert_eq!(cockpit.state(), "CLOSED");
    }
}

#[test]
fn a_stop_that_expires_after_ninety_days_is_placed_again() {
    let mut cockpit = holding(&rules());
    let resting = cockpit.resting();
    for _ in 0..100 {
        cockpit.wait(86_400).quote("AAPL", "175.50", "175.51");
    }
    cockpit.wait(60);
    assert_eq!(cockpit.resting(), resting);
    assert!(cockpit.count("order.expire.done") > 0);
}

#[test]
fn an_exit_wanted_while_the_stock_is_halted_happens_afterwards() {
    for style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = holding(&with(style, Partials::Never));
        let halted = |status| MarketStep {
            status: vec![StatusChange { symbol: symbol("AAPL"), status }],
            ..MarketStep::default()
        };
        cockpit.step(halted(TradingStatus::Halted)).flatten(Some("AAPL"));
        let mark = cockpit.mark();
        cockpit.wait(1_800);
        assert!(cockpit.since(mark).len() < 500, "{}", cockpit.since(mark).len());
        assert!(cockpit.held("AAPL").is_some());
        cockpit.step(halted(TradingStatus::Trading)).quote("AAPL", "150.00", "150.01");
        cockpit.wait(120).quote("AAPL", "150.00", "150.01");
        assert_eq!(cockpit.held("AAPL"), None, "{}", cockpit.tail(30));
        assert_eq!(cockpit.state(), "CLOSED");
    }
}
