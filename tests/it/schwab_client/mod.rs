//! The Schwab client against a server on loopback that answers by script, and against
//! the simulated Schwab: the very bytes that leave, every way in which a call can end,
//! and that no order is ever there twice.

mod conformance;
mod failures;
mod orders;
mod simulated;

use std::sync::Arc;
use std::time::Duration;

use flightdeck::brokers::schwab::hosts::SchwabHosts;
use flightdeck::brokers::schwab::token::MemoryTokens;
use flightdeck::brokers::schwab::{SchwabBroker, SchwabConfig, Timeouts};
use flightdeck::bus::clock::ReplayClock;
use flightdeck::domain::ids::{ClientOrderId, Symbol};
use flightdeck::domain::money::Qty;
use flightdeck::domain::order::{OrderClass, OrderKind, OrderRequest, Side, TimeInForce};
use flightdeck::domain::time::Timestamp;

pub(crate) use crate::alpaca_client::{Step, Venue};

/// What no log and no error may show.
const TOKEN: &str = "I0.canary-token@";
const NUMBER: &str = "11112222";
const HASH: &str = "9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0CABCD";

/// A client of a scripted venue, and its clock and tokens.
struct Desk {
    venue: Venue,
    client: SchwabBroker,
    clock: Arc<ReplayClock>,
    tokens: Arc<MemoryTokens>,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn timeouts(patience: Duration) -> Timeouts {
    Timeouts { connect: patience, order: patience, read: patience, token: patience }
}

impl Desk {
    /// Begins after the account's number has been asked for.
    async fn playing(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::patient(Duration::from_secs(20), steps, MemoryTokens::new(TOKEN, [])).await
    }

    /// One that does not wait for a venue that stays silent.
    async fn hasty(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::patient(Duration::from_millis(300), steps, MemoryTokens::new(TOKEN, [])).await
    }

    /// One whose first request is the script's first.
    async fn without_account(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::made(Duration::from_secs(20), steps, MemoryTokens::new(TOKEN, [])).await
    }

    async fn patient(
        patience: Duration,
        steps: impl IntoIterator<Item = Step>,
        tokens: MemoryTokens,
    ) -> Self {
        let first = Step::ok(format!(r#"[{{"accountNumber":"{NUMBER}","hashValue":"{HASH}"}}]"#));
        Self::made(patience, std::iter::once(first).chain(steps), tokens).await
    }

    async fn made(
        patience: Duration,
        steps: impl IntoIterator<Item = Step>,
        tokens: MemoryTokens,
    ) -> Self {
        let venue = Venue::playing(steps).await;
        let base = venue.base();
        let hosts = SchwabHosts::simulated(base.as_str().trim_end_matches('/')).unwrap();
        let mut config = SchwabConfig::new(hosts);
        config.account = Some(NUMBER.to_owned());
        config.timeouts = timeouts(patience);
        let clock = Arc::new(ReplayClock::default());
        clock.move_to(at("2026-03-09T15:50:23Z"));
        let tokens = Arc::new(tokens);
        let client = SchwabBroker::new(config, tokens.clone(), clock.clone(), Vec::new()).unwrap();
        Self { venue, client, clock, tokens }
    }

    /// What was heard, the question for the account's number left out.
    fn lines(&self) -> Vec<String> {
        let lines = self.venue.lines();
        let rest = lines.iter().filter(|line| !line.ends_with("/accountNumbers"));
        rest.map(|line| line.replace(HASH, "{hash}")).collect()
    }
}

fn xyz() -> Symbol {
    Symbol::new("XYZ").unwrap()
}

/// Buy 5 XYZ at 10.25 or better.
fn order(name: &str) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::new(name),
        symbol: xyz(),
        side: Side::Buy,
        qty: Qty::shares(5).unwrap(),
        kind: OrderKind::Limit { limit: "10.25".parse().unwrap() },
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
    }
}

/// That order as Schwab would list it.
fn listed(id: u32, status: &str) -> String {
    format!(
        r#"{{"session":"NORMAL","duration":"DAY","orderType":"LIMIT","complexOrderStrategyType":"NONE","quantity":5.0,"filledQuantity":0.0,"remainingQuantity":5.0,"price":10.25,"orderLegCollection":[{{"orderLegType":"EQUITY","legId":1,"instruction":"BUY","quantity":5.0,"instrument":{{"assetType":"EQUITY","symbol":"XYZ"}}}}],"orderStrategyType":"SINGLE","orderId":{id},"status":"{status}","enteredTime":"2026-03-09T15:50:23+0000","accountNumber":11112222}}"#
    )
}

fn list(orders: &[String]) -> Step {
    Step::ok(format!("[{}]", orders.join(",")))
}

/// The account without positions.
fn flat() -> Step {
    Step::ok(r#"{"securitiesAccount":{"type":"MARGIN","accountNumber":"11112222"}}"#)
}

/// Taken as order 7.
fn placed() -> Step {
    Step::Answer(
        201,
        "Location: https://api.schwabapi.com/trader/v1/accounts/9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0C9F0CABCD/orders/7\r\n",
        String::new(),
    )
}

/// The line of an order that leaves.
const POST: &str = "POST /trader/v1/accounts/{hash}/orders";
