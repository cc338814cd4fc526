//! The task that keeps a token alive.
//!
//! It alone refreshes, so there is never more than one refresh in this process; the
//! file's lock sees to the other processes. It looks once a second: whether another
//! process has written the file, whether the access token is about to end, and what a
//! human is to be told. It never begins a login. Schwab, protocol page §1.3 to §1.6 and
//! §8 of November 2026.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::access::{AccessToken, LoginReason, TokenError};
use super::answer::ExchangeError;
use super::endpoint::TokenEndpoint;
use super::file::{Stamp, StoredToken, TokenFile};
use super::forecast::LoginWarning;
use super::keeper::{Ask, AtHand};
use super::state::TokenState;
use crate::brokers::private::PrivateFileError;
use crate::bus::clock::{Clock, Stopwatch};
use crate::domain::time::Timestamp;

/// How long before its end an access token is refreshed, as schwab-py does (page §1.5).
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// Between two looks, by the wall.
const LOOK: Duration = Duration::from_secs(1);
/// After a refusal that has been seen to recover once: the pause before the one more
/// try that page §1.4 allows.
const SECOND_TRY: Duration = Duration::from_secs(3);
/// The first wait after a refresh that failed for no reason of the token; doubles.
const WAIT_FIRST: Duration = Duration::from_secs(5);
/// The longest such wait.
const WAIT_MAX: Duration = Duration::from_mins(2);
/// Doublings after which the longest wait is certainly reached.
const DOUBLINGS_MAX: u32 = 8;
/// A token that a 401 has brought and that is refused within this time is not the
/// trouble: another refresh would not help.
const RENEWED: Duration = Duration::from_secs(5);

/// What the task owns.
pub(super) struct Task {
    endpoint: TokenEndpoint,
    file: TokenFile,
    clock: Arc<dyn Clock>,
    /// This end is ours.
    shows: watch::Sender<AtHand>,
    /// This end is ours.
    says: watch::Sender<TokenState>,
    stop: CancellationToken,
    held: Option<StoredToken>,
    /// The version of the file that was read or written last.
    stamp: Option<Stamp>,
    /// The refresh token that Schwab has refused for good.
    dead: Option<(SecretString, LoginReason)>,
    /// Why the file cannot be used.
    trouble: Option<String>,
    /// Whether what is held is not in the file, though it should be.
    is_unsaved: bool,
    /// Refreshes that failed in a row.
    failures: Option<Failures>,
    /// What the last refresh after a 401 brought, and how long ago.
    renewed: Option<(AccessToken, Stopwatch)>,
    warned: Option<LoginWarning>,
}

/// Refreshes that failed in a row for no reason of the token.
struct Failures {
    number: u32,
    /// Since the last one.
    since: Stopwatch,
    /// Why the last one did.
    last: TokenError,
}

impl Failures {
    /// Whether enough time has passed for another try. Without jitter: one client's
    /// refreshes are half an hour apart.
    fn is_over(&self) -> bool {
        let doublings = self.number.saturating_sub(1).min(DOUBLINGS_MAX);
        self.since.elapsed() >= WAIT_FIRST.saturating_mul(1 << doublings).min(WAIT_MAX)
    }
}

/// How one try to refresh ended.
enum Tried {
    /// There is one.
    Good(AccessToken),
    /// Refused in the way that has been seen to recover.
    Doubtful,
    /// There is none.
    Failed(TokenError),
}

impl Task {
    pub(super) fn new(
        endpoint: TokenEndpoint,
        file: TokenFile,
        clock: Arc<dyn Clock>,
        (shows, says): (watch::Sender<AtHand>, watch::Sender<TokenState>),
        stop: CancellationToken,
    ) -> Self {
        Self {
            endpoint,
            file,
            clock,
            shows,
            says,
            stop,
            held: None,
            stamp: None,
            dead: None,
            trouble: None,
            is_unsaved: false,
            failures: None,
            renewed: None,
            warned: None,
        }
    }

    /// Reads the file for the first time.
    pub(super) fn begin(&mut self) {
        self.stamp = self.file.stamp();
        let read = self.file.read();
        self.take(read);
    }

    /// Runs until it is stopped.
    pub(super) async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // The stop first. Looks before questions: a token that another process has
            // written answers them.
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                _ = looks.tick() => self.look().await,
                // When nobody can ask any more the token is kept fresh all the same.
                Some(ask) = asks.recv() => self.answer(ask).await,
            }
        }
    }

    /// Answers one question. Who does not wait for it any more has not lost it: what
    /// was refreshed is at hand.
    async fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Access(to) => {
                let token = match self.good_until_now() {
                    Some(token) => Ok(token),
                    None => self.refresh().await,
                };
                let _ = to.send(token);
            }
            Ask::Renew(refused, to) => {
                let token = self.renew(&refused).await;
                let _ = to.send(token);
            }
        }
    }

    /// Another token than the refused one.
    async fn renew(&mut self, refused: &AccessToken) -> Result<AccessToken, TokenError> {
        // Another call's refresh, or another process's login, was first.
        if let Some(token) = self.good_until_now().filter(|token| token != refused) {
            return Ok(token);
        }
        let is_fresh = |(token, since): &(AccessToken, Stopwatch)| {
            token == refused && since.elapsed() < RENEWED
        };
        if self.renewed.as_ref().is_some_and(is_fresh) {
            let what = "Schwab answers 401 to a token that it has just given: the app may lack \
                        one of its two products, or may not be approved yet (developer.schwab.com)";
            return Err(TokenError::Config(what.into()));
        }
        let token = self.refresh().await?;
        self.renewed = Some((token.clone(), Stopwatch::start()));
        Ok(token)
    }

    /// The token that is held, while it is expected to be good.
    fn good_until_now(&self) -> Option<AccessToken> {
        let now = self.clock.now();
        self.held.as_ref().filter(|held| now < held.access_until()).map(StoredToken::access)
    }

    /// The look of each second.
    async fn look(&mut self) {
        if self.is_unsaved {
            if let Ok(_lock) = self.file.lock().await {
                self.read_again().await;
            }
        } else if self.changed().await {
            self.read_again().await;
        }
        let now = self.clock.now();
        let is_due = |held: &StoredToken| held.access_until().since(now) <= EARLY;
        let is_dead = self.dead_reason().is_some();
        if !is_dead && self.held.as_ref().is_some_and(is_due) {
            // What came of it is told by the state.
            let _ = self.refresh().await;
        }
        self.warn(now);
    }

    /// Refreshes, under the file's lock.
    async fn refresh(&mut self) -> Result<AccessToken, TokenError> {
        // Many calls that fail must not hammer the endpoint that the recovery needs.
        if let Some(failures) = self.failures.as_ref().filter(|failures| !failures.is_over()) {
            return Err(failures.last.clone());
        }
        let mut tried = self.one_try().await;
        if matches!(tried, Tried::Doubtful) {
            tracing::warn!("Schwab does not know the refresh token; trying once more");
            // The stop first: a house that closes does not wait.
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    return Err(TokenError::Transient("the keeper of the token stops".into()));
                }
                () = sleep(SECOND_TRY) => {}
            }
            tried = self.one_try().await;
        }
        match tried {
            Tried::Good(token) => Ok(token),
            Tried::Doubtful => Err(self.die(LoginReason::Replaced)),
            Tried::Failed(error) => Err(error),
        }
    }

    /// One try: lock, read again, refresh, write. The lock is one between processes and
    /// nothing in this one waits for it, so it may be held while Schwab is asked.
    async fn one_try(&mut self) -> Tried {
        let lock = match self.file.lock().await {
            Ok(lock) => lock,
            Err(error) => return Tried::Failed(self.failed_file(&error)),
        };
        let before = self.held.clone();
        self.read_again().await;
        // Another process has refreshed or logged in meanwhile.
        let is_other = |held: &StoredToken| before.is_none_or(|before| !before.is_same(held));
        let now = self.clock.now();
        let is_good = |held: &StoredToken| held.access_until().since(now) > EARLY;
        if let Some(held) = &self.held
            && is_good(held)
            && is_other(held)
        {
            return Tried::Good(held.access());
        }
        if let Some(trouble) = &self.trouble {
            return Tried::Failed(TokenError::Config(trouble.clone()));
        }
        let Some(held) = self.held.clone() else {
            return Tried::Failed(TokenError::LoginNeeded { reason: LoginReason::Absent });
        };
        if let Some(reason) = self.dead_reason() {
            return Tried::Failed(TokenError::LoginNeeded { reason });
        }
        let asked_at = self.clock.now();
        let tried = match self.endpoint.refresh(held.refresh_token()).await {
            Ok(grant) => {
                self.failures = None;
                let token = held.refreshed(grant, asked_at);
                let access = token.access();
                self.hold(token);
                self.save().await;
                tracing::info!("the Schwab access token is refreshed");
                Tried::Good(access)
            }
            Err(ExchangeError::LoginEnded(LoginReason::Replaced)) => Tried::Doubtful,
            Err(error) => Tried::Failed(self.refused(error)),
        };
        drop(lock);
        tried
    }

    /// What follows from an exchange that failed.
    fn refused(&mut self, error: ExchangeError) -> TokenError {
        let error = match error {
            ExchangeError::LoginEnded(reason) => return self.die(reason),
            ExchangeError::Keys(what) => TokenError::Config(what),
            ExchangeError::Transient(what) => TokenError::Transient(what),
            // No code was sent.
            ExchangeError::CodeExpired | ExchangeError::CodeUnreadable => {
                TokenError::Transient("Schwab answers a refresh as if it were a login".into())
            }
        };
        self.failed(&error);
        error
    }

    fn failed(&mut self, error: &TokenError) {
        let number = self.failures.as_ref().map_or(0, |all| all.number).saturating_add(1);
        self.failures = Some(Failures { number, since: Stopwatch::start(), last: error.clone() });
        tracing::warn!(%error, number, "the Schwab access token is not refreshed");
    }

    fn failed_file(&mut self, error: &PrivateFileError) -> TokenError {
        let error = TokenError::Config(error.to_string());
        self.failed(&error);
        error
    }

    /// The refresh token is dead: said once, at once.
    fn die(&mut self, reason: LoginReason) -> TokenError {
        if let Some(held) = &self.held {
            self.dead = Some((held.refresh_token().clone(), reason));
        }
        tracing::error!(%reason, "the Schwab login is dead; run: flightdeck login schwab");
        self.tell();
        TokenError::LoginNeeded { reason }
    }

    /// Why the held refresh token is dead, if it is.
    fn dead_reason(&self) -> Option<LoginReason> {
        let (dead, reason) = self.dead.as_ref()?;
        let held = self.held.as_ref()?;
        let is_it = held.refresh_token().expose_secret() == dead.expose_secret();
        is_it.then_some(*reason)
    }

    /// Takes what was read from the file. What cannot be read replaces nothing.
    fn take(&mut self, read: Result<Option<StoredToken>, PrivateFileError>) {
        match read {
            Ok(Some(token)) => {
                self.trouble = None;
                // A file of an older login is what a slow program has written back.
                let is_older = |held: &StoredToken| token.created() < held.created();
                if self.held.as_ref().is_some_and(is_older) && self.dead_reason().is_none() {
                    tracing::warn!("the Schwab token file is of an older login and is not taken");
                    return;
                }
                let is_new =
                    self.held.as_ref().is_some_and(|held| held.created() < token.created());
                if is_new {
                    tracing::info!("a new Schwab login is taken");
                    self.failures = None;
                    self.warned = None;
                }
                self.hold(token);
            }
            Ok(None) => {
                self.trouble = None;
                if self.held.take().is_some() {
                    tracing::warn!("the Schwab token file is gone: logged out");
                }
                self.tell();
            }
            Err(error) => {
                let words = error.to_string();
                tracing::error!(error = words, "the Schwab token file cannot be used");
                self.trouble = Some(words);
            }
        }
    }

    fn hold(&mut self, token: StoredToken) {
        self.held = Some(token);
        self.tell();
    }

    /// Tells what is at hand and where the login stands, when that has changed.
    fn tell(&self) {
        let at_hand = self.held.as_ref().map(|held| (held.access(), held.access_until()));
        self.shows.send_if_modified(|shown| {
            let is_new = *shown != at_hand;
            *shown = at_hand;
            is_new
        });
        let state = match (&self.held, self.dead_reason()) {
            (Some(_), Some(why)) => TokenState::LoginNeeded { why },
            (Some(held), None) => TokenState::Fresh {
                access_until: held.access_until(),
                login_until: held.login_until(),
            },
            (None, _) => TokenState::Absent,
        };
        self.says.send_if_modified(|said| {
            let is_new = *said != state;
            *said = state;
            is_new
        });
    }

    /// Warns once at each step towards the end.
    fn warn(&mut self, now: Timestamp) {
        let Some(held) = &self.held else { return };
        let warning = LoginWarning::at(held.login_until(), now);
        if let Some(warning) = warning
            && self.warned < Some(warning)
        {
            let login_until = held.login_until();
            tracing::warn!(%login_until, "{warning}; run: flightdeck login schwab");
            self.warned = Some(warning);
        }
    }

    /// Whether the file is another one than we know. Away from the workers, as all
    /// looks at the disk: a folder on a dead network disk does not answer.
    async fn changed(&self) -> bool {
        let file = self.file.clone();
        let stamp = spawn_blocking(move || file.stamp()).await;
        stamp.expect("looking at a file does not panic") != self.stamp
    }

    /// Reads the file and takes what is there, unless what is held should be there: then
    /// that is written, if no newer login is in the way.
    async fn read_again(&mut self) {
        let file = self.file.clone();
        let read = spawn_blocking(move || (file.stamp(), file.read())).await;
        let (stamp, read) = read.expect("reading a file does not panic");
        self.stamp = stamp;
        if self.is_unsaved {
            let held = self.held.as_ref().map(StoredToken::created);
            if !matches!(&read, Ok(Some(token)) if held < Some(token.created())) {
                self.save().await;
                return;
            }
            self.is_unsaved = false;
        }
        self.take(read);
    }

    /// Writes what is held. A token that cannot be written is kept in memory and
    /// written again at the next look: losing a refresh token costs a login.
    async fn save(&mut self) {
        let Some(token) = self.held.clone() else { return };
        let file = self.file.clone();
        let written = spawn_blocking(move || file.write(&token).map(|()| file.stamp()));
        match written.await.expect("writing a file does not panic") {
            Ok(stamp) => {
                self.stamp = stamp;
                self.is_unsaved = false;
            }
            Err(error) => {
                if !self.is_unsaved {
                    tracing::error!(%error, "the Schwab token cannot be written down");
                }
                self.is_unsaved = true;
            }
        }
    }
}
