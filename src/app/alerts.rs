//! Notices on their way to people: into the cockpit and to the webhook.
//!
//! A tap on the spine keeps the few events that may be worth one and never waits; a
//! task slows them down by the wall and hands them out. What is worth a notice is
//! [`notify`](crate::control::notify)'s business.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::gauges::Delays;
use crate::bus::clock::Clock;
use crate::control::notify::{Kind, Notice, Notifier};
use crate::control::webhook::{Outlet, Webhook};
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
pub(super) async fn tell(
    mut news: Judged,
    outlets: Outlets,
    (wall, delays): (Arc<dyn Clock>, Arc<Delays>),
    stop: CancellationToken,
) {
    let cut = CancellationToken::new();
    let (webhook, posting) = match outlets.webhook.map(|webhook| webhook.start(cut.clone())) {
        Some((outlet, posting)) => (Some(outlet), Some(tokio::spawn(posting))),
        None => (None, None),
    };
    let notifier = Notifier::default();
    let mut desk = Teller { notifier, screen: outlets.screen, webhook, wall, delays };
    loop {
        let now = desk.wall.now();
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
    wall: Arc<dyn Clock>,
    delays: Arc<Delays>,
}

impl Teller {
    fn hear(&mut self, envelope: &Envelope) {
        if let Some(notice) = self.notifier.see(self.wall.now(), envelope) {
            self.hand_out(notice);
        }
    }

    fn due(&mut self) {
        let now = self.wall.now();
        for notice in self.notifier.due(now) {
            self.hand_out(notice);
        }
    }

    fn hand_out(&self, notice: Notice) {
        let delay = self.wall.now().since(notice.seen_at).unsigned_abs();
        self.delays.note(delay);
        let (seq, delay_ms) = (notice.seq.0, delay.as_millis());
        tracing::info!(kind = ?notice.kind, seq, delay_ms, text = %notice.text, "notice");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::clock::Stopwatch;
    use crate::domain::ids::{AgentId, Seq};
    use crate::domain::time::Timestamp;
    use crate::events::Alert;

    /// A wall clock that goes with the paused time of the runtime.
    struct Wall(Stopwatch);

    impl Clock for Wall {
        fn now(&self) -> Timestamp {
            let passed = i64::try_from(self.0.elapsed().as_nanos()).unwrap();
            Timestamp::from_nanos(1_000_000_000_000 + passed)
        }
    }

    fn alert(number: u64) -> Envelope {
        let alert = Alert { severity: Severity::Critical, text: format!("alert {number}") };
        let (seq, source) = (Seq(number), AgentId::RiskManagement);
        let event = SystemEvent::Alert(alert).into();
        let at = Timestamp::from_seconds(1_000);
        Envelope { seq, at, cause: None, root: seq, source, event }
    }

    /// Lets alerts happen so many milliseconds after each other. Each must be heard of,
    /// in its own notice or as one of the others, within five seconds.
    #[track_caller]
    fn check(gaps: &[u64]) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (heard, delays) = runtime.block_on(async {
            let (news, judged) = News::new();
            let (screen, mut inputs) = mpsc::channel(64);
            let (stop, delays) = (CancellationToken::new(), Arc::new(Delays::default()));
            let wall: Arc<dyn Clock> = Arc::new(Wall(Stopwatch::start()));
            let outlets = Outlets { screen: Some(screen), webhook: None };
            let told = tokio::spawn(tell(judged, outlets, (wall, delays.clone()), stop.clone()));
            for (number, gap) in (1..).zip(gaps) {
                tokio::time::sleep(Duration::from_millis(*gap)).await;
                news.see(&alert(number));
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
            stop.cancel();
            told.await.unwrap();
            let mut heard = 0;
            while let Ok(input) = inputs.try_recv() {
                let Input::Told(told) = input else { panic!("{input:?}") };
                let others = told.text.split_once("(and ").map_or("0", |(_, rest)| rest);
                let others: usize = others.trim_end_matches(" more)").parse().unwrap();
                assert!(told.is_shown && told.weight == Weight::Trip);
                heard += others + 1;
            }
            (heard, delays.read())
        });
        assert_eq!(heard, gaps.len(), "{gaps:?}");
        assert!(delays.longest <= Duration::from_secs(5), "{gaps:?}: {delays:?}");
    }

    #[test]
    fn every_alert_is_heard_of_within_five_seconds() {
        check(&[0]);
        check(&[0, 1]);
        check(&[0, 3_999, 1, 1]);
        check(&[0, 4_001, 3_999, 2]);
        check(&[10; 200]);
        check(&[700; 30]);
    }
}
