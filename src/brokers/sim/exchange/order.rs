//! One order as the exchange holds it.
//!
//! Plain state that callers may read; only the exchange changes it.

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::OrderClass;
use crate::domain::order::OrderKind;
use crate::domain::order::OrderReport;
use crate::domain::order::ReportedStatus;
use crate::domain::order::Side;
use crate::domain::order::TimeInForce;
use crate::domain::order::Trail;
use crate::domain::time::Timestamp;

/// Names the orders of one bracket, OCO or OTO: the sequence number of its first
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u64);

/// What an order is within its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Belongs to no group.
    Single,
    /// Opens the position of a bracket or OTO.
    Entry,
    /// Takes the profit.
    Target,
    /// Stops the loss.
    Stop,
}

/// Whether an order opens or closes a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// Opens or adds: needs buying power.
    Open,
    /// Closes: reserves shares of the position.
    Close,
}

/// Where an order stands, in Alpaca's words (protocol page §4.1, October 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Queued for the next session, or for the auction it is meant for.
    Accepted,
    /// On its way to the venue. The exchange itself is never slow; a server shows
    /// this in an answer that is written before the venue's own.
    PendingNew,
    /// Working.
    New,
    /// A leg that waits for its entry, or an armed stop beside its target.
    Held,
    /// Working after a first fill.
    PartiallyFilled,
    /// Working although its cancellation was asked for.
    PendingCancel,
    /// Working although its replacement was asked for.
    PendingReplace,
    /// Not executed any more on this day, and not ended before its close.
    DoneForDay,
    /// Filled completely.
    Filled,
    /// Cancelled, perhaps after fills.
    Cancelled,
    /// Ended by its time in force, perhaps after fills.
    Expired,
    /// Superseded by another order.
    Replaced,
    /// Refused after it had been taken.
    Rejected,
}

impl OrderStatus {
    /// The name on Alpaca's wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::PendingNew => "pending_new",
            Self::New => "new",
            Self::Held => "held",
            Self::PartiallyFilled => "partially_filled",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::DoneForDay => "done_for_day",
            Self::Filled => "filled",
            Self::Cancelled => "canceled",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Rejected => "rejected",
        }
    }

    /// Tells whether nothing can happen to the order any more.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Accepted
            | Self::PendingNew
            | Self::New
            | Self::Held
            | Self::PartiallyFilled
            | Self::PendingCancel
            | Self::PendingReplace
            | Self::DoneForDay => false,
            Self::Filled | Self::Cancelled | Self::Expired | Self::Replaced | Self::Rejected => {
                true
            }
        }
    }
}

/// One order as the exchange holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Position among all orders of the exchange, legs included; the first is 1.
    pub sequence: u64,
    /// The client's name, made by the exchange for legs.
    pub client_order_id: ClientOrderId,
    /// The exchange's name, in the shape of a UUID.
    pub broker_order_id: BrokerOrderId,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares ordered; legs shrink when their sibling fills in part.
    pub qty: Qty,
    /// Dollars ordered, for orders of an amount instead of shares; `qty` is then
    /// what the amount bought at the price known at submission.
    pub notional: Option<Money>,
    /// What makes it execute.
    pub kind: OrderKind,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Whether it may execute before the open and after the close.
    pub extended_hours: bool,
    /// The class of its group.
    pub class: OrderClass,
    /// What it is within the group.
    pub role: Role,
    /// The group, where there is one.
    pub group: Option<GroupId>,
    /// Whether it opens or closes.
    pub intent: Intent,
    /// Where it stands.
    pub status: OrderStatus,
    /// Whether it may execute; legs are armed when their entry is filled.
    pub is_armed: bool,
    /// Whether its stop has been reached.
    pub is_elected: bool,
    /// Shares filled so far, never above `qty`. The child of a replacement goes
    /// on counting where its parent stopped.
    pub filled: Qty,
    /// Sum of price × shares of its fills.
    pub filled_value: Money,
    /// The best price since submission, for trailing stops only.
    pub best: Option<Price>,
    /// The present stop price: fixed, or following `best`.
    pub stop: Option<Price>,
    /// The order it replaced.
    pub replaces: Option<BrokerOrderId>,
    /// The order that replaced it.
    pub replaced_by: Option<BrokerOrderId>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Price per share at which the rest reserves buying power.
    pub(super) reserve_price: Option<Price>,
    /// Number of the bar in which it was armed or elected to its limit; it
    /// executes on later ones.
    pub(super) armed_in_bar: u64,
}

impl Order {
    /// Returns the shares that may still be filled.
    pub fn leaves(&self) -> Qty {
        self.qty.saturating_sub(self.filled)
    }

    /// Returns the average price of the fills.
    pub fn average_price(&self) -> Option<Price> {
        self.filled_value.per_share(self.filled)
    }

    /// Returns the order as a broker lists it. An armed stop beside its target
    /// is reported as working, whatever its wire status says.
    pub fn report(&self) -> OrderReport {
        let status = match self.status {
            OrderStatus::Held if !self.is_armed => ReportedStatus::Held,
            OrderStatus::Accepted
            | OrderStatus::PendingNew
            | OrderStatus::New
            | OrderStatus::Held
            | OrderStatus::PartiallyFilled
            | OrderStatus::PendingCancel
            | OrderStatus::PendingReplace
            | OrderStatus::DoneForDay => ReportedStatus::Working,
            OrderStatus::Filled => ReportedStatus::Filled,
            OrderStatus::Cancelled => ReportedStatus::Cancelled,
            OrderStatus::Expired => ReportedStatus::Expired,
            OrderStatus::Replaced => ReportedStatus::Replaced,
            OrderStatus::Rejected => ReportedStatus::Rejected,
        };
        OrderReport {
            client_order_id: Some(self.client_order_id.clone()),
            broker_order_id: self.broker_order_id.clone(),
            symbol: self.symbol,
            side: self.side,
            qty: self.qty,
            kind: self.kind,
            filled: self.filled,
            average_price: self.average_price(),
            status,
        }
    }

    /// Returns the buying power that the rest of the order reserves.
    pub(super) fn reserve(&self) -> Money {
        match (self.status.is_final(), self.reserve_price) {
            (false, Some(price)) => price.times(self.leaves()),
            (true, _) | (false, None) => Money::ZERO,
        }
    }

    /// Returns the shares of the position that the order holds back. Target and
    /// stop of a group hold the same shares, which are counted at the target.
    pub(super) fn held_shares(&self) -> Qty {
        let shares_with_target = matches!(
            (self.role, self.class),
            (Role::Stop, OrderClass::Bracket { .. } | OrderClass::Oco { .. })
        );
        match self.intent {
            Intent::Close if self.is_armed && !shares_with_target => self.leaves(),
            Intent::Close | Intent::Open => Qty::ZERO,
        }
    }

    /// Moves a trailing stop to a new best price (Alpaca: `stop_price` = `hwm` ∓
    /// trail, page §4.14).
    pub(super) fn trail_from(&mut self, best: Price) {
        let OrderKind::TrailingStop { trail } = self.kind else { return };
        self.best = Some(best);
        self.stop = trailed(self.side, trail, best).or(self.stop);
    }
}

fn trailed(side: Side, trail: Trail, best: Price) -> Option<Price> {
    let distance = match trail {
        Trail::Amount(amount) => Money::from_units(i128::from(amount.units())),
        Trail::Percent(percent) => {
            let ratio = percent.checked_div(rust_decimal::Decimal::ONE_HUNDRED)?;
            Money::from_units(i128::from(best.units())).scaled(ratio)
        }
    };
    match side {
        Side::Sell => best.plus(-distance),
        Side::Buy => best.plus(distance),
    }
}
