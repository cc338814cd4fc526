//! What keeps an account safe when something is lost, doubled or not known: two endpoints,
//! the guard of bare positions, differences with the broker, orders of which nobody knows,
//! and what halts trading.

mod differences;
mod endpoints;
mod naked;
mod settling;
mod triggers;

use flightdeck::domain::command::{Acknowledge, OperatorCommand};
use flightdeck::domain::ids::{AgentId, BrokerOrderId, ClientOrderId};
use flightdeck::domain::order::{OrderKind, OrderReport, ReportedStatus, Side};
use flightdeck::domain::position::{Direction, Position};
use flightdeck::events::{AccountReported, OrdersReported, VenueEvent};
use flightdeck::view::Safety;

use crate::support::cockpit::{Cockpit, dollars, price, shares, symbol};
use crate::view::shown;

impl Cockpit {
    /// The venue lists all its open orders.
    fn lists(&mut self, orders: Vec<OrderReport>) -> &mut Self {
        let listed = OrdersReported { orders, is_whole: true };
        self.input(AgentId::Venue, VenueEvent::Orders(listed))
    }

    /// The venue tells the account; its cash is the journal's.
    fn tells(&mut self, positions: Vec<Position>) -> &mut Self {
        let cash = self.cash();
        let told = AccountReported {
            cash,
            equity: cash,
            buying_power: cash,
            positions,
            streamed: Vec::new(),
        };
        self.input(AgentId::Venue, VenueEvent::Account(told))
    }

    /// The operator acknowledges one difference, or all.
    fn acknowledges(&mut self, subject: Option<&str>) -> &mut Self {
        let (subject, reason) = (subject.map(str::to_owned), "seen".to_owned());
        self.press(OperatorCommand::Acknowledge(Acknowledge { subject, reason, by: None }))
    }

    /// What the screen shows of all this.
    fn safety(&self) -> Safety {
        (*shown(self).safety).clone()
    }

    /// The text of every alert so far.
    fn alerts(&self) -> Vec<String> {
        self.all("system.alert.raised").iter().map(|alert| alert.text("text")).collect()
    }
}

/// A long position in a stock.
fn held(of: &str, number: u64, cost: &str) -> Position {
    Position {
        symbol: symbol(of),
        direction: Direction::Long,
        qty: shares(number),
        cost: dollars(cost),
    }
}

/// A stop that works at the venue under some name.
fn stop(name: &str, broker: &str, number: u64) -> OrderReport {
    OrderReport {
        client_order_id: Some(ClientOrderId::new(name)),
        broker_order_id: BrokerOrderId::new(broker),
        symbol: symbol("AAPL"),
        side: Side::Sell,
        qty: shares(number),
        kind: OrderKind::Stop { stop: price("166.72") },
        filled: shares(0),
        average_price: None,
        status: ReportedStatus::Working,
    }
}
