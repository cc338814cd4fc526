//! The one row of the cash, in dollars.

use rusqlite::Connection;

use crate::domain::ids::Seq;
use crate::domain::money::Money;
use crate::domain::order::Side;
use crate::journal::JournalError;

/// What came in and what went out since the journal began.
///
/// The balance is opening − bought + sold − fees; together with the positions'
/// cost and the profit taken it always adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::journal) struct Cash {
    opening: i64,
    bought: Money,
    sold: Money,
    fees: Money,
    realized: Money,
}

impl Cash {
    /// Cash before the first event.
    pub(in crate::journal) fn open(opening: Money) -> Result<Self, JournalError> {
        Ok(Self { opening: stored(opening, Seq(0))?, ..Self::default() })
    }

    pub(in crate::journal) fn read(connection: &Connection) -> Result<Self, JournalError> {
        let sql = "SELECT opening, bought, sold, fees, realized FROM cash";
        let read = connection.query_row(sql, [], |row| {
            let money = |at| row.get::<_, i64>(at).map(|units| Money::from_units(units.into()));
            Ok(Self {
                opening: row.get(0)?,
                bought: money(1)?,
                sold: money(2)?,
                fees: money(3)?,
                realized: money(4)?,
            })
        });
        Ok(read?)
    }

    pub(in crate::journal) fn trade(&mut self, side: Side, amount: Money, realized: Money) {
        match side {
            Side::Buy => self.bought += amount,
            Side::Sell => self.sold += amount,
        }
        self.realized += realized;
    }

    pub(in crate::journal) fn charge(&mut self, fee: Money) {
        self.fees += fee;
    }

    pub(in crate::journal) fn insert(&self, connection: &Connection) -> Result<(), JournalError> {
        let sql = "INSERT INTO cash(id, opening, bought, sold, fees, realized, balance) \
                   VALUES (1, ?1, 0, 0, 0, 0, ?1)";
        connection.execute(sql, [self.opening])?;
        Ok(())
    }

    pub(in crate::journal) fn update(
        &self,
        connection: &Connection,
        seq: Seq,
    ) -> Result<(), JournalError> {
        let opening = Money::from_units(self.opening.into());
        let balance = opening - self.bought + self.sold - self.fees;
        let sql = "UPDATE cash SET bought = ?1, sold = ?2, fees = ?3, realized = ?4, balance = ?5";
        connection.prepare_cached(sql)?.execute((
            stored(self.bought, seq)?,
            stored(self.sold, seq)?,
            stored(self.fees, seq)?,
            stored(self.realized, seq)?,
            stored(balance, seq)?,
        ))?;
        Ok(())
    }
}

/// An amount as the store holds it.
pub(in crate::journal) fn stored(amount: Money, seq: Seq) -> Result<i64, JournalError> {
    i64::try_from(amount.units()).map_err(|_| JournalError::TooLarge { seq })
}
