//! The panes of the cockpit, one file each: pure functions of what they show.
//!
//! A new pane is a file and a line in [`PANELS`].

mod agents;
pub(in crate::ui) mod breakers;
pub(in crate::ui) mod cards;
mod chart;
pub(in crate::ui) mod decision;
mod depth;
pub(in crate::ui) mod events;
mod exposure;
pub(in crate::ui) mod intel;
pub(in crate::ui) mod limits;
pub(in crate::ui) mod machine;
pub(in crate::ui) mod orders;
mod positions;
pub(in crate::ui) mod record;
mod system;
mod tape;
mod safety;
pub(in crate::ui) mod trades;
pub(in crate::ui) mod watchlist;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::scene::Scene;
use crate::ui::state::Pane;

/// Draws a pane into an area.
pub type Panel = fn(&Scene<'_>, Rect, &mut Buffer);

/// Which function draws which pane.
pub const PANELS: &[(Pane, Panel)] = &[
    (Pane::Agents, agents::draw),
    (Pane::Watchlist, watchlist::draw),
    (Pane::Chart, chart::draw),
    (Pane::Tape, tape::draw),
    (Pane::Trades, trades::draw),
    (Pane::Positions, positions::draw),
    (Pane::Orders, orders::draw),
    (Pane::Events, events::draw),
    (Pane::Breakers, breakers::draw),
    (Pane::Limits, limits::draw),
    (Pane::Decision, decision::draw),
    (Pane::Intel, intel::draw),
    (Pane::System, system::draw),
];

/// Draws a pane by its name.
pub fn draw(pane: Pane, scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    if let Some((_, panel)) = PANELS.iter().find(|(known, _)| *known == pane) {
        panel(scene, area, buffer);
    }
}
