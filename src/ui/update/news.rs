//! What news from the house does to an open dialog, to arming and to the bell.

use std::sync::Arc;

use crate::ui::dialog::{Dialog, Question, Stage};
use crate::ui::facts::Facts;
use crate::ui::format;
use crate::ui::keymap::Action;
use crate::ui::state::{App, BELL_EVERY, Overlay, Pane, Weight};
use crate::ui::update::message::Cmd;
use crate::ui::update::requests::{disarm, toast};

/// What the bell can be about, with its place in [`App::rang`].
const APPROVALS: usize = 0;
const BREAKERS: usize = 1;

/// Takes in what the house is like now.
pub(super) fn told(app: &mut App, facts: Arc<Facts>, commands: &mut Vec<Cmd>) {
    let before = std::mem::replace(&mut app.facts, facts);
    tripped(app, &before, commands);
    waiting(app, &before, commands);
    expired(app);
    if app.paused_since.is_none() {
        redrawn(app);
    }
}

/// The picture is of now. The cursor of the orders pane stays on its order when
/// others come and go: what is cancelled is what was looked at. Where nobody has looked
/// yet, the top of the list is what is worth seeing.
pub(super) fn redrawn(app: &mut App) {
    let before = std::mem::replace(&mut app.picture, app.facts.clone());
    let is_chosen = app.focus == Pane::Orders || app.row(Pane::Orders) > 0;
    let name = before.name_at(app.row(Pane::Orders)).filter(|_| is_chosen);
    if let Some(row) = name.and_then(|name| app.picture.row_of(name)) {
        app.rows.insert(Pane::Orders, row);
    }
    // The top of the stream is followed; further down, and while a line of it is read,
    // the cursor stays on its line. A filtered list does not say how far it grew.
    let reads = app.overlay == Some(Overlay::Detail) && app.focus == Pane::Events;
    let lines = |facts: &Facts| facts.rows.get(&Pane::Events).copied().unwrap_or(0);
    let grown = lines(&app.picture).saturating_sub(lines(&before));
    let row = app.row(Pane::Events);
    if (row > 0 || reads) && !app.filters.contains_key(&Pane::Events) {
        app.rows.insert(Pane::Events, row + grown);
    }
    for (pane, row) in &mut app.rows {
        let rows = app.picture.rows.get(pane).copied().unwrap_or(0);
        *row = (*row).min(rows.saturating_sub(1));
    }
}

/// A breaker that trips takes the arming away: the picture is not what it was.
fn tripped(app: &mut App, before: &Facts, commands: &mut Vec<Cmd>) {
    let was = |name: &str| before.breakers.iter().any(|old| old.name == name && old.is_tripped);
    let fresh = app.facts.breakers.iter().filter(|now| now.is_tripped && !was(&now.name));
    let names: Vec<String> = fresh.map(|now| now.name.clone()).collect();
    if names.is_empty() {
        return;
    }
    disarm(app, "a breaker tripped");
    count_alert(app);
    toast(app, Weight::Trip, format!("breaker tripped: {}", names.join(", ")));
    ring(app, BREAKERS, "breaker tripped", commands);
}

fn waiting(app: &mut App, before: &Facts, commands: &mut Vec<Cmd>) {
    let fresh = app.facts.approvals.iter().filter(|now| before.approval(&now.trade_id).is_none());
    let Some(first) = fresh.map(|now| now.title.clone()).next() else { return };
    let key = app.keymap.shown(Action::Review);
    let hint = if key.is_empty() { String::new() } else { format!(": press {key} to review") };
    toast(app, Weight::Info, format!("{first} waits for approval{hint}"));
    ring(app, APPROVALS, "approval wanted", commands);
}

/// A dialog about a trade that no longer waits has nothing to ask.
fn expired(app: &mut App) {
    let Some(Dialog { question: Question::Approve(pinned), stage: Stage::Review, .. }) =
        &app.dialog
    else {
        return;
    };
    let is_over = app.facts.at >= pinned.deadline;
    if app.facts.approval(&pinned.trade_id).is_some() && !is_over {
        return;
    }
    let title = &pinned.title;
    let text = if is_over {
        format!("{title} expired, which rejects it")
    } else {
        format!("{title} no longer waits")
    };
    app.dialog = None;
    toast(app, Weight::Warn, text);
}

fn ring(app: &mut App, kind: usize, why: &'static str, commands: &mut Vec<Cmd>) {
    let now = app.now;
    let Some(rang) = app.rang.get_mut(kind) else { return };
    if rang.is_none_or(|last| now.since(last) >= BELL_EVERY) {
        *rang = Some(now);
        commands.push(Cmd::Notify(why));
    }
}

/// One more alert waits for a person.
pub(super) fn count_alert(app: &mut App) {
    let now = app.now;
    let alerts = &mut app.alerts;
    alerts.count = alerts.count.saturating_add(1);
    alerts.since.get_or_insert(now);
    // It has just been rung for.
    alerts.rang = Some(now);
}

/// Rings again for alerts that nobody has acknowledged for half a minute.
pub(super) fn escalate(app: &mut App, commands: &mut Vec<Cmd>) {
    if app.alerts.next_bell().is_none_or(|next| app.now < next) {
        return;
    }
    app.alerts.rang = Some(app.now);
    let count = app.alerts.count;
    let age = app.alerts.since.map(|since| app.now.since(since)).unwrap_or_default();
    let key = app.keymap.shown(Action::Acknowledge);
    let age = format::duration(age);
    let words = format!("{count} alerts not acknowledged, the oldest {age} old");
    toast(app, Weight::Trip, format!("{words}: {key} acknowledges"));
    commands.push(Cmd::Escalate(words));
}
