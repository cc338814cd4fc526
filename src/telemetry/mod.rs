//! Telemetry: what the program says about itself, beside what it does.
//!
//! Logs: one event, one line of text. The journal is the truth and loses nothing; the log
//! is for people and may lose lines before it slows the program down. [`init`] is called
//! once, by `main`; everybody else uses tracing's macros and knows nothing of this folder.
//!
//! Traces and metrics are worked out from the same envelopes as everything else
//! ([`spans`], [`metrics`]) by a tap behind the spine, and sent over OTLP/HTTP by threads
//! of their own where the environment names a collector ([`settings`]); [`Telemetry`] is
//! the way in. What the names mean is in `docs/observability.md`.

pub mod settings;
pub mod spans;
pub mod metrics;
mod otlp;
mod export;
mod tracer;
mod watch;
mod line;
mod log;
mod text;

pub use export::SpanCounts;
pub use log::{LogError, LogGuard, LogTarget, init, init_measured};
pub use watch::{END, TapError, Telemetry, TelemetryError};
