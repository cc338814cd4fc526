//! A token's life: from the file that a login wrote to the header of a call.
//!
//! Read in this order: what a caller gets ([`AccessTokens`]); what the house is told
//! ([`TokenState`], [`LoginWarning`]); the file that login and cockpit share
//! ([`TokenFile`]); the token endpoint and what its answers mean (`endpoint`, `answer`);
//! and the task that keeps a token alive ([`TokenKeeper`]). Reference: Schwab, protocol
//! page §1 of November 2026.

mod access;
mod answer;
mod endpoint;
mod file;
mod forecast;
mod keeper;
mod memory;
mod state;
mod task;
#[cfg(test)]
mod tests;

pub use access::{AccessToken, AccessTokens, LoginReason, TokenError};
pub(crate) use answer::ExchangeError;
pub(crate) use endpoint::TokenEndpoint;
pub use file::{StoredToken, TokenFile};
pub use forecast::LoginWarning;
pub use keeper::{TokenKeeper, TokenSettings};
pub use memory::MemoryTokens;
pub use state::TokenState;
