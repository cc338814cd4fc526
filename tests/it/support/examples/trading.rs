//! Examples of permissions, orders and positions.

use flightdeck::domain::ids::ExecutionId;
use flightdeck::domain::money::{Price, Qty};
use flightdeck::domain::order::{
    Fill, OrderKind, OrderPurpose, OrderReport, RejectReason, ReportedStatus, Side, Trail,
};
use flightdeck::domain::position::Direction;
use flightdeck::events::{
    ApprovalRequested, DrawdownAlert, Event, LevelHit, LimitExceeded, OrderCancel, OrderCancelled,
    OrderEvent, OrderExpired, OrderFilled, OrderModified, OrderModify, OrderOutcomeUnknown,
    OrderRejected, OrderRequestRefused, OrderStateChanged, OrderStatusReported, OrderSubmit,
    OrderSubmitted, OrdersExternal, PnlUpdated, PortfolioAssessed, PositionClosed, PositionCovered,
    PositionEvent, PositionOpened, PositionPnl, PositionSplit, RiskEvent, SetStop, SizeCalculated,
    StopSet, StrategyDisabled, TradeApproved, TradeRefused, UnexplainedPosition, UpdateStop,
};
use flightdeck::fsm::trade::ExitReason;
use rust_decimal::dec;

use crate::support::examples::permits::{
    approved_entry, checks, permitted_entry, permitted_exit, permitted_protection, permitted_stop,
    refusal, size_record,
};
use crate::support::examples::{aapl, money, ours, price, shares, theirs, time, trade};

pub(super) fn risk() -> Vec<Event> {
    let size = |trade_id| {
        RiskEvent::SizeCalculated(SizeCalculated { trade_id, symbol: aapl(), size: size_record() })
    };
    let refused_by = |by_operator, reason: &str| {
        let reason = reason.into();
        RiskEvent::Refused(TradeRefused { trade_id: trade(), by_operator, reason })
    };
    let refused = refusal();
    let exceeded = |trade_id, value| {
        RiskEvent::LimitExceeded(LimitExceeded {
            trade_id,
            symbol: aapl(),
            rule: refused.rule,
            limit: refused.limit,
            value,
            explanation: refused.explanation.clone(),
            checks: refused.checks.clone(),
        })
    };
    let events = [
        size(None),
        size(Some(trade())),
        exceeded(None, None),
        exceeded(Some(trade()), refused.value),
        RiskEvent::Approved(TradeApproved { trade_id: trade(), order: approved_entry() }),
        RiskEvent::ApprovalRequested(ApprovalRequested {
            trade_id: trade(),
            symbol: aapl(),
            cost: money("877.50"),
            worst_loss: money("43.90"),
            deadline: time("2025-10-28T14:35:00Z"),
            checks: checks(),
        }),
        refused_by(false, "time is up"),
        refused_by(true, "not today"),
        RiskEvent::DrawdownAlert(DrawdownAlert {
            drawdown: dec!(0.2003),
            limit: dec!(0.20),
            peak: money("100000"),
            equity: money("79970.00000001"),
        }),
        RiskEvent::PortfolioAssessed(PortfolioAssessed {
            equity: money("100131.60"),
            peak: money("100131.60"),
            cash: money("99122.50"),
            reserved: money("0"),
            gross_exposure: money("1009.10"),
            net_exposure: money("-1009.10"),
            open_positions: 1,
        }),
        RiskEvent::StrategyDisabled(StrategyDisabled {
            strategy: "momentum".into(),
            reason: "5 losses in a row".into(),
        }),
    ];
    events.into_iter().map(Event::from).collect()
}

pub(super) fn orders() -> Vec<Event> {
    let mut events = requests();
    events.extend(answers());
    events.into_iter().map(Event::from).collect()
}

fn requests() -> Vec<OrderEvent> {
    let submit = |order| OrderEvent::Submit(OrderSubmit { order });
    let modify = |trade_id, limit, stop| {
        let (client_order_id, new_client_order_id) = (ours(1), ours(2));
        let qty = shares(5);
        OrderEvent::Modify(OrderModify {
            client_order_id,
            new_client_order_id,
            trade_id,
            qty,
            limit,
            stop,
        })
    };
    let cancel = |trade_id| {
        let reason = "operator: \"stop\"\n".into();
        OrderEvent::Cancel(OrderCancel { client_order_id: ours(1), trade_id, reason })
    };
    vec![
        submit(permitted_entry(ours(1))),
        submit(permitted_protection()),
        submit(permitted_stop()),
        submit(permitted_exit()),
        cancel(None),
        cancel(Some(trade())),
        modify(None, None, Some(price("170.00"))),
        modify(Some(trade()), Some(price("0.1234")), None),
    ]
}

fn answers() -> Vec<OrderEvent> {
    let trade_id = Some(trade());
    let purpose = OrderPurpose::Entry;
    let refused = |trade_id| OrderRequestRefused {
        client_order_id: ours(1),
        trade_id,
        reason: RejectReason::NotWorking,
        message: "order is already in \"filled\" state".into(),
    };
    let modified = |stop, limit| {
        let (client_order_id, new_client_order_id) = (ours(1), ours(2));
        let (trade_id, qty) = (Some(trade()), shares(5));
        OrderEvent::Modified(OrderModified {
            client_order_id,
            new_client_order_id,
            trade_id,
            qty,
            stop,
            limit,
        })
    };
    let mut events = vec![
        OrderEvent::Submitted(OrderSubmitted {
            client_order_id: ours(1),
            broker_order_id: theirs(1),
            trade_id: trade_id.clone(),
            purpose,
        }),
        OrderEvent::Rejected(rejected(true)),
        OrderEvent::Rejected(rejected(false)),
        OrderEvent::Cancelled(OrderCancelled {
            client_order_id: ours(1),
            trade_id: trade_id.clone(),
            purpose: OrderPurpose::Exit,
            symbol: aapl(),
            filled: Qty::from_units(1).unwrap(),
            unasked: true,
        }),
        OrderEvent::CancelRejected(refused(None)),
        OrderEvent::ModifyRejected(refused(trade_id.clone())),
        modified(Some(price("170.00")), None),
        modified(None, Some(price("175.60"))),
        OrderEvent::Expired(OrderExpired {
            client_order_id: ours(1),
            trade_id: trade_id.clone(),
            purpose,
            symbol: aapl(),
            filled: Qty::ZERO,
        }),
        OrderEvent::OutcomeUnknown(OrderOutcomeUnknown {
            client_order_id: ours(1),
            trade_id,
            detail: "timed out after 2 s".into(),
            sent_at: time("2025-10-28T14:30:00.000001Z"),
        }),
        status(None),
        status(Some(price("175.5025"))),
        external(Vec::new()),
        external(vec![report(None)]),
        state_changed(None),
        state_changed(Some(price("175.50"))),
    ];
    events.extend(fills());
    events
}

fn rejected(has_amounts: bool) -> OrderRejected {
    OrderRejected {
        client_order_id: ours(1),
        trade_id: has_amounts.then(trade),
        purpose: OrderPurpose::Protection,
        symbol: aapl(),
        side: Side::Sell,
        qty: shares(5),
        reason: RejectReason::InsufficientFunds,
        message: "insufficient buying power".into(),
        estimated_cost: has_amounts.then(|| money("877.50")),
        buying_power: has_amounts.then(|| money("-12.34")),
    }
}

fn fills() -> Vec<OrderEvent> {
    let limit = price("175.50");
    let stop = price("166.72");
    let kinds = [
        OrderKind::Market,
        OrderKind::Limit { limit },
        OrderKind::Stop { stop },
        OrderKind::StopLimit { stop, limit: stop },
        OrderKind::TrailingStop { trail: Trail::Amount(price("1.25")) },
        OrderKind::TrailingStop { trail: Trail::Percent(dec!(1.5)) },
    ];
    let filled = |kind, trade_id| OrderFilled {
        fill: fill(),
        trade_id,
        purpose: OrderPurpose::Entry,
        kind,
        ordered: shares(5),
        average_price: price("175.49333333"),
        fee: money("0.02"),
    };
    let mut events: Vec<OrderEvent> =
        kinds.into_iter().map(|kind| OrderEvent::Filled(filled(kind, Some(trade())))).collect();
    events.push(OrderEvent::PartiallyFilled(filled(OrderKind::Market, None)));
    events
}

pub(super) fn fill() -> Fill {
    Fill {
        execution_id: ExecutionId::new("20251028000001"),
        client_order_id: ours(1),
        symbol: aapl(),
        side: Side::Buy,
        qty: shares(2),
        price: price("175.49"),
        cumulative: Qty::from_units(4_500_000_000).unwrap(),
        at: time("2025-10-28T14:30:00.217Z"),
    }
}

fn status(average_price: Option<Price>) -> OrderEvent {
    let client_order_id = ours(1);
    let state = average_price.map(|_| "PARTIALLY_FILLED".into());
    let report = average_price.map(|_| report(average_price));
    OrderEvent::StatusReported(OrderStatusReported { client_order_id, state, report })
}

pub(super) fn report(average_price: Option<Price>) -> OrderReport {
    OrderReport {
        client_order_id: average_price.map(|_| ours(1)),
        broker_order_id: theirs(1),
        symbol: aapl(),
        side: Side::Buy,
        qty: shares(5),
        kind: OrderKind::Limit { limit: price("175.50") },
        filled: if average_price.is_some() { shares(2) } else { Qty::ZERO },
        average_price,
        status: if average_price.is_some() {
            ReportedStatus::Working
        } else {
            ReportedStatus::Held
        },
    }
}

fn external(orders: Vec<OrderReport>) -> OrderEvent {
    OrderEvent::External(OrdersExternal { orders })
}

fn state_changed(average_price: Option<Price>) -> OrderEvent {
    OrderEvent::StateChanged(OrderStateChanged {
        client_order_id: ours(1),
        trade_id: average_price.map(|_| trade()),
        purpose: OrderPurpose::Entry,
        symbol: aapl(),
        side: Side::Buy,
        from: "SUBMITTED".into(),
        to: "PARTIALLY_FILLED".into(),
        filled: shares(2),
        qty: shares(5),
        average_price,
    })
}

pub(super) fn positions() -> Vec<Event> {
    let set_stop = |target| {
        let (direction, qty, stop) = (Direction::Long, shares(5), price("166.72"));
        let (trade_id, symbol) = (trade(), aapl());
        PositionEvent::SetStop(SetStop { trade_id, symbol, direction, qty, stop, target })
    };
    let hit = |level, reached| LevelHit {
        trade_id: trade(),
        symbol: aapl(),
        level: price(level),
        price: price(reached),
    };
    let mut events = vec![
        set_stop(None),
        set_stop(Some(price("201.82"))),
        PositionEvent::UpdateStop(UpdateStop {
            trade_id: trade(),
            symbol: aapl(),
            stop: price("175.50"),
            reason: "trailing".into(),
        }),
        PositionEvent::Opened(PositionOpened {
            trade_id: trade(),
            symbol: aapl(),
            direction: Direction::Long,
            quantity: shares(5),
            entry_price: price("175.50"),
            stop_price: price("166.72"),
            target_price: price("201.82"),
        }),
        PositionEvent::StopSet(StopSet {
            trade_id: trade(),
            symbol: aapl(),
            client_order_id: ours(2),
            quantity: shares(5),
            stop_price: price("166.72"),
        }),
        PositionEvent::StopHit(hit("166.72", "166.70")),
        PositionEvent::TargetHit(hit("201.82", "201.8201")),
        PositionEvent::Covered(PositionCovered {
            trade_id: trade(),
            symbol: aapl(),
            naked_ms: 4_000,
            was_listed: true,
        }),
        PositionEvent::Split(PositionSplit {
            trade_id: trade(),
            symbol: aapl(),
            quantity_before: shares(5),
            quantity_after: shares(35),
            stop_price: price("23.82"),
            target_price: price("28.83"),
        }),
    ];
    events.extend(accounts_of_profit());
    events.into_iter().map(Event::from).collect()
}

fn accounts_of_profit() -> Vec<PositionEvent> {
    let closed = |r_multiple| {
        PositionEvent::Closed(PositionClosed {
            trade_id: trade(),
            symbol: aapl(),
            direction: Direction::Long,
            quantity: shares(5),
            entry_time: time("2025-10-28T14:30:00Z"),
            entry_price: price("175.50"),
            exit_price: price("201.82"),
            pnl: money("131.60"),
            r_multiple,
            reason: ExitReason::TargetHit,
        })
    };
    let open = PositionPnl {
        symbol: aapl(),
        direction: Direction::Short,
        quantity: shares(5),
        entry_price: price("175.50"),
        price: price("180.00"),
        unrealized: money("-22.50"),
    };
    let pnl = |positions| {
        let (unrealized, realized) = (money("-22.50"), money("0"));
        PositionEvent::Pnl(PnlUpdated { positions, unrealized, realized })
    };
    vec![
        closed(None),
        closed(Some(dec!(2.9977))),
        pnl(Vec::new()),
        pnl(vec![open]),
        PositionEvent::Unexplained(UnexplainedPosition {
            symbol: aapl(),
            side: Side::Sell,
            quantity: shares(5),
            price: price("175.50"),
            execution_id: ExecutionId::new("20251028000002"),
            detail: "cannot transition from ENTRY_APPROVED to FILLED".into(),
        }),
    ]
}
