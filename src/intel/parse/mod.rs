//! From the bytes of a mail to a message: start with [`parse()`].
//!
//! It knows nothing of mailboxes; those are read in `crate::sources::intel`.

mod message;
#[cfg(test)]
mod tests;

pub use message::{
    ADDRESSES_MAX, ATTACHMENTS_TEXT_MAX, BODY_MAX, MESSAGE_MAX, NESTED_MAX, PARTS_MAX, ParseError,
    TOKEN_MAX, parse,
};
