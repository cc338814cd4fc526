//! Names with their values, one a line: the name at the left, the value at the right,
//! between them a bar where the value has a limit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;
use unicode_width::UnicodeWidthStr as _;

use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::gauge::gauge;
use crate::ui::widgets::line::{Pen, put};
use crate::ui::widgets::table::Cell;

/// A bar shorter than this says nothing.
const BAR_MIN: u16 = 4;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    name: Cell<'a>,
    value: Cell<'a>,
    /// The part of a limit that is used, 0 to 1 and above.
    used: Option<Decimal>,
}

impl<'a> Field<'a> {
    /// A name, dimmed, and its value.
    pub fn new(name: &'static str, value: Cell<'a>) -> Self {
        Self::of(Cell::new(name, Meaning::Dim), value)
    }

    /// Two cells, one at each end.
    pub const fn of(name: Cell<'a>, value: Cell<'a>) -> Self {
        Self { name, value, used: None }
    }

    /// The same as one text, the name padded to so many columns.
    pub fn line(&self, name: usize) -> String {
        format!("{:<name$} {}", self.name.text(), self.value.text()).trim_end().to_owned()
    }

    /// The same with a bar between them.
    #[must_use]
    pub const fn with_bar(mut self, used: Option<Decimal>) -> Self {
        self.used = used;
        self
    }
}

/// Draws as many as find room. Bars of one area begin in the same column.
pub fn fields(scene: &Scene<'_>, lines: &[Field<'_>], area: Rect, buffer: &mut Buffer) {
    let wide = |cell: &Cell<'_>| u16::try_from(cell.text().width()).unwrap_or(u16::MAX);
    let barred = || lines.iter().filter(|line| line.used.is_some());
    let names = barred().map(|line| wide(&line.name)).max().unwrap_or(0).saturating_add(1);
    let values = barred().map(|line| wide(&line.value)).max().unwrap_or(0).saturating_add(1);
    for (line, area) in lines.iter().zip(area.rows()) {
        let mut pen = Pen::new(buffer, area);
        pen.write_right(line.value.text(), scene.style(line.value.meaning()));
        pen.write(line.name.text(), scene.style(line.name.meaning()));
        let Some(used) = line.used else { continue };
        let width = area.width.saturating_sub(names).saturating_sub(values);
        if width >= BAR_MIN {
            gauge(scene, used, Rect { x: area.x + names, width, ..area }, buffer);
        }
    }
    if lines.is_empty() {
        put(buffer, area, "-", scene.style(Meaning::Dim));
    }
}
