//! What mails may do to a decision: make it smaller, or have a human decide.
//!
//! A client who is worried or about to sell is a reason to be careful, and nothing else: a
//! mail never makes a decision, never turns one round and never makes one larger. It is
//! text that anybody can write in anybody's name, so the whole input is off unless the
//! configuration turns it on. It knows nothing of mails themselves, only of their findings.

use std::collections::VecDeque;

use jiff::SignedDuration;
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};

use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;

/// Most worries that are remembered, the newest.
const WORRIES_MAX: usize = 512;
/// Most mails that one caution names.
const MAILS_MAX: usize = 8;
/// Longest age that can be asked for, hours.
const HOURS_MAX: u32 = 720;
/// What a worried writer says or is about to do; negated ("don't sell") it is none.
const WORRIES: [&str; 2] = ["concern", "sell"];

/// The settings of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CautionConfig {
    /// Whether mails count at all.
    pub from_mail: bool,
    /// What a worry makes of the size, 0 to 1.
    #[serde(with = "crate::domain::exact::ratio")]
    pub size_factor: Decimal,
    /// Whether a worry has a human decide.
    pub asks_human: bool,
    /// How long a worry counts, hours, 1 to 720.
    pub hours: u32,
    /// Addresses whose mails count, in lower case; empty takes everybody's.
    pub clients: Vec<String>,
}

impl Default for CautionConfig {
    fn default() -> Self {
        Self {
            from_mail: false,
            size_factor: dec!(0.5),
            asks_human: true,
            hours: 72,
            clients: Vec::new(),
        }
    }
}

impl CautionConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the key, the value and the range.
    pub fn validate(&self) -> Result<(), String> {
        if self.size_factor < Decimal::ZERO || self.size_factor > Decimal::ONE {
            return Err(format!("size_factor is {}, it must lie in 0 to 1", self.size_factor));
        }
        if !(1..=HOURS_MAX).contains(&self.hours) {
            return Err(format!("hours is {}, it must lie in 1 to {HOURS_MAX}", self.hours));
        }
        Ok(())
    }
}

/// What mails ask of a decision; it can only hold back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caution {
    /// What becomes of the size, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub size_factor: Decimal,
    /// Whether a human must decide.
    pub asks_human: bool,
    /// The mails, newest first, at most eight.
    pub mails: Vec<String>,
    /// In words, with who and what.
    pub reason: String,
}

/// What is found in one mail.
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    /// When the house heard of it.
    pub at: Timestamp,
    /// When it was written, as it says itself.
    pub written_at: Option<Timestamp>,
    /// Its id.
    pub mail: &'a str,
    /// The address that it says it comes from.
    pub client: &'a str,
    /// Stocks that it names.
    pub symbols: &'a [Symbol],
    /// What the writer is about to do or feels.
    pub intents: &'a [String],
}

#[derive(Debug, Clone)]
struct Worry {
    at: Timestamp,
    symbol: Symbol,
    mail: String,
    words: String,
}

/// The worries of one house.
#[derive(Debug, Clone)]
pub struct Worries {
    config: CautionConfig,
    /// In order of hearing.
    heard: VecDeque<Worry>,
}

impl Worries {
    /// Begins without any.
    pub const fn new(config: CautionConfig) -> Self {
        Self { config, heard: VecDeque::new() }
    }

    /// Takes what is found in a mail. An old mail that is read late is no worry of today.
    pub fn hear(&mut self, found: &Finding<'_>) {
        let Some(intent) = found.intents.iter().find(|it| WORRIES.contains(&it.as_str())) else {
            return;
        };
        let is_old = found.written_at.is_some_and(|at| self.is_over(at, found.at));
        let clients = &self.config.clients;
        let counts = clients.is_empty() || clients.iter().any(|client| client == found.client);
        if !self.config.from_mail || is_old || !counts {
            return;
        }
        for symbol in found.symbols {
            if self.heard.len() == WORRIES_MAX {
                self.heard.pop_front();
            }
            self.heard.push_back(Worry {
                at: found.at,
                symbol: *symbol,
                mail: found.mail.to_owned(),
                words: format!("{intent} by {}", found.client),
            });
        }
    }

    fn is_over(&self, then: Timestamp, now: Timestamp) -> bool {
        now.since(then) > SignedDuration::from_hours(self.config.hours.into())
    }

    /// What is to be done about a decision on a stock; nothing where nobody worries.
    pub fn about(&self, symbol: Symbol, now: Timestamp) -> Option<Caution> {
        let newest = self.heard.iter().rev();
        let mut counting =
            newest.filter(|worry| worry.symbol == symbol && !self.is_over(worry.at, now));
        let first = counting.next()?;
        let mails: Vec<String> = std::iter::once(first)
            .chain(counting)
            .take(MAILS_MAX)
            .map(|it| it.mail.clone())
            .collect();
        let rest = match mails.len() {
            1 => String::new(),
            many => format!(" and {} more", many - 1),
        };
        Some(Caution {
            size_factor: self.config.size_factor,
            asks_human: self.config.asks_human,
            mails,
            reason: format!("{}{rest}", first.words),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on() -> CautionConfig {
        CautionConfig { from_mail: true, ..CautionConfig::default() }
    }

    /// Hears one mail of `client` about AAPL at hour 100, written `age` hours before, and
    /// asks at hour `now`.
    #[track_caller]
    fn check(config: CautionConfig, intent: &str, (age, now): (i64, i64), counts: bool) {
        let hour = |hour: i64| Timestamp::from_seconds(hour * 3_600);
        let mut worries = Worries::new(config);
        worries.hear(&Finding {
            at: hour(100),
            written_at: Some(hour(100 - age)),
            mail: "1@x",
            client: "bo@x.com",
            symbols: &[Symbol::new("AAPL").unwrap()],
            intents: &[intent.to_owned()],
        });
        let about = |symbol| worries.about(Symbol::new(symbol).unwrap(), hour(now));
        assert_eq!(about("AAPL").is_some(), counts, "{intent} {age} {now}");
        assert_eq!(about("MSFT"), None, "another stock");
    }

    #[test]
    fn only_a_fresh_worry_of_somebody_who_counts_is_one() {
        check(on(), "concern", (0, 100), true);
        check(on(), "sell", (71, 171), true);
        check(on(), "sell", (0, 173), false);
        check(on(), "sell", (73, 100), false);
        check(on(), "not-sell", (0, 100), false);
        check(on(), "buy", (0, 100), false);
        check(CautionConfig::default(), "concern", (0, 100), false);
        let of = |client: &str| CautionConfig { clients: vec![client.to_owned()], ..on() };
        check(of("bo@x.com"), "concern", (0, 100), true);
        check(of("cy@x.com"), "concern", (0, 100), false);
    }

    #[test]
    fn a_factor_that_would_make_orders_larger_is_refused() {
        for bad in [dec!(1.01), dec!(-0.1)] {
            assert!(CautionConfig { size_factor: bad, ..on() }.validate().is_err(), "{bad}");
        }
        assert!(CautionConfig { hours: 0, ..on() }.validate().is_err());
        assert_eq!(on().validate(), Ok(()));
    }
}
