//! The market data stream, `/v2/{feed}` (Alpaca, protocol page §7 of October 2026).
//!
//! | question | file |
//! |---|---|
//! | which feeds, and where their steps come from | `source` |
//! | what is said before and beside the data | `session` |
//! | which symbols of which channels | `subscription` |
//! | what a step of the market is on the wire | `tape` |
//! | the market that is always on | `test_feed` |
//! | sockets, faults, slow clients | `connection` |
//!
//! The first three know no socket. All feeds tell the same market; `delayed_sip` tells
//! it a quarter of an hour later.

mod connection;
mod source;
mod session;
mod subscription;
mod tape;
mod test_feed;

pub(super) use connection::routes;
pub(super) use session::Keys;
pub(super) use source::is_stream;
