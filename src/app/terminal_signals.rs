//! What signals mean while the cockpit has the terminal: the terminal is gone or has
//! another size, the theme has changed, the program was in the background.
//!
//! SIGTERM and SIGINT belong to every run and are heard by the command line; SIGQUIT is
//! the kill and is heard by [`control`](crate::control::kill).

use std::io;
use std::sync::mpsc as blocking;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::ui::input::{Input, is_alive};
use crate::ui::runtime::Suspend;

/// How long the system may take to stop the program, and to say that it goes on. A
/// program without a shell around it is never stopped.
const STOPPED_WITHIN: Duration = Duration::from_millis(500);
/// After so long a screen whose queue was full is told again.
const TELL_AGAIN: Duration = Duration::from_millis(50);

/// Starts hearing SIGHUP, SIGWINCH, SIGUSR1 and SIGCONT; returns the way to the background. Ends
/// with the token.
///
/// # Errors
/// When the system refuses one of them.
pub(super) fn hear(
    screen: mpsc::Sender<Input>,
    stop: CancellationToken,
    served: CancellationToken,
) -> io::Result<Suspend> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut reload = signal(SignalKind::user_defined1())?;
    let mut go_on = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    let mut resize = signal(SignalKind::window_change())?;
    let (awake, waking) = blocking::sync_channel(1);
    tokio::spawn(async move {
        // A new size must not be lost: nothing else would bring the page in order.
        let mut is_untold = false;
        loop {
            // The end first; a lost terminal before what would be drawn on it.
            tokio::select! {
                biased;
                () = served.cancelled() => return,
                heard = hang_up.recv() => {
                    if heard.is_none() { return }
                    // Of a terminal that is gone the input thread tells as well. A
                    // hang-up that somebody sent by hand asks for the end.
                    if is_alive() { stop.cancel() }
                }
                heard = resize.recv() => {
                    if heard.is_none() { return }
                    is_untold = !is_told(&screen);
                }
                () = tokio::time::sleep(TELL_AGAIN), if is_untold => {
                    is_untold = !is_told(&screen);
                }
                heard = reload.recv() => {
                    if heard.is_none() { return }
                    let _ = screen.try_send(Input::ReloadTheme);
                }
                heard = go_on.recv() => {
                    if heard.is_none() { return }
                    let _ = awake.try_send(());
                    let _ = screen.try_send(Input::Continued);
                }
            }
        }
    });
    Ok(suspend(waking))
}

/// Tells the screen of a new size; false when its queue is full.
fn is_told(screen: &mpsc::Sender<Input>) -> bool {
    !matches!(screen.try_send(Input::Resized), Err(mpsc::error::TrySendError::Full(_)))
}

/// Stops the whole program, as the terminal's own key would, and waits until it goes on.
fn suspend(waking: blocking::Receiver<()>) -> Suspend {
    let waking = Arc::new(Mutex::new(waking));
    Arc::new(move || {
        let Ok(waking) = waking.lock() else { return false };
        // From an earlier time in the background.
        while waking.try_recv().is_ok() {}
        if kill_process(getpid(), Signal::TSTP).is_err() {
            return false;
        }
        // The wait goes on while the program is stopped: it may be over when it wakes.
        waking.recv_timeout(STOPPED_WITHIN).or_else(|_| waking.recv_timeout(STOPPED_WITHIN)).is_ok()
    })
}
