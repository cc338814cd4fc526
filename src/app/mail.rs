//! The mailbox of a running house: what is new in it comes in by the door.
//!
//! Mails are read beside the house, at the pace of the assembly line; what they say is
//! handed in as events like any other input. Trouble with a mailbox is an alert and ends
//! nothing. It knows nothing of what is made of mails; see
//! [`strategies`](crate::strategies) for what they may do to a decision.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::clock::{Clock, SystemClock};
use crate::bus::spine::Door;
use crate::config::Config;
use crate::domain::ids::{AgentId, Seq};
use crate::events::{Alert, Event, Severity, SystemEvent};
use crate::journal::{Journal, JournalError, SqliteJournal};
use crate::sources::intel::ingest::Request;
use crate::sources::intel::store::Told;
use crate::sources::intel::watch::{Heard, Watched, watch};

/// News that may wait for the door.
const NEWS_MAX: usize = 64;

/// The mailbox of a house, where it has one.
#[derive(Debug)]
pub(super) struct Mailroom(Option<Watched>);

impl Mailroom {
    /// Reads from the journal what the house was told before.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn open(
        config: &Config,
        path: &Path,
        journal: &mut SqliteJournal,
    ) -> Result<Self, JournalError> {
        let intel = &config.intel;
        if intel.mailbox.as_os_str().is_empty() {
            return Ok(Self(None));
        }
        let mut told = Told::default();
        journal.for_each(Seq(u64::MAX), &mut |envelope| {
            if let Event::Intel(event) = &envelope.event {
                told.hear(event);
            }
        })?;
        let given = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
        let request = Request {
            paths: vec![intel.mailbox.clone()],
            transcripts: given(&intel.transcripts),
            workers: intel.workers,
            is_sequential: false,
        };
        let store = given(&intel.store).unwrap_or_else(|| path.with_file_name("intel.sqlite"));
        Ok(Self(Some(Watched { request, store, told })))
    }

    /// Watches until the token is cancelled.
    pub(super) fn start(
        self,
        (door, clock): (Door, Arc<dyn Clock>),
        tracker: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let Some(watched) = self.0 else { return };
        let (sender, news) = mpsc::channel(NEWS_MAX);
        let now = Arc::new(|| SystemClock.now());
        tracker.spawn(watch(watched, now, sender, stop.clone()));
        tracker.spawn(hand_in(news, door, clock, stop.clone()));
    }
}

/// Hands in what is heard, until the house ends.
async fn hand_in(
    mut news: mpsc::Receiver<Heard>,
    door: Door,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    loop {
        let heard = tokio::select! {
            // The end first: a mailbox may have news without end.
            biased;
            () = stop.cancelled() => return,
            heard = news.recv() => heard,
        };
        let Some(heard) = heard else { return };
        let event: Event = match heard {
            Heard::News(event) => (*event).into(),
            Heard::Trouble(what) => {
                tracing::warn!(%what, "the mailbox");
                let text = format!("mailbox: {what}");
                SystemEvent::Alert(Alert { severity: Severity::Warning, text }).into()
            }
        };
        tokio::select! {
            // The end first: the door may be full.
            biased;
            () = stop.cancelled() => return,
            taken = door.send(clock.now(), AgentId::Intel, event) => {
                if taken.is_err() {
                    return;
                }
            }
        }
    }
}
