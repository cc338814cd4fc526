//! What an instance says of itself to those who look on from elsewhere: what the journal
//! does not say and the read model needs.
//!
//! It lies beside the stream as one JSON document. What the read model makes of it is
//! [`view`](crate::view)'s business.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::calendar::MarketHours;
use crate::domain::money::{Money, Qty};
use crate::risk::AccountMode;
use crate::view::{Precautions, Setup};

/// An instance in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) mode: AccountMode,
    account: String,
    opening_cash: Money,
    hours: MarketHours,
    breakers: Vec<String>,
    speed: u32,
    max_shares: Qty,
    max_cost: Money,
    max_off_last: Decimal,
    repeat_seconds: u32,
}

impl About {
    pub(super) fn new(mode: AccountMode, setup: &Setup) -> Self {
        let precautions = &setup.precautions;
        Self {
            mode,
            account: setup.account.clone(),
            opening_cash: setup.opening_cash,
            hours: setup.hours,
            breakers: setup.breakers.clone(),
            speed: setup.speed,
            max_shares: precautions.max_shares,
            max_cost: precautions.max_cost,
            max_off_last: precautions.max_off_last,
            repeat_seconds: precautions.repeat_seconds,
        }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("plain values can be written")
    }

    pub(super) fn setup(self) -> Setup {
        Setup {
            account: self.account,
            opening_cash: self.opening_cash,
            hours: self.hours,
            breakers: self.breakers,
            speed: self.speed,
            precautions: Precautions {
                max_shares: self.max_shares,
                max_cost: self.max_cost,
                max_off_last: self.max_off_last,
                repeat_seconds: self.repeat_seconds,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_reads_back_as_it_was_meant() {
        let setup = Setup {
            account: "PA3FL7QX91".into(),
            opening_cash: Money::from_cents(10_000_050),
            hours: MarketHours::NewYork,
            breakers: vec!["alpaca.paper.orders".into()],
            speed: 60,
            precautions: Precautions::default(),
        };
        let about = About::new(AccountMode::Paper, &setup);
        let read: About = serde_json::from_str(&about.text()).unwrap();
        assert_eq!(read, about);
        assert_eq!(read.setup(), setup);
    }
}
