//! Written before heard, on disk before done.

use std::sync::{Arc, Mutex};

use flightdeck::bus::{RosterSeat, SpineError};
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::events::{
    Envelope, Event, OrderCancel, OrderEvent, OrdersReported, Topic, VenueEvent,
};
use flightdeck::journal::{Journal, JournalError};

use crate::delivery::{
    Input, alert, one_thread, operator, run_inline, run_seated, seat, two_threads,
};
use crate::support::examples::ours;

/// What was done, oldest first.
type Calls = Arc<Mutex<Vec<String>>>;

/// A journal that notes its calls and refuses from a given number on.
struct Noting {
    calls: Calls,
    refuses_from: Seq,
    refuses_to_sync: bool,
}

impl Journal for Noting {
    fn append(&mut self, envelope: &Envelope) -> Result<(), JournalError> {
        if envelope.seq >= self.refuses_from {
            return Err(JournalError::NotKept);
        }
        self.calls.lock().unwrap().push(format!("append {}", envelope.seq));
        Ok(())
    }
    fn sync(&mut self) -> Result<(), JournalError> {
        if self.refuses_to_sync {
            return Err(JournalError::NotKept);
        }
        self.calls.lock().unwrap().push("sync".into());
        Ok(())
    }
    fn for_each(&mut self, _: Seq, _: &mut dyn FnMut(&Envelope)) -> Result<(), JournalError> {
        Ok(())
    }
}

fn listener(calls: &Calls, id: AgentId) -> RosterSeat {
    let calls = Arc::clone(calls);
    let topics = [Topic::System, Topic::Operator, Topic::Order, Topic::Venue];
    seat(id, &topics, move |(): &mut (), input, _| {
        calls.lock().unwrap().push(format!("deliver {}", input.seq));
    })
}

fn inputs() -> Vec<Input> {
    let cancel =
        OrderCancel { client_order_id: ours(1), trade_id: None, reason: "no longer wanted".into() };
    vec![
        (1, alert("one")),
        (2, operator("two")),
        (3, OrderEvent::Cancel(cancel).into()),
        (4, VenueEvent::Orders(OrdersReported { orders: Vec::new(), is_whole: false }).into()),
        (5, alert("last")),
    ]
}

/// Runs the inputs on every driver with a noting journal.
fn on_each_driver(
    refuses_from: Seq,
    refuses_to_sync: bool,
    check: impl Fn(&[String], Result<Vec<String>, SpineError>),
) {
    for driver in 0..3 {
        let calls = Calls::default();
        let roster = [listener(&calls, AgentId::Venue), listener(&calls, AgentId::Strategy)];
        let journal = Noting { calls: Arc::clone(&calls), refuses_from, refuses_to_sync };
        let ended = match driver {
            0 => run_inline(&roster, journal, &inputs()),
            1 => run_seated(&one_thread(), &roster, journal, &inputs()),
            _ => run_seated(&two_threads(), &roster, journal, &inputs()),
        };
        let calls = calls.lock().unwrap();
        check(&calls, ended);
    }
}

#[test]
fn an_event_is_appended_before_anybody_hears_it() {
    on_each_driver(Seq(u64::MAX), false, |calls, ended| {
        ended.unwrap();
        // Two announcements follow the first input.
        let expected = [
            "append 1",
            "deliver 1",
            "deliver 1",
            "append 2",
            "deliver 2",
            "deliver 2",
            "append 3",
            "deliver 3",
            "deliver 3",
            "append 4",
            "sync",
            "deliver 4",
            "deliver 4",
            "append 5",
            "sync",
            "deliver 5",
            "deliver 5",
            "append 6",
            "sync",
            "deliver 6",
            "deliver 6",
            "append 7",
            "deliver 7",
            "deliver 7",
            "sync",
        ];
        assert_eq!(calls, expected);
    });
}

#[test]
fn nothing_is_heard_that_the_journal_refused() {
    on_each_driver(Seq(4), false, |calls, ended| {
        assert!(matches!(ended, Err(SpineError::Journal(_))), "{ended:?}");
        assert_eq!(calls.last().unwrap(), "deliver 3");
    });
}

#[test]
fn nothing_is_done_that_is_not_on_disk() {
    on_each_driver(Seq(u64::MAX), true, |calls, ended| {
        assert!(matches!(ended, Err(SpineError::Journal(_))), "{ended:?}");
        assert_eq!(calls.last().unwrap(), "append 4");
        let event: Event = operator("two");
        assert_eq!(event.topic(), Topic::Operator);
    });
}
