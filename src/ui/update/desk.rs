//! Keys on the page itself.

use crate::domain::command::{Actor, CancelOrder, OperatorCommand, Reason, Reject};
use crate::ui::dialog::Question;
use crate::ui::entry::{Entry, EntryKind};
use crate::ui::facts::{ApprovalFacts, Mode};
use crate::ui::keymap::Action;
use crate::ui::state::{ARMED_FOR, App, Overlay, Pane, Tab, Weight};
use crate::ui::update::confirm::open;
use crate::ui::update::message::{Cmd, Page};
use crate::ui::update::news::redrawn;
use crate::ui::update::requests::{ask, disarm, kill, toast};

/// Rows that half a page moves; panels show about twice as many.
const HALF_PAGE: isize = 10;

/// Does what a key asks for.
pub(super) fn act(app: &mut App, action: Action, is_repeat: bool, commands: &mut Vec<Cmd>) {
    // A held key moves a cursor; it does not trade twice.
    if is_repeat && action.is_dangerous() {
        return;
    }
    match action {
        Action::Kill => kill(app, commands),
        Action::Help => {
            app.overlay = Some(Overlay::Help);
            app.help_row = 0;
        }
        Action::Acknowledge => acknowledge(app),
        Action::Detail => {
            app.overlay = Some(Overlay::Detail);
            app.rows.insert(Pane::Decision, 0);
        }
        Action::Back | Action::Close | Action::Abandon => back(app),
        Action::Palette => {
            let kind = EntryKind::Palette { theme_before: app.theme.clone() };
            app.entry = Some(Entry::new(kind, ""));
        }
        Action::Filter => {
            let filter = app.filters.get(&app.focus).cloned().unwrap_or_default();
            app.entry = Some(Entry::new(EntryKind::Filter(app.focus), &filter));
        }
        Action::Tab1 => go(app, Tab::Desk),
        Action::Tab2 => go(app, Tab::Trades),
        Action::Tab3 => go(app, Tab::Orders),
        Action::Tab4 => go(app, Tab::Risk),
        Action::Tab5 => go(app, Tab::Chart),
        Action::Tab6 => go(app, Tab::Events),
        Action::Tab7 => go(app, Tab::Intel),
        Action::Tab8 => go(app, Tab::System),
        Action::FocusNext => step_focus(app, 1),
        Action::FocusPrevious => step_focus(app, -1),
        Action::Zoom => app.is_zoomed = !app.is_zoomed,
        Action::Pause => {
            app.paused_since = if app.paused_since.is_some() { None } else { Some(app.now) };
            redrawn(app);
        }
        Action::Quit => quit(app, commands),
        Action::Redraw => commands.push(Cmd::Redraw),
        Action::Suspend => suspend(app, commands),
        Action::Mouse => {
            app.has_mouse = !app.has_mouse;
            commands.push(Cmd::Mouse(app.has_mouse));
        }
        // A filtered pane shows matches only, so the next match is the next row.
        Action::Down | Action::NextMatch | Action::CompletionDown => scrolled(app, 1),
        Action::Up | Action::PreviousMatch | Action::CompletionUp => scrolled(app, -1),
        Action::Top => scrolled(app, isize::MIN),
        Action::Bottom => scrolled(app, isize::MAX),
        Action::HalfDown => scrolled(app, HALF_PAGE),
        Action::HalfUp => scrolled(app, -HALF_PAGE),
        Action::SortNext => app.sorts.entry(app.focus).or_default().column += 1,
        Action::SortReverse => {
            let sort = app.sorts.entry(app.focus).or_default();
            sort.is_reversed = !sort.is_reversed;
        }
        Action::CopyRow => commands.push(Cmd::Page(Page::CopyRow(app.focus))),
        Action::WritePane => commands.push(Cmd::Page(Page::WriteFile(app.focus))),
        Action::Arm | Action::DialogArm => arm(app),
        Action::Review => review(app),
        Action::Reject => reject(app, commands),
        Action::Cancel => cancel(app, commands),
        Action::Reduce => reduce(app, commands),
        Action::Reset => reset(app, None),
        Action::Confirm | Action::DialogReject | Action::Submit | Action::Complete => {}
    }
}

/// A person has seen the alerts: they no longer ring.
fn acknowledge(app: &mut App) {
    let count = std::mem::take(&mut app.alerts).count;
    if count == 0 {
        return toast(app, Weight::Info, "no alert waits to be acknowledged".into());
    }
    tracing::info!(count, "alerts acknowledged at the screen");
    toast(app, Weight::Info, format!("{count} alerts acknowledged"));
}

/// Closes the topmost thing; never quits.
fn back(app: &mut App) {
    if app.overlay.take().is_none() && app.is_zoomed {
        app.is_zoomed = false;
    }
}

/// Goes to a page. The program's own page is for reading: nothing stays armed there.
pub(super) fn go(app: &mut App, tab: Tab) {
    app.tab = tab;
    app.is_zoomed = false;
    // A page opens at its own pane; the desk keeps the one that was in use.
    if tab != Tab::Desk || !tab.panes().contains(&app.focus) {
        app.focus = tab.panes().first().copied().unwrap_or(app.focus);
    }
    if tab == Tab::System {
        disarm(app, "the system page");
    }
}

fn step_focus(app: &mut App, step: isize) {
    let panes = app.tab.panes();
    let at = panes.iter().position(|pane| *pane == app.focus).unwrap_or(0);
    let next = at.checked_add_signed(step).unwrap_or(panes.len() - 1) % panes.len();
    app.focus = panes.get(next).copied().unwrap_or(app.focus);
}

/// Moves the cursor of the pane that has the focus, held at its ends.
pub(super) fn scrolled(app: &mut App, rows: isize) {
    if app.overlay == Some(Overlay::Help) {
        // How far it goes depends on the terminal: the loop holds it at the end.
        app.help_row = app.help_row.saturating_add_signed(rows);
        return;
    }
    let pane = scrolls(app);
    let last = app.picture.rows.get(&pane).copied().unwrap_or(0).saturating_sub(1);
    let row = app.rows.entry(pane).or_default();
    *row = row.saturating_add_signed(rows).min(last);
}

/// The pane that the keys of lists move. A decision record that lies over the page is
/// read, and the row that it belongs to stays.
fn scrolls(app: &App) -> Pane {
    let has_record = match app.focus {
        Pane::Trades | Pane::Positions | Pane::Orders | Pane::Events | Pane::Decision => true,
        Pane::Agents
        | Pane::Watchlist
        | Pane::Chart
        | Pane::Tape
        | Pane::Breakers
        | Pane::Limits
        | Pane::Intel
        | Pane::System => false,
    };
    if app.overlay == Some(Overlay::Detail) && has_record { Pane::Decision } else { app.focus }
}

/// A click moves focus and cursor, and nothing else: no click trades.
pub(super) fn clicked(app: &mut App, pane: Pane, row: Option<usize>) {
    if app.dialog.is_some() || app.entry.is_some() || !app.tab.panes().contains(&pane) {
        return;
    }
    app.focus = pane;
    if let Some(row) = row {
        let last = app.picture.rows.get(&pane).copied().unwrap_or(0).saturating_sub(1);
        app.rows.insert(pane, row.min(last));
    }
}

/// Lets risky keys work for a while; the same key takes it back.
pub(super) fn arm(app: &mut App) {
    if app.armed_until.is_some() {
        disarm(app, "by hand");
    } else {
        app.armed_until = Some(app.now.plus(ARMED_FOR));
    }
}

/// The trade under the cursor of the orders pane, else the most urgent one.
fn chosen(app: &App) -> Option<&ApprovalFacts> {
    let under_cursor = (app.focus == Pane::Orders).then(|| app.row(Pane::Orders));
    let seen = under_cursor.and_then(|row| app.picture.approvals.get(row));
    match seen {
        // Seen, but perhaps gone by now.
        Some(seen) => app.facts.approval(&seen.trade_id),
        None => app.facts.approvals.first(),
    }
}

fn review(app: &mut App) {
    match chosen(app).cloned() {
        Some(approval) => open(app, Question::Approve(approval)),
        None => toast(app, Weight::Info, "nothing waits for approval".into()),
    }
}

fn reject(app: &mut App, commands: &mut Vec<Cmd>) {
    let Some(approval) = chosen(app).cloned() else {
        return toast(app, Weight::Info, "nothing waits for approval".into());
    };
    let command = OperatorCommand::Reject(Reject {
        trade_id: approval.trade_id,
        reason: "rejected at the screen".into(),
        by: Some(Actor::KEYS),
    });
    ask(app, command, format!("reject {}", approval.title), commands);
}

/// Cancelling an entry takes risk away and is one key; cancelling what protects a
/// position adds risk and is not done here at all.
fn cancel(app: &mut App, commands: &mut Vec<Cmd>) {
    let seen = app.picture.name_at(app.row(Pane::Orders)).filter(|_| app.focus == Pane::Orders);
    let order = app.facts.orders.iter().find(|order| Some(order.id.as_str()) == seen);
    let Some(order) = order.cloned() else {
        return toast(app, Weight::Info, "no order is under the cursor".into());
    };
    if !order.is_working {
        return toast(app, Weight::Info, format!("{} no longer works", order.title));
    }
    if order.is_protective {
        let text = format!("{} protects a position: flatten closes both", order.title);
        return toast(app, Weight::Warn, text);
    }
    let command =
        OperatorCommand::Cancel(CancelOrder { client_order_id: order.id, by: Some(Actor::KEYS) });
    ask(app, command, format!("cancel {}", order.title), commands);
}

/// Cancels every entry that works.
pub(super) fn cancel_all(app: &mut App, commands: &mut Vec<Cmd>) {
    let facts = app.facts.clone();
    let entries = facts.orders.iter().filter(|order| order.is_working && !order.is_protective);
    let mut asked = 0;
    for order in entries {
        let command = OperatorCommand::Cancel(CancelOrder {
            client_order_id: order.id.clone(),
            by: Some(Actor::KEYS),
        });
        if ask(app, command, format!("cancel {}", order.title), commands).is_none() {
            break;
        }
        asked += 1;
    }
    toast(app, Weight::Info, format!("cancelling {asked} entry orders"));
}

pub(super) fn reduce(app: &mut App, commands: &mut Vec<Cmd>) {
    let reason = "paused at the screen".to_owned();
    ask(
        app,
        OperatorCommand::Reduce(Reason { reason, by: Some(Actor::KEYS) }),
        "pause entries".into(),
        commands,
    );
}

/// The named breaker, else the one under the cursor, else the first that tripped.
pub(super) fn reset(app: &mut App, name: Option<&str>) {
    let breakers = &app.facts.breakers;
    let row = app.row(Pane::Breakers);
    let seen = app.picture.breakers.get(row).filter(|_| app.focus == Pane::Breakers);
    let wanted = name.or(seen.map(|seen| seen.name.as_str()));
    let found = breakers.iter().find(|breaker| match wanted {
        Some(wanted) => breaker.name == wanted,
        None => breaker.is_tripped,
    });
    match found.map(|breaker| (breaker.name.clone(), breaker.is_tripped)) {
        Some((name, true)) => risky(app, Question::Reset(name)),
        Some((name, false)) => toast(app, Weight::Info, format!("{name} is not tripped")),
        None => toast(app, Weight::Info, "no breaker is tripped".into()),
    }
}

/// Opens a dialog that only makes sense when risky keys work.
pub(super) fn risky(app: &mut App, question: Question) {
    if app.armed_for().is_none() {
        let key = app.keymap.shown(Action::Arm);
        return toast(app, Weight::Warn, format!("{}: arm first ({key})", question.title()));
    }
    open(app, question);
}

/// Leaves at once when nothing works, else asks.
pub(super) fn quit(app: &mut App, commands: &mut Vec<Cmd>) {
    if app.facts.working() == 0 && app.pending.is_empty() {
        commands.push(Cmd::Quit);
    } else {
        open(app, Question::Quit);
    }
}

/// A cockpit in the background trades on unseen: with real money it must be paused
/// first.
fn suspend(app: &mut App, commands: &mut Vec<Cmd>) {
    if app.facts.mode == Mode::Live && app.facts.takes_entries {
        return toast(app, Weight::Warn, "pause entries before going to the background".into());
    }
    commands.push(Cmd::Suspend);
}
