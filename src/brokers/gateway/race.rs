//! Two ways to one account at once, for what must arrive: orders that protect or close,
//! their cancels, and the look-ups about them (spec §4).
//!
//! Both sendings carry one client order id, so it is for brokers alone that never take a
//! name twice; entries do not come here. The first success ends the other call, and "the
//! name is in use" is the success of the other way. Both ways are paid for in the lane of
//! the call, and both failing is one failure. Never across two brokers (F20). What is
//! made of the outcome is in [`submit`](super::submit) and [`cancel`](super::cancel).

use std::future::Future;

use crate::breakers::Lane;
use crate::brokers::gateway::desk::{Desk, Failure, Leave};
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::gateway::submit::{Sent, send, sent};
use crate::brokers::{Answer, Broker, CallError};
use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::order::OrderRequest;
use crate::events::{Endpoint, EndpointsRaced, VenueEvent};

impl<B: Broker, E: Entrance> Desk<B, E> {
    /// The second way, where there is one and the broker tells doubles apart.
    pub(super) fn second_way(&self) -> Option<&B> {
        self.backup.as_deref().filter(|_| self.broker.deduplicates())
    }

    /// Sends over both ways; the first success ends the other. `is_first` says that
    /// nothing was sent under this name before.
    pub(super) async fn race(&self, request: &OrderRequest, second: &B, is_first: bool) -> Sent {
        let leave = Leave::by(Lane::Protective);
        let one = self.call(leave, send(self.broker.as_ref(), request));
        let other = self.call(leave, send(second, request));
        tokio::pin!(one, other);
        let (mut primary, mut backup) = (None, None);
        while !(primary.as_ref().is_some_and(ends) || backup.as_ref().is_some_and(ends))
            && (primary.is_none() || backup.is_none())
        {
            // The primary first where both are ready: its answer is as good.
            tokio::select! {
                biased;
                answer = &mut one, if primary.is_none() => primary = Some(sent(answer)),
                answer = &mut other, if backup.is_none() => backup = Some(sent(answer)),
            }
        }
        self.say_race(&request.client_order_id, (&primary, &backup), is_first).await;
        match (primary, backup) {
            (Some(primary), Some(backup)) => together(primary, backup),
            (only, None) | (None, only) => only.expect("one of them was awaited"),
        }
    }

    async fn say_race(
        &self,
        id: &ClientOrderId,
        (primary, backup): (&Option<Sent>, &Option<Sent>),
        is_first: bool,
    ) {
        let has = |sent: &Option<Sent>, is: fn(&Sent) -> bool| sent.as_ref().is_some_and(is);
        let is_taken = |sent: &Sent| matches!(sent, Sent::Taken(_));
        // What is in use came by the other way, unless it was sent before.
        let is_in_use = |sent: &Sent| matches!(sent, Sent::InUse(_));
        let winner = if has(primary, is_taken) || (is_first && has(backup, is_in_use)) {
            Some(Endpoint::Primary)
        } else if has(backup, is_taken) || (is_first && has(primary, is_in_use)) {
            Some(Endpoint::Backup)
        } else {
            None
        };
        self.say(VenueEvent::Raced(EndpointsRaced {
            client_order_id: id.clone(),
            winner,
            primary: in_words(primary.as_ref()),
            backup: in_words(backup.as_ref()),
        }))
        .await;
    }

    /// Asks for the end of an order over every way there is; the first success ends the
    /// other, and a refusal waits for it: it may be the other's doing.
    pub(super) async fn cancel_by_all(
        &self,
        id: &BrokerOrderId,
        lane: Lane,
    ) -> Result<(), Failure> {
        let leave = Leave::by(lane);
        let one = self.call(leave, self.broker.cancel(id));
        match self.second_way() {
            Some(second) => first_ok(one, self.call(leave, second.cancel(id))).await,
            None => one.await,
        }
    }

    /// Reads over every way there is, for what protects; the first answer ends the other.
    pub(super) async fn read_by_all<'a, T, F>(
        &'a self,
        leave: Leave,
        ask: impl Fn(&'a B) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<Answer<T>, CallError>> + Send,
    {
        let first = self.broker.as_ref();
        let second = self.second_way().filter(|_| protects(leave.lane));
        let one = self.read(leave, || ask(first));
        match second {
            Some(second) => first_ok(one, self.read(leave, || ask(second))).await,
            None => one.await,
        }
    }
}

/// Whether a call is about something that must not wait for one way to come back.
const fn protects(lane: Lane) -> bool {
    match lane {
        Lane::Kill | Lane::Protective | Lane::Cancel => true,
        Lane::Reconcile | Lane::Entry | Lane::Data => false,
    }
}

/// The first success of two calls; the failure that counts when there is none.
async fn first_ok<T>(
    one: impl Future<Output = Result<T, Failure>>,
    other: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::pin!(one, other);
    // The primary first where both are ready.
    let (failure, rest) = tokio::select! {
        biased;
        answer = &mut one => match answer {
            Ok(value) => return Ok(value),
            Err(failure) => (failure, other.await),
        },
        answer = &mut other => match answer {
            Ok(value) => return Ok(value),
            Err(failure) => (failure, one.await),
        },
    };
    rest.map_err(|second| worse(failure, second))
}

/// Of two failures the one that says more: what may have arrived before what has not,
/// then what speaks of the broker before what was held here.
fn worse(one: Failure, other: Failure) -> Failure {
    let weight = |failure: &Failure| (!failure.is_certain(), failure.counts());
    if weight(&other) > weight(&one) { other } else { one }
}

/// Whether the other way need not be waited for.
const fn ends(sent: &Sent) -> bool {
    matches!(sent, Sent::Taken(_) | Sent::InUse(_))
}

/// What two sendings under one name mean.
fn together(one: Sent, other: Sent) -> Sent {
    match (one, other) {
        (taken @ Sent::Taken(_), _) | (_, taken @ Sent::Taken(_)) => taken,
        (used @ Sent::InUse(_), _) | (_, used @ Sent::InUse(_)) => used,
        (Sent::Unknown(one), Sent::Unknown(other)) => Sent::Unknown(worse(one, other)),
        // A refusal beside an unknown may be the first one's doing: it holds the shares.
        (unknown @ Sent::Unknown(_), _) | (_, unknown @ Sent::Unknown(_)) => unknown,
        (refused @ Sent::Refused(_), _) | (_, refused @ Sent::Refused(_)) => refused,
        (Sent::NotThere(one), Sent::NotThere(other)) => Sent::NotThere(worse(one, other)),
    }
}

fn in_words(sent: Option<&Sent>) -> String {
    match sent {
        None => "ended: the other way was faster".to_owned(),
        Some(Sent::Taken(order)) => format!("taken as {}", order.report.broker_order_id),
        Some(Sent::InUse(_)) => "the name is in use".to_owned(),
        Some(Sent::Refused(refusal)) => refusal.to_string(),
        Some(Sent::NotThere(failure) | Sent::Unknown(failure)) => failure.to_string(),
    }
}
