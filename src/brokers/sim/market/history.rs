//! Minute bars of the sessions before the market starts.
//!
//! The walk is made first and moved afterwards so that its last close is the
//! listed price, with which the first session opens.

use jiff::SignedDuration;

use super::chance::{Chance, Purpose};
use super::setup::{Listing, MarketSetup};
use super::stock::{OVERNIGHT, in_cents, in_shares, price_of};
use super::walk::Walk;
use crate::domain::calendar::{TradingDay, date_in_new_york, previous_trading_day, trading_day};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, BarBatch, Interval};
use crate::domain::time::Timestamp;

/// Parts of a minute in the walk, and their length.
const PARTS: u32 = 12;
const PART_SECONDS: f64 = 5.0;

/// One minute of one stock before its prices are moved to end where they should.
#[derive(Debug, Clone, Copy)]
struct Sketch {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: u64,
}

pub(super) fn generate(
    setup: &MarketSetup,
    first_day: &TradingDay,
    sessions: usize,
) -> Vec<BarBatch> {
    let days = days_before(first_day, sessions);
    let columns: Vec<(Symbol, Vec<Sketch>)> = setup
        .listings
        .iter()
        .map(|listing| (listing.symbol, sketch_stock(setup.seed, listing, &days)))
        .collect();
    days.iter()
        .flat_map(minutes)
        .enumerate()
        .map(|(minute, start)| BarBatch {
            interval: Interval::Minute,
            bars: columns
                .iter()
                .map(|(symbol, sketches)| sketches[minute].to_bar(*symbol, start))
                .collect(),
        })
        .collect()
}

/// Parts of a session in the walk of daily bars, and their length.
const DAY_PARTS: u32 = 26;
const DAY_PART_SECONDS: f64 = 900.0;

/// Daily bars before the sessions of which there are minutes.
pub(super) fn generate_days(
    setup: &MarketSetup,
    first_day: &TradingDay,
    minutes: &[BarBatch],
    sessions: usize,
) -> Vec<BarBatch> {
    let first = minutes.first();
    let date = first.and_then(|batch| batch.bars.first()).map(|bar| date_in_new_york(bar.start));
    let next_day = date.and_then(|date| trading_day(date).ok().flatten()).unwrap_or(*first_day);
    let days = days_before(&next_day, sessions);
    let end = |listing: &Listing| {
        let bars = first.map_or(&[][..], |batch| &batch.bars);
        let bar = bars.iter().find(|bar| bar.symbol == listing.symbol);
        bar.map_or(listing.price, |bar| bar.open).to_f64()
    };
    let columns: Vec<(Symbol, Vec<Sketch>)> = setup
        .listings
        .iter()
        .map(|listing| (listing.symbol, sketch_days(setup.seed, listing, days.len(), end(listing))))
        .collect();
    let batch = |(at, day): (usize, &TradingDay)| BarBatch {
        interval: Interval::Day,
        bars: columns.iter().map(|(symbol, days)| days[at].to_bar(*symbol, day.open)).collect(),
    };
    days.iter().enumerate().map(batch).collect()
}

fn sketch_days(seed: u64, listing: &Listing, days: usize, end: f64) -> Vec<Sketch> {
    let chance = Chance::new(seed, listing.symbol, Purpose::Days);
    let mut walk = Walk::new(chance, listing.price.to_f64(), listing.annual_volatility);
    let mut sketches = Vec::with_capacity(days);
    for _ in 0..days {
        let open = walk.mid();
        let mut sketch = Sketch { open, high: open, low: open, close: open, volume: 0 };
        for part in 0..DAY_PARTS {
            walk.advance(DAY_PART_SECONDS);
            walk.end_minute();
            sketch.high = sketch.high.max(walk.mid());
            sketch.low = sketch.low.min(walk.mid());
            let elapsed = f64::from(part) / f64::from(DAY_PARTS);
            // Five minutes' worth at a time: a draw is at most 100 000 shares.
            for _ in 0..3 {
                sketch.volume += in_shares(walk.draw_volume(elapsed, 300.0));
            }
        }
        sketch.close = walk.mid();
        sketches.push(sketch);
        walk.jump(OVERNIGHT);
    }
    let ratio = sketches.last().map_or(1.0, |last| end / last.close);
    sketches.iter().map(|sketch| sketch.scaled(ratio)).collect()
}

/// The sessions before a day, oldest first.
fn days_before(first_day: &TradingDay, sessions: usize) -> Vec<TradingDay> {
    let earlier = |day: &TradingDay| previous_trading_day(day.date).ok();
    let mut days: Vec<TradingDay> =
        std::iter::successors(earlier(first_day), earlier).take(sessions).collect();
    days.reverse();
    days
}

/// The starts of a session's minutes.
fn minutes(day: &TradingDay) -> impl Iterator<Item = Timestamp> + use<> {
    let close = day.close;
    let later = |start: &Timestamp| Some(start.plus(SignedDuration::from_mins(1)));
    std::iter::successors(Some(day.open), later).take_while(move |start| *start < close)
}

fn sketch_stock(seed: u64, listing: &Listing, days: &[TradingDay]) -> Vec<Sketch> {
    let chance = Chance::new(seed, listing.symbol, Purpose::History);
    let home = listing.price.to_f64();
    let mut walk = Walk::new(chance, home, listing.annual_volatility);
    let mut sketches = Vec::new();
    for day in days {
        let length = day.close.since(day.open).as_secs_f64();
        for start in minutes(day) {
            let elapsed = start.since(day.open).as_secs_f64() / length;
            sketches.push(sketch_minute(&mut walk, elapsed));
            walk.end_minute();
        }
        walk.jump(OVERNIGHT);
    }
    let ratio = sketches.last().map_or(1.0, |last| home / last.close);
    sketches.iter().map(|sketch| sketch.scaled(ratio)).collect()
}

fn sketch_minute(walk: &mut Walk, elapsed: f64) -> Sketch {
    let open = walk.mid();
    let mut sketch = Sketch { open, high: open, low: open, close: open, volume: 0 };
    for _ in 0..PARTS {
        walk.advance(PART_SECONDS);
        sketch.high = sketch.high.max(walk.mid());
        sketch.low = sketch.low.min(walk.mid());
        sketch.volume += in_shares(walk.draw_volume(elapsed, PART_SECONDS));
    }
    sketch.close = walk.mid();
    sketch
}

impl Sketch {
    fn scaled(self, ratio: f64) -> Self {
        let Self { open, high, low, close, volume } = self;
        Self {
            open: open * ratio,
            high: high * ratio,
            low: low * ratio,
            close: close * ratio,
            volume,
        }
    }

    /// Rounding keeps order, so the bar holds together as the sketch does.
    fn to_bar(self, symbol: Symbol, start: Timestamp) -> Bar {
        let [open, high, low, close] =
            [self.open, self.high, self.low, self.close].map(|dollars| price_of(in_cents(dollars)));
        Bar { symbol, open, high, low, close, volume: self.volume, start }
            .checked()
            .expect("the extremes of a walk enclose it")
    }
}
