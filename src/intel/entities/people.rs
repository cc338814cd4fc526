//! People and their addresses: headers, greetings, closings, names beside verbs.
//!
//! Conservative on purpose: two capitalised words are a person only where a person
//! is expected. Knows no language but English.

use std::sync::LazyLock;

use regex::Regex;

use super::entity::Value;
use super::finding::{Finding, Findings};
use super::text::{after, begins_sentence, cut, stands_alone};

/// A capitalised word, an initial, or a hyphenated name.
const WORD: &str = r"\p{Lu}[\p{Ll}'’]{1,24}(?:\p{Lu}\p{Ll}{1,24})?(?:-\p{Lu}\p{Ll}{1,24})?";

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"(?:(Mr|Mrs|Ms|Dr|Prof)\.? )?({WORD}(?: \p{{Lu}}\.)?(?: {WORD}){{0,2}})"))
});

static GREETING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?m)^(?:Hi|Hello|Hey|Dear|Good morning|Good afternoon|Morning) ([^\n,:;!]{1,80})")
});

static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^(?:Best|Best regards|Best wishes|Kind regards|Warm regards|Regards|Many thanks|Thanks|Thank you|Cheers|Sincerely|Yours|Yours sincerely)[,!.]?\s{1,4}(\p{Lu}[^\n,]{1,60})$",
    )
});

/// Words in front of a name in a sentence.
const BEFORE_NAME: &[&str] =
    &["with", "to", "from", "by", "per", "ask", "tell", "call", "told", "asked", "called", "met"];

/// Verbs of human beings after a name.
const VERBS: &[&str] = &[
    "said",
    "says",
    "called",
    "calls",
    "asked",
    "asks",
    "wants",
    "wanted",
    "thinks",
    "thought",
    "told",
    "mentioned",
    "wrote",
    "writes",
    "believes",
    "suggested",
    "suggests",
    "agreed",
    "agrees",
    "confirmed",
    "confirms",
    "prefers",
    "insists",
    "signed",
    "joined",
    "joins",
    "spoke",
    "has",
    "will",
    "is",
];

/// Verbs that things have as well: only a title makes their subject a person.
const WEAK_VERBS: &[&str] = &["has", "will", "is"];

/// Words that are capitalised and no part of a person's name.
const NOT_A_NAME: &[&str] = &[
    "Accounting",
    "All",
    "America",
    "American",
    "And",
    "April",
    "At",
    "August",
    "Bank",
    "Before",
    "Board",
    "Both",
    "But",
    "Capital",
    "Central",
    "City",
    "Colleagues",
    "Committee",
    "Compliance",
    "Congress",
    "Court",
    "Customer",
    "December",
    "Department",
    "Desk",
    "East",
    "Everyone",
    "Exchange",
    "February",
    "Federal",
    "Finance",
    "Folks",
    "For",
    "Friday",
    "Friend",
    "Fund",
    "Good",
    "Group",
    "Happy",
    "He",
    "House",
    "If",
    "In",
    "Information",
    "International",
    "It",
    "January",
    "Journal",
    "July",
    "June",
    "Madam",
    "March",
    "Market",
    "May",
    "Monday",
    "Morning",
    "My",
    "National",
    "New",
    "News",
    "No",
    "North",
    "November",
    "October",
    "On",
    "Operations",
    "Our",
    "Partners",
    "Please",
    "President",
    "Research",
    "Reserve",
    "Sales",
    "San",
    "Saturday",
    "September",
    "Service",
    "She",
    "Sir",
    "South",
    "State",
    "States",
    "Stock",
    "Street",
    "Sunday",
    "Support",
    "Team",
    "That",
    "The",
    "There",
    "They",
    "This",
    "Thursday",
    "Times",
    "Today",
    "Tomorrow",
    "Treasury",
    "Trust",
    "Tuesday",
    "United",
    "University",
    "Wall",
    "We",
    "Wednesday",
    "West",
    "White",
    "Yesterday",
    "You",
    "Your",
    "York",
];

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

/// Returns the person of a header's name: two to four capitalised words, none of
/// which names a desk or a house; "Okafor, Daniel" is turned round.
pub(super) fn of_header(name: &str) -> Option<String> {
    let name = match name.split_once(", ") {
        Some((last, first)) => format!("{first} {last}"),
        None => name.to_owned(),
    };
    let words: Vec<&str> = name.split_whitespace().collect();
    let is_name = |word: &&str| {
        word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’'))
            && !NOT_A_NAME.contains(word)
    };
    ((2..=4).contains(&words.len()) && words.iter().all(is_name)).then(|| words.join(" "))
}

/// Appends the people of a text in which companies have been found already.
pub(super) fn find(text: &str, found: &mut Findings) {
    for hit in GREETING.captures_iter(text).filter_map(|hit| hit.get(1)) {
        in_greeting(hit.as_str(), hit.start(), found);
    }
    for hit in CLOSING.captures_iter(text).filter_map(|hit| hit.get(1)) {
        let words = hit.as_str().trim_end().split(' ').count();
        let name = NAME.captures(hit.as_str()).and_then(|name| name.get(2));
        if let Some(name) = name.filter(|name| words <= 3 && name.start() == 0) {
            let is_whole = name.end() == hit.as_str().trim_end().trim_end_matches('.').len();
            if is_whole && !is_refused(name.as_str()) {
                add(hit.start(), name.as_str(), "person-closing", found);
            }
        }
    }
    in_sentences(text, found);
}

fn in_greeting(names: &str, start: usize, found: &mut Findings) {
    for name in NAME.captures_iter(names) {
        let (Some(whole), Some(name)) = (name.get(0), name.get(2)) else { continue };
        // "Dear Anna please buy Boeing": what follows other words is no addressee.
        let lead = cut(names, 0, whole.start()).trim_end();
        let follows = lead.is_empty() || lead.ends_with(" and") || lead.ends_with('&');
        if follows && !is_refused(name.as_str()) {
            add(start + name.start(), name.as_str(), "person-greeting", found);
        }
    }
}

/// Names in running text count when
/// 1. a title stands before them; or
/// 2. they have two words or more and a verb of human beings follows; or
/// 3. they have two words or more and a word such as "with" stands before them,
///
/// and no company has been found in their place.
fn in_sentences(text: &str, found: &mut Findings) {
    for hit in NAME.captures_iter(text) {
        let (Some(whole), Some(name)) = (hit.get(0), hit.get(2)) else { continue };
        let (mut start, has_title) = (name.start(), hit.get(1).is_some());
        while !has_title
            && let Some((first, _)) = cut(text, start, name.end()).split_once(' ')
            && NOT_A_NAME.contains(&first)
            && begins_sentence(text, start)
        {
            start += first.len() + 1;
        }
        let words = cut(text, start, name.end());
        let next = super::text::word_after(text, name.end());
        let is_subject = VERBS.contains(&next) && !WEAK_VERBS.contains(&next);
        let is_object = BEFORE_NAME.contains(&super::text::word_before(text, start));
        let rule = match (has_title, words.contains(' ') && (is_subject || is_object)) {
            (true, _) => "person-title",
            (false, true) if is_subject => "person-verb",
            (false, true) => "person-preposition",
            (false, false) => continue,
        };
        if is_refused(words)
            || found.is_taken(start, name.end())
            || !stands_alone(text, whole.start(), name.end())
        {
            continue;
        }
        add(start, words, rule, found);
    }
}

fn is_refused(name: &str) -> bool {
    name.split(' ').any(|word| NOT_A_NAME.contains(&word))
}

fn add(start: usize, name: &str, rule: &'static str, found: &mut Findings) {
    let end = start + name.len();
    if !found.is_taken(start, end) {
        found.push(Finding::new(start, end, Value::Person(name.to_owned()), rule));
    }
}

/// Longest local part (RFC 5321 §4.5.3.1.1) and domain (§4.5.3.1.2) in bytes.
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 255;

/// Appends the addresses of a text.
pub(super) fn find_addresses(text: &str, found: &mut Findings) {
    for (at, _) in text.match_indices('@') {
        let is_local =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '%');
        let is_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let back = cut(text, text.ceil_char_boundary(at.saturating_sub(LOCAL_MAX + 1)), at);
        let local = back.trim_end_matches(is_local).len();
        let local = cut(back, local, back.len());
        let ahead = cut(text, at + 1, text.floor_char_boundary(at + 2 + DOMAIN_MAX));
        let domain = ahead.len() - ahead.trim_start_matches(is_domain).len();
        let domain = cut(ahead, 0, domain).trim_end_matches(['.', '-']);
        let (start, end) = (at - local.len(), at + 1 + domain.len());
        let touches = after(text, end).starts_with('@') || !stands_alone(text, start, end);
        if touches || !is_local_part(local) || !is_domain_name(domain) {
            continue;
        }
        let address = cut(text, start, end).to_ascii_lowercase();
        found.push(Finding::new(start, end, Value::Address(address), "address"));
    }
}

fn is_local_part(local: &str) -> bool {
    (1..=LOCAL_MAX).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn is_domain_name(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let last = labels.last().copied().unwrap_or("");
    labels.len() >= 2
        && labels
            .iter()
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        && last.len() >= 2
        && last.chars().all(|letter| letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut found = Findings::default();
        find_addresses(text, &mut found);
        find(text, &mut found);
        assert_eq!(found.values(), expected, "{text}");
    }

    #[test]
    fn names_count_where_a_person_is_expected() {
        check("Hi Anna and Tom,\nfine.\n\nBest,\nPeter Lang", &["Anna", "Tom", "Peter Lang"]);
        check("Yesterday Helen Marsh said no", &["Helen Marsh"]);
        check("I spoke with Andrew Keller about it", &["Andrew Keller"]);
        check("Wall Street thinks so. New York said no. Helen Marsh", &[]);
    }

    #[test]
    fn header_names_of_desks_are_no_people() {
        assert_eq!(of_header("Okafor, Daniel").as_deref(), Some("Daniel Okafor"));
        assert_eq!(of_header("Customer Service"), None);
        assert_eq!(of_header("Desk"), None);
    }

    #[test]
    fn an_address_is_one_only_whole() {
        check("foo@bar @x a@b..c user@@host.com A.B+c@d-e.example.", &["a.b+c@d-e.example"]);
    }
}
