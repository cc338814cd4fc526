//! Short text on the stack: numbers are written once per price and event, and an
//! allocation each would cost more than the digits.
//!
//! Knows nothing of what the numbers mean. Text is built from its end, as digits
//! come out of a division.

/// A text of at most `N` ASCII characters, built from its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits<const N: usize> {
    held: [u8; N],
    /// Where the text begins; it ends with the buffer.
    start: usize,
}

impl<const N: usize> Digits<N> {
    /// Makes an empty text.
    pub(crate) const fn new() -> Self {
        Self { held: [b'0'; N], start: N }
    }

    /// Puts one ASCII character before the text; a full buffer stays as it is.
    pub(crate) fn put(&mut self, character: u8) {
        debug_assert!(character.is_ascii() && self.start > 0, "a short ASCII text");
        if let Some(start) = self.start.checked_sub(1)
            && let Some(slot) = self.held.get_mut(start)
        {
            *slot = character;
            self.start = start;
        }
    }

    /// Puts an ASCII text before the text.
    pub(crate) fn put_str(&mut self, text: &str) {
        for byte in text.bytes().rev() {
            self.put(byte);
        }
    }

    /// Puts a number before the text, in as many digits as it needs.
    pub(crate) fn put_number(&mut self, mut number: u64) {
        loop {
            self.put(digit(number));
            number /= 10;
            if number == 0 {
                return;
            }
        }
    }

    /// Puts the last `places` digits of a number before the text, zeros included.
    pub(crate) fn put_places(&mut self, mut number: u64, places: u32) {
        for _ in 0..places {
            self.put(digit(number));
            number /= 10;
        }
    }

    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        let text = self.held.get(self.start..).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

/// The last digit of a number.
fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_grows_from_its_end() {
        let mut text = Digits::<32>::new();
        text.put_places(7, 3);
        text.put(b'.');
        text.put_number(u64::MAX);
        text.put_str("n=");
        assert_eq!(text.as_str(), "n=18446744073709551615.007");
        assert_eq!(Digits::<4>::new().as_str(), "");
    }
}
