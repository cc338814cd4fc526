//! The guard of bare positions: the venue's list counts, not our belief (C18, I2).

use flightdeck::brokers::sim::venue::SimVenue;
use flightdeck::config::Config;
use flightdeck::domain::ids::AgentId;
use flightdeck::domain::order::{OrderPurpose, RejectReason};
use flightdeck::domain::position::Direction;
use flightdeck::events::{ExitStyle, SplitApplied, VenueEvent};

use super::{held, stop};
use crate::support::cockpit::{Cockpit, price, rules, symbol};
use crate::support::trouble::{Trouble, What};

fn managed() -> Config {
    let mut config = rules();
    config.position.exit_style = ExitStyle::Managed;
    config
}

fn holding(config: &Config) -> Cockpit {
    let mut cockpit = Cockpit::new(config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"]);
    cockpit
}

/// A venue that has forgotten every order, and tells nobody.
fn forget(cockpit: &mut Cockpit, config: &Config) {
    *cockpit.venue() = SimVenue::new(config.venue(false, 500));
    cockpit.quote("AAPL", "175.50", "175.51");
}

#[test]
fn a_stop_that_the_venue_lists_no_more_is_placed_again_within_five_seconds() {
    let config = managed();
    let mut cockpit = holding(&config);
    forget(&mut cockpit, &config);
    cockpit.lists(Vec::new());
    assert_eq!(cockpit.resting(), [""; 0]);
    cockpit.wait(5);
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"]);
    let covered = cockpit.last("position.naked.ended");
    assert_eq!(covered.line(&["symbol", "naked_ms", "was_listed"]), "AAPL 4000 true");
    assert_eq!(cockpit.alerts(), [""; 0], "nobody is called for less than 5 s");
    let naked = cockpit.safety().naked;
    assert_eq!((naked.spells, naked.total_ms, naked.longest_ms, naked.listed), (1, 4000, 4000, 1));
    assert_eq!(cockpit.state(), "HOLDING");
}

#[test]
fn a_person_is_called_after_five_seconds_and_the_position_is_left_after_fifteen() {
    let config = managed();
    let mut cockpit = holding(&config);
    forget(&mut cockpit, &config);
    let what = What::Refused(RejectReason::Other);
    cockpit.trouble(Trouble { purpose: OrderPurpose::Protection, times: 100, what });
    cockpit.lists(Vec::new());
    let began = cockpit.now();
    for (second, alerts, exits) in [(4, 0, 0), (6, 1, 0), (14, 1, 0), (15, 2, 1)] {
        while cockpit.now().since(began).as_secs() < second {
            cockpit.wait(1);
        }
        let sent = cockpit.all("order.submit");
        let exit = sent.iter().filter(|order| order.text("order.purpose") == "exit").count();
        assert_eq!((cockpit.alerts().len(), exit), (alerts, exits), "after {second} s");
    }
    assert!(cockpit.alerts()[0].contains("AAPL 5 shares have had no live stop"));
    assert!(cockpit.alerts()[1].contains("has had no stop for 15 s and is left"));
}

#[test]
fn a_list_that_is_older_than_the_stop_is_no_alarm() {
    let mut cockpit = holding(&managed());
    cockpit.lists(Vec::new());
    cockpit.wait(60);
    assert_eq!(cockpit.alerts(), [""; 0]);
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"]);
    assert_eq!(cockpit.count("position.naked.ended"), 0);
    assert_eq!(cockpit.count("order.submit"), 2, "entry and stop");
}

#[test]
fn a_stop_for_too_few_shares_is_topped_up() {
    let mut cockpit = holding(&managed());
    let id = cockpit.order(OrderPurpose::Protection);
    let broker = cockpit.working()[0].broker_order_id.clone();
    cockpit.lists(vec![stop(id.as_str(), broker.as_str(), 3)]);
    let sent = cockpit.last("order.submit");
    assert_eq!(sent.line(&["order.purpose", "order.request.qty"]), "protection 2");
}

#[test]
fn f17_a_stop_that_waits_for_its_target_counts() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let orders = cockpit.working();
    assert_eq!(orders.len(), 2, "target and stop rest as one");
    cockpit.lists(orders).wait(60);
    assert_eq!((cockpit.count("order.submit"), cockpit.count("order.get_status")), (2, 0));
}

#[test]
fn f23_after_a_split_the_stop_is_for_the_shares_of_now() {
    let mut cockpit = holding(&managed());
    let id = cockpit.order(OrderPurpose::Protection);
    let broker = cockpit.working()[0].broker_order_id.clone();
    let split = SplitApplied {
        symbol: symbol("AAPL"),
        new_shares: 2,
        old_shares: 1,
        position: Some(held("AAPL", 10, "877.50")),
        price: price("87.75"),
    };
    cockpit.input(AgentId::Venue, VenueEvent::SplitApplied(split));
    cockpit.lists(vec![stop(id.as_str(), broker.as_str(), 5)]);
    let wanted = cockpit.last("position.set_stop");
    assert_eq!(wanted.line(&["qty", "stop"]), "10 83.36");
    let sent = cockpit.last("order.submit");
    assert_eq!(sent.line(&["order.purpose", "order.request.qty"]), "protection 5");
}
