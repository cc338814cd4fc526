//! Mail and meetings in the read model: the newest rows, and how many of them speak of
//! which stock and come from whom.
//!
//! Every text in it is clean (see [`text`](crate::view::text)), and every list has a
//! bound. It knows nothing of stores; the events come from the assembly line of mail.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;
use crate::events::{EmailStored, IntelEvent, LinkFound};
use crate::view::part::Part;
use crate::view::text::{NAME_MAX, TEXT_MAX, clean_text};
use crate::view::watch::push_bounded;

/// Most rows that are kept, the newest.
pub const INTEL_MAX: usize = 200;
/// Most stocks, and most clients, that are counted.
pub const GROUPS_MAX: usize = 64;
/// Most words, people or entities of one link.
const NAMED_MAX: usize = 16;

/// A mail, or a link from a mail to a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntelRow {
    /// When the house heard of it.
    pub at: Timestamp,
    /// Which stocks it speaks of.
    pub symbols: Arc<[Symbol]>,
    /// Whose mail it is: an address, as the mail says itself; empty without one.
    pub client: Box<str>,
    /// In words, clean.
    pub text: Box<str>,
    /// What speaks for the link; absent for a mail alone.
    pub link: Option<Arc<LinkLine>>,
}

/// A link with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkLine {
    /// The mail's id.
    pub email: Box<str>,
    /// When the mail was written, as it says itself.
    pub written_at: Option<Timestamp>,
    /// The mail's subject.
    pub subject: Box<str>,
    /// What the meeting was about.
    pub title: Box<str>,
    /// How much speaks for the link, 0 to 1.
    #[serde(with = "crate::domain::ratio")]
    pub score: Decimal,
    /// The segment that shares most with the mail, from 0.
    pub segment: Option<u32>,
    /// Its offset from the beginning of the meeting, milliseconds.
    pub offset_ms: Option<u64>,
    /// When it was said.
    pub said_at: Option<Timestamp>,
    /// Who said it; empty where nobody is named.
    pub speaker: Box<str>,
    /// The beginning of what was said.
    pub said: Box<str>,
    /// Stems in common, rarest first.
    pub words: Box<[Box<str>]>,
    /// People in common.
    pub people: Box<[Box<str>]>,
    /// Entities in common.
    pub entities: Box<[Box<str>]>,
}

/// How many of the rows belong to one stock or client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntelGroup {
    /// The ticker or the address.
    pub name: Box<str>,
    /// Mails.
    pub mails: usize,
    /// Links.
    pub links: usize,
}

/// The rows by stock and by client, those with most links first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IntelGroups {
    /// By stock.
    pub symbols: Vec<IntelGroup>,
    /// By client.
    pub clients: Vec<IntelGroup>,
}

/// Folds events of mail.
#[derive(Debug, Default)]
pub(in crate::view) struct IntelPart {
    rows: Part<VecDeque<IntelRow>>,
    groups: Part<IntelGroups>,
}

impl IntelPart {
    /// Takes one event.
    pub(in crate::view) fn see(&mut self, at: Timestamp, event: &IntelEvent) {
        let row = match event {
            IntelEvent::EmailStored(stored) => mail(at, stored),
            IntelEvent::LinkFound(found) => link(at, found),
        };
        push_bounded(self.rows.change(), INTEL_MAX, row);
        *self.groups.change() = groups(self.rows.get());
    }

    pub(in crate::view) fn share(&mut self) -> (Arc<VecDeque<IntelRow>>, Arc<IntelGroups>) {
        (self.rows.share(), self.groups.share())
    }

    pub(in crate::view) fn len(&self) -> usize {
        self.rows.get().len()
    }
}

fn mail(at: Timestamp, stored: &EmailStored) -> IntelRow {
    let intents = stored.intents.join(", ");
    let text = if intents.is_empty() {
        stored.subject.clone()
    } else {
        format!("{} ({intents})", stored.subject)
    };
    IntelRow {
        at,
        symbols: stored.symbols.iter().take(NAMED_MAX).copied().collect(),
        client: clean_text(&stored.client, NAME_MAX),
        text: clean_text(&text, TEXT_MAX),
        link: None,
    }
}

fn link(at: Timestamp, found: &LinkFound) -> IntelRow {
    let names = |list: &[String]| -> Box<[Box<str>]> {
        list.iter().take(NAMED_MAX).map(|name| clean_text(name, NAME_MAX)).collect()
    };
    let line = LinkLine {
        email: clean_text(&found.email, TEXT_MAX),
        written_at: found.written_at,
        subject: clean_text(&found.subject, TEXT_MAX),
        title: clean_text(&found.title, TEXT_MAX),
        score: found.score,
        segment: found.segment,
        offset_ms: found.offset_ms,
        said_at: found.said_at,
        speaker: clean_text(&found.speaker, NAME_MAX),
        said: clean_text(&found.said, TEXT_MAX),
        words: names(&found.words),
        people: names(&found.people),
        entities: names(&found.entities),
    };
    IntelRow {
        at,
        symbols: found.symbols.iter().take(NAMED_MAX).copied().collect(),
        client: clean_text(&found.client, NAME_MAX),
        text: clean_text(&format!("{} → {}", found.subject, found.title), TEXT_MAX),
        link: Some(Arc::new(line)),
    }
}

fn groups(rows: &VecDeque<IntelRow>) -> IntelGroups {
    let (mut symbols, mut clients) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        for symbol in row.symbols.iter() {
            count(&mut symbols, symbol.as_str(), row);
        }
        if !row.client.is_empty() {
            count(&mut clients, &row.client, row);
        }
    }
    IntelGroups { symbols: sorted(symbols), clients: sorted(clients) }
}

fn count<'a>(groups: &mut BTreeMap<&'a str, (usize, usize)>, name: &'a str, row: &IntelRow) {
    let (mails, links) = groups.entry(name).or_default();
    match row.link {
        Some(_) => *links += 1,
        None => *mails += 1,
    }
}

fn sorted(groups: BTreeMap<&str, (usize, usize)>) -> Vec<IntelGroup> {
    let group = |(name, (mails, links)): (&str, _)| IntelGroup { name: name.into(), mails, links };
    let mut groups: Vec<IntelGroup> = groups.into_iter().map(group).collect();
    groups.sort_by_key(|group| std::cmp::Reverse((group.links, group.mails)));
    groups.truncate(GROUPS_MAX);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(number: u64, client: &str, symbols: &[&str]) -> IntelEvent {
        IntelEvent::EmailStored(EmailStored {
            number,
            email: format!("{number}@x"),
            written_at: None,
            client: client.into(),
            name: String::new(),
            subject: "a \u{1b}[2Jsubject".into(),
            symbols: symbols.iter().map(|symbol| Symbol::new(symbol).unwrap()).collect(),
            intents: vec!["concern".into()],
        })
    }

    #[test]
    fn rows_are_bounded_clean_and_counted_by_stock_and_client() {
        let mut part = IntelPart::default();
        let at = Timestamp::from_seconds(0);
        part.see(at, &stored(1, "old@x.com", &["IBM"]));
        for number in 0..u64::try_from(INTEL_MAX).unwrap() {
            let (client, symbol) =
                if number % 4 == 0 { ("bo@x.com", "AAPL") } else { ("cy@x.com", "MSFT") };
            part.see(at, &stored(number, client, &[symbol]));
        }
        let (rows, groups) = part.share();
        assert_eq!(rows.len(), INTEL_MAX);
        assert_eq!(&*rows[0].text, "a [2Jsubject (concern)");
        let named = |groups: &[IntelGroup]| -> Vec<(String, usize)> {
            groups.iter().map(|group| (group.name.to_string(), group.mails)).collect()
        };
        assert_eq!(named(&groups.symbols), [("MSFT".into(), 150), ("AAPL".into(), 50)]);
        assert_eq!(named(&groups.clients), [("cy@x.com".into(), 150), ("bo@x.com".into(), 50)]);
    }
}
