//! What looks on while a run goes: event lines, counters, the report.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use sha2::{Digest, Sha256};

use crate::bus::Tap;
use crate::domain::hex::hex;
use crate::domain::ids::TradeId;
use crate::domain::money::Money;
use crate::domain::position::Book;
use crate::domain::time::Timestamp;
use crate::events::wire;
use crate::events::{
    Envelope, Event, MarketEvent, OrderEvent, PositionEvent, PositionOpened, SignalEvent,
    TradeLogged, VenueEvent,
};
use crate::report::{EquitySample, Report, TradeRecord};
use crate::strategies::Ballot;

/// Numbers that others may read while a run goes.
#[derive(Debug, Default)]
pub struct Counters {
    events: AtomicU64,
    trades: AtomicU64,
    output_closed: AtomicBool,
    output_lost: AtomicBool,
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

    /// Whether event lines were lost although somebody wanted them: a full disk.
    pub fn is_output_lost(&self) -> bool {
        self.output_lost.load(Ordering::Relaxed)
    }

    /// A reader that went away ends the run, not the process by a panic.
    fn note(&self, written: &io::Result<()>) {
        if let Err(error) = written {
            self.output_closed.store(true, Ordering::Relaxed);
            let is_lost = error.kind() != io::ErrorKind::BrokenPipe;
            self.output_lost.fetch_or(is_lost, Ordering::Relaxed);
        }
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
        self.counters.note(&written);
    }
}

impl<W: Write + Send> Drop for Lines<W> {
    fn drop(&mut self) {
        self.counters.note(&self.out.flush());
    }
}

/// What a run is judged by, sent when the run is over.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) events: u64,
    pub(super) digest: String,
    /// Every trade, those still open last.
    pub(super) trades: Vec<TradeRecord>,
    pub(super) report: Report,
}

/// Folds trades, equity and a digest of everything but market data.
pub(super) struct Judge {
    events: u64,
    digest: Sha256,
    line: Vec<u8>,
    trades: Vec<TradeRecord>,
    /// Entries that have been filled and not left, by trade.
    open: BTreeMap<TradeId, TradeRecord>,
    /// Rule set and supporters of entries on their way, by trade.
    proposed: BTreeMap<TradeId, (String, Vec<String>)>,
    report: Report,
    book: Book,
    done: Sender<Outcome>,
}

impl Judge {
    pub(super) fn new(opening_cash: Money, done: Sender<Outcome>) -> Self {
        Self {
            events: 0,
            digest: Sha256::new(),
            line: Vec::new(),
            trades: Vec::new(),
            open: BTreeMap::new(),
            proposed: BTreeMap::new(),
            report: Report::default(),
            book: Book::new(opening_cash),
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
            MarketEvent::Correction(correction) => {
                let wrong = correction.wrong;
                let is_newest = self.book.last_mark(wrong.symbol) == Some(wrong.price);
                if let Some(right) = correction.right.filter(|_| is_newest) {
                    self.book.mark(right.symbol, right.price);
                }
            }
            MarketEvent::Bars(_)
            | MarketEvent::Status(_)
            | MarketEvent::Halt(_)
            | MarketEvent::Suspect(_)
            | MarketEvent::Split(_)
            | MarketEvent::Band(_)
            | MarketEvent::Second(_)
            | MarketEvent::Source(_) => {}
        }
    }

    fn order(&mut self, event: &OrderEvent) {
        if let OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled) = event {
            let fill = &filled.fill;
            self.book.apply(fill.symbol, fill.side, fill.qty, fill.price, filled.fee);
            let trade = filled.trade_id.as_ref().and_then(|id| self.open.get_mut(id));
            if let Some(trade) = trade {
                trade.fees += filled.fee;
            }
        }
    }

    fn signal(&mut self, event: &SignalEvent) {
        match event {
            SignalEvent::Ensemble(signal) => {
                let supports = |ballot: &&Ballot| {
                    ballot.vote.and_then(|vote| vote.action().side()) == Some(signal.action)
                };
                let members = signal.ballots.iter().filter(supports);
                let members = members.map(|ballot| ballot.member.clone()).collect();
                self.proposed.insert(signal.trade_id.clone(), (signal.speaker.clone(), members));
            }
            SignalEvent::Entry(entry) => {
                if let Some((strategy, _)) = self.proposed.get_mut(&entry.trade_id) {
                    strategy.clone_from(&entry.strategy);
                }
            }
            SignalEvent::TradeLogged(logged) => self.close(logged),
            SignalEvent::ScanStarted(_)
            | SignalEvent::CandidateFound(_)
            | SignalEvent::EvaluateStarted(_)
            | SignalEvent::Hold(_)
            | SignalEvent::Exit(_)
            | SignalEvent::MemberLeftOut(_)
            | SignalEvent::VoteRequested(_)
            | SignalEvent::VoteCast(_) => {}
        }
    }

    fn open(&mut self, at: Timestamp, opened: &PositionOpened) {
        let (strategy, members) = self.proposed.remove(&opened.trade_id).unwrap_or_default();
        let trade = TradeRecord {
            trade_id: opened.trade_id.clone(),
            symbol: opened.symbol,
            direction: opened.direction,
            quantity: opened.quantity,
            entry_time: at,
            entry_price: opened.entry_price,
            exit_time: None,
            exit_price: None,
            pnl: Money::ZERO,
            r_multiple: None,
            reason: "OPEN".into(),
            strategy,
            members,
            fees: Money::ZERO,
        };
        self.open.insert(opened.trade_id.clone(), trade);
    }

    fn close(&mut self, logged: &TradeLogged) {
        let fees = self.open.remove(&logged.trade_id).map_or(Money::ZERO, |trade| trade.fees);
        let trade = TradeRecord {
            trade_id: logged.trade_id.clone(),
            symbol: logged.symbol,
            direction: logged.direction,
            quantity: logged.quantity,
            entry_time: logged.entry_time,
            entry_price: logged.entry_price,
            exit_time: Some(logged.exit_time),
            exit_price: Some(logged.exit_price),
            pnl: logged.pnl - fees,
            r_multiple: logged.r_multiple,
            reason: logged.reason.name().to_owned(),
            strategy: logged.strategy.clone(),
            members: logged.members.clone(),
            fees,
        };
        self.report.trade(&trade);
        self.trades.push(trade);
    }

    /// Values what is still open at the last price; shares and entry as they are
    /// now, after splits.
    fn end(&mut self) {
        for (_, mut trade) in std::mem::take(&mut self.open) {
            let held = self.book.position(trade.symbol).zip(self.book.last_mark(trade.symbol));
            if let Some((position, price)) = held {
                trade.pnl = position.unrealized(price) - trade.fees;
                trade.quantity = position.qty;
                trade.entry_price = position.average_price().unwrap_or(trade.entry_price);
            }
            self.report.trade(&trade);
            self.trades.push(trade);
        }
    }
}

impl Tap for Judge {
    fn see(&mut self, envelope: &Envelope) {
        self.events += 1;
        match &envelope.event {
            Event::Tape(_) | Event::Feed(_) => return,
            Event::Market(event) => return self.market(envelope, event),
            Event::Order(event) => self.order(event),
            Event::Signal(event) => self.signal(event),
            Event::Position(PositionEvent::Opened(opened)) => self.open(envelope.at, opened),
            Event::Venue(VenueEvent::SplitApplied(split)) => {
                if let Some(position) = split.position {
                    self.book.split(split.symbol, position.qty, split.price);
                }
            }
            Event::Risk(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Intel(_)
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
        self.end();
        let digest = std::mem::take(&mut self.digest).finalize();
        let outcome = Outcome {
            events: self.events,
            digest: hex(&digest),
            trades: std::mem::take(&mut self.trades),
            report: std::mem::take(&mut self.report),
        };
        // Nobody waits for the outcome of a run that failed.
        let _ = self.done.send(outcome);
    }
}
