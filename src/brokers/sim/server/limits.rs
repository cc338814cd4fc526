//! How many requests an account may make: a sliding window of a minute.
//!
//! Alpaca, protocol page §2.5 of October 2026: 200 a minute, no cap on bursts. A
//! request leaves the window after a minute of the world's clock or of the wall's,
//! whichever comes first, so that neither a client on a fast clock nor one beside a
//! standing clock waits for a minute that does not come.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::SignedDuration;

use crate::bus::clock::Stopwatch;
use crate::domain::time::Timestamp;

const WINDOW: SignedDuration = SignedDuration::from_mins(1);
const WINDOW_WALL: Duration = Duration::from_mins(1);

/// The requests of the last minute.
#[derive(Debug)]
pub struct RateWindow {
    limit: u32,
    /// Never longer than the limit: refused requests are not counted.
    requests: VecDeque<(Timestamp, Stopwatch)>,
    most: usize,
    served: u64,
    refused: u64,
}

/// What the headers of an answer tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Requests a minute.
    pub limit: u32,
    /// Requests left in this minute.
    pub remaining: u32,
    /// When the oldest request leaves the window, seconds since 1970.
    pub reset: i64,
    /// Whether this request is served.
    pub is_served: bool,
}

impl RateWindow {
    /// Opens a window of so many requests a minute.
    pub fn new(limit: u32) -> Self {
        Self { limit, requests: VecDeque::new(), most: 0, served: 0, refused: 0 }
    }

    /// Counts a request.
    pub fn count(&mut self, now: Timestamp) -> Limit {
        while self
            .requests
            .front()
            .is_some_and(|(at, wall)| now.since(*at) >= WINDOW || wall.elapsed() >= WINDOW_WALL)
        {
            self.requests.pop_front();
        }
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let is_served = self.requests.len() < limit;
        if is_served {
            self.requests.push_back((now, Stopwatch::start()));
            self.served += 1;
        } else {
            self.refused += 1;
        }
        self.most = self.most.max(self.requests.len());
        let left = limit - self.requests.len();
        let oldest = self.requests.front().map_or(now, |(at, _)| *at);
        let reset = oldest.plus(WINDOW).as_nanos().div_euclid(1_000_000_000) + 1;
        let remaining = u32::try_from(left).unwrap_or(u32::MAX);
        Limit { limit: self.limit, remaining, reset, is_served }
    }

    /// Tells where the window stands without counting anything.
    pub fn look(&self, now: Timestamp) -> Limit {
        let used = u32::try_from(self.requests.len()).unwrap_or(u32::MAX);
        let oldest = self.requests.front().map_or(now, |(at, _)| *at);
        let reset = oldest.plus(WINDOW).as_nanos().div_euclid(1_000_000_000) + 1;
        let remaining = self.limit.saturating_sub(used);
        Limit { limit: self.limit, remaining, reset, is_served: true }
    }

    /// Returns the most requests that any minute has seen, those served, those refused.
    pub const fn tally(&self) -> (usize, u64, u64) {
        (self.most, self.served, self.refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_leaves_after_a_minute_of_either_clock() {
        let at = Timestamp::from_seconds;
        let mut window = RateWindow::new(2);
        let mut served = |now| window.count(at(now)).is_served;
        assert_eq!([served(0), served(1), served(2), served(60)], [true, true, false, true]);
        assert!(!served(60));
        tokio::time::advance(WINDOW_WALL).await;
        assert!(served(60));
        assert_eq!(window.tally(), (2, 4, 2));
    }
}
