//! What a writer is about to do or feels: buy, sell, concern, meeting.
//!
//! One automaton over phrases; a phrase counts when nothing clings to it (also no
//! hyphen: "sell-side"), when it is no part of a company's name ("Best Buy") and when
//! the noun after it does not turn it ("buying climax"). It is negated by a word such
//! as "not", "never" or "instead of" among the [`REACH`] words before it in the same
//! clause, unless that word is undone ("don't forget to sell"). A finding is data: no
//! order, limit or approval ever follows from it.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use super::entity::{Intent, Value};
use super::finding::{Finding, Findings};
use super::text::{after, before, clause_before, stands_alone, word_after};

/// How many words before a phrase may negate it.
const REACH: usize = 5;
/// How many bytes after "exit" or "short" the company must begin within.
const OBJECT_REACH: usize = 24;

const BUY: &[&str] = &[
    "buy",
    "buys",
    "buying",
    "bought",
    "purchase",
    "purchases",
    "purchasing",
    "purchased",
    "accumulate",
    "accumulating",
    "go long",
    "going long",
    "add to my",
    "add to our",
    "add to the position",
    "adding to my",
    "adding to our",
    "increase my position",
    "increase our position",
    "increase our stake",
    "pick up some",
    "load up on",
];

const SELL: &[&str] = &[
    "sell",
    "sells",
    "selling",
    "sold",
    "trim",
    "trimming",
    "unload",
    "liquidate",
    "liquidating",
    "take profits",
    "taking profits",
    "take profit",
    "get out of",
    "reduce my",
    "reduce our",
    "reduce the position",
    "cut my position",
    "cut our position",
    "close out",
];

/// Selling only with a company or position behind it: "exit" has other uses.
const SELL_WITH_OBJECT: &[&str] = &["exit", "exiting", "short", "shorting", "dump"];

const CONCERN: &[&str] = &[
    "worried",
    "worry",
    "worries me",
    "worrying",
    "concern",
    "concerns",
    "concerned",
    "nervous",
    "anxious",
    "uneasy",
    "afraid",
    "unhappy",
    "not happy",
    "upset",
    "disappointed",
    "complaint",
    "complain",
    "losing sleep",
];

const MEETING: &[&str] = &[
    "meet",
    "meets",
    "met",
    "meeting",
    "meetings",
    "conference call",
    "schedule a call",
    "set up a call",
    "hop on a call",
    "catch up",
    "lunch",
    "appointment",
];

/// Phrases that begin like an intent and are none.
const IDIOMS: &[&str] = &["buy side", "sell side", "buy rating", "sell rating", "met with success"];

/// Nouns after a phrase that turn it into something else.
const TURNING: &[&str] = &["climax", "rating", "ratings", "side", "off", "pressure", "power"];

const NEGATIONS: &[&str] = &[
    "not",
    "never",
    "no",
    "without",
    "cannot",
    "neither",
    "nor",
    "avoid",
    "stop",
    "don't",
    "dont",
    "doesn't",
    "didn't",
    "won't",
    "wouldn't",
    "shouldn't",
    "can't",
    "couldn't",
    "isn't",
    "aren't",
    "wasn't",
];

/// Two words that negate together.
const NEGATION_PAIRS: &[[&str; 2]] = &[["rather", "than"], ["instead", "of"], ["hold", "off"]];

/// Verbs after a negation that turn it back.
const UNDOING: &[&str] = &["forget", "hesitate", "fail", "only"];

/// Words at which a clause ends although no mark stands there.
const JOINTS: &[&str] = &["but", "so", "then", "because", "and"];

/// The automaton over all phrases.
#[derive(Debug)]
pub(super) struct Intents {
    phrases: AhoCorasick,
    meanings: Vec<Meaning>,
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    Plain(Intent),
    NeedsObject(Intent),
    Idiom,
}

impl Intents {
    pub(super) fn new() -> Self {
        let rows = [
            (BUY, Meaning::Plain(Intent::Buy)),
            (SELL, Meaning::Plain(Intent::Sell)),
            (SELL_WITH_OBJECT, Meaning::NeedsObject(Intent::Sell)),
            (CONCERN, Meaning::Plain(Intent::Concern)),
            (MEETING, Meaning::Plain(Intent::Meeting)),
            (IDIOMS, Meaning::Idiom),
        ];
        let pairs: Vec<(&str, Meaning)> = rows
            .iter()
            .flat_map(|(phrases, meaning)| phrases.iter().map(move |phrase| (*phrase, *meaning)))
            .collect();
        let phrases = AhoCorasickBuilder::new()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(pairs.iter().map(|(phrase, _)| phrase))
            .expect("the phrases are constants of a few kilobytes");
        Self { phrases, meanings: pairs.into_iter().map(|(_, meaning)| meaning).collect() }
    }

    /// Appends the intents of a text in which companies have been found already.
    pub(super) fn find(&self, text: &str, found: &mut Findings) {
        for hit in self.phrases.find_iter(text) {
            let (start, end) = (hit.start(), hit.end());
            let hyphen = before(text, start).ends_with('-') || after(text, end).starts_with('-');
            if hyphen || !stands_alone(text, start, end) || found.names_company(start, end) {
                continue;
            }
            let intent = match self.meanings[hit.pattern().as_usize()] {
                Meaning::Idiom => continue,
                Meaning::NeedsObject(_) if !has_object(text, end, found) => continue,
                Meaning::Plain(intent) | Meaning::NeedsObject(intent) => intent,
            };
            if TURNING.contains(&word_after(text, end).to_ascii_lowercase().as_str()) {
                continue;
            }
            let value = Value::Intent { intent, is_negated: is_negated(text, start) };
            found.push(Finding::new(start, end, value, "intent-phrase"));
        }
    }
}

fn has_object(text: &str, end: usize, found: &Findings) -> bool {
    let near = super::text::head(after(text, end), OBJECT_REACH);
    near.contains("position") || found.names_company(end, end + OBJECT_REACH)
}

fn is_negated(text: &str, start: usize) -> bool {
    let clause = clause_before(text, start).to_lowercase().replace('’', "'");
    let words: Vec<&str> = clause
        .split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .filter(|word| !word.is_empty())
        .collect();
    let joint = words.iter().rposition(|word| JOINTS.contains(word)).map_or(0, |at| at + 1);
    let words = &words[joint.max(words.len().saturating_sub(REACH))..];
    let single = words.iter().rposition(|word| NEGATIONS.contains(word)).map(|at| at + 1);
    let pair = words
        .windows(2)
        .rposition(|pair| NEGATION_PAIRS.iter().any(|known| pair == known))
        .map(|at| at + 2);
    single.max(pair).is_some_and(|after| !words[after..].iter().any(|word| UNDOING.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut found = Findings::default();
        Intents::new().find(text, &mut found);
        assert_eq!(found.values(), expected, "{text}");
    }

    #[test]
    fn a_negation_reaches_to_the_end_of_its_clause() {
        check("don't sell", &["not-sell"]);
        check("Don’t ever buy", &["not-buy"]);
        check("I do not like it, so sell", &["sell"]);
        check("hold it rather than selling", &["not-sell"]);
    }

    #[test]
    fn an_undone_negation_is_none() {
        check("do not forget to sell", &["sell"]);
    }

    #[test]
    fn compounds_are_no_intents() {
        check("sell-side, buy-and-hold, buying climax, bestseller, exit strategy", &[]);
    }
}
