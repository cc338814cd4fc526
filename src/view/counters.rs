//! How many events there were: a value of the snapshot, counted by the projector.

use serde::Serialize;

/// Families of events that are counted apart.
pub(in crate::view) const FAMILIES: usize = 14;

/// How many events there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counters {
    /// All of them.
    pub total: u64,
    /// By family, in the order of [`Counters::FAMILY_NAMES`].
    pub families: [u64; FAMILIES],
    /// Events of the newest whole second of the market's time.
    pub per_second: u64,
    /// The same by family.
    pub families_per_second: [u64; FAMILIES],
}

impl Counters {
    /// The families' names.
    pub const FAMILY_NAMES: [&'static str; FAMILIES] = [
        "tape", "feed", "market", "signal", "risk", "order", "venue", "position", "trade",
        "breaker", "operator", "request", "system", "intel",
    ];
}
