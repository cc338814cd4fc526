//! Single fields of an answer that may be missing: prices, quantities, times. Shared by
//! the brokers whose wire is JSON.

use std::str::FromStr;

use crate::brokers::decimal::DecimalText;
use crate::brokers::oddity::{Oddities, Oddity};
use crate::domain::ids::Symbol;
use crate::domain::money::Price;
use crate::domain::time::Timestamp;

/// Why an answer cannot be understood: something indispensable is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(pub(crate) String);

/// Reads a value; absent, null and empty are `None`, and so is what is no such value,
/// which is counted.
pub(crate) fn optional<T: FromStr>(
    text: Option<&DecimalText>,
    name: &str,
    oddities: &Oddities,
) -> Option<T> {
    let text = text.filter(|text| !text.as_str().is_empty())?;
    let value = text.parse();
    if value.is_none() {
        oddities.count(Oddity::UnreadableValue, &format!("{name} is '{}'", text.as_str()));
    }
    value
}

/// Reads a price, where zero means that there is none.
pub(crate) fn price(text: Option<&DecimalText>, name: &str, oddities: &Oddities) -> Option<Price> {
    optional(text.filter(|text| !is_zero(text.as_str())), name, oddities)
}

/// Whether a decimal text is zero however it is written: `0`, `0.00`, `-0`.
fn is_zero(text: &str) -> bool {
    text.contains('0') && text.chars().all(|letter| matches!(letter, '0' | '.' | '-'))
}

/// Reads a time; what is no time counts as not there.
pub(crate) fn time(text: Option<&str>, name: &str, oddities: &Oddities) -> Option<Timestamp> {
    let text = text.filter(|text| !text.is_empty())?;
    let time = text.parse().ok();
    if time.is_none() {
        oddities.count(Oddity::UnreadableValue, &format!("{name} is '{text}'"));
    }
    time
}

/// Reads a symbol.
///
/// # Errors
/// When it is none of a US equity.
pub(crate) fn symbol(text: &str) -> Result<Symbol, Unreadable> {
    Symbol::new(text).map_err(|error| Unreadable(error.to_string()))
}
