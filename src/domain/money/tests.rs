//! Exactness of prices, amounts and quantities.

#![expect(clippy::arithmetic_side_effects, reason = "tests fail loudly on overflow")]

use crate::domain::money::{Money, Price, Qty, Rounding};
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::dec;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

#[test]
fn the_golden_numbers_are_exact() {
    let entry = price("175.50");
    assert_eq!(entry.scaled(dec!(0.95), Rounding::Down), Some(price("166.72")));
    assert_eq!(entry.scaled(dec!(1.15), Rounding::Down), Some(price("201.82")));
    let size = Money::from_dollars(1000).whole_shares_at(entry);
    assert_eq!(size, Qty::shares(5).unwrap());
    assert_eq!(entry.times(size).to_string(), "877.50");
    let profit = price("201.82").times(size) - entry.times(size);
    assert_eq!(profit, Money::from_cents(13_160));
}

#[test]
fn text_keeps_at_least_two_places_and_no_noise() {
    for (input, shown) in [
        ("175.5", "175.50"),
        ("0.1234", "0.1234"),
        ("1e2", "100.00"),
        ("105.8988475", "105.8988475"),
    ] {
        assert_eq!(price(input).to_string(), shown);
    }
}

#[test]
fn what_is_not_a_price_is_refused_by_name() {
    for input in ["NaN", "inf", "", "-1", "0", "1e308", "abc", "10000001", "1.2.3", "--4"] {
        let error = input.parse::<Price>().unwrap_err();
        assert!(error.to_string().contains('\''), "{error}");
    }
    assert!("-1".parse::<Qty>().is_err());
    assert!("1000000001".parse::<Qty>().is_err());
}

#[test]
fn json_numbers_are_exact_both_ways() {
    let json = serde_json::to_string(&price("175.50")).unwrap();
    assert_eq!(json, "175.50");
    assert_eq!(serde_json::from_str::<Price>("\"150.0975\"").unwrap(), price("150.0975"));
    assert_eq!(serde_json::from_str::<Money>("-0.07").unwrap(), Money::from_cents(-7));
    assert!(serde_json::from_str::<Price>("true").is_err());
}

#[test]
fn sub_dollar_prices_step_by_a_hundredth_of_a_cent() {
    assert_eq!(price("0.12345").round_to_increment(Rounding::Up), Some(price("0.1235")));
    assert_eq!(price("1.001").round_to_increment(Rounding::Up), Some(price("1.01")));
    assert!(!price("290.123").is_on_increment());
    assert_eq!(price("0.00001").round_to_increment(Rounding::Down), None);
}

proptest! {
    #[test]
    fn price_text_round_trips(units in 1_i64..=Price::MAX.units()) {
        let value = Price::from_units(units).unwrap();
        prop_assert_eq!(value.to_string().parse::<Price>().unwrap(), value);
        let json = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), value);
    }

    #[test]
    fn amounts_read_as_the_decimal_does(units in any::<i128>(), shift in 0_u32..127) {
        let amount = Money::from_units(units >> shift);
        let text = amount.to_string();
        let (whole, places) = text.split_once('.').unwrap();
        prop_assert!((2..=8).contains(&places.len()));
        prop_assert!(places.len() == 2 || !places.ends_with('0'));
        let digits = format!("{whole}{places:0<8}");
        prop_assert_eq!(digits.parse::<i128>().unwrap(), amount.units());
    }

    #[test]
    fn quantity_text_round_trips(units in 0_u64..=Qty::MAX.units()) {
        let value = Qty::from_units(units).unwrap();
        prop_assert_eq!(value.to_string().parse::<Qty>().unwrap(), value);
        prop_assert_eq!(value.to_string(), value.to_decimal().normalize().to_string());
        prop_assert_eq!(serde_json::to_string(&value).unwrap(), value.to_string());
    }

    #[test]
    fn a_cost_split_in_two_adds_up(units in 0_i64..1_000_000_000_000, part in 0_u64..1000, rest in 1_u64..1000) {
        let cost = Money::from_units(i128::from(units));
        let whole = Qty::shares(part + rest).unwrap();
        let first = cost.portion(Qty::shares(part).unwrap(), whole);
        prop_assert!(first <= cost);
        prop_assert_eq!(first + (cost - first), cost);
    }

    #[test]
    fn times_agrees_with_decimal(units in 1_i64..1_000_000_000_000, shares in 0_u64..100_000) {
        let price = Price::from_units(units).unwrap();
        let exact = price.to_decimal() * Decimal::from(shares);
        prop_assert_eq!(price.times(Qty::shares(shares).unwrap()).to_decimal(), exact);
    }
}
