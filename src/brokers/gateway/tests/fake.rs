//! A broker that keeps a ledger of its own and misbehaves by script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::SignedDuration;

use crate::breakers::{CallOutcome, RateHeaders};
use crate::brokers::gateway::Gate;
use crate::brokers::gateway::tests::house::START;
use crate::brokers::{
    Answer, Broker, BrokerAccount, BrokerAsset, BrokerClock, BrokerOrder, CallError, Execution,
    Refusal, Replacement,
};
use crate::bus::clock::Clock;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::market::{Bar, Interval, Quote};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{
    OrderClass, OrderKind, OrderReport, OrderRequest, RejectReason, ReportedStatus, Side,
};
use crate::domain::position::Position;
use crate::domain::time::Timestamp;

/// What the broker does with one call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Does {
    /// What was asked.
    Well,
    /// What was asked, and the answer is lost.
    AnswerLost,
    /// Nothing, and nobody knows.
    Lost,
    /// Nothing: not a byte arrived.
    NotSent,
    /// Nothing: its login is dead.
    LoginDead,
    /// It refuses.
    Refuses(u16, RejectReason),
    /// What was asked; the answer comes after so many seconds.
    After(u64),
}

/// Its books.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) orders: BTreeMap<ClientOrderId, BrokerOrder>,
    pub(super) script: BTreeMap<&'static str, VecDeque<Does>>,
    /// Every call with its instant and subject.
    pub(super) calls: Vec<(Timestamp, String)>,
    pub(super) bars: Vec<Bar>,
    /// What the headers of a verb's answers say.
    pub(super) rates: BTreeMap<&'static str, RateHeaders>,
    /// What is over is too old to be listed.
    pub(super) is_old: bool,
    /// Cancels are taken and nothing comes of them.
    pub(super) are_cancels_stuck: bool,
    /// Executions of an order, where they can be read one by one.
    pub(super) executions: BTreeMap<BrokerOrderId, Vec<(Execution, Qty)>>,
    /// Whether the stream is said to tell every execution.
    pub(super) pushes: bool,
    /// How often another connection of the stream was asked for.
    pub(super) redials: usize,
    /// Entries that left while the gate was closed.
    pub(super) past_the_gate: usize,
    named: u32,
}

impl Books {
    /// The order under a name of ours.
    #[track_caller]
    pub(super) fn order(&self, id: &str) -> &BrokerOrder {
        self.orders.get(&ClientOrderId::new(id)).expect("the broker has it")
    }

    pub(super) fn order_mut(&mut self, id: &str) -> &mut BrokerOrder {
        self.orders.get_mut(&ClientOrderId::new(id)).expect("the broker has it")
    }

    /// Fills shares of an order, in total.
    pub(super) fn fill(&mut self, id: &str, filled: u64, price: &str) -> BrokerOrder {
        let order = self.order_mut(id);
        order.report.filled = Qty::shares(filled).unwrap();
        order.report.average_price = Some(price.parse().unwrap());
        if order.report.filled == order.report.qty {
            order.report.status = ReportedStatus::Filled;
        }
        order.clone()
    }

    pub(super) fn end(&mut self, id: &str, status: ReportedStatus) -> BrokerOrder {
        self.order_mut(id).report.status = status;
        self.order(id).clone()
    }

    /// How often a verb was called.
    pub(super) fn count(&self, verb: &str) -> usize {
        self.calls.iter().filter(|(_, call)| call.split(' ').next() == Some(verb)).count()
    }

    /// Takes an order in that came some other way than by a call.
    pub(super) fn receive(&mut self, request: &OrderRequest) -> &BrokerOrder {
        self.take_in(request).expect("a new name");
        self.order(request.client_order_id.as_str())
    }

    fn take_in(&mut self, request: &OrderRequest) -> Result<BrokerOrder, CallError> {
        if self.orders.contains_key(&request.client_order_id) {
            return Err(refusal(422, RejectReason::DuplicateClientOrderId));
        }
        let mut legs = Vec::new();
        if let OrderClass::Oco { stop } = request.class {
            let name = format!("leg-of-{}", request.client_order_id);
            let kind = OrderKind::Stop { stop: stop.stop };
            legs.push(self.made(&ClientOrderId::new(name), request, kind, Vec::new()));
        }
        let order = self.made(&request.client_order_id, request, request.kind, legs);
        self.orders.insert(request.client_order_id.clone(), order.clone());
        Ok(order)
    }

    fn made(
        &mut self,
        id: &ClientOrderId,
        request: &OrderRequest,
        kind: OrderKind,
        legs: Vec<BrokerOrder>,
    ) -> BrokerOrder {
        self.named += 1;
        BrokerOrder {
            report: OrderReport {
                client_order_id: Some(id.clone()),
                broker_order_id: BrokerOrderId::new(format!("b-{}", self.named)),
                symbol: request.symbol,
                side: request.side,
                qty: request.qty,
                kind,
                filled: Qty::ZERO,
                average_price: None,
                status: ReportedStatus::Working,
            },
            legs,
            replaced_by: None,
            replaces: None,
            submitted_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn by_broker(&mut self, id: &BrokerOrderId) -> Option<&mut BrokerOrder> {
        self.orders.values_mut().find(|order| order.report.broker_order_id == *id)
    }
}

/// The broker; several may share one set of books, as endpoints of one account do.
pub(super) struct Fake {
    pub(super) books: Arc<Mutex<Books>>,
    pub(super) deduplicates: bool,
    /// Goes before the verbs of the second endpoint.
    pub(super) prefix: &'static str,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) gate: Gate,
}

fn refusal(status: u16, reason: RejectReason) -> CallError {
    let shut = START.plus(SignedDuration::from_secs(30));
    CallError::Refused(Refusal {
        status,
        code: None,
        reason,
        message: "scripted".into(),
        estimated_cost: (reason == RejectReason::InsufficientFunds)
            .then(|| Money::from_dollars(900)),
        buying_power: (reason == RejectReason::InsufficientFunds).then(|| Money::from_dollars(12)),
        retry_at: None,
        rate: (status == 429).then_some(RateHeaders { limit: 200, remaining: 0, reset: shut }),
        request_id: None,
    })
}

fn lost() -> CallError {
    let detail = "no answer".to_owned();
    CallError::Unknown { outcome: CallOutcome::TimedOut, detail, rate: None }
}

impl Fake {
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    async fn act<T>(
        &self,
        verb: &'static str,
        subject: &str,
        effect: impl FnOnce(&mut Books) -> Result<T, CallError>,
    ) -> Result<Answer<T>, CallError> {
        let does = {
            let mut books = self.books();
            books.calls.push((self.clock.now(), format!("{}{verb} {subject}", self.prefix)));
            let script = books
                .script
                .iter_mut()
                .find(|(key, _)| key.strip_prefix(self.prefix).is_some_and(|key| key == verb));
            script.and_then(|(_, script)| script.pop_front()).unwrap_or(Does::Well)
        };
        if let Does::After(seconds) = does {
            // Done at once, whether or not somebody waits for the answer.
            let done = effect(&mut self.books());
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            return Ok(Answer { value: done?, rate: None, request_id: None });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut books = self.books();
        match does {
            Does::Well | Does::After(_) => {}
            Does::AnswerLost => {
                effect(&mut books)?;
                return Err(lost());
            }
            Does::Lost => return Err(lost()),
            Does::LoginDead => {
                return Err(CallError::LoginNeeded { detail: "log in".into() });
            }
            Does::NotSent => return Err(CallError::NotSent { detail: "refused".into() }),
            Does::Refuses(status, reason) => return Err(refusal(status, reason)),
        }
        let rate = books.rates.get(verb).copied();
        Ok(Answer { value: effect(&mut books)?, rate, request_id: None })
    }
}

impl Broker for Fake {
    fn name(&self) -> &'static str {
        "fake.paper"
    }

    fn deduplicates(&self) -> bool {
        self.deduplicates
    }

    async fn submit(&self, order: &OrderRequest) -> Result<Answer<BrokerOrder>, CallError> {
        let id = order.client_order_id.as_str();
        self.act("submit", id, |books| {
            // A connection was made and the bytes leave now.
            if order.side == Side::Buy && self.gate.is_closed() {
                books.past_the_gate += 1;
            }
            books.take_in(order)
        })
        .await
    }

    async fn cancel(&self, order: &BrokerOrderId) -> Result<Answer<()>, CallError> {
        let is_stuck = self.books().are_cancels_stuck;
        self.act("cancel", order.as_str(), |books| match books.by_broker(order) {
            Some(_) if is_stuck => Ok(()),
            Some(found) if found.report.status == ReportedStatus::Working => {
                found.report.status = ReportedStatus::Cancelled;
                Ok(())
            }
            Some(_) => Err(refusal(422, RejectReason::NotWorking)),
            None => Err(refusal(404, RejectReason::NotWorking)),
        })
        .await
    }

    async fn replace(&self, change: &Replacement) -> Result<Answer<BrokerOrder>, CallError> {
        self.act("replace", change.broker_order_id.as_str(), |books| {
            let Some(old) = books.by_broker(&change.broker_order_id) else {
                return Err(refusal(404, RejectReason::NotWorking));
            };
            if old.report.status != ReportedStatus::Working {
                return Err(refusal(422, RejectReason::NotWorking));
            }
            let child_id = BrokerOrderId::new(format!("{}-r", old.report.broker_order_id));
            old.report.status = ReportedStatus::Replaced;
            old.replaced_by = Some(child_id.clone());
            let mut child = old.clone();
            child.replaces = Some(old.report.broker_order_id.clone());
            child.replaced_by = None;
            child.report.status = ReportedStatus::Working;
            child.report.broker_order_id = child_id;
            child.report.client_order_id = Some(change.client_order_id.clone());
            child.report.qty = change.qty;
            if let Some(stop) = change.stop {
                child.report.kind = OrderKind::Stop { stop };
            }
            books.orders.insert(change.client_order_id.clone(), child.clone());
            Ok(child)
        })
        .await
    }

    async fn cancel_all(&self) -> Result<Answer<()>, CallError> {
        self.act("cancel_all", "", |_| Ok(())).await
    }

    async fn find(&self, order: &ClientOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        self.act("find", order.as_str(), |books| Ok(books.orders.get(order).cloned())).await
    }

    async fn order(&self, order: &BrokerOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        self.act("order", order.as_str(), |books| Ok(books.by_broker(order).map(|it| it.clone())))
            .await
    }

    async fn orders(&self, since: Timestamp) -> Result<Answer<Vec<BrokerOrder>>, CallError> {
        let since = since.to_string();
        self.act("orders", &since, |books| {
            let is_listed = |order: &&BrokerOrder| {
                !books.is_old || order.report.status == ReportedStatus::Working
            };
            Ok(books.orders.values().filter(is_listed).cloned().collect())
        })
        .await
    }

    fn lists_executions(&self) -> bool {
        !self.books().executions.is_empty()
    }

    async fn executions(
        &self,
        order: &BrokerOrder,
    ) -> Result<Answer<Vec<(Execution, Qty)>>, CallError> {
        let id = &order.report.broker_order_id;
        self.act("executions", id.as_str(), |books| {
            Ok(books.executions.get(id).cloned().unwrap_or_default())
        })
        .await
    }

    fn pushes_executions(&self) -> bool {
        self.books().pushes
    }

    fn redial_orders(&self) {
        self.books().redials += 1;
    }

    async fn account(&self) -> Result<Answer<BrokerAccount>, CallError> {
        self.act("account", "", |_| {
            Ok(BrokerAccount {
                account_id: "PA123".into(),
                cash: Money::from_dollars(10_000),
                equity: Money::from_dollars(10_000),
                buying_power: Money::from_dollars(10_000),
                blocked: None,
                shorting_enabled: true,
            })
        })
        .await
    }

    async fn positions(&self) -> Result<Answer<Vec<Position>>, CallError> {
        self.act("positions", "", |_| Ok(Vec::new())).await
    }

    async fn clock(&self) -> Result<Answer<BrokerClock>, CallError> {
        let now = self.clock.now();
        // 10:30 in New York, a Tuesday.
        let after = |minutes| START.plus(SignedDuration::from_mins(minutes));
        let (next_open, next_close) = (after(23 * 60), after(330));
        let clock = BrokerClock { now, is_open: now < next_close, next_open, next_close };
        self.act("clock", "", |_| Ok(clock)).await
    }

    async fn asset(&self, symbol: Symbol) -> Result<Answer<Option<BrokerAsset>>, CallError> {
        let asset =
            BrokerAsset { symbol, tradable: true, easy_to_borrow: true, fractionable: true };
        self.act("asset", symbol.as_str(), |_| Ok(Some(asset))).await
    }

    async fn bars(
        &self,
        _symbols: &[Symbol],
        _interval: Interval,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<Bar>>, CallError> {
        self.act("bars", "", |books| {
            let within = |bar: &&Bar| bar.start >= from && bar.start <= until;
            Ok(books.bars.iter().filter(within).copied().collect())
        })
        .await
    }

    async fn quotes(&self, _symbols: &[Symbol]) -> Result<Answer<Vec<Quote>>, CallError> {
        self.act("quotes", "", |_| Ok(Vec::new())).await
    }
}

/// A price; tests write prices as people do.
#[track_caller]
pub(super) fn price(text: &str) -> Price {
    text.parse().unwrap()
}
