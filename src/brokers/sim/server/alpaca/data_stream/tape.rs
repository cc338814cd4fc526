//! What the stream says of each step of the market: trades, quotes, bars, updated
//! bars, daily bars, statuses, bands, corrections.
//!
//! Folds one step after the other for one client. Knows no socket; what a step does
//! not tell (average prices, days) is looked up through [`Background`].

use std::collections::VecDeque;

use jiff::SignedDuration;

use super::subscription::{Channel, Subscription};
use crate::brokers::sim::server::KeptBar;
use crate::brokers::sim::server::alpaca::points::{
    AVERAGE_PRICE, ToldBar, Trade, late_shares, said_band, said_quote, said_status,
};
use crate::brokers::sim::server::frames::Field;
use crate::domain::calendar::{date_in_new_york, trading_day};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, MarketStep, Tick};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;

/// When a late print arrives after the end of its minute, and when the bar that it
/// changed is sent again (protocol page §7.2: about 30 s).
const LATE_PRINT: SignedDuration = SignedDuration::from_secs(5);
const UPDATED_BAR: SignedDuration = SignedDuration::from_secs(30);
/// What is later than this is left out: the night has come between.
const STALE: SignedDuration = SignedDuration::from_mins(2);
/// Late prints and updated bars waiting for their time.
const WAITING_MAX: usize = 1_024;
/// A band moves when its reference has moved by one part of this (Plan to Address
/// Extraordinary Market Volatility, section V: one percent).
const BAND_STEP: i64 = 100;
/// Percent around the reference, and in the last 25 minutes of a session.
const BAND_PERCENT: u32 = 5;
const BAND_PERCENT_AT_CLOSE: u32 = 10;
const BEFORE_CLOSE: SignedDuration = SignedDuration::from_mins(25);

/// What a step does not tell.
pub(crate) trait Background {
    /// The tape of a stock.
    fn tape(&self, symbol: Symbol) -> &'static str;
    /// A finished minute with its average price.
    fn minute(&self, bar: &Bar) -> Option<KeptBar>;
    /// The day so far.
    fn day(&self, symbol: Symbol) -> Option<KeptBar>;
}

/// What may go wrong with prints on purpose.
pub(crate) trait Misprints {
    /// Tells whether a print is to be corrected.
    fn corrects(&self, symbol: Symbol) -> bool;
}

/// The tape as one client hears it.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    /// In the order in which they are due.
    waiting: VecDeque<Late>,
    references: SymbolMap<Option<Price>>,
    /// Whether the next print is to be cancelled, after one was corrected.
    cancels_next: bool,
}

#[derive(Debug, Clone, Copy)]
struct Late {
    due: Timestamp,
    bar: ToldBar,
    /// Whether the print itself is due, else the bar that it changed.
    is_print: bool,
}

/// One step's points for one client.
struct Page<'a> {
    wants: &'a Subscription,
    points: Vec<Field>,
}

impl Page<'_> {
    fn put(&mut self, channel: Channel, symbol: Symbol, point: impl FnOnce() -> Field) {
        if self.wants.includes(channel, symbol) {
            self.points.push(point());
        }
    }
}

impl Tape {
    /// Returns the points of a step that a client wants, as one message; `None` when
    /// there are none.
    pub(crate) fn say(
        &mut self,
        step: &MarketStep,
        wants: &Subscription,
        background: &impl Background,
        misprints: &impl Misprints,
    ) -> Option<Field> {
        let mut page = Page { wants, points: Vec::new() };
        self.say_late(step.at, background, &mut page);
        if let Some(batch) = &step.bars {
            self.say_bars(&batch.bars, step.at, background, &mut page);
        }
        for change in &step.status {
            let symbol = change.symbol;
            page.put(Channel::Statuses, symbol, || {
                said_status(symbol, change.status, background.tape(symbol), step.at)
            });
        }
        for quote in &step.quotes {
            let tape = background.tape(quote.symbol);
            page.put(Channel::Quotes, quote.symbol, || said_quote(quote, tape));
        }
        for tick in &step.ticks {
            let trade = Trade::regular(*tick, background.tape(tick.symbol));
            self.say_trade(&trade, step.at, misprints, &mut page);
        }
        (!page.points.is_empty()).then_some(Field::List(page.points))
    }

    fn say_trade(
        &mut self,
        trade: &Trade,
        at: Timestamp,
        misprints: &impl Misprints,
        page: &mut Page<'_>,
    ) {
        let symbol = trade.tick.symbol;
        if !page.wants.includes(Channel::Trades, symbol) {
            return;
        }
        page.points.push(trade.said());
        if std::mem::take(&mut self.cancels_next) {
            page.points.push(trade.cancelled(at));
        } else if misprints.corrects(symbol) {
            let price = trade.tick.price.plus(-Money::from_cents(1)).unwrap_or(trade.tick.price);
            page.points.push(trade.corrected(price, at));
            self.cancels_next = true;
        }
    }

    fn say_bars(
        &mut self,
        bars: &[Bar],
        at: Timestamp,
        background: &impl Background,
        page: &mut Page<'_>,
    ) {
        let percent = band_percent(at);
        for bar in bars {
            let symbol = bar.symbol;
            let kept = background.minute(bar);
            if let Some(kept) = kept {
                page.put(Channel::Bars, symbol, || ToldBar::from(kept).said("b"));
                self.expect_late(kept, at);
            }
            if page.wants.includes(Channel::DailyBars, symbol)
                && let Some(day) = background.day(symbol)
            {
                page.points.push(ToldBar::from(day).said("d"));
            }
            let reference = self.references.row(symbol, || None);
            if has_moved(*reference, bar.close) {
                *reference = Some(bar.close);
                let tape = background.tape(symbol);
                if page.wants.includes(Channel::Lulds, symbol) {
                    page.points.extend(said_band(symbol, bar.close, percent, tape, at));
                }
            }
        }
    }

    fn expect_late(&mut self, kept: KeptBar, at: Timestamp) {
        let late_shares = late_shares(&kept);
        if late_shares == 0 || self.waiting.len() + 2 > WAITING_MAX {
            return;
        }
        let bar = ToldBar { kept, late_shares };
        for (wait, is_print) in [(LATE_PRINT, true), (UPDATED_BAR, false)] {
            let due = at.plus(wait);
            let place = self.waiting.partition_point(|late| late.due <= due);
            self.waiting.insert(place, Late { due, bar, is_print });
        }
    }

    fn say_late(&mut self, at: Timestamp, background: &impl Background, page: &mut Page<'_>) {
        while self.waiting.front().is_some_and(|late| late.due <= at) {
            let Some(late) = self.waiting.pop_front() else { return };
            let symbol = late.bar.kept.bar.symbol;
            if at.since(late.due) > STALE {
                continue;
            }
            if late.is_print {
                let tape = background.tape(symbol);
                page.put(Channel::Trades, symbol, || late.bar.print(tape).said());
            } else {
                page.put(Channel::UpdatedBars, symbol, || late.bar.said("u"));
            }
        }
    }
}

impl ToldBar {
    /// The late print: at the average price, stamped in the last instant of its minute.
    fn print(&self, tape: &'static str) -> Trade {
        let end = self.kept.bar.start.plus(SignedDuration::from_mins(1));
        let tick = Tick {
            symbol: self.kept.bar.symbol,
            price: self.kept.vwap,
            size: Qty::shares(self.late_shares).unwrap_or(Qty::MAX),
            at: end.plus(-SignedDuration::from_millis(1)),
        };
        Trade { tick, condition: AVERAGE_PRICE, tape }
    }
}

fn has_moved(reference: Option<Price>, price: Price) -> bool {
    reference.is_none_or(|reference| {
        price.minus(reference).abs().units() * i128::from(BAND_STEP) >= reference.as_money().units()
    })
}

/// The width of the bands at an instant.
fn band_percent(at: Timestamp) -> u32 {
    let day = trading_day(date_in_new_york(at)).ok().flatten();
    match day {
        Some(day) if at < day.close && day.close.since(at) <= BEFORE_CLOSE => BAND_PERCENT_AT_CLOSE,
        Some(_) | None => BAND_PERCENT,
    }
}
