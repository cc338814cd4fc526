//! What can be written behind `attach`.

use std::path::PathBuf;

use clap::Args;

/// Shows the cockpit of an instance that runs elsewhere, over Redis.
///
/// What has happened comes from the stream, what happens from Pub/Sub. Without a key it
/// is read-only; with one, keys send signed commands. Where there is no terminal, or with
/// `--once`, the status is printed as one JSON document.
#[derive(Debug, Args)]
#[command(after_help = ATTACH_HELP)]
pub(crate) struct Attach {
    /// Where Redis is: redis://user:password@127.0.0.1:6379, rediss://… or unix:///path.
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
