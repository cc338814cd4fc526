//! A start from a journal is the same as never having stopped.

use flightdeck::bus::RosterSeat;
use flightdeck::domain::ids::AgentId;
use flightdeck::events::{Event, SystemEvent, Timer, Topic};
use flightdeck::journal::{Forgetful, Memory};
use proptest::prelude::*;

use crate::delivery::script::{Script, break_at_poison, inputs};
use crate::delivery::{
    alert, at, envelopes, one_thread, operator, run_everywhere, run_inline, run_seated, seat, texts,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_run_in_two_parts_writes_the_log_of_one(
        seeds in prop::collection::vec(any::<u64>(), 1..6),
        steps in prop::collection::vec((0_i64..9, 0_u64..5), 2..25),
        cut in any::<prop::sample::Index>(),
    ) {
        let roster = Script { seeds, panics_in_thousand: 0 }.roster();
        let inputs = inputs(&steps);
        let (first, second) = inputs.split_at(1 + cut.index(inputs.len() - 1));
        let whole = run_inline(&roster, Memory::default(), &inputs).unwrap();
        let part = run_inline(&roster, Memory::default(), first).unwrap();
        let resumed = run_everywhere(&roster, &envelopes(&part), second);
        prop_assert_eq!(texts(&resumed), texts(&whole));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_run_cut_at_any_record_says_the_rest_and_writes_the_log_of_one(
        seeds in prop::collection::vec(any::<u64>(), 1..6),
        steps in prop::collection::vec((0_i64..9, 0_u64..5), 2..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let roster = Script { seeds, panics_in_thousand: 0 }.roster();
        let inputs = inputs(&steps);
        let whole = run_inline(&roster, Memory::default(), &inputs).unwrap();
        let mut kept = envelopes(&whole);
        kept.truncate(1 + cut.index(whole.len()));
        let admitted = kept.iter().filter(|envelope| {
            envelope.cause.is_none() && envelope.source == AgentId::Feed
        });
        let resumed = run_everywhere(&roster, &kept, &inputs[admitted.count()..]);
        prop_assert_eq!(texts(&resumed), texts(&whole));
    }
}

#[test]
fn a_timer_that_had_not_fired_is_set_again_and_one_that_had_is_not() {
    let roster = [seat(AgentId::Strategy, &[Topic::Operator], |(): &mut (), input, out| {
        if matches!(input.event, Event::Operator(_)) {
            out.wake_at(at(20), Timer::Venue(1));
            out.wake_at(at(40), Timer::Session);
        }
    })];
    let before = run_everywhere(&roster, &[], &[(10, operator("set")), (30, alert("between"))]);
    let log = run_everywhere(&roster, &envelopes(&before), &[(50, alert("after"))]);
    let fired: Vec<(i64, Timer)> = envelopes(&log)
        .into_iter()
        .filter_map(|envelope| {
            let Event::System(SystemEvent::TimerDue(due)) = envelope.event else { return None };
            Some((envelope.at.as_nanos() / 1_000_000_000, due.timer))
        })
        .collect();
    assert_eq!(fired, [(20, Timer::Venue(1)), (40, Timer::Session)]);
}

#[test]
fn a_poison_on_record_is_skipped_at_the_start_as_it_was_then() {
    let adder: RosterSeat =
        seat(AgentId::Strategy, &[Topic::Operator], |sum: &mut usize, input, out| {
            *sum += 1;
            out.wake_at(at(15), Timer::Venue(1));
            break_at_poison(input);
            out.publish(alert(&format!("sum {sum}")));
        });
    let words = ["one", "poison", "two", "poison", "three"].map(|text| (10, operator(text)));
    let roster = [adder];
    let before = run_everywhere(&roster, &[], &words);
    let log = run_everywhere(&roster, &envelopes(&before), &[(11, operator("four"))]);
    assert!(texts(&log[before.len()..]).contains("sum 4"), "{}", texts(&log));
}

#[test]
fn a_run_that_keeps_no_journal_starts_empty() {
    let roster = Script { seeds: vec![1, 2], panics_in_thousand: 0 }.roster();
    let inputs = inputs(&[(1, 3); 5]);
    run_inline(&roster, Forgetful, &inputs).unwrap();
    run_seated(&one_thread(), &roster, Forgetful, &inputs).unwrap();
}
