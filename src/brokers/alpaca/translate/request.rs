//! Our orders into Alpaca's request bodies, after what can be checked here was
//! checked (protocol page §3.4, §3.6, §4.3 and §4.8 of October 2026).
//!
//! An order that Alpaca would refuse anyway costs a request and a second; refused
//! here it costs neither, and the reason is in our words.

use rust_decimal::Decimal;

use crate::brokers::alpaca::config::DisputedOrders;
use crate::brokers::alpaca::wire::{WireReplace, WireStop, WireSubmit, WireTarget};
use crate::brokers::broker::Replacement;
use crate::brokers::call::Refusal;
use crate::domain::ids::ClientOrderId;
use crate::domain::money::Price;
use crate::domain::order::{
    OrderClass, OrderKind, OrderRequest, RejectReason, StopLeg, TimeInForce, Trail,
};

/// The longest client order id (§4.3).
const CLIENT_ORDER_ID_CHARS_MAX: usize = 128;

/// Makes the body of a new order.
///
/// # Errors
/// When Alpaca does not offer such an order; the message begins with "not sent".
pub(crate) fn submit(
    order: &OrderRequest,
    disputed: DisputedOrders,
) -> Result<WireSubmit<'_>, Refusal> {
    checked(order, disputed)?;
    let is_oco = matches!(order.class, OrderClass::Oco { .. });
    let (order_class, target, stop) = group(order);
    let trail = match order.kind {
        OrderKind::TrailingStop { trail } => Some(trail),
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. } => None,
    };
    Ok(WireSubmit {
        symbol: order.symbol.as_str(),
        qty: order.qty.to_string(),
        side: order.side.name(),
        kind: order.kind.name(),
        time_in_force: order.time_in_force.name(),
        // An OCO's own limit stands in its target (§3.13).
        limit_price: order.kind.limit().filter(|_| !is_oco).map(|price| price.to_string()),
        stop_price: order.kind.stop().map(|price| price.to_string()),
        trail_price: match trail {
            Some(Trail::Amount(amount)) => Some(amount.to_string()),
            Some(Trail::Percent(_)) | None => None,
        },
        trail_percent: match trail {
            Some(Trail::Percent(percent)) => Some(percent.normalize().to_string()),
            Some(Trail::Amount(_)) | None => None,
        },
        extended_hours: order.extended_hours.then_some(true),
        client_order_id: order.client_order_id.as_str(),
        order_class,
        take_profit: target.map(|limit| WireTarget { limit_price: limit.to_string() }),
        stop_loss: stop.map(|leg| WireStop {
            stop_price: leg.stop.to_string(),
            limit_price: leg.limit.map(|limit| limit.to_string()),
        }),
    })
}

/// Makes the body of a replacement.
///
/// # Errors
/// When Alpaca would refuse it whatever the order; the message begins with "not sent".
pub(crate) fn replace(change: &Replacement) -> Result<WireReplace<'_>, Refusal> {
    check_name(&change.client_order_id)?;
    if change.qty.is_zero() {
        return Err(refused(RejectReason::InvalidQuantity, "quantity must be above zero"));
    }
    for price in [change.limit, change.stop].into_iter().flatten() {
        check_increment(price)?;
    }
    Ok(WireReplace {
        qty: change.qty.to_string(),
        limit_price: change.limit.map(|price| price.to_string()),
        stop_price: change.stop.map(|price| price.to_string()),
        client_order_id: change.client_order_id.as_str(),
    })
}

/// A refusal of our own.
pub(crate) fn refused(reason: RejectReason, why: &str) -> Refusal {
    Refusal::of_ours(reason, why)
}

/// Name of the class, target and stop.
fn group(order: &OrderRequest) -> (Option<&'static str>, Option<Price>, Option<StopLeg>) {
    match order.class {
        OrderClass::Simple => (None, None, None),
        OrderClass::Bracket { target, stop } => (Some("bracket"), Some(target), Some(stop)),
        OrderClass::Oco { stop } => (Some("oco"), order.kind.limit(), Some(stop)),
        OrderClass::OtoStop { stop } => (Some("oto"), None, Some(stop)),
        OrderClass::OtoTarget { target } => (Some("oto"), Some(target), None),
    }
}

fn checked(order: &OrderRequest, disputed: DisputedOrders) -> Result<(), Refusal> {
    check_name(&order.client_order_id)?;
    let (_, target, stop) = group(order);
    let legs = [target, stop.map(|leg| leg.stop), stop.and_then(|leg| leg.limit)];
    let own = [order.kind.limit(), order.kind.stop()];
    for price in own.into_iter().chain(legs).flatten() {
        check_increment(price)?;
    }
    // What holds at every venue; the message names field and rule.
    order
        .clone()
        .checked()
        .map_err(|error| refused(RejectReason::Unsupported, &error.to_string()))?;
    let rules = [
        whole_shares(order, disputed),
        trailing_stop(order),
        time_in_force(order, disputed),
        group_terms(order),
    ];
    match rules.into_iter().flatten().next() {
        Some(rule) => Err(refused(RejectReason::Unsupported, rule)),
        None => Ok(()),
    }
}

/// Our name is what makes a second sending harmless, so it must arrive as it is.
fn check_name(name: &ClientOrderId) -> Result<(), Refusal> {
    let name = name.as_str();
    let legal = |letter: u8| letter.is_ascii_alphanumeric() || b"_.:-".contains(&letter);
    if name.is_empty() || name.len() > CLIENT_ORDER_ID_CHARS_MAX || !name.bytes().all(legal) {
        let why = "a client order id has 1 to 128 of A-Z, a-z, 0-9, '_', '.', ':', '-'";
        return Err(refused(RejectReason::Unsupported, why));
    }
    Ok(())
}

fn check_increment(price: Price) -> Result<(), Refusal> {
    if price.is_on_increment() {
        return Ok(());
    }
    let why = format!("price {price} is finer than the increment");
    Err(refused(RejectReason::InvalidPrice, &why))
}

/// The broken rule of an order for parts of shares, if any.
fn whole_shares(order: &OrderRequest, disputed: DisputedOrders) -> Option<&'static str> {
    if order.qty.whole_shares().is_some() {
        return None;
    }
    let is_market = order.kind == OrderKind::Market;
    if order.time_in_force != TimeInForce::Day {
        Some("fractional orders must be day orders")
    } else if matches!(order.kind, OrderKind::TrailingStop { .. }) {
        Some("trailing stops are for whole shares")
    } else if !is_market && !disputed.fractional_with_price {
        Some("fractional orders with a limit or a stop are not allowed by the configuration")
    } else {
        None
    }
}

/// The broken rule of a trailing stop, if any.
fn trailing_stop(order: &OrderRequest) -> Option<&'static str> {
    let OrderKind::TrailingStop { trail } = order.kind else { return None };
    if order.class != OrderClass::Simple {
        return Some("a trailing stop belongs to no group");
    }
    match trail {
        Trail::Percent(percent) if percent < Decimal::new(1, 1) => {
            Some("trail_percent must be 0.1 or more")
        }
        Trail::Percent(_) | Trail::Amount(_) => None,
    }
}

/// The broken rule of the time in force, if any.
fn time_in_force(order: &OrderRequest, disputed: DisputedOrders) -> Option<&'static str> {
    if matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Gtc) {
        return None;
    }
    let is_auction = matches!(order.time_in_force, TimeInForce::Opg | TimeInForce::Cls);
    if is_auction && !disputed.auctions {
        return Some("auction orders are not allowed by the configuration");
    }
    if !matches!(order.kind, OrderKind::Market | OrderKind::Limit { .. }) {
        return Some("ioc, fok, opg and cls are for market and limit orders");
    }
    if order.extended_hours {
        return Some("extended hours need a day or gtc order");
    }
    None
}

/// The broken rule of a group, if any.
fn group_terms(order: &OrderRequest) -> Option<&'static str> {
    if order.class == OrderClass::Simple {
        return None;
    }
    if !matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Gtc) {
        return Some("bracket, oco and oto are day or gtc orders");
    }
    order.extended_hours.then_some("bracket, oco and oto have no extended hours")
}

#[cfg(test)]
mod tests {
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
        check(
            &order(OrderKind::Market),
            &format!(r#"{HEAD}"market","time_in_force":"day",{NAME}}}"#),
        );
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
            &format!(
                r#"{HEAD}"trailing_stop","time_in_force":"day","trail_percent":"1.5",{NAME}}}"#
            ),
        );
        let trail = Trail::Amount(price("2"));
        check(
            &order(OrderKind::TrailingStop { trail }),
            &format!(
                r#"{HEAD}"trailing_stop","time_in_force":"day","trail_price":"2.00",{NAME}}}"#
            ),
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
        check_refused(
            &order(OrderKind::Limit { limit: price("290.123") }),
            InvalidPrice,
            "290.123",
        );
        let fine = StopLeg { stop: price("142.001"), limit: None };
        check_refused(
            &OrderRequest { class: OrderClass::OtoStop { stop: fine }, ..order(limit()) },
            InvalidPrice,
            "142.001",
        );
        for name in ["", "a b", "ü", &"x".repeat(129)] {
            let client_order_id = ClientOrderId::new(name);
            check_refused(
                &OrderRequest { client_order_id, ..order(limit()) },
                Unsupported,
                "1 to 128",
            );
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
}
