//! The numbered fields of a quote on the streamer (Schwab, protocol page §5.5 of October
//! 2026), computed from the world as it stands.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::brokers::sim::server::World;
use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::schwab::answers::{double, millis, price};
use crate::brokers::sim::server::schwab::market::Snapshot;
use crate::domain::ids::Symbol;

/// Values by the number of their field.
pub(super) type Values = BTreeMap<u8, Field>;

/// Returns every field that the simulated market has; `None` for an unknown stock.
pub(super) fn values(world: &World, symbol: Symbol) -> Option<Values> {
    let it = Snapshot::of(world, symbol)?;
    let mut values = Values::new();
    if let Some(quote) = it.quote {
        values.extend([
            (1, price(quote.bid)),
            (2, price(quote.ask)),
            (4, Field::count(quote.bid_size)),
            (5, Field::count(quote.ask_size)),
            (33, price(quote.mid())),
            (34, millis(quote.at)),
            (37, millis(quote.at)),
            (38, millis(quote.at)),
        ]);
    }
    if let Some(tick) = it.tick {
        values.extend([
            (3, price(tick.price)),
            (9, Field::count(tick.size.floor_shares())),
            (29, price(tick.price)),
            (30, Field::count(tick.size.floor_shares())),
            (35, millis(tick.at)),
            (36, millis(tick.at)),
        ]);
    }
    if let Some(day) = it.today {
        values.extend([
            (8, Field::count(day.volume)),
            (10, price(day.high)),
            (11, price(day.low)),
            (17, price(day.open)),
        ]);
    }
    if let Some(close) = it.previous_close {
        values.insert(12, price(close));
    }
    values.extend([
        (6, Field::from("P")),
        (7, "P".into()),
        (13, it.exchange_letter.into()),
        (14, Field::Bool(true)),
        (15, it.name.into()),
        (16, "D".into()),
        (18, double(it.change)),
        (25, it.exchange.into()),
        (27, Field::Bool(true)),
        (28, Field::Bool(true)),
        (31, double(it.change)),
        (32, it.status.into()),
        (39, "ARCX".into()),
        (40, "ARCX".into()),
        (41, "XADF".into()),
        (42, double(it.change_percent)),
        (43, double(it.change_percent)),
        (46, Field::Integer(0)),
        (47, double(Decimal::ZERO)),
        (48, Field::Integer(0)),
        (49, Field::Integer(1)),
        (50, double(Decimal::ZERO)),
        (51, double(Decimal::ZERO)),
    ]);
    Some(values)
}
