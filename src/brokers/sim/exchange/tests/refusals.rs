//! Every refusal with its reason, code and text.

use super::*;
use crate::brokers::sim::exchange::{AssetFlags, Borrow, Multiplier};
use crate::domain::order::RejectReason;
use crate::domain::order::Trail;

#[track_caller]
fn check(desk: &mut Desk, request: &OrderRequest, expected: (RejectReason, u32, &str)) {
    let before = desk.exchange.account();
    desk.said();
    let refused = desk.submit(request).unwrap_err();
    assert_eq!((refused.reason, refused.code, refused.message.as_str()), expected);
    assert_eq!(desk.said(), [""; 0], "a refused order leaves no trace");
    assert_eq!(desk.exchange.account(), before);
}

fn day(request: OrderRequest) -> OrderRequest {
    OrderRequest { time_in_force: TimeInForce::Day, ..request }
}

fn ioc(request: OrderRequest) -> OrderRequest {
    OrderRequest { time_in_force: TimeInForce::Ioc, ..request }
}

#[test]
fn malformed_requests_are_refused_by_field() {
    use RejectReason::{InvalidPrice, InvalidQuantity, Other, Unsupported};
    let market = |shares| buy("a", shares, OrderKind::Market);
    let trail = Trail::Percent("0.09".parse().unwrap());
    let trail = OrderKind::TrailingStop { trail };
    let long_id = "x".repeat(129);
    let extended = "extended hours order must be DAY or GTC limit orders";
    let immediate = "ioc and fok orders must be market or limit orders";
    let id_text = "client_order_id must be no more than 128 characters";
    let trail_text = "trail_percent must be greater than or equal to 0.1";
    let class = bracket("110", "95");
    let rows = [
        (buy(&long_id, "1", OrderKind::Market), (Other, 40_010_001, id_text)),
        (market("0"), (InvalidQuantity, 40_010_001, "qty must be > 0")),
        (buy("a", "1", trail), (InvalidPrice, 40_010_001, trail_text)),
        (market("0.5"), (Unsupported, 42_210_000, "fractional orders must be DAY orders")),
        (
            day(OrderRequest { class, ..market("0.5") }),
            (Unsupported, 42_210_000, "fractional orders must be simple orders"),
        ),
        (OrderRequest { extended_hours: true, ..market("1") }, (Unsupported, 42_210_000, extended)),
        (ioc(buy("a", "1", stop("105"))), (Unsupported, 42_210_000, immediate)),
        (
            ioc(OrderRequest { class, ..market("1") }),
            (Unsupported, 42_210_000, "complex orders must be DAY or GTC orders"),
        ),
    ];
    for (request, expected) in rows {
        check(&mut Desk::at_100(), &request, expected);
    }
}

#[test]
fn prices_on_the_wrong_side_or_off_the_increment_are_refused() {
    let with = |target, stop, side| {
        let class = bracket(target, stop);
        OrderRequest { class, ..order("a", side, "1", OrderKind::Market) }
    };
    let rows = [
        (
            buy("a", "1", limit("290.123")),
            "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria",
        ),
        (
            buy("a", "1", stop("290.123")),
            "invalid stop_price 290.123. sub-penny increment does not fulfill minimum pricing criteria",
        ),
        (
            with("95", "110", Side::Buy),
            "take_profit.limit_price must be greater than stop_loss.stop_price",
        ),
        (
            with("110", "95", Side::Sell),
            "take_profit.limit_price must be less than stop_loss.stop_price",
        ),
        (with("110", "100", Side::Buy), "stop_loss.stop_price must be <= base_price - 0.01"),
        (with("100", "95", Side::Buy), "take_profit.limit_price must be >= base_price + 0.01"),
        (with("90", "100", Side::Sell), "stop_loss.stop_price must be >= base_price + 0.01"),
        (buy("a", "1", stop("100")), "stop price must be greater than current price"),
    ];
    for (request, text) in rows {
        let expected = (RejectReason::InvalidPrice, 42_210_000, text);
        check(&mut Desk::at_100(), &request, expected);
    }
    let config = ExchangeConfig { enforce_increments: false, ..ExchangeConfig::default() };
    assert!(Desk::new(config).submit(&buy("a", "1", limit("90.123"))).is_ok());
}

#[test]
fn a_client_order_id_is_refused_for_ever() {
    let mut desk = Desk::new(ExchangeConfig { keep_finished: 0, ..ExchangeConfig::default() });
    desk.bar(["100", "100", "100", "100"]);
    desk.submit(&buy("a", "1", limit("90"))).unwrap();
    desk.cancel("a").unwrap();
    let expected =
        (RejectReason::DuplicateClientOrderId, 40_010_001, "client_order_id must be unique");
    check(&mut desk, &buy("a", "1", limit("90")), expected);
    let refused = desk.submit(&buy("a", "1", limit("90"))).unwrap_err();
    assert_eq!(refused.http_status(), 422);
}

#[test]
fn permissions_and_assets_are_checked() {
    let borrow = |borrow| AssetFlags { fractionable: false, borrow };
    let with = |flags| ExchangeConfig {
        assets: vec![(acme(), flags)],
        unlisted: None,
        ..ExchangeConfig::default()
    };
    let short = sell("a", "1", OrderKind::Market);
    let other = OrderRequest { symbol: Symbol::new("XYZ").unwrap(), ..short.clone() };
    let poor = ExchangeConfig { opening_cash: dollars("1999.99"), ..ExchangeConfig::default() };
    let cash = ExchangeConfig { multiplier: Multiplier::Cash, ..ExchangeConfig::default() };
    let not_allowed = (RejectReason::NotShortable, 40_310_000, "account is not allowed to short");
    let rows = [
        (
            with(borrow(Borrow::Easy)),
            other,
            (RejectReason::UnknownSymbol, 42_210_000, "asset \"XYZ\" not found"),
        ),
        (
            with(borrow(Borrow::Easy)),
            day(buy("a", "0.5", OrderKind::Market)),
            (RejectReason::InvalidQuantity, 40_310_000, "asset \"ACME\" is not fractionable"),
        ),
        (
            with(borrow(Borrow::No)),
            short.clone(),
            (RejectReason::NotShortable, 42_210_000, "asset \"ACME\" cannot be sold short"),
        ),
        (
            with(borrow(Borrow::Hard)),
            short.clone(),
            (
                RejectReason::NotShortable,
                42_210_000,
                "only day orders are allowed for hard-to-borrow asset \"ACME\"",
            ),
        ),
        (
            ExchangeConfig::default(),
            day(sell("a", "0.5", OrderKind::Market)),
            (RejectReason::InvalidQuantity, 42_210_000, "fractional orders cannot be sold short"),
        ),
        (poor, short.clone(), not_allowed),
        (cash, short, not_allowed),
    ];
    for (config, request, expected) in rows {
        let mut desk = Desk::new(config);
        desk.bar(["100", "100", "100", "100"]);
        check(&mut desk, &request, expected);
    }
}

#[test]
fn a_suspended_account_takes_no_order() {
    let mut desk = Desk::at_100();
    desk.exchange.set_suspended(true);
    let text = "new orders are rejected by user request";
    check(
        &mut desk,
        &buy("a", "1", OrderKind::Market),
        (RejectReason::AccountBlocked, 40_310_000, text),
    );
    desk.exchange.set_suspended(false);
    assert!(desk.submit(&buy("a", "1", OrderKind::Market)).is_ok());
}

#[test]
fn open_exits_hold_shares_and_no_order_turns_a_position() {
    let mut desk = Desk::holding("35");
    let text = "insufficient qty available for order (requested: 36, available: 35)";
    check(
        &mut desk,
        &sell("x", "36", OrderKind::Market),
        (RejectReason::InsufficientShares, 40_310_000, text),
    );
    let id = desk.submit(&sell("s", "35", stop("90"))).unwrap();
    let refused = desk.submit(&sell("t", "35", limit("110"))).unwrap_err();
    assert_eq!(
        refused.details,
        [
            ("available", "0".into()),
            ("existing_qty", "35".into()),
            ("held_for_orders", "35".into()),
            ("related_orders", id.to_string()),
            ("symbol", "ACME".into()),
        ]
    );
    desk.cancel("s").unwrap();
    assert!(desk.submit(&sell("t", "35", limit("110"))).is_ok());
}

#[test]
fn the_wash_trade_table_holds() {
    // Alpaca's page §4.6: rows are resting sells, columns new buys at or through
    // the resting limit, then below it. The market order rests before the open.
    let stop_limit = |stop, limit| OrderKind::StopLimit { stop: price(stop), limit: price(limit) };
    let crossing = [OrderKind::Market, limit("110"), stop("105"), stop_limit("105", "110")];
    let apart = [limit("99"), stop_limit("105", "109.99")];
    let resting = [
        (OrderKind::Market, false),
        (limit("110"), true),
        (stop("90"), false),
        (stop_limit("95", "110"), true),
    ];
    for (existing, has_limit) in resting {
        let which = if has_limit { "limit" } else { "market/stop" };
        let rows = crossing
            .map(|kind| (kind, true))
            .into_iter()
            .chain(apart.map(|kind| (kind, !has_limit)));
        for (kind, is_refused) in rows {
            let mut desk = Desk::holding("10");
            desk.session(Session::Closed);
            desk.submit(&sell("s", "10", existing)).unwrap();
            let answer = desk.submit(&buy("b", "1", kind));
            assert_eq!(answer.is_err(), is_refused, "{existing:?} then {kind:?}: {answer:?}");
            if let Err(refused) = answer {
                assert_eq!(refused.message, "potential wash trade detected. use complex orders");
                assert_eq!(refused.details[1].1, format!("opposite side {which} order exists"));
            }
        }
    }
}

#[test]
fn groups_and_trailing_stops_are_exempt_from_the_wash_table() {
    let mut desk = Desk::holding("20");
    let class = OrderClass::Oco { stop: leg("90") };
    desk.submit(&OrderRequest { class, ..sell("o", "10", limit("110")) }).unwrap();
    let trail = Trail::Amount(price("5"));
    desk.submit(&sell("t", "10", OrderKind::TrailingStop { trail })).unwrap();
    assert!(desk.submit(&buy("b", "1", OrderKind::Market)).is_ok());
}

#[test]
fn long_and_short_entries_do_not_rest_together() {
    let mut desk = Desk::at_100();
    desk.submit(&buy("b", "1", limit("90"))).unwrap();
    let text = "cannot open a short sell while a long buy order is open";
    check(&mut desk, &sell("s", "1", limit("110")), (RejectReason::Other, 40_310_000, text));
    desk.cancel("b").unwrap();
    desk.submit(&sell("s", "1", limit("110"))).unwrap();
    let text = "cannot open a long buy while a short sell order is open";
    check(&mut desk, &buy("c", "1", limit("90")), (RejectReason::Other, 40_310_000, text));
}

#[test]
fn open_entries_reserve_buying_power() {
    let mut desk = Desk::new(ExchangeConfig {
        opening_cash: dollars("1000"),
        multiplier: Multiplier::Cash,
        ..ExchangeConfig::default()
    });
    desk.bar(["100", "100", "100", "100"]);
    desk.submit(&buy("a", "6", limit("95"))).unwrap();
    let refused = desk.submit(&buy("b", "5", limit("90"))).unwrap_err();
    assert_eq!(
        (refused.reason, refused.message.as_str(), refused.details),
        (
            RejectReason::InsufficientFunds,
            "insufficient buying power",
            vec![("buying_power", "430.00".into()), ("cost_basis", "450.00".into())]
        )
    );
    // A market order is charged 3 % above the market.
    let refused = desk.submit(&buy("c", "5", OrderKind::Market)).unwrap_err();
    assert_eq!(refused.details[1].1, "515.00");
    desk.cancel("a").unwrap();
    assert!(desk.submit(&buy("c", "5", OrderKind::Market)).is_ok());
    assert_eq!(desk.exchange.account().buying_power, dollars("500"));
}

#[test]
fn a_cancel_of_what_is_done_or_unknown_is_refused() {
    let mut desk = Desk::holding("1");
    let refused = desk.cancel("had").unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (42_210_000, "order is already in \"filled\" state")
    );
    let refused = desk.cancel("who").unwrap_err();
    assert_eq!((refused.code, refused.http_status()), (40_410_000, 404));
    desk.submit(&buy("a", "1", limit("90"))).unwrap();
    assert_eq!([desk.cancel("a"), desk.cancel("a")], [Ok(()), Ok(())]);
    assert_eq!(desk.said(), ["a accepted", "a cancelled on request, 0 filled"]);
}
