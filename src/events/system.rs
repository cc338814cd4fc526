//! Timers, faults of agents, the trading state, the frame of a run.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AgentId, ClientOrderId, Seq, TradeId};
use crate::domain::time::Timestamp;
use crate::events::wire::family;

family! {
    /// Timers, faults of agents, the trading state.
    SystemEvent {
        /// The first event of a run.
        SessionStarted(SessionStarted) = "system.session.started",
        /// The last event of a run.
        SessionEnded(SessionEnded) = "system.session.ended",
        /// An agent sits in its seat.
        AgentStarted(AgentStarted) = "system.agent.started",
        /// An agent panicked and was rebuilt, or its seat was emptied.
        AgentFailed(AgentFailed) = "system.agent.failed",
        /// A seat did not answer in time and is out of the run.
        AgentRetired(AgentRetired) = "system.agent.retired",
        /// A timer is due; only the agent that set it hears it.
        TimerDue(TimerDue) = "system.timer.due",
        /// The trading state changed.
        TradingChanged(TradingChanged) = "system.trading.changed",
        /// Journal and venue disagree.
        ReconcileDifference(ReconcileDifference) = "system.reconcile.difference",
        /// A difference is one no more.
        ReconcileCleared(ReconcileCleared) = "system.reconcile.cleared",
        /// Something outside the agents demands a halt.
        HaltRequired(HaltRequired) = "system.halt.required",
        /// A person should look.
        Alert(Alert) = "system.alert.raised",
        /// The bus to other processes carries everything again.
        BusUp(BusChanged) = "system.bus.up",
        /// The bus to other processes does not answer: no entry until it does.
        BusDown(BusChanged) = "system.bus.down",
        /// Where the login at a broker stands.
        LoginChanged(LoginChanged) = "system.login.changed",
    }
}

/// The first event of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStarted {
    /// `sim`, `replay`, `paper` or `live`.
    pub mode: String,
    /// The seed of everything that draws lots.
    pub seed: u64,
    /// Version of the program.
    pub version: String,
    /// Hash of the configuration in force.
    pub config_hash: String,
    /// A few letters in the names of all orders of a journal, so that a new journal does
    /// not use names again that a broker remembers for ever; the first of a journal
    /// counts. Absent in journals of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_tag: Option<String>,
}

/// The last event of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnded {
    /// Why, in words.
    pub reason: String,
}

/// An agent sits in its seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStarted {
    /// Which agent.
    pub agent: AgentId,
}

/// An agent panicked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentFailed {
    /// Which agent.
    pub agent: AgentId,
    /// The event that it could not bear.
    pub poison: Seq,
    /// Its last words.
    pub message: String,
    /// True when a new one was built from the journal and sits in the seat.
    pub rebuilt: bool,
}

/// A seat did not answer in time and is out of the run. A judgement of the wall
/// clock, so it comes in by the door like any input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRetired {
    /// Which agent.
    pub agent: AgentId,
    /// The event that it did not answer.
    pub unanswered: Seq,
    /// In words.
    pub reason: String,
}

/// A timer is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerDue {
    /// Who set it.
    pub agent: AgentId,
    /// What for.
    pub timer: Timer,
}

/// What an agent may wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// A human's answer to a trade that waits for approval.
    Approval(TradeId),
    /// Votes of members outside the process.
    Votes(TradeId),
    /// An entry order that should have been filled by then.
    EntryAge(ClientOrderId),
    /// An exit order that should have been filled by then.
    ExitAge(ClientOrderId),
    /// A stop that should rest by then.
    Protection(TradeId),
    /// The next change of the session.
    Session,
    /// The next look at the age of data.
    DataAge,
    /// A delayed answer of the simulated venue.
    Venue(u64),
    /// An open breaker may let a probe through.
    Breaker(String),
}

/// The trading state changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradingChanged {
    /// State before, such as `ACTIVE`.
    pub from: String,
    /// State after.
    pub to: String,
    /// In words.
    pub reason: String,
}

/// Journal and venue disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileDifference {
    /// An order, a position, or cash.
    pub subject: String,
    /// What the journal says.
    pub journal: String,
    /// What the venue says.
    pub venue: String,
    /// What the stream of orders has said; absent where it says nothing of the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Since when they disagree, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What it comes from, as far as it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl ReconcileDifference {
    /// A difference of which only the two sides are known.
    pub fn between(subject: String, journal: String, venue: String) -> Self {
        Self { subject, journal, venue, stream: None, since: None, cause: None }
    }
}

/// A difference is one no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileCleared {
    /// What it was about.
    pub subject: String,
    /// Whether a human has taken it for what it is; otherwise both sides agree again.
    pub is_acknowledged: bool,
    /// How, in words.
    pub how: String,
}

/// Something outside the agents demands a halt (faults page §2, rule 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaltRequired {
    /// What it was.
    pub trigger: HaltTrigger,
    /// In words, with the remedy.
    pub reason: String,
}

/// What outside the agents demands a halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltTrigger {
    /// The wall clock has moved otherwise than time has passed.
    ClockStep,
    /// The journal could not be written when the run before ended.
    Store,
    /// A part of the program that is no agent has failed.
    Part,
}

/// The bus to other processes came or went. A judgement of the wall clock, so it comes
/// in by the door like any input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusChanged {
    /// In words.
    pub reason: String,
}

/// Where the login at a broker stands. Both times are forecasts: the broker may end it
/// earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginChanged {
    /// Which broker, such as `schwab`.
    pub broker: String,
    /// When the access token is expected to end; it is renewed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_until: Option<Timestamp>,
    /// When the login is expected to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_until: Option<Timestamp>,
    /// Why a person has to log in; absent while nobody has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<String>,
}

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warning,
    /// Money is at risk.
    Critical,
}

/// A person should look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// How much it matters.
    pub severity: Severity,
    /// In words, with the remedy.
    pub text: String,
}
