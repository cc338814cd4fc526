//! The program's own health on the system page: journal, memory, queues, notices.

use std::time::Duration;

use rust_decimal::Decimal;

use crate::ui::format;
use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Field};
use crate::view::{JournalFacts, JournalState, NoticeDelay};

/// The longest that an alert may take (RTS 6 Article 16).
const NOTICE_MAX: Duration = Duration::from_secs(5);

/// Sign and meaning of the journal's light.
pub(in crate::ui) const fn journal_light(state: JournalState) -> (Glyph, Meaning) {
    match state {
        JournalState::Well => (Glyph::Ok, Meaning::Ok),
        JournalState::Slow => (Glyph::Near, Meaning::Warn),
        JournalState::Hangs => (Glyph::Trip, Meaning::Trip),
    }
}

/// The lines; none while nobody has measured anything.
pub(super) fn lines<'a>(scene: &Scene<'a>) -> Vec<Field<'a>> {
    let machine = &scene.snapshot.machine;
    let mut lines = Vec::new();
    if let Some(facts) = &machine.journal {
        lines.push(title("Journal"));
        lines.extend(journal(scene, facts));
    }
    if machine.memory.is_some() || !machine.queues.is_empty() {
        lines.push(title("Memory and queues"));
    }
    lines.extend(
        machine
            .memory
            .map(|bytes| Field::new("memory", Cell::plain(format!("{} MiB", bytes >> 20)))),
    );
    lines.extend(machine.queues.iter().map(|row| {
        let waiting = format::count(row.waiting);
        let (words, part) = match row.most {
            Some(most) => {
                let part = Decimal::from(row.waiting).checked_div(Decimal::from(most));
                (format!("{waiting} of {}", format::count(most)), part)
            }
            None => (format!("{waiting} wait"), None),
        };
        Field::new(row.name, Cell::plain(words)).with_bar(part)
    }));
    lines.extend(notices(machine.notices));
    lines
}

fn title<'a>(words: &'static str) -> Field<'a> {
    Field::of(Cell::new(words, Meaning::Title), Cell::plain(""))
}

fn journal<'a>(scene: &Scene<'a>, facts: &JournalFacts) -> Vec<Field<'a>> {
    let (sign, meaning) = journal_light(facts.state());
    let word = match facts.state() {
        JournalState::Well => "WELL",
        JournalState::Slow => "SLOW",
        JournalState::Hangs => "HANGS",
    };
    let state = match facts.syncing {
        Some(so_far) => {
            format!("{} {word}, syncing {}", scene.sign(sign), format::duration(so_far))
        }
        None => format!("{} {word}", scene.sign(sign)),
    };
    let ago = facts.since_sync.map(|age| format!("{} ago", format::duration(age)));
    let (took, slowest) = (format::duration(facts.sync_took), format::duration(facts.sync_slowest));
    let oldest = match facts.oldest_unsynced {
        Some(age) => {
            format!("{}, oldest {}", format::count(facts.unsynced), format::duration(age))
        }
        None => "none".to_owned(),
    };
    vec![
        Field::new("journal", Cell::new(state, meaning)),
        Field::new("last sync", Cell::plain(ago.unwrap_or_else(|| format::ABSENT.into()))),
        Field::new("sync took", Cell::plain(format!("{took}, slowest {slowest}"))),
        Field::new("not yet on disk", Cell::plain(oldest)),
    ]
}

fn notices<'a>(delay: NoticeDelay) -> Option<Field<'a>> {
    let (newest, longest) = (format::duration(delay.newest), format::duration(delay.longest));
    let meaning = if delay.longest > NOTICE_MAX { Meaning::Trip } else { Meaning::Text };
    let words = format!("{newest}, longest {longest} of {}", format::count(delay.told));
    (delay.told > 0).then(|| Field::new("event to alert", Cell::new(words, meaning)))
}
