//! Scores every meeting for a mail and makes the links that are good enough.
//!
//! Knows nothing of stores and tasks. The formulas are on the folder's page.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::Date;

use super::index::{Document, Query, WordIndex};
use super::known::{Known, entity_key, keys_of_participant, person_key};
use super::link::{Evidence, Link, Terms};
use crate::domain::calendar::date_in_new_york;
use crate::domain::time::Timestamp;
use crate::intel::entities::{Entity, Extractor, Value};
use crate::intel::mail::{Address, Message};
use crate::intel::transcript::Transcript;

/// How many words of evidence a link carries.
const WORDS_MAX: usize = 8;
/// How many bytes of a mail's body are compared.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Days after which the nearness in time is one half.
const HALF_LIFE_DAYS: f64 = 4.0;

/// Weights of the four terms; their sum is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Of people in common.
    pub people: f64,
    /// Of nearness in time.
    pub time: f64,
    /// Of entities in common.
    pub entities: f64,
    /// Of words in common.
    pub wording: f64,
}

/// How much is enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Weights of the terms.
    pub weights: Weights,
    /// Least score of a link, in [0, 1].
    pub score_min: f64,
    /// Most links of one mail.
    pub links_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let weights = Weights { people: 0.25, time: 0.20, entities: 0.20, wording: 0.35 };
        Self { weights, score_min: 0.45, links_max: 3 }
    }
}

/// The transcripts, ready to be compared with mails.
#[derive(Debug)]
pub struct Correlator {
    settings: Settings,
    meetings: Vec<Meeting>,
    words: WordIndex,
    people: Known,
    entities: Known,
}

#[derive(Debug)]
struct Meeting {
    id: crate::intel::transcript::TranscriptId,
    began_at: Option<Timestamp>,
    day: Option<Date>,
    /// Index and offset of each segment.
    segments: Vec<(u32, u64)>,
}

/// What a mail shares with each meeting, by number of the meeting.
struct Compared {
    terms: Vec<Terms>,
    query: Query,
}

impl Correlator {
    /// Reads the transcripts: their words, people and entities.
    pub fn new(transcripts: &[Transcript], extractor: &Extractor, settings: Settings) -> Self {
        let documents: Vec<Document<'_>> = transcripts
            .iter()
            .map(|transcript| Document {
                title: &transcript.title,
                segments: transcript.segments.iter().map(|part| part.text.as_str()).collect(),
            })
            .collect();
        let people: Vec<Vec<String>> = transcripts.iter().map(participants).collect();
        let entities: Vec<Vec<String>> =
            transcripts.iter().map(|transcript| mentioned(transcript, extractor)).collect();
        Self {
            settings,
            meetings: transcripts.iter().map(Meeting::new).collect(),
            words: WordIndex::new(&documents),
            people: Known::new(&people),
            entities: Known::new(&entities),
        }
    }

    /// Returns the links of a mail, best first, those of equal score by transcript id.
    /// `found` are its entities as [`Extractor::extract`] returns them.
    pub fn links(&self, message: &Message, found: &[Entity]) -> Vec<Link> {
        let compared = self.compare(message, found);
        let mut best: Vec<(f64, usize)> = compared
            .terms
            .iter()
            .map(|terms| self.score(*terms))
            .zip(0..)
            .filter(|(score, at)| {
                let terms = compared.terms[*at];
                *score >= self.settings.score_min && (terms.entities > 0.0 || terms.wording > 0.0)
            })
            .collect();
        best.sort_by(|(left, a), (right, b)| {
            right.total_cmp(left).then_with(|| self.meetings[*a].id.cmp(&self.meetings[*b].id))
        });
        best.truncate(self.settings.links_max);
        best.into_iter()
            .map(|(score, at)| Link {
                message: message.id.clone(),
                transcript: self.meetings[at].id.clone(),
                score,
                terms: compared.terms[at],
                evidence: self.evidence(at, &compared.query, message, found),
            })
            .collect()
    }

    /// Returns the score and terms of every meeting, in the order in which the
    /// transcripts were given; for reports and for measuring.
    pub fn scores(&self, message: &Message, found: &[Entity]) -> Vec<(f64, Terms)> {
        let compared = self.compare(message, found);
        compared.terms.into_iter().map(|terms| (self.score(terms), terms)).collect()
    }

    fn score(&self, terms: Terms) -> f64 {
        let weights = self.settings.weights;
        (weights.people * terms.people
            + weights.time * terms.time
            + weights.entities * terms.entities
            + weights.wording * terms.wording)
            .clamp(0.0, 1.0)
    }

    fn compare(&self, message: &Message, found: &[Entity]) -> Compared {
        let end = message.body.floor_char_boundary(BODY_BYTES_MAX);
        let body = message.body.get(..end).unwrap_or("");
        let query = self.words.query(&[&message.subject, body]);
        let mut terms: Vec<Terms> = self
            .words
            .cosines(&query)
            .into_iter()
            .map(|cosine| Terms { wording: cosine.sqrt(), ..Terms::default() })
            .collect();
        self.add_people(message, found, &mut terms);
        self.add_entities(found, &mut terms);
        let days = days_named(found);
        for (terms, meeting) in terms.iter_mut().zip(&self.meetings) {
            terms.time = nearness(message.at, meeting, &days);
        }
        Compared { terms, query }
    }

    fn add_people(&self, message: &Message, found: &[Entity], terms: &mut [Terms]) {
        let mut total = 0.0;
        for key in people_of(message, found) {
            let Some((rarity, meetings)) = self.people.get(&key) else { continue };
            let weight = if key.contains(' ') { rarity } else { rarity / 2.0 };
            total += weight;
            meetings.iter().for_each(|meeting| terms[*meeting].people += weight);
        }
        if total > 0.0 {
            terms.iter_mut().for_each(|terms| terms.people = (terms.people / total).min(1.0));
        }
    }

    fn add_entities(&self, found: &[Entity], terms: &mut [Terms]) {
        let keys: BTreeSet<String> = found.iter().filter_map(entity_key).collect();
        for key in keys {
            let Some((rarity, meetings)) = self.entities.get(&key) else { continue };
            meetings.iter().for_each(|meeting| terms[*meeting].entities += rarity);
        }
        for terms in terms {
            terms.entities /= terms.entities + 1.0;
        }
    }

    fn evidence(&self, at: usize, query: &Query, mail: &Message, found: &[Entity]) -> Evidence {
        let meeting = &self.meetings[at];
        let shared = self.words.shared(query, at, WORDS_MAX);
        let place = shared.as_ref().and_then(|shared| meeting.segments.get(shared.segment));
        let is_here = |known: &Known, key: &str| {
            known.get(key).is_some_and(|(_, meetings)| meetings.contains(&at))
        };
        let entities: BTreeSet<String> = found.iter().filter_map(entity_key).collect();
        Evidence {
            segment: place.map(|(index, _)| *index),
            offset_ms: place.map(|(_, offset)| *offset),
            at: place.and_then(|(_, offset)| {
                let millis = i64::try_from(*offset).ok()?;
                Some(meeting.began_at?.plus(SignedDuration::from_millis(millis)))
            }),
            words: shared.map(|shared| shared.words).unwrap_or_default(),
            people: people_of(mail, found)
                .into_iter()
                .filter(|key| is_here(&self.people, key))
                .collect(),
            entities: entities.into_iter().filter(|key| is_here(&self.entities, key)).collect(),
        }
    }
}

impl Meeting {
    fn new(transcript: &Transcript) -> Self {
        Self {
            id: transcript.id.clone(),
            began_at: transcript.began_at,
            day: transcript.began_at.map(date_in_new_york),
            segments: transcript.segments.iter().map(|part| (part.index, part.offset_ms)).collect(),
        }
    }
}

fn participants(transcript: &Transcript) -> Vec<String> {
    let speakers = transcript.segments.iter().filter_map(|segment| segment.speaker.as_deref());
    let names: BTreeSet<&str> =
        transcript.people.iter().map(String::as_str).chain(speakers).collect();
    names.into_iter().flat_map(keys_of_participant).collect()
}

fn mentioned(transcript: &Transcript, extractor: &Extractor) -> Vec<String> {
    let texts = std::iter::once(transcript.title.as_str())
        .chain(transcript.segments.iter().map(|segment| segment.text.as_str()));
    let day = transcript.began_at.map(date_in_new_york);
    let keys: BTreeSet<String> = texts
        .flat_map(|text| extractor.extract_text(text, day))
        .filter_map(|entity| entity_key(&entity))
        .collect();
    keys.into_iter().collect()
}

/// The people of a mail: in its headers (also by addresses such as
/// `maria.lopez@…`), in its text; a single name that a full one contains is dropped.
fn people_of(message: &Message, found: &[Entity]) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = found
        .iter()
        .filter_map(|entity| match &entity.value {
            Value::Person(name) => person_key(name),
            Value::Address(_)
            | Value::Company(_)
            | Value::Ticker(_)
            | Value::Money(..)
            | Value::Percent(_)
            | Value::Date(_)
            | Value::Intent { .. } => None,
        })
        .collect();
    let addresses = message.from.iter().chain(&message.to).chain(&message.cc);
    keys.extend(addresses.filter_map(name_in_address));
    let full: Vec<String> = keys.iter().filter(|key| key.contains(' ')).cloned().collect();
    let is_part = |key: &String| full.iter().any(|name| name.split(' ').any(|word| word == key));
    keys.retain(|key| key.contains(' ') || !is_part(key));
    keys
}

fn name_in_address(address: &Address) -> Option<String> {
    let (local, _) = address.address.split_once('@')?;
    let (first, last) = local.split_once('.')?;
    (first.len() > 1 && last.len() > 1).then(|| person_key(&format!("{first} {last}"))).flatten()
}

/// Days that a mail names.
fn days_named(found: &[Entity]) -> BTreeSet<Date> {
    found
        .iter()
        .filter_map(|entity| match entity.value {
            Value::Date(date) => Some(date),
            Value::Person(_)
            | Value::Address(_)
            | Value::Company(_)
            | Value::Ticker(_)
            | Value::Money(..)
            | Value::Percent(_)
            | Value::Intent { .. } => None,
        })
        .collect()
}

fn nearness(at: Option<Timestamp>, meeting: &Meeting, days: &BTreeSet<Date>) -> f64 {
    if meeting.day.is_some_and(|day| days.contains(&day)) {
        return 1.0;
    }
    let (Some(at), Some(began)) = (at, meeting.began_at) else { return 0.0 };
    let distance = at.since(began).as_secs_f64().abs() / 86_400.0;
    (-distance / HALF_LIFE_DAYS).exp2()
}
