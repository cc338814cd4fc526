//! The hash chain over the records of table `events`, and the checksum of a
//! record on the tape.
//!
//! The canon, all numbers big-endian:
//!
//! ```text
//! hash(0) = SHA-256("flightdeck journal 1" ‖ 0 ‖ mode ‖ 0 ‖ account ‖ 0 ‖ opening cash, i128 ‖ seed, u64)
//! hash(n) = SHA-256(hash(n - 1) ‖ n, u64 ‖ payload)
//! ```
//!
//! The payload is the line that `events::wire` wrote, and it repeats the number,
//! the time, the name and the trade of its record, so the other columns need no
//! place in the canon: they are compared with it. The tape has no chain, so that
//! it may be pruned; each of its records carries the first 8 bytes of its own
//! payload's SHA-256 against the disk's errors. SHA-256 is FIPS 180-4.

use sha2::{Digest, Sha256};

use crate::domain::ids::{Seq, TradeId};
use crate::events::{Envelope, wire};
use crate::journal::Corruption;
use crate::journal::sqlite::identity::StoreIdentity;

/// A link of the chain.
pub(in crate::journal) type Hash = [u8; 32];

/// The end of a chain: how many records, and the hash of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) struct Link {
    pub(in crate::journal) n: u64,
    pub(in crate::journal) hash: Hash,
}

impl Link {
    /// The link before the first record; it binds the chain to its owner.
    pub(in crate::journal) fn genesis(identity: &StoreIdentity) -> Self {
        let mut hasher = Sha256::new();
        for text in ["flightdeck journal 1", &identity.mode, &identity.account] {
            hasher.update(text.as_bytes());
            hasher.update([0]);
        }
        hasher.update(identity.opening_cash.units().to_be_bytes());
        hasher.update(identity.seed.to_be_bytes());
        Self { n: 0, hash: hasher.finalize().into() }
    }

    /// The link of the next record.
    pub(in crate::journal) fn next(self, payload: &[u8]) -> Self {
        let n = self.n + 1;
        let mut hasher = Sha256::new();
        hasher.update(self.hash);
        hasher.update(n.to_be_bytes());
        hasher.update(payload);
        Self { n, hash: hasher.finalize().into() }
    }
}

/// The checksum of a record on the tape.
pub(in crate::journal) fn checksum(payload: &[u8]) -> i64 {
    let digest: Hash = Sha256::digest(payload).into();
    let first = digest.first_chunk().expect("32 bytes are more than 8");
    i64::from_be_bytes(*first)
}

/// One row of `events` or `tape` as it is stored.
#[derive(Debug)]
pub(in crate::journal) struct StoredRow<'a> {
    pub(in crate::journal) seq: Seq,
    pub(in crate::journal) at: i64,
    pub(in crate::journal) name: &'a str,
    pub(in crate::journal) trade_id: Option<&'a str>,
    pub(in crate::journal) payload: &'a str,
}

impl StoredRow<'_> {
    /// Reads the payload and compares every other column with it.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub(in crate::journal) fn decode(&self) -> Result<Envelope, String> {
        let envelope = wire::read(self.payload).map_err(|error| format!("payload: {error}"))?;
        let trade_id = envelope.event.trade_id().map(TradeId::as_str);
        let differs = if envelope.seq != self.seq {
            "seq"
        } else if envelope.at.as_nanos() != self.at {
            "at"
        } else if envelope.event.name() != self.name {
            "name"
        } else if trade_id != self.trade_id {
            "trade_id"
        } else {
            return Ok(envelope);
        };
        Err(format!("column {differs} is not what the payload says"))
    }
}

/// One row of `events` with its place in the chain.
#[derive(Debug)]
pub(in crate::journal) struct ChainedRow<'a> {
    pub(in crate::journal) n: u64,
    pub(in crate::journal) row: StoredRow<'a>,
    pub(in crate::journal) prev_hash: &'a [u8],
    pub(in crate::journal) hash: &'a [u8],
}

impl ChainedRow<'_> {
    /// Checks that the row follows `before`; returns its own link and its content.
    ///
    /// # Errors
    /// The row's number and what is wrong with it.
    pub(in crate::journal) fn follow(&self, before: Link) -> Result<(Link, Envelope), Corruption> {
        let refuse = |what: String| Corruption::of_record(self.n, self.row.seq, what);
        if self.n != before.n + 1 {
            return Err(refuse(format!("record {} is missing before it", before.n + 1)));
        }
        if self.prev_hash != before.hash {
            return Err(refuse("prev_hash is not the hash of the record before".into()));
        }
        let link = before.next(self.row.payload.as_bytes());
        if self.hash != link.hash {
            return Err(refuse("hash does not match the payload".into()));
        }
        Ok((link, self.row.decode().map_err(refuse)?))
    }
}
