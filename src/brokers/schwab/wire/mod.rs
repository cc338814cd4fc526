//! Schwab's JSON as it stands on the wire; nothing here leaves the folder.
//!
//! Every type holds only the fields that we read, unknown ones are ignored, and all but
//! the indispensable ones may be missing: Schwab's specification and its wire differ
//! (Schwab, protocol page §6 of November 2026). Numbers are kept as text. What they mean
//! is the business of [`translate`](crate::brokers::schwab::translate).

mod account;
mod error;
mod market;
mod order;
mod send;

pub(crate) use account::{
    WireAccount, WireAccountNumber, WireAccountRow, WirePosition, WirePreferences,
};
pub(crate) use error::{WireError, WireFault, WireItem};
pub(crate) use market::{
    WireCandle, WireHistory, WireInstruments, WireMarketDay, WireQuote, WireQuoted,
};
pub(crate) use order::{WireInstrument, WireOrder, WireOrderLeg, WirePreview, WireReason};
pub(crate) use send::{WireSend, WireSendInstrument, WireSendLeg};
