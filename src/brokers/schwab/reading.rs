//! Reading orders: one, a list, or one of ours of which nobody knows (Schwab, protocol
//! page §3 and §3.5 of November 2026).
//!
//! A list that is longer than one answer may be is read in halves. Every list that is
//! read also settles what was in doubt.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::breakers::CallOutcome;
use crate::brokers::broker::BrokerOrder;
use crate::brokers::call::{Answer, CallError, Refusal};
use crate::brokers::oddity::Oddity;
use crate::brokers::schwab::book::{Book, Fate};
use crate::brokers::schwab::broker::SchwabBroker;
use crate::brokers::schwab::config::Absence;
use crate::brokers::schwab::resolution::{Resolution, SKEW, Standing};
use crate::brokers::schwab::rest::{Family, Request, unreadable};
use crate::brokers::schwab::translate::order::{broker_order, is_foreign};
use crate::brokers::schwab::wire::WireOrder;
use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::order::{RejectReason, ReportedStatus};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;

/// Orders of one answer; Schwab's own default.
const ORDERS_PER_ANSWER: usize = 3_000;
/// Answers that are read for one list.
const ANSWERS_MAX: usize = 32;
/// How far a list may reach back (§3: at most a year).
const LONGEST: SignedDuration = SignedDuration::from_hours(364 * 24);

impl SchwabBroker {
    /// Reads one order as it stands on the wire.
    pub(super) async fn read_wire(
        &self,
        id: &BrokerOrderId,
    ) -> Result<Option<Answer<WireOrder>>, CallError> {
        let hash = &self.opened().await?.hash;
        let path = ["accounts", hash, "orders", part(id)?];
        let label = "GET /accounts/{hash}/orders/{id}";
        let request = Request::read(label, Family::Trader, &path);
        let request = Request { about: Some(id.as_str()), ..request };
        let Some(reply) = self.rest.find(request).await? else { return Ok(None) };
        let wire: WireOrder = reply.json()?;
        // Whoever asks for one order is not told another one (F21).
        if wire.id() != Some(id.as_str()) {
            return Err(unreadable(&"Schwab answers with another order"));
        }
        Ok(Some(reply.answer(wire)))
    }

    /// Reads one order.
    pub(super) async fn read_order(
        &self,
        id: &BrokerOrderId,
    ) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let id = self.book().canonical(id);
        let Some(read) = self.read_wire(&id).await? else { return Ok(nothing()) };
        let order = self.named(&read.value)?;
        Ok(read.map(|_| Some(order)))
    }

    /// Translates an order, with the name and the links that only we know.
    pub(super) fn named(&self, wire: &WireOrder) -> Result<BrokerOrder, CallError> {
        let mut order = broker_order(wire, &self.oddities).map_err(|error| unreadable(&error))?;
        let mut book = self.book();
        note_opening(&mut book, wire, &order);
        let id = order.report.broker_order_id.clone();
        order.report.client_order_id = book.name(&id).cloned();
        (order.replaced_by, order.replaces) = book.links(&id);
        for leg in &mut order.legs {
            (leg.replaced_by, leg.replaces) = book.links(&leg.report.broker_order_id);
        }
        Ok(order)
    }

    /// Reads all orders that were entered within a span, each once, oldest first.
    async fn listed(
        &self,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<WireOrder>>, CallError> {
        let mut rows: Vec<WireOrder> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut spans = vec![(from, until)];
        let mut request_id = None;
        for _ in 0..ANSWERS_MAX {
            let Some((from, until)) = spans.pop() else {
                rows.sort_by_key(|row| (entered(row), row.id().map(str::to_owned)));
                return Ok(Answer { value: rows, rate: None, request_id });
            };
            let page = self.page((from, until)).await?;
            if page.value.len() >= ORDERS_PER_ANSWER && until.since(from).as_secs() > 1 {
                let middle = from.plus(until.since(from) / 2);
                spans.extend([(middle, until), (from, middle)]);
                continue;
            }
            request_id = page.request_id;
            let is_new = |row: &WireOrder| row.id().is_some_and(|id| seen.insert(id.to_owned()));
            rows.extend(page.value.into_iter().filter(is_new));
        }
        let detail = format!("the list of orders has more than {ANSWERS_MAX} answers");
        Err(CallError::Unknown { outcome: CallOutcome::Malformed, detail, rate: None })
    }

    async fn page(
        &self,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<WireOrder>>, CallError> {
        let hash = &self.opened().await?.hash;
        let path = ["accounts", hash, "orders"];
        let query = [
            ("fromEnteredTime", stamp(from)),
            ("toEnteredTime", stamp(until)),
            ("maxResults", ORDERS_PER_ANSWER.to_string()),
        ];
        let request = Request::read("GET /accounts/{hash}/orders", Family::Trader, &path);
        let reply = self.rest.send(Request { query: &query, ..request }).await?;
        let rows: Vec<WireOrder> = reply.json()?;
        Ok(reply.answer(rows))
    }

    /// All open orders, and every order since an instant. Open ones may be old: the first
    /// list reaches back as far as Schwab allows, later ones to the oldest that was open.
    pub(super) async fn open_and_newer_orders(
        &self,
        since: Timestamp,
    ) -> Result<Answer<Vec<BrokerOrder>>, CallError> {
        let now = self.rest.now();
        let longest = now.plus(-LONGEST);
        let from = self.book().oldest_open().unwrap_or(longest).min(since).max(longest);
        let span = (from, now.plus(SKEW));
        let list = self.listed(span).await?;
        self.book().take_in(&list.value, span, now);
        let Answer { value: list, rate, request_id } = list;
        let mut orders = Vec::with_capacity(list.len());
        for wire in &list {
            if is_foreign(wire) {
                self.oddities.count(Oddity::ForeignAsset, "an order");
                continue;
            }
            orders.push(self.named(wire)?);
        }
        let open = orders.iter().filter(|order| is_open(order));
        let oldest = open.map(|order| order.submitted_at).min().unwrap_or(now).min(now);
        // What an order's stamp lacks below the second must not put it before the list.
        self.book().set_oldest_open(oldest.plus(-SKEW));
        orders.retain(|order| order.submitted_at >= since || is_open(order));
        Ok(Answer { value: orders, rate, request_id })
    }

    /// Looks an order up by our name. What was placed is read; what is in doubt is looked
    /// for once more. Schwab does not know our names, so that only what certainly was not
    /// placed is *not there*: everything else stays unknown.
    pub(super) async fn find_order(
        &self,
        id: &ClientOrderId,
    ) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let fate = self.book().fate(id).cloned();
        match fate {
            None => Err(undecided("an order of this name was not sent by this program")),
            Some(Fate::Flying) => Err(undecided("its answer is awaited")),
            Some(Fate::NotPlaced) => Ok(nothing()),
            Some(Fate::Placed(placed)) => self.placed(&placed).await,
            Some(Fate::Doubted(_)) => self.look(id).await,
        }
    }

    async fn placed(&self, id: &BrokerOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let read = self.read_order(id).await?;
        if read.value.is_none() {
            return Err(undecided(&format!("it was placed as {id} and is not shown")));
        }
        Ok(read)
    }

    /// One look for an order in doubt.
    async fn look(&self, id: &ClientOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let now = self.rest.now();
        let sent_at = self.book().sent_at(id).unwrap_or(now);
        let span = (sent_at.plus(-SKEW), now.plus(SKEW));
        let list = self.listed(span).await?;
        let fate = {
            let mut book = self.book();
            book.take_in(&list.value, span, now);
            book.fate(id).cloned()
        };
        self.landed.notify_waiters();
        let search = match fate {
            Some(Fate::Placed(placed)) => {
                let listed = list.value.iter().find(|row| row.id() == Some(placed.as_str()));
                let Some(row) = listed else { return self.placed(&placed).await };
                let order = self.named(row)?;
                return Ok(list.map(|_| Some(order)));
            }
            Some(Fate::Doubted(search)) => search,
            Some(Fate::NotPlaced) => return Ok(nothing()),
            Some(Fate::Flying) | None => return Err(undecided("its answer is awaited")),
        };
        self.stands(id, &search)
    }

    /// What is said of an order that was looked for and not found for certain.
    fn stands(
        &self,
        id: &ClientOrderId,
        search: &Resolution,
    ) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        match (search.standing(), self.config.absence) {
            (Standing::ProbablyNotPlaced, Absence::MeansNotPlaced) => {
                self.book().settle(id, Fate::NotPlaced);
                Ok(nothing())
            }
            (Standing::ProbablyNotPlaced, Absence::AsksHuman) => {
                Err(undecided("probably not placed: look at Schwab's own list, then decide"))
            }
            (Standing::Ambiguous(ids), _) => {
                let ids: Vec<&str> = ids.iter().map(BrokerOrderId::as_str).collect();
                let ids = ids.join(", ");
                Err(undecided(&format!("it may be Schwab's order {ids}: look there, then decide")))
            }
            (Standing::Looking { .. } | Standing::Placed(_), _) => {
                Err(undecided("not in Schwab's list yet, which proves nothing"))
            }
        }
    }
}

/// The service has answered; only this order is not clear.
fn undecided(detail: &str) -> CallError {
    let outcome = CallOutcome::CallerError;
    CallError::Unknown { outcome, detail: detail.to_owned(), rate: None }
}

const fn nothing<T>() -> Answer<Option<T>> {
    Answer { value: None, rate: None, request_id: None }
}

/// An order's id as a part of a path: Schwab's are numbers, and whatever else is no
/// order of theirs.
pub(super) fn part(id: &BrokerOrderId) -> Result<&str, CallError> {
    let text = id.as_str();
    if !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text);
    }
    let why = format!("'{text}' is not an order's id");
    Err(CallError::Refused(Refusal::of_ours(RejectReason::NotWorking, &why)))
}

/// Notes what an order with executions has opened.
fn note_opening(book: &mut Book, wire: &WireOrder, order: &BrokerOrder) {
    if order.report.filled.is_zero() {
        return;
    }
    let direction = match wire.leg().and_then(|leg| leg.instruction.as_deref()) {
        Some("BUY") => Direction::Long,
        Some("SELL_SHORT") => Direction::Short,
        Some(_) | None => return,
    };
    book.moved(order.report.symbol, direction, order.updated_at);
}

/// Whether a status is the end of an order.
pub(super) const fn has_ended(status: ReportedStatus) -> bool {
    match status {
        ReportedStatus::Working | ReportedStatus::Held => false,
        ReportedStatus::Filled
        | ReportedStatus::Cancelled
        | ReportedStatus::Expired
        | ReportedStatus::Rejected
        | ReportedStatus::Replaced => true,
    }
}

fn is_open(order: &BrokerOrder) -> bool {
    std::iter::once(order).chain(&order.legs).any(|node| !has_ended(node.report.status))
}

fn entered(wire: &WireOrder) -> Option<Timestamp> {
    wire.entered_time.as_deref().and_then(|text| text.parse().ok())
}

/// An instant as requests write it (§2).
fn stamp(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_write_milliseconds_and_a_z() {
        for (text, expected) in [
            ("2026-03-09T15:50:23Z", "2026-03-09T15:50:23.000Z"),
            ("2026-03-09T15:50:23.123456Z", "2026-03-09T15:50:23.123Z"),
        ] {
            assert_eq!(stamp(text.parse().unwrap()), expected);
        }
    }
}
