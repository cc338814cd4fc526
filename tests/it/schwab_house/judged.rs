//! What the agents make of two sources (C11), on a clock that the test moves.

use std::sync::Arc;

use flightdeck::domain::ids::AgentId;
use flightdeck::domain::market::{MarketStep, Quote};
use flightdeck::domain::position::Direction;
use flightdeck::events::{CalculateSize, FeedEvent, FeedLinkChanged, RequestEvent, SecondStep};
use flightdeck::fsm::link::LinkState;

use crate::support::cockpit::{Cockpit, price, rules, symbol};

fn link(feed: &str, state: LinkState) -> FeedLinkChanged {
    FeedLinkChanged { feed: feed.into(), state }
}

/// A house in which both sources are up.
fn both() -> Cockpit {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.input(AgentId::Feed, FeedEvent::Link(link("alpaca.iex", LinkState::Up)));
    cockpit.input(AgentId::Feed, FeedEvent::SecondLink(link("schwab.stream", LinkState::Up)));
    cockpit
}

/// The second source quotes a stock.
fn second(cockpit: &mut Cockpit, of: &str, bid: &str, ask: &str) {
    let at = cockpit.now();
    let quote = Quote::new(symbol(of), (price(bid), 100), (price(ask), 100), at).unwrap();
    let step = Arc::new(MarketStep { at, quotes: vec![quote], ..MarketStep::default() });
    let said = SecondStep { source: Arc::from("schwab"), step };
    cockpit.input(AgentId::Feed, FeedEvent::Second(said));
}

/// What stands against an entry now.
fn refused_by(cockpit: &mut Cockpit) -> String {
    let mark = cockpit.mark();
    cockpit.ask(RequestEvent::CheckLimits(CalculateSize {
        symbol: symbol("AAPL"),
        direction: Direction::Long,
        entry_price: price("175.50"),
        stop_price: price("166.72"),
    }));
    let is_refused = |name: &str| name == "risk.limit.exceeded";
    let refused = cockpit.since(mark).iter().any(|e| is_refused(e.event.name()));
    assert!(refused, "the question has no target");
    cockpit.last("risk.limit.exceeded").text("rule")
}

/// What stands against a question without a target when the data are fine.
const FINE: &str = "min_reward_risk";

#[test]
fn c11_a_jump_is_refused_alone_and_accepted_when_a_second_source_has_jumped_too() {
    for (second_says, expected) in [(None, "max_price_jump"), (Some(("175.40", "175.60")), FINE)] {
        let mut cockpit = both();
        cockpit.history("AAPL", "175.50", Direction::Long).quote("AAPL", "149.99", "150.00");
        if let Some((bid, ask)) = second_says {
            second(&mut cockpit, "AAPL", bid, ask);
            assert_eq!(refused_by(&mut cockpit), "data_suspect", "they do not agree yet");
        }
        cockpit.quote("AAPL", "175.49", "175.50");
        assert_eq!(refused_by(&mut cockpit), expected);
    }
}

#[test]
fn c11_a_far_price_that_both_sources_say_is_no_outlier() {
    for has_second in [false, true] {
        let mut cockpit = both();
        cockpit.quote("AAPL", "99.99", "100.00");
        if has_second {
            second(&mut cockpit, "AAPL", "175.49", "175.51");
        }
        let mark = cockpit.mark();
        cockpit.quote("AAPL", "175.49", "175.50");
        let since = cockpit.since(mark);
        let is_doubted = since.iter().any(|e| e.event.name() == "market_data.data.suspected");
        assert_eq!(is_doubted, !has_second);
    }
}

#[test]
fn sources_that_disagree_refuse_entries_until_they_agree_and_it_is_said_once() {
    let mut cockpit = both();
    cockpit.history("AAPL", "175.50", Direction::Long).quote("AAPL", "175.49", "175.50");
    second(&mut cockpit, "AAPL", "175.48", "175.52");
    assert_eq!(
        cockpit.last("market_data.second.compared").line(&["source", "price", "agrees"]),
        "schwab 175.50 true"
    );
    second(&mut cockpit, "AAPL", "178.00", "178.02");
    cockpit.quote("AAPL", "175.49", "175.50");
    second(&mut cockpit, "AAPL", "178.01", "178.03");
    let doubt = cockpit.last("market_data.data.suspected");
    assert_eq!(
        doubt.line(&["reason", "detail"]),
        "disagreement alpaca says 175.49 to 175.50, schwab 178.00 to 178.02"
    );
    assert_eq!(cockpit.count("market_data.data.suspected"), 1, "said once");
    assert_eq!(refused_by(&mut cockpit), "data_suspect");
    cockpit.bar("AAPL", ["175.50"; 4], 2_000);
    assert_eq!(cockpit.count("order.submit"), 0, "nothing is entered");
    second(&mut cockpit, "AAPL", "175.48", "175.52");
    assert_eq!(refused_by(&mut cockpit), FINE);
}

#[test]
fn a_second_source_that_goes_away_takes_its_doubt_with_it() {
    let mut cockpit = both();
    cockpit.history("AAPL", "175.50", Direction::Long).quote("AAPL", "175.49", "175.50");
    second(&mut cockpit, "AAPL", "178.00", "178.02");
    assert_eq!(refused_by(&mut cockpit), "data_suspect");
    let down = link("schwab.stream", LinkState::Down { attempts: 1 });
    cockpit.input(AgentId::Feed, FeedEvent::SecondLink(down));
    assert_eq!(cockpit.last("market_data.source.changed").line(&["source", "second"]), "alpaca -");
    assert_eq!(refused_by(&mut cockpit), FINE);
}

#[test]
fn while_the_first_is_away_the_second_stands_in_and_it_is_said_there_and_back() {
    let mut cockpit = both();
    cockpit.history("AAPL", "175.50", Direction::Long).quote("AAPL", "175.49", "175.50");
    second(&mut cockpit, "AAPL", "175.60", "175.62");
    let mark = cockpit.mark();
    cockpit.input(AgentId::Feed, FeedEvent::Link(link("alpaca.iex", LinkState::Stale)));
    let changed = cockpit.last("market_data.source.changed");
    assert_eq!(
        changed.line(&["source", "second", "stands_in", "reason"]),
        "schwab - true alpaca.iex is STALE"
    );
    // What it has said last is passed on at once, and what it says from now on.
    assert_eq!(cockpit.last("market_data.quote.updated").text("bid"), "175.60");
    cockpit.wait(1);
    second(&mut cockpit, "AAPL", "175.70", "175.72");
    assert_eq!(cockpit.last("market_data.quote.updated").text("bid"), "175.70");
    cockpit.input(AgentId::Feed, FeedEvent::Link(link("alpaca.iex", LinkState::Up)));
    let changed = cockpit.last("market_data.source.changed");
    assert_eq!(changed.line(&["source", "second", "stands_in"]), "alpaca schwab false");
    cockpit.quote("AAPL", "175.49", "175.50");
    second(&mut cockpit, "AAPL", "175.49", "175.51");
    assert_eq!(cockpit.last("market_data.quote.updated").text("bid"), "175.49");
    let orders =
        cockpit.since(mark).iter().filter(|e| e.event.name().starts_with("order.")).count();
    assert_eq!(orders, 0, "orders never move by themselves");
}
