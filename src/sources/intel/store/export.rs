//! The whole store as lines of JSON: transcripts by id, then mails in order of storing.
//!
//! Two stores with the same content give the same bytes.

use std::io::Write;

use rusqlite::Row;
use serde_json::{Value, json};

use crate::sources::intel::store::answers::instant;
use crate::sources::intel::store::keep::Mention;
use crate::sources::intel::store::{Store, StoreError};

impl Store {
    /// Writes everything out.
    ///
    /// # Errors
    /// The database or the output fails.
    pub fn export(&self, out: &mut impl Write) -> Result<(), StoreError> {
        for one in self.transcripts()? {
            let segments: Vec<_> = one
                .segments
                .iter()
                .map(|said| {
                    json!({
                        "index": said.index, "speaker": said.speaker, "offset_ms": said.offset_ms,
                        "until_ms": said.until_ms, "text": said.text,
                    })
                })
                .collect();
            let line = json!({
                "type": "transcript", "id": one.id.0, "title": one.title,
                "began_at": one.began_at, "people": one.people, "segments": segments,
            });
            writeln!(out, "{line}")?;
        }
        let mut statement = self.database.prepare(
            "SELECT n, id, at, from_name, from_address, recipients, subject, body, quoted, \
             signature, thread, attachments, oddities, source, entities FROM messages ORDER BY n",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            writeln!(out, "{}", self.mail(row)?)?;
        }
        Ok(())
    }

    fn mail(&self, row: &Row<'_>) -> Result<Value, StoreError> {
        let n: i64 = row.get(0)?;
        let text = |column: usize| row.get::<_, Option<String>>(column);
        let value = |column: usize| -> Result<Value, StoreError> {
            Ok(serde_json::from_str(&row.get::<_, String>(column)?)?)
        };
        Ok(json!({
            "type": "mail", "id": text(1)?, "at": instant(row, 2)?,
            "from": { "name": text(3)?, "address": text(4)? },
            "recipients": value(5)?, "subject": text(6)?, "body": text(7)?,
            "quoted": text(8)?, "signature": text(9)?, "thread": text(10)?,
            "attachments": value(11)?, "oddities": value(12)?, "source": text(13)?,
            "entities": entities(&row.get::<_, String>(14)?)?, "links": self.links_of(n)?,
        }))
    }

    fn links_of(&self, n: i64) -> Result<Vec<Value>, StoreError> {
        let mut statement = self.database.prepare_cached(
            "SELECT transcript, score, terms, evidence FROM links WHERE message = ?1 ORDER BY place",
        )?;
        let mut rows = statement.query([n])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let terms: Value = serde_json::from_str(&row.get::<_, String>(2)?)?;
            let evidence: Value = serde_json::from_str(&row.get::<_, String>(3)?)?;
            found.push(json!({
                "transcript": row.get::<_, String>(0)?, "score": row.get::<_, f64>(1)?,
                "terms": terms, "evidence": evidence,
            }));
        }
        Ok(found)
    }
}

fn entities(text: &str) -> Result<Vec<Value>, StoreError> {
    let all: Vec<Mention<'_>> = serde_json::from_str(text)?;
    let one = |(kind, value, part, start, until, rule): Mention<'_>| {
        json!({
            "kind": kind, "value": value, "part": part, "start": start, "until": until,
            "rule": rule,
        })
    };
    Ok(all.into_iter().map(one).collect())
}
