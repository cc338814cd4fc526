//! What the agent makes of a second source: it is compared with the first, and stands in
//! while that one is away. Which of the two is passed on is decided by
//! [`sources`](super::sources).

use std::sync::Arc;

use crate::agents::market_data::agent::{Jumps, MarketDataAgent, Newest, suspect};
use crate::agents::market_data::sources::{Range, Sources, agree, range};
use crate::bus::Outbox;
use crate::domain::ids::Symbol;
use crate::domain::market::{MarketStep, Quote};
use crate::domain::money::Price;
use crate::domain::time::Timestamp;
use crate::events::{
    FeedLinkChanged, MarketEvent, SecondQuoted, SecondStep, SourceChanged, SuspectReason,
};

/// What the second source says.
#[derive(Debug, Default)]
pub(super) struct Second {
    quote: Option<Quote>,
    /// What was said of it last.
    told: Option<(Price, bool)>,
}

impl MarketDataAgent {
    /// Takes what a second source says: it is passed on while the first is away, and its
    /// quotes are compared otherwise.
    pub(super) fn second(&mut self, at: Timestamp, said: &SecondStep, out: &mut Outbox) {
        for quote in &said.step.quotes {
            let row = self.symbols.row(quote.symbol, Newest::default);
            row.second.quote = Some(*quote);
        }
        if self.sources.stands_in() {
            // Bars are read anew when the first is back (F28), and counted once.
            let step = MarketStep { bars: None, ..(*said.step).clone() };
            return self.step(at, &step, out);
        }
        if !self.sources.compares() {
            return;
        }
        let jumps = self.jumps();
        for quote in &said.step.quotes {
            let row = self.symbols.row(quote.symbol, Newest::default);
            row.compare(&self.sources, quote.symbol, jumps, out);
        }
    }

    pub(super) fn first_link(
        &mut self,
        at: Timestamp,
        changed: &FeedLinkChanged,
        out: &mut Outbox,
    ) {
        self.link(changed, out);
        if !changed.feed.ends_with(".orders")
            && let Some(moved) = self.sources.first_link(changed)
        {
            self.moved(at, moved, out);
        }
    }

    /// The link of a second source throws no doubt on the first.
    pub(super) fn second_link(
        &mut self,
        at: Timestamp,
        changed: &FeedLinkChanged,
        out: &mut Outbox,
    ) {
        if changed.feed.ends_with(".orders") {
            return;
        }
        if !changed.state.is_up() {
            for (_, row) in self.symbols.iter_mut() {
                row.second = Second::default();
            }
        }
        if let Some(moved) = self.sources.second_link(changed) {
            self.moved(at, moved, out);
        }
    }

    /// Another source's data are passed on, or compared: says so first. The stamps of two
    /// sources are not to be compared.
    fn moved(&mut self, at: Timestamp, moved: SourceChanged, out: &mut Outbox) {
        let stands_in = moved.stands_in;
        out.publish(MarketEvent::Source(moved));
        let mut quotes = Vec::new();
        for (_, row) in self.symbols.iter_mut() {
            row.quote = None;
            row.second.told = None;
            quotes.extend(row.second.quote.filter(|_| stands_in));
        }
        for quote in &quotes {
            self.quote(at, self.day, quote, out);
        }
    }
}

impl Newest {
    /// Whether a second source says nearly the same.
    pub(super) fn is_confirmed(&self, said: Range, jumps: Jumps) -> bool {
        let second = self.second.quote.as_ref().filter(|_| jumps.has_second);
        second.is_some_and(|quote| agree(said, range(quote), jumps.second_fraction))
    }

    /// Says what the second source says, and whether the first agrees, when that is new.
    pub(super) fn compare(
        &mut self,
        sources: &Sources,
        symbol: Symbol,
        jumps: Jumps,
        out: &mut Outbox,
    ) {
        let (Some(first), Some(second)) = (self.quote, self.second.quote) else { return };
        let agrees = agree(range(&first), range(&second), jumps.second_fraction);
        let (price, told) = (second.mid(), self.second.told.replace((second.mid(), agrees)));
        if told == Some((price, agrees)) {
            return;
        }
        let (named, source) = sources.names();
        let source = Arc::clone(source);
        out.publish(MarketEvent::Second(SecondQuoted { symbol, source, price, agrees }));
        if !agrees && told.is_none_or(|(_, agreed)| agreed) {
            let source = sources.names().1;
            let detail = format!(
                "{named} says {} to {}, {source} {} to {}",
                first.bid, first.ask, second.bid, second.ask
            );
            suspect(symbol, SuspectReason::Disagreement, detail, out);
        }
    }
}
