//! Companies and tickers: cashtags, exchanges, the symbol table, legal suffixes.
//!
//! Knows the symbol table and the text before it; nothing of mails. See the folder's
//! page for the rules by name.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use regex::Regex;

use super::entity::Value;
use super::finding::{Finding, Findings};
use super::text::{after, before, begins_sentence, clings, cut, stands_alone, word_after};
use crate::domain::ids::Symbol;
use crate::intel::symbols::{LISTED, Listed, is_false_friend};

static CASHTAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$([A-Z]{1,5}(?:\.[A-Z])?)").expect("the pattern is a constant"));

static EXCHANGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:NASDAQ|Nasdaq|NYSE Arca|NYSEARCA|NYSE|AMEX|CBOE) {0,2}: {0,2}([A-Z]{1,5}(?:\.[A-Z])?)",
    )
    .expect("the pattern is a constant")
});

static CAPITALS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Z]{2,5}").expect("the pattern is a constant"));

/// Up to five capitalised words and a legal form. `are`, `and`, `of` end the name.
static LEGAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"((?:[A-Z][A-Za-z0-9&'\-]{0,30},? ){1,5})(Inc|Incorporated|Corp|Corporation|LLC|LLP|LP|plc|PLC|AG|Ltd|Limited|GmbH|SE|NV|SA)",
    )
    .expect("the pattern is a constant")
});

/// Words that may open a sentence before a name and do not belong to it.
const OPENERS: &[&str] = &[
    "A",
    "After",
    "All",
    "And",
    "As",
    "At",
    "Before",
    "But",
    "Both",
    "Buy",
    "By",
    "Dear",
    "For",
    "From",
    "Hello",
    "Hi",
    "How",
    "If",
    "In",
    "Is",
    "It",
    "My",
    "Now",
    "On",
    "Only",
    "Our",
    "Sell",
    "Since",
    "So",
    "That",
    "The",
    "Then",
    "They",
    "This",
    "Today",
    "Tomorrow",
    "We",
    "What",
    "When",
    "With",
    "Yesterday",
    "Your",
];

/// Words beside an ordinary word, or beside a false friend, that make it a company.
const COMPANY_CONTEXT: &[&str] = &[
    "Inc",
    "Corp",
    "Corporation",
    "Co",
    "plc",
    "shares",
    "share",
    "stock",
    "stocks",
    "options",
    "calls",
    "puts",
    "bonds",
    "position",
    "reports",
    "reported",
    "is",
    "was",
    "has",
    "had",
    "will",
    "looks",
    "raised",
    "cut",
    "fell",
    "rose",
    "beat",
    "missed",
    "said",
    "says",
    "announced",
    "earnings",
    "s",
];

/// Words after which an ordinary word is no company even with a capital.
const ORDINARY_CONTEXT: &[&str] = &[
    "price",
    "prices",
    "pie",
    "tree",
    "date",
    "juice",
    "application",
    "card",
    "analysis",
    "data",
    "report",
    "rainforest",
    "river",
];

/// Words that make a false friend in capitals a ticker.
const SHARE_CONTEXT: &[&str] = &["shares", "share", "stock", "options", "calls", "puts"];

/// Finds companies and tickers of one symbol table.
#[derive(Debug)]
pub(super) struct Names {
    aliases: AhoCorasick,
    /// What each pattern of `aliases` means.
    owners: Vec<&'static Listed>,
    tickers: BTreeSet<String>,
}

impl Names {
    /// Builds the automaton over the table and notes further tickers.
    pub(super) fn new(traded: &[Symbol]) -> Self {
        let pairs: Vec<(&str, &'static Listed)> = LISTED
            .iter()
            .flat_map(|listed| listed.aliases.iter().map(move |alias| (*alias, listed)))
            .collect();
        let aliases = AhoCorasickBuilder::new()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(pairs.iter().map(|(alias, _)| alias))
            .expect("the table is a constant of a few kilobytes");
        let tickers = LISTED
            .iter()
            .map(|listed| listed.symbol.to_owned())
            .chain(traded.iter().map(|symbol| symbol.as_str().to_owned()))
            .collect();
        Self { aliases, owners: pairs.into_iter().map(|(_, listed)| listed).collect(), tickers }
    }

    /// Appends what a text holds; companies first, so that other rules can see them.
    pub(super) fn find(&self, text: &str, found: &mut Findings) {
        self.by_name(text, found);
        by_legal_form(text, found);
        by_mark(&CASHTAG, "cashtag", text, found);
        by_mark(&EXCHANGE, "exchange", text, found);
        self.by_capitals(text, found);
    }

    fn by_name(&self, text: &str, found: &mut Findings) {
        for hit in self.aliases.find_iter(text) {
            let owner = self.owners[hit.pattern().as_usize()];
            if !stands_alone(text, hit.start(), hit.end()) {
                continue;
            }
            if owner.is_ordinary && !is_meant(text, hit.start(), hit.end()) {
                continue;
            }
            if before(text, hit.start()).ends_with(['@', '/']) || is_domain(text, hit.end()) {
                continue;
            }
            let name = Value::Company(owner.name.to_owned());
            found.push(Finding::new(hit.start(), hit.end(), name, "company-name"));
            if let Ok(symbol) = Symbol::new(owner.symbol) {
                let ticker = Value::Ticker(symbol);
                found.push(Finding::new(hit.start(), hit.end(), ticker, "ticker-by-name"));
            }
        }
    }

    fn by_capitals(&self, text: &str, found: &mut Findings) {
        for hit in CAPITALS.find_iter(text) {
            let word = hit.as_str();
            if !self.tickers.contains(word) || !stands_alone(text, hit.start(), hit.end()) {
                continue;
            }
            if is_false_friend(word) && !is_marked(text, hit.start(), hit.end()) {
                continue;
            }
            if before(text, hit.start()).ends_with(['$', '@', '/', ':', '-'])
                && !before(text, hit.start()).ends_with(": ")
            {
                continue;
            }
            if let Ok(symbol) = Symbol::new(word) {
                let ticker = Value::Ticker(symbol);
                found.push(Finding::new(hit.start(), hit.end(), ticker, "known-capitals"));
            }
        }
    }
}

/// Whether an ordinary word with a company's name means the company:
/// 1. it is written with a capital, and no word follows that makes it ordinary; and
/// 2. it stands inside a sentence, or a word follows that goes with companies.
fn is_meant(text: &str, start: usize, end: usize) -> bool {
    let next = word_after(text, end);
    let next = if next.is_empty() { cut(text, end + 1, end + 2) } else { next };
    cut(text, start, end).starts_with(|letter: char| letter.is_ascii_uppercase())
        && !ORDINARY_CONTEXT.contains(&next)
        && (!begins_sentence(text, start) || COMPANY_CONTEXT.contains(&next))
}

/// Whether a false friend is meant as a ticker: "COST shares", "Best Buy (BBY)".
fn is_marked(text: &str, start: usize, end: usize) -> bool {
    SHARE_CONTEXT.contains(&word_after(text, end))
        || (before(text, start).ends_with(" (") && after(text, end).starts_with(')'))
}

/// Whether a name goes on as an address of the web: `amazon.com`.
fn is_domain(text: &str, end: usize) -> bool {
    let mut rest = after(text, end).chars();
    rest.next() == Some('.') && rest.next().is_some_and(|letter| letter.is_ascii_lowercase())
}

fn by_mark(pattern: &Regex, rule: &'static str, text: &str, found: &mut Findings) {
    for hit in pattern.captures_iter(text) {
        let (Some(whole), Some(name)) = (hit.get(0), hit.get(1)) else { continue };
        if !stands_alone(text, whole.start(), whole.end())
            || before(text, whole.start()).ends_with('$')
        {
            continue;
        }
        if let Ok(symbol) = Symbol::new(name.as_str()) {
            found.push(Finding::new(name.start(), name.end(), Value::Ticker(symbol), rule));
        }
    }
}

fn by_legal_form(text: &str, found: &mut Findings) {
    for hit in LEGAL.captures_iter(text) {
        let (Some(name), Some(form)) = (hit.get(1), hit.get(2)) else { continue };
        if after(text, form.end()).starts_with(clings) {
            continue;
        }
        let mut start = name.start();
        while let Some((first, _)) = cut(text, start, name.end()).split_once(' ')
            && OPENERS.contains(&first)
        {
            start += first.len() + 1;
        }
        let is_known = found.is_taken(start, form.end());
        if start >= name.end() || is_known || !stands_alone(text, start, form.end()) {
            continue;
        }
        let company = cut(text, start, form.end()).replace(", ", " ");
        found.push(Finding::new(start, form.end(), Value::Company(company), "legal-form"));
    }
}
