//! The stocks that the streamer follows, and what their items mean.
//!
//! Knows the gap before a connection and tells it once. Knows no conversation.

use std::collections::{BTreeMap, BTreeSet};

use super::chart;
use super::counts::StreamCounts;
use super::frame::Item;
use super::level_one::LevelOne;
use super::request::Service;
use crate::brokers::Push;
use crate::brokers::stream::session::Output;
use crate::domain::ids::Symbol;
use crate::domain::market::Interval;
use crate::domain::time::Timestamp;

/// What is followed and what is known of it.
#[derive(Debug)]
pub(super) struct Market {
    symbols: BTreeSet<Symbol>,
    stocks: BTreeMap<Symbol, LevelOne>,
    /// When data last came on any connection.
    heard_at: Option<Timestamp>,
    /// Whether this connection's gap has been told.
    is_gap_told: bool,
}

impl Market {
    /// Makes one that follows these stocks.
    pub(super) const fn new(symbols: BTreeSet<Symbol>) -> Self {
        Self { symbols, stocks: BTreeMap::new(), heard_at: None, is_gap_told: false }
    }

    /// What is followed.
    pub(super) const fn symbols(&self) -> &BTreeSet<Symbol> {
        &self.symbols
    }

    /// Follows more; returns those that are new.
    pub(super) fn add(&mut self, symbols: &BTreeSet<Symbol>) -> BTreeSet<Symbol> {
        let new: BTreeSet<Symbol> = symbols.difference(&self.symbols).copied().collect();
        self.symbols.extend(&new);
        new
    }

    /// Follows fewer; returns those that were followed.
    pub(super) fn drop(&mut self, symbols: &BTreeSet<Symbol>) -> BTreeSet<Symbol> {
        let old: BTreeSet<Symbol> = symbols.intersection(&self.symbols).copied().collect();
        self.symbols.retain(|symbol| !old.contains(symbol));
        self.stocks.retain(|symbol, _| !old.contains(symbol));
        old
    }

    /// A new connection begins.
    pub(super) fn reconnected(&mut self) {
        self.is_gap_told = false;
        self.stocks.values_mut().for_each(LevelOne::reconnected);
    }

    /// Everything asked for is confirmed.
    pub(super) fn synced(&mut self, now: Timestamp, output: &mut Output) {
        self.tell_gap(output);
        self.heard_at.get_or_insert(now);
    }

    /// Data has come: the gap before it is told first.
    pub(super) fn heard(&mut self, now: Timestamp, output: &mut Output) {
        self.tell_gap(output);
        self.heard_at = Some(now);
    }

    /// Takes one item of a service; `sent_at` is the streamer's time of its frame.
    pub(super) fn item(
        &mut self,
        (service, sent_at): (Service, Timestamp),
        item: &Item<'_>,
        counts: &mut StreamCounts,
        out: &mut Output,
    ) {
        let known = Symbol::new(&item.key).ok().filter(|symbol| self.symbols.contains(symbol));
        let Some(symbol) = known else {
            // Dropped a moment ago, or no symbol at all.
            counts.unusable += 1;
            return;
        };
        if item.is_delayed {
            counts.delayed += 1;
            return;
        }
        if service == Service::Chart {
            match chart::bar(symbol, item) {
                Some(bar) => {
                    counts.bars += 1;
                    out.pushes.push(Push::Bar(Interval::Minute, bar));
                }
                None => counts.unusable += 1,
            }
            return;
        }
        counts.level_one += 1;
        let stock = self.stocks.entry(symbol).or_default();
        if !stock.take(symbol, item, sent_at, &mut out.pushes) {
            counts.unusable += 1;
        }
    }

    /// Says once a connection since when data is missing.
    fn tell_gap(&mut self, output: &mut Output) {
        if !self.is_gap_told {
            self.is_gap_told = true;
            if let Some(since) = self.heard_at {
                output.pushes.push(Push::MarketResumed { since });
            }
        }
    }

    /// Stocks that were asked for and of which nothing has come: an unknown one is
    /// acknowledged and then silent for ever (page §5.4).
    pub(super) fn silent(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols
            .iter()
            .filter(|symbol| !self.stocks.get(symbol).is_some_and(LevelOne::has_snapshot))
    }
}
