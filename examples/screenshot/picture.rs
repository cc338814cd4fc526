//! A page of cells as SVG: one text per run of equal cells, lines and blocks as
//! shapes, so that they meet in every font.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

/// Size of a cell and of its letters, in pixels.
const WIDE: f64 = 8.4;
const HIGH: f64 = 18.0;
const FONT: f64 = 14.0;
/// Where letters stand in a cell.
const BASE: f64 = 13.5;
const MARGIN: f64 = 10.0;
/// What a terminal's own colours are taken to be.
const PAPER: [u8; 3] = [0x12, 0x14, 0x18];
const INK: [u8; 3] = [0xe6, 0xe6, 0xe6];

type Rgb = [u8; 3];

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: Rgb,
    paper: Rgb,
    is_bold: bool,
    is_underlined: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (mut ink, mut paper) = (rgb(cell.fg, INK), rgb(cell.bg, PAPER));
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut ink, &mut paper);
        }
        if cell.modifier.contains(Modifier::DIM) {
            ink = [0, 1, 2].map(|at| u8::midpoint(ink[at], paper[at]));
        }
        Self {
            ink,
            paper,
            is_bold: cell.modifier.contains(Modifier::BOLD),
            is_underlined: cell.modifier.contains(Modifier::UNDERLINED),
        }
    }
}

const fn rgb(colour: Color, own: Rgb) -> Rgb {
    // The picture is drawn at the level of any colour: nothing else is asked for.
    if let Color::Rgb(red, green, blue) = colour { [red, green, blue] } else { own }
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A box in a cell, as parts of its width and height.
type Part = [f64; 4];

/// The boxes that a sign is made of, and how dense they are.
fn shape(sign: &str) -> Option<(Vec<Part>, f64)> {
    let (thin, thick) = ((0.06, 0.14), (0.16, 0.2));
    let across = |(_, high): (f64, f64)| [0.0, 0.5 - high / 4.0, 1.0, high / 2.0];
    let left = |(wide, high): (f64, f64)| [0.0, 0.5 - high / 4.0, 0.5 + wide, high / 2.0];
    let right = |(wide, high): (f64, f64)| [0.5 - wide, 0.5 - high / 4.0, 0.5 + wide, high / 2.0];
    let upright = |(wide, _): (f64, f64)| [0.5 - wide, 0.0, wide * 2.0, 1.0];
    let up = |(wide, high): (f64, f64)| [0.5 - wide, 0.0, wide * 2.0, 0.5 + high / 4.0];
    let down =
        |(wide, high): (f64, f64)| [0.5 - wide, 0.5 - high / 4.0, wide * 2.0, 0.5 + high / 4.0];
    let eighths = |count: f64| vec![[0.0, 1.0 - count / 8.0, 1.0, count / 8.0]];
    let boxes = match sign {
        "─" => vec![across(thin)],
        "━" => vec![across(thick)],
        "│" => vec![upright(thin)],
        "┃" => vec![upright(thick)],
        "╵" => vec![[0.44, 0.0, 0.12, 0.5]],
        "╷" => vec![[0.44, 0.5, 0.12, 0.5]],
        "┌" => vec![right(thin), down(thin)],
        "┐" => vec![left(thin), down(thin)],
        "└" => vec![right(thin), up(thin)],
        "┘" => vec![left(thin), up(thin)],
        "┏" => vec![right(thick), down(thick)],
        "┓" => vec![left(thick), down(thick)],
        "┗" => vec![right(thick), up(thick)],
        "┛" => vec![left(thick), up(thick)],
        "█" => vec![[0.0, 0.0, 1.0, 1.0]],
        "▀" => vec![[0.0, 0.0, 1.0, 0.5]],
        "▄" => eighths(4.0),
        "▌" => vec![[0.0, 0.0, 0.5, 1.0]],
        "▐" => vec![[0.5, 0.0, 0.5, 1.0]],
        "▁" => eighths(1.0),
        "▂" => eighths(2.0),
        "▃" => eighths(3.0),
        "▅" => eighths(5.0),
        "▆" => eighths(6.0),
        "▇" => eighths(7.0),
        "▒" => return Some((vec![[0.0, 0.0, 1.0, 1.0]], 0.5)),
        _ => return None,
    };
    Some((boxes, 1.0))
}

/// Writes a page.
pub(crate) fn svg(buffer: &Buffer) -> String {
    let area = buffer.area;
    let (width, height) = (f64::from(area.width) * WIDE, f64::from(area.height) * HIGH);
    let (width, height) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let mut page = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"{FONT}\">\n\
         <title>The cockpit of FlightDeck: a seeded run on the embedded market</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n",
        hex(PAPER)
    );
    let mut shapes: BTreeMap<(String, u8), String> = BTreeMap::new();
    let mut texts = String::new();
    for row in area.rows() {
        let cells: Vec<&Cell> =
            row.columns().filter_map(|place| buffer.cell(place.as_position())).collect();
        let mut at = 0;
        while at < cells.len() {
            let look = Look::of(cells[at]);
            let is_shape = shape(cells[at].symbol()).is_some();
            let is_same = |cell: &&&Cell| {
                Look::of(cell) == look && shape(cell.symbol()).is_some() == is_shape
            };
            let run = cells[at..].iter().take_while(is_same).count();
            let part = &cells[at..at + run];
            let place = Place { column: at, row, cells: run };
            paper(&mut page, look, place);
            if is_shape {
                draw_shapes(&mut shapes, look, place, part);
            } else {
                draw_text(&mut texts, look, place, part);
            }
            at += run;
        }
    }
    for ((ink, opacity), path) in shapes {
        let opacity =
            if opacity < 10 { format!(" fill-opacity=\".{opacity}\"") } else { String::new() };
        let _ = writeln!(page, "<path fill=\"{ink}\"{opacity} d=\"{path}\"/>");
    }
    page.push_str(&texts);
    page.push_str("</svg>\n");
    page
}

/// Where a run lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    column: usize,
    row: Rect,
    cells: usize,
}

impl Place {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred columns")]
    fn x(&self, further: usize) -> f64 {
        MARGIN + (self.column + further) as f64 * WIDE
    }

    fn y(&self) -> f64 {
        MARGIN + f64::from(self.row.y) * HIGH
    }
}

fn paper(page: &mut String, look: Look, place: Place) {
    if look.paper != PAPER {
        let (x, y, width) = (place.x(0), place.y(), place.x(place.cells) - place.x(0));
        let fill = hex(look.paper);
        let _ = writeln!(
            page,
            "<rect x=\"{x:.1}\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"{HIGH}\" fill=\"{fill}\"/>"
        );
    }
}

fn draw_shapes(
    shapes: &mut BTreeMap<(String, u8), String>,
    look: Look,
    place: Place,
    cells: &[&Cell],
) {
    let mut at = 0;
    while at < cells.len() {
        let sign = cells[at].symbol();
        let run = cells[at..].iter().take_while(|cell| cell.symbol() == sign).count();
        let Some((boxes, density)) = shape(sign) else { return };
        let opacity = if density < 1.0 { 5 } else { 10 };
        let path = shapes.entry((hex(look.ink), opacity)).or_default();
        for [left, top, width, height] in boxes {
            // Boxes that reach from side to side become one.
            let is_whole = left == 0.0 && width >= 1.0;
            let steps = if is_whole { 1 } else { run };
            for step in 0..steps {
                let (x, y) = (place.x(at + step) + left * WIDE, place.y() + top * HIGH);
                let wide = if is_whole { place.x(at + run) - place.x(at) } else { width * WIDE };
                let high = height * HIGH;
                let _ = write!(path, "M{x:.1} {y:.1}h{wide:.1}v{high:.1}h-{wide:.1}z");
            }
        }
        at += run;
    }
}

/// Spaces part a run: what stands between two of them keeps its place in every font.
fn draw_text(texts: &mut String, look: Look, place: Place, cells: &[&Cell]) {
    let is_blank = |cell: &Cell| cell.symbol() == " ";
    let mut at = 0;
    while at < cells.len() {
        if is_blank(cells[at]) {
            at += 1;
            continue;
        }
        // One space belongs to a sentence, two are a gap.
        let gap = |from: usize| {
            let is_gap = |at: usize| {
                is_blank(cells[at]) && cells.get(at + 1).is_none_or(|next| is_blank(next))
            };
            (from..cells.len()).find(|at| is_gap(*at)).unwrap_or(cells.len())
        };
        let end = gap(at);
        let words: String = cells[at..end].iter().map(|cell| cell.symbol()).collect();
        let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (x, y, length) = (place.x(at), place.y() + BASE, place.x(end) - place.x(at));
        let bold = if look.is_bold { " font-weight=\"bold\"" } else { "" };
        let line = if look.is_underlined { " text-decoration=\"underline\"" } else { "" };
        let _ = writeln!(
            texts,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" fill=\"{}\"{bold}{line}>{words}</text>",
            hex(look.ink)
        );
        at = end;
    }
}
