//! `flightdeck login schwab`.
//!
//! The callback on this machine and a paste are waited for at the same time; the first
//! one wins. What follows from an answer is decided by
//! [`Login`]; here are the terminal and the browser.

use std::io::BufRead;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::brokers::schwab::auth::{
    Callback, CallbackListener, Login, LoginError, LoginSettings, RedirectError,
};
use crate::bus::clock::SystemClock;
use crate::cli::arguments::{self, Arguments};
use crate::cli::config::load;
use crate::cli::run::data_folder;
use crate::cli::{Failure, Outcome, output};
use crate::config::Purpose;

/// Pasted lines that wait to be looked at.
const PASTES_MAX: usize = 4;

/// Logs in.
pub(crate) fn login(arguments: &Arguments, verb: &arguments::Login) -> Outcome {
    let arguments::Login::Schwab { no_browser, paste } = verb;
    let schwab = load(arguments, Purpose::Sim)?.schwab;
    let find = |name: &'static str| std::env::var(name).ok();
    let settings = LoginSettings {
        hosts: schwab.hosts().map_err(|what| Failure::Refused(anyhow!(what)))?,
        keys: schwab.keys(find).map_err(Failure::refused)?,
        callback: Callback::new(&schwab.callback).map_err(Failure::refused)?,
        token_file: schwab.token_file(&data_folder()?),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime can be made")?;
    runtime.block_on(run(settings, !no_browser, !paste))
}

async fn run(settings: LoginSettings, has_browser: bool, has_callback: bool) -> Outcome {
    let callback = settings.callback.clone();
    let login = Login::begin(settings, Arc::new(SystemClock)).map_err(failure)?;
    let listener = if has_callback { listener(&callback).await } else { None };
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let address = login.address();
    output::say(&format!("Open this address, log in and agree:\n\n  {address}\n"))?;
    let way = if listener.is_some() {
        format!(
            "Waiting for the browser at {} (its warning of the certificate is expected).\nOn \
             another machine? Paste the address that the browser was sent to here:",
            callback.as_str()
        )
    } else {
        "The browser will not find the page that it is sent to. Paste that address here at \
         once, Schwab's code lives half a minute:"
            .to_owned()
    };
    output::say(&way)?;
    if has_browser {
        open(address.as_str());
    }
    let called_back = listener.map(|listener| listener.serve(stop.clone(), &tasks));
    let complain = |error: RedirectError| output::remark(&error.to_string());
    let done = login.finish(called_back, Some(pastes()), complain).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let done = done.map_err(failure)?;
    output::say(&format!(
        "Logged in. Expected to end {}; the token is in {}.\nBreakers that the old token has \
         opened stay open until you reset them.",
        done.login_until,
        done.token_file.display()
    ))?;
    Ok(())
}

/// The callback's port, or a remark why there is none.
async fn listener(callback: &Callback) -> Option<CallbackListener> {
    match CallbackListener::bind(callback).await {
        Ok(Some(listener)) => Some(listener),
        Ok(None) => {
            output::remark("the callback is not on this machine: only a paste is taken");
            None
        }
        Err(error) => {
            output::remark(&format!(
                "{} cannot be listened at ({error}): only a paste is taken",
                callback.as_str()
            ));
            None
        }
    }
}

/// Lines of the standard input. The thread ends with it, or with the process: nothing
/// can wake it from a terminal where nobody types.
fn pastes() -> mpsc::Receiver<String> {
    let (to, pasted) = mpsc::channel(PASTES_MAX);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if to.blocking_send(line).is_err() {
                return;
            }
        }
    });
    pasted
}

/// Opens a browser where there is a display. It must not write over the terminal.
fn open(address: &str) {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        return;
    }
    let opened = Command::new("xdg-open")
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if opened.is_err() {
        output::remark("no browser can be opened here: open the address yourself");
    }
}

fn failure(error: LoginError) -> Failure {
    match error {
        LoginError::Keys(_) | LoginError::NoWay => Failure::refused(error),
        LoginError::Unclear(_) => Failure::Unknown(error.into()),
        LoginError::Denied(_)
        | LoginError::NobodyCame
        | LoginError::CodeExpired
        | LoginError::CodeUnreadable
        | LoginError::File(_) => Failure::Failed(error.into()),
    }
}
