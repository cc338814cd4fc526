//! The calendar against an independent table, hand-listed dates and itself.

use std::fmt::Debug;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::Date;
use nyse_holiday_cal::BusDaysIter;
use nyse_holiday_cal::HolidayCal;
use proptest::prelude::*;

use super::closings;
use super::day::{FIRST, LAST};
use super::*;
use crate::domain::market::Session;
use crate::domain::time::Timestamp;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn year(year: i16) -> impl Iterator<Item = Date> {
    Date::constant(year, 1, 1)
        .series(jiff::Span::new().days(1))
        .take_while(move |date| date.year() == year)
}

fn weekday_closings(of: i16) -> Vec<String> {
    year(of)
        .filter(|date| !closings::is_weekend(*date) && trading_day(*date).unwrap().is_none())
        .map(|date| date.strftime("%m-%d").to_string())
        .collect()
}

fn early_closes(of: i16) -> Vec<String> {
    year(of)
        .filter(|date| trading_day(*date).unwrap().is_some_and(|day| day.is_early_close))
        .map(|date| date.strftime("%m-%d").to_string())
        .collect()
}

#[track_caller]
fn check_closings(of: i16, expected: &str) {
    assert_eq!(weekday_closings(of).join(" "), expected, "{of}");
}

#[track_caller]
fn check_early_closes(of: i16, expected: &str) {
    assert_eq!(early_closes(of).join(" "), expected, "{of}");
}

/// Written down from the exchange's yearly lists, not computed.
#[test]
fn full_closings_are_those_that_happened() {
    check_closings(1998, "01-01 01-19 02-16 04-10 05-25 07-03 09-07 11-26 12-25");
    check_closings(1999, "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24");
    check_closings(2000, "01-17 02-21 04-21 05-29 07-04 09-04 11-23 12-25");
    check_closings(
        2001,
        "01-01 01-15 02-19 04-13 05-28 07-04 09-03 09-11 09-12 09-13 09-14 11-22 12-25",
    );
    check_closings(2002, "01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25");
    check_closings(2003, "01-01 01-20 02-17 04-18 05-26 07-04 09-01 11-27 12-25");
    check_closings(2004, "01-01 01-19 02-16 04-09 05-31 06-11 07-05 09-06 11-25 12-24");
    check_closings(2005, "01-17 02-21 03-25 05-30 07-04 09-05 11-24 12-26");
    check_closings(2006, "01-02 01-16 02-20 04-14 05-29 07-04 09-04 11-23 12-25");
    check_closings(2007, "01-01 01-02 01-15 02-19 04-06 05-28 07-04 09-03 11-22 12-25");
    check_closings(2008, "01-01 01-21 02-18 03-21 05-26 07-04 09-01 11-27 12-25");
    check_closings(2009, "01-01 01-19 02-16 04-10 05-25 07-03 09-07 11-26 12-25");
    check_closings(2010, "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24");
    check_closings(2011, "01-17 02-21 04-22 05-30 07-04 09-05 11-24 12-26");
    check_closings(2012, "01-02 01-16 02-20 04-06 05-28 07-04 09-03 10-29 10-30 11-22 12-25");
    check_closings(2013, "01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25");
    check_closings(2014, "01-01 01-20 02-17 04-18 05-26 07-04 09-01 11-27 12-25");
    check_closings(2015, "01-01 01-19 02-16 04-03 05-25 07-03 09-07 11-26 12-25");
    check_closings(2016, "01-01 01-18 02-15 03-25 05-30 07-04 09-05 11-24 12-26");
    check_closings(2017, "01-02 01-16 02-20 04-14 05-29 07-04 09-04 11-23 12-25");
    check_closings(2018, "01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25");
    check_closings(2019, "01-01 01-21 02-18 04-19 05-27 07-04 09-02 11-28 12-25");
    check_closings(2029, "01-01 01-15 02-19 03-30 05-28 06-19 07-04 09-03 11-22 12-25");
    check_closings(2030, "01-01 01-21 02-18 04-19 05-27 06-19 07-04 09-02 11-28 12-25");
}

#[test]
fn early_closes_follow_the_rule_of_their_year() {
    check_early_closes(1998, "11-27 12-24");
    check_early_closes(1999, "11-26");
    check_early_closes(2000, "07-03 11-24");
    check_early_closes(2001, "07-03 11-23 12-24");
    check_early_closes(2002, "07-05 11-29 12-24");
    check_early_closes(2003, "07-03 11-28 12-24 12-26");
    check_early_closes(2004, "11-26");
    check_early_closes(2005, "11-25");
    check_early_closes(2006, "07-03 11-24");
    check_early_closes(2007, "07-03 11-23 12-24");
    check_early_closes(2008, "07-03 11-28 12-24");
    check_early_closes(2009, "11-27 12-24");
    check_early_closes(2010, "11-26");
    check_early_closes(2011, "11-25");
    check_early_closes(2012, "07-03 11-23 12-24");
    check_early_closes(2013, "07-03 11-29 12-24");
    check_early_closes(2014, "07-03 11-28 12-24");
    check_early_closes(2015, "11-27 12-24");
    check_early_closes(2016, "11-25");
    check_early_closes(2017, "07-03 11-24");
    check_early_closes(2018, "07-03 11-23 12-24");
    check_early_closes(2019, "07-03 11-29 12-24");
    check_early_closes(2020, "11-27 12-24");
    check_early_closes(2021, "11-26");
    check_early_closes(2022, "11-25");
    check_early_closes(2023, "07-03 11-24");
    check_early_closes(2024, "07-03 11-29 12-24");
    check_early_closes(2025, "07-03 11-28 12-24");
    check_early_closes(2026, "11-27 12-24");
    check_early_closes(2027, "11-26");
    check_early_closes(2028, "07-03 11-24");
    check_early_closes(2029, "07-03 11-23 12-24");
    check_early_closes(2030, "07-03 11-29 12-24");
}

/// Reads a date in the oracle's own type. That type belongs to a crate that we do
/// not depend on, so it is never named: the bound on the iterator leaves the
/// compiler only one choice.
fn oracle_date<T>(date: Date) -> T
where
    T: FromStr<Err: Debug> + HolidayCal + Copy,
    BusDaysIter<T>: Iterator<Item = T>,
{
    date.to_string().parse().unwrap()
}

#[test]
fn holidays_agree_with_an_independent_table() {
    for of in 2020..=2028 {
        for date in year(of) {
            // The table holds holidays only; 2025-01-09 was none.
            let expected =
                oracle_date(date).is_busday().unwrap() && date != Date::constant(2025, 1, 9);
            assert_eq!(trading_day(date).unwrap().is_some(), expected, "{date}");
        }
    }
}

#[track_caller]
fn check_day(of: &str, offset: &str, [pre_open, open, close, after_close]: [&str; 4]) {
    let day = trading_day(date(of)).unwrap().unwrap();
    let expected = [pre_open, open, close, after_close]
        .map(|time| instant(&format!("{of}T{time}:00{offset}")));
    assert_eq!([day.pre_open, day.open, day.close, day.after_close], expected, "{of}");
}

#[test]
fn hours_are_those_of_new_york_clocks() {
    let usual = ["04:00", "09:30", "16:00", "20:00"];
    let short = ["04:00", "09:30", "13:00", "17:00"];
    // On both sides of both changes of the clock; before 2007 they fell elsewhere.
    check_day("2026-03-06", "-05:00", usual);
    check_day("2026-03-09", "-04:00", usual);
    check_day("2026-10-30", "-04:00", usual);
    check_day("2026-11-02", "-05:00", usual);
    check_day("2006-03-31", "-05:00", usual);
    check_day("2006-04-03", "-04:00", usual);
    check_day("2006-10-30", "-05:00", usual);
    check_day("2025-07-03", "-04:00", short);
    check_day("2025-11-28", "-05:00", short);
    check_day("1999-12-31", "-05:00", usual);
    check_day("2021-12-31", "-05:00", usual);
    check_day("2002-09-11", "-04:00", ["04:00", "12:00", "16:00", "20:00"]);
}

#[track_caller]
fn check_window(at: &str, session: Session, from: &str, until: &str, day: &str) {
    let window = MarketHours::NewYork.window_at(instant(at)).unwrap();
    let (from, until, trading_day) = (instant(from), instant(until), date(day));
    assert_eq!(window, SessionWindow { session, from, until, trading_day }, "{at}");
}

#[test]
fn a_closed_window_reaches_to_the_next_trading_day() {
    // Over Thanksgiving, at the last instant before and from the first on.
    let (wednesday, friday) = ("2025-11-26T20:00:00-05:00", "2025-11-28T04:00:00-05:00");
    for at in [wednesday, "2025-11-27T12:00:00-05:00", "2025-11-28T03:59:59.999999999-05:00"] {
        check_window(at, Session::Closed, wednesday, friday, "2025-11-28");
    }
    let [open, close, end] =
        ["09:30", "13:00", "17:00"].map(|time| format!("2025-11-28T{time}:00-05:00"));
    check_window(friday, Session::PreMarket, friday, &open, "2025-11-28");
    check_window(&open, Session::Open, &open, &close, "2025-11-28");
    check_window(&close, Session::AfterHours, &close, &end, "2025-11-28");
    check_window(&end, Session::Closed, &end, "2025-12-01T04:00:00-05:00", "2025-12-01");
    // Six days after the attack of 2001.
    let (from, until) = ("2001-09-10T20:00:00-04:00", "2001-09-17T04:00:00-04:00");
    check_window("2001-09-11T09:45:00-04:00", Session::Closed, from, until, "2001-09-17");
    // Over the night in which clocks go forward: 55 hours instead of 56.
    let (from, until) = ("2026-03-06T20:00:00-05:00", "2026-03-09T04:00:00-04:00");
    check_window("2026-03-08T07:00:00Z", Session::Closed, from, until, "2026-03-09");
}

#[track_caller]
fn check_clock(at: &str, next_open: &str, next_close: &str) {
    let hours = MarketHours::NewYork;
    assert_eq!(hours.next_open(instant(at)), Ok(instant(next_open)), "open after {at}");
    assert_eq!(hours.next_close(instant(at)), Ok(instant(next_close)), "close after {at}");
}

#[test]
fn the_clock_points_forward_as_alpacas_does() {
    let [monday_open, monday_close, tuesday_open, tuesday_close] = [
        "2026-10-05T09:30:00-04:00",
        "2026-10-05T16:00:00-04:00",
        "2026-10-06T09:30:00-04:00",
        "2026-10-06T16:00:00-04:00",
    ];
    // While open: the next day's open, this day's close.
    check_clock("2026-10-05T10:15:22-04:00", tuesday_open, monday_close);
    check_clock(monday_open, tuesday_open, monday_close);
    // While closed: both of the same session.
    check_clock("2026-10-03T12:00:00-04:00", monday_open, monday_close);
    check_clock("2026-10-05T09:29:59-04:00", monday_open, monday_close);
    check_clock(monday_close, tuesday_open, tuesday_close);
    check_clock(
        "2025-11-27T12:00:00-05:00",
        "2025-11-28T09:30:00-05:00",
        "2025-11-28T13:00:00-05:00",
    );
}

#[test]
fn outside_its_range_the_calendar_says_so_and_what_to_do() {
    for outside in ["1997-12-31", "2031-01-01"] {
        let error = trading_day(date(outside)).unwrap_err();
        assert_eq!(error, CalendarError::OutOfRange { date: date(outside) });
        let text = error.to_string();
        assert!(text.contains(outside) && text.contains("'continuous'"), "{text}");
    }
    assert_eq!(next_trading_day(date("1997-12-31")).unwrap().date, date("1998-01-02"));
    assert_eq!(previous_trading_day(date("2031-01-01")).unwrap().date, date("2030-12-31"));
    assert!(previous_trading_day(date("1998-01-02")).is_err());
    assert!(next_trading_day(date("2030-12-31")).is_err());
    assert!(next_trading_day(Date::MAX).is_err() && previous_trading_day(Date::MIN).is_err());
    let at = instant("2030-12-31T20:00:00-05:00");
    assert!(MarketHours::NewYork.window_at(at).is_err());
    assert!(MarketHours::Continuous.window_at(at).is_ok());
}

#[test]
fn a_date_changes_at_midnight_in_new_york() {
    assert_eq!(date_in_new_york(instant("2026-07-01T03:59:59.999Z")), date("2026-06-30"));
    assert_eq!(date_in_new_york(instant("2026-07-01T04:00:00Z")), date("2026-07-01"));
    assert_eq!(date_in_new_york(instant("2026-01-01T04:59:59Z")), date("2025-12-31"));
}

#[test]
fn market_hours_have_their_names_in_configuration() {
    let hours = [MarketHours::NewYork, MarketHours::Continuous];
    assert_eq!(serde_json::to_string(&hours).unwrap(), r#"["new_york","continuous"]"#);
}

#[test]
fn windows_of_all_years_follow_each_other_without_gap() {
    let mut at = instant("1998-01-01T05:00:00Z");
    let mut days = Vec::new();
    while at < instant("2030-01-01T05:00:00Z") {
        let window = MarketHours::NewYork.window_at(at).unwrap();
        assert!(window.from < window.until && window.from <= at, "{window:?}");
        if window.session == Session::Open {
            days.push(window.trading_day);
        }
        let following = MarketHours::NewYork.window_at(window.until).unwrap();
        assert_eq!(following.from, window.until);
        at = window.until;
    }
    let expected: Vec<Date> =
        (1998..2030).flat_map(year).filter(|date| trading_day(*date).unwrap().is_some()).collect();
    assert_eq!(days, expected);
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    let nanos = |date: &str| instant(&format!("{date}T05:00:00Z")).as_nanos();
    (nanos("1998-01-01")..nanos("2030-12-31")).prop_map(Timestamp::from_nanos)
}

proptest! {
    #[test]
    fn every_instant_lies_in_exactly_one_window(
        at in any_instant(),
        hours in prop_oneof![Just(MarketHours::NewYork), Just(MarketHours::Continuous)],
    ) {
        let window = hours.window_at(at).unwrap();
        prop_assert!(window.from <= at && at < window.until);
        let last = window.until.plus(SignedDuration::from_nanos(-1));
        prop_assert_eq!(hours.window_at(window.from).unwrap(), window);
        prop_assert_eq!(hours.window_at(last).unwrap(), window);
        let following = hours.window_at(window.until).unwrap();
        prop_assert_eq!(following.from, window.until);
        prop_assert!(following.trading_day >= window.trading_day);
        prop_assert!(following.session != Session::Closed || window.session != Session::Closed);
    }

    #[test]
    fn neighbours_of_a_date_are_trading_days_with_none_between(days in 10_i32..12_000) {
        let date = FIRST.saturating_add(jiff::Span::new().days(days));
        let (before, after) = (previous_trading_day(date).unwrap(), next_trading_day(date).unwrap());
        prop_assert!(before.date < date && date < after.date && after.date <= LAST);
        let is_open = trading_day(date).unwrap().is_some();
        let back = previous_trading_day(after.date).unwrap().date;
        prop_assert_eq!(back, if is_open { date } else { before.date });
        for day in [before, after] {
            prop_assert!(day.pre_open < day.open && day.open < day.close && day.close < day.after_close);
            prop_assert_eq!(date_in_new_york(day.pre_open), day.date);
            prop_assert_eq!(date_in_new_york(day.after_close), day.date);
        }
    }
}
