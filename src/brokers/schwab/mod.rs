//! Schwab: its login, its streamer and its calls.
//!
//! A login lasts seven days and only a human can renew it, so it has a folder of its
//! own: [`auth`] gets a token with a browser's help, [`token`] keeps it alive and hands
//! it to whoever calls. [`hosts`] says where Schwab is. Knows nothing of breakers: a
//! dead token is told as a [`TokenState`](token::TokenState), what follows is decided
//! elsewhere.

#![expect(
    clippy::result_large_err,
    reason = "a failed call is rare and read once; the contract holds a refusal unboxed"
)]

pub mod auth;
pub mod hosts;
pub mod stream;
pub mod token;

mod book;
mod broker;
mod classify;
mod config;
mod data;
mod extras;
mod fingerprint;
mod orders;
mod reading;
mod resolution;
mod rest;
mod seal;
mod translate;
mod wire;

pub use crate::brokers::oddity::{Oddities, Oddity, OddityCounts};
pub use crate::brokers::private::PrivateFileError;
pub use book::{Doubt, SentOrder};
pub use broker::{OpenError, SchwabBroker};
pub use config::{Absence, SchwabConfig, Timeouts};
pub use extras::{Decision, Preview, StreamerInfo};
pub use fingerprint::{Fingerprint, Likeness};
pub use resolution::{Candidates, LOOKS_AFTER, Resolution, SKEW, Standing};
