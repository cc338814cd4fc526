//! Panes as plain text, for the clipboard and for files: drawn off the screen, wide
//! enough that nothing is dropped.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::panels;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::Glyph;

const WIDTH: u16 = 200;
const HEIGHT: u16 = 200;

fn lines(pane: Pane, scene: &Scene<'_>) -> Vec<String> {
    let area = Rect::new(0, 0, WIDTH, HEIGHT);
    let mut buffer = Buffer::empty(area);
    panels::draw(pane, scene, area, &mut buffer);
    let line = |row: Rect| -> String {
        row.columns()
            .filter_map(|place| buffer.cell(place.as_position()))
            .map(ratatui::buffer::Cell::symbol)
            .collect()
    };
    area.rows().map(line).collect()
}

/// The row under the cursor, without the frame.
pub(super) fn row(pane: Pane, scene: &Scene<'_>) -> Option<String> {
    let mark = scene.sign(Glyph::Focus);
    let lines = lines(pane, scene);
    // The first line is the title, which carries the same sign.
    let row = lines.iter().skip(1).find_map(|line| {
        let inside: String = line.chars().skip(1).collect();
        inside.strip_prefix(mark).map(str::to_owned)
    })?;
    let mut letters = row.chars();
    letters.next_back();
    Some(letters.as_str().trim().to_owned())
}

/// Writes a pane into a folder and returns the file. Its name is the pane's and the
/// newest event's number, so that no picture covers another.
pub(super) fn write(pane: Pane, scene: &Scene<'_>, folder: Option<&Path>) -> io::Result<PathBuf> {
    let folder = folder.ok_or_else(|| io::Error::other("there is no folder for it"))?;
    let name: String =
        pane.name().chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    let path = folder.join(format!("{name}-{}.txt", scene.snapshot.seq).to_lowercase());
    let lines = lines(pane, scene);
    let is_body = |line: &str| !line.trim_matches(|it: char| !it.is_alphanumeric()).is_empty();
    let kept: Vec<&str> =
        lines.iter().map(|line| str::trim_end(line)).filter(|line| is_body(line)).collect();
    fs::create_dir_all(folder)?;
    fs::write(&path, kept.join("\n") + "\n")?;
    Ok(path)
}
