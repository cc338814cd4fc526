//! Which faults wait for a call, and what they make of it.
//!
//! A fault that concerns a kind of call waits for the next one of that kind; one that
//! concerns all calls lasts for a while. It moves no time and knows no exchange.

use std::collections::VecDeque;
use std::time::Duration;

use crate::brokers::sim::direct::mishap::Mishap;
use crate::domain::order::{OrderClass, OrderKind, OrderRequest};
use crate::domain::time::Timestamp;

/// What a call asks for, as far as a fault cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// To take an order that protects.
    Stop,
    /// To take another order.
    Order,
    Cancel,
    Replace,
    Read,
}

impl Asks {
    pub(super) const fn of(order: &OrderRequest) -> Self {
        match (order.kind, order.class) {
            (OrderKind::Stop { .. } | OrderKind::StopLimit { .. }, _)
            | (_, OrderClass::Oco { .. }) => Self::Stop,
            (OrderKind::Market | OrderKind::Limit { .. } | OrderKind::TrailingStop { .. }, _) => {
                Self::Order
            }
        }
    }

    /// How long the client waits for an answer (faults page §9).
    pub(super) const fn patience(self) -> Duration {
        match self {
            Self::Stop | Self::Order | Self::Replace => Duration::from_secs(10),
            Self::Cancel | Self::Read => Duration::from_secs(5),
        }
    }
}

/// What the broker's side does with the call when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// What was asked.
    Well,
    /// Nothing.
    Nothing,
    /// What was asked, and something else beside it.
    With(Mishap),
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Truth,
    /// The connection breaks.
    Nothing,
    ServerError,
    TooMany,
    InUse,
    StopRefused,
}

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) is_sent: bool,
    pub(super) arrives_in: Duration,
    pub(super) does: Does,
    pub(super) says: Says,
    pub(super) answers_in: Duration,
    /// The caller is left alone so soon, while its request goes on.
    pub(super) breaks_in: Option<Duration>,
}

/// What became of a fault that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Armed {
    /// It waits for its call.
    Waits,
    /// It has begun.
    Begun,
    /// It is not about calls.
    Elsewhere,
}

/// The faults that wait.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    /// At most one per fault of the schedule.
    armed: VecDeque<Mishap>,
    outage_until: Timestamp,
    refused_until: Timestamp,
    reads_fail_until: Timestamp,
}

impl Troubles {
    /// Lets a fault wait for its call, or begin now.
    pub(super) fn arm(&mut self, mishap: Mishap, now: Timestamp) -> Armed {
        let until = now.plus(mishap.lasts());
        match mishap {
            Mishap::Outage => self.outage_until = until,
            Mishap::ConnectionsRefused => self.refused_until = until,
            Mishap::ReadsFail => self.reads_fail_until = until,
            Mishap::AnswerLost
            | Mishap::AnswerLate
            | Mishap::RequestLate
            | Mishap::ErrorAfter
            | Mishap::ErrorBefore
            | Mishap::NotSent
            | Mishap::TooMany
            | Mishap::NameInUse
            | Mishap::StopRefused
            | Mishap::StopRefusedLate
            | Mishap::PartialThenSilence
            | Mishap::PartialThenCancel
            | Mishap::CancelLost
            | Mishap::CancelAnswerLost
            | Mishap::FillDespiteCancel
            | Mishap::CancelStuck
            | Mishap::ReplaceAnswerLost
            | Mishap::ReplaceRefused => {
                self.armed.push_back(mishap);
                return Armed::Waits;
            }
            Mishap::StopCancelled
            | Mishap::PushLost
            | Mishap::PushTwice
            | Mishap::PushesSwapped
            | Mishap::PushLate
            | Mishap::OrdersMuted
            | Mishap::OrdersGap
            | Mishap::OrdersLoop
            | Mishap::MarketMuted
            | Mishap::MarketGap
            | Mishap::QuoteCrossed
            | Mishap::PriceJump
            | Mishap::PriceTiny
            | Mishap::SymbolHalted => return Armed::Elsewhere,
        }
        Armed::Begun
    }

    /// Takes the fault that waits for a call, and says what becomes of the call; the second
    /// value is the fault that struck with it.
    pub(super) fn meet(
        &mut self,
        asks: Asks,
        now: Timestamp,
        way: Duration,
    ) -> (Fate, Option<Mishap>) {
        let well = Fate {
            is_sent: true,
            arrives_in: way,
            does: Does::Well,
            says: Says::Truth,
            answers_in: way,
            breaks_in: None,
        };
        if now < self.refused_until {
            return (Fate { is_sent: false, ..well }, None);
        }
        if now < self.outage_until {
            let (does, says) = (Does::Nothing, Says::Nothing);
            let answers_in = asks.patience();
            return (Fate { does, says, answers_in, ..well }, None);
        }
        if now < self.reads_fail_until && asks == Asks::Read {
            let (does, says) = (Does::Nothing, Says::ServerError);
            return (Fate { does, says, ..well }, None);
        }
        let met = self.armed.iter().position(|mishap| concerns(*mishap, asks));
        let Some(mishap) = met.and_then(|at| self.armed.remove(at)) else { return (well, None) };
        (spoilt(well, mishap), Some(mishap))
    }
}

/// What a fault makes of a call that would have gone well.
fn spoilt(well: Fate, mishap: Mishap) -> Fate {
    let late = Duration::from_secs(11);
    let says = |says| Fate { says, ..well };
    match mishap {
        Mishap::AnswerLost | Mishap::CancelAnswerLost | Mishap::ReplaceAnswerLost => {
            says(Says::Nothing)
        }
        Mishap::AnswerLate => Fate { answers_in: late, ..well },
        // Held by a proxy: nothing is on its way for longer than a POST may take.
        Mishap::RequestLate => Fate {
            arrives_in: Duration::from_secs(8),
            says: Says::Nothing,
            breaks_in: Some(Duration::from_secs(1)),
            ..well
        },
        Mishap::ErrorAfter => says(Says::ServerError),
        Mishap::ErrorBefore => Fate { does: Does::Nothing, says: Says::ServerError, ..well },
        Mishap::CancelLost => {
            Fate { does: Does::Nothing, says: Says::Nothing, answers_in: late, ..well }
        }
        Mishap::NotSent => Fate { is_sent: false, ..well },
        Mishap::TooMany => Fate { does: Does::Nothing, says: Says::TooMany, ..well },
        Mishap::NameInUse => says(Says::InUse),
        Mishap::StopRefused => Fate { does: Does::Nothing, says: Says::StopRefused, ..well },
        Mishap::StopRefusedLate
        | Mishap::PartialThenSilence
        | Mishap::PartialThenCancel
        | Mishap::FillDespiteCancel
        | Mishap::CancelStuck
        | Mishap::ReplaceRefused => Fate { does: Does::With(mishap), ..well },
        Mishap::StopCancelled
        | Mishap::ReadsFail
        | Mishap::Outage
        | Mishap::ConnectionsRefused
        | Mishap::PushLost
        | Mishap::PushTwice
        | Mishap::PushesSwapped
        | Mishap::PushLate
        | Mishap::OrdersMuted
        | Mishap::OrdersGap
        | Mishap::OrdersLoop
        | Mishap::MarketMuted
        | Mishap::MarketGap
        | Mishap::QuoteCrossed
        | Mishap::PriceJump
        | Mishap::PriceTiny
        | Mishap::SymbolHalted => well,
    }
}

/// Whether a fault waits for this kind of call.
fn concerns(mishap: Mishap, asks: Asks) -> bool {
    match mishap {
        Mishap::AnswerLost
        | Mishap::AnswerLate
        | Mishap::RequestLate
        | Mishap::ErrorAfter
        | Mishap::ErrorBefore
        | Mishap::NotSent
        | Mishap::NameInUse => matches!(asks, Asks::Stop | Asks::Order),
        Mishap::TooMany => true,
        Mishap::StopRefused | Mishap::StopRefusedLate => asks == Asks::Stop,
        Mishap::PartialThenSilence | Mishap::PartialThenCancel => asks == Asks::Order,
        Mishap::CancelLost
        | Mishap::CancelAnswerLost
        | Mishap::FillDespiteCancel
        | Mishap::CancelStuck => asks == Asks::Cancel,
        Mishap::ReplaceAnswerLost | Mishap::ReplaceRefused => asks == Asks::Replace,
        Mishap::StopCancelled
        | Mishap::ReadsFail
        | Mishap::Outage
        | Mishap::ConnectionsRefused
        | Mishap::PushLost
        | Mishap::PushTwice
        | Mishap::PushesSwapped
        | Mishap::PushLate
        | Mishap::OrdersMuted
        | Mishap::OrdersGap
        | Mishap::OrdersLoop
        | Mishap::MarketMuted
        | Mishap::MarketGap
        | Mishap::QuoteCrossed
        | Mishap::PriceJump
        | Mishap::PriceTiny
        | Mishap::SymbolHalted => false,
    }
}
