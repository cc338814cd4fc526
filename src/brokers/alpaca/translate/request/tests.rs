//! The bodies that leave, letter by letter, and the orders that never do.

use super::*;
use crate::domain::ids::{BrokerOrderId, Symbol};
use crate::domain::money::Qty;
use crate::domain::order::Side;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn order(kind: OrderKind) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::new("fd-20261005-000018"),
        symbol: Symbol::new("AAPL").unwrap(),
        side: Side::Buy,
        qty: Qty::shares(10).unwrap(),
        kind,
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
    }
}

fn limit() -> OrderKind {
    OrderKind::Limit { limit: price("150.1") }
}

#[track_caller]
fn check(order: &OrderRequest, expected: &str) {
    let body = submit(order, DisputedOrders::default()).unwrap();
    assert_eq!(serde_json::to_string(&body).unwrap(), expected);
}

/// The start of every body, up to the type.
const HEAD: &str = r#"{"symbol":"AAPL","qty":"10","side":"buy","type":"#;
/// Our name for the order.
const NAME: &str = r#""client_order_id":"fd-20261005-000018""#;

#[test]
fn every_type_has_its_prices_as_strings() {
    check(&order(OrderKind::Market), &format!(r#"{HEAD}"market","time_in_force":"day",{NAME}}}"#));
    check(
        &order(limit()),
        &format!(r#"{HEAD}"limit","time_in_force":"day","limit_price":"150.10",{NAME}}}"#),
    );
    check(
        &order(OrderKind::Stop { stop: price("142") }),
        &format!(r#"{HEAD}"stop","time_in_force":"day","stop_price":"142.00",{NAME}}}"#),
    );
    check(
        &order(OrderKind::StopLimit { stop: price("142"), limit: price("141.5") }),
        &format!(
            r#"{HEAD}"stop_limit","time_in_force":"day","limit_price":"141.50","stop_price":"142.00",{NAME}}}"#
        ),
    );
    let trail = Trail::Percent("1.50".parse().unwrap());
    check(
        &order(OrderKind::TrailingStop { trail }),
        &format!(r#"{HEAD}"trailing_stop","time_in_force":"day","trail_percent":"1.5",{NAME}}}"#),
    );
    let trail = Trail::Amount(price("2"));
    check(
        &order(OrderKind::TrailingStop { trail }),
        &format!(r#"{HEAD}"trailing_stop","time_in_force":"day","trail_price":"2.00",{NAME}}}"#),
    );
}

#[test]
fn groups_are_written_as_on_the_page() {
    let stop = StopLeg { stop: price("142"), limit: Some(price("141.5")) };
    let bare = StopLeg { limit: None, ..stop };
    let target = price("165");
    let grouped = |class, kind| OrderRequest { class, ..order(kind) };
    check(
        &grouped(OrderClass::Bracket { target, stop }, limit()),
        &format!(
            r#"{HEAD}"limit","time_in_force":"day","limit_price":"150.10",{NAME},"order_class":"bracket","take_profit":{{"limit_price":"165.00"}},"stop_loss":{{"stop_price":"142.00","limit_price":"141.50"}}}}"#
        ),
    );
    check(
        &grouped(OrderClass::Oco { stop: bare }, OrderKind::Limit { limit: target }),
        &format!(
            r#"{HEAD}"limit","time_in_force":"day",{NAME},"order_class":"oco","take_profit":{{"limit_price":"165.00"}},"stop_loss":{{"stop_price":"142.00"}}}}"#
        ),
    );
    check(
        &grouped(OrderClass::OtoStop { stop: bare }, OrderKind::Market),
        &format!(
            r#"{HEAD}"market","time_in_force":"day",{NAME},"order_class":"oto","stop_loss":{{"stop_price":"142.00"}}}}"#
        ),
    );
    check(
        &grouped(OrderClass::OtoTarget { target }, OrderKind::Market),
        &format!(
            r#"{HEAD}"market","time_in_force":"day",{NAME},"order_class":"oto","take_profit":{{"limit_price":"165.00"}}}}"#
        ),
    );
}

#[test]
fn extended_hours_are_said_only_when_wanted() {
    let order = OrderRequest { extended_hours: true, ..order(limit()) };
    check(
        &order,
        &format!(
            r#"{HEAD}"limit","time_in_force":"day","limit_price":"150.10","extended_hours":true,{NAME}}}"#
        ),
    );
}

#[test]
fn prices_below_a_dollar_keep_four_places() {
    check(
        &order(OrderKind::Limit { limit: price("0.1234") }),
        &format!(r#"{HEAD}"limit","time_in_force":"day","limit_price":"0.1234",{NAME}}}"#),
    );
}

#[track_caller]
fn check_refused(order: &OrderRequest, reason: RejectReason, words: &str) {
    let refusal = submit(order, DisputedOrders::default()).unwrap_err();
    assert_eq!(refusal.reason, reason, "{refusal}");
    assert!(refusal.message.starts_with("not sent: "), "{refusal}");
    assert!(refusal.message.contains(words), "{refusal}");
}

#[test]
fn what_alpaca_does_not_offer_is_not_sent() {
    use RejectReason::{InvalidPrice, Unsupported};
    let tif = |time_in_force, kind| OrderRequest { time_in_force, ..order(kind) };
    let stop = OrderKind::Stop { stop: price("142") };
    let trail = OrderKind::TrailingStop { trail: Trail::Percent("0.05".parse().unwrap()) };
    let leg = StopLeg { stop: price("142"), limit: None };
    let class = OrderClass::OtoStop { stop: leg };
    let part = "0.5".parse().unwrap();

    check_refused(&tif(TimeInForce::Ioc, stop), Unsupported, "market and limit");
    check_refused(&tif(TimeInForce::Fok, stop), Unsupported, "market and limit");
    check_refused(&tif(TimeInForce::Opg, limit()), Unsupported, "auction");
    check_refused(&tif(TimeInForce::Cls, OrderKind::Market), Unsupported, "auction");
    check_refused(&order(trail), Unsupported, "0.1 or more");
    check_refused(
        &OrderRequest { class, ..tif(TimeInForce::Ioc, limit()) },
        Unsupported,
        "day or gtc",
    );
    check_refused(
        &OrderRequest { class, extended_hours: true, ..order(limit()) },
        Unsupported,
        "extended",
    );
    check_refused(
        &OrderRequest { extended_hours: true, ..tif(TimeInForce::Ioc, limit()) },
        Unsupported,
        "extended",
    );
    check_refused(&OrderRequest { qty: part, ..order(limit()) }, Unsupported, "fractional");
    check_refused(
        &OrderRequest { qty: part, ..tif(TimeInForce::Gtc, OrderKind::Market) },
        Unsupported,
        "must be day",
    );
    check_refused(&order(OrderKind::Limit { limit: price("290.123") }), InvalidPrice, "290.123");
    let fine = StopLeg { stop: price("142.001"), limit: None };
    check_refused(
        &OrderRequest { class: OrderClass::OtoStop { stop: fine }, ..order(limit()) },
        InvalidPrice,
        "142.001",
    );
    for name in ["", "a b", "ü", &"x".repeat(129)] {
        let client_order_id = ClientOrderId::new(name);
        check_refused(&OrderRequest { client_order_id, ..order(limit()) }, Unsupported, "1 to 128");
    }
}

#[test]
fn what_is_offered_is_sent() {
    let part = "0.5".parse().unwrap();
    let allowed = DisputedOrders { fractional_with_price: true, auctions: true };
    for (order, disputed) in [
        (OrderRequest { qty: part, ..order(OrderKind::Market) }, DisputedOrders::default()),
        (OrderRequest { qty: part, ..order(limit()) }, allowed),
        (OrderRequest { time_in_force: TimeInForce::Cls, ..order(limit()) }, allowed),
        (OrderRequest { time_in_force: TimeInForce::Fok, ..order(limit()) }, allowed),
        (OrderRequest { time_in_force: TimeInForce::Gtc, ..order(limit()) }, allowed),
    ] {
        assert!(submit(&order, disputed).is_ok(), "{order:?}");
    }
}

#[test]
fn a_replacement_always_states_quantity_and_name() {
    let change = Replacement {
        broker_order_id: BrokerOrderId::new("old"),
        client_order_id: ClientOrderId::new("fd-1.r1"),
        qty: Qty::shares(8).unwrap(),
        limit: Some(price("149.9")),
        stop: None,
    };
    assert_eq!(
        serde_json::to_string(&replace(&change).unwrap()).unwrap(),
        r#"{"qty":"8","limit_price":"149.90","client_order_id":"fd-1.r1"}"#
    );
    assert!(replace(&Replacement { qty: Qty::ZERO, ..change.clone() }).is_err());
    assert!(replace(&Replacement { stop: Some(price("1.001")), ..change }).is_err());
}
