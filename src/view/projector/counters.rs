//! How many events there were, by family, and in the newest second.

use crate::domain::time::Timestamp;
use crate::events::Event;
use crate::view::counters::{Counters, FAMILIES};

const SECOND: i64 = 1_000_000_000;

/// Counts events.
#[derive(Debug, Default)]
pub(in crate::view) struct Count {
    counters: Counters,
    /// The sums at the beginning of the present second.
    begun: (u64, [u64; FAMILIES]),
    /// First instant after the present second.
    second_ends: i64,
}

impl Count {
    /// Counts one event.
    pub(in crate::view) fn see(&mut self, at: Timestamp, event: &Event) {
        let now = at.as_nanos();
        if now >= self.second_ends {
            self.turn(now);
        }
        self.counters.total += 1;
        self.counters.families[family(event)] += 1;
    }

    /// Ends a second. One in which nothing happened counts nothing.
    fn turn(&mut self, now: i64) {
        let is_next = now - self.second_ends < SECOND;
        let (total, families) = self.begun;
        let counters = &mut self.counters;
        counters.per_second = if is_next { counters.total - total } else { 0 };
        for (at, before) in families.into_iter().enumerate() {
            let grown = if is_next { counters.families[at] - before } else { 0 };
            counters.families_per_second[at] = grown;
        }
        self.begun = (counters.total, counters.families);
        self.second_ends = now - now.rem_euclid(SECOND) + SECOND;
    }

    pub(in crate::view) const fn get(&self) -> Counters {
        self.counters
    }
}

const fn family(event: &Event) -> usize {
    match event {
        Event::Tape(_) => 0,
        Event::Feed(_) => 1,
        Event::Market(_) => 2,
        Event::Signal(_) => 3,
        Event::Risk(_) => 4,
        Event::Order(_) => 5,
        Event::Venue(_) => 6,
        Event::Position(_) => 7,
        Event::Trade(_) => 8,
        Event::Breaker(_) => 9,
        Event::Operator(_) => 10,
        Event::Request(_) => 11,
        Event::System(_) => 12,
        Event::Intel(_) => 13,
    }
}
