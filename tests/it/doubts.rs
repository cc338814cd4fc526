//! What nobody knows for a while: orders without an answer, positions that the venue
//! sees otherwise, feeds that are down.

use flightdeck::domain::ids::{AgentId, BrokerOrderId, ClientOrderId};
use flightdeck::domain::market::{MarketStep, PriceBand, Tick, TickCorrection};
use flightdeck::domain::order::{OrderPurpose, Side};
use flightdeck::domain::position::{Direction, Position};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    AcceptedLeg, AccountReported, FeedEvent, FeedLinkChanged, VenueAccepted, VenueEvent,
    VenueNotFound,
};
use flightdeck::fsm::link::LinkState;

use crate::support::cockpit::{Cockpit, dollars, price, rules, shares, symbol};
use crate::support::trouble::{Trouble, What};

/// A house whose entry has met with trouble.
fn entry_with(what: What) -> (Cockpit, ClientOrderId) {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 1, what });
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let entry = cockpit.order(OrderPurpose::Entry);
    (cockpit, entry)
}

impl Cockpit {
    fn venue_says(&mut self, event: VenueEvent) -> &mut Self {
        self.input(AgentId::Venue, event)
    }

    fn does_not_find(&mut self, id: &ClientOrderId) -> &mut Self {
        let client_order_id = id.clone();
        self.venue_says(VenueEvent::NotFound(VenueNotFound { client_order_id }))
    }
}

#[test]
fn f01_an_unknown_order_is_asked_after_five_times_from_the_moment_of_doubt() {
    let (mut cockpit, _) = entry_with(What::Lost);
    let mut asked = vec![cockpit.count("order.get_status")];
    for seconds in [2, 3, 5, 20, 600] {
        cockpit.wait(seconds);
        asked.push(cockpit.count("order.get_status"));
    }
    assert_eq!(asked, [1, 2, 3, 4, 5, 5]);
}

#[test]
fn an_order_without_any_answer_for_15_s_is_unknown_and_asked_after() {
    let (mut cockpit, _) = entry_with(What::Silent);
    cockpit.wait(14);
    assert_eq!(cockpit.count("order.outcome.unknown"), 0);
    cockpit.wait(1);
    assert_eq!(cockpit.count("order.outcome.unknown"), 1);
    assert_eq!(cockpit.count("order.get_status"), 1);
}

#[test]
fn f43_not_found_is_proof_only_when_it_is_said_often_and_late_enough() {
    let (mut cockpit, entry) = entry_with(What::Lost);
    for _ in 0..5 {
        cockpit.does_not_find(&entry);
    }
    cockpit.wait(9).does_not_find(&entry);
    assert_eq!(cockpit.count("order.submit.rejected"), 0, "it may be on its way");
    cockpit.wait(1).does_not_find(&entry);
    assert_eq!(cockpit.count("order.submit.rejected"), 1);
    assert_eq!(cockpit.state(), "ABORTED");
    // Late, but said twice only.
    let (mut cockpit, entry) = entry_with(What::Lost);
    cockpit.wait(40).does_not_find(&entry).does_not_find(&entry);
    assert_eq!(cockpit.count("order.submit.rejected"), 0);
    // An order that the venue has is not lost because somebody looked badly.
    let (mut cockpit, entry) = entry_with(What::AnswerLost);
    cockpit.wait(20);
    for _ in 0..5 {
        cockpit.does_not_find(&entry);
    }
    assert_eq!(cockpit.state(), "HOLDING");
}

#[test]
fn an_order_that_stays_unknown_for_60_s_halts_trading() {
    let (mut cockpit, entry) = entry_with(What::Lost);
    cockpit.wait(59);
    assert_eq!(cockpit.count("system.trading.changed"), 0);
    cockpit.wait(1);
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "HALTED");
    let alert = cockpit.last("system.alert.raised");
    assert_eq!(alert.text("severity"), "critical");
    assert!(alert.text("text").contains(entry.as_str()));
    // One that was found in time does not.
    let (mut cockpit, entry) = entry_with(What::Lost);
    cockpit.wait(30);
    cockpit.reports_fill("e-1", entry, (Side::Buy, 5, "175.50"), 5);
    cockpit.wait(60);
    assert_eq!(cockpit.count("system.trading.changed"), 0);
}

#[test]
fn legs_that_only_a_second_acceptance_brings_are_known_before_they_fill() {
    let (mut cockpit, entry) = entry_with(What::Silent);
    let accepted = |legs| {
        VenueEvent::Accepted(VenueAccepted {
            client_order_id: entry.clone(),
            broker_order_id: BrokerOrderId::new("b-1"),
            legs,
        })
    };
    let leg = AcceptedLeg {
        client_order_id: ClientOrderId::new("leg-1"),
        broker_order_id: BrokerOrderId::new("b-2"),
        side: Side::Sell,
        stop: Some(price("166.72")),
        limit: None,
    };
    cockpit.venue_says(accepted(Vec::new()));
    cockpit.venue_says(accepted(vec![leg.clone()])).venue_says(accepted(vec![leg]));
    cockpit.reports_fill("e-1", entry.clone(), (Side::Buy, 5, "175.50"), 5);
    cockpit.reports_fill("e-2", ClientOrderId::new("leg-1"), (Side::Sell, 5, "166.72"), 5);
    let fill = cockpit.last("order.fill.complete");
    assert_eq!(fill.line(&["fill.client_order_id", "purpose"]), "leg-1 protection");
    assert_eq!(cockpit.count("order.submit.success"), 1 + cockpit.protections());
    assert_eq!(cockpit.count("position.unexplained.found"), 0);
}

impl Cockpit {
    /// How many protective orders the venue has taken.
    fn protections(&self) -> usize {
        let taken = self.all("order.submit.success");
        taken.iter().filter(|event| event.text("purpose") == "protection").count()
    }
}

fn account(positions: Vec<Position>) -> VenueEvent {
    VenueEvent::Account(AccountReported {
        cash: dollars("100000"),
        equity: dollars("100000"),
        buying_power: dollars("100000"),
        positions,
        streamed: Vec::new(),
    })
}

#[test]
fn c25_a_position_that_differs_for_half_a_minute_reduces_trading() {
    let held = Position {
        symbol: symbol("MSFT"),
        direction: Direction::Long,
        qty: shares(5),
        cost: dollars("1500"),
    };
    let mut cockpit = Cockpit::new(&rules());
    cockpit.venue_says(account(vec![held])).wait(29).venue_says(account(vec![held]));
    assert_eq!(cockpit.count("system.reconcile.difference"), 0);
    cockpit.wait(1).venue_says(account(vec![held]));
    cockpit.wait(30).venue_says(account(vec![held]));
    assert_eq!(cockpit.count("system.reconcile.difference"), 1, "said once");
    let difference = cockpit.last("system.reconcile.difference");
    assert_eq!(difference.line(&["subject", "journal", "venue"]), "MSFT no shares long 5 shares");
    assert_eq!(cockpit.last("system.trading.changed").text("to"), "REDUCING");
    // One that the next word explains is none.
    let mut cockpit = Cockpit::new(&rules());
    cockpit.venue_says(account(vec![held])).wait(15).venue_says(account(Vec::new()));
    cockpit.wait(15).venue_says(account(vec![held]));
    assert_eq!(cockpit.count("system.reconcile.difference"), 0);
}

#[test]
fn f26_data_of_a_feed_that_is_down_are_suspect_until_it_speaks_again() {
    let link = |state| {
        let feed = "alpaca.iex".to_owned();
        FeedEvent::Link(FeedLinkChanged { feed, state })
    };
    let mut cockpit = Cockpit::new(&rules());
    cockpit.history("AAPL", "175.50", Direction::Long).quote("AAPL", "175.49", "175.50");
    cockpit.input(AgentId::Feed, link(LinkState::Stale));
    cockpit.input(AgentId::Feed, link(LinkState::Down { attempts: 0 }));
    assert_eq!(cockpit.count("market_data.data.suspected"), 1, "said once");
    assert_eq!(cockpit.last("market_data.data.suspected").text("reason"), "stale");
    cockpit.input(AgentId::Feed, link(LinkState::Up)).quote("AAPL", "175.49", "175.50");
    let doubt = cockpit.last("market_data.data.suspected");
    assert_eq!(doubt.text("reason"), "status", "a quote does not prove that it trades");
    cockpit.quote("AAPL", "175.49", "175.50");
    assert_eq!(cockpit.count("market_data.data.suspected"), 2, "said once");
    cockpit.bar("AAPL", ["175.50"; 4], 2_000);
    assert_eq!(cockpit.count("order.submit"), 2, "entry and protection");
}

/// A band around nothing that was traded.
fn band(down: &str, up: &str) -> MarketStep {
    let at = Timestamp::default();
    let band = PriceBand { symbol: symbol("AAPL"), down: price(down), up: price(up), at };
    MarketStep { bands: vec![band], ..MarketStep::default() }
}

#[test]
fn c05_an_entry_outside_its_price_band_is_refused_and_the_band_is_on_record() {
    for (down, up, entries) in [("157.00", "184.00", 2), ("157.00", "175.49", 0)] {
        let mut cockpit = Cockpit::new(&rules());
        cockpit.history("AAPL", "175.50", Direction::Long).quote("AAPL", "175.49", "175.50");
        cockpit.step(band(down, up)).step(band(down, up));
        assert_eq!(cockpit.count("market_data.band.changed"), 1, "said once");
        cockpit.bar("AAPL", ["175.50"; 4], 2_000);
        assert_eq!(cockpit.count("order.submit"), entries, "{down} to {up}");
        if entries == 0 {
            assert_eq!(cockpit.last("risk.limit.exceeded").text("rule"), "price_band");
        }
    }
}

#[test]
fn a_wrong_print_that_is_taken_back_makes_no_outlier_of_the_right_ones() {
    let size = shares(100);
    let tick = |text: &str| {
        let at = Timestamp::default();
        Tick { symbol: symbol("AAPL"), price: price(text), size, at }
    };
    for (is_corrected, outliers) in [(false, 2), (true, 1)] {
        let mut cockpit = Cockpit::new(&rules());
        cockpit.tick("AAPL", "175.50", 100).tick("AAPL", "100.00", 100);
        if is_corrected {
            let (wrong, right) = (tick("100.00"), Some(tick("175.50")));
            let correction = TickCorrection { wrong, right };
            cockpit.step(MarketStep { corrections: vec![correction], ..MarketStep::default() });
            assert_eq!(cockpit.count("market_data.tick.corrected"), 1);
        }
        cockpit.tick("AAPL", "175.51", 100);
        assert_eq!(cockpit.count("market_data.data.suspected"), outliers);
    }
}
