//! The symbols of a file, recognised by their bytes.
//!
//! Files repeat their symbols in the same order at every instant, so the symbol
//! after the last one is tried first; only a surprise is read letter by letter.

use crate::domain::ids::Symbol;
use crate::domain::symbols::SymbolMap;

/// Longest text of a symbol.
const LENGTH_MAX: usize = 15;
/// How many are remembered; the rest is read letter by letter.
const KNOWN_MAX: usize = 16_384;
/// How many are tried: some symbols have no bar at some instants.
const TRIES: usize = 3;

/// One symbol as the file writes it.
#[derive(Debug, Clone, Copy)]
struct Known {
    text: [u8; LENGTH_MAX],
    length: usize,
    symbol: Symbol,
}

impl Known {
    #[inline]
    fn begins(&self, rest: &[u8]) -> bool {
        rest.get(self.length) == Some(&b',')
            && self.text.get(..self.length).is_some_and(|text| rest.starts_with(text))
    }
}

/// Reads symbols and remembers them.
#[derive(Debug, Clone, Default)]
pub(super) struct Tickers {
    known: Vec<Known>,
    places: SymbolMap<usize>,
    /// Where the next symbol is expected.
    next: usize,
}

impl Tickers {
    /// Reads the symbol at `at`; returns it and where it ends. `None` is no
    /// verdict.
    #[inline]
    pub(super) fn quick(&mut self, bytes: &[u8], at: usize) -> Option<(Symbol, usize)> {
        let rest = bytes.get(at..)?;
        for _ in 0..TRIES {
            if self.next >= self.known.len() {
                self.next = 0;
            }
            let Some(known) = self.known.get(self.next) else { break };
            self.next += 1;
            if known.begins(rest) {
                return Some((known.symbol, at + known.length));
            }
        }
        let (symbol, length) = self.learn(rest)?;
        Some((symbol, at + length))
    }

    #[cold]
    fn learn(&mut self, rest: &[u8]) -> Option<(Symbol, usize)> {
        let ends = |byte: &u8| matches!(byte, b',' | b'\r' | b'\n');
        let length = rest.iter().take(LENGTH_MAX + 1).position(ends)?;
        let written = rest.get(..length)?;
        let symbol = Symbol::new(std::str::from_utf8(written).ok()?).ok()?;
        let end = self.known.len();
        if end < KNOWN_MAX {
            let place = *self.places.row(symbol, || end);
            if place == end {
                let mut text = [0; LENGTH_MAX];
                text.get_mut(..length)?.copy_from_slice(written);
                self.known.push(Known { text, length, symbol });
            }
            self.next = place + 1;
        }
        Some((symbol, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn symbols_are_recognised_whatever_order_they_come_in(
            order in prop::collection::vec(prop::sample::select(vec!["A", "AA", "AAPL", "aapl", "BRK.B", "B", "ABCDEFGHIJKLMNO"]), 1..60),
        ) {
            let mut tickers = Tickers::default();
            for text in order {
                let line = format!("x,{text},1.00\n");
                let read = tickers.quick(line.as_bytes(), 2);
                prop_assert_eq!(read, Some((Symbol::new(text).unwrap(), 2 + text.len())));
            }
        }
    }

    #[test]
    fn what_is_no_symbol_is_left_to_the_careful_reader() {
        let mut tickers = Tickers::default();
        tickers.quick(b"AAPL,", 0).unwrap();
        for text in ["", ",", "A B,", "\"A\",", "ABCDEFGHIJKLMNOP,", "AAPL"] {
            assert_eq!(tickers.quick(text.as_bytes(), 0), None, "{text:?}");
        }
    }
}
