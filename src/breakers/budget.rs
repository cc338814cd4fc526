//! How many requests a broker may still be sent: a sliding-window log with lanes.
//!
//! The log remembers when each request left; one more may leave while fewer than
//! the limit left within the window. A token bucket would not do: burst plus
//! refill let 239 calls through in the worst 60 s of "120 a minute". Lanes keep
//! the last requests for what protects: an entry can never use the reserve.
//!
//! Time and chance are passed in; the owner takes the time from the house clock,
//! and an earlier time than the last is treated as the last. Breakers are in
//! [`breaker`](crate::breakers::breaker).

use std::collections::VecDeque;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// The period that broker limits speak of.
pub const PERIOD: SignedDuration = SignedDuration::from_secs(60);
/// The log's window: the period, and a second more for requests that are late on
/// the way, so that the *broker* counts no more than the limit either. It costs
/// 1.6 % of the allowance.
pub const WINDOW: SignedDuration = SignedDuration::from_secs(61);
/// The largest limit accepted, which bounds the log's memory.
pub const LIMIT_MAX: u32 = 10_000;
/// Longest time for which a broker's word can shut the budget: the window, after which
/// the broker's count begins anew. A clock of ours that is behind would make it longer.
const SHUT_MAX: SignedDuration = WINDOW;
/// What is waited beyond the time that a broker named, before the jitter of up to as much
/// again (Alpaca, protocol page §2.5 of October 2026).
const SHUT_MORE: SignedDuration = SignedDuration::from_secs(1);
/// First wait after a 429 that does not say how long; doubles up to the last.
const BACKOFF_FIRST: SignedDuration = SignedDuration::from_secs(1);
/// Longest wait after a 429 that does not say how long.
const BACKOFF_LAST: SignedDuration = SignedDuration::from_secs(30);

/// What a request is for; earlier lanes may use more of the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Cancelling everything, flattening.
    Kill,
    /// Stops and exits.
    Protective,
    /// Cancels.
    Cancel,
    /// Reads that compare the broker with us.
    Reconcile,
    /// Orders that open positions.
    Entry,
    /// Quotes and bars.
    Data,
}

impl Lane {
    /// All lanes, most important first.
    pub const ALL: [Self; 6] =
        [Self::Kill, Self::Protective, Self::Cancel, Self::Reconcile, Self::Entry, Self::Data];

    /// The name in configuration, metrics and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Protective => "protective",
            Self::Cancel => "cancel",
            Self::Reconcile => "reconcile",
            Self::Entry => "entry",
            Self::Data => "data",
        }
    }

    /// How many of the last requests a lane leaves to the lanes before it, of a
    /// reserve. Each lane keeps a little for those above, entries keep all of it,
    /// and data keeps a quarter more so that quotes cannot starve entries.
    const fn leaves(self, reserve: u32) -> u32 {
        match self {
            Self::Kill => 0,
            Self::Protective => reserve / 10,
            Self::Cancel => reserve / 5,
            Self::Reconcile => reserve / 2,
            Self::Entry => reserve,
            Self::Data => reserve.saturating_add(reserve.div_ceil(4)),
        }
    }
}

/// The limit of one broker account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetConfig {
    /// Requests per 60 s, at most [`LIMIT_MAX`]; 0 sends nothing at all.
    pub limit: u32,
    /// Of these, how many entries may never use.
    pub reserve: u32,
}

impl BudgetConfig {
    /// Alpaca's trading interface: 200 a minute (protocol page §2.5), 30 kept.
    pub const ALPACA: Self = Self { limit: 200, reserve: 30 };
    /// Alpaca's market data on the free plan: 200 a minute of their own (protocol page
    /// §2.5).
    pub const ALPACA_DATA: Self = Self { limit: 200, reserve: 30 };
    /// Schwab's trader interface: 120 a minute, shown in its portal only, 20 kept.
    pub const SCHWAB: Self = Self { limit: 120, reserve: 20 };
}

/// What a broker's answer says about its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateHeaders {
    /// Requests per minute that the broker allows.
    pub limit: u32,
    /// Requests left in its present period.
    pub remaining: u32,
    /// When its present period ends.
    pub reset: Timestamp,
}

/// A request must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the request budget is used up")]
pub struct Wait {
    /// When asking again makes sense, later than now; `None` when the lane has no
    /// allowance under the limit in force.
    pub until: Option<Timestamp>,
}

/// The request budget of one broker account.
#[derive(Debug, Clone)]
pub struct Budget {
    config: BudgetConfig,
    /// When the requests of the window left, oldest first; at most the limit.
    sent: VecDeque<Timestamp>,
    /// The broker's own limit, where it is lower than ours.
    limit_at_broker: u32,
    /// Requests that the broker counted and we did not send, and until when.
    foreign: (u32, Timestamp),
    /// Nothing leaves before.
    shut_until: Timestamp,
    /// 429s in a row.
    refusals: u32,
    /// The latest time seen.
    latest: Timestamp,
}

impl Budget {
    /// Makes an unused budget. At start-up, call [`Budget::after_restart`] as
    /// well: what the process before has sent is not known.
    pub fn new(config: BudgetConfig) -> Self {
        let limit = config.limit.min(LIMIT_MAX);
        let past = Timestamp::from_nanos(i64::MIN);
        Self {
            config: BudgetConfig { limit, ..config },
            sent: VecDeque::new(),
            limit_at_broker: LIMIT_MAX,
            foreign: (0, past),
            shut_until: past,
            refusals: 0,
            latest: past,
        }
    }

    /// Assumes that half of the limit was used just before `now`.
    pub fn after_restart(&mut self, now: Timestamp) {
        self.advance(now);
        let half = self.config.limit.div_ceil(2);
        for _ in self.in_log()..half {
            self.sent.push_back(self.latest);
        }
    }

    /// Takes one request of a lane, to be sent at once.
    ///
    /// # Errors
    /// When the lane must wait; nothing is taken then.
    pub fn try_take(&mut self, lane: Lane, now: Timestamp) -> Result<(), Wait> {
        self.advance(now);
        if self.left_in(lane) == 0 {
            return Err(Wait { until: self.wait_of(lane) });
        }
        self.sent.push_back(self.latest);
        Ok(())
    }

    /// Takes note of the rate headers of an answer that was not a 429. What the
    /// broker counts beyond our own log was sent by others with our keys.
    pub fn observe(&mut self, headers: RateHeaders, now: Timestamp) {
        self.advance(now);
        self.refusals = 0;
        // A limit of nothing, on an answer, is nonsense; believing it would end the
        // very calls whose answers could correct it.
        if headers.limit == 0 {
            return;
        }
        self.limit_at_broker = headers.limit;
        let used = headers.limit.saturating_sub(headers.remaining);
        let until = headers.reset.min(self.latest.plus(WINDOW));
        self.foreign = (used.saturating_sub(self.in_log()), until);
    }

    /// Takes note of an answer without rate headers that was not a 429.
    pub const fn answered(&mut self) {
        self.refusals = 0;
    }

    /// Takes note of a 429: nothing leaves until the time that the broker named
    /// (`Retry-After` or reset; at most [`WINDOW`]) and 1 s to 2 s more, or else for a wait
    /// that doubles from 1 s to 30 s
    /// with each 429 in a row, times `jitter` (0 to 1, drawn by the caller: full
    /// jitter). Returns when the budget opens again.
    pub fn refused(
        &mut self,
        retry_at: Option<Timestamp>,
        jitter: f64,
        now: Timestamp,
    ) -> Timestamp {
        self.advance(now);
        let doublings = self.refusals.min(5);
        self.refusals = self.refusals.saturating_add(1);
        let backoff = BACKOFF_FIRST.saturating_mul(1_i32 << doublings).min(BACKOFF_LAST);
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
        let named = retry_at.filter(|at| *at > self.latest).map(|at| {
            let at = at.min(self.latest.plus(SHUT_MAX));
            at.plus(SHUT_MORE).plus(SHUT_MORE.mul_f64(jitter))
        });
        let until = named.unwrap_or_else(|| self.latest.plus(backoff.mul_f64(jitter)));
        self.shut_until = self.shut_until.max(until);
        self.shut_until
    }

    /// Returns how many requests of a lane may leave at once.
    pub fn left(&mut self, lane: Lane, now: Timestamp) -> u32 {
        self.advance(now);
        self.left_in(lane)
    }

    /// Returns how many requests are counted in the window, others' included.
    pub fn used(&mut self, now: Timestamp) -> u32 {
        self.advance(now);
        self.in_log().saturating_add(self.foreign.0)
    }

    /// Returns the limit in force: the configured one or the broker's, whichever
    /// is lower.
    pub fn limit(&self) -> u32 {
        self.config.limit.min(self.limit_at_broker)
    }

    fn advance(&mut self, now: Timestamp) {
        self.latest = self.latest.max(now);
        while self.sent.front().is_some_and(|at| at.plus(WINDOW) <= self.latest) {
            self.sent.pop_front();
        }
        if self.foreign.1 <= self.latest {
            self.foreign.0 = 0;
        }
    }

    fn in_log(&self) -> u32 {
        u32::try_from(self.sent.len()).unwrap_or(u32::MAX)
    }

    /// How many requests may be counted in the window when one of a lane has left.
    fn allowance(&self, lane: Lane) -> u32 {
        self.limit().saturating_sub(lane.leaves(self.config.reserve))
    }

    fn left_in(&self, lane: Lane) -> u32 {
        if self.latest < self.shut_until {
            return 0;
        }
        let used = self.in_log().saturating_add(self.foreign.0);
        self.allowance(lane).saturating_sub(used)
    }

    /// When a request of a lane that is used up can leave, if nothing else leaves.
    fn wait_of(&self, lane: Lane) -> Option<Timestamp> {
        let allowance = self.allowance(lane);
        if allowance == 0 {
            return None;
        }
        // With others' requests gone, this many of ours must leave the window too.
        let own = self.in_log().saturating_add(1).saturating_sub(allowance);
        let with_foreign = own.saturating_add(self.foreign.0);
        let expiry = |count: u32| {
            let index = usize::try_from(count.checked_sub(1)?).ok()?;
            self.sent.get(index).map(|at| at.plus(WINDOW))
        };
        let by_own = expiry(own).unwrap_or(self.latest);
        let waiting_for_foreign = by_own.max(self.foreign.1);
        let beside_foreign = expiry(with_foreign).unwrap_or(waiting_for_foreign);
        let free = if self.foreign.0 == 0 || with_foreign == 0 {
            by_own
        } else {
            waiting_for_foreign.min(beside_foreign)
        };
        Some(free.max(self.shut_until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn budget(limit: u32, reserve: u32) -> Budget {
        Budget::new(BudgetConfig { limit, reserve })
    }

    /// Takes as many requests of a lane as there are and returns their number.
    fn drain(budget: &mut Budget, lane: Lane, now: Timestamp) -> u32 {
        (0..LIMIT_MAX)
            .take_while(|_| budget.try_take(lane, now).is_ok())
            .count()
            .try_into()
            .unwrap()
    }

    /// The most instants in any half-open span of 60 s.
    fn worst_period(sorted: &[Timestamp]) -> usize {
        let within = |from: usize| {
            let end = sorted[from].plus(PERIOD);
            sorted[from..].partition_point(|at| *at < end)
        };
        (0..sorted.len()).map(within).max().unwrap_or(0)
    }

    #[test]
    fn each_lane_leaves_the_reserve_of_those_above() {
        let cases = [
            (BudgetConfig::SCHWAB, [120, 118, 116, 110, 100, 95]),
            (BudgetConfig::ALPACA, [200, 197, 194, 185, 170, 162]),
        ];
        for (config, expected) in cases {
            let usable = Lane::ALL.map(|lane| drain(&mut Budget::new(config), lane, at(0)));
            assert_eq!(usable, expected);
        }
    }

    #[test]
    fn entries_can_never_use_the_reserve_but_kills_can() {
        let mut budget = Budget::new(BudgetConfig::SCHWAB);
        assert_eq!(drain(&mut budget, Lane::Entry, at(0)), 100);
        assert_eq!(drain(&mut budget, Lane::Data, at(0)), 0);
        assert_eq!(drain(&mut budget, Lane::Kill, at(0)), 20);
        assert_eq!(budget.try_take(Lane::Kill, at(0)), Err(Wait { until: Some(at(61_000)) }));
    }

    #[test]
    fn a_limit_of_zero_sends_nothing_ever() {
        let mut budget = budget(0, 20);
        for lane in Lane::ALL {
            assert_eq!(budget.try_take(lane, at(1_000_000)), Err(Wait { until: None }));
        }
    }

    #[test]
    fn waiting_until_the_named_time_is_enough_and_not_too_long() {
        let mut budget = budget(10, 4);
        for millis in 0..6 {
            budget.try_take(Lane::Entry, at(millis * 1_000)).unwrap();
        }
        let Wait { until } = budget.try_take(Lane::Entry, at(6_000)).unwrap_err();
        assert_eq!(until, Some(at(61_000)));
        assert!(budget.try_take(Lane::Entry, at(60_999)).is_err());
        assert!(budget.try_take(Lane::Entry, at(61_000)).is_ok());
    }

    #[test]
    fn a_429_shuts_every_lane_until_the_broker_says() {
        let mut budget = budget(200, 30);
        assert_eq!(budget.refused(Some(at(42_000)), 0.5, at(0)), at(43_500));
        for lane in Lane::ALL {
            let wait = budget.try_take(lane, at(1_000));
            assert_eq!(wait, Err(Wait { until: Some(at(43_500)) }));
        }
        assert!(budget.try_take(Lane::Data, at(43_500)).is_ok());
    }

    #[test]
    fn a_429_without_a_time_doubles_up_to_half_a_minute() {
        let mut budget = budget(200, 30);
        let mut now = at(0);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let until = budget.refused(None, 1.0, now);
            assert_eq!(until.since(now), SignedDuration::from_secs(seconds));
            now = until;
        }
        budget.answered();
        assert_eq!(budget.refused(None, 0.25, now).since(now), SignedDuration::from_millis(250));
        assert_eq!(budget.refused(None, f64::NAN, now).since(now), SignedDuration::from_secs(2));
    }

    #[test]
    fn a_senseless_time_of_the_broker_cannot_shut_us_for_ever() {
        let mut budget = budget(200, 30);
        assert_eq!(budget.refused(Some(at(i64::MAX / 1_000_000)), 1.0, at(0)), at(63_000));
    }

    #[test]
    fn headers_show_what_others_send_with_our_keys() {
        let mut budget = budget(200, 30);
        for _ in 0..10 {
            budget.try_take(Lane::Kill, at(0)).unwrap();
        }
        let headers = RateHeaders { limit: 200, remaining: 140, reset: at(30_000) };
        budget.observe(headers, at(500));
        assert_eq!((budget.used(at(500)), budget.left(Lane::Kill, at(500))), (60, 140));
        assert_eq!(budget.left(Lane::Kill, at(30_000)), 190);
    }

    #[test]
    fn a_lower_limit_at_the_broker_holds_and_a_higher_one_does_not() {
        let mut budget = budget(200, 30);
        let headers = RateHeaders { limit: 60, remaining: 60, reset: at(60_000) };
        budget.observe(headers, at(0));
        assert_eq!(drain(&mut budget, Lane::Kill, at(0)), 60);
        budget.observe(RateHeaders { limit: 1_000, remaining: 940, ..headers }, at(0));
        assert_eq!(budget.limit(), 200);
    }

    #[test]
    fn half_of_the_budget_is_gone_after_a_restart() {
        let mut budget = Budget::new(BudgetConfig::SCHWAB);
        budget.after_restart(at(0));
        assert_eq!(budget.left(Lane::Kill, at(0)), 60);
        assert_eq!(budget.left(Lane::Entry, at(0)), 40);
        assert_eq!(budget.left(Lane::Kill, at(61_000)), 120);
    }

    #[test]
    fn a_greedy_caller_can_use_almost_all_of_the_allowance() {
        for limit in [120_u32, 200] {
            let mut budget = budget(limit, 20);
            let minutes = 600;
            let sent: u32 = (0..minutes * 600)
                .map(|tenth| drain(&mut budget, Lane::Kill, at(tenth * 100)))
                .sum();
            let allowed = f64::from(limit) * f64::from(i32::try_from(minutes).unwrap());
            let share = f64::from(sent) / allowed;
            assert!((0.95..=1.0).contains(&share), "limit {limit}: {share}");
        }
    }

    /// Gaps between requests in milliseconds: bursts, trickles and pauses.
    fn gaps() -> impl Strategy<Value = Vec<(i64, i64)>> {
        let gap = prop_oneof![6 => Just(0_i64), 3 => 1_i64..400, 1 => 1_000_i64..45_000];
        prop::collection::vec((gap, 0_i64..1_000), 200..900)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn no_sixty_seconds_hold_more_than_the_limit(
            limit in prop::sample::select(vec![1_u32, 120, 200]),
            gaps in gaps()
        ) {
            let mut budget = budget(limit, 0);
            let (mut now, mut left, mut arrived) = (0, Vec::new(), Vec::new());
            for (gap, on_the_way) in gaps {
                now += gap;
                if budget.try_take(Lane::Kill, at(now)).is_ok() {
                    left.push(at(now));
                    arrived.push(at(now + on_the_way));
                }
                prop_assert!(budget.sent.len() <= usize::try_from(limit).unwrap());
            }
            arrived.sort_unstable();
            let limit = usize::try_from(limit).unwrap();
            prop_assert!(worst_period(&left) <= limit);
            prop_assert!(worst_period(&arrived) <= limit, "the broker counts too many");
        }

        #[test]
        fn the_named_time_is_later_and_then_one_more_may_leave(
            steps in prop::collection::vec((0_i64..9_000, 0_usize..6, 0_u32..8), 1..200)
        ) {
            let mut budget = budget(12, 4);
            let mut now = 0;
            for (gap, lane, others) in steps {
                now += gap;
                if others > 5 {
                    let remaining = 12_u32.saturating_sub(budget.in_log() + others - 5);
                    let headers = RateHeaders { limit: 12, remaining, reset: at(now + 7_000) };
                    budget.observe(headers, at(now));
                }
                if let Err(wait) = budget.try_take(Lane::ALL[lane], at(now)) {
                    let until = wait.until.unwrap();
                    prop_assert!(until > at(now));
                    prop_assert!(budget.clone().try_take(Lane::ALL[lane], until).is_ok());
                }
            }
        }

        #[test]
        fn a_clock_that_goes_back_gives_nothing_away(
            times in prop::collection::vec(0_i64..200_000, 1..600)
        ) {
            let mut wild = budget(20, 4);
            let mut tame = budget(20, 4);
            let mut latest = 0;
            for millis in times {
                latest = latest.max(millis);
                let result = wild.try_take(Lane::Kill, at(millis));
                prop_assert_eq!(result, tame.try_take(Lane::Kill, at(latest)));
            }
        }
    }
}
