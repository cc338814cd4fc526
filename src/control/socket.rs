//! The socket itself: made for us alone, taken over from the dead, never from the
//! living; and who is at its other end.
//!
//! A lock on `NAME.lock` beside it says that an instance lives: the kernel lets go of
//! it when the process ends, however it ends, so a socket without the lock's holder
//! is a dead one's. It knows nothing of what is said; that is
//! [`server`](crate::control::server).

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tokio::net::{UnixListener, UnixStream};

use crate::control::folder::{self, FolderError};

/// Bytes of a socket's path that the smallest of our systems takes (macOS has 104,
/// Linux 108, the ending zero included).
const PATH_BYTES_MAX: usize = 103;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The folder cannot hold it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Another instance has it.
    #[error("another instance runs at {}; stop it or choose another --name", .0.display())]
    InUse(PathBuf),
    /// Something else lies there.
    #[error("{} is there and is not a socket; move it away", .0.display())]
    NotASocket(PathBuf),
    /// The path is too long for a socket.
    #[error("{} is longer than {PATH_BYTES_MAX} bytes; name a shorter place with --socket", .0.display())]
    TooLong(PathBuf),
    /// The system refused.
    #[error("cannot listen at {}", .0.display())]
    Io(PathBuf, #[source] io::Error),
}

/// A socket that is listened at. Dropping it removes the file.
#[derive(Debug)]
pub struct Listening {
    listener: UnixListener,
    path: PathBuf,
    uid: u32,
    /// Held until the end of the process or of this value.
    _alive: File,
}

impl Listening {
    /// Listens at a path; its folder is made when it is missing. Must be called inside
    /// a runtime.
    ///
    /// # Errors
    /// When another instance is there, or the place is not for us alone.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let failed = |error| SocketError::Io(path.to_owned(), error);
        let fresh = path.with_extension("new");
        if fresh.as_os_str().len().max(path.as_os_str().len()) > PATH_BYTES_MAX {
            return Err(SocketError::TooLong(path.to_owned()));
        }
        folder::prepare(path.parent().unwrap_or(Path::new(".")))?;
        let alive = lock(path)?;
        refuse_the_living(path)?;
        // Bound beside it, narrowed, then moved into place: at no moment does the name
        // lead to a socket that others may open.
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&fresh).map_err(failed)?;
        fs::set_permissions(&fresh, Permissions::from_mode(0o600)).map_err(failed)?;
        fs::rename(&fresh, path).map_err(failed)?;
        Ok(Self { listener, path: path.to_owned(), uid: geteuid().as_raw(), _alive: alive })
    }

    /// Lets in another user than the one whose process this is; for tests of the
    /// refusal, since a second user is not at hand there.
    #[must_use]
    pub const fn for_user(mut self, uid: u32) -> Self {
        self.uid = uid;
        self
    }

    /// Returns where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the next caller, with the number of its user when it may not speak.
    ///
    /// # Errors
    /// When the system cannot take callers any more, for example for want of file
    /// descriptors; later calls may succeed.
    pub(in crate::control) async fn accept(&self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = self.listener.accept().await?;
        let uid = stream.peer_cred()?.uid();
        let peer = if uid == self.uid { Peer::Ours(uid) } else { Peer::Foreign(uid) };
        Ok((stream, peer))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Nothing can be done about a file that cannot be removed; the next start
        // takes it for a dead one's, which it is.
        let _ = fs::remove_file(&self.path);
    }
}

/// Who is at the other end, as the kernel says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::control) enum Peer {
    /// The user whose house this is.
    Ours(u32),
    /// Somebody else.
    Foreign(u32),
}

fn lock(path: &Path) -> Result<File, SocketError> {
    let failed = |error| SocketError::Io(path.to_owned(), error);
    let name = path.with_extension("lock");
    // Never truncated and never removed: a lock on a file that has lost its name
    // would protect nothing.
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(name)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SocketError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The lock may have been deleted by hand: somebody who answers is alive all the same.
fn refuse_the_living(path: &Path) -> Result<(), SocketError> {
    use std::os::unix::fs::FileTypeExt;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SocketError::Io(path.to_owned(), error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    match BlockingStream::connect(path) {
        Ok(_) => Err(SocketError::InUse(path.to_owned())),
        Err(_) => Ok(()),
    }
}
