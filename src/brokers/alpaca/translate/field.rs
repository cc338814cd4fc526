//! Single fields, those of every broker and the one that Alpaca writes its own way.

use crate::domain::order::Side;

pub(crate) use crate::brokers::field::{Unreadable, optional, price, symbol, time};

/// Reads a side.
///
/// # Errors
/// When it is neither `buy` nor `sell`.
pub(crate) fn side(text: &str) -> Result<Side, Unreadable> {
    match text {
        "buy" => Ok(Side::Buy),
        // `sell_short` stands in some older answers.
        "sell" | "sell_short" => Ok(Side::Sell),
        _ => Err(Unreadable(format!("'{text}' is not a side"))),
    }
}
