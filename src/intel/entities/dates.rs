//! Days, resolved against the day of the message in New York.
//!
//! Conventions: "Friday" is the first one after the message's day, or the last one
//! before it when the sentence before it speaks of the past; "next Friday" is that of
//! the week after (weeks begin on Monday), "last Friday" the one before the message.
//! A day without a year lies in the year that puts it nearest to the message. With
//! slashes the month comes first, and without a year a word such as "on" or "by" must
//! stand before it: "3/4 of them" is a fraction. Days that do not exist are nothing.

use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use jiff::{Span as Length, ToSpan};
use regex::{Captures, Match, Regex};

use super::entity::Value;
use super::finding::{Finding, Findings};
use super::text::{before, clings, head, sentence_before, word_before};

const MONTHS: &str = "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|\
                      Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?";
const DAYS: &str = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday";

/// Words that stand before a day written `3/12`.
const BEFORE_SLASH: &[&str] = &[
    "on", "On", "by", "By", "until", "till", "before", "after", "since", "from", "to", "due",
    "dated", "of",
];

/// Words that put a sentence into the past.
const PAST: &[&str] = &[
    "was", "were", "did", "had", "came", "fell", "rose", "went", "closed", "traded", "said",
    "took", "sold", "bought", "spoke", "met", "called",
];

static ISO: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"([0-9]{4})-([0-9]{2})-([0-9]{2})".to_owned()));
static SLASH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}|[0-9]{2}))?".to_owned()));
static MONTH_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(format!(
        r"({MONTHS})\.? ([0-9]{{1,2}})(?:st|nd|rd|th)?(?:,? ([12][0-9]{{3}})(?-u:\b))?"
    ))
});
static DAY_MONTH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(format!(
        r"([0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?({MONTHS})(?:,? ([12][0-9]{{3}})(?-u:\b))?"
    ))
});
static WEEKDAY: LazyLock<Regex> =
    LazyLock::new(|| pattern(format!(r"(?:([Tt]his|[Nn]ext|[Ll]ast) )?({DAYS})")));
static NEAR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)the day after tomorrow|day after tomorrow|the day before yesterday|day before yesterday|today|tonight|tomorrow|yesterday"
            .to_owned(),
    )
});
static PERIOD_END: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)end of (?:the |this )?(week|month|quarter|year)|(month|quarter|year)[ \-]end|(EOM|EOQ|EOY)"
            .to_owned(),
    )
});

#[expect(clippy::needless_pass_by_value, reason = "constants and built patterns alike")]
fn pattern(text: String) -> Regex {
    Regex::new(&text).expect("the pattern is a constant")
}

/// Appends the days of a text. Without `today` (a message without a date) only days
/// with their year are found.
pub(super) fn find(text: &str, today: Option<Date>, found: &mut Findings) {
    collect(&ISO, "date-iso", text, found, |hit| ymd(hit.get(1), hit.get(2), hit.get(3)));
    collect(&SLASH, "date-slash", text, found, |hit| slash(text, hit, today));
    collect(&MONTH_DAY, "date-month-day", text, found, |hit| {
        named(hit.get(1), hit.get(2), hit.get(3), today)
    });
    collect(&DAY_MONTH, "date-day-month", text, found, |hit| {
        named(hit.get(2), hit.get(1), hit.get(3), today)
    });
    let Some(today) = today else { return };
    collect(&WEEKDAY, "date-weekday", text, found, |hit| weekday(text, hit, today));
    collect(&NEAR, "date-near", text, found, |hit| near(hit.get(0)?.as_str(), today));
    collect(&PERIOD_END, "date-period-end", text, found, |hit| {
        let unit = (1..=3).find_map(|group| hit.get(group))?;
        period_end(unit.as_str(), today)
    });
}

fn collect(
    pattern: &Regex,
    rule: &'static str,
    text: &str,
    found: &mut Findings,
    resolve: impl Fn(&Captures<'_>) -> Option<Date>,
) {
    for hit in pattern.captures_iter(text) {
        let Some(whole) = hit.get(0) else { continue };
        if is_apart(text, &whole)
            && let Some(date) = resolve(&hit)
        {
            found.push(Finding::new(whole.start(), whole.end(), Value::Date(date), rule));
        }
    }
}

/// Whether a date is not part of a longer number, path or word.
fn is_apart(text: &str, whole: &Match<'_>) -> bool {
    let joins = |letter: char| clings(letter) || matches!(letter, '/' | '-' | '$');
    let mut rest = text.get(whole.end()..).unwrap_or("").chars();
    let next = rest.next();
    let decimals = matches!(next, Some('.' | ':'))
        && rest.next().is_some_and(|letter| letter.is_ascii_digit());
    !before(text, whole.start()).ends_with(joins) && !next.is_some_and(joins) && !decimals
}

fn number(text: Option<Match<'_>>) -> Option<i16> {
    text?.as_str().parse().ok()
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn ymd(year: Option<Match<'_>>, month: Option<Match<'_>>, day: Option<Match<'_>>) -> Option<Date> {
    date(number(year)?, number(month)?, number(day)?)
}

fn slash(text: &str, hit: &Captures<'_>, today: Option<Date>) -> Option<Date> {
    let (month, day) = (number(hit.get(1))?, number(hit.get(2))?);
    match number(hit.get(3)) {
        Some(year) => date(if year < 100 { 2000 + year } else { year }, month, day),
        None => {
            let word = word_before(text, hit.get(0)?.start());
            let is_day = BEFORE_SLASH.contains(&word);
            if is_day { nearest(month, day, today?) } else { None }
        }
    }
}

fn named(
    month: Option<Match<'_>>,
    day: Option<Match<'_>>,
    year: Option<Match<'_>>,
    today: Option<Date>,
) -> Option<Date> {
    let names =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = month?.as_str();
    let index = names.iter().position(|name| month.starts_with(name))?;
    let (month, day) = (i16::try_from(index).ok()? + 1, number(day)?);
    match number(year) {
        Some(year) => date(year, month, day),
        None => nearest(month, day, today?),
    }
}

/// The day in the year that puts it nearest to today.
fn nearest(month: i16, day: i16, today: Date) -> Option<Date> {
    let distance = |date: &Date| (*date - today).get_days().abs();
    (-1..=1_i16)
        .filter_map(|years| date(today.year().checked_add(years)?, month, day))
        .min_by_key(distance)
}

fn weekday(text: &str, hit: &Captures<'_>, today: Date) -> Option<Date> {
    let (whole, name) = (hit.get(0)?, hit.get(2)?);
    // "Monday, December 15": the day that follows says it better.
    let rest = text.get(whole.end()..).unwrap_or("");
    let rest = rest.strip_prefix(',').unwrap_or(rest).trim_start_matches(' ');
    let rest = head(rest, 24);
    if starts(&MONTH_DAY, rest) || starts(&DAY_MONTH, rest) {
        return None;
    }
    let day = weekday_of(name.as_str())?;
    let past = sentence_before(text, whole.start());
    let is_past = past.split(|letter: char| !letter.is_alphabetic()).any(|w| PAST.contains(&w));
    match hit.get(1).map(|word| word.as_str().to_ascii_lowercase()).as_deref() {
        Some("next") => {
            let monday = today.checked_sub(days(today.weekday().to_monday_zero_offset())).ok()?;
            let ahead = 7 + i64::from(day.to_monday_zero_offset());
            monday.checked_add(ahead.days()).ok()
        }
        Some("last") => today.nth_weekday(-1, day).ok(),
        None if is_past => today.nth_weekday(-1, day).ok(),
        _ => today.nth_weekday(1, day).ok(),
    }
}

fn starts(pattern: &Regex, text: &str) -> bool {
    pattern.find(text).is_some_and(|hit| hit.start() == 0)
}

fn days(number: i8) -> Length {
    i64::from(number).days()
}

fn weekday_of(name: &str) -> Option<Weekday> {
    Some(match name {
        "Monday" => Weekday::Monday,
        "Tuesday" => Weekday::Tuesday,
        "Wednesday" => Weekday::Wednesday,
        "Thursday" => Weekday::Thursday,
        "Friday" => Weekday::Friday,
        "Saturday" => Weekday::Saturday,
        "Sunday" => Weekday::Sunday,
        _ => return None,
    })
}

fn near(words: &str, today: Date) -> Option<Date> {
    let words = words.to_ascii_lowercase();
    let ahead = if words.ends_with("after tomorrow") {
        2
    } else if words.ends_with("before yesterday") {
        -2
    } else if words == "tomorrow" {
        1
    } else if words == "yesterday" {
        -1
    } else {
        0
    };
    today.checked_add(days(ahead)).ok()
}

fn period_end(unit: &str, today: Date) -> Option<Date> {
    match unit.to_ascii_lowercase().as_str() {
        "week" => {
            // The week of a trader ends on Friday; on a weekend the next one is meant.
            let friday = Weekday::Friday;
            if today.weekday() == friday { Some(today) } else { today.nth_weekday(1, friday).ok() }
        }
        "month" | "eom" => Some(today.last_of_month()),
        "quarter" | "eoq" => {
            let month = (today.month() + 2) / 3 * 3;
            Date::new(today.year(), month, 1).ok().map(Date::last_of_month)
        }
        "year" | "eoy" => Date::new(today.year(), 12, 31).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut found = Findings::default();
        let tuesday = jiff::civil::date(2026, 3, 10);
        find(text, Some(tuesday), &mut found);
        assert_eq!(found.values(), expected, "{text}");
    }

    #[test]
    fn weekdays_follow_the_tense_of_their_sentence() {
        check("see you Friday", &["2026-03-13"]);
        check("next Friday", &["2026-03-20"]);
        check("I was there on Friday", &["2026-03-06"]);
        check("this Tuesday", &["2026-03-17"]);
    }

    #[test]
    fn a_day_without_a_year_is_the_nearest() {
        check("6 January", &["2026-01-06"]);
        check("Nov 2", &["2025-11-02"]);
        check("by 6/12", &["2026-06-12"]);
    }

    #[test]
    fn what_is_no_day_is_nothing() {
        check("31 February, 13/45, 3/4 of them, 2026-02-30, 3/12/99/7", &[]);
    }

    #[test]
    fn a_message_without_a_date_has_absolute_days_only() {
        let mut found = Findings::default();
        find("tomorrow, 12 March, 2026-03-12", None, &mut found);
        assert_eq!(found.values(), ["2026-03-12"]);
    }
}
