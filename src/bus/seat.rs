//! One tokio task around one agent, and the desk between it and the spine.
//!
//! The spine lays one envelope on the desk, the task hands it to the agent and
//! lays back one answer with everything the agent said, also when that is
//! nothing. One answer per delivery makes outputs all-or-nothing and shows at
//! once which seat is slow. As there is never more than one envelope on its way
//! to a seat, a desk needs no queue; the spine is woken once, by the last answer
//! of the [`Round`].

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use futures_util::future::BoxFuture;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::bus::agent::{Agent, Outbox, Output};
use crate::bus::clock::{MEASURES, lap};
use crate::bus::supervision::handle_caught;
use crate::events::Envelope;

/// What the agent said, or its last words.
pub(in crate::bus) type Answer = Result<Vec<Output>, String>;

/// The answers that are owed for one envelope. A round that was given up is
/// replaced by a new one, so that late answers count in the old one.
#[derive(Debug, Default)]
pub(in crate::bus) struct Round {
    owed: AtomicUsize,
    /// The spine's, while it waits.
    waker: Mutex<Option<Waker>>,
}

impl Round {
    /// Begins with so many answers owed; nothing may be delivered before.
    pub(in crate::bus) fn begin(&self, owed: usize) {
        self.owed.store(owed, Ordering::Release);
    }

    /// Tells whether every answer is there, and asks to be woken by the last one.
    pub(in crate::bus) fn poll_over(&self, context: &Context<'_>) -> Poll<()> {
        if self.owed.load(Ordering::Acquire) == 0 {
            return Poll::Ready(());
        }
        keep(&mut lock(&self.waker), context);
        // The last answer may have come before the waker was there to be used.
        if self.owed.load(Ordering::Acquire) == 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    fn count_answer(&self) {
        if self.owed.fetch_sub(1, Ordering::AcqRel) == 1 {
            wake(lock(&self.waker).take());
        }
    }
}

/// Where the spine and one seat meet.
#[derive(Debug)]
struct Desk(Mutex<OnDesk>);

#[derive(Debug)]
struct OnDesk {
    envelope: Option<Arc<Envelope>>,
    answer: Option<Answer>,
    round: Arc<Round>,
    /// The seat's, while it waits.
    waker: Option<Waker>,
    is_closed: bool,
}

/// The spine's side of a desk. The seat leaves when it is dropped, or after a
/// panic.
#[derive(Debug)]
pub(in crate::bus) struct Seated(Arc<Desk>);

impl Seated {
    /// Lays an envelope on the desk.
    pub(in crate::bus) fn deliver(&self, envelope: Arc<Envelope>) {
        let mut desk = lock(&self.0.0);
        desk.envelope = Some(envelope);
        let waker = desk.waker.take();
        drop(desk);
        wake(waker);
    }

    /// Takes the answer to the last envelope, where there is one.
    pub(in crate::bus) fn take_answer(&self) -> Option<Answer> {
        lock(&self.0.0).answer.take()
    }

    /// Lets the seat's next answers count in another round.
    pub(in crate::bus) fn move_to(&self, round: &Arc<Round>) {
        lock(&self.0.0).round = Arc::clone(round);
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let mut desk = lock(&self.0.0);
        desk.is_closed = true;
        let waker = desk.waker.take();
        drop(desk);
        wake(waker);
    }
}

impl Desk {
    fn new(round: &Arc<Round>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(OnDesk {
            envelope: None,
            answer: None,
            round: Arc::clone(round),
            waker: None,
            is_closed: false,
        })))
    }

    /// Waits until the spine has left.
    async fn closed(&self) {
        poll_fn(|context| {
            let mut desk = lock(&self.0);
            if desk.is_closed {
                return Poll::Ready(());
            }
            keep(&mut desk.waker, context);
            Poll::Pending
        })
        .await;
    }

    /// Waits for an envelope; `None` when the spine has left.
    async fn next(&self) -> Option<Arc<Envelope>> {
        poll_fn(|context| {
            let mut desk = lock(&self.0);
            if desk.is_closed {
                return Poll::Ready(None);
            }
            if let Some(envelope) = desk.envelope.take() {
                return Poll::Ready(Some(envelope));
            }
            keep(&mut desk.waker, context);
            Poll::Pending
        })
        .await
    }

    fn answer(&self, answer: Answer) {
        let mut desk = lock(&self.0);
        desk.answer = Some(answer);
        desk.round.count_answer();
    }
}

/// An agent that sits in another process.
pub trait Distant: Send + 'static {
    /// Hands it one envelope; returns what it said, or its last words. One that is gone is
    /// waited for in vain: the spine's deadline judges.
    fn hear(&mut self, envelope: Arc<Envelope>) -> BoxFuture<'_, Result<Vec<Output>, String>>;
    /// Tells it that the seat is given up.
    fn leave(&mut self) -> BoxFuture<'_, ()>;
}

/// Seats an agent of another process: as [`occupy`].
pub(in crate::bus) fn occupy_distant(
    tracker: &TaskTracker,
    mut distant: Box<dyn Distant>,
    round: &Arc<Round>,
) -> Seated {
    let desk = Desk::new(round);
    let seated = Seated(Arc::clone(&desk));
    tracker.spawn(async move {
        while let Some(envelope) = desk.next().await {
            // The end first: an answer may never come.
            let handled = tokio::select! {
                biased;
                () = desk.closed() => break,
                handled = distant.hear(envelope) => handled,
            };
            let is_over = handled.is_err();
            desk.answer(handled);
            if is_over {
                break;
            }
        }
        distant.leave().await;
    });
    seated
}

/// Seats an agent: spawns its task and returns the spine's side of its desk.
pub(in crate::bus) fn occupy(
    tracker: &TaskTracker,
    mut agent: Box<dyn Agent>,
    round: &Arc<Round>,
) -> Seated {
    let desk = Desk::new(round);
    let span = tracing::debug_span!("agent", id = %agent.id());
    let seated = Seated(Arc::clone(&desk));
    let task = async move {
        let mut out = Outbox::default();
        while let Some(envelope) = desk.next().await {
            let lap = lap();
            let handled = handle_caught(agent.as_mut(), &envelope, &mut out);
            if let Some(lap) = lap {
                let handle = lap.elapsed().as_secs_f64();
                tracing::trace!(target: MEASURES, handle, of = agent.id().name());
            }
            // Given back before the answer, so that the spine may use it again.
            drop(envelope);
            let is_over = handled.is_err();
            desk.answer(handled.map(|()| out.take()));
            if is_over {
                break;
            }
        }
    };
    tracker.spawn(task.instrument(span));
    seated
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().expect("nothing panics while it holds a desk")
}

/// Wakes a task, after the lock on its waker has been given back: it may be
/// running before this returns.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Keeps the waker of the task that waits.
fn keep(held: &mut Option<Waker>, context: &Context<'_>) {
    match held {
        Some(waker) if waker.will_wake(context.waker()) => {}
        Some(_) | None => *held = Some(context.waker().clone()),
    }
}
