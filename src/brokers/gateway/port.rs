//! The gateway's listening half: an agent that passes requests on and holds nothing.
//!
//! It is never folded, since an effect must not happen twice; what was on its way when
//! the process ended is asked for by the execution agent. The speaking half is
//! [`Gateway`](crate::brokers::gateway::Gateway).

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::bus::{Agent, Outbox};
use crate::domain::command::{OperatorCommand, Outcome, ResetBreaker};
use crate::domain::ids::{AgentId, BrokerOrderId, ClientOrderId};
use crate::events::{
    Envelope, Event, GetBars, OrderCancel, OrderEvent, OrderModify, OrderSubmit, RequestEvent,
    Topic, Topics,
};

/// Requests that the gateway has not taken yet. It takes each at once into the line of
/// its order, also while a broker or the door hangs, and a cascade makes at most a
/// thousand: more than this means that it stands still.
const REQUESTS_MAX: usize = 4_096;

/// What the house asks of the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To take an order.
    Submit(Box<OrderSubmit>),
    /// To replace one.
    Modify(OrderModify),
    /// To cancel one.
    Cancel(OrderCancel),
    /// Where an order stands.
    Status(ClientOrderId),
    /// Bars of the past.
    Bars(GetBars),
    /// The broker has said that the login is dead: latch.
    LoginDied,
    /// To close a breaker that the gateway owns.
    Reset(ResetBreaker),
    /// To take a human's word on an order of which nobody knows.
    Decide {
        /// Our name for it.
        order: ClientOrderId,
        /// Which of the broker's orders it is; `None` when there is none.
        is: Option<BrokerOrderId>,
    },
    /// To read orders, positions and account now.
    Reconcile,
}

/// The agent in the venue seat.
#[derive(Debug)]
pub struct Port {
    /// A seat never waits, so what finds no room is lost and said: see [`REQUESTS_MAX`].
    requests: mpsc::Sender<Request>,
    /// A gateway that reads data alone: of all requests it hears the resets.
    second: Option<mpsc::Sender<Request>>,
}

impl Port {
    /// Makes the queue between the halves.
    pub fn queue() -> (mpsc::Sender<Request>, mpsc::Receiver<Request>) {
        mpsc::channel(REQUESTS_MAX)
    }

    /// Makes the half that feeds the given queue.
    pub const fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests, second: None }
    }

    /// Lets a gateway that reads data alone hear of resets too.
    #[must_use]
    pub fn beside(mut self, second: Option<mpsc::Sender<Request>>) -> Self {
        self.second = second;
        self
    }

    fn pass(&self, request: Request) {
        // What is lost is answered by nobody; the agents' own timers notice.
        match self.requests.try_send(request) {
            Ok(()) => {}
            Err(TrySendError::Closed(_)) => {
                tracing::error!("the gateway has ended, a request is lost");
            }
            Err(TrySendError::Full(_)) => {
                tracing::error!("the gateway takes nothing any more, a request is lost");
            }
        }
    }

    fn order(&self, event: &OrderEvent) {
        match event {
            OrderEvent::Submit(submit) => self.pass(Request::Submit(Box::new(submit.clone()))),
            OrderEvent::Modify(modify) => self.pass(Request::Modify(modify.clone())),
            OrderEvent::Cancel(cancel) => self.pass(Request::Cancel(cancel.clone())),
            OrderEvent::Submitted(_)
            | OrderEvent::Filled(_)
            | OrderEvent::PartiallyFilled(_)
            | OrderEvent::Rejected(_)
            | OrderEvent::Cancelled(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::Modified(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::Expired(_)
            | OrderEvent::OutcomeUnknown(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::External(_)
            | OrderEvent::StateChanged(_) => {}
        }
    }

    fn question(&self, request: &RequestEvent) {
        match request {
            RequestEvent::GetOrderStatus(wanted) => {
                self.pass(Request::Status(wanted.client_order_id.clone()));
            }
            RequestEvent::GetBars(wanted) => self.pass(Request::Bars(*wanted)),
            RequestEvent::GetQuote(_)
            | RequestEvent::Subscribe(_)
            | RequestEvent::CheckStatus(_)
            | RequestEvent::ScanCandidates(_)
            | RequestEvent::EvaluateSetup(_)
            | RequestEvent::ManagePosition(_)
            | RequestEvent::ShouldExit(_)
            | RequestEvent::CalculateSize(_)
            | RequestEvent::CheckLimits(_)
            | RequestEvent::AssessPortfolio(_)
            | RequestEvent::ApproveTrade(_)
            | RequestEvent::Track(_)
            | RequestEvent::CalculatePnl(_)
            | RequestEvent::CheckExit(_) => {}
        }
    }
}

impl Agent for Port {
    fn id(&self) -> AgentId {
        AgentId::Venue
    }

    fn topics(&self) -> Topics {
        // Of the operator's words the reset of a breaker is for the gateway, and what became
        // of an order.
        Topics::of(&[Topic::Order, Topic::Request, Topic::Operator])
    }

    fn is_port(&self) -> bool {
        true
    }

    fn handle(&mut self, input: &Envelope, _out: &mut Outbox) {
        match &input.event {
            Event::Order(event) => self.order(event),
            Event::Request(request) => self.question(request),
            Event::Operator(OperatorCommand::ResetBreaker(reset)) => {
                // Each knows the names of its own breakers.
                if let Some(second) = &self.second {
                    let _ = second.try_send(Request::Reset(reset.clone()));
                }
                self.pass(Request::Reset(reset.clone()));
            }
            Event::Operator(OperatorCommand::Settle(settle)) => {
                let order = settle.client_order_id.clone();
                let is = match &settle.outcome {
                    Outcome::Working { broker_order_id } => Some(broker_order_id.clone()),
                    Outcome::NotThere | Outcome::Over { .. } => None,
                };
                self.pass(Request::Decide { order, is });
            }
            Event::Operator(_)
            | Event::Tape(_)
            | Event::Feed(_)
            | Event::Market(_)
            | Event::Signal(_)
            | Event::Risk(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Intel(_)
            | Event::Breaker(_)
            | Event::System(_) => {}
        }
    }
}
