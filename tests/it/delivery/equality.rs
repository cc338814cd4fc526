//! Inline, seated on one thread, seated on two: one log.

use flightdeck::bus::inline::Inline;
use flightdeck::bus::spine::Spine;
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::events::{Event, SystemEvent, Timer, Topic};
use flightdeck::journal::Memory;
use proptest::prelude::*;
use tokio_util::task::TaskTracker;

use crate::delivery::script::{Script, inputs, never_goes_back};
use crate::delivery::{
    alert, at, envelopes, log, one_thread, operator, run_everywhere, run_inline, seat, texts,
};

prop_compose! {
    fn script(panics: std::ops::Range<u64>)(
        seeds in prop::collection::vec(any::<u64>(), 1..6),
        panics_in_thousand in panics,
    ) -> Script {
        Script { seeds, panics_in_thousand }
    }
}

fn steps() -> impl Strategy<Value = Vec<(i64, u64)>> {
    prop::collection::vec((-2_i64..9, 0_u64..5), 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_driver_writes_the_same_log(script in script(0..1), steps in steps()) {
        let log = run_everywhere(&script.roster(), &[], &inputs(&steps));
        prop_assert!(log.len() > steps.len());
    }

    #[test]
    fn every_driver_rebuilds_the_same_agents(script in script(5..60), steps in steps()) {
        run_everywhere(&script.roster(), &[], &inputs(&steps));
    }

    /// What came in by the door, as the journal stamped it, makes the same
    /// journal again.
    #[test]
    fn the_inputs_of_a_log_make_the_log_again(script in script(0..60), steps in steps()) {
        let roster = script.roster();
        let log = run_inline(&roster, Memory::default(), &inputs(&steps)).unwrap();
        let recorded = envelopes(&log);
        prop_assert!(never_goes_back(&recorded));
        let inputs: Vec<(i64, Event)> = recorded
            .iter()
            .filter(|envelope| envelope.source == AgentId::Feed)
            .map(|envelope| (envelope.at.as_nanos() / 1_000_000_000, envelope.event.clone()))
            .collect();
        prop_assert_eq!(inputs.len(), steps.len());
        let again = run_inline(&roster, Memory::default(), &inputs).unwrap();
        prop_assert_eq!(texts(&again), texts(&log));
    }
}

#[test]
fn numbers_rise_by_one_and_a_cascade_has_one_time_and_one_root() {
    let script = Script { seeds: vec![1, 2, 3, 4, 5], panics_in_thousand: 0 };
    let log = envelopes(&run_everywhere(&script.roster(), &[], &inputs(&[(3, 4); 20])));
    for (place, envelope) in log.iter().enumerate() {
        assert_eq!(envelope.seq, Seq(u64::try_from(place).unwrap() + 1));
        let cause = envelope.cause.map(|cause| &log[usize::try_from(cause.0).unwrap() - 1]);
        if let Some(cause) = cause {
            assert!(cause.seq < envelope.seq);
            assert_eq!((cause.at, cause.root), (envelope.at, envelope.root));
        } else {
            assert_eq!(envelope.root, envelope.seq);
        }
    }
}

#[test]
fn outputs_stand_in_roster_order_however_long_each_agent_takes() {
    let slow_first = |id, spins: u32| {
        seat(id, &[Topic::Operator], move |(): &mut (), _, out| {
            let spun = (0..spins).fold(0_u32, |sum, turn| std::hint::black_box(sum ^ turn));
            std::hint::black_box(spun);
            out.publish(alert(id.name()));
        })
    };
    let roster = [
        slow_first(AgentId::Venue, 20_000),
        slow_first(AgentId::Strategy, 2_000),
        slow_first(AgentId::RiskManagement, 0),
    ];
    let log = run_everywhere(&roster, &[], &[(1, operator("go"))]);
    let said: Vec<String> =
        envelopes(&log).iter().skip(1).take(3).map(|said| said.source.to_string()).collect();
    assert_eq!(said, ["Venue", "StrategyAgent", "RiskManagementAgent"]);
}

#[test]
fn a_timer_is_heard_by_its_owner_alone_at_its_own_time() {
    let wakes = |id, seconds| {
        seat(id, &[Topic::Operator, Topic::System], move |(): &mut (), input, out| {
            if let Event::System(SystemEvent::TimerDue(due)) = &input.event {
                out.publish(alert(&format!("{id} hears {}'s timer", due.agent)));
            } else if matches!(input.event, Event::Operator(_)) {
                out.wake_at(at(seconds), Timer::Venue(1));
            }
        })
    };
    let roster = [wakes(AgentId::Strategy, 20), wakes(AgentId::Venue, 15)];
    let log = envelopes(&run_everywhere(
        &roster,
        &[],
        &[(10, operator("set")), (12, alert("early")), (30, alert("late"))],
    ));
    let said: Vec<(i64, String)> = log
        .iter()
        .filter_map(|envelope| {
            let Event::System(SystemEvent::Alert(said)) = &envelope.event else { return None };
            Some((envelope.at.as_nanos() / 1_000_000_000, said.text.clone()))
        })
        .collect();
    let expected = [
        (12, "early"),
        (15, "Venue hears Venue's timer"),
        (20, "StrategyAgent hears StrategyAgent's timer"),
        (30, "late"),
    ];
    assert_eq!(said, expected.map(|(at, text)| (at, text.to_owned())));
}

/// The time alone, without an event: what a quiet market needs.
#[test]
fn time_handed_in_alone_fires_what_is_due() {
    let sets = seat(AgentId::Strategy, &[Topic::Operator], |(): &mut (), input, out| {
        if matches!(input.event, Event::Operator(_)) {
            out.wake_at(at(20), Timer::Venue(1));
            out.wake_at(at(40), Timer::Session);
        }
    });
    let mut inline = Inline::new(vec![sets.clone()], Memory::default(), Vec::new());
    inline.input(at(10), AgentId::Feed, operator("set")).unwrap();
    inline.announce(at(10)).unwrap();
    inline.run_timers(at(30)).unwrap();
    let expected = log(&mut inline.finish().unwrap().0);
    assert!(expected.last().unwrap().contains("\"timestamp\":\"1970-01-01T00:00:20Z\""));
    let seated = one_thread().block_on(async {
        let (spine, door) =
            Spine::new(vec![sets], Box::new(Memory::default()), Vec::new(), &TaskTracker::new())
                .unwrap();
        let spine = tokio::spawn(spine.run());
        door.advance(at(5)).await.unwrap();
        door.send(at(10), AgentId::Feed, operator("set")).await.unwrap();
        door.advance(at(30)).await.unwrap();
        drop(door);
        log(spine.await.unwrap().unwrap().0.as_mut())
    });
    assert_eq!(texts(&seated), texts(&expected));
}
