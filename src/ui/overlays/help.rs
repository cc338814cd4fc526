//! Every key, from the one table: in as many columns as find room, broken and not cut,
//! and scrolled by the keys of lists.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::ui::keymap::{Action, Context, Keymap};
use crate::ui::overlays::popup::{Look, popup};
use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Line, Pen, broken, column_width, columns};

/// The least width of a column.
const COLUMN: u16 = 56;
/// The most that one column is wide: eyes lose the line in a wider one.
const COLUMN_MAX: u16 = 76;
/// Columns for the keys; those that need more go on below.
const KEYS: usize = 15;

/// One line of the help.
struct Row {
    /// The keys; empty where the words above go on, and before a heading.
    keys: String,
    words: String,
    is_heading: bool,
}

/// Draws the help from its first row on that the state says.
pub(super) fn draw(scene: &Scene<'_>, page: Rect, buffer: &mut Buffer) {
    let (width, columns) = shape(page);
    let rows = rows(&scene.app.keymap, column_width(width.saturating_sub(2), columns));
    let room = usize::from(page.height.saturating_sub(2)) * usize::from(columns);
    let first = scene.app.help_row.min(rows.len().saturating_sub(room));
    let note = note(scene, (first, room, rows.len()));
    let look = Look {
        title: "Keys",
        note: &note,
        lines: scene.theme.glyphs().border(),
        style: scene.style(Meaning::Title),
    };
    let inside = popup(scene, look, (width, page.height), page, buffer);
    let width = column_width(inside.width, columns);
    for (at, row) in rows.iter().skip(first).take(room).enumerate() {
        let Ok(at) = u16::try_from(at) else { return };
        if inside.height == 0 {
            return;
        }
        let x = inside.x + at / inside.height * (width + 2);
        let line = Rect { x, y: inside.y + at % inside.height, width, height: 1 };
        let mut pen = Pen::new(buffer, line.intersection(inside));
        if row.is_heading {
            pen.write(&row.words, scene.style(Meaning::Title));
        } else {
            let keys = format!(" {:<KEYS$} ", row.keys);
            pen.write(&keys, scene.style(Meaning::Key));
            pen.write(&row.words, scene.style(Meaning::Text));
        }
    }
}

/// The last row that the help may begin with on a page: the last page is a full one.
pub(super) fn last_first_row(keymap: &Keymap, page: Rect) -> usize {
    let (width, columns) = shape(page);
    let rows = rows(keymap, column_width(width.saturating_sub(2), columns)).len();
    rows.saturating_sub(usize::from(page.height.saturating_sub(2)) * usize::from(columns))
}

/// The width of the box, and its columns.
fn shape(page: Rect) -> (u16, u16) {
    let columns = columns(page.width.saturating_sub(2), COLUMN);
    (page.width.min((COLUMN_MAX + 2) * columns), columns)
}

/// How to leave, and how to see what is not seen.
fn note(scene: &Scene<'_>, (first, room, rows): (usize, usize, usize)) -> String {
    let keymap = &scene.app.keymap;
    let close = format!("{} closes", keymap.shown(Action::Back));
    if rows <= room {
        return close;
    }
    let (down, up) = (keymap.shown(Action::Down), keymap.shown(Action::Up));
    format!("{close}  {down} {up} scroll  {}-{} of {rows}", first + 1, rows.min(first + room))
}

fn rows(keymap: &Keymap, width: u16) -> Vec<Row> {
    let beside = usize::from(width).saturating_sub(KEYS + 2);
    let beside = u16::try_from(beside).unwrap_or(u16::MAX);
    let mut rows = Vec::new();
    for context in Context::ALL {
        let heading = context.name().to_owned();
        rows.push(Row { keys: String::new(), words: heading, is_heading: true });
        for (action, keys) in keymap.rows(context) {
            let words = broken(vec![Line::plain(action.help())], beside);
            let mut keys = apart(&keys).into_iter();
            let mut words = words.into_iter().map(|line| line.text);
            loop {
                let (keys, words) = (keys.next(), words.next());
                if keys.is_none() && words.is_none() {
                    break;
                }
                let (keys, words) = (keys.unwrap_or_default(), words.unwrap_or_default());
                rows.push(Row { keys, words, is_heading: false });
            }
        }
    }
    rows
}

/// Keys that find no room beside each other stand below each other.
fn apart(keys: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for key in keys.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + key.width() <= KEYS => {
                line.push(' ');
                line.push_str(key);
            }
            _ => lines.push(key.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_and_no_key_is_cut_at_any_width_from_forty() {
        let keymap = Keymap::shipped();
        for width in [38_u16, 56, 58, 68, 76] {
            let rows = rows(&keymap, width);
            for row in &rows {
                assert!(row.keys.width() <= KEYS, "{}", row.keys);
                let used = if row.is_heading { 0 } else { KEYS + 2 };
                assert!(row.words.width() + used <= usize::from(width), "{width}: {}", row.words);
            }
            let shown: Vec<_> = rows.iter().map(|row| row.words.trim()).collect();
            let shown = shown.join(" ");
            for action in Action::ALL {
                let is_whole = action.help().split(' ').all(|word| shown.contains(word));
                assert!(is_whole, "{}", action.help());
            }
        }
    }

    #[test]
    fn the_help_scrolls_as_far_as_its_last_row_and_no_further() {
        let keymap = Keymap::shipped();
        let page = |width, height| Rect { x: 0, y: 0, width, height };
        let all = rows(&keymap, 38).len();
        assert_eq!(last_first_row(&keymap, page(40, 8)), all - 6);
        assert_eq!(last_first_row(&keymap, page(200, 200)), 0);
    }
}
