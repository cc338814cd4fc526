//! The other side of the commands: signs one, publishes it, waits for what became of it.
//!
//! A command is rare, so each has connections of its own; nothing is sent twice. Which
//! commands there are is not known here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value, cmd};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::bus::clock::Clock;
use crate::bus::redis::endpoint::{BusError, Endpoint};
use crate::bus::redis::guard::LIFE_MAX;
use crate::bus::redis::keys::Key;
use crate::bus::redis::names::reply_channel;
use crate::bus::redis::signed::Draft;

/// How long an answer is waited for: the house gives itself five seconds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(6);
/// Answers that may wait: those to other commands of the same sender.
const ANSWERS_MAX: usize = 64;

/// Sends commands in one sender's name.
pub struct Commander {
    endpoint: Endpoint,
    sender: String,
    key: Key,
    wall: Arc<dyn Clock>,
    session: String,
    sent: AtomicU64,
}

impl fmt::Debug for Commander {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commander").field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// What became of a command.
#[derive(Debug)]
pub enum Told {
    /// It was handed in; the house's own answer, a JSON document.
    Answer(Box<RawValue>),
    /// It was refused at the door, and why.
    Refused(String),
    /// Nobody has said what became of it: look before sending it again.
    Nothing,
}

/// An answer as it is published.
#[derive(Deserialize)]
struct Reply {
    session: String,
    seq: u64,
    refused: Option<String>,
    answer: Option<Box<RawValue>>,
}

impl Commander {
    /// Begins a session of this sender; its name is the present instant.
    pub fn new(endpoint: Endpoint, sender: &str, key: Key, wall: Arc<dyn Clock>) -> Self {
        let session = format!("s{}", wall.now().as_nanos());
        let sender = sender.to_owned();
        Self { endpoint, sender, key, wall, session, sent: AtomicU64::new(0) }
    }

    /// Signs and publishes a command, and waits for what became of it.
    ///
    /// # Errors
    /// When it was not sent.
    pub async fn send(&self, topic: &str, body: &RawValue) -> Result<Told, BusError> {
        let (sender, mut answers) = mpsc::channel(ANSWERS_MAX);
        let mut inward = self.endpoint.listen(inbox(sender)).await?;
        inward.subscribe(reply_channel(&self.sender)).await?;
        cmd("PING").exec_async(&mut inward).await?;
        let mut outward = self.endpoint.connect().await?;
        let seq = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let issued_at = self.wall.now();
        let draft = Draft {
            topic,
            sender: &self.sender,
            session: &self.session,
            seq,
            issued_at,
            expires_at: issued_at.plus(LIFE_MAX),
            nonce: &format!("{}-{seq}", self.session),
            body,
        };
        let signed = draft.sign(&self.key);
        cmd("PUBLISH").arg(topic).arg(signed).exec_async(&mut outward).await?;
        let answered = timeout(ANSWERED_WITHIN, self.answer(seq, &mut answers)).await;
        Ok(answered.ok().flatten().unwrap_or(Told::Nothing))
    }

    async fn answer(&self, seq: u64, answers: &mut mpsc::Receiver<Bytes>) -> Option<Told> {
        loop {
            let Ok(reply) = serde_json::from_slice::<Reply>(&answers.recv().await?) else {
                continue;
            };
            if reply.session != self.session || reply.seq != seq {
                continue;
            }
            return Some(match (reply.refused, reply.answer) {
                (Some(why), _) => Told::Refused(why),
                (None, Some(answer)) => Told::Answer(answer),
                (None, None) => Told::Nothing,
            });
        }
    }
}

fn inbox(
    answers: mpsc::Sender<Bytes>,
) -> impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static {
    move |push: PushInfo| {
        if let (PushKind::Message, [_, Value::BulkString(answer)]) =
            (push.kind, push.data.as_slice())
        {
            // One too many is one that nobody here waits for.
            let _ = answers.try_send(Bytes::copy_from_slice(answer));
        }
        Ok(())
    }
}
