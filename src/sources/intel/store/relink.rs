//! Mails whose links were looked for among fewer meetings than there are now.
//!
//! A meeting that comes later changes the rarity of words, people and entities, and with
//! it every score; so all mails are compared again, from what the store holds, and the
//! store ends as if the meeting had been there first. Each mail says among how many
//! meetings it was compared, so this goes on where it was stopped. It knows nothing of how
//! links are found; see [`correlate`](crate::intel::correlate).

use rusqlite::{Row, params};
use serde::Deserialize;

use crate::intel::correlate::Link;
use crate::intel::mail::{Address, Message, MessageId, ThreadId};
use crate::sources::intel::store::answers::instant;
use crate::sources::intel::store::keep::keep_link;
use crate::sources::intel::store::{Store, StoreError};

/// A mail that is behind: its row, and as much of it as is compared.
#[derive(Debug)]
pub struct Behind {
    row: i64,
    /// Sender, recipients, time, subject, body and signature; the rest is empty.
    pub message: Message,
}

#[derive(Deserialize)]
struct Recipients {
    to: Vec<Recipient>,
    cc: Vec<Recipient>,
}

#[derive(Deserialize)]
struct Recipient {
    name: Option<String>,
    address: String,
}

impl Store {
    /// Mails whose links were looked for among another number of meetings, at most `most`.
    ///
    /// # Errors
    /// The database fails.
    pub fn behind(&self, meetings: u64, most: usize) -> Result<Vec<Behind>, StoreError> {
        let mut statement = self.database.prepare_cached(
            "SELECT n, id, at, from_name, from_address, recipients, subject, body, signature \
             FROM messages WHERE linked_with < ?1 ORDER BY linked_with, n LIMIT ?2",
        )?;
        let limits = params![
            i64::try_from(meetings).unwrap_or(i64::MAX),
            i64::try_from(most).unwrap_or(i64::MAX)
        ];
        let mut rows = statement.query(limits)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Behind { row: row.get(0)?, message: message(row)? });
        }
        Ok(found)
    }

    /// Keeps the links of mails as they are now, all or none. A link that stays keeps its
    /// number; one that is gone goes.
    ///
    /// # Errors
    /// The database fails; then nothing is changed.
    pub fn relink(
        &mut self,
        mails: &[(Behind, Vec<Link>)],
        meetings: u64,
    ) -> Result<(), StoreError> {
        let transaction = self.database.transaction()?;
        for (mail, links) in mails {
            let kept: Vec<&str> = links.iter().map(|link| link.transcript.0.as_str()).collect();
            transaction
                .prepare_cached(
                    "DELETE FROM links WHERE message = ?1 \
                     AND transcript NOT IN (SELECT value FROM json_each(?2))",
                )?
                .execute(params![mail.row, serde_json::to_string(&kept)?])?;
            for (place, link) in (0_i64..).zip(links) {
                keep_link(&transaction, mail.row, place, link)?;
            }
            transaction
                .prepare_cached("UPDATE messages SET linked_with = ?2 WHERE n = ?1")?
                .execute(params![mail.row, i64::try_from(meetings).unwrap_or(i64::MAX)])?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn message(row: &Row<'_>) -> Result<Message, StoreError> {
    let id: String = row.get(1)?;
    let (name, address) = (row.get(3)?, row.get::<_, Option<String>>(4)?);
    let recipients: Recipients = serde_json::from_str(&row.get::<_, String>(5)?)?;
    let all = |list: Vec<Recipient>| {
        list.into_iter().map(|one| Address { name: one.name, address: one.address }).collect()
    };
    Ok(Message {
        thread: ThreadId(id.clone()),
        id: MessageId(id),
        at: instant(row, 2)?,
        from: address.map(|address| Address { name, address }),
        to: all(recipients.to),
        cc: all(recipients.cc),
        subject: row.get(6)?,
        body: row.get(7)?,
        signature: row.get(8)?,
        quoted: String::new(),
        attachments: Vec::new(),
        oddities: Vec::new(),
    })
}
