//! Candles of the shown symbol with our entry, stop, target and fills; beside them,
//! where there is room, the best bid and offer.
//!
//! The interval is the pane's sorting column, how far one looks back is its cursor: so
//! the keys of lists do here what they do elsewhere, and the screen has no other state.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::domain::money::Price;
use crate::domain::order::Side;
use crate::domain::time::Timestamp;
use crate::ui::format;
use crate::ui::panels::depth;
use crate::ui::scene::Scene;
use crate::ui::state::{App, Pane};
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Candle, Heading, Pen, Scale, candle, framed, put, sparkline};
use crate::view::{Chart, ChartBar, WatchRow};

/// Minutes of a candle that can be chosen.
const MINUTES: [i64; 4] = [1, 5, 15, 60];
/// From this width on the depth finds room beside the candles.
const DEPTH_FROM: u16 = 78;
const DEPTH_WIDTH: u16 = 30;
/// Columns between two times of the axis.
const TIME_EVERY: u16 = 12;

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let symbol = scene.app.shown_symbol();
    let minutes = interval(scene.app);
    let row = symbol.and_then(|symbol| scene.snapshot.quote(symbol));
    let name = match symbol {
        Some(symbol) => format!("{symbol} {minutes}m"),
        None => Pane::Chart.name().to_owned(),
    };
    let chart = symbol.and_then(|symbol| scene.snapshot.chart(symbol));
    let heading = Heading {
        name: &name,
        note: &note(scene, row),
        filter: None,
        is_focused: scene.app.focus == Pane::Chart,
    };
    let mut inside = framed(scene, heading, area, buffer);
    if inside.is_empty() {
        return;
    }
    let Some(row) = row else {
        put(buffer, inside, "no symbol is watched yet", scene.style(Meaning::Dim));
        return;
    };
    if inside.width >= DEPTH_FROM {
        let width = inside.width - DEPTH_WIDTH;
        let place = Rect { x: inside.x + width + 1, width: DEPTH_WIDTH - 1, ..inside };
        depth::draw(scene, row, place, buffer);
        inside.width = width;
    }
    match chart.filter(|chart| !chart.bars.is_empty()) {
        Some(chart) => plot(scene, row, chart, inside, buffer),
        None => without_bars(scene, row, inside, buffer),
    }
}

fn interval(app: &App) -> i64 {
    let chosen = app.sorts.get(&Pane::Chart).map_or(0, |sort| sort.column % MINUTES.len());
    MINUTES.get(chosen).copied().unwrap_or(1)
}

/// The newest price and its change, and how far back one looks.
fn note(scene: &Scene<'_>, row: Option<&WatchRow>) -> String {
    let Some(row) = row else { return String::new() };
    let change = row.change().map(|change| scene.sign(format::trend(change).0)).unwrap_or_default();
    let ratio = row.change_ratio().map(|ratio| format::percent(ratio, 2)).unwrap_or_default();
    let back = match scene.app.row(Pane::Chart) {
        0 => String::new(),
        back => format!("  back {back}"),
    };
    format!("{} {change}{ratio}{back}", format::maybe_price(row.last))
}

fn without_bars(scene: &Scene<'_>, row: &WatchRow, area: Rect, buffer: &mut Buffer) {
    put(buffer, area, "no bars yet", scene.style(Meaning::Dim));
    let line = Rect { y: area.y + 1, height: 1, ..area };
    if area.height > 1 {
        let spark = sparkline(row.spark.iter(), usize::from(area.width), scene.theme.glyphs());
        put(buffer, line, &spark, scene.style(Meaning::Dim));
    }
}

/// The parts of a plot, all of one width but the axis.
struct Parts {
    candles: Rect,
    prices: Rect,
    volume: Rect,
    times: Rect,
}

fn parts(area: Rect, axis: u16) -> Parts {
    let times = u16::from(area.height >= 7);
    let volume = u16::from(area.height >= 9) + u16::from(area.height >= 16);
    let width = area.width.saturating_sub(axis);
    let height = area.height - times - volume;
    let candles = Rect { width, height, ..area };
    Parts {
        candles,
        prices: Rect { x: area.x + width, width: axis.min(area.width), ..candles },
        volume: Rect { y: candles.bottom(), height: volume, ..candles },
        times: Rect { y: candles.bottom() + volume, height: times, ..candles },
    }
}

fn plot(scene: &Scene<'_>, row: &WatchRow, chart: &Chart, area: Rect, buffer: &mut Buffer) {
    let newest = chart.bars.back().map_or(0, |bar| bar.close.units());
    let axis = Price::from_units(newest).map_or(9, |price| format::price(price).width() + 2);
    let axis = u16::try_from(axis.max(8)).unwrap_or(9);
    if area.width < axis + 8 {
        return without_bars(scene, row, area, buffer);
    }
    let parts = parts(area, axis);
    let minutes = interval(scene.app);
    let bars = visible(chart, minutes, scene.app.row(Pane::Chart), parts.candles.width);
    let Some(scale) = scale(&bars, chart, parts.candles.height) else { return };
    levels(scene, chart, scale, &parts, buffer);
    let first = parts.candles.right() - u16::try_from(bars.len()).unwrap_or(parts.candles.width);
    for (x, bar) in (first..).zip(&bars) {
        let column = Rect { x, width: 1, ..parts.candles };
        let prices = [bar.open, bar.high, bar.low, bar.close].map(Price::units);
        let [open, high, low, close] = prices;
        candle(scene, Candle { open, high, low, close }, scale, column, buffer);
    }
    marks(scene, chart, (&bars, minutes), (scale, first, parts.candles), buffer);
    prices(scene, row, chart, scale, parts.prices, buffer);
    volumes(scene, &bars, first, parts.volume, buffer);
    times(scene, &bars, first, parts.times, buffer);
}

/// The newest bars but `back`, as many as find room, put together by interval.
fn visible(chart: &Chart, minutes: i64, back: usize, width: u16) -> Vec<ChartBar> {
    let each = usize::try_from(minutes).unwrap_or(1);
    let end = chart.bars.len().saturating_sub(back.saturating_mul(each)).max(1);
    // One more than is shown: the first one may be cut.
    let wanted = (usize::from(width) + 1).saturating_mul(each);
    let bars = chart.bars.range(end.saturating_sub(wanted)..end.min(chart.bars.len()));
    let mut made: Vec<ChartBar> = Vec::with_capacity(usize::from(width) + 2);
    for bar in bars {
        match made.last_mut() {
            Some(last) if slot(last.start, minutes) == slot(bar.start, minutes) => {
                last.high = last.high.max(bar.high);
                last.low = last.low.min(bar.low);
                last.close = bar.close;
                last.volume = last.volume.saturating_add(bar.volume);
            }
            Some(_) | None => made.push(*bar),
        }
    }
    let extra = made.len().saturating_sub(usize::from(width));
    made.drain(..extra);
    made
}

/// Which interval of the day an instant is in.
fn slot(at: Timestamp, minutes: i64) -> i64 {
    at.as_nanos().div_euclid(minutes.max(1) * 60_000_000_000)
}

/// From the lowest to the highest price, and to our levels where these are not so far
/// away that the candles would become flat.
fn scale(bars: &[ChartBar], chart: &Chart, rows: u16) -> Option<Scale> {
    let mut low = bars.iter().map(|bar| bar.low.units()).min()?;
    let mut high = bars.iter().map(|bar| bar.high.units()).max()?;
    let reach = (high - low) / 2;
    let (least, most) = (low - reach, high + reach);
    if let Some(levels) = chart.levels {
        for level in [levels.entry, levels.stop, levels.target].map(Price::units) {
            if (least..=most).contains(&level) {
                low = low.min(level);
                high = high.max(level);
            }
        }
    }
    Some(Scale { low, high, rows })
}

/// Word, meaning and price of our levels.
fn our_levels(chart: &Chart) -> Vec<(&'static str, Meaning, Price)> {
    let Some(levels) = chart.levels else { return Vec::new() };
    vec![
        ("entry", Meaning::Entry, levels.entry),
        ("stop", Meaning::Stop, levels.stop),
        ("target", Meaning::Target, levels.target),
    ]
}

/// Lines with a word at the left.
fn levels(scene: &Scene<'_>, chart: &Chart, scale: Scale, parts: &Parts, buffer: &mut Buffer) {
    let area = parts.candles;
    for (word, meaning, price) in our_levels(chart) {
        let style = scene.style(meaning);
        if let Some(row) = scale.row(price.units()) {
            let line = Rect { y: area.y + row, height: 1, ..area };
            let dashes = scene.sign(Glyph::Level).repeat(usize::from(area.width));
            put(buffer, line, &dashes, style);
            put(buffer, line, word, style);
        }
    }
}

/// Own fills: `B` and `S` at their price, in the candle of their time.
fn marks(
    scene: &Scene<'_>,
    chart: &Chart,
    (bars, minutes): (&[ChartBar], i64),
    (scale, first, area): (Scale, u16, Rect),
    buffer: &mut Buffer,
) {
    for mark in &chart.marks {
        // The bar of a fill is complete a minute later: until then the newest one has it.
        let wanted = slot(mark.at, minutes);
        let newest = bars.last().is_some_and(|bar| slot(bar.start, minutes) < wanted);
        let at = if newest && scene.app.row(Pane::Chart) == 0 {
            bars.len().checked_sub(1)
        } else {
            bars.iter().position(|bar| slot(bar.start, minutes) == wanted)
        };
        let Some((at, row)) = at.zip(scale.row(mark.price.units())) else { continue };
        let Ok(at) = u16::try_from(at) else { continue };
        let letter = match mark.side {
            Side::Buy => "B",
            Side::Sell => "S",
        };
        let place = Rect { x: first + at, y: area.y + row, width: 1, height: 1 };
        put(buffer, place.intersection(area), letter, scene.style(Meaning::Selection));
    }
}

/// The axis at the right: round rows, then our levels, then the newest price.
fn prices(
    scene: &Scene<'_>,
    row: &WatchRow,
    chart: &Chart,
    scale: Scale,
    area: Rect,
    buffer: &mut Buffer,
) {
    let wick = scene.sign(Glyph::Wick);
    for at in 0..area.height {
        match Price::from_units(scale.price(at)).ok().and_then(cents) {
            Some(price) if at % 3 == 1 => {
                label(scene, (area, at), (price, wick), Meaning::Gauge, buffer);
            }
            Some(_) | None => {
                let place = Rect { y: area.y + at, height: 1, ..area };
                put(buffer, place, wick, scene.style(Meaning::Gauge));
            }
        }
    }
    for (word, meaning, price) in our_levels(chart) {
        let level = scene.sign(Glyph::Level);
        // A level outside stands at the edge, with its initial and which way it lies.
        let letter = word.chars().next().unwrap_or(' ').to_ascii_uppercase();
        let (at, mark) = match scale.row(price.units()) {
            Some(at) => (at, level.to_owned()),
            None if price.units() > scale.high => (0, format!("{letter}{}", scene.sign(Glyph::Up))),
            None => {
                let foot = area.height.saturating_sub(1);
                (foot, format!("{letter}{}", scene.sign(Glyph::Down)))
            }
        };
        label(scene, (area, at), (price, &mark), meaning, buffer);
    }
    if let Some((last, at)) = row.last.and_then(|last| Some((last, scale.row(last.units())?))) {
        label(scene, (area, at), (last, scene.sign(Glyph::Own)), Meaning::Selection, buffer);
    }
}

/// A price at a row of the axis, after a mark.
fn label(
    scene: &Scene<'_>,
    (area, at): (Rect, u16),
    (price, mark): (Price, &str),
    meaning: Meaning,
    buffer: &mut Buffer,
) {
    let line = Rect { y: area.y + at, height: 1, ..area };
    let width = usize::from(area.width).saturating_sub(mark.width());
    let text = format!("{mark}{:>width$}", format::price(price));
    put(buffer, line, &text, scene.style(meaning));
}

/// Prices of the axis have cents; a part of a cent on an axis tells nothing.
fn cents(price: Price) -> Option<Price> {
    Price::from_decimal(price.to_decimal().round_dp(2)).ok()
}

fn volumes(scene: &Scene<'_>, bars: &[ChartBar], first: u16, area: Rect, buffer: &mut Buffer) {
    let most = bars.iter().map(|bar| bar.volume).max().unwrap_or(0);
    if area.is_empty() || most == 0 {
        return;
    }
    let steps = scene.theme.glyphs().steps();
    let full = u64::from(area.height) * 8;
    for (x, bar) in (first..).zip(bars) {
        let height = u128::from(bar.volume) * u128::from(full) / u128::from(most);
        let mut left = usize::try_from(height).unwrap_or(0).max(usize::from(bar.volume > 0));
        for row in (0..area.height).rev() {
            let Some(step) = left.min(8).checked_sub(1).and_then(|at| steps.get(at)) else { break };
            let place = Rect { x, y: area.y + row, width: 1, height: 1 };
            put(buffer, place, step, scene.style(Meaning::Dim));
            left = left.saturating_sub(8);
        }
    }
    let most = format!("vol {}", format::count(most));
    let room = Rect { height: 1, width: (first - area.x).min(area.width), ..area };
    put(buffer, room, &most, scene.style(Meaning::Dim));
}

fn times(scene: &Scene<'_>, bars: &[ChartBar], first: u16, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let style = scene.style(Meaning::Gauge);
    for (at, bar) in bars.iter().enumerate().step_by(usize::from(TIME_EVERY)) {
        let Ok(at) = u16::try_from(at) else { return };
        let mut pen =
            Pen::new(buffer, Rect { x: first + at, width: area.right() - first - at, ..area });
        if pen.room() >= 6 {
            pen.write(scene.sign(Glyph::Wick), style).write(&format::clock_short(bar.start), style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(minutes: u32) -> Chart {
        let price = |cents| Price::from_cents(cents).unwrap();
        let bars = (0..minutes).map(|minute| ChartBar {
            start: Timestamp::from_seconds(i64::from(minute) * 60),
            open: price(10_000 + i64::from(minute)),
            high: price(10_005 + i64::from(minute)),
            low: price(9_995 + i64::from(minute)),
            close: price(10_001 + i64::from(minute)),
            volume: 100,
        });
        Chart { bars: bars.collect(), ..Chart::default() }
    }

    #[test]
    fn minutes_are_put_together_and_the_newest_are_shown() {
        let chart = chart(60);
        let five = visible(&chart, 5, 0, 4);
        assert_eq!(five.len(), 4);
        let last = five.last().unwrap();
        let price = |cents| Price::from_cents(cents).unwrap();
        assert_eq!((last.open, last.volume), (price(10_055), 500));
        assert_eq!(last.close, price(10_060));
        let back = visible(&chart, 1, 10, 4);
        assert_eq!(back.last().unwrap().start, Timestamp::from_seconds(49 * 60));
        assert_eq!(visible(&chart, 1, 5_000, 4).len(), 1, "the oldest stays in sight");
    }

    #[test]
    fn a_level_that_is_far_away_does_not_flatten_the_candles() {
        let mut chart = chart(10);
        let bars = visible(&chart, 1, 0, 10);
        let near = scale(&bars, &chart, 10).unwrap();
        let price = |cents| Price::from_cents(cents).unwrap();
        let levels = |stop, target| crate::view::Levels {
            entry: price(10_000),
            stop: price(stop),
            target: price(target),
        };
        chart.levels = Some(levels(5_000, 20_000));
        assert_eq!(scale(&bars, &chart, 10), Some(near));
        chart.levels = Some(levels(9_990, 10_020));
        assert_eq!(scale(&bars, &chart, 10).unwrap().low, price(9_990).units());
    }
}
