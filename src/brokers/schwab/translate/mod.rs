//! Schwab's words into ours, and ours into Schwab's.
//!
//! Pure functions of a wire value; what is missing or unknown but bearable is counted in
//! [`Oddities`](crate::brokers::schwab::Oddities). Knows no HTTP.

pub(crate) mod account;
pub(crate) mod market;
pub(crate) mod order;
pub(crate) mod send;

use crate::brokers::field::{self, Unreadable};
use crate::domain::ids::Symbol;

/// Schwab's spelling of a symbol: classes of shares stand behind a slash.
pub(crate) fn spelled(symbol: Symbol) -> String {
    symbol.as_str().replace('.', "/")
}

/// Our spelling of one of Schwab's symbols.
///
/// # Errors
/// When it is none of a US equity.
pub(crate) fn symbol(text: &str) -> Result<Symbol, Unreadable> {
    field::symbol(&text.replace('/', "."))
}
