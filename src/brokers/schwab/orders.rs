//! How an order leaves, is replaced and cancelled, so that it is never at Schwab twice
//! (Schwab, protocol page §3.4 and §3.5 of November 2026).
//!
//! What is noted of an order, and when one may not leave, is in
//! [`book`](crate::brokers::schwab::book).

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Method;

use crate::breakers::CallOutcome;
use crate::brokers::broker::{Broker, BrokerOrder, Replacement};
use crate::brokers::call::{Answer, CallError, Refusal};
use crate::brokers::schwab::book::{Fate, Start};
use crate::brokers::schwab::broker::SchwabBroker;
use crate::brokers::schwab::classify;
use crate::brokers::schwab::fingerprint::{Fingerprint, Likeness};
use crate::brokers::schwab::reading::{has_ended, part};
use crate::brokers::schwab::resolution::Resolution;
use crate::brokers::schwab::rest::{Reply, Request};
use crate::brokers::schwab::translate::send::{self, Held, unsupported};
use crate::brokers::schwab::wire::{WireOrder, WireSend};
use crate::brokers::words::cleaned;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::money::Qty;
use crate::domain::order::{
    OrderClass, OrderKind, OrderReport, OrderRequest, RejectReason, ReportedStatus, TimeInForce,
};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;

/// For how long an order waits for one like it to land; longer than most calls, shorter
/// than anybody waits for an answer.
const ALIKE_PATIENCE: Duration = Duration::from_secs(3);

/// An order on its way. Dropped without a word, as by a caller who waits no longer, its
/// fate is unknown.
struct Flight<'a> {
    broker: &'a SchwabBroker,
    id: ClientOrderId,
}

impl Flight<'_> {
    fn settle(&self, fate: Fate) {
        self.broker.book().settle(&self.id, fate);
        self.broker.landed.notify_waiters();
    }

    fn doubt(&self) {
        self.settle(Fate::Doubted(Resolution::begin(self.broker.rest.now())));
    }

    /// Notes what a failed call means for the order.
    fn failed(&self, error: &CallError) {
        match error {
            CallError::NotSent { .. } | CallError::LoginNeeded { .. } | CallError::Refused(_) => {
                self.settle(Fate::NotPlaced);
            }
            CallError::Unknown { .. } => self.doubt(),
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if self.broker.book().fate(&self.id) == Some(&Fate::Flying) {
            self.doubt();
        }
    }
}

/// Where an order goes: a new one, or one in the place of another.
#[derive(Debug, Clone, Copy)]
struct Way<'a> {
    order: &'a OrderRequest,
    fingerprint: &'a Fingerprint,
    replaces: Option<&'a BrokerOrderId>,
}

impl SchwabBroker {
    /// Sends an order and reads it at once: a 201 is not acceptance by the market.
    pub(super) async fn send_order(
        &self,
        order: &OrderRequest,
    ) -> Result<Answer<BrokerOrder>, CallError> {
        // What cannot be sent is told before anything leaves.
        let body = send::body(order, None).map_err(CallError::Refused)?;
        let fingerprint = Fingerprint::of(order).ok_or_else(|| CallError::Refused(nameless()))?;
        if let Some(refusal) = self.book().obstacle(order) {
            return Err(CallError::Refused(refusal));
        }
        let held = match send::implied_holding(order) {
            Some(held) => held,
            None => self.held(order.symbol).await.map_err(before)?,
        };
        let body = if held.is_some() {
            send::body(order, held).map_err(CallError::Refused)?
        } else {
            body
        };
        let hash = &self.opened().await.map_err(before)?.hash;
        let path = ["accounts", hash, "orders"];
        let request = Request::change("POST /accounts/{hash}/orders", Method::POST, &path);
        let way = Way { order, fingerprint: &fingerprint, replaces: None };
        self.fly(way, request, &body).await
    }

    /// Sends other terms for an order, all of them: the new order has its own id, and the
    /// shares that are filled already stay with the old one.
    pub(super) async fn replace_order(
        &self,
        change: &Replacement,
    ) -> Result<Answer<BrokerOrder>, CallError> {
        let old_id = self.book().canonical(&change.broker_order_id);
        let old = self.read_wire(&old_id).await.map_err(before)?;
        let old = old.ok_or_else(|| CallError::Refused(not_working("Schwab has no such order")))?;
        let (order, held) = self.replacing(change, &old.value).map_err(CallError::Refused)?;
        let fingerprint = Fingerprint::of(&order).ok_or_else(|| CallError::Refused(nameless()))?;
        let body = send::body(&order, held).map_err(CallError::Refused)?;
        let hash = &self.opened().await.map_err(before)?.hash;
        let path = ["accounts", hash, "orders", part(&old_id)?];
        let request = Request::change("PUT /accounts/{hash}/orders/{id}", Method::PUT, &path);
        let way = Way { order: &order, fingerprint: &fingerprint, replaces: Some(&old_id) };
        match self.fly(way, request, &body).await {
            Err(CallError::Refused(refusal)) => {
                Err(CallError::Refused(self.explained(refusal, &old_id).await))
            }
            other => other,
        }
    }

    /// The order that takes the place of a listed one.
    fn replacing(
        &self,
        change: &Replacement,
        old: &WireOrder,
    ) -> Result<(OrderRequest, Held), Refusal> {
        if !old.children().is_empty() {
            return Err(unsupported("Schwab replaces no groups: cancel it and send another one"));
        }
        let listed = self.named(old).map_err(|error| not_working(&error.to_string()))?.report;
        if has_ended(listed.status) {
            return Err(not_working("the order has ended"));
        }
        let kind = match (listed.kind, change.limit, change.stop) {
            (OrderKind::Limit { .. }, Some(limit), _) => OrderKind::Limit { limit },
            (OrderKind::Stop { .. }, _, Some(stop)) => OrderKind::Stop { stop },
            (OrderKind::StopLimit { .. }, Some(limit), Some(stop)) => {
                OrderKind::StopLimit { stop, limit }
            }
            (OrderKind::Market | OrderKind::TrailingStop { .. }, ..)
            | (_, None, _)
            | (.., None) => {
                return Err(unsupported("the order's type has no such terms to change"));
            }
        };
        let time_in_force = match old.duration.as_deref() {
            Some("DAY") => TimeInForce::Day,
            Some("GOOD_TILL_CANCEL") => TimeInForce::Gtc,
            _ => return Err(unsupported("only day and gtc orders are replaced")),
        };
        let extended_hours = match old.session.as_deref() {
            Some("NORMAL") | None => false,
            Some("SEAMLESS") => true,
            Some(_) => return Err(unsupported("orders of other sessions are not replaced")),
        };
        let order = OrderRequest {
            client_order_id: change.client_order_id.clone(),
            symbol: listed.symbol,
            side: listed.side,
            qty: change.qty.saturating_sub(listed.filled),
            kind,
            time_in_force,
            class: OrderClass::Simple,
            extended_hours,
        };
        let held = match old.leg().and_then(|leg| leg.instruction.as_deref()) {
            Some("SELL") => Some(Direction::Long),
            Some("BUY_TO_COVER") => Some(Direction::Short),
            Some(_) | None => None,
        };
        Ok((order, held))
    }

    /// Lets an order leave once and says what came of it.
    async fn fly(
        &self,
        way: Way<'_>,
        request: Request<'_>,
        body: &WireSend,
    ) -> Result<Answer<BrokerOrder>, CallError> {
        let flight = self.take_off(way).await?;
        let body = written(body);
        let about = way.order.client_order_id.as_str();
        let request = Request { body: Some(body), about: Some(about), ..request };
        match self.rest.send(request).await {
            Ok(reply) => self.land(&flight, way, reply).await,
            Err(error) => {
                flight.failed(&error);
                Err(error)
            }
        }
    }

    /// Notes an order right before it leaves; waits while one like it is on its way.
    async fn take_off(&self, way: Way<'_>) -> Result<Flight<'_>, CallError> {
        let late = |_| {
            let why = "an identical order is still on its way";
            CallError::Refused(Refusal::of_ours(RejectReason::Other, why))
        };
        tokio::time::timeout(ALIKE_PATIENCE, self.take_off_alone(way)).await.map_err(late)?
    }

    async fn take_off_alone(&self, way: Way<'_>) -> Result<Flight<'_>, CallError> {
        loop {
            let landed = self.landed.notified();
            tokio::pin!(landed);
            // From here on no landing is missed.
            landed.as_mut().enable();
            let now = self.rest.now();
            let start = self.book().begin((way.order, way.fingerprint), way.replaces, now);
            match start {
                Start::Go => {
                    let id = way.order.client_order_id.clone();
                    return Ok(Flight { broker: self, id });
                }
                Start::Refused(refusal) => return Err(CallError::Refused(*refusal)),
                Start::Wait => landed.await,
            }
        }
    }

    /// Schwab has taken something: which order it is, and where it stands.
    async fn land(
        &self,
        flight: &Flight<'_>,
        way: Way<'_>,
        reply: Reply,
    ) -> Result<Answer<BrokerOrder>, CallError> {
        let hash = &self.opened().await?.hash;
        let Some(id) = reply.location.as_deref().and_then(|place| id_in(place, hash)) else {
            flight.doubt();
            return self.look_once(&flight.id, reply).await;
        };
        let id = BrokerOrderId::new(id);
        let Ok(Some(read)) = self.read_wire(&id).await else {
            // It is there, only not to be seen yet.
            flight.settle(Fate::Placed(id.clone()));
            return Ok(reply.answer(as_ordered(way, id, self.rest.now())));
        };
        let wire = read.value;
        if way.fingerprint.likeness(&wire) == Likeness::Other {
            flight.doubt();
            return Err(unknown("the answer names an order that is another one"));
        }
        flight.settle(Fate::Placed(id));
        self.book().learn_tag(&wire);
        let order = self.named(&wire).map_err(|error| unknown(&error.to_string()))?;
        if order.report.status == ReportedStatus::Rejected {
            return Err(CallError::Refused(rejection(&wire)));
        }
        Ok(reply.answer(order))
    }

    /// A success that does not say which order it made: it may be in the list already.
    async fn look_once(
        &self,
        id: &ClientOrderId,
        reply: Reply,
    ) -> Result<Answer<BrokerOrder>, CallError> {
        match self.find(id).await {
            Ok(Answer { value: Some(order), .. }) => Ok(reply.answer(order)),
            Ok(_) | Err(_) => Err(unknown("Schwab took the order and does not say as which")),
        }
    }

    /// What the account holds of a stock; a young execution of ours counts also where the
    /// positions do not show it yet.
    async fn held(&self, symbol: Symbol) -> Result<Held, CallError> {
        let positions = self.positions().await?.value;
        let listed = positions.iter().find(|position| position.symbol == symbol);
        let listed = listed.map(|position| position.direction);
        Ok(listed.or_else(|| self.book().opened(symbol, self.rest.now())))
    }

    /// Asks for the end of an order.
    pub(super) async fn cancel_order(&self, id: &BrokerOrderId) -> Result<Answer<()>, CallError> {
        let id = self.book().canonical(id);
        let hash = &self.opened().await?.hash;
        let path = ["accounts", hash, "orders", part(&id)?];
        let label = "DELETE /accounts/{hash}/orders/{id}";
        let request = Request::change(label, Method::DELETE, &path);
        match self.rest.send(Request { about: Some(id.as_str()), ..request }).await {
            Ok(reply) => Ok(reply.answer(())),
            // It has been asked before: success means no more than that.
            Err(CallError::Refused(refusal))
                if refusal.status == 400 && self.is_ending(&id).await =>
            {
                Ok(Answer { value: (), rate: refusal.rate, request_id: refusal.request_id })
            }
            Err(CallError::Refused(refusal)) => {
                Err(CallError::Refused(self.explained(refusal, &id).await))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether an order's end was asked for and is on its way.
    async fn is_ending(&self, id: &BrokerOrderId) -> bool {
        let Ok(Some(order)) = self.read_wire(id).await else { return false };
        matches!(order.value.status.as_deref(), Some("PENDING_CANCEL" | "AWAITING_UR_OUT"))
    }

    /// A 400 for an order that is gone looks like one for a bad request: the order tells
    /// them apart (§3.4).
    async fn explained(&self, refusal: Refusal, id: &BrokerOrderId) -> Refusal {
        if refusal.is_turned_away() || !matches!(refusal.status, 400 | 404) {
            return refusal;
        }
        let reason = match self.read_order(id).await {
            Ok(Answer { value: Some(order), .. }) if !has_ended(order.report.status) => {
                return refusal;
            }
            Ok(_) => RejectReason::NotWorking,
            Err(_) => return refusal,
        };
        Refusal { reason, ..refusal }
    }

    /// Asks for the end of every open order of the account.
    pub(super) async fn cancel_open_orders(&self) -> Result<Answer<()>, CallError> {
        let now = self.rest.now();
        let orders = self.open_and_newer_orders(now.plus(SignedDuration::from_secs(1))).await?;
        let Answer { value: orders, rate, request_id } = orders;
        let mut failure = None;
        for order in &orders {
            match self.cancel_order(&order.report.broker_order_id).await {
                Ok(_) => {}
                // It ended meanwhile.
                Err(CallError::Refused(refusal)) if refusal.reason == RejectReason::NotWorking => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(Answer { value: (), rate, request_id }),
        }
    }
}

/// The order's id in a `Location`: its last part, when the path is that of our account.
fn id_in<'a>(location: &'a str, hash: &str) -> Option<&'a str> {
    let path = location.split(['?', '#']).next()?.trim_end_matches('/');
    let mut parts = path.rsplit('/');
    let id = parts.next().filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))?;
    let is_ours = parts.next() == Some("orders")
        && parts.next().is_some_and(|part| part.eq_ignore_ascii_case(hash));
    is_ours.then_some(id)
}

/// An order that Schwab has and does not show yet.
fn as_ordered(way: Way<'_>, id: BrokerOrderId, at: Timestamp) -> BrokerOrder {
    let order = way.order;
    BrokerOrder {
        report: OrderReport {
            client_order_id: Some(order.client_order_id.clone()),
            broker_order_id: id,
            symbol: order.symbol,
            side: order.side,
            qty: order.qty,
            kind: order.kind,
            filled: Qty::ZERO,
            average_price: None,
            status: ReportedStatus::Working,
        },
        legs: Vec::new(),
        replaced_by: None,
        replaces: way.replaces.cloned(),
        submitted_at: at,
        updated_at: at,
    }
}

/// JSON of a body of our own.
pub(super) fn written(body: &WireSend) -> Vec<u8> {
    serde_json::to_vec(body).expect("our bodies hold texts and numbers alone")
}

/// Why an order was rejected after it had been taken.
pub(super) fn rejection(wire: &WireOrder) -> Refusal {
    let message = cleaned(wire.status_description.as_deref().unwrap_or_default());
    let message = if message.is_empty() { "rejected without a word".into() } else { message };
    let reason = classify::reason_of(&message);
    Refusal { status: 201, message, ..Refusal::of_ours(reason, "") }
}

/// Of a failure before the order itself: nothing of it has left.
fn before(error: CallError) -> CallError {
    match error {
        CallError::Unknown { detail, .. } => CallError::NotSent { detail },
        CallError::Refused(refusal) if refusal.is_turned_away() || refusal.status == 422 => {
            CallError::Refused(refusal)
        }
        CallError::Refused(refusal) => CallError::NotSent { detail: refusal.to_string() },
        CallError::NotSent { .. } | CallError::LoginNeeded { .. } => error,
    }
}

fn unknown(detail: &str) -> CallError {
    CallError::Unknown { outcome: CallOutcome::Malformed, detail: cleaned(detail), rate: None }
}

fn not_working(why: &str) -> Refusal {
    Refusal::of_ours(RejectReason::NotWorking, why)
}

fn nameless() -> Refusal {
    unsupported("an order that could not be recognised afterwards")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(location: &str, expected: Option<&str>) {
        assert_eq!(id_in(location, "9F0C"), expected, "{location}");
    }

    #[test]
    fn a_location_is_believed_only_with_our_hash_and_a_number() {
        let base = "https://api.schwabapi.com/trader/v1/accounts";
        check(&format!("{base}/9F0C/orders/1000000000001"), Some("1000000000001"));
        check(&format!("{base}/9f0c/orders/7/"), Some("7"));
        check("/trader/v1/accounts/9F0C/orders/7?x=1", Some("7"));
        check(&format!("{base}/AAAA/orders/7"), None);
        check(&format!("{base}/9F0C/orders/"), None);
        check(&format!("{base}/9F0C/orders/seven"), None);
        check(&format!("{base}/9F0C/7"), None);
        check("", None);
    }
}
