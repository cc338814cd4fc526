//! Keys in a dialog. Enter never confirms; a held key never confirms; nothing
//! confirms in the first moment.

use crate::domain::command::{Actor, OperatorCommand, Reject};
use crate::ui::dialog::{Dialog, Question, Stage};
use crate::ui::keymap::{Action, Chord, Context};
use crate::ui::state::{App, Weight};
use crate::ui::update::desk::arm;
use crate::ui::update::message::Cmd;
use crate::ui::update::requests::{ask, toast};
use ratatui::crossterm::event::KeyCode;

/// Opens a dialog over whatever lies there.
pub(super) fn open(app: &mut App, question: Question) {
    app.overlay = None;
    app.dialog = Some(Dialog::new(question, app.facts.mode, app.now));
}

/// A key while a dialog is open.
pub(super) fn key(app: &mut App, chord: Chord, is_repeat: bool, commands: &mut Vec<Cmd>) {
    let action = app.keymap.action(chord, &[Context::Dialog]);
    // Leaving is always possible, at once, and undoes nothing.
    if action == Some(Action::Close) {
        app.dialog = None;
        return;
    }
    let now = app.now;
    let asks = |dialog: &&Dialog| !is_repeat && !dialog.is_deaf(now);
    let Some(dialog) = app.dialog.as_ref().filter(asks) else { return };
    if dialog.stage != Stage::Review {
        return;
    }
    // A letter of the word is typed even if it is a key as well: words win over
    // shortcuts, and a typed word is never confirmed by a key.
    let letter = chord.letter();
    let is_word = dialog.word.as_ref().is_some_and(|word| {
        letter.is_some_and(|letter| word.contains(letter)) || chord.code == KeyCode::Backspace
    });
    match action.filter(|_| !is_word) {
        // A word is asked for: the key pressed by habit does nothing.
        Some(Action::Confirm) if dialog.word.is_some() => {}
        Some(Action::Confirm) => submit(app, commands),
        Some(Action::DialogReject) => reject(app, commands),
        Some(Action::DialogArm) => arm(app),
        Some(_) | None => type_word(app, chord, commands),
    }
}

/// One more letter of the word; the last one sends.
fn type_word(app: &mut App, chord: Chord, commands: &mut Vec<Cmd>) {
    let is_armed = app.armed_for().is_some();
    let Some(dialog) = app.dialog.as_mut() else { return };
    let Some(word) = dialog.word.clone() else { return };
    if chord.code == KeyCode::Backspace {
        dialog.typed.pop();
        return;
    }
    let Some(letter) = chord.letter() else { return };
    if dialog.typed.chars().count() < word.chars().count() {
        dialog.typed.push(letter);
    }
    if dialog.typed != word {
        return;
    }
    if dialog.needs_arming && !is_armed {
        dialog.typed.clear();
        let key = app.keymap.shown(Action::DialogArm);
        return toast(app, Weight::Warn, format!("not sent: arm first ({key}), then type it"));
    }
    submit(app, commands);
}

fn submit(app: &mut App, commands: &mut Vec<Cmd>) {
    let is_armed = app.armed_for().is_some();
    let Some(dialog) = app.dialog.as_mut() else { return };
    if dialog.needs_arming && !is_armed {
        return;
    }
    // The order is as it was reviewed; whether it may go is judged by what is now.
    if let Question::Approve(approval) = &dialog.question {
        let now = app.facts.approval(&approval.trade_id);
        // What has become unusual since it was opened asks for a word, and so for a new
        // dialog: a key that was meant for a usual order does not send an unusual one.
        let unusual = now.and_then(|now| now.caution.as_ref()).filter(|_| dialog.word.is_none());
        let unusual = unusual.map(|caution| format!("{caution}; close this and review it again"));
        if let Some(why) = now.and_then(|now| now.refusal.clone()).or(unusual) {
            dialog.typed.clear();
            return toast(app, Weight::Warn, format!("not sent: {why}"));
        }
    }
    let what = dialog.question.title();
    match dialog.question.command() {
        Some(command) => {
            if let Some(token) = ask(app, command, what, commands)
                && let Some(dialog) = app.dialog.as_mut()
            {
                dialog.stage = Stage::Submitting(token);
            }
        }
        None => commands.push(Cmd::Quit),
    }
}

/// Rejecting takes risk away, so it is one key. It closes the dialog: there is
/// nothing left to ask.
fn reject(app: &mut App, commands: &mut Vec<Cmd>) {
    let Some(dialog) = &app.dialog else { return };
    if let Question::Approve(approval) = &dialog.question {
        let command = OperatorCommand::Reject(Reject {
            trade_id: approval.trade_id.clone(),
            reason: "rejected at the screen".into(),
            by: Some(Actor::KEYS),
        });
        let what = format!("reject {}", approval.title);
        ask(app, command, what, commands);
        app.dialog = None;
    }
}
