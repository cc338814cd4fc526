//! Layer 2: the vocabulary of the house.
//!
//! An event is a fact in the past tense or a request in the imperative: immutable,
//! self-contained, with no handle in it. Agents subscribe to whole families and
//! match them without a wildcard, so a new variant makes the compiler list those
//! who must have an opinion. Names on the wire stand beside each variant; the
//! envelope's form is in [`wire`].

pub mod wire;
mod envelope;
mod topics;
mod trace;
mod request;
mod feed;
mod market;
mod signal;
mod risk;
mod order;
mod venue;
mod position;
mod trade;
mod breaker;
mod intel;
mod operator;
mod system;

pub use breaker::{BreakerEvent, BreakerStateChanged, BudgetChanged, BudgetExhausted};
pub use envelope::{Envelope, Event};
pub use feed::{FeedConflated, FeedEvent, FeedLinkChanged, SecondStep, TapeEvent};
pub use intel::{EmailStored, IntelEvent, LinkFound, NAMED_MAX};
pub use market::{
    DataSuspected, MarketBars, MarketEvent, MarketStatus, SecondQuoted, SourceChanged,
    SplitDetected, SuspectReason,
};
pub use order::{
    OrderCancel, OrderCancelled, OrderEvent, OrderExpired, OrderFilled, OrderModified, OrderModify,
    OrderOutcomeUnknown, OrderRejected, OrderRequestRefused, OrderStateChanged,
    OrderStatusReported, OrderSubmit, OrderSubmitted, OrdersExternal,
};
pub use position::{
    ExitStyle, LevelHit, PnlUpdated, PositionClosed, PositionCovered, PositionEvent,
    PositionOpened, PositionPnl, PositionSplit, SetStop, StopSet, UnexplainedPosition, UpdateStop,
};
pub use request::{
    ApproveTrade, AssessPortfolio, CalculateSize, CheckExit, CheckStatus, GetBars, GetOrderStatus,
    GetQuote, RequestEvent, ScanCandidates, ShouldExit, Subscribe,
};
pub use risk::{
    ApprovalRequested, DrawdownAlert, LimitExceeded, PortfolioAssessed, RiskEvent, SizeCalculated,
    StrategyDisabled, TradeApproved, TradeRefused,
};
pub use signal::{
    CandidateFound, Criterion, EnsembleSignal, EntrySignal, EvaluateStarted, ExitSignal,
    HoldSignal, MemberLeftOut, ScanStarted, SignalEvent, StrategyMetrics, TradeLogged, VoteCast,
    VoteRequested,
};
pub use system::{
    AgentFailed, AgentRetired, AgentStarted, Alert, BusChanged, HaltRequired, HaltTrigger,
    LoginChanged, ReconcileCleared, ReconcileDifference, SessionEnded, SessionStarted, Severity,
    SystemEvent, Timer, TimerDue, TradingChanged,
};
pub use topics::{Topic, Topics};
pub use trace::TraceContext;
pub use trade::{TradeEvent, TradeStateChanged, TransitionInvalid};
pub use venue::{
    AcceptedLeg, AccountReported, CallFailed, Endpoint, EndpointsRaced, OrdersReported,
    SplitApplied, Streamed, VenueAccepted, VenueCall, VenueDone, VenueEvent, VenueFilled,
    VenueNotFound, VenueRefused, VenueRejected, VenueReplaced,
};
