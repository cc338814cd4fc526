//! What the calendar and the primary market do to orders: open, close, halt,
//! split.

use jiff::SignedDuration;

use crate::domain::ids::Symbol;
use crate::domain::market::{Session, TradingStatus};
use crate::domain::money::{Price, Qty};
use crate::domain::order::TimeInForce;
use crate::domain::time::Timestamp;

use super::engine::Exchange;
use super::order::{Order, OrderStatus};
use super::register::Key;
use super::report::{CancelCause, Report, What};
use super::row::Row;
use super::settle::said;

/// How long a GTC order lives (Alpaca, page §4.9 of October 2026).
const GTC_DAYS_MAX: i64 = 90;

impl Exchange {
    /// Begins another part of the trading day.
    ///
    /// Queued orders begin to work when their session opens; they execute at the
    /// next price, not at this instant. DAY orders that have worked end when the
    /// regular session ends, those for extended hours when all trading ends. An
    /// order that still waits for its session is left alone.
    pub fn set_session(&mut self, session: Session, at: Timestamp, out: &mut Vec<Report>) {
        if self.session == session {
            return;
        }
        if self.session == Session::Open {
            self.close_auction(at, out);
        }
        let before = std::mem::replace(&mut self.session, session);
        if before == Session::Open {
            self.last_equity = self.book.equity();
        }
        let symbols: Vec<Symbol> = self
            .rows
            .iter()
            .filter(|(_, row)| !row.live().is_empty())
            .map(|(symbol, _)| symbol)
            .collect();
        for symbol in symbols {
            let keys: Vec<Key> = self.working_in(symbol).map(|(key, _)| key).collect();
            for key in keys {
                if self.register.get(key).is_some_and(|order| is_over(order, before, session, at)) {
                    self.expire_group(key, at, out);
                } else {
                    self.route(key, at, out);
                }
            }
            self.refresh(symbol);
        }
    }

    /// Halts a stock, or lets it trade again. Orders are accepted while it is
    /// halted and execute at the first price after the resumption.
    pub fn set_status(&mut self, symbol: Symbol, status: TradingStatus) {
        self.rows.row(symbol, Row::default).status = status;
    }

    /// Splits a stock: `denominator` old shares become `numerator` new ones.
    ///
    /// Working orders of the symbol are cancelled, the position keeps its cost,
    /// and the last price moves the other way. What does not make a billionth of
    /// a share is dropped; cash in lieu is not modelled. Nothing happens when
    /// either number is zero, or when no share or price would be left.
    pub fn split(
        &mut self,
        symbol: Symbol,
        (numerator, denominator): (u32, u32),
        at: Timestamp,
        out: &mut Vec<Report>,
    ) {
        let last = self.rows.get(symbol).and_then(|row| row.last);
        let last = last.or_else(|| self.book.last_mark(symbol));
        let price = last.and_then(|last| {
            let units = i128::from(last.units()) * i128::from(denominator);
            let units = units.checked_div(i128::from(numerator))?;
            Price::from_units(i64::try_from(units).ok()?).ok()
        });
        let Some(price) = price else { return };
        if let Some(position) = self.book.position(symbol) {
            let units = u128::from(position.qty.units()) * u128::from(numerator);
            let qty = units
                .checked_div(u128::from(denominator))
                .and_then(|units| u64::try_from(units).ok())
                .and_then(|units| Qty::from_units(units).ok())
                .filter(|qty| !qty.is_zero());
            let Some(qty) = qty else { return };
            self.book.split(symbol, qty, price);
        }
        let keys: Vec<Key> = self.working_in(symbol).map(|(key, _)| key).collect();
        for key in keys {
            self.cancel_group(key, CancelCause::CorporateAction, at, out);
        }
        let row = self.rows.row(symbol, Row::default);
        row.last = Some(price);
        row.quote = None;
        self.refresh(symbol);
    }

    fn route(&mut self, key: Key, at: Timestamp, out: &mut Vec<Report>) {
        let Some(order) = self.register.get(key) else { return };
        let waits_for_close = order.time_in_force == TimeInForce::Cls;
        if order.status != OrderStatus::Accepted
            || waits_for_close
            || !self.is_in_session(order.extended_hours)
        {
            return;
        }
        let Some(order) = self.register.get_mut(key) else { return };
        order.status = OrderStatus::New;
        order.updated_at = at;
        out.push(said(order, at, What::Routed));
    }
}

/// Tells whether an order's time ends with the change from one session to the
/// next.
fn is_over(order: &Order, before: Session, after: Session, at: Timestamp) -> bool {
    // A queued order, and the legs that wait for it, have not worked yet; legs
    // end with the order that heads their group.
    if order.status == OrderStatus::Accepted || order.status == OrderStatus::Held {
        return false;
    }
    match order.time_in_force {
        TimeInForce::Day if order.extended_hours => after == Session::Closed,
        TimeInForce::Day
        | TimeInForce::Ioc
        | TimeInForce::Fok
        | TimeInForce::Opg
        | TimeInForce::Cls => before == Session::Open,
        TimeInForce::Gtc => {
            let age = at.since(order.submitted_at);
            before == Session::Open && age >= SignedDuration::from_hours(24 * GTC_DAYS_MAX)
        }
    }
}
