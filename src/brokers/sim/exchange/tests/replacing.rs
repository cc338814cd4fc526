//! Replacing working orders.

use super::*;
use crate::brokers::sim::exchange::{Change, FillModel, OrderStatus, Partials};
use crate::domain::order::Trail;

fn replace(desk: &mut Desk, id: &str, change: &Change) -> Result<BrokerOrderId, Rejection> {
    let at = desk.now();
    let id = ClientOrderId::new(id);
    desk.exchange.replace(OrderName::Client(&id), change, at, &mut desk.out)
}

fn to(id: &str) -> Change {
    Change { client_order_id: Some(ClientOrderId::new(id)), ..Change::default() }
}

#[test]
fn a_replacement_takes_the_place_of_its_order() {
    let mut desk = Desk::at_100();
    let old = desk.submit(&buy("a", "10", limit("90"))).unwrap();
    let change = Change { limit: Some(price("95")), qty: Some(qty("4")), ..to("a.r1") };
    let new = replace(&mut desk, "a", &change).unwrap();
    assert_eq!(desk.said(), ["a accepted", "a replaced by a.r1", "a.r1 accepted"]);
    let before = desk.exchange.order(OrderName::Broker(&old)).unwrap();
    assert_eq!((before.status, before.replaced_by.as_ref()), (OrderStatus::Replaced, Some(&new)));
    let after = desk.exchange.order(OrderName::Broker(&new)).unwrap();
    assert_eq!((after.replaces.as_ref(), after.kind), (Some(&old), limit("95")));
    assert_eq!(desk.exchange.account().reserved, dollars("380"));
}

#[test]
fn a_replaced_quantity_counts_what_has_been_filled() {
    let fill = FillModel { partials: Partials::Displayed, ..FillModel::default() };
    let mut desk = Desk::new(ExchangeConfig { fill, ..ExchangeConfig::default() });
    desk.quote(("99.90", 5), ("100.00", 4));
    desk.submit(&buy("a", "10", limit("100"))).unwrap();
    let refused = replace(&mut desk, "a", &Change { qty: Some(qty("4")), ..to("b") }).unwrap_err();
    assert_eq!(refused.message, "qty must be > filled_qty");
    replace(&mut desk, "a", &Change { qty: Some(qty("6")), ..to("b") }).unwrap();
    desk.quote(("99.90", 5), ("99.95", 40));
    assert_eq!(
        desk.said(),
        [
            "a accepted",
            "a filled 4 @ 100.00",
            "a replaced by b",
            "b accepted",
            "b filled 2 @ 99.95"
        ]
    );
    assert_eq!(desk.position(), "Long 6");
}

#[test]
fn a_stop_beside_its_target_can_be_moved() {
    let mut desk = Desk::at_100();
    let class = bracket("110", "90");
    desk.submit(&OrderRequest { class, ..buy("e", "10", OrderKind::Market) }).unwrap();
    let stop_id = desk.exchange.working()[1].client_order_id.clone();
    replace(&mut desk, stop_id.as_str(), &Change { stop: Some(price("95")), ..to("s2") }).unwrap();
    desk.said();
    desk.bar(["99", "99", "94", "96"]);
    assert_eq!(
        desk.said(),
        ["s2 filled 10 @ 95.00", "e/target cancelled with its group, 0 filled"]
    );
    assert_eq!(desk.position(), "flat");
}

#[test]
fn what_may_not_be_replaced_is_refused_with_its_reason() {
    let mut desk = Desk::holding("10");
    desk.submit(&sell("s", "4", stop("90"))).unwrap();
    let limit_to = |text| Change { limit: Some(price(text)), ..Change::default() };
    let stop_to = |text| Change { stop: Some(price(text)), ..Change::default() };
    let trail = Change { trail: Some(Trail::Amount(price("1"))), ..Change::default() };
    let rows = [
        ("who", Change::default(), "order not found for who"),
        ("had", stop_to("95"), "unable to replace order, order is not open"),
        ("s", stop_to("90"), "order parameters are not changed"),
        ("s", limit_to("90"), "order type does not have the given price"),
        ("s", trail, "order type does not have the given price"),
        ("s", stop_to("100"), "stop price must be less than current price"),
        ("s", Change { stop: Some(price("91")), ..to("had") }, "client_order_id must be unique"),
        (
            "s",
            Change { qty: Some(qty("11")), ..Change::default() },
            "insufficient qty available for order (requested: 7, available: 6)",
        ),
    ];
    for (id, change, expected) in rows {
        assert_eq!(replace(&mut desk, id, &change).unwrap_err().message, expected);
    }
    desk.session(Session::Closed);
    desk.submit(&sell("q", "1", limit("120"))).unwrap();
    let refused = replace(&mut desk, "q", &limit_to("121")).unwrap_err();
    assert_eq!(refused.message, "cannot replace order in accepted status");
}

#[test]
fn cancelling_all_leaves_nothing_working() {
    let mut desk = Desk::holding("10");
    let class = OrderClass::Oco { stop: leg("90") };
    desk.submit(&OrderRequest { class, ..sell("o", "10", limit("110")) }).unwrap();
    desk.submit(&buy("b", "1", limit("80"))).unwrap();
    let at = desk.now();
    desk.exchange.cancel_all(at, &mut desk.out);
    assert_eq!((desk.exchange.working().len(), desk.said().len()), (0, 6));
    assert_eq!(desk.exchange.account().reserved, Money::ZERO);
}
