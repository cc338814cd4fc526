//! Hands out access tokens to the whole house.
//!
//! A call that finds a good token takes it without waiting; every refresh is done by
//! one [task](super::task), so that a burst of calls is one refresh.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::access::{AccessToken, AccessTokens, TokenError};
use super::endpoint::TokenEndpoint;
use super::file::TokenFile;
use super::state::TokenState;
use super::task::Task;
use crate::brokers::schwab::auth::AppKeys;
use crate::brokers::schwab::hosts::SchwabHosts;
use crate::bus::clock::Clock;
use crate::domain::time::Timestamp;

/// Questions that wait for the task; more wait before they are asked.
const ASKS_MAX: usize = 64;
/// The longest wait for an answer: the lock, two refreshes, and the pause between them.
const ANSWER: Duration = Duration::from_mins(1);

/// What a keeper needs to know.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Where Schwab is.
    pub hosts: SchwabHosts,
    /// The app's key and secret.
    pub keys: AppKeys,
    /// Where the token is kept.
    pub token_file: PathBuf,
}

/// A question to the task.
pub(super) enum Ask {
    /// A token that is good now.
    Access(oneshot::Sender<Result<AccessToken, TokenError>>),
    /// Another one than this.
    Renew(AccessToken, oneshot::Sender<Result<AccessToken, TokenError>>),
}

/// A token that can be taken without asking, and until when.
pub(super) type AtHand = Option<(AccessToken, Timestamp)>;

/// Keeps a token alive and hands it out. It runs until it is stopped, also when this is
/// dropped.
#[derive(Clone)]
pub struct TokenKeeper {
    /// The task has the other end.
    asks: mpsc::Sender<Ask>,
    /// The task has the other end.
    at_hand: watch::Receiver<AtHand>,
    /// The task has the other end.
    state: watch::Receiver<TokenState>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for TokenKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeeper").field("state", &*self.state.borrow()).finish_non_exhaustive()
    }
}

impl TokenKeeper {
    /// Reads the token file and starts the task on a tracker; `stop` ends it. A file
    /// that is missing or cannot be used is no error here: it may get better.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn spawn(
        settings: TokenSettings,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Self, TokenError> {
        let endpoint =
            TokenEndpoint::new(settings.hosts.token, settings.keys).map_err(TokenError::Config)?;
        let (asks, inbox) = mpsc::channel(ASKS_MAX);
        let (shows, at_hand) = watch::channel(None);
        let (says, state) = watch::channel(TokenState::Absent);
        let file = TokenFile::new(settings.token_file);
        let mut task = Task::new(endpoint, file, clock.clone(), (shows, says), stop);
        // Before anybody can ask: whoever holds this sees the state as it is.
        task.begin();
        tasks.spawn(task.run(inbox));
        Ok(Self { asks, at_hand, state, clock })
    }

    /// Watches where the login stands. A dead token is told here as soon as Schwab has
    /// said so, not when the next call fails.
    pub fn state(&self) -> watch::Receiver<TokenState> {
        self.state.clone()
    }

    async fn ask(
        &self,
        ask: impl FnOnce(oneshot::Sender<Result<AccessToken, TokenError>>) -> Ask,
    ) -> Result<AccessToken, TokenError> {
        let gone = || TokenError::Transient("the keeper of the token has stopped".into());
        let slow = |_| TokenError::Transient("no token within a minute".into());
        let (to, answer) = oneshot::channel();
        let asked = async {
            self.asks.send(ask(to)).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        };
        timeout(ANSWER, asked).await.map_err(slow)?
    }
}

impl AccessTokens for TokenKeeper {
    fn access(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        async move {
            let at_hand = self.at_hand.borrow().clone();
            match at_hand {
                Some((token, until)) if self.clock.now() < until => Ok(token),
                Some(_) | None => self.ask(Ask::Access).await,
            }
        }
        .boxed()
    }

    fn renew_after_401<'a>(
        &'a self,
        refused: &'a AccessToken,
    ) -> BoxFuture<'a, Result<AccessToken, TokenError>> {
        self.ask(|to| Ask::Renew(refused.clone(), to)).boxed()
    }
}
