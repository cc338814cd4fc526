//! Notices to an address of the operator's choice, by HTTP POST.
//!
//! Nobody waits for it: what does not fit into its short queue is counted and dropped,
//! each notice has three tries of five seconds, and several are under way at once, so
//! that one slow answer does not hold the next alert back. The address may hold a
//! secret and is never printed. Over plain HTTP it speaks to this machine alone.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, Url, redirect};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Host;

use crate::control::notify::Notice;

/// Notices that may wait.
pub const QUEUE_MAX: usize = 64;
/// Notices under way at once.
const UNDER_WAY_MAX: usize = 8;
/// Time for one try.
pub const TRY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// Why there is no webhook.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// It is no address.
    #[error("the webhook's address is none; give one such as https://example.org/hook")]
    NotAUrl,
    /// Others could read along.
    #[error("the webhook must be https, or http to this machine")]
    NotPrivate,
    /// There is no TLS yet, or it cannot be used.
    #[error("the webhook's client cannot be made; install the TLS provider first")]
    Client(#[source] Option<reqwest::Error>),
}

/// An address that notices go to.
#[derive(Clone)]
pub struct Webhook {
    url: Url,
    client: Client,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Host alone: path and query often hold the secret.
        f.debug_struct("Webhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

/// What is posted. `text` and `content` say the same, for the receivers of two
/// families.
#[derive(Serialize)]
struct Post<'a> {
    source: &'static str,
    text: &'a str,
    content: &'a str,
    #[serde(flatten)]
    notice: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    kind: crate::control::notify::Kind,
    severity: crate::events::Severity,
    seq: u64,
    at: String,
    others: u32,
    message: &'a str,
}

impl Webhook {
    /// Checks an address and makes the client. The TLS provider of the process must be
    /// installed.
    ///
    /// # Errors
    /// When the address is none, or would be plain text to another machine.
    pub fn new(address: &str) -> Result<Self, WebhookError> {
        let url = Url::parse(address).map_err(|_| WebhookError::NotAUrl)?;
        let is_here = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return Err(WebhookError::NotAUrl),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
            return Err(WebhookError::NotPrivate);
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(WebhookError::Client(None));
        }
        // A redirect could lead anywhere, and a proxy would read what goes to this
        // machine.
        let builder = Client::builder().redirect(redirect::Policy::none()).timeout(TRY_TIMEOUT);
        let builder = if is_here { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| WebhookError::Client(Some(error)))?;
        Ok(Self { url, client })
    }

    /// Returns the queue's end and the task that empties it; the caller spawns it. The
    /// task ends when the token is cancelled or the queue's end is dropped.
    pub fn start(
        self,
        stop: CancellationToken,
    ) -> (Outlet, impl Future<Output = ()> + Send + 'static) {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let outlet = Outlet { queue: sender, lost: Arc::default() };
        let lost = Arc::clone(&outlet.lost);
        (outlet, empty(self, queue, lost, stop))
    }

    async fn deliver(&self, notice: &Notice) -> bool {
        let line = notice.line();
        let post = Post {
            source: "flightdeck",
            text: &line,
            content: &line,
            notice: Details {
                kind: notice.kind,
                severity: notice.severity,
                seq: notice.seq.0,
                at: notice.at.to_string(),
                others: notice.others,
                message: &notice.text,
            },
        };
        for tried in 0..=PAUSES.len() {
            match self.client.post(self.url.clone()).json(&post).send().await {
                Ok(answer) if answer.status().is_success() => return true,
                // Our own mistake: a second try would be the same one.
                Ok(answer) if answer.status().is_client_error() && answer.status() != 429 => {
                    tracing::warn!(status = answer.status().as_u16(), "the webhook refuses");
                    return false;
                }
                Ok(answer) => tracing::debug!(status = answer.status().as_u16(), "webhook"),
                Err(error) => {
                    let error = error.without_url();
                    tracing::debug!(error = &error as &dyn std::error::Error, "webhook");
                }
            }
            if let Some(pause) = PAUSES.get(tried) {
                tokio::time::sleep(*pause).await;
            }
        }
        tracing::warn!(seq = notice.seq.0, "the webhook does not answer; a notice is lost");
        false
    }
}

/// The end of the queue into which notices are put.
#[derive(Debug, Clone)]
pub struct Outlet {
    queue: mpsc::Sender<Notice>,
    lost: Arc<AtomicU64>,
}

impl Outlet {
    /// Puts a notice in; never waits. When the queue is full, the notice is lost and
    /// counted.
    pub fn send(&self, notice: Notice) {
        if self.queue.try_send(notice).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns how many notices nobody took.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

async fn empty(
    webhook: Webhook,
    mut queue: mpsc::Receiver<Notice>,
    lost: Arc<AtomicU64>,
    stop: CancellationToken,
) {
    let mut under_way = JoinSet::new();
    loop {
        // The stop first; then room is made before more is taken.
        let notice = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(delivered) = under_way.join_next(), if !under_way.is_empty() => {
                if !matches!(delivered, Ok(true)) {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
                continue;
            }
            notice = queue.recv(), if under_way.len() < UNDER_WAY_MAX => notice,
        };
        let Some(notice) = notice else { break };
        let webhook = webhook.clone();
        under_way.spawn(async move { webhook.deliver(&notice).await });
    }
    // What is under way may end in its time unless the house stops.
    let rest = async { while under_way.join_next().await.is_some() {} };
    // The stop first: the deliveries are dropped with the set.
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = rest => {}
    }
}
