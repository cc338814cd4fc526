//! Agents whose behaviour is drawn from a seed: what they say depends on all that
//! they have heard, so that one event heard too often, too late or not at all
//! shows in everything they say afterwards.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Once;

use flightdeck::bus::{Outbox, RosterSeat};
use flightdeck::domain::ids::AgentId;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, SystemEvent, Timer, Topic};
use jiff::SignedDuration;

use crate::delivery::{Input, alert, at, operator, seat};

/// The message of every scripted panic.
pub(super) const SCRIPTED: &str = "scripted panic";

/// Breaks the agent that calls it.
pub(super) fn break_down() -> ! {
    std::panic::panic_any(SCRIPTED)
}

/// Breaks an agent that hears the word "poison".
pub(super) fn break_at_poison(input: &Envelope) {
    quiet_scripted_panics();
    if format!("{:?}", input.event).contains("poison") {
        break_down();
    }
}

/// Keeps scripted panics out of the test's output; others are shown as ever.
pub(super) fn quiet_scripted_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_scripted =
                panic.payload().downcast_ref::<&str>().is_some_and(|text| *text == SCRIPTED);
            if !is_scripted {
                shown(panic);
            }
        }));
    });
}

/// A script: one seed per agent, and how many in a thousand events break one.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) seeds: Vec<u64>,
    pub(super) panics_in_thousand: u64,
}

const IDS: [AgentId; 5] = [
    AgentId::Venue,
    AgentId::MarketData,
    AgentId::Strategy,
    AgentId::RiskManagement,
    AgentId::OrderExecution,
];

impl Script {
    /// Seats the scripted agents; all hear alerts, every other one hears humans.
    pub(super) fn roster(&self) -> Vec<RosterSeat> {
        quiet_scripted_panics();
        let seated = IDS.into_iter().zip(&self.seeds).enumerate();
        seated
            .map(|(place, (id, seed))| {
                let topics = [Topic::System, Topic::Operator];
                let topics = if place % 2 == 0 { &topics[..] } else { &topics[..1] };
                let (seed, panics) = (*seed, self.panics_in_thousand);
                seat(id, topics, move |state: &mut u64, input, out| {
                    act(state, (seed, panics), input, out);
                })
            })
            .collect()
    }
}

fn act(state: &mut u64, (seed, panics): (u64, u64), input: &Envelope, out: &mut Outbox) {
    let mut hasher = DefaultHasher::new();
    let text = format!("{:?}", input.event);
    let energy = if let Event::System(SystemEvent::TimerDue(due)) = &input.event
        && let Timer::Venue(energy) = &due.timer
    {
        *energy
    } else {
        energy(&text)
    };
    (*state, seed, input.seq, input.at, text).hash(&mut hasher);
    *state = hasher.finish();
    let lots = *state;
    if (lots >> 40) % 1_000 < panics {
        // Some of it is done by now; none of it may stay.
        out.publish(alert("unheard"));
        break_down();
    }
    for turn in 0..(lots % 3).min(energy) {
        let said = format!("{lots:x}.{turn} energy={}", energy - 1);
        let is_human = (lots >> (8 + turn)).is_multiple_of(2);
        out.publish(if is_human { operator(&said) } else { alert(&said) });
    }
    if energy > 0 && (lots >> 20).is_multiple_of(4) {
        out.wake_at(later(input.at, (lots >> 24) % 7), Timer::Venue(energy - 1));
    }
}

/// From a second ago to five seconds ahead.
fn later(at: Timestamp, lot: u64) -> Timestamp {
    at.plus(SignedDuration::from_secs(i64::try_from(lot).unwrap() - 1))
}

/// How many more steps an event may lead to.
fn energy(text: &str) -> u64 {
    let stated = text.split_once("energy=").map(|(_, rest)| rest);
    let digits: String = stated.unwrap_or("").chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// Inputs from (seconds since the last one, energy); time may step back.
pub(super) fn inputs(steps: &[(i64, u64)]) -> Vec<Input> {
    let mut now = 1_761_661_800;
    let numbered = steps.iter().enumerate();
    numbered
        .map(|(number, (step, energy))| {
            now += step;
            let text = format!("input {number} energy={energy}");
            let is_human = number % 3 == 1;
            (now, if is_human { operator(&text) } else { alert(&text) })
        })
        .collect()
}

/// Times of a log, to see that they never go back.
pub(super) fn never_goes_back(log: &[Envelope]) -> bool {
    log.is_sorted_by_key(|envelope| envelope.at)
        && log.first().is_some_and(|first| first.at > at(0))
}
