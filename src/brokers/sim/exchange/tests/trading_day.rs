//! Sessions, times in force, halts and splits.

use super::*;
use crate::domain::market::TradingStatus;

#[test]
fn an_order_for_a_closed_market_waits_for_the_open() {
    let mut desk = Desk::at_100();
    desk.session(Session::AfterHours);
    let day = OrderRequest { time_in_force: TimeInForce::Day, ..buy("a", "1", OrderKind::Market) };
    desk.submit(&day).unwrap();
    desk.session(Session::Closed);
    desk.bar(["100", "100", "100", "100"]);
    desk.session(Session::PreMarket);
    assert_eq!(desk.said(), ["a queued"]);
    desk.session(Session::Open);
    desk.bar(["103", "104", "102", "103"]);
    assert_eq!(desk.said(), ["a routed", "a filled 1 @ 103.00"]);
}

#[test]
fn day_orders_end_with_the_session_they_worked_in() {
    let mut desk = Desk::at_100();
    let day = |request| OrderRequest { time_in_force: TimeInForce::Day, ..request };
    desk.submit(&day(buy("day", "1", limit("90")))).unwrap();
    desk.submit(&buy("gtc", "1", limit("90"))).unwrap();
    let late = OrderRequest { extended_hours: true, ..day(buy("late", "1", limit("90"))) };
    desk.submit(&late).unwrap();
    let group = OrderRequest { class: bracket("110", "80"), ..day(buy("e", "1", limit("90"))) };
    desk.submit(&group).unwrap();
    desk.said();
    desk.session(Session::AfterHours);
    assert_eq!(
        desk.said(),
        [
            "day expired, 0 filled",
            "e expired, 0 filled",
            "e/target expired, 0 filled",
            "e/stop expired, 0 filled",
        ]
    );
    desk.session(Session::Closed);
    assert_eq!(desk.said(), ["late expired, 0 filled"]);
    assert_eq!(desk.exchange.account().reserved, dollars("90"));
}

#[test]
fn a_gtc_order_ends_after_ninety_days() {
    for (days, left) in [(89, 1), (90, 0)] {
        let mut desk = Desk::at_100();
        desk.submit(&buy("a", "1", limit("90"))).unwrap();
        desk.second += days * 86_400;
        desk.session(Session::AfterHours);
        assert_eq!(desk.exchange.working().len(), left, "after {days} days");
    }
}

#[test]
fn only_orders_for_extended_hours_trade_outside_the_session() {
    let mut desk = Desk::at_100();
    desk.session(Session::AfterHours);
    desk.submit(&buy("a", "1", limit("99"))).unwrap();
    desk.submit(&OrderRequest { extended_hours: true, ..buy("b", "1", limit("99")) }).unwrap();
    desk.bar(["98", "98", "98", "98"]);
    assert_eq!(desk.said(), ["a queued", "b accepted", "b filled 1 @ 98.00"]);
}

#[test]
fn nothing_fills_while_a_stock_is_halted() {
    for status in [TradingStatus::Halted, TradingStatus::LuldPaused] {
        let mut desk = Desk::holding("10");
        desk.submit(&sell("s", "10", stop("95"))).unwrap();
        desk.exchange.set_status(acme(), status);
        desk.bar(["94", "94", "94", "94"]);
        assert_eq!(desk.said(), ["s accepted"]);
        desk.exchange.set_status(acme(), TradingStatus::Trading);
        desk.bar(["80", "81", "79", "80"]);
        assert_eq!(desk.said(), ["s filled 10 @ 80.00"]);
    }
}

#[test]
fn a_restricted_stock_is_sold_short_on_an_uptick_only() {
    let mut desk = Desk::at_100();
    desk.exchange.set_status(acme(), TradingStatus::ShortSaleRestricted);
    desk.submit(&sell("s", "10", OrderKind::Market)).unwrap();
    desk.bar(["99", "99", "98", "98"]);
    assert_eq!(desk.said(), ["s accepted"]);
    desk.bar(["98.50", "99", "98", "98"]);
    assert_eq!(desk.said(), ["s filled 10 @ 98.50"]);
}

#[test]
fn a_split_cancels_orders_and_keeps_cost_and_worth() {
    let mut desk = Desk::holding("10");
    desk.submit(&sell("s", "10", stop("95"))).unwrap();
    let before = desk.exchange.account();
    let at = desk.now();
    desk.exchange.split(acme(), (4, 1), at, &mut desk.out);
    assert_eq!(desk.said(), ["s accepted", "s cancelled by a corporate action, 0 filled"]);
    let after = desk.exchange.positions()[0];
    assert_eq!((after.position.qty, after.position.cost), (qty("40"), dollars("1000")));
    assert_eq!((after.price, after.available), (Some(price("25")), qty("40")));
    assert_eq!(desk.exchange.account().equity, before.equity);
}

#[test]
fn last_equity_is_that_of_the_close() {
    let mut desk = Desk::holding("10");
    desk.bar(["110", "110", "110", "110"]);
    desk.session(Session::AfterHours);
    desk.bar(["120", "120", "120", "120"]);
    let account = desk.exchange.account();
    assert_eq!((account.last_equity, account.equity), (dollars("100100"), dollars("100200")));
}
