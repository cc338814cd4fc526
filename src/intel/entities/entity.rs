//! What was found in a message: a value, where it stands, and the rule that found it.
//!
//! Knows nothing of how it is found; see [`extractor`](super::extractor).

use std::fmt;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::ids::Symbol;

/// The kinds of entities, in order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// A human being, by name.
    Person,
    /// An e-mail address.
    Address,
    /// A company, listed or not.
    Company,
    /// A ticker of a US exchange.
    Ticker,
    /// An amount in a currency.
    Money,
    /// A percentage.
    Percent,
    /// A day.
    Date,
    /// What the writer is about to do or feels.
    Intent,
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Person,
        Self::Address,
        Self::Company,
        Self::Ticker,
        Self::Money,
        Self::Percent,
        Self::Date,
        Self::Intent,
    ];

    /// Returns the name used in stores and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Address => "address",
            Self::Company => "company",
            Self::Ticker => "ticker",
            Self::Money => "money",
            Self::Percent => "percent",
            Self::Date => "date",
            Self::Intent => "intent",
        }
    }
}

/// The currencies that are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// US dollar.
    Usd,
    /// Euro.
    Eur,
    /// Pound sterling.
    Gbp,
}

impl Currency {
    /// Returns the ISO 4217 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
        }
    }
}

/// What a writer is about to do or feels. A finding, never a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Buying or adding.
    Buy,
    /// Selling, trimming or going short.
    Sell,
    /// Worry or complaint.
    Concern,
    /// Meeting or calling each other.
    Meeting,
}

impl Intent {
    /// Returns the name used in stores and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
            Self::Concern => "concern",
            Self::Meeting => "meeting",
        }
    }
}

/// The value of an entity, normalised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A name as written, given name first, one space between words.
    Person(String),
    /// An address in lower case.
    Address(String),
    /// The name of the symbol table, or the name with its legal suffix.
    Company(String),
    /// A ticker.
    Ticker(Symbol),
    /// An amount, exact.
    Money(Decimal, Currency),
    /// A percentage, exact: 12.5 means 12.5 %.
    Percent(Decimal),
    /// A day in New York.
    Date(Date),
    /// An intent.
    Intent {
        /// Which.
        intent: Intent,
        /// Whether the writer says that it is *not* so ("don't sell").
        is_negated: bool,
    },
}

impl Value {
    /// Returns the kind that the value belongs to.
    pub const fn kind(&self) -> EntityKind {
        match self {
            Self::Person(_) => EntityKind::Person,
            Self::Address(_) => EntityKind::Address,
            Self::Company(_) => EntityKind::Company,
            Self::Ticker(_) => EntityKind::Ticker,
            Self::Money(..) => EntityKind::Money,
            Self::Percent(_) => EntityKind::Percent,
            Self::Date(_) => EntityKind::Date,
            Self::Intent { .. } => EntityKind::Intent,
        }
    }
}

/// The value as one canonical text, such as `1250.5 USD` or `not-sell`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) | Self::Address(name) | Self::Company(name) => f.write_str(name),
            Self::Ticker(symbol) => f.write_str(symbol.as_str()),
            Self::Money(amount, currency) => {
                write!(f, "{} {}", amount.normalize(), currency.code())
            }
            Self::Percent(percent) => write!(f, "{}", percent.normalize()),
            Self::Date(date) => write!(f, "{date}"),
            Self::Intent { intent, is_negated } => {
                write!(f, "{}{}", if *is_negated { "not-" } else { "" }, intent.name())
            }
        }
    }
}

/// The part of a message that an entity stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The sender's name or address; the span covers it whole.
    Sender,
    /// A recipient's name or address; the span covers it whole.
    Recipient,
    /// The subject.
    Subject,
    /// The body without quotes and signature.
    Body,
    /// The signature.
    Signature,
}

/// Where an entity stands: bytes `start..end` of the part's text, on the borders of
/// characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// The part.
    pub part: Part,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entity {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
    /// The name of the rule that found it, as in the table of the folder's page.
    pub rule: &'static str,
}

impl Entity {
    /// Returns the kind of its value.
    pub const fn kind(&self) -> EntityKind {
        self.value.kind()
    }
}
