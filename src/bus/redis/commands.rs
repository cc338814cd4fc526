//! The way in: hears the channels of commands, has each judged, hands it in, answers.
//!
//! What comes faster than it can be judged is dropped and counted, never piled up. Refusals
//! are told to people together, once a second at most. What a command does is behind
//! [`House`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, Value, cmd};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::clock::Clock;
use crate::bus::redis::endpoint::ANSWER;
use crate::bus::redis::guard::{Counts, Guard, Refused};
use crate::bus::redis::mirror::Echoes;
use crate::bus::redis::names::{KILL, reply_channel};
use crate::bus::redis::self_test::PROBE;
use crate::bus::redis::signed::{MESSAGE_BYTES_MAX, Message, VERSION};
use crate::events::{Alert, Severity, SystemEvent};

/// Messages that may wait to be judged.
const INBOX_MAX: usize = 2_048;
/// Commands under way at once; a kill needs no place.
const UNDER_WAY_MAX: usize = 16;
/// How often people are told of refusals.
const ALARM_PERIOD: Duration = Duration::from_secs(1);
/// How long the house may take to hear an alarm.
const SAY: Duration = Duration::from_secs(1);
/// How long a command may take until its sender is told that nobody knows.
const COMMAND: Duration = Duration::from_secs(5);

/// A command that may be obeyed.
#[derive(Debug)]
pub struct Command {
    /// Its name, never a short spelling.
    pub topic: &'static str,
    /// Who sent it.
    pub sender: Arc<str>,
    /// Its fields as they were signed.
    pub body: Box<RawValue>,
}

/// The house behind the bus.
pub trait House: Send + Sync {
    /// Holds entries back, or lets them go on; done when it returns.
    fn hold(&self, is_held: bool);
    /// Lets an event in.
    fn say(&self, event: SystemEvent) -> BoxFuture<'static, ()>;
    /// Obeys a command and returns the answer, a JSON document. What must not wait (the
    /// gate of a kill) is done when this returns, before the future is polled.
    fn command(&self, command: Command) -> BoxFuture<'static, Result<Box<RawValue>, Refused>>;
}

/// A message on a channel of commands.
#[derive(Debug)]
pub(super) struct Heard {
    channel: String,
    message: Bytes,
}

/// Makes the receiver of what Redis pushes, and the end that takes it. The token is
/// cancelled when the connection is cut.
pub(super) fn inbox(
    counts: Arc<Counts>,
    cut: CancellationToken,
) -> (impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static, mpsc::Receiver<Heard>) {
    let (sender, receiver) = mpsc::channel(INBOX_MAX);
    let take = move |push: PushInfo| {
        match (push.kind, push.data.as_slice()) {
            (PushKind::Disconnection, _) => cut.cancel(),
            (PushKind::Message, [Value::BulkString(channel), Value::BulkString(message)]) => {
                let heard = Heard {
                    channel: String::from_utf8_lossy(channel).into_owned(),
                    // What is longer is refused anyway; its length says so.
                    message: Bytes::copy_from_slice(
                        message.get(..=MESSAGE_BYTES_MAX).unwrap_or(message),
                    ),
                };
                if sender.try_send(heard).is_err() {
                    counts.refuse(Refused::Flooded, 1);
                }
            }
            _ => {}
        }
        Ok(())
    };
    (take, receiver)
}

/// Judges and hands in.
pub(super) struct Listener {
    pub(super) guard: Guard,
    pub(super) counts: Arc<Counts>,
    pub(super) echoes: Arc<Echoes>,
    pub(super) house: Arc<dyn House>,
    pub(super) wall: Arc<dyn Clock>,
    pub(super) tracker: TaskTracker,
    pub(super) places: Arc<Semaphore>,
    /// What people were told of, by reason.
    pub(super) told: BTreeMap<Refused, u64>,
}

/// What is said to a sender.
#[derive(Serialize)]
struct Reply<'a> {
    version: u32,
    topic: &'a str,
    session: &'a str,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a RawValue>,
}

/// To whom an answer goes.
struct ReplyTo {
    sender: Arc<str>,
    topic: String,
    session: String,
    seq: u64,
    by: MultiplexedConnection,
}

impl ReplyTo {
    async fn say(mut self, outcome: Result<Box<RawValue>, Refused>) {
        let reply = Reply {
            version: VERSION,
            topic: &self.topic,
            session: &self.session,
            seq: self.seq,
            refused: outcome.as_ref().err().map(|why| why.name()),
            answer: outcome.as_ref().ok().map(|answer| &**answer),
        };
        let text = serde_json::to_vec(&reply).unwrap_or_default();
        let mut publish = cmd("PUBLISH");
        publish.arg(reply_channel(&self.sender)).arg(text);
        let sent = timeout(ANSWER, publish.exec_async(&mut self.by)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!(sender = %self.sender, "an answer on the bus was not sent");
        }
    }
}

/// Places for commands under way.
pub(super) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(UNDER_WAY_MAX))
}

impl Listener {
    /// Hears until the connection is cut.
    pub(super) async fn hear(
        &mut self,
        inbox: &mut mpsc::Receiver<Heard>,
        replies: &MultiplexedConnection,
    ) {
        let mut alarm = tokio::time::interval(ALARM_PERIOD);
        alarm.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // The alarm first: a flood of forgeries must not keep it from being told.
            tokio::select! {
                biased;
                _ = alarm.tick() => self.tell().await,
                heard = inbox.recv() => match heard {
                    Some(heard) => self.take(&heard, replies),
                    None => return,
                },
            }
        }
    }

    fn take(&mut self, heard: &Heard, replies: &MultiplexedConnection) {
        if self.echoes.take(&heard.message) || heard.message == PROBE {
            return;
        }
        let Some(message) = Message::read(&heard.message) else {
            return self.counts.refuse(Refused::NotSigned, 1);
        };
        let judged = self.guard.judge(&heard.channel, &message, self.wall.now());
        let reply_to = |sender: Arc<str>| ReplyTo {
            sender,
            topic: message.topic.clone().into_owned(),
            session: message.session.clone().into_owned(),
            seq: message.seq,
            by: replies.clone(),
        };
        let admitted = match judged {
            Ok(admitted) => admitted,
            Err(why) => {
                self.counts.refuse(why, 1);
                if why.is_of_known_sender()
                    && let Ok(place) = Arc::clone(&self.places).try_acquire_owned()
                {
                    let reply = reply_to(Arc::from(&*message.sender));
                    self.tracker.spawn(async move {
                        reply.say(Err(why)).await;
                        drop(place);
                    });
                }
                return;
            }
        };
        let place = Arc::clone(&self.places).try_acquire_owned();
        if place.is_err() && admitted.topic != KILL {
            return self.counts.refuse(Refused::Flooded, 1);
        }
        let reply = reply_to(admitted.sender.clone());
        let command = Command {
            topic: admitted.topic,
            sender: admitted.sender,
            body: message.body.to_owned(),
        };
        tracing::info!(topic = command.topic, sender = %command.sender, "a command on the bus");
        // The gate of a kill is closed by this call.
        let obeyed = self.house.command(command);
        let counts = self.counts.clone();
        self.tracker.spawn(async move {
            if let Ok(outcome) = timeout(COMMAND, obeyed).await {
                match &outcome {
                    Ok(_) => counts.admit(),
                    Err(why) => counts.refuse(*why, 1),
                }
                reply.say(outcome).await;
            } else {
                tracing::warn!(topic = %reply.topic, "no outcome of a command in time");
            }
            drop(place);
        });
    }

    /// Tells people what was refused since they were told last.
    async fn tell(&mut self) {
        let now = self.counts.all_refused();
        let news: Vec<(Refused, u64)> = now
            .iter()
            .map(|(why, number)| (*why, number - self.told.get(why).copied().unwrap_or_default()))
            .filter(|(_, number)| *number > 0)
            .collect();
        if news.is_empty() {
            return;
        }
        self.told = now;
        let number: u64 = news.iter().map(|(_, number)| number).sum();
        let reasons: Vec<String> =
            news.iter().map(|(why, number)| format!("{number} {why}")).collect();
        let text = format!(
            "{number} commands on the bus were refused ({}); none was obeyed: see who may publish",
            reasons.join(", ")
        );
        tracing::warn!(%text, "refused");
        let is_attack = |why: &Refused| {
            matches!(
                why,
                Refused::Forged | Refused::OtherTopic | Refused::Replayed | Refused::NotTheirs
            )
        };
        let severity = if news.iter().any(|(why, _)| is_attack(why)) {
            Severity::Critical
        } else {
            Severity::Warning
        };
        let alert = SystemEvent::Alert(Alert { severity, text });
        if timeout(SAY, self.house.say(alert)).await.is_err() {
            tracing::warn!("the house does not hear the bus");
        }
    }
}
