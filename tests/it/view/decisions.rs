//! Decision records of trades taken and not taken.

use flightdeck::domain::position::Direction;
use flightdeck::events::{CalculateSize, Event, ExitStyle, OrderEvent, RequestEvent};
use flightdeck::view::{Answer, Phase, Wanted, record_from};

use super::{fold, setup, shown};
use crate::support::cockpit::{Cockpit, dollars, price, rules, symbol};

fn golden() -> Cockpit {
    let mut config = rules();
    config.position.exit_style = ExitStyle::Managed;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    cockpit.wait(5).quote("AAPL", "201.82", "201.83");
    cockpit
}

#[test]
fn the_record_of_the_golden_trade() {
    let cockpit = golden();
    let snapshot = shown(&cockpit);
    let record = snapshot.why(&Wanted::Trade(cockpit.trade())).unwrap();
    assert!(record.was_taken() && record.is_over());
    assert_eq!(record.left_out, 0);
    insta::assert_snapshot!(record.lines().join("\n"));
}

#[test]
fn the_chain_of_causes_of_an_entry_begins_with_the_bar() {
    let cockpit = golden();
    let snapshot = shown(&cockpit);
    let record = snapshot.why(&Wanted::Trade(cockpit.trade())).unwrap();
    let journal = cockpit.journal();
    let submit = journal
        .iter()
        .find(|envelope| matches!(envelope.event, Event::Order(OrderEvent::Submit(_))))
        .unwrap();
    let names: Vec<&str> = record.chain(submit.seq).iter().map(|link| link.name).collect();
    assert_eq!(
        names,
        [
            "order.submit",
            "risk.trade.approved",
            "strategy.entry.signal",
            "market_data.bars.received",
            "feed.market.received",
        ]
    );
}

#[test]
fn a_trade_that_the_rules_refuse_has_a_record_of_every_check() {
    let mut config = rules();
    config.risk.max_position_value = dollars("100");
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let snapshot = shown(&cockpit);
    let record = snapshot.why(&Wanted::Trade(cockpit.trade())).unwrap();
    assert_eq!(record.phase, Some(Phase::Aborted));
    assert!(!record.was_taken());
    let refusal = record.refusal.as_ref().unwrap();
    assert_eq!(refusal.rule, "min_shares");
    assert!(record.checks.len() > 40, "every rule, not only the one that refused");
    let refused: Vec<&str> =
        record.checks.iter().filter(|check| !check.passed).map(|check| check.rule).collect();
    assert_eq!(refused, ["min_shares"]);
    assert!(record.lines().iter().any(|line| line.contains("NO min_shares")));
}

#[test]
fn a_refused_question_has_a_record_without_a_trade() {
    let mut cockpit = golden();
    cockpit.kill().ask(RequestEvent::CheckLimits(CalculateSize {
        symbol: symbol("AAPL"),
        direction: Direction::Long,
        entry_price: price("200.00"),
        stop_price: price("190.00"),
    }));
    let snapshot = shown(&cockpit);
    let record = snapshot.why(&Wanted::Newest(symbol("AAPL"))).unwrap();
    assert_eq!((record.trade_id.as_ref(), record.phase), (None, None));
    assert_eq!(record.refusal.as_ref().unwrap().rule, "trading_state");
    assert_eq!(snapshot.why(&Wanted::of(&record.id)), Some(record));
}

#[test]
fn the_answer_of_a_human_is_on_record() {
    for (press, answer, why) in [
        (0, Answer::Approved, ""),
        (1, Answer::Rejected, "a test asked"),
        (2, Answer::Expired, "nobody answered in time"),
    ] {
        let mut config = rules();
        config.account.approval = flightdeck::agents::risk_management::Approval::Manual;
        let mut cockpit = Cockpit::new(&config);
        cockpit.setup("AAPL", "175.50", Direction::Long);
        let trade_id = cockpit.trade();
        match press {
            0 => cockpit.wait(1).approve(&trade_id),
            1 => cockpit.wait(1).reject(&trade_id),
            _ => cockpit.wait(600),
        };
        let snapshot = shown(&cockpit);
        let record = snapshot.why(&Wanted::Trade(trade_id)).unwrap();
        let approval = record.approval.as_ref().unwrap();
        assert_eq!((approval.answer, &*approval.reason), (answer, why));
        assert!(approval.answered_at.is_some());
    }
}

#[test]
fn a_record_that_made_room_is_made_again_from_the_journal() {
    let mut cockpit = golden();
    let trade_id = cockpit.trade();
    let wanted = Wanted::Trade(trade_id);
    let kept = shown(&cockpit).why(&wanted).unwrap().clone();
    // A thousand refused questions later it is gone.
    cockpit.kill();
    let question = CalculateSize {
        symbol: symbol("AAPL"),
        direction: Direction::Long,
        entry_price: price("200.00"),
        stop_price: price("190.00"),
    };
    for _ in 0..1_001 {
        cockpit.ask(RequestEvent::CheckLimits(question));
    }
    let journal = cockpit.journal();
    let projector = fold(&journal);
    assert_eq!(projector.why(&wanted), None);
    assert!(projector.sizes().iter().all(|(_, length, bound)| length <= bound));
    let again = record_from(&setup(), &wanted, |visit| journal.iter().for_each(visit));
    assert_eq!(again, Some(kept));
}
