//! Answers at the control socket: one call a connection, one line back.
//!
//! Bounded everywhere: callers, bytes of a call, time to send it, time to answer it.
//! Streams may take most of the places, never all, so that a kill always finds one. It
//! knows how to talk; what is said is [`protocol`](crate::control::protocol), what is
//! done is [`operate`].

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::control::kill::Killer;
use crate::control::operate::{self, Wish};
use crate::control::protocol::{Answer, Code, LINE_BYTES_MAX, Problem, read_call};
use crate::control::sink::{CommandSink, EventSource};
use crate::control::socket::{Listening, Peer};
use crate::control::{tail, users};
use crate::domain::command::{Actor, Way};
use crate::view::{Snapshot, Viewer};

/// Callers at once.
pub const CALLERS_MAX: usize = 16;
/// Of those, streams.
pub const STREAMS_MAX: usize = 12;
/// Refusals under way at once.
const REFUSALS_MAX: usize = 16;
/// Time to wait for somebody to hang up who has been refused.
const LINGER: Duration = Duration::from_secs(1);
/// Time for a caller to send its line, for the house to answer it, and for the caller
/// to take the answer: each.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after the system has refused us a caller, such as for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Returns the newest snapshot. Must not wait.
pub type Snapshots = Arc<dyn Fn() -> Arc<Snapshot> + Send + Sync>;

/// Makes [`Snapshots`] of a reader of the read model.
pub fn snapshots(viewer: Viewer) -> Snapshots {
    let viewer = Mutex::new(viewer);
    // A panic of one caller leaves nothing half done: looking changes nothing.
    Arc::new(move || viewer.lock().unwrap_or_else(PoisonError::into_inner).snapshot())
}

/// What the server works with.
#[derive(Clone)]
pub struct Desk {
    /// The read model.
    pub snapshots: Snapshots,
    /// Closes the gate and halts.
    pub killer: Killer,
    /// Takes commands.
    pub sink: Arc<dyn CommandSink>,
    /// Tells what happened.
    pub events: Arc<dyn EventSource>,
}

impl Desk {
    pub(in crate::control) fn newest(&self) -> Arc<Snapshot> {
        (self.snapshots)()
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// Answers callers until the token is cancelled; ends when the last one has its answer.
pub async fn serve(listening: Listening, desk: Desk, stop: CancellationToken) {
    let callers = Arc::new(Semaphore::new(CALLERS_MAX));
    let streams = Arc::new(Semaphore::new(STREAMS_MAX));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let tracker = TaskTracker::new();
    // Beyond the bound callers are hung up on without a word.
    let turn_away = |stream, problem| {
        if let Ok(place) = Arc::clone(&refusals).try_acquire_owned() {
            tracker.spawn(async move {
                refuse(stream, problem).await;
                drop(place);
            });
        }
    };
    loop {
        // The stop first: callers may queue without end.
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listening.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no caller can be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        match (peer, Arc::clone(&callers).try_acquire_owned()) {
            (Peer::Foreign(uid), _) => {
                tracing::warn!(uid, "another user called at the control socket");
                turn_away(stream, foreign(uid));
            }
            (Peer::Ours(_), Err(_)) => turn_away(stream, busy("callers", CALLERS_MAX)),
            (Peer::Ours(uid), Ok(place)) => {
                let caller = Caller {
                    uid,
                    desk: desk.clone(),
                    streams: Arc::clone(&streams),
                    stop: stop.clone(),
                };
                tracker.spawn(async move {
                    caller.converse(stream).await;
                    drop(place);
                });
            }
        }
    }
    tracker.close();
    tracker.wait().await;
}

fn foreign(uid: u32) -> Problem {
    let message = format!("user {uid} may not speak here");
    Problem::new(Code::NotPermitted, message, "call as the user who runs the house")
}

fn busy(what: &str, max: usize) -> Problem {
    let message = format!("{max} {what} are here already");
    Problem::new(Code::Busy, message, "end one and try again")
}

/// Answers somebody who was never heard, then waits for him to hang up.
async fn refuse(mut stream: UnixStream, problem: Problem) {
    let answer = Answer::not_done(problem).to_line();
    let refused = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        drain(&mut stream).await
    };
    if !matches!(timeout(LINGER, refused).await, Ok(Ok(()))) {
        tracing::debug!("a refusal was not heard");
    }
}

/// Reads what nobody wants, up to a bound: a socket that is closed with bytes unread
/// resets the connection, and the answer on its way may be lost with it.
async fn drain(from: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let most = u64::try_from(LINE_BYTES_MAX).expect("a small constant");
    tokio::io::copy(&mut from.take(most), &mut tokio::io::sink()).await.map(drop)
}

/// One caller with what is at hand for it.
struct Caller {
    uid: u32,
    desk: Desk,
    streams: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Caller {
    async fn converse(&self, stream: UnixStream) {
        let (from, mut to) = stream.into_split();
        let mut from = BufReader::new(from);
        let line = match self.heard(&mut from).await {
            Some(Ok(line)) => line,
            Some(Err(problem)) => {
                self.send(&mut to, &Answer::not_done(problem)).await;
                drop(to);
                // Whether it hangs up or not, it has had its answer.
                let _ = timeout(LINGER, drain(&mut from)).await;
                return;
            }
            None => return,
        };
        let asked = read_call(&line).and_then(|call| {
            let wish = match operate::unjudged(&call.request) {
                Some(wish) => wish,
                None => operate::judge(&call.request, &self.desk.newest())?,
            };
            Ok((call, wish))
        });
        let (call, wish) = match asked {
            Ok(asked) => asked,
            Err(problem) => return self.send(&mut to, &Answer::not_done(problem)).await,
        };
        if let Wish::Tail(filter) = wish {
            let place = Arc::clone(&self.streams).try_acquire_owned();
            return self.stream(from.into_inner(), to, &filter, place.ok()).await;
        }
        let actor = Actor { via: Way::Socket, uid: Some(self.uid), user: users::name(self.uid) };
        let verb = call.request.verb();
        if let Wish::Kill(_) | Wish::Command(_) = wish {
            tracing::info!(verb, uid = self.uid, "the operator asked");
        }
        let work = operate::carry_out(&self.desk, &call.request, wish, actor, call.text);
        let answer = timeout(REQUEST_TIMEOUT, work).await.unwrap_or_else(|_| {
            let what = format!("no outcome of '{verb}' in {} s", REQUEST_TIMEOUT.as_secs());
            Answer::not_done(operate::unknown(&what))
        });
        self.send(&mut to, &answer).await;
    }

    /// Waits for a line; `None` when there is nobody to answer.
    async fn heard(&self, from: &mut BufReader<OwnedReadHalf>) -> Option<Result<Vec<u8>, Problem>> {
        let mut line = Vec::new();
        let most = u64::try_from(LINE_BYTES_MAX + 1).expect("a small constant");
        let read = async { from.take(most).read_until(b'\n', &mut line).await };
        // The stop first: a caller that never sends must not hold the house up.
        let read: Result<io::Result<usize>, _> = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            read = timeout(REQUEST_TIMEOUT, read) => read,
        };
        match read {
            Err(_) => {
                let message = format!("no whole line in {} s", REQUEST_TIMEOUT.as_secs());
                Some(Err(Problem::new(Code::TooSlow, message, "send one line of JSON at once")))
            }
            Ok(Err(_) | Ok(0)) => None,
            Ok(Ok(_)) if line.len() > LINE_BYTES_MAX => {
                let message = format!("the line is longer than {LINE_BYTES_MAX} bytes");
                Some(Err(Problem::new(Code::TooLarge, message, "send a shorter one")))
            }
            Ok(Ok(_)) => Some(Ok(line)),
        }
    }

    async fn stream(
        &self,
        from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        filter: &tail::Filter,
        place: Option<OwnedSemaphorePermit>,
    ) {
        let Some(_place) = place else {
            let answer = Answer::not_done(busy("streams", STREAMS_MAX));
            return self.send(&mut to, &answer).await;
        };
        // Subscribed before the greeting: what follows the greeting is complete.
        let events = self.desk.events.subscribe();
        self.send(&mut to, &Answer::done(&"events follow")).await;
        tail::stream(events, filter, from, to, &self.stop).await;
    }

    async fn send(&self, to: &mut OwnedWriteHalf, answer: &Answer) {
        let line = answer.to_line();
        let sent = timeout(REQUEST_TIMEOUT, to.write_all(&line)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!(uid = self.uid, "a caller did not take its answer");
        }
    }
}
