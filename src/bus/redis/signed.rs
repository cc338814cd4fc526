//! The form of a command on the bus, and its signature.
//!
//! A message is one JSON object:
//!
//! ```json
//! {"version":1,"topic":"operator.kill","sender":"desk-1","session":"a1","seq":7,
//!  "issued_at":"2026-10-05T13:45:05.02Z","expires_at":"2026-10-05T13:45:07Z",
//!  "nonce":"5f0c…","body":{"reason":"storm"},"mac":"9b1e…"}
//! ```
//!
//! `mac` is HMAC-SHA-256 under the sender's key, in lower-case hexadecimal, over the
//! [canonical text](canonical): every other field in the order above, each as it is
//! written, each after its own length, so that no two messages have one text. The topic
//! is part of it: what was signed for one channel is worth nothing on another. It knows no
//! time; whether a message may still be obeyed is the [`guard`](super::guard)'s.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::bus::redis::keys::{Key, is_name, unhex};
use crate::domain::hex::hex;
use crate::domain::time::Timestamp;

/// The version of this page.
pub const VERSION: u32 = 1;
/// Bytes of a message; the longest honest one carries a reason.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// A message as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message<'a> {
    version: u32,
    #[serde(borrow)]
    pub(super) topic: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) sender: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) session: Cow<'a, str>,
    pub(super) seq: u64,
    #[serde(borrow)]
    issued_at: Cow<'a, str>,
    #[serde(borrow)]
    expires_at: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) nonce: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) body: &'a RawValue,
    #[serde(borrow)]
    mac: Cow<'a, str>,
}

/// What a sender says, before it is signed.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// The channel, such as `operator.kill`.
    pub topic: &'a str,
    /// Whose key signs it.
    pub sender: &'a str,
    /// A name that the sender takes anew whenever its numbers begin again.
    pub session: &'a str,
    /// Rises by one with every message of the session, from 1.
    pub seq: u64,
    /// When it is said.
    pub issued_at: Timestamp,
    /// Until when it may be obeyed, at most 2 s later.
    pub expires_at: Timestamp,
    /// A name that the sender never uses again.
    pub nonce: &'a str,
    /// The command's own fields, a JSON object.
    pub body: &'a RawValue,
}

impl Draft<'_> {
    /// Returns the message to publish.
    ///
    /// # Panics
    /// Never: texts and JSON that has been read can be written.
    pub fn sign(&self, key: &Key) -> String {
        let mut message = Message {
            version: VERSION,
            topic: self.topic.into(),
            sender: self.sender.into(),
            session: self.session.into(),
            seq: self.seq,
            issued_at: self.issued_at.to_string().into(),
            expires_at: self.expires_at.to_string().into(),
            nonce: self.nonce.into(),
            body: self.body,
            mac: Cow::Borrowed(""),
        };
        message.mac = hex(&key.code(message.canonical().as_bytes())).into();
        serde_json::to_string(&message).expect("text and raw JSON can be written")
    }
}

impl Message<'_> {
    /// Reads a message; `None` when it is none of this version.
    pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let message: Message<'_> = serde_json::from_slice(bytes).ok()?;
        let names = [&message.sender, &message.session, &message.nonce];
        (message.version == VERSION && names.into_iter().all(|name| is_name(name)))
            .then_some(message)
    }

    /// Whether the sender's key made the signature.
    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        unhex(&self.mac).is_some_and(|code| key.is_code(self.canonical().as_bytes(), &code))
    }

    /// From when to when it may be obeyed; `None` when that is no time.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.issued_at.parse().ok()?, self.expires_at.parse().ok()?))
    }

    fn canonical(&self) -> String {
        canonical(&[
            &self.version.to_string(),
            &self.topic,
            &self.sender,
            &self.session,
            &self.seq.to_string(),
            &self.issued_at,
            &self.expires_at,
            &self.nonce,
            self.body.get(),
        ])
    }
}

/// Writes fields for signing: `flightdeck-command`, then for each a line's end, its length
/// in bytes, a colon and itself.
pub fn canonical(fields: &[&str]) -> String {
    let mut text = "flightdeck-command".to_owned();
    for field in fields {
        // Writing to a text cannot fail.
        let _ = write!(text, "\n{}:{field}", field.len());
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::bus::redis) fn draft<'a>(
        topic: &'a str,
        seq: u64,
        body: &'a RawValue,
    ) -> Draft<'a> {
        let issued_at = Timestamp::from_seconds(1_761_661_800);
        Draft {
            topic,
            sender: "desk-1",
            session: "s1",
            seq,
            issued_at,
            expires_at: Timestamp::from_seconds(1_761_661_802),
            nonce: "n1",
            body,
        }
    }

    #[test]
    fn a_signature_covers_every_field() {
        let key = Key::new(&[7; 32]).unwrap();
        let body = RawValue::from_string(r#"{"reason":"storm"}"#.into()).unwrap();
        let text = draft("operator.kill", 1, &body).sign(&key);
        assert!(Message::read(text.as_bytes()).unwrap().is_signed_by(&key));
        for (from, to) in [
            ("operator.kill", "operator.reduce"),
            ("desk-1", "desk-2"),
            ("\"s1\"", "\"s2\""),
            ("\"seq\":1", "\"seq\":2"),
            (":00Z\",\"expires", ":01Z\",\"expires"),
            (":02Z", ":03Z"),
            ("\"n1\"", "\"n2\""),
            ("storm", "calm"),
            ("{\"reason\"", "{ \"reason\""),
        ] {
            let forged = text.replacen(from, to, 1);
            assert_ne!(forged, text, "{from}");
            let read = Message::read(forged.as_bytes()).unwrap();
            assert!(!read.is_signed_by(&key), "{from} -> {to}");
        }
        assert!(
            !Message::read(text.as_bytes()).unwrap().is_signed_by(&Key::new(&[8; 32]).unwrap())
        );
    }

    #[test]
    fn the_signature_is_the_one_that_the_page_promises() {
        // printf of the canonical text | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…
        let key = Key::new(&[7; 32]).unwrap();
        let body = RawValue::from_string("{}".into()).unwrap();
        let text = draft("operator.kill", 1, &body).sign(&key);
        let canonical = canonical(&[
            "1",
            "operator.kill",
            "desk-1",
            "s1",
            "1",
            "2025-10-28T14:30:00Z",
            "2025-10-28T14:30:02Z",
            "n1",
            "{}",
        ]);
        assert_eq!(
            canonical,
            "flightdeck-command\n1:1\n13:operator.kill\n6:desk-1\n2:s1\n1:1\n\
             20:2025-10-28T14:30:00Z\n20:2025-10-28T14:30:02Z\n2:n1\n2:{}"
        );
        assert!(text.contains(&hex(&key.code(canonical.as_bytes()))));
    }

    #[test]
    fn what_is_no_message_is_not_read() {
        for bad in ["", "[]", "{}", r#"{"version":1}"#, &"x".repeat(MESSAGE_BYTES_MAX + 1)] {
            assert!(Message::read(bad.as_bytes()).is_none(), "{bad:.40}");
        }
        let key = Key::new(&[7; 32]).unwrap();
        let body = RawValue::from_string("{}".into()).unwrap();
        let text = draft("operator.kill", 1, &body).sign(&key);
        for (from, to) in
            [("\"version\":1", "\"version\":2"), ("desk-1", "Desk"), ("\"n1\"", "\"\"")]
        {
            assert!(Message::read(text.replacen(from, to, 1).as_bytes()).is_none(), "{to}");
        }
    }
}
