//! What is said over the control socket: one line of JSON in, one line out (for
//! `tail` many).
//!
//! A line in is a [`Call`], a line out an [`Answer`]; each carries the version of
//! this page. Prices and amounts of money stand in the answer's data, which is kept
//! as the text it came in: nothing here reads a number. It knows nothing of sockets;
//! see [`server`](crate::control::server) and [`client`](crate::control::client).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::control::settling::Found;
use crate::view::clean_text;

/// Version of this protocol. A call of another version is answered with
/// [`Code::Version`] and does nothing.
pub const VERSION: u32 = 1;

/// Bytes of a line in, its end included. The longest honest one is a reason.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Characters of a reason that are kept.
pub const REASON_CHARS_MAX: usize = 500;

/// One line in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The version that the caller speaks.
    pub version: u32,
    /// What is asked.
    pub request: Request,
    /// True when a person reads the answer: it then has `text` too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text: bool,
}

impl Call {
    /// Asks in the version of this program, for data alone.
    pub const fn new(request: Request) -> Self {
        Self { version: VERSION, request, text: false }
    }

    /// Asks for lines of text too.
    #[must_use]
    pub const fn with_text(mut self) -> Self {
        self.text = true;
        self
    }
}

/// What is asked. The first ten change something, the others only look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Let a trade that waits for approval go on.
    Approve {
        /// Which trade.
        trade_id: String,
    },
    /// End a trade that waits for approval.
    Reject {
        /// Which trade.
        trade_id: String,
        /// Why, as it stands in the journal.
        reason: Option<String>,
    },
    /// Cancel one working order.
    Cancel {
        /// Our name of the order.
        order: String,
    },
    /// Close an open or latched breaker.
    Reset {
        /// Its name.
        breaker: String,
        /// The typed phrase, `RESET name`.
        confirm: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Halt: no entry from now on.
    Kill {
        /// Why.
        reason: Option<String>,
    },
    /// Only orders that reduce risk from now on.
    Reduce {
        /// Why.
        reason: Option<String>,
    },
    /// Trade again.
    Resume {
        /// The last characters of the account.
        confirm: Option<String>,
        /// Why; must be given.
        reason: Option<String>,
    },
    /// Close one position, or all of them.
    Flatten {
        /// Which symbol; all when absent.
        symbol: Option<String>,
        /// The typed phrase, `FLATTEN SYMBOL` or `FLATTEN ALL`.
        confirm: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Say what became of an order of which nobody knows.
    Settle {
        /// Our name of the order.
        order: String,
        /// What was found at the broker.
        found: Found,
        /// The typed phrase, `SETTLE order`.
        confirm: Option<String>,
        /// Why; must be given.
        reason: Option<String>,
    },
    /// Take a difference between journal and broker for what it is.
    Acknowledge {
        /// What it is about, as `status` lists it; all when absent.
        subject: Option<String>,
        /// Why; must be given.
        reason: Option<String>,
    },
    /// How the house stands.
    Status,
    /// The open positions.
    Positions,
    /// The working orders and the newest finished ones.
    Orders,
    /// The live trades, those that wait for approval, and the newest finished ones.
    Trades,
    /// The decision record of one trade, event or symbol.
    Why {
        /// A trade id, an event's number, or a symbol.
        id: String,
    },
    /// Every event from now on, one line each, until the caller hangs up.
    Tail {
        /// See [`Filter`](crate::control::tail::Filter).
        filter: Option<String>,
    },
}

impl Request {
    /// The word on the command line.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Cancel { .. } => "cancel",
            Self::Reset { .. } => "reset",
            Self::Kill { .. } => "kill",
            Self::Reduce { .. } => "reduce",
            Self::Resume { .. } => "resume",
            Self::Flatten { .. } => "flatten",
            Self::Settle { .. } => "settle",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Status => "status",
            Self::Positions => "positions",
            Self::Orders => "orders",
            Self::Trades => "trades",
            Self::Why { .. } => "why",
            Self::Tail { .. } => "tail",
        }
    }
}

/// One line out: either `data` or `error`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// The version that the house speaks.
    pub version: u32,
    /// True when what was asked is done.
    pub ok: bool,
    /// What was found, or what became of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<RawValue>>,
    /// The same for people, when they asked for it: clean lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

impl Answer {
    /// Says that it is done, with this document.
    pub fn done(document: &impl Serialize) -> Self {
        match serde_json::value::to_raw_value(document) {
            Ok(data) => Self::with_data(data),
            Err(error) => Self::not_done(Problem::new(
                Code::Failed,
                format!("the answer cannot be written: {error}"),
                "report this as a bug",
            )),
        }
    }

    /// Says that it is done, with a document that is written already.
    pub const fn with_data(data: Box<RawValue>) -> Self {
        Self { version: VERSION, ok: true, data: Some(data), text: Vec::new(), error: None }
    }

    /// Says that it is not done, and why.
    pub const fn not_done(problem: Problem) -> Self {
        Self { version: VERSION, ok: false, data: None, text: Vec::new(), error: Some(problem) }
    }

    /// Adds lines for people.
    #[must_use]
    pub fn with_text(mut self, text: Vec<String>) -> Self {
        self.text = text;
        self
    }

    /// Returns the line to send, its end included.
    ///
    /// # Panics
    /// Never: text and JSON that has been read can be written.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("text and raw JSON can be written");
        line.push(b'\n');
        line
    }
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}; {remedy}")]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// Puts a problem together. Both texts are cleaned: they may quote the caller.
    pub fn new(code: Code, message: impl AsRef<str>, remedy: impl AsRef<str>) -> Self {
        let clean = |text: &str| clean_text(text, REASON_CHARS_MAX).into();
        Self { code, message: clean(message.as_ref()), remedy: clean(remedy.as_ref()) }
    }
}

/// The kinds of problems, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The line is no call.
    BadRequest,
    /// The caller speaks another version.
    Version,
    /// The line is longer than [`LINE_BYTES_MAX`].
    TooLarge,
    /// No whole line came in time.
    TooSlow,
    /// Too many callers at once.
    Busy,
    /// The caller is another user.
    NotPermitted,
    /// Nobody runs; only the command line says so.
    NoInstance,
    /// The typed phrase is missing or another one.
    NotConfirmed,
    /// A reason is missing.
    NoReason,
    /// There is no such trade, order, breaker or position.
    NotFound,
    /// It is there, but not in a state in which this can be done.
    NotApplicable,
    /// No answer in time: the outcome is unknown.
    Timeout,
    /// It went wrong while it was done.
    Failed,
}

impl Code {
    /// True when nothing was done because of it.
    pub const fn is_refusal(self) -> bool {
        match self {
            Self::BadRequest
            | Self::Version
            | Self::TooLarge
            | Self::TooSlow
            | Self::Busy
            | Self::NotPermitted
            | Self::NoInstance
            | Self::NotConfirmed
            | Self::NoReason
            | Self::NotFound
            | Self::NotApplicable => true,
            Self::Timeout | Self::Failed => false,
        }
    }
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// Reads a line in.
///
/// The version is looked at first: what another version asks need not make sense here.
///
/// # Errors
/// When the line is no call of this version.
pub fn read_call(line: &[u8]) -> Result<Call, Problem> {
    let bad = |error: serde_json::Error| {
        let remedy = "send one JSON object such as {\"version\":1,\"request\":\"status\"}";
        Problem::new(Code::BadRequest, format!("the line is no call: {error}"), remedy)
    };
    let head: Head = serde_json::from_slice(line).map_err(bad)?;
    if head.version != VERSION {
        return Err(Problem::new(
            Code::Version,
            format!("version {} is not spoken here, but {VERSION}", head.version),
            "use the flightdeck program of the running instance",
        ));
    }
    serde_json::from_slice(line).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &Result<Request, Code>) {
        let found = read_call(line.as_bytes());
        assert_eq!(&found.map(|call| call.request).map_err(|problem| problem.code), expected);
    }

    #[test]
    fn a_call_is_read_or_refused_with_its_kind() {
        check(r#"{"version":1,"request":"status"}"#, &Ok(Request::Status));
        let approve = Request::Approve { trade_id: "t-1".into() };
        check(r#"{"version":1,"request":{"approve":{"trade_id":"t-1"}}}"#, &Ok(approve));
        check(r#"{"version":1,"request":{"kill":{}}}"#, &Ok(Request::Kill { reason: None }));
        check(r#"{"version":2,"request":"launch"}"#, &Err(Code::Version));
        for bad in [
            "",
            "kill",
            "[]",
            r#"{"version":1}"#,
            r#"{"version":1,"request":"launch"}"#,
            r#"{"version":1,"request":"status","more":1}"#,
            r#"{"version":1,"request":{"kill":{"reson":"typo"}}}"#,
            r#"{"version":-1,"request":"status"}"#,
        ] {
            check(bad, &Err(Code::BadRequest));
        }
    }

    #[test]
    fn an_answer_carries_data_as_they_were_written() {
        let raw = RawValue::from_string("{\"nav\":100000.10}".into()).unwrap();
        let line = Answer::done(&raw).to_line();
        assert_eq!(line, b"{\"version\":1,\"ok\":true,\"data\":{\"nav\":100000.10}}\n");
        let back: Answer = serde_json::from_slice(&line).unwrap();
        assert_eq!(back.data.unwrap().get(), "{\"nav\":100000.10}");
    }

    #[test]
    fn a_text_with_line_ends_stays_one_line() {
        let problem = Problem::new(Code::Failed, "a\nb\u{1b}[2J", "c");
        let line = Answer::not_done(problem).to_line();
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        assert!(!line.contains(&0x1b));
    }
}
