//! How prices reach the orders: bars, quotes and ticks.
//!
//! Most prices concern no order; [`Row::is_moved_by`] finds that out by comparing
//! two numbers. Otherwise the symbol's orders are judged in the order of
//! [`Pass`], and within a pass oldest first.

use rand::Rng;

use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, Quote, Session, Tick, TradingStatus};
use crate::domain::money::{Price, Qty};
use crate::domain::order::OrderKind;
use crate::domain::order::Side;
use crate::domain::order::TimeInForce;
use crate::domain::time::Timestamp;

use super::auctions::is_auction;
use super::config::{Partials, moved_against};
use super::engine::Exchange;
use super::matching::{Market, Pass, Verdict, best_price, judge};
use super::order::{Intent, Order, OrderStatus};
use super::register::Key;
use super::report::{CancelCause, Report};
use super::row::Row;

impl Exchange {
    /// Takes a finished bar into account.
    ///
    /// A bar replaces the quote of its symbol: until the next quote, the close is
    /// all that is known.
    pub fn on_bar(&mut self, bar: &Bar, at: Timestamp, out: &mut Vec<Report>) {
        self.book.mark(bar.symbol, bar.close);
        let row = self.rows.row(bar.symbol, Row::default);
        row.bars += 1;
        row.set_last(bar.open, bar.close);
        row.quote = None;
        let market = Market::Bar(*bar);
        if row.is_moved_by(self.config.fill.partials, &market, (bar.low, bar.high)) {
            self.judge_all(bar.symbol, &market, at, out);
        }
    }

    /// Takes a new best bid and offer into account.
    pub fn on_quote(&mut self, quote: &Quote, at: Timestamp, out: &mut Vec<Report>) {
        let row = self.rows.row(quote.symbol, Row::default);
        row.quote = Some(*quote);
        let elects = !row.has_ticks;
        if elects {
            let middle = quote.mid();
            row.set_last(middle, middle);
            self.book.mark(quote.symbol, middle);
        }
        let market = Market::Quote { quote: *quote, elects };
        if row.is_moved_by(self.config.fill.partials, &market, (quote.bid, quote.ask)) {
            self.judge_all(quote.symbol, &market, at, out);
        }
    }

    /// Takes a trade print into account.
    pub fn on_tick(&mut self, tick: &Tick, at: Timestamp, out: &mut Vec<Report>) {
        self.book.mark(tick.symbol, tick.price);
        let row = self.rows.row(tick.symbol, Row::default);
        row.has_ticks = true;
        row.set_last(tick.price, tick.price);
        let market = Market::Tick { price: tick.price, size: tick.size, quote: row.quote };
        if row.is_moved_by(self.config.fill.partials, &market, (tick.price, tick.price)) {
            self.judge_all(tick.symbol, &market, at, out);
        }
    }

    /// Judges all working orders of a symbol.
    fn judge_all(&mut self, symbol: Symbol, market: &Market, at: Timestamp, out: &mut Vec<Report>) {
        let mut keys = std::mem::take(&mut self.scratch);
        keys.clear();
        keys.extend_from_slice(self.rows.get(symbol).map_or(&[][..], Row::live));
        for pass in Pass::ORDER {
            for key in &keys {
                if self.register.get(*key).is_some_and(|order| Pass::of(order) == pass) {
                    self.attempt(*key, market, at, out);
                }
            }
        }
        self.cancel_missed(&keys, at, out);
        self.scratch = keys;
        self.refresh(symbol);
    }

    /// Tries an order that has just arrived against what is known now. The bounds of its
    /// symbol are the caller's to compute anew.
    pub(super) fn attempt_now(&mut self, key: Key, at: Timestamp, out: &mut Vec<Report>) {
        let Some(order) = self.register.get(key) else { return };
        let (symbol, is_immediate) = (order.symbol, is_immediate(order));
        let can_execute = self.may_execute(order);
        let market =
            self.rows.get(symbol).and_then(|row| row.market_now(self.config.fill.market_fill));
        if let Some(market) = market {
            self.attempt(key, &market, at, out);
        }
        if is_immediate && (market.is_some() || !can_execute) {
            self.cancel_missed(&[key], at, out);
        }
    }

    /// Cancels what is left of orders that had to execute at once.
    pub(super) fn cancel_missed(&mut self, keys: &[Key], at: Timestamp, out: &mut Vec<Report>) {
        for key in keys {
            if self.register.get(*key).is_some_and(is_immediate) {
                self.cancel_group(*key, CancelCause::NotImmediate, at, out);
            }
        }
    }

    /// Judges one order and carries the verdict out.
    pub(super) fn attempt(
        &mut self,
        key: Key,
        market: &Market,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) {
        let Some(order) = self.register.get(key) else { return };
        if !self.may_execute(order) || self.is_too_new(order, market) {
            return;
        }
        let verdict = judge(order, market);
        let bar = self.rows.get(order.symbol).map_or(0, |row| row.bars);
        let Some(order) = self.register.get_mut(key) else { return };
        match verdict {
            Verdict::Rest => {
                if let Some(price) = best_price(order.side, market) {
                    follow(order, price);
                }
            }
            Verdict::Elect => {
                // Whether the rest of this bar reached the limit is not known.
                order.is_elected = true;
                order.armed_in_bar = bar;
            }
            Verdict::FillLimit(price) => {
                order.is_elected |= matches!(order.kind, OrderKind::StopLimit { .. });
                self.execute(key, price, at, out);
            }
            Verdict::FillMarket(price) => {
                order.is_elected |= order.stop.is_some();
                let side = order.side;
                let price = self.slipped(side, price);
                self.execute(key, price, at, out);
            }
        }
    }

    /// Tells whether session and halts let an order execute.
    ///
    /// While short sales are restricted (Rule 201), an opening sale executes only
    /// on an uptick.
    pub(super) fn may_execute(&self, order: &Order) -> bool {
        if is_auction(order.time_in_force) && order.status == OrderStatus::Accepted {
            return false;
        }
        let status = self.rows.get(order.symbol).map(|row| (row.status, row.is_uptick));
        let is_tradable = match status {
            None | Some((TradingStatus::Trading, _)) => true,
            Some((TradingStatus::Halted | TradingStatus::LuldPaused, _)) => false,
            Some((TradingStatus::ShortSaleRestricted, is_uptick)) => {
                let is_short = order.side == Side::Sell && order.intent == Intent::Open;
                is_uptick || !is_short
            }
        };
        let works = order.is_armed && order.status != OrderStatus::DoneForDay;
        works && is_tradable && self.is_in_session(order.extended_hours)
    }

    /// Tells whether orders work in the present session.
    pub(super) const fn is_in_session(&self, extended_hours: bool) -> bool {
        match self.session {
            Session::Open => true,
            Session::PreMarket | Session::AfterHours => extended_hours,
            Session::Closed => false,
        }
    }

    /// A bar says nothing to an order that was armed inside it.
    fn is_too_new(&self, order: &Order, market: &Market) -> bool {
        matches!(market, Market::Bar(_))
            && self.rows.get(order.symbol).is_some_and(|row| order.armed_in_bar >= row.bars)
    }

    /// Moves a market price against us. Without slippage the price stands as it
    /// is: executions, unlike orders, may be finer than the increment.
    fn slipped(&self, side: Side, price: Price) -> Price {
        let basis_points = self.config.fill.slippage_bps;
        if basis_points == 0 {
            return price;
        }
        let moved = moved_against(price, side, basis_points);
        let moved = if self.config.enforce_increments {
            moved.and_then(|price| price.round_to_increment(side.rounding()))
        } else {
            moved
        };
        moved.unwrap_or(price)
    }

    fn execute(&mut self, key: Key, price: Price, at: Timestamp, out: &mut Vec<Report>) {
        let Some(order) = self.register.get(key) else { return };
        let (symbol, side, leaves) = (order.symbol, order.side, order.leaves());
        let is_all_or_none = order.time_in_force == TimeInForce::Fok;
        let qty = self.executable(symbol, side, leaves, is_all_or_none);
        if qty.is_zero() || (is_all_or_none && qty < leaves) {
            return;
        }
        if let Some(row) = self.rows.get_mut(symbol) {
            row.take(side, qty);
        }
        self.fill(key, qty, price, at, out);
    }

    /// How much of an order the newest price is good for.
    fn executable(&mut self, symbol: Symbol, side: Side, leaves: Qty, whole: bool) -> Qty {
        match self.config.fill.partials {
            Partials::Never => leaves,
            Partials::Displayed | Partials::VolumeShare { .. } => {
                self.rows.get(symbol).map_or(leaves, |row| leaves.min(row.left(side)))
            }
            Partials::Random { percent, .. } => {
                let shares = leaves.floor_shares();
                if whole || shares < 2 || self.random.next_u64() % 100 >= u64::from(percent) {
                    return leaves;
                }
                let part = 1 + self.random.next_u64() % (shares - 1);
                Qty::shares(part).unwrap_or(leaves)
            }
        }
    }
}

const fn is_immediate(order: &Order) -> bool {
    match order.time_in_force {
        TimeInForce::Ioc | TimeInForce::Fok => true,
        TimeInForce::Opg | TimeInForce::Cls => !matches!(order.status, OrderStatus::Accepted),
        TimeInForce::Day | TimeInForce::Gtc => false,
    }
}

/// Lets a trailing stop follow a better price.
fn follow(order: &mut Order, price: Price) {
    let is_better = match order.side {
        Side::Sell => order.best.is_none_or(|best| price > best),
        Side::Buy => order.best.is_none_or(|best| price < best),
    };
    if is_better {
        order.trail_from(price);
    }
}
