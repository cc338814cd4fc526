//! The lease of an instance: of several processes that could run it, one does.
//!
//! It is a key that expires ([`Terms::ttl`]) and that its holder renews. Every holder
//! takes a number that only rises (the fencing token), so that two holders can be told
//! apart in journals. A holder judges by its own monotonic clock: from the moment at which
//! it asked for a renewal it may act for the time to live less a margin, and then no more,
//! whether it hears of anything or not. So a process that was stopped, or cut off from
//! Redis, finds its time over before another one's begins.
//!
//! When the lease has run out and nobody else took it (the next token is the one behind
//! ours), the holder goes on under that token; otherwise it has been succeeded, for good.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cmd;
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

use crate::bus::clock::Stopwatch;
use crate::bus::redis::endpoint::{BusError, Endpoint};
use crate::bus::redis::names::Places;

/// Renews the lease if it is still this holder's.
const RENEW: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] \
     then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) else return 0 end";
/// Gives the lease back if it is still this holder's.
const GIVE_BACK: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] \
     then return redis.call('DEL', KEYS[1]) else return 0 end";
/// Deadline of a lease that is over for good.
const OVER: u64 = 0;

/// How long a lease lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long it lasts without a renewal.
    pub ttl: Duration,
    /// How often it is renewed, and looked at by those who wait.
    pub renewal: Duration,
    /// How long before its end the holder stops: for a call that is leaving, and for
    /// clocks of different speeds.
    pub margin: Duration,
}

impl Default for Terms {
    /// 5 s, renewed every second, 1 s of margin.
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(5),
            renewal: Duration::from_secs(1),
            margin: Duration::from_secs(1),
        }
    }
}

/// Until when this process may act; read before every request.
#[derive(Debug, Clone)]
pub struct Tenure(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    since: Stopwatch,
    /// Nanoseconds after `since`.
    until: AtomicU64,
    token: AtomicU64,
}

impl Tenure {
    /// Tells whether this process may act now.
    pub fn is_held(&self) -> bool {
        nanos(self.0.since.elapsed()) < self.0.until.load(Ordering::SeqCst)
    }

    /// The fencing token under which it acts.
    pub fn token(&self) -> u64 {
        self.0.token.load(Ordering::SeqCst)
    }

    fn new(token: u64) -> Self {
        let since = Stopwatch::start();
        Self(Arc::new(Shared { since, until: AtomicU64::new(OVER), token: AtomicU64::new(token) }))
    }

    /// Extends it from the moment at which that was asked for.
    fn extend(&self, asked_at: Duration, terms: Terms) {
        let until = asked_at.saturating_add(terms.ttl).saturating_sub(terms.margin);
        self.0.until.store(nanos(until), Ordering::SeqCst);
    }

    fn end(&self) {
        self.0.until.store(OVER, Ordering::SeqCst);
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// How keeping a lease has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was given back.
    GivenBack,
    /// Another process holds it, or has held it.
    Succeeded,
}

/// The lease in the hands of its holder.
pub struct Lease {
    endpoint: Endpoint,
    places: Places,
    holder: String,
    terms: Terms,
    tenure: Tenure,
    connection: Option<MultiplexedConnection>,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("tenure", &self.tenure).finish_non_exhaustive()
    }
}

impl Lease {
    /// Waits until the lease is free and takes it; `None` when the token is cancelled.
    /// Redis that is away is waited for. The holder's name is told to nobody else.
    pub async fn wait(
        endpoint: &Endpoint,
        (instance, holder): (&str, &str),
        terms: Terms,
        stop: &CancellationToken,
    ) -> Option<Self> {
        let mut lease = Self {
            endpoint: endpoint.clone(),
            places: Places::of(instance),
            holder: holder.to_owned(),
            terms,
            tenure: Tenure::new(0),
            connection: None,
        };
        let mut beat = tokio::time::interval(terms.renewal);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // The end first: somebody else may hold it for days.
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                _ = beat.tick() => {}
            }
            match lease.in_time(Self::take).await {
                Ok(true) => return Some(lease),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(why = error.in_words(), "cannot ask for the lease");
                    lease.connection = None;
                }
            }
        }
    }

    /// Until when its holder may act.
    pub fn tenure(&self) -> Tenure {
        self.tenure.clone()
    }

    /// Renews it until the token is cancelled, and gives it back.
    pub async fn keep(mut self, stop: CancellationToken) -> Kept {
        let mut beat = tokio::time::interval(self.terms.renewal);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.tenure.end();
                    // What is not given back expires.
                    let _ = self.in_time(Self::give_back).await;
                    return Kept::GivenBack;
                }
                _ = beat.tick() => {}
            }
            match self.in_time(Self::renew).await {
                Ok(true) => {}
                Ok(false) => {
                    self.tenure.end();
                    return Kept::Succeeded;
                }
                Err(error) => {
                    let is_held = self.tenure.is_held();
                    tracing::warn!(why = error.in_words(), is_held, "the lease is not renewed");
                    self.connection = None;
                }
            }
        }
    }

    /// One step, which may take no longer than a renewal may.
    async fn in_time<T>(
        &mut self,
        step: impl AsyncFnOnce(&mut Self) -> Result<T, BusError>,
    ) -> Result<T, BusError> {
        let longest = self.terms.ttl;
        timeout(longest, step(self)).await.map_err(|_| BusError::Silent(longest))?
    }

    async fn connection(&mut self) -> Result<MultiplexedConnection, BusError> {
        if self.connection.is_none() {
            self.connection = Some(self.endpoint.connect().await?);
        }
        Ok(self.connection.clone().expect("it was connected above"))
    }

    /// Takes the lease when it is free.
    async fn take(&mut self) -> Result<bool, BusError> {
        let mut connection = self.connection().await?;
        let held: Option<String> =
            cmd("GET").arg(&self.places.lease).query_async(&mut connection).await?;
        if held.is_some() {
            return Ok(false);
        }
        let token: u64 = cmd("INCR").arg(&self.places.fence).query_async(&mut connection).await?;
        self.set(&mut connection, token).await
    }

    /// Puts our name down under a new token, unless somebody else was quicker.
    async fn set(
        &mut self,
        connection: &mut MultiplexedConnection,
        token: u64,
    ) -> Result<bool, BusError> {
        let asked_at = self.tenure.0.since.elapsed();
        let mut set = cmd("SET");
        set.arg(&self.places.lease).arg(self.name(token)).arg("NX");
        set.arg("PX").arg(millis(self.terms.ttl));
        let reply: Option<String> = set.query_async(connection).await?;
        let is_ours = reply.is_some();
        if is_ours {
            self.tenure.0.token.store(token, Ordering::SeqCst);
            self.tenure.extend(asked_at, self.terms);
        }
        Ok(is_ours)
    }

    /// Renews the lease; false when another process has it, or had it.
    async fn renew(&mut self) -> Result<bool, BusError> {
        let mut connection = self.connection().await?;
        let asked_at = self.tenure.0.since.elapsed();
        let token = self.tenure.token();
        let mut renew = cmd("EVAL");
        renew.arg(RENEW).arg(1).arg(&self.places.lease).arg(self.name(token));
        let is_renewed: u8 = renew.arg(millis(self.terms.ttl)).query_async(&mut connection).await?;
        if is_renewed == 1 {
            self.tenure.extend(asked_at, self.terms);
            return Ok(true);
        }
        // It has run out. Whoever took it since has taken the next token.
        let next: u64 = cmd("INCR").arg(&self.places.fence).query_async(&mut connection).await?;
        if next != token + 1 {
            return Ok(false);
        }
        self.set(&mut connection, next).await
    }

    async fn give_back(&mut self) -> Result<(), BusError> {
        let mut connection = self.connection().await?;
        let mut give = cmd("EVAL");
        give.arg(GIVE_BACK).arg(1).arg(&self.places.lease).arg(self.name(self.tenure.token()));
        Ok(give.exec_async(&mut connection).await?)
    }

    fn name(&self, token: u64) -> String {
        format!("{token} {}", self.holder)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
