//! The token file, which login and cockpit share, and other programs may.
//!
//! Its form is that of the Python library schwab-py, so that a token can be carried
//! over in both directions. It is replaced as a whole and never written in place; who
//! reads, refreshes and writes it does so under a lock beside it. Schwab, protocol page
//! §1.6 of November 2026.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use tokio::time::{sleep, timeout};

use super::access::AccessToken;
use super::answer::Grant;
use crate::brokers::private::{PrivateFileError, read_private};
use crate::domain::time::Timestamp;

/// How long a login lasts; a forecast (page §1.3).
const LOGIN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long we wait for another program's refresh.
const LOCK: Duration = Duration::from_secs(30);
/// Between two looks at the lock.
const LOCK_LOOK: Duration = Duration::from_millis(25);
/// Links that are followed, as systems do.
const LINKS_MAX: usize = 16;

const EXPECTED: &str = "a Schwab token file: run flightdeck login schwab to make a new one";

/// A token as it is kept. It is never shown.
#[derive(Clone)]
pub struct StoredToken {
    /// When the login was made; refreshes do not change it.
    created: Timestamp,
    access: SecretString,
    access_until: Timestamp,
    refresh: SecretString,
    id: Option<SecretString>,
    scope: Option<String>,
    life: i64,
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("created", &self.created)
            .field("access_until", &self.access_until)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct WireFile {
    creation_timestamp: Number,
    token: WireToken,
}

#[derive(Deserialize)]
struct WireToken {
    access_token: String,
    refresh_token: String,
    #[serde(default)]
    expires_at: Option<Number>,
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    id_token: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Serialize)]
struct OutFile<'a> {
    creation_timestamp: i64,
    token: OutToken<'a>,
}

#[derive(Serialize)]
struct OutToken<'a> {
    expires_in: i64,
    token_type: &'static str,
    scope: &'a str,
    refresh_token: &'a str,
    access_token: &'a str,
    id_token: &'a str,
    expires_at: i64,
}

impl StoredToken {
    /// Makes what is kept of a new login; `None` without a refresh token.
    pub(crate) fn of_login(grant: Grant, now: Timestamp) -> Option<Self> {
        Some(Self {
            created: now,
            access: grant.access,
            access_until: now.plus(SignedDuration::from_secs(grant.life)),
            refresh: grant.refresh?,
            id: grant.id,
            scope: grant.scope,
            life: grant.life,
        })
    }

    /// Makes what is kept after a refresh: the login's time stays, and so does the
    /// refresh token when the answer has none (page §1.3).
    pub(super) fn refreshed(&self, grant: Grant, now: Timestamp) -> Self {
        Self {
            created: self.created,
            access: grant.access,
            access_until: now.plus(SignedDuration::from_secs(grant.life)),
            refresh: grant.refresh.unwrap_or_else(|| self.refresh.clone()),
            id: grant.id.or_else(|| self.id.clone()),
            scope: grant.scope.or_else(|| self.scope.clone()),
            life: grant.life,
        }
    }

    /// Returns when the login was made.
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// Returns when the access token is expected to end.
    pub const fn access_until(&self) -> Timestamp {
        self.access_until
    }

    /// Returns when the login is expected to end: seven days after it was made.
    pub fn login_until(&self) -> Timestamp {
        self.created.plus(LOGIN)
    }

    pub(super) fn access(&self) -> AccessToken {
        AccessToken::new(self.access.clone())
    }

    pub(super) const fn refresh_token(&self) -> &SecretString {
        &self.refresh
    }

    /// Whether both hold the same tokens.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let tokens = |token: &Self| {
            [token.access.expose_secret().to_owned(), token.refresh.expose_secret().to_owned()]
        };
        tokens(self) == tokens(other) && self.created == other.created
    }

    /// `None` when the text is not that of a token file.
    fn of_text(text: &str) -> Option<Self> {
        // What serde would say may quote the file.
        let wire: WireFile = serde_json::from_str(text).ok()?;
        let token = wire.token;
        let is_token =
            |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_token(&token.access_token) || !is_token(&token.refresh_token) {
            return None;
        }
        let seconds = |number: &Number| number.as_i64().or_else(|| whole(&number.to_string()));
        // A file that does not say is believed to be old: it is refreshed at once.
        let access_until = token.expires_at.as_ref().map_or(Some(0), seconds)?;
        Some(Self {
            created: Timestamp::from_seconds(seconds(&wire.creation_timestamp)?),
            access: token.access_token.into(),
            access_until: Timestamp::from_seconds(access_until),
            refresh: token.refresh_token.into(),
            id: token.id_token.filter(|id| !id.is_empty()).map(SecretString::from),
            scope: token.scope,
            life: token.expires_in.unwrap_or(1_800),
        })
    }

    fn to_text(&self) -> SecretString {
        let seconds = |at: Timestamp| at.as_nanos().div_euclid(1_000_000_000);
        let out = OutFile {
            creation_timestamp: seconds(self.created),
            token: OutToken {
                expires_in: self.life,
                token_type: "Bearer",
                scope: self.scope.as_deref().unwrap_or("api"),
                refresh_token: self.refresh.expose_secret(),
                access_token: self.access.expose_secret(),
                id_token: self.id.as_ref().map_or("", |id| id.expose_secret()),
                expires_at: seconds(self.access_until),
            },
        };
        let text = serde_json::to_string(&out).expect("texts and numbers can be written");
        SecretString::from(text)
    }
}

/// The whole seconds of a number such as `1773071423.25`, which some programs write.
fn whole(text: &str) -> Option<i64> {
    text.split('.').next()?.parse().ok()
}

/// Which version of a file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// The lock of a token file, held as long as this lives; the system drops it with the
/// process.
#[derive(Debug)]
pub(crate) struct TokenLock(#[expect(dead_code, reason = "held, never read")] File);

/// A token file.
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// Names a file; nothing is opened.
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads the token; `None` when there is no file.
    ///
    /// # Errors
    /// When it cannot be read, others may use it, or it is no token file.
    pub fn read(&self) -> Result<Option<StoredToken>, PrivateFileError> {
        let (text, _) = match read_private(&self.path, EXPECTED) {
            Err(PrivateFileError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            read => read?,
        };
        let malformed =
            || PrivateFileError::Malformed { path: self.path.clone(), expected: EXPECTED };
        StoredToken::of_text(text.expose_secret()).map(Some).ok_or_else(malformed)
    }

    /// Which version is there now; `None` when there is none that can be looked at.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let about = fs::metadata(&self.path).ok()?;
        let changed = (about.mtime(), about.mtime_nsec());
        Some(Stamp { inode: about.ino(), length: about.len(), changed })
    }

    /// Replaces the file as a whole, readable by its owner alone, and waits until the
    /// disk has it. The caller holds the lock.
    ///
    /// # Errors
    /// When the disk does not take it; the old file is then still there.
    pub(crate) fn write(&self, token: &StoredToken) -> Result<(), PrivateFileError> {
        let place = self.place();
        let failed = PrivateFileError::io(&place, "written");
        make_folder(&place).map_err(&failed)?;
        let beside = beside(&place, ".new");
        // Left over from a crash; whoever holds the lock may take it away.
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)
            .map_err(&failed)?;
        file.write_all(token.to_text().expose_secret().as_bytes()).map_err(&failed)?;
        file.write_all(b"\n").map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        fs::rename(&beside, &place).map_err(&failed)?;
        // The name is only safe with its folder.
        let folder = place.parent().map(File::open).transpose().map_err(&failed)?;
        folder.map_or(Ok(()), |folder| folder.sync_all()).map_err(&failed)
    }

    /// Takes the lock between processes, waiting for whoever has it.
    ///
    /// # Errors
    /// When it is not free in time, or cannot be made.
    pub(crate) async fn lock(&self) -> Result<TokenLock, PrivateFileError> {
        let place = self.place();
        let failed = PrivateFileError::io(&place, "locked");
        make_folder(&place).map_err(&failed)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(beside(&place, ".lock"))
            .map_err(&failed)?;
        let taking = async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => sleep(LOCK_LOOK).await,
                    Err(TryLockError::Error(cause)) => return Err(cause),
                }
            }
        };
        match timeout(LOCK, taking).await {
            Ok(taken) => taken.map_err(&failed)?,
            Err(_) => return Err(PrivateFileError::Locked { path: self.path.clone() }),
        }
        Ok(TokenLock(file))
    }

    /// Where the file really is: a link to it stays a link.
    fn place(&self) -> PathBuf {
        let mut place = self.path.clone();
        for _ in 0..LINKS_MAX {
            let Ok(target) = fs::read_link(&place) else { break };
            place = place.parent().unwrap_or_else(|| Path::new("")).join(target);
        }
        place
    }
}

fn beside(place: &Path, end: &str) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn make_folder(place: &Path) -> io::Result<()> {
    match place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}
