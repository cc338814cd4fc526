//! Money and percentages as exact decimals.
//!
//! Knows no companies and no dates. A bare "1.2M" is no money: shares and rows are
//! counted like that too. Amounts have at most fifteen digits before the point.

use std::sync::LazyLock;

use regex::{Captures, Match, Regex};
use rust_decimal::Decimal;

use super::entity::{Currency, Value};
use super::finding::{Finding, Findings};
use super::text::{before, clings, stands_alone};

/// Digits before the point that an amount may have.
const DIGITS_MAX: usize = 15;

const NUMBER: &str = r"[0-9][0-9,]{0,19}(?:\.[0-9]{1,8})?";
const SCALE: &str =
    r"(?: ?(k|K|mm|MM|mn|bn|BN|m|M|b|B|thousand|million|billion|trillion)(?-u:\b))?";

static SIGNED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"(US\$|\$|€|£) ?({NUMBER})(?:(?:-|–)[$€£]?({NUMBER}))?{SCALE}"))
});

static CODE_FIRST: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(USD|EUR|GBP) ?({NUMBER})()?{SCALE}")));

static UNIT_LAST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"({NUMBER}){SCALE} ?(USD|EUR|GBP|[Dd]ollars?|bucks|[Ee]uros?|cents?)(?-u:\b)"
    ))
});

static IN_WORDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i-u)\b((?:(?:{}|and|a)[ \-]){{1,10}})(dollars?|bucks|euros?|cents)\b",
        NUMERALS.map(|(word, _)| word).join("|")
    ))
});

static PERCENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"([-−]?)([0-9][0-9,]{0,9}(?:\.[0-9]{1,8})?) ?(%|(?:percent|per cent|basis points|bps)(?-u:\b))",
    )
});

/// Words of numbers; those from a hundred up multiply.
const NUMERALS: [(&str, u64); 32] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("fourteen", 14),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("hundred", 100),
    ("thousand", 1_000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
    ("trillion", 1_000_000_000_000),
];

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

/// Appends the amounts and percentages of a text.
pub(super) fn find(text: &str, found: &mut Findings) {
    for hit in SIGNED.captures_iter(text) {
        with_mark(text, &hit, "currency-sign", found);
    }
    for hit in CODE_FIRST.captures_iter(text) {
        with_mark(text, &hit, "currency-code", found);
    }
    for hit in UNIT_LAST.captures_iter(text) {
        unit_last(text, &hit, found);
    }
    for hit in IN_WORDS.captures_iter(text) {
        in_words(&hit, found);
    }
    for hit in PERCENT.captures_iter(text) {
        percent(text, &hit, found);
    }
}

fn with_mark(text: &str, hit: &Captures<'_>, rule: &'static str, found: &mut Findings) {
    let (Some(whole), Some(mark), Some(first)) = (hit.get(0), hit.get(1), hit.get(2)) else {
        return;
    };
    if !is_whole(text, &whole) || before(text, whole.start()).ends_with(['$', '€', '£']) {
        return;
    }
    let (Some(currency), Some(scale)) = (currency(mark.as_str()), scale(hit.get(4))) else {
        return;
    };
    let numbers = [Some(first), hit.get(3).filter(|number| !number.is_empty())];
    for (index, number) in numbers.into_iter().flatten().enumerate() {
        let Some(amount) = decimal(number.as_str()).and_then(|n| n.checked_mul(scale)) else {
            continue;
        };
        let start = if index == 0 { whole.start() } else { number.start() };
        let end = if index == 0 && numbers[1].is_some() { number.end() } else { whole.end() };
        found.push(Finding::new(start, end, Value::Money(amount.normalize(), currency), rule));
    }
}

fn unit_last(text: &str, hit: &Captures<'_>, found: &mut Findings) {
    let (Some(whole), Some(number), Some(unit)) = (hit.get(0), hit.get(1), hit.get(3)) else {
        return;
    };
    // "$5 USD" and "USD 5 dollars" are one amount, found by their first mark.
    let is_taken = found.is_taken(whole.start(), whole.end());
    if is_taken || !is_whole(text, &whole) {
        return;
    }
    let (Some(number), Some(scale), Some((currency, parts))) =
        (decimal(number.as_str()), scale(hit.get(2)), unit_of(unit.as_str()))
    else {
        return;
    };
    if let Some(amount) = number.checked_mul(scale).and_then(|n| n.checked_div(parts)) {
        let value = Value::Money(amount.normalize(), currency);
        found.push(Finding::new(whole.start(), whole.end(), value, "currency-unit"));
    }
}

fn in_words(hit: &Captures<'_>, found: &mut Findings) {
    let (Some(whole), Some(words), Some(unit)) = (hit.get(0), hit.get(1), hit.get(2)) else {
        return;
    };
    let unit = unit.as_str().to_ascii_lowercase();
    let (Some(number), Some((currency, parts))) = (number_of(words.as_str()), unit_of(&unit))
    else {
        return;
    };
    if let Some(amount) = Decimal::from(number).checked_div(parts) {
        let value = Value::Money(amount.normalize(), currency);
        found.push(Finding::new(whole.start(), whole.end(), value, "amount-in-words"));
    }
}

fn percent(text: &str, hit: &Captures<'_>, found: &mut Findings) {
    let (Some(sign), Some(number), Some(unit)) = (hit.get(1), hit.get(2), hit.get(3)) else {
        return;
    };
    let back = before(text, sign.start());
    // "5-6%" is a range, "-6%" a fall.
    let is_sign = !sign.is_empty() && !back.ends_with(|c: char| c.is_alphanumeric());
    let start = if is_sign { sign.start() } else { number.start() };
    let touches = before(text, start).ends_with(|c: char| clings(c) || c == '.' || c == ',');
    let Some(size) = decimal(number.as_str()).filter(|_| !touches) else { return };
    let is_points = unit.as_str().starts_with('b');
    let size = if is_points { size / Decimal::ONE_HUNDRED } else { size };
    let size = if is_sign { -size } else { size };
    let rule = if is_points { "basis-points" } else { "percent" };
    found.push(Finding::new(start, unit.end(), Value::Percent(size.normalize()), rule));
}

/// Whether an amount is not part of a longer number, word or version.
fn is_whole(text: &str, whole: &Match<'_>) -> bool {
    let rest = text.get(whole.end()..).unwrap_or("");
    let mut ahead = rest.chars();
    let goes_on = matches!(ahead.next(), Some('.' | ','))
        && ahead.next().is_some_and(|letter| letter.is_ascii_digit());
    stands_alone(text, whole.start(), whole.end())
        && !goes_on
        && !before(text, whole.start()).ends_with(['.', ','])
}

fn currency(mark: &str) -> Option<Currency> {
    match mark {
        "$" | "US$" | "USD" => Some(Currency::Usd),
        "€" | "EUR" => Some(Currency::Eur),
        "£" | "GBP" => Some(Currency::Gbp),
        _ => None,
    }
}

/// The currency of a unit, and how many of the unit make one of the currency.
fn unit_of(unit: &str) -> Option<(Currency, Decimal)> {
    match unit {
        "USD" | "dollar" | "dollars" | "Dollar" | "Dollars" | "bucks" => {
            Some((Currency::Usd, Decimal::ONE))
        }
        "cent" | "cents" => Some((Currency::Usd, Decimal::ONE_HUNDRED)),
        "EUR" | "euro" | "euros" | "Euro" | "Euros" => Some((Currency::Eur, Decimal::ONE)),
        "GBP" => Some((Currency::Gbp, Decimal::ONE)),
        _ => None,
    }
}

fn scale(word: Option<Match<'_>>) -> Option<Decimal> {
    Some(Decimal::from(match word.map_or("", |word| word.as_str()) {
        "" => 1_u64,
        "k" | "K" | "thousand" => 1_000,
        "m" | "M" | "mm" | "MM" | "mn" | "million" => 1_000_000,
        "b" | "B" | "bn" | "BN" | "billion" => 1_000_000_000,
        "trillion" => 1_000_000_000_000,
        _ => return None,
    }))
}

/// A number with commas between groups of three or none at all.
fn decimal(text: &str) -> Option<Decimal> {
    let text = text.strip_suffix(',').unwrap_or(text);
    let whole = text.split('.').next().unwrap_or("");
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let mut rest = groups.peekable();
    let is_grouped = rest.peek().is_some();
    if (is_grouped && first.len() > 3) || rest.any(|group| group.len() != 3) {
        return None;
    }
    let digits = text.replace(',', "");
    let length = digits.split('.').next().map_or(0, str::len);
    (length <= DIGITS_MAX).then(|| digits.parse().ok()).flatten()
}

/// The number that words speak of: "two hundred and fifty thousand".
fn number_of(words: &str) -> Option<u64> {
    let (mut total, mut group, mut is_number) = (0_u64, 0_u64, false);
    for word in words.split([' ', '-']).filter(|word| !word.is_empty()) {
        let word = word.to_ascii_lowercase();
        let Some((_, size)) = NUMERALS.iter().find(|(name, _)| *name == word) else { continue };
        is_number = true;
        match size {
            100 => group = group.max(1).checked_mul(100)?,
            1_000.. => {
                total = total.checked_add(group.max(1).checked_mul(*size)?)?;
                group = 0;
            }
            small => group = group.checked_add(*small)?,
        }
    }
    is_number.then(|| total.checked_add(group)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut found = Findings::default();
        find(text, &mut found);
        assert_eq!(found.values(), expected, "{text}");
    }

    #[test]
    fn amounts_are_exact_and_need_a_currency() {
        check("$1,250.50, USD 5k and 1.2M dollars", &["1250.5 USD", "5000 USD", "1200000 USD"]);
        check("1.2M shares, 300 k rows", &[]);
        check("25 cents or two hundred and fifty thousand dollars", &["0.25 USD", "250000 USD"]);
        check("$5-6 million", &["5000000 USD", "6000000 USD"]);
    }

    #[test]
    fn numbers_that_go_on_are_no_amounts() {
        check("$1,2,3 $12,34 $1.2.3 $5kg $99999999999999999999", &[]);
    }

    #[test]
    fn a_sign_belongs_to_a_percentage_only_without_a_number_before_it() {
        check("-3.2% and 5-6% or 25 bps", &["-3.2", "6", "0.25"]);
    }
}
