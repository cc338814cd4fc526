//! Schwab: its login, its streamer and its calls.
//!
//! A login lasts seven days and only a human can renew it, so it has a folder of its
//! own: [`auth`] gets a token with a browser's help, [`token`] keeps it alive and hands
//! it to whoever calls. [`hosts`] says where Schwab is. Knows nothing of breakers: a
//! dead token is told as a [`TokenState`](token::TokenState), what follows is decided
//! elsewhere.

pub mod auth;
pub mod hosts;
mod private;
pub mod stream;
pub mod token;

pub use private::PrivateFileError;
