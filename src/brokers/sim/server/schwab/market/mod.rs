//! Market data (Schwab, protocol page §4 of October 2026).
//!
//! | question | file |
//! |---|---|
//! | what is known of a stock now | `snapshot` |
//! | quotes | `quotes` |
//! | bars of the past | `history` |
//! | when the market is open | `hours` |
//! | stocks by name, movers, options (none) | `instruments` |

mod history;
mod hours;
mod instruments;
mod quotes;
mod routes;
mod snapshot;

pub(super) use routes::routes;
pub(super) use snapshot::Snapshot;
