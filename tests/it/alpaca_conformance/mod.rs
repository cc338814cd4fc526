//! Every endpoint and every stream message of Alpaca's protocol page (§3, §5, §6, §7 of
//! October 2026), each checked twice: by a plain client that knows only the page, and
//! by our own client whose words are read on the way.
//!
//! [`list`] is the table. A row counts as checked only when a run has really met it: a
//! row that nobody meets fails, and so does a request that has no row.

mod list;
mod messages;
mod ours;
mod plain;
mod shape;
mod wiretap;
