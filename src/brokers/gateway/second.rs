//! The way in for a gateway whose broker is read for its data alone, beside the broker
//! that takes the orders.
//!
//! Its market data are told as a second source's, its breakers, budget and alerts as any
//! other's. What it reads of orders, positions and cash is not the house's account and
//! goes no further. Knows no broker.

use std::sync::Arc;

use crate::brokers::gateway::entrance::{Closed, Entrance};
use crate::domain::ids::AgentId;
use crate::domain::time::Timestamp;
use crate::events::{Event, FeedEvent, SecondStep, SystemEvent};

/// Lets in what a second broker's gateway says.
#[derive(Debug)]
pub struct SecondEntrance<E> {
    entrance: E,
    source: Arc<str>,
}

impl<E: Entrance> SecondEntrance<E> {
    /// Puts it before the way into the house; `source` is the broker, such as `schwab`.
    pub fn new(entrance: E, source: &str) -> Self {
        Self { entrance, source: Arc::from(source) }
    }

    /// The event as the house hears it; `None` for what is not its own.
    fn told(&self, event: Event) -> Option<Event> {
        match event {
            Event::Feed(FeedEvent::Step(step)) => {
                let source = self.source.clone();
                Some(FeedEvent::Second(SecondStep { source, step }).into())
            }
            Event::Feed(FeedEvent::Link(changed)) => Some(FeedEvent::SecondLink(changed).into()),
            event @ (Event::Breaker(_) | Event::System(SystemEvent::Alert(_))) => Some(event),
            Event::Feed(
                FeedEvent::History(_)
                | FeedEvent::Conflated(_)
                | FeedEvent::Second(_)
                | FeedEvent::SecondLink(_),
            )
            | Event::Tape(_)
            | Event::Intel(_)
            | Event::Market(_)
            | Event::Signal(_)
            | Event::Risk(_)
            | Event::Order(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Operator(_)
            | Event::Request(_)
            | Event::System(_) => None,
        }
    }
}

impl<E: Entrance> Entrance for SecondEntrance<E> {
    async fn offer(&self, at: Timestamp, source: AgentId, event: Event) -> Result<(), Closed> {
        match self.told(event) {
            Some(event) => self.entrance.offer(at, source, event).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::market::{BarBatch, Interval, MarketStep};
    use crate::domain::money::Money;
    use crate::events::{AccountReported, Alert, FeedLinkChanged, Severity, VenueEvent};
    use crate::fsm::link::LinkState;

    struct Nobody;

    impl Entrance for Nobody {
        async fn offer(&self, _: Timestamp, _: AgentId, _: Event) -> Result<(), Closed> {
            Ok(())
        }
    }

    #[test]
    fn a_second_brokers_data_are_told_as_such_and_its_account_is_not_told() {
        let entrance = SecondEntrance::new(Nobody, "schwab");
        let zero = Money::ZERO;
        let (cash, equity, buying_power, positions) = (zero, zero, zero, Vec::new());
        let account =
            AccountReported { cash, equity, buying_power, positions, streamed: Vec::new() };
        let link = FeedLinkChanged { feed: "schwab.stream".into(), state: LinkState::Up };
        let alert = Alert { severity: Severity::Info, text: "well".into() };
        let bars = BarBatch { interval: Interval::Minute, bars: Arc::from([]) };
        for (said, expected) in [
            (FeedEvent::Step(Arc::new(MarketStep::default())).into(), Some("feed.second.received")),
            (FeedEvent::Link(link).into(), Some("feed.second_link.changed")),
            (SystemEvent::Alert(alert).into(), Some("system.alert.raised")),
            (FeedEvent::History(bars).into(), None),
            (VenueEvent::Account(account).into(), None),
        ] {
            let said: Event = said;
            let name = said.name();
            let told = entrance.told(said);
            assert_eq!(told.as_ref().map(Event::name), expected, "{name}");
        }
    }
}
