//! Our orders into Schwab's bodies, after what can be checked here was checked (Schwab,
//! protocol page §3.2 of November 2026).
//!
//! An order that Schwab would refuse anyway costs a request of a small budget; refused
//! here it costs nothing, and the reason is in our words.

use serde_json::value::RawValue;

use crate::brokers::call::Refusal;
use crate::brokers::schwab::translate::spelled;
use crate::brokers::schwab::wire::{WireSend, WireSendInstrument, WireSendLeg};
use crate::domain::ids::Symbol;
use crate::domain::money::Price;
use crate::domain::order::{
    OrderClass, OrderKind, OrderRequest, RejectReason, Side, StopLeg, TimeInForce, Trail,
};
use crate::domain::position::Direction;

/// What the account holds of a stock before an order.
pub(crate) type Held = Option<Direction>;

/// Makes the body of an order. Whether a sale is one of what is owned or a short one is
/// decided by what is held (§3.2).
///
/// # Errors
/// When Schwab does not offer such an order; the message begins with "not sent".
pub(crate) fn body(order: &OrderRequest, held: Held) -> Result<WireSend, Refusal> {
    let shares = checked(order)?;
    let opening = instruction(order.side, held);
    let own = Node { symbol: order.symbol, shares, instruction: opening };
    // Exits of an entry close what the entry opened.
    let exit = Node { instruction: closing(order.side), ..own };
    let session = if order.extended_hours { "SEAMLESS" } else { "NORMAL" };
    let duration = duration(order.time_in_force)?;
    let single = |strategy| Terms { strategy, session, duration };
    let good = Terms { strategy: "SINGLE", session, duration: "GOOD_TILL_CANCEL" };
    let limited = |limit: Price| OrderKind::Limit { limit };
    Ok(match order.class {
        OrderClass::Simple => own.made(order.kind, single("SINGLE")),
        OrderClass::Bracket { target, stop } => {
            let exits = vec![exit.made(limited(target), good), exit.made(stop_kind(stop), good)];
            with(own.made(order.kind, single("TRIGGER")), vec![oco(exits)])
        }
        OrderClass::OtoStop { stop } => {
            with(own.made(order.kind, single("TRIGGER")), vec![exit.made(stop_kind(stop), good)])
        }
        OrderClass::OtoTarget { target } => {
            with(own.made(order.kind, single("TRIGGER")), vec![exit.made(limited(target), good)])
        }
        OrderClass::Oco { stop } => oco(vec![
            own.made(order.kind, single("SINGLE")),
            own.made(stop_kind(stop), single("SINGLE")),
        ]),
    })
}

/// What an order does to a holding.
pub(crate) const fn instruction(side: Side, held: Held) -> &'static str {
    match (side, held) {
        (Side::Buy, Some(Direction::Short)) => "BUY_TO_COVER",
        (Side::Buy, Some(Direction::Long) | None) => "BUY",
        (Side::Sell, Some(Direction::Long)) => "SELL",
        (Side::Sell, Some(Direction::Short) | None) => "SELL_SHORT",
    }
}

/// What closes the holding that an order of this side opens.
const fn closing(side: Side) -> &'static str {
    match side {
        Side::Buy => "SELL",
        Side::Sell => "BUY_TO_COVER",
    }
}

/// Whether an order must be told what is held: all but groups, which say themselves
/// whether they open or close.
pub(crate) const fn implied_holding(order: &OrderRequest) -> Option<Held> {
    match (order.class, order.side) {
        (OrderClass::Simple, _) => None,
        // Exits of what is held.
        (OrderClass::Oco { .. }, Side::Sell) => Some(Some(Direction::Long)),
        (OrderClass::Oco { .. }, Side::Buy) => Some(Some(Direction::Short)),
        // Entries with their exits.
        (
            OrderClass::Bracket { .. } | OrderClass::OtoStop { .. } | OrderClass::OtoTarget { .. },
            _,
        ) => Some(None),
    }
}

/// Schwab's name of a time in force.
///
/// # Errors
/// When it has none: the auctions are types there, and not offered here.
pub(crate) fn duration(time_in_force: TimeInForce) -> Result<&'static str, Refusal> {
    match time_in_force {
        TimeInForce::Day => Ok("DAY"),
        TimeInForce::Gtc => Ok("GOOD_TILL_CANCEL"),
        TimeInForce::Ioc => Ok("IMMEDIATE_OR_CANCEL"),
        TimeInForce::Fok => Ok("FILL_OR_KILL"),
        TimeInForce::Opg | TimeInForce::Cls => {
            Err(unsupported("auction orders are not offered at Schwab by us"))
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Terms {
    strategy: &'static str,
    session: &'static str,
    duration: &'static str,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    symbol: Symbol,
    shares: u64,
    instruction: &'static str,
}

impl Node {
    fn made(self, kind: OrderKind, terms: Terms) -> WireSend {
        let trail = match kind {
            OrderKind::TrailingStop { trail } => Some(trail),
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. } => None,
        };
        let instrument = WireSendInstrument { symbol: spelled(self.symbol), asset_type: "EQUITY" };
        WireSend {
            order_type: Some(kind_name(kind)),
            session: Some(terms.session),
            duration: Some(terms.duration),
            order_strategy_type: terms.strategy,
            price: kind.limit().map(|price| price.to_string()),
            stop_price: kind.stop().map(|price| price.to_string()),
            stop_price_link_basis: trail.map(|_| "LAST"),
            stop_price_link_type: trail.map(|trail| match trail {
                Trail::Amount(_) => "VALUE",
                Trail::Percent(_) => "PERCENT",
            }),
            stop_price_offset: trail.map(offset),
            order_leg_collection: vec![WireSendLeg {
                instruction: self.instruction,
                quantity: self.shares,
                instrument,
            }],
            child_order_strategies: Vec::new(),
        }
    }
}

fn with(parent: WireSend, children: Vec<WireSend>) -> WireSend {
    WireSend { child_order_strategies: children, ..parent }
}

fn oco(children: Vec<WireSend>) -> WireSend {
    let order_strategy_type = "OCO";
    WireSend { order_strategy_type, child_order_strategies: children, ..WireSend::default() }
}

const fn stop_kind(leg: StopLeg) -> OrderKind {
    match leg.limit {
        Some(limit) => OrderKind::StopLimit { stop: leg.stop, limit },
        None => OrderKind::Stop { stop: leg.stop },
    }
}

/// Schwab's name of a kind.
pub(crate) const fn kind_name(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "MARKET",
        OrderKind::Limit { .. } => "LIMIT",
        OrderKind::Stop { .. } => "STOP",
        OrderKind::StopLimit { .. } => "STOP_LIMIT",
        OrderKind::TrailingStop { .. } => "TRAILING_STOP",
    }
}

/// The distance of a trailing stop, a JSON number that was never a binary one.
fn offset(trail: Trail) -> Box<RawValue> {
    let text = match trail {
        Trail::Amount(amount) => amount.to_decimal().normalize().to_string(),
        Trail::Percent(percent) => percent.normalize().to_string(),
    };
    RawValue::from_string(text).expect("a decimal's text is a JSON number")
}

/// Refuses what Schwab would refuse; returns the number of shares.
fn checked(order: &OrderRequest) -> Result<u64, Refusal> {
    let shares = order.qty.whole_shares().filter(|shares| *shares > 0).ok_or_else(|| {
        Refusal::of_ours(RejectReason::InvalidQuantity, "Schwab takes whole shares above zero")
    })?;
    let (target, stop) = match order.class {
        OrderClass::Simple => (None, None),
        OrderClass::Bracket { target, stop } => (Some(target), Some(stop)),
        OrderClass::Oco { stop } | OrderClass::OtoStop { stop } => (None, Some(stop)),
        OrderClass::OtoTarget { target } => (Some(target), None),
    };
    let of_legs = [target, stop.map(|leg| leg.stop), stop.and_then(|leg| leg.limit)];
    let own = [order.kind.limit(), order.kind.stop()];
    for price in own.into_iter().chain(of_legs).flatten() {
        check_increment(price)?;
    }
    let is_simple = order.class == OrderClass::Simple;
    let is_limit = matches!(order.kind, OrderKind::Limit { .. });
    let is_lasting = matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Gtc);
    if order.extended_hours && !(is_limit && is_simple && is_lasting) {
        return Err(unsupported("extended hours are for single limit orders, day or gtc"));
    }
    if !is_simple && !is_lasting {
        return Err(unsupported("bracket, oco and oto are day or gtc orders"));
    }
    if matches!(order.class, OrderClass::Oco { .. }) && !is_limit {
        return Err(unsupported("an OCO's own order is a limit"));
    }
    if !is_simple && matches!(order.kind, OrderKind::TrailingStop { .. }) {
        return Err(unsupported("a trailing stop belongs to no group"));
    }
    Ok(shares)
}

/// Refuses a price that is finer than the increment (SEC rule 612).
pub(crate) fn check_increment(price: Price) -> Result<(), Refusal> {
    if price.is_on_increment() {
        return Ok(());
    }
    let why = format!("price {price} is finer than the increment");
    Err(Refusal::of_ours(RejectReason::InvalidPrice, &why))
}

/// A refusal of what is not offered.
pub(crate) fn unsupported(why: &str) -> Refusal {
    Refusal::of_ours(RejectReason::Unsupported, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientOrderId;
    use crate::domain::money::Qty;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn order(kind: OrderKind) -> OrderRequest {
        OrderRequest {
            client_order_id: ClientOrderId::new("fd-20261123-000001"),
            symbol: Symbol::new("BRK.B").unwrap(),
            side: Side::Buy,
            qty: Qty::shares(5).unwrap(),
            kind,
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            extended_hours: false,
        }
    }

    #[track_caller]
    fn check(order: &OrderRequest, held: Held, expected: &str) {
        let body = body(order, held).unwrap();
        assert_eq!(serde_json::to_string(&body).unwrap(), expected);
    }

    fn leg(instruction: &str) -> String {
        format!(
            r#""orderLegCollection":[{{"instruction":"{instruction}","quantity":5,"instrument":{{"symbol":"BRK/B","assetType":"EQUITY"}}}}]"#
        )
    }

    #[test]
    fn every_kind_has_its_prices_as_text() {
        let terms = r#""session":"NORMAL","duration":"DAY","orderStrategyType":"SINGLE""#;
        let buy = leg("BUY");
        for (kind, name, prices) in [
            (OrderKind::Market, "MARKET", ""),
            (OrderKind::Limit { limit: price("10.25") }, "LIMIT", r#","price":"10.25""#),
            (OrderKind::Limit { limit: price("0.1234") }, "LIMIT", r#","price":"0.1234""#),
            (OrderKind::Stop { stop: price("142") }, "STOP", r#","stopPrice":"142.00""#),
            (
                OrderKind::StopLimit { stop: price("142"), limit: price("141.5") },
                "STOP_LIMIT",
                r#","price":"141.50","stopPrice":"142.00""#,
            ),
            (
                OrderKind::TrailingStop { trail: Trail::Percent("1.50".parse().unwrap()) },
                "TRAILING_STOP",
                r#","stopPriceLinkBasis":"LAST","stopPriceLinkType":"PERCENT","stopPriceOffset":1.5"#,
            ),
            (
                OrderKind::TrailingStop { trail: Trail::Amount(price("2")) },
                "TRAILING_STOP",
                r#","stopPriceLinkBasis":"LAST","stopPriceLinkType":"VALUE","stopPriceOffset":2"#,
            ),
        ] {
            let expected = format!(r#"{{"orderType":"{name}",{terms}{prices},{buy}}}"#);
            check(&order(kind), None, &expected);
        }
    }

    #[test]
    fn a_bracket_is_a_trigger_with_an_oco_that_lasts() {
        let stop = StopLeg { stop: price("18.5"), limit: None };
        let class = OrderClass::Bracket { target: price("24"), stop };
        let order = OrderRequest { class, ..order(OrderKind::Limit { limit: price("20") }) };
        let (buy, sell) = (leg("BUY"), leg("SELL"));
        let exit =
            r#""session":"NORMAL","duration":"GOOD_TILL_CANCEL","orderStrategyType":"SINGLE""#;
        check(
            &order,
            None,
            &format!(
                r#"{{"orderType":"LIMIT","session":"NORMAL","duration":"DAY","orderStrategyType":"TRIGGER","price":"20.00",{buy},"childOrderStrategies":[{{"orderStrategyType":"OCO","childOrderStrategies":[{{"orderType":"LIMIT",{exit},"price":"24.00",{sell}}},{{"orderType":"STOP",{exit},"stopPrice":"18.50",{sell}}}]}}]}}"#
            ),
        );
    }

    #[test]
    fn a_bare_oco_has_two_children_and_nothing_else() {
        let class = OrderClass::Oco { stop: StopLeg { stop: price("18.5"), limit: None } };
        let kind = OrderKind::Limit { limit: price("24") };
        let order = OrderRequest { class, side: Side::Sell, ..order(kind) };
        let held = implied_holding(&order).unwrap();
        let (sell, terms) =
            (leg("SELL"), r#""session":"NORMAL","duration":"DAY","orderStrategyType":"SINGLE""#);
        check(
            &order,
            held,
            &format!(
                r#"{{"orderStrategyType":"OCO","childOrderStrategies":[{{"orderType":"LIMIT",{terms},"price":"24.00",{sell}}},{{"orderType":"STOP",{terms},"stopPrice":"18.50",{sell}}}]}}"#
            ),
        );
    }

    #[track_caller]
    fn check_instruction(side: Side, held: Held, expected: &str) {
        assert_eq!(instruction(side, held), expected, "{side} with {held:?}");
    }

    #[test]
    fn the_instruction_comes_from_side_and_holding() {
        use Direction::{Long, Short};
        check_instruction(Side::Buy, None, "BUY");
        check_instruction(Side::Buy, Some(Long), "BUY");
        check_instruction(Side::Buy, Some(Short), "BUY_TO_COVER");
        check_instruction(Side::Sell, Some(Long), "SELL");
        check_instruction(Side::Sell, Some(Short), "SELL_SHORT");
        check_instruction(Side::Sell, None, "SELL_SHORT");
    }

    #[track_caller]
    fn check_refused(order: &OrderRequest, expected: RejectReason) {
        let refusal = body(order, None).unwrap_err();
        assert_eq!(refusal.reason, expected, "{refusal}");
        assert!(refusal.message.starts_with("not sent: "), "{refusal}");
    }

    #[test]
    fn what_schwab_does_not_offer_is_not_sent() {
        use RejectReason::{InvalidPrice, InvalidQuantity, Unsupported};
        let limit = OrderKind::Limit { limit: price("10.25") };
        let class = OrderClass::OtoTarget { target: price("11") };
        let tif = |time_in_force| OrderRequest { time_in_force, ..order(limit) };
        check_refused(
            &OrderRequest { qty: "0.5".parse().unwrap(), ..order(limit) },
            InvalidQuantity,
        );
        check_refused(&order(OrderKind::Limit { limit: price("10.255") }), InvalidPrice);
        check_refused(&tif(TimeInForce::Opg), Unsupported);
        check_refused(&OrderRequest { class, ..tif(TimeInForce::Ioc) }, Unsupported);
        check_refused(
            &OrderRequest { extended_hours: true, ..order(OrderKind::Market) },
            Unsupported,
        );
    }
}
