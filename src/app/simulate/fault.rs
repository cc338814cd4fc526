//! One fault of a schedule: what goes wrong, and when.

use jiff::SignedDuration;

use crate::brokers::sim::direct::Mishap;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// Something at the broker or on the way to it.
    Broker(Mishap),
    /// The process dies at some event, without a word; what was not on disk may be lost.
    Crash,
    /// The journal cannot be written: the process ends, and is started again.
    JournalFails,
    /// The operator kills; half of them trade again a minute and a half later.
    Kill,
    /// The operator closes everything.
    Flatten,
    /// The machine's clock jumps ahead.
    ClockForward,
    /// The machine's clock jumps back.
    ClockBack,
}

impl FaultKind {
    /// All of them, those of the broker first.
    pub fn all() -> Vec<Self> {
        let house = [
            Self::Crash,
            Self::JournalFails,
            Self::Kill,
            Self::Flatten,
            Self::ClockForward,
            Self::ClockBack,
        ];
        Mishap::ALL.into_iter().map(Self::Broker).chain(house).collect()
    }

    /// The name in schedules, in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broker(mishap) => mishap.name(),
            Self::Crash => "crash",
            Self::JournalFails => "journal_fails",
            Self::Kill => "kill",
            Self::Flatten => "flatten",
            Self::ClockForward => "clock_forward",
            Self::ClockBack => "clock_back",
        }
    }

    /// Whether it is a word of the operator's, after which less is traded.
    pub(super) const fn is_word(self) -> bool {
        matches!(self, Self::Kill | Self::Flatten)
    }

    /// Finds a fault by its name.
    pub fn of(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|kind| kind.name() == name)
    }
}

/// One fault of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// When, since the opening.
    pub at: SignedDuration,
    /// What.
    pub kind: FaultKind,
    /// Draws everything else about it: whom it strikes, how long it takes.
    pub lot: u64,
}
