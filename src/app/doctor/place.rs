//! Checks of this machine: folders, disk, journals, other instances, terminal, time zones.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::tz::TimeZone;
use rustix::fs::statvfs;
use rustix::process::geteuid;

use crate::app::doctor::Check;
use crate::control::folder;
use crate::journal::verify;

/// Free space below which a run should not begin, bytes.
pub const FREE_MIN: u64 = 1_000_000_000;
/// A journal larger than this is not verified on the way, bytes.
const JOURNAL_MAX: u64 = 256_000_000;
/// Journals that are looked at for the newest.
const JOURNALS_MAX: usize = 10_000;
/// The smallest screen on which every panel is whole, columns and rows.
const SCREEN_MIN: (u16, u16) = (80, 24);
/// The longest path that a socket can have.
const SOCKET_MAX: usize = 107;

/// The folder of journals is ours alone and can be written to.
pub fn data_folder(path: &Path) -> Check {
    let name = "data folder";
    let shown = path.display();
    let Ok(found) = fs::metadata(path) else {
        return Check::ok(name, format!("{shown} will be made by the first run"));
    };
    if !found.is_dir() {
        return Check::fail(name, format!("{shown} is no folder"), format!("move {shown} away"));
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 || found.uid() != geteuid().as_raw() {
        let said = format!("{shown} is open to others (mode {mode:03o}, user {})", found.uid());
        return Check::fail(name, said, format!("chown it to yourself and run chmod 700 {shown}"));
    }
    let trial = path.join(format!(".doctor-{}", std::process::id()));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&trial);
    // What could not be made need not go.
    let _ = fs::remove_file(&trial);
    match written {
        Ok(_) => Check::ok(name, format!("{shown} can be written to, mode {mode:03o}")),
        Err(error) => {
            let remedy = format!("make {shown} writable, or give another home folder");
            Check::fail(name, format!("{shown} cannot be written to: {error}"), remedy)
        }
    }
}

/// There is room for journals: `least` bytes or more.
pub fn disk(path: &Path, least: u64) -> Check {
    let name = "disk";
    let Some(there) = path.ancestors().find(|path| path.exists()) else {
        return Check::skipped(name, format!("{} is nowhere", path.display()));
    };
    match statvfs(there) {
        Err(error) => Check::skipped(name, format!("{}: {error}", there.display())),
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let said = format!("{} MB are free at {}", free / 1_000_000, there.display());
            if free >= least {
                Check::ok(name, said)
            } else {
                Check::fail(name, said, format!("free {} MB", least / 1_000_000))
            }
        }
    }
}

/// The newest journal of the data folder is whole.
pub fn newest_journal(data: &Path) -> Check {
    let name = "journal";
    let Some((path, size)) = newest(data) else {
        return Check::skipped(name, "there is none yet");
    };
    let shown = path.display();
    if size > JOURNAL_MAX {
        let said = format!("{shown} is large; run flightdeck journal verify {shown}");
        return Check::skipped(name, said);
    }
    match verify(&path) {
        Ok(checked) => Check::ok(name, format!("{} events of {shown} are whole", checked.events)),
        Err(error) => {
            let remedy = format!("keep a copy, and begin a new journal: mv {shown} {shown}.broken");
            Check::fail(name, format!("{shown}: {error}"), remedy)
        }
    }
}

fn newest(data: &Path) -> Option<(PathBuf, u64)> {
    let folders = ["paper", "sim"].map(|mode| data.join(mode));
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let journals = files.take(JOURNALS_MAX).filter_map(|file| {
        let path = file.ok()?.path();
        let found = path.metadata().ok()?;
        let is_journal = path.extension().is_some_and(|ending| ending == "sqlite");
        let changed = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        is_journal.then_some((changed, path, found.len()))
    });
    journals.max().map(|(_, path, size)| (path, size))
}

/// Which instances run here.
pub fn instances(sockets: &Path) -> Check {
    let name = "instances";
    let names = match folder::names(sockets) {
        Ok(names) => names,
        Err(error) => {
            let remedy = format!("run chmod 700 {}", sockets.display());
            return Check::fail(name, format!("{}: {error}", sockets.display()), remedy);
        }
    };
    let lives = |name: &&String| {
        folder::socket(sockets, name).is_ok_and(|path| UnixStream::connect(path).is_ok())
    };
    let living: Vec<&str> = names.iter().filter(lives).map(String::as_str).collect();
    if living.is_empty() {
        Check::ok(name, "no other instance runs")
    } else {
        let said = format!("running: {}", living.join(", "));
        Check::warn(name, said, "one account has one instance; see flightdeck status")
    }
}

/// A control socket can be had: its folder is ours alone, its path is not too long.
pub fn control_socket(sockets: &Path) -> Check {
    let name = "control socket";
    let shown = sockets.display();
    let path = match folder::socket(sockets, "paper") {
        Ok(path) => path,
        Err(error) => return Check::fail(name, error.to_string(), "name the instance otherwise"),
    };
    if path.as_os_str().len() > SOCKET_MAX {
        let remedy = "set XDG_RUNTIME_DIR to a shorter path";
        return Check::fail(name, format!("{} is too long a path", path.display()), remedy);
    }
    let Ok(found) = fs::symlink_metadata(sockets) else {
        return Check::ok(name, format!("{shown} will be made by the first run"));
    };
    let mode = found.mode() & 0o777;
    if !found.is_dir() || found.uid() != geteuid().as_raw() || mode & 0o077 != 0 {
        let said = format!("{shown} is not ours alone (mode {mode:03o}, user {})", found.uid());
        return Check::fail(name, said, format!("remove it, or run chmod 700 {shown}"));
    }
    Check::ok(name, format!("{shown} is ours alone"))
}

/// What is known of the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terminal {
    /// Columns and rows; `None` when the output is no terminal.
    pub size: Option<(u16, u16)>,
    /// `TERM`.
    pub kind: Option<String>,
    /// `COLORTERM`.
    pub colour: Option<String>,
    /// The locale in force.
    pub locale: Option<String>,
}

/// The cockpit can be drawn.
pub fn terminal(found: &Terminal) -> Check {
    let name = "terminal";
    let Some((columns, rows)) = found.size else {
        return Check::skipped(name, "the output is no terminal; runs go without a screen");
    };
    let kind = found.kind.as_deref().unwrap_or_default();
    if kind.is_empty() || kind == "dumb" {
        let said = format!("TERM is '{kind}': nothing can be drawn");
        return Check::fail(name, said, "set TERM=xterm-256color, or run with --no-ui");
    }
    let is_true = found.colour.as_deref().is_some_and(|c| c == "truecolor" || c == "24bit");
    let colours = if is_true {
        "true colour"
    } else if kind.contains("256") {
        "256 colours"
    } else {
        "16 colours"
    };
    let locale = found.locale.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_utf8 = locale.contains("utf-8") || locale.contains("utf8");
    let signs = if is_utf8 { "UTF-8" } else { "no UTF-8" };
    let said = format!("{columns} × {rows}, {colours}, {signs}");
    if columns < SCREEN_MIN.0 || rows < SCREEN_MIN.1 {
        let (columns, rows) = SCREEN_MIN;
        return Check::warn(name, said, format!("make the window {columns} × {rows} or larger"));
    }
    if !is_utf8 {
        return Check::warn(name, said, "set LANG=C.UTF-8; until then signs are ASCII");
    }
    Check::ok(name, said)
}

/// The rules of a time zone are known.
pub fn time_zone(zone: &str) -> Check {
    let name = "time zones";
    match TimeZone::get(zone) {
        Ok(_) => Check::ok(name, format!("{zone} is known")),
        Err(error) => {
            Check::fail(name, format!("{zone}: {error}"), "install the time zone data (tzdata)")
        }
    }
}
