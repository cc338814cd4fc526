//! What waits for a person: orders of which nobody knows with the time that is left,
//! differences with all three sides, orders of others; and how long shares were bare.
//!
//! Lines of the pane [`system`](super::system), which draws them.

use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Cell, Field};
use crate::view::{DifferenceRow, NakedFigures, RaceFigures, UnknownRow};

/// The lines; none while there is nothing to say.
pub(super) fn lines<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let safety = &*scene.snapshot.safety;
    let mut lines = Vec::new();
    lines.extend(safety.unknown.iter().map(|row| unknown(scene, row)));
    for row in &safety.differences {
        lines.extend(difference(scene, row));
    }
    for row in &safety.external {
        let words = format!("{} {} {} {}", row.side, row.left, row.symbol, row.kind);
        let name = Cell::new(row.broker_order_id.as_str(), Meaning::Dim);
        lines.push(Field::of(name, Cell::new(format!("not ours: {words}"), Meaning::Warn)));
    }
    lines.extend(naked(&safety.naked));
    lines.extend(races(&safety.races));
    if !lines.is_empty() {
        lines.insert(0, Field::of(Cell::new("Safety", Meaning::Title), Cell::plain("")));
    }
    lines
}

fn unknown<'a>(scene: &Scene<'a>, row: &'a UnknownRow) -> Field<'a> {
    let now = scene.snapshot.at;
    let words = if now < row.halts_at {
        format!("UNKNOWN, halts in {}", format::age(now, row.halts_at))
    } else {
        format!("UNKNOWN for {}, settle it", format::age(row.since, now))
    };
    let name = Cell::new(row.client_order_id.as_str(), Meaning::Dim);
    Field::of(name, Cell::new(words, Meaning::Trip))
}

fn difference<'a>(scene: &Scene<'a>, row: &'a DifferenceRow) -> Vec<Field<'a>> {
    let meaning = if row.is_acknowledged { Meaning::Dim } else { Meaning::Trip };
    let age = format::age(row.since, scene.snapshot.at);
    let seen = if row.is_acknowledged { ", acknowledged" } else { "" };
    let mut lines = vec![
        Field::of(
            Cell::new(&*row.subject, meaning),
            Cell::new(format!("for {age}{seen}"), meaning),
        ),
        Field::new("  journal", Cell::plain(&*row.journal)),
        Field::new("  broker", Cell::plain(&*row.venue)),
    ];
    if let Some(stream) = &row.stream {
        lines.push(Field::new("  stream", Cell::plain(&**stream)));
    }
    if let Some(cause) = &row.cause {
        lines.push(Field::new("  because", Cell::plain(&**cause)));
    }
    lines
}

fn naked<'a>(naked: &NakedFigures) -> Option<Field<'a>> {
    let of = |millis| format::duration(std::time::Duration::from_millis(millis));
    let words = format!(
        "{} in {} spells, longest {}",
        of(naked.total_ms),
        naked.spells,
        of(naked.longest_ms)
    );
    (naked.spells > 0).then(|| Field::new("without a stop", Cell::plain(words)))
}

fn races<'a>(races: &RaceFigures) -> Option<Field<'a>> {
    let RaceFigures { primary, backup, neither } = *races;
    let words = format!("primary {primary}, backup {backup}, neither {neither}");
    (primary + backup + neither > 0).then(|| Field::new("endpoints won", Cell::plain(words)))
}
