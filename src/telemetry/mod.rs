//! Telemetry: what the program says about itself, beside what it does.
//!
//! For now logs: one event, one line of text. The journal is the truth and loses
//! nothing; the log is for people and may lose lines before it slows the program
//! down. [`init`] is called once, by `main`; everybody else uses tracing's macros
//! and knows nothing of this folder.

pub mod spans;
mod line;
mod log;
mod text;

pub use log::{LogError, LogGuard, LogTarget, init};
