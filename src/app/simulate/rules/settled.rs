//! What must agree once all faults are over and everything has settled (I4, I5, I8).

use std::collections::BTreeSet;

use crate::app::simulate::notes::Notes;
use crate::brokers::sim::direct::Floor;
use crate::brokers::sim::exchange::OrderName;
use crate::domain::ids::Symbol;
use crate::domain::money::Money;

/// Half a cent: an execution that a list alone has told is known by its average price.
const TO_THE_CENT: Money = Money::from_units(500_000);

/// Where the house and the ledger differ, in words; empty when they agree.
pub(in crate::app::simulate) fn differences(notes: &Notes, floor: &Floor) -> Vec<String> {
    let mut found = Vec::new();
    orders(notes, floor, &mut found);
    positions(notes, floor, &mut found);
    if notes.trading.0 == "FLATTEN" {
        let left = floor.exchange().positions();
        found.extend(left.iter().map(|view| {
            format!(
                "everything was to be closed, and {} of {} are left",
                view.position.qty, view.position.symbol
            )
        }));
    }
    let (ours, theirs) = (notes.book.cash(), floor.exchange().account().cash);
    if (ours - theirs).abs() > TO_THE_CENT {
        found.push(format!("the house has {ours} in cash, the ledger {theirs}"));
    }
    found
}

fn orders(notes: &Notes, floor: &Floor, found: &mut Vec<String>) {
    let exchange = floor.exchange();
    for (id, note) in notes.orders.iter().filter(|(_, note)| !note.is_over()) {
        if note.state == "DRAFT" {
            continue;
        }
        match exchange.order(OrderName::Client(id)) {
            Some(order) if order.status.is_final() || order.filled != note.filled => {
                found.push(format!(
                    "{id} is {} with {} filled for the house, {} with {} in the ledger",
                    note.state,
                    note.filled,
                    order.status.name(),
                    order.filled
                ));
            }
            Some(_) if matches!(note.state.as_str(), "SUBMITTED" | "UNKNOWN") => {
                found.push(format!("{id} is {} for the house, and it works", note.state));
            }
            // A halt says that a human must look.
            None if notes.is_halted() && note.state == "UNKNOWN" => {}
            None => found.push(format!("{id} is {} for the house and nowhere else", note.state)),
            Some(_) => {}
        }
    }
    for order in exchange.working() {
        let id = &order.client_order_id;
        match notes.orders.get(id) {
            Some(note) if note.is_over() => {
                found.push(format!("{id} works, and is {} for the house", note.state));
            }
            None if order.group.is_none() => {
                found.push(format!("{id} works, and the house does not know it"));
            }
            Some(_) | None => {}
        }
    }
}

fn positions(notes: &Notes, floor: &Floor, found: &mut Vec<String>) {
    let theirs: Vec<_> = floor.exchange().positions().into_iter().map(|it| it.position).collect();
    let ours: Vec<_> = notes.book.positions().map(|(held, _)| held).collect();
    let symbols: BTreeSet<Symbol> = ours.iter().chain(&theirs).map(|held| held.symbol).collect();
    for symbol in symbols {
        let of = |list: &[crate::domain::position::Position]| {
            let held = list.iter().find(|held| held.symbol == symbol);
            held.map(|held| (held.direction, held.qty))
        };
        let (ours, theirs) = (of(&ours), of(&theirs));
        if ours != theirs {
            found.push(format!("{symbol}: the house holds {ours:?}, the ledger {theirs:?}"));
        }
    }
}
