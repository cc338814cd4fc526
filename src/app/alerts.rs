//! Notices on their way to people: into the cockpit and to the webhook.
//!
//! A tap on the spine keeps the few events that may be worth one and never waits; a
//! task slows them down by the wall and hands them out. What is worth a notice is
//! [`notify`](crate::control::notify)'s business.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::bus::clock::{Clock, SystemClock};
use crate::control::notify::{Kind, Notice, Notifier};
use crate::control::webhook::{Outlet, Webhook};
use crate::domain::time::Timestamp;
use crate::events::{Envelope, Event, FeedEvent, Severity, SystemEvent};
use crate::ui::input::{Input, Told};
use crate::ui::state::Weight;

/// Events that may wait to be judged. More at once are of few kinds, of which one notice
/// tells.
const NEWS_MAX: usize = 1_024;
/// How long notices under way may take once the house has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The end that hangs behind the spine.
#[derive(Debug, Clone)]
pub(super) struct News(mpsc::Sender<Arc<Envelope>>);

/// The end that people hear.
pub(super) type Judged = mpsc::Receiver<Arc<Envelope>>;

impl News {
    /// Makes both ends.
    pub(super) fn new() -> (Self, Judged) {
        let (sender, receiver) = mpsc::channel(NEWS_MAX);
        (Self(sender), receiver)
    }

    /// Passes an event on if a person might want to hear of it; never waits.
    pub(super) fn see(&self, envelope: &Envelope) {
        if is_candidate(&envelope.event) && self.0.try_send(Arc::new(envelope.clone())).is_err() {
            tracing::debug!(seq = envelope.seq.0, "an event was not judged for a notice");
        }
    }
}

/// Whether an event is of a kind that the notifier ever tells of. Ticks, bars and timers
/// are by far the most, and never.
const fn is_candidate(event: &Event) -> bool {
    match event {
        Event::System(event) => !matches!(event, SystemEvent::TimerDue(_)),
        Event::Feed(event) => {
            matches!(event, FeedEvent::Link(_) | FeedEvent::SecondLink(_))
        }
        Event::Breaker(_) | Event::Risk(_) => true,
        Event::Tape(_)
        | Event::Market(_)
        | Event::Signal(_)
        | Event::Order(_)
        | Event::Venue(_)
        | Event::Position(_)
        | Event::Trade(_)
        | Event::Intel(_)
        | Event::Operator(_)
        | Event::Request(_) => false,
    }
}

/// Where notices go.
pub(super) struct Outlets {
    /// The cockpit's queue.
    pub(super) screen: Option<mpsc::Sender<Input>>,
    /// The address of the operator's choice.
    pub(super) webhook: Option<Webhook>,
}

/// Tells people until the token is cancelled; what is under way then has two seconds.
pub(super) async fn tell(mut news: Judged, outlets: Outlets, stop: CancellationToken) {
    let cut = CancellationToken::new();
    let (webhook, posting) = match outlets.webhook.map(|webhook| webhook.start(cut.clone())) {
        Some((outlet, posting)) => (Some(outlet), Some(tokio::spawn(posting))),
        None => (None, None),
    };
    let mut desk = Teller { notifier: Notifier::default(), screen: outlets.screen, webhook };
    loop {
        let now = SystemClock.now();
        let wait = desk.notifier.next_due(now).map(|due| due.since(now).unsigned_abs());
        // The stop first; news before waiting, which only tells what came before them.
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            heard = news.recv() => match heard {
                Some(envelope) => desk.hear(&envelope),
                None => break,
            },
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => desk.due(),
        }
    }
    // What happened at the very end is worth as much.
    while let Ok(envelope) = news.try_recv() {
        desk.hear(&envelope);
    }
    drop(desk);
    if let Some(posting) = posting
        && tokio::time::timeout(LAST_WORDS, posting).await.is_err()
    {
        cut.cancel();
    }
}

struct Teller {
    notifier: Notifier,
    screen: Option<mpsc::Sender<Input>>,
    webhook: Option<Outlet>,
}

impl Teller {
    fn hear(&mut self, envelope: &Envelope) {
        if let Some(notice) = self.notifier.see(SystemClock.now(), envelope) {
            self.hand_out(notice);
        }
    }

    fn due(&mut self) {
        let now: Timestamp = SystemClock.now();
        for notice in self.notifier.due(now) {
            self.hand_out(notice);
        }
    }

    fn hand_out(&self, notice: Notice) {
        tracing::info!(kind = ?notice.kind, seq = notice.seq.0, text = %notice.text, "notice");
        if let Some(screen) = &self.screen {
            // A screen whose queue is full has a terminal that takes nothing.
            let _ = screen.try_send(Input::Told(told(&notice)));
        }
        if let Some(webhook) = &self.webhook {
            webhook.send(notice);
        }
    }
}

/// The screen rings for approvals and breakers by what it sees itself.
fn told(notice: &Notice) -> Told {
    let weight = match notice.severity {
        Severity::Info => Weight::Info,
        Severity::Warning => Weight::Warn,
        Severity::Critical => Weight::Trip,
    };
    let is_shown = match notice.kind {
        Kind::Approval | Kind::Breaker => false,
        Kind::Feed | Kind::Trading | Kind::Agent | Kind::Alert => true,
    };
    Told { weight, text: notice.line(), is_shown }
}
