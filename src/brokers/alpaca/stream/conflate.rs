//! Market data between the socket and a gateway that may be busy.
//!
//! The newest quote and the newest print of each symbol replace older ones, which are
//! counted; links, gaps, bars and halts are kept in order. The socket is never made to
//! wait, as a venue drops a client that reads too slowly. Knows no task.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::brokers::Push;
use crate::domain::ids::Symbol;
use crate::domain::market::{Quote, Tick};
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;

/// Pushes that are kept in order at most. A gateway that has not looked for so long
/// reads the bars anew: they are dropped together and told as a gap.
const KEPT_MAX: usize = 65_536;

/// Takes what the data stream says. It must return at once: the socket waits for it.
pub trait Sink: Send + Sync + 'static {
    /// Takes one push.
    fn push(&self, push: Push);
}

/// What has gathered since it was last taken.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gathered {
    /// Links, gaps, bars and halts in the order in which they came; to be handed on
    /// before the rest.
    pub kept: Vec<Push>,
    /// The newest quote of each symbol that had one.
    pub quotes: Vec<Quote>,
    /// The newest print of each symbol that had one.
    pub ticks: Vec<Tick>,
    /// Quotes that were replaced by newer ones.
    pub quotes_dropped: u64,
    /// Prints that were replaced by newer ones.
    pub ticks_dropped: u64,
}

impl Gathered {
    /// Tells whether there is nothing to hand on.
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.quotes.is_empty() && self.ticks.is_empty()
    }
}

#[derive(Default)]
struct Held {
    gathered: Gathered,
    /// Where a symbol's quote stands in `gathered`, valid for one generation.
    quote_places: SymbolMap<(u64, usize)>,
    tick_places: SymbolMap<(u64, usize)>,
    /// Counts takings, so that places need not be cleared.
    generation: u64,
    /// Since when kept pushes have been dropped.
    gap: Option<Timestamp>,
}

/// Gathers pushes until the gateway takes them.
#[derive(Default)]
pub struct Conflator {
    held: Mutex<Held>,
    ready: Notify,
}

impl fmt::Debug for Conflator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflator").finish_non_exhaustive()
    }
}

impl Conflator {
    /// A panic while it was held cannot have left it half changed in a way that matters.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what has gathered.
    pub fn take(&self) -> Gathered {
        let mut held = self.held();
        held.generation += 1;
        let mut gathered = std::mem::take(&mut held.gathered);
        if let Some(since) = held.gap.take() {
            gathered.kept.push(Push::MarketResumed { since });
        }
        gathered
    }

    /// Waits until something has gathered; may return once too often. One waits at a
    /// time: the gateway.
    pub async fn ready(&self) {
        self.ready.notified().await;
    }
}

impl Sink for Conflator {
    fn push(&self, push: Push) {
        self.held().put(push);
        self.ready.notify_one();
    }
}

impl Held {
    fn put(&mut self, push: Push) {
        let Gathered { quotes, quotes_dropped, ticks, ticks_dropped, .. } = &mut self.gathered;
        match push {
            Push::Quote(quote) => {
                let places = &mut self.quote_places;
                *quotes_dropped += place(places, self.generation, quote.symbol, quote, quotes);
            }
            Push::Tick(tick) => {
                let places = &mut self.tick_places;
                *ticks_dropped += place(places, self.generation, tick.symbol, tick, ticks);
            }
            Push::Link { .. }
            | Push::Order(_)
            | Push::OrdersResumed
            | Push::Bar(..)
            | Push::Status(_)
            | Push::MarketResumed { .. } => self.keep(push),
        }
    }

    fn keep(&mut self, push: Push) {
        if self.gathered.kept.len() < KEPT_MAX {
            self.gathered.kept.push(push);
            return;
        }
        let is_bar = |push: &Push| match push {
            Push::Bar(_, bar) => Some(bar.start),
            Push::Link { .. }
            | Push::Order(_)
            | Push::OrdersResumed
            | Push::Status(_)
            | Push::MarketResumed { .. }
            | Push::Quote(_)
            | Push::Tick(_) => None,
        };
        let kept = &mut self.gathered.kept;
        let first = kept.iter().chain([&push]).filter_map(is_bar).min();
        self.gap = self.gap.into_iter().chain(first).min();
        kept.retain(|push| is_bar(push).is_none());
        if is_bar(&push).is_none() {
            kept.push(push);
        }
    }
}

/// Puts the newest value of a symbol in its place; returns how many it replaced.
fn place<T>(
    places: &mut SymbolMap<(u64, usize)>,
    generation: u64,
    symbol: Symbol,
    value: T,
    values: &mut Vec<T>,
) -> u64 {
    // No generation before the first is zero minus one.
    let at = places.row(symbol, || (u64::MAX, 0));
    if at.0 == generation
        && let Some(held) = values.get_mut(at.1)
    {
        *held = value;
        return 1;
    }
    *at = (generation, values.len());
    values.push(value);
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::market::{Bar, Interval};
    use crate::domain::money::Price;

    fn quote(symbol: &str, cents: i64) -> Push {
        let price = Price::from_cents(cents).unwrap();
        let symbol = Symbol::new(symbol).unwrap();
        Push::Quote(Quote::new(symbol, (price, 1), (price, 1), Timestamp::default()).unwrap())
    }

    fn bar(minute: i64) -> Push {
        let price = Price::from_cents(100).unwrap();
        let symbol = Symbol::new("AAPL").unwrap();
        let start = Timestamp::from_seconds(minute * 60);
        let (open, high, low, close) = (price, price, price, price);
        Push::Bar(Interval::Minute, Bar { symbol, open, high, low, close, volume: 1, start })
    }

    #[test]
    fn only_the_newest_quote_of_a_symbol_is_kept_and_the_rest_counted() {
        let conflator = Conflator::default();
        for (symbol, cents) in [("A", 1), ("B", 2), ("A", 3), ("A", 4)] {
            conflator.push(quote(symbol, cents));
        }
        let gathered = conflator.take();
        let prices: Vec<String> =
            gathered.quotes.iter().map(|quote| quote.bid.to_string()).collect();
        assert_eq!((prices, gathered.quotes_dropped), (vec!["0.04".into(), "0.02".into()], 2));
        assert!(conflator.take().is_empty());
        conflator.push(quote("A", 5));
        assert_eq!(conflator.take().quotes.len(), 1, "a new generation");
    }

    #[test]
    fn bars_are_never_dropped_without_a_word() {
        let conflator = Conflator::default();
        let total = i64::try_from(KEPT_MAX).unwrap() + 3;
        for minute in 0..total {
            conflator.push(bar(minute + 7));
        }
        let gathered = conflator.take();
        let since = Timestamp::from_seconds(7 * 60);
        assert_eq!(gathered.kept.last(), Some(&Push::MarketResumed { since }));
        assert_eq!(gathered.kept.len(), 3, "two bars since, and the gap");
        assert!(conflator.take().is_empty());
    }

    #[tokio::test]
    async fn a_push_before_the_waiting_is_not_missed() {
        let conflator = Conflator::default();
        conflator.push(bar(1));
        conflator.ready().await;
        assert_eq!(conflator.take().kept, [bar(1)]);
    }
}
