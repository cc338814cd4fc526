//! Market data REST, `/v2/stocks/…` (Alpaca, protocol page §5 of October 2026).
//!
//! | question | file |
//! |---|---|
//! | whose keys, and how a request is refused | `access` |
//! | what was asked for | `query` |
//! | which timeframes there are | `timeframe` |
//! | where a page ends and the next begins | `page` |
//! | bars, trades and quotes of the past | `history` |
//! | trades and quotes made from minute bars | `prints` |
//! | the newest of everything | `latest` |
//! | exchanges, conditions, screeners | `reference` |
//!
//! All feeds tell the same market. Trades and quotes of the past are not kept: they
//! are made from the kept minutes, the same ones at every request.

mod access;
mod history;
mod latest;
mod page;
mod prints;
mod query;
mod reference;
mod routes;
mod timeframe;

pub(super) use access::keys_in;
pub(super) use routes::routes;
