//! What every request of a call pays before it leaves.
//!
//! Most calls are one request, and whoever makes the call has paid for that one. A
//! client that asks for more than one within a call (a second page, the order that it
//! has just sent, the same again with another token) pays for each of the others, so
//! that no request leaves uncounted (C09, I12). Knows neither budget nor broker: the
//! gateway says how it is paid.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;

use crate::brokers::call::CallError;

tokio::task_local! {
    /// The call under way.
    static CALL: Toll;
}

/// Takes the toll.
pub(in crate::brokers) trait Gatekeeper: Send + Sync + 'static {
    /// Waits until one more request may leave.
    ///
    /// # Errors
    /// In words, when there is no room in time.
    fn pay(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// The toll of one call.
pub(in crate::brokers) struct Toll {
    keeper: Arc<dyn Gatekeeper>,
    /// Whether the request that the caller has paid for has left.
    has_begun: AtomicBool,
}

impl Toll {
    /// A call whose first request is paid for.
    pub(in crate::brokers) fn new(keeper: Arc<dyn Gatekeeper>) -> Self {
        Self { keeper, has_begun: AtomicBool::new(false) }
    }

    /// Makes a call under this toll.
    pub(in crate::brokers) fn on<T>(
        self,
        call: impl Future<Output = T>,
    ) -> impl Future<Output = T> {
        CALL.scope(self, call)
    }
}

/// Pays for a request that is about to leave; nothing outside of a call that is counted.
///
/// # Errors
/// *Not sent* when there is no room for it in time.
pub(in crate::brokers) async fn pay() -> Result<(), CallError> {
    let owed = CALL
        .try_with(|call| call.has_begun.swap(true, Ordering::Relaxed).then(|| call.keeper.clone()));
    match owed {
        Ok(Some(keeper)) => keeper.pay().await.map_err(|detail| CallError::NotSent { detail }),
        Ok(None) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use futures_util::future::{FutureExt, ready};

    use super::*;

    struct Counting(AtomicU32, u32);

    impl Gatekeeper for Counting {
        fn pay(&self) -> BoxFuture<'_, Result<(), String>> {
            let paid = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            let refused = (paid > self.1).then(|| "no room".to_owned());
            ready(refused.map_or(Ok(()), Err)).boxed()
        }
    }

    #[tokio::test]
    async fn the_first_request_of_a_call_is_paid_for_and_every_other_one_pays() {
        let counting = Arc::new(Counting(AtomicU32::new(0), 2));
        let call = async {
            let mut sent = 0;
            while pay().await.is_ok() {
                sent += 1;
            }
            sent
        };
        assert_eq!(Toll::new(counting.clone()).on(call).await, 3);
        assert!(pay().await.is_ok(), "nobody counts outside of a call");
        assert_eq!(counting.0.load(Ordering::Relaxed), 3);
    }
}
