//! Orders that were permitted: the only things a broker accepts.
//!
//! [`assess`] and [`assess_reduction`] mint an [`ApprovedOrder`]; with a client
//! order id it becomes a [`PermittedOrder`], and that is what a broker's submit
//! takes (C01). Neither can be made in any other way:
//!
//! ```compile_fail,E0451
//! use flightdeck::domain::order::{OrderPurpose, OrderRequest};
//! use flightdeck::domain::ids::TradeId;
//! fn smuggle(request: OrderRequest) -> flightdeck::risk::PermittedOrder {
//!     flightdeck::risk::PermittedOrder {
//!         request,
//!         purpose: OrderPurpose::Entry,
//!         trade_id: TradeId::new("trade-1"),
//!     }
//! }
//! ```
//!
//! ```compile_fail,E0451
//! fn enlarge(order: flightdeck::risk::ApprovedOrder) -> flightdeck::risk::ApprovedOrder {
//!     let more = flightdeck::domain::money::Qty::MAX;
//!     flightdeck::risk::ApprovedOrder { qty: more, ..order }
//! }
//! ```
//!
//! ```compile_fail,E0277
//! fn from_nothing<T: Default>() -> T { T::default() }
//! let order: flightdeck::risk::ApprovedOrder = from_nothing();
//! ```
//!
//! Both are serialised because events carry them into the journal. They are read
//! back from the hash-chained journal only; whatever enters from outside, over a
//! bus or a socket, never holds one, and the door refuses an event that does.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{OrderClass, OrderKind, OrderPurpose, OrderRequest, Side, TimeInForce};
use crate::domain::time::Timestamp;
use crate::risk::check::{Check, Denial};

use crate::risk::question::{Question, ReductionQuestion, ReductionView};
use crate::risk::rules::{REDUCTION_RULES, RULES};

/// An order that every rule let through, usable until it expires.
///
/// It names no client order id yet: that is given when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedOrder {
    trade_id: TradeId,
    purpose: OrderPurpose,
    symbol: Symbol,
    side: Side,
    qty: Qty,
    kind: OrderKind,
    time_in_force: TimeInForce,
    class: OrderClass,
    extended_hours: bool,
    stop: Option<Price>,
    target: Option<Price>,
    price_highest: Option<Price>,
    loss_per_share: Money,
    conditional: bool,
    checks: Vec<Check>,
    at: Timestamp,
    expires_at: Timestamp,
}

/// An approved order with its client order id: what a broker's submit takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermittedOrder {
    request: OrderRequest,
    purpose: OrderPurpose,
    trade_id: TradeId,
}

/// Why an approval cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPermitted {
    /// It is too old; ask again.
    #[error("approval of {trade_id} expired at {expired_at}, it is {at}")]
    Expired {
        /// Which trade.
        trade_id: TradeId,
        /// Until when it was good.
        expired_at: Timestamp,
        /// When it was to be used.
        at: Timestamp,
    },
    /// It waits for cancellations that nobody has confirmed.
    #[error("approval of {trade_id} waits for the confirmed cancellation of other exits")]
    Conditional {
        /// Which trade.
        trade_id: TradeId,
    },
    /// The position or its other exits have changed; ask again.
    #[error("exit of {qty} for {trade_id} exceeds the {closable} shares left to close")]
    ExceedsPosition {
        /// Which trade.
        trade_id: TradeId,
        /// Shares of the exit.
        qty: Qty,
        /// Shares that may be closed now.
        closable: Qty,
    },
}

/// Judges an entry by every rule.
///
/// # Errors
/// The refusal, with the answers of all rules, when any rule refuses.
pub fn assess(question: &Question<'_>) -> Result<ApprovedOrder, Box<Denial>> {
    let intent = question.intent;
    let checks: Vec<Check> = RULES.iter().map(|rule| rule.check(question)).collect();
    if let Some(denial) = Denial::of((&intent.trade_id, intent.symbol, intent.at), &checks) {
        return Err(denial);
    }
    Ok(ApprovedOrder {
        trade_id: intent.trade_id.clone(),
        purpose: OrderPurpose::Entry,
        symbol: intent.symbol,
        side: intent.direction.entry_side(),
        qty: question.qty,
        kind: intent.kind,
        time_in_force: intent.time_in_force,
        class: intent.class,
        extended_hours: intent.extended_hours,
        stop: intent.stop,
        target: intent.target,
        price_highest: Some(intent.price_highest()),
        loss_per_share: question.stop_distance().unwrap_or_default(),
        conditional: false,
        checks,
        at: intent.at,
        expires_at: intent.at.plus(question.limits.approval_ttl()),
    })
}

/// Judges an exit or the protection of a position. The side is always the one
/// that closes the position.
///
/// # Errors
/// The refusal, with the answers of all rules, when any rule refuses.
///
/// # Panics
/// Never: an exit without a position is refused by its rule.
pub fn assess_reduction(question: &ReductionQuestion<'_>) -> Result<ApprovedOrder, Box<Denial>> {
    let intent = question.intent;
    let checks: Vec<Check> = REDUCTION_RULES.iter().map(|rule| rule.check(question)).collect();
    let subject = (&intent.trade_id, intent.symbol, intent.at);
    if let Some(denial) = Denial::of(subject, &checks) {
        return Err(denial);
    }
    let position = question.view.position.expect("an exit without a position was refused above");
    let (stop, target) = match intent.class {
        OrderClass::Oco { stop } => (Some(stop.stop), intent.kind.limit()),
        OrderClass::Simple
        | OrderClass::Bracket { .. }
        | OrderClass::OtoStop { .. }
        | OrderClass::OtoTarget { .. } => (intent.kind.stop(), None),
    };
    Ok(ApprovedOrder {
        trade_id: intent.trade_id.clone(),
        purpose: intent.purpose,
        symbol: intent.symbol,
        side: position.direction.exit_side(),
        qty: intent.qty,
        kind: intent.kind,
        time_in_force: intent.time_in_force,
        class: intent.class,
        extended_hours: intent.extended_hours,
        stop,
        target,
        price_highest: None,
        loss_per_share: Money::ZERO,
        conditional: !question.view.exits_to_cancel.is_zero(),
        checks,
        at: intent.at,
        expires_at: intent.at.plus(question.limits.reduction_ttl()),
    })
}

impl ApprovedOrder {
    /// Gives the order its name and lets it go.
    ///
    /// # Errors
    /// When the approval has expired, or waits for the cancellation of other
    /// exits (see [`ApprovedOrder::permit_after_cancel`]).
    pub fn permit(
        &self,
        client_order_id: ClientOrderId,
        at: Timestamp,
    ) -> Result<PermittedOrder, NotPermitted> {
        if self.conditional {
            return Err(NotPermitted::Conditional { trade_id: self.trade_id.clone() });
        }
        self.permit_unexpired(client_order_id, at)
    }

    /// Gives a conditional exit its name and lets it go, now that the exits in
    /// its way are cancelled: `now` is what is held and what still rests, and a
    /// fill that came before the cancellation is seen there.
    ///
    /// # Errors
    /// When the approval has expired, or more would be sent than may be closed.
    pub fn permit_after_cancel(
        &self,
        client_order_id: ClientOrderId,
        at: Timestamp,
        now: &ReductionView,
    ) -> Result<PermittedOrder, NotPermitted> {
        let settled = ReductionView { exits_to_cancel: Qty::ZERO, ..*now };
        let same_way = settled.position.is_some_and(|position| {
            position.symbol == self.symbol && position.direction.exit_side() == self.side
        });
        let closable = if same_way { settled.closable() } else { Qty::ZERO };
        if self.purpose == OrderPurpose::Entry || self.qty > closable {
            let trade_id = self.trade_id.clone();
            return Err(NotPermitted::ExceedsPosition { trade_id, qty: self.qty, closable });
        }
        self.permit_unexpired(client_order_id, at)
    }

    fn permit_unexpired(
        &self,
        client_order_id: ClientOrderId,
        at: Timestamp,
    ) -> Result<PermittedOrder, NotPermitted> {
        if at > self.expires_at {
            let trade_id = self.trade_id.clone();
            return Err(NotPermitted::Expired { trade_id, expired_at: self.expires_at, at });
        }
        let request = OrderRequest {
            client_order_id,
            symbol: self.symbol,
            side: self.side,
            qty: self.qty,
            kind: self.kind,
            time_in_force: self.time_in_force,
            class: self.class,
            extended_hours: self.extended_hours,
        };
        Ok(PermittedOrder { request, purpose: self.purpose, trade_id: self.trade_id.clone() })
    }

    /// Returns which trade it belongs to.
    pub const fn trade_id(&self) -> &TradeId {
        &self.trade_id
    }

    /// Returns why it is sent.
    pub const fn purpose(&self) -> OrderPurpose {
        self.purpose
    }

    /// Returns which stock.
    pub const fn symbol(&self) -> Symbol {
        self.symbol
    }

    /// Returns buy or sell.
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Returns the shares, above zero.
    pub const fn qty(&self) -> Qty {
        self.qty
    }

    /// Returns what makes it execute.
    pub const fn kind(&self) -> OrderKind {
        self.kind
    }

    /// Returns how long it works.
    pub const fn time_in_force(&self) -> TimeInForce {
        self.time_in_force
    }

    /// Returns its attached exits.
    pub const fn class(&self) -> OrderClass {
        self.class
    }

    /// Tells whether it may execute before the open and after the close.
    pub const fn extended_hours(&self) -> bool {
        self.extended_hours
    }

    /// Returns the planned stop of an entry, or the stop that a protection is;
    /// always there for an entry.
    pub const fn stop(&self) -> Option<Price> {
        self.stop
    }

    /// Returns the planned target of an entry, or that of an OCO.
    pub const fn target(&self) -> Option<Price> {
        self.target
    }

    /// Returns what an entry costs at its highest price; zero for exits.
    pub fn cost(&self) -> Money {
        self.price_highest.map_or(Money::ZERO, |price| price.times(self.qty))
    }

    /// Returns the highest price of an entry; `None` for exits.
    pub const fn price_highest(&self) -> Option<Price> {
        self.price_highest
    }

    /// Returns what an entry loses per share at its stop; zero for exits.
    pub const fn loss_per_share(&self) -> Money {
        self.loss_per_share
    }

    /// Tells whether it may go only after other exits are cancelled.
    pub const fn is_conditional(&self) -> bool {
        self.conditional
    }

    /// Returns the answers of all rules.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Returns the moment of the decision.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Returns the last instant at which it can be used.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl PermittedOrder {
    /// Returns the order as the broker gets it.
    pub const fn request(&self) -> &OrderRequest {
        &self.request
    }

    /// Returns why it is sent; decides its lane in the budget.
    pub const fn purpose(&self) -> OrderPurpose {
        self.purpose
    }

    /// Returns which trade it belongs to.
    pub const fn trade_id(&self) -> &TradeId {
        &self.trade_id
    }
}
