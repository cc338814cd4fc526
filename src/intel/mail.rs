//! A mail, taken apart: who, when, about what, what is new in it and what is quoted.
//!
//! All texts in here are clean (see [`text`](crate::intel::text)) and capped. It knows
//! nothing of how a mail is written down.

use std::fmt;

use crate::domain::time::Timestamp;

/// What tells a mail from all others: its Message-ID, or `sha256:` and the hash of its
/// bytes where it has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub String);

impl fmt::Display for MessageId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The mail that a conversation began with: the first of References, else In-Reply-To,
/// else the mail itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub String);

impl fmt::Display for ThreadId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Somebody's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The name shown beside it.
    pub name: Option<String>,
    /// `local@domain`, in lower case.
    pub address: String,
}

/// A file that came with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its file name; empty when it has none.
    pub name: String,
    /// Its media type, such as `text/csv`.
    pub kind: String,
    /// How many bytes it has when decoded.
    pub bytes: u64,
    /// What it says, if it is text, up to the cap.
    pub text: Option<String>,
}

/// Something about a mail that is not as it should be, or that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// It has no Message-ID.
    NoId,
    /// It has no date, or one that is none.
    NoDate,
    /// It has no sender.
    NoSender,
    /// Its text was longer than the cap.
    BodyCut,
    /// The text of an attachment was longer than the cap.
    AttachmentCut,
    /// It has more parts, addresses or attachments than the caps.
    PartsCut,
    /// A part names an encoding that its bytes do not keep.
    BrokenEncoding,
    /// It held characters that steer a terminal or hide.
    ControlCharacters,
}

impl Oddity {
    /// The word in the store and in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoId => "no_id",
            Self::NoDate => "no_date",
            Self::NoSender => "no_sender",
            Self::BodyCut => "body_cut",
            Self::AttachmentCut => "attachment_cut",
            Self::PartsCut => "parts_cut",
            Self::BrokenEncoding => "broken_encoding",
            Self::ControlCharacters => "control_characters",
        }
    }
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What tells it from all others.
    pub id: MessageId,
    /// When it was written, as it says itself.
    pub at: Option<Timestamp>,
    /// Who wrote it, as it says itself.
    pub from: Option<Address>,
    /// To whom.
    pub to: Vec<Address>,
    /// To whom besides.
    pub cc: Vec<Address>,
    /// Its subject: one line.
    pub subject: String,
    /// What is new in it: neither quoted nor signature.
    pub body: String,
    /// What it quotes of others, without the marks.
    pub quoted: String,
    /// What stands below the signature's mark.
    pub signature: String,
    /// The conversation that it belongs to.
    pub thread: ThreadId,
    /// Files that came with it, in its order.
    pub attachments: Vec<Attachment>,
    /// What is odd about it, in order, each once.
    pub oddities: Vec<Oddity>,
}
