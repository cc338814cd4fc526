//! What the broker keeps beside orders.

/// Account settings and watchlists.
#[derive(Debug, Default)]
pub(crate) struct Desk {}
