//! What the market data stream says, in our types.
//!
//! Two decoders make these, one a wire form; the [session](super::data_session)
//! answers to them. Prices are exact and above zero, quotes are not crossed, bars
//! enclose their open and close: what is otherwise never becomes a message.
//! The wire is Alpaca's, protocol page §7 of October 2026.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::Symbol;
use crate::domain::market::{
    Bar, PriceBand, Quote, StatusChange, Tick, TickCorrection, TradingStatus,
};
use crate::domain::money::{Price, Qty};
use crate::domain::time::Timestamp;

/// A kind of market data that can be subscribed to. In the order in which it is
/// asked for: bars are what is filled in after a gap, so their stream must run
/// before quotes and trades tell that data flows again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Minute bars.
    Bars,
    /// Better versions of minute bars, about half a minute later.
    UpdatedBars,
    /// The day's bar so far, every minute.
    DailyBars,
    /// Halts and resumptions.
    Statuses,
    /// Limit-up/limit-down bands.
    Lulds,
    /// Trade prints; corrections and cancellations come with them unasked.
    Trades,
    /// Best bids and offers.
    Quotes,
}

impl Channel {
    /// All of them, in the order in which they are asked for.
    pub const ALL: [Self; 7] = [
        Self::Bars,
        Self::UpdatedBars,
        Self::DailyBars,
        Self::Statuses,
        Self::Lulds,
        Self::Trades,
        Self::Quotes,
    ];

    /// The name on the wire and in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::UpdatedBars => "updatedBars",
            Self::DailyBars => "dailyBars",
            Self::Statuses => "statuses",
            Self::Lulds => "lulds",
            Self::Trades => "trades",
            Self::Quotes => "quotes",
        }
    }

    /// Looks a channel up by its name on the wire.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name().as_bytes() == name)
    }

    /// Tells whether the channel speaks many times a minute while the market is
    /// open, so that its silence means something.
    pub const fn is_lively(self) -> bool {
        match self {
            Self::Trades | Self::Quotes => true,
            Self::Bars | Self::UpdatedBars | Self::DailyBars | Self::Statuses | Self::Lulds => {
                false
            }
        }
    }
}

/// What is subscribed to: symbols by channel, in wire form (`*` is every symbol).
pub type Subscriptions = BTreeMap<Channel, BTreeSet<String>>;

/// A halt, a pause or a resumption as the exchange's tape words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HaltNotice {
    /// Which stock.
    pub symbol: Symbol,
    /// The status code, such as `H` on tape C or `2` on tapes A and B.
    pub code: u8,
    /// Whether the reason is a volatility pause (`LUDP`).
    pub is_volatility_pause: bool,
    /// When the exchange stamped it.
    pub at: Timestamp,
}

impl HaltNotice {
    /// What the notice means for trading; `None` for codes that change nothing
    /// (quotes resume before trading does) or that we do not know.
    /// Alpaca, protocol page §7.2 of October 2026: `2 3 E F` on tapes A and B,
    /// `H Q T P` on tape C; no letter stands on both with two meanings.
    pub const fn change(self) -> Option<StatusChange> {
        let status = match self.code {
            b'2' | b'H' if self.is_volatility_pause => TradingStatus::LuldPaused,
            b'2' | b'H' => TradingStatus::Halted,
            b'F' | b'P' => TradingStatus::LuldPaused,
            b'3' | b'T' => TradingStatus::Trading,
            b'E' => TradingStatus::ShortSaleRestricted,
            _ => return None,
        };
        Some(StatusChange { symbol: self.symbol, status })
    }
}

/// A limit-up/limit-down band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LuldBand {
    /// Which stock.
    pub symbol: Symbol,
    /// The highest price at which it may trade, dollars per share.
    pub up: Price,
    /// The lowest.
    pub down: Price,
    /// The indicator, a letter such as `B`.
    pub indicator: u8,
    /// When the exchange stamped it.
    pub at: Timestamp,
}

impl LuldBand {
    /// The band in the house's words.
    pub const fn band(&self) -> PriceBand {
        PriceBand { symbol: self.symbol, down: self.down, up: self.up, at: self.at }
    }
}

/// A print that was reported wrongly and is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// The exchange's number of the print that was wrong.
    pub original_id: u64,
    /// Its price, dollars per share.
    pub original_price: Price,
    /// Its shares.
    pub original_size: Qty,
    /// What is right; the time is that of the correction.
    pub corrected: Tick,
}

impl Correction {
    /// The correction in the house's words.
    pub const fn correction(&self) -> TickCorrection {
        let right = self.corrected;
        let wrong = Tick { price: self.original_price, size: self.original_size, ..right };
        TickCorrection { wrong, right: Some(right) }
    }
}

/// A print that is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelledTrade {
    /// The exchange's number of the print.
    pub id: u64,
    /// The print; the time is that of the cancellation.
    pub trade: Tick,
    /// True for an error, false for a cancellation.
    pub is_error: bool,
}

impl CancelledTrade {
    /// The cancellation in the house's words.
    pub const fn correction(&self) -> TickCorrection {
        TickCorrection { wrong: self.trade, right: None }
    }
}

/// One message of the market data stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataMessage {
    /// The greeting: we may speak.
    Connected,
    /// Our keys are taken.
    Authenticated,
    /// All that we are subscribed to from now on.
    Subscribed(Subscriptions),
    /// A request failed, or the connection is about to.
    Error {
        /// The code of protocol page §7.1.
        code: u64,
        /// In the venue's words.
        message: String,
    },
    /// A trade print.
    Trade(Tick),
    /// A trade print that makes no price: its conditions say so.
    Aside(Tick),
    /// Bid and ask.
    Quote(Quote),
    /// A minute that has ended.
    Bar(Bar),
    /// A better version of a minute bar.
    UpdatedBar(Bar),
    /// The day so far; its start is the day's.
    DailyBar(Bar),
    /// A halt, a pause or a resumption.
    Status(HaltNotice),
    /// A price band.
    Luld(LuldBand),
    /// A print is corrected.
    Correction(Correction),
    /// A print is taken back.
    Cancelled(CancelledTrade),
}

impl DataMessage {
    /// Tells whether it is market data, as opposed to talk about the connection.
    pub const fn is_data(&self) -> bool {
        match self {
            Self::Connected | Self::Authenticated | Self::Subscribed(_) | Self::Error { .. } => {
                false
            }
            Self::Trade(_)
            | Self::Aside(_)
            | Self::Quote(_)
            | Self::Bar(_)
            | Self::UpdatedBar(_)
            | Self::DailyBar(_)
            | Self::Status(_)
            | Self::Luld(_)
            | Self::Correction(_)
            | Self::Cancelled(_) => true,
        }
    }
}

/// How decoding went, counted since the stream was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DecodeCounts {
    /// Messages understood.
    pub understood: u64,
    /// Prints that make no price, understood ones among them.
    pub aside: u64,
    /// Messages of a type that we do not know or do not use.
    pub ignored: u64,
    /// Keys that we do not know, in messages that we do.
    pub unknown_keys: u64,
    /// Quotes with one side missing (price zero): no trade can be judged by them.
    pub one_sided: u64,
    /// Messages refused: out of range, not a number, self-contradicting, incomplete.
    pub refused: u64,
    /// Frames that broke off or made no sense; the rest of such a frame is lost.
    pub broken_frames: u64,
}

impl DecodeCounts {
    /// Messages that claimed to be market data and could not be used.
    pub const fn unusable(&self) -> u64 {
        self.one_sided.saturating_add(self.refused)
    }
}
