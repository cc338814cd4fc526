//! A rule's answer and the arithmetic of a size, as a human reads them.
//!
//! Copies of what the rules said, in words and numbers; nothing is computed again.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::money::{Money, Price, Qty};
use crate::events::{LimitExceeded, SizeCalculated};
use crate::view::names::Unit;
use crate::view::text::wire_text;

/// Most rules that are kept of one judgement; the catalogue has fifty.
pub(in crate::view) const CHECKS_MAX: usize = 100;

/// One rule's answer: value versus limit versus verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckLine {
    /// The rule's name on the wire and in configuration.
    pub rule: &'static str,
    /// The control that it implements, such as "C02".
    pub control: Option<&'static str>,
    /// What it demands, as a sentence.
    pub about: &'static str,
    /// What value and limit count.
    pub unit: Unit,
    /// What was measured; absent when it is not known or does not apply.
    #[serde(with = "crate::domain::ratio::option")]
    pub value: Option<Decimal>,
    /// What is allowed.
    #[serde(with = "crate::domain::ratio")]
    pub limit: Decimal,
    /// Whether the rule lets the order through.
    pub passed: bool,
}

impl CheckLine {
    /// Returns value ÷ limit, the part of the limit that is used, where that means
    /// something: both are known, above zero, and the rule is no yes or no.
    pub fn used(&self) -> Option<Decimal> {
        if self.unit == Unit::Flag || self.limit <= Decimal::ZERO {
            return None;
        }
        self.value?.checked_div(self.limit).map(|used| used.round_dp(4))
    }

    /// Returns the value as text in its unit; `-` when it is not known.
    pub fn value_text(&self) -> String {
        self.value.map_or_else(|| "-".to_owned(), |value| self.in_unit(value))
    }

    /// Returns the limit as text in its unit.
    pub fn limit_text(&self) -> String {
        self.in_unit(self.limit)
    }

    fn in_unit(&self, number: Decimal) -> String {
        match self.unit {
            Unit::Dollars => format!("${number:.2}"),
            Unit::Price => format!("${}", number.normalize()),
            Unit::Ratio => number.round_dp(4).normalize().to_string(),
            Unit::Seconds => format!("{} s", number.round_dp(3).normalize()),
            Unit::Shares | Unit::Count => number.normalize().to_string(),
            Unit::Flag => if number.is_zero() { "no" } else { "yes" }.to_owned(),
        }
    }
}

/// Copies the answers of rules: their own type belongs to the rules, so it is not
/// named here, and a macro reads its fields.
macro_rules! check_lines {
    ($checks:expr) => {
        $checks
            .iter()
            .take($crate::view::checks::CHECKS_MAX)
            .map(|check| $crate::view::checks::CheckLine {
                rule: check.rule.name(),
                control: check.rule.control(),
                about: check.rule.about(),
                unit: $crate::view::names::Unit::of(&format!("{:?}", check.rule.unit()))
                    .unwrap_or($crate::view::names::Unit::Count),
                value: check.value,
                limit: check.limit,
                passed: check.passed,
            })
            .collect::<std::sync::Arc<[$crate::view::checks::CheckLine]>>()
    };
}
pub(in crate::view) use check_lines;

/// A refusal by a rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusalLine {
    /// The rule that refused.
    pub rule: &'static str,
    /// In words, with the numbers.
    pub explanation: Box<str>,
}

impl RefusalLine {
    pub(in crate::view) fn of(refused: &LimitExceeded) -> Self {
        Self {
            rule: refused.rule.name(),
            explanation: crate::view::text::clean_text(
                &refused.explanation,
                crate::view::text::TEXT_MAX,
            ),
        }
    }
}

/// One amount that bounds a size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CapLine {
    /// Which bound, by its name on the wire.
    pub name: Box<str>,
    /// What it leaves, in dollars.
    pub amount: Money,
}

/// The arithmetic of one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SizeLine {
    /// Every cap in dollars.
    pub caps: Box<[CapLine]>,
    /// Which bound decided the size.
    pub bound_by: Box<str>,
    /// Consensus × size scale as it was used, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub weight: Decimal,
    /// Smallest cap × weight, in dollars.
    pub budget: Money,
    /// Highest price of the order, dollars per share.
    pub price: Price,
    /// Whole shares; zero when there is no room.
    pub quantity: Qty,
    /// Quantity × price, in dollars.
    pub value: Money,
}

impl SizeLine {
    pub(in crate::view) fn of(calculated: &SizeCalculated) -> Self {
        let size = &calculated.size;
        let cap = |name: Box<str>, amount| CapLine { name, amount };
        Self {
            caps: size
                .caps
                .iter()
                .take(CHECKS_MAX)
                .map(|bound| cap(wire_text(&bound.name), bound.amount))
                .collect(),
            bound_by: wire_text(&size.bound_by),
            weight: size.weight,
            budget: size.budget,
            price: size.price,
            quantity: size.quantity,
            value: size.value,
        }
    }
}
