//! How tokens spell the orders inside them in the journal.
//!
//! A price is read as raw JSON text so that no binary float touches it, and raw
//! text cannot be read through a type that carries its tag among its fields, as
//! orders of the domain do. Here the same orders carry their tag outside.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ClientOrderId, Symbol};
use crate::domain::money::{Price, Qty};
use crate::domain::order::{OrderClass, OrderKind, OrderRequest};
use crate::domain::order::{Side, StopLeg, TimeInForce, Trail};

#[derive(Serialize, Deserialize)]
#[serde(remote = "OrderKind", rename_all = "snake_case")]
pub(crate) enum Kind {
    Market,
    Limit { limit: Price },
    Stop { stop: Price },
    StopLimit { stop: Price, limit: Price },
    TrailingStop { trail: Trail },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "OrderClass", rename_all = "snake_case")]
pub(crate) enum Class {
    Simple,
    Bracket { target: Price, stop: StopLeg },
    Oco { stop: StopLeg },
    OtoStop { stop: StopLeg },
    OtoTarget { target: Price },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "OrderRequest")]
pub(crate) struct Request {
    client_order_id: ClientOrderId,
    symbol: Symbol,
    side: Side,
    qty: Qty,
    #[serde(with = "Kind")]
    kind: OrderKind,
    time_in_force: TimeInForce,
    #[serde(with = "Class")]
    class: OrderClass,
    extended_hours: bool,
}
