//! The fold that makes the read model: one part per file, and the whole.
//!
//! Each part hears the events that it is made of and knows nothing of the others;
//! [`fold`] hands events out and puts the parts together. [`words`] makes the line
//! of the event stream.

mod account;
mod counters;
mod fold;
mod house;
mod market;
mod orders;
mod safety;
mod trades;
mod words;

pub use fold::{Projector, Setup};
