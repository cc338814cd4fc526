//! A dead login, and the operator's reset.
//!
//! All breakers of the account latch at once and nothing leaves. Nothing but the reset
//! lifts the latch: it makes one call that only reads, compares orders and positions
//! with the house, and lets orders leave last (Schwab, protocol page §7 of November
//! 2026). The orders' breaker is the execution agent's, which hears here what becomes
//! of its latch.

use crate::breakers::{CallClass, CallOutcome, Lane, Transition};
use crate::brokers::gateway::desk::{Desk, Failure, Leave};
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::{Broker, CallError, Seal};
use crate::domain::time::Timestamp;
use crate::events::Severity;

impl<B: Broker, E: Entrance> Desk<B, E> {
    /// The login is dead: latches everything. Said once.
    pub(super) async fn login_died(&self) {
        self.broker.seal(Seal::Shut);
        let changes = self.bank().token_died(self.clock.now());
        if changes.is_empty() {
            return;
        }
        let (broker, remedy) = (self.broker.name(), &self.config.remedy);
        tracing::error!(broker, "the login is dead; run: {remedy}, then reset the breaker");
        self.say_changes(changes).await;
    }

    /// The operator resets a breaker. With a dead login, whichever was named, the account
    /// is read first.
    pub(super) async fn reset(&self, name: &str, since: Timestamp) {
        let (class, is_dead) = {
            let bank = self.bank();
            (bank.class_of(name), bank.token_is_dead())
        };
        let Some(class) = class else { return };
        if is_dead {
            self.revive(since).await;
        } else if class != CallClass::Orders {
            let change = self.bank().reset_by_operator(class, self.clock.now());
            self.say_changes(change).await;
        }
    }

    async fn revive(&self, since: Timestamp) {
        let change = self.bank().reset_by_operator(CallClass::Accounts, self.clock.now());
        self.say_changes(change).await;
        // Another reset is under way.
        let Ok(ticket) = self.admit(CallClass::Accounts).await else { return };
        self.broker.seal(Seal::Probing);
        let leave = Leave::read(Lane::Reconcile, None);
        let asked = self.call(leave, self.broker.probe()).await;
        let outcome = match &asked {
            Ok(()) => CallOutcome::Success,
            Err(Failure::Failed(CallError::LoginNeeded { .. })) => CallOutcome::TokenDead,
            // Also a refusal: a login that does not open the account is no success.
            Err(Failure::Held(_) | Failure::Failed(_)) => CallOutcome::ServerError,
        };
        if let Err(failure) = asked {
            self.broker.seal(Seal::Shut);
            let changes =
                self.bank().record(CallClass::Accounts, ticket, outcome, self.clock.now());
            self.say_changes(changes).await;
            return self.stays_latched(&failure.to_string()).await;
        }
        let lifted = self.bank().record(CallClass::Accounts, ticket, outcome, self.clock.now());
        let (orders, others) = self.apart(lifted);
        self.say_changes(others).await;
        if !self.reconcile(since).await {
            self.broker.seal(Seal::Shut);
            let latched = self.bank().token_died(self.clock.now());
            let (_, others) = self.apart(latched);
            self.say_changes(others).await;
            return self.stays_latched("orders and positions could not be read").await;
        }
        self.broker.seal(Seal::Open);
        self.say_changes(orders).await;
        let text = format!(
            "{}: the token is good, the account is readable, orders and positions are \
             reconciled; calls may leave again",
            self.broker.name()
        );
        self.alert(Severity::Info, text).await;
    }

    /// The changes of the orders' breaker, and the others.
    fn apart(&self, changes: Vec<Transition>) -> (Vec<Transition>, Vec<Transition>) {
        let orders = self.bank().breaker(CallClass::Orders).name().to_owned();
        changes.into_iter().partition(|change| change.breaker == orders)
    }

    async fn stays_latched(&self, why: &str) {
        let text = format!("{} stays latched: {why}", self.broker.name());
        self.alert(Severity::Warning, text).await;
    }
}
