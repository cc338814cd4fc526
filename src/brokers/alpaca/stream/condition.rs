//! Which prints make a price: the sale conditions of the consolidated tapes.
//!
//! A print carries letters that say under what terms it was made. Some terms are not the
//! market's: an average price, a price agreed for later delivery, a price of before that
//! is reported late, or a lot too small to count. Such a print is neither the last price
//! nor part of a bar (Alpaca, protocol page §5 of October 2026: "latest trade" skips what
//! does not update a bar). It is volume all the same, but for `M` and `Q`: an official
//! close or open repeats shares that were reported before and must not be counted again
//! (UTDF Direct Subscriber Interface Specification, §7.5.3). We count none of them:
//! the bars have the volume where it belongs.
//! The letters are those which Alpaca leaves out of the closing price of a minute bar, as
//! its staff lists them by tape (<https://forum.alpaca.markets/t/11767> and
//! <https://alpaca.markets/learn/stock-minute-bars/>), after the tables of consolidated
//! updates in the two plans' specifications: CTS for tapes A and B, UTP (page 43) for tape
//! C. `B` is an average price on tapes A and B and a bunched trade, which counts, on tape
//! C. Two differ from those tables: `9` may update a day's close there, and tells a
//! minute or a stop nothing that is of now (<https://forum.alpaca.markets/t/18440>); `T`
//! updates no close there, and is all that there is in extended hours. `G`, `P`, `R`, `Z`
//! and `4` move the tapes' high and low and not their last price, unless nothing else has
//! traded yet (UTDF, §7.5.1, for `4`; the tables of
//! <https://polygon.io/glossary/us/stocks/conditions-indicators> for all): a price of
//! before is none to act on now, so that we leave them out of both.

/// What the conditions of one print add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Conditions {
    is_aside: bool,
    has_average_or_bunched: bool,
}

impl Conditions {
    /// Takes one condition as it stands on the wire.
    pub(super) fn take(&mut self, condition: &[u8]) {
        match condition {
            // Cash, sold bunched, price variation, odd lot, official close, next day, prior
            // reference, official open, seller, extended hours out of sequence, contingent,
            // average price, out of sequence, derivatively priced, qualified contingent,
            // corrected close.
            [
                b'C' | b'G' | b'H' | b'I' | b'M' | b'N' | b'P' | b'Q' | b'R' | b'U' | b'V' | b'W'
                | b'Z' | b'4' | b'7' | b'9',
            ] => self.is_aside = true,
            [b'B'] => self.has_average_or_bunched = true,
            // `T`, a trade of extended hours, is all that there is at that time. What we
            // do not know is taken for a price: a stop that does not move costs more.
            _ => {}
        }
    }

    /// Tells whether the print makes no price, on its tape.
    pub(super) fn is_aside(self, tape: Option<&[u8]>) -> bool {
        let is_average = self.has_average_or_bunched && !matches!(tape, Some(b"C"));
        self.is_aside || is_average
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(conditions: &str, tape: &str, expected: bool) {
        let mut all = Conditions::default();
        for condition in conditions.split_terminator(',') {
            all.take(condition.as_bytes());
        }
        assert_eq!(all.is_aside(Some(tape.as_bytes())), expected, "{conditions:?} on {tape}");
    }

    #[test]
    fn a_print_makes_a_price_unless_a_condition_says_otherwise() {
        for regular in ["", "@", " ", "@,F", "@,T", "O", "@,O", "X", "6", "L", "K"] {
            check(regular, "A", false);
            check(regular, "C", false);
        }
        for aside in ["@,I", "@,W", "Z", "@,F,I", "@,T,U", "@,4", "@,7,V", "M", "Q", "C", "@,9"] {
            check(aside, "A", true);
            check(aside, "C", true);
        }
    }

    #[test]
    fn one_letter_means_two_things_on_two_tapes() {
        check("B", "A", true);
        check("B", "B", true);
        check("@,B", "C", false);
    }

    #[test]
    fn what_is_not_known_is_taken_for_a_price() {
        check("@,?", "C", false);
        check("WW", "C", false);
    }
}
