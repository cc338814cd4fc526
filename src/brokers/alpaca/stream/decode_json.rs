//! Reads a frame in JSON: one pass over the bytes, nothing copied.
//!
//! Strict where numbers and texts begin and end, lenient about what it steps over.
//! Knows nothing of what the keys mean.

use super::number::{self, Amount};
use super::reader::{BrokenFrame, Reader};
use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

/// A place in a frame of JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonReader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether the array of the frame has been opened.
    is_open: bool,
    /// Whether the next item of the present object or array stands without a comma.
    is_first: bool,
}

impl<'a> JsonReader<'a> {
    /// Makes a reader at the beginning of a frame.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, is_open: false, is_first: true }
    }

    const fn broken(&self) -> BrokenFrame {
        BrokenFrame { at: self.at }
    }

    /// The next byte that is no white space, not stepped over.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn expect(&mut self, wanted: u8) -> Result<(), BrokenFrame> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.broken())
        }
    }

    /// A text from its opening quote on; the quote has been seen.
    fn quoted(&mut self) -> Result<&'a [u8], BrokenFrame> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return Err(self.broken()),
            }
        }
        self.at = at + 1;
        self.bytes.get(start..at).ok_or(BrokenFrame { at })
    }

    /// A number from its first character on, `None` for a value of another kind, which
    /// is stepped over.
    fn number(&mut self) -> Result<Option<&'a [u8]>, BrokenFrame> {
        if !matches!(self.peek(), Some(b'0'..=b'9' | b'-')) {
            self.skip()?;
            return Ok(None);
        }
        Ok(Some(self.bare()))
    }

    /// Everything up to the end of a value that is neither text, array nor object.
    fn bare(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Steps over an array or object by counting what it opens and closes.
    fn skip_nested(&mut self) -> Result<(), BrokenFrame> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.quoted()?;
                    continue;
                }
                Some(b'[' | b'{') => depth += 1,
                Some(b']' | b'}') => depth -= 1,
                Some(_) => {}
                None => return Err(self.broken()),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

impl<'a> Reader<'a> for JsonReader<'a> {
    fn next_message(&mut self) -> Result<bool, BrokenFrame> {
        if !self.is_open {
            self.expect(b'[')?;
            self.is_open = true;
            if self.peek() == Some(b']') {
                self.at += 1;
                return self.peek().map_or(Ok(false), |_| Err(self.broken()));
            }
        } else if self.peek() == Some(b']') {
            self.at += 1;
            // Bytes behind the end mean that the end was none.
            return self.peek().map_or(Ok(false), |_| Err(self.broken()));
        } else {
            self.expect(b',')?;
        }
        self.expect(b'{')?;
        self.is_first = true;
        Ok(true)
    }

    fn next_key(&mut self) -> Result<Option<&'a [u8]>, BrokenFrame> {
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(None);
        }
        if !self.is_first {
            self.expect(b',')?;
        }
        self.is_first = false;
        if self.peek() != Some(b'"') {
            return Err(self.broken());
        }
        let key = self.quoted()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    fn price(&mut self) -> Result<Amount<Price>, BrokenFrame> {
        Ok(self.number()?.map_or(Amount::Nonsense, number::price_of_text))
    }

    fn qty(&mut self) -> Result<Option<Qty>, BrokenFrame> {
        Ok(self.number()?.and_then(number::qty_of_text))
    }

    fn whole(&mut self) -> Result<Option<u64>, BrokenFrame> {
        Ok(self.number()?.and_then(number::whole_of_text))
    }

    fn time(&mut self) -> Result<Option<Timestamp>, BrokenFrame> {
        Ok(self.text()?.and_then(number::time_of_text))
    }

    fn text(&mut self) -> Result<Option<&'a [u8]>, BrokenFrame> {
        if self.peek() == Some(b'"') {
            return self.quoted().map(Some);
        }
        self.skip()?;
        Ok(None)
    }

    fn texts(&mut self, each: &mut dyn FnMut(&'a [u8])) -> Result<(), BrokenFrame> {
        if self.peek() != Some(b'[') {
            return self.skip();
        }
        self.at += 1;
        let mut is_first = true;
        while self.peek() != Some(b']') {
            if !is_first {
                self.expect(b',')?;
            }
            is_first = false;
            if let Some(text) = self.text()? {
                each(text);
            }
        }
        self.at += 1;
        Ok(())
    }

    fn skip(&mut self) -> Result<(), BrokenFrame> {
        match self.peek() {
            Some(b'"') => self.quoted().map(|_| ()),
            Some(b'[' | b'{') => self.skip_nested(),
            Some(_) if !self.bare().is_empty() => Ok(()),
            Some(_) | None => Err(self.broken()),
        }
    }
}
