//! One event in its place in the order of things.

use serde::Serializer;
use serde_json::value::RawValue;

use crate::domain::command::OperatorCommand;
use crate::domain::ids::{AgentId, Seq, Symbol, TradeId};
use crate::domain::time::Timestamp;
use crate::events::breaker::BreakerEvent;
use crate::events::feed::{FeedEvent, TapeEvent};
use crate::events::intel::IntelEvent;
use crate::events::market::MarketEvent;
use crate::events::order::OrderEvent;
use crate::events::position::PositionEvent;
use crate::events::request::RequestEvent;
use crate::events::risk::RiskEvent;
use crate::events::signal::SignalEvent;
use crate::events::system::SystemEvent;
use crate::events::topics::Topic;
use crate::events::trade::TradeEvent;
use crate::events::venue::VenueEvent;
use crate::events::wire::WireName;

/// An event with its number, its time and its cause. Only the spine makes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Place in the one total order.
    pub seq: Seq,
    /// When the spine admitted the input that led to it; equal for a whole
    /// cascade.
    pub at: Timestamp,
    /// The event that this one answers; absent for what came in by the door.
    pub cause: Option<Seq>,
    /// The first event of its cascade.
    pub root: Seq,
    /// Who said it.
    pub source: AgentId,
    /// What happened, or what is asked.
    pub event: Event,
}

/// Everything that can be said in the house, by family.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What the embedded market does, heard by the simulated venue alone.
    Tape(TapeEvent),
    /// What a feed said, unjudged.
    Feed(FeedEvent),
    /// What the market data agent vouches for.
    Market(MarketEvent),
    /// Opinions and the ensemble's decision.
    Signal(SignalEvent),
    /// Permissions, refusals, alerts.
    Risk(RiskEvent),
    /// Requests to the venue, and each change of an order.
    Order(OrderEvent),
    /// The venue's answers and the failures of calls.
    Venue(VenueEvent),
    /// Positions and their protection.
    Position(PositionEvent),
    /// The life of a trade idea.
    Trade(TradeEvent),
    /// Breakers and budgets.
    Breaker(BreakerEvent),
    /// What mails and meetings gave.
    Intel(IntelEvent),
    /// What a human asked.
    Operator(OperatorCommand),
    /// Questions that agents answer.
    Request(RequestEvent),
    /// Timers, faults of agents, the trading state.
    System(SystemEvent),
}

/// Runs one expression on the family inside an event.
macro_rules! on_family {
    ($event:expr, $family:ident => $body:expr) => {
        match $event {
            Event::Tape($family) => $body,
            Event::Feed($family) => $body,
            Event::Market($family) => $body,
            Event::Signal($family) => $body,
            Event::Risk($family) => $body,
            Event::Order($family) => $body,
            Event::Venue($family) => $body,
            Event::Position($family) => $body,
            Event::Trade($family) => $body,
            Event::Breaker($family) => $body,
            Event::Intel($family) => $body,
            Event::Operator($family) => $body,
            Event::Request($family) => $body,
            Event::System($family) => $body,
        }
    };
}

impl Event {
    /// The names of every family.
    pub const FAMILIES: &'static [&'static [WireName]] = &[
        TapeEvent::NAMES,
        FeedEvent::NAMES,
        MarketEvent::NAMES,
        SignalEvent::NAMES,
        RiskEvent::NAMES,
        OrderEvent::NAMES,
        VenueEvent::NAMES,
        PositionEvent::NAMES,
        TradeEvent::NAMES,
        BreakerEvent::NAMES,
        IntelEvent::NAMES,
        OperatorCommand::NAMES,
        RequestEvent::NAMES,
        SystemEvent::NAMES,
    ];

    /// The event's name on the wire.
    pub const fn name(&self) -> &'static str {
        on_family!(self, family => family.name())
    }

    /// The topic under which it is delivered.
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Tape(_) => Topic::Tape,
            Self::Feed(_) => Topic::Feed,
            Self::Market(
                MarketEvent::Quote(_)
                | MarketEvent::Bars(_)
                | MarketEvent::Tick(_)
                | MarketEvent::Second(_),
            ) => Topic::Market,
            Self::Market(
                MarketEvent::Status(_)
                | MarketEvent::Halt(_)
                | MarketEvent::Suspect(_)
                | MarketEvent::Split(_)
                | MarketEvent::Band(_)
                | MarketEvent::Correction(_)
                | MarketEvent::Source(_),
            ) => Topic::MarketStatus,
            Self::Signal(_) => Topic::Signal,
            Self::Risk(_) => Topic::Risk,
            Self::Order(_) => Topic::Order,
            Self::Venue(_) => Topic::Venue,
            Self::Position(_) => Topic::Position,
            Self::Trade(_) => Topic::Trade,
            Self::Breaker(_) => Topic::Breaker,
            Self::Intel(_) => Topic::Intel,
            Self::Operator(_) => Topic::Operator,
            Self::Request(_) => Topic::Request,
            Self::System(_) => Topic::System,
        }
    }

    /// The trade that the event belongs to, which is also its trace.
    pub fn trade_id(&self) -> Option<&TradeId> {
        match self {
            Self::Signal(event) => event.trade_id(),
            Self::Risk(event) => event.trade_id(),
            Self::Order(event) => event.trade_id(),
            Self::Position(event) => event.trade_id(),
            Self::Trade(event) => Some(event.trade_id()),
            Self::Operator(OperatorCommand::Approve(command)) => Some(&command.trade_id),
            Self::Operator(OperatorCommand::Reject(command)) => Some(&command.trade_id),
            Self::Operator(
                OperatorCommand::Cancel(_)
                | OperatorCommand::ResetBreaker(_)
                | OperatorCommand::Kill(_)
                | OperatorCommand::Reduce(_)
                | OperatorCommand::Resume(_)
                | OperatorCommand::Flatten(_)
                | OperatorCommand::Settle(_)
                | OperatorCommand::Acknowledge(_),
            )
            | Self::Tape(_)
            | Self::Feed(_)
            | Self::Market(_)
            | Self::Venue(_)
            | Self::Breaker(_)
            | Self::Intel(_)
            | Self::Request(_)
            | Self::System(_) => None,
        }
    }

    /// The one symbol that the event is about, where there is one.
    pub const fn symbol(&self) -> Option<Symbol> {
        match self {
            Self::Signal(event) => event.symbol(),
            Self::Order(event) => event.symbol(),
            Self::Position(event) => event.symbol(),
            Self::Tape(_)
            | Self::Feed(_)
            | Self::Market(_)
            | Self::Risk(_)
            | Self::Venue(_)
            | Self::Trade(_)
            | Self::Breaker(_)
            | Self::Intel(_)
            | Self::Operator(_)
            | Self::Request(_)
            | Self::System(_) => None,
        }
    }

    pub(in crate::events) fn serialize_data<S: Serializer>(
        &self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        on_family!(self, family => family.serialize_data(serializer))
    }

    pub(in crate::events) fn read_data(
        name: &str,
        data: &RawValue,
    ) -> Option<Result<Self, serde_json::Error>> {
        let market = || FeedEvent::read_data(name, data).map(|read| read.map(Self::Feed));
        TapeEvent::read_data(name, data)
            .map(|read| read.map(Self::Tape))
            .or_else(market)
            .or_else(|| MarketEvent::read_data(name, data).map(|read| read.map(Self::Market)))
            .or_else(|| SignalEvent::read_data(name, data).map(|read| read.map(Self::Signal)))
            .or_else(|| RiskEvent::read_data(name, data).map(|read| read.map(Self::Risk)))
            .or_else(|| OrderEvent::read_data(name, data).map(|read| read.map(Self::Order)))
            .or_else(|| VenueEvent::read_data(name, data).map(|read| read.map(Self::Venue)))
            .or_else(|| PositionEvent::read_data(name, data).map(|read| read.map(Self::Position)))
            .or_else(|| TradeEvent::read_data(name, data).map(|read| read.map(Self::Trade)))
            .or_else(|| BreakerEvent::read_data(name, data).map(|read| read.map(Self::Breaker)))
            .or_else(|| IntelEvent::read_data(name, data).map(|read| read.map(Self::Intel)))
            .or_else(|| OperatorCommand::read_data(name, data).map(|read| read.map(Self::Operator)))
            .or_else(|| RequestEvent::read_data(name, data).map(|read| read.map(Self::Request)))
            .or_else(|| SystemEvent::read_data(name, data).map(|read| read.map(Self::System)))
    }
}

/// Lets every family be said without naming the enum around it.
macro_rules! from_family {
    ($($variant:ident($family:ty),)*) => {
        $(impl From<$family> for Event {
            fn from(event: $family) -> Self {
                Self::$variant(event)
            }
        })*
    };
}

from_family! {
    Tape(TapeEvent),
    Feed(FeedEvent),
    Market(MarketEvent),
    Signal(SignalEvent),
    Risk(RiskEvent),
    Order(OrderEvent),
    Venue(VenueEvent),
    Position(PositionEvent),
    Trade(TradeEvent),
    Breaker(BreakerEvent),
    Intel(IntelEvent),
    Operator(OperatorCommand),
    Request(RequestEvent),
    System(SystemEvent),
}
