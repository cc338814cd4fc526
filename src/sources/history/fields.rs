//! Single fields: digits become prices and sizes without a text in between.
//!
//! There are two readers of every kind of field. The quick one takes the plain
//! form that nearly every row has, straight from the bytes of the line, and says
//! nothing about the rest. The careful one takes everything that is legal and
//! says what is wrong; it is also the meaning of the quick one (a property test
//! holds them together).

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::ids::Symbol;
use crate::domain::money::Price;
use crate::sources::history::error::{Fault, Reason, shown};

/// Most digits before the point in the quick form; ten million has eight.
const WHOLE_DIGITS: usize = 8;
/// Decimal places of a price unit.
const PLACES: usize = 8;
/// 10 to the power of the places that a price text leaves out.
const FILL: [i64; PLACES + 1] =
    [100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
/// The largest volume or size of one row, in shares: a thousand times the
/// market's busiest day, so that sums over years stay inside `u64`.
const SHARES_MAX: u64 = 10_000_000_000_000;
/// Most digits of a size in the quick form.
const SIZE_DIGITS: usize = 13;

/// Reads the digits at `at`; returns their value and where they end. More than
/// 19 digits give a wrong value, so the caller bounds the length.
#[inline]
pub(super) fn digits(bytes: &[u8], at: usize) -> (u64, usize) {
    let mut value = 0_u64;
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        end += 1;
    }
    (value, end)
}

/// Reads a price like `123.45` or `123` at `at`; returns it and where it ends.
#[inline]
pub(super) fn quick_price(bytes: &[u8], at: usize) -> Option<(Price, usize)> {
    let (whole, mut end) = digits(bytes, at);
    let whole_digits = end - at;
    if whole_digits == 0 || whole_digits > WHOLE_DIGITS {
        return None;
    }
    let mut units = i64::try_from(whole).ok()? * FILL[0];
    if bytes.get(end) == Some(&b'.') {
        let (fraction, fraction_end) = digits(bytes, end + 1);
        let places = fraction_end - end - 1;
        units += i64::try_from(fraction).ok()?.checked_mul(*FILL.get(places)?)?;
        end = fraction_end;
    }
    (1..=Price::MAX.units()).contains(&units).then_some(())?;
    Some((Price::from_units(units).ok()?, end))
}

/// Reads a size like `5000` or `5000.0` at `at`; returns it and where it ends.
#[inline]
pub(super) fn quick_size(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let (value, mut end) = digits(bytes, at);
    if end == at || end - at > SIZE_DIGITS {
        return None;
    }
    if bytes.get(end) == Some(&b'.') {
        end += 1;
        while bytes.get(end) == Some(&b'0') {
            end += 1;
        }
    }
    (value <= SHARES_MAX).then_some((value, end))
}

/// Reads any legal price.
pub(super) fn price(name: &str, field: &[u8]) -> Result<Price, Fault> {
    let fault = |why: &str| Fault::new(Reason::Price, format!("{name} {why}"));
    let text = text_of(field).ok_or_else(|| fault(&format!("'{}' is not text", shown(field))))?;
    if text.is_empty() {
        return Err(fault("is missing"));
    }
    // Digit groups such as 1_000 are no CSV; the decimal reader would take them.
    if text.contains('_') {
        return Err(fault(&format!("'{}' is not a decimal number", shown(field))));
    }
    text.parse().map_err(|error: crate::domain::money::ValueError| {
        // The message may repeat the text, so it is cleaned as the text would be.
        let clean: String = error
            .to_string()
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        fault(&clean)
    })
}

/// Reads any legal volume or size, in shares.
pub(super) fn size(name: &str, field: &[u8]) -> Result<u64, Fault> {
    let fault = |why: &str| Fault::new(Reason::Volume, format!("{name} {why}"));
    let text = text_of(field).ok_or_else(|| fault(&format!("'{}' is not text", shown(field))))?;
    if text.is_empty() {
        return Err(fault("is missing"));
    }
    let parsed = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text));
    let value = match parsed {
        Ok(value) if !text.contains('_') => value,
        Ok(_) | Err(_) => {
            return Err(fault(&format!("'{}' is not a decimal number", shown(field))));
        }
    };
    if value.is_sign_negative() && !value.is_zero() {
        return Err(fault(&format!("{} must not be negative", shown(field))));
    }
    match value.round().to_u64() {
        Some(shares) if shares <= SHARES_MAX => Ok(shares),
        Some(_) | None => {
            Err(fault(&format!("{} is too large, the limit is {SHARES_MAX}", shown(field))))
        }
    }
}

/// Reads a symbol.
pub(super) fn symbol(field: &[u8]) -> Result<Symbol, Fault> {
    let found = text_of(field).and_then(|text| Symbol::new(text).ok());
    found.ok_or_else(|| {
        let what = if field.is_empty() {
            "symbol is missing".into()
        } else {
            format!(
                "'{}' is not a symbol: 1 to 15 of A-Z, 0-9, '.', '-', '/' are allowed",
                shown(field)
            )
        };
        Fault::new(Reason::Symbol, what)
    })
}

/// The field as text without blanks around it; `None` when it is not UTF-8.
pub(super) fn text_of(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok().map(str::trim)
}
