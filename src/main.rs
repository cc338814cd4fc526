//! The `flightdeck` binary: arguments, a command, an exit code.

use std::process::ExitCode;

use clap::Parser;
use flightdeck::cli::{Arguments, execute};

fn main() -> ExitCode {
    execute(&Arguments::parse())
}
