//! The lane of single events beside the snapshots: for toasts, bells and streams.
//!
//! It is bounded and sheds by class, market data first. What is vital (fills,
//! refusals, breakers, alerts) is never shed for what is not; it has a bound of its
//! own, far above what a reader that lives can leave unread, and whoever falls behind
//! that far is told so and reads the journal.

use std::collections::VecDeque;

use serde::Serialize;

use crate::view::log::{Class, EventLine};

/// Most events that wait without being vital.
pub const LANE_MAX: usize = 8_192;
/// Most vital events that wait.
pub const VITAL_MAX: usize = 65_536;

/// Events that a reader did not get, by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Dropped {
    /// Prices.
    pub market: u64,
    /// Timers, questions and answers.
    pub debug: u64,
    /// Opinions, permissions, orders, positions, trades.
    pub normal: u64,
    /// Vital ones: above zero only when the reader has left [`VITAL_MAX`] unread. The
    /// journal has them.
    pub vital: u64,
}

impl Dropped {
    /// Returns the sum.
    pub const fn total(&self) -> u64 {
        self.market + self.debug + self.normal + self.vital
    }
}

/// Events that wait for one reader.
#[derive(Debug, Default)]
pub(in crate::view) struct Lane {
    vital: VecDeque<EventLine>,
    other: VecDeque<EventLine>,
    dropped: Dropped,
}

impl Lane {
    /// Adds an event, or drops it when its class has no room left.
    pub(in crate::view) fn push(&mut self, line: EventLine) {
        let waiting = self.other.len();
        let (limit, dropped) = match line.class {
            // A quarter of the lane is kept for what matters more than prices.
            Class::Market => (LANE_MAX / 2, &mut self.dropped.market),
            Class::Debug => (LANE_MAX / 4 * 3, &mut self.dropped.debug),
            Class::Normal => (LANE_MAX, &mut self.dropped.normal),
            Class::Vital => {
                if self.vital.len() < VITAL_MAX {
                    self.vital.push_back(line);
                } else {
                    self.dropped.vital += 1;
                }
                return;
            }
        };
        if waiting < limit {
            self.other.push_back(line);
        } else {
            *dropped += 1;
        }
    }

    /// Moves at most `most` events to the reader, oldest first.
    pub(in crate::view) fn take(&mut self, into: &mut Vec<EventLine>, most: usize) {
        for _ in 0..most {
            let vital = self.vital.front().map(|line| line.seq);
            let other = self.other.front().map(|line| line.seq);
            let next = match (vital, other) {
                (Some(vital), Some(other)) if other < vital => self.other.pop_front(),
                (Some(_), _) => self.vital.pop_front(),
                (None, _) => self.other.pop_front(),
            };
            match next {
                Some(line) => into.push(line),
                None => return,
            }
        }
    }

    pub(in crate::view) const fn dropped(&self) -> Dropped {
        self.dropped
    }

    pub(in crate::view) fn len(&self) -> usize {
        self.vital.len() + self.other.len()
    }

    pub(in crate::view) fn is_empty(&self) -> bool {
        self.vital.is_empty() && self.other.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{AgentId, Seq};
    use crate::domain::time::Timestamp;
    use crate::view::log::{Detail, Level};

    fn line(seq: u64, class: Class) -> EventLine {
        EventLine {
            seq: Seq(seq),
            at: Timestamp::from_seconds(0),
            name: "x",
            symbol: None,
            source: AgentId::Spine,
            level: Level::Info,
            class,
            detail: Detail::Nothing,
        }
    }

    #[test]
    fn a_full_lane_sheds_prices_first_and_vital_events_never() {
        let mut lane = Lane::default();
        for round in 0..10_000 {
            for (at, class) in Class::ALL.into_iter().enumerate() {
                lane.push(line(round * 4 + u64::try_from(at).unwrap(), class));
            }
        }
        let dropped = lane.dropped();
        assert_eq!(dropped.vital, 0);
        assert!(dropped.market > dropped.debug && dropped.debug > dropped.normal, "{dropped:?}");
        let mut read = Vec::new();
        lane.take(&mut read, 1_000_000);
        assert_eq!(read.iter().filter(|line| line.class == Class::Vital).count(), 10_000);
        assert!(read.windows(2).all(|pair| pair[0].seq < pair[1].seq), "oldest first");
        let got = u64::try_from(read.len()).unwrap();
        assert_eq!(got + dropped.total(), 40_000, "every one is read or counted");
        assert!(lane.is_empty());
    }

    #[test]
    fn a_reader_takes_as_many_as_it_can_bear() {
        let mut lane = Lane::default();
        for seq in 0..10 {
            lane.push(line(seq, Class::Normal));
        }
        let mut read = Vec::new();
        lane.take(&mut read, 4);
        assert_eq!(read.len(), 4);
        lane.take(&mut read, 100);
        assert_eq!(
            read.iter().map(|line| line.seq.0).collect::<Vec<_>>(),
            (0..10).collect::<Vec<_>>()
        );
    }

    #[test]
    fn who_leaves_everything_unread_is_told_so() {
        let mut lane = Lane::default();
        for seq in 0..70_000 {
            lane.push(line(seq, Class::Vital));
        }
        assert_eq!(lane.dropped().vital, 70_000 - u64::try_from(VITAL_MAX).unwrap());
    }
}
