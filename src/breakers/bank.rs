//! The breakers of one broker account, one per class of call.
//!
//! A quote outage must not block stops, so orders, account reads and market data
//! fail apart; a dead token kills all three, so they latch together and are
//! released together by one read of the account. The bank knows the classes and
//! nothing else; one breaker is in [`breaker`](crate::breakers::breaker).

use serde::{Deserialize, Serialize};

use crate::breakers::breaker::{Admission, Breaker, BreakerConfig, Call, Ticket};
use crate::breakers::change::{Authority, Cause, Latch, Phase, Transition};
use crate::breakers::policy::CallOutcome;
use crate::domain::time::Timestamp;

/// Class of a call to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallClass {
    /// Submitting, cancelling, replacing and reading orders.
    Orders,
    /// Reading account, positions and activities.
    Accounts,
    /// Reading quotes and bars.
    MarketData,
}

impl CallClass {
    /// All classes.
    pub const ALL: [Self; 3] = [Self::Orders, Self::Accounts, Self::MarketData];

    /// The last part of a breaker's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Accounts => "accounts",
            Self::MarketData => "market_data",
        }
    }
}

/// The breakers of one broker account. Serialised with their states, so that a
/// latch survives a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bank {
    account: String,
    remedy: String,
    orders: Breaker,
    accounts: Breaker,
    market_data: Breaker,
}

impl Bank {
    /// Makes three closed breakers for an account such as `alpaca.paper`; the
    /// remedy is the command to run when they latch.
    pub fn new(account: &str, remedy: &str, config: BreakerConfig) -> Self {
        let breaker =
            |class: CallClass| Breaker::new(format!("{account}.{}", class.name()), config);
        Self {
            account: account.to_owned(),
            remedy: remedy.to_owned(),
            orders: breaker(CallClass::Orders),
            accounts: breaker(CallClass::Accounts),
            market_data: breaker(CallClass::MarketData),
        }
    }

    /// Returns the account, such as `alpaca.paper`.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the command that the log and the screen tell a human to run when
    /// the bank is latched.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// Returns the breaker of a class.
    pub const fn breaker(&self, class: CallClass) -> &Breaker {
        match class {
            CallClass::Orders => &self.orders,
            CallClass::Accounts => &self.accounts,
            CallClass::MarketData => &self.market_data,
        }
    }

    /// Returns the class whose breaker has a full name, as the operator types it.
    pub fn class_of(&self, name: &str) -> Option<CallClass> {
        CallClass::ALL.into_iter().find(|class| self.breaker(*class).name() == name)
    }

    /// Tells whether a dead token keeps the bank shut.
    pub fn token_is_dead(&self) -> bool {
        CallClass::ALL.iter().any(|class| self.breaker(*class).latch() == Some(Latch::TokenDead))
    }

    /// Returns when [`Bank::tick`] should be called.
    pub fn wake_at(&self) -> Option<Timestamp> {
        CallClass::ALL.iter().filter_map(|class| self.breaker(*class).wake_at()).min()
    }

    /// Asks for a call; see [`Breaker::admit`].
    pub fn admit(&mut self, class: CallClass, call: Call, now: Timestamp) -> Admission {
        self.breaker_mut(class).admit(call, now)
    }

    /// Has a call pass whatever the phase; see [`Breaker::admit_override`].
    pub fn admit_override(
        &mut self,
        class: CallClass,
        authority: Authority,
        now: Timestamp,
    ) -> (Ticket, Vec<Transition>) {
        self.breaker_mut(class).admit_override(authority, now)
    }

    /// Takes the outcome of a call. A dead token latches all breakers; a probe
    /// that lifts the latch of one lifts that of all.
    pub fn record(
        &mut self,
        class: CallClass,
        ticket: Ticket,
        outcome: CallOutcome,
        now: Timestamp,
    ) -> Vec<Transition> {
        if outcome == CallOutcome::TokenDead {
            return self.token_died(now);
        }
        let was_dead = self.breaker(class).latch() == Some(Latch::TokenDead);
        let first = self.breaker_mut(class).record(ticket, outcome, now);
        let lifted = first.as_ref().is_some_and(|change| change.cause == Cause::ProbeSucceeded);
        let mut changes: Vec<Transition> = first.into_iter().collect();
        if was_dead && lifted {
            for other in CallClass::ALL {
                if self.breaker(other).latch() == Some(Latch::TokenDead) {
                    changes.extend(self.breaker_mut(other).lift_latch(now));
                }
            }
        }
        changes
    }

    /// Gives back a ticket whose call was never made; see [`Breaker::cancel`].
    pub fn cancel(
        &mut self,
        class: CallClass,
        ticket: Ticket,
        now: Timestamp,
    ) -> Option<Transition> {
        self.breaker_mut(class).cancel(ticket, now)
    }

    /// Latches all breakers because a refresh in the background was refused.
    pub fn token_died(&mut self, now: Timestamp) -> Vec<Transition> {
        CallClass::ALL
            .into_iter()
            .filter_map(|class| self.breaker_mut(class).token_died(now))
            .collect()
    }

    /// Notices probes that have not come back.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Transition> {
        CallClass::ALL.into_iter().filter_map(|class| self.breaker_mut(class).tick(now)).collect()
    }

    /// Resets a breaker. With a dead token it is the account breaker that is
    /// reset, whichever was named: its first call is a read, and only that read
    /// releases the others.
    pub fn reset_by_operator(&mut self, class: CallClass, now: Timestamp) -> Option<Transition> {
        let class = if self.token_is_dead() { CallClass::Accounts } else { class };
        self.breaker_mut(class).reset_by_operator(now)
    }

    /// Opens a breaker by hand; see [`Breaker::open_by_operator`].
    pub fn open_by_operator(&mut self, class: CallClass, now: Timestamp) -> Option<Transition> {
        self.breaker_mut(class).open_by_operator(now)
    }

    /// Closes a breaker by hand; see [`Breaker::close_by_operator`].
    pub fn close_by_operator(&mut self, class: CallClass, now: Timestamp) -> Option<Transition> {
        self.breaker_mut(class).close_by_operator(now)
    }

    /// Tells whether every breaker is closed.
    pub fn is_closed(&self) -> bool {
        CallClass::ALL.iter().all(|class| self.breaker(*class).phase() == Phase::Closed)
    }

    const fn breaker_mut(&mut self, class: CallClass) -> &mut Breaker {
        match class {
            CallClass::Orders => &mut self.orders,
            CallClass::Accounts => &mut self.accounts,
            CallClass::MarketData => &mut self.market_data,
        }
    }
}
