//! When the next frame is due: soon after a key, seldom for news, never for nothing.

use std::time::Duration;

use crate::ui::scene::Cost;
use crate::ui::state::Moment;

/// Thirty frames a second, whatever asks for them.
const FRAME_EVERY: Duration = Duration::from_nanos(33_333_334);
/// After a key at once, but not more often than a hand can see.
const KEYS_EVERY: Duration = Duration::from_millis(10);
/// How often a picture that is held still looks at the clock and the approvals.
const PAUSED_EVERY: Duration = Duration::from_millis(250);
/// A terminal so slow that even this rate is too much gets no slower.
const SLOWEST: Duration = Duration::from_secs(1);

/// Counts time between frames.
///
/// Every frame takes a slot, and slots are thirty a second. News wait for the next slot
/// that is free. A key may take a slot before its time, one and no more: its echo comes
/// at once after a silence, and after at most one slot while everything moves. So no
/// second has more than 31 frames, however much happens and however many keys are pressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    drawn_at: Option<Moment>,
    /// When the next slot begins that no frame has taken.
    slot: Moment,
    interval: Duration,
    cost: Duration,
    has_news: bool,
    due: Option<Moment>,
}

impl Default for Pace {
    fn default() -> Self {
        let (interval, cost, slot) = (FRAME_EVERY, Duration::ZERO, Moment::default());
        Self { drawn_at: None, slot, interval, cost, has_news: false, due: None }
    }
}

impl Pace {
    /// Something a human did, or waits for, changed the picture.
    pub(super) fn key(&mut self, now: Moment) {
        let borrowed = Moment(self.slot.0.saturating_sub(FRAME_EVERY));
        self.ask(now, KEYS_EVERY, borrowed);
    }

    /// The house has news. While the picture is held still only the rules must hear
    /// them, which can wait a little longer.
    pub(super) fn news(&mut self, now: Moment, is_paused: bool) {
        self.has_news = true;
        let apart = if is_paused { self.interval.max(PAUSED_EVERY) } else { self.interval };
        self.ask(now, apart, self.slot);
    }

    fn ask(&mut self, now: Moment, apart: Duration, slot: Moment) {
        let earliest = self.drawn_at.map_or(now, |drawn| drawn.plus(apart).max(slot).max(now));
        self.due = Some(self.due.map_or(earliest, |due| due.min(earliest)));
    }

    /// Tells whether a newer snapshot is to be had.
    pub(super) const fn has_news(&self) -> bool {
        self.has_news
    }

    /// When the next frame is due, if anything changed.
    pub(super) const fn due(&self) -> Option<Moment> {
        self.due
    }

    /// Tells whether a frame is due.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// A frame was drawn and written out. A terminal that takes more than a quarter
    /// of the time for it is drawn on half as often, and again as often once it takes
    /// less than an eighth of the shorter time.
    pub(super) fn drawn(&mut self, now: Moment, cost: Duration) {
        self.drawn_at = Some(now);
        self.slot = self.slot.max(now).plus(FRAME_EVERY);
        self.due = None;
        self.has_news = false;
        self.cost = cost;
        if cost > self.interval / 4 {
            self.interval = (self.interval * 2).min(SLOWEST);
        } else if cost < self.interval / 16 {
            self.interval = (self.interval / 2).max(FRAME_EVERY);
        }
    }

    /// What drawing costs.
    pub(super) fn cost(&self) -> Cost {
        let nanos = self.interval.as_nanos().max(1);
        let rate = (Duration::from_secs(1).as_nanos() + nanos / 2) / nanos;
        Cost { frame: self.cost, rate: u32::try_from(rate.max(1)).unwrap_or(u32::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Moment {
        Moment(Duration::from_millis(milliseconds))
    }

    #[test]
    fn nothing_is_due_when_nothing_happens() {
        let mut pace = Pace::default();
        pace.drawn(at(0), Duration::ZERO);
        assert_eq!(pace.due(), None);
    }

    #[test]
    fn news_wait_for_their_turn_and_keys_go_first() {
        let mut pace = Pace::default();
        pace.drawn(at(0), Duration::ZERO);
        pace.news(at(1), false);
        assert!(!pace.is_due(at(33)) && pace.is_due(at(34)));
        pace.key(at(20));
        assert!(pace.is_due(at(20)));
        pace.drawn(at(20), Duration::ZERO);
        pace.news(at(21), false);
        assert!(!pace.is_due(at(66)) && pace.is_due(at(67)), "the key has used up their slot");
        pace.key(at(22));
        assert!(!pace.is_due(at(33)) && pace.is_due(at(34)), "one slot is lent and no more");
        pace.drawn(at(34), Duration::ZERO);
        pace.news(at(500), false);
        assert!(pace.is_due(at(500)), "after a silence at once");
    }

    #[test]
    fn a_key_after_a_silence_is_echoed_at_once_and_a_second_one_soon() {
        let mut pace = Pace::default();
        pace.drawn(at(0), Duration::ZERO);
        pace.key(at(1_000));
        assert!(pace.is_due(at(1_000)));
        pace.drawn(at(1_000), Duration::ZERO);
        pace.key(at(1_001));
        assert_eq!(pace.due(), Some(at(1_010)), "10 ms apart");
    }

    /// Draws whenever it is due; returns when, and how long the slowest key waited.
    fn drive(keys: impl Fn(u64) -> bool, cost: Duration) -> (Vec<u64>, u64) {
        let (mut pace, mut frames, mut waits, mut slowest) = (Pace::default(), vec![], None, 0);
        for now in 0..5_000 {
            pace.news(at(now), false);
            if keys(now) {
                pace.key(at(now));
                waits.get_or_insert(now);
            }
            if pace.is_due(at(now)) {
                pace.drawn(at(now), cost);
                frames.push(now);
                slowest = slowest.max(waits.take().map_or(0, |since| now - since));
            }
        }
        (frames, slowest)
    }

    #[test]
    fn no_second_has_more_than_31_frames_whatever_is_pressed() {
        type Presses = fn(u64) -> bool;
        let cases: [(&str, Presses); 5] = [
            ("no keys", |_| false),
            ("ten keys a second", |now| now % 100 == 41),
            ("ten keys a second, out of step", |now| now % 97 == 0),
            ("a held key", |now| now % 30 == 7),
            ("a cat", |_| true),
        ];
        for (name, keys) in cases {
            let (frames, slowest) = drive(keys, Duration::from_millis(1));
            for from in 0..4_000 {
                let seen = frames.iter().filter(|at| (from..from + 1_000).contains(*at)).count();
                assert!((28..=31).contains(&seen), "{name}: {seen} frames from {from} ms on");
            }
            assert!(slowest <= 34, "{name}: a key waited {slowest} ms");
        }
    }

    #[test]
    fn a_slow_terminal_is_drawn_on_half_as_often_and_recovers() {
        let mut pace = Pace::default();
        let mut rates = Vec::new();
        for cost in [1, 9, 9, 20, 9, 4, 2, 1] {
            pace.drawn(at(0), Duration::from_millis(cost));
            rates.push(pace.cost().rate);
        }
        assert_eq!(rates, [30, 15, 15, 7, 7, 15, 30, 30]);
        for _ in 0..20 {
            pace.drawn(at(0), Duration::from_secs(5));
        }
        assert_eq!(pace.cost().rate, 1);
    }
}
