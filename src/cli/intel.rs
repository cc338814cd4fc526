//! `flightdeck intel ingest|watch|search|show|links|export`.
//!
//! What mails say is printed clean (it was cleaned where it entered) or as JSON. Nothing
//! in a mail can make this command do anything.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use etcetera::BaseStrategy;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::bus::clock::{Clock, SystemClock};
use crate::cli::arguments::Arguments;
use crate::cli::{Failure, Outcome, output};
use crate::config::{Config, Purpose};
use crate::domain::time::Timestamp;
use crate::sources::intel::ingest::{IngestError, Progress, Report, Request, ingest};
use crate::sources::intel::store::{Hit, Store, StoreError};
use crate::sources::intel::watch::{Listing, WATCH_EVERY};

/// The verb with what all its verbs share.
#[derive(Debug, Args)]
pub(crate) struct Intel {
    #[command(subcommand)]
    verb: IntelVerb,

    /// The store; `intel.sqlite` in the data folder unless given.
    #[arg(long, global = true, value_name = "FILE")]
    store: Option<PathBuf>,

    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// What to do with mail.
#[derive(Debug, Subcommand)]
enum IntelVerb {
    /// Read mails (Maildir, mbox, .eml) into the store; what is there already is left out.
    Ingest {
        #[command(flatten)]
        from: From,
        /// Work on one mail after the other, on one thread; the result is the same.
        #[arg(long)]
        sequential: bool,
    },
    /// Read mails as they arrive, until it is interrupted.
    Watch {
        #[command(flatten)]
        from: From,
    },
    /// Find mails and what was said in meetings by words.
    Search {
        /// All of them must be there.
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Show the mails that speak of a symbol or a person.
    Show {
        /// A ticker, a name or an address.
        what: String,
    },
    /// Show which mails speak of which meetings, and why.
    Links,
    /// Write the whole store as lines of JSON.
    Export,
}

/// Where mails come from.
#[derive(Debug, Args)]
struct From {
    /// Folders and files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Folder of meeting transcripts (.vtt, .srt, .txt, .json).
    #[arg(long, value_name = "DIR")]
    transcripts: Option<PathBuf>,
}

pub(crate) fn intel(arguments: &Arguments, intel: &Intel) -> Outcome {
    let path = store_path(intel.store.as_deref())?;
    match &intel.verb {
        IntelVerb::Ingest { from, sequential } => read(arguments, intel, from, *sequential, &path),
        IntelVerb::Watch { from } => watch(arguments, intel, from, &path),
        IntelVerb::Search { words } => {
            hits(&existing(&path)?.search(&words.join(" ")).map_err(failed)?, intel.json)
        }
        IntelVerb::Show { what } => {
            hits(&existing(&path)?.about(what).map_err(failed)?, intel.json)
        }
        IntelVerb::Links => links(&existing(&path)?, intel.json),
        IntelVerb::Export => {
            let mut out = BufWriter::new(io::stdout().lock());
            existing(&path)?.export(&mut out).map_err(failed)?;
            out.flush().map_err(Failure::from)
        }
    }
}

fn store_path(given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    let folders = etcetera::choose_base_strategy().map_err(|_| {
        Failure::refused(anyhow::anyhow!("there is no home folder: give --store FILE"))
    })?;
    let folder = folders.data_dir().join("flightdeck");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join("intel.sqlite"))
}

fn existing(path: &Path) -> Result<Store, Failure> {
    Store::existing(path).map_err(failed)
}

/// A store that is not ours was asked for; everything else went wrong on the way. A pipe
/// that nobody reads any more stays what it is.
fn failed(error: StoreError) -> Failure {
    match error {
        StoreError::Missing(_) | StoreError::OtherVersion { .. } | StoreError::Foreign(_) => {
            Failure::refused(error)
        }
        StoreError::Output(error) => Failure::from(error),
        StoreError::Database(_) | StoreError::Value(_) => Failure::from(error),
    }
}

fn request(arguments: &Arguments, from: &From, is_sequential: bool) -> Result<Request, Failure> {
    let preset = arguments.preset.as_deref();
    let config = Config::load(Purpose::Sim, preset, arguments.config.as_deref());
    let config = config.map_err(Failure::refused)?;
    Ok(Request {
        paths: from.paths.clone(),
        transcripts: from.transcripts.clone(),
        workers: config.intel.workers,
        is_sequential,
    })
}

fn read(
    arguments: &Arguments,
    intel: &Intel,
    from: &From,
    is_sequential: bool,
    path: &Path,
) -> Outcome {
    let request = request(arguments, from, is_sequential)?;
    let report = runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let interrupt = stop_at_interrupt(stop.clone());
        let report = run(request, path, stop).await;
        interrupt.abort();
        report
    })?;
    say(&report, intel.json)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn stop_at_interrupt(stop: CancellationToken) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    })
}

async fn run(request: Request, path: &Path, stop: CancellationToken) -> Result<Report, Failure> {
    let store = Store::open(path).map_err(failed)?;
    let now = Arc::new(|| SystemClock.now());
    let mut bar = Bar::new();
    let report = ingest(request, store, now, stop, |progress| bar.show(progress)).await;
    bar.end();
    report.map_err(|error| match error {
        IngestError::Read(error) => {
            Failure::refused(anyhow::Error::new(error).context("the mails cannot be read"))
        }
        IngestError::Store(error) => failed(error),
        IngestError::Line(error) => Failure::from(error),
    })
}

fn watch(arguments: &Arguments, intel: &Intel, from: &From, path: &Path) -> Outcome {
    let request = request(arguments, from, false)?;
    runtime()?.block_on(async {
        let stop = CancellationToken::new();
        let interrupt = stop_at_interrupt(stop.clone());
        let mut listing = Listing::default();
        while !stop.is_cancelled() {
            // A mailbox without a new file is not read again.
            if listing.has_changed(&request) {
                let report = run(request.clone(), path, stop.clone()).await?;
                if report.stored + report.failed + report.transcripts > 0 {
                    say(&report, intel.json)?;
                }
            }
            tokio::select! {
                // Stopping goes before looking again.
                biased;
                () = stop.cancelled() => {}
                () = tokio::time::sleep(WATCH_EVERY) => {}
            }
        }
        interrupt.abort();
        Ok(())
    })
}

fn say(report: &Report, json: bool) -> Outcome {
    if json {
        return output::say_json(report).map_err(Failure::from);
    }
    let Report { read, stored, duplicates, failed, transcripts, relinked, .. } = report;
    output::say(&format!(
        "{read} mails read: {stored} stored, {duplicates} there already, {failed} failed; \
         {transcripts} new transcripts"
    ))?;
    if *relinked > 0 {
        output::say(&format!("{relinked} mails of earlier runs compared with them"))?;
    }
    if report.was_stopped {
        output::say("stopped before the end: run it again to go on there")?;
    }
    for failure in &report.failures {
        output::say(&line(&format!("failed: {}: {}", failure.source, failure.reason)))?;
    }
    Ok(())
}

fn line(text: &str) -> String {
    crate::intel::text::clean_line(text, 2_000).text
}

fn hits(hits: &[Hit], json: bool) -> Outcome {
    if json {
        return documents(hits);
    }
    for hit in hits {
        let at = hit.at.map(|at| at.to_string()).unwrap_or_default();
        let who = hit.who.as_deref().unwrap_or("?");
        output::say(&line(&format!("{at}  {who}  {}  {}", hit.title, hit.text)))?;
    }
    Ok(())
}

fn documents(rows: &[impl Serialize]) -> Outcome {
    output::say_json(&rows).map_err(Failure::from)
}

fn links(store: &Store, json: bool) -> Outcome {
    let found = store.links().map_err(failed)?;
    if json {
        return documents(&found);
    }
    for link in found {
        let words = &link.evidence["words"];
        output::say(&line(&format!(
            "{:.2}  {}  ->  {}  {words}",
            link.score, link.subject, link.title
        )))?;
    }
    Ok(())
}

/// The progress of a run, drawn over itself on a terminal's error stream.
struct Bar {
    is_drawn: bool,
    began_at: Timestamp,
    drawn_at: Timestamp,
}

/// Between two drawings, in nanoseconds.
const BAR_EVERY: i64 = 200_000_000;
/// Signs of the bar.
const BAR_SIGNS: u64 = 30;

impl Bar {
    fn new() -> Self {
        let now = SystemClock.now();
        Self { is_drawn: io::stderr().is_terminal(), began_at: now, drawn_at: now }
    }

    fn show(&mut self, progress: Progress) {
        let now = SystemClock.now();
        if !self.is_drawn || now.as_nanos() - self.drawn_at.as_nanos() < BAR_EVERY {
            return;
        }
        self.drawn_at = now;
        let Progress { mails, bytes, bytes_total } = progress;
        let millis = (now.as_nanos() - self.began_at.as_nanos()).unsigned_abs() / 1_000_000;
        let rate = mails * 1_000 / millis.max(1);
        let full = (bytes.min(bytes_total) * BAR_SIGNS).checked_div(bytes_total).unwrap_or(0);
        let full = usize::try_from(full).unwrap_or(0);
        let left = bytes_total.saturating_sub(bytes);
        let seconds = left.saturating_mul(millis) / bytes.max(1) / 1_000;
        let _ = write!(
            io::stderr(),
            "\r[{:<30}] {mails} mails, {rate}/s, {seconds} s left \x1b[K",
            "#".repeat(full)
        );
    }

    fn end(&self) {
        if self.is_drawn {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
