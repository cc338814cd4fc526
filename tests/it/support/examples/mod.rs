//! One worked example, or several, of every event that the house can say.
//!
//! They tell the golden trade: AAPL at 175.50, stop 166.72, target 201.82, five
//! shares. Optional fields appear both filled and empty, so that a round trip
//! proves something about each. Orders are permitted by the rules themselves:
//! see [`permits`].

mod market;
mod permits;
mod rest;
mod signals;
mod trading;
mod venue;

use flightdeck::domain::ids::{AgentId, BrokerOrderId, ClientOrderId, Seq, Symbol, TradeId};
use flightdeck::domain::money::{Money, Price, Qty};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event};

/// Every example, family by family.
pub(crate) fn all() -> Vec<Event> {
    [
        market::examples(),
        signals::examples(),
        trading::risk(),
        trading::orders(),
        venue::examples(),
        trading::positions(),
        rest::examples(),
    ]
    .concat()
}

/// The example event number 812 of a cascade that began with 809.
pub(crate) fn envelope(event: Event) -> Envelope {
    Envelope {
        seq: Seq(812),
        at: time("2025-10-28T14:30:00Z"),
        cause: Some(Seq(811)),
        root: Seq(809),
        source: AgentId::Strategy,
        event,
    }
}

pub(crate) fn aapl() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn shares(count: u64) -> Qty {
    Qty::shares(count).unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn trade() -> TradeId {
    TradeId::new("trade-20251028-1")
}

pub(crate) fn ours(number: u32) -> ClientOrderId {
    ClientOrderId::new(format!("fd-20251028-{number}"))
}

pub(crate) fn theirs(number: u32) -> BrokerOrderId {
    BrokerOrderId::new(format!("61e69015-8549-4bfd-b9c3-{number:012}"))
}
