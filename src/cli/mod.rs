//! The command line: one short file per verb.
//!
//! Exit codes: 0 done; 1 it failed while it ran (a journal found broken included);
//! 2 it was asked for something impossible, and nothing was done.

mod arguments;
mod config;
mod journal;
mod output;
mod replay;
mod run;
mod sim;

pub use arguments::Arguments;

use std::process::ExitCode;

use arguments::Verb;

/// What came of a command.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was asked for something impossible; nothing was done.
    Refused(anyhow::Error),
    /// It failed while it ran.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Failure {
    /// Marks an error as one of the request, not of the run.
    pub(crate) fn refused(error: impl Into<anyhow::Error>) -> Self {
        Self::Refused(error.into())
    }
}

/// Carries out a command. Errors are one line on the error stream, each cause
/// after a colon.
pub fn execute(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has seen enough is no failure.
        Err(Failure::Failed(error)) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(Failure::Refused(error)) => {
            output::complain(&error);
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            output::complain(&error);
            ExitCode::from(1)
        }
    }
}

fn carry_out(arguments: &Arguments) -> Outcome {
    if let (Some(verb), Some(flag)) = (&arguments.verb, arguments.run.first_given()) {
        let error = anyhow::anyhow!(
            "{flag} is for a run on the embedded market, not for '{}': leave it out",
            verb.name()
        );
        return Err(Failure::Refused(error));
    }
    match &arguments.verb {
        None => run::run(arguments),
        Some(Verb::Replay(replay)) => replay::replay(arguments, replay),
        Some(Verb::Sim(sim)) => sim::sim(arguments, sim),
        Some(Verb::Journal(verb)) => journal::journal(verb),
        Some(Verb::Config(verb)) => config::config(arguments, verb),
    }
}
