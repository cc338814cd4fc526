//! The limits under which entries are permitted, as configuration.
//!
//! Defaults are the house's own rules. Each limit can be opened wide or switched
//! off, which says what value does that; the protective stop cannot. Knows
//! nothing of how a limit is applied: see the rules.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};

use crate::domain::exact;
use crate::domain::ids::Symbol;
use crate::domain::money::Money;
use crate::risk::question::EntryIntent;

/// Every number that decides whether an entry is permitted.
///
/// Fractions are plain ratios: 0.2 is 20 %. Ages and windows are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is one switch that a user sets by name")]
pub struct Limits {
    /// Most that position, working entries and order of one symbol may be worth,
    /// in dollars.
    #[serde(with = "exact::dollars")]
    pub max_position_value: Money,
    /// Lower limits of [`Limits::max_position_value`] for some symbols.
    #[serde(with = "exact::dollars_by_key")]
    pub max_position_value_by_symbol: BTreeMap<Symbol, Money>,
    /// Lower limits of [`Limits::max_position_value`] for some strategies.
    #[serde(with = "exact::dollars_by_key")]
    pub max_position_value_by_strategy: BTreeMap<String, Money>,
    /// Most shares of one order.
    pub max_shares: u64,
    /// Largest part of equity in one position, working entries included.
    #[serde(with = "exact::ratio")]
    pub max_equity_fraction: Decimal,
    /// Least part of equity that stays in cash after the trade; 0 switches off.
    #[serde(with = "exact::ratio")]
    pub min_cash_fraction: Decimal,
    /// Whether the order must be covered by buying power.
    pub check_buying_power: bool,
    /// Largest fall of equity from its peak, as a part of the peak; 1 switches off.
    #[serde(with = "exact::ratio")]
    pub max_drawdown: Decimal,
    /// Largest loss of the day, as a part of the equity at its start; open risk
    /// to stops counts as lost.
    #[serde(with = "exact::ratio")]
    pub max_daily_loss: Decimal,
    /// Largest loss of the week, counted in the same way.
    #[serde(with = "exact::ratio")]
    pub max_weekly_loss: Decimal,
    /// Most gross exposure, working entries included, as a multiple of equity.
    #[serde(with = "exact::ratio")]
    pub max_gross_exposure: Decimal,
    /// Most net exposure in either direction, as a multiple of equity.
    #[serde(with = "exact::ratio")]
    pub max_net_exposure: Decimal,
    /// Most positions, working entries counted as positions.
    pub max_open_positions: u32,
    /// Largest distance from entry to stop, as a part of the entry price; one
    /// price increment of rounding is granted on top.
    #[serde(with = "exact::ratio")]
    pub max_stop_distance: Decimal,
    /// Smallest distance from entry to stop, as a part of the entry price.
    #[serde(with = "exact::ratio")]
    pub min_stop_distance: Decimal,
    /// Most that one trade may lose at its stop, as a part of equity.
    #[serde(with = "exact::ratio")]
    pub max_trade_risk: Decimal,
    /// Least reward for a unit of risk; 0 switches off, also the need of a target.
    #[serde(with = "exact::ratio")]
    pub min_reward_risk: Decimal,
    /// Largest distance of a limit price from the reference, as a part of it.
    #[serde(with = "exact::ratio")]
    pub max_collar: Decimal,
    /// Oldest reference price, in seconds.
    pub max_reference_age_seconds: u32,
    /// Widest spread under which a market order may go, as a part of the middle.
    #[serde(with = "exact::ratio")]
    pub max_market_spread: Decimal,
    /// Whether an entry needs a quote (bars alone have none).
    pub require_quote: bool,
    /// Oldest quote, in seconds.
    pub max_quote_age_seconds: u32,
    /// Longest time that bid and ask may have been equal, in seconds.
    pub max_locked_seconds: u32,
    /// Largest move since the price before without a second source, as a part.
    #[serde(with = "exact::ratio")]
    pub max_price_jump: Decimal,
    /// Time in which the same order again is a duplicate, in seconds; 0 switches
    /// off.
    pub duplicate_window_seconds: u32,
    /// How near a price is the same price, as a part of it.
    #[serde(with = "exact::ratio")]
    pub duplicate_price_band: Decimal,
    /// Most orders of one strategy inside its window, at most 1000; reaching it
    /// disables the strategy; 0 switches off.
    pub max_strategy_orders: u32,
    /// That window, in seconds.
    pub strategy_window_seconds: u32,
    /// Losing round trips in a row that disable a strategy; 0 switches off.
    pub max_strategy_losses: u32,
    /// Stocks that are never entered.
    pub restricted: BTreeSet<Symbol>,
    /// Whether short positions may be opened.
    pub allow_short: bool,
    /// Whether parts of a share may be bought where the stock allows it.
    pub allow_fractional: bool,
    /// Whether marked limit orders may enter before the open and after the close.
    pub allow_extended_hours: bool,
    /// No entries in the last minutes before the close; 0 switches off.
    pub entry_cutoff_minutes: u32,
    /// Whether prices must lie on the venue's increment (SEC Rule 612).
    pub enforce_increments: bool,
    /// Whether the size is multiplied by the consensus of the ensemble.
    pub weigh_by_consensus: bool,
    /// How many first entries are held to one share.
    pub first_trades_at_minimum: u32,
    /// How long the approval of an entry can be used, in milliseconds.
    pub approval_ttl_ms: u32,
    /// How long the approval of an exit or of protection can be used, in
    /// milliseconds.
    pub reduction_ttl_ms: u32,
}

/// A limit that is out of its legal range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("risk.{key} = {value} is not allowed: it must be from {low} to {high}")]
pub struct LimitError {
    /// The key in the configuration.
    pub key: &'static str,
    /// What was given.
    pub value: Decimal,
    /// The lowest legal value.
    pub low: Decimal,
    /// The highest legal value.
    pub high: Decimal,
}

/// A thousand million dollars: more than any account here, so no limit at all.
const NO_LIMIT_DOLLARS: i64 = 1_000_000_000;
/// A multiple of equity that no account reaches.
const NO_LIMIT_RATIO: Decimal = dec!(1000);
/// A year of seconds: no age reaches it inside one run.
const NO_LIMIT_SECONDS: u32 = 31_536_000;
/// A thousand million shares, the most a quantity holds.
const NO_LIMIT_SHARES: u64 = 1_000_000_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_position_value: Money::from_dollars(1000),
            max_position_value_by_symbol: BTreeMap::new(),
            max_position_value_by_strategy: BTreeMap::new(),
            max_shares: 10_000,
            max_equity_fraction: dec!(0.20),
            min_cash_fraction: dec!(0.50),
            check_buying_power: true,
            max_drawdown: dec!(0.20),
            max_daily_loss: dec!(0.05),
            max_weekly_loss: dec!(0.10),
            max_gross_exposure: dec!(1),
            max_net_exposure: dec!(1),
            max_open_positions: 50,
            max_stop_distance: dec!(0.05),
            min_stop_distance: dec!(0),
            // A fifth of equity stopped at 5 % loses 1 %; the rest is rounding.
            max_trade_risk: dec!(0.015),
            min_reward_risk: dec!(2.5),
            max_collar: dec!(0.05),
            max_reference_age_seconds: 15,
            max_market_spread: dec!(0.01),
            require_quote: true,
            max_quote_age_seconds: 15,
            max_locked_seconds: 5,
            max_price_jump: dec!(0.10),
            duplicate_window_seconds: 60,
            duplicate_price_band: dec!(0.005),
            max_strategy_orders: 30,
            strategy_window_seconds: 60,
            max_strategy_losses: 8,
            restricted: BTreeSet::new(),
            allow_short: true,
            allow_fractional: false,
            allow_extended_hours: false,
            entry_cutoff_minutes: 10,
            enforce_increments: true,
            weigh_by_consensus: true,
            first_trades_at_minimum: 0,
            approval_ttl_ms: 2_000,
            reduction_ttl_ms: 10_000,
        }
    }
}

impl Limits {
    /// Returns limits that let everything through that has a protective stop on
    /// the right side: for comparing results with systems that have no risk rules.
    pub fn wide() -> Self {
        Self {
            max_position_value: Money::from_dollars(NO_LIMIT_DOLLARS),
            max_shares: NO_LIMIT_SHARES,
            max_equity_fraction: dec!(1),
            min_cash_fraction: dec!(0),
            check_buying_power: false,
            max_drawdown: dec!(1),
            max_daily_loss: NO_LIMIT_RATIO,
            max_weekly_loss: NO_LIMIT_RATIO,
            max_gross_exposure: NO_LIMIT_RATIO,
            max_net_exposure: NO_LIMIT_RATIO,
            max_open_positions: u32::MAX,
            max_stop_distance: NO_LIMIT_RATIO,
            max_trade_risk: NO_LIMIT_RATIO,
            min_reward_risk: dec!(0),
            max_collar: NO_LIMIT_RATIO,
            max_reference_age_seconds: NO_LIMIT_SECONDS,
            max_market_spread: NO_LIMIT_RATIO,
            require_quote: false,
            max_quote_age_seconds: NO_LIMIT_SECONDS,
            max_locked_seconds: NO_LIMIT_SECONDS,
            max_price_jump: NO_LIMIT_RATIO,
            duplicate_window_seconds: 0,
            max_strategy_orders: 0,
            max_strategy_losses: 0,
            entry_cutoff_minutes: 0,
            enforce_increments: false,
            weigh_by_consensus: false,
            ..Self::default()
        }
    }

    /// Checks every number against its legal range.
    ///
    /// # Errors
    /// The first limit out of range, with key, value and range.
    pub fn validate(&self) -> Result<(), LimitError> {
        let dollars_high = Decimal::from(NO_LIMIT_DOLLARS);
        let amounts = [("max_position_value", &self.max_position_value)]
            .into_iter()
            .chain(
                self.max_position_value_by_symbol
                    .values()
                    .map(|amount| ("max_position_value_by_symbol", amount)),
            )
            .chain(
                self.max_position_value_by_strategy
                    .values()
                    .map(|amount| ("max_position_value_by_strategy", amount)),
            );
        for (key, amount) in amounts {
            within(key, amount.to_decimal(), dec!(1), dollars_high)?;
        }
        self.ratio_ranges()
            .into_iter()
            .try_for_each(|(key, value, low, high)| within(key, value, low, high))?;
        self.count_ranges().into_iter().try_for_each(|(key, value, low, high)| {
            within(key, value.into(), low.into(), high.into())
        })
    }

    fn ratio_ranges(&self) -> [(&'static str, Decimal, Decimal, Decimal); 15] {
        let (none, one, high) = (dec!(0), dec!(1), NO_LIMIT_RATIO);
        let little = dec!(0.0001);
        [
            ("max_equity_fraction", self.max_equity_fraction, little, one),
            ("min_cash_fraction", self.min_cash_fraction, none, one),
            ("max_drawdown", self.max_drawdown, little, one),
            ("max_daily_loss", self.max_daily_loss, little, high),
            ("max_weekly_loss", self.max_weekly_loss, little, high),
            ("max_gross_exposure", self.max_gross_exposure, little, high),
            ("max_net_exposure", self.max_net_exposure, little, high),
            ("max_stop_distance", self.max_stop_distance, little, high),
            ("min_stop_distance", self.min_stop_distance, none, self.max_stop_distance),
            ("max_trade_risk", self.max_trade_risk, little, high),
            ("min_reward_risk", self.min_reward_risk, none, high),
            ("max_collar", self.max_collar, little, high),
            ("max_market_spread", self.max_market_spread, little, high),
            ("max_price_jump", self.max_price_jump, little, high),
            ("duplicate_price_band", self.duplicate_price_band, none, one),
        ]
    }

    fn count_ranges(&self) -> [(&'static str, u64, u64, u64); 13] {
        let year = u64::from(NO_LIMIT_SECONDS);
        let day = 86_400;
        let any = u64::from(u32::MAX);
        [
            ("max_shares", self.max_shares, 1, NO_LIMIT_SHARES),
            ("max_open_positions", self.max_open_positions.into(), 1, any),
            ("max_reference_age_seconds", self.max_reference_age_seconds.into(), 1, year),
            ("max_quote_age_seconds", self.max_quote_age_seconds.into(), 1, year),
            ("max_locked_seconds", self.max_locked_seconds.into(), 0, year),
            ("duplicate_window_seconds", self.duplicate_window_seconds.into(), 0, day),
            ("max_strategy_orders", self.max_strategy_orders.into(), 0, 1_000),
            ("strategy_window_seconds", self.strategy_window_seconds.into(), 1, day),
            ("max_strategy_losses", self.max_strategy_losses.into(), 0, 1_000),
            ("entry_cutoff_minutes", self.entry_cutoff_minutes.into(), 0, 390),
            ("first_trades_at_minimum", self.first_trades_at_minimum.into(), 0, 1_000_000),
            ("approval_ttl_ms", self.approval_ttl_ms.into(), 100, 60_000),
            ("reduction_ttl_ms", self.reduction_ttl_ms.into(), 100, 600_000),
        ]
    }

    /// Returns the most that the symbol of an intent may be worth: the lowest of
    /// the general limit, the symbol's and the strategy's.
    pub fn max_position_value_for(&self, intent: &EntryIntent) -> Money {
        let of_symbol = self.max_position_value_by_symbol.get(&intent.symbol);
        let of_strategy = self.max_position_value_by_strategy.get(&*intent.strategy);
        let lower = of_symbol.into_iter().chain(of_strategy).copied();
        lower.fold(self.max_position_value, Money::min)
    }

    /// Returns how long the approval of an entry can be used.
    pub fn approval_ttl(&self) -> SignedDuration {
        SignedDuration::from_millis(self.approval_ttl_ms.into())
    }

    /// Returns how long the approval of an exit or of protection can be used.
    pub fn reduction_ttl(&self) -> SignedDuration {
        SignedDuration::from_millis(self.reduction_ttl_ms.into())
    }
}

fn within(
    key: &'static str,
    value: Decimal,
    low: Decimal,
    high: Decimal,
) -> Result<(), LimitError> {
    if value < low || value > high {
        return Err(LimitError { key, value, low, high });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_exactly_what_the_user_typed() {
        let limits: Limits = toml::from_str(
            "max_equity_fraction = 0.1\nmin_cash_fraction = 1\nmax_drawdown = \"0.15\"\n\
             max_position_value = 2500.55\n[max_position_value_by_symbol]\nGME = 100\n\
             [max_position_value_by_strategy]\nmomentum = 99.99",
        )
        .unwrap();
        assert_eq!(limits.max_equity_fraction, dec!(0.1));
        assert_eq!(limits.min_cash_fraction, dec!(1));
        assert_eq!(limits.max_drawdown, dec!(0.15));
        assert_eq!(limits.max_position_value, Money::from_cents(250_055));
        let gme = Symbol::new("GME").unwrap();
        assert_eq!(limits.max_position_value_by_symbol[&gme], Money::from_dollars(100));
        assert_eq!(limits.max_position_value_by_strategy["momentum"], Money::from_cents(9_999));
    }

    #[test]
    fn limits_survive_being_written_and_read() {
        for limits in [Limits::default(), Limits::wide()] {
            let text = toml::to_string(&limits).unwrap();
            assert_eq!(toml::from_str::<Limits>(&text).unwrap(), limits);
            limits.validate().unwrap();
        }
    }

    #[test]
    fn an_unknown_key_or_a_word_is_refused_by_name() {
        let error = toml::from_str::<Limits>("max_postion_value = 5").unwrap_err();
        assert!(error.to_string().contains("max_postion_value"), "{error}");
        let error = toml::from_str::<Limits>("max_drawdown = \"much\"").unwrap_err();
        assert!(error.to_string().contains("'much'"), "{error}");
        assert!(toml::from_str::<Limits>("max_drawdown = nan").is_err());
    }

    #[test]
    fn a_limit_out_of_range_is_named_with_its_range() {
        let limits = Limits { max_equity_fraction: dec!(1.5), ..Limits::default() };
        assert_eq!(
            limits.validate().unwrap_err().to_string(),
            "risk.max_equity_fraction = 1.5 is not allowed: it must be from 0.0001 to 1"
        );
        let limits = Limits { approval_ttl_ms: 0, ..Limits::default() };
        assert_eq!(limits.validate().unwrap_err().key, "approval_ttl_ms");
        let limits = Limits { max_position_value: Money::ZERO, ..Limits::default() };
        assert_eq!(limits.validate().unwrap_err().key, "max_position_value");
    }
}
