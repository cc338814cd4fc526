//! What can go wrong at a broker or on the way to it.
//!
//! Names only; what each does is in `troubles`, `line` and `venue`. The numbers F01 to
//! F30 are those of the faults page §5.

use jiff::SignedDuration;

/// One thing that goes wrong, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mishap {
    /// The next order is taken and its answer is lost (F01).
    AnswerLost,
    /// The next order is taken and its answer comes after our time-out (F02).
    AnswerLate,
    /// The next order is on its way for seconds, after its connection has broken.
    RequestLate,
    /// The next order is taken and answered with a 504 (F03).
    ErrorAfter,
    /// The next order is not taken and answered with a 503.
    ErrorBefore,
    /// The next order never leaves (F04).
    NotSent,
    /// The next call is turned away with a 429.
    TooMany,
    /// The next order is taken and answered with "client order id in use" (F05).
    NameInUse,
    /// The next stop is refused (F13).
    StopRefused,
    /// The next stop is taken and refused a moment later (F13).
    StopRefusedLate,
    /// The broker cancels a resting stop of its own accord (F14).
    StopCancelled,
    /// The next entry is filled in part, and nothing more is said (F12).
    PartialThenSilence,
    /// The next entry is filled in part and the rest cancelled (F11).
    PartialThenCancel,
    /// The next cancel never arrives, and nobody answers (F19).
    CancelLost,
    /// The next cancel is carried out and its answer is lost (F19).
    CancelAnswerLost,
    /// The next cancel is taken, and the order is filled all the same (F09, F19).
    FillDespiteCancel,
    /// The next cancel is taken and carried out half a minute later.
    CancelStuck,
    /// The next replacement is carried out and its answer is lost (F18).
    ReplaceAnswerLost,
    /// The next replacement is taken and refused a moment later.
    ReplaceRefused,
    /// Reads are answered with a 503 for some seconds.
    ReadsFail,
    /// Nothing is answered for some seconds; nothing arrives either.
    Outage,
    /// No connection can be made for some seconds (F04).
    ConnectionsRefused,
    /// The next news of an order is lost.
    PushLost,
    /// The next news of an order comes twice (F07).
    PushTwice,
    /// The next two pieces of news come in the wrong order (F10).
    PushesSwapped,
    /// The next news of an order comes seconds late (F09, F10).
    PushLate,
    /// The order stream is open and silent (F26), then closes.
    OrdersMuted,
    /// The order stream is down for some seconds: what happens is not told (F28).
    OrdersGap,
    /// The order stream opens and closes again and again (F27).
    OrdersLoop,
    /// The market stream is open and silent for some seconds (F26).
    MarketMuted,
    /// The market stream is down for some seconds (F28).
    MarketGap,
    /// A quote whose bid is above its ask.
    QuoteCrossed,
    /// A quote and a print far from the market.
    PriceJump,
    /// A quote of the smallest price there is.
    PriceTiny,
    /// A stock is halted for a while.
    SymbolHalted,
}

impl Mishap {
    /// All of them.
    pub const ALL: [Self; 35] = [
        Self::AnswerLost,
        Self::AnswerLate,
        Self::RequestLate,
        Self::ErrorAfter,
        Self::ErrorBefore,
        Self::NotSent,
        Self::TooMany,
        Self::NameInUse,
        Self::StopRefused,
        Self::StopRefusedLate,
        Self::StopCancelled,
        Self::PartialThenSilence,
        Self::PartialThenCancel,
        Self::CancelLost,
        Self::CancelAnswerLost,
        Self::FillDespiteCancel,
        Self::CancelStuck,
        Self::ReplaceAnswerLost,
        Self::ReplaceRefused,
        Self::ReadsFail,
        Self::Outage,
        Self::ConnectionsRefused,
        Self::PushLost,
        Self::PushTwice,
        Self::PushesSwapped,
        Self::PushLate,
        Self::OrdersMuted,
        Self::OrdersGap,
        Self::OrdersLoop,
        Self::MarketMuted,
        Self::MarketGap,
        Self::QuoteCrossed,
        Self::PriceJump,
        Self::PriceTiny,
        Self::SymbolHalted,
    ];

    /// The name in schedules, in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnswerLost => "answer_lost",
            Self::AnswerLate => "answer_late",
            Self::RequestLate => "request_late",
            Self::ErrorAfter => "error_after",
            Self::ErrorBefore => "error_before",
            Self::NotSent => "not_sent",
            Self::TooMany => "too_many",
            Self::NameInUse => "name_in_use",
            Self::StopRefused => "stop_refused",
            Self::StopRefusedLate => "stop_refused_late",
            Self::StopCancelled => "stop_cancelled",
            Self::PartialThenSilence => "partial_then_silence",
            Self::PartialThenCancel => "partial_then_cancel",
            Self::CancelLost => "cancel_lost",
            Self::CancelAnswerLost => "cancel_answer_lost",
            Self::FillDespiteCancel => "fill_despite_cancel",
            Self::CancelStuck => "cancel_stuck",
            Self::ReplaceAnswerLost => "replace_answer_lost",
            Self::ReplaceRefused => "replace_refused",
            Self::ReadsFail => "reads_fail",
            Self::Outage => "outage",
            Self::ConnectionsRefused => "connections_refused",
            Self::PushLost => "push_lost",
            Self::PushTwice => "push_twice",
            Self::PushesSwapped => "pushes_swapped",
            Self::PushLate => "push_late",
            Self::OrdersMuted => "orders_muted",
            Self::OrdersGap => "orders_gap",
            Self::OrdersLoop => "orders_loop",
            Self::MarketMuted => "market_muted",
            Self::MarketGap => "market_gap",
            Self::QuoteCrossed => "quote_crossed",
            Self::PriceJump => "price_jump",
            Self::PriceTiny => "price_tiny",
            Self::SymbolHalted => "symbol_halted",
        }
    }

    /// For how long it keeps the broker from answering, or news from coming, once it has
    /// struck.
    pub const fn lasts(self) -> SignedDuration {
        SignedDuration::from_secs(match self {
            Self::Outage
            | Self::ConnectionsRefused
            | Self::ReadsFail
            | Self::AnswerLate
            | Self::AnswerLost
            | Self::RequestLate => 12,
            Self::CancelLost
            | Self::CancelAnswerLost
            | Self::ReplaceAnswerLost
            | Self::OrdersGap
            | Self::MarketGap => 6,
            Self::CancelStuck => 30,
            Self::TooMany => 2,
            Self::PushLate | Self::OrdersLoop => 8,
            Self::OrdersMuted | Self::MarketMuted => 20,
            Self::SymbolHalted => 60,
            Self::ErrorAfter
            | Self::ErrorBefore
            | Self::NotSent
            | Self::NameInUse
            | Self::StopRefused
            | Self::StopRefusedLate
            | Self::StopCancelled
            | Self::PartialThenSilence
            | Self::PartialThenCancel
            | Self::FillDespiteCancel
            | Self::ReplaceRefused
            | Self::PushLost
            | Self::PushTwice
            | Self::PushesSwapped
            | Self::QuoteCrossed
            | Self::PriceJump
            | Self::PriceTiny => 0,
        })
    }
}
