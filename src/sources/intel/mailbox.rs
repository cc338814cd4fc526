//! Mails from files: Maildir (new, cur), mbox, and single files.
//!
//! It finds the files first, in order of their names, and then reads one mail at a time:
//! memory holds one mail, however long the mailbox is. It knows nothing of what a mail
//! says; see [`stages`](crate::sources::intel::stages).

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::intel::parse::MESSAGE_MAX;

/// Most files of one run.
pub const FILES_MAX: usize = 1_000_000;
/// Deepest folder below a given one.
pub const DEPTH_MAX: usize = 16;
/// How many bytes of a file show that it is an mbox.
const MBOX_MARK: &[u8] = b"From ";

/// A mail as it was found.
#[derive(Debug)]
pub struct RawMail {
    /// The file, and for an mbox the place in it (`box#3`, from 1).
    pub source: String,
    /// Its bytes, or why there are none.
    pub bytes: Result<Vec<u8>, String>,
    /// Bytes read from files so far, this mail included.
    pub read_bytes: u64,
}

/// The mails below some paths, one after the other.
#[derive(Debug)]
pub struct Mailbox {
    files: VecDeque<PathBuf>,
    open: Option<Mbox>,
    read_bytes: u64,
    total_bytes: u64,
}

#[derive(Debug)]
struct Mbox {
    path: PathBuf,
    reader: BufReader<File>,
    count: u64,
    /// Whether the line before the next mail has been read.
    is_at_mail: bool,
}

impl Mailbox {
    /// Finds the files.
    ///
    /// # Errors
    /// A path that does not exist or cannot be read, or more files than the bound.
    pub fn open(paths: &[PathBuf]) -> io::Result<Self> {
        let mut found = Vec::new();
        for path in paths {
            let kind = fs::metadata(path).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
            if kind.is_dir() {
                gather(path, 0, &mut found)?;
            } else {
                found.push(path.clone());
            }
        }
        let sizes = found.iter().filter_map(|path| fs::metadata(path).ok());
        let total_bytes = sizes.map(|of| of.len()).sum();
        Ok(Self { files: found.into(), open: None, read_bytes: 0, total_bytes })
    }

    /// How many bytes all files have together.
    pub const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    fn mail(&mut self, source: String, bytes: Result<Vec<u8>, String>, length: u64) -> RawMail {
        self.read_bytes += length;
        RawMail { source, bytes, read_bytes: self.read_bytes }
    }

    /// Opens a file: an mbox stays open, any other is one mail.
    fn begin(&mut self, path: PathBuf) -> Option<RawMail> {
        let source = path.display().to_string();
        match opened(&path) {
            Err(error) => Some(self.mail(source, Err(error.to_string()), 0)),
            Ok((mut reader, true)) => {
                let skipped = line(&mut reader, &mut Vec::new());
                self.read_bytes += skipped.unwrap_or(0);
                self.open = Some(Mbox { path, reader, count: 0, is_at_mail: true });
                None
            }
            Ok((mut reader, false)) => {
                let mut bytes = Vec::new();
                let max = u64::try_from(MESSAGE_MAX).unwrap_or(u64::MAX) + 1;
                let read = reader.by_ref().take(max).read_to_end(&mut bytes);
                let length = u64::try_from(bytes.len()).unwrap_or(0);
                let bytes = read.map(|_| bytes).map_err(|error| error.to_string());
                Some(self.mail(source, bytes, length))
            }
        }
    }
}

impl Iterator for Mailbox {
    type Item = RawMail;

    fn next(&mut self) -> Option<RawMail> {
        loop {
            if let Some(mut open) = self.open.take() {
                if !open.is_at_mail {
                    continue;
                }
                let (bytes, length) = open.mail();
                let source = format!("{}#{}", open.path.display(), open.count);
                self.open = Some(open);
                return Some(self.mail(source, bytes, length));
            }
            let path = self.files.pop_front()?;
            if let Some(mail) = self.begin(path) {
                return Some(mail);
            }
        }
    }
}

impl Mbox {
    /// Reads up to the next "From " line or the end. One level of `>` before "From " is
    /// taken off (mboxrd). What is longer than a mail may be is read and dropped.
    fn mail(&mut self) -> (Result<Vec<u8>, String>, u64) {
        self.is_at_mail = false;
        self.count += 1;
        let (mut mail, mut next, mut length) = (Vec::new(), Vec::new(), 0);
        let mut is_after_blank = false;
        loop {
            next.clear();
            match line(&mut self.reader, &mut next) {
                Err(error) => return (Err(error.to_string()), length),
                Ok(0) => break,
                Ok(bytes) => length += bytes,
            }
            // Only after a blank line: a sentence may begin with "From" too.
            if is_after_blank && next.starts_with(MBOX_MARK) {
                self.is_at_mail = true;
                break;
            }
            is_after_blank = matches!(next.as_slice(), b"\n" | b"\r\n");
            if mail.len() <= MESSAGE_MAX {
                mail.extend_from_slice(unquoted(&next));
            }
        }
        (Ok(mail), length)
    }
}

fn unquoted(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    let is_quoted = marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(MBOX_MARK));
    if is_quoted { line.get(1..).unwrap_or_default() } else { line }
}

/// Reads a line, or as much of it as a mail may have.
fn line(reader: &mut impl BufRead, into: &mut Vec<u8>) -> io::Result<u64> {
    let max = u64::try_from(MESSAGE_MAX).unwrap_or(u64::MAX) + 1;
    let read = reader.take(max).read_until(b'\n', into)?;
    Ok(u64::try_from(read).unwrap_or(u64::MAX))
}

fn opened(path: &Path) -> io::Result<(BufReader<File>, bool)> {
    // A pipe or a device would be read for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut reader = BufReader::new(File::open(path)?);
    let is_mbox = reader.fill_buf()?.starts_with(MBOX_MARK);
    Ok((reader, is_mbox))
}

/// Files below a folder by name; of a Maildir those of `new` and `cur`, without `tmp`.
fn gather(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > DEPTH_MAX {
        return Ok(());
    }
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        let path = entry.path();
        let is_draft = entry.file_name() == "tmp" && folder.join("cur").is_dir();
        // Links are not followed: they could lead in a circle or out of the mailbox.
        if kind.is_dir() && !is_draft {
            gather(&path, depth + 1, found)?;
        } else if kind.is_file() && !is_service(&path) {
            if found.len() == FILES_MAX {
                return Err(io::Error::other(format!("there are more than {FILES_MAX} files")));
            }
            found.push(path);
        }
    }
    Ok(())
}

/// Files that mail servers keep beside the mails.
fn is_service(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.starts_with('.') || name.starts_with("dovecot") || name == "maildirfolder"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(path: &Path) -> Vec<String> {
        let mails = Mailbox::open(&[path.to_owned()]).unwrap();
        mails.map(|mail| String::from_utf8(mail.bytes.unwrap()).unwrap()).collect()
    }

    #[test]
    fn an_mbox_is_divided_at_its_from_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("box");
        let text =
            "From a Mon\nA: 1\n\nso\nFrom here\n>From x\n>>From y\n\nFrom b Tue\nB: 2\n\ny\n";
        fs::write(&path, text).unwrap();
        assert_eq!(texts(&path), ["A: 1\n\nso\nFrom here\nFrom x\n>From y\n\n", "B: 2\n\ny\n"]);
    }

    #[test]
    fn a_maildir_gives_new_and_cur_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for (place, name) in [("cur", "1:2,S"), ("new", "2"), ("tmp", "3")] {
            fs::create_dir_all(folder.path().join(place)).unwrap();
            fs::write(folder.path().join(place).join(name), name).unwrap();
        }
        assert_eq!(texts(folder.path()), ["1:2,S", "2"]);
    }

    #[test]
    fn a_missing_path_is_named() {
        let error = Mailbox::open(&["/nowhere/at/all".into()]).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/at/all: "), "{error}");
    }
}
