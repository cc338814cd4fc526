//! A mailbox that is looked at again and again, and what is new in it, told one by one.
//!
//! Names, sizes and times of files are compared once a second, in a large mailbox less
//! often, and what has changed is read. A mailbox that cannot be read is trouble to be told, and is
//! tried again when it changes; nothing in here ends a house. It knows nothing of the
//! spine; whoever watches takes [`Heard`] from a channel.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::Sender;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::events::IntelEvent;
use crate::sources::intel::ingest::{IngestError, Request, ingest};
use crate::sources::intel::stages::Now;
use crate::sources::intel::store::{News, Store, Told};

/// How often a small mailbox is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a watched mailbox says.
#[derive(Debug)]
pub enum Heard {
    /// Something new.
    News(Box<IntelEvent>),
    /// It could not be read, or too much was new to be told, in words.
    Trouble(String),
}

/// A file with its size and time.
type File = (PathBuf, u64, Option<SystemTime>);

/// What is watched, as it was when it was looked at last.
#[derive(Debug)]
pub struct Listing {
    request: Request,
    known: Option<BTreeSet<File>>,
    /// Whether what changes next is no reason to leave out the rest.
    is_behind: bool,
}

impl Listing {
    /// Begins; the first look finds everything new.
    pub const fn new(request: Request) -> Self {
        Self { request, known: None, is_behind: true }
    }

    /// Looks at the files given, at those directly in the folders given, and at those of
    /// their `new` and `cur`; returns what is to be read, nothing when all is as it was.
    pub fn look(&mut self) -> Option<Request> {
        let now = listed(&self.request);
        if self.known.as_ref() == Some(&now) {
            return None;
        }
        let known = self.known.replace(now).unwrap_or_default();
        let is_behind = std::mem::replace(&mut self.is_behind, false);
        let mut request = self.request.clone();
        if !is_behind {
            let new = self.known.iter().flatten().filter(|file| !known.contains(*file));
            let meetings = request.transcripts.as_deref();
            let is_mail = |path: &Path| meetings.is_none_or(|folder| !path.starts_with(folder));
            let mails = new.map(|(path, ..)| path.clone()).filter(|path| is_mail(path));
            request = Request { paths: mails.collect(), may_vanish: true, ..request };
        }
        Some(request)
    }

    /// What was found could not be read: with the next change everything is read again.
    pub const fn is_unread(&mut self) {
        self.is_behind = true;
    }

    /// How long to wait before the next look: a second, and one more for every thousand
    /// files, so that a large mailbox does not cost a processor.
    pub fn pause(&self) -> Duration {
        let files = self.known.as_ref().map_or(0, BTreeSet::len);
        LOOK_EVERY * u32::try_from(1 + files / 1_000).unwrap_or(u32::MAX)
    }
}

fn listed(request: &Request) -> BTreeSet<File> {
    let given = request.paths.iter().chain(&request.transcripts);
    let folders = given.clone().flat_map(|path| [path.clone(), path.join("new"), path.join("cur")]);
    let inside = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let inside = inside.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let file = |path: PathBuf| {
        let of = std::fs::metadata(&path).ok()?;
        of.is_file().then(|| (path, of.len(), of.modified().ok()))
    };
    given.cloned().chain(inside).filter_map(file).collect()
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
///
/// # Errors
/// A bug in looking at files.
pub async fn watch(
    watched: Watched,
    now: Now,
    to: Sender<Heard>,
    stop: CancellationToken,
) -> Result<(), JoinError> {
    let Watched { request, store, mut told } = watched;
    let mut listing = Listing::new(request);
    while !stop.is_cancelled() {
        let found;
        (listing, found) = look(listing).await?;
        if let Some(request) = found {
            let heard = match read(request, store.clone(), &now, &stop, told).await {
                Ok(news) => heard(news),
                Err(error) => {
                    listing.is_unread();
                    vec![Heard::Trouble(in_words(&error))]
                }
            };
            for one in heard {
                if let Heard::News(event) = &one {
                    told.hear(event);
                }
                // Nobody listens any more: the house has ended.
                if to.send(one).await.is_err() {
                    return Ok(());
                }
            }
        }
        tokio::select! {
            // Stopping goes before looking again.
            biased;
            () = stop.cancelled() => {}
            () = tokio::time::sleep(listing.pause()) => {}
        }
    }
    Ok(())
}

/// Looks on a thread of its own: a folder of many files takes a while.
///
/// # Errors
/// A bug in looking at files.
pub async fn look(mut listing: Listing) -> Result<(Listing, Option<Request>), JoinError> {
    tokio::task::spawn_blocking(move || {
        let found = listing.look();
        (listing, found)
    })
    .await
}

async fn read(
    request: Request,
    path: PathBuf,
    now: &Now,
    stop: &CancellationToken,
    told: Told,
) -> Result<News, IngestError> {
    let store = path.clone();
    let store = tokio::task::spawn_blocking(move || Store::open(&store)).await??;
    let report = ingest(request, store, now.clone(), stop.clone(), |_| ()).await?;
    for failure in &report.failures {
        tracing::warn!(source = %failure.source, reason = %failure.reason, "a mail cannot be read");
    }
    let news = move || Store::existing(&path)?.news(told);
    Ok(tokio::task::spawn_blocking(news).await??)
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
