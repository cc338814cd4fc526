//! Market data on its way to the door: conflated while the house is busy.
//!
//! Of quotes and prints the newest of each symbol waits, everything else waits in
//! order (F32, F39). A change of a link is a border: nothing said before it is
//! mistaken for something said after it. It knows no channel and no clock.

use std::collections::{BTreeMap, VecDeque};

use crate::brokers::Push;
use crate::domain::ids::Symbol;
use crate::domain::market::{
    Bar, BarBatch, Interval, MarketStep, PriceBand, Quote, StatusChange, Tick, TickCorrection,
};
use crate::domain::time::Timestamp;
use crate::events::{FeedConflated, FeedLinkChanged};

/// Changes of links that may wait; then the oldest gives way, since only the newest
/// state counts.
const BORDERS_MAX: usize = 32;
/// Instants whose bars may wait: more than a day of minutes.
const INSTANTS_MAX: usize = 2_000;
/// Status changes that may wait.
const STATUS_MAX: usize = 100_000;
/// Corrections of prints that may wait.
const CORRECTIONS_MAX: usize = 10_000;

/// What leaves the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketItem {
    /// Market data of one instant.
    Step(MarketStep),
    /// A link changed.
    Link(FeedLinkChanged),
    /// Bars since then are missing and must be read before what follows is passed on.
    Missing(Timestamp),
}

#[derive(Debug)]
enum Segment {
    Data(Box<Data>),
    Link(FeedLinkChanged),
    Missing(Timestamp),
}

/// By start, so that each step holds one bar of a symbol.
type Bars = BTreeMap<(Timestamp, Interval), BTreeMap<Symbol, Bar>>;

#[derive(Debug, Default)]
struct Data {
    bars: Bars,
    status: VecDeque<StatusChange>,
    quotes: BTreeMap<Symbol, Quote>,
    ticks: BTreeMap<Symbol, Tick>,
    bands: BTreeMap<Symbol, PriceBand>,
    corrections: VecDeque<TickCorrection>,
}

/// Market data that waits for the door.
#[derive(Debug, Default)]
pub struct MarketBuffer {
    segments: VecDeque<Segment>,
    /// Bars that wait until the gap before them is filled, by start; `None` while
    /// nothing is missing.
    withheld: Option<Bars>,
    /// Start of the newest bar passed on.
    passed: BTreeMap<(Interval, Symbol), Timestamp>,
    quotes_conflated: u64,
    ticks_conflated: u64,
    bars_late: u64,
    overflowed: u64,
}

impl MarketBuffer {
    /// What did not become an event of its own so far.
    pub const fn conflated(&self) -> FeedConflated {
        FeedConflated {
            quotes: self.quotes_conflated,
            ticks: self.ticks_conflated,
            bars_late: self.bars_late,
            lost: self.overflowed,
        }
    }

    /// Quotes that a newer one has replaced before they were passed on.
    pub const fn quotes_conflated(&self) -> u64 {
        self.quotes_conflated
    }

    /// Prints that a newer one has replaced before they were passed on.
    pub const fn ticks_conflated(&self) -> u64 {
        self.ticks_conflated
    }

    /// Bars that were corrections of one passed on before, and were left out: a bar is
    /// counted once.
    pub const fn bars_late(&self) -> u64 {
        self.bars_late
    }

    /// Bars, status changes and corrections lost because a bound was reached; zero in a house that
    /// lives.
    pub const fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Tells whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Takes market data in; what is none is given back.
    pub fn push(&mut self, push: Push) -> Option<Push> {
        match push {
            Push::Quote(quote) => {
                let before = self.data().quotes.insert(quote.symbol, quote);
                self.quotes_conflated += u64::from(before.is_some());
            }
            Push::Tick(tick) => {
                let before = self.data().ticks.insert(tick.symbol, tick);
                self.ticks_conflated += u64::from(before.is_some());
            }
            Push::Bar(interval, bar) => self.bar(interval, bar),
            Push::Status(change) => {
                let waiting = &mut self.data().status;
                waiting.push_back(change);
                if waiting.len() > STATUS_MAX {
                    waiting.pop_front();
                    self.overflowed += 1;
                }
            }
            Push::Band(band) => {
                self.data().bands.insert(band.symbol, band);
            }
            Push::Correction(correction) => {
                let waiting = &mut self.data().corrections;
                waiting.push_back(correction);
                if waiting.len() > CORRECTIONS_MAX {
                    waiting.pop_front();
                    self.overflowed += 1;
                }
            }
            Push::Link { feed, state } => {
                self.border(Segment::Link(FeedLinkChanged { feed: feed.to_owned(), state }));
            }
            Push::MarketResumed { since } => self.border(Segment::Missing(since)),
            other @ (Push::Order(_) | Push::OrdersResumed) => return Some(other),
        }
        None
    }

    /// Takes out the oldest that waits, stamped `at`. Bars of two instants leave in two
    /// steps, the earlier first.
    pub fn take(&mut self, at: Timestamp) -> Option<MarketItem> {
        let mut data = loop {
            match self.segments.pop_front()? {
                Segment::Link(changed) => return Some(MarketItem::Link(changed)),
                Segment::Missing(since) => return Some(MarketItem::Missing(since)),
                Segment::Data(mut data) => {
                    let had_bars = self.set_aside(&mut data);
                    if !(had_bars && data.is_empty()) {
                        break data;
                    }
                }
            }
        };
        let bars = data.bars.pop_first().and_then(|((_, interval), bars)| {
            // Read meanwhile to fill a gap: counted once.
            let bars = self.fresh(interval, bars.into_values().collect());
            (!bars.is_empty()).then(|| BarBatch { interval, bars: bars.into() })
        });
        if !data.bars.is_empty() {
            self.segments.push_front(Segment::Data(data));
            return Some(MarketItem::Step(MarketStep { at, bars, ..MarketStep::default() }));
        }
        Some(MarketItem::Step(MarketStep {
            at,
            bars,
            status: data.status.into(),
            quotes: data.quotes.into_values().collect(),
            ticks: data.ticks.into_values().collect(),
            bands: data.bands.into_values().collect(),
            corrections: data.corrections.into(),
        }))
    }

    /// From now on bars wait: what came before them is missing, and who counts bars
    /// would take them for the next ones. All else goes on.
    pub fn withhold(&mut self) {
        self.withheld.get_or_insert_default();
    }

    /// The gap is filled: bars that have waited leave first.
    pub fn release(&mut self) {
        if let Some(bars) = self.withheld.take().filter(|bars| !bars.is_empty()) {
            let data = Data { bars, ..Data::default() };
            self.segments.push_front(Segment::Data(Box::new(data)));
        }
    }

    /// Takes bars out that have to wait; tells whether there were any.
    fn set_aside(&mut self, data: &mut Data) -> bool {
        let Some(withheld) = &mut self.withheld else { return false };
        let had_bars = !data.bars.is_empty();
        for (instant, bars) in std::mem::take(&mut data.bars) {
            withheld.entry(instant).or_default().extend(bars);
            if withheld.len() > INSTANTS_MAX {
                withheld.pop_first();
                self.overflowed += 1;
            }
        }
        had_bars
    }

    /// Keeps of bars that were read the ones that nobody has heard yet, and notes them
    /// as passed on.
    pub fn fresh(&mut self, interval: Interval, mut bars: Vec<Bar>) -> Vec<Bar> {
        bars.retain(|bar| self.is_new(interval, bar));
        for bar in &bars {
            self.passed.insert((interval, bar.symbol), bar.start);
        }
        bars
    }

    fn is_new(&self, interval: Interval, bar: &Bar) -> bool {
        self.passed.get(&(interval, bar.symbol)).is_none_or(|newest| bar.start > *newest)
    }

    fn bar(&mut self, interval: Interval, bar: Bar) {
        if !self.is_new(interval, &bar) {
            self.bars_late += 1;
            return;
        }
        let waiting = &mut self.data().bars;
        waiting.entry((bar.start, interval)).or_default().insert(bar.symbol, bar);
        if waiting.len() > INSTANTS_MAX {
            waiting.pop_first();
            self.overflowed += 1;
        }
    }

    /// The segment that new data joins.
    fn data(&mut self) -> &mut Data {
        if !matches!(self.segments.back(), Some(Segment::Data(_))) {
            self.segments.push_back(Segment::Data(Box::default()));
        }
        match self.segments.back_mut() {
            Some(Segment::Data(data)) => data,
            Some(Segment::Link(_) | Segment::Missing(_)) | None => {
                unreachable!("the last segment was made to hold data")
            }
        }
    }

    fn border(&mut self, border: Segment) {
        let is_missing = |segment: &Segment| matches!(segment, Segment::Missing(_));
        // What is read for the gap before reaches to the present: one is enough.
        if is_missing(&border) && self.segments.iter().any(is_missing) {
            return;
        }
        let is_link = |segment: &&Segment| matches!(segment, Segment::Link(_));
        if self.segments.iter().filter(is_link).count() >= BORDERS_MAX {
            self.forget_oldest_link();
        }
        self.segments.push_back(border);
    }

    /// Data on both sides of the border that goes become one segment.
    fn forget_oldest_link(&mut self) {
        let is_link = |segment: &Segment| matches!(segment, Segment::Link(_));
        let Some(at) = self.segments.iter().position(is_link) else { return };
        self.segments.remove(at);
        let is_data = |at| matches!(self.segments.get(at), Some(Segment::Data(_)));
        let Some(before) = at.checked_sub(1) else { return };
        if !is_data(before) || !is_data(at) {
            return;
        }
        if let Some(Segment::Data(later)) = self.segments.remove(at)
            && let Some(Segment::Data(earlier)) = self.segments.get_mut(before)
        {
            earlier.join(*later);
        }
    }
}

impl Data {
    fn is_empty(&self) -> bool {
        self.bars.is_empty()
            && self.status.is_empty()
            && self.quotes.is_empty()
            && self.ticks.is_empty()
            && self.bands.is_empty()
            && self.corrections.is_empty()
    }

    fn join(&mut self, later: Self) {
        for (instant, bars) in later.bars {
            self.bars.entry(instant).or_default().extend(bars);
        }
        self.status.extend(later.status);
        self.quotes.extend(later.quotes);
        self.ticks.extend(later.ticks);
        self.bands.extend(later.bands);
        self.corrections.extend(later.corrections);
    }
}
