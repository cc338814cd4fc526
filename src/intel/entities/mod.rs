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
//! | company | `company-name` (symbol table; ordinary words need a capital and context); `legal-form` (Inc, Corp, LLC, plc, AG, Ltd, GmbH …) |
//! | ticker | `cashtag`; `exchange` ("NASDAQ: AAPL"); `ticker-by-name`; `known-capitals` (in the table, and no false friend unless "shares", "stock" … follow or brackets close it in) |
//! | money | `currency-sign`, `currency-code`, `currency-unit`, `amount-in-words`; a bare "1.2M" is none |
//! | percent | `percent`, `basis-points` |
//! | date | `date-iso`, `date-slash`, `date-month-day`, `date-day-month`, `date-weekday`, `date-near`, `date-period-end`, all in New York |
//! | intent | `intent-phrase`, with negation |

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
