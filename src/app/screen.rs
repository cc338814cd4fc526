//! The cockpit beside a running house: input thread, screen thread, and what follows
//! when the person or the terminal goes away.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::app::attendance::{Attendance, Operator};
use crate::app::terminal_signals;
use crate::config::OnTerminalLost;
use crate::control::CommandSink;
use crate::domain::command::{Actor, OperatorCommand, Reason};
use crate::risk::AccountMode;
use crate::ui::facts::Mode;
use crate::ui::input::{INPUTS_MAX, Input};
use crate::ui::keymap::Keymap;
use crate::ui::runtime::{CommandSink as CommandsOfScreen, Ending, ScreenError, Setup};
use crate::ui::surface::Surface;
use crate::ui::terminal::{Guard, end_frame};
use crate::ui::theme::{Catalogue, GlyphSet, Level};
use crate::ui::{input, runtime};
use crate::view::Viewer;

/// How the cockpit looks.
#[derive(Debug, Clone)]
pub struct ScreenOptions {
    /// The keys in force.
    pub keymap: Arc<Keymap>,
    /// Folder of the user's themes.
    pub themes: Option<PathBuf>,
    /// The theme to begin with.
    pub theme: String,
    /// How many colours the terminal shows.
    pub level: Level,
    /// The signs to begin with.
    pub glyphs: GlyphSet,
    /// Where panes are written to.
    pub folder: Option<PathBuf>,
    /// What follows when the terminal goes away, or the screen panics.
    pub on_terminal_lost: OnTerminalLost,
}

/// A task that waits for the end of the screen, and the screen's queue.
pub(super) type Opened =
    (tokio::task::JoinHandle<anyhow::Result<()>>, tokio::sync::mpsc::Sender<Input>);

/// Opens the cockpit. The run's token is cancelled when the person leaves; a task waits
/// for that and is returned.
///
/// # Errors
/// When its threads cannot be started.
pub(super) fn open(
    options: ScreenOptions,
    mode: AccountMode,
    attendance: &Attendance,
    operator: &Arc<Operator>,
    (stop, served): (&CancellationToken, &CancellationToken),
) -> anyhow::Result<Opened> {
    let handle = tokio::runtime::Handle::current();
    let killer = operator.clone();
    // The gate at once; the record by the house's own runtime, not by the screen's.
    let kill: input::KillSwitch = Arc::new(move || {
        killer.close_gate();
        let sink = killer.clone();
        handle.spawn(async move { halt(&sink, "the kill key was pressed").await });
    });
    let (operator, policy) = (operator.clone(), options.on_terminal_lost);
    let asked = (attendance.viewer(), operator.clone() as Arc<dyn CommandsOfScreen>);
    // It stays until the house has ended, so that the end can be seen.
    let (left, sender) = start(options, mode, asked, kill, (stop, served))?;
    let stop = stop.clone();
    let watch = tokio::spawn(async move {
        let joined = left.await.context("the screen's thread is gone")?;
        match joined {
            Ok(Ok(Ending::Quit)) => stop.cancel(),
            Ok(Ok(Ending::Stopped)) => {}
            Ok(Ok(Ending::TerminalLost)) => {
                unattended(policy, &operator, &stop, "the terminal is gone").await;
            }
            Ok(Err(error)) => {
                stop.cancel();
                return Err(error.into());
            }
            Err(_) => {
                say_panicked(policy);
                unattended(policy, &operator, &stop, "the screen panicked").await;
            }
        }
        Ok(())
    });
    Ok((watch, sender))
}

/// How the screen's thread has ended, and the screen's queue.
pub(super) type Started = (
    tokio::sync::oneshot::Receiver<std::thread::Result<Result<Ending, ScreenError>>>,
    tokio::sync::mpsc::Sender<Input>,
);

/// Takes the terminal and shows what a viewer sees; what a person asks goes into the sink.
/// `stop` is cancelled by a hang-up, `served` ends the screen.
///
/// # Errors
/// When its threads cannot be started.
pub(super) fn start(
    options: ScreenOptions,
    mode: AccountMode,
    (viewer, sink): (Viewer, Arc<dyn CommandsOfScreen>),
    kill: input::KillSwitch,
    (stop, served): (&CancellationToken, &CancellationToken),
) -> anyhow::Result<Started> {
    let mode = match mode {
        AccountMode::Sim => Mode::Sim,
        AccountMode::Paper => Mode::Paper,
        AccountMode::Live => Mode::Live,
    };
    let (sender, inputs) = tokio::sync::mpsc::channel(INPUTS_MAX);
    // Before the terminal is taken: a signal in between would leave it taken.
    let suspend = terminal_signals::hear(sender.clone(), stop.clone(), served.clone())
        .context("cannot hear signals")?;
    // It ends by itself, with the terminal or with the screen.
    let _listening = input::start(options.keymap.clone(), kill, sender.clone())
        .context("cannot hear the keys")?;
    let setup = Setup {
        keymap: options.keymap,
        catalogue: Catalogue::new(options.themes),
        theme: options.theme,
        level: options.level,
        glyphs: options.glyphs,
        folder: options.folder,
        suspend: Some(suspend),
    };
    let surface = move || -> io::Result<_> { Surface::on_terminal(Guard::enter(mode)?) };
    let thread = runtime::spawn(setup, surface, inputs, viewer, sink, served.child_token())
        .context("cannot start the screen")?;
    // Not on the runtime, whose end would wait for a terminal that takes no bytes.
    let (gone, left) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || drop(gone.send(thread.join())));
    Ok((left, sender))
}

/// Nobody sees the house any more: the operator has said what then.
async fn unattended(
    policy: OnTerminalLost,
    operator: &Operator,
    stop: &CancellationToken,
    why: &str,
) {
    tracing::error!(?policy, "{why}");
    match policy {
        OnTerminalLost::Halt => halt(operator, why).await,
        OnTerminalLost::Headless => {}
        OnTerminalLost::Exit => stop.cancel(),
    }
}

/// The panic's own words stand above, on a terminal that is the person's again: its keys
/// are signals now.
fn say_panicked(policy: OnTerminalLost) {
    end_frame(&mut io::stdout());
    let then = match policy {
        OnTerminalLost::Halt => "the house goes on, HALTED: no entries, exits work",
        OnTerminalLost::Headless => "the house goes on and TRADES",
        OnTerminalLost::Exit => "the house ends",
    };
    // A terminal that cannot be written to has nobody before it.
    let _ = writeln!(
        io::stderr(),
        "flightdeck: the screen panicked; {then}. Here ctrl-\\ kills and ctrl-c ends; \
         `flightdeck status` tells how it stands"
    );
}

async fn halt(operator: &Operator, reason: &str) {
    let reason = Reason { reason: reason.to_owned(), by: Some(Actor::KEYS) };
    if let Err(error) = operator.submit(OperatorCommand::Kill(reason)).await {
        tracing::error!(%error, "the halt is not on record; the gate is closed");
    }
}
