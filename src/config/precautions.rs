//! The section about approvals: from where on one is unusual and must be typed.
//!
//! These are no limits of risk. They change what a human is asked, and nothing that a run
//! without one does.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::money::{Money, Qty};
use crate::view;

/// From where on an approval is unusual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Precautions {
    /// More shares than this, 1 to a thousand million.
    pub max_shares: u32,
    /// A cost above this, dollars, above zero.
    #[serde(with = "crate::domain::exact::dollars")]
    pub max_cost: Money,
    /// An entry further from the last price than this fraction of it, 0 to 1.
    #[serde(with = "crate::domain::exact::ratio")]
    pub max_off_last: Decimal,
    /// Another entry of the same stock and side within so many seconds by the wall; 0
    /// never.
    pub repeat_seconds: u32,
}

impl Precautions {
    /// What the read model is told.
    ///
    /// # Panics
    /// Never after [`validate`](Self::validate): so many shares are a quantity.
    pub fn read_model(&self) -> view::Precautions {
        view::Precautions {
            max_shares: Qty::shares(self.max_shares.into()).expect("checked when it was read"),
            max_cost: self.max_cost,
            max_off_last: self.max_off_last,
            repeat_seconds: self.repeat_seconds,
        }
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        if !(1..=1_000_000_000).contains(&self.max_shares) {
            let shares = self.max_shares;
            return Err(format!("max_shares is {shares}, it must lie in 1 to 1000000000"));
        }
        if self.max_cost <= Money::ZERO {
            return Err(format!("max_cost is {}, it must be above zero", self.max_cost));
        }
        if self.max_off_last < Decimal::ZERO || self.max_off_last > Decimal::ONE {
            return Err(format!("max_off_last is {}, it must lie in 0 to 1", self.max_off_last));
        }
        Ok(())
    }
}

impl Default for Precautions {
    /// 1,000 shares, $10,000, 1 % off the last price, twice in 10 s.
    fn default() -> Self {
        Self {
            max_shares: 1_000,
            max_cost: Money::from_dollars(10_000),
            max_off_last: Decimal::new(1, 2),
            repeat_seconds: 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_what_the_read_model_takes_by_itself() {
        assert_eq!(Precautions::default().read_model(), view::Precautions::default());
    }

    #[test]
    fn the_largest_number_that_is_taken_is_a_quantity() {
        let largest = Precautions { max_shares: 1_000_000_000, ..Precautions::default() };
        assert_eq!(largest.validate(), Ok(()));
        assert_eq!(largest.read_model().max_shares, Qty::shares(1_000_000_000).unwrap());
    }
}
