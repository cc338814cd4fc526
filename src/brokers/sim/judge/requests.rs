//! How many requests arrived in any sixty seconds (I12), counted where they arrive.

use std::collections::VecDeque;

use jiff::SignedDuration;

use crate::domain::time::Timestamp;

/// The period of the limit.
const PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// A sliding window of requests.
#[derive(Debug)]
pub struct Requests {
    limit: usize,
    arrived: VecDeque<Timestamp>,
    most: usize,
}

impl Requests {
    /// So many requests may arrive in any sixty seconds.
    pub const fn new(limit: usize) -> Self {
        Self { limit, arrived: VecDeque::new(), most: 0 }
    }

    /// Takes one request; in words when it is one too many.
    pub fn take(&mut self, at: Timestamp) -> Option<String> {
        self.arrived.push_back(at);
        while self.arrived.front().is_some_and(|first| at.since(*first) >= PERIOD) {
            self.arrived.pop_front();
        }
        let count = self.arrived.len();
        self.most = self.most.max(count);
        (count > self.limit)
            .then(|| format!("{count} requests in 60 s, and {} are allowed", self.limit))
    }

    /// Another process counts from here: what it may not know of is half the limit.
    pub fn begin_anew(&mut self) {
        let keep = self.limit / 2;
        while self.arrived.len() > keep {
            self.arrived.pop_front();
        }
    }

    /// The most requests of any sixty seconds.
    pub const fn most(&self) -> usize {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_too_many_in_any_sixty_seconds_is_found() {
        let mut requests = Requests::new(2);
        let at = Timestamp::from_seconds;
        assert_eq!(requests.take(at(0)), None);
        assert_eq!(requests.take(at(59)), None);
        assert_eq!(requests.take(at(60)), None, "the first is a minute old");
        assert!(requests.take(at(61)).is_some());
        assert_eq!(requests.most(), 3);
    }
}
