//! Brackets, OCOs and OTOs.

use super::*;
use crate::brokers::sim::exchange::{FillModel, OrderStatus, Partials};
use crate::domain::order::ReportedStatus;

fn with_bracket(entry: OrderKind) -> Desk {
    let mut desk = Desk::at_100();
    let class = bracket("110", "95");
    desk.submit(&OrderRequest { class, ..buy("e", "10", entry) }).unwrap();
    desk
}

#[test]
fn legs_wait_for_the_entry_and_the_bar_after_it() {
    let mut desk = with_bracket(limit("98"));
    // The entry's own bar touches the stop: nothing is known of the order inside.
    desk.bar(["99", "99", "94", "96"]);
    assert_eq!(
        desk.said(),
        [
            "e accepted",
            "e/target accepted",
            "e/stop accepted",
            "e filled 10 @ 98.00",
            "e/target armed 10",
            "e/stop armed 10",
        ]
    );
    let standing: Vec<(OrderStatus, ReportedStatus)> =
        desk.exchange.working().iter().map(|order| (order.status, order.report().status)).collect();
    let working = ReportedStatus::Working;
    assert_eq!(standing, [(OrderStatus::New, working), (OrderStatus::Held, working)]);
}

#[test]
fn one_exit_ends_the_other_and_the_stop_comes_first() {
    let rows = [
        (["109", "111", "96", "110"], "e/target filled 10 @ 110.00", "e/stop"),
        (["99", "99", "95", "96"], "e/stop filled 10 @ 95.00", "e/target"),
        (["100", "120", "90", "100"], "e/stop filled 10 @ 95.00", "e/target"),
    ];
    for (bar, filled, other) in rows {
        let mut desk = with_bracket(OrderKind::Market);
        desk.said();
        desk.bar(bar);
        let ended = format!("{other} cancelled with its group, 0 filled");
        assert_eq!(desk.said(), [filled.to_owned(), ended]);
        assert_eq!((desk.position(), desk.exchange.working().len()), ("flat".into(), 0));
    }
}

#[test]
fn a_partly_filled_target_shrinks_the_stop() {
    let fill = FillModel { partials: Partials::Displayed, ..FillModel::default() };
    let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
    desk.quote(("99.90", 50), ("100.00", 50));
    let class = bracket("110", "95");
    desk.submit(&OrderRequest { class, ..buy("e", "10", OrderKind::Market) }).unwrap();
    desk.said();
    desk.quote(("110.00", 4), ("110.10", 50));
    desk.quote(("94.00", 50), ("94.10", 50));
    assert_eq!(
        desk.said(),
        [
            "e/target filled 4 @ 110.00",
            "e/stop resized 6",
            "e/stop filled 6 @ 94.00",
            "e/target cancelled with its group, 4 filled",
        ]
    );
    assert_eq!(desk.position(), "flat");
}

#[test]
fn legs_never_arm_for_a_partial_entry() {
    let fill = FillModel { partials: Partials::Displayed, ..FillModel::default() };
    let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
    desk.quote(("99.90", 50), ("100.00", 4));
    let class = bracket("110", "95");
    desk.submit(&OrderRequest { class, ..buy("e", "10", limit("100")) }).unwrap();
    desk.quote(("94.00", 50), ("101.00", 50));
    desk.cancel("e").unwrap();
    assert_eq!(
        desk.said()[3..],
        [
            "e filled 4 @ 100.00",
            "e cancelled on request, 4 filled",
            "e/target cancelled with its group, 0 filled",
            "e/stop cancelled with its group, 0 filled",
        ]
    );
    assert_eq!(desk.position(), "Long 4");
}

#[test]
fn a_cancel_of_any_member_takes_the_group() {
    for member in 0..2 {
        let mut desk = with_bracket(OrderKind::Market);
        let id = desk.exchange.working()[member].client_order_id.clone();
        desk.cancel(id.as_str()).unwrap();
        assert_eq!(desk.exchange.working().len(), 0, "member {member}");
        assert_eq!(desk.position(), "Long 10");
    }
}

#[test]
fn an_oco_holds_its_shares_once() {
    let mut desk = Desk::holding("10");
    let class = OrderClass::Oco { stop: leg("95") };
    desk.submit(&OrderRequest { class, ..sell("o", "10", limit("110")) }).unwrap();
    assert_eq!(desk.exchange.positions()[0].available, Qty::ZERO);
    let refused = desk.submit(&sell("x", "1", OrderKind::Market)).unwrap_err();
    assert_eq!(
        refused.message,
        "insufficient qty available for order (requested: 1, available: 0)"
    );
    desk.bar(["96", "97", "94", "95"]);
    assert_eq!(
        desk.said(),
        [
            "o accepted",
            "o/stop accepted",
            "o/stop filled 10 @ 95.00",
            "o cancelled with its group, 0 filled",
        ]
    );
}

#[test]
fn an_oto_arms_its_single_leg() {
    let rows = [
        (OrderClass::OtoStop { stop: leg("95") }, "e/stop filled 10 @ 95.00"),
        (OrderClass::OtoTarget { target: price("101") }, "e/target filled 10 @ 101.00"),
    ];
    for (class, expected) in rows {
        let mut desk = Desk::at_100();
        desk.submit(&OrderRequest { class, ..buy("e", "10", OrderKind::Market) }).unwrap();
        assert_eq!(desk.exchange.working()[0].status, OrderStatus::New);
        desk.bar(["100", "102", "94", "96"]);
        assert_eq!(desk.said().last().unwrap(), expected);
    }
}

#[test]
fn a_short_bracket_mirrors_a_long_one() {
    let mut desk = Desk::at_100();
    let class = bracket("90", "105");
    desk.submit(&OrderRequest { class, ..sell("e", "10", OrderKind::Market) }).unwrap();
    assert_eq!(desk.position(), "Short 10");
    desk.said();
    desk.bar(["104", "106", "103", "104"]);
    assert_eq!(
        desk.said(),
        ["e/stop filled 10 @ 105.00", "e/target cancelled with its group, 0 filled"]
    );
}

#[test]
fn legs_arm_for_no_more_than_the_position_has_free() {
    let fill = FillModel { partials: Partials::Displayed, ..FillModel::default() };
    let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
    desk.quote(("99.90", 50), ("100.00", 4));
    let class = bracket("110", "90");
    desk.submit(&OrderRequest { class, ..buy("e", "10", limit("100")) }).unwrap();
    desk.submit(&sell("x", "4", OrderKind::Market)).unwrap();
    desk.said();
    desk.quote(("99.90", 50), ("100.00", 50));
    assert_eq!(desk.said(), ["e filled 6 @ 100.00", "e/target armed 6", "e/stop armed 6"]);
    assert_eq!(desk.exchange.positions()[0].available, Qty::ZERO);
}

#[test]
fn an_oco_takes_the_profit_of_a_trade_to_the_cent() {
    let mut desk = Desk::new(ExchangeConfig::default());
    desk.bar(["175", "176", "175", "175.50"]);
    desk.submit(&buy("e", "5", limit("175.50"))).unwrap();
    let class = OrderClass::Oco { stop: leg("166.72") };
    desk.submit(&OrderRequest { class, ..sell("o", "5", limit("201.82")) }).unwrap();
    desk.bar(["200", "202", "199", "200"]);
    let account = desk.exchange.account();
    assert_eq!((account.realized, account.equity), (dollars("131.60"), dollars("100131.60")));
}
