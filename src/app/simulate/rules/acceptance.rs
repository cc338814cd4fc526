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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::simulate::notes::OrderNote;
    use crate::app::simulate::setting;
    use crate::domain::ids::TradeId;
    use crate::domain::money::Qty;
    use crate::domain::order::{OrderClass, OrderKind, OrderRequest, TimeInForce};

    /// Orders of one trade, one after the other: purpose, side, shares, limit in dollars.
    /// Returns the invariant that the last one breaks.
    fn broken(orders: &[(OrderPurpose, Side, u64, i64)], state: &str) -> Option<&'static str> {
        let config = setting::config(1);
        let mut floor = Floor::new(setting::floor(&config)).unwrap();
        floor.advance_to(floor.opened_at()).unwrap();
        let mut notes = Notes::new(config.account.opening_cash);
        let mut found = None;
        for (number, (purpose, side, shares, dollars)) in orders.iter().enumerate() {
            let id = ClientOrderId::new(format!("fd-{number}"));
            let qty = Qty::shares(*shares).unwrap();
            let limit = Price::from_cents(dollars * 100).unwrap();
            let request = OrderRequest {
                client_order_id: id.clone(),
                symbol: Symbol::new("AAPL").unwrap(),
                side: *side,
                qty,
                kind: OrderKind::Limit { limit },
                time_in_force: TimeInForce::Day,
                class: OrderClass::Simple,
                extended_hours: false,
            };
            floor.trade(|exchange, at, out| exchange.submit(&request, at, out)).unwrap();
            let note = OrderNote {
                purpose: *purpose,
                trade_id: Some(TradeId::new("trade-1")),
                state: state.into(),
                qty,
                filled: Qty::ZERO,
                counted: Qty::ZERO,
            };
            notes.orders.insert(id.clone(), note);
            let order = floor.exchange().order(OrderName::Client(&id)).unwrap().clone();
            found = accepted(&order, &notes, &floor, &Bounds::new(&config.risk));
        }
        found.map(|(invariant, _)| invariant)
    }

    #[test]
    fn what_the_broker_may_not_be_given_is_found_when_it_is_taken() {
        // The stock is worth some 64 dollars; 800 may be in one position.
        let entry = |shares| (OrderPurpose::Entry, Side::Buy, shares, 40);
        assert_eq!(broken(&[entry(12)], "SUBMITTED"), None);
        assert_eq!(broken(&[entry(40)], "SUBMITTED"), Some("I3"));
        assert_eq!(broken(&[entry(2), entry(3)], "SUBMITTED"), Some("I1"));
        assert_eq!(broken(&[entry(2)], "REJECTED"), Some("I11"));
        let exit = (OrderPurpose::Exit, Side::Sell, 5, 90);
        assert_eq!(broken(&[exit], "SUBMITTED"), Some("I1"), "nothing is held: it opens a short");
    }
}
