//! Moments of a trade, of trouble, and of a day, as the screen shows them.

use flightdeck::agents::risk_management::Approval;
use flightdeck::domain::money::Money;
use flightdeck::domain::order::OrderPurpose;
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::ExitStyle;
use flightdeck::view::{
    BreakerPhase, Class, Move, OrderPhase, Phase, Precautions, Projector, Protection, Setup,
    Snapshot, TradingPhase, Wait, Wanted,
};

use super::{fold, setup, shown};
use crate::support::cockpit::{Cockpit, START, dollars, price, rules, shares, symbol};
use crate::support::trouble::{Trouble, What};

fn managed() -> Cockpit {
    let mut config = rules();
    config.position.exit_style = ExitStyle::Managed;
    Cockpit::new(&config)
}

#[test]
fn a_held_trade_shows_its_position_its_stop_and_what_it_waits_for() {
    let mut cockpit = managed();
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "184.27", "184.29");
    let snapshot = shown(&cockpit);

    let [trade] = &snapshot.trades[..] else { panic!("one trade, not {:?}", snapshot.trades) };
    assert_eq!((trade.phase, trade.waits_for), (Phase::Holding, Wait::Price));
    let path: Vec<Phase> = trade.steps.iter().map(|step| step.phase).collect();
    assert_eq!(path, Phase::PATH[..6]);
    assert_eq!(&*trade.strategy, "trend_following_3_to_1");

    let [position] = &snapshot.positions[..] else { panic!("one position") };
    assert_eq!((position.quantity, position.average), (shares(5), price("175.50")));
    assert_eq!(position.unrealized, dollars("43.90"), "(184.28 − 175.50) × 5");
    assert_eq!(position.r.unwrap().to_string(), "1", "8.78 ÷ 8.78");
    assert_eq!((position.stop, position.target), (Some(price("166.72")), Some(price("201.82"))));
    let Protection::Protected { quantity, stop, .. } = &position.protection else {
        panic!("{:?}", position.protection)
    };
    assert_eq!((*quantity, *stop), (shares(5), price("166.72")));

    let account = snapshot.account;
    assert_eq!(account.cash, dollars("99122.50"));
    assert_eq!((account.nav, account.day_pnl), (dollars("100043.90"), dollars("43.90")));
    assert_eq!((account.gross, account.net), (dollars("921.40"), dollars("921.40")));
    assert_eq!(account.drawdown.to_string(), "0");

    let [stop] = &snapshot.working[..] else { panic!("one order works") };
    assert_eq!((stop.purpose, stop.phase), (OrderPurpose::Protection, OrderPhase::Accepted));
    let [entry] = &snapshot.done.iter().collect::<Vec<_>>()[..] else { panic!("one is over") };
    assert_eq!((entry.phase, entry.filled), (OrderPhase::Filled, shares(5)));
    let cards = &snapshot.cards;
    assert_eq!((cards.orders.sent_today, cards.orders.fills_today), (2, 1));
    assert_eq!((cards.positions.protected, cards.positions.naked), (1, 0));
    assert!(cards.risk.limits.iter().any(|check| check.rule == "max_position_value"));
    assert_eq!(cards.strategy.newest.as_ref().unwrap().symbol, symbol("AAPL"));
}

#[test]
fn the_market_is_shown_with_its_curve_its_bars_and_our_marks() {
    let mut cockpit = managed();
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "175.00", "175.02");
    let snapshot = shown(&cockpit);
    let row = snapshot.quote(symbol("AAPL")).unwrap();
    assert_eq!((row.bid, row.ask), (Some(price("175.00")), Some(price("175.02"))));
    assert_eq!((row.last, row.direction), (Some(price("175.01")), Move::Down));
    assert_eq!(row.spark.iter().last(), row.last, "the curve ends at the newest price");
    assert_eq!(row.spark.len(), 41, "one value a minute");
    let chart = snapshot.chart(symbol("AAPL")).unwrap();
    assert_eq!(chart.bars.len(), 41);
    let [mark] = &chart.marks.iter().collect::<Vec<_>>()[..] else { panic!("one fill") };
    assert_eq!((mark.qty, mark.price), (shares(5), price("175.50")));
    assert_eq!(chart.levels.unwrap().target, price("201.82"));
    assert!(snapshot.session.is_open());
    let close = Timestamp::from_seconds(START + 5 * 3_600 + 1_800);
    assert_eq!(snapshot.session.next_close, Some(close), "16:00 in New York");
}

#[test]
fn a_closed_trade_leaves_nothing_behind_but_its_record() {
    let mut cockpit = managed();
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    let snapshot = shown(&cockpit);
    assert!(snapshot.trades.is_empty() && snapshot.positions.is_empty());
    assert!(snapshot.working.is_empty());
    let trade = snapshot.trade(&cockpit.trade()).unwrap();
    assert_eq!((trade.phase, trade.pnl), (Phase::Closed, Some(dollars("131.60"))));
    let path: Vec<Phase> = trade.steps.iter().map(|step| step.phase).collect();
    assert_eq!(path, Phase::PATH);
    assert_eq!(&*trade.reason, "TARGET_HIT");
    assert_eq!(snapshot.account.nav, dollars("100131.60"));
    assert_eq!(snapshot.account.realized, dollars("131.60"));
    let metrics = snapshot.strategies["trend_following_3_to_1"].metrics;
    assert_eq!((metrics.trades, metrics.wins), (1, 1));
    assert_eq!(snapshot.chart(symbol("AAPL")).unwrap().levels, None);
}

#[test]
fn resting_target_and_stop_are_two_orders_under_one_parent() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let snapshot = shown(&cockpit);
    let kinds: Vec<&str> =
        snapshot.working.iter().map(|row| row.kind.map_or("-", |kind| kind.name())).collect();
    assert_eq!(kinds, ["limit", "stop"]);
    let parent = &snapshot.working[0].client_order_id;
    assert_eq!(snapshot.working[1].parent.as_ref(), Some(parent));
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    assert!(shown(&cockpit).working.is_empty());
}

#[test]
fn a_position_whose_stop_has_gone_is_naked_until_another_rests() {
    let mut cockpit = managed();
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let (purpose, what) = (OrderPurpose::Protection, What::NotSent);
    cockpit.trouble(Trouble { purpose, times: 1, what });
    let stop = cockpit.order(OrderPurpose::Protection);
    cockpit.wait(5);
    let gone_at = cockpit.now();
    cockpit.venue_cancels(&stop);
    let snapshot = shown(&cockpit);
    assert_eq!(snapshot.positions[0].protection, Protection::Naked { since: gone_at });
    assert_eq!(snapshot.cards.positions.naked_since, Some(gone_at));
    cockpit.wait(2);
    assert_eq!(shown(&cockpit).cards.positions.naked, 0, "protected again");
}

#[test]
fn an_entry_waits_for_a_human_with_its_whole_record() {
    let mut config = rules();
    config.account.approval = Approval::Manual;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let snapshot = shown(&cockpit);
    let [approval] = &snapshot.approvals[..] else { panic!("one waits") };
    assert_eq!((approval.quantity, approval.cost), (shares(5), dollars("877.50")));
    assert_eq!(approval.worst_loss, dollars("43.90"));
    assert!(approval.token.to_string().starts_with(cockpit.trade().as_str()));
    assert_eq!(approval.record.trade_id.as_ref(), Some(&cockpit.trade()));
    assert!(approval.checks.iter().all(|check| check.passed));
    let deadline = approval.deadline;
    assert_eq!(snapshot.trades[0].waits_for, Wait::Approval { deadline });

    let trade_id = cockpit.trade();
    cockpit.wait(5).reject(&trade_id);
    let snapshot = shown(&cockpit);
    assert!(snapshot.approvals.is_empty());
    assert_eq!(snapshot.trade(&trade_id).unwrap().phase, Phase::Aborted);
    assert_eq!(snapshot.cards.risk.refused, 1);
}

#[test]
fn an_approval_is_unusual_when_the_market_has_moved_away_or_it_is_asked_twice() {
    let mut config = rules();
    config.account.approval = Approval::Manual;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let rules_of = |cockpit: &Cockpit| -> Vec<&'static str> {
        let row = shown(cockpit).approvals[0].clone();
        row.cautions.iter().map(|caution| caution.rule).collect()
    };
    assert_eq!(rules_of(&cockpit), [""; 0]);
    cockpit.quote("AAPL", "177.30", "177.40");
    assert_eq!(rules_of(&cockpit), ["off_last"]);
    let words = shown(&cockpit).approvals[0].cautions[0].words.clone();
    assert_eq!(&*words, "175.50 is 1.04 % off the last price 177.35, above 1 %");
    cockpit.quote("AAPL", "175.49", "175.51");
    assert_eq!(rules_of(&cockpit), [""; 0], "it has come back");
    // Limits that are lower than the order itself.
    let precautions = Precautions {
        max_shares: shares(4),
        max_cost: Money::from_dollars(500),
        ..Precautions::default()
    };
    let mut projector = Projector::new(&Setup { precautions, ..setup() });
    for envelope in &cockpit.journal() {
        projector.see(envelope);
    }
    let rules: Vec<_> = projector.snapshot().approvals[0].cautions.iter().map(|c| c.rule).collect();
    assert_eq!(rules, ["cost", "size"]);
}

#[test]
fn a_question_that_is_put_again_has_another_token() {
    let mut config = rules();
    config.account.approval = Approval::Manual;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let first = shown(&cockpit).approvals[0].token.clone();
    let trade_id = cockpit.trade();
    cockpit.ask(flightdeck::events::RequestEvent::ApproveTrade(flightdeck::events::ApproveTrade {
        trade_id,
    }));
    let snapshot = shown(&cockpit);
    assert_eq!(snapshot.approvals.len(), 1);
    assert_ne!(snapshot.approvals[0].token, first);
}

#[test]
fn an_open_breaker_is_shown_with_the_time_of_its_probe() {
    let mut cockpit = Cockpit::new(&rules());
    assert_eq!(shown(&cockpit).breakers[0].phase, BreakerPhase::Closed, "known from the start");
    let (purpose, what) = (OrderPurpose::Entry, What::NotSent);
    cockpit.trouble(Trouble { purpose, times: 3, what });
    for of in ["F", "GM", "IBM"] {
        cockpit.setup(of, "100.00", Direction::Long);
    }
    let snapshot = shown(&cockpit);
    let breaker = &snapshot.breakers[0];
    assert_eq!((breaker.phase, breaker.trips), (BreakerPhase::Open, 1));
    assert_eq!(breaker.retry_at, Some(Timestamp::from_seconds(START + 60)));
    assert_eq!(snapshot.cards.orders.rejected_today, 3);
    let told = snapshot.log.iter().filter(|line| line.name == "breaker.state.changed");
    assert_eq!(told.map(|line| line.class).collect::<Vec<_>>(), [Class::Vital]);
}

#[test]
fn the_kill_ladder_is_shown_with_its_reason_and_since_when() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.wait(7).kill();
    let halted = shown(&cockpit);
    assert_eq!(halted.trading.phase, TradingPhase::Halted);
    assert_eq!(&*halted.trading.reason, "a test asked");
    assert_eq!(halted.trading.since, Some(cockpit.now()));
    cockpit.wait(1).resume();
    assert_eq!(shown(&cockpit).trading.phase, TradingPhase::Active);
}

#[test]
fn an_exit_while_the_market_is_closed_waits_for_the_open() {
    let mut cockpit = managed();
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(7 * 3_600).flatten(None);
    let snapshot = shown(&cockpit);
    let open = snapshot.session.next_open;
    assert!(open.is_some());
    assert_eq!(snapshot.trades[0].phase, Phase::ExitTriggered);
    assert_eq!(snapshot.trades[0].waits_for, Wait::MarketOpen { at: open });
}

/// Snapshots without what copies of it share.
fn texts(snapshot: &Snapshot) -> String {
    format!("{snapshot:?}")
}

#[test]
fn folding_in_two_halves_with_looks_in_between_equals_folding_at_once() {
    let mut cockpit = managed();
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.setup("MSFT", "300.00", Direction::Short);
    cockpit.wait(5).quote("AAPL", "201.82", "201.83").kill();
    let journal = cockpit.journal();
    let whole = fold(&journal).snapshot();
    for cut in 0..=journal.len() {
        let mut projector = fold(&journal[..cut]);
        let before = projector.snapshot();
        let kept = texts(&before);
        for envelope in &journal[cut..] {
            projector.see(envelope);
        }
        assert_eq!(projector.snapshot(), whole, "cut at {cut}");
        assert_eq!(texts(&before), kept, "a snapshot never changes");
    }
}

#[test]
fn every_symbol_of_a_decision_is_found_by_trade_by_event_and_by_symbol() {
    let mut cockpit = managed();
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let snapshot = shown(&cockpit);
    let record = snapshot.why(&Wanted::Trade(cockpit.trade())).unwrap();
    for wanted in ["AAPL", &record.seq.to_string(), &format!("#{}", record.seq), &record.id] {
        assert_eq!(snapshot.why(&Wanted::of(wanted)), Some(record), "{wanted}");
    }
    assert_eq!(snapshot.why(&Wanted::of("MSFT")), None);
}
