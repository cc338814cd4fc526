//! Bids, offers, prints and halts of one stock, from items that hold changed fields
//! alone.
//!
//! The first item on a connection is a snapshot; what follows is laid over it. Sizes
//! are for display: whether they count shares or lots of a hundred is not certain.
//! Schwab, protocol page §5.5 of November 2026.

use super::frame::Item;
use crate::brokers::Push;
use crate::domain::ids::Symbol;
use crate::domain::market::{Quote, StatusChange, Tick, TradingStatus};
use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

const BID: u8 = 1;
const ASK: u8 = 2;
const LAST: u8 = 3;
const BID_SIZE: u8 = 4;
const ASK_SIZE: u8 = 5;
const VOLUME: u8 = 8;
const LAST_SIZE: u8 = 9;
const SECURITY_STATUS: u8 = 32;
const QUOTE_TIME: u8 = 34;
const TRADE_TIME: u8 = 35;

/// What is known of one stock on this connection.
#[derive(Debug, Clone, Default)]
pub(super) struct LevelOne {
    bid: Option<Price>,
    ask: Option<Price>,
    bid_size: u64,
    ask_size: u64,
    last: Option<Price>,
    last_size: u64,
    quote_at: Option<Timestamp>,
    trade_at: Option<Timestamp>,
    is_halted: bool,
    has_snapshot: bool,
}

impl LevelOne {
    /// Lays an item over what is known; `sent_at` is the streamer's time of the frame.
    /// What follows goes into `pushes`. Returns false when a quote cannot be: one side
    /// empty, or crossed.
    pub(super) fn take(
        &mut self,
        symbol: Symbol,
        item: &Item<'_>,
        sent_at: Timestamp,
        pushes: &mut Vec<Push>,
    ) -> bool {
        let is_snapshot = !std::mem::replace(&mut self.has_snapshot, true);
        self.merge(item);
        pushes.extend(self.status(symbol, item));
        // A print of the same price and size shows in its time and the volume alone. The
        // snapshot's may be of yesterday.
        if !is_snapshot && item.has(&[LAST, VOLUME, LAST_SIZE, TRADE_TIME]) {
            pushes.extend(self.tick(symbol, sent_at));
        }
        // A new time alone says that the quote still stands: how old it is decides whether it
        // is traded on.
        if !item.has(&[BID, ASK, BID_SIZE, ASK_SIZE, QUOTE_TIME]) {
            return true;
        }
        let quote = self.quote(symbol, sent_at);
        let is_good = quote.is_some();
        pushes.extend(quote);
        is_good
    }

    /// A new connection begins with a snapshot; halts are remembered, as their end has to
    /// be told.
    pub(super) fn reconnected(&mut self) {
        *self = Self { is_halted: self.is_halted, ..Self::default() };
    }

    /// Whether anything has come on this connection.
    pub(super) const fn has_snapshot(&self) -> bool {
        self.has_snapshot
    }

    fn merge(&mut self, item: &Item<'_>) {
        // A side that is told and is no price is empty from now on.
        for (field, price) in [(BID, &mut self.bid), (ASK, &mut self.ask), (LAST, &mut self.last)] {
            if item.has(&[field]) {
                *price = item.price(field);
            }
        }
        self.bid_size = item.whole(BID_SIZE).unwrap_or(self.bid_size);
        self.ask_size = item.whole(ASK_SIZE).unwrap_or(self.ask_size);
        self.last_size = item.whole(LAST_SIZE).unwrap_or(self.last_size);
        self.quote_at = item.instant(QUOTE_TIME).or(self.quote_at);
        self.trade_at = item.instant(TRADE_TIME).or(self.trade_at);
    }

    fn quote(&self, symbol: Symbol, sent_at: Timestamp) -> Option<Push> {
        let (bid, ask) = (self.bid?, self.ask?);
        let at = self.quote_at.unwrap_or(sent_at);
        let quote = Quote::new(symbol, (bid, self.bid_size), (ask, self.ask_size), at);
        quote.ok().map(Push::Quote)
    }

    fn tick(&self, symbol: Symbol, sent_at: Timestamp) -> Option<Push> {
        let at = self.trade_at.unwrap_or(sent_at);
        let size = Qty::shares(self.last_size).ok()?;
        Some(Push::Tick(Tick { symbol, price: self.last?, size, at }))
    }

    fn status(&mut self, symbol: Symbol, item: &Item<'_>) -> Option<Push> {
        let (is_halted, status) = match item.text(SECURITY_STATUS)? {
            "Halted" => (true, TradingStatus::Halted),
            "Normal" => (false, TradingStatus::Trading),
            // Closed for the night, or a word that is not on the page.
            _ => return None,
        };
        let was_halted = std::mem::replace(&mut self.is_halted, is_halted);
        let change = StatusChange { symbol, status };
        (was_halted != is_halted).then_some(Push::Status(change))
    }
}
