//! What may leave while the login may be dead: nothing, until the operator has reset it.
//!
//! Every call and every dial of the streamer needs an access token, so this stands
//! where tokens are handed out. Knows no breaker: the gateway says when to shut.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, pending, ready};
use tokio::sync::watch;

use crate::brokers::Seal;
use crate::brokers::schwab::token::{AccessToken, AccessTokens, LoginReason, TokenError};

/// The seal, shared by clones. Open until it is set.
#[derive(Debug, Clone)]
pub(super) struct SharedSeal(Arc<watch::Sender<Seal>>);

impl Default for SharedSeal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Seal::Open)))
    }
}

impl SharedSeal {
    /// Sets it: whoever asks for a token afterwards finds it so.
    pub(super) fn set(&self, seal: Seal) {
        self.0.send_replace(seal);
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
        shuts(*self.seal.0.borrow(), self.may_probe)
    }
}

const fn shuts(seal: Seal, may_probe: bool) -> bool {
    match seal {
        Seal::Open => false,
        Seal::Probing => !may_probe,
        Seal::Shut => true,
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

    fn are_held(&self) -> bool {
        self.is_shut()
    }

    fn handed_out_again(&self) -> BoxFuture<'static, ()> {
        if !self.is_shut() {
            return pending().boxed();
        }
        let (mut seal, may_probe) = (self.seal.0.subscribe(), self.may_probe);
        async move {
            if seal.wait_for(|seal| !shuts(*seal, may_probe)).await.is_err() {
                pending().await
            }
        }
        .boxed()
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
        // Who waits for the end of it hears of it at once.
        let again = stream.handed_out_again();
        assert!(again.now_or_never().is_none());
        let again = stream.handed_out_again();
        seal.set(Seal::Open);
        assert!(again.now_or_never().is_some() && !stream.are_held());
        assert!(stream.handed_out_again().now_or_never().is_none(), "nothing is held back");
        seal.set(Seal::Shut);
        let refused = AccessToken::new("good".to_owned());
        assert_eq!(calls.renew_after_401(&refused).await, latched());
    }
}
