//! Orders for the opening auction (`opg`) and the closing one (`cls`).
//!
//! Alpaca, protocol page §4.9 and §4.13 of October 2026: both are refused around their
//! auction, wait as `accepted`, and execute as plain orders at the first price of the
//! session, or the last one. What does not execute there is cancelled.

use jiff::SignedDuration;

use crate::domain::calendar::{date_in_new_york, trading_day};
use crate::domain::ids::Symbol;
use crate::domain::order::{RejectReason, TimeInForce};
use crate::domain::time::Timestamp;

use super::engine::Exchange;
use super::order::OrderStatus;
use super::register::Key;
use super::report::{Rejection, Report, What};
use super::settle::said;

/// From so long before the open, or the close, on no order is taken ...
const BEFORE_OPEN: SignedDuration = SignedDuration::from_mins(2);
const BEFORE_CLOSE: SignedDuration = SignedDuration::from_mins(10);
/// ... until 19:00, fifteen hours after the first trading at 04:00.
const UNTIL: SignedDuration = SignedDuration::from_hours(15);

/// Tells whether an order is for an auction only.
pub(super) const fn is_auction(time_in_force: TimeInForce) -> bool {
    match time_in_force {
        TimeInForce::Opg | TimeInForce::Cls => true,
        TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => false,
    }
}

/// Refuses an order that is too late for today's auction and too early for the next.
pub(super) fn check_window(time_in_force: TimeInForce, at: Timestamp) -> Result<(), Rejection> {
    let day = trading_day(date_in_new_york(at)).ok().flatten();
    let Some(day) = day else { return Ok(()) };
    let (end, text) = match time_in_force {
        TimeInForce::Opg => (
            day.open.plus(-BEFORE_OPEN),
            "opg orders must be submitted after 7:00pm and before 9:28am",
        ),
        TimeInForce::Cls => (
            day.close.plus(-BEFORE_CLOSE),
            "cls orders must be submitted after 7:00pm and before 3:50pm",
        ),
        TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => return Ok(()),
    };
    if at < end || at >= day.pre_open.plus(UNTIL) {
        return Ok(());
    }
    Err(Rejection::forbidden(RejectReason::MarketClosed, text))
}

impl Exchange {
    /// Executes what waited for the close at the last price of the session.
    pub(super) fn close_auction(&mut self, at: Timestamp, out: &mut Vec<Report>) {
        let symbols: Vec<Symbol> = self.rows.iter().map(|(symbol, _)| symbol).collect();
        for symbol in symbols {
            let waiting: Vec<Key> = self
                .working_in(symbol)
                .filter(|(_, order)| order.time_in_force == TimeInForce::Cls)
                .map(|(key, _)| key)
                .collect();
            for key in &waiting {
                let Some(order) = self.register.get_mut(*key) else { continue };
                order.status = OrderStatus::New;
                order.updated_at = at;
                out.push(said(order, at, What::Routed));
                let market_fill = self.config.fill.market_fill;
                let market = self.rows.get(symbol).and_then(|row| row.market_now(market_fill));
                if let Some(market) = market {
                    self.attempt(*key, &market, at, out);
                }
            }
            if !waiting.is_empty() {
                self.cancel_missed(&waiting, at, out);
                self.refresh(symbol);
            }
        }
    }
}
