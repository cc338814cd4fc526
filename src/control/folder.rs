//! Where control sockets and kill files lie.
//!
//! A socket is `NAME.sock` in `$XDG_RUNTIME_DIR/flightdeck`, which the system empties
//! at log-out, or in the folder `control` of the data folder where there is none. The
//! kill file is `NAME.kill` in the data folder. What is passed in comes from the
//! environment; only the command line and the composition root read that.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// Characters of an instance's name.
pub const NAME_CHARS_MAX: usize = 32;

/// Names in a folder that are looked at.
const NAMES_MAX: usize = 64;

/// Why a folder cannot hold a control socket.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be made or looked at.
    #[error("{} cannot be used for the control socket", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It is no folder.
    #[error("{} is not a folder; move it away", .0.display())]
    NotAFolder(PathBuf),
    /// It belongs to somebody else.
    #[error("{} belongs to user {owner}, not to user {user}; name another place", .path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Others may enter it.
    #[error("others may enter {} (mode {mode:03o}); run: chmod 700 {}", .path.display(), .path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The name of an instance is not one.
    #[error(
        "'{0}' is no name of an instance; use letters, digits, '-' and '_', {NAME_CHARS_MAX} at most"
    )]
    NotAName(String),
}

/// Returns the folder of sockets. An empty or relative `$XDG_RUNTIME_DIR` counts as
/// none, as its specification says.
pub fn sockets(runtime: Option<&OsStr>, data: &Path) -> PathBuf {
    match runtime.map(Path::new).filter(|path| path.is_absolute()) {
        Some(runtime) => runtime.join("flightdeck"),
        None => data.join("control"),
    }
}

/// Returns the socket of an instance.
///
/// # Errors
/// When the name is none.
pub fn socket(folder: &Path, name: &str) -> Result<PathBuf, FolderError> {
    check_name(name)?;
    Ok(folder.join(format!("{name}.sock")))
}

/// Returns the kill file of an instance.
///
/// # Errors
/// When the name is none.
pub fn kill_file(data: &Path, name: &str) -> Result<PathBuf, FolderError> {
    check_name(name)?;
    Ok(data.join(format!("{name}.kill")))
}

/// Lists the instances that have a socket in a folder, alive or not, by name. A
/// folder that is not there has none.
///
/// # Errors
/// When the folder cannot be read.
pub fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries.take(NAMES_MAX) {
        let name = entry?.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".sock"));
        names.extend(name.filter(|name| check_name(name).is_ok()).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

/// Makes a folder for us alone, or checks one that is there. One that is there is
/// never changed: it might be somebody's for another purpose.
///
/// # Errors
/// When it cannot be made, is not ours, or is open to others.
pub fn prepare(folder: &Path) -> Result<(), FolderError> {
    let failed = |error| FolderError::Io(folder.to_owned(), error);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let found = fs::symlink_metadata(folder).map_err(failed)?;
    if !found.is_dir() {
        return Err(FolderError::NotAFolder(folder.to_owned()));
    }
    let user = geteuid().as_raw();
    if found.uid() != user {
        return Err(FolderError::Foreign { path: folder.to_owned(), owner: found.uid(), user });
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(FolderError::Open { path: folder.to_owned(), mode });
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), FolderError> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(FolderError::NotAName(name.chars().take(NAME_CHARS_MAX).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_runtime_folder_comes_before_the_data_folder() {
        let data = Path::new("/data/flightdeck");
        let runtime = |text| sockets(text, data);
        assert_eq!(runtime(Some(OsStr::new("/run/user/7"))), Path::new("/run/user/7/flightdeck"));
        for none in [None, Some(OsStr::new("")), Some(OsStr::new("run"))] {
            assert_eq!(runtime(none), Path::new("/data/flightdeck/control"));
        }
    }

    #[test]
    fn a_name_never_leaves_its_folder() {
        assert_eq!(socket(Path::new("/r"), "sim").unwrap(), Path::new("/r/sim.sock"));
        assert_eq!(kill_file(Path::new("/d"), "paper-2").unwrap(), Path::new("/d/paper-2.kill"));
        for bad in ["", "../sim", "a/b", "a.b", "a b", "\u{1b}[2J", &"x".repeat(33)] {
            assert!(socket(Path::new("/r"), bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_folder_is_made_private_and_an_open_one_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        prepare(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        prepare(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(prepare(&folder), Err(FolderError::Open { mode: 0o750, .. })));
        let link = home.path().join("link");
        std::os::unix::fs::symlink(home.path(), &link).unwrap();
        assert!(matches!(prepare(&link), Err(FolderError::NotAFolder(_))));
    }

    #[test]
    fn instances_are_listed_by_name() {
        let home = tempfile::tempdir().unwrap();
        for file in ["paper.sock", "sim.sock", "sim.lock", "a b.sock"] {
            fs::write(home.path().join(file), "").unwrap();
        }
        assert_eq!(names(home.path()).unwrap(), ["paper", "sim"]);
        assert!(names(&home.path().join("missing")).unwrap().is_empty());
    }
}
