//! Keys in an input line, and what its commands do.

use tui_input::backend::crossterm::EventHandler as _;

use crate::domain::ids::Symbol;
use crate::ui::dialog::Question;
use crate::ui::entry::{ENTRY_MAX, Entry, EntryKind, commands};
use crate::ui::keymap::{Action, Argument, Chord, Command};
use crate::ui::state::{App, Overlay, Weight};
use crate::ui::theme::GlyphSet;
use crate::ui::update::desk;
use crate::ui::update::message::{Cmd, Page};
use crate::ui::update::requests::{kill, toast};
use ratatui::crossterm::event::Event;

/// Makes the screen panic: to see that the house goes on. The release knows no such word.
const PANIC: &str = "panic";

/// A key while an input line is open.
pub(super) fn key(app: &mut App, chord: Chord, action: Option<Action>, commands: &mut Vec<Cmd>) {
    match action {
        Some(Action::Submit) => submit(app, commands),
        Some(Action::Abandon) => abandon(app, commands),
        Some(Action::Complete) => complete(app, commands),
        Some(Action::CompletionDown) => choose(app, 1),
        Some(Action::CompletionUp) => choose(app, -1),
        Some(_) | None => type_in(app, chord, commands),
    }
}

fn type_in(app: &mut App, chord: Chord, commands: &mut Vec<Cmd>) {
    let Some(entry) = app.entry.as_mut() else { return };
    let is_full = entry.input.value().chars().count() >= ENTRY_MAX;
    if is_full && chord.letter().is_some() {
        return;
    }
    entry.input.handle_event(&Event::Key(chord.event()));
    entry.chosen = 0;
    preview(app, commands);
}

/// A pasted text is one line and prints.
pub(super) fn paste(app: &mut App, text: &str, commands: &mut Vec<Cmd>) {
    let Some(entry) = app.entry.as_mut() else { return };
    let room = ENTRY_MAX.saturating_sub(entry.input.value().chars().count());
    let pasted: String = text.chars().filter(|letter| !letter.is_control()).take(room).collect();
    entry.input = tui_input::Input::new(format!("{}{pasted}", entry.input.value()));
    preview(app, commands);
}

fn choose(app: &mut App, step: isize) {
    let Some(entry) = &app.entry else { return };
    let last = entry.completions(app).len().saturating_sub(1);
    let chosen = entry.chosen.saturating_add_signed(step).min(last);
    if let Some(entry) = app.entry.as_mut() {
        entry.chosen = chosen;
    }
}

/// The chosen completion becomes the line.
fn complete(app: &mut App, commands: &mut Vec<Cmd>) {
    let Some(entry) = &app.entry else { return };
    let Some(line) = entry.completions(app).into_iter().nth(entry.chosen) else { return };
    let takes_more = Command::parse(&line)
        .is_some_and(|(command, rest)| command.argument() != Argument::None && rest.is_empty());
    let line = if takes_more { line + " " } else { line };
    if let Some(entry) = app.entry.as_mut() {
        *entry = Entry::new(entry.kind.clone(), &line);
    }
    preview(app, commands);
}

/// A filter and a theme show what they do while they are typed.
fn preview(app: &mut App, commands: &mut Vec<Cmd>) {
    let Some(entry) = &app.entry else { return };
    let line = entry.input.value().to_owned();
    match entry.kind.clone() {
        EntryKind::Filter(pane) => {
            app.filters.insert(pane, line);
        }
        EntryKind::Palette { .. } => {
            if let Some((Command::Theme, name)) = Command::parse(&line)
                && app.themes.iter().any(|known| known == name)
            {
                show_theme(app, name.to_owned(), commands);
            }
        }
    }
}

fn show_theme(app: &mut App, name: String, commands: &mut Vec<Cmd>) {
    if app.theme != name {
        app.theme.clone_from(&name);
        commands.push(Cmd::Theme(name));
    }
}

/// What was only previewed is taken back.
fn abandon(app: &mut App, commands: &mut Vec<Cmd>) {
    match app.entry.take().map(|entry| entry.kind) {
        Some(EntryKind::Palette { theme_before }) => show_theme(app, theme_before, commands),
        Some(EntryKind::Filter(pane)) => {
            app.filters.remove(&pane);
        }
        None => {}
    }
}

/// Runs the line; one that is not a command runs its chosen completion.
fn submit(app: &mut App, out: &mut Vec<Cmd>) {
    let Some(entry) = &app.entry else { return };
    if let EntryKind::Filter(pane) = entry.kind {
        let is_empty = entry.input.value().is_empty();
        app.entry = None;
        if is_empty {
            app.filters.remove(&pane);
        }
        return;
    }
    let typed = entry.input.value().trim().to_owned();
    let completion = entry.completions(app).into_iter().nth(entry.chosen);
    let line = if Command::parse(&typed).is_some() { Some(typed.clone()) } else { completion };
    app.entry = None;
    debug_assert!(typed != PANIC, "a panic was asked for in the palette");
    let parsed = line.as_deref().and_then(Command::parse);
    let offered = parsed.filter(|(command, _)| commands(app).any(|known| known == *command));
    match offered {
        Some((command, argument)) => run(app, command, argument, out),
        None => toast(app, Weight::Warn, format!("no command is called '{typed}'")),
    }
}

fn run(app: &mut App, command: Command, argument: &str, out: &mut Vec<Cmd>) {
    match command {
        Command::Help => {
            app.overlay = Some(Overlay::Help);
            app.help_row = 0;
        }
        Command::Theme => {
            if app.themes.iter().any(|known| known == argument) {
                show_theme(app, argument.to_owned(), out);
            } else {
                toast(app, Weight::Warn, format!("there is no theme '{argument}'"));
            }
        }
        Command::Glyphs => match GlyphSet::from_name(argument) {
            Some(glyphs) => {
                app.glyphs = glyphs;
                out.push(Cmd::Glyphs(glyphs));
            }
            None => toast(app, Weight::Warn, "glyphs are unicode or ascii".into()),
        },
        Command::Symbol => match known_symbol(app, argument) {
            Some(symbol) => app.symbol = Some(symbol),
            None => toast(app, Weight::Warn, format!("'{argument}' is not watched")),
        },
        Command::CancelAll => desk::cancel_all(app, out),
        Command::Reduce => desk::reduce(app, out),
        Command::Kill => kill(app, out),
        Command::Resume => desk::risky(app, Question::Resume),
        Command::Flatten if argument.is_empty() => desk::risky(app, Question::Flatten(None)),
        Command::Flatten => match known_symbol(app, argument) {
            Some(symbol) => desk::risky(app, Question::Flatten(Some(symbol))),
            None => toast(app, Weight::Warn, format!("'{argument}' is not watched")),
        },
        Command::Reset => desk::reset(app, (!argument.is_empty()).then_some(argument)),
        Command::Write => out.push(Cmd::Page(Page::WriteFile(app.focus))),
        Command::Redraw => out.push(Cmd::Redraw),
        Command::Quit => desk::quit(app, out),
    }
}

fn known_symbol(app: &App, text: &str) -> Option<Symbol> {
    let symbol = Symbol::new(text).ok()?;
    app.facts.symbols.contains(&symbol).then_some(symbol)
}
