//! Whether an order that Schwab lists is one that we have sent: Schwab has no name of
//! ours for it, so what was ordered must tell (Schwab, protocol page §3.5 of November
//! 2026).
//!
//! Pure. What follows from a likeness is decided in
//! [`resolution`](crate::brokers::schwab::resolution).

use crate::brokers::decimal::DecimalText;
use crate::brokers::schwab::translate::{order, send, symbol};
use crate::brokers::schwab::wire::{WireOrder, WireSend};
use crate::domain::ids::Symbol;
use crate::domain::money::{Price, Qty};
use crate::domain::order::{OrderRequest, Side};

/// How deep a group may be nested; Schwab's are three deep.
const DEPTH_MAX: usize = 8;

/// How much a listed order looks like one that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Another symbol, or the other side.
    Other,
    /// The same symbol and side, other terms: perhaps changed on the way (F22), perhaps
    /// somebody else's.
    Near,
    /// Every term that was sent.
    Same,
}

/// What was ordered, in a form that is the same for what was sent and for what is
/// listed. Whether a sale is a short one is left out: a restart does not know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(Node);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    strategy: String,
    /// Absent in the node of an OCO.
    terms: Option<Terms>,
    children: Vec<Self>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Terms {
    symbol: Symbol,
    side: Side,
    qty: Qty,
    kind: String,
    session: String,
    duration: String,
    limit: Option<Price>,
    stop: Option<Price>,
}

impl Fingerprint {
    /// The fingerprint of an order of ours; `None` when Schwab does not offer it, so that
    /// it was never sent.
    pub fn of(order: &OrderRequest) -> Option<Self> {
        Self::of_body(&send::body(order, None).ok()?)
    }

    fn of_body(body: &WireSend) -> Option<Self> {
        sent_node(body, 0).map(Self)
    }

    /// Which stock.
    pub fn symbol(&self) -> Option<Symbol> {
        self.0.first_terms().map(|terms| terms.symbol)
    }

    /// Buy or sell.
    pub fn side(&self) -> Option<Side> {
        self.0.first_terms().map(|terms| terms.side)
    }

    /// Compares with what Schwab lists.
    pub(crate) fn likeness(&self, listed: &WireOrder) -> Likeness {
        let Some(listed) = listed_node(listed, 0) else { return Likeness::Other };
        if self.0 == listed {
            return Likeness::Same;
        }
        let key = |node: &Node| node.first_terms().map(|terms| (terms.symbol, terms.side));
        if key(&self.0).is_some() && key(&self.0) == key(&listed) {
            Likeness::Near
        } else {
            Likeness::Other
        }
    }
}

impl Node {
    fn first_terms(&self) -> Option<&Terms> {
        self.terms.as_ref().or_else(|| self.children.iter().find_map(Self::first_terms))
    }
}

fn sent_node(body: &WireSend, depth: usize) -> Option<Node> {
    let terms = match body.order_leg_collection.first() {
        Some(leg) => Some(Terms {
            symbol: symbol(&leg.instrument.symbol).ok()?,
            side: order::side(leg.instruction).ok()?,
            qty: Qty::shares(leg.quantity).ok()?,
            kind: body.order_type?.to_owned(),
            session: body.session?.to_owned(),
            duration: body.duration?.to_owned(),
            limit: body.price.as_ref().and_then(|text| text.parse().ok()),
            stop: body.stop_price.as_ref().and_then(|text| text.parse().ok()),
        }),
        None => None,
    };
    let strategy = body.order_strategy_type.to_owned();
    let below = |child| if depth < DEPTH_MAX { sent_node(child, depth + 1) } else { None };
    let children = body.child_order_strategies.iter().map(below).collect::<Option<_>>()?;
    Some(Node { strategy, terms, children })
}

/// Prices that a type does not have are left out: some answers carry zeros, and a
/// trailing stop's present stop.
fn listed_node(wire: &WireOrder, depth: usize) -> Option<Node> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let terms = match wire.leg() {
        Some(leg) if !wire.is_oco() => {
            let kind = text(&wire.order_type);
            let name = leg.instrument.as_ref().and_then(|found| found.symbol.as_deref())?;
            let price = |field: &Option<DecimalText>, is_used: bool| {
                field.as_ref().filter(|_| is_used).and_then(DecimalText::parse::<Price>)
            };
            Some(Terms {
                symbol: symbol(name).ok()?,
                side: order::side(leg.instruction.as_deref()?).ok()?,
                qty: wire.quantity.as_ref().or(leg.quantity.as_ref())?.parse()?,
                limit: price(&wire.price, matches!(kind.as_str(), "LIMIT" | "STOP_LIMIT")),
                stop: price(&wire.stop_price, matches!(kind.as_str(), "STOP" | "STOP_LIMIT")),
                kind,
                session: text(&wire.session),
                duration: text(&wire.duration),
            })
        }
        Some(_) | None => None,
    };
    let below = |child| if depth < DEPTH_MAX { listed_node(child, depth + 1) } else { None };
    let children = wire.children().iter().map(below).collect::<Option<Vec<_>>>()?;
    // A node without a word about its strategy and with nothing below is a single order.
    let strategy = wire.order_strategy_type.clone().unwrap_or_else(|| "SINGLE".into());
    Some(Node { strategy, terms, children })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientOrderId;
    use crate::domain::order::{OrderClass, OrderKind, StopLeg, TimeInForce};

    fn order(class: OrderClass) -> OrderRequest {
        OrderRequest {
            client_order_id: ClientOrderId::new("fd-1"),
            symbol: Symbol::new("XYZ").unwrap(),
            side: Side::Buy,
            qty: Qty::shares(5).unwrap(),
            kind: OrderKind::Limit { limit: "10.25".parse().unwrap() },
            time_in_force: TimeInForce::Day,
            class,
            extended_hours: false,
        }
    }

    fn listed(fields: &str) -> String {
        let leg = r#""orderLegCollection":[{"legId":1,"instruction":"BUY","quantity":5.0,"instrument":{"symbol":"XYZ"}}]"#;
        let mut json = format!(
            r#"{{"orderId":1,"session":"NORMAL","duration":"DAY","orderType":"LIMIT","quantity":5.0,"price":10.25,"orderStrategyType":"SINGLE",{leg}}}"#
        );
        for change in fields.split('|').filter(|change| !change.is_empty()) {
            let (old, new) = change.split_once("=>").unwrap();
            assert!(json.contains(old), "{old}");
            json = json.replace(old, new);
        }
        json
    }

    #[track_caller]
    fn check(changes: &str, expected: Likeness) {
        let wire = serde_json::from_str(&listed(changes)).unwrap();
        let sent = Fingerprint::of(&order(OrderClass::Simple)).unwrap();
        assert_eq!(sent.likeness(&wire), expected, "{changes}");
    }

    #[test]
    fn every_term_that_was_sent_must_be_there() {
        check("", Likeness::Same);
        check(r#""price":10.25=>"price":10.250,"stopPrice":0.0"#, Likeness::Same);
        check(r#""price":10.25=>"price":10.26"#, Likeness::Near);
        check(r#""quantity":5.0=>"quantity":6.0"#, Likeness::Near);
        check(r#""session":"NORMAL"=>"session":"AM""#, Likeness::Near);
        check(r#""duration":"DAY"=>"duration":"GOOD_TILL_CANCEL""#, Likeness::Near);
        check(r#""orderType":"LIMIT"=>"orderType":"STOP""#, Likeness::Near);
        check(r#""symbol":"XYZ"=>"symbol":"XYZW""#, Likeness::Other);
        check(r#""instruction":"BUY"=>"instruction":"SELL""#, Likeness::Other);
    }

    #[test]
    fn a_group_is_compared_with_all_its_children() {
        let stop = StopLeg { stop: "9.50".parse().unwrap(), limit: None };
        let sent = Fingerprint::of(&order(OrderClass::OtoStop { stop })).unwrap();
        let single: WireOrder = serde_json::from_str(&listed("")).unwrap();
        assert_eq!(sent.likeness(&single), Likeness::Near, "the stop is missing");
        let child = listed(
            r#""orderType":"LIMIT"=>"orderType":"STOP"|"price":10.25=>"stopPrice":9.5|"BUY"=>"SELL"|"DAY"=>"GOOD_TILL_CANCEL""#,
        );
        let group = listed(r#""SINGLE"=>"TRIGGER""#);
        let group = group.replacen('{', &format!(r#"{{"childOrderStrategies":[{child}],"#), 1);
        let group: WireOrder = serde_json::from_str(&group).unwrap();
        assert_eq!(sent.likeness(&group), Likeness::Same);
        let dearer = StopLeg { stop: "9.60".parse().unwrap(), limit: None };
        let other = Fingerprint::of(&order(OrderClass::OtoStop { stop: dearer })).unwrap();
        assert_eq!(other.likeness(&group), Likeness::Near);
    }

    #[test]
    fn an_order_that_schwab_does_not_offer_has_no_fingerprint() {
        let part = OrderRequest { qty: "0.5".parse().unwrap(), ..order(OrderClass::Simple) };
        assert_eq!(Fingerprint::of(&part), None);
    }
}
