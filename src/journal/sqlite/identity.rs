//! Whose journal it is: mode, account, and what the run began with.

use rusqlite::{Connection, OptionalExtension};

use crate::domain::money::Money;
use crate::journal::{Corruption, JournalError};

/// Mode and account, and what the first run of the journal began with.
///
/// A journal is of one mode and one account for ever. Opening cash and seed are
/// those of the first opening; later ones are ignored, the events say more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreIdentity {
    /// `sim`, `replay`, `paper` or `live`.
    pub mode: String,
    /// The account's alias, never its number.
    pub account: String,
    /// Cash before the first event, in dollars.
    pub opening_cash: Money,
    /// The seed of everything that draws lots.
    pub seed: u64,
}

impl StoreIdentity {
    /// Writes the identity into a new journal.
    pub(in crate::journal) fn write(&self, connection: &Connection) -> Result<(), JournalError> {
        let sql = "INSERT INTO meta(key, value) VALUES (?1, ?2)";
        let mut insert = connection.prepare(sql)?;
        insert.execute(("mode", &self.mode))?;
        insert.execute(("account", &self.account))?;
        insert.execute(("opening_cash", self.opening_cash.units().to_string()))?;
        insert.execute(("seed", self.seed.to_string()))?;
        Ok(())
    }

    /// Reads the identity of a journal.
    pub(in crate::journal) fn read(connection: &Connection) -> Result<Self, JournalError> {
        let number = |key: &str| -> Result<i128, JournalError> {
            let text = value(connection, key)?;
            let broken = || Corruption::of_file(format!("meta '{key}' is '{text}', not a number"));
            Ok(text.parse().map_err(|_| broken())?)
        };
        let broken = |_| Corruption::of_file("meta 'seed' is out of range");
        Ok(Self {
            mode: value(connection, "mode")?,
            account: value(connection, "account")?,
            opening_cash: Money::from_units(number("opening_cash")?),
            seed: u64::try_from(number("seed")?).map_err(broken)?,
        })
    }

    /// Refuses another mode and another account.
    pub(in crate::journal) fn admit(&self, asked: &Self) -> Result<(), JournalError> {
        let pairs = [("mode", &self.mode, &asked.mode), ("account", &self.account, &asked.account)];
        match pairs.into_iter().find(|(_, recorded, asked)| recorded != asked) {
            None => Ok(()),
            Some((field, recorded, asked)) => Err(JournalError::OtherOwner {
                field,
                recorded: recorded.clone(),
                asked: asked.clone(),
            }),
        }
    }
}

fn value(connection: &Connection, key: &str) -> Result<String, JournalError> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    let found = connection.query_row(sql, [key], |row| row.get(0)).optional()?;
    let missing = || Corruption::of_file(format!("meta '{key}' is missing"));
    Ok(found.ok_or_else(missing)?)
}
