//! A bar that shows how much of a limit is used.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::line::Pen;

/// Above this part of a limit a bar warns.
const NEAR: Decimal = Decimal::from_parts(8, 0, 0, false, 1);

/// Draws a bar over the whole width of an area's first line. `used` is the part of
/// the limit, 0 to 1 and above.
pub fn gauge(scene: &Scene<'_>, used: Decimal, area: Rect, buffer: &mut Buffer) {
    let width = area.width;
    let part = used.clamp(Decimal::ZERO, Decimal::ONE);
    // Rounded up: what is used is seen, however little it is.
    let full = part.checked_mul(Decimal::from(width)).and_then(|full| full.ceil().to_u16());
    let full = full.unwrap_or(width).min(width);
    let meaning = if used > Decimal::ONE {
        Meaning::Trip
    } else if used >= NEAR {
        Meaning::Warn
    } else {
        Meaning::Ok
    };
    let (border, style) = (scene.style(Meaning::Gauge), scene.style(meaning));
    let mut pen = Pen::new(buffer, area);
    pen.write(&scene.sign(Glyph::BarFull).repeat(usize::from(full)), style);
    pen.write(&scene.sign(Glyph::BarEmpty).repeat(usize::from(width - full)), border);
}
