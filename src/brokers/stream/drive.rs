//! The task of one stream: dial, talk, give up, wait, dial again.
//!
//! All rules are in the [session](super::session); here are sockets, time-outs and the
//! stop signal. One connection at a time. A connection that does not answer, does not
//! pong, or is silent is given up; so is one on which nothing can be sent.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::outlet::Outlet;
use super::session::{Frame, Lost, Outgoing, Output, Session, StopReason, StreamStatus, Verdict};
use super::socket::{DialError, Endpoint, Socket, dial};
use crate::bus::clock::{Clock, Stopwatch};

/// How long each thing may take, in wall time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamTiming {
    /// Name, connection, TLS and upgrade together.
    pub connect: Duration,
    /// The venue's next answer while one is owed: greeting, login, subscription.
    pub answer: Duration,
    /// Between two pings of ours.
    pub ping_every: Duration,
    /// A sign of life after a ping.
    pub pong: Duration,
    /// Sending a frame, or closing.
    pub send: Duration,
    /// The longest first wait before dialling again; doubles up to `wait_max`.
    pub wait_first: Duration,
    /// The longest wait.
    pub wait_max: Duration,
    /// The least wait when the venue says that there are too many connections or
    /// requests: each attempt prolongs what it waits for.
    pub crowded_wait_min: Duration,
    /// How long a connection must hold before its failures are forgotten.
    pub stable_after: Duration,
    /// Between two looks at the clock.
    pub check_every: Duration,
}

impl Default for StreamTiming {
    /// Alpaca, protocol page §6 and §7 of October 2026: pings each 10 s, pong within
    /// 5 s, login within 10 s, waits of 1 s to 30 s.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(10),
            ping_every: Duration::from_secs(10),
            pong: Duration::from_secs(5),
            send: Duration::from_secs(5),
            wait_first: Duration::from_secs(1),
            wait_max: Duration::from_secs(30),
            crowded_wait_min: Duration::from_secs(2),
            stable_after: Duration::from_secs(10),
            check_every: Duration::from_millis(250),
        }
    }
}

/// Everything that one stream's task owns.
pub(in crate::brokers) struct Driver<S: Session> {
    pub(in crate::brokers) session: S,
    pub(in crate::brokers) endpoint: Endpoint,
    pub(in crate::brokers) timing: StreamTiming,
    pub(in crate::brokers) backoff: Backoff,
    pub(in crate::brokers) clock: Arc<dyn Clock>,
    /// Where news goes; this end is ours.
    pub(in crate::brokers) outlet: Outlet,
    /// Wishes of whoever holds the stream; ends when nobody does, which changes nothing.
    pub(in crate::brokers) wishes: mpsc::Receiver<S::Wish>,
    /// Where the stream stands; this end is ours.
    pub(in crate::brokers) status: watch::Sender<StreamStatus<S::Counts>>,
    pub(in crate::brokers) stop: CancellationToken,
}

/// How a connection, or the try for one, ended.
enum End {
    /// Dial again.
    Lost(Lost, Duration),
    /// Do not.
    Stop(StopReason),
}

impl From<StopReason> for End {
    fn from(reason: StopReason) -> Self {
        Self::Stop(reason)
    }
}

impl<S: Session> Driver<S> {
    /// Runs until it is stopped, or until dialling again cannot help.
    pub(in crate::brokers) async fn run(mut self) {
        let reason = loop {
            match self.connection().await {
                End::Stop(reason) => break reason,
                End::Lost(lost, floor) => {
                    if let Err(reason) = self.wait(lost, floor).await {
                        break reason;
                    }
                }
            }
        };
        match &reason {
            StopReason::Asked => tracing::info!(url = self.endpoint.url, "stream stopped"),
            StopReason::KeysRefused
            | StopReason::PlanTooSmall
            | StopReason::ScopeTooSmall
            | StopReason::NotServed(_)
            | StopReason::BadAddress(_)
            | StopReason::TakenOver
            | StopReason::ReceiverGone => {
                tracing::error!(url = self.endpoint.url, %reason, "stream stopped for good");
            }
        }
        self.tell(|status| status.stopped = Some(reason));
        // What is still held goes out if somebody takes it.
        let _ = timeout(self.timing.send, self.outlet.finish()).await;
    }

    /// One connection from the dial to its end.
    async fn connection(&mut self) -> End {
        let mut output = Output::default();
        self.session.dialling(&mut output);
        self.hand_on(output);
        let end = match self.dialled().await {
            Ok(mut socket) => {
                let held = Stopwatch::start();
                let end = self.talk(&mut socket).await;
                if matches!(end, End::Stop(StopReason::Asked)) {
                    let mut output = Output::default();
                    self.session.leaving(&mut output);
                    // Whether it is heard or not, the connection ends.
                    let _ = self.act(&mut socket, output, Verdict::Continue).await;
                }
                // A clean end frees the account's only slot at once.
                let _ = timeout(self.timing.send, socket.close(None)).await;
                if held.elapsed() >= self.timing.stable_after {
                    self.backoff.reset();
                }
                end
            }
            Err(end) => end,
        };
        let mut output = Output::default();
        self.session.lost(&mut output);
        self.hand_on(output);
        end
    }

    /// Dials while what is held goes out.
    async fn dialled(&mut self) -> Result<Socket, End> {
        let Self { session, endpoint, timing, clock, outlet, stop, .. } = self;
        let dialling = async {
            session.prepare(endpoint).await?;
            dial(endpoint, timing.connect, || clock.now()).await
        };
        tokio::pin!(dialling);
        loop {
            // Stop first, as nothing else matters then; news before new connections.
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(StopReason::Asked.into()),
                sent = outlet.send_one() => sent?,
                dialled = &mut dialling => {
                    return dialled.map_err(|error| match error {
                        DialError::Again(lost, floor) => End::Lost(lost, floor),
                        DialError::Never(reason) => End::Stop(reason),
                    });
                }
            }
        }
    }

    /// Waits before the next dial while what is held goes out and wishes are noted.
    async fn wait(&mut self, lost: Lost, floor: Duration) -> Result<(), StopReason> {
        let floor = if lost.is_crowded { floor.max(self.timing.crowded_wait_min) } else { floor };
        let wait = self.backoff.next(floor);
        tracing::warn!(url = self.endpoint.url, detail = lost.detail, ?wait, "stream lost");
        self.tell(|status| status.trouble = Some(lost.detail));
        let (waiting, sooner) = (sleep(wait), self.session.worth_dialling());
        tokio::pin!(waiting, sooner);
        loop {
            // Stop first, as nothing else matters then; news before new connections.
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(StopReason::Asked),
                sent = self.outlet.send_one() => sent?,
                Some(more) = self.wishes.recv() => {
                    self.session.want(&more, &mut Output::default());
                }
                () = &mut sooner => return Ok(()),
                () = &mut waiting => return Ok(()),
            }
        }
    }

    /// Talks on an open socket until it ends.
    async fn talk(&mut self, socket: &mut Socket) -> End {
        let mut output = Output::default();
        self.session.connected(&mut output);
        if let Err(end) = self.act(socket, output, Verdict::Continue).await {
            return end;
        }
        let mut pulse = Pulse::new(self.timing);
        let mut look = interval(self.timing.check_every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let has_room = self.outlet.has_room();
            // Stop first. What is held goes out before more comes in. Clocks and wishes
            // before frames, or a burst would put them off.
            let ended = tokio::select! {
                biased;
                () = self.stop.cancelled() => Err(StopReason::Asked.into()),
                sent = self.outlet.send_one() => sent.map_err(End::from),
                _ = look.tick() => self.look(socket, &mut pulse).await,
                Some(more) = self.wishes.recv() => {
                    let mut output = Output::default();
                    self.session.want(&more, &mut output);
                    self.act(socket, output, Verdict::Continue).await
                }
                came = socket.next(), if has_room => {
                    pulse.alive();
                    self.came(socket, came).await
                }
            };
            if let Err(end) = ended {
                return end;
            }
            pulse.owe(self.session.is_waiting());
        }
    }

    /// Handles what came from the socket.
    async fn came(
        &mut self,
        socket: &mut Socket,
        came: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Result<(), End> {
        let lost = |detail: String| Err(End::Lost(Lost::because(detail), Duration::ZERO));
        let mut output = Output::default();
        let now = self.clock.now();
        let verdict = match came {
            Some(Ok(Message::Text(text))) => {
                self.session.frame(Frame::Text(&text), now, &mut output)
            }
            Some(Ok(Message::Binary(bytes))) => {
                self.session.frame(Frame::Binary(&bytes), now, &mut output)
            }
            // The library answers pings by itself when it is next read.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(()),
            Some(Ok(Message::Close(Some(close)))) => {
                return lost(format!("closed by the venue: {} {}", close.code, close.reason));
            }
            Some(Ok(Message::Close(None))) | None => return lost("closed by the venue".into()),
            Some(Err(error)) => return lost(error.to_string()),
        };
        self.act(socket, output, verdict).await
    }

    /// Looks at the clocks: silence, owed answers, pings.
    async fn look(&mut self, socket: &mut Socket, pulse: &mut Pulse) -> Result<(), End> {
        let mut output = Output::default();
        let verdict = self.session.check(self.clock.now(), &mut output);
        self.act(socket, output, verdict).await?;
        self.tell(|_| {});
        match pulse.look() {
            Beat::Well => Ok(()),
            Beat::Ping => send(socket, Message::Ping(bytes::Bytes::new()), self.timing.send).await,
            Beat::Gone(detail) => Err(End::Lost(Lost::because(detail), Duration::ZERO)),
        }
    }

    /// Hands news on, sends what is to be sent, and ends what is to be ended.
    async fn act(
        &mut self,
        socket: &mut Socket,
        output: Output,
        verdict: Verdict,
    ) -> Result<(), End> {
        let frames = self.hand_on(output);
        for frame in frames {
            let message = match frame {
                Outgoing::Text(text) => Message::text(text),
                Outgoing::Binary(bytes) => Message::binary(bytes),
            };
            send(socket, message, self.timing.send).await?;
        }
        match verdict {
            Verdict::Continue => Ok(()),
            Verdict::Reconnect(lost) => Err(End::Lost(lost, Duration::ZERO)),
            Verdict::Stop(reason) => Err(End::Stop(reason)),
        }
    }

    /// Hands news on; returns what is to be sent.
    fn hand_on(&mut self, output: Output) -> Vec<Outgoing> {
        for push in output.pushes {
            self.outlet.offer(push);
        }
        // All else is said when the clocks are looked at: comparing what is confirmed
        // after every frame would cost more than the frame.
        if self.session.link() != self.status.borrow().link {
            self.tell(|_| {});
        }
        output.frames
    }

    /// Says where the stream stands, when that has changed.
    fn tell(&self, change: impl FnOnce(&mut StreamStatus<S::Counts>)) {
        self.status.send_if_modified(|status| {
            let link = self.session.link();
            let counts = self.session.counts();
            let mut next = StreamStatus { link, counts, ..status.clone() };
            next.unconfirmed = self.session.unconfirmed();
            if link.is_up() {
                next.trouble = None;
            }
            change(&mut next);
            let is_new = next != *status;
            *status = next;
            is_new
        });
    }
}

/// Sends a frame within a time.
async fn send(socket: &mut Socket, message: Message, within: Duration) -> Result<(), End> {
    let lost = |detail: String| End::Lost(Lost::because(detail), Duration::ZERO);
    match timeout(within, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(lost(error.to_string())),
        Err(_) => Err(lost("nothing can be sent".into())),
    }
}

/// The signs of life of one connection.
struct Pulse {
    timing: StreamTiming,
    /// Since the last ping, or the beginning.
    pinged: Stopwatch,
    /// Whether nothing has come since that ping.
    is_pong_owed: bool,
    /// Since when an answer of the venue is owed.
    owed: Option<Stopwatch>,
}

/// What the signs of life say.
enum Beat {
    Well,
    Ping,
    Gone(&'static str),
}

impl Pulse {
    fn new(timing: StreamTiming) -> Self {
        let owed = Some(Stopwatch::start());
        Self { timing, pinged: Stopwatch::start(), is_pong_owed: false, owed }
    }

    /// Something came: whatever it was, the other side lives.
    const fn alive(&mut self) {
        self.is_pong_owed = false;
    }

    /// Notes whether an answer is owed.
    fn owe(&mut self, is_owed: bool) {
        if is_owed {
            self.owed.get_or_insert_with(Stopwatch::start);
        } else {
            self.owed = None;
        }
    }

    fn look(&mut self) -> Beat {
        if self.owed.as_ref().is_some_and(|owed| owed.elapsed() > self.timing.answer) {
            return Beat::Gone("the venue does not answer");
        }
        if self.is_pong_owed && self.pinged.elapsed() > self.timing.pong {
            return Beat::Gone("no answer to a ping");
        }
        if !self.is_pong_owed && self.pinged.elapsed() >= self.timing.ping_every {
            self.pinged = Stopwatch::start();
            self.is_pong_owed = true;
            return Beat::Ping;
        }
        Beat::Well
    }
}
