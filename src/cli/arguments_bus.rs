//! What can be written behind `attach`, `seat` and `bus`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::bus::redis::{SEATS, agent_of};

/// Shows the cockpit of an instance that runs elsewhere, over Redis.
///
/// What has happened comes from the stream, what happens from Pub/Sub. Without a key it
/// is read-only; with one, keys send signed commands. Where there is no terminal, or with
/// `--once`, the status is printed as one JSON document.
#[derive(Debug, Args)]
#[command(after_help = ATTACH_HELP)]
pub(crate) struct Attach {
    /// Where Redis is: `redis://user:password@127.0.0.1:6379`, `rediss://…` or `unix:///path`.
    pub(crate) url: String,

    /// Name of the instance; the one that is there unless given.
    #[arg(long, value_name = "NAME")]
    pub(crate) instance: Option<String>,

    /// File with the key of one who may command, mode 0600.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// Whose key of the file; the only one unless given.
    #[arg(long, value_name = "NAME", requires = "key_file")]
    pub(crate) sender: Option<String>,

    /// Print the status as one JSON document and leave.
    #[arg(long)]
    pub(crate) once: bool,

    /// Draw with ASCII signs alone.
    #[arg(long)]
    pub(crate) ascii: bool,

    /// Name of the theme to begin with.
    #[arg(long, value_name = "NAME")]
    pub(crate) theme: Option<String>,
}

const ATTACH_HELP: &str = "\
Exit codes:
  0  done
  1  it failed while it ran
  2  refused: no such instance, no such key, no safe address";

/// Lets one agent of an instance sit in this process.
///
/// The instance names the seat in `bus.seats` and waits for it when it starts; the
/// settings come from there. It answers every event within the deadline of the spine, or
/// the seat is given up and trading halts. Ends with the instance.
#[derive(Debug, Args)]
#[command(after_help = SEAT_HELP)]
pub(crate) struct Seat {
    /// Which agent: `market_data`, `strategy`, `risk`, `orders` or `positions`.
    #[arg(value_name = "AGENT", value_parser = seat)]
    pub(crate) agent: String,

    /// Where Redis is; `bus.redis` of the configuration unless given.
    #[arg(long, value_name = "URL")]
    pub(crate) bus: Option<String>,

    /// Name of the instance.
    #[arg(long, value_name = "NAME", default_value = "sim")]
    pub(crate) instance: String,

    /// File with the line `seat.AGENT = key`, mode 0600; `bus.key_file` unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

const SEAT_HELP: &str = "\
Exit codes:
  0  the instance has given the seat up
  1  the agent has panicked, or speaks another version's words
  2  refused: no such key, no safe address";

fn seat(text: &str) -> Result<String, String> {
    match agent_of(text) {
        Some((word, _)) => Ok(word.to_owned()),
        None => Err(format!("use one of {}", SEATS.map(|(word, _)| word).join(", "))),
    }
}

/// What to do about the bus.
#[derive(Debug, Subcommand)]
pub(crate) enum BusVerb {
    /// Print the users that Redis needs, as an access control file to put passwords in.
    Acl {
        /// Name of one who may command.
        #[arg(long, value_name = "NAME", default_value = "desk-1")]
        sender: String,
    },
}
