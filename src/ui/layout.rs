//! Where each pane lies, by the size of the terminal: panes are dropped when it
//! shrinks, never clipped. Knows no content.

use ratatui::layout::Rect;

use crate::ui::state::{App, Pane, Tab};

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Below 40x10: mode, breakers and the kill key in three lines.
    Tiny,
    /// 40x10 and up: one pane at a time.
    Single,
    /// 80x24 and up: the desk with short panes.
    Small,
    /// 120x30 and up: the whole desk.
    Full,
    /// 160x45 and up: the desk with wide panes.
    Wide,
}

impl Size {
    /// The size of an area. Both sides must be there: a long, flat terminal is flat.
    pub const fn of(area: Rect) -> Self {
        if area.width < 40 || area.height < 10 {
            Self::Tiny
        } else if area.width < 80 || area.height < 24 {
            Self::Single
        } else if area.width < 120 || area.height < 30 {
            Self::Small
        } else if area.width < 160 || area.height < 45 {
            Self::Full
        } else {
            Self::Wide
        }
    }
}

/// Where everything lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How much room there is.
    pub size: Size,
    /// Mode, account, money, clock.
    pub header: Rect,
    /// Tabs and breaker lights.
    pub tabs: Rect,
    /// The panes that are shown, in the order of the focus.
    pub panes: Vec<(Pane, Rect)>,
    /// Newest message, cost of drawing.
    pub status: Rect,
    /// Keys.
    pub footer: Rect,
}

impl Plan {
    /// The pane under a place on the screen, and where it lies.
    pub fn pane_at(&self, column: u16, row: u16) -> Option<(Pane, Rect)> {
        let place = ratatui::layout::Position::new(column, row);
        self.panes.iter().copied().find(|(_, area)| area.contains(place))
    }
}

/// Lays out the page that the state asks for.
pub fn plan(area: Rect, app: &App) -> Plan {
    let size = Size::of(area);
    let row = |at: u16| Rect { y: area.y + at, height: 1, ..area };
    if size == Size::Tiny {
        let line = |at: u16| row(at).intersection(area);
        return Plan {
            size,
            header: line(0),
            tabs: line(1),
            panes: Vec::new(),
            status: Rect { height: 0, ..area },
            footer: line(2),
        };
    }
    let body = Rect { y: area.y + 2, height: area.height - 4, ..area };
    let panes = if app.is_zoomed || size == Size::Single {
        vec![(app.focus, body)]
    } else {
        match app.tab {
            Tab::Desk => desk(size, body),
            Tab::Trades => shares(&[(Pane::Trades, 1), (Pane::Decision, 2)], body, false),
            Tab::Orders => shares(&[(Pane::Orders, 3), (Pane::Positions, 2)], body, false),
            Tab::Risk => shares(&[(Pane::Breakers, 1), (Pane::Limits, 3)], body, false),
            Tab::Chart => chart(size, body),
            Tab::Events => vec![(Pane::Events, body)],
            Tab::Intel => vec![(Pane::Intel, body)],
            Tab::System => vec![(Pane::System, body)],
        }
    };
    Plan {
        size,
        header: row(0),
        tabs: row(1),
        panes,
        status: row(area.height - 2),
        footer: row(area.height - 1),
    }
}

/// Cards 7, positions and orders 8, events 7 lines; the market takes the rest.
fn desk(size: Size, body: Rect) -> Vec<(Pane, Rect)> {
    let band = |top: u16, height: u16| Rect { y: body.y + top, height, ..body };
    if size == Size::Small {
        // Agents 7, events 6; watchlist and orders share the rest.
        let middle = body.height - 13;
        let mut panes = vec![(Pane::Agents, band(0, 7))];
        let left = [(Pane::Watchlist, 36), (Pane::Orders, 44)];
        panes.extend(shares(&left, band(7, middle), true));
        panes.push((Pane::Events, band(7 + middle, 6)));
        return panes;
    }
    let (cards, holdings) = (7, 8);
    // Tall terminals give the events a third of what is left over.
    let rest = body.height - cards - holdings;
    let events = (rest / 3).max(4);
    let market = rest - events;
    let mut panes = vec![(Pane::Agents, band(0, cards))];
    let row = band(cards, market);
    if size == Size::Wide {
        let columns =
            [(Pane::Watchlist, 36), (Pane::Chart, 46), (Pane::Tape, 33), (Pane::Trades, 40)];
        panes.extend(shares(&columns, row, true));
    } else {
        let columns = [(Pane::Watchlist, 37), (Pane::Chart, 43), (Pane::Trades, 40)];
        panes.extend(shares(&columns, row, true));
    }
    let halves = [(Pane::Positions, 1), (Pane::Orders, 1)];
    panes.extend(shares(&halves, band(cards + market, holdings), true));
    panes.push((Pane::Events, band(cards + market + holdings, events)));
    panes
}

/// The chart, beside it the symbols; where there is room, the prints below these.
fn chart(size: Size, body: Rect) -> Vec<(Pane, Rect)> {
    let mut panes = shares(&[(Pane::Chart, 3), (Pane::Watchlist, 1)], body, true);
    if size >= Size::Full
        && let Some((_, side)) = panes.pop()
    {
        panes.extend(shares(&[(Pane::Watchlist, 3), (Pane::Tape, 2)], side, false));
    }
    panes
}

/// Divides an area among panes by weight; the last takes what rounding leaves.
fn shares(parts: &[(Pane, u16)], area: Rect, is_row: bool) -> Vec<(Pane, Rect)> {
    let total = u32::from(parts.iter().map(|(_, weight)| *weight).sum::<u16>().max(1));
    let length = if is_row { area.width } else { area.height };
    let mut at = 0;
    let mut panes = Vec::with_capacity(parts.len());
    for (number, (pane, weight)) in parts.iter().enumerate() {
        let share = u32::from(length) * u32::from(*weight) / total;
        let is_last = number + 1 == parts.len();
        let share = if is_last { length - at } else { u16::try_from(share).unwrap_or(length) };
        let lies = if is_row {
            Rect { x: area.x + at, width: share, ..area }
        } else {
            Rect { y: area.y + at, height: share, ..area }
        };
        panes.push((*pane, lies));
        at += share;
    }
    panes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ui::keymap::Keymap;
    use crate::ui::theme::GlyphSet;

    fn app(tab: Tab) -> App {
        let keymap = Arc::new(Keymap::shipped());
        let mut app = App::new(keymap, Arc::from([]), "classic", GlyphSet::Unicode);
        app.tab = tab;
        app.focus = tab.panes()[0];
        app
    }

    #[test]
    fn the_size_decides_what_is_shown() {
        for (width, height, size, panes) in [
            (160, 45, Size::Wide, 8),
            (159, 60, Size::Full, 7),
            (120, 40, Size::Full, 7),
            (119, 40, Size::Small, 4),
            (80, 24, Size::Small, 4),
            (79, 24, Size::Single, 1),
            (40, 10, Size::Single, 1),
            (39, 10, Size::Tiny, 0),
            (200, 9, Size::Tiny, 0),
        ] {
            let plan = plan(Rect::new(0, 0, width, height), &app(Tab::Desk));
            assert_eq!((plan.size, plan.panes.len()), (size, panes), "{width}x{height}");
        }
    }

    #[test]
    fn panes_fill_the_page_and_never_overlap_at_any_size() {
        for tab in Tab::ALL {
            for (width, height) in
                (40..=200).step_by(7).flat_map(|w| (10..=60).step_by(3).map(move |h| (w, h)))
            {
                let area = Rect::new(0, 0, width, height);
                let plan = plan(area, &app(tab));
                let covered: u32 = plan.panes.iter().map(|(_, area)| area.area()).sum();
                let body = u32::from(width) * u32::from(height - 4);
                assert_eq!(covered, body, "{tab:?} {width}x{height}");
                for (at, (pane, one)) in plan.panes.iter().enumerate() {
                    assert!(one.height > 0 && one.width > 0, "{pane:?} {width}x{height}");
                    assert_eq!(one.intersection(area), *one);
                    for (_, other) in &plan.panes[at + 1..] {
                        assert!(!one.intersects(*other), "{tab:?} {width}x{height}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_tiny_terminal_has_no_row_outside_itself() {
        for (width, height) in [(1, 1), (20, 5), (39, 2), (1, 60)] {
            let area = Rect::new(0, 0, width, height);
            let plan = plan(area, &app(Tab::Desk));
            for line in [plan.header, plan.tabs, plan.status, plan.footer] {
                assert_eq!(line.intersection(area).area(), line.area(), "{width}x{height}");
            }
        }
    }

    #[test]
    fn a_zoomed_pane_fills_the_page_and_is_found_by_a_click() {
        let mut app = app(Tab::Desk);
        app.is_zoomed = true;
        app.focus = Pane::Orders;
        let plan = plan(Rect::new(0, 0, 120, 40), &app);
        assert_eq!(plan.pane_at(3, 20), Some((Pane::Orders, Rect::new(0, 2, 120, 36))));
        assert_eq!(plan.pane_at(3, 0), None);
    }
}
