//! Quotes, prints and bars into the watchlist and the charts.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Date;

use crate::domain::calendar::{MarketHours, date_in_new_york};
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, Quote, Session, Tick, TickCorrection};
use crate::domain::money::{Price, Qty};
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;
use crate::events::{MarketBars, MarketEvent, MarketStatus, SourceChanged, SuspectReason};
use crate::view::decisions::InputLine;
use crate::view::latency::Samples;
use crate::view::part::Part;
use crate::view::rows::SourceRow;
use crate::view::snapshot::SessionClock;
use crate::view::text::{NAME_MAX, TEXT_MAX, clean_text};
use crate::view::watch::{
    BARS_MAX, Chart, ChartBar, Levels, MARKS_MAX, Mark, Move, SYMBOLS_MAX, WatchRow, push_bounded,
};

/// How much market time one value of a sparkline stands for.
const SPARK_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The market as it was heard.
#[derive(Debug)]
pub(in crate::view) struct MarketPart {
    hours: MarketHours,
    pub(in crate::view) session: SessionClock,
    rows: SymbolMap<WatchRow>,
    shared: Arc<[WatchRow]>,
    has_changed: bool,
    charts: Part<BTreeMap<Symbol, Arc<Chart>>>,
    /// From the venue's stamp on a quote to the house.
    pub(in crate::view) lag: Samples,
    pub(in crate::view) heard_at: Option<Timestamp>,
    /// Events of symbols for which there was no room.
    pub(in crate::view) left_out: u64,
    /// Whose data are shown, where there are two sources.
    pub(in crate::view) source: Option<SourceRow>,
}

impl MarketPart {
    pub(in crate::view) fn new(hours: MarketHours) -> Self {
        Self {
            hours,
            session: SessionClock::default(),
            rows: SymbolMap::default(),
            shared: Arc::default(),
            has_changed: false,
            charts: Part::default(),
            lag: Samples::default(),
            heard_at: None,
            left_out: 0,
            source: None,
        }
    }

    pub(in crate::view) fn see(&mut self, at: Timestamp, event: &MarketEvent) {
        match event {
            MarketEvent::Quote(quote) => self.quote(at, quote),
            MarketEvent::Tick(tick) => self.tick(at, tick),
            MarketEvent::Bars(bars) => self.bars(at, bars),
            MarketEvent::Status(status) => self.status(at, *status),
            MarketEvent::Halt(change) => {
                if let Some(row) = self.row(change.symbol) {
                    row.status = change.status;
                    row.is_proven();
                }
            }
            MarketEvent::Suspect(suspected) => {
                if let Some(row) = self.row(suspected.symbol) {
                    row.doubt = Some(suspected.reason);
                }
            }
            MarketEvent::Split(split) => self.split(split.symbol),
            MarketEvent::Band(band) => {
                if let Some(row) = self.row(band.symbol) {
                    row.band = Some((band.down, band.up));
                }
            }
            MarketEvent::Correction(correction) => self.correct(correction),
            MarketEvent::Second(second) => {
                if let Some(row) = self.row(second.symbol).filter(|_| second.agrees) {
                    row.doubt = row.doubt.filter(|doubt| *doubt != SuspectReason::Disagreement);
                }
            }
            MarketEvent::Source(changed) => self.source(at, changed),
        }
    }

    fn row(&mut self, symbol: Symbol) -> Option<&mut WatchRow> {
        if self.rows.len() >= SYMBOLS_MAX && self.rows.get(symbol).is_none() {
            self.left_out += 1;
            return None;
        }
        self.has_changed = true;
        Some(self.rows.row(symbol, || WatchRow::new(symbol)))
    }

    fn quote(&mut self, at: Timestamp, quote: &Quote) {
        let (day, session) = self.today();
        self.heard_at = Some(at);
        self.lag.note(quote.at, at);
        let Some(row) = self.row(quote.symbol) else { return };
        row.bid = Some(quote.bid);
        row.bid_size = quote.bid_size;
        row.ask = Some(quote.ask);
        row.ask_size = quote.ask_size;
        row.quoted_at = Some(quote.at);
        // What is behind a doubt is said again with the data that show it; that it trades
        // is proven by no quote, and two sources agree again only when they say so.
        row.doubt = row
            .doubt
            .filter(|doubt| matches!(doubt, SuspectReason::Status | SuspectReason::Disagreement));
        row.take(at, day, session, quote.mid());
    }

    fn tick(&mut self, at: Timestamp, tick: &Tick) {
        let (day, session) = self.today();
        self.heard_at = Some(at);
        let Some(row) = self.row(tick.symbol) else { return };
        row.take(at, day, session, tick.price);
        row.is_proven();
        row.prints.push(tick, row.bid.zip(row.ask));
        row.traded.1 = row.traded.1.saturating_add(tick.size);
        row.volume = row.traded.0.max(row.traded.1.floor_shares());
    }

    /// A print was wrong: where it is still the newest price, what is right takes its
    /// place, and the shares of the day count what was traded.
    fn correct(&mut self, correction: &TickCorrection) {
        let TickCorrection { wrong, right } = correction;
        let Some(row) = self.row(wrong.symbol) else { return };
        row.prints.correct(correction);
        let right_size = right.map_or(Qty::ZERO, |tick| tick.size);
        row.traded.1 = row.traded.1.saturating_sub(wrong.size).saturating_add(right_size);
        row.volume = row.traded.0.max(row.traded.1.floor_shares());
        if row.last != Some(wrong.price) {
            return;
        }
        let quoted = row
            .bid
            .zip(row.ask)
            .and_then(|(bid, ask)| Price::from_units(i64::midpoint(bid.units(), ask.units())).ok());
        if let Some(price) = right.map(|tick| tick.price).or(quoted) {
            row.last = Some(price);
            row.spark.replace(price);
            row.regular = row.regular.map(|_| price);
        }
    }

    fn bars(&mut self, at: Timestamp, bars: &MarketBars) {
        let (today, session) = self.today();
        if !bars.is_history {
            self.heard_at = Some(at);
        }
        for bar in bars.bars.iter() {
            let (when, day, session) = if bars.is_history {
                (bar.start, date_in_new_york(bar.start), Session::Open)
            } else {
                (at, today, session)
            };
            self.bar(when, (day, session), bar, bars.is_history);
        }
    }

    fn bar(&mut self, at: Timestamp, (day, session): (Date, Session), bar: &Bar, is_history: bool) {
        let Some(row) = self.row(bar.symbol) else { return };
        // Bars of the past must not take the place of a price of today.
        if row.day <= day {
            row.take(at, day, session, bar.close);
            if !is_history {
                row.is_proven();
            }
            row.traded.0 = row.traded.0.saturating_add(bar.volume);
            row.volume = row.traded.0.max(row.traded.1.floor_shares());
        }
        let chart = Arc::make_mut(self.charts.change().entry(bar.symbol).or_default());
        if chart.bars.back().is_none_or(|newest| newest.start < bar.start) {
            push_bounded(&mut chart.bars, BARS_MAX, ChartBar::from(bar));
        }
    }

    fn source(&mut self, at: Timestamp, changed: &SourceChanged) {
        let clean = |name: &str| clean_text(name, NAME_MAX);
        self.source = Some(SourceRow {
            source: clean(&changed.source),
            second: changed.second.as_deref().map(clean),
            stands_in: changed.stands_in,
            since: at,
            reason: clean_text(&changed.reason, TEXT_MAX),
        });
        if changed.second.is_none() {
            let is_disagreement = |row: &WatchRow| row.doubt == Some(SuspectReason::Disagreement);
            for (_, row) in self.rows.iter_mut().filter(|(_, row)| is_disagreement(row)) {
                row.doubt = None;
            }
            self.has_changed = true;
        }
    }

    fn today(&self) -> (Date, Session) {
        let day = self.session.trading_day.unwrap_or(Date::MIN);
        (day, self.session.session.unwrap_or(Session::Closed))
    }

    fn status(&mut self, at: Timestamp, status: MarketStatus) {
        self.session = SessionClock {
            session: Some(status.status),
            trading_day: Some(status.trading_day),
            until: Some(status.until),
            next_open: self.hours.next_open(at).ok(),
            next_close: self.hours.next_close(at).ok(),
        };
    }

    /// Old prices count in other shares: they are no close and no curve any more.
    fn split(&mut self, symbol: Symbol) {
        let Some(row) = self.row(symbol) else { return };
        let (day, status) = (row.day, row.status);
        *row = WatchRow { status, day, ..WatchRow::new(symbol) };
        self.charts.change().remove(&symbol);
    }

    /// Marks an own execution.
    pub(in crate::view) fn mark(&mut self, symbol: Symbol, mark: Mark) {
        let chart = Arc::make_mut(self.charts.change().entry(symbol).or_default());
        push_bounded(&mut chart.marks, MARKS_MAX, mark);
    }

    /// Draws the levels of a trade, or takes them away.
    pub(in crate::view) fn set_levels(&mut self, symbol: Symbol, levels: Option<Levels>) {
        let known = self.charts.get().get(&symbol).and_then(|chart| chart.levels);
        if known != levels {
            let chart = self.charts.change().entry(symbol).or_default();
            Arc::make_mut(chart).levels = levels;
        }
    }

    pub(in crate::view) fn last(&self, symbol: Symbol) -> Option<Price> {
        self.rows.get(symbol)?.last
    }

    pub(in crate::view) fn watch(&self, symbol: Symbol) -> Option<&WatchRow> {
        self.rows.get(symbol)
    }

    /// What is known of a symbol, with ages, for a decision record.
    pub(in crate::view) fn inputs(&self, symbol: Symbol, at: Timestamp) -> Vec<InputLine> {
        let age = |since: Timestamp| i64::try_from(at.since(since).as_millis()).ok();
        let mut lines = Vec::new();
        if let Some(row) = self.rows.get(symbol) {
            if let (Some(bid), Some(ask), Some(quoted_at)) = (row.bid, row.ask, row.quoted_at) {
                let detail =
                    format!("bid {bid} × {}, ask {ask} × {}", row.bid_size, row.ask_size).into();
                lines.push(InputLine { name: "quote", detail, age_ms: age(quoted_at) });
            }
            if let Some(last) = row.last {
                let detail = last.to_string().into();
                lines.push(InputLine { name: "last", detail, age_ms: age(row.heard_at) });
            }
            if let Some(doubt) = row.doubt {
                let detail = doubt.name().into();
                lines.push(InputLine { name: "doubt", detail, age_ms: None });
            }
        }
        if let Some(bar) = self.charts.get().get(&symbol).and_then(|chart| chart.bars.back()) {
            let ChartBar { open, high, low, close, volume, start } = bar;
            let prices = format!("open {open} high {high} low {low} close {close} × {volume}");
            let detail = format!("{prices} from {start}").into();
            lines.push(InputLine { name: "bar", detail, age_ms: None });
        }
        if let Some(session) = self.session.session {
            let detail = session.name().into();
            lines.push(InputLine { name: "session", detail, age_ms: None });
        }
        lines
    }

    /// Counts symbols: all, halted, doubtful.
    pub(in crate::view) fn count(&self) -> (usize, usize, usize) {
        let halted = self.rows.iter().filter(|(_, row)| row.is_halted()).count();
        let doubtful = self.rows.iter().filter(|(_, row)| row.doubt.is_some()).count();
        (self.rows.len(), halted, doubtful)
    }

    pub(in crate::view) fn share_rows(&mut self) -> Arc<[WatchRow]> {
        if std::mem::take(&mut self.has_changed) {
            self.shared = self.rows.iter().map(|(_, row)| row.clone()).collect();
        }
        Arc::clone(&self.shared)
    }

    pub(in crate::view) fn share_charts(&mut self) -> Arc<BTreeMap<Symbol, Arc<Chart>>> {
        self.charts.share()
    }

    /// Rows, charts, and the longest lists of bars and marks.
    pub(in crate::view) fn sizes(&self) -> [usize; 4] {
        let charts = self.charts.get();
        let longest = |of: fn(&Chart) -> usize| charts.values().map(|c| of(c)).max().unwrap_or(0);
        [self.rows.len(), charts.len(), longest(|c| c.bars.len()), longest(|c| c.marks.len())]
    }
}

impl WatchRow {
    /// A trade or a status proves what a quote does not.
    fn is_proven(&mut self) {
        self.doubt = self.doubt.filter(|doubt| *doubt != SuspectReason::Status);
    }

    /// Takes a new price of a trading day.
    fn take(&mut self, at: Timestamp, day: Date, session: Session, price: Price) {
        if day > self.day {
            if self.day > Date::MIN {
                self.previous_close = self.regular.or(self.last);
            }
            self.day = day;
            self.regular = None;
            self.volume = 0;
            self.band = None;
            self.traded = Default::default();
        }
        match self.last {
            Some(before) if price > before => self.direction = Move::Up,
            Some(before) if price < before => self.direction = Move::Down,
            Some(_) | None => {}
        }
        self.last = Some(price);
        self.heard_at = at;
        if session == Session::Open {
            self.regular = Some(price);
        }
        if at >= self.spark_due {
            self.spark.push(price);
            self.spark_due = at.plus(SPARK_EVERY);
        } else {
            self.spark.replace(price);
        }
    }
}
