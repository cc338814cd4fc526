//! Tokens by script, for tests of whatever calls Schwab.
//!
//! Knows no file and no network.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt, ready};

use super::access::{AccessToken, AccessTokens, TokenError};

/// Hands out one token until it is told of a 401, then what its script says.
#[derive(Debug)]
pub struct MemoryTokens(Mutex<Script>);

#[derive(Debug)]
struct Script {
    now: Result<AccessToken, TokenError>,
    /// What the next refreshes give, in order.
    next: VecDeque<Result<AccessToken, TokenError>>,
    refreshes: usize,
}

impl MemoryTokens {
    /// Makes one that hands out `now`, and after each refresh what comes `next`; when
    /// the script is at its end, refreshes say that Schwab does not answer.
    pub fn new(
        now: impl Into<String>,
        next: impl IntoIterator<Item = Result<AccessToken, TokenError>>,
    ) -> Self {
        let now = Ok(AccessToken::new(now.into()));
        Self(Mutex::new(Script { now, next: next.into_iter().collect(), refreshes: 0 }))
    }

    /// How often it was made to refresh.
    pub fn refreshes(&self) -> usize {
        self.script().refreshes
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccessTokens for MemoryTokens {
    fn access(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        ready(self.script().now.clone()).boxed()
    }

    fn renew_after_401<'a>(
        &'a self,
        refused: &'a AccessToken,
    ) -> BoxFuture<'a, Result<AccessToken, TokenError>> {
        let mut script = self.script();
        if script.now.as_ref() == Ok(refused) {
            script.refreshes += 1;
            let silent = || Err(TokenError::Transient("Schwab does not answer".into()));
            script.now = script.next.pop_front().unwrap_or_else(silent);
        }
        ready(script.now.clone()).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_of_401s_is_one_refresh() {
        let tokens = MemoryTokens::new("old", [Ok(AccessToken::new("new".to_owned()))]);
        let old = tokens.access().await.unwrap();
        for _ in 0..3 {
            let renewed = tokens.renew_after_401(&old).await.unwrap();
            assert_eq!(renewed.expose(), "new");
        }
        assert_eq!(tokens.refreshes(), 1);
    }
}
