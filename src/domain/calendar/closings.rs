//! Days without trading, days that end at 13:00, and the one that began late.
//!
//! Knows dates only, no instants and no zones, and is right only for the years
//! that [`trading_day`](super::trading_day) lets through. What recurs is a rule,
//! what happened once is a row with its reason. Sources: the folder's docs.

use jiff::civil::{Date, Time, Weekday};

/// Full closings that no rule foresees, oldest first.
const CLOSED_ONCE: [(Date, &str); 10] = [
    (Date::constant(2001, 9, 11), "Attack on the World Trade Center"),
    (Date::constant(2001, 9, 12), "Attack on the World Trade Center"),
    (Date::constant(2001, 9, 13), "Attack on the World Trade Center"),
    (Date::constant(2001, 9, 14), "Attack on the World Trade Center"),
    (Date::constant(2004, 6, 11), "Mourning for Ronald Reagan"),
    (Date::constant(2007, 1, 2), "Mourning for Gerald Ford"),
    (Date::constant(2012, 10, 29), "Hurricane Sandy"),
    (Date::constant(2012, 10, 30), "Hurricane Sandy"),
    (Date::constant(2018, 12, 5), "Mourning for George H. W. Bush"),
    (Date::constant(2025, 1, 9), "Mourning for Jimmy Carter"),
];

/// Early closings that no rule foresees: 2003-12-26, the Friday after Christmas.
const EARLY_ONCE: [Date; 1] = [Date::constant(2003, 12, 26)];

/// Openings that were late by more than minutes: noon on 2002-09-11, after the
/// first memorial of the attack.
///
/// Left out on purpose: moments of silence of one to three minutes (2001-09-17,
/// 2001-10-08, 2003-03-20, 2004-06-07, 2006-12-27) and the failure that ended
/// 2005-06-01 four minutes early. Plain hours on those days mislead nobody.
const LATE_ONCE: [(Date, Time); 1] = [(Date::constant(2002, 9, 11), Time::constant(12, 0, 0, 0))];

/// Names the reason why the exchanges are shut on a date; `None` on weekends,
/// which need no reason, and on trading days.
pub(super) fn closing(date: Date) -> Option<&'static str> {
    holiday(date).or_else(|| {
        CLOSED_ONCE.iter().find(|(closed, _)| *closed == date).map(|(_, reason)| *reason)
    })
}

/// The yearly holidays on the weekdays on which they are kept.
fn holiday(date: Date) -> Option<&'static str> {
    let (year, day, weekday) = (date.year(), date.day(), date.weekday());
    let is_monday = weekday == Weekday::Monday;
    match date.month() {
        // A New Year's Day on Saturday is not kept: Friday ends the year's books.
        1 if day == 1 && !is_weekend(date) => Some("New Year's Day"),
        1 if day == 2 && is_monday => Some("New Year's Day"),
        1 if is_monday && (15..=21).contains(&day) => Some("Martin Luther King Jr. Day"),
        2 if is_monday && (15..=21).contains(&day) => Some("Washington's Birthday"),
        3 | 4 if is_good_friday(date) => Some("Good Friday"),
        5 if is_monday && day >= 25 => Some("Memorial Day"),
        // A law of 2021-06-17; the exchanges kept it from the next year on.
        6 if year >= 2022 && is_kept_for(date, 19) => Some("Juneteenth"),
        7 if is_kept_for(date, 4) => Some("Independence Day"),
        9 if is_monday && day <= 7 => Some("Labor Day"),
        11 if is_thanksgiving(date) => Some("Thanksgiving Day"),
        12 if is_kept_for(date, 25) => Some("Christmas Day"),
        _ => None,
    }
}

pub(super) fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Tells whether `date` is the weekday on which a holiday of the same month is
/// kept: Friday for a Saturday, Monday for a Sunday.
fn is_kept_for(date: Date, holiday: i8) -> bool {
    match date.day() - holiday {
        0 => !is_weekend(date),
        -1 => date.weekday() == Weekday::Friday,
        1 => date.weekday() == Weekday::Monday,
        _ => false,
    }
}

fn is_thanksgiving(date: Date) -> bool {
    date.weekday() == Weekday::Thursday && (22..=28).contains(&date.day())
}

/// Good Friday is two days before Easter Sunday.
fn is_good_friday(date: Date) -> bool {
    date.weekday() == Weekday::Friday
        && date.tomorrow().and_then(Date::tomorrow).is_ok_and(is_easter)
}

/// The Gregorian reckoning of Easter after Jean Meeus, *Astronomical Algorithms*,
/// 2nd edition, chapter 8.
fn is_easter(date: Date) -> bool {
    let year = date.year();
    let golden = year % 19;
    let (century, year_of_century) = (year / 100, year % 100);
    let sun_correction = century / 4;
    let moon_correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - sun_correction - moon_correction + 15) % 30;
    let to_sunday =
        (32 + 2 * (century % 4) + 2 * (year_of_century / 4) - epact - year_of_century % 4) % 7;
    let late_moon = (golden + 11 * epact + 22 * to_sunday) / 451;
    let reckoned = epact + to_sunday - 7 * late_moon + 114;
    (i16::from(date.month()), i16::from(date.day())) == (reckoned / 31, reckoned % 31 + 1)
}

/// Tells whether a trading day ends at 13:00.
pub(super) fn is_early_close(date: Date) -> bool {
    let (year, weekday) = (date.year(), date.weekday());
    match (date.month(), date.day()) {
        // Before a Tuesday, Wednesday or Friday holiday. Before a Thursday one only
        // since 2013; until then the Friday after it was short instead.
        (7, 3) => match weekday {
            Weekday::Monday | Weekday::Tuesday | Weekday::Thursday => true,
            Weekday::Wednesday => year >= 2013,
            Weekday::Friday | Weekday::Saturday | Weekday::Sunday => false,
        },
        (7, 5) => weekday == Weekday::Friday && year < 2013,
        (11, 23..=29) => date.yesterday().is_ok_and(is_thanksgiving),
        // On a Friday the day is Christmas itself, kept early.
        (12, 24) => true,
        _ => EARLY_ONCE.contains(&date),
    }
}

/// Returns when trading began on a day on which it began late.
pub(super) fn late_open(date: Date) -> Option<Time> {
    LATE_ONCE.iter().find(|(late, _)| *late == date).map(|(_, time)| *time)
}
