//! Examples of a venue's answers.

use flightdeck::domain::money::Price;
use flightdeck::domain::order::{RejectReason, Side};
use flightdeck::domain::position::{Direction, Position};
use flightdeck::events::{
    AcceptedLeg, AccountReported, CallFailed, Endpoint, EndpointsRaced, Event, OrdersReported,
    SplitApplied, Streamed, VenueAccepted, VenueCall, VenueDone, VenueEvent, VenueFilled,
    VenueNotFound, VenueRefused, VenueRejected, VenueReplaced,
};

use crate::support::examples::trading::{fill, report};
use crate::support::examples::{aapl, money, ours, price, shares, theirs};

pub(super) fn examples() -> Vec<Event> {
    let mut events = about_orders();
    events
        .extend(REASONS.map(|reason| rejected(reason, reason == RejectReason::InsufficientFunds)));
    events.extend(about_the_account());
    events.into_iter().map(Event::from).collect()
}

const REASONS: [RejectReason; 14] = [
    RejectReason::InsufficientFunds,
    RejectReason::InsufficientShares,
    RejectReason::WashTrade,
    RejectReason::NotShortable,
    RejectReason::DuplicateClientOrderId,
    RejectReason::UnknownSymbol,
    RejectReason::Halted,
    RejectReason::MarketClosed,
    RejectReason::InvalidPrice,
    RejectReason::InvalidQuantity,
    RejectReason::Unsupported,
    RejectReason::AccountBlocked,
    RejectReason::NotWorking,
    RejectReason::Other,
];

fn about_orders() -> Vec<VenueEvent> {
    let done = |filled| VenueDone { client_order_id: ours(1), filled };
    let refused = || VenueRefused {
        client_order_id: ours(1),
        reason: RejectReason::NotWorking,
        message: "not cancelable".into(),
    };
    let replaced = |limit, stop| {
        VenueEvent::Replaced(VenueReplaced {
            client_order_id: ours(1),
            new_client_order_id: ours(2),
            broker_order_id: theirs(2),
            qty: shares(5),
            limit,
            stop,
        })
    };
    let accepted = |legs| {
        let (client_order_id, broker_order_id) = (ours(1), theirs(1));
        VenueEvent::Accepted(VenueAccepted { client_order_id, broker_order_id, legs })
    };
    let failed = |client_order_id| {
        VenueEvent::CallFailed(CallFailed {
            breaker: "sim.orders".into(),
            call: VenueCall::Submit,
            client_order_id,
            definitely_not_sent: true,
            counts: false,
            detail: "connection refused".into(),
        })
    };
    vec![
        accepted(Vec::new()),
        accepted(vec![leg(Some(price("166.72")), None), leg(None, Some(price("201.82")))]),
        VenueEvent::Filled(VenueFilled { fill: fill(), fee: money("0.02") }),
        VenueEvent::Cancelled(done(shares(0))),
        VenueEvent::Expired(done(shares(2))),
        replaced(None, Some(price("170.00"))),
        replaced(Some(price("175.60")), None),
        VenueEvent::CancelRefused(refused()),
        VenueEvent::ReplaceRefused(refused()),
        failed(None),
        failed(Some(ours(1))),
        VenueEvent::NotFound(VenueNotFound { client_order_id: ours(1) }),
    ]
}

fn leg(stop: Option<Price>, limit: Option<Price>) -> AcceptedLeg {
    let (client_order_id, broker_order_id) = (ours(3), theirs(3));
    AcceptedLeg { client_order_id, broker_order_id, side: Side::Sell, stop, limit }
}

fn rejected(reason: RejectReason, has_amounts: bool) -> VenueEvent {
    VenueEvent::Rejected(VenueRejected {
        client_order_id: ours(1),
        reason,
        message: "insufficient buying power".into(),
        estimated_cost: has_amounts.then(|| money("877.50")),
        buying_power: has_amounts.then(|| money("12.34")),
    })
}

fn about_the_account() -> Vec<VenueEvent> {
    let held = Position {
        symbol: aapl(),
        direction: Direction::Short,
        qty: shares(35),
        cost: money("877.50"),
    };
    let split = |position| {
        VenueEvent::SplitApplied(SplitApplied {
            symbol: aapl(),
            new_shares: 7,
            old_shares: 1,
            position,
            price: price("25.07"),
        })
    };
    let account = |positions| {
        VenueEvent::Account(AccountReported {
            cash: money("99122.50"),
            equity: money("100000.00"),
            buying_power: money("198245.00"),
            positions,
            streamed: vec![Streamed { symbol: aapl(), direction: Direction::Long, qty: shares(0) }],
        })
    };
    let raced = |winner| {
        VenueEvent::Raced(EndpointsRaced {
            client_order_id: ours(1),
            winner,
            primary: "taken as b-1".into(),
            backup: "the name is in use".into(),
        })
    };
    vec![
        raced(None),
        raced(Some(Endpoint::Primary)),
        raced(Some(Endpoint::Backup)),
        split(None),
        split(Some(held)),
        VenueEvent::Orders(OrdersReported { orders: Vec::new(), is_whole: true }),
        VenueEvent::Orders(OrdersReported {
            orders: vec![report(None), report(Some(price("175.49")))],
            is_whole: false,
        }),
        account(Vec::new()),
        account(vec![held]),
    ]
}
