//! Notices that market data has stopped although the socket looks well.
//!
//! Silence is measured on the market's clock, and means something only while the
//! market is open: a clock that runs fast must not wait ten seconds of ours, one that
//! stands still must not count. A second of wall time must pass in any case, or a
//! clock that leaps would tear down a connection that is merely being read.
//! Knows neither sockets nor messages.

use std::time::Duration;

use jiff::SignedDuration;

use crate::bus::clock::Stopwatch;
use crate::domain::calendar::{MarketHours, SessionWindow};
use crate::domain::market::Session;
use crate::domain::time::Timestamp;

/// The least wall time that counts as silence.
const WALL_MIN: Duration = Duration::from_secs(1);
/// How often the patience doubles while connection after connection stays silent: the
/// symbols may be quiet, and dialling for ever costs more than waiting.
const DOUBLINGS_MAX: u32 = 3;

/// Watches the age of the data of one connection.
#[derive(Debug, Clone)]
pub(in crate::brokers) struct Watchdog {
    hours: MarketHours,
    silence_max: SignedDuration,
    /// The stretch of the day around the last look.
    window: Option<SessionWindow>,
    /// When the present connection was last known to be well, and wall time since.
    well: Option<(Timestamp, Stopwatch)>,
    /// Connections that fell silent since data last came.
    silences: u32,
}

impl Watchdog {
    /// Makes a watchdog that allows so much silence, in the market's time.
    pub(in crate::brokers) const fn new(hours: MarketHours, silence_max: SignedDuration) -> Self {
        Self { hours, silence_max, window: None, well: None, silences: 0 }
    }

    /// Begins to watch a connection.
    pub(in crate::brokers) fn arm(&mut self, now: Timestamp) {
        self.well = Some((now, Stopwatch::start()));
    }

    /// Ceases to watch.
    pub(in crate::brokers) const fn disarm(&mut self) {
        self.well = None;
    }

    /// Data came.
    pub(in crate::brokers) fn heard(&mut self, now: Timestamp) {
        self.silences = 0;
        if self.well.is_some() {
            self.arm(now);
        }
    }

    /// Tells whether the silence has lasted longer than allowed, however often that has
    /// happened before: the data is not to be relied on, whether or not dialling again
    /// is worth it.
    pub(in crate::brokers) fn is_stale(&mut self, now: Timestamp) -> bool {
        self.silence(now).is_some_and(|silence| silence > self.silence_max)
    }

    /// Tells whether the silence has lasted so long that dialling again is worth it, once
    /// a connection; each further silent one is given twice the time.
    pub(in crate::brokers) fn is_silent(&mut self, now: Timestamp) -> bool {
        let allowed = self.silence_max * (1_i32 << self.silences.min(DOUBLINGS_MAX));
        if self.silence(now).is_none_or(|silence| silence <= allowed) {
            return false;
        }
        self.silences = self.silences.saturating_add(1);
        self.disarm();
        true
    }

    /// How long the present connection has been silent, where that means something.
    fn silence(&mut self, now: Timestamp) -> Option<SignedDuration> {
        let opened = self.opened(now);
        let (heard, since) = self.well.as_ref()?;
        (since.elapsed() >= WALL_MIN).then_some(now.since((*heard).max(opened?)))
    }

    /// When the regular session began, while it lasts.
    fn opened(&mut self, now: Timestamp) -> Option<Timestamp> {
        let holds = |window: &SessionWindow| window.from <= now && now < window.until;
        if !self.window.as_ref().is_some_and(holds) {
            // A calendar that has ended knows no open market.
            self.window = self.hours.window_at(now).ok();
        }
        self.window.filter(|window| window.session == Session::Open).map(|window| window.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-10-05, a Monday, in UTC.
    fn at(clock: &str) -> Timestamp {
        format!("2026-10-05T{clock}Z").parse().unwrap()
    }

    fn watchdog() -> Watchdog {
        Watchdog::new(MarketHours::NewYork, SignedDuration::from_secs(10))
    }

    #[tokio::test(start_paused = true)]
    async fn ten_seconds_without_data_are_silence_while_the_market_is_open() {
        let mut dog = watchdog();
        assert!(!dog.is_silent(at("15:00:30")), "not armed");
        dog.arm(at("15:00:00"));
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(!dog.is_silent(at("15:00:10")));
        dog.heard(at("15:00:09"));
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(!dog.is_silent(at("15:00:19")));
        assert!(dog.is_silent(at("15:00:20")));
        assert!(!dog.is_silent(at("15:00:40")), "said once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_market_may_be_silent_and_gets_time_to_begin() {
        let mut dog = watchdog();
        dog.arm(at("12:00:00"));
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(!dog.is_silent(at("13:29:59")));
        assert!(!dog.is_silent(at("13:30:09")), "the session began nine seconds ago");
        assert!(dog.is_silent(at("13:30:11")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_leaps_waits_a_second_of_ours() {
        let mut dog = watchdog();
        dog.arm(at("15:00:00"));
        assert!(!dog.is_silent(at("15:30:00")));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(dog.is_silent(at("15:30:00")));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_grows_while_nothing_but_silence_comes() {
        let mut dog = watchdog();
        for allowed in [10, 20, 40, 80, 80] {
            dog.arm(at("15:00:00"));
            tokio::time::advance(Duration::from_secs(90)).await;
            let after = |seconds| at("15:00:00").plus(SignedDuration::from_secs(seconds));
            assert!(!dog.is_silent(after(allowed)), "{allowed}");
            assert!(!dog.is_stale(after(10)) && dog.is_stale(after(11)), "{allowed}");
            assert!(dog.is_silent(after(allowed + 1)), "{allowed}");
        }
        dog.arm(at("15:00:00"));
        dog.heard(at("15:00:00"));
        tokio::time::advance(Duration::from_secs(90)).await;
        assert!(dog.is_silent(at("15:00:11")));
    }
}
