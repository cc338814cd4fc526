//! Layer 1: what mails and meetings say, as plain values and pure functions.
//!
//! Everything in here is text that others wrote. It is cleaned where it enters
//! ([`text`]), it is never a command and never an instruction. Nothing in here knows of
//! files, tasks or a store: those are in `crate::sources::intel`. Start with
//! [`mail::Message`] and [`transcript::Transcript`].

pub mod text;
pub mod mail;
pub mod parse;
pub mod quotes;
pub mod transcript;
pub mod formats;
pub mod symbols;
pub mod entities;
pub mod correlate;
