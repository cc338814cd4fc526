//! Examples of opinions, decisions and logged trades.

use flightdeck::domain::market::Interval;
use flightdeck::domain::order::{OrderKind, Side};
use flightdeck::domain::position::Direction;
use flightdeck::events::{
    CandidateFound, Criterion, EnsembleSignal, EntrySignal, EvaluateStarted, Event, ExitSignal,
    HoldSignal, MemberLeftOut, ScanStarted, SignalEvent, StrategyMetrics, TradeLogged, VoteCast,
    VoteRequested,
};
use flightdeck::fsm::trade::ExitReason;
use flightdeck::strategies::{Action, Ballot, TradingSignal, Vote, Weight};
use rust_decimal::dec;

use crate::support::examples::{aapl, money, price, shares, time, trade};

pub(super) fn examples() -> Vec<Event> {
    let hold = |trade_id| {
        let reason = "RSI 71.2 is above 70".into();
        SignalEvent::Hold(HoldSignal { trade_id, symbol: aapl(), reason })
    };
    let left_out = |symbol| {
        let reason = "no answer within 5 s".into();
        SignalEvent::MemberLeftOut(MemberLeftOut { member: "momentum".into(), symbol, reason })
    };
    let mut events = vec![
        SignalEvent::ScanStarted(ScanStarted { symbols: 50, interval: Interval::Minute }),
        candidate(),
        SignalEvent::EvaluateStarted(EvaluateStarted { trade_id: trade(), symbol: aapl() }),
        ensemble(),
        SignalEvent::Entry(entry(OrderKind::Limit { limit: price("175.50") })),
        SignalEvent::Entry(entry(OrderKind::Market)),
        hold(None),
        hold(Some(trade())),
        left_out(None),
        left_out(Some(aapl())),
        logged(false),
        logged(true),
        SignalEvent::VoteRequested(VoteRequested {
            trade_id: trade(),
            symbol: aapl(),
            price: price("175.50"),
            members: vec!["desk".into(), "model".into()],
            deadline: time("2025-10-28T14:30:05Z"),
        }),
    ];
    events.extend([Action::Buy, Action::Sell, Action::Hold].map(vote_cast));
    events.extend(exits());
    events.into_iter().map(Event::from).collect()
}

fn candidate() -> SignalEvent {
    let detail = "175.50 > 172.31".into();
    SignalEvent::CandidateFound(CandidateFound {
        trade_id: trade(),
        symbol: aapl(),
        direction: Direction::Long,
        price: price("175.50"),
        criteria: vec![Criterion { name: "price > ma20".into(), detail }],
    })
}

fn ensemble() -> SignalEvent {
    let ballot = |member: &str, vote| Ballot {
        member: member.into(),
        weight: Weight::ONE,
        vote,
        reasoning: "RSI 61 · \u{2191}".into(),
    };
    SignalEvent::Ensemble(EnsembleSignal {
        trade_id: trade(),
        symbol: aapl(),
        action: Side::Buy,
        price: price("175.50"),
        confidence: dec!(0.56),
        consensus: dec!(0.6667),
        threshold: dec!(0.5),
        speaker: "trend_following".into(),
        ballots: vec![
            ballot("trend_following", Some(Vote::new(Action::Buy, 0.84).unwrap())),
            ballot("volatility", Some(Vote::HOLD)),
            ballot("momentum", None),
        ],
    })
}

/// The entry that stands in the specification.
pub(super) fn entry(kind: OrderKind) -> EntrySignal {
    EntrySignal {
        trade_id: trade(),
        symbol: aapl(),
        direction: Direction::Long,
        entry_price: price("175.50"),
        stop_price: price("166.72"),
        target_price: price("201.82"),
        quantity: shares(5),
        risk_reward_ratio: dec!(3.0),
        strategy: "trend_following_3_to_1".into(),
        kind,
        confidence: dec!(0.84),
        consensus: dec!(1),
        size_scale: dec!(0.75),
        caution: None,
    }
}

fn vote_cast(action: Action) -> SignalEvent {
    let signal = TradingSignal {
        action,
        symbol: aapl(),
        price: price("175.50"),
        confidence: 0.1 + 0.2,
        strategy: "desk".into(),
        reasoning: String::new(),
    };
    SignalEvent::VoteCast(VoteCast { trade_id: trade(), signal })
}

fn exits() -> [SignalEvent; 7] {
    let reasons = [
        ExitReason::TargetHit,
        ExitReason::StopHit,
        ExitReason::ExitSignal,
        ExitReason::TimeExit,
        ExitReason::Flatten,
        ExitReason::StopNotPlaced,
        ExitReason::External,
    ];
    reasons.map(|reason| {
        let price = price("201.82");
        SignalEvent::Exit(ExitSignal { trade_id: trade(), symbol: aapl(), reason, price })
    })
}

fn logged(has_ratios: bool) -> SignalEvent {
    SignalEvent::TradeLogged(TradeLogged {
        trade_id: trade(),
        symbol: aapl(),
        direction: Direction::Short,
        quantity: shares(5),
        entry_time: time("2025-10-28T14:30:00Z"),
        entry_price: price("175.50"),
        exit_time: time("2025-10-29T18:02:11.000000001Z"),
        exit_price: price("201.82"),
        pnl: money("-131.60"),
        r_multiple: has_ratios.then_some(dec!(-2.9977)),
        reason: ExitReason::StopHit,
        strategy: "trend_following_3_to_1".into(),
        members: if has_ratios { vec!["trend_following".into()] } else { Vec::new() },
        metrics: StrategyMetrics {
            trades: 7,
            wins: 3,
            win_rate: has_ratios.then_some(dec!(0.4286)),
            average_r: has_ratios.then_some(dec!(-0.0)),
            pnl: money("412.07"),
        },
    })
}
