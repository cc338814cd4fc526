//! Alpaca's JSON as it stands on the wire; nothing here leaves the folder.
//!
//! Every type holds only the fields that we read, unknown ones are ignored, and all
//! but the indispensable ones may be missing. What they mean is the business of
//! [`translate`](crate::brokers::alpaca::translate).

mod account;
mod error;
mod listing;
mod market;
mod order;
mod request;

pub(crate) use crate::brokers::decimal::DecimalText;
pub(crate) use account::{WireAccount, WireConfiguration, WirePosition};
pub(crate) use error::WireError;
pub(crate) use listing::{WireAsset, WireClock, WireDay, WireFill, WireItem};
pub(crate) use market::{
    WireBar, WireBars, WireQuote, WireQuotes, WireSnapshot, WireTrade, WireTrades,
};
pub(crate) use order::WireOrder;
pub(crate) use request::{WireReplace, WireStop, WireSubmit, WireSuspend, WireTarget};
