//! The bus to other processes, as a run has it: what it is told, the house behind it.
//!
//! The tap hangs behind the spine; commands go in by the operator's way, judged against
//! the read model as those of the control socket are. What travels and how is
//! [`bus::redis`](crate::bus)'s business.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_util::task::TaskTracker;

use crate::app::about::About;
use crate::app::attendance::{Around, Attendance, Operator};
use crate::app::ballots;
use crate::app::seats::{SEAT_KEYS, Seats};
use crate::app::standby::Standby;
use crate::app::{People, Refusal};
use crate::brokers::gateway::Gate;
use crate::brokers::install_tls_provider;
use crate::bus::Tap;
use crate::bus::clock::SystemClock;
use crate::bus::redis::guard::{Approvals, Refused};
use crate::bus::redis::link::LinkSetup;
use crate::bus::redis::names::{APPROVE, CAST_VOTE, KILL, ORDER_CANCEL};
use crate::bus::redis::{
    BusConfig, BusError, Command, Endpoint, House, Keys, Link, Mirror, Trust, self_test,
};
use crate::control::operate::{self, Wish};
use crate::control::server::{self, Snapshots};
use crate::control::{Answer, Code, CommandSink, Killer, Problem, Request, SinkError};
use crate::domain::command::{Actor, Way};
use crate::domain::ids::TradeId;
use crate::events::{Alert, Event, Severity, SystemEvent, wire};
use crate::risk::AccountMode;

/// The bus of a run.
#[derive(Debug, Clone)]
pub struct BusOptions {
    /// Where Redis is, and who may command.
    pub config: BusConfig,
    /// The name under which this instance is found there.
    pub instance: String,
    /// Members of the ensemble that vote from outside, each in its own name: they may do
    /// nothing else.
    pub members: Vec<String>,
    /// Seed of the waits between dials.
    pub seed: u64,
    /// The wish to run the instance alone among several; absent where no other one may.
    pub standby: Option<Arc<Standby>>,
}

/// The bus before the spine runs.
pub(super) struct Opened {
    link: Link,
    mirror: Option<Mirror>,
    seats: Seats,
    members: Vec<String>,
    standby: Option<Arc<Standby>>,
}

/// Reads address and keys, and tries whether strangers can publish. A server that is not
/// there is no reason not to begin: entries wait for it.
///
/// # Errors
/// When the settings cannot be used, or a stranger can publish approvals.
pub(super) async fn open(people: &People, journal: &Path) -> Result<Option<Opened>, Refusal> {
    let Some(options) = &people.bus else { return Ok(None) };
    let BusOptions { config, instance, members, seed, standby } = options;
    install_tls_provider();
    let endpoint = Endpoint::new(config)?;
    let keys = if config.key_file.as_os_str().is_empty() {
        Keys::default()
    } else {
        Keys::from_file(&config.key_file).map_err(BusError::from)?
    };
    match config.trust {
        Trust::Acl => match self_test::check(&endpoint).await {
            Ok(()) => tracing::info!(at = endpoint.shown(), "strangers cannot publish there"),
            Err(error @ BusError::Unsafe(_)) => return Err(error.into()),
            Err(error) => {
                let why = error.in_words();
                tracing::warn!(at = endpoint.shown(), %why, "entries wait for Redis");
            }
        },
        Trust::Loopback => tracing::warn!(
            at = endpoint.shown(),
            "whoever reaches Redis on this machine may publish there; commands must be signed"
        ),
    }
    let seats = Seats::new(&endpoint, (config, instance), &keys, journal)?;
    let setup = LinkSetup {
        endpoint,
        instance: instance.clone(),
        stream_maxlen: config.stream_maxlen,
        trust: config.trust,
        keys,
        journal: journal.to_owned(),
        seed: *seed,
    };
    let (link, mirror) = Link::new(setup, Arc::new(SystemClock));
    let (members, standby) = (members.clone(), standby.clone());
    Ok(Some(Opened { link, mirror: Some(mirror), seats, members, standby }))
}

impl Opened {
    /// Lets nothing leave by this gate once another process may run the instance.
    pub(super) fn bind(&self, gate: &Gate) {
        if let Some(standby) = &self.standby {
            standby.bind(gate);
        }
    }

    /// Who sits elsewhere.
    pub(super) const fn seats(&self) -> &Seats {
        &self.seats
    }

    /// What hangs behind the spine; once.
    pub(super) fn tap(&mut self) -> Option<Box<dyn Tap>> {
        self.mirror.take().map(|mirror| Box::new(mirror) as Box<dyn Tap>)
    }

    /// Begins. It ends when the spine has ended and what it said is carried.
    pub(super) fn start(
        self,
        (attendance, mode): (&Attendance, AccountMode),
        around: &Around,
        tracker: &TaskTracker,
    ) {
        let operator = around.operator();
        let gate = attendance.gate();
        let closed = gate.clone();
        attendance.gauges().add("mirror", None, self.link.depth());
        let desk = Desk {
            killer: Killer::new(Arc::new(move || closed.close()), operator.clone()),
            operator,
            gate,
            snapshots: server::snapshots(attendance.viewer()),
            approvals: self.link.approvals(),
            members: self.members,
        };
        if let Some(token) = self.standby.as_ref().and_then(|standby| standby.token()) {
            let text = format!("this process runs the instance under fencing token {token}");
            let alert = SystemEvent::Alert(Alert { severity: Severity::Info, text });
            let said = desk.operator.say(alert);
            // A house that has ended need not hear it.
            tracker.spawn(async move { drop(said.await) });
        }
        let about = About::new(mode, attendance.setup()).text();
        tracker.spawn(self.link.with_about(about).run(Arc::new(desk)));
    }
}

/// The house, as the bus sees it.
struct Desk {
    operator: Arc<Operator>,
    killer: Killer,
    gate: Gate,
    snapshots: Snapshots,
    approvals: Arc<Approvals>,
    /// Who votes and does nothing else.
    members: Vec<String>,
}

impl House for Desk {
    fn hold(&self, is_held: bool) {
        self.gate.set_waiting(is_held);
    }

    fn say(&self, event: SystemEvent) -> BoxFuture<'static, ()> {
        let said = self.operator.say(event);
        Box::pin(async move {
            // A house that has ended need not hear it.
            let _ = said.await;
        })
    }

    fn command(&self, command: Command) -> BoxFuture<'static, Result<Box<RawValue>, Refused>> {
        let Command { topic, sender, body } = command;
        // Before a kill: what decides on trades outside is no operator.
        let sits = sender.starts_with(SEAT_KEYS);
        if sits || self.members.iter().any(|member| **member == *sender) != (topic == CAST_VOTE) {
            return Box::pin(async { Err(Refused::NotTheirs) });
        }
        if topic == CAST_VOTE {
            return self.vote(&sender, &body);
        }
        let actor = Actor { via: Way::Bus, uid: None, user: Some(sender.to_string()) };
        if topic == KILL {
            // Even if the body cannot be read: a kill is a kill.
            let reason: Why = serde_json::from_str(body.get()).unwrap_or_default();
            let reason = reason.reason.unwrap_or_else(|| "asked on the bus".to_owned());
            let killed = self.killer.kill(reason, actor);
            return Box::pin(async move { Ok(told(killed.await)) });
        }
        match self.wish(topic, &body) {
            Err(Held::Refused(why)) => Box::pin(async move { Err(why) }),
            Err(Held::Problem(problem)) => {
                Box::pin(async move { Ok(document(&Answer::not_done(problem))) })
            }
            Ok(Event::Operator(command)) => {
                let operator = self.operator.clone();
                let command = command.asked_by(actor);
                Box::pin(async move { Ok(told(operator.submit(command).await)) })
            }
            Ok(event) => {
                let asked = self.operator.say(event);
                Box::pin(async move { Ok(told(asked.await)) })
            }
        }
    }
}

/// Why a command is not handed in.
enum Held {
    Refused(Refused),
    Problem(Problem),
}

impl Desk {
    /// Lets a member's vote in; one that cannot be read is on record too.
    fn vote(
        &self,
        member: &str,
        body: &RawValue,
    ) -> BoxFuture<'static, Result<Box<RawValue>, Refused>> {
        let (event, problem) = ballots::read(member, body);
        let said = self.operator.say(event);
        Box::pin(async move {
            let outcome = said.await;
            Ok(match problem {
                Some(problem) => document(&Answer::not_done(problem)),
                None => told(outcome),
            })
        })
    }

    /// What a command asks for, judged against the read model.
    fn wish(&self, topic: &str, body: &RawValue) -> Result<Event, Held> {
        let bad = |error: serde_json::Error| {
            let remedy = "see the README for the fields of each command";
            Held::Problem(Problem::new(Code::BadRequest, error.to_string(), remedy))
        };
        let Some(request) = request(topic, body).map_err(bad)? else {
            // A question to an agent: its answer is an event.
            return wire::read_event(topic, body).map_err(|error| {
                let remedy = "see the README for the fields of each command";
                Held::Problem(Problem::new(Code::BadRequest, error.to_string(), remedy))
            });
        };
        if topic == APPROVE {
            let Approval { trade_id, order_hash } =
                serde_json::from_str(body.get()).map_err(bad)?;
            if !self.approvals.take(&TradeId::new(trade_id), &order_hash) {
                return Err(Held::Refused(Refused::NotTheRequest));
            }
        }
        match operate::judge(&request, &(self.snapshots)()).map_err(Held::Problem)? {
            Wish::Command(command) => Ok(command.into()),
            Wish::Kill(_) | Wish::Look | Wish::Why(_) | Wish::Tail(_) => {
                Err(Held::Refused(Refused::NeverByBus))
            }
        }
    }
}

/// The fields of `operator.approve`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    trade_id: String,
    /// SHA-256 of the envelope of the request, see [`Approvals`].
    order_hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejection {
    trade_id: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancellation {
    client_order_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    breaker: String,
    confirm: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    symbol: Option<String>,
    confirm: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Why {
    reason: Option<String>,
}

/// The operator's verb that a topic stands for; `None` when it is a question to an agent.
fn request(topic: &str, body: &RawValue) -> Result<Option<Request>, serde_json::Error> {
    let body = body.get();
    Ok(Some(match topic {
        APPROVE => {
            let Approval { trade_id, .. } = serde_json::from_str(body)?;
            Request::Approve { trade_id }
        }
        "operator.reject" => {
            let Rejection { trade_id, reason } = serde_json::from_str(body)?;
            Request::Reject { trade_id, reason }
        }
        "operator.cancel" | ORDER_CANCEL => {
            let Cancellation { client_order_id } = serde_json::from_str(body)?;
            Request::Cancel { order: client_order_id }
        }
        "operator.reset_breaker" => {
            let Reset { breaker, confirm, reason } = serde_json::from_str(body)?;
            Request::Reset { breaker, confirm, reason }
        }
        "operator.reduce" => {
            let Why { reason } = serde_json::from_str(body)?;
            Request::Reduce { reason }
        }
        "operator.flatten" => {
            let Flat { symbol, confirm, reason } = serde_json::from_str(body)?;
            Request::Flatten { symbol, confirm, reason }
        }
        _ => return Ok(None),
    }))
}

/// Says what became of a command.
fn told(outcome: Result<(), SinkError>) -> Box<RawValue> {
    document(&match outcome {
        Ok(()) => Answer::done(&"on record"),
        Err(error) => {
            let code = match &error {
                SinkError::Closed => Code::Failed,
                SinkError::Unknown(_) => Code::Timeout,
            };
            Answer::not_done(Problem::new(code, error.to_string(), "look at the newest events"))
        }
    })
}

fn document(answer: &Answer) -> Box<RawValue> {
    serde_json::value::to_raw_value(answer).expect("text and raw JSON can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(topic: &str, body: &str, expected: Option<&Request>) {
        let body = RawValue::from_string(body.into()).unwrap();
        assert_eq!(request(topic, &body).unwrap().as_ref(), expected);
    }

    #[test]
    fn a_topic_is_the_verb_of_the_command_line() {
        let cancel = Request::Cancel { order: "20261005-1".to_owned() };
        let body = r#"{"client_order_id":"20261005-1"}"#;
        check("order.cancel", body, Some(&cancel));
        check("operator.cancel", body, Some(&cancel));
        let reject = Request::Reject { trade_id: "t-1".into(), reason: None };
        check("operator.reject", r#"{"trade_id":"t-1"}"#, Some(&reject));
        check("market_data.get_quote", r#"{"symbol":"AAPL"}"#, None);
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused() {
        for (topic, body) in [
            ("operator.reject", r#"{"trade_id":"t-1","more":1}"#),
            ("operator.approve", r#"{"trade_id":"t-1"}"#),
            ("order.cancel", "{}"),
        ] {
            let body = RawValue::from_string(body.into()).unwrap();
            assert!(request(topic, &body).is_err(), "{topic}");
        }
    }
}
