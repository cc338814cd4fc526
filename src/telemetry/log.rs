//! Where the log goes and how much of it is kept.
//!
//! Lines travel over a bounded queue to a thread of their own, so that a full disk
//! or a reader that has stopped reading never makes an order wait; when the queue
//! is full, lines are dropped. How a line looks: [`line`](crate::telemetry::line).

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use tracing_subscriber::filter::{EnvFilter, FilterExt, ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::bus::clock::{Clock, SystemClock};
use crate::telemetry::line::Line;
use crate::telemetry::metrics::{Measures, Metrics};

/// Names the environment variable that chooses what is logged.
const FILTER_VARIABLE: &str = "FLIGHTDECK_LOG";
/// What is logged unless the variable says otherwise.
const FILTER_DEFAULT: &str = "info";
/// Libraries that log frames, requests or TLS records when they are let.
const WIRE: [&str; 7] =
    ["tungstenite", "tokio_tungstenite", "hyper", "hyper_util", "reqwest", "rustls", "h2"];
/// Daily files kept: two weeks reach back over the last expiry of a Schwab login.
const FILES_MAX: usize = 14;

/// Says where log lines go; never the terminal's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// The standard error stream: headless, where events own the standard output.
    Stderr,
    /// Files `flightdeck.YYYY-MM-DD.log` in this folder, a new one each day (UTC),
    /// the last 14 kept. The folder is made when it is missing.
    Folder(PathBuf),
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The environment variable holds no filter.
    #[error("FLIGHTDECK_LOG is not a filter: use one such as `info` or `flightdeck::bus=debug`")]
    Filter(#[from] ParseError),
    /// The environment variable is not text.
    #[error("FLIGHTDECK_LOG is not UTF-8 text")]
    FilterText,
    /// The folder for log files could not be made.
    #[error("cannot make the folder for logs {}", folder.display())]
    Folder {
        /// The folder that was asked for.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The first file could not be opened.
    #[error("cannot open a log file in {}", folder.display())]
    File {
        /// The folder that was asked for.
        folder: PathBuf,
        /// What the appender said.
        source: InitError,
    },
    /// A log has been set up before.
    #[error("logging has been set up before")]
    AlreadySet,
}

/// Writes out, when dropped, what is still queued: to be held until the program
/// ends. Waits a second at most.
#[must_use = "dropping the guard ends the log"]
#[derive(Debug)]
pub struct LogGuard {
    _worker: WorkerGuard,
}

/// Sets up logging for the whole process, filtered by `FLIGHTDECK_LOG` (default
/// `info`).
///
/// # Errors
/// When the variable holds no filter, the folder or its first file cannot be
/// made, or logging has been set up before.
pub fn init(target: &LogTarget) -> Result<LogGuard, LogError> {
    set_up(target, None)
}

/// Does the same, and lets metrics hear the measures of the wall clock.
///
/// # Errors
/// Those of [`init`].
pub fn init_measured(target: &LogTarget, metrics: Arc<Metrics>) -> Result<LogGuard, LogError> {
    set_up(target, Some(metrics))
}

fn set_up(target: &LogTarget, metrics: Option<Arc<Metrics>>) -> Result<LogGuard, LogError> {
    let filter = match std::env::var(FILTER_VARIABLE) {
        Ok(text) => filter(&text)?,
        Err(std::env::VarError::NotPresent) => filter("")?,
        Err(std::env::VarError::NotUnicode(_)) => return Err(LogError::FilterText),
    };
    let (writer, guard) = writer(target)?;
    tracing_subscriber::registry()
        .with(lines(filter, writer, Arc::new(SystemClock)))
        .with(metrics.map(Measures::layer))
        .try_init()
        .map_err(|_| LogError::AlreadySet)?;
    Ok(guard)
}

/// Reads a filter; nothing means the default.
fn filter(text: &str) -> Result<EnvFilter, LogError> {
    let text = if text.trim().is_empty() { FILTER_DEFAULT } else { text };
    Ok(EnvFilter::builder().parse(text)?)
}

/// Opens the target and starts the thread that writes to it.
fn writer(target: &LogTarget) -> Result<(NonBlocking, LogGuard), LogError> {
    let (writer, worker) = match target {
        LogTarget::Stderr => tracing_appender::non_blocking(io::stderr()),
        LogTarget::Folder(folder) => {
            // The appender would complain on the screen about a missing folder.
            private_folder(folder)
                .map_err(|source| LogError::Folder { folder: folder.clone(), source })?;
            let files = RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix("flightdeck")
                .filename_suffix("log")
                .max_log_files(FILES_MAX)
                .build(folder)
                .map_err(|source| LogError::File { folder: folder.clone(), source })?;
            tracing_appender::non_blocking(files)
        }
    };
    Ok((writer, LogGuard { _worker: worker }))
}

/// Makes the folder, or closes one that is there to everybody else.
fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))
}

/// Returns the layer that turns events into lines.
fn lines<S>(filter: EnvFilter, writer: NonBlocking, clock: Arc<dyn Clock>) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let filter = filter.and(filter_fn(|said| !shows_the_wire(said)));
    fmt::layer().with_ansi(false).event_format(Line(clock)).with_writer(writer).with_filter(filter)
}

/// Whether a line of a library may hold what goes over the wire, keys among it: a login
/// on a stream is a frame like any other. No filter shows those.
fn shows_the_wire(said: &Metadata<'_>) -> bool {
    let library = said.target().split("::").next().unwrap_or_default();
    WIRE.contains(&library) && *said.level() > Level::INFO
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::bus::clock::ReplayClock;
    use crate::domain::ids::TradeId;
    use crate::domain::time::Timestamp;
    use crate::events::TraceContext;

    use super::*;

    /// Logs to a new folder under a filter and returns the lines of its one file.
    fn logged(filter_text: &str, say: impl FnOnce()) -> Vec<String> {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("not/yet/there");
        let (writer, guard) = writer(&LogTarget::Folder(folder.clone())).unwrap();
        let clock = ReplayClock::default();
        clock.move_to(Timestamp::from_seconds(1_760_000_000));
        let layer = lines(filter(filter_text).unwrap(), writer, Arc::new(clock));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        drop(guard);
        read(&folder)
    }

    fn read(folder: &Path) -> Vec<String> {
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1);
        let name = files[0].file_name().into_string().unwrap();
        assert_eq!(name.len(), "flightdeck.YYYY-MM-DD.log".len(), "{name}");
        assert_eq!(name.strip_suffix(".log").unwrap().split_once('.').unwrap().0, "flightdeck");
        fs::read_to_string(files[0].path()).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_event_is_one_line_with_time_level_module_fields_and_spans() {
        let lines = logged("", || {
            let _outer = tracing::info_span!("cascade").entered();
            let _inner = tracing::info_span!("agent", id = "risk", seq = 7).entered();
            tracing::warn!(target: "flightdeck::bus", seats = 3, "reply is late");
        });
        let expected = "2025-10-09T08:53:20Z  WARN flightdeck::bus: reply is late seats=3 \
                        in cascade:agent{id=\"risk\" seq=7}";
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn a_line_about_a_trade_ends_with_its_trace() {
        let trade = TradeId::new("trade-20260105-000001");
        let lines = logged("", || {
            tracing::warn!(%trade, "illegal trade input");
            tracing::warn!(trade = "trade-20260105-000001", "again");
            tracing::warn!(order = "o-1", "no trade");
        });
        let end = format!(" trace_id={}", TraceContext::of(&trade).trace());
        let ends: Vec<bool> = lines.iter().map(|line| line.ends_with(&end)).collect();
        assert_eq!(ends, [true, true, false], "{lines:?}");
    }

    #[test]
    fn foreign_text_neither_forges_a_line_nor_steers_the_terminal() {
        let nasty = "ok\n2025-10-09T08:53:20Z ERROR \u{1b}[2Jforged\u{202e}";
        let lines = logged("", || {
            let _span = tracing::info_span!("mail", subject = %nasty, folder = nasty).entered();
            tracing::info!(file = %nasty, text = nasty, debug = ?nasty, "read {nasty}");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(!lines[0].contains(|letter: char| letter.is_control() || letter == '\u{202e}'));
        assert_eq!(lines[0].matches("forged").count(), 6, "{}", lines[0]);
    }

    #[test]
    fn without_a_filter_debugging_is_not_logged() {
        let say = || {
            tracing::debug!("small");
            tracing::info!("large");
        };
        assert_eq!(logged("", say).len(), 1);
        assert_eq!(logged(" ", say).len(), 1);
        assert_eq!(logged("debug", say).len(), 2);
        assert_eq!(logged("flightdeck::telemetry=error", say).len(), 0);
    }

    #[test]
    fn no_filter_shows_what_libraries_say_of_the_wire() {
        let say = || {
            tracing::trace!(target: "tungstenite::protocol", "Sending frame: PKSECRET");
            tracing::debug!(target: "hyper", "PKSECRET");
            tracing::warn!(target: "tungstenite::protocol", "the peer is slow");
            tracing::trace!(target: "flightdeck::brokers", "a call");
        };
        for filter in ["trace", "tungstenite=trace,tungstenite::protocol=trace,flightdeck=trace"] {
            let lines = logged(filter, say);
            assert!(!lines.concat().contains("PKSECRET"), "{lines:?}");
            assert!(lines.concat().contains("a call"), "{lines:?}");
        }
        assert_eq!(logged("trace", say).len(), 2);
    }

    #[test]
    fn a_filter_that_means_nothing_is_refused_by_the_name_of_its_variable() {
        let error = filter("flightdeck=loud").unwrap_err();
        assert!(error.to_string().starts_with(FILTER_VARIABLE), "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let folder = file.path().join("logs");
        let error = writer(&LogTarget::Folder(folder.clone())).unwrap_err();
        assert!(matches!(error, LogError::Folder { .. }));
        assert!(error.to_string().contains(&folder.display().to_string()), "{error}");
    }
}
