//! A token's life: from the file that a login wrote to the header of a call.
//!
//! Read in this order: what a caller gets ([`AccessTokens`]); what the house is told
//! ([`TokenState`]). Reference: Schwab, protocol page §1 of November 2026.

mod access;
mod memory;
mod state;

pub use access::{AccessToken, AccessTokens, LoginReason, TokenError};
pub use memory::MemoryTokens;
pub use state::TokenState;
