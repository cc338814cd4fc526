//! What is put into the store.

use std::borrow::Cow;
use std::collections::HashSet;

use rusqlite::{Transaction, params};
use serde_json::json;

use crate::domain::time::Timestamp;
use crate::intel::correlate::Link;
use crate::intel::entities::{Entity, Part};
use crate::intel::mail::{Address, Message};
use crate::intel::transcript::Transcript;
use crate::sources::intel::store::{Store, StoreError};

/// A mail with everything that was found out about it.
#[derive(Debug)]
pub struct Kept {
    /// The file that it came from.
    pub source: String,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// The mail.
    pub message: Message,
    /// What it speaks of.
    pub entities: Vec<Entity>,
    /// Which meetings it speaks of.
    pub links: Vec<Link>,
    /// Among how many meetings the links were looked for.
    pub linked_with: u64,
}

impl Store {
    /// The hashes of all mails that were worked on, stored ones and duplicates.
    ///
    /// # Errors
    /// The database fails.
    pub fn seen(&self) -> Result<HashSet<[u8; 32]>, StoreError> {
        let mut statement = self.database.prepare("SELECT hash FROM seen")?;
        let hashes = statement.query_map([], |row| row.get(0))?;
        Ok(hashes.collect::<Result<_, _>>()?)
    }

    /// Keeps mails, in order, all or none; says of each whether it is new. One whose id is
    /// there already is not.
    ///
    /// # Errors
    /// The database fails; then none of them is kept.
    pub fn keep(&mut self, mails: &[Kept]) -> Result<Vec<bool>, StoreError> {
        let transaction = self.database.transaction()?;
        let mut are_new = Vec::with_capacity(mails.len());
        for mail in mails {
            are_new.push(keep_one(&transaction, mail)?);
        }
        transaction.commit()?;
        Ok(are_new)
    }

    /// Keeps transcripts; says how many are new.
    ///
    /// # Errors
    /// The database fails; then none of them is kept.
    pub fn keep_transcripts(&mut self, transcripts: &[Transcript]) -> Result<u64, StoreError> {
        let transaction = self.database.transaction()?;
        let mut new = 0;
        for transcript in transcripts {
            new += u64::from(keep_transcript(&transaction, transcript)?);
        }
        transaction.commit()?;
        Ok(new)
    }
}

fn people(list: &[Address]) -> Vec<serde_json::Value> {
    list.iter().map(|one| json!({ "name": one.name, "address": one.address })).collect()
}

fn keep_one(transaction: &Transaction<'_>, mail: &Kept) -> Result<bool, StoreError> {
    let message = &mail.message;
    let attachments: Vec<_> = message
        .attachments
        .iter()
        .map(|one| json!({ "name": one.name, "kind": one.kind, "bytes": one.bytes, "text": one.text }))
        .collect();
    let oddities: Vec<_> = message.oddities.iter().map(|odd| odd.name()).collect();
    let from = message.from.as_ref();
    transaction
        .prepare_cached("INSERT OR IGNORE INTO seen (hash) VALUES (?1)")?
        .execute([mail.hash])?;
    let rows = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO messages (id, source, at, from_name, from_address, recipients, \
             subject, body, quoted, signature, thread, attachments, oddities, linked_with, \
             entities) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            message.id.0,
            mail.source,
            message.at.map(Timestamp::as_nanos),
            from.and_then(|from| from.name.as_deref()),
            from.map(|from| from.address.as_str()),
            json!({ "to": people(&message.to), "cc": people(&message.cc) }).to_string(),
            message.subject,
            message.body,
            message.quoted,
            message.signature,
            message.thread.0,
            serde_json::to_string(&attachments)?,
            serde_json::to_string(&oddities)?,
            i64::try_from(mail.linked_with).unwrap_or(i64::MAX),
            mentions(&mail.entities)?,
        ])?;
    if rows == 0 {
        return Ok(false);
    }
    let row = transaction.last_insert_rowid();
    transaction
        .prepare_cached("INSERT INTO message_words (rowid, subject, body) VALUES (?1, ?2, ?3)")?
        .execute(params![row, message.subject, message.body])?;
    keep_findings(transaction, row, mail)?;
    Ok(true)
}

fn keep_findings(transaction: &Transaction<'_>, row: i64, mail: &Kept) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO entities (message, place, kind, value) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut seen = HashSet::new();
    for (place, one) in (0_i64..).zip(&mail.entities) {
        if seen.insert(&one.value) {
            statement.execute(params![row, place, one.kind().name(), one.value.to_string()])?;
        }
    }
    for (place, one) in (0_i64..).zip(&mail.links) {
        keep_link(transaction, row, place, one)?;
    }
    Ok(())
}

/// Keeps a link; one that is there already keeps its number.
pub(super) fn keep_link(
    transaction: &Transaction<'_>,
    row: i64,
    place: i64,
    one: &Link,
) -> Result<(), StoreError> {
    let terms = serde_json::to_string(&one.terms)?;
    let evidence = serde_json::to_string(&one.evidence)?;
    let segment = one.evidence.segment;
    transaction
        .prepare_cached(
            "INSERT INTO links (message, place, transcript, segment, score, terms, evidence) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (message, transcript) DO UPDATE SET \
             place = ?2, segment = ?4, score = ?5, terms = ?6, evidence = ?7",
        )?
        .execute(params![row, place, one.transcript.0, segment, one.score, terms, evidence])?;
    Ok(())
}

/// Kind, value, part, first byte, one past the last, rule; of each entity in order.
pub(super) type Mention<'a> = (Cow<'a, str>, Cow<'a, str>, Cow<'a, str>, u64, u64, Cow<'a, str>);

fn mentions(entities: &[Entity]) -> Result<String, StoreError> {
    let all: Vec<Mention<'_>> = entities.iter().map(mention).collect();
    Ok(serde_json::to_string(&all)?)
}

fn mention(one: &Entity) -> Mention<'_> {
    let length = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let (start, until) = (length(one.span.start), length(one.span.end));
    let (kind, value) = (one.kind().name().into(), one.value.to_string().into());
    (kind, value, part_name(one.span.part).into(), start, until, one.rule.into())
}

const fn part_name(part: Part) -> &'static str {
    match part {
        Part::Sender => "sender",
        Part::Recipient => "recipient",
        Part::Subject => "subject",
        Part::Body => "body",
        Part::Signature => "signature",
    }
}

fn keep_transcript(transaction: &Transaction<'_>, one: &Transcript) -> Result<bool, StoreError> {
    let rows = transaction.execute(
        "INSERT OR IGNORE INTO transcripts (id, title, began_at, people) VALUES (?1, ?2, ?3, ?4)",
        params![
            one.id.0,
            one.title,
            one.began_at.map(Timestamp::as_nanos),
            serde_json::to_string(&one.people)?
        ],
    )?;
    if rows == 0 {
        return Ok(false);
    }
    let transcript = transaction.last_insert_rowid();
    let mut segments = transaction.prepare_cached(
        "INSERT INTO segments (transcript, place, speaker, offset_ms, until_ms, text) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut words =
        transaction.prepare_cached("INSERT INTO segment_words (rowid, text) VALUES (?1, ?2)")?;
    for segment in &one.segments {
        let millis = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        segments.execute(params![
            transcript,
            segment.index,
            segment.speaker,
            millis(segment.offset_ms),
            millis(segment.until_ms),
            segment.text
        ])?;
        words.execute(params![transaction.last_insert_rowid(), segment.text])?;
    }
    Ok(true)
}
