//! What can be written behind `doctor` and `validate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::arguments::Run;

/// Looks at everything that a run needs. Nothing is changed; every failing line says what
/// would help.
#[derive(Debug, Args)]
#[command(after_help = DOCTOR_EXIT_CODES)]
pub(crate) struct Doctor {
    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,

    /// Ask nobody: neither Alpaca nor Redis nor the collector.
    #[arg(long)]
    pub(crate) offline: bool,
}

const DOCTOR_EXIT_CODES: &str = "\
Exit codes:
  0  all is well, or only worth a look
  1  at least one check has failed";

/// Runs until so many trades are closed, and judges the journal of the run: paths,
/// protection, decisions, limits, books, traces.
#[derive(Debug, Args)]
#[command(after_help = VALIDATE_EXIT_CODES)]
pub(crate) struct Validate {
    /// How many trades have to be closed.
    #[arg(long, value_name = "N", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) trades: u64,

    /// Where to trade: `sim`, or the paper account of `alpaca`.
    #[arg(long, value_name = "NAME", default_value = "sim")]
    pub(crate) broker: ValidateBroker,

    /// Talk to the simulated broker over loopback, by the wall's time.
    #[arg(long)]
    pub(crate) wire: bool,

    /// Carry every event over Redis meanwhile; entries wait while it is away.
    #[arg(long, value_name = "URL")]
    pub(crate) bus: Option<String>,

    /// Journal file; by default a new one in the data folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,

    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

const VALIDATE_EXIT_CODES: &str = "\
Exit codes:
  0  every judge is content
  1  at least one judge finds fault, or the run failed
  2  refused: nothing was done";

/// Where a validation trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValidateBroker {
    /// The simulated broker.
    Sim,
    /// Alpaca's paper account.
    Alpaca,
}

impl Run {
    /// A run without any flag.
    pub(crate) const fn none() -> Self {
        Self {
            no_ui: false,
            until_trades: None,
            duration: None,
            speed: None,
            wire: false,
            broker: Vec::new(),
            market: Vec::new(),
            metrics: None,
            read_only: false,
            ascii: false,
            theme: None,
            bus: None,
            standby: false,
            instance: None,
            journal: None,
            live: false,
            arming: None,
        }
    }
}
