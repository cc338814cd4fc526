//! At which price an order executes: pure functions of order and market.
//!
//! **Bars.** Nothing is known of the way inside a bar, so a reached stop is
//! taken to come before a reached target (`Pass`), and both are judged by the
//! bar after the one in which they were armed. A sell stop executes at
//! min(stop, open), a buy stop at max(stop, open): a gap through the stop costs
//! the gap. A sell limit executes at max(limit, open), a buy limit at min(limit,
//! open): a gap in our favour is ours. A trailing stop is judged first and
//! follows the bar's best price afterwards.
//!
//! **Quotes and ticks.** Market orders and marketable limits execute at the far
//! side of the quote. Stops are elected by ticks as soon as the symbol has ever
//! had one (Alpaca elects on consolidated prints), before that by the far side
//! of the quote; they execute at the far side. A tick at or through a resting
//! limit executes it at the tick's price.

use crate::domain::market::{Bar, Quote};
use crate::domain::money::{Price, Qty};
use crate::domain::order::OrderKind;
use crate::domain::order::Side;

use super::order::Order;

/// What is known of a symbol's market when orders are judged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Market {
    /// A whole bar.
    Bar(Bar),
    /// Bid and ask.
    Quote {
        quote: Quote,
        /// Whether it may elect stops.
        elects: bool,
    },
    /// A print, with the quote around it.
    Tick { price: Price, size: Qty, quote: Option<Quote> },
    /// Only the last price, at the time of submission.
    Last(Price),
}

/// What a market does to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Rest,
    /// Its stop is reached, its limit is not.
    Elect,
    /// It executes within its limit.
    FillLimit(Price),
    /// It executes at the market's price.
    FillMarket(Price),
}

/// In which order the orders of a symbol are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Market orders and elected stops: they execute at a bar's open.
    Market,
    /// Stops: taken to be reached before targets.
    Stops,
    /// Limits and elected stop-limits.
    Limits,
}

impl Pass {
    pub(super) const ORDER: [Self; 3] = [Self::Market, Self::Stops, Self::Limits];

    /// The pass in which an order is judged.
    pub(super) const fn of(order: &Order) -> Self {
        match (order.kind, order.is_elected) {
            (OrderKind::Market, _)
            | (OrderKind::Stop { .. } | OrderKind::TrailingStop { .. }, true) => Self::Market,
            (OrderKind::Limit { .. }, _) | (OrderKind::StopLimit { .. }, true) => Self::Limits,
            (
                OrderKind::Stop { .. }
                | OrderKind::StopLimit { .. }
                | OrderKind::TrailingStop { .. },
                false,
            ) => Self::Stops,
        }
    }
}

/// Judges one order.
pub(super) fn judge(order: &Order, market: &Market) -> Verdict {
    match Pass::of(order) {
        Pass::Market => Verdict::FillMarket(market_price(order.side, market)),
        Pass::Limits => order
            .kind
            .limit()
            .and_then(|limit| limit_price(order.side, limit, market))
            .map_or(Verdict::Rest, Verdict::FillLimit),
        Pass::Stops => {
            let reached = order.stop.and_then(|stop| stop_price(order.side, stop, market));
            match (reached, order.kind.limit()) {
                (None, _) => Verdict::Rest,
                (Some(price), None) => Verdict::FillMarket(price),
                (Some(price), Some(limit)) if is_within(order.side, price, limit) => {
                    Verdict::FillLimit(price)
                }
                (Some(_), Some(_)) => Verdict::Elect,
            }
        }
    }
}

/// Returns the price that moves the best price of a trailing stop.
pub(super) const fn best_price(side: Side, market: &Market) -> Option<Price> {
    match (side, market) {
        (Side::Sell, Market::Bar(bar)) => Some(bar.high),
        (Side::Buy, Market::Bar(bar)) => Some(bar.low),
        (Side::Sell, Market::Quote { quote, elects: true }) => Some(quote.bid),
        (Side::Buy, Market::Quote { quote, elects: true }) => Some(quote.ask),
        (_, Market::Tick { price, .. }) => Some(*price),
        (_, Market::Quote { elects: false, .. } | Market::Last(_)) => None,
    }
}

const fn is_within(side: Side, price: Price, limit: Price) -> bool {
    match side {
        Side::Buy => price.units() <= limit.units(),
        Side::Sell => price.units() >= limit.units(),
    }
}

const fn far_side(side: Side, quote: &Quote) -> Price {
    match side {
        Side::Buy => quote.ask,
        Side::Sell => quote.bid,
    }
}

fn market_price(side: Side, market: &Market) -> Price {
    match market {
        Market::Bar(bar) => bar.open,
        Market::Quote { quote, .. } | Market::Tick { quote: Some(quote), .. } => {
            far_side(side, quote)
        }
        Market::Tick { price, quote: None, .. } | Market::Last(price) => *price,
    }
}

fn limit_price(side: Side, limit: Price, market: &Market) -> Option<Price> {
    match market {
        Market::Bar(bar) => match side {
            Side::Buy => (bar.low <= limit).then(|| limit.min(bar.open)),
            Side::Sell => (bar.high >= limit).then(|| limit.max(bar.open)),
        },
        Market::Quote { quote, .. } => {
            Some(far_side(side, quote)).filter(|price| is_within(side, *price, limit))
        }
        Market::Tick { price, .. } | Market::Last(price) => {
            Some(*price).filter(|price| is_within(side, *price, limit))
        }
    }
}

/// Returns the price after the stop when it is reached.
fn stop_price(side: Side, stop: Price, market: &Market) -> Option<Price> {
    // A stop is reached where a limit of the other side would execute.
    let is_reached = |price: Price| is_within(side.opposite(), price, stop);
    match market {
        Market::Bar(bar) => match side {
            Side::Sell => (bar.low <= stop).then(|| stop.min(bar.open)),
            Side::Buy => (bar.high >= stop).then(|| stop.max(bar.open)),
        },
        Market::Quote { quote, elects: true } => {
            Some(far_side(side, quote)).filter(|price| is_reached(*price))
        }
        Market::Tick { price, .. } => is_reached(*price).then(|| market_price(side, market)),
        Market::Quote { elects: false, .. } | Market::Last(_) => None,
    }
}
