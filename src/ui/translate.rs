//! From the terminal's events to messages that the rules understand.

use ratatui::crossterm::event::{Event, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};

use crate::ui::keymap::Chord;
use crate::ui::layout::Plan;
use crate::ui::state::App;
use crate::ui::update::Msg;

/// Rows that one step of the wheel moves.
const WHEEL: isize = 3;

/// What a terminal's event means on the page that is shown. A new size means nothing
/// to the rules: the next frame sees it.
pub(super) fn translate(event: Event, plan: Option<&Plan>, app: &App) -> Option<Msg> {
    match event {
        Event::Key(key) => match key.kind {
            KeyEventKind::Release => None,
            kind @ (KeyEventKind::Press | KeyEventKind::Repeat) => {
                Some(Msg::Key { chord: Chord::from(key), is_repeat: kind == KeyEventKind::Repeat })
            }
        },
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::FocusGained => Some(Msg::FocusGained),
        Event::FocusLost => Some(Msg::FocusLost),
        Event::Resize(..) => None,
        Event::Mouse(mouse) => pointed(mouse, plan?, app),
    }
}

fn pointed(mouse: MouseEvent, plan: &Plan, app: &App) -> Option<Msg> {
    match mouse.kind {
        MouseEventKind::ScrollDown => Some(Msg::Scrolled(WHEEL)),
        MouseEventKind::ScrollUp => Some(Msg::Scrolled(-WHEEL)),
        MouseEventKind::Down(MouseButton::Left) => {
            let (pane, area) = plan.pane_at(mouse.column, mouse.row)?;
            // Frame and heading stand above the first row; what is scrolled away
            // stands above that.
            let below = mouse.row.checked_sub(area.y + 2).map(usize::from);
            let height = usize::from(area.height.saturating_sub(3));
            let rows = app.picture.rows.get(&pane).copied().unwrap_or(0);
            let seen = crate::ui::widgets::window(rows, app.row(pane), height);
            let row = below.map(|below| seen.start + below).filter(|row| *row < seen.end);
            Some(Msg::Clicked { pane, row })
        }
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => None,
    }
}
