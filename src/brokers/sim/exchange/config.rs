//! What can be set at a simulated exchange.
//!
//! Plain values without behaviour; what they do is in `matching` and `checks`.

use serde::{Deserialize, Serialize};

use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::Side;

/// Basis points in one.
const BASIS_POINTS: i128 = 10_000;

/// Everything an exchange needs to know at its start.
#[derive(Debug, Clone)]
pub struct ExchangeConfig {
    /// Cash in the account at the start.
    pub opening_cash: Money,
    /// How often equity may be spent.
    pub multiplier: Multiplier,
    /// Whether the account may sell short at all.
    pub shorting_enabled: bool,
    /// Whether prices finer than the increment of SEC Rule 612 are refused.
    pub enforce_increments: bool,
    /// How orders execute.
    pub fill: FillModel,
    /// What an execution costs.
    pub fees: Fees,
    /// How far above the market an order without a limit is priced for the check
    /// of buying power, in basis points (Alpaca: 250 to 400).
    pub market_buffer_bps: u32,
    /// Flags of single stocks; the others have those of `unlisted`.
    pub assets: Vec<(Symbol, AssetFlags)>,
    /// Flags of every stock not named in `assets`; `None` makes them unknown.
    pub unlisted: Option<AssetFlags>,
    /// How many finished orders stay readable, the newest ones.
    pub keep_finished: usize,
    /// Goes into every id, so that two exchanges in one process never share one.
    pub venue: u32,
}

impl Default for ExchangeConfig {
    /// Alpaca's paper account: 100 000 dollars, Reg T margin, shorting allowed,
    /// whole fills, no fees.
    fn default() -> Self {
        Self {
            opening_cash: Money::from_dollars(100_000),
            multiplier: Multiplier::RegT,
            shorting_enabled: true,
            enforce_increments: true,
            fill: FillModel::default(),
            fees: Fees::default(),
            market_buffer_bps: 300,
            assets: Vec::new(),
            unlisted: Some(AssetFlags::default()),
            keep_finished: 10_000,
            venue: 0x51a0_0001,
        }
    }
}

/// How often equity may be spent. Buying power is multiplier × equity − gross
/// exposure − reservations, and for [`Multiplier::Cash`] cash − reservations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Multiplier {
    /// Once: no borrowing and no short sales.
    Cash,
    /// Twice: Regulation T.
    #[default]
    RegT,
    /// Four times: intraday margin.
    Intraday,
}

impl Multiplier {
    /// Returns the number.
    pub const fn times(self) -> i128 {
        match self {
            Self::Cash => 1,
            Self::RegT => 2,
            Self::Intraday => 4,
        }
    }
}

/// How orders execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FillModel {
    /// When an order that can execute at once does so while only bars are fed.
    /// With quotes it always executes at once at the far side.
    pub market_fill: MarketFill,
    /// How far market and stop orders execute beyond the price, in basis points.
    pub slippage_bps: u32,
    /// How much of an order executes at once.
    pub partials: Partials,
}

/// When a marketable order executes while only bars are fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketFill {
    /// At once, at the last close.
    #[default]
    Last,
    /// At the open of the next bar.
    NextOpen,
}

/// How much of an order executes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Partials {
    /// All of it.
    #[default]
    Never,
    /// At most the size of the quote's side, or of the tick; bars set no limit.
    Displayed,
    /// At most this percentage of a bar's volume; quotes and ticks as
    /// [`Partials::Displayed`].
    VolumeShare {
        /// 1 to 100.
        percent: u32,
    },
    /// Alpaca's paper model: some executions are a random part of the order.
    Random {
        /// How many of a hundred executions are partial.
        percent: u32,
        /// Seed of the draws.
        seed: u64,
    },
}

/// What an execution costs; each fee is rounded half to even to the cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fees {
    /// Once per order, with its first execution.
    pub per_order: Money,
    /// Per share executed.
    pub per_share: Option<Price>,
    /// Per dollar executed, in basis points.
    pub basis_points: u32,
}

impl Fees {
    /// Returns the fee of one execution.
    pub(super) fn of(&self, is_first: bool, qty: Qty, price: Price) -> Money {
        if *self == Self::default() {
            return Money::ZERO;
        }
        let once = if is_first { self.per_order } else { Money::ZERO };
        let shares = self.per_share.map_or(Money::ZERO, |fee| fee.times(qty));
        let value = price.times(qty).units() * i128::from(self.basis_points) / BASIS_POINTS;
        (once + shares + Money::from_units(value)).round_to_cents()
    }
}

/// Moves a price by a number of basis points, away from whoever buys or sells
/// on `side`; `None` when the result is not a legal price.
pub(super) fn moved_against(price: Price, side: Side, basis_points: u32) -> Option<Price> {
    let part = i128::from(price.units()) * i128::from(basis_points) / BASIS_POINTS;
    match side {
        Side::Buy => price.plus(Money::from_units(part)),
        Side::Sell => price.plus(Money::from_units(-part)),
    }
}

/// What a broker allows in one stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetFlags {
    /// Whether parts of a share may be ordered.
    pub fractionable: bool,
    /// Whether it can be borrowed for short sales.
    pub borrow: Borrow,
}

impl Default for AssetFlags {
    fn default() -> Self {
        Self { fractionable: true, borrow: Borrow::Easy }
    }
}

/// Whether a stock can be borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Borrow {
    /// Not at all: no short sales.
    No,
    /// With difficulty: day orders only.
    Hard,
    /// Easily.
    Easy,
}
