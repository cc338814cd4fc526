//! What the rules are asked: an intent, a size, and views of account and symbol.
//!
//! The views are plain values that the risk agent copies out of its own state,
//! a constant amount of work per decision. They know nothing of where the values
//! come from; what is not known is `None`, and rules refuse what they cannot
//! know.

use std::sync::Arc;

use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::market::{PriceBand, Quote, Session, TradingStatus};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderClass, OrderKind, OrderPurpose, TimeInForce};
use crate::domain::position::{Direction, Position};
use crate::domain::time::Timestamp;
use crate::risk::conduct::Conduct;
use crate::risk::exposure::Totals;
use crate::risk::limits::Limits;
use crate::risk::open_risk::worst_loss;

/// The wish to open a position, before size and permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryIntent {
    /// Which trade; an id is approved once, for ever.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Long or short.
    pub direction: Direction,
    /// What makes the order execute.
    pub kind: OrderKind,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Exits attached to the order; they must be the planned ones.
    pub class: OrderClass,
    /// Whether it may execute before the open and after the close.
    pub extended_hours: bool,
    /// Price at which the position is expected to open, dollars per share.
    pub entry_price: Price,
    /// The protective stop; an entry without one is refused.
    pub stop: Option<Price>,
    /// Where profit is taken.
    pub target: Option<Price>,
    /// Most shares that are wanted; `None` leaves the size to the limits.
    pub quantity: Option<Qty>,
    /// Name of the strategy whose opinion won.
    pub strategy: Arc<str>,
    /// Confidence of the decision, 0 to 1.
    pub confidence: Decimal,
    /// Winning votes ÷ all actionable votes, 0 to 1.
    pub consensus: Decimal,
    /// What the volatility regime makes of the size, 0 to 1.
    pub size_scale: Decimal,
    /// Whether the strategy says that a similar order a moment ago is no reason
    /// against this one.
    pub repeat_allowed: bool,
    /// The moment of the decision.
    pub at: Timestamp,
}

impl EntryIntent {
    /// Returns the highest price of the order: what a share may cost, or how much
    /// one sold short may be worth.
    pub fn price_highest(&self) -> Price {
        let order = self.kind.limit().into_iter().chain(self.kind.stop());
        order.fold(self.entry_price, Price::max)
    }

    /// Returns the lowest price of the order.
    pub fn price_lowest(&self) -> Price {
        let order = self.kind.limit().into_iter().chain(self.kind.stop());
        order.fold(self.entry_price, Price::min)
    }

    /// Returns the worst price at which the position may open: the highest for a
    /// long one, the lowest for a short one.
    pub fn price_worst(&self) -> Price {
        match self.direction {
            Direction::Long => self.price_highest(),
            Direction::Short => self.price_lowest(),
        }
    }
}

/// Whether an account trades real money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountMode {
    /// The embedded market.
    Sim,
    /// A broker's paper account.
    Paper,
    /// Real money.
    Live,
}

/// Which account, in which mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account's id as broker or configuration gives it.
    pub account: Arc<str>,
    /// Its mode.
    pub mode: AccountMode,
}

/// What is known of the account at the moment of the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Cash plus market value of all positions.
    pub equity: Money,
    /// Highest equity so far.
    pub equity_peak: Money,
    /// Cash, proceeds of short sales included.
    pub cash: Money,
    /// Buying power as the broker gives it; `None` lets cash stand for it.
    pub buying_power: Option<Money>,
    /// Equity at the start of the day.
    pub day_start_equity: Money,
    /// Equity at the start of the week.
    pub week_start_equity: Money,
    /// What all positions lose from here if every stop is hit.
    pub open_risk_to_stops: Money,
    /// Sum of the absolute market values of all positions.
    pub gross: Money,
    /// Sum of the market values of all positions, shorts negative.
    pub net: Money,
    /// What entries reserve that are not filled yet.
    pub reserved: Totals,
    /// How many positions are open.
    pub open_positions: u32,
    /// How many entries are on their way or working.
    pub entries_working: u32,
    /// Whether the trading state lets entries through.
    pub entries_allowed: bool,
    /// What the broker says the account is.
    pub identity: Identity,
    /// What the configuration says it must be.
    pub identity_configured: Identity,
}

impl AccountView {
    /// Returns the cash that neither positions nor entries on their way lay claim
    /// to. A short position claims its market value like a long one: proceeds of
    /// short sales are not free cash.
    pub fn cash_uncommitted(&self) -> Money {
        self.cash.min(self.equity - self.gross) - self.reserved.cost
    }

    /// Returns the buying power without reservations that the broker does not
    /// know of yet.
    pub fn buying_power_free(&self) -> Money {
        match self.buying_power {
            Some(power) => power - self.reserved.cost_unconfirmed,
            None => self.cash_uncommitted(),
        }
    }
}

/// A price that others are measured against, such as the last trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// Dollars per share.
    pub price: Price,
    /// When it was made.
    pub at: Timestamp,
}

/// Why market data of a symbol should not be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspicion {
    /// Too old.
    Stale,
    /// Bid above ask.
    Crossed,
    /// Far from what other prices say.
    Outlier,
    /// Something is missing in between.
    Gap,
    /// Moved like a split that nobody announced.
    SplitLike,
    /// A halt may have begun unseen.
    StatusUnknown,
    /// A second source says another price.
    Disagreement,
}

/// Whether a stock can be borrowed for a short sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Borrow {
    /// Not at all, or not known.
    #[default]
    None,
    /// Shortable, but hard to borrow.
    Hard,
    /// Shortable and easy to borrow.
    Easy,
}

/// What is known of the symbol at the moment of the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolView {
    /// The open position.
    pub position: Option<Position>,
    /// What entries in this symbol reserve that are not filled yet.
    pub reserved: Totals,
    /// The price that others are measured against.
    pub reference: Option<Reference>,
    /// The newest quote.
    pub quote: Option<Quote>,
    /// The prices between which it may trade, where the venue has said so.
    pub band: Option<PriceBand>,
    /// The price that was accepted before the present one.
    pub previous_price: Option<Price>,
    /// The present price as another source has it.
    pub second_source: Option<Price>,
    /// Since when bid and ask are equal.
    pub locked_since: Option<Timestamp>,
    /// Why the market data agent does not vouch for the data.
    pub suspicion: Option<Suspicion>,
    /// Whether the stock trades.
    pub status: TradingStatus,
    /// The part of the trading day.
    pub session: Session,
    /// Time to the close of the regular session.
    pub time_to_close: Option<SignedDuration>,
    /// Highest limit of own resting buy orders.
    pub own_best_bid: Option<Price>,
    /// Lowest limit of own resting sell orders.
    pub own_best_ask: Option<Price>,
    /// Whether an order in it is of unknown outcome, or broker and journal disagree about
    /// it.
    pub is_in_doubt: bool,
    /// Whether the broker offers the stock.
    pub tradable: bool,
    /// Whether the broker takes parts of a share.
    pub fractionable: bool,
    /// Whether it can be sold short.
    pub borrow: Borrow,
}

impl SymbolView {
    /// Returns what position and unfilled entries of the symbol are worth now.
    pub fn value_held(&self) -> Money {
        let position = self.position.map_or(Money::ZERO, |position| {
            self.reference.map_or(position.cost, |reference| reference.price.times(position.qty))
        });
        position + self.reserved.cost
    }
}

/// Everything a rule for entries may look at.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The wish.
    pub intent: &'a EntryIntent,
    /// Shares of the order.
    pub qty: Qty,
    /// The limits in force.
    pub limits: &'a Limits,
    /// The account.
    pub account: &'a AccountView,
    /// The symbol.
    pub symbol: &'a SymbolView,
    /// What was approved before.
    pub conduct: &'a Conduct,
}

impl Question<'_> {
    /// Returns what the order costs, or is worth when sold short, at its highest
    /// price.
    pub fn cost(&self) -> Money {
        self.intent.price_highest().times(self.qty)
    }

    /// Returns what the trade loses at its stop when it opens at its worst price;
    /// `None` without a stop on the losing side.
    pub fn worst_loss(&self) -> Option<Money> {
        self.stop_distance()?;
        Some(worst_loss(self.qty, self.intent.price_worst(), self.intent.stop?))
    }

    /// Returns the distance from the worst entry to the stop in dollars per
    /// share; `None` without a stop on the losing side.
    pub fn stop_distance(&self) -> Option<Money> {
        let stop = self.intent.stop?;
        let distance = match self.intent.direction {
            Direction::Long => self.intent.price_worst().minus(stop),
            Direction::Short => stop.minus(self.intent.price_worst()),
        };
        (distance > Money::ZERO).then_some(distance)
    }
}

/// The wish to protect or close a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReductionIntent {
    /// Which trade.
    pub trade_id: TradeId,
    /// Which stock.
    pub symbol: Symbol,
    /// Protection or exit; an entry is refused.
    pub purpose: OrderPurpose,
    /// Shares of the order.
    pub qty: Qty,
    /// What makes it execute.
    pub kind: OrderKind,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Simple, or an OCO whose own order is the target.
    pub class: OrderClass,
    /// Whether it may execute before the open and after the close.
    pub extended_hours: bool,
    /// The moment of the decision.
    pub at: Timestamp,
}

/// What is known of a position and its exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReductionView {
    /// The open position.
    pub position: Option<Position>,
    /// Shares of all exits of the position that are on their way, working or of
    /// unknown outcome; an OCO counts once.
    pub open_exits: Qty,
    /// The part of [`ReductionView::open_exits`] whose cancellation will be
    /// confirmed before this order is sent. When it is not zero the approval is
    /// conditional.
    pub exits_to_cancel: Qty,
    /// Whether mode and account are the configured ones.
    pub identity_matches: bool,
}

impl ReductionView {
    /// Returns the shares that may still be sent to be closed.
    pub fn closable(&self) -> Qty {
        let held = self.position.map_or(Qty::ZERO, |position| position.qty);
        held.saturating_sub(self.open_exits.saturating_sub(self.exits_to_cancel))
    }
}

/// Everything a rule for exits and protection may look at.
#[derive(Debug, Clone, Copy)]
pub struct ReductionQuestion<'a> {
    /// The wish.
    pub intent: &'a ReductionIntent,
    /// The limits in force.
    pub limits: &'a Limits,
    /// The position and its exits.
    pub view: &'a ReductionView,
}
