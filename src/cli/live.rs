//! `--live`: what must be said before orders leave for Schwab.
//!
//! Real money needs three things: the configuration, the flag, and the account's last
//! digits from a person at the terminal or from a file that ends within a day. Knows no
//! broker's wire.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use anyhow::{Context, anyhow};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::app::schwab::Stake;
use crate::bus::clock::{Clock, SystemClock};
use crate::cli::arguments::Run;
use crate::cli::{Failure, output};
use crate::config::Schwab;
use crate::domain::time::Timestamp;

/// The longest life of an arming file.
const ARMED_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Fewest digits that name an account.
const DIGITS: usize = 3;

/// An arming file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arming {
    /// The account's last digits.
    account: String,
    /// When it ends.
    expires: Timestamp,
}

/// Works out what is at stake, and asks where real money is.
///
/// # Errors
/// When real money is asked for and not armed.
pub(crate) fn stake(run: &Run, schwab: &Schwab) -> Result<Stake, Failure> {
    if !run.live {
        output::remark("Schwab has no paper account: its data are read, no order can leave");
        return Ok(Stake::DataOnly);
    }
    if !schwab.host.is_empty() {
        output::remark("live on loopback: the account and its money are simulated");
        return Ok(Stake::Simulated);
    }
    if !schwab.live || schwab.account.len() < DIGITS {
        return Err(Failure::refused(anyhow!(
            "--live trades real money: the configuration must say schwab.live = true and \
             name the account (schwab.account)"
        )));
    }
    match &run.arming {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))
                .map_err(Failure::Refused)?;
            is_armed(&text, &schwab.account, SystemClock.now())
                .map_err(|what| Failure::refused(anyhow!("{}: {what}", file.display())))?;
        }
        None => ask(&schwab.account)?,
    }
    Ok(Stake::Live)
}

/// The file of the journal in the data folder.
pub(crate) fn journal_name(stake: Stake) -> &'static Path {
    Path::new(match stake {
        Stake::DataOnly => "schwab-data.sqlite",
        Stake::Simulated => "schwab-simulated.sqlite",
        Stake::Live => "schwab-live.sqlite",
    })
}

fn last_digits(account: &str) -> &str {
    account.get(account.len().saturating_sub(DIGITS)..).unwrap_or_default()
}

fn is_armed(text: &str, account: &str, now: Timestamp) -> Result<(), String> {
    let arming: Arming = toml::from_str(text).map_err(|error| error.to_string())?;
    let wanted = last_digits(account);
    if last_digits(&arming.account) != wanted || arming.account.len() < DIGITS {
        return Err("it arms another account than the one configured".into());
    }
    let left = arming.expires.since(now);
    if left <= SignedDuration::ZERO {
        return Err(format!("it ended at {}", arming.expires));
    }
    if left > ARMED_MAX {
        return Err("it may end at most 24 hours from now".into());
    }
    Ok(())
}

/// Asks the person at the terminal.
fn ask(account: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::refused(anyhow!(
            "--live trades real money and nobody can be asked here: name an arming file \
             (--arming FILE)"
        )));
    }
    output::remark("REAL MONEY. Type the last three digits of the account to go on:");
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).context("cannot read the terminal")?;
    if typed.trim() == last_digits(account) {
        Ok(())
    } else {
        Err(Failure::refused(anyhow!("that is not the account: nothing was started")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(), &str>) {
        let now: Timestamp = "2026-11-24T15:00:00Z".parse().unwrap();
        let found = is_armed(text, "11112222", now);
        match expected {
            Ok(()) => assert_eq!(found, Ok(())),
            Err(part) => assert!(found.unwrap_err().contains(part), "{text}"),
        }
    }

    #[test]
    fn an_arming_file_names_the_account_and_ends_within_a_day() {
        let with = |account: &str, expires: &str| {
            format!("account = \"{account}\"\nexpires = \"{expires}\"")
        };
        check(&with("222", "2026-11-25T14:59:59Z"), Ok(()));
        check(&with("222", "2026-11-25T15:00:01Z"), Err("24 hours"));
        check(&with("222", "2026-11-24T14:59:59Z"), Err("it ended"));
        check(&with("333", "2026-11-25T14:59:59Z"), Err("another account"));
        check("account = \"222\"", Err("expires"));
    }
}
