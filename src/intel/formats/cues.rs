//! `WebVTT` (W3C, "`WebVTT`", §4) and `SubRip`: cues with a line of times.
//!
//! Speakers are `WebVTT`'s voices (`<v Name>`), else "Name:" at a cue's beginning. A note
//! `NOTE began_at: 2026-11-23T14:30:00Z` says when the meeting began, `NOTE title: …`
//! what it was about.

use super::plain::speaker;
use super::reading::{Draft, Said, clock_ms};

pub(super) fn read(text: &str) -> Draft {
    let mut draft = Draft::default();
    for block in text.split("\n\n") {
        let block = block.trim_matches('\n');
        if let Some(note) = block.strip_prefix("NOTE") {
            read_note(note, &mut draft);
            continue;
        }
        let Some((head, said)) = block.split_once("-->") else { continue };
        let start = head.rsplit('\n').next().and_then(clock_ms);
        let (times, said) = said.split_once('\n').unwrap_or((said, ""));
        // Settings such as `align:start` may follow the end.
        let end = times.split_whitespace().next().and_then(clock_ms);
        if start.is_some() {
            read_cue(said, start, end, &mut draft);
        }
    }
    draft
}

fn read_note(note: &str, draft: &mut Draft) {
    for line in note.lines().map(str::trim) {
        if let Some(at) = line.strip_prefix("began_at:") {
            draft.began_at = draft.began_at.or(at.trim().parse().ok());
        } else if let Some(title) = line.strip_prefix("title:") {
            draft.title = Some(title.trim().to_owned());
        }
    }
}

/// One segment for each voice of the cue; what stands before the first voice is its own.
fn read_cue(said: &str, start: Option<u64>, end: Option<u64>, draft: &mut Draft) {
    let mut add = |speaker: Option<&str>, text: &str| {
        let text = without_tags(text);
        if !text.trim().is_empty() {
            let speaker = speaker.map(ToOwned::to_owned);
            draft.segments.push(Said { speaker, offset_ms: start, until_ms: end, text });
        }
    };
    let mut voices = said.split("<v");
    let front = voices.next().unwrap_or_default();
    let (name, rest) = speaker(front).map_or((None, front), |(name, rest)| (Some(name), rest));
    add(name, rest);
    for voice in voices {
        let Some((tag, text)) = voice.split_once('>') else {
            add(None, voice);
            continue;
        };
        // `<v.loud Name>`: classes come before the name.
        let name = tag.split_once(char::is_whitespace).map(|(_, name)| name.trim());
        add(name, text);
    }
}

/// Drops `<i>`, `</v>`, `<00:01.000>` and turns the entities that `WebVTT` knows.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((front, tail)) = rest.split_once('<') {
        out.push_str(front);
        let Some((_, after)) = tail.split_once('>') else {
            out.push('<');
            rest = tail;
            break;
        };
        rest = after;
    }
    out.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&lrm;", ""),
        ("&rlm;", ""),
        ("&amp;", "&"),
    ];
    entities.iter().fold(out, |text, (name, sign)| text.replace(name, sign))
}
