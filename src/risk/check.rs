//! What a rule says: value, limit, passed or not; and a refusal made of them.
//!
//! The table below is the catalogue of rule names: the name on the wire, the
//! control it implements, the unit of its numbers and the sentence that a human
//! reads when it refuses. How a rule is computed is in the rules' folder.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::time::Timestamp;

/// What the numbers of a check count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// US dollars.
    Dollars,
    /// US dollars per share.
    Price,
    /// Shares.
    Shares,
    /// A plain ratio, 0.2 = 20 %.
    Ratio,
    /// Seconds.
    Seconds,
    /// Things.
    Count,
    /// 1 when something forbidden holds, 0 when not; the limit is 0.
    Flag,
}

/// Declares the rule names, each with wire name, control, unit and sentence.
macro_rules! rule_names {
    ($($name:ident $wire:literal $control:expr, $unit:ident, $about:literal;)+) => {
        /// The name of a rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum RuleName {
            $(#[doc = $about] #[serde(rename = $wire)] $name,)+
        }

        impl RuleName {
            /// Every rule name, in the order in which rules are judged.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name on the wire, in configuration and on the screen.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ }
            }

            /// The control that the rule implements, such as "C02"; none for rules
            /// that are the house's own.
            pub const fn control(self) -> Option<&'static str> {
                match self { $(Self::$name => $control,)+ }
            }

            /// What value and limit count.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$name => Unit::$unit,)+ }
            }

            /// What the rule demands, as a sentence.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)+ }
            }
        }
    };
}

rule_names! {
    AccountIdentity "account_identity" Some("C15"), Flag, "Mode and account must be the configured ones.";
    TradingState "trading_state" None, Flag, "Trading must be in a state that lets entries through.";
    IntentUsed "intent_used" Some("C06"), Flag, "An intent is used once, for ever.";
    StrategyEnabled "strategy_enabled" Some("C08"), Flag, "The strategy must not be disabled.";
    StrategyOrders "max_strategy_orders" Some("C08"), Count, "A strategy sends so many orders in its window and no more.";
    DuplicateOrder "duplicate_order" Some("C06"), Count, "The same order again inside the window is a duplicate.";
    EntryQuantity "entry_quantity" Some("C07"), Shares, "Entries of an intent together stay within its quantity.";
    EntryDirection "entry_direction" Some("C07"), Flag, "An entry must not close or turn a position.";
    Restricted "restricted" Some("C12"), Flag, "The stock must not be on the restricted list.";
    Tradable "tradable" Some("C12"), Flag, "The broker must offer the stock for trading.";
    SymbolInDoubt "symbol_in_doubt" Some("C25"), Flag, "No order in the stock may be unknown, and broker and journal must agree about it.";
    Halted "halted" Some("C12"), Flag, "The stock must not be halted or paused.";
    AllowShort "allow_short" None, Flag, "Short entries must be allowed.";
    Shortable "shortable" Some("C12"), Flag, "A stock sold short must be shortable and easy to borrow.";
    ShortSaleRestricted "short_sale_restricted" Some("C12"), Flag, "No short entry under a short sale restriction.";
    WholeShares "whole_shares" Some("C12"), Flag, "Parts of a share need permission, a stock that allows it and a simple order.";
    Session "session" Some("C13"), Flag, "Entries go in the regular session, or in extended hours where allowed and marked.";
    EntryCutoff "entry_cutoff_minutes" Some("C13"), Seconds, "Entries need so much time before the close.";
    ExtendedHoursLimit "extended_hours_limit" Some("C13"), Flag, "Extended hours need a limit order.";
    ReferenceAge "max_reference_age_seconds" Some("C05"), Seconds, "The reference price must be known and fresh.";
    QuoteAge "max_quote_age_seconds" Some("C11"), Seconds, "The quote must be known and fresh.";
    QuoteCrossed "quote_crossed" Some("C11"), Flag, "The bid must not be above the ask.";
    QuoteLocked "max_locked_seconds" Some("C11"), Seconds, "Bid and ask must not have been equal for long.";
    PriceJump "max_price_jump" Some("C11"), Ratio, "A large move needs a second source.";
    DataSuspect "data_suspect" Some("C11"), Flag, "The market data must not be under suspicion.";
    Collar "max_collar" Some("C05"), Ratio, "The limit price must lie near the reference.";
    PriceBand "price_band" Some("C05"), Flag, "The order must not go outside its limit-up/limit-down band.";
    MarketOrderQuote "market_order_quote" Some("C05"), Flag, "A market order needs a fresh quote.";
    MarketOrderSpread "max_market_spread" Some("C05"), Ratio, "A market order needs a narrow spread.";
    MarketOrderSession "market_order_session" Some("C05"), Flag, "A market order goes in the regular session only.";
    SelfMatch "self_match" Some("C14"), Flag, "An entry must not cross an own resting order.";
    PriceIncrement "enforce_increments" None, Flag, "Prices must lie on the venue's increment.";
    StopSide "stop_side" Some("C10"), Flag, "A protective stop is required, below a long entry, above a short one.";
    MaxStopDistance "max_stop_distance" Some("C10"), Price, "The stop must not be too far from the entry.";
    MinStopDistance "min_stop_distance" Some("C10"), Price, "The stop must not be too near to the entry.";
    AttachedExits "attached_exits" Some("C10"), Flag, "Exits attached to the order must be the planned ones.";
    TradeRisk "max_trade_risk" Some("C10"), Dollars, "The loss at the stop must be within the risk budget.";
    RewardRisk "min_reward_risk" None, Ratio, "The reward must be worth the risk.";
    MinShares "min_shares" None, Shares, "The limits must leave room for something to trade.";
    MaxShares "max_shares" Some("C02"), Shares, "One order has so many shares and no more.";
    PositionValue "max_position_value" Some("C02"), Dollars, "Position, working entries and order of a symbol are worth so much and no more.";
    EquityFraction "max_equity_fraction" Some("C02"), Dollars, "Position, working entries and order stay within their part of equity.";
    CashFraction "min_cash_fraction" Some("C16"), Dollars, "So much of equity stays in cash after the trade.";
    BuyingPower "buying_power" Some("C16"), Dollars, "Buying power without own reservations must cover the order.";
    GrossExposure "max_gross_exposure" Some("C03"), Dollars, "Gross exposure with working entries stays within its limit.";
    NetExposure "max_net_exposure" Some("C03"), Dollars, "Net exposure with working entries stays within its limit.";
    OpenPositions "max_open_positions" None, Count, "So many positions and no more.";
    Drawdown "max_drawdown" Some("C04"), Dollars, "Equity must not have fallen too far from its peak.";
    DailyLoss "max_daily_loss" Some("C04"), Dollars, "The day's loss with all risk to stops stays within its limit.";
    WeeklyLoss "max_weekly_loss" Some("C04"), Dollars, "The week's loss with all risk to stops stays within its limit.";
    ExitQuantity "exit_quantity" Some("C07"), Shares, "Exits together never exceed the position.";
    ExitStop "exit_stop" Some("C10"), Flag, "Protection needs a stop on the losing side of its target.";
    ExitShape "exit_shape" None, Flag, "An exit is a simple order or an OCO of limit and stop, each price on its increment.";
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One rule's answer, kept for the decision record whether it passed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Which rule; knows its control and unit.
    pub rule: RuleName,
    /// What was measured, in the rule's unit; absent when it is not known (then
    /// the rule refuses) or does not apply (then it passes).
    #[serde(with = "crate::domain::ratio::option")]
    pub value: Option<Decimal>,
    /// What is allowed, in the same unit.
    #[serde(with = "crate::domain::ratio")]
    pub limit: Decimal,
    /// Whether the rule lets the order through.
    pub passed: bool,
}

/// A refusal: the first rule that refused, and every rule's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// The first rule that refused.
    pub rule: RuleName,
    /// What it measured; absent when that was not known.
    #[serde(with = "crate::domain::ratio::option")]
    pub value: Option<Decimal>,
    /// What it allows.
    #[serde(with = "crate::domain::ratio")]
    pub limit: Decimal,
    /// The refusal as a sentence for a human.
    pub explanation: String,
    /// The answers of all rules.
    pub checks: Vec<Check>,
    /// When it was refused.
    pub at: Timestamp,
}

impl Denial {
    /// Makes the refusal for the first check that did not pass, `None` when all
    /// passed.
    pub(crate) fn of(
        (trade_id, symbol, at): (&TradeId, Symbol, Timestamp),
        checks: &[Check],
    ) -> Option<Box<Self>> {
        let first = checks.iter().find(|check| !check.passed)?;
        Some(Box::new(Self {
            trade_id: trade_id.clone(),
            symbol,
            rule: first.rule,
            value: first.value,
            limit: first.limit,
            explanation: first.to_string(),
            checks: checks.to_vec(),
            at,
        }))
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explanation)
    }
}

impl fmt::Display for Check {
    /// Writes rule, demand, value and limit, each number in its unit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.rule.unit();
        write!(f, "{}: {}", self.rule, self.rule.about())?;
        if unit == Unit::Flag {
            return Ok(());
        }
        match self.value {
            Some(value) => {
                write!(f, " Value {}, limit {}", shown(value, unit), shown(self.limit, unit))
            }
            None => write!(f, " Value not known, limit {}", shown(self.limit, unit)),
        }
    }
}

fn shown(number: Decimal, unit: Unit) -> String {
    match unit {
        Unit::Dollars => format!("${number:.2}"),
        Unit::Price => format!("${}", number.normalize()),
        Unit::Ratio => number.round_dp(4).normalize().to_string(),
        Unit::Seconds => format!("{} s", number.normalize()),
        Unit::Shares | Unit::Count | Unit::Flag => number.normalize().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;

    #[test]
    fn every_rule_has_its_own_wire_name_and_keeps_it_in_json() {
        let mut names: Vec<&str> = RuleName::ALL.iter().map(|rule| rule.name()).collect();
        for rule in RuleName::ALL {
            let json = serde_json::to_string(rule).unwrap();
            assert_eq!(json, format!("\"{rule}\""));
            assert_eq!(serde_json::from_str::<RuleName>(&json).unwrap(), *rule);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RuleName::ALL.len());
    }

    #[test]
    fn a_refusal_names_rule_value_and_limit() {
        let check = Check {
            rule: RuleName::PositionValue,
            value: Some(dec!(1053)),
            limit: dec!(1000),
            passed: false,
        };
        assert_eq!(
            check.to_string(),
            "max_position_value: Position, working entries and order of a symbol are worth so \
             much and no more. Value $1053.00, limit $1000.00"
        );
    }
}
