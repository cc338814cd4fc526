//! A second source of market data, beside the first.
//!
//! While both are there they are compared: a far price that both say is no mistake of
//! one (C11), and one that they do not agree on is no price to trade on. While the first
//! is away the second stands in, and that is said. Orders know nothing of it. Which
//! source is which is decided where the house is put together.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::domain::market::Quote;
use crate::domain::money::Price;
use crate::events::{FeedLinkChanged, SourceChanged};

/// Bid and ask, or one price twice.
pub(super) type Range = (Price, Price);

/// The range of a quote.
pub(super) const fn range(quote: &Quote) -> Range {
    (quote.bid, quote.ask)
}

/// Whether two ranges overlap, or lie no further apart than a fraction of the price:
/// one exchange's bid and ask lie wide around those of all exchanges.
pub(super) fn agree(first: Range, second: Range, limit: Decimal) -> bool {
    let (below, above) = (first.1.min(second.1), first.0.max(second.0));
    above <= below || above.minus(below) <= below.as_money().scaled(limit)
}

/// A source's name and link.
#[derive(Debug, Default)]
struct Source {
    name: Arc<str>,
    is_up: bool,
}

impl Source {
    /// Takes a change of its link; the name is the broker's part of the feed's.
    fn see(&mut self, changed: &FeedLinkChanged) {
        let name = broker_of(&changed.feed);
        if *self.name != *name {
            self.name = Arc::from(name);
        }
        self.is_up = changed.state.is_up();
    }
}

/// The broker's part of a feed's name: `alpaca` of `alpaca.iex`.
fn broker_of(feed: &str) -> &str {
    feed.split_once('.').map_or(feed, |(broker, _)| broker)
}

/// What is made of two sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Use {
    /// The first alone.
    #[default]
    First,
    /// The first, compared with the second.
    Both,
    /// The second in the place of the first.
    StandIn,
}

/// Which of two sources is passed on. With one source alone it never says anything.
#[derive(Debug, Default)]
pub(super) struct Sources {
    first: Source,
    second: Source,
    now: Use,
}

impl Sources {
    /// Takes a change of the first source's link; returns what changes by it.
    pub(super) fn first_link(&mut self, changed: &FeedLinkChanged) -> Option<SourceChanged> {
        self.first.see(changed);
        self.moved(changed)
    }

    /// Takes a change of the second source's link; returns what changes by it.
    pub(super) fn second_link(&mut self, changed: &FeedLinkChanged) -> Option<SourceChanged> {
        self.second.see(changed);
        self.moved(changed)
    }

    /// Whether the second source's data are passed on.
    pub(super) fn stands_in(&self) -> bool {
        self.now == Use::StandIn
    }

    /// Whether what both say is compared.
    pub(super) fn compares(&self) -> bool {
        self.now == Use::Both
    }

    /// The names of both.
    pub(super) const fn names(&self) -> (&Arc<str>, &Arc<str>) {
        (&self.first.name, &self.second.name)
    }

    fn moved(&mut self, by: &FeedLinkChanged) -> Option<SourceChanged> {
        let now = match (self.first.is_up, self.second.is_up) {
            (_, false) => Use::First,
            (true, true) => Use::Both,
            (false, true) => Use::StandIn,
        };
        if std::mem::replace(&mut self.now, now) == now {
            return None;
        }
        let (first, second) = (self.first.name.clone(), self.second.name.clone());
        let (source, second) = match now {
            Use::First => (first, None),
            Use::Both => (first, Some(second)),
            Use::StandIn => (second, None),
        };
        let reason = format!("{} is {}", by.feed, by.state.name());
        Some(SourceChanged { source, second, stands_in: now == Use::StandIn, reason })
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;

    use super::*;
    use crate::fsm::link::LinkState;

    #[test]
    fn sources_agree_where_their_ranges_meet_or_lie_close() {
        let range = |(bid, ask): (&str, &str)| (bid.parse().unwrap(), ask.parse().unwrap());
        for (first, second, expected) in [
            (("10.00", "10.02"), ("10.01", "10.03"), true),
            // One exchange alone quotes wide.
            (("9.00", "12.00"), ("10.01", "10.03"), true),
            (("10.00", "10.00"), ("10.10", "10.12"), true),
            (("10.00", "10.00"), ("10.11", "10.12"), false),
            (("10.11", "10.12"), ("10.00", "10.00"), false),
        ] {
            let found = agree(range(first), range(second), dec!(0.01));
            assert_eq!(found, expected, "{first:?} {second:?}");
        }
    }

    #[test]
    fn the_second_stands_in_only_while_the_first_is_away_and_it_is_there() {
        let mut sources = Sources::default();
        let mut see = |is_first: bool, state| {
            let feed = if is_first { "alpaca.iex" } else { "schwab.streamer" }.to_owned();
            let changed = FeedLinkChanged { feed, state };
            let said =
                if is_first { sources.first_link(&changed) } else { sources.second_link(&changed) };
            said.map(|said| {
                format!("{}+{} {}", said.source, said.second.unwrap_or_default(), said.reason)
            })
        };
        let said = |text: &str| Some(text.to_owned());
        // One source alone has nothing to say.
        assert_eq!(see(true, LinkState::Up), None);
        assert_eq!(see(true, LinkState::Stale), None);
        assert_eq!(see(true, LinkState::Up), None);
        assert_eq!(see(false, LinkState::Connecting { attempts: 0 }), None);
        assert_eq!(see(false, LinkState::Up), said("alpaca+schwab schwab.streamer is UP"));
        assert_eq!(see(true, LinkState::Stale), said("schwab+ alpaca.iex is STALE"));
        assert_eq!(see(true, LinkState::Down { attempts: 1 }), None);
        assert_eq!(see(true, LinkState::Up), said("alpaca+schwab alpaca.iex is UP"));
        assert_eq!(
            see(false, LinkState::Down { attempts: 1 }),
            said("alpaca+ schwab.streamer is DOWN")
        );
    }
}
