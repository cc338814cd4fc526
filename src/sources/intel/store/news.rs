//! What is new in the store since somebody was told last, as events of the house.
//!
//! Mails and links are numbered as they are stored; a journal says which it knows. Of a
//! mailbox that is read for the first time only the newest are told. It knows nothing of
//! who is told.

use rusqlite::{Row, params};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Deserialize;

use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;
use crate::events::{EmailStored, IntelEvent, LinkFound, NAMED_MAX};
use crate::sources::intel::store::answers::instant;
use crate::sources::intel::store::{Store, StoreError};

/// Most mails, and most links, that are told after one reading: the newest.
pub const TOLD_AT_ONCE: u64 = 200;
/// Most bytes of what was said in a meeting.
const SAID_MAX: i64 = 200;
/// Four places are enough for a score.
const PLACES: u32 = 4;

/// Up to which numbers somebody was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// The last mail.
    pub mail: u64,
    /// The last link.
    pub link: u64,
}

impl Told {
    /// Takes an event into account.
    pub fn hear(&mut self, event: &IntelEvent) {
        match event {
            IntelEvent::EmailStored(mail) => self.mail = self.mail.max(mail.number),
            IntelEvent::LinkFound(link) => self.link = self.link.max(link.number),
        }
    }
}

/// What is new.
#[derive(Debug, Default)]
pub struct News {
    /// Mails, then links, each in order of their numbers.
    pub events: Vec<IntelEvent>,
    /// Mails and links that are new and too many to be told.
    pub left_out: u64,
}

/// The keys of a link's evidence.
#[derive(Deserialize)]
struct Evidence {
    segment: Option<u32>,
    offset_ms: Option<u64>,
    said_at: Option<Timestamp>,
    words: Vec<String>,
    people: Vec<String>,
    entities: Vec<String>,
}

impl Store {
    /// What is new after `told`; a store with fewer numbers is another one, and all new.
    ///
    /// # Errors
    /// The database fails.
    pub fn news(&self, told: Told) -> Result<News, StoreError> {
        let last = |sql: &str| -> Result<u64, StoreError> {
            let number: Option<i64> = self.database.query_row(sql, [], |row| row.get(0))?;
            Ok(number.map_or(0, i64::unsigned_abs))
        };
        let (mails, links) =
            (last("SELECT max(n) FROM messages")?, last("SELECT max(number) FROM links")?);
        let from = |told: u64, last: u64| {
            let told = if told > last { 0 } else { told };
            (told.max(last.saturating_sub(TOLD_AT_ONCE)), told)
        };
        let ((mail_from, mail_told), (link_from, link_told)) =
            (from(told.mail, mails), from(told.link, links));
        let mut events = self.new_mails(mail_from)?;
        events.extend(self.new_links(link_from)?);
        Ok(News { events, left_out: mail_from - mail_told + link_from - link_told })
    }

    fn new_mails(&self, from: u64) -> Result<Vec<IntelEvent>, StoreError> {
        let mut statement = self.database.prepare_cached(
            "SELECT n, id, at, from_address, from_name, subject FROM messages WHERE n > ?1 \
             ORDER BY n",
        )?;
        let mut rows = statement.query([key(from)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            found.push(IntelEvent::EmailStored(EmailStored {
                number: number.unsigned_abs(),
                email: row.get(1)?,
                written_at: instant(row, 2)?,
                client: text(row, 3)?,
                name: text(row, 4)?,
                subject: row.get(5)?,
                symbols: self.symbols(number)?,
                intents: self.named(number, "intent")?,
            }));
        }
        Ok(found)
    }

    fn new_links(&self, from: u64) -> Result<Vec<IntelEvent>, StoreError> {
        let mut statement = self.database.prepare_cached(
            "SELECT l.number, m.id, m.at, m.from_address, m.subject, m.n, t.id, t.title, l.score, \
             l.evidence, s.speaker, substr(s.text, 1, ?2) \
             FROM links l JOIN messages m ON m.n = l.message \
             JOIN transcripts t ON t.id = l.transcript \
             LEFT JOIN segments s ON s.transcript = t.n AND s.place = l.segment \
             WHERE l.number > ?1 ORDER BY l.number",
        )?;
        let mut rows = statement.query(params![key(from), SAID_MAX])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let Evidence { segment, offset_ms, said_at, words, people, entities } =
                serde_json::from_str(&row.get::<_, String>(9)?)?;
            let few = |list: Vec<String>| list.into_iter().take(NAMED_MAX).collect();
            let score = Decimal::from_f64(row.get(8)?).unwrap_or_default().round_dp(PLACES);
            found.push(IntelEvent::LinkFound(Box::new(LinkFound {
                number: row.get::<_, i64>(0)?.unsigned_abs(),
                email: row.get(1)?,
                written_at: instant(row, 2)?,
                client: text(row, 3)?,
                subject: row.get(4)?,
                symbols: self.symbols(row.get(5)?)?,
                transcript: row.get(6)?,
                title: row.get(7)?,
                score,
                segment,
                offset_ms,
                said_at,
                speaker: text(row, 10)?,
                said: text(row, 11)?,
                words: few(words),
                people: few(people),
                entities: few(entities),
            })));
        }
        Ok(found)
    }

    fn symbols(&self, message: i64) -> Result<Vec<Symbol>, StoreError> {
        let names = self.named(message, "ticker")?;
        Ok(names.iter().filter_map(|name| Symbol::new(name).ok()).collect())
    }

    /// The different values of one kind in a mail, in order of mention.
    fn named(&self, message: i64, kind: &str) -> Result<Vec<String>, StoreError> {
        let mut statement = self.database.prepare_cached(
            "SELECT value FROM entities WHERE message = ?1 AND kind = ?2 \
             GROUP BY value ORDER BY min(place) LIMIT ?3",
        )?;
        let most = i64::try_from(NAMED_MAX).unwrap_or(i64::MAX);
        let values = statement.query_map(params![message, kind, most], |row| row.get(0))?;
        Ok(values.collect::<Result<_, _>>()?)
    }
}

fn key(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn text(row: &Row<'_>, column: usize) -> Result<String, rusqlite::Error> {
    Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default())
}
