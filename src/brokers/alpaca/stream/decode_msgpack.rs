//! Reads a frame in `MessagePack`: one pass over the bytes, nothing copied.
//!
//! Lengths in the frame are never believed further than the bytes that are there.
//! Times are the timestamp extension, type −1, in its three lengths (`MessagePack`
//! specification, "Timestamp extension type"). Knows nothing of what the keys mean.

use super::number::{self, Amount};
use super::reader::{BrokenFrame, Reader};
use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

/// The timestamp extension's type, −1 as a byte.
const TIMESTAMP: u8 = 0xff;

/// A place in a frame of `MessagePack`.
#[derive(Debug, Clone, Copy)]
pub(super) struct MsgpackReader<'a> {
    rest: &'a [u8],
    length: usize,
    /// Messages still to come; `None` before the array's head was read.
    messages: Option<usize>,
    /// Keys still to come in the present message.
    keys: usize,
}

/// One value as its head tells it; arrays and maps hold only their counts.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Whole(u64),
    Double(f64),
    Text(&'a [u8]),
    Extension(u8, &'a [u8]),
    Array(usize),
    Map(usize),
    /// Nil, a truth value or a number below zero.
    Other,
}

impl<'a> MsgpackReader<'a> {
    /// Makes a reader at the beginning of a frame.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, length: bytes.len(), messages: None, keys: 0 }
    }

    const fn broken(&self) -> BrokenFrame {
        BrokenFrame { at: self.length - self.rest.len() }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], BrokenFrame> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(self.broken())?;
        self.rest = rest;
        Ok(*head)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], BrokenFrame> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(self.broken())?;
        self.rest = rest;
        Ok(head)
    }

    /// A count of one, two or four bytes.
    fn count(&mut self, width: u8) -> Result<usize, BrokenFrame> {
        Ok(match width {
            1 => usize::from(u8::from_be_bytes(self.take()?)),
            2 => usize::from(u16::from_be_bytes(self.take()?)),
            _ => usize::try_from(u32::from_be_bytes(self.take()?)).map_err(|_| self.broken())?,
        })
    }

    fn text_of(&mut self, width: u8) -> Result<Value<'a>, BrokenFrame> {
        let count = self.count(width)?;
        self.bytes(count).map(Value::Text)
    }

    fn extension(&mut self, count: usize) -> Result<Value<'a>, BrokenFrame> {
        let [kind] = self.take()?;
        self.bytes(count).map(|bytes| Value::Extension(kind, bytes))
    }

    /// Reads a head and, but for arrays and maps, the value. The table is the one of
    /// the `MessagePack` specification, "Formats".
    fn value(&mut self) -> Result<Value<'a>, BrokenFrame> {
        let [head] = self.take()?;
        let low = usize::from(head & 0x0f);
        Ok(match head {
            0x00..=0x7f => Value::Whole(u64::from(head)),
            0x80..=0x8f => Value::Map(low),
            0x90..=0x9f => Value::Array(low),
            0xa0..=0xbf => Value::Text(self.bytes(usize::from(head & 0x1f))?),
            0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => Value::Other,
            0xc1 => return Err(self.broken()),
            0xc4 | 0xd9 => self.text_of(1)?,
            0xc5 | 0xda => self.text_of(2)?,
            0xc6 | 0xdb => self.text_of(4)?,
            0xc7 => self.count(1).and_then(|count| self.extension(count))?,
            0xc8 => self.count(2).and_then(|count| self.extension(count))?,
            0xc9 => self.count(4).and_then(|count| self.extension(count))?,
            0xca => {
                // A sender of single floats means their own shortest decimal.
                let single = f32::from_be_bytes(self.take()?);
                Value::Double(format!("{single:e}").parse().unwrap_or(f64::NAN))
            }
            0xcb => Value::Double(f64::from_be_bytes(self.take()?)),
            0xcc => Value::Whole(u64::from(u8::from_be_bytes(self.take()?))),
            0xcd => Value::Whole(u64::from(u16::from_be_bytes(self.take()?))),
            0xce => Value::Whole(u64::from(u32::from_be_bytes(self.take()?))),
            0xcf => Value::Whole(u64::from_be_bytes(self.take()?)),
            0xd0 => signed(i8::from_be_bytes(self.take()?).into()),
            0xd1 => signed(i16::from_be_bytes(self.take()?).into()),
            0xd2 => signed(i32::from_be_bytes(self.take()?).into()),
            0xd3 => signed(i64::from_be_bytes(self.take()?)),
            0xd4 => self.extension(1)?,
            0xd5 => self.extension(2)?,
            0xd6 => self.extension(4)?,
            0xd7 => self.extension(8)?,
            0xd8 => self.extension(16)?,
            0xdc => Value::Array(self.count(2)?),
            0xdd => Value::Array(self.count(4)?),
            0xde => Value::Map(self.count(2)?),
            0xdf => Value::Map(self.count(4)?),
        })
    }

    /// A value that is not an array or a map; those are stepped over.
    fn scalar(&mut self) -> Result<Value<'a>, BrokenFrame> {
        let value = self.value()?;
        match value {
            Value::Array(_) | Value::Map(_) => {
                self.skip_inside(value)?;
                Ok(Value::Other)
            }
            Value::Whole(_)
            | Value::Double(_)
            | Value::Text(_)
            | Value::Extension(..)
            | Value::Other => Ok(value),
        }
    }

    /// Steps over what an array or map holds. Each value takes a byte at least, so the
    /// frame's length bounds the loop whatever the counts say.
    fn skip_inside(&mut self, opened: Value<'a>) -> Result<(), BrokenFrame> {
        let inside = |value: Value<'_>| match value {
            Value::Array(count) => count,
            Value::Map(count) => count.saturating_mul(2),
            Value::Whole(_)
            | Value::Double(_)
            | Value::Text(_)
            | Value::Extension(..)
            | Value::Other => 0,
        };
        let mut left = inside(opened);
        while left > 0 {
            let value = self.value()?;
            left = (left - 1).saturating_add(inside(value));
        }
        Ok(())
    }
}

fn signed<'a>(number: i64) -> Value<'a> {
    u64::try_from(number).map_or(Value::Other, Value::Whole)
}

/// The timestamp extension in its three lengths.
fn timestamp(bytes: &[u8]) -> Option<Timestamp> {
    if let Ok(seconds) = bytes.try_into() {
        return number::time_of_parts(u32::from_be_bytes(seconds).into(), 0);
    }
    if let Ok(both) = bytes.try_into() {
        // 30 bits of nanoseconds, 34 bits of seconds.
        let both = u64::from_be_bytes(both);
        let seconds = i64::try_from(both & 0x3_ffff_ffff).ok()?;
        return number::time_of_parts(seconds, u32::try_from(both >> 34).ok()?);
    }
    let (nanos, seconds) = bytes.split_first_chunk()?;
    let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
    number::time_of_parts(seconds, u32::from_be_bytes(*nanos))
}

impl<'a> Reader<'a> for MsgpackReader<'a> {
    fn next_message(&mut self) -> Result<bool, BrokenFrame> {
        let left = if let Some(left) = self.messages {
            left
        } else {
            match self.value()? {
                Value::Array(count) => count,
                Value::Whole(_)
                | Value::Double(_)
                | Value::Text(_)
                | Value::Extension(..)
                | Value::Map(_)
                | Value::Other => return Err(self.broken()),
            }
        };
        let Some(left) = left.checked_sub(1) else {
            self.messages = Some(0);
            return if self.rest.is_empty() { Ok(false) } else { Err(self.broken()) };
        };
        self.messages = Some(left);
        match self.value()? {
            Value::Map(count) => self.keys = count,
            Value::Whole(_)
            | Value::Double(_)
            | Value::Text(_)
            | Value::Extension(..)
            | Value::Array(_)
            | Value::Other => return Err(self.broken()),
        }
        Ok(true)
    }

    fn next_key(&mut self) -> Result<Option<&'a [u8]>, BrokenFrame> {
        let Some(left) = self.keys.checked_sub(1) else { return Ok(None) };
        self.keys = left;
        match self.value()? {
            Value::Text(key) => Ok(Some(key)),
            Value::Whole(_)
            | Value::Double(_)
            | Value::Extension(..)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Other => Err(self.broken()),
        }
    }

    fn price(&mut self) -> Result<Amount<Price>, BrokenFrame> {
        Ok(match self.scalar()? {
            Value::Double(dollars) => number::price_of_double(dollars),
            Value::Whole(dollars) => number::price_of_whole(dollars),
            Value::Text(_)
            | Value::Extension(..)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Other => Amount::Nonsense,
        })
    }

    fn qty(&mut self) -> Result<Option<Qty>, BrokenFrame> {
        Ok(match self.scalar()? {
            Value::Double(shares) => number::qty_of_double(shares),
            Value::Whole(shares) => Qty::shares(shares).ok(),
            Value::Text(_)
            | Value::Extension(..)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Other => None,
        })
    }

    fn whole(&mut self) -> Result<Option<u64>, BrokenFrame> {
        Ok(match self.scalar()? {
            Value::Double(number) => number::whole_of_double(number),
            Value::Whole(number) => Some(number),
            Value::Text(_)
            | Value::Extension(..)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Other => None,
        })
    }

    fn time(&mut self) -> Result<Option<Timestamp>, BrokenFrame> {
        Ok(match self.scalar()? {
            Value::Extension(TIMESTAMP, bytes) => timestamp(bytes),
            Value::Text(text) => number::time_of_text(text),
            Value::Extension(..)
            | Value::Whole(_)
            | Value::Double(_)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Other => None,
        })
    }

    fn text(&mut self) -> Result<Option<&'a [u8]>, BrokenFrame> {
        Ok(match self.scalar()? {
            Value::Text(text) => Some(text),
            Value::Extension(..)
            | Value::Whole(_)
            | Value::Double(_)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Other => None,
        })
    }

    fn texts(&mut self, each: &mut dyn FnMut(&'a [u8])) -> Result<(), BrokenFrame> {
        let value = self.value()?;
        let Value::Array(count) = value else { return self.skip_inside(value) };
        for _ in 0..count {
            if let Some(text) = self.text()? {
                each(text);
            }
        }
        Ok(())
    }

    fn skip(&mut self) -> Result<(), BrokenFrame> {
        self.scalar().map(|_| ())
    }
}
