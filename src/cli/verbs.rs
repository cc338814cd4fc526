//! The operator's verbs, carried out by the running instance.
//!
//! Each is one call over the control socket. Exit codes: 0 done; 1 it failed; 2
//! refused, and nothing was done; 3 nobody runs there; 4 no answer in time, and the
//! outcome is unknown.

use std::env;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use etcetera::BaseStrategy;

use crate::cli::{Failure, Outcome, output, verbs_print};
use crate::control::client::Client;
use crate::control::protocol::{Answer, Call, Code, Problem, Request};
use crate::control::settling::Found;
use crate::control::{folder, killfile};

/// Which instance, and in what form it is to answer.
#[derive(Debug, Clone, Args)]
pub(crate) struct Instance {
    /// Print the answer as JSON, one line; for `tail` one line an event.
    #[arg(long)]
    json: bool,

    /// Control socket of the instance.
    #[arg(long, value_name = "PATH", conflicts_with = "name")]
    socket: Option<PathBuf>,

    /// Name of the instance, such as `sim`; needed only when several run.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Why, for the journal.
#[derive(Debug, Clone, Args)]
pub(crate) struct Why {
    /// Why, as it stands in the journal.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What a human has found of an order at the broker.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct FoundAs {
    /// The broker does not have it and never had.
    #[arg(long, conflicts_with_all = ["working", "filled", "price"])]
    not_there: bool,

    /// It works under this name of the broker's.
    #[arg(long, value_name = "ID", conflicts_with_all = ["filled", "price"])]
    working: Option<String>,

    /// It is over, and so many shares were executed.
    #[arg(long, value_name = "SHARES")]
    filled: Option<String>,

    /// Their average price.
    #[arg(long, value_name = "PRICE", requires = "filled")]
    price: Option<String>,
}

impl FoundAs {
    fn found(self) -> Found {
        match (self.working, self.filled) {
            (Some(name), _) => Found::Working(name),
            (None, Some(filled)) => Found::Over { filled, price: self.price },
            (None, None) => Found::NotThere,
        }
    }
}

/// What the operator can ask of a running instance.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum OperatorVerb {
    /// Let a trade that waits for approval go on.
    Approve {
        /// The trade, as `flightdeck trades` lists it.
        #[arg(value_name = "TRADE")]
        id: String,
        #[command(flatten)]
        instance: Instance,
    },
    /// End a trade that waits for approval.
    Reject {
        /// The trade, as `flightdeck trades` lists it.
        #[arg(value_name = "TRADE")]
        id: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        instance: Instance,
    },
    /// Cancel one working order.
    Cancel {
        /// The order, by our name or the broker's.
        #[arg(value_name = "ORDER")]
        order: String,
        #[command(flatten)]
        instance: Instance,
    },
    /// Close an open or latched breaker by hand.
    Reset {
        /// The breaker, as `flightdeck status` lists it.
        #[arg(value_name = "BREAKER")]
        breaker: String,
        /// The phrase `RESET BREAKER`.
        #[arg(long, value_name = "PHRASE")]
        confirm: Option<String>,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        instance: Instance,
    },
    /// Halt: no entry leaves from now on, own entries are cancelled, protective stops
    /// stay. Needs no confirmation.
    Kill {
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        instance: Instance,
    },
    /// Allow only orders that reduce risk.
    Reduce {
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        instance: Instance,
    },
    /// Trade again after kill, reduce or flatten; needs a reason.
    Resume {
        /// The last four characters of the account.
        #[arg(long, value_name = "PHRASE")]
        confirm: Option<String>,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        instance: Instance,
    },
    /// Close one position, or all of them.
    Flatten {
        /// The stock; every position when it is left out.
        #[arg(value_name = "SYMBOL")]
        symbol: Option<String>,
        /// The phrase `FLATTEN SYMBOL` or `FLATTEN ALL`.
        #[arg(long, value_name = "PHRASE")]
        confirm: Option<String>,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        instance: Instance,
    },
    /// Say what became of an order whose outcome is UNKNOWN, as the broker's own list
    /// shows it; needs a reason.
    Settle {
        /// The order, by our name.
        #[arg(value_name = "ORDER")]
        order: String,
        #[command(flatten)]
        found: FoundAs,
        /// The phrase `SETTLE ORDER`.
        #[arg(long, value_name = "PHRASE")]
        confirm: Option<String>,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        instance: Instance,
    },
    /// Take a difference between journal and broker for what it is: what the broker holds
    /// beyond the journal is somebody else's, counted and never touched. Needs a reason.
    Acknowledge {
        /// What it is about, as `flightdeck status` lists it; all when it is left out.
        #[arg(value_name = "SUBJECT")]
        subject: Option<String>,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        instance: Instance,
    },
    /// Show how the instance stands: trading state, account, agents, feeds, breakers.
    Status {
        #[command(flatten)]
        instance: Instance,
    },
    /// List the open positions and whether a stop protects them.
    Positions {
        #[command(flatten)]
        instance: Instance,
    },
    /// List the working orders and the newest finished ones.
    Orders {
        #[command(flatten)]
        instance: Instance,
    },
    /// List the trades that wait for approval, that are under way, and the newest
    /// finished ones.
    Trades {
        #[command(flatten)]
        instance: Instance,
    },
    /// Show the decision record of a trade, also of one that was not taken.
    Why {
        /// A trade, an event's number, or a symbol for its newest decision.
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        instance: Instance,
    },
    /// Print events as they happen, until interrupted; prices only when asked for.
    Tail {
        /// Beginnings of event names between commas, such as `order,risk.trade`;
        /// `trade=ID` for one trade, `all` for prices too.
        #[arg(long, value_name = "FILTER")]
        filter: Option<String>,
        #[command(flatten)]
        instance: Instance,
    },
}

impl OperatorVerb {
    /// The word on the command line.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Cancel { .. } => "cancel",
            Self::Reset { .. } => "reset",
            Self::Kill { .. } => "kill",
            Self::Reduce { .. } => "reduce",
            Self::Resume { .. } => "resume",
            Self::Flatten { .. } => "flatten",
            Self::Settle { .. } => "settle",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Status { .. } => "status",
            Self::Positions { .. } => "positions",
            Self::Orders { .. } => "orders",
            Self::Trades { .. } => "trades",
            Self::Why { .. } => "why",
            Self::Tail { .. } => "tail",
        }
    }

    fn request(&self) -> Request {
        match self.clone() {
            Self::Approve { id, .. } => Request::Approve { trade_id: id },
            Self::Reject { id, why, .. } => Request::Reject { trade_id: id, reason: why.reason },
            Self::Cancel { order, .. } => Request::Cancel { order },
            Self::Reset { breaker, confirm, why, .. } => {
                Request::Reset { breaker, confirm, reason: why.reason }
            }
            Self::Kill { why, .. } => Request::Kill { reason: why.reason },
            Self::Reduce { why, .. } => Request::Reduce { reason: why.reason },
            Self::Resume { confirm, why, .. } => Request::Resume { confirm, reason: why.reason },
            Self::Flatten { symbol, confirm, why, .. } => {
                Request::Flatten { symbol, confirm, reason: why.reason }
            }
            Self::Settle { order, found, confirm, why, .. } => {
                Request::Settle { order, found: found.found(), confirm, reason: why.reason }
            }
            Self::Acknowledge { subject, why, .. } => {
                Request::Acknowledge { subject, reason: why.reason }
            }
            Self::Status { .. } => Request::Status,
            Self::Positions { .. } => Request::Positions,
            Self::Orders { .. } => Request::Orders,
            Self::Trades { .. } => Request::Trades,
            Self::Why { id, .. } => Request::Why { id },
            Self::Tail { filter, .. } => Request::Tail { filter },
        }
    }

    const fn instance(&self) -> &Instance {
        match self {
            Self::Approve { instance, .. }
            | Self::Reject { instance, .. }
            | Self::Cancel { instance, .. }
            | Self::Reset { instance, .. }
            | Self::Kill { instance, .. }
            | Self::Reduce { instance, .. }
            | Self::Resume { instance, .. }
            | Self::Flatten { instance, .. }
            | Self::Settle { instance, .. }
            | Self::Acknowledge { instance, .. }
            | Self::Status { instance }
            | Self::Positions { instance }
            | Self::Orders { instance }
            | Self::Trades { instance }
            | Self::Why { instance, .. }
            | Self::Tail { instance, .. } => instance,
        }
    }
}

/// Carries a verb out.
pub(crate) fn operate(verb: &OperatorVerb) -> Outcome {
    let instance = verb.instance();
    let told = match verb {
        OperatorVerb::Tail { .. } => follow(verb, instance),
        OperatorVerb::Kill { why, .. } => ask(verb, instance).map_err(|failed| {
            let reason = why.reason.as_deref().unwrap_or("the instance did not answer");
            last_resort(instance, failed, reason)
        }),
        OperatorVerb::Approve { .. }
        | OperatorVerb::Reject { .. }
        | OperatorVerb::Cancel { .. }
        | OperatorVerb::Reset { .. }
        | OperatorVerb::Reduce { .. }
        | OperatorVerb::Resume { .. }
        | OperatorVerb::Flatten { .. }
        | OperatorVerb::Settle { .. }
        | OperatorVerb::Acknowledge { .. }
        | OperatorVerb::Status { .. }
        | OperatorVerb::Positions { .. }
        | OperatorVerb::Orders { .. }
        | OperatorVerb::Trades { .. }
        | OperatorVerb::Why { .. } => ask(verb, instance),
    };
    told.map_err(|failed| match failed {
        Failed::Problem(problem) => {
            if instance.json {
                let line = Answer::not_done(problem.clone()).to_line();
                // The complaint on the error stream says it too.
                let _ = output::say(String::from_utf8_lossy(&line).trim_end());
            }
            failure(problem)
        }
        Failed::Other(failure) => failure,
    })
}

/// Why a verb is not done: in words that can be printed as an answer, or otherwise.
enum Failed {
    Problem(Problem),
    Other(Failure),
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Other(Failure::from(error))
    }
}

fn failure(problem: Problem) -> Failure {
    let code = problem.code;
    let error = anyhow::Error::new(problem);
    if code == Code::NoInstance {
        Failure::NoInstance(error)
    } else if code == Code::Timeout {
        Failure::Unknown(error)
    } else if code.is_refusal() {
        Failure::Refused(error)
    } else {
        Failure::Failed(error)
    }
}

fn ask(verb: &OperatorVerb, instance: &Instance) -> Result<(), Failed> {
    let path = socket(instance)?;
    let call = Call::new(verb.request());
    let call = if instance.json { call } else { call.with_text() };
    let answer = Client::connect(&path)?.ask(&call)?;
    if instance.json && answer.ok {
        output::say(&verbs_print::json(&answer))?;
    }
    let answer = checked(answer)?;
    if !instance.json {
        for line in &answer.text {
            output::say(&verbs_print::harmless(line))?;
        }
    }
    Ok(())
}

fn checked(answer: Answer) -> Result<Answer, Problem> {
    match answer.error {
        Some(problem) => Err(problem),
        None if answer.ok => Ok(answer),
        None => Err(Problem::new(Code::Failed, "the answer says neither", "report this as a bug")),
    }
}

fn follow(verb: &OperatorVerb, instance: &Instance) -> Result<(), Failed> {
    let path = socket(instance)?;
    let call = Call::new(verb.request());
    let (answer, lines) = Client::connect(&path)?.stream(&call)?;
    checked(answer)?;
    for line in lines.lines() {
        let line = line?;
        output::say(&if instance.json {
            verbs_print::json_line(&line)
        } else {
            verbs_print::event(&line)
        })?;
    }
    Ok(())
}

/// Leaves a kill file for an instance that is there and does not answer.
fn last_resort(instance: &Instance, failed: Failed, reason: &str) -> Failed {
    let Failed::Problem(problem) = failed else { return failed };
    // It is there, but has no ear for us.
    if ![Code::Timeout, Code::Busy, Code::TooSlow].contains(&problem.code) {
        return Failed::Problem(problem);
    }
    let written = socket(instance).and_then(|path| {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let file = folder::kill_file(&data_folder()?, name).map_err(|error| no_place(&error))?;
        let shown = file.display().to_string();
        killfile::write(&file, reason).map_err(|error| no_place(&error))?;
        Ok(shown)
    });
    let more = match written {
        Ok(file) => format!("the kill file {file} is written, which it reads too"),
        Err(error) => format!("the kill file could not be written: {}", error.message),
    };
    let message = format!("{}; {more}", problem.message);
    Failed::Problem(Problem::new(Code::Timeout, message, problem.remedy))
}

fn no_place(error: &dyn std::error::Error) -> Problem {
    Problem::new(Code::BadRequest, error.to_string(), "name the socket with --socket")
}

fn data_folder() -> Result<PathBuf, Problem> {
    let folders = etcetera::choose_base_strategy().map_err(|error| no_place(&error))?;
    Ok(folders.data_dir().join("flightdeck"))
}

/// Finds the socket that is meant: the one named, or the only one there is.
fn socket(instance: &Instance) -> Result<PathBuf, Problem> {
    if let Some(path) = &instance.socket {
        return Ok(path.clone());
    }
    let runtime = env::var_os("XDG_RUNTIME_DIR");
    // The data folder is asked for only where it is needed: not every account has a home.
    let folder = match runtime.as_deref().map(Path::new).filter(|path| path.is_absolute()) {
        Some(_) => folder::sockets(runtime.as_deref(), Path::new("")),
        None => folder::sockets(None, &data_folder()?),
    };
    if let Some(name) = &instance.name {
        return folder::socket(&folder, name).map_err(|error| no_place(&error));
    }
    let names = folder::names(&folder).map_err(|error| no_place(&error))?;
    match names.as_slice() {
        [] => Err(Problem::new(
            Code::NoInstance,
            format!("nobody runs: {} has no socket", folder.display()),
            "start flightdeck, or name the instance with --socket",
        )),
        [name] => folder::socket(&folder, name).map_err(|error| no_place(&error)),
        names => Err(Problem::new(
            Code::BadRequest,
            format!("several instances are here: {}", names.join(", ")),
            "choose one with --name",
        )),
    }
}
