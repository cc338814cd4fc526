//! Sending an order so that it can arrive once and never twice.
//!
//! What certainly did not leave may be sent again under the same name; whatever is
//! unknown is looked up first (F01, F03). An entry is sent once, and what could not be
//! settled here is settled by the execution agent. An order that protects or closes is
//! sent again where the broker refuses the second use of a name, over two ways at once
//! where there are two (see [`race`](super::race)). Never under another name, never at another broker
//! (F20).

use std::time::Duration;

use crate::breakers::Lane;
use crate::brokers::gateway::desk::{Desk, Failure, Leave};
use crate::brokers::gateway::entrance::Entrance;
use crate::brokers::{Answer, Broker, BrokerOrder, CallError, Refusal};
use crate::bus::clock::{MEASURES, Stopwatch};
use crate::domain::ids::ClientOrderId;
use crate::domain::order::{OrderPurpose, OrderRequest, RejectReason, ReportedStatus};
use crate::events::{OrderSubmit, Severity, VenueCall, VenueEvent, VenueNotFound, VenueRejected};

/// An entry that waits longer for its lane is not sent late (faults page §8).
const ENTRY_PATIENCE: Duration = Duration::from_secs(2);
/// How often an order that protects or closes is sent.
const TRIES: u32 = 3;
/// For how long an order that never left is tried again.
const NOT_SENT_WINDOW: Duration = Duration::from_secs(5);
/// For how long an order whose fate is unknown is sent again: then the agent asks.
const UNKNOWN_WINDOW: Duration = Duration::from_secs(10);
/// Longest wait before the second try; doubles, full jitter.
const WAIT: Duration = Duration::from_millis(500);

/// How one sending ended, over one connection or two.
#[derive(Debug)]
pub(super) enum Sent {
    Taken(Box<BrokerOrder>),
    /// The name is in use: an earlier sending has arrived (F05).
    InUse(Failure),
    Refused(Box<Refusal>),
    /// Not at the broker: it did not leave, or was turned away unread.
    NotThere(Failure),
    Unknown(Failure),
}

/// What a look-up by our name has found.
enum Found {
    Order(Box<BrokerOrder>),
    Nothing,
    NoAnswer,
}

impl<B: Broker, E: Entrance> Desk<B, E> {
    /// Sends an order and says what came of it.
    pub(super) async fn submit(&self, submit: &OrderSubmit) {
        let (request, purpose) = (submit.order.request(), submit.order.purpose());
        match purpose {
            OrderPurpose::Entry => self.submit_entry(request).await,
            OrderPurpose::Protection | OrderPurpose::Exit => self.submit_critical(request).await,
        }
    }

    async fn submit_entry(&self, request: &OrderRequest) {
        let leave = Leave {
            lane: Lane::Entry,
            class: None,
            patience: Some(ENTRY_PATIENCE),
            is_gated: true,
        };
        match sent(self.call(leave, send(self.broker.as_ref(), request)).await) {
            Sent::Taken(order) => self.taken(request, &order).await,
            Sent::Refused(refusal) => self.refused(request, &refusal).await,
            Sent::NotThere(failure) => self.give_up(request, &failure, true).await,
            Sent::InUse(failure) | Sent::Unknown(failure) => {
                // What the closing of the gate has cut off is about to be cancelled.
                let lane = if self.gate.is_closed() { Lane::Cancel } else { Lane::Reconcile };
                match self.look_up(&request.client_order_id, lane).await {
                    Found::Order(order) => self.taken(request, &order).await,
                    Found::Nothing | Found::NoAnswer => {
                        self.give_up(request, &failure, false).await;
                    }
                }
            }
        }
    }

    async fn submit_critical(&self, request: &OrderRequest) {
        let mut trouble: Option<Stopwatch> = None;
        let mut may_be_there = false;
        for attempt in 1.. {
            let (failure, window) = match self.send_critical(request, attempt == 1).await {
                Sent::Taken(order) => return self.taken(request, &order).await,
                Sent::Refused(refusal) => {
                    // What was sent before may be the reason of the refusal: it holds the
                    // shares.
                    let found = if may_be_there {
                        self.protective_look_up(request).await
                    } else {
                        Found::Nothing
                    };
                    return match found {
                        Found::Order(order) => self.taken(request, &order).await,
                        Found::Nothing => self.refused(request, &refusal).await,
                        Found::NoAnswer => {
                            let failure = CallError::Refused(*refusal).into();
                            self.give_up(request, &failure, false).await;
                        }
                    };
                }
                Sent::NotThere(failure) => (failure, NOT_SENT_WINDOW),
                Sent::InUse(failure) | Sent::Unknown(failure) => {
                    may_be_there = true;
                    if let Found::Order(order) = self.protective_look_up(request).await {
                        return self.taken(request, &order).await;
                    }
                    (failure, UNKNOWN_WINDOW)
                }
            };
            let elapsed = trouble.get_or_insert_with(Stopwatch::start).elapsed();
            let may_repeat = !may_be_there || self.broker.deduplicates();
            if !may_repeat || attempt >= TRIES || elapsed >= window {
                return self.give_up(request, &failure, !may_be_there).await;
            }
            let wait = WAIT.saturating_mul(1 << attempt.min(4));
            tokio::time::sleep(self.jitter(wait)).await;
        }
    }

    /// Sends over every way there is; the first success ends the others.
    async fn send_critical(&self, request: &OrderRequest, is_first: bool) -> Sent {
        if let Some(second) = self.second_way() {
            return self.race(request, second, is_first).await;
        }
        let call = send(self.broker.as_ref(), request);
        sent(self.call(Leave::by(Lane::Protective), call).await)
    }

    /// Looks an order up by our name, once for each try of a read.
    async fn look_up(&self, id: &ClientOrderId, lane: Lane) -> Found {
        match self.read_by_all(Leave::read(lane, None), |broker| broker.find(id)).await {
            Ok(Some(order)) => Found::Order(Box::new(order)),
            Ok(None) => Found::Nothing,
            Err(_) => Found::NoAnswer,
        }
    }

    async fn protective_look_up(&self, request: &OrderRequest) -> Found {
        self.look_up(&request.client_order_id, Lane::Protective).await
    }

    /// The broker has the order: says so, and what has happened to it since.
    async fn taken(&self, request: &OrderRequest, order: &BrokerOrder) {
        let is_other = {
            let mut ledger = self.ledger();
            ledger.claim(order);
            ledger.is_other(&request.client_order_id, order)
        };
        if is_other {
            return self.belongs_to_another(request, order).await;
        }
        if order.report.status == ReportedStatus::Rejected {
            let message = "the broker took it and refused it".to_owned();
            return self.reject(request, RejectReason::Other, message, None).await;
        }
        let news = self.ledger().standing(order);
        self.say_all(news.events).await;
        let now = self.clock.now();
        if let Some(row) = self.ledger().get_mut(&request.client_order_id) {
            row.watch.taken(now);
        }
    }

    /// Our name is on an order that we did not ask for (F21): it is told as a stranger's,
    /// and what became of ours stays unknown.
    async fn belongs_to_another(&self, request: &OrderRequest, order: &BrokerOrder) {
        let id = &request.client_order_id;
        let news = self.ledger().standing(order);
        self.say_all(news.events).await;
        let detail = "the broker's order under this name is another one".to_owned();
        let outcome = crate::breakers::CallOutcome::CallerError;
        let failure = CallError::Unknown { outcome, detail, rate: None }.into();
        self.say_failed(VenueCall::Submit, id, false, &failure).await;
    }

    /// The broker's answer was no.
    async fn refused(&self, request: &OrderRequest, refusal: &Refusal) {
        // The stream has said that it was taken: evidence of acceptance wins (F06).
        if self.is_known_at_broker(&request.client_order_id) {
            let id = &request.client_order_id;
            let text = format!("order {id} was taken and its answer says: {refusal}");
            return self.alert(Severity::Warning, text).await;
        }
        let message = refusal.message.clone();
        self.reject(request, refusal.reason, message, Some(refusal)).await;
        // The house believed that there was enough: it is told what there is.
        if refusal.reason == RejectReason::InsufficientFunds {
            self.say_account().await;
        }
    }

    async fn reject(
        &self,
        request: &OrderRequest,
        reason: RejectReason,
        message: String,
        refusal: Option<&Refusal>,
    ) {
        let client_order_id = request.client_order_id.clone();
        self.ledger().finish(&client_order_id);
        self.say(VenueEvent::Rejected(VenueRejected {
            client_order_id,
            reason,
            message,
            estimated_cost: refusal.and_then(|refusal| refusal.estimated_cost),
            buying_power: refusal.and_then(|refusal| refusal.buying_power),
        }))
        .await;
    }

    /// It is not there, or nobody knows.
    async fn give_up(&self, request: &OrderRequest, failure: &Failure, is_certain: bool) {
        let id = &request.client_order_id;
        if self.is_known_at_broker(id) {
            return; // The stream has told it meanwhile.
        }
        if is_certain {
            self.ledger().finish(id);
        }
        self.say_failed(VenueCall::Submit, id, is_certain, failure).await;
    }

    fn is_known_at_broker(&self, id: &ClientOrderId) -> bool {
        self.ledger().get(id).is_some_and(|row| row.broker_order_id.is_some())
    }

    /// Tells where an order stands.
    pub(super) async fn status(&self, id: &ClientOrderId) {
        match self.look_up(id, Lane::Reconcile).await {
            Found::Order(order) => {
                // Asked for by name, so it is told in full.
                let news = self.ledger().asked(&order);
                self.say_all(news.events).await;
            }
            Found::Nothing => {
                let client_order_id = id.clone();
                self.say(VenueEvent::NotFound(VenueNotFound { client_order_id })).await;
            }
            // Whoever asked asks again.
            Found::NoAnswer => {}
        }
    }
}

/// Sends an order over one connection, and says that it leaves.
pub(super) async fn send<B: Broker>(
    broker: &B,
    request: &OrderRequest,
) -> Result<Answer<BrokerOrder>, CallError> {
    let of = request.client_order_id.as_str();
    tracing::trace!(target: MEASURES, order_sent = true, of);
    broker.submit(request).await
}

/// What the answer to one sending means.
pub(super) fn sent(answer: Result<BrokerOrder, Failure>) -> Sent {
    match answer {
        Ok(order) => Sent::Taken(Box::new(order)),
        Err(Failure::Failed(CallError::Refused(refusal))) => match refusal {
            refusal if refusal.is_turned_away() => {
                Sent::NotThere(CallError::Refused(refusal).into())
            }
            refusal @ Refusal { reason: RejectReason::DuplicateClientOrderId, .. } => {
                Sent::InUse(CallError::Refused(refusal).into())
            }
            refusal => Sent::Refused(Box::new(refusal)),
        },
        Err(failure) if failure.is_certain() => Sent::NotThere(failure),
        Err(failure) => Sent::Unknown(failure),
    }
}
