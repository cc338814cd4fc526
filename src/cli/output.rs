//! Printing, without a panic when nobody listens.

use std::io::{self, BufWriter, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Serialize;

/// How long a terminal may take to take a line.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints a text and a line's end to standard output.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints a value as one line of JSON to standard output, without holding the text.
pub(crate) fn say_json(value: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints an error with its causes to standard error, in one line. Texts from
/// outside are printed without control characters.
pub(crate) fn complain(error: &anyhow::Error) {
    let text: String =
        format!("{error:#}").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    remark(&text);
}

/// Prints a remark to standard error. A terminal that takes nothing, such as a stopped one,
/// must not hold up the end of the program: it is waited for a second.
pub(crate) fn remark(text: &str) {
    let line = format!("flightdeck: {text}\n");
    let (done, written) = mpsc::sync_channel(1);
    // Without a thread there is no word, and no waiting either.
    let _ = thread::Builder::new().spawn(move || {
        // Nothing can be done when the error stream is gone too.
        let _ = io::stderr().write_all(line.as_bytes());
        let _ = done.send(());
    });
    let _ = written.recv_timeout(PATIENCE);
}

/// Tells whether an error is that nobody reads the standard output any more.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    kinds.into_iter().any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
