//! Looking around in foreign text without ever cutting a character in two.
//!
//! Knows nothing of entities. All positions are bytes; a position that is no border
//! of a character yields an empty text instead of a panic.

/// How many bytes a rule looks back or ahead from a finding.
pub(super) const LOOK: usize = 160;

/// Returns `text[start..end]`, or nothing if that is no part of it.
pub(super) fn cut(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or("")
}

/// Returns at most `bytes` bytes from the beginning, whole characters only.
pub(super) fn head(text: &str, bytes: usize) -> &str {
    cut(text, 0, text.floor_char_boundary(bytes))
}

/// Returns at most [`LOOK`] bytes before a position.
pub(super) fn before(text: &str, at: usize) -> &str {
    let from = text.ceil_char_boundary(at.saturating_sub(LOOK).min(text.len()));
    cut(text, from, at)
}

/// Returns at most [`LOOK`] bytes after a position.
pub(super) fn after(text: &str, at: usize) -> &str {
    cut(text, at, text.floor_char_boundary(at.saturating_add(LOOK)))
}

/// Tells whether a character would make the word beside it another word: letters,
/// digits, and characters that are not seen (zero width, direction, controls that are
/// no white space). A name that touches an unseen character is not trusted.
pub(super) fn clings(letter: char) -> bool {
    letter.is_alphanumeric()
        || letter == '_'
        || (letter.is_control() && !letter.is_whitespace())
        || matches!(letter,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{300}'..='\u{36f}')
}

/// Tells whether nothing clings to either side of a finding.
pub(super) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    !cut(text, 0, start).chars().next_back().is_some_and(clings)
        && !cut(text, end, text.len()).chars().next().is_some_and(clings)
}

/// Returns the word after a position on the same line, only blanks between.
pub(super) fn word_after(text: &str, at: usize) -> &str {
    let rest = after(text, at).trim_start_matches(' ');
    let end = rest.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(rest.len());
    cut(rest, 0, end)
}

/// Returns the word before a position on the same line, only blanks between.
pub(super) fn word_before(text: &str, at: usize) -> &str {
    let rest = before(text, at).trim_end_matches(' ');
    let start = rest
        .char_indices()
        .rev()
        .find(|(_, letter)| !letter.is_alphanumeric())
        .map_or(0, |(at, letter)| at + letter.len_utf8());
    cut(rest, start, rest.len())
}

/// Tells whether a sentence or line begins at a position.
pub(super) fn begins_sentence(text: &str, at: usize) -> bool {
    let back = before(text, at).trim_end_matches([' ', '"', '\'', '(', '*', '>']);
    back.is_empty() || back.ends_with(['.', '!', '?', ':', '\n', '\r', '\t', ';'])
}

/// Returns what stands between the last end of a clause and a position.
pub(super) fn clause_before(text: &str, at: usize) -> &str {
    let back = before(text, at);
    let start = back.rfind(['.', ',', ';', ':', '!', '?', '\n', '(', ')']).map_or(0, |end| end + 1);
    cut(back, start, back.len())
}

/// Returns what stands between the last end of a sentence and a position.
pub(super) fn sentence_before(text: &str, at: usize) -> &str {
    let back = before(text, at);
    let start = back.rfind(['.', '!', '?', '\n']).map_or(0, |end| end + 1);
    cut(back, start, back.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_around_never_cuts_a_character() {
        let text = "äö €5 ü";
        for at in 0..=text.len() + 2 {
            let _ =
                (before(text, at), after(text, at), word_after(text, at), word_before(text, at));
            let _ = (clause_before(text, at), begins_sentence(text, at), head(text, at));
        }
        assert_eq!(word_after("buy  Boeing now", 3), "Boeing");
        assert_eq!(word_before("sell on 3/12", 8), "on");
    }

    #[test]
    fn unseen_characters_cling() {
        assert!(!stands_alone("$AA\u{200b}PL", 0, 3));
        assert!(stands_alone("($AA)", 1, 4));
    }
}
