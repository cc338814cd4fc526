//! From the bytes of a mail to a [`Message`].
//!
//! RFC 5322 and MIME are the mail library's work: nested parts, encodings, character
//! sets. Ours are the caps, the cleaning, the choice of the body among the parts, and
//! what is new in it ([`quotes`]). Every mail gives a message or a
//! named reason; it knows nothing of mailboxes.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{HeaderValue, MessageParser, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

use crate::domain::hex::hex;
use crate::domain::time::Timestamp;
use crate::intel::mail::{Address, Attachment, Message, MessageId, Oddity, ThreadId};
use crate::intel::quotes::{self, Split};
use crate::intel::text::{Cleaned, LINE_MAX, clean_block, clean_line, clean_token};

/// Most bytes of a mail: what large providers carry.
pub const MESSAGE_MAX: usize = 25 * 1024 * 1024;
/// Most bytes of the text of a body, quotes and signature included.
pub const BODY_MAX: usize = 1024 * 1024;
/// Most bytes of the texts of all attachments of a mail together.
pub const ATTACHMENTS_TEXT_MAX: usize = 256 * 1024;
/// Most parts of a mail that are looked at.
pub const PARTS_MAX: usize = 1_000;
/// Most addresses of a list that are kept.
pub const ADDRESSES_MAX: usize = 500;
/// Most mails within mails and multiparts that a mail may announce. Each level is a
/// frame on the stack when the mail library's tree is dropped.
pub const NESTED_MAX: usize = 200;
/// Most bytes of an identifier or an address.
pub const TOKEN_MAX: usize = 300;

/// Why a mail gives no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Too long to be looked at.
    #[error("it has {0} bytes, at most {MESSAGE_MAX} are read")]
    TooLong(usize),
    /// Too deep to be looked at.
    #[error("it announces {0} mails within mails, at most {NESTED_MAX} are read")]
    TooDeep(usize),
    /// There is no header in it.
    #[error("it has no header of a mail")]
    NoHeader,
}

/// Takes a mail apart.
///
/// # Errors
/// A mail that is too long, too deep, or none at all.
pub fn parse(bytes: &[u8]) -> Result<Message, ParseError> {
    if bytes.len() > MESSAGE_MAX {
        return Err(ParseError::TooLong(bytes.len()));
    }
    let nested = count(bytes, b"message/");
    if nested > NESTED_MAX {
        return Err(ParseError::TooDeep(nested));
    }
    let mail = MessageParser::default().parse(bytes).ok_or(ParseError::NoHeader)?;
    if mail.headers().is_empty() {
        return Err(ParseError::NoHeader);
    }
    let mut odd = Oddities::default();
    let id = identity(&mail, bytes, &mut odd);
    let subject = odd.line(mail.subject().unwrap_or_default());
    let from = mail.from().and_then(|from| addresses(from, &mut odd).into_iter().next());
    if from.is_none() {
        odd.add(Oddity::NoSender);
    }
    let at = mail.date().and_then(instant);
    if at.is_none() {
        odd.add(Oddity::NoDate);
    }
    if mail.parts.len() > PARTS_MAX {
        odd.add(Oddity::PartsCut);
    }
    let to = mail.to().map(|to| addresses(to, &mut odd)).unwrap_or_default();
    let cc = mail.cc().map(|cc| addresses(cc, &mut odd)).unwrap_or_default();
    let split = body(&mail, &mut odd);
    let attachments = attachments(&mail, &mut odd);
    let thread = thread(&mail).unwrap_or_else(|| id.0.clone());
    Ok(Message {
        thread: ThreadId(thread),
        id,
        at,
        from,
        to,
        cc,
        subject,
        body: split.new,
        quoted: split.quoted,
        signature: split.signature,
        attachments,
        oddities: odd.sorted(),
    })
}

/// How often a text in lower case stands in bytes of any case.
fn count(bytes: &[u8], text: &[u8]) -> usize {
    // The last byte first: it is rare, and whole words are compared at a few places only.
    let is_it = |window: &[u8]| window.last() == text.last() && window.eq_ignore_ascii_case(text);
    bytes.windows(text.len()).filter(|window| is_it(window)).count()
}

/// What is odd, gathered on the way.
#[derive(Debug, Default)]
struct Oddities(Vec<Oddity>);

impl Oddities {
    fn add(&mut self, oddity: Oddity) {
        if !self.0.contains(&oddity) {
            self.0.push(oddity);
        }
    }

    fn sorted(mut self) -> Vec<Oddity> {
        self.0.sort_unstable();
        self.0
    }

    fn line(&mut self, text: &str) -> String {
        let Cleaned { text, had_controls, .. } = clean_line(text, LINE_MAX);
        if had_controls {
            self.add(Oddity::ControlCharacters);
        }
        text
    }

    fn block(&mut self, text: &str, max: usize, cut: Oddity) -> String {
        let Cleaned { text, was_cut, had_controls } = clean_block(text, max);
        if had_controls {
            self.add(Oddity::ControlCharacters);
        }
        if was_cut {
            self.add(cut);
        }
        text
    }
}

fn identity(mail: &mail_parser::Message<'_>, bytes: &[u8], odd: &mut Oddities) -> MessageId {
    let named = mail.message_id().map(|id| clean_token(id, TOKEN_MAX)).unwrap_or_default();
    if !named.is_empty() {
        return MessageId(named);
    }
    odd.add(Oddity::NoId);
    MessageId(format!("sha256:{}", hex(&Sha256::digest(bytes))))
}

fn thread(mail: &mail_parser::Message<'_>) -> Option<String> {
    [mail.references(), mail.in_reply_to()]
        .into_iter()
        .filter_map(first_text)
        .map(|id| clean_token(id, TOKEN_MAX))
        .find(|id| !id.is_empty())
}

fn first_text<'a>(value: &'a HeaderValue<'_>) -> Option<&'a str> {
    value
        .as_text_list()
        .and_then(|list| list.first().map(AsRef::as_ref))
        .or_else(|| value.as_text())
}

fn addresses(list: &mail_parser::Address<'_>, odd: &mut Oddities) -> Vec<Address> {
    let mut found = Vec::new();
    for one in list.iter() {
        if found.len() == ADDRESSES_MAX {
            odd.add(Oddity::PartsCut);
            break;
        }
        let Some(address) = one.address.as_deref() else { continue };
        let address = clean_token(address, TOKEN_MAX).to_ascii_lowercase();
        if address.is_empty() {
            continue;
        }
        let name = one.name.as_deref().map(|name| odd.line(name)).filter(|name| !name.is_empty());
        found.push(Address { name, address });
    }
    found
}

/// Years outside of mail are slips or lies.
fn instant(date: &mail_parser::DateTime) -> Option<Timestamp> {
    let is_mail = date.is_valid() && (1970..=2200).contains(&date.year);
    is_mail.then(|| Timestamp::from_seconds(date.to_timestamp()))
}

/// The texts of the body, in order; of alternatives the plain one.
fn body(mail: &mail_parser::Message<'_>, odd: &mut Oddities) -> Split {
    let mut whole = Split::default();
    let mut left = BODY_MAX;
    for part in mail.text_bodies().take(PARTS_MAX) {
        if part.is_encoding_problem {
            odd.add(Oddity::BrokenEncoding);
        }
        let split = match &part.body {
            PartType::Text(text) => quotes::split(&odd.block(text, left, Oddity::BodyCut)),
            PartType::Html(html) => from_html(html, left, odd),
            PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => continue,
        };
        left = left.saturating_sub(split.new.len() + split.quoted.len() + split.signature.len());
        whole.append(split);
    }
    whole
}

/// Text of HTML. What mail programs mark as a quotation (`blockquote`) is quoted; more
/// than the cap of markup is not looked at.
fn from_html(html: &str, max: usize, odd: &mut Oddities) -> Split {
    let marked = quotes::html_quotation(html);
    let new = odd.block(&html_to_text(&marked.new), max, Oddity::BodyCut);
    let mut split = quotes::split(&new);
    let left = max.saturating_sub(new.len());
    let quoted = odd.block(&html_to_text(&marked.quoted), left, Oddity::BodyCut);
    split.append(Split { quoted, ..Split::default() });
    split
}

fn attachments(mail: &mail_parser::Message<'_>, odd: &mut Oddities) -> Vec<Attachment> {
    let mut left = ATTACHMENTS_TEXT_MAX;
    let mut found = Vec::new();
    for part in mail.attachments().take(PARTS_MAX) {
        let kind = part.content_type().map_or_else(String::new, |kind| {
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("*"))
        });
        let text = match &part.body {
            PartType::Text(text) => Some(odd.block(text, left, Oddity::AttachmentCut)),
            PartType::Html(html) => {
                Some(odd.block(&html_to_text(html), left, Oddity::AttachmentCut))
            }
            PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_)
            | PartType::Multipart(_) => None,
        };
        left = left.saturating_sub(text.as_ref().map_or(0, String::len));
        found.push(Attachment {
            name: odd.line(part.attachment_name().unwrap_or_default()),
            kind: clean_token(&kind, TOKEN_MAX).to_ascii_lowercase(),
            bytes: u64::try_from(part.contents().len()).unwrap_or(u64::MAX),
            text,
        });
    }
    found
}
