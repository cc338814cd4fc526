//! What moves the kill ladder by itself (faults page §2, rule 7), and that the ladder works
//! whatever else does not (rule 5).

use flightdeck::bus::clock::{Clock, StepWatch};
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::domain::order::OrderPurpose;
use flightdeck::domain::position::Direction;
use flightdeck::events::{
    AgentFailed, AgentRetired, HaltRequired, HaltTrigger, SystemEvent, TradingChanged,
};

use crate::support::cockpit::{Cockpit, rules};
use crate::support::trouble::{Trouble, What};
use crate::support::wired::{Market, Wired, by_hand, listed, wire_rules};

fn halt(trigger: HaltTrigger) -> SystemEvent {
    SystemEvent::HaltRequired(HaltRequired { trigger, reason: "a test says so".into() })
}

fn failed(rebuilt: bool) -> SystemEvent {
    SystemEvent::AgentFailed(AgentFailed {
        agent: AgentId::Strategy,
        poison: Seq(7),
        message: "index out of bounds".into(),
        rebuilt,
    })
}

#[test]
fn every_trigger_from_outside_halts_and_none_flattens() {
    let retired = SystemEvent::AgentRetired(AgentRetired {
        agent: AgentId::Strategy,
        unanswered: Seq(7),
        reason: "no answer".into(),
    });
    for trigger in [
        failed(true),
        failed(false),
        retired,
        halt(HaltTrigger::ClockStep),
        halt(HaltTrigger::Store),
        halt(HaltTrigger::Part),
    ] {
        let mut cockpit = Cockpit::new(&rules());
        cockpit.setup("AAPL", "175.50", Direction::Long);
        let resting = cockpit.resting();
        cockpit.input(AgentId::Spine, trigger.clone());
        assert_eq!(cockpit.last("system.trading.changed").text("to"), "HALTED", "{trigger:?}");
        assert_eq!(cockpit.resting(), resting, "protection is kept: {trigger:?}");
        cockpit.setup("MSFT", "300.00", Direction::Long);
        let entries = cockpit.all("order.submit");
        let entries = entries.iter().filter(|order| order.text("order.purpose") == "entry");
        assert_eq!(entries.count(), 1, "{trigger:?}");
    }
}

#[test]
fn what_has_been_halted_is_not_loosened_by_a_second_trigger_or_by_the_day() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.flatten(None).input(AgentId::Spine, halt(HaltTrigger::ClockStep));
    cockpit.wait(24 * 3_600);
    let states: Vec<String> =
        cockpit.all("system.trading.changed").iter().map(|moved| moved.text("to")).collect();
    assert_eq!(states, ["FLATTEN"]);
}

#[test]
fn the_kill_passes_an_open_breaker() {
    let mut cockpit = Cockpit::new(&by_hand());
    cockpit.setup_missed("AAPL", "175.50");
    let waiting = cockpit.trade();
    cockpit.approve(&waiting);
    let working = cockpit.count("order.submit");
    assert_eq!(working, 1, "an entry works");
    for name in ["MSFT", "NVDA", "AMZN"] {
        let what = What::NotSent;
        cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 1, what });
        cockpit.setup(name, "300.00", Direction::Long);
        let waiting = cockpit.trade();
        cockpit.approve(&waiting);
    }
    assert_eq!(cockpit.last("breaker.state.changed").text("to"), "OPEN");
    cockpit.kill();
    assert_eq!(cockpit.resting(), [""; 0], "the entry is cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c04_a_broken_limit_of_loss_halts_where_there_is_an_account() {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = wire_rules();
    // 50 dollars: enough for the planned loss of one trade, not for a gap.
    config.risk.max_daily_loss = "0.0005".parse().unwrap();
    let wired = Wired::open(&market, &config, &folder).await;
    wired.setup(&market, "AAPL").await;
    wired.wait_state("AAPL", "HOLDING").await;
    market.pin("AAPL", "160.00", "160.01", "160.00");
    wired.advance(1).await;
    let moved = wired.wait_for("system.trading.changed").await;
    assert_eq!(moved.text("to"), "HALTED");
    assert!(moved.text("reason").starts_with("C04: loss of the day"), "{moved:?}");
    wired.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f55_a_clock_that_is_set_halts_and_cancels_what_works() {
    let market = Market::open(&[listed("AAPL", "175.50")]).await;
    let folder = tempfile::tempdir().unwrap();
    let wired = Wired::open(&market, &by_hand(), &folder).await;
    wired.enter_below(&market, "AAPL", "175.50").await;
    wired.wait_for("order.submit.success").await;
    let clock = market.state.clock.clone();
    let clock: &dyn Clock = clock.as_ref();
    let mut steps = StepWatch::start(clock);
    wired.look_at_clock(&mut steps).await;
    assert_eq!(wired.count("system.halt.required"), 0);
    // An hour at once.
    market.pass(3_600);
    wired.look_at_clock(&mut steps).await;
    let halted = wired.wait_for("system.halt.required").await;
    assert_eq!(halted.text("trigger"), "clock_step");
    wired.wait_for("system.trading.changed").await;
    market.until_resting(&[]).await;
    wired.end().await;
}

#[test]
fn a_state_that_nobody_has_asked_for_is_not_made_up() {
    let changed =
        TradingChanged { from: "ACTIVE".into(), to: "ACTIVE".into(), reason: String::new() };
    let mut cockpit = Cockpit::new(&rules());
    cockpit.input(AgentId::Spine, SystemEvent::TradingChanged(changed));
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
}
