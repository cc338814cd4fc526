//! The judge of books: profits, cash and shares are the sums of the fills, to the cent.

use std::collections::BTreeMap;

use crate::app::validate::{Finding, Rules};
use crate::domain::ids::{Seq, TradeId};
use crate::domain::money::Money;
use crate::domain::order::Side;
use crate::events::{Envelope, Event, OrderEvent, PositionEvent, SystemEvent, VenueEvent};

/// Profits of closed trades follow from their fills; the cash that the venue told last,
/// after the last fill, follows from all of them; nothing is held that nobody explains.
pub(super) fn books(told: &[Envelope], rules: &Rules) -> Finding {
    let mut found = Finding::default();
    let mut cash = rules.opening_cash;
    let mut flows: BTreeMap<&TradeId, Money> = BTreeMap::new();
    let mut has_filled = false;
    let mut reported: Option<(Seq, Money)> = None;
    for Envelope { seq, event, .. } in told {
        if let Event::Order(OrderEvent::Filled(f) | OrderEvent::PartiallyFilled(f)) = event {
            let value = f.fill.price.times(f.fill.qty);
            let flow = match f.fill.side {
                Side::Buy => Money::ZERO - value,
                Side::Sell => value,
            };
            cash = cash + flow - f.fee;
            if let Some(id) = &f.trade_id {
                let sum = flows.entry(id).or_default();
                *sum += flow;
            }
        } else if let Event::Venue(VenueEvent::Filled(_)) = event {
            // The venue tells its cash right after the fill, before we have counted it.
            has_filled = true;
            reported = None;
        } else if let Event::Venue(VenueEvent::Account(account)) = event {
            if has_filled {
                reported = Some((*seq, account.cash));
            } else {
                cash = account.cash;
            }
        } else if let Event::Position(PositionEvent::Closed(closed)) = event {
            // Profit is told before fees.
            let flow = flows.get(&closed.trade_id).copied().unwrap_or_default();
            found.check(flow.round_to_cents() == closed.pnl.round_to_cents(), *seq, || {
                format!("trade {} told {}, its fills say {flow}", closed.trade_id, closed.pnl)
            });
        } else if let Event::Position(PositionEvent::Unexplained(held)) = event {
            found.check(false, *seq, || format!("{}: {}", held.symbol, held.detail));
        } else if let Event::System(SystemEvent::ReconcileDifference(difference)) = event {
            found.check(false, *seq, || {
                let (ours, theirs) = (&difference.journal, &difference.venue);
                format!("{}: {ours} by the journal, {theirs} at the venue", difference.subject)
            });
        }
    }
    if let Some((seq, told)) = reported {
        found.check(told.round_to_cents() == cash.round_to_cents(), seq, || {
            format!("the venue has {told} of cash, the fills say {cash}")
        });
    }
    found
}
