//! The Alpaca client against a server on loopback that answers by script and keeps
//! what it heard: the very bytes that leave, and every way in which a call can end.

mod failures;
mod listings;
mod requests;
mod secrets;
mod server;

use std::time::Duration;

use flightdeck::brokers::alpaca::{AccountKind, AlpacaBroker, AlpacaConfig, ApiKeys, Timeouts};
use flightdeck::domain::ids::{ClientOrderId, Symbol};
use flightdeck::domain::money::Qty;
use flightdeck::domain::order::{OrderClass, OrderKind, OrderRequest, Side, TimeInForce};
use url::Url;

pub(crate) use server::{Heard, Step, Venue};

/// Keys that nothing may show.
const KEY_ID: &str = "PKCANARYID000000";
const SECRET: &str = "canarysecret0/+000";

fn keys() -> ApiKeys {
    ApiKeys::new(KEY_ID.to_owned().into(), SECRET.to_owned().into()).unwrap()
}

/// A client of the scripted venue that waits long enough for a busy machine.
fn client(venue: &Venue) -> AlpacaBroker {
    client_at(&venue.base(), Duration::from_secs(20))
}

/// A client for a venue that stays silent.
fn hasty_client(venue: &Venue) -> AlpacaBroker {
    client_at(&venue.base(), Duration::from_millis(100))
}

fn client_at(base: &Url, patience: Duration) -> AlpacaBroker {
    let kind = AccountKind::Simulated { trading: base.clone(), data: base.clone() };
    let mut config = AlpacaConfig::new(kind);
    config.timeouts = Timeouts { connect: patience, order: patience, read: patience };
    AlpacaBroker::new(config, &keys()).unwrap()
}

fn aapl() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

/// Buy 10 AAPL at 150.10 or better.
fn order() -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::new("fd-20261005-000017"),
        symbol: aapl(),
        side: Side::Buy,
        qty: Qty::shares(10).unwrap(),
        kind: OrderKind::Limit { limit: "150.1".parse().unwrap() },
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
    }
}

/// An order as the venue would list it.
fn listed(id: &str, submitted_at: &str, status: &str) -> String {
    format!(
        r#"{{"id":"{id}","client_order_id":"c-{id}","symbol":"AAPL","side":"buy","qty":"10","filled_qty":"0","type":"limit","limit_price":"150.1","status":"{status}","created_at":"{submitted_at}","submitted_at":"{submitted_at}","asset_class":"us_equity","legs":null}}"#
    )
}
