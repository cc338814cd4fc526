//! Agents that panic, hang, or never stop talking.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use flightdeck::bus::inline::Inline;
use flightdeck::bus::spine::Spine;
use flightdeck::bus::{RosterSeat, SpineError};
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::events::{Event, SystemEvent, Topic};
use flightdeck::journal::{Forgetful, Memory};
use tokio_util::task::TaskTracker;

use crate::delivery::script::{SCRIPTED, break_down, quiet_scripted_panics};
use crate::delivery::{
    Input, alert, at, envelopes, log, one_thread, operator, run_everywhere, run_inline, run_seated,
    seat, two_threads,
};

/// Adds up the lengths of what humans say and tells the sum each time. At the
/// word "poison" it panics half way, or skips it when it `bears` poison.
fn adder(bears: bool) -> RosterSeat {
    quiet_scripted_panics();
    seat(AgentId::Strategy, &[Topic::Operator], move |sum: &mut usize, input, out| {
        let Event::Operator(command) = &input.event else { return };
        let text = format!("{command:?}");
        if text.contains("poison") {
            if bears {
                return;
            }
            *sum += 1_000;
            out.publish(alert("half way"));
            break_down();
        }
        *sum += text.len();
        out.publish(alert(&format!("sum {sum}")));
    })
}

fn words(said: &[(i64, &str)]) -> Vec<Input> {
    said.iter().map(|(seconds, text)| (*seconds, operator(text))).collect()
}

/// What an agent said, oldest first.
fn alerts(log: &[String]) -> Vec<String> {
    let text = |event: &Event| {
        let Event::System(SystemEvent::Alert(said)) = event else { return None };
        Some(said.text.clone())
    };
    envelopes(log).iter().filter_map(|envelope| text(&envelope.event)).collect()
}

/// Poison and fate of every fault on record.
fn failures(log: &[String]) -> Vec<(Seq, bool)> {
    let failed = |event: &Event| {
        let Event::System(SystemEvent::AgentFailed(failed)) = event else { return None };
        assert_eq!((failed.agent, failed.message.as_str()), (AgentId::Strategy, SCRIPTED));
        Some((failed.poison, failed.rebuilt))
    };
    envelopes(log).iter().filter_map(|envelope| failed(&envelope.event)).collect()
}

#[test]
fn a_rebuilt_agent_knows_all_but_the_poison() {
    let inputs = words(&[(1, "one"), (2, "poison"), (3, "three"), (4, "poison"), (5, "five")]);
    let broke = run_everywhere(&[adder(false)], &[], &inputs);
    let bore = run_everywhere(&[adder(true)], &[], &inputs);
    assert_eq!(failures(&broke).len(), 2);
    assert!(failures(&broke).iter().all(|(_, rebuilt)| *rebuilt));
    assert_eq!(alerts(&broke), alerts(&bore), "nothing half done is heard or remembered");
    assert_eq!(alerts(&bore).len(), 3);
}

#[test]
fn the_fault_is_on_record_as_the_poison_s_consequence() {
    let log = envelopes(&run_everywhere(&[adder(false)], &[], &words(&[(1, "a"), (2, "poison")])));
    let failed =
        log.iter().find(|envelope| envelope.event.name() == "system.agent.failed").unwrap();
    let poison = failed.cause.unwrap();
    let Event::System(SystemEvent::AgentFailed(said)) = &failed.event else { unreachable!() };
    assert_eq!((said.poison, failed.source), (poison, AgentId::Spine));
    let broke = log.iter().find(|envelope| envelope.seq == poison).unwrap();
    assert!(format!("{:?}", broke.event).contains("poison"));
}

#[test]
fn the_third_fault_within_a_minute_empties_the_seat() {
    let inputs = words(&[(1, "poison"), (30, "poison"), (60, "poison"), (61, "anyone?")]);
    let log = run_everywhere(&[adder(false)], &[], &inputs);
    let fates: Vec<bool> = failures(&log).into_iter().map(|(_, rebuilt)| rebuilt).collect();
    assert_eq!(fates, [true, true, false]);
    assert_eq!(alerts(&log), Vec::<String>::new(), "an empty seat says nothing");
}

#[test]
fn a_fault_a_minute_ago_no_longer_counts() {
    let inputs = words(&[(1, "poison"), (30, "poison"), (61, "poison"), (62, "anyone?")]);
    let log = run_everywhere(&[adder(false)], &[], &inputs);
    let fates: Vec<bool> = failures(&log).into_iter().map(|(_, rebuilt)| rebuilt).collect();
    assert_eq!(fates, [true, true, true]);
    assert_eq!(alerts(&log).len(), 1);
}

#[test]
fn a_panic_without_a_journal_ends_the_run_and_names_agent_and_event() {
    let inputs = words(&[(1, "one"), (2, "poison"), (3, "three")]);
    let check = |ended: Result<Vec<String>, SpineError>| {
        let error = ended.unwrap_err();
        let SpineError::Unrecoverable { agent, poison, message } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((*agent, message.as_str()), (AgentId::Strategy, SCRIPTED));
        // "one", the announcement, the sum of "one", then the poison.
        assert_eq!(*poison, Seq(4));
        assert!(error.to_string().starts_with("StrategyAgent panicked at event 4"), "{error}");
    };
    check(run_inline(&[adder(false)], Forgetful, &inputs));
    check(run_seated(&one_thread(), &[adder(false)], Forgetful, &inputs));
    check(run_seated(&two_threads(), &[adder(false)], Forgetful, &inputs));
}

#[test]
fn a_cascade_without_end_ends_the_run() {
    let echo = |id| {
        seat(id, &[Topic::System], move |(): &mut (), input, out| {
            if input.source != id {
                out.publish(input.event.clone());
            }
        })
    };
    let roster = vec![echo(AgentId::Venue), echo(AgentId::Strategy)];
    let mut inline = Inline::new(roster, Forgetful, Vec::new());
    let ended = inline.input(at(1), AgentId::Feed, alert("")).unwrap_err();
    let SpineError::EndlessCascade { root, name } = ended else { panic!("{ended:?}") };
    assert_eq!((root, name), (Seq(1), "system.alert.raised"));
}

/// Says when its agent is gone.
struct Farewell(tokio::sync::mpsc::UnboundedSender<()>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Hangs at the word "hang" until released; tells when it is gone.
fn hanging(
    release: mpsc::Receiver<()>,
    gone: tokio::sync::mpsc::UnboundedSender<()>,
) -> RosterSeat {
    let release = Arc::new(Mutex::new(release));
    let farewell = Arc::new(Mutex::new(Some(Farewell(gone))));
    seat(AgentId::Strategy, &[Topic::Operator], move |held: &mut Option<Farewell>, input, out| {
        if let Some(farewell) = farewell.lock().unwrap().take() {
            *held = Some(farewell);
        }
        if format!("{:?}", input.event).contains("hang") {
            release.lock().unwrap().recv().unwrap();
            out.publish(alert("too late"));
        } else {
            out.publish(alert("in time"));
        }
    })
}

#[test]
fn a_seat_that_hangs_is_retired_and_the_others_go_on() {
    let (release, released) = mpsc::channel();
    let (gone, mut left) = tokio::sync::mpsc::unbounded_channel();
    let other = seat(AgentId::Venue, &[Topic::Operator], |heard: &mut usize, _, out| {
        *heard += 1;
        out.publish(alert(&format!("heard {heard}")));
    });
    let roster = vec![hanging(released, gone), other];
    let lines = two_threads().block_on(async {
        let tracker = TaskTracker::new();
        let (spine, door) =
            Spine::new(roster, Box::new(Memory::default()), Vec::new(), &tracker).unwrap();
        let spine = tokio::spawn(spine.with_reply_deadline(Duration::from_millis(40)).run());
        let say = async |seconds, text| {
            door.send_and_settle(at(seconds), AgentId::Operator, operator(text)).await.unwrap();
        };
        say(1, "hello").await;
        say(2, "hang").await;
        say(3, "still there?").await;
        release.send(()).unwrap();
        left.recv().await.unwrap();
        // The late answer is in the spine's hands by now.
        say(4, "and now?").await;
        drop(door);
        log(spine.await.unwrap().unwrap().0.as_mut())
    });
    assert_eq!(alerts(&lines), ["in time", "heard 1", "heard 2", "heard 3", "heard 4"]);
    let retired: Vec<(AgentId, Seq)> = envelopes(&lines)
        .into_iter()
        .filter_map(|envelope| {
            let Event::System(SystemEvent::AgentRetired(retired)) = envelope.event else {
                return None;
            };
            Some((retired.agent, retired.unanswered))
        })
        .collect();
    let hang = envelopes(&lines).into_iter().find(|said| format!("{said:?}").contains("hang"));
    assert_eq!(retired, [(AgentId::Strategy, hang.unwrap().seq)]);
}
