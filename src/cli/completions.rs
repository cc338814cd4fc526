//! `flightdeck completions SHELL`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::arguments::Arguments;
use crate::cli::{Outcome, output};

/// Prints the script that completes the verbs and flags of this very binary.
pub(crate) fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "flightdeck", &mut script);
    output::say(String::from_utf8_lossy(&script).trim_end())?;
    Ok(())
}
