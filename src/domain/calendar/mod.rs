//! The New York market calendar, 1998 to 2030, and what part of the day it is.
//!
//! `closings` knows on which days the exchanges stay shut or stop early, and why;
//! `day` turns that into the four instants of a day; `hours` answers
//! "which session is this, and until when?". Nothing here asks the time: instants
//! are given. Time zone rules come from the tz database (`America/New_York`), so
//! the days on which clocks change need no code of ours.
//!
//! Sources, in order of trust: the yearly press releases "NYSE Group announces
//! holiday and early closings calendar" (the newest used is of 2025-12-23 and
//! covers 2026 to 2028); NYSE Rule 7.2 (a holiday on Saturday is kept on Friday,
//! one on Sunday on Monday, except where that Friday ends a year); and for years
//! before the releases the exchange's list of special closings since 1885 (the
//! file `Stocks.NYSE-Closings.pdf`). Least certain are the early closings of 1998
//! to 2004, which rest on that list alone as others report it, and 2029 and 2030,
//! which follow the rules but are not announced yet.

mod closings;
mod day;
mod hours;

pub use day::{
    CalendarError, FIRST, LAST, TradingDay, date_in_new_york, next_trading_day,
    previous_trading_day, trading_day,
};
pub use hours::{MarketHours, SessionWindow};

#[cfg(test)]
mod tests;
