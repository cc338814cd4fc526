//! What may leave while the login may be dead: nothing, until the operator has reset it.
//!
//! Every call and every dial of the streamer needs an access token, so this stands
//! where tokens are handed out. Knows no breaker: the gateway says when to shut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::future::{BoxFuture, FutureExt, ready};

use crate::brokers::Seal;
use crate::brokers::schwab::token::{AccessToken, AccessTokens, LoginReason, TokenError};

/// The seal, shared by clones. Open until it is set.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedSeal(Arc<AtomicU8>);

impl SharedSeal {
    /// Sets it: whoever asks for a token afterwards finds it so.
    pub(super) fn set(&self, seal: Seal) {
        let code = match seal {
            Seal::Open => 0,
            Seal::Probing => 1,
            Seal::Shut => 2,
        };
        self.0.store(code, Ordering::SeqCst);
    }

    fn level(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Hands out tokens while the seal lets.
#[derive(Debug)]
pub(super) struct SealedTokens {
    pub(super) tokens: Arc<dyn AccessTokens>,
    pub(super) seal: SharedSeal,
    /// Whether tokens are handed out for the reads of the operator's reset too.
    pub(super) may_probe: bool,
}

impl SealedTokens {
    fn is_shut(&self) -> bool {
        self.seal.level() > u8::from(self.may_probe)
    }
}

fn latched() -> Result<AccessToken, TokenError> {
    Err(TokenError::LoginNeeded { reason: LoginReason::Latched })
}

impl AccessTokens for SealedTokens {
    fn access(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        if self.is_shut() { ready(latched()).boxed() } else { self.tokens.access() }
    }

    fn renew_after_401<'a>(
        &'a self,
        refused: &'a AccessToken,
    ) -> BoxFuture<'a, Result<AccessToken, TokenError>> {
        if self.is_shut() { ready(latched()).boxed() } else { self.tokens.renew_after_401(refused) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brokers::schwab::token::MemoryTokens;

    #[tokio::test]
    async fn a_shut_seal_hands_out_nothing_and_a_probing_one_nothing_to_the_streamer() {
        let seal = SharedSeal::default();
        let tokens: Arc<dyn AccessTokens> = Arc::new(MemoryTokens::new("good", []));
        let made = |may_probe| {
            let (tokens, seal) = (tokens.clone(), seal.clone());
            SealedTokens { tokens, seal, may_probe }
        };
        let (calls, stream) = (made(true), made(false));
        for (set, expected) in [
            (Seal::Open, (true, true)),
            (Seal::Probing, (true, false)),
            (Seal::Shut, (false, false)),
        ] {
            seal.set(set);
            let found = (calls.access().await.is_ok(), stream.access().await.is_ok());
            assert_eq!(found, expected, "{set:?}");
        }
        let refused = AccessToken::new("good".to_owned());
        assert_eq!(calls.renew_after_401(&refused).await, latched());
    }
}
