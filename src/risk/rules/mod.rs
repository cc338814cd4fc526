//! The rules: one pure function each, and the tables that say which are asked.
//!
//! A rule measures one thing and compares it with one limit; it never looks at
//! another rule's answer. All rules are always asked, so that the record is
//! complete. To add one: a name in the catalogue of checks, a function in the
//! file of its kind, a line in [`RULES`].

mod account;
mod market;
mod plan;
mod price;
mod reduction;
mod repetition;
mod size;
mod stock;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::domain::money::{Money, Qty};
use crate::risk::check::{Check, RuleName};
use crate::risk::question::{Question, ReductionQuestion};

/// One rule for entries.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name; knows control, unit and sentence.
    pub name: RuleName,
    /// What it measures.
    pub judge: fn(&Question<'_>) -> Measure,
}

/// One rule for exits and protection.
#[derive(Debug, Clone, Copy)]
pub struct ReductionRule {
    /// Its name; knows control, unit and sentence.
    pub name: RuleName,
    /// What it measures.
    pub judge: fn(&ReductionQuestion<'_>) -> Measure,
}

/// Every rule for entries, in the order in which a refusal is reported: who and
/// whether at all, then the stock, the market, the plan, the size, the account.
pub const RULES: &[Rule] = &[
    rule(RuleName::AccountIdentity, account::identity),
    rule(RuleName::TradingState, account::trading_state),
    rule(RuleName::IntentUsed, repetition::intent_used),
    rule(RuleName::StrategyEnabled, repetition::strategy_enabled),
    rule(RuleName::StrategyOrders, repetition::strategy_orders),
    rule(RuleName::DuplicateOrder, repetition::duplicate_order),
    rule(RuleName::EntryQuantity, size::entry_quantity),
    rule(RuleName::EntryDirection, size::entry_direction),
    rule(RuleName::Restricted, stock::restricted),
    rule(RuleName::Tradable, stock::tradable),
    rule(RuleName::SymbolInDoubt, stock::in_doubt),
    rule(RuleName::Halted, stock::halted),
    rule(RuleName::AllowShort, stock::allow_short),
    rule(RuleName::Shortable, stock::shortable),
    rule(RuleName::ShortSaleRestricted, stock::short_sale_restricted),
    rule(RuleName::WholeShares, stock::whole_shares),
    rule(RuleName::Session, stock::session),
    rule(RuleName::EntryCutoff, stock::entry_cutoff),
    rule(RuleName::ExtendedHoursLimit, stock::extended_hours_limit),
    rule(RuleName::ReferenceAge, market::reference_age),
    rule(RuleName::QuoteAge, market::quote_age),
    rule(RuleName::QuoteCrossed, market::quote_crossed),
    rule(RuleName::QuoteLocked, market::quote_locked),
    rule(RuleName::PriceJump, market::price_jump),
    rule(RuleName::DataSuspect, market::data_suspect),
    rule(RuleName::Collar, price::collar),
    rule(RuleName::PriceBand, price::price_band),
    rule(RuleName::MarketOrderQuote, price::market_order_quote),
    rule(RuleName::MarketOrderSpread, price::market_order_spread),
    rule(RuleName::MarketOrderSession, price::market_order_session),
    rule(RuleName::SelfMatch, price::self_match),
    rule(RuleName::PriceIncrement, price::price_increment),
    rule(RuleName::StopSide, plan::stop_side),
    rule(RuleName::MaxStopDistance, plan::max_stop_distance),
    rule(RuleName::MinStopDistance, plan::min_stop_distance),
    rule(RuleName::AttachedExits, plan::attached_exits),
    rule(RuleName::TradeRisk, plan::trade_risk),
    rule(RuleName::RewardRisk, plan::reward_risk),
    rule(RuleName::MinShares, size::min_shares),
    rule(RuleName::MaxShares, size::max_shares),
    rule(RuleName::PositionValue, size::position_value),
    rule(RuleName::EquityFraction, size::equity_fraction),
    rule(RuleName::CashFraction, account::cash_fraction),
    rule(RuleName::BuyingPower, account::buying_power),
    rule(RuleName::GrossExposure, account::gross_exposure),
    rule(RuleName::NetExposure, account::net_exposure),
    rule(RuleName::OpenPositions, account::open_positions),
    rule(RuleName::Drawdown, account::drawdown),
    rule(RuleName::DailyLoss, account::daily_loss),
    rule(RuleName::WeeklyLoss, account::weekly_loss),
];

/// Every rule for exits and protection. They are few on purpose: what reduces
/// risk is not held up by limits on risk.
pub const REDUCTION_RULES: &[ReductionRule] = &[
    reduction_rule(RuleName::AccountIdentity, reduction::identity),
    reduction_rule(RuleName::MinShares, reduction::min_shares),
    reduction_rule(RuleName::ExitQuantity, reduction::exit_quantity),
    reduction_rule(RuleName::ExitStop, reduction::exit_stop),
    reduction_rule(RuleName::ExitShape, reduction::exit_shape),
];

const fn rule(name: RuleName, judge: fn(&Question<'_>) -> Measure) -> Rule {
    Rule { name, judge }
}

const fn reduction_rule(
    name: RuleName,
    judge: fn(&ReductionQuestion<'_>) -> Measure,
) -> ReductionRule {
    ReductionRule { name, judge }
}

impl Rule {
    /// Asks the rule.
    pub fn check(&self, question: &Question<'_>) -> Check {
        (self.judge)(question).named(self.name)
    }
}

impl ReductionRule {
    /// Asks the rule.
    pub fn check(&self, question: &ReductionQuestion<'_>) -> Check {
        (self.judge)(question).named(self.name)
    }
}

/// A value beside its limit. A value equal to its limit passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// What was measured, absent when not known or not applicable.
    pub value: Option<Decimal>,
    /// What is allowed.
    pub limit: Decimal,
    /// Whether the one is within the other.
    pub passed: bool,
}

impl Measure {
    fn named(self, rule: RuleName) -> Check {
        Check { rule, value: self.value, limit: self.limit, passed: self.passed }
    }

    fn at_most(value: Decimal, limit: Decimal) -> Self {
        Self { value: Some(value), limit, passed: value <= limit }
    }

    fn at_least(value: Decimal, limit: Decimal) -> Self {
        Self { value: Some(value), limit, passed: value >= limit }
    }

    fn money_at_most(value: Money, limit: Money) -> Self {
        Self { value: Some(value.to_decimal()), limit: limit.to_decimal(), passed: value <= limit }
    }

    fn money_at_least(value: Money, limit: Money) -> Self {
        Self { value: Some(value.to_decimal()), limit: limit.to_decimal(), passed: value >= limit }
    }

    fn shares_at_most(value: Qty, limit: Qty) -> Self {
        Self::at_most(value.to_decimal().normalize(), limit.to_decimal().normalize())
    }

    /// Something that must not be.
    fn forbidden(holds: bool) -> Self {
        let value = if holds { Decimal::ONE } else { Decimal::ZERO };
        Self::at_most(value, Decimal::ZERO)
    }

    /// A duration; one that lies in the future by as much is as wrong.
    fn age_at_most(age: SignedDuration, seconds: u32) -> Self {
        Self::at_most(seconds_of(age.abs()), seconds.into())
    }

    /// What a rule must know and does not: refused.
    const fn unknown(limit: Decimal) -> Self {
        Self { value: None, limit, passed: false }
    }

    /// A rule that does not concern this order: passed.
    const fn not_applicable(limit: Decimal) -> Self {
        Self { value: None, limit, passed: true }
    }
}

/// Seconds as a decimal, exact to the nanosecond.
fn seconds_of(duration: SignedDuration) -> Decimal {
    let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    Decimal::new(nanos, 9).normalize()
}
