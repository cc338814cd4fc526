//! What was tolerated: answers that differ from the protocol page and were still
//! understood.
//!
//! Brokers add, remove and rename fields; an answer that can be understood is
//! understood, and counted here so that somebody may look. Knows no HTTP and no JSON.

use std::sync::atomic::{AtomicU64, Ordering};

/// A way in which an answer differed from the protocol page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// An order's status is not on the page; it is taken to be working.
    UnknownStatus,
    /// An order's type is not on the page; it is taken to be a market order.
    UnknownKind,
    /// A field that the page promises is not there, and something stands in for it.
    MissingValue,
    /// A field holds what is not a number or not a time, and counts as not there.
    UnreadableValue,
    /// An order or a position in an asset that is no US equity was left out.
    ForeignAsset,
    /// A bar, quote or trade that contradicts itself was left out.
    RefusedMarketData,
}

/// How often each [`Oddity`] was met since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OddityCounts {
    /// Of [`Oddity::UnknownStatus`].
    pub unknown_statuses: u64,
    /// Of [`Oddity::UnknownKind`].
    pub unknown_kinds: u64,
    /// Of [`Oddity::MissingValue`].
    pub missing_values: u64,
    /// Of [`Oddity::UnreadableValue`].
    pub unreadable_values: u64,
    /// Of [`Oddity::ForeignAsset`].
    pub foreign_assets: u64,
    /// Of [`Oddity::RefusedMarketData`].
    pub refused_market_data: u64,
}

/// The counters themselves; shared by the calls and the streams of one account.
#[derive(Debug, Default)]
pub struct Oddities {
    unknown_statuses: AtomicU64,
    unknown_kinds: AtomicU64,
    missing_values: AtomicU64,
    unreadable_values: AtomicU64,
    foreign_assets: AtomicU64,
    refused_market_data: AtomicU64,
}

impl Oddities {
    /// Counts one. The detail is for the log alone, and is the venue's text.
    pub fn count(&self, oddity: Oddity, detail: &str) {
        let counter = match oddity {
            Oddity::UnknownStatus => &self.unknown_statuses,
            Oddity::UnknownKind => &self.unknown_kinds,
            Oddity::MissingValue => &self.missing_values,
            Oddity::UnreadableValue => &self.unreadable_values,
            Oddity::ForeignAsset => &self.foreign_assets,
            Oddity::RefusedMarketData => &self.refused_market_data,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(?oddity, ?detail, "an answer differs from the broker's protocol page");
    }

    /// Reads all counters.
    pub fn counts(&self) -> OddityCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        OddityCounts {
            unknown_statuses: read(&self.unknown_statuses),
            unknown_kinds: read(&self.unknown_kinds),
            missing_values: read(&self.missing_values),
            unreadable_values: read(&self.unreadable_values),
            foreign_assets: read(&self.foreign_assets),
            refused_market_data: read(&self.refused_market_data),
        }
    }
}
