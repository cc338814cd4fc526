//! What a human can ask, through a key, the command line or a signal, and who asked.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol, TradeId};
use crate::domain::money::{Price, Qty};

/// One request of the operator. Each is journalled before anything follows from
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorCommand {
    /// Let a trade that waits for approval go on.
    Approve(Approve),
    /// End a trade that waits for approval.
    Reject(Reject),
    /// Cancel one working order.
    Cancel(CancelOrder),
    /// Close an open or latched breaker by hand.
    ResetBreaker(ResetBreaker),
    /// Halt: no entry from now on, own entries cancelled, protection kept.
    Kill(Reason),
    /// Only orders that reduce risk from now on.
    Reduce(Reason),
    /// Trade again.
    Resume(Reason),
    /// Close one position, or all of them.
    Flatten(Flatten),
    /// Say what became of an order of which nobody knows.
    Settle(Settle),
    /// Take a difference between journal and broker for what it is.
    Acknowledge(Acknowledge),
}

impl OperatorCommand {
    /// Writes down who asked; a later writer replaces an earlier one.
    #[must_use]
    pub fn asked_by(mut self, actor: Actor) -> Self {
        let by = match &mut self {
            Self::Approve(command) => &mut command.by,
            Self::Reject(command) => &mut command.by,
            Self::Cancel(command) => &mut command.by,
            Self::ResetBreaker(command) => &mut command.by,
            Self::Kill(command) | Self::Reduce(command) | Self::Resume(command) => &mut command.by,
            Self::Flatten(command) => &mut command.by,
            Self::Settle(command) => &mut command.by,
            Self::Acknowledge(command) => &mut command.by,
        };
        *by = Some(actor);
        self
    }

    /// Returns who asked, as far as it is known.
    pub const fn actor(&self) -> Option<&Actor> {
        match self {
            Self::Approve(command) => command.by.as_ref(),
            Self::Reject(command) => command.by.as_ref(),
            Self::Cancel(command) => command.by.as_ref(),
            Self::ResetBreaker(command) => command.by.as_ref(),
            Self::Kill(command) | Self::Reduce(command) | Self::Resume(command) => {
                command.by.as_ref()
            }
            Self::Flatten(command) => command.by.as_ref(),
            Self::Settle(command) => command.by.as_ref(),
            Self::Acknowledge(command) => command.by.as_ref(),
        }
    }
}

/// Who asked, and by which way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The way in.
    pub via: Way,
    /// Number of the user, as the operating system vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Name of that user, where the machine knows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// A way by which a human's wish comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A key in the cockpit.
    Key,
    /// The command line, through the control socket.
    Socket,
    /// A signal to the process.
    Signal,
    /// The kill file in the data folder.
    KillFile,
    /// A signed command on the bus; the user is its sender.
    Bus,
}

impl Actor {
    /// Whoever sits at the cockpit's keys.
    pub const KEYS: Self = Self { via: Way::Key, uid: None, user: None };
}

/// Which trade may go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approve {
    /// Which trade.
    pub trade_id: TradeId,
    /// Who asked, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

/// Which trade ends, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Which trade.
    pub trade_id: TradeId,
    /// Why, as it stands in the journal.
    pub reason: String,
    /// Who asked, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

/// Which order is to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOrder {
    /// Which order.
    pub client_order_id: ClientOrderId,
    /// Who asked, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

/// Which breaker is to be closed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetBreaker {
    /// Its name, such as `alpaca.paper.orders`.
    pub breaker: String,
    /// Why, as it stands in the journal.
    pub reason: String,
    /// Who asked, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

/// Why, as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The operator's own words.
    pub reason: String,
    /// Who asked, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

/// Which positions are to be closed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flatten {
    /// Which symbol; all when absent.
    pub symbol: Option<Symbol>,
    /// Why, as it stands in the journal.
    pub reason: String,
    /// Who asked, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

/// What became of an order whose outcome nobody knows, as a human has read it in the
/// broker's own list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    /// Which order.
    pub client_order_id: ClientOrderId,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, as it stands in the journal.
    pub reason: String,
    /// Who asked, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}

/// What a human has found of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The broker does not have it and never had.
    NotThere,
    /// The broker has it, and it works under this name.
    Working {
        /// The broker's name for it.
        broker_order_id: BrokerOrderId,
    },
    /// It is over; so many shares were executed.
    Over {
        /// Shares executed in all, 0 to what was ordered.
        filled: Qty,
        /// Their average price, dollars per share; must be there when shares were
        /// executed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<Price>,
    },
}

/// Which difference a human has seen and takes for what it is: what the broker holds
/// beyond the journal is somebody else's from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledge {
    /// What it is about, as the list of differences names it; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Why, as it stands in the journal.
    pub reason: String,
    /// Who asked, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}
