//! The one entry, the kill key before everything else, and requests to the house.

use crate::domain::command::OperatorCommand;
use crate::ui::dialog::Stage;
use crate::ui::keymap::{Chord, Context};
use crate::ui::state::{
    ANSWER_WITHIN, Answer, App, Moment, Overlay, PENDING_MAX, Pending, TOAST_FOR, TOASTS_MAX,
    Toast, Token, Weight,
};
use crate::ui::update::message::{Cmd, Msg};
use crate::ui::update::{confirm, desk, news, palette};

/// Moves the state on by one message at a moment; what must be done is returned.
pub fn update(app: &mut App, message: Msg, now: Moment) -> Vec<Cmd> {
    // A clock that steps back would prolong what was armed.
    app.now = app.now.max(now);
    let mut commands = Vec::new();
    pass_time(app);
    news::escalate(app, &mut commands);
    match message {
        Msg::Key { chord, is_repeat } => key(app, chord, is_repeat, &mut commands),
        Msg::Paste(text) => paste(app, &text, &mut commands),
        Msg::FocusLost => disarm(app, "the terminal is not looked at"),
        Msg::FocusGained | Msg::Tick => {}
        Msg::Clicked { pane, row } => desk::clicked(app, pane, row),
        Msg::Scrolled(rows) => desk::scrolled(app, rows),
        Msg::Facts(facts) => news::told(app, facts, &mut commands),
        Msg::Answered(token, answer) => answered(app, token, answer),
        Msg::Notice(weight, text) => toast(app, weight, text),
        Msg::Alert(weight, text) => {
            news::count_alert(app);
            toast(app, weight, text);
        }
    }
    commands
}

/// The kill key first, then whatever lies on top.
fn key(app: &mut App, chord: Chord, is_repeat: bool, commands: &mut Vec<Cmd>) {
    if app.keymap.is_kill(chord) {
        return kill(app, commands);
    }
    if app.entry.is_some() {
        let action = app.keymap.action(chord, &[Context::Input]);
        return palette::key(app, chord, action, commands);
    }
    if app.dialog.is_some() {
        return confirm::key(app, chord, is_repeat, commands);
    }
    let contexts = [Context::Global, Context::Lists, Context::Trading];
    if let Some(action) = app.keymap.action(chord, &contexts) {
        desk::act(app, action, is_repeat, commands);
    }
}

/// One key, from anywhere, without a question. What lay open is left: nothing waits
/// for a word that a hand in a hurry would type into.
pub(super) fn kill(app: &mut App, commands: &mut Vec<Cmd>) {
    app.armed_until = None;
    app.dialog = None;
    app.entry = None;
    app.overlay = Some(Overlay::Kill(app.now));
    let token = token(app);
    // The gate is closed whatever happens to the request, so it is not counted
    // against the requests on their way.
    commands.push(Cmd::Kill(token));
}

fn token(app: &mut App) -> Token {
    let token = Token(app.next_token);
    app.next_token += 1;
    token
}

/// Asks something of the house, once. `None` when too much is on its way already.
pub(super) fn ask(
    app: &mut App,
    command: OperatorCommand,
    what: String,
    commands: &mut Vec<Cmd>,
) -> Option<Token> {
    if app.pending.len() >= PENDING_MAX {
        toast(app, Weight::Warn, format!("not sent: {PENDING_MAX} requests wait for an answer"));
        return None;
    }
    let token = token(app);
    app.pending.push(Pending { token, what, since: app.now });
    commands.push(Cmd::Operator(token, command));
    Some(token)
}

fn answered(app: &mut App, token: Token, answer: Answer) {
    // A second answer, or one to a request that was given up, changes nothing.
    let Some(at) = app.pending.iter().position(|pending| pending.token == token) else { return };
    let Pending { what, .. } = app.pending.remove(at);
    let dialog = app.dialog.as_mut().filter(|dialog| dialog.token() == Some(token));
    if let Some(dialog) = dialog {
        dialog.stage = match &answer {
            Answer::Accepted => Stage::Accepted,
            Answer::Rejected(why) => Stage::Rejected(why.clone()),
            Answer::Unknown => Stage::Unknown,
        };
    }
    match answer {
        Answer::Accepted => toast(app, Weight::Info, format!("{what}: accepted")),
        Answer::Rejected(why) => toast(app, Weight::Warn, format!("{what}: refused, {why}")),
        Answer::Unknown => {
            toast(app, Weight::Trip, format!("{what}: NO ANSWER, look before asking again"));
        }
    }
}

/// What ends by itself: arming, toasts, requests without an answer.
fn pass_time(app: &mut App) {
    let now = app.now;
    if app.armed_until.is_some_and(|until| until <= now) {
        disarm(app, "time is up");
    }
    app.toasts.retain(|toast| toast.until > now);
    let is_late = |pending: &Pending| now.since(pending.since) >= ANSWER_WITHIN;
    let late: Vec<Token> =
        app.pending.iter().filter(|pending| is_late(pending)).map(|late| late.token).collect();
    for token in late {
        answered(app, token, Answer::Unknown);
    }
}

/// Risky keys no longer work, and why is said if they did.
pub(super) fn disarm(app: &mut App, why: &str) {
    if app.armed_until.take().is_some() {
        toast(app, Weight::Info, format!("disarmed: {why}"));
    }
}

/// Shows a message; the oldest makes room.
pub(super) fn toast(app: &mut App, weight: Weight, text: String) {
    while app.toasts.len() >= TOASTS_MAX {
        app.toasts.pop_front();
    }
    app.toasts.push_back(Toast { weight, text, until: app.now.plus(TOAST_FOR) });
}

/// A word that costs money is typed, not pasted.
fn paste(app: &mut App, text: &str, commands: &mut Vec<Cmd>) {
    if app.entry.is_some() {
        palette::paste(app, text, commands);
    } else if app.dialog.is_some() {
        toast(app, Weight::Info, "pasting does not confirm: type the word".into());
    }
}
