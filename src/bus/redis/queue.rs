//! What waits between the spine and Redis: bounded, and the spine never waits for it.
//!
//! Two lines. Events of the order path are kept: when too many wait, the oldest are
//! forgotten here and read again from the journal later ([`Backlog::owed`]). All others
//! are fleeting: while Redis is away or slow, the oldest go first, and are counted.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::domain::ids::Seq;

/// Fleeting events that may wait: a second of a busy market.
const FLEETING_MAX: usize = 8_192;
/// Kept events that may wait; those before are in the journal, which has all but its
/// newest thousand on disk.
const KEPT_MAX: usize = 4_096;

/// Of what has arrived, so much is held on to for a server that forgets it: the journal
/// has the newest thousand events in memory only.
const RECENT_MAX: usize = 2_000;

/// One event on its way out.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) seq: Seq,
    pub(super) name: &'static str,
    pub(super) line: Bytes,
    /// Whether it belongs on the stream.
    pub(super) is_kept: bool,
    /// Whether it is still news, to be published.
    pub(super) is_news: bool,
}

#[derive(Debug, Default)]
struct State {
    fleeting: VecDeque<Item>,
    kept: VecDeque<Item>,
    /// The batch under way, until it is known to have arrived.
    in_flight: Vec<Item>,
    first: Option<Seq>,
    /// Every kept event up to here that Redis has not must be read from the journal.
    lost_to: Seq,
    /// The newest kept events that have arrived.
    recent: VecDeque<Item>,
    /// Kept events were forgotten since the journal was last asked.
    has_gap: bool,
    is_live: bool,
    is_closed: bool,
    dropped: u64,
}

/// The two lines.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    state: Mutex<State>,
    changed: Notify,
}

impl Backlog {
    /// Whether a fleeting event would go anywhere; counts it when not.
    pub(super) fn takes_fleeting(&self) -> bool {
        let mut state = self.state();
        if !state.is_live {
            state.dropped += 1;
        }
        state.is_live
    }

    /// Takes note of where the run begins: everything before it is the journal's.
    pub(super) fn begin(&self, seq: Seq) {
        let mut state = self.state();
        if state.first.is_none() {
            state.first = Some(seq);
            state.lost_to = Seq(seq.0.saturating_sub(1));
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Lines one event up; never waits for Redis.
    pub(super) fn push(&self, seq: Seq, name: &'static str, line: Bytes, is_kept: bool) {
        let mut state = self.state();
        let is_news = state.is_live;
        let was_empty = state.fleeting.is_empty() && state.kept.is_empty();
        let item = Item { seq, name, line, is_kept, is_news };
        if is_kept {
            if state.kept.len() >= KEPT_MAX
                && let Some(oldest) = state.kept.pop_front()
            {
                state.lost_to = oldest.seq;
                state.has_gap = true;
            }
            state.kept.push_back(item);
        } else {
            if state.fleeting.len() >= FLEETING_MAX {
                state.fleeting.pop_front();
                state.dropped += 1;
            }
            state.fleeting.push_back(item);
        }
        drop(state);
        if was_empty {
            self.changed.notify_one();
        }
    }

    /// Events that have not arrived yet.
    pub(super) fn waiting(&self) -> usize {
        let state = self.state();
        state.fleeting.len() + state.kept.len() + state.in_flight.len()
    }

    /// Says that nothing more comes.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    /// Waits for the first event and returns its number; `None` when none comes.
    pub(super) async fn first(&self) -> Option<Seq> {
        loop {
            {
                let state = self.state();
                if state.first.is_some() || state.is_closed {
                    return state.first;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Waits until it is closed or something changes; for who has nothing else to do.
    pub(super) async fn closed(&self) {
        while !self.is_closed() {
            self.changed.notified().await;
        }
    }

    /// Takes the oldest events of both lines, in order of their numbers, and remembers
    /// them until they have [arrived](Self::arrived). `None` when nothing more comes.
    pub(super) async fn batch(&self, most: usize) -> Option<Vec<Item>> {
        loop {
            {
                let mut state = self.state();
                let batch = state.take(most);
                if !batch.is_empty() {
                    state.in_flight.clone_from(&batch);
                    return Some(batch);
                }
                if state.is_closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// The batch under way has arrived.
    pub(super) fn arrived(&self) {
        let state = &mut *self.state();
        state.recent.extend(state.in_flight.drain(..).filter(|item| item.is_kept));
        while state.recent.len() > RECENT_MAX
            && let Some(oldest) = state.recent.pop_front()
        {
            state.lost_to = oldest.seq;
        }
    }

    /// Redis went away: what was under way waits again as far as it is kept, what is
    /// fleeting is gone.
    pub(super) fn fall_back(&self) {
        let mut state = self.state();
        state.is_live = false;
        for item in std::mem::take(&mut state.in_flight).into_iter().rev() {
            if item.is_kept {
                state.kept.push_front(item);
            } else {
                state.dropped += 1;
            }
        }
        state.dropped += u64::try_from(state.fleeting.len()).unwrap_or(u64::MAX);
        state.fleeting.clear();
        for item in &mut state.kept {
            item.is_news = false;
        }
    }

    /// Redis has everything up to `last`: that need not wait. Returns how far the
    /// journal must be read, `None` when what waits here goes on where Redis ends.
    pub(super) fn owed(&self, last: Seq) -> Option<Seq> {
        let state = &mut *self.state();
        state.has_gap = false;
        // A server that has lost what it had gets all of it again.
        while let Some(item) = state.recent.pop_back_if(|item| item.seq > last) {
            state.kept.push_front(Item { is_news: false, ..item });
        }
        while state.kept.front().is_some_and(|item| item.seq <= last) {
            state.kept.pop_front();
        }
        (last < state.lost_to).then_some(state.lost_to)
    }

    /// Whether kept events were forgotten that must be read from the journal before the
    /// next batch.
    pub(super) fn has_gap(&self) -> bool {
        self.state().has_gap
    }

    /// From now on events are news.
    pub(super) fn go_live(&self) {
        self.state().is_live = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Fleeting events that were not carried.
    pub(super) fn dropped(&self) -> u64 {
        self.state().dropped
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can leave a half-made state behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, most: usize) -> Vec<Item> {
        let mut batch = Vec::with_capacity(most.min(self.kept.len() + self.fleeting.len()));
        while batch.len() < most {
            let next = match (self.kept.front(), self.fleeting.front()) {
                (None, None) => break,
                (Some(kept), Some(fleeting)) if kept.seq > fleeting.seq => {
                    self.fleeting.pop_front()
                }
                (Some(_), _) => self.kept.pop_front(),
                (None, Some(_)) => self.fleeting.pop_front(),
            };
            batch.extend(next);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(batch: &[Item]) -> Vec<u64> {
        batch.iter().map(|item| item.seq.0).collect()
    }

    fn push(backlog: &Backlog, seq: u64, is_kept: bool) {
        backlog.begin(Seq(seq));
        backlog.push(Seq(seq), "order.submit", Bytes::new(), is_kept);
    }

    #[tokio::test]
    async fn both_lines_leave_in_the_one_order() {
        let backlog = Backlog::default();
        for seq in 1..=6 {
            push(&backlog, seq, seq % 2 == 0);
        }
        assert_eq!(numbers(&backlog.batch(4).await.unwrap()), [1, 2, 3, 4]);
        backlog.arrived();
        assert_eq!(numbers(&backlog.batch(4).await.unwrap()), [5, 6]);
        backlog.close();
        backlog.arrived();
        assert!(backlog.batch(4).await.is_none());
    }

    #[tokio::test]
    async fn market_data_go_first_and_are_counted_the_order_path_is_owed() {
        let backlog = Backlog::default();
        let kept = u64::try_from(KEPT_MAX).unwrap();
        for seq in 1..=kept + 3 {
            push(&backlog, seq, true);
        }
        let fleeting = u64::try_from(FLEETING_MAX).unwrap();
        for seq in kept + 4..kept + 4 + fleeting + 2 {
            push(&backlog, seq, false);
        }
        assert!(backlog.has_gap());
        assert_eq!(backlog.dropped(), 2, "only market data are lost");
        assert_eq!(backlog.owed(Seq(0)), Some(Seq(3)), "the first three are in the journal");
        assert_eq!(backlog.owed(Seq(3)), None);
        assert_eq!(numbers(&backlog.batch(1).await.unwrap()), [4]);
    }

    #[tokio::test]
    async fn a_batch_that_did_not_arrive_waits_again_but_is_no_news() {
        let backlog = Backlog::default();
        backlog.go_live();
        for seq in 10..=13 {
            push(&backlog, seq, seq != 11);
        }
        assert!(backlog.batch(3).await.unwrap().iter().all(|item| item.is_news));
        backlog.fall_back();
        assert_eq!(backlog.dropped(), 1, "the fleeting one is gone");
        assert_eq!(backlog.owed(Seq(10)), None, "Redis had taken the first");
        let again = backlog.batch(9).await.unwrap();
        assert_eq!(numbers(&again), [12, 13]);
        assert!(again.iter().all(|item| !item.is_news));
    }

    #[tokio::test]
    async fn a_server_that_forgot_gets_everything_again() {
        let backlog = Backlog::default();
        push(&backlog, 1, true);
        push(&backlog, 2, true);
        backlog.batch(9).await.unwrap();
        backlog.arrived();
        backlog.fall_back();
        push(&backlog, 3, true);
        assert_eq!(backlog.owed(Seq(0)), None);
        assert_eq!(numbers(&backlog.batch(9).await.unwrap()), [1, 2, 3]);
    }
}
