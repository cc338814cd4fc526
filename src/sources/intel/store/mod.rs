//! Where mails, entities, transcripts and links are kept: SQLite with full-text search.
//!
//! One writer, in batches that are whole or not there; every statement takes its values
//! as parameters, and the words of a search are quoted. Start with [`Store`]; what is
//! asked of it is in [`answers`].

mod schema;
mod keep;
mod relink;
mod news;
pub mod answers;
mod export;
#[cfg(test)]
mod tests;

pub use answers::Hit;
pub use keep::Kept;
pub use news::{News, TOLD_AT_ONCE, Told};
pub use relink::Behind;
pub use schema::{SCHEMA_VERSION, Store, StoreError};
