//! How many shares an entry gets.
//!
//! Quantity = ⌊ smallest cap × weight ÷ highest price of the order ⌋ in whole
//! shares, where the caps are amounts in dollars and the weight is consensus ×
//! size scale. The whole arithmetic is returned, so that the decision record can
//! show it. A size is no permission: the rules judge it like any other.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::money::{Money, Price, Qty};
use crate::risk::conduct::Conduct;
use crate::risk::limits::Limits;
use crate::risk::question::{AccountView, EntryIntent, SymbolView};

/// What bounds a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapName {
    /// The most that one symbol may be worth.
    MaxPositionValue,
    /// The part of equity that one position may take.
    MaxEquityFraction,
    /// The cash above the part that must stay.
    MinCashFraction,
    /// The buying power without own reservations.
    BuyingPower,
    /// The most shares of one order.
    MaxShares,
    /// The shares that the intent asks for.
    IntentQuantity,
    /// The first entries are held to one share.
    FirstTrades,
}

/// One amount that bounds a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Which bound.
    pub name: CapName,
    /// What it leaves, in dollars, never negative.
    pub amount: Money,
}

/// The arithmetic of one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeRecord {
    /// Every cap in dollars, in the order of their names.
    pub caps: Vec<Cap>,
    /// Which bound decided the size.
    pub bound_by: CapName,
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

/// Computes the size of an entry.
pub fn size(
    intent: &EntryIntent,
    limits: &Limits,
    account: &AccountView,
    symbol: &SymbolView,
    conduct: &Conduct,
) -> SizeRecord {
    let caps = dollar_caps(intent, limits, account, symbol);
    let held_back = Cap { name: CapName::MaxPositionValue, amount: Money::ZERO };
    let tightest = caps.iter().copied().min_by_key(|cap| cap.amount).unwrap_or(held_back);
    let weight = weight(intent, limits);
    let budget = floor_scaled(tightest.amount, weight);
    let price = intent.price_highest();
    let by_value = budget.whole_shares_at(price);
    let (quantity, bound_by) = share_caps(intent, limits, conduct).into_iter().flatten().fold(
        (by_value, tightest.name),
        |(qty, name), (cap, cap_name)| {
            if cap < qty { (cap, cap_name) } else { (qty, name) }
        },
    );
    SizeRecord { caps, bound_by, weight, budget, price, quantity, value: price.times(quantity) }
}

fn dollar_caps(
    intent: &EntryIntent,
    limits: &Limits,
    account: &AccountView,
    symbol: &SymbolView,
) -> Vec<Cap> {
    let held = symbol.value_held();
    let cash_kept = account.equity.scaled(limits.min_cash_fraction);
    let mut caps = vec![
        (CapName::MaxPositionValue, limits.max_position_value_for(intent) - held),
        (CapName::MaxEquityFraction, account.equity.scaled(limits.max_equity_fraction) - held),
    ];
    if !limits.min_cash_fraction.is_zero() {
        caps.push((CapName::MinCashFraction, account.cash_uncommitted() - cash_kept));
    }
    if limits.check_buying_power {
        caps.push((CapName::BuyingPower, account.buying_power_free()));
    }
    let cap = |(name, amount): (CapName, Money)| Cap { name, amount: amount.max(Money::ZERO) };
    caps.into_iter().map(cap).collect()
}

fn share_caps(
    intent: &EntryIntent,
    limits: &Limits,
    conduct: &Conduct,
) -> [Option<(Qty, CapName)>; 3] {
    let shares = |count: u64| Qty::shares(count).unwrap_or(Qty::MAX);
    let first = conduct.entries_approved() < u64::from(limits.first_trades_at_minimum);
    let wanted = intent.quantity.map(|wanted| shares(wanted.floor_shares()));
    [
        Some((shares(limits.max_shares), CapName::MaxShares)),
        wanted.map(|wanted| (wanted, CapName::IntentQuantity)),
        first.then_some((shares(1), CapName::FirstTrades)),
    ]
}

/// Both factors are held to 0..=1, so that no opinion can lift a limit.
fn weight(intent: &EntryIntent, limits: &Limits) -> Decimal {
    let share = |ratio: Decimal| ratio.clamp(Decimal::ZERO, Decimal::ONE);
    let consensus = if limits.weigh_by_consensus { share(intent.consensus) } else { Decimal::ONE };
    let product = consensus.checked_mul(share(intent.size_scale));
    product.unwrap_or(Decimal::ZERO)
}

/// A part of an amount, never more than the amount itself.
fn floor_scaled(amount: Money, part: Decimal) -> Money {
    amount.scaled(part).min(amount)
}
