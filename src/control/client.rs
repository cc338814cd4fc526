//! The caller's side of the control socket, without a runtime: one call, one answer.
//!
//! Used by the verbs of the command line and fit for any program of the same user.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::control::protocol::{Answer, Call, Code, Problem};

/// Time to wait for an answer: that of the house and a second for a busy machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);
/// Time for the house to take the call.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer; the longest lists every trade and order.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// A connection to a running house.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    stream: UnixStream,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// [`Code::NoInstance`] when nobody listens, [`Code::Failed`] when the socket may
    /// not be opened.
    pub fn connect(path: &Path) -> Result<Self, Problem> {
        let place = path.display();
        let nobody = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
        let stream = UnixStream::connect(path).map_err(|error| {
            if nobody.contains(&error.kind()) {
                Problem::new(
                    Code::NoInstance,
                    format!("nobody runs at {place}"),
                    "start flightdeck, or name the instance with --name or --socket",
                )
            } else {
                Problem::new(
                    Code::Failed,
                    format!("cannot call at {place}: {error}"),
                    "call as the user who runs the house",
                )
            }
        })?;
        Ok(Self { path: path.to_owned(), stream })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// [`Code::Timeout`] when no whole answer came: the outcome is unknown.
    pub fn ask(self, call: &Call) -> Result<Answer, Problem> {
        let mut lines = self.send(call)?;
        first(&mut lines)
    }

    /// Asks for a stream: the answer, then the lines that follow it until the house
    /// closes.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn stream(self, call: &Call) -> Result<(Answer, impl BufRead + use<>), Problem> {
        let mut lines = self.send(call)?;
        let answer = first(&mut lines)?;
        // Events may be rare: from here on the wait has no end.
        lines.get_ref().get_ref().set_read_timeout(None).map_err(|error| unknown(&error))?;
        lines.get_mut().set_limit(u64::MAX);
        Ok((answer, lines))
    }

    fn send(self, call: &Call) -> Result<BufReader<io::Take<UnixStream>>, Problem> {
        let mut line = serde_json::to_vec(call).expect("a call is plain text and can be written");
        line.push(b'\n');
        let hung_up = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
        let mut stream = self.stream;
        let sent = stream
            .set_write_timeout(Some(SEND_TIMEOUT))
            .and_then(|()| stream.set_read_timeout(Some(ANSWER_TIMEOUT)))
            .and_then(|()| stream.write_all(&line));
        match sent {
            // Refused before the call was read: the answer says why.
            Err(error) if hung_up.contains(&error.kind()) => {}
            Err(error) => {
                let what = format!("{} does not take the call: {error}", self.path.display());
                return Err(Problem::new(Code::Timeout, what, "look with: flightdeck status"));
            }
            Ok(()) => {}
        }
        Ok(BufReader::new(stream.take(ANSWER_BYTES_MAX)))
    }
}

fn first(lines: &mut impl BufRead) -> Result<Answer, Problem> {
    let mut line = String::new();
    lines.read_line(&mut line).map_err(|error| unknown(&error))?;
    if line.is_empty() {
        return Err(unknown(&"it hung up"));
    }
    serde_json::from_str(&line).map_err(|error| unknown(&format!("its answer is none: {error}")))
}

fn unknown(what: &dyn std::fmt::Display) -> Problem {
    let message = format!("no answer from the house: {what}");
    Problem::new(Code::Timeout, message, "the outcome is unknown; look with: flightdeck status")
}
