//! What the exchange remembers about one symbol: its last prices, its working
//! orders, and two bounds that tell at a glance whether a price can matter.

use crate::domain::market::{Quote, TradingStatus};
use crate::domain::money::{Price, Qty};
use crate::domain::order::OrderKind;
use crate::domain::order::Side;
use crate::domain::order::TimeInForce;

use super::config::{MarketFill, Partials};
use super::matching::{Market, Pass};
use super::order::Order;
use super::register::{Key, Register};

/// One symbol at the exchange.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Working orders, oldest first.
    live: Vec<Key>,
    /// How many of these buy and sell.
    buys: usize,
    sells: usize,
    /// The last price: of a tick, a bar's close, or the middle of a quote while
    /// the symbol never had either.
    pub(super) last: Option<Price>,
    /// The newest quote; forgotten when a bar arrives.
    pub(super) quote: Option<Quote>,
    /// Whether the symbol ever had a tick; then only ticks elect stops.
    pub(super) has_ticks: bool,
    /// Whether the newest price was above the one before (Rule 201).
    pub(super) is_uptick: bool,
    pub(super) status: TradingStatus,
    /// Bars seen so far.
    pub(super) bars: u64,
    /// Shares that may still be bought at the newest price.
    left_to_buy: Qty,
    /// Shares that may still be sold at the newest price.
    left_to_sell: Qty,
    /// No working order cares for prices above this, in price units ...
    below: i64,
    /// ... and below this.
    above: i64,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            live: Vec::new(),
            buys: 0,
            sells: 0,
            last: None,
            quote: None,
            has_ticks: false,
            is_uptick: false,
            status: TradingStatus::default(),
            bars: 0,
            left_to_buy: Qty::MAX,
            left_to_sell: Qty::MAX,
            below: i64::MIN,
            above: i64::MAX,
        }
    }
}

impl Row {
    /// The working orders, oldest first.
    pub(super) fn live(&self) -> &[Key] {
        &self.live
    }

    /// The working orders, where there are any of a side.
    pub(super) fn live_with(&self, side: Side) -> &[Key] {
        let count = match side {
            Side::Buy => self.buys,
            Side::Sell => self.sells,
        };
        if count == 0 { &[] } else { &self.live }
    }

    /// Takes a working order in.
    pub(super) fn add(&mut self, key: Key, side: Side) {
        self.live.push(key);
        *self.count(side) += 1;
    }

    /// Lets a working order go, if it is one.
    pub(super) fn remove(&mut self, key: Key, side: Side) {
        let before = self.live.len();
        self.live.retain(|held| *held != key);
        *self.count(side) -= before - self.live.len();
    }

    const fn count(&mut self, side: Side) -> &mut usize {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    /// Tells whether no working order can be moved by prices in `low ..= high`.
    const fn is_quiet(&self, low: Price, high: Price) -> bool {
        low.units() > self.below && high.units() < self.above
    }

    /// Takes in what a market is good for, and tells whether its prices, from low
    /// to high, can move a working order.
    pub(super) fn is_moved_by(
        &mut self,
        partials: Partials,
        market: &Market,
        (low, high): (Price, Price),
    ) -> bool {
        if partials != Partials::Never {
            self.set_capacity(partials, market);
        }
        !self.is_quiet(low, high)
    }

    /// Takes note of a new last price.
    pub(super) fn set_last(&mut self, first: Price, last: Price) {
        self.is_uptick = self.last.is_some_and(|before| first > before);
        self.last = Some(last);
    }

    /// Computes the bounds anew after the working orders have changed.
    pub(super) fn refresh(&mut self, register: &Register) {
        (self.below, self.above) = (i64::MIN, i64::MAX);
        for at in 0..self.live.len() {
            if let Some(order) = register.get(self.live[at]) {
                self.widen(order);
            }
        }
    }

    /// Widens the bounds by the prices that one working order cares for.
    pub(super) fn widen(&mut self, order: &Order) {
        if !order.is_armed {
            return;
        }
        match interest(order) {
            Interest::Always => self.below = i64::MAX,
            Interest::AtOrBelow(price) => self.below = self.below.max(price.units()),
            Interest::AtOrAbove(price) => self.above = self.above.min(price.units()),
        }
    }

    /// The market at the time of a submission, `None` when an order that can
    /// execute has to wait for the next price.
    pub(super) fn market_now(&self, market_fill: MarketFill) -> Option<Market> {
        match (self.quote, market_fill) {
            (Some(quote), _) => Some(Market::Quote { quote, elects: false }),
            (None, MarketFill::Last) => self.last.map(Market::Last),
            (None, MarketFill::NextOpen) => None,
        }
    }

    /// Sets how many shares the newest price is good for.
    fn set_capacity(&mut self, partials: Partials, market: &Market) {
        let whole = |shares: u64| Qty::shares(shares).unwrap_or(Qty::MAX);
        let (bought, sold) = match (partials, market) {
            (Partials::Never | Partials::Random { .. }, _)
            | (Partials::Displayed, Market::Bar(_))
            | (_, Market::Last(_)) => (Qty::MAX, Qty::MAX),
            (Partials::VolumeShare { percent }, Market::Bar(bar)) => {
                let share = u128::from(bar.volume) * u128::from(percent) / 100;
                let share = whole(u64::try_from(share).unwrap_or(u64::MAX));
                (share, share)
            }
            (_, Market::Quote { quote, .. }) => (whole(quote.ask_size), whole(quote.bid_size)),
            (_, Market::Tick { size, .. }) => (*size, *size),
        };
        (self.left_to_buy, self.left_to_sell) = (bought, sold);
    }

    /// Returns how many shares the newest price is still good for.
    pub(super) const fn left(&self, side: Side) -> Qty {
        match side {
            Side::Buy => self.left_to_buy,
            Side::Sell => self.left_to_sell,
        }
    }

    /// Uses up part of what the newest price is good for.
    pub(super) fn take(&mut self, side: Side, qty: Qty) {
        let left = match side {
            Side::Buy => &mut self.left_to_buy,
            Side::Sell => &mut self.left_to_sell,
        };
        if *left != Qty::MAX {
            *left = left.saturating_sub(qty);
        }
    }
}

/// Which prices an order cares for.
enum Interest {
    Always,
    AtOrBelow(Price),
    AtOrAbove(Price),
}

fn interest(order: &Order) -> Interest {
    let is_immediate =
        matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::Opg);
    if is_immediate || matches!(order.kind, OrderKind::TrailingStop { .. }) {
        return Interest::Always;
    }
    let (price, side) = match Pass::of(order) {
        Pass::Market => return Interest::Always,
        Pass::Stops => (order.stop, order.side.opposite()),
        Pass::Limits => (order.kind.limit(), order.side),
    };
    match (price, side) {
        (None, _) => Interest::Always,
        (Some(price), Side::Buy) => Interest::AtOrBelow(price),
        (Some(price), Side::Sell) => Interest::AtOrAbove(price),
    }
}
