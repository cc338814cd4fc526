//! One run of the line: paths in, a report out.
//!
//! A run that is stopped finishes what is on the line and reads no further; what was not
//! stored is read again by the next run. It knows nothing of the command line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::stream::{BoxStream, StreamExt, iter};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::sources::intel::folder::transcripts;
use crate::sources::intel::line::{Stage, Workers, received, run, run_sequentially};
use crate::sources::intel::mailbox::Mailbox;
use crate::sources::intel::stages::{Item, MailSteps, Now, State};
use crate::sources::intel::store::{Store, StoreError};

/// Mails of one job: the way from stage to stage costs some 20 µs, a mail some 100.
const MAILS_PER_JOB: usize = 16;
/// Jobs that wait for the first stage.
const READ_AHEAD: usize = 4;
/// Mails that are compared again in one transaction.
const RELINKED_AT_ONCE: usize = 256;
/// Most failures that a report names; all are counted.
pub const FAILURES_MAX: usize = 1_000;

/// The settings of the assembly line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intel {
    /// Maildir, mbox or folder of mails that a running house watches; empty watches none.
    pub mailbox: PathBuf,
    /// Folder of meeting transcripts that it watches; empty watches none.
    pub transcripts: PathBuf,
    /// File of the store; empty stands for `intel.sqlite` beside the journal.
    pub store: PathBuf,
    /// Workers of the stages.
    pub workers: Workers,
}

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Files and folders of mails.
    pub paths: Vec<PathBuf>,
    /// Folder of transcripts.
    pub transcripts: Option<PathBuf>,
    /// Workers of the stages.
    pub workers: Workers,
    /// One mail after the other on one thread.
    pub is_sequential: bool,
}

/// Why a run could not be done.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// What was to be read cannot be read.
    #[error("it cannot be read")]
    Read(#[from] std::io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug in the line.
    #[error("a stage of the line ended in a bug")]
    Line(#[from] tokio::task::JoinError),
}

/// Something that could not be worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The file, and the place in it.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// What a stage has done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageReport {
    /// Mails that passed it.
    pub mails: u64,
    /// Its workers.
    pub workers: usize,
    /// Milliseconds that all its workers were busy.
    pub busy_ms: u64,
    /// Mails per second of work, of one worker.
    pub per_second: u64,
}

/// What a run has done.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// Mails read.
    pub read: u64,
    /// Of them stored.
    pub stored: u64,
    /// Of them there already.
    pub duplicates: u64,
    /// Of them failed.
    pub failed: u64,
    /// The first failures, transcripts included.
    pub failures: Vec<Failure>,
    /// New transcripts.
    pub transcripts: u64,
    /// Mails of earlier runs that were compared again, because of them.
    pub relinked: u64,
    /// Whether it was stopped before the end.
    pub was_stopped: bool,
    /// Milliseconds of the run.
    pub spent_ms: u64,
    /// By stage.
    pub stages: BTreeMap<&'static str, StageReport>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Mails done.
    pub mails: u64,
    /// Bytes of the files done.
    pub bytes: u64,
    /// Bytes of all files.
    pub bytes_total: u64,
}

/// Runs the line over some paths.
///
/// # Errors
/// Paths that cannot be listed, a store that fails before anything is read, a bug in the
/// line. A mail that fails is no error; it is in the report.
pub async fn ingest(
    request: Request,
    mut store: Store,
    now: Now,
    stop: CancellationToken,
    mut progress: impl FnMut(Progress),
) -> Result<Report, IngestError> {
    let start = now();
    let mut report = Report::default();
    if let Some(folder) = &request.transcripts {
        let found = transcripts(folder)?;
        report.transcripts = store.keep_transcripts(&found.read)?;
        let failures = found.failed.into_iter();
        report.failures = failures.map(|(source, reason)| Failure { source, reason }).collect();
    }
    let mailbox = Mailbox::open(&request.paths)?;
    let bytes_total = mailbox.total_bytes();
    let steps = Arc::new(MailSteps::new(store, Arc::clone(&now), request.is_sequential)?);
    report.relinked = relink(&steps, &stop).await?;
    let done = |job: Vec<Item>| {
        for item in job {
            report.add(item, bytes_total, &mut progress);
        }
    };
    if request.is_sequential {
        let halt = stop.clone();
        let mails = mailbox.take_while(move |_| !halt.is_cancelled());
        let source = iter(mails.map(|raw| vec![Item::new(raw)])).boxed();
        run_sequentially(Arc::clone(&steps), source, done).await;
    } else {
        let source = read_ahead(mailbox, stop.clone());
        run(Arc::clone(&steps), source, request.workers, done).await?;
    }
    report.was_stopped = stop.is_cancelled();
    report.spent_ms = millis(now().as_nanos().saturating_sub(start.as_nanos()).unsigned_abs());
    report.stages = stages(&steps, request.workers);
    Ok(report)
}

/// Compares mails again that were stored before a meeting came. One that is stopped goes
/// on with the next run.
async fn relink(steps: &Arc<MailSteps>, stop: &CancellationToken) -> Result<u64, IngestError> {
    let mut all = 0;
    while !stop.is_cancelled() {
        let steps = Arc::clone(steps);
        let some = tokio::task::spawn_blocking(move || steps.relink(RELINKED_AT_ONCE)).await??;
        if some == 0 {
            break;
        }
        all += some;
    }
    Ok(all)
}

impl Report {
    fn add(&mut self, item: Item, bytes_total: u64, progress: &mut impl FnMut(Progress)) {
        self.read += 1;
        match item.state {
            State::Stored => self.stored += 1,
            State::Duplicate => self.duplicates += 1,
            State::Failed(reason) => {
                self.failed += 1;
                if self.failures.len() < FAILURES_MAX {
                    self.failures.push(Failure { source: item.source, reason });
                }
            }
            State::Raw(_) | State::Worked(_) => unreachable!("the last stage ends every mail"),
        }
        progress(Progress { mails: self.read, bytes: item.read_bytes, bytes_total });
    }
}

/// Reads on a thread of its own, as far ahead as the queue lets it.
fn read_ahead(mailbox: Mailbox, stop: CancellationToken) -> BoxStream<'static, Vec<Item>> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut mails = mailbox.map(Item::new);
        while !stop.is_cancelled() {
            let job: Vec<Item> = mails.by_ref().take(MAILS_PER_JOB).collect();
            // Nobody takes it any more: the line is gone.
            if job.is_empty() || sender.blocking_send(job).is_err() {
                break;
            }
        }
    });
    received(receiver)
}

const fn millis(nanos: u64) -> u64 {
    nanos / 1_000_000
}

fn stages(steps: &MailSteps, workers: Workers) -> BTreeMap<&'static str, StageReport> {
    let report = |stage: Stage| {
        let counter = steps.counter(stage);
        let mails = counter.mails.load(Ordering::Relaxed);
        let nanos = counter.busy_nanos.load(Ordering::Relaxed);
        let per_second = mails.saturating_mul(1_000_000_000).checked_div(nanos).unwrap_or(0);
        let busy_ms = millis(nanos);
        (stage.name(), StageReport { mails, workers: workers.of(stage), busy_ms, per_second })
    };
    Stage::ALL.into_iter().map(report).collect()
}
