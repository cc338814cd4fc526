//! The bytes of one file, whole lines at a time, through one reused buffer.
//!
//! Gzip is recognised by its first bytes. What a line means is not known here;
//! see `rows`.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// Size of the buffer and so the longest line, in bytes: large enough that a
/// system call is rare, small enough for hundreds of files at once.
pub(super) const BUFFER: usize = 64 * 1024;
/// The first two bytes of a gzip member (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file as a sequence of whole lines.
pub(super) struct Lines {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// Where the next line begins.
    at: usize,
    /// One past the last line feed in the buffer.
    complete: usize,
    /// One past the last byte in the buffer.
    filled: usize,
    ended: bool,
}

/// What the buffer holds after a call of [`Lines::ready`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// [`Lines::pending`] begins with at least one whole line.
    Lines,
    /// One line was longer than the buffer and has been passed over.
    TooLong,
    /// There is nothing more.
    End,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("at", &self.at)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Lines {
    /// Opens a file, compressed or not.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = Vec::with_capacity(GZIP_MAGIC.len());
        file.by_ref().take(2).read_to_end(&mut magic)?;
        file.rewind()?;
        if magic == GZIP_MAGIC {
            return Ok(Self::new(Box::new(MultiGzDecoder::new(file))));
        }
        Ok(Self::new(Box::new(file)))
    }

    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        // One byte more, for the line feed that a last line may lack.
        Self { reader, buffer: vec![0; BUFFER + 1], at: 0, complete: 0, filled: 0, ended: false }
    }

    /// Makes sure that a whole line is pending, reading on where needed.
    #[inline]
    pub(super) fn ready(&mut self) -> io::Result<Ready> {
        if self.at < self.complete {
            return Ok(Ready::Lines);
        }
        self.refill()
    }

    /// Returns the whole lines in the buffer, each with its line feed.
    #[inline]
    pub(super) fn pending(&self) -> &[u8] {
        self.buffer.get(self.at..self.complete).unwrap_or_default()
    }

    /// Passes over bytes of [`Lines::pending`].
    #[inline]
    pub(super) fn consume(&mut self, bytes: usize) {
        self.at = self.complete.min(self.at + bytes);
    }

    fn refill(&mut self) -> io::Result<Ready> {
        let mut too_long = false;
        loop {
            self.buffer.copy_within(self.at..self.filled, 0);
            self.filled -= self.at;
            (self.at, self.complete) = (0, 0);
            if self.filled == BUFFER {
                // No line feed in a full buffer: forget it and look for one.
                too_long = true;
                self.filled = 0;
            }
            let before = self.filled;
            self.read_more()?;
            if self.ended && self.filled == 0 {
                return Ok(if too_long { Ready::TooLong } else { Ready::End });
            }
            if self.ended {
                self.buffer[self.filled] = b'\n';
                self.filled += 1;
            }
            let fresh = &self.buffer[before..self.filled];
            if too_long {
                if let Some(feed) = fresh.iter().position(|byte| *byte == b'\n') {
                    self.at = before + feed + 1;
                    self.complete = self.at.max(last_line_end(&self.buffer[..self.filled]));
                    return Ok(Ready::TooLong);
                }
            } else if fresh.contains(&b'\n') {
                self.complete = last_line_end(&self.buffer[..self.filled]);
                return Ok(Ready::Lines);
            }
        }
    }

    /// Reads once, at most until the buffer is full.
    fn read_more(&mut self) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        loop {
            match self.reader.read(&mut self.buffer[self.filled..BUFFER]) {
                Ok(0) => self.ended = true,
                Ok(bytes) => self.filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

fn last_line_end(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1)
}
