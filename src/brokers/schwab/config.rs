//! Which account of which Schwab, how long to wait, and what follows when an order
//! cannot be found.
//!
//! Knows no token: see [`token`](crate::brokers::schwab::token).

use std::time::Duration;

use crate::brokers::schwab::hosts::SchwabHosts;

/// How long a call may take. A call that is over its time is *unknown*, not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, connection and TLS together.
    pub connect: Duration,
    /// A call that sends, changes or cancels an order, from its start to the last byte
    /// of the answer.
    pub order: Duration,
    /// Any other call.
    pub read: Duration,
    /// Waiting for an access token, a refresh included.
    pub token: Duration,
}

impl Default for Timeouts {
    /// The figures of the faults page, §9: 2 s, 10 s, 5 s; and 5 s for a token.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            order: Duration::from_secs(10),
            read: Duration::from_secs(5),
            token: Duration::from_secs(5),
        }
    }
}

/// What an order means that was looked for through the whole window and not found
/// (Schwab, protocol page §3.5, step 6, of November 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Absence {
    /// It stays unknown, and its symbol and side blocked, until a human decides.
    #[default]
    AsksHuman,
    /// It counts as not placed.
    MeansNotPlaced,
}

/// Everything about a Schwab account but its token.
#[derive(Clone, PartialEq, Eq)]
pub struct SchwabConfig {
    /// Where Schwab is.
    pub hosts: SchwabHosts,
    /// The plain number of the account; `None` when the login opens one account only.
    pub account: Option<String>,
    /// How long calls may take.
    pub timeouts: Timeouts,
    /// What an order means that cannot be found.
    pub absence: Absence,
}

impl std::fmt::Debug for SchwabConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchwabConfig")
            .field("hosts", &self.hosts)
            .field("account", &self.account.as_deref().map(masked))
            .field("timeouts", &self.timeouts)
            .field("absence", &self.absence)
            .finish()
    }
}

impl SchwabConfig {
    /// A configuration with the usual figures, for the login's only account.
    pub fn new(hosts: SchwabHosts) -> Self {
        Self { hosts, account: None, timeouts: Timeouts::default(), absence: Absence::default() }
    }
}

/// An account number or hash as it may stand in logs: its last three characters.
pub(crate) fn masked(text: &str) -> String {
    let count = text.chars().count();
    let kept: String = text.chars().skip(count.saturating_sub(3)).collect();
    if count > 3 { format!("...{kept}") } else { "...".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_shown_by_its_last_three_characters() {
        for (text, expected) in [("11112222", "...222"), ("222", "..."), ("", "...")] {
            assert_eq!(masked(text), expected, "{text:?}");
        }
        let mut config = SchwabConfig::new(SchwabHosts::production());
        config.account = Some("11112222".into());
        let shown = format!("{config:?}");
        assert!(shown.contains("...222") && !shown.contains("1111"), "{shown}");
    }
}
