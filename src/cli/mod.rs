//! The command line: one short file per verb.
//!
//! Exit codes: 0 done; 1 it failed while it ran (a journal found broken included);
//! 2 it was asked for something impossible, and nothing was done; 3 there is no running
//! instance; 4 the instance did not answer in time, and the outcome is unknown. Only
//! `token status` has a table of its own: 0 fresh, 1 near its end, 2 dead, 3 none.

mod arguments;
mod arguments_checks;
mod arguments_bus;
mod attach;
mod bus;
mod completions;
mod config;
mod doctor;
mod intel;
mod journal;
mod live;
mod login;
mod man;
mod output;
mod people;
mod replay;
mod run;
mod seat;
mod sim;
mod simulate;
mod token;
mod telemetry;
mod validate;
mod verbs;
mod verbs_print;

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
    /// Nobody runs who could do it.
    NoInstance(anyhow::Error),
    /// Nobody has said what became of it.
    Unknown(anyhow::Error),
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

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Refused(_) => 2,
            Self::NoInstance(_) => 3,
            Self::Unknown(_) => 4,
        })
    }
}

/// Carries out a command. Errors are one line on the error stream, each cause
/// after a colon.
pub fn execute(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has seen enough is no failure.
        Err(Failure::Failed(error)) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(failure) => {
            let (Failure::Failed(error)
            | Failure::Refused(error)
            | Failure::NoInstance(error)
            | Failure::Unknown(error)) = &failure;
            output::complain(error);
            failure.exit_code()
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
        Some(Verb::Simulate(verb)) => simulate::simulate(verb),
        Some(Verb::Journal(verb)) => journal::journal(verb),
        Some(Verb::Config(verb)) => config::config(arguments, verb),
        Some(Verb::Login(verb)) => login::login(arguments, verb),
        Some(Verb::Token(verb)) => token::token(arguments, verb),
        Some(Verb::Intel(verb)) => intel::intel(arguments, verb),
        Some(Verb::Bus(verb)) => bus::bus(verb),
        Some(Verb::Attach(verb)) => attach::attach(arguments, verb),
        Some(Verb::Seat(verb)) => seat::seat(arguments, verb),
        Some(Verb::Doctor(verb)) => doctor::doctor(arguments, verb),
        Some(Verb::Validate(verb)) => validate::validate(arguments, verb),
        Some(Verb::Operator(verb)) => verbs::operate(verb),
        Some(Verb::Completions { shell }) => completions::completions(*shell),
        Some(Verb::Man { verb }) => man::man(verb.as_deref()),
    }
}
