//! A venue seat that can be told to misbehave before the real one hears an order.

use std::sync::{Arc, Mutex};

use flightdeck::brokers::sim::venue::SimVenue;
use flightdeck::bus::{Agent, Outbox};
use flightdeck::domain::ids::AgentId;
use flightdeck::domain::order::{OrderPurpose, RejectReason};
use flightdeck::events::{
    CallFailed, Envelope, Event, OrderEvent, Topics, VenueCall, VenueEvent, VenueRefused,
    VenueRejected,
};

/// What the venue does with the next orders of a purpose.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// Which orders.
    pub(crate) purpose: OrderPurpose,
    /// How many of them.
    pub(crate) times: u32,
    /// What happens to each.
    pub(crate) what: What,
}

/// What happens to an order.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// The venue refuses it.
    Refused(RejectReason),
    /// The call fails before a byte has left, and counts against the breaker.
    NotSent,
    /// The order arrives, the answer is lost, and it counts against the breaker.
    AnswerLost,
    /// It does not arrive, and nobody knows.
    Lost,
    /// Nothing is ever heard of it.
    Silent,
}

/// The simulated venue behind a line that can break.
pub(crate) struct TroubledVenue {
    pub(crate) venue: Arc<Mutex<SimVenue>>,
    pub(crate) troubles: Arc<Mutex<Vec<Trouble>>>,
    /// So many cancels are refused, whatever becomes of the orders.
    pub(crate) cancels_refused: Arc<Mutex<u32>>,
}

impl TroubledVenue {
    fn next(&self, purpose: OrderPurpose) -> Option<What> {
        let mut troubles = self.troubles.lock().unwrap();
        let trouble =
            troubles.iter_mut().find(|trouble| trouble.purpose == purpose && trouble.times > 0)?;
        trouble.times -= 1;
        Some(trouble.what.clone())
    }

    fn refuses_cancel(&self) -> bool {
        let mut left = self.cancels_refused.lock().unwrap();
        let refuses = *left > 0;
        *left = left.saturating_sub(1);
        refuses
    }
}

impl Agent for TroubledVenue {
    fn id(&self) -> AgentId {
        AgentId::Venue
    }

    fn topics(&self) -> Topics {
        self.venue.lock().unwrap().topics()
    }

    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        if let Event::Order(OrderEvent::Cancel(cancel)) = &input.event
            && self.refuses_cancel()
        {
            return out.publish(VenueEvent::CancelRefused(VenueRefused {
                client_order_id: cancel.client_order_id.clone(),
                reason: RejectReason::Other,
                message: "scripted".into(),
            }));
        }
        let submit = if let Event::Order(OrderEvent::Submit(submit)) = &input.event {
            self.next(submit.order.purpose()).zip(Some(submit))
        } else {
            None
        };
        let Some((what, submit)) = submit else {
            return self.venue.lock().unwrap().handle(input, out);
        };
        let client_order_id = submit.order.request().client_order_id.clone();
        let failed = |definitely_not_sent| {
            VenueEvent::CallFailed(CallFailed {
                breaker: "sim.orders".into(),
                call: VenueCall::Submit,
                client_order_id: Some(client_order_id.clone()),
                definitely_not_sent,
                counts: true,
                detail: "scripted".into(),
            })
        };
        match what {
            What::Refused(reason) => out.publish(VenueEvent::Rejected(VenueRejected {
                client_order_id,
                reason,
                message: "scripted".into(),
                estimated_cost: None,
                buying_power: None,
            })),
            What::NotSent => out.publish(failed(true)),
            What::AnswerLost => {
                out.publish(failed(false));
                self.venue.lock().unwrap().handle(input, out);
            }
            What::Lost => out.publish(failed(false)),
            What::Silent => {}
        }
    }
}
