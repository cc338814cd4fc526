//! What looks on while a run goes: event lines, counters, the report.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use sha2::{Digest, Sha256};

use crate::bus::Tap;
use crate::domain::money::Money;
use crate::domain::position::Book;
use crate::events::wire;
use crate::events::{
    Envelope, Event, MarketEvent, OrderEvent, SignalEvent, TradeLogged, VenueEvent,
};
use crate::report::{EquitySample, Report, TradeRecord};

/// Numbers that others may read while a run goes.
#[derive(Debug, Default)]
pub struct Counters {
    events: AtomicU64,
    trades: AtomicU64,
    output_closed: AtomicBool,
}

impl Counters {
    /// Events so far.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Finished trades so far.
    pub fn trades(&self) -> u64 {
        self.trades.load(Ordering::Relaxed)
    }

    /// Whether nobody reads the event lines any more.
    pub fn is_output_closed(&self) -> bool {
        self.output_closed.load(Ordering::Relaxed)
    }
}

/// Counts.
pub(super) struct Count(pub(super) Arc<Counters>);

impl Tap for Count {
    fn see(&mut self, envelope: &Envelope) {
        self.0.events.fetch_add(1, Ordering::Relaxed);
        if matches!(envelope.event, Event::Signal(SignalEvent::TradeLogged(_))) {
            self.0.trades.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes every event as one line of JSON.
pub(super) struct Lines<W: Write + Send> {
    pub(super) out: W,
    pub(super) counters: Arc<Counters>,
    /// Whether each line is to be seen at once, for a human or a pipe.
    pub(super) flushes: bool,
    pub(super) line: Vec<u8>,
}

impl<W: Write + Send> Tap for Lines<W> {
    fn see(&mut self, envelope: &Envelope) {
        if self.counters.is_output_closed() {
            return;
        }
        self.line.clear();
        wire::write(envelope, &mut self.line);
        self.line.push(b'\n');
        let mut written = self.out.write_all(&self.line);
        if self.flushes {
            written = written.and_then(|()| self.out.flush());
        }
        if written.is_err() {
            // A reader that went away ends the run, not the process by a panic.
            self.counters.output_closed.store(true, Ordering::Relaxed);
        }
    }
}

impl<W: Write + Send> Drop for Lines<W> {
    fn drop(&mut self) {
        if self.out.flush().is_err() {
            self.counters.output_closed.store(true, Ordering::Relaxed);
        }
    }
}

/// What a run is judged by, sent when the run is over.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) events: u64,
    pub(super) digest: String,
    pub(super) trades: Vec<TradeLogged>,
    pub(super) report: Report,
}

/// Folds trades, equity and a digest of everything but market data.
pub(super) struct Judge {
    events: u64,
    digest: Sha256,
    line: Vec<u8>,
    trades: Vec<TradeLogged>,
    report: Report,
    book: Book,
    fees: Money,
    done: Sender<Outcome>,
}

impl Judge {
    pub(super) fn new(opening_cash: Money, done: Sender<Outcome>) -> Self {
        Self {
            events: 0,
            digest: Sha256::new(),
            line: Vec::new(),
            trades: Vec::new(),
            report: Report::default(),
            book: Book::new(opening_cash),
            fees: Money::ZERO,
            done,
        }
    }

    fn digest(&mut self, envelope: &Envelope) {
        self.line.clear();
        wire::write(envelope, &mut self.line);
        self.line.push(b'\n');
        self.digest.update(&self.line);
    }

    fn market(&mut self, envelope: &Envelope, event: &MarketEvent) {
        match event {
            MarketEvent::Bars(bars) if !bars.is_history => {
                for bar in bars.bars.iter() {
                    self.book.mark(bar.symbol, bar.close);
                }
                self.report.step(EquitySample {
                    at: envelope.at,
                    equity: self.book.equity(),
                    gross_exposure: self.book.gross_exposure(),
                    has_position: self.book.open_positions() > 0,
                });
            }
            MarketEvent::Quote(quote) => self.book.mark(quote.symbol, quote.mid()),
            MarketEvent::Tick(tick) => self.book.mark(tick.symbol, tick.price),
            MarketEvent::Bars(_)
            | MarketEvent::Status(_)
            | MarketEvent::Halt(_)
            | MarketEvent::Suspect(_)
            | MarketEvent::Split(_) => {}
        }
    }

    fn order(&mut self, event: &OrderEvent) {
        if let OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled) = event {
            let fill = &filled.fill;
            self.book.apply(fill.symbol, fill.side, fill.qty, fill.price, filled.fee);
            self.fees += filled.fee;
        }
    }

    fn trade(&mut self, logged: &TradeLogged) {
        self.report.trade(&TradeRecord {
            trade_id: logged.trade_id.clone(),
            symbol: logged.symbol,
            direction: logged.direction,
            qty: logged.quantity,
            entry_time: logged.entry_time,
            entry_price: logged.entry_price,
            exit_time: logged.exit_time,
            exit_price: logged.exit_price,
            pnl: logged.pnl,
            r_multiple: logged.r_multiple,
            reason: logged.reason.name().to_owned(),
            strategy: logged.strategy.clone(),
            members: logged.members.clone(),
            fees: Money::ZERO,
        });
        self.trades.push(logged.clone());
    }
}

impl Tap for Judge {
    fn see(&mut self, envelope: &Envelope) {
        self.events += 1;
        match &envelope.event {
            Event::Tape(_) | Event::Feed(_) => return,
            Event::Market(event) => return self.market(envelope, event),
            Event::Order(event) => self.order(event),
            Event::Signal(SignalEvent::TradeLogged(logged)) => self.trade(logged),
            Event::Venue(VenueEvent::SplitApplied(split)) => {
                if let Some(position) = split.position {
                    self.book.split(split.symbol, position.qty, split.price);
                }
            }
            Event::Signal(_)
            | Event::Risk(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Breaker(_)
            | Event::Operator(_)
            | Event::Request(_)
            | Event::System(_) => {}
        }
        self.digest(envelope);
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let digest = std::mem::take(&mut self.digest).finalize();
        let outcome = Outcome {
            events: self.events,
            digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            trades: std::mem::take(&mut self.trades),
            report: std::mem::take(&mut self.report),
        };
        // Nobody waits for the outcome of a run that failed.
        let _ = self.done.send(outcome);
    }
}
