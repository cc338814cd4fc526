//! What the streamer sends, read as far as its envelope.
//!
//! Items of data are left as the texts of their fields, so that a price becomes a
//! decimal without a binary number in between. Some frames are not JSON at all
//! (page §5.3): that is an error here, never a panic. Schwab, protocol page §5.3 and
//! §5.4 of November 2026.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::domain::money::Price;
use crate::domain::time::Timestamp;

/// One frame; it has one or more of the three.
#[derive(Debug, Deserialize)]
pub(super) struct Frame<'a> {
    /// Answers to requests.
    #[serde(borrow, default)]
    pub(super) response: Vec<Response<'a>>,
    /// Heartbeats, and codes that nobody asked for.
    #[serde(borrow, default)]
    pub(super) notify: Vec<Notice<'a>>,
    /// Data.
    #[serde(borrow, default)]
    pub(super) data: Vec<Data<'a>>,
}

/// An answer to a request.
#[derive(Debug, Deserialize)]
pub(super) struct Response<'a> {
    /// Which service.
    #[serde(borrow, default)]
    pub(super) service: Cow<'a, str>,
    /// Which command.
    #[serde(borrow, default)]
    pub(super) command: Cow<'a, str>,
    /// Our number of the request, as we sent it.
    #[serde(default)]
    pub(super) requestid: Option<Number>,
    /// What came of it.
    pub(super) content: Code,
}

/// Something that nobody asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Notice<'a> {
    /// A heartbeat's time.
    #[serde(borrow, default)]
    pub(super) heartbeat: Option<&'a RawValue>,
    /// A code, as in an answer.
    #[serde(default)]
    pub(super) content: Option<Code>,
}

/// A code and its words.
#[derive(Debug, Deserialize)]
pub(super) struct Code {
    /// See the table of page §5.4.
    pub(super) code: u32,
    /// In the streamer's words.
    #[serde(default)]
    pub(super) msg: String,
}

/// Items of one service.
#[derive(Debug, Deserialize)]
pub(super) struct Data<'a> {
    /// Which service.
    #[serde(borrow)]
    pub(super) service: Cow<'a, str>,
    /// When the streamer sent it, milliseconds since 1970.
    #[serde(default)]
    pub(super) timestamp: Option<i64>,
    /// The items, in a form that depends on the service.
    #[serde(borrow)]
    pub(super) content: &'a RawValue,
}

/// A number that some write as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(pub(super) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        raw.get().trim_matches('"').parse().map(Self).map_err(de::Error::custom)
    }
}

/// Fields up to this number are kept; nothing above is asked for.
const FIELD_MAX: u8 = 63;

/// One item: its key and the texts of its numbered fields.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    /// What it is about.
    pub(super) key: Cow<'a, str>,
    /// Whether the data is late, as accounts without an agreement get it.
    pub(super) is_delayed: bool,
    fields: Vec<(u8, &'a RawValue)>,
}

impl<'a> Item<'a> {
    /// A field's text, without the quotes of a text.
    pub(super) fn text(&self, field: u8) -> Option<&'a str> {
        let (_, raw) = self.fields.iter().find(|(number, _)| *number == field)?;
        Some(raw.get().trim_matches('"'))
    }

    /// Whether one of these fields is in the item.
    pub(super) fn has(&self, fields: &[u8]) -> bool {
        self.fields.iter().any(|(number, _)| fields.contains(number))
    }

    /// A field as a price: `None` when it is not there, and when it is no price, such as
    /// the zero of an empty side.
    pub(super) fn price(&self, field: u8) -> Option<Price> {
        self.text(field)?.parse().ok()
    }

    /// A field as a whole number; parts are cut off, as sizes and volumes come as
    /// doubles.
    pub(super) fn whole(&self, field: u8) -> Option<u64> {
        let text = self.text(field)?;
        text.parse().ok().or_else(|| {
            let value: rust_decimal::Decimal =
                text.parse().or_else(|_| rust_decimal::Decimal::from_scientific(text)).ok()?;
            u64::try_from(value.trunc()).ok()
        })
    }

    /// A field as an instant in milliseconds.
    pub(super) fn instant(&self, field: u8) -> Option<Timestamp> {
        let millis = i64::try_from(self.whole(field)?).ok()?;
        (millis > 0).then(|| instant(millis))
    }
}

/// An instant from milliseconds since 1970.
pub(super) fn instant(millis: i64) -> Timestamp {
    Timestamp::from_nanos(millis.saturating_mul(1_000_000))
}

impl<'de: 'a, 'a> Deserialize<'de> for Item<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item of data")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item<'de>, A::Error> {
        let mut item = Item::default();
        while let Some(name) = map.next_key()? {
            match name {
                Name::Key => item.key = map.next_value::<Text<'de>>()?.0,
                Name::Delayed => item.is_delayed = map.next_value::<&RawValue>()?.get() == "true",
                Name::Field(number) => item.fields.push((number, map.next_value()?)),
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(item)
    }
}

/// A text that is not copied where it need not be.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The name of a field.
enum Name {
    Key,
    Delayed,
    Field(u8),
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
        Ok(match name {
            "key" => Name::Key,
            "delayed" => Name::Delayed,
            name => match name.parse() {
                Ok(number @ 0..=FIELD_MAX) => Name::Field(number),
                Ok(_) | Err(_) => Name::Other,
            },
        })
    }
}

/// Reads a frame.
///
/// # Errors
/// In words without the frame, when it is not JSON of this form.
pub(super) fn read(text: &str) -> Result<Frame<'_>, String> {
    serde_json::from_str(text).map_err(|error| shape(&error))
}

/// Reads the items of a service.
///
/// # Errors
/// As [`read`].
pub(super) fn items(content: &RawValue) -> Result<Vec<Item<'_>>, String> {
    serde_json::from_str(content.get()).map_err(|error| shape(&error))
}

/// Where reading stopped; what serde says beyond that may quote the frame.
fn shape(error: &serde_json::Error) -> String {
    format!("a frame is not what it should be at column {}", error.column())
}
