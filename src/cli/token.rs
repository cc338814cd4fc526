//! `flightdeck token status`.
//!
//! Reads the token file and the clock, and nothing else: what Schwab thinks of the
//! token is only known when it is used.

use anyhow::anyhow;
use clap::Subcommand;
use jiff::SignedDuration;
use serde::Serialize;

use crate::brokers::schwab::token::TokenFile;
use crate::bus::clock::{Clock, SystemClock};
use crate::cli::arguments::Arguments;
use crate::cli::config::load;
use crate::cli::run::data_folder;
use crate::cli::{Failure, Outcome, output};
use crate::config::Purpose;
use crate::domain::time::Timestamp;

/// What to do with a token.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Show how long Schwab's login lasts; no token is ever shown, nothing is sent.
    #[command(after_help = TOKEN_EXIT_CODES)]
    Status {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
}

const TOKEN_EXIT_CODES: &str = "\
Exit codes:
  0  fresh: more than 24 hours are left
  1  it is expected to end within 24 hours
  2  it has expired, or its file cannot be used
  3  there is none: nobody has logged in";

/// What is left of a login when it is time for a new one.
const NEAR: SignedDuration = SignedDuration::from_hours(24);

/// What is printed with `--json`.
#[derive(Debug, Serialize)]
struct Status {
    /// `fresh`, `ending`, `expired`, `absent` or `unusable`.
    state: &'static str,
    token_file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_in_at: Option<Timestamp>,
    /// A forecast: seven days after the login.
    #[serde(skip_serializing_if = "Option::is_none")]
    login_until: Option<Timestamp>,
    /// Below zero when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// Shows how long the login lasts.
pub(crate) fn token(arguments: &Arguments, verb: &Token) -> Outcome {
    let Token::Status { json } = verb;
    let config = load(arguments, Purpose::Sim)?;
    let path = config.schwab.token_file(&data_folder()?);
    let status = status(&path, SystemClock.now());
    if *json {
        output::say_json(&status)?;
    } else {
        say(&status)?;
    }
    let remedy = "run flightdeck login schwab";
    match status.state {
        "fresh" => Ok(()),
        "ending" => {
            let error = anyhow!("the Schwab login is expected to end within 24 hours: {remedy}");
            Err(Failure::Failed(error))
        }
        "absent" => Err(Failure::NoInstance(anyhow!("there is no Schwab token: {remedy}"))),
        "unusable" => {
            Err(Failure::Refused(anyhow!(status.trouble.unwrap_or_else(|| remedy.to_owned()))))
        }
        _ => Err(Failure::Refused(anyhow!("the Schwab login has expired: {remedy}"))),
    }
}

fn status(path: &std::path::Path, now: Timestamp) -> Status {
    let mut status = Status {
        state: "absent",
        token_file: path.display().to_string(),
        logged_in_at: None,
        login_until: None,
        seconds_left: None,
        access_until: None,
        trouble: None,
    };
    match TokenFile::new(path.to_owned()).read() {
        Ok(Some(token)) => {
            let left = token.login_until().since(now);
            status.state = if left <= SignedDuration::ZERO {
                "expired"
            } else if left < NEAR {
                "ending"
            } else {
                "fresh"
            };
            status.logged_in_at = Some(token.created());
            status.login_until = Some(token.login_until());
            status.seconds_left = Some(left.as_secs());
            status.access_until = Some(token.access_until());
        }
        Ok(None) => {}
        Err(error) => {
            status.state = "unusable";
            status.trouble = Some(error.to_string());
        }
    }
    status
}

fn say(status: &Status) -> std::io::Result<()> {
    output::say(&format!("token file    {}", status.token_file))?;
    let Some((login_until, left)) = status.login_until.zip(status.seconds_left) else {
        return output::say(&format!("login         {}", status.state));
    };
    let (days, hours, minutes) = (left / 86_400, left / 3_600 % 24, left / 60 % 60);
    let left = if left > 0 {
        format!("in {days} d {hours} h {minutes} min")
    } else {
        "it is over".to_owned()
    };
    output::say(&format!(
        "login         {}, expected to end {login_until} ({left})",
        status.state
    ))?;
    if let Some(access_until) = status.access_until {
        output::say(&format!(
            "access token  until {access_until}, refreshed by a running cockpit"
        ))?;
    }
    Ok(())
}
