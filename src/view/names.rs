//! States as the screen names them.
//!
//! Events spell states as texts; here they become values that a panel can match
//! without a wildcard. What moves them is the business of the state machines in
//! `fsm` and `breakers`; a test holds the names to theirs.

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants have a name on the wire.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $wire)] $variant,)+ }

        impl $name {
            /// All of them, in the order of the declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on screen, in the journal and on the bus.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// Returns the one of this name.
            pub fn of(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

named! {
    /// Where a trade stands: the nine states of its way, and the end before it.
    Phase {
        /// The symbol is watched.
        Scanning = "SCANNING",
        /// The setup is there, permission is not.
        SetupDetected = "SETUP_DETECTED",
        /// Permitted, no order sent.
        EntryApproved = "ENTRY_APPROVED",
        /// The entry order is sent.
        OrderPlaced = "ORDER_PLACED",
        /// The entry has its shares, the stop does not rest yet.
        Filled = "FILLED",
        /// Shares are held and protected.
        Holding = "HOLDING",
        /// There is a reason to get out, the exit order is not sent.
        ExitTriggered = "EXIT_TRIGGERED",
        /// The exit order is sent.
        OrderClosing = "ORDER_CLOSING",
        /// The position is closed.
        Closed = "CLOSED",
        /// Ended before there was a position.
        Aborted = "ABORTED",
    }
}

impl Phase {
    /// The nine states of a trade that goes all its way.
    pub const PATH: &[Self] = &[
        Self::Scanning,
        Self::SetupDetected,
        Self::EntryApproved,
        Self::OrderPlaced,
        Self::Filled,
        Self::Holding,
        Self::ExitTriggered,
        Self::OrderClosing,
        Self::Closed,
    ];

    /// Tells whether nothing can happen to the trade any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Aborted)
    }

    /// Tells whether the trade is on its way out of its position.
    pub const fn is_leaving(self) -> bool {
        matches!(self, Self::ExitTriggered | Self::OrderClosing)
    }
}

named! {
    /// Where an order stands.
    OrderPhase {
        /// Not sent, or waiting for the market to open.
        Draft = "DRAFT",
        /// Sent, not answered.
        Submitted = "SUBMITTED",
        /// At the venue, nothing filled.
        Accepted = "ACCEPTED",
        /// At the venue, some shares filled.
        PartiallyFilled = "PARTIALLY_FILLED",
        /// All shares filled.
        Filled = "FILLED",
        /// Ended by request.
        Cancelled = "CANCELLED",
        /// Refused.
        Rejected = "REJECTED",
        /// Ended by its time in force.
        Expired = "EXPIRED",
        /// Sent, outcome not known.
        Unknown = "UNKNOWN",
    }
}

impl OrderPhase {
    /// Tells whether the order has ended.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired)
    }
}

named! {
    /// A rung of the kill ladder; later ones are tighter.
    TradingPhase {
        /// Everything is allowed.
        Active = "ACTIVE",
        /// Only orders that reduce risk.
        Reducing = "REDUCING",
        /// Only protective and closing orders; own entries are cancelled.
        Halted = "HALTED",
        /// Every position is being closed.
        Flatten = "FLATTEN",
    }
}

named! {
    /// What a breaker lets through.
    BreakerPhase {
        /// All calls.
        Closed = "CLOSED",
        /// None, until a time.
        Open = "OPEN",
        /// One probe.
        HalfOpen = "HALF_OPEN",
        /// None, until the operator resets it.
        Latched = "LATCHED",
    }
}

named! {
    /// Where a connection stands.
    LinkPhase {
        /// No connection.
        Down = "DOWN",
        /// Dialled, not answered.
        Connecting = "CONNECTING",
        /// Connected; the first snapshot runs.
        Syncing = "SYNCING",
        /// Complete data flows.
        Up = "UP",
        /// Open but silent for longer than allowed.
        Stale = "STALE",
    }
}

named! {
    /// What the numbers of a check count.
    Unit {
        /// US dollars.
        Dollars = "Dollars",
        /// US dollars per share.
        Price = "Price",
        /// Shares.
        Shares = "Shares",
        /// A plain ratio, 0.2 = 20 %.
        Ratio = "Ratio",
        /// Seconds.
        Seconds = "Seconds",
        /// Things.
        Count = "Count",
        /// 1 when something forbidden holds, 0 when not; the limit is 0.
        Flag = "Flag",
    }
}

named! {
    /// How an agent is.
    AgentState {
        /// Nothing has been heard of it.
        Unknown = "UNKNOWN",
        /// It sits in its seat.
        Seated = "SEATED",
        /// It panicked and was built anew from the journal.
        Rebuilt = "REBUILT",
        /// It failed for good; its seat is empty.
        Failed = "FAILED",
        /// It did not answer in time; its seat is empty.
        Retired = "RETIRED",
    }
}
