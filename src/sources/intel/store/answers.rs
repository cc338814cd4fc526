//! What is asked of the store: words, a symbol or a person, links, transcripts.
//!
//! Every answer is bounded and ordered. It knows nothing of how an answer is printed.

use rusqlite::{Row, ToSql};
use serde::Serialize;

use crate::domain::time::Timestamp;
use crate::intel::transcript::{Segment, Transcript, TranscriptId};
use crate::sources::intel::store::{Store, StoreError};

/// Most rows of an answer.
pub const ANSWER_MAX: u32 = 200;
/// Most words of a search that are looked at.
pub const WORDS_MAX: usize = 32;

/// A mail or a segment that answers a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// `mail` or `transcript`.
    pub kind: &'static str,
    /// Its Message-ID, or the transcript's id.
    pub id: String,
    /// When it was written, or the meeting began.
    pub at: Option<Timestamp>,
    /// Who wrote or spoke.
    pub who: Option<String>,
    /// Subject, or the meeting's title.
    pub title: String,
    /// Beginning of the text, or the words around the first match.
    pub text: String,
}

/// A link as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkRow {
    /// The mail.
    pub message: String,
    /// Its subject.
    pub subject: String,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// The meeting.
    pub transcript: String,
    /// What it was about.
    pub title: String,
    /// Score in [0, 1].
    pub score: f64,
    /// The four terms of the score.
    pub terms: serde_json::Value,
    /// What speaks for it.
    pub evidence: serde_json::Value,
}

impl Store {
    /// Mails and segments that hold all words, the best first.
    ///
    /// # Errors
    /// The database fails.
    pub fn search(&self, words: &str) -> Result<Vec<Hit>, StoreError> {
        let query = quoted(words);
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let mut hits = self.mails(
            "SELECT m.id, m.at, coalesce(m.from_name, m.from_address), m.subject, \
             snippet(message_words, -1, '', '', '…', 24) \
             FROM message_words JOIN messages m ON m.n = message_words.rowid \
             WHERE message_words MATCH ?1 ORDER BY rank, m.n LIMIT ?2",
            &[&query, &ANSWER_MAX],
        )?;
        let mut statement = self.database.prepare(
            "SELECT t.id, t.began_at, s.speaker, t.title, \
             snippet(segment_words, -1, '', '', '…', 24) \
             FROM segment_words JOIN segments s ON s.n = segment_words.rowid \
             JOIN transcripts t ON t.n = s.transcript \
             WHERE segment_words MATCH ?1 ORDER BY rank, s.n LIMIT ?2",
        )?;
        let found = statement.query_map((&query, ANSWER_MAX), |row| hit("transcript", row))?;
        hits.extend(found.collect::<Result<Vec<_>, _>>()?);
        Ok(hits)
    }

    /// Mails that speak of a symbol or a person, or that a person wrote; the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn about(&self, what: &str) -> Result<Vec<Hit>, StoreError> {
        self.mails(
            "SELECT m.id, m.at, coalesce(m.from_name, m.from_address), m.subject, \
             substr(m.body, 1, 200) FROM messages m WHERE m.n IN ( \
                SELECT message FROM entities \
                WHERE (kind = 'ticker' AND value = upper(?1)) \
                   OR (kind IN ('person', 'address', 'company') AND lower(value) = lower(?1)) \
                UNION SELECT n FROM messages \
                WHERE from_address = lower(?1) OR lower(from_name) = lower(?1)) \
             ORDER BY m.at IS NULL, m.at DESC, m.n LIMIT ?2",
            &[&what.trim().trim_start_matches('$'), &ANSWER_MAX],
        )
    }

    fn mails(&self, sql: &str, values: &[&dyn ToSql]) -> Result<Vec<Hit>, StoreError> {
        let mut statement = self.database.prepare_cached(sql)?;
        let found = statement.query_map(values, |row| hit("mail", row))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The links, those of the newest mails first.
    ///
    /// # Errors
    /// The database fails.
    pub fn links(&self) -> Result<Vec<LinkRow>, StoreError> {
        let mut statement = self.database.prepare(
            "SELECT m.id, m.subject, m.at, l.transcript, t.title, l.score, l.terms, l.evidence \
             FROM links l JOIN messages m ON m.n = l.message \
             JOIN transcripts t ON t.id = l.transcript \
             ORDER BY m.at IS NULL, m.at DESC, m.n, l.place LIMIT ?1",
        )?;
        let mut rows = statement.query([ANSWER_MAX])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(LinkRow {
                message: row.get(0)?,
                subject: row.get(1)?,
                at: instant(row, 2)?,
                transcript: row.get(3)?,
                title: row.get(4)?,
                score: row.get(5)?,
                terms: serde_json::from_str(&row.get::<_, String>(6)?)?,
                evidence: serde_json::from_str(&row.get::<_, String>(7)?)?,
            });
        }
        Ok(found)
    }

    /// All transcripts, in order of their ids.
    ///
    /// # Errors
    /// The database fails.
    pub fn transcripts(&self) -> Result<Vec<Transcript>, StoreError> {
        let mut statement = self
            .database
            .prepare("SELECT n, id, title, began_at, people FROM transcripts ORDER BY id")?;
        let mut segments = self.database.prepare(
            "SELECT place, speaker, offset_ms, until_ms, text FROM segments \
             WHERE transcript = ?1 ORDER BY place",
        )?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let said = segments.query_map([row.get::<_, i64>(0)?], |row| {
                Ok(Segment {
                    index: row.get(0)?,
                    speaker: row.get(1)?,
                    offset_ms: row.get::<_, i64>(2)?.unsigned_abs(),
                    until_ms: row.get::<_, i64>(3)?.unsigned_abs(),
                    text: row.get(4)?,
                })
            })?;
            found.push(Transcript {
                id: TranscriptId(row.get(1)?),
                title: row.get(2)?,
                began_at: instant(row, 3)?,
                people: serde_json::from_str(&row.get::<_, String>(4)?)?,
                segments: said.collect::<Result<_, _>>()?,
            });
        }
        Ok(found)
    }
}

pub(super) fn instant(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, rusqlite::Error> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_nanos))
}

fn hit(kind: &'static str, row: &Row<'_>) -> Result<Hit, rusqlite::Error> {
    Ok(Hit {
        kind,
        id: row.get(0)?,
        at: instant(row, 1)?,
        who: row.get(2)?,
        title: row.get(3)?,
        text: row.get(4)?,
    })
}

/// Every word as a string of the query language, so that none is an operator of it.
fn quoted(words: &str) -> String {
    let words = words.split_whitespace().take(WORDS_MAX);
    let words = words.map(|word| word.replace('\0', "")).filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    words.join(" ")
}
