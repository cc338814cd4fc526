//! Where the login stands, for the screen and for whoever holds the breaker.
//!
//! Pure values; who says them is the [`TokenKeeper`](super::TokenKeeper).

use super::access::LoginReason;
use crate::domain::time::Timestamp;

/// Where the login stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// Calls can be made. Both times are forecasts: only Schwab's answers are proof.
    Fresh {
        /// When the access token is expected to end; it is refreshed before.
        access_until: Timestamp,
        /// When the login is expected to end, seven days after it was made.
        login_until: Timestamp,
    },
    /// Schwab has refused the refresh token: certain, and only a human can help.
    LoginNeeded {
        /// Why.
        why: LoginReason,
    },
    /// Nobody has logged in yet.
    Absent,
}

impl TokenState {
    /// Tells whether the token is known to be dead, so that every breaker of Schwab is
    /// to be latched.
    pub const fn is_dead(&self) -> bool {
        matches!(self, Self::LoginNeeded { .. })
    }
}
