//! The trades that are under way: machine, plan, what has been filled.

use rust_decimal::Decimal;

use crate::agents::position_management::guard::Bare;
use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::fsm::trade::TradeState;

/// The plan of a trade, as its entry signal had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) stop: Price,
    pub(super) target: Price,
}

/// One trade from its first setup to its end.
#[derive(Debug, Clone)]
pub(super) struct Trade {
    pub(super) id: TradeId,
    pub(super) symbol: Symbol,
    pub(super) direction: Direction,
    pub(super) state: TradeState,
    /// `None` before the entry signal.
    pub(super) plan: Option<Plan>,
    /// Shares bought by the entry so far, or sold short.
    pub(super) entered: Qty,
    /// What they cost, or brought.
    pub(super) entry_value: Money,
    /// Shares closed so far.
    pub(super) exited: Qty,
    /// What they brought, or cost.
    pub(super) exit_value: Money,
    /// When the position was opened.
    pub(super) opened_at: Timestamp,
    /// Loss per share at the first stop, for the R multiple.
    pub(super) risk_per_share: Money,
    /// The orders that hold its stops, while they rest: one, and one more for each
    /// late fill.
    pub(super) stop_orders: Vec<ClientOrderId>,
    /// Since when some of its shares have been without a resting stop.
    pub(super) naked_since: Option<Timestamp>,
    /// What the venue's list shows too few exits for.
    pub(super) bare: Option<Bare>,
    /// Whether a person was called in this spell.
    pub(super) is_alarmed: bool,
    /// The operator wants out before the entry has ended.
    pub(super) leaves_at_once: bool,
    /// How often the exit has been asked for.
    pub(super) exits_asked: u32,
    /// When its protection is looked at next; earlier timers count for nothing, so
    /// that there is one look at a time.
    pub(super) next_look: Option<Timestamp>,
}

impl Trade {
    pub(super) fn new(id: TradeId, symbol: Symbol, direction: Direction) -> Self {
        Self {
            id,
            symbol,
            direction,
            state: TradeState::Scanning,
            plan: None,
            entered: Qty::ZERO,
            entry_value: Money::ZERO,
            exited: Qty::ZERO,
            exit_value: Money::ZERO,
            opened_at: Timestamp::default(),
            risk_per_share: Money::ZERO,
            stop_orders: Vec::new(),
            naked_since: None,
            bare: None,
            is_alarmed: false,
            leaves_at_once: false,
            exits_asked: 0,
            next_look: None,
        }
    }

    /// Shares held now.
    pub(super) fn held(&self) -> Qty {
        self.entered.saturating_sub(self.exited)
    }

    pub(super) fn entry_price(&self) -> Option<Price> {
        self.entry_value.per_share(self.entered)
    }

    pub(super) fn exit_price(&self) -> Option<Price> {
        self.exit_value.per_share(self.exited)
    }

    /// Profit of what has been closed, before fees.
    pub(super) fn pnl(&self) -> Money {
        match self.direction {
            Direction::Long => self.exit_value - self.entry_value,
            Direction::Short => self.entry_value - self.exit_value,
        }
    }

    /// Profit ÷ (loss per share at the first stop × shares), four places.
    pub(super) fn r_multiple(&self) -> Option<Decimal> {
        let risked = self.risk_per_share.scaled(self.entered.to_decimal());
        (risked > Money::ZERO).then(|| self.pnl().ratio_to(risked)).flatten().map(|r| r.round_dp(4))
    }

    /// Tells whether a price has reached the target.
    pub(super) fn reaches_target(&self, price: Price) -> bool {
        self.plan.is_some_and(|plan| match self.direction {
            Direction::Long => price >= plan.target,
            Direction::Short => price <= plan.target,
        })
    }
}
