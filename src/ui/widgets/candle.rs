//! One candle in half blocks: two steps of price in each cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, GlyphSet, Level, Meaning};
use crate::ui::widgets::line::put;

/// Prices of one interval, in units of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// First price.
    pub open: i64,
    /// Highest price.
    pub high: i64,
    /// Lowest price.
    pub low: i64,
    /// Last price.
    pub close: i64,
}

/// Which row of a plot shows which price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// The price at the foot.
    pub low: i64,
    /// The price at the top.
    pub high: i64,
    /// Rows of the plot.
    pub rows: u16,
}

impl Scale {
    /// The half row of a price, from 0 at the foot; prices outside are held at the ends.
    fn half(&self, price: i64) -> i64 {
        let steps = i64::from(self.rows) * 2 - 1;
        let span = i128::from(self.high) - i128::from(self.low);
        if span <= 0 || steps <= 0 {
            return steps.max(0) / 2;
        }
        let above = (i128::from(price) - i128::from(self.low)).clamp(0, span);
        // To the nearest step.
        let step = (above * i128::from(steps) * 2 + span) / (span * 2);
        i64::try_from(step).unwrap_or(0)
    }

    /// The row of a price from the top, or `None` when it lies outside.
    pub fn row(&self, price: i64) -> Option<u16> {
        if self.rows == 0 || price < self.low || price > self.high {
            return None;
        }
        let from_foot = u16::try_from(self.half(price) / 2).ok()?;
        (self.rows - 1).checked_sub(from_foot)
    }

    /// The price in the middle of a row.
    pub fn price(&self, row: u16) -> i64 {
        let span = i128::from(self.high) - i128::from(self.low);
        let from_foot = i128::from(self.rows.saturating_sub(1).saturating_sub(row)) * 2 + 1;
        let above = span * from_foot / (i128::from(self.rows.max(1)) * 2);
        i64::try_from(i128::from(self.low) + above).unwrap_or(self.low)
    }
}

/// What fills half a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Nothing,
    Wick,
    Body,
}

/// Draws a candle into one column of a plot.
pub fn candle(scene: &Scene<'_>, bar: Candle, scale: Scale, column: Rect, buffer: &mut Buffer) {
    let rises = bar.close >= bar.open;
    let body = scale.half(bar.open.min(bar.close))..=scale.half(bar.open.max(bar.close));
    let wick = scale.half(bar.low)..=scale.half(bar.high);
    let fill = |half: i64| match (body.contains(&half), wick.contains(&half)) {
        (true, _) => Half::Body,
        (false, true) => Half::Wick,
        (false, false) => Half::Nothing,
    };
    let style = scene.style(if rises { Meaning::CandleUp } else { Meaning::CandleDown });
    for (row, cell) in (0..i64::from(scale.rows)).rev().zip(column.rows()) {
        let is_solid = rises || scene.theme.level() != Level::None;
        let sign = sign(scene.theme.glyphs(), is_solid, fill(row * 2 + 1), fill(row * 2));
        if let Some(sign) = sign {
            put(buffer, cell, sign, style);
        }
    }
}

/// Without colour a rising body is solid and a falling one is not.
const fn sign(set: GlyphSet, is_solid: bool, upper: Half, lower: Half) -> Option<&'static str> {
    let body = set.sign(if is_solid { Glyph::CandleUp } else { Glyph::CandleDown });
    match (set, upper, lower) {
        (_, Half::Nothing, Half::Nothing) => None,
        (_, Half::Body, Half::Body)
        | (GlyphSet::Ascii, Half::Body, _)
        | (GlyphSet::Ascii, _, Half::Body) => Some(body),
        (GlyphSet::Unicode, Half::Body, _) | (GlyphSet::Unicode, _, Half::Body) if !is_solid => {
            Some(body)
        }
        (GlyphSet::Ascii, _, _) | (GlyphSet::Unicode, Half::Wick, Half::Wick) => {
            Some(set.sign(Glyph::Wick))
        }
        (GlyphSet::Unicode, Half::Body, _) => Some("▀"),
        (GlyphSet::Unicode, _, Half::Body) => Some("▄"),
        (GlyphSet::Unicode, Half::Wick, Half::Nothing) => Some("╵"),
        (GlyphSet::Unicode, Half::Nothing, Half::Wick) => Some("╷"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_price_lies_at_the_foot_and_the_highest_at_the_top() {
        let scale = Scale { low: 100, high: 200, rows: 5 };
        for (price, row) in [(100, Some(4)), (200, Some(0)), (150, Some(2)), (99, None)] {
            assert_eq!(scale.row(price), row, "{price}");
        }
        assert_eq!((scale.price(0), scale.price(4)), (190, 110));
        let flat = Scale { low: 7, high: 7, rows: 3 };
        assert_eq!(flat.row(7), Some(1), "a flat market lies in the middle");
        assert_eq!(Scale { low: 1, high: 2, rows: 0 }.row(1), None);
    }

    #[test]
    fn rising_and_falling_bodies_differ_without_colour() {
        for set in [GlyphSet::Unicode, GlyphSet::Ascii] {
            let body = |rises| sign(set, rises, Half::Body, Half::Body);
            assert_ne!(body(true), body(false));
            assert_eq!(sign(set, true, Half::Nothing, Half::Nothing), None);
        }
    }
}
