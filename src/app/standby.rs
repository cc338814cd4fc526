//! A second process that takes over when the first one dies.
//!
//! Both are started with `--standby` on one instance, one account and one journal file.
//! One holds the [lease](crate::bus::redis::lease) and runs; the other waits for it, then
//! opens the journal that the first one left, and starts as every run does: fold, compare
//! with the broker, go on. On another machine there is no such file: the house begins with
//! an empty journal, and what the broker holds is found by the comparison, counted and
//! protected, and not attributed to a trade.
//!
//! Whoever held the lease before sends nothing more: the gateway's gate asks the lease's
//! own deadline before every request. So in a run with a lease, unlike in all others, the
//! loss of Redis for longer than the lease lasts stops exits too; stops that rest at the
//! broker stay.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::bail;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::{BusOptions, Refusal, Summary};
use crate::brokers::gateway::Gate;
use crate::brokers::install_tls_provider;
use crate::bus::clock::{Clock, SystemClock};
use crate::bus::redis::Endpoint;
use crate::bus::redis::lease::{Kept, Lease, Tenure, Terms};
use crate::journal;

/// How often it is looked whether the one before has let go of the journal.
const LOOK: Duration = Duration::from_millis(100);
/// How long the one before may take: it ends when it finds that it was succeeded.
const LET_GO: Duration = Duration::from_secs(30);

/// The wish to run an instance, alone among several.
#[derive(Debug, Default)]
pub struct Standby {
    terms: Terms,
    tenure: OnceLock<Tenure>,
}

impl Standby {
    /// Stands by on other terms than the usual ones.
    pub const fn on(terms: Terms) -> Self {
        Self { terms, tenure: OnceLock::new() }
    }

    /// Lets the gate ask the lease, where it is held.
    pub(super) fn bind(&self, gate: &Gate) {
        if let Some(tenure) = self.tenure.get().cloned() {
            gate.bind(move || tenure.is_held());
        }
    }

    /// Under which fencing token this process runs.
    pub(super) fn token(&self) -> Option<u64> {
        self.tenure.get().map(Tenure::token)
    }
}

/// A lease that is being kept.
#[derive(Debug)]
pub struct Held {
    tenure: Tenure,
    end: CancellationToken,
    kept: JoinHandle<Kept>,
}

impl Held {
    /// Until when this process may act.
    pub fn tenure(&self) -> Tenure {
        self.tenure.clone()
    }

    /// Gives the lease back. Returns whether it was ours until now.
    pub async fn give_back(self) -> bool {
        self.end.cancel();
        matches!(self.kept.await, Ok(Kept::GivenBack))
    }
}

/// Waits until this process is the one that runs the instance; `None` when the token is
/// cancelled before. The token is cancelled when another process takes over.
///
/// # Errors
/// When the address of Redis cannot be used.
pub async fn take_over(
    options: &BusOptions,
    journal: &Path,
    stop: &CancellationToken,
) -> Result<Option<Held>, Refusal> {
    let Some(standby) = &options.standby else { return Ok(None) };
    install_tls_provider();
    let endpoint = Endpoint::new(&options.config)?;
    let holder = format!("{}-{}", SystemClock.now().as_nanos(), std::process::id());
    tracing::info!(instance = options.instance, "standing by for the lease");
    let names = (&*options.instance, &*holder);
    let Some(lease) = Lease::wait(&endpoint, names, standby.terms, stop).await else {
        return Ok(None);
    };
    let tenure = lease.tenure();
    tracing::info!(token = tenure.token(), "this process runs the instance now");
    let _ = standby.tenure.set(tenure.clone());
    let (end, stop) = (CancellationToken::new(), stop.clone());
    let given_back = end.clone();
    let keeping = async move {
        let kept = lease.keep(given_back).await;
        if kept == Kept::Succeeded {
            tracing::error!("another process runs the instance now: this one ends");
            stop.cancel();
        }
        kept
    };
    let held = Held { tenure, end, kept: tokio::spawn(keeping) };
    let let_go = async {
        while journal::is_in_use(journal) {
            tokio::time::sleep(LOOK).await;
        }
    };
    // A journal that is still in use then is refused by the run itself.
    let _ = tokio::time::timeout(LET_GO, let_go).await;
    Ok(Some(held))
}

/// Runs when this process is the one to do so.
///
/// # Errors
/// Those of the run; when another process has taken over; when the address of Redis
/// cannot be used.
pub async fn run<F>(
    options: Option<&BusOptions>,
    journal: &Path,
    stop: &CancellationToken,
    run: F,
) -> anyhow::Result<Summary>
where
    F: Future<Output = anyhow::Result<Summary>>,
{
    let Some(options) = options.filter(|options| options.standby.is_some()) else {
        return run.await;
    };
    let Some(held) = take_over(options, journal, stop).await? else {
        return Ok(Summary { events: 0, trades: 0, reason: "stopped while standing by" });
    };
    let summary = run.await;
    if !held.give_back().await && summary.is_ok() {
        bail!("another process has taken this instance over; look at its journal");
    }
    summary
}
