//! `flightdeck doctor`.

use std::io::{self, IsTerminal};

use anyhow::{Context, anyhow};
use rustix::termios::tcgetwinsize;
use serde_json::json;

use crate::app::doctor::place::{FREE_MIN, Terminal};
use crate::app::doctor::{Check, Verdict, account, place, remote, report};
use crate::brokers::alpaca::{ApiKeys, KeyError};
use crate::brokers::install_tls_provider;
use crate::bus::clock::{Clock, SystemClock};
use crate::cli::arguments::Arguments;
use crate::cli::arguments_checks::Doctor;
use crate::cli::config::load;
use crate::cli::run::data_folder;
use crate::cli::{Failure, Outcome, output};
use crate::config::{Config, Purpose};
use crate::control::folder;
use crate::telemetry::settings::Settings;

/// Looks at everything that a run needs, and says what would help.
pub(crate) fn doctor(arguments: &Arguments, verb: &Doctor) -> Outcome {
    let checks = look(arguments, verb)?;
    let failed = checks.iter().filter(|check| check.verdict == Verdict::Fail).count();
    if verb.json {
        output::say_json(&json!({ "ok": failed == 0, "failed": failed, "checks": checks }))?;
    } else {
        output::say(&report(&checks))?;
    }
    match failed {
        0 => Ok(()),
        failed => Err(Failure::Failed(anyhow!("{failed} of {} checks have failed", checks.len()))),
    }
}

fn look(arguments: &Arguments, verb: &Doctor) -> Result<Vec<Check>, Failure> {
    let (found, config) = match load(arguments, Purpose::Paper) {
        Ok(config) => (Ok(config.hash().to_string()), config),
        Err(
            Failure::Refused(error)
            | Failure::Failed(error)
            | Failure::NoInstance(error)
            | Failure::Unknown(error),
        ) => (Err(format!("{error:#}")), Config::defaults(Purpose::Paper)),
    };
    let data = data_folder()?;
    let sockets = folder::sockets(std::env::var_os("XDG_RUNTIME_DIR").as_deref(), &data);
    let lookup = |name: &str| std::env::var(name).ok();
    let keys = account::find_keys(&config.alpaca.key_file, lookup);
    let mut checks = vec![
        account::configuration(&found),
        account::keys(&keys),
        account::paper_only(&keys, lookup("APCA_API_BASE_URL").as_deref()),
        account::limits(&config),
        account::schwab_token(&config.schwab.token_file(&data), SystemClock.now()),
    ];
    checks.extend(ask(&config, &keys, verb.offline)?);
    checks.extend([
        place::data_folder(&data),
        place::disk(&data, FREE_MIN),
        place::newest_journal(&data),
        place::instances(&sockets),
        place::control_socket(&sockets),
        place::terminal(&terminal()),
        place::time_zone("America/New_York"),
    ]);
    Ok(checks)
}

/// Asks those who must answer, unless nobody is to be asked.
fn ask(
    config: &Config,
    keys: &Result<Option<ApiKeys>, KeyError>,
    is_offline: bool,
) -> Result<Vec<Check>, Failure> {
    let skipped = |name, said: &str| Check {
        name,
        verdict: Verdict::Skipped,
        said: said.to_owned(),
        remedy: None,
    };
    if is_offline {
        return Ok(["alpaca", "redis", "otlp"].map(|name| skipped(name, "offline")).into());
    }
    install_tls_provider();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    Ok(runtime.block_on(async {
        let alpaca = match keys {
            Ok(Some(keys)) => {
                remote::alpaca(config.alpaca.paper_account(), keys, &SystemClock).await
            }
            Ok(None) | Err(_) => skipped("alpaca", "there are no keys to ask with"),
        };
        let settings = Settings::read(|name| std::env::var(name).ok(), &config.telemetry.endpoint);
        vec![alpaca, remote::redis(&config.bus).await, remote::collector(settings).await]
    }))
}

fn terminal() -> Terminal {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let out = io::stdout();
    let size = out.is_terminal().then(|| tcgetwinsize(&out).ok()).flatten();
    Terminal {
        size: size.map(|size| (size.ws_col, size.ws_row)),
        kind: set("TERM"),
        colour: set("COLORTERM"),
        locale: set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")),
    }
}
