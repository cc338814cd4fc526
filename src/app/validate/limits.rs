//! The judge of limits: what an entry may be, reckoned again from fills and accounts.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, dec};

use crate::app::validate::{Finding, Rules};
use crate::domain::ids::{Symbol, TradeId};
use crate::domain::money::{Money, Price};
use crate::domain::order::{OrderPurpose, Side};
use crate::events::{
    Envelope, Event, OrderEvent, OrderSubmit, PositionEvent, SignalEvent, VenueEvent,
};

/// Stops and targets are rounded to a cent, which may be a cent beyond the fraction.
const CENT: Decimal = dec!(0.01);

/// What is known when an entry leaves.
#[derive(Default)]
struct Known<'a> {
    equity: Money,
    cash: Money,
    open: BTreeSet<&'a TradeId>,
    /// Entry, stop and target that were signalled.
    plans: BTreeMap<&'a TradeId, [Price; 3]>,
    symbols: BTreeMap<Symbol, Money>,
}

/// No entry is larger than the limits allow. Equity is what the venue said last, cash
/// follows from the fills.
pub(super) fn entries(told: &[Envelope], rules: &Rules) -> Finding {
    let mut found = Finding::default();
    let opening = rules.opening_cash;
    let mut known = Known { equity: opening, cash: opening, ..Known::default() };
    let mut has_filled = false;
    for envelope in told {
        let event = &envelope.event;
        if let Event::Venue(VenueEvent::Account(account)) = event {
            known.equity = account.equity;
            if !has_filled {
                known.cash = account.cash;
            }
        } else if let Event::Venue(VenueEvent::Filled(_)) = event {
            has_filled = true;
        } else if let Event::Signal(SignalEvent::Entry(entry)) = event {
            let plan = [entry.entry_price, entry.stop_price, entry.target_price];
            known.plans.insert(&entry.trade_id, plan);
        } else if let Event::Order(OrderEvent::Filled(f) | OrderEvent::PartiallyFilled(f)) = event {
            let cost = f.fill.price.times(f.fill.qty);
            known.cash = match f.fill.side {
                Side::Buy => known.cash - cost - f.fee,
                Side::Sell => known.cash + cost - f.fee,
            };
        } else if let Event::Position(PositionEvent::Opened(opened)) = event {
            known.open.insert(&opened.trade_id);
            let cost = opened.entry_price.times(opened.quantity);
            let held = known.symbols.entry(opened.symbol).or_default();
            *held += cost;
        } else if let Event::Position(PositionEvent::Closed(closed)) = event {
            known.open.remove(&closed.trade_id);
            let cost = closed.entry_price.times(closed.quantity);
            let held = known.symbols.entry(closed.symbol).or_default();
            *held -= cost;
        } else if let Event::Order(OrderEvent::Submit(submit)) = event
            && submit.order.purpose() == OrderPurpose::Entry
        {
            for (is_kept, what) in judge(submit, &known, rules) {
                found.check(is_kept, envelope.seq, || {
                    format!("the entry of trade {}: {what}", submit.order.trade_id())
                });
            }
        }
    }
    found
}

/// Each limit, and in words what was held to it.
fn judge(submit: &OrderSubmit, known: &Known<'_>, rules: &Rules) -> Vec<(bool, String)> {
    let limits = &rules.limits;
    let request = submit.order.request();
    let Some([entry, stop, target]) = known.plans.get(submit.order.trade_id()).copied() else {
        return vec![(false, "it was never signalled".to_owned())];
    };
    let price = request.kind.limit().unwrap_or(entry);
    let value = price.times(request.qty);
    let by_symbol = limits.max_position_value_by_symbol.get(&request.symbol);
    let value_max = *by_symbol.unwrap_or(&limits.max_position_value);
    let in_symbol = known.symbols.get(&request.symbol).copied().unwrap_or_default() + value;
    let share_max = known.equity.scaled(limits.max_equity_fraction);
    let cash_min = known.equity.scaled(limits.min_cash_fraction);
    let cash = match request.side {
        Side::Buy => known.cash - value,
        Side::Sell => known.cash,
    };
    let (risk, reward) = (entry.minus(stop).abs().to_decimal(), target.minus(entry).abs());
    let risk_max = entry.to_decimal() * limits.max_stop_distance + CENT;
    let reward_min = (risk - CENT) * limits.min_reward_risk - CENT;
    let shares = request.qty.to_decimal();
    let open = known.open.len() + 1;
    vec![
        (value <= value_max, format!("{value} is more than {value_max}")),
        (in_symbol <= share_max, format!("{in_symbol} in one stock is more than {share_max}")),
        (cash >= cash_min, format!("it leaves {cash} of cash, less than {cash_min}")),
        (shares <= limits.max_shares.into(), format!("{shares} shares are too many")),
        (risk <= risk_max, format!("its stop is {risk} away, at most {risk_max}")),
        (reward.to_decimal() >= reward_min, format!("it wins {reward} for a risk of {risk}")),
        (
            u32::try_from(open).is_ok_and(|open| open <= limits.max_open_positions),
            format!("{open} positions are open, at most {}", limits.max_open_positions),
        ),
        (request.side == Side::Buy || limits.allow_short, "it sells short".to_owned()),
        (!limits.restricted.contains(&request.symbol), "its stock is restricted".to_owned()),
    ]
}
