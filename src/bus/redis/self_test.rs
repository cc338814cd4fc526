//! The test at the start: a stranger tries to publish an approval. A server that lets it
//! is refused, since whoever reaches it could try to trade.
//!
//! Commands are signed all the same; two locks are better than one (security rule 6 of
//! the faults page §10).

use redis::aio::MultiplexedConnection;
use redis::{RedisError, cmd};
use tokio::time::timeout;

use crate::bus::redis::acl;
use crate::bus::redis::endpoint::{ANSWER, BusError, Endpoint};
use crate::bus::redis::names::APPROVE;

/// What the test publishes; everybody who hears commands knows it and does nothing.
pub(super) const PROBE: &[u8] = b"flightdeck: a forbidden publish";

/// Where a stranger must not be able to publish.
const FORBIDDEN: [&str; 2] = [APPROVE, "risk.trade.approved"];

/// Tries forbidden publishes without a login.
///
/// # Errors
/// [`BusError::Unsafe`] with the remedy when one succeeds; another one when the server
/// cannot be reached, and nothing is known.
pub async fn check(endpoint: &Endpoint) -> Result<(), BusError> {
    let mut stranger = match endpoint.connect_as_stranger().await {
        Ok(stranger) => stranger,
        Err(BusError::Redis(error)) if is_refusal(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    for topic in FORBIDDEN {
        if publishes(&mut stranger, topic).await? {
            return Err(BusError::Unsafe(format!(
                "anybody may publish {topic} on {}: {}",
                endpoint.shown(),
                acl::REMEDY
            )));
        }
    }
    Ok(())
}

async fn publishes(stranger: &mut MultiplexedConnection, topic: &str) -> Result<bool, BusError> {
    let mut publish = cmd("PUBLISH");
    publish.arg(topic).arg(PROBE);
    match timeout(ANSWER, publish.exec_async(stranger)).await {
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) if is_refusal(&error) => Ok(false),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(BusError::Silent(ANSWER)),
    }
}

/// Whether the server itself said no: NOAUTH, NOPERM, DENIED and the like.
fn is_refusal(error: &RedisError) -> bool {
    error.code().is_some()
}
