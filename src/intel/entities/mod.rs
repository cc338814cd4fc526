//! Entities of messages: who, which company, how much, when, and what for.
//!
//! Pure rules and automata in linear time over text of bounded length: no clock, no
//! I/O, no learning, and nothing in a text is ever obeyed. What comes out is a list of
//! [`Entity`] with value, place and rule. [`extractor`] is where to begin.
//!
//! | kind | rules, by name |
//! |---|---|
//! | person | `header-name` (two to four capitalised words, no desk); `person-greeting`, `person-closing` (line after "Regards"); `person-title` (Mr, Mrs, Ms, Dr, Prof); `person-verb` ("Helen Marsh said"); `person-preposition` ("with Andrew Keller") |
//! | address | `header-address`; `address` (whole, with a domain of two labels) |
//! | company | `company-name` (symbol table; ordinary words need a capital and context); `legal-form` (Inc, Corp, LLC, plc, AG, Ltd, `GmbH` …) |
//! | ticker | `cashtag`; `exchange` ("NASDAQ: AAPL"); `ticker-by-name`; `known-capitals` (in the table, and no false friend unless "shares", "stock" … follow or brackets close it in) |
//! | money | `currency-sign`, `currency-code`, `currency-unit`, `amount-in-words`; a bare "1.2M" is none |
//! | percent | `percent`, `basis-points` |
//! | date | `date-iso`, `date-slash`, `date-month-day`, `date-day-month`, `date-weekday`, `date-near`, `date-period-end`, all in New York |
//! | intent | `intent-phrase`, with negation |
//!
//! # Measured
//!
//! On the labelled sets of `tests/intel/labelled/`, precision / recall of distinct values
//! per message. "Known" are the 95 messages that rules were corrected with, 30 of them
//! made to mislead; "unseen" are 14 that no rule was changed for, too few for more than
//! an impression. All are by one author. When the rules first met the 80 messages of
//! the beginning, companies had 0.97 / 0.91, dates 0.96 / 0.96, money 0.95 / 1.00, the
//! others 1.00 / at least 0.97; on the first 15 unseen ones people had a recall of 0.29
//! and intents of 0.36, after which the vocabulary was widened.
//!
//! | kind | known | unseen |
//! |---|---|---|
//! | person | 1.00 / 0.85 | 1.00 / 0.75 |
//! | address | 1.00 / 1.00 | 1.00 / 1.00 |
//! | company | 1.00 / 0.97 | 1.00 / 1.00 |
//! | ticker | 1.00 / 0.98 | 1.00 / 1.00 |
//! | money | 1.00 / 1.00 | 1.00 / 1.00 |
//! | percent | 0.92 / 0.92 | 1.00 / 0.75 |
//! | date | 1.00 / 0.96 | 1.00 / 1.00 |
//! | intent | 1.00 / 0.97 | 1.00 / 0.91 |
//!
//! Known to be missed: names before "and", after a comma or with words between them and
//! their verb; percentages in words; "minus 15.8 percent" (found as 15.8); "the 19th".

mod text;
mod finding;
pub mod entity;
pub mod extractor;
mod names;
mod people;
mod amounts;
mod dates;
mod intents;

pub use entity::{Currency, Entity, EntityKind, Intent, Part, Span, Value};
pub use extractor::Extractor;
