//! Makes typed messages of frames, whatever the wire form, and counts what it cannot
//! use.
//!
//! One object after the other: its type decides which keys matter, the rest is
//! stepped over. A message that lacks something, or says what cannot be, is refused
//! by itself; the others of its frame are not touched. Keys and types are those of
//! Alpaca, protocol page §7.2 of October 2026.

use super::condition::Conditions;
use super::decode_json::JsonReader;
use super::decode_msgpack::MsgpackReader;
use super::message::{
    CancelledTrade, Channel, Correction, DataMessage, DecodeCounts, HaltNotice, LuldBand,
    Subscriptions,
};
use super::number::Amount;
use super::reader::{BrokenFrame, Reader};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, Quote, Tick};

/// Characters of a venue's text that are kept.
const TEXT_MAX: usize = 200;

/// Decodes frames of the market data stream, and counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Decoder {
    counts: DecodeCounts,
}

/// What became of one message.
enum Outcome {
    Understood(DataMessage),
    Ignored,
    OneSided,
    Refused,
}

impl Outcome {
    fn of(message: Option<DataMessage>) -> Self {
        message.map_or(Self::Refused, Self::Understood)
    }
}

impl Decoder {
    /// What has been counted so far.
    pub const fn counts(&self) -> DecodeCounts {
        self.counts
    }

    /// Decodes a frame in JSON and hands on each message, in order.
    ///
    /// # Errors
    /// When the frame cannot be read on; what stood before that place was handed on.
    pub fn json(&mut self, frame: &[u8], each: impl FnMut(DataMessage)) -> Result<(), BrokenFrame> {
        self.frame(JsonReader::new(frame), each)
    }

    /// Decodes a frame in `MessagePack` and hands on each message, in order.
    ///
    /// # Errors
    /// When the frame cannot be read on; what stood before that place was handed on.
    pub fn msgpack(
        &mut self,
        frame: &[u8],
        each: impl FnMut(DataMessage),
    ) -> Result<(), BrokenFrame> {
        self.frame(MsgpackReader::new(frame), each)
    }

    fn frame<'a>(
        &mut self,
        mut reader: impl Reader<'a>,
        mut each: impl FnMut(DataMessage),
    ) -> Result<(), BrokenFrame> {
        let read = self.messages(&mut reader, &mut each);
        if read.is_err() {
            self.counts.broken_frames += 1;
        }
        read
    }

    fn messages<'a>(
        &mut self,
        reader: &mut impl Reader<'a>,
        each: &mut impl FnMut(DataMessage),
    ) -> Result<(), BrokenFrame> {
        while reader.next_message()? {
            match self.message(reader)? {
                Outcome::Understood(message) => {
                    self.counts.understood += 1;
                    each(message);
                }
                Outcome::Ignored => self.counts.ignored += 1,
                Outcome::OneSided => self.counts.one_sided += 1,
                Outcome::Refused => self.counts.refused += 1,
            }
        }
        Ok(())
    }

    fn message<'a, R: Reader<'a>>(&mut self, reader: &mut R) -> Result<Outcome, BrokenFrame> {
        let Some(kind) = kind_of(reader)? else {
            rest(reader)?;
            return Ok(Outcome::Refused);
        };
        match kind {
            b"q" => self.quote(reader),
            b"t" => self.trade(reader),
            b"b" => Ok(Outcome::of(self.bar(reader)?.map(DataMessage::Bar))),
            b"u" => Ok(Outcome::of(self.bar(reader)?.map(DataMessage::UpdatedBar))),
            b"d" => Ok(Outcome::of(self.bar(reader)?.map(DataMessage::DailyBar))),
            b"s" => self.status(reader),
            b"l" => self.luld(reader),
            b"c" => self.correction(reader),
            b"x" => self.cancelled(reader),
            b"success" => self.success(reader),
            b"subscription" => self.subscription(reader),
            b"error" => self.error(reader),
            _ => {
                rest(reader)?;
                Ok(Outcome::Ignored)
            }
        }
    }

    /// Steps over the value of a key that is not used, and counts it when it is not
    /// even known.
    fn other<'a>(
        &mut self,
        reader: &mut impl Reader<'a>,
        key: &[u8],
        known: &[&[u8]],
    ) -> Result<(), BrokenFrame> {
        if key != b"T" && !known.contains(&key) {
            self.counts.unknown_keys += 1;
        }
        reader.skip()
    }

    fn quote<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let (mut symbol, mut at) = (None, None);
        let (mut bid, mut ask) = (Amount::Nonsense, Amount::Nonsense);
        let (mut bid_size, mut ask_size) = (None, None);
        while let Some(key) = reader.next_key()? {
            match key {
                b"S" => symbol = symbol_of(reader)?,
                b"bp" => bid = reader.price()?,
                b"bs" => bid_size = reader.whole()?,
                b"ap" => ask = reader.price()?,
                b"as" => ask_size = reader.whole()?,
                b"t" => at = reader.time()?,
                _ => self.other(reader, key, &[b"bx", b"ax", b"c", b"z"])?,
            }
        }
        let (Some(symbol), Some(at), Some(bid_size), Some(ask_size)) =
            (symbol, at, bid_size, ask_size)
        else {
            return Ok(Outcome::Refused);
        };
        Ok(match (bid, ask) {
            (Amount::Value(bid), Amount::Value(ask)) => {
                let quote = Quote::new(symbol, (bid, bid_size), (ask, ask_size), at);
                Outcome::of(quote.ok().map(DataMessage::Quote))
            }
            (Amount::Nonsense, _) | (_, Amount::Nonsense) => Outcome::Refused,
            (Amount::Zero, _) | (_, Amount::Zero) => Outcome::OneSided,
        })
    }

    fn trade<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let (mut symbol, mut price, mut size, mut at) = (None, None, None, None);
        let (mut conditions, mut tape) = (Conditions::default(), None);
        while let Some(key) = reader.next_key()? {
            match key {
                b"S" => symbol = symbol_of(reader)?,
                b"p" => price = reader.price()?.value(),
                b"s" => size = reader.qty()?,
                b"t" => at = reader.time()?,
                b"c" => reader.texts(&mut |condition| conditions.take(condition))?,
                b"z" => tape = reader.text()?,
                _ => self.other(reader, key, &[b"i", b"x"])?,
            }
        }
        let tick = || Some(Tick { symbol: symbol?, price: price?, size: size?, at: at? });
        Ok(Outcome::of(tick().map(|tick| {
            if conditions.is_aside(tape) {
                self.counts.aside += 1;
                DataMessage::Aside(tick)
            } else {
                DataMessage::Trade(tick)
            }
        })))
    }

    fn bar<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Option<Bar>, BrokenFrame> {
        let (mut symbol, mut volume, mut start) = (None, None, None);
        let (mut open, mut high, mut low, mut close) = (None, None, None, None);
        while let Some(key) = reader.next_key()? {
            match key {
                b"S" => symbol = symbol_of(reader)?,
                b"o" => open = reader.price()?.value(),
                b"h" => high = reader.price()?.value(),
                b"l" => low = reader.price()?.value(),
                b"c" => close = reader.price()?.value(),
                b"v" => volume = reader.whole()?,
                b"t" => start = reader.time()?,
                _ => self.other(reader, key, &[b"n", b"vw"])?,
            }
        }
        let bar = || {
            let bar = Bar {
                symbol: symbol?,
                open: open?,
                high: high?,
                low: low?,
                close: close?,
                volume: volume?,
                start: start?,
            };
            bar.checked().ok()
        };
        Ok(bar())
    }

    fn status<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let (mut symbol, mut code, mut reason, mut at) = (None, None, None, None);
        while let Some(key) = reader.next_key()? {
            match key {
                b"S" => symbol = symbol_of(reader)?,
                b"sc" => code = reader.text()?.and_then(<[u8]>::first).copied(),
                b"rc" => reason = reader.text()?,
                b"t" => at = reader.time()?,
                _ => self.other(reader, key, &[b"sm", b"rm", b"z"])?,
            }
        }
        // `LUDP` on tape C, `M` on tapes A and B.
        let is_volatility_pause = matches!(reason, Some(b"LUDP" | b"LUDS" | b"M"));
        let notice =
            || Some(HaltNotice { symbol: symbol?, code: code?, is_volatility_pause, at: at? });
        Ok(Outcome::of(notice().map(DataMessage::Status)))
    }

    fn luld<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let (mut symbol, mut up, mut down, mut at) = (None, None, None, None);
        let mut indicator = b' ';
        while let Some(key) = reader.next_key()? {
            match key {
                b"S" => symbol = symbol_of(reader)?,
                b"u" => up = reader.price()?.value(),
                b"d" => down = reader.price()?.value(),
                b"i" => {
                    indicator =
                        reader.text()?.and_then(<[u8]>::first).copied().unwrap_or(indicator);
                }
                b"t" => at = reader.time()?,
                _ => self.other(reader, key, &[b"z"])?,
            }
        }
        let band = || {
            let (symbol, up, down, at) = (symbol?, up?, down?, at?);
            (down <= up).then_some(LuldBand { symbol, up, down, indicator, at })
        };
        Ok(Outcome::of(band().map(DataMessage::Luld)))
    }

    fn correction<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let (mut symbol, mut at, mut original_id) = (None, None, None);
        let (mut original_price, mut original_size) = (None, None);
        let (mut price, mut size) = (None, None);
        while let Some(key) = reader.next_key()? {
            match key {
                b"S" => symbol = symbol_of(reader)?,
                b"oi" => original_id = reader.whole()?,
                b"op" => original_price = reader.price()?.value(),
                b"os" => original_size = reader.qty()?,
                b"cp" => price = reader.price()?.value(),
                b"cs" => size = reader.qty()?,
                b"t" => at = reader.time()?,
                _ => self.other(reader, key, &[b"x", b"oc", b"ci", b"cc", b"z"])?,
            }
        }
        let correction = || {
            Some(Correction {
                original_id: original_id?,
                original_price: original_price?,
                original_size: original_size?,
                corrected: Tick { symbol: symbol?, price: price?, size: size?, at: at? },
            })
        };
        Ok(Outcome::of(correction().map(DataMessage::Correction)))
    }

    fn cancelled<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let (mut symbol, mut at, mut id) = (None, None, None);
        let (mut price, mut size, mut action) = (None, None, None);
        while let Some(key) = reader.next_key()? {
            match key {
                b"S" => symbol = symbol_of(reader)?,
                b"i" => id = reader.whole()?,
                b"p" => price = reader.price()?.value(),
                b"s" => size = reader.qty()?,
                b"a" => action = reader.text()?,
                b"t" => at = reader.time()?,
                _ => self.other(reader, key, &[b"x", b"z"])?,
            }
        }
        let cancelled = || {
            let trade = Tick { symbol: symbol?, price: price?, size: size?, at: at? };
            Some(CancelledTrade { id: id?, trade, is_error: action == Some(b"E") })
        };
        Ok(Outcome::of(cancelled().map(DataMessage::Cancelled)))
    }

    fn success<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let mut text = None;
        while let Some(key) = reader.next_key()? {
            match key {
                b"msg" => text = reader.text()?,
                _ => self.other(reader, key, &[])?,
            }
        }
        Ok(match text {
            Some(b"connected") => Outcome::Understood(DataMessage::Connected),
            Some(b"authenticated") => Outcome::Understood(DataMessage::Authenticated),
            Some(_) => Outcome::Ignored,
            None => Outcome::Refused,
        })
    }

    fn subscription<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let mut all = Subscriptions::new();
        while let Some(key) = reader.next_key()? {
            let Some(channel) = Channel::named(key) else {
                // The first two follow the trades unasked, the third is not used.
                self.other(reader, key, &[b"corrections", b"cancelErrors", b"imbalances"])?;
                continue;
            };
            let symbols = all.entry(channel).or_default();
            reader.texts(&mut |symbol| {
                symbols.insert(text_of(symbol));
            })?;
        }
        Ok(Outcome::Understood(DataMessage::Subscribed(all)))
    }

    fn error<'a>(&mut self, reader: &mut impl Reader<'a>) -> Result<Outcome, BrokenFrame> {
        let (mut code, mut message) = (None, None);
        while let Some(key) = reader.next_key()? {
            match key {
                b"code" => code = reader.whole()?,
                b"msg" => message = reader.text()?,
                _ => self.other(reader, key, &[])?,
            }
        }
        let message = message.map(text_of).unwrap_or_default();
        Ok(Outcome::of(code.map(|code| DataMessage::Error { code, message })))
    }
}

/// The type of the present message. It comes first in every object that Alpaca
/// sends; should it not, it is looked for and the reader stays where it was.
fn kind_of<'a, R: Reader<'a>>(reader: &mut R) -> Result<Option<&'a [u8]>, BrokenFrame> {
    let mut ahead = *reader;
    let mut is_first = true;
    while let Some(key) = ahead.next_key()? {
        if key == b"T" {
            let kind = ahead.text()?;
            if is_first {
                *reader = ahead;
            }
            return Ok(kind);
        }
        ahead.skip()?;
        is_first = false;
    }
    Ok(None)
}

/// Steps to the end of the present message.
fn rest<'a>(reader: &mut impl Reader<'a>) -> Result<(), BrokenFrame> {
    while reader.next_key()?.is_some() {
        reader.skip()?;
    }
    Ok(())
}

fn symbol_of<'a>(reader: &mut impl Reader<'a>) -> Result<Option<Symbol>, BrokenFrame> {
    let text = reader.text()?.and_then(|text| std::str::from_utf8(text).ok());
    Ok(text.and_then(|text| Symbol::new(text).ok()))
}

/// A text of the venue, cut, without what a terminal would obey.
fn text_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|letter| !letter.is_control()).take(TEXT_MAX).collect()
}
