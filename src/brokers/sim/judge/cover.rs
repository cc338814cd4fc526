//! How many shares of each position no live exit covers (I2).

use std::collections::BTreeMap;

use crate::brokers::sim::exchange::{Exchange, GroupId, Intent, Order};
use crate::domain::ids::Symbol;
use crate::domain::money::Qty;

/// The positions that are not covered by live exits, with the shares that are bare. A
/// group counts once, by the member that stops the loss; an exit under way covers what it
/// closes.
pub fn uncovered(exchange: &Exchange) -> BTreeMap<Symbol, Qty> {
    let positions = exchange.positions();
    if positions.is_empty() {
        return BTreeMap::new();
    }
    let working = exchange.working();
    let mut bare = BTreeMap::new();
    for view in positions {
        let held = view.position;
        let side = held.direction.exit_side();
        let exits = working.iter().copied().filter(|order| {
            order.symbol == held.symbol && order.side == side && order.intent == Intent::Close
        });
        let missing = held.qty.saturating_sub(covered_by(exits));
        if !missing.is_zero() {
            bare.insert(held.symbol, missing);
        }
    }
    bare
}

fn covered_by<'a>(exits: impl Iterator<Item = &'a Order>) -> Qty {
    let mut groups: BTreeMap<GroupId, Qty> = BTreeMap::new();
    let mut covered = Qty::ZERO;
    for order in exits.filter(|order| order.is_armed) {
        match order.group {
            None => covered = covered.saturating_add(order.leaves()),
            Some(group) => {
                let most = groups.entry(group).or_default();
                *most = (*most).max(order.leaves());
            }
        }
    }
    groups.into_values().fold(covered, Qty::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brokers::sim::exchange::ExchangeConfig;
    use crate::domain::ids::ClientOrderId;
    use crate::domain::market::Quote;
    use crate::domain::order::{OrderClass, OrderKind, OrderRequest, Side, StopLeg, TimeInForce};
    use crate::domain::time::Timestamp;

    fn ordered(
        exchange: &mut Exchange,
        side: Side,
        shares: u64,
        (kind, class): (OrderKind, OrderClass),
    ) {
        let request = OrderRequest {
            client_order_id: ClientOrderId::new(format!("o-{side}-{shares}-{}", kind.name())),
            symbol: Symbol::new("AAPL").unwrap(),
            side,
            qty: Qty::shares(shares).unwrap(),
            kind,
            time_in_force: TimeInForce::Gtc,
            class,
            extended_hours: false,
        };
        exchange.submit(&request, Timestamp::from_seconds(1), &mut Vec::new()).unwrap();
    }

    #[track_caller]
    fn check(exits: &[(u64, OrderKind, OrderClass)], bare: Option<u64>) {
        let symbol = Symbol::new("AAPL").unwrap();
        let mut exchange = Exchange::new(ExchangeConfig::default());
        let at = Timestamp::from_seconds(0);
        let price = |text: &str| text.parse().unwrap();
        let quote = Quote::new(symbol, (price("100"), 500), (price("100.01"), 500), at).unwrap();
        exchange.on_quote(&quote, at, &mut Vec::new());
        ordered(&mut exchange, Side::Buy, 10, (OrderKind::Market, OrderClass::Simple));
        for (shares, kind, class) in exits {
            ordered(&mut exchange, Side::Sell, *shares, (*kind, *class));
        }
        let found = uncovered(&exchange).get(&symbol).copied();
        assert_eq!(found, bare.map(|shares| Qty::shares(shares).unwrap()));
    }

    #[test]
    fn what_no_live_exit_covers_is_bare_and_a_group_counts_once() {
        let stop = |text: &str| OrderKind::Stop { stop: text.parse().unwrap() };
        let limit = OrderKind::Limit { limit: "120".parse().unwrap() };
        let oco = OrderClass::Oco { stop: StopLeg { stop: "90".parse().unwrap(), limit: None } };
        check(&[], Some(10));
        check(&[(4, stop("90"), OrderClass::Simple)], Some(6));
        check(&[(4, stop("90"), OrderClass::Simple), (6, stop("91"), OrderClass::Simple)], None);
        check(&[(10, limit, oco)], None);
        check(&[(5, limit, oco)], Some(5));
    }
}
