//! What may be wished for while the streamer runs.

use std::collections::BTreeSet;

use super::request::Detail;
use crate::domain::ids::Symbol;

/// What may be wished for while the streamer runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Follow these stocks too.
    Add(BTreeSet<Symbol>),
    /// Follow these no more.
    Drop(BTreeSet<Symbol>),
    /// Follow all stocks with so much detail.
    Show(Detail),
}
