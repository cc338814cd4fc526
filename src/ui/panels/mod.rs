//! The panes of the cockpit, one file each: pure functions of what they show.
//!
//! A new pane is a file and a line in [`PANELS`].

pub(in crate::ui) mod breakers;
mod events;
mod intel;
mod orders;
mod pending;
mod positions;
mod trades;
pub(in crate::ui) mod watchlist;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::scene::Scene;
use crate::ui::state::Pane;

/// Draws a pane into an area.
pub type Panel = fn(&Scene<'_>, Rect, &mut Buffer);

/// Which function draws which pane.
pub const PANELS: &[(Pane, Panel)] = &[
    (Pane::Agents, pending::agents),
    (Pane::Watchlist, watchlist::draw),
    (Pane::Chart, pending::chart),
    (Pane::Trades, trades::draw),
    (Pane::Positions, positions::draw),
    (Pane::Orders, orders::draw),
    (Pane::Events, events::draw),
    (Pane::Breakers, breakers::draw),
    (Pane::Limits, pending::limits),
    (Pane::Decision, pending::decision),
    (Pane::Intel, intel::draw),
    (Pane::System, pending::system),
];

/// Draws a pane by its name.
pub fn draw(pane: Pane, scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    if let Some((_, panel)) = PANELS.iter().find(|(known, _)| *known == pane) {
        panel(scene, area, buffer);
    }
}
