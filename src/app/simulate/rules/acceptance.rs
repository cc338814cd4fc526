//! What the exchange may take from us: one entry per trade, within the limits, and no exit
//! that opens a position (I1, I3, C07).

use rust_decimal::{Decimal, dec};

use crate::app::simulate::notes::Notes;
use crate::brokers::sim::direct::Floor;
use crate::brokers::sim::exchange::{Exchange, Intent, Order, OrderName};
use crate::domain::ids::{ClientOrderId, Symbol};
use crate::domain::money::{Money, Price};
use crate::domain::order::{OrderPurpose, Side};
use crate::risk::Limits;

/// Prices move between the decision and the acceptance.
const SLACK: Decimal = dec!(1.08);

/// The limits that the ledger is held to.
#[derive(Debug, Clone)]
pub(in crate::app::simulate) struct Bounds {
    position: Money,
    of_equity: Decimal,
    gross: Decimal,
}

impl Bounds {
    pub(in crate::app::simulate) const fn new(limits: &Limits) -> Self {
        Self {
            position: limits.max_position_value,
            of_equity: limits.max_equity_fraction,
            gross: limits.max_gross_exposure,
        }
    }
}

/// What is wrong with an order that the exchange has just taken: the invariant, and words.
pub(in crate::app::simulate) fn accepted(
    order: &Order,
    notes: &Notes,
    floor: &Floor,
    bounds: &Bounds,
) -> Option<(&'static str, String)> {
    let id = &order.client_order_id;
    let note = notes.orders.get(id)?;
    if note.is_over() {
        let text = format!("the broker takes {id}, which the house believes {}", note.state);
        return Some(("I11", text));
    }
    match note.purpose {
        OrderPurpose::Entry => one_entry(id, notes, floor.exchange())
            .map(|text| ("I1", text))
            .or_else(|| too_much(order.symbol, floor, bounds).map(|text| ("I3", text))),
        OrderPurpose::Protection | OrderPurpose::Exit if order.intent == Intent::Open => {
            let text = format!(
                "{id} is to reduce a position of {} and opens one: {} {}",
                order.symbol, order.side, order.qty
            );
            Some(("I1", text))
        }
        OrderPurpose::Protection | OrderPurpose::Exit => None,
    }
}

/// Another entry of the same trade that lives or was filled.
fn one_entry(id: &ClientOrderId, notes: &Notes, exchange: &Exchange) -> Option<String> {
    let trade = notes.orders.get(id)?.trade_id.as_ref()?;
    let others = notes.orders.iter().filter(|(other, note)| {
        *other != id && note.purpose == OrderPurpose::Entry && note.trade_id.as_ref() == Some(trade)
    });
    let lives = |other: &ClientOrderId| {
        let found = exchange.order(OrderName::Client(other));
        found.is_some_and(|order| !order.status.is_final() || !order.filled.is_zero())
    };
    let (other, _) = others.into_iter().find(|(other, _)| lives(other))?;
    Some(format!("{id} and {other} are two entries of the trade {trade}"))
}

/// Positions and working entries beyond a limit.
fn too_much(symbol: Symbol, floor: &Floor, bounds: &Bounds) -> Option<String> {
    let account = floor.exchange().account();
    let mut of_symbol = Money::ZERO;
    let mut gross = Money::ZERO;
    for view in floor.exchange().positions() {
        let price = view.price.or_else(|| view.position.average_price());
        let value = price.map_or(Money::ZERO, |price| price.times(view.position.qty));
        gross += value;
        if view.position.symbol == symbol {
            of_symbol += value;
        }
    }
    for order in floor.exchange().working() {
        if order.intent == Intent::Open {
            let value =
                price_of(order, floor).map_or(Money::ZERO, |price| price.times(order.leaves()));
            gross += value;
            if order.symbol == symbol {
                of_symbol += value;
            }
        }
    }
    let position = bounds.position.min(account.equity.scaled(bounds.of_equity)).scaled(SLACK);
    if of_symbol > position {
        return Some(format!(
            "{symbol} with its working entries is worth {of_symbol}, and {position} are allowed"
        ));
    }
    let most = account.equity.scaled(bounds.gross).scaled(SLACK);
    (gross > most)
        .then(|| format!("positions and working entries are worth {gross}, and {most} are allowed"))
}

fn price_of(order: &Order, floor: &Floor) -> Option<Price> {
    let quote = floor.quote(order.symbol);
    let far = quote.map(|quote| match order.side {
        Side::Buy => quote.ask,
        Side::Sell => quote.bid,
    });
    order.kind.limit().or(far)
}
