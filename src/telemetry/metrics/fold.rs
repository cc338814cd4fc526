//! From events to values.

use crate::bus::clock::Stopwatch;
use crate::domain::ids::ClientOrderId;
use crate::events::{
    BreakerEvent, Envelope, Event, FeedEvent, MarketEvent, OrderEvent, PositionEvent, RiskEvent,
    SignalEvent, SystemEvent, TradeEvent, VenueEvent,
};
use crate::telemetry::metrics::instruments::Instruments;
use crate::telemetry::metrics::readings::{OnItsWay, Readings, TIMED_MAX, seconds};

/// Takes one event in.
pub(super) fn fold(readings: &mut Readings, instruments: &Instruments, envelope: &Envelope) {
    readings.at = readings.at.max(envelope.at);
    *readings.events.entry(family(&envelope.event)).or_default() += 1;
    match &envelope.event {
        Event::Market(MarketEvent::Quote(quote)) => {
            readings.quotes += 1;
            readings.newest_quote = readings.newest_quote.max(Some(quote.at));
        }
        Event::Feed(FeedEvent::Link(link) | FeedEvent::SecondLink(link)) => {
            readings.feeds.insert(link.feed.clone(), u64::from(link.state.is_up()));
        }
        Event::Order(event) => order(readings, instruments, envelope, event),
        Event::Venue(VenueEvent::Accepted(taken)) => {
            self::taken(readings, instruments, &taken.client_order_id);
        }
        Event::Position(event) => position(readings, instruments, envelope, event),
        Event::Breaker(event) => breaker(readings, instruments, event),
        Event::Risk(RiskEvent::LimitExceeded(limit)) if limit.trade_id.is_some() => {
            instruments.refused(limit.rule.name());
        }
        Event::Signal(SignalEvent::TradeLogged(logged)) => {
            instruments.traded(logged.reason.name());
        }
        Event::Trade(TradeEvent::TransitionInvalid(_)) => instruments.invalid(),
        Event::System(event) => system(readings, instruments, event),
        Event::Tape(_)
        | Event::Feed(_)
        | Event::Market(_)
        | Event::Venue(_)
        | Event::Risk(_)
        | Event::Signal(_)
        | Event::Trade(_)
        | Event::Intel(_)
        | Event::Operator(_)
        | Event::Request(_) => {}
    }
}

const fn family(event: &Event) -> &'static str {
    match event {
        Event::Tape(_) => "tape",
        Event::Feed(_) => "feed",
        Event::Market(_) => "market",
        Event::Signal(_) => "signal",
        Event::Risk(_) => "risk",
        Event::Order(_) => "order",
        Event::Venue(_) => "venue",
        Event::Position(_) => "position",
        Event::Trade(_) => "trade",
        Event::Breaker(_) => "breaker",
        Event::Intel(_) => "intel",
        Event::Operator(_) => "operator",
        Event::Request(_) => "request",
        Event::System(_) => "system",
    }
}

fn order(
    readings: &mut Readings,
    instruments: &Instruments,
    envelope: &Envelope,
    event: &OrderEvent,
) {
    match event {
        OrderEvent::Submit(submit) => {
            instruments.order("submitted");
            if readings.orders.len() < TIMED_MAX {
                let began = OnItsWay { decided: Stopwatch::start(), sent: None, taken: None };
                readings
                    .orders
                    .entry(submit.order.request().client_order_id.clone())
                    .or_insert(began);
            }
        }
        OrderEvent::Submitted(taken) => {
            instruments.order("accepted");
            self::taken(readings, instruments, &taken.client_order_id);
        }
        OrderEvent::Filled(filled) => {
            instruments.order("filled");
            let id = &filled.fill.client_order_id;
            taken(readings, instruments, id);
            if let Some(watch) = readings.orders.remove(id).and_then(|order| order.taken) {
                instruments.ack_to_fill(watch.elapsed());
            }
        }
        OrderEvent::Rejected(done) => {
            taken(readings, instruments, &done.client_order_id);
            over(readings, instruments, &done.client_order_id, "rejected");
        }
        OrderEvent::Cancelled(done) => {
            over(readings, instruments, &done.client_order_id, "cancelled");
        }
        OrderEvent::Expired(done) => over(readings, instruments, &done.client_order_id, "expired"),
        OrderEvent::OutcomeUnknown(unknown) => {
            instruments.order("unknown");
            if readings.unknown.len() < TIMED_MAX {
                readings.unknown.entry(unknown.client_order_id.clone()).or_insert(envelope.at);
            }
        }
        OrderEvent::StateChanged(changed) => {
            if changed.from == "UNKNOWN" && changed.to != "UNKNOWN" {
                readings.unknown.remove(&changed.client_order_id);
            }
        }
        OrderEvent::Cancel(_)
        | OrderEvent::Modify(_)
        | OrderEvent::PartiallyFilled(_)
        | OrderEvent::CancelRejected(_)
        | OrderEvent::Modified(_)
        | OrderEvent::ModifyRejected(_)
        | OrderEvent::StatusReported(_)
        | OrderEvent::External(_) => {}
    }
}

/// The venue has answered, for the first time.
fn taken(readings: &mut Readings, instruments: &Instruments, id: &ClientOrderId) {
    let Some(order) = readings.orders.get_mut(id) else { return };
    if order.taken.is_none() {
        order.taken = Some(Stopwatch::start());
        // A venue inside the process is not sent to: its answer is measured from the event.
        instruments.wire_to_ack(order.sent.unwrap_or(order.decided).elapsed());
    }
}

fn over(
    readings: &mut Readings,
    instruments: &Instruments,
    id: &ClientOrderId,
    status: &'static str,
) {
    instruments.order(status);
    readings.orders.remove(id);
}

fn position(
    readings: &mut Readings,
    instruments: &Instruments,
    envelope: &Envelope,
    event: &PositionEvent,
) {
    match event {
        PositionEvent::Opened(opened) => {
            if readings.naked.len() < TIMED_MAX {
                readings.naked.insert(opened.trade_id.clone(), envelope.at);
            }
        }
        PositionEvent::StopSet(set) => {
            if let Some(since) = readings.naked.remove(&set.trade_id) {
                instruments.protected_after(seconds(since, envelope.at));
            }
        }
        // What our own account did not know of.
        PositionEvent::Covered(covered) if covered.was_listed => {
            let spell = std::time::Duration::from_millis(covered.naked_ms);
            instruments.protected_after(spell.as_secs_f64());
        }
        PositionEvent::Closed(closed) => {
            readings.naked.remove(&closed.trade_id);
        }
        PositionEvent::SetStop(_)
        | PositionEvent::UpdateStop(_)
        | PositionEvent::StopHit(_)
        | PositionEvent::TargetHit(_)
        | PositionEvent::Pnl(_)
        | PositionEvent::Unexplained(_)
        | PositionEvent::Covered(_)
        | PositionEvent::Split(_) => {}
    }
}

fn breaker(readings: &mut Readings, instruments: &Instruments, event: &BreakerEvent) {
    match event {
        BreakerEvent::StateChanged(changed) => {
            let state = match changed.to.as_str() {
                "CLOSED" => 0,
                "HALF_OPEN" => 1,
                "LATCHED" => 3,
                _ => 2,
            };
            readings.breakers.insert(changed.breaker.clone(), state);
            instruments.breaker_changed(&changed.breaker, &changed.to);
        }
        BreakerEvent::BudgetChanged(changed) => {
            let numbers = (changed.used.into(), changed.limit.into());
            readings.budgets.insert(changed.budget.clone(), numbers);
        }
        BreakerEvent::BudgetExhausted(_) => {}
    }
}

fn system(readings: &mut Readings, instruments: &Instruments, event: &SystemEvent) {
    match event {
        SystemEvent::AgentFailed(failed) => instruments.fault(failed.agent.name()),
        SystemEvent::AgentRetired(retired) => instruments.fault(retired.agent.name()),
        SystemEvent::TradingChanged(changed) => {
            readings.trading = match changed.to.as_str() {
                "ACTIVE" => 0,
                "REDUCING" => 1,
                "FLATTEN" => 3,
                _ => 2,
            };
        }
        SystemEvent::ReconcileDifference(_) => instruments.difference(),
        SystemEvent::SessionStarted(_)
        | SystemEvent::SessionEnded(_)
        | SystemEvent::AgentStarted(_)
        | SystemEvent::TimerDue(_)
        | SystemEvent::BusUp(_)
        | SystemEvent::BusDown(_)
        | SystemEvent::LoginChanged(_)
        | SystemEvent::ReconcileCleared(_)
        | SystemEvent::HaltRequired(_)
        | SystemEvent::Alert(_) => {}
    }
}
