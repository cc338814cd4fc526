//! A mailbox that is looked at again and again, and what is new in it, told one by one.
//!
//! A folder is read only when a file in it has changed: names, sizes and times are
//! compared once a second. A mailbox that cannot be read is trouble to be told, and is
//! tried again when it changes; nothing in here ends a house. It knows nothing of the
//! spine; whoever watches takes [`Heard`] from a channel.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::events::IntelEvent;
use crate::sources::intel::ingest::{IngestError, Request, ingest};
use crate::sources::intel::stages::Now;
use crate::sources::intel::store::{News, Store, Told};

/// How often a watched mailbox is looked at.
pub const WATCH_EVERY: Duration = Duration::from_secs(1);

/// What a watched mailbox says.
#[derive(Debug)]
pub enum Heard {
    /// Something new.
    News(Box<IntelEvent>),
    /// It could not be read, or too much was new to be told, in words.
    Trouble(String),
}

/// Names, sizes and times of what is watched, as they were when it was looked at last.
#[derive(Debug, Default)]
pub struct Listing {
    known: Option<Vec<(PathBuf, u64, Option<SystemTime>)>>,
}

impl Listing {
    /// Looks at the files given, at those directly in the folders given, and at those of
    /// their `new` and `cur`; tells whether anything is not as it was. Counting begins with
    /// the first look, which finds everything new.
    pub fn has_changed(&mut self, request: &Request) -> bool {
        let now = Some(listed(request));
        let has_changed = now != self.known;
        self.known = now;
        has_changed
    }
}

fn listed(request: &Request) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let given = request.paths.iter().chain(&request.transcripts);
    let folders = given.clone().flat_map(|path| [path.clone(), path.join("new"), path.join("cur")]);
    let inside = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let inside = inside.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut found: Vec<_> = given
        .cloned()
        .chain(inside)
        .filter_map(|path| {
            let of = std::fs::metadata(&path).ok()?;
            of.is_file().then(|| (path, of.len(), of.modified().ok()))
        })
        .collect();
    found.sort();
    found
}

/// What is watched, and where it is kept.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The mailbox, the transcripts, the workers.
    pub request: Request,
    /// The store's file.
    pub store: PathBuf,
    /// What was told before.
    pub told: Told,
}

/// Watches until the token is cancelled or nobody listens. `now` paces the rates of the
/// stages alone.
pub async fn watch(watched: Watched, now: Now, to: Sender<Heard>, stop: CancellationToken) {
    let Watched { request, store, mut told } = watched;
    let mut listing = Listing::default();
    while !stop.is_cancelled() {
        if listing.has_changed(&request) {
            let heard = match read(&request, &store, &now, &stop, told).await {
                Ok(news) => heard(news),
                Err(error) => vec![Heard::Trouble(in_words(&error))],
            };
            for one in heard {
                if let Heard::News(event) = &one {
                    told.hear(event);
                }
                // Nobody listens any more: the house has ended.
                if to.send(one).await.is_err() {
                    return;
                }
            }
        }
        tokio::select! {
            // Stopping goes before looking again.
            biased;
            () = stop.cancelled() => {}
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
    }
}

async fn read(
    request: &Request,
    path: &Path,
    now: &Now,
    stop: &CancellationToken,
    told: Told,
) -> Result<News, IngestError> {
    let store = Store::open(path)?;
    let report = ingest(request.clone(), store, now.clone(), stop.clone(), |_| ()).await?;
    for failure in &report.failures {
        tracing::warn!(source = %failure.source, reason = %failure.reason, "a mail cannot be read");
    }
    Ok(Store::existing(path)?.news(told)?)
}

fn heard(news: News) -> Vec<Heard> {
    let left_out = (news.left_out > 0).then(|| {
        Heard::Trouble(format!("{} older mails and links are in the store only", news.left_out))
    });
    left_out
        .into_iter()
        .chain(news.events.into_iter().map(|event| Heard::News(Box::new(event))))
        .collect()
}

/// The error with its causes.
fn in_words(error: &IngestError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
