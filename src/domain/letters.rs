//! Letters that a foreign text must not keep: those that are there without being seen,
//! that steer how others are seen, or that pile up on others.
//!
//! Security rule 10. It knows nothing of where a text is shown or kept; see
//! [`clean_text`](crate::view::clean_text) for the screen and
//! [`text`](crate::intel::text) for mail.

/// Characters that are there without being seen, or that steer how others are seen:
/// the format characters (Cf) of Unicode 16, variation selectors, blank fillers.
const UNSEEN: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1345F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
];

/// Marks that sit on the character before them (Mn and Me), in blocks: a block may
/// hold a few characters that are none, which costs such a text the fifth in a row.
const MARKS: &[(u32, u32)] = &[
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05BD),
    (0x05BF, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x0711, 0x0711),
    (0x0730, 0x074A),
    (0x07A6, 0x07B0),
    (0x07EB, 0x07F3),
    (0x0816, 0x082D),
    (0x0859, 0x085B),
    (0x0897, 0x089F),
    (0x08CA, 0x0903),
    (0x093A, 0x094F),
    (0x0951, 0x0957),
    (0x0962, 0x0963),
    (0x0981, 0x0983),
    (0x09BC, 0x09CD),
    (0x0A01, 0x0A03),
    (0x0A3C, 0x0A51),
    (0x0ABC, 0x0ACD),
    (0x0B3C, 0x0B57),
    (0x0BBE, 0x0BCD),
    (0x0C3C, 0x0C56),
    (0x0CBC, 0x0CD6),
    (0x0D3B, 0x0D4D),
    (0x0DCA, 0x0DDF),
    (0x0E31, 0x0E31),
    (0x0E34, 0x0E3A),
    (0x0E47, 0x0E4E),
    (0x0EB1, 0x0EB1),
    (0x0EB4, 0x0EBC),
    (0x0EC8, 0x0ECE),
    (0x0F18, 0x0F19),
    (0x0F35, 0x0F39),
    (0x0F71, 0x0F87),
    (0x0F8D, 0x0FBC),
    (0x102B, 0x103E),
    (0x135D, 0x135F),
    (0x17B6, 0x17D3),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0x2CEF, 0x2CF1),
    (0x2DE0, 0x2DFF),
    (0x302A, 0x302F),
    (0x3099, 0x309A),
    (0xA66F, 0xA67D),
    (0xA69E, 0xA69F),
    (0xA8E0, 0xA8F1),
    (0xFB1E, 0xFB1E),
    (0xFE20, 0xFE2F),
    (0x101FD, 0x101FD),
    (0x1D165, 0x1D169),
    (0x1D185, 0x1D18B),
    (0x1E000, 0x1E02A),
    (0x1E8D0, 0x1E8D6),
];

fn is_in(ranges: &[(u32, u32)], letter: char) -> bool {
    let code = u32::from(letter);
    let at = ranges.partition_point(|(_, last)| *last < code);
    ranges.get(at).is_some_and(|(first, _)| *first <= code)
}

/// Whether a letter is there without being seen, or steers how others are seen.
pub(crate) fn is_unseen(letter: char) -> bool {
    is_in(UNSEEN, letter)
}

/// Whether a letter sits on the one before it.
pub(crate) fn is_mark(letter: char) -> bool {
    is_in(MARKS, letter)
}

/// Whether a letter means nothing to anybody outside one font.
pub(crate) fn is_private(letter: char) -> bool {
    matches!(u32::from(letter), 0xE000..=0xF8FF | 0xF_0000..=0x10_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        for table in [UNSEEN, MARKS] {
            assert!(table.windows(2).all(|pair| pair[0].1 < pair[1].0));
            assert!(table.iter().all(|(first, last)| first <= last));
        }
    }
}
