//! Plain text: `[00:01:05] Name: what was said`, the time being optional.
//!
//! A line without a name goes on with what was said before it. Above the first segment
//! `Title:`, `Date:` (RFC 3339) and `People:` (with commas) may stand.

use super::reading::{Draft, Said, clock_ms};

/// Most bytes of a name before the colon: "We have three: …" is none.
const SPEAKER_MAX: usize = 60;
/// Most words of a name.
const SPEAKER_WORDS_MAX: usize = 5;

pub(super) fn read(text: &str) -> Draft {
    let mut draft = Draft::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if draft.segments.is_empty() && read_header(line, &mut draft) {
            continue;
        }
        let (offset_ms, said) = timed(line);
        if let Some((name, text)) = speaker(said) {
            let speaker = Some(name.to_owned());
            draft.segments.push(Said { speaker, offset_ms, until_ms: None, text: text.to_owned() });
        } else if offset_ms.is_some() {
            let text = said.to_owned();
            draft.segments.push(Said { speaker: None, offset_ms, until_ms: None, text });
        } else if let Some(last) = draft.segments.last_mut() {
            last.text.push(' ');
            last.text.push_str(said);
        }
    }
    draft
}

fn read_header(line: &str, draft: &mut Draft) -> bool {
    let Some((name, value)) = line.split_once(':') else { return false };
    let value = value.trim();
    match name.to_ascii_lowercase().as_str() {
        "title" => draft.title = Some(value.to_owned()),
        "date" => draft.began_at = value.parse().ok(),
        "people" => draft.people = value.split(',').map(|name| name.trim().to_owned()).collect(),
        _ => return false,
    }
    true
}

/// Takes `[hh:mm:ss]` or `(mm:ss)` off a line's beginning.
fn timed(line: &str) -> (Option<u64>, &str) {
    for (open, close) in [('[', ']'), ('(', ')')] {
        let inner = line.strip_prefix(open).and_then(|rest| rest.split_once(close));
        if let Some((clock, said)) = inner
            && let Some(offset) = clock_ms(clock)
        {
            return (Some(offset), said.trim_start());
        }
    }
    (None, line)
}

/// Takes "Name:" off a text's beginning.
pub(super) fn speaker(text: &str) -> Option<(&str, &str)> {
    let (name, said) = text.split_once(": ").or_else(|| text.split_once(":\n"))?;
    let name = name.trim();
    // A name (1) is short, (2) has few words, (3) begins with a capital, (4) holds
    // nothing that ends a sentence or a link.
    let is_name = name.len() <= SPEAKER_MAX
        && (1..=SPEAKER_WORDS_MAX).contains(&name.split_whitespace().count())
        && name.chars().next().is_some_and(char::is_uppercase)
        && !name.contains(['?', '!', ',', '/', '<', '\n']);
    is_name.then(|| (name, said.trim_start()))
}
