//! What is new in a mail, what it quotes and what is signature.
//!
//! Conventions, not standards: lines that begin with `>` (RFC 3676 §4.5), the line
//! "On … wrote:" above them, the block of headers that Outlook puts above a copy of the
//! whole mail, and `-- ` above a signature (RFC 3676 §4.3). When in doubt a line is new:
//! a quotation read twice is noise, a new sentence lost is a loss. It knows nothing of
//! where a text comes from; see [`parse`](crate::intel::parse).

/// A text by what its lines are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// What the writer wrote.
    pub new: String,
    /// What others had written, without one level of marks.
    pub quoted: String,
    /// What stands below the signature's mark.
    pub signature: String,
}

impl Split {
    /// Puts another text behind this one.
    pub fn append(&mut self, other: Self) {
        let pairs = [
            (&mut self.new, other.new),
            (&mut self.quoted, other.quoted),
            (&mut self.signature, other.signature),
        ];
        for (whole, part) in pairs {
            if !whole.is_empty() && !part.is_empty() {
                whole.push('\n');
            }
            whole.push_str(&part);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    New,
    Signature,
    /// Below a copy of a whole mail: nothing new follows.
    Copy,
}

/// Sorts the lines of a clean text.
pub fn split(text: &str) -> Split {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out = Split::default();
    let mut place = Place::New;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        if place == Place::Copy {
            push(&mut out.quoted, line);
        } else if let Some(rest) = line.strip_prefix('>') {
            place = Place::New;
            push(&mut out.quoted, rest.strip_prefix(' ').unwrap_or(rest));
        } else if let Some(length) = introduction(line, next) {
            for line in lines.iter().skip(at).take(length) {
                push(&mut out.quoted, line);
            }
            at += length;
            place = if marks_follow(&lines, at) { Place::New } else { Place::Copy };
            continue;
        } else if begins_copy(&lines, at) {
            place = Place::Copy;
            push(&mut out.quoted, line);
        } else if place == Place::New && line.trim_end() == "--" {
            place = Place::Signature;
        } else if place == Place::Signature {
            push(&mut out.signature, line);
        } else {
            push(&mut out.new, line);
        }
        at += 1;
    }
    for part in [&mut out.new, &mut out.quoted, &mut out.signature] {
        *part = part.trim().to_owned();
    }
    out
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Beginnings and ends of the line above a quotation, as mail programs write it.
const INTRODUCTIONS: &[(&str, &str)] =
    &[("On ", "wrote:"), ("Am ", "schrieb:"), ("Le ", "a écrit :"), ("El ", "escribió:")];

/// Longest line that is looked at as an introduction, in bytes: a name and a date.
const INTRODUCTION_MAX: usize = 300;

/// How many lines an introduction has: programs break it after the date.
fn introduction(line: &str, next: &str) -> Option<usize> {
    let (line, next) = (line.trim(), next.trim_end());
    if line.len() + next.len() > INTRODUCTION_MAX {
        return None;
    }
    let (_, end) = INTRODUCTIONS.iter().find(|(start, _)| line.starts_with(start))?;
    // A sentence such as "On balance, as he wrote:" has no date.
    if !line.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if line.ends_with(end) { Some(1) } else { next.ends_with(end).then_some(2) }
}

fn marks_follow(lines: &[&str], at: usize) -> bool {
    lines.iter().skip(at).find(|line| !line.trim().is_empty()).is_some_and(|l| l.starts_with('>'))
}

/// Lines below "From:" within which the other headers of a copied mail stand.
const COPY_HEADERS: usize = 5;

fn begins_copy(lines: &[&str], at: usize) -> bool {
    let Some(line) = lines.get(at).map(|line| line.trim()) else { return false };
    if line.starts_with("-----Original") || line.starts_with("---------- Forwarded message") {
        return true;
    }
    let bold = |line: &str, name: &str| line.trim_start_matches('*').starts_with(name);
    if !bold(line, "From:") {
        return false;
    }
    let below = lines.iter().skip(at + 1).take(COPY_HEADERS).map(|line| line.trim());
    let (mut has_date, mut has_more) = (false, false);
    for line in below {
        has_date |= bold(line, "Sent:") || bold(line, "Date:");
        has_more |= bold(line, "To:") || bold(line, "Subject:");
    }
    has_date && has_more
}

/// Divides HTML at what mail programs mark as a quotation: from the first `blockquote`
/// to the last; what stands around it is new.
pub fn html_quotation(html: &str) -> Split {
    let lower = html.to_ascii_lowercase();
    let Some(start) = lower.find("<blockquote") else {
        return Split { new: html.to_owned(), ..Split::default() };
    };
    let end = lower.rfind("</blockquote>").filter(|end| *end > start).unwrap_or(html.len());
    let (front, rest) = html.split_at(start);
    let (quoted, tail) = rest.split_at(end - start);
    Split { new: format!("{front}<br>{tail}"), quoted: quoted.to_owned(), signature: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, new: &str, quoted: &str, signature: &str) {
        let found = split(text);
        let found = (&*found.new, &*found.quoted, &*found.signature);
        assert_eq!(found, (new, quoted, signature), "{text:?}");
    }

    #[test]
    fn the_new_text_is_told_from_quotes_and_signature() {
        check("plain", "plain", "", "");
        check("a\n> b\nc", "a\nc", "b", "");
        check("a\n-- \nAnn\nDesk", "a", "", "Ann\nDesk");
        check(
            "a\n--\nAnn\n\nOn 1 May 2026, Bo wrote:\n> b",
            "a",
            "On 1 May 2026, Bo wrote:\nb",
            "Ann",
        );
        check(
            "On 1 May 2026, Bo <b@x>\nwrote:\n> q\nnew",
            "new",
            "On 1 May 2026, Bo <b@x>\nwrote:\nq",
            "",
        );
        check("a\n\nOn 1 May 2026, Bo wrote:\n\nq\nr", "a", "On 1 May 2026, Bo wrote:\n\nq\nr", "");
        let outlook = "From: Bo\nSent: Monday\nTo: Ann\nSubject: x\n\nq";
        check(&format!("a\n\n{outlook}"), "a", outlook, "");
    }

    #[test]
    fn what_only_looks_like_a_quotation_is_new() {
        check("On balance he wrote:\nbuy", "On balance he wrote:\nbuy", "", "");
        check("From: now on we sell", "From: now on we sell", "", "");
    }

    #[test]
    fn a_blockquote_is_quoted() {
        let split = html_quotation("a<BLOCKQUOTE type=cite>q</BLOCKQUOTE>b");
        assert_eq!(split.new, "a<br></BLOCKQUOTE>b");
        assert_eq!(split.quoted, "<BLOCKQUOTE type=cite>q");
    }
}
