//! Fills and prices into the account's worth and the list of positions.
//!
//! Cash and positions come from executions alone, as risk counts them; what the venue
//! says of its own account is not mixed in (but for buying power, which only it
//! knows).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::ids::{ClientOrderId, Symbol, TradeId};
use crate::domain::money::{Money, Price};
use crate::domain::position::{Book, Direction, Position};
use crate::domain::time::Timestamp;
use crate::events::{OrderFilled, PositionEvent, SplitApplied};
use crate::view::rows::{PositionRow, Protection};
use crate::view::snapshot::Account;
use crate::view::watch::push_bounded;

/// Orders that hold stops of one position: one, and one more for each late fill.
const STOPS_MAX: usize = 16;

/// Nanoseconds of a minute.
const MINUTE: i64 = 60_000_000_000;
/// Minutes whose drawdown is kept.
pub(in crate::view) const FALLS_MAX: usize = 120;

/// What is known of a position beyond its shares.
#[derive(Debug, Clone)]
struct Held {
    trade_id: Option<TradeId>,
    since: Timestamp,
    protection: Protection,
    stop: Option<Price>,
    target: Option<Price>,
    /// Loss per share at the first stop.
    risk: Option<Money>,
    /// The orders that hold its stops, while they rest.
    stops: Vec<ClientOrderId>,
}

impl Held {
    fn new(since: Timestamp) -> Self {
        Self {
            trade_id: None,
            since,
            protection: Protection::Naked { since },
            stop: None,
            target: None,
            risk: None,
            stops: Vec::new(),
        }
    }
}

/// The account.
#[derive(Debug)]
pub(in crate::view) struct AccountPart {
    book: Book,
    held: BTreeMap<Symbol, Held>,
    day: Option<Date>,
    day_start: Money,
    peak: Money,
    buying_power: Option<Money>,
    falls: VecDeque<Money>,
    /// The minute of the newest of them.
    minute: Option<i64>,
    shared: Arc<[PositionRow]>,
    has_changed: bool,
}

impl AccountPart {
    pub(in crate::view) fn new(opening_cash: Money) -> Self {
        Self {
            book: Book::new(opening_cash),
            held: BTreeMap::new(),
            day: None,
            day_start: opening_cash,
            peak: opening_cash,
            buying_power: None,
            falls: VecDeque::new(),
            minute: None,
            shared: Arc::default(),
            has_changed: false,
        }
    }

    /// Takes a new price into account.
    pub(in crate::view) fn mark(&mut self, symbol: Symbol, price: Price) {
        if self.book.open_positions() == 0 {
            return;
        }
        self.book.mark(symbol, price);
        self.has_changed = true;
        self.peak = self.peak.max(self.book.equity());
    }

    /// Notes once a minute how far the net value is below its peak.
    pub(in crate::view) fn note_fall(&mut self, at: Timestamp) {
        let minute = at.as_nanos().div_euclid(MINUTE);
        if self.minute.is_some_and(|noted| noted >= minute) {
            return;
        }
        self.minute = Some(minute);
        push_bounded(&mut self.falls, FALLS_MAX, self.peak - self.book.equity());
    }

    pub(in crate::view) fn share_falls(&self) -> Arc<[Money]> {
        self.falls.iter().copied().collect()
    }

    /// Begins a trading day; returns whether it is a new one.
    pub(in crate::view) fn begin_day(&mut self, day: Date) -> bool {
        let is_new = self.day.is_none_or(|before| before < day);
        if is_new {
            self.day = Some(day);
            self.day_start = self.book.equity();
        }
        is_new
    }

    pub(in crate::view) const fn set_buying_power(&mut self, power: Money) {
        self.buying_power = Some(power);
    }

    pub(in crate::view) fn fill(&mut self, at: Timestamp, filled: &OrderFilled) {
        let fill = &filled.fill;
        self.book.apply(fill.symbol, fill.side, fill.qty, fill.price, filled.fee);
        self.has_changed = true;
        self.peak = self.peak.max(self.book.equity());
        let Some(position) = self.book.position(fill.symbol) else {
            self.held.remove(&fill.symbol);
            return;
        };
        let held = self.held.entry(fill.symbol).or_insert_with(|| Held::new(at));
        if held.trade_id.is_none() {
            held.trade_id.clone_from(&filled.trade_id);
        }
        // More shares than the stop protects are naked ones.
        if let Protection::Protected { quantity, .. } = &held.protection
            && *quantity < position.qty
        {
            held.protection = Protection::Naked { since: at };
        }
    }

    pub(in crate::view) fn split(&mut self, split: &SplitApplied) {
        if let Some(position) = split.position {
            self.book.split(split.symbol, position.qty, split.price);
            self.has_changed = true;
        }
    }

    pub(in crate::view) fn see(&mut self, at: Timestamp, event: &PositionEvent) {
        let Some(symbol) = event.symbol() else { return };
        let Some(held) = self.held.get_mut(&symbol) else { return };
        self.has_changed = true;
        match event {
            PositionEvent::Opened(opened) => {
                held.trade_id = Some(opened.trade_id.clone());
                held.stop = Some(opened.stop_price);
                held.target = Some(opened.target_price);
                held.risk = Some(opened.entry_price.minus(opened.stop_price).abs());
            }
            PositionEvent::SetStop(wanted) => {
                held.stop = Some(wanted.stop);
                held.target = wanted.target.or(held.target);
            }
            PositionEvent::StopSet(stop) => {
                let id = &stop.client_order_id;
                if !held.stops.contains(id) && held.stops.len() < STOPS_MAX {
                    held.stops.push(id.clone());
                }
                held.stop = Some(stop.stop_price);
                held.protection = Protection::Protected {
                    client_order_id: id.clone(),
                    quantity: stop.quantity,
                    stop: stop.stop_price,
                    since: at,
                };
            }
            PositionEvent::Split(split) => {
                held.stop = Some(split.stop_price);
                held.target = Some(split.target_price);
            }
            PositionEvent::UpdateStop(_)
            | PositionEvent::StopHit(_)
            | PositionEvent::TargetHit(_)
            | PositionEvent::Closed(_)
            | PositionEvent::Pnl(_)
            | PositionEvent::Covered(_)
            | PositionEvent::Unexplained(_) => {}
        }
    }

    /// A protective order has gone: what it held is naked, or on its way out.
    pub(in crate::view) fn stop_gone(&mut self, at: Timestamp, symbol: Symbol, id: &ClientOrderId) {
        let Some(held) = self.held.get_mut(&symbol) else { return };
        let Some(place) = held.stops.iter().position(|stop| stop == id) else { return };
        held.stops.remove(place);
        self.has_changed = true;
        if held.stops.is_empty() && matches!(held.protection, Protection::Protected { .. }) {
            held.protection = Protection::Naked { since: at };
        }
    }

    /// A stop works under another name.
    pub(in crate::view) fn stop_renamed(&mut self, old: &ClientOrderId, new: &ClientOrderId) {
        let stops = self.held.values_mut().flat_map(|held| held.stops.iter_mut());
        for stop in stops.filter(|stop| *stop == old) {
            stop.clone_from(new);
        }
    }

    /// A trade leaves its position, or stays after all.
    pub(in crate::view) fn leaves(&mut self, at: Timestamp, symbol: Symbol, is_leaving: bool) {
        let Some(held) = self.held.get_mut(&symbol) else { return };
        match (&held.protection, is_leaving) {
            (Protection::Protected { .. } | Protection::Naked { .. }, true) => {
                held.protection = Protection::Leaving { since: at };
                self.has_changed = true;
            }
            (Protection::Leaving { .. }, false) => {
                held.protection = Protection::Naked { since: at };
                self.has_changed = true;
            }
            (Protection::Leaving { .. }, true)
            | (Protection::Protected { .. } | Protection::Naked { .. }, false) => {}
        }
    }

    pub(in crate::view) fn get(&self) -> Account {
        let book = &self.book;
        let nav = book.equity();
        let fall = self.peak - nav;
        let drawdown = fall.ratio_to(self.peak).unwrap_or(Decimal::ZERO).max(Decimal::ZERO);
        let unrealized =
            book.positions().filter_map(|(position, mark)| Some(position.unrealized(mark?))).sum();
        Account {
            nav,
            cash: book.cash(),
            buying_power: self.buying_power,
            day_pnl: nav - self.day_start,
            day_start: self.day_start,
            realized: book.realized(),
            unrealized,
            fees: book.fees(),
            gross: book.gross_exposure(),
            net: book.net_exposure(),
            peak: self.peak,
            drawdown: drawdown.round_dp(4),
        }
    }

    pub(in crate::view) fn share(&mut self) -> Arc<[PositionRow]> {
        if std::mem::take(&mut self.has_changed) {
            let rows = self.book.positions();
            self.shared = rows.filter_map(|(position, mark)| self.row(&position, mark)).collect();
        }
        Arc::clone(&self.shared)
    }

    fn row(&self, position: &Position, mark: Option<Price>) -> Option<PositionRow> {
        let held = self.held.get(&position.symbol)?;
        let average = position.average_price()?;
        let last = mark.unwrap_or(average);
        let per_share = match position.direction {
            Direction::Long => last.minus(average),
            Direction::Short => average.minus(last),
        };
        let r = held.risk.and_then(|risk| per_share.ratio_to(risk)).map(|r| r.round_dp(2));
        Some(PositionRow {
            symbol: position.symbol,
            direction: position.direction,
            quantity: position.qty,
            average,
            last,
            unrealized: position.unrealized(last),
            r,
            protection: held.protection.clone(),
            stop: held.stop,
            target: held.target,
            trade_id: held.trade_id.clone(),
            since: held.since,
        })
    }

    pub(in crate::view) fn sizes(&self) -> [usize; 1] {
        [self.held.len()]
    }
}
