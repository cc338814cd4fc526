//! What the streams say, and how it is put into frames: JSON or `MessagePack`.
//!
//! A message is built once as a [`Field`] and written in the [`Dialect`] that the
//! client asked for. Prices stay exact: JSON numbers carry their own decimals, and
//! a `MessagePack` double is the one nearest to that text. Nothing here knows what
//! the messages mean; see `data_stream` and `trading_stream`.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use rust_decimal::Decimal;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::domain::ids::Symbol;
use crate::domain::money::Price;
use crate::domain::time::Timestamp;

/// The name under which rmp-serde writes an extension type.
const EXTENSION: &str = rmp_serde::MSGPACK_EXT_STRUCT_NAME;
/// The extension type of timestamps (`MessagePack` specification, "Timestamp extension type").
const TIMESTAMP_TYPE: i8 = -1;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A value on the wire. Objects keep the order of their keys, since clients rely
/// on `"T"` being the first (Alpaca, protocol page §7.2 of October 2026).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Dollars per share: a JSON number with its decimals, a `MessagePack` double.
    Price(Price),
    /// Any other decimal, such as a change in percent; written like a price.
    Decimal(Decimal),
    /// A text.
    Text(Cow<'static, str>),
    /// An instant: RFC 3339 in JSON, extension type −1 in `MessagePack`.
    Time(Timestamp),
    /// Values in order.
    List(Vec<Self>),
    /// Names and values in order.
    Object(Vec<(Cow<'static, str>, Self)>),
}

impl Field {
    /// Makes an object whose keys stand in the order given.
    pub(crate) fn object<const N: usize>(fields: [(&'static str, Self); N]) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (Cow::from(name), value)).collect())
    }

    /// Makes a text that is not known in advance.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(Cow::from(text.into()))
    }

    /// Makes a number of things; more than an `i64` holds is held at its end.
    pub(crate) fn count(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<&'static str> for Field {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::from(text))
    }
}

impl From<Symbol> for Field {
    fn from(symbol: Symbol) -> Self {
        Self::text(symbol.as_str())
    }
}

/// Numbers that are not whole become texts: the trading surface has none
/// (Alpaca, protocol page §2.1), so nothing is lost.
impl From<Value> for Field {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::text(number.to_string()), Self::Integer)
            }
            Value::String(text) => Self::text(text),
            Value::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            Value::Object(fields) => Self::Object(
                fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            ),
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Price(price) if serializer.is_human_readable() => price.serialize(serializer),
            Self::Price(price) => serializer.serialize_f64(nearest_double(price)),
            Self::Decimal(number) if serializer.is_human_readable() => {
                RawValue::from_string(number.to_string())
                    .expect("a decimal is written as a JSON number")
                    .serialize(serializer)
            }
            Self::Decimal(number) => serializer.serialize_f64(nearest_double(number)),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Time(at) if serializer.is_human_readable() => at.serialize(serializer),
            Self::Time(at) => serializer
                .serialize_newtype_struct(EXTENSION, &(TIMESTAMP_TYPE, Payload(timestamp(*at)))),
            Self::List(values) => values.serialize(serializer),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// The double that reads back as the same decimal text.
fn nearest_double(number: &impl fmt::Display) -> f64 {
    number.to_string().parse().expect("it is written as a decimal number")
}

/// Bytes that serde writes as bytes and not as a list of numbers.
struct Payload(Vec<u8>);

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// The shortest of the three forms of a timestamp: 32 bits without nanoseconds,
/// 64 bits until the year 2514, else 96.
fn timestamp(at: Timestamp) -> Vec<u8> {
    let seconds = at.as_nanos().div_euclid(NANOS_PER_SECOND);
    let nanos = u32::try_from(at.as_nanos().rem_euclid(NANOS_PER_SECOND))
        .expect("less than a second of nanoseconds");
    match (u32::try_from(seconds), u64::try_from(seconds)) {
        (Ok(seconds), _) if nanos == 0 => seconds.to_be_bytes().to_vec(),
        (_, Ok(seconds)) if seconds < 1 << 34 => {
            (u64::from(nanos) << 34 | seconds).to_be_bytes().to_vec()
        }
        (..) => [nanos.to_be_bytes().as_slice(), &seconds.to_be_bytes()].concat(),
    }
}

/// How one connection's messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON in text frames: the data stream by default (§7.3).
    TextJson,
    /// JSON in binary frames: the trading stream by default, as documented for
    /// paper (§6).
    BinaryJson,
    /// `MessagePack` in binary frames, when the handshake asks for it.
    MessagePack,
}

impl Dialect {
    /// Returns what a handshake asks for: `Content-Type: application/msgpack`, or
    /// the default of the stream.
    pub(crate) fn asked_for(headers: &HeaderMap, default: Self) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match kind {
            Some(kind) if kind.trim().starts_with("application/msgpack") => Self::MessagePack,
            Some(_) | None => default,
        }
    }

    /// Writes a message as one frame.
    pub(crate) fn frame(self, message: &Field) -> Message {
        match self {
            Self::TextJson => Message::text(json(message)),
            Self::BinaryJson => Message::binary(json(message)),
            Self::MessagePack => Message::binary(
                rmp_serde::to_vec(message).expect("every field can be written to memory"),
            ),
        }
    }
}

/// Writes a message as JSON text.
pub(crate) fn json(message: &Field) -> String {
    serde_json::to_string(message).expect("every field can be written to memory")
}

/// Why a client's message cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message is neither JSON nor MessagePack")]
pub(crate) struct Unreadable;

/// Reads a client's message, JSON or `MessagePack` in either kind of frame. A JSON
/// message begins with a brace; to `MessagePack` that byte is a number, and no
/// message is one.
///
/// # Errors
/// When it is neither.
pub(crate) fn read(bytes: &Bytes) -> Result<Value, Unreadable> {
    let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(u8::is_ascii);
    let json = || serde_json::from_slice(bytes).map_err(|_| Unreadable);
    if is_json { json() } else { rmp_serde::from_slice(bytes).map_err(|_| Unreadable) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Field {
        Field::object([
            ("T", "t".into()),
            ("S", Symbol::new("AAPL").unwrap().into()),
            ("p", Field::Price("150.12".parse().unwrap())),
            ("s", Field::count(100)),
            ("t", Field::Time("2026-10-05T13:45:05.024916716Z".parse().unwrap())),
        ])
    }

    #[test]
    fn json_keeps_the_order_of_keys_and_the_digits_of_a_price() {
        let text =
            r#"{"T":"t","S":"AAPL","p":150.12,"s":100,"t":"2026-10-05T13:45:05.024916716Z"}"#;
        assert_eq!(Dialect::TextJson.frame(&message()), Message::text(text));
        assert_eq!(Dialect::BinaryJson.frame(&message()), Message::binary(text));
    }

    #[test]
    fn messagepack_has_a_double_and_the_timestamp_extension() {
        let Message::Binary(bytes) = Dialect::MessagePack.frame(&message()) else { panic!() };
        let at: Timestamp = "2026-10-05T13:45:05.024916716Z".parse().unwrap();
        let seconds = u64::try_from(at.as_nanos() / NANOS_PER_SECOND).unwrap();
        let packed = 24_916_716_u64 << 34 | seconds;
        let expected = [
            &[0x85, 0xa1, b'T', 0xa1, b't', 0xa1, b'S', 0xa4][..],
            b"AAPL\xa1p\xcb",
            &150.12_f64.to_be_bytes(),
            &[0xa1, b's', 100, 0xa1, b't', 0xd7, 0xff],
            &packed.to_be_bytes(),
        ]
        .concat();
        assert_eq!(bytes, expected);
    }

    #[track_caller]
    fn check_timestamp(text: &str, length: usize) {
        assert_eq!(timestamp(text.parse().unwrap()).len(), length, "{text}");
    }

    #[test]
    fn a_timestamp_takes_its_shortest_form() {
        check_timestamp("2026-10-05T13:45:00Z", 4);
        check_timestamp("2026-10-05T13:45:00.5Z", 8);
        check_timestamp("2110-01-01T00:00:00Z", 8);
        check_timestamp("1960-01-01T00:00:00Z", 12);
    }

    #[track_caller]
    fn check_read(bytes: &'static [u8], expected: &str) {
        let read = read(&Bytes::from_static(bytes));
        assert_eq!(read.map_or("unreadable".into(), |value| value.to_string()), expected);
    }

    #[test]
    fn a_client_may_speak_either_language() {
        check_read(br#" {"action":"auth"}"#, r#"{"action":"auth"}"#);
        check_read(b"\x81\xa6action\xa4auth", r#"{"action":"auth"}"#);
        check_read(b"\xc1", "unreadable");
        check_read(b"{", "unreadable");
        check_read(b"", "unreadable");
    }
}
