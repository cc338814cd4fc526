//! Order and delivery: the two drivers of the bus with small test agents.
//!
//! Scripted agents answer each other, set timers and break; see
//! [`script`]. Neither scheduling nor the driver may show in the log.

mod durability;
mod equality;
mod faults;
mod recovery;
mod script;

use std::sync::Arc;
use std::time::Duration;

use flightdeck::bus::inline::Inline;
use flightdeck::bus::spine::Spine;
use flightdeck::bus::{Agent, Outbox, RosterSeat, SpineError};
use flightdeck::domain::command::{OperatorCommand, Reason};
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Alert, Envelope, Event, Severity, SystemEvent, Topic, Topics, wire};
use flightdeck::journal::{Journal, JournalError, Memory};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

/// What comes in by the door: seconds and event.
type Input = (i64, Event);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A word of a human: needs the disk before it is heard.
fn operator(text: &str) -> Event {
    OperatorCommand::Kill(Reason { reason: text.into(), by: None }).into()
}

/// A word of the house.
fn alert(text: &str) -> Event {
    SystemEvent::Alert(Alert { severity: Severity::Info, text: text.into() }).into()
}

/// An agent that hears some topics and does one thing with its own state.
struct Small<S, F> {
    id: AgentId,
    topics: Topics,
    state: S,
    does: F,
}

impl<S, F> Agent for Small<S, F>
where
    S: Send + 'static,
    F: FnMut(&mut S, &Envelope, &mut Outbox) + Send + 'static,
{
    fn id(&self) -> AgentId {
        self.id
    }
    fn topics(&self) -> Topics {
        self.topics
    }
    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        (self.does)(&mut self.state, input, out);
    }
}

/// A seat of the roster whose agent starts with the default state.
fn seat<S, F>(id: AgentId, topics: &[Topic], does: F) -> RosterSeat
where
    S: Default + Send + 'static,
    F: FnMut(&mut S, &Envelope, &mut Outbox) + Clone + Send + Sync + 'static,
{
    let topics = Topics::of(topics);
    let factory = move || -> Box<dyn Agent> {
        Box::new(Small { id, topics, state: S::default(), does: does.clone() })
    };
    RosterSeat { id, factory: Arc::new(factory) }
}

/// What the journal of a run holds, one line per event.
fn log(journal: &mut dyn Journal) -> Vec<String> {
    let mut lines = Vec::new();
    let mut note = |envelope: &Envelope| {
        let mut line = Vec::new();
        wire::write(envelope, &mut line);
        lines.push(String::from_utf8(line).unwrap());
    };
    match journal.for_each(Seq(u64::MAX), &mut note) {
        Ok(()) | Err(JournalError::NotKept) => lines,
        Err(error) => panic!("{error}"),
    }
}

/// The events of a run after the first `skipped`, by name and text.
fn texts(log: &[String]) -> String {
    log.join("\n")
}

fn run_inline(
    roster: &[RosterSeat],
    journal: impl Journal,
    inputs: &[Input],
) -> Result<Vec<String>, SpineError> {
    let mut inline = Inline::new(roster.to_vec(), journal, Vec::new());
    let is_new = inline.recover()? == Seq(0);
    for (number, (seconds, event)) in inputs.iter().enumerate() {
        inline.input(at(*seconds), AgentId::Feed, event.clone())?;
        if number == 0 && is_new {
            inline.announce(at(*seconds))?;
        }
    }
    Ok(log(&mut inline.finish()?.0))
}

fn run_seated(
    runtime: &Runtime,
    roster: &[RosterSeat],
    journal: impl Journal + 'static,
    inputs: &[Input],
) -> Result<Vec<String>, SpineError> {
    runtime.block_on(async {
        let tracker = TaskTracker::new();
        let (spine, door) = Spine::new(roster.to_vec(), Box::new(journal), Vec::new(), &tracker)?;
        // A rebuilt agent folds in debug builds for longer than a live one may.
        let spine = spine.with_reply_deadline(Duration::from_mins(1));
        let feed = async move {
            for (seconds, event) in inputs {
                if door.send(at(*seconds), AgentId::Feed, event.clone()).await.is_err() {
                    break;
                }
            }
        };
        let (ended, ()) = tokio::join!(tokio::spawn(spine.run()), feed);
        let (mut journal, _) = ended.expect("the spine does not panic")?;
        tracker.close();
        tracker.wait().await;
        Ok(log(journal.as_mut()))
    })
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// Runs the same inputs on every driver; returns the log, which must be one.
#[track_caller]
fn run_everywhere(roster: &[RosterSeat], before: &[Envelope], inputs: &[Input]) -> Vec<String> {
    let inline = run_inline(roster, recorded(before), inputs).unwrap();
    for runtime in [one_thread(), two_threads()] {
        let seated = run_seated(&runtime, roster, recorded(before), inputs).unwrap();
        assert_eq!(texts(&seated), texts(&inline));
    }
    inline
}

/// A journal that already holds something.
fn recorded(envelopes: &[Envelope]) -> Memory {
    let mut memory = Memory::default();
    for envelope in envelopes {
        memory.append(envelope).unwrap();
    }
    memory
}

/// The log as envelopes again.
fn envelopes(log: &[String]) -> Vec<Envelope> {
    log.iter().map(|line| wire::read(line).unwrap()).collect()
}
