//! Layer 4: the read model, what the screen, the control verbs and attached
//! dashboards are told.
//!
//! [`Projector`] folds every envelope into a [`Snapshot`]: a value of one moment that
//! is never changed. [`Publisher`] sits behind the spine as a tap and hands snapshots
//! to those who ask, so that nobody who draws can hold up those who trade. Why a
//! trade was taken or not is a [`Record`]. Whatever others wrote is cleaned on the way
//! in by [`clean_text`]; the read model holds no other text of theirs.
//!
//! It knows nothing of how things are shown: that is `ui`.

mod text;
mod names;
mod part;
mod checks;
mod prints;
mod watch;
mod rows;
mod precautions;
mod latency;
mod counters;
mod machine;
mod log;
mod decisions;
mod snapshot;
mod run;
mod safety;
mod projector;
mod history;
mod intel;
mod lanes;
mod publisher;
#[cfg(test)]
mod tests;

pub use checks::{CapLine, CheckLine, RefusalLine, SizeLine};
pub use counters::Counters;
pub use decisions::{
    Answer, ApprovalLine, BallotLine, DECISIONS_MAX, DecidedLine, Decisions, FillLine, InputLine,
    Link, NoteLine, OrderLine, PlanLine, Record, ResultLine, Wanted,
};
pub use history::record_from;
pub use intel::{GROUPS_MAX, INTEL_MAX, IntelGroup, IntelGroups, IntelRow, LinkLine};
pub use lanes::{Dropped, LANE_MAX, VITAL_MAX};
pub use latency::{Conflated, Delay, Latency};
pub use log::{Class, Detail, EventLine, LOG_MAX, Level, Log};
pub use machine::{JournalFacts, JournalState, Machine, NoticeDelay, QueueRow};
pub use names::{AgentState, BreakerPhase, LinkPhase, OrderPhase, Phase, TradingPhase, Unit};
pub use precautions::{Caution, Precautions};
pub use prints::{Amended, PRINTS_MAX, Print, Prints};
pub use projector::{Projector, Setup};
pub use publisher::{Publisher, Viewer};
pub use rows::{
    ApprovalRow, ApprovalToken, BusRow, OrderRow, PositionRow, Protection, SourceRow, Step,
    TradeRow, Wait,
};
pub use run::{Login, Run};
pub use safety::{DifferenceRow, ExternalRow, NakedFigures, RaceFigures, Safety, UnknownRow};
pub use snapshot::{
    Account, AgentHealth, AlertRow, BreakerRow, BudgetRow, Cards, FeedRow, MarketCard, OrdersCard,
    PositionsCard, RequestsRow, RiskCard, SessionClock, Snapshot, StrategyCard, StrategyRow,
    SymbolBallots, Trading,
};
pub use text::{NAME_MAX, TEXT_MAX, clean_text};
pub use watch::{BARS_MAX, Chart, ChartBar, Levels, Mark, Move, SPARK_MAX, Spark, WatchRow};

pub use crate::events::{Severity, StrategyMetrics, SuspectReason};
