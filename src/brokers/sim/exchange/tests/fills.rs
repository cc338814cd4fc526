//! At which price and for how many shares orders execute.

use super::*;
use crate::brokers::sim::exchange::{FillModel, MarketFill, Partials};
use crate::domain::order::RejectReason;
use crate::domain::order::Trail;

/// Submits one order at 100 dollars while 10 shares are held, then feeds a bar.
#[track_caller]
fn check_bar(side: Side, kind: OrderKind, bar: [&str; 4], expected: &str) {
    let mut desk = if side == Side::Sell { Desk::holding("10") } else { Desk::at_100() };
    desk.submit(&order("a", side, "10", kind)).unwrap();
    desk.bar(bar);
    let said = desk.said();
    let fill = said.iter().find_map(|line| line.strip_prefix("a filled 10 @ "));
    assert_eq!(fill.unwrap_or("rests"), expected, "{said:?}");
}

#[test]
fn on_bars_a_gap_hurts_a_stop_and_helps_a_limit() {
    let stop_limit = |stop, limit| OrderKind::StopLimit { stop: price(stop), limit: price(limit) };
    let rows = [
        (Side::Sell, stop("95"), ["99", "99", "94", "96"], "95.00"),
        (Side::Sell, stop("95"), ["93", "96", "92", "94"], "93.00"),
        (Side::Sell, stop("95"), ["99", "99", "95.01", "96"], "rests"),
        (Side::Buy, stop("105"), ["104", "106", "103", "104"], "105.00"),
        (Side::Buy, stop("105"), ["107", "108", "106", "107"], "107.00"),
        (Side::Sell, limit("110"), ["109", "111", "108", "109"], "110.00"),
        (Side::Sell, limit("110"), ["112", "113", "111", "112"], "112.00"),
        (Side::Sell, limit("110"), ["109", "109.99", "108", "109"], "rests"),
        (Side::Buy, limit("90"), ["91", "92", "89", "91"], "90.00"),
        (Side::Buy, limit("90"), ["88", "89", "87", "88"], "88.00"),
        (Side::Sell, stop_limit("95", "94"), ["99", "99", "94", "96"], "95.00"),
        (Side::Sell, stop_limit("95", "94"), ["93", "93.5", "92", "93"], "rests"),
        (Side::Buy, stop_limit("105", "106"), ["107", "108", "106", "107"], "rests"),
    ];
    for (side, kind, bar, expected) in rows {
        check_bar(side, kind, bar, expected);
    }
}

#[test]
fn an_elected_stop_limit_rests_as_a_limit() {
    let mut desk = Desk::holding("10");
    let kind = OrderKind::StopLimit { stop: price("95"), limit: price("94") };
    desk.submit(&sell("a", "10", kind)).unwrap();
    desk.bar(["93", "93.5", "92", "93"]);
    desk.bar(["93", "94.5", "93", "94"]);
    assert_eq!(desk.said(), ["a accepted", "a filled 10 @ 94.00"]);
}

#[test]
fn a_market_order_takes_the_last_close_or_the_next_open() {
    for (market_fill, expected) in [
        (MarketFill::Last, vec!["a accepted", "a filled 1 @ 100.00"]),
        (MarketFill::NextOpen, vec!["a accepted", "a filled 1 @ 101.00"]),
    ] {
        let fill = FillModel { market_fill, ..FillModel::default() };
        let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
        desk.bar(["99", "102", "98", "100"]);
        desk.submit(&buy("a", "1", OrderKind::Market)).unwrap();
        desk.bar(["101", "103", "100", "102"]);
        assert_eq!(desk.said(), expected);
    }
}

#[test]
fn with_quotes_orders_trade_at_the_far_side() {
    let mut desk = Desk::new(ExchangeConfig::default());
    desk.quote(("99.90", 5), ("100.10", 5));
    desk.submit(&buy("a", "10", OrderKind::Market)).unwrap();
    desk.submit(&buy("b", "10", limit("100.50"))).unwrap();
    desk.submit(&buy("c", "10", limit("100.00"))).unwrap();
    desk.quote(("99.80", 5), ("99.95", 5));
    desk.submit(&sell("d", "10", OrderKind::Market)).unwrap();
    assert_eq!(
        desk.said(),
        [
            "a accepted",
            "a filled 10 @ 100.10",
            "b accepted",
            "b filled 10 @ 100.10",
            "c accepted",
            "c filled 10 @ 99.95",
            "d accepted",
            "d filled 10 @ 99.80",
        ]
    );
}

#[test]
fn ticks_elect_stops_once_there_are_ticks() {
    let mut desk = Desk::new(ExchangeConfig::default());
    desk.tick("100");
    desk.quote(("99.90", 5), ("100.10", 5));
    desk.submit(&buy("a", "10", OrderKind::Market)).unwrap();
    desk.submit(&sell("b", "10", stop("95"))).unwrap();
    desk.said();
    desk.quote(("94.50", 5), ("95.50", 5));
    assert_eq!(desk.said(), [""; 0]);
    desk.tick("95");
    assert_eq!(desk.said(), ["b filled 10 @ 94.50"]);
}

#[test]
fn a_trailing_stop_follows_the_best_price_only() {
    let mut desk = Desk::holding("10");
    let kind = OrderKind::TrailingStop { trail: Trail::Percent("1.5".parse().unwrap()) };
    let id = desk.submit(&sell("a", "10", kind)).unwrap();
    let stops = [["101", "152.05", "101", "152"], ["151", "151", "150", "150"]].map(|bar| {
        desk.bar(bar);
        let order = desk.exchange.order(OrderName::Broker(&id)).unwrap();
        (order.best.unwrap(), order.stop.unwrap())
    });
    assert_eq!(stops, [(price("152.05"), price("149.76925")); 2]);
    desk.bar(["150", "150", "149", "149"]);
    assert_eq!(desk.said(), ["a accepted", "a filled 10 @ 149.76925"]);
}

#[test]
fn slippage_moves_market_orders_and_stops_against_us_but_no_limit() {
    let fill = FillModel { slippage_bps: 10, ..FillModel::default() };
    let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
    desk.bar(["100", "100", "100", "100"]);
    desk.submit(&buy("a", "2", OrderKind::Market)).unwrap();
    desk.submit(&sell("b", "1", limit("100"))).unwrap();
    desk.submit(&sell("c", "1", stop("90"))).unwrap();
    desk.bar(["95", "95", "89", "90"]);
    let said = desk.said();
    let fills: Vec<&String> = said.iter().filter(|line| line.contains("filled")).collect();
    assert_eq!(fills, ["a filled 2 @ 100.10", "b filled 1 @ 100.00", "c filled 1 @ 89.91"]);
}

#[test]
fn what_is_displayed_limits_fills_until_the_next_quote() {
    let fill = FillModel { partials: Partials::Displayed, ..FillModel::default() };
    let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
    desk.quote(("99.90", 5), ("100.10", 4));
    desk.submit(&buy("a", "10", limit("100.10"))).unwrap();
    desk.submit(&buy("b", "1", limit("100.10"))).unwrap();
    desk.quote(("99.90", 5), ("100.05", 7));
    assert_eq!(
        desk.said(),
        [
            "a accepted",
            "a filled 4 @ 100.10",
            "b accepted",
            "a filled 6 @ 100.05",
            "b filled 1 @ 100.05",
        ]
    );
}

#[test]
fn a_share_of_the_volume_limits_fills_of_a_bar() {
    let partials = Partials::VolumeShare { percent: 1 };
    let fill = FillModel { partials, market_fill: MarketFill::NextOpen, ..FillModel::default() };
    let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
    desk.bar(["100", "100", "100", "100"]);
    desk.submit(&buy("a", "15", OrderKind::Market)).unwrap();
    desk.bar(["100", "100", "100", "100"]);
    desk.bar(["101", "101", "101", "101"]);
    assert_eq!(desk.said(), ["a accepted", "a filled 10 @ 100.00", "a filled 5 @ 101.00"]);
}

#[test]
fn immediate_orders_never_rest() {
    let rows = [
        (
            TimeInForce::Ioc,
            "100.10",
            vec!["a accepted", "a filled 4 @ 100.10", "a cancelled as not immediate, 4 filled"],
        ),
        (TimeInForce::Fok, "100.10", vec!["a accepted", "a cancelled as not immediate, 0 filled"]),
        (TimeInForce::Ioc, "100.00", vec!["a accepted", "a cancelled as not immediate, 0 filled"]),
    ];
    for (time_in_force, text, expected) in rows {
        let fill = FillModel { partials: Partials::Displayed, ..FillModel::default() };
        let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
        desk.quote(("99.90", 5), ("100.10", 4));
        desk.submit(&OrderRequest { time_in_force, ..buy("a", "10", limit(text)) }).unwrap();
        assert_eq!(desk.said(), expected);
        assert_eq!(desk.exchange.account().reserved, Money::ZERO);
    }
}

#[test]
fn random_partials_are_the_same_for_the_same_seed() {
    let run = |seed| {
        let partials = Partials::Random { percent: 50, seed };
        let fill = FillModel { partials, ..FillModel::default() };
        let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
        desk.bar(["100", "100", "100", "100"]);
        for number in 0..20 {
            desk.submit(&buy(&format!("c{number}"), "10", limit("100"))).unwrap();
        }
        desk.said()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    assert!(run(7).iter().any(|line| line.contains("filled") && !line.contains("filled 10 ")));
}

#[test]
fn of_many_resting_orders_a_price_fills_those_that_it_reaches_and_no_others() {
    let mut desk = Desk::at_100();
    for (id, at) in [("a", "97"), ("b", "99"), ("c", "98")] {
        desk.submit(&buy(id, "1", limit(at))).unwrap();
    }
    desk.cancel("b").unwrap();
    desk.said();
    desk.tick("98.50");
    assert_eq!(desk.said(), [""; 0]);
    desk.tick("98");
    assert_eq!(desk.said(), ["c filled 1 @ 98.00"]);
    desk.tick("97");
    assert_eq!(desk.said(), ["a filled 1 @ 97.00"]);
}

#[test]
fn an_order_is_judged_against_the_other_side_as_it_is_now() {
    let mut desk = Desk::holding("10");
    desk.submit(&sell("target", "10", limit("110"))).unwrap();
    desk.submit(&buy("below", "1", limit("90"))).unwrap();
    let refused = desk.submit(&buy("wash", "1", limit("110"))).unwrap_err();
    assert_eq!(refused.reason, RejectReason::WashTrade);
    desk.cancel("target").unwrap();
    desk.submit(&buy("free", "1", limit("110"))).unwrap();
}
