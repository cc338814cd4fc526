//! The kill order: the gate first, then the record and everything that follows.
//!
//! The gate is a flag that the venue's gateway reads before every entry; it is closed
//! before anything that could wait or fail (kill rule 1). The command that follows
//! makes the halt an event of the journal and cancels what rests. Socket, kill file
//! and signal all come through here; the keys close the same gate.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::control::sink::{CommandSink, SinkError};
use crate::domain::command::{Actor, OperatorCommand, Reason, Way};

/// Closes the way for entries at once. Must neither wait nor fail, and may be called
/// again.
pub type Gate = Arc<dyn Fn() + Send + Sync>;

/// Kills: closes the gate, then sends the command.
#[derive(Clone)]
pub struct Killer {
    gate: Gate,
    sink: Arc<dyn CommandSink>,
}

impl fmt::Debug for Killer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Killer").finish_non_exhaustive()
    }
}

impl Killer {
    /// Puts gate and sink together.
    pub fn new(gate: Gate, sink: Arc<dyn CommandSink>) -> Self {
        Self { gate, sink }
    }

    /// Closes the gate, which is done when this returns, and hands the command in,
    /// which is done when the future ends. The gate is closed even if nobody polls.
    ///
    /// # Errors
    /// The future's, when the command does not reach its end; the gate stays closed.
    pub fn kill(
        &self,
        reason: String,
        actor: Actor,
    ) -> impl Future<Output = Result<(), SinkError>> + Send + 'static {
        (self.gate)();
        let sink = Arc::clone(&self.sink);
        let command = OperatorCommand::Kill(Reason { reason, by: Some(actor) });
        async move { sink.submit(command).await }
    }
}

/// Kills at every SIGQUIT until the token is cancelled: outside raw mode, `ctrl-\`
/// sends it, so the halt works on a screen that is frozen.
///
/// # Errors
/// When the signal cannot be heard.
pub async fn on_quit_signal(killer: Killer, stop: CancellationToken) -> io::Result<()> {
    let mut quit = signal(SignalKind::quit())?;
    loop {
        // The stop first: a house that closes has cancelled its entries already.
        let heard = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            heard = quit.recv() => heard,
        };
        if heard.is_none() {
            return Ok(());
        }
        let actor = Actor { via: Way::Signal, uid: None, user: None };
        submit(&killer, "SIGQUIT".to_owned(), actor, &stop).await;
    }
}

/// Kills and leaves what went wrong in the log: there is nobody to answer.
pub(in crate::control) async fn submit(
    killer: &Killer,
    reason: String,
    actor: Actor,
    stop: &CancellationToken,
) {
    let via = actor.via;
    let order = killer.kill(reason, actor);
    // The stop first: a spine that has ended never answers.
    let outcome = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        outcome = order => outcome,
    };
    match outcome {
        Ok(()) => tracing::warn!(?via, "killed: no entry leaves from now on"),
        Err(error) => tracing::error!(
            ?via,
            error = &error as &dyn std::error::Error,
            "the gate is closed, but the halt is not on record"
        ),
    }
}
