//! What goes wrong on purpose: the twenty faults of Alpaca's protocol page (§9 of
//! October 2026), and three that give an occasion to messages of its §6 which nothing
//! else does; each armed for so many times.
//!
//! Whoever serves a call or a stream asks [`Faults::take`] at the place where the
//! fault would strike; nothing here knows what a fault does.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::ids::Symbol;

/// How many faults there are.
const FAULTS: usize = 23;

/// A fault by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// 1: an order is accepted, the connection is dropped before the answer.
    DropAfterAccept,
    /// 2: an order is accepted, the answer is 504.
    GatewayTimeout,
    /// 3: calls are answered 429.
    RateBurst,
    /// 4: a cancel is answered 204, then the order fills.
    CancelThenFill,
    /// 5: a replacement is answered 200, then refused on the stream.
    ReplaceRefused,
    /// 6: the trading stream drops during fills, nothing is repeated.
    StreamDrop,
    /// 7: a fill is sent twice with the same execution id.
    DuplicateFill,
    /// 8: the fill is on the stream before the order is answered.
    FillBeforeAnswer,
    /// 9: the data socket is connected and says nothing; with the variant `trading` the
    /// trading stream.
    MuteData,
    /// 10: reconnections are refused for a while.
    RefuseReconnect,
    /// 11: a cancelled order stays `pending_cancel`.
    StuckCancel,
    /// 12: both exits of a bracket fill.
    BothExitsFill,
    /// 13: an update with `data: null`.
    NullUpdate,
    /// 14: optional fields are missing, a status is unknown.
    StrangeOrder,
    /// 15: a 502 with a page of HTML.
    HtmlGateway,
    /// 16: a print is corrected, another cancelled.
    PrintCorrection,
    /// 17: a stock is halted and resumes.
    HaltAndResume,
    /// 18: the clock tells of a holiday or an early close.
    ClockHoliday,
    /// 19: an order is answered 200 and rejected later.
    LateReject,
    /// 20: an order fills in part and is cancelled.
    PartialThenCancel,
    /// 21: a cancel is answered 204, then refused on the stream; the order works on.
    CancelRefused,
    /// 22: a replacement is announced as pending before it is carried out.
    ReplacePending,
    /// 23: an order of the day is done for the day: it rests without executing until the
    /// close ends it.
    DoneForDay,
}

impl Fault {
    /// All faults, by number.
    pub const ALL: [Self; FAULTS] = [
        Self::DropAfterAccept,
        Self::GatewayTimeout,
        Self::RateBurst,
        Self::CancelThenFill,
        Self::ReplaceRefused,
        Self::StreamDrop,
        Self::DuplicateFill,
        Self::FillBeforeAnswer,
        Self::MuteData,
        Self::RefuseReconnect,
        Self::StuckCancel,
        Self::BothExitsFill,
        Self::NullUpdate,
        Self::StrangeOrder,
        Self::HtmlGateway,
        Self::PrintCorrection,
        Self::HaltAndResume,
        Self::ClockHoliday,
        Self::LateReject,
        Self::PartialThenCancel,
        Self::CancelRefused,
        Self::ReplacePending,
        Self::DoneForDay,
    ];

    /// Finds a fault by its number, 1 to 23; up to 20 those of the page.
    pub fn from_number(number: u64) -> Option<Self> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        Self::ALL.get(at).copied()
    }

    /// Returns its number.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|fault| *fault == self).map_or(0, |at| at + 1)
    }
}

/// How a fault is armed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultOrder {
    /// How often it strikes.
    pub count: u32,
    /// Only for this stock, where the fault has one.
    pub symbol: Option<Symbol>,
    /// How long it lasts, where it does.
    pub seconds: Option<u32>,
    /// A word that tells variants of a fault apart, such as `early_close` (18),
    /// `no_headers` (3), `orders` for new orders alone (3, 15), or the one stream that is
    /// meant: `trading` or `data` (9, 10).
    pub variant: Option<String>,
}

impl FaultOrder {
    /// Strikes so many times without more ado.
    pub const fn times(count: u32) -> Self {
        Self { count, symbol: None, seconds: None, variant: None }
    }
}

/// The faults that are armed.
#[derive(Debug)]
pub struct Faults {
    /// One row per fault in the order of [`Fault::ALL`]; held for a look.
    rows: Mutex<[Option<FaultOrder>; FAULTS]>,
    /// Counts the changes, for those who wait for a fault that strikes by itself.
    changes: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { rows: Mutex::new([const { None }; FAULTS]), changes: watch::Sender::new(0) }
    }
}

impl Faults {
    /// Arms a fault; a count of zero disarms it.
    pub fn arm(&self, fault: Fault, order: FaultOrder) {
        let armed = (order.count > 0).then_some(order);
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)[place(fault)] = armed;
        self.changes.send_modify(|count| *count += 1);
    }

    /// Tells whether a fault strikes here and now, and counts it.
    pub fn take(&self, fault: Fault) -> bool {
        self.take_for(fault, None).is_some()
    }

    /// Takes a fault that may be meant for one stock only, with how it was armed.
    pub fn take_for(&self, fault: Fault, symbol: Option<Symbol>) -> Option<FaultOrder> {
        self.take_if(fault, |armed| {
            armed.symbol.is_none() || symbol.is_none() || armed.symbol == symbol
        })
    }

    /// Takes a fault that is armed in a way that is meant here.
    pub fn take_if(
        &self,
        fault: Fault,
        is_meant: impl FnOnce(&FaultOrder) -> bool,
    ) -> Option<FaultOrder> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let row = &mut rows[place(fault)];
        let armed = row.as_mut()?;
        if !is_meant(armed) {
            return None;
        }
        armed.count -= 1;
        let taken = armed.clone();
        if armed.count == 0 {
            *row = None;
        }
        Some(taken)
    }

    /// Looks at how a fault is armed without counting.
    pub fn armed(&self, fault: Fault) -> Option<FaultOrder> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)[place(fault)].clone()
    }

    /// Hears whenever a fault is armed or disarmed.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

fn place(fault: Fault) -> usize {
    fault.number() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_it_was_armed() {
        let faults = Faults::default();
        assert!(!faults.take(Fault::HtmlGateway));
        faults.arm(Fault::HtmlGateway, FaultOrder::times(2));
        let struck = [(); 3].map(|()| faults.take(Fault::HtmlGateway));
        assert_eq!(struck, [true, true, false]);
        faults.arm(Fault::HtmlGateway, FaultOrder::times(2));
        faults.arm(Fault::HtmlGateway, FaultOrder::times(0));
        assert!(!faults.take(Fault::HtmlGateway));
    }

    #[test]
    fn numbers_are_those_of_the_page() {
        for (at, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!((fault.number(), Fault::from_number(at as u64 + 1)), (at + 1, Some(fault)));
        }
        assert_eq!((Fault::from_number(0), Fault::from_number(24)), (None, None));
    }
}
