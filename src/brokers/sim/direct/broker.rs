//! The broker as the gateway sees it: every call takes its way, meets its fate, and is
//! carried out at the exchange when it arrives, whether its caller still lives or not.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::breakers::CallOutcome;
use crate::brokers::sim::direct::floor::Floor;
use crate::brokers::sim::direct::mishap::Mishap;
use crate::brokers::sim::direct::news::{bare, heads_group, refusal, refused, whole};
use crate::brokers::sim::direct::troubles::{Asks, Does, Fate, Says};
use crate::brokers::sim::direct::venue::{DirectVenue, Outgoing};
use crate::brokers::sim::exchange::{Change, Exchange, Extras, Order, OrderName};
use crate::brokers::{
    Answer, Broker, BrokerAccount, BrokerAsset, BrokerClock, BrokerOrder, CallError, Replacement,
};
use crate::domain::calendar::MarketHours;
use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::market::{Bar, Interval, Quote, Session, aggregate};
use crate::domain::money::Qty;
use crate::domain::order::{OrderRequest, RejectReason, ReportedStatus};
use crate::domain::position::Position;
use crate::domain::time::Timestamp;

/// What follows a call "a moment later" follows after this.
const MOMENT: Duration = Duration::from_millis(150);

/// One connection of one house.
#[derive(Debug, Clone)]
pub struct DirectBroker {
    venue: Arc<DirectVenue>,
    /// Cleared when the house dies: from then on nothing leaves it.
    is_alive: Arc<AtomicBool>,
}

impl DirectBroker {
    /// A connection that works for as long as the flag is set.
    pub const fn new(venue: Arc<DirectVenue>, is_alive: Arc<AtomicBool>) -> Self {
        Self { venue, is_alive }
    }

    /// Makes one call. `act` is carried out when it arrives.
    async fn call<T: Send + 'static>(
        &self,
        asks: Asks,
        call: Outgoing<'_>,
        act: impl FnOnce(&Arc<DirectVenue>, Does) -> Result<T, CallError> + Send + 'static,
    ) -> Result<Answer<T>, CallError> {
        if !self.is_alive.load(Ordering::SeqCst) {
            return pending().await;
        }
        let fate = self.venue.meet(asks, call);
        if !fate.is_sent {
            tokio::time::sleep(fate.arrives_in).await;
            return Err(CallError::NotSent { detail: "connection refused".into() });
        }
        let (answer, answered) = oneshot::channel();
        let venue = self.venue.clone();
        // The request travels on its own: a caller that dies does not stop it.
        tokio::spawn(async move {
            let Fate { arrives_in, does, says, answers_in, breaks_in, .. } = fate;
            let mut answer = Some(answer);
            let broken = breaks_in.unwrap_or(Duration::ZERO);
            tokio::time::sleep(broken).await;
            if breaks_in.is_some() {
                answer = None;
            }
            tokio::time::sleep(arrives_in.saturating_sub(broken)).await;
            let done = match does {
                Does::Nothing => None,
                Does::Well | Does::With(_) => Some(act(&venue, does)),
            };
            tokio::time::sleep(answers_in).await;
            if let Some((answer, told)) = answer.zip(told(says, done)) {
                // The caller may have given up.
                let _ = answer.send(told);
            }
        });
        match tokio::time::timeout(asks.patience(), answered).await {
            Ok(Ok(Ok(value))) => Ok(Answer { value, rate: None, request_id: None }),
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_)) => Err(unknown(CallOutcome::ConnectFailed, "the connection broke")),
            Err(_) => Err(unknown(CallOutcome::TimedOut, "no answer in time")),
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Floor) -> T + Send + 'static,
    ) -> Result<Answer<T>, CallError> {
        self.call(Asks::Read, Outgoing::Read, move |venue, _| Ok(venue.act(|floor| read(floor))))
            .await
    }
}

fn unknown(outcome: CallOutcome, detail: &str) -> CallError {
    CallError::Unknown { outcome, detail: detail.to_owned(), rate: None }
}

/// What is answered; `None` when the connection breaks instead.
fn told<T>(says: Says, done: Option<Result<T, CallError>>) -> Option<Result<T, CallError>> {
    let no = |status, reason, text| Some(Err(refusal(status, reason, text)));
    match says {
        Says::Truth => done,
        Says::Nothing => None,
        Says::ServerError => Some(Err(unknown(CallOutcome::ServerError, "HTTP 503"))),
        Says::TooMany => no(429, RejectReason::Other, "too many requests"),
        Says::InUse => {
            no(422, RejectReason::DuplicateClientOrderId, "client_order_id must be unique")
        }
        Says::StopRefused => no(422, RejectReason::InvalidPrice, "stop price is out of range"),
    }
}

/// Takes an order in, with what goes wrong beside it.
fn place(
    venue: &Arc<DirectVenue>,
    does: Does,
    order: &OrderRequest,
) -> Result<BrokerOrder, CallError> {
    let mishap = match does {
        Does::With(mishap) => Some(mishap),
        Does::Well | Does::Nothing => None,
    };
    let extras = Extras { waits: mishap.is_some(), ..Extras::default() };
    let taken = venue.act(|floor| {
        let id = floor.trade(|exchange, at, out| exchange.submit_with(order, extras, at, out));
        let id = id.map_err(refused)?;
        let found = floor.exchange().order(OrderName::Broker(&id));
        let found = found.ok_or_else(|| unknown(CallOutcome::Malformed, "no order"))?;
        let mut answer = whole(floor.exchange(), found);
        // The answer is written when the order is taken; what follows is told as news.
        let report = &mut answer.report;
        report.filled = Qty::ZERO;
        report.average_price = None;
        report.status = ReportedStatus::Working;
        Ok::<_, CallError>(answer)
    })?;
    if let Some(mishap) = mishap {
        let id = taken.report.broker_order_id.clone();
        afterwards(venue, mishap, id, order.qty);
    }
    Ok(taken)
}

/// What a fault does to an order a moment after it was taken, or was to be cancelled. It
/// may have ended meanwhile: then there is nothing left to do.
fn afterwards(venue: &Arc<DirectVenue>, mishap: Mishap, id: BrokerOrderId, qty: Qty) {
    let venue = venue.clone();
    tokio::spawn(async move {
        let wait =
            if mishap == Mishap::CancelStuck { mishap.lasts().unsigned_abs() } else { MOMENT };
        tokio::time::sleep(wait).await;
        let half = Qty::shares(qty.floor_shares() / 2).ok().filter(|half| !half.is_zero());
        let name = OrderName::Broker(&id);
        let is_partial = matches!(mishap, Mishap::PartialThenSilence | Mishap::PartialThenCancel);
        venue.act(|floor| {
            floor.trade(|exchange, at, out| {
                if mishap == Mishap::StopRefusedLate {
                    let _ = exchange.reject_late(name, at, out);
                } else if is_partial {
                    if half.is_some() {
                        let _ = exchange.fill_anyway(name, half, at, out);
                    }
                    if mishap == Mishap::PartialThenCancel {
                        let _ = exchange.cancel(name, at, out);
                    }
                } else if mishap == Mishap::FillDespiteCancel {
                    let _ = exchange.fill_anyway(name, None, at, out);
                } else {
                    exchange.carry_out_cancel(&id, at, out);
                }
            });
        });
    });
}

fn cancel(venue: &Arc<DirectVenue>, does: Does, id: &BrokerOrderId) -> Result<(), CallError> {
    let name = OrderName::Broker(id);
    match does {
        Does::With(mishap) => {
            let qty = venue.look(|floor| floor.exchange().order(name).map(|order| order.qty));
            venue
                .act(|floor| floor.trade(|exchange, at, out| exchange.delay_cancel(name, at, out)))
                .map_err(refused)?;
            afterwards(venue, mishap, id.clone(), qty.unwrap_or(Qty::ZERO));
            Ok(())
        }
        Does::Well | Does::Nothing => venue
            .act(|floor| floor.trade(|exchange, at, out| exchange.cancel(name, at, out)))
            .map_err(refused),
    }
}

fn replace(
    venue: &Arc<DirectVenue>,
    does: Does,
    change: &Replacement,
) -> Result<BrokerOrder, CallError> {
    let name = OrderName::Broker(&change.broker_order_id);
    let wanted = Change {
        qty: Some(change.qty),
        limit: change.limit,
        stop: change.stop,
        trail: None,
        time_in_force: None,
        client_order_id: Some(change.client_order_id.clone()),
    };
    venue.act(|floor| {
        let child = floor.trade(|exchange, at, out| match does {
            Does::With(_) => exchange.refuse_replacement(name, &wanted, at, out),
            Does::Well | Does::Nothing => exchange.replace(name, &wanted, at, out),
        });
        let child = child.map_err(refused)?;
        let found = floor.exchange().order(OrderName::Broker(&child));
        let mut answer =
            found.map(bare).ok_or_else(|| unknown(CallOutcome::Malformed, "no order"))?;
        answer.report.status = ReportedStatus::Working;
        Ok(answer)
    })
}

/// Every order that is open, with one open leg, or submitted since; each once.
fn listed(floor: &Floor, since: Timestamp) -> Vec<BrokerOrder> {
    let exchange = floor.exchange();
    let working = exchange.working();
    let is_open = |order: &Order| {
        !order.status.is_final()
            || order.group.is_some_and(|group| working.iter().any(|leg| leg.group == Some(group)))
    };
    exchange
        .orders()
        .into_iter()
        .filter(|order| {
            let is_head = heads_group(order) || order.group.is_none();
            is_head && (is_open(order) || order.submitted_at >= since)
        })
        .map(|order| whole(exchange, order))
        .collect()
}

fn bars_of(
    floor: &Floor,
    symbols: &[Symbol],
    interval: Interval,
    span: (Timestamp, Timestamp),
) -> Vec<Bar> {
    let mut found = Vec::new();
    for symbol in symbols {
        let own = floor.minutes().iter().filter(|bar| bar.symbol == *symbol);
        let own: Vec<Bar> =
            own.filter(|bar| (span.0..=span.1).contains(&bar.start)).copied().collect();
        match interval {
            Interval::Minute => found.extend(own),
            Interval::FiveMinutes | Interval::Hour | Interval::Day => {
                found.extend(aggregate(&own, interval));
            }
        }
    }
    found
}

impl Broker for DirectBroker {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn deduplicates(&self) -> bool {
        true
    }

    fn submit(
        &self,
        order: &OrderRequest,
    ) -> impl Future<Output = Result<Answer<BrokerOrder>, CallError>> + Send {
        let sent = order.clone();
        self.call(Asks::of(order), Outgoing::Submit(order), move |venue, does| {
            place(venue, does, &sent)
        })
    }

    async fn cancel(&self, order: &BrokerOrderId) -> Result<Answer<()>, CallError> {
        let id = order.clone();
        self.call(Asks::Cancel, Outgoing::Cancel(order), move |venue, does| {
            cancel(venue, does, &id)
        })
        .await
    }

    async fn replace(&self, change: &Replacement) -> Result<Answer<BrokerOrder>, CallError> {
        let wanted = change.clone();
        let call = Outgoing::Replace(&change.client_order_id);
        self.call(Asks::Replace, call, move |venue, does| replace(venue, does, &wanted)).await
    }

    async fn cancel_all(&self) -> Result<Answer<()>, CallError> {
        self.call(Asks::Cancel, Outgoing::CancelAll, |venue, _| {
            venue.act(|floor| floor.trade(Exchange::cancel_all));
            Ok(())
        })
        .await
    }

    async fn find(&self, order: &ClientOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let id = order.clone();
        self.ask(move |floor| {
            let exchange = floor.exchange();
            exchange.order(OrderName::Client(&id)).map(|order| whole(exchange, order))
        })
        .await
    }

    async fn order(&self, order: &BrokerOrderId) -> Result<Answer<Option<BrokerOrder>>, CallError> {
        let id = order.clone();
        self.ask(move |floor| {
            let exchange = floor.exchange();
            exchange.order(OrderName::Broker(&id)).map(|order| whole(exchange, order))
        })
        .await
    }

    async fn orders(&self, since: Timestamp) -> Result<Answer<Vec<BrokerOrder>>, CallError> {
        self.ask(move |floor| listed(floor, since)).await
    }

    async fn account(&self) -> Result<Answer<BrokerAccount>, CallError> {
        self.ask(|floor| {
            let account = floor.exchange().account();
            BrokerAccount {
                account_id: "DIRECT".into(),
                cash: account.cash,
                equity: account.equity,
                buying_power: account.buying_power,
                blocked: None,
                shorting_enabled: account.shorting_enabled,
            }
        })
        .await
    }

    async fn positions(&self) -> Result<Answer<Vec<Position>>, CallError> {
        self.ask(|floor| {
            floor.exchange().positions().into_iter().map(|view| view.position).collect()
        })
        .await
    }

    async fn clock(&self) -> Result<Answer<BrokerClock>, CallError> {
        let answer = self
            .ask(|floor| {
                let (now, hours) = (floor.now(), MarketHours::NewYork);
                let is_open = floor.window().session == Session::Open;
                let (next_open, next_close) =
                    (hours.next_open(now).ok()?, hours.next_close(now).ok()?);
                Some(BrokerClock { now, is_open, next_open, next_close })
            })
            .await?;
        let Answer { value, rate, request_id } = answer;
        let value = value.ok_or_else(|| unknown(CallOutcome::Malformed, "no calendar"))?;
        Ok(Answer { value, rate, request_id })
    }

    async fn asset(&self, symbol: Symbol) -> Result<Answer<Option<BrokerAsset>>, CallError> {
        self.ask(move |floor| {
            let is_listed = floor.quote(symbol).is_some();
            is_listed.then_some(BrokerAsset {
                symbol,
                tradable: true,
                easy_to_borrow: true,
                fractionable: true,
            })
        })
        .await
    }

    async fn bars(
        &self,
        symbols: &[Symbol],
        interval: Interval,
        span: (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<Bar>>, CallError> {
        let symbols = symbols.to_vec();
        self.ask(move |floor| bars_of(floor, &symbols, interval, span)).await
    }

    async fn quotes(&self, symbols: &[Symbol]) -> Result<Answer<Vec<Quote>>, CallError> {
        let symbols = symbols.to_vec();
        self.ask(move |floor| {
            floor.quotes().filter(|quote| symbols.contains(&quote.symbol)).copied().collect()
        })
        .await
    }
}
