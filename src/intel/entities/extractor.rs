//! The rules in their order over the parts of a message.
//!
//! Built once (it compiles two automata), then used from any number of tasks: it
//! keeps no state between messages. Knows nothing of stores or transcripts.

use jiff::civil::Date;

use super::entity::{Entity, Part, Span, Value};
use super::finding::Findings;
use super::intents::Intents;
use super::names::Names;
use super::text::head;
use super::{amounts, dates, people};
use crate::domain::calendar::date_in_new_york;
use crate::domain::ids::Symbol;
use crate::intel::mail::{Address, Message};

/// How many bytes of a body are read; a mail that has its point after that is a log
/// file or an attack.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// How many bytes of a subject or a signature are read.
pub const LINE_BYTES_MAX: usize = 2 * 1024;
/// How many bytes of a name or address in a header are read.
pub const HEADER_BYTES_MAX: usize = 320;
/// How many recipients are looked at.
pub const RECIPIENTS_MAX: usize = 64;

/// Finds entities in messages and in spoken text.
#[derive(Debug)]
pub struct Extractor {
    names: Names,
    intents: Intents,
}

impl Default for Extractor {
    fn default() -> Self {
        Self::with_symbols(&[])
    }
}

impl Extractor {
    /// Builds the rules over the house's symbol table and further symbols that are
    /// traded; those are found in capitals, as far as they are no false friends.
    pub fn with_symbols(traded: &[Symbol]) -> Self {
        Self { names: Names::new(traded), intents: Intents::new() }
    }

    /// Returns the entities of a message, ordered by part, place and value. Quoted
    /// text is not read: it belongs to the message that it is quoted from.
    pub fn extract(&self, message: &Message) -> Vec<Entity> {
        let today = message.at.map(date_in_new_york);
        let mut entities = Vec::new();
        if let Some(address) = &message.from {
            of_header(address, Part::Sender, &mut entities);
        }
        for address in message.to.iter().chain(&message.cc).take(RECIPIENTS_MAX) {
            of_header(address, Part::Recipient, &mut entities);
        }
        let subject = head(&message.subject, LINE_BYTES_MAX);
        entities.extend(self.read(subject, today).into_entities(Part::Subject));
        let body = head(&message.body, BODY_BYTES_MAX);
        entities.extend(self.read(body, today).into_entities(Part::Body));
        let signature = head(&message.signature, LINE_BYTES_MAX);
        entities.extend(of_signature(signature).into_entities(Part::Signature));
        entities.sort_unstable();
        entities
    }

    /// Returns the entities of a plain text, such as a segment of a transcript, said
    /// on a day in New York if that is known. Spans are called those of a body.
    pub fn extract_text(&self, text: &str, today: Option<Date>) -> Vec<Entity> {
        let text = head(text, BODY_BYTES_MAX);
        let mut entities: Vec<Entity> = self.read(text, today).into_entities(Part::Body).collect();
        entities.sort_unstable();
        entities
    }

    /// Applies the rules in their order: companies first, since people and intents
    /// give way to them.
    fn read(&self, text: &str, today: Option<Date>) -> Findings {
        let mut found = Findings::default();
        people::find_addresses(text, &mut found);
        self.names.find(text, &mut found);
        amounts::find(text, &mut found);
        dates::find(text, today, &mut found);
        people::find(text, &mut found);
        self.intents.find(text, &mut found);
        found
    }
}

/// A signature names its writer, and his house's legal form is no news: people and
/// addresses only.
fn of_signature(text: &str) -> Findings {
    let mut found = Findings::default();
    people::find_addresses(text, &mut found);
    people::find(text, &mut found);
    found
}

fn of_header(address: &Address, part: Part, entities: &mut Vec<Entity>) {
    let text = head(&address.address, HEADER_BYTES_MAX);
    let mut found = Findings::default();
    people::find_addresses(text, &mut found);
    entities.extend(found.into_entities(part).map(|mut entity| {
        entity.rule = "header-address";
        entity
    }));
    let name = head(address.name.as_deref().unwrap_or(""), HEADER_BYTES_MAX);
    if let Some(person) = people::of_header(name) {
        let span = Span { part, start: 0, end: name.len() };
        entities.push(Entity { span, value: Value::Person(person), rule: "header-name" });
    }
}
