//! Tests of the exchange through its public methods, as short stories.

mod fills;
mod groups;
mod ledger;
mod refusals;
mod replacing;
mod trading_day;

use std::collections::HashMap;

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::market::{Bar, Quote, Session, Tick};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::OrderClass;
use crate::domain::order::OrderKind;
use crate::domain::order::OrderRequest;
use crate::domain::order::Side;
use crate::domain::order::StopLeg;
use crate::domain::order::TimeInForce;
use crate::domain::time::Timestamp;

use crate::brokers::sim::exchange::{
    CancelCause, Exchange, ExchangeConfig, OrderName, Rejection, Report, Role, What,
};

/// An exchange with one stock, and a record of what it said in short words.
struct Desk {
    exchange: Exchange,
    out: Vec<Report>,
    names: HashMap<BrokerOrderId, String>,
    second: i64,
}

fn acme() -> Symbol {
    Symbol::new("ACME").unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

fn dollars(text: &str) -> Money {
    text.parse().unwrap()
}

fn limit(text: &str) -> OrderKind {
    OrderKind::Limit { limit: price(text) }
}

fn stop(text: &str) -> OrderKind {
    OrderKind::Stop { stop: price(text) }
}

fn leg(text: &str) -> StopLeg {
    StopLeg { stop: price(text), limit: None }
}

fn bracket(target: &str, stop: &str) -> OrderClass {
    OrderClass::Bracket { target: price(target), stop: leg(stop) }
}

fn order(id: &str, side: Side, shares: &str, kind: OrderKind) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::new(id),
        symbol: acme(),
        side,
        qty: qty(shares),
        kind,
        time_in_force: TimeInForce::Gtc,
        class: OrderClass::Simple,
        extended_hours: false,
    }
}

fn buy(id: &str, shares: &str, kind: OrderKind) -> OrderRequest {
    order(id, Side::Buy, shares, kind)
}

fn sell(id: &str, shares: &str, kind: OrderKind) -> OrderRequest {
    order(id, Side::Sell, shares, kind)
}

impl Desk {
    fn new(config: ExchangeConfig) -> Self {
        let exchange = Exchange::new(config);
        Self { exchange, out: Vec::new(), names: HashMap::new(), second: 0 }
    }

    /// A desk whose stock was last traded at 100 dollars.
    fn at_100() -> Self {
        let mut desk = Self::new(ExchangeConfig::default());
        desk.bar(["100", "100", "100", "100"]);
        desk
    }

    /// A desk that holds shares bought at 100 dollars.
    fn holding(shares: &str) -> Self {
        let mut desk = Self::at_100();
        desk.submit(&buy("had", shares, OrderKind::Market)).unwrap();
        desk.said();
        desk
    }

    fn now(&mut self) -> Timestamp {
        self.second += 1;
        Timestamp::from_seconds(self.second)
    }

    fn bar(&mut self, [open, high, low, close]: [&str; 4]) {
        let [open, high, low, close] = [open, high, low, close].map(price);
        let at = self.now();
        let bar = Bar { symbol: acme(), open, high, low, close, volume: 1_000, start: at };
        self.exchange.on_bar(&bar.checked().unwrap(), at, &mut self.out);
    }

    fn quote(&mut self, (bid, bid_size): (&str, u64), (ask, ask_size): (&str, u64)) {
        let at = self.now();
        let quote = Quote::new(acme(), (price(bid), bid_size), (price(ask), ask_size), at);
        self.exchange.on_quote(&quote.unwrap(), at, &mut self.out);
    }

    fn tick(&mut self, text: &str) {
        let at = self.now();
        let tick = Tick { symbol: acme(), price: price(text), size: qty("100"), at };
        self.exchange.on_tick(&tick, at, &mut self.out);
    }

    fn submit(&mut self, request: &OrderRequest) -> Result<BrokerOrderId, Rejection> {
        let at = self.now();
        self.exchange.submit(request, at, &mut self.out)
    }

    fn cancel(&mut self, id: &str) -> Result<(), Rejection> {
        let at = self.now();
        let id = ClientOrderId::new(id);
        self.exchange.cancel(OrderName::Client(&id), at, &mut self.out)
    }

    fn session(&mut self, session: Session) {
        let at = self.now();
        self.exchange.set_session(session, at, &mut self.out);
    }

    fn position(&self) -> String {
        let held = self.exchange.positions();
        held.first().map_or("flat".into(), |view| {
            format!("{:?} {}", view.position.direction, view.position.qty)
        })
    }

    /// Takes what was said since the last call, one short line per report.
    fn said(&mut self) -> Vec<String> {
        let reports = std::mem::take(&mut self.out);
        reports.iter().map(|report| self.line(report)).collect()
    }

    fn line(&mut self, report: &Report) -> String {
        if let What::Accepted { role, parent, .. } = &report.what {
            let name = match (parent, role) {
                (Some(parent), Role::Stop) => format!("{}/stop", self.names[parent]),
                (Some(parent), _) => format!("{}/target", self.names[parent]),
                (None, _) => report.client_order_id.to_string(),
            };
            self.names.insert(report.broker_order_id.clone(), name);
        }
        let name = &self.names[&report.broker_order_id];
        match &report.what {
            What::Accepted { queued: true, .. } => format!("{name} queued"),
            What::Accepted { .. } => format!("{name} accepted"),
            What::Routed => format!("{name} routed"),
            What::CancelPending => format!("{name} is being cancelled"),
            What::Rejected => format!("{name} rejected"),
            What::CancelRefused => format!("{name} not cancelled"),
            What::ReplacePending => format!("{name} is being replaced"),
            What::DoneForDay => format!("{name} done for the day"),
            What::ReplaceRefused => format!("{name} not replaced"),
            What::Armed { qty } => format!("{name} armed {qty}"),
            What::Filled { fill, .. } => format!("{name} filled {} @ {}", fill.qty, fill.price),
            What::Resized { qty } => format!("{name} resized {qty}"),
            What::Cancelled { filled, cause } => {
                let cause = match cause {
                    CancelCause::Requested => "on request",
                    CancelCause::Group => "with its group",
                    CancelCause::NotImmediate => "as not immediate",
                    CancelCause::CorporateAction => "by a corporate action",
                };
                format!("{name} cancelled {cause}, {filled} filled")
            }
            What::Expired { filled } => format!("{name} expired, {filled} filled"),
            What::Replaced { client_order_id, .. } => {
                format!("{name} replaced by {client_order_id}")
            }
        }
    }
}
