//! Logging in, which only a human with a browser can do.
//!
//! Read in this order: the app's key and secret ([`AppKeys`]); the address that the
//! browser comes back to ([`Callback`]) and what it brings ([`Redirect`]); the small
//! https server that waits for it ([`CallbackListener`]); and one login from its
//! beginning to the token file ([`Login`]). Reference: Schwab, protocol page §1.1, §1.2
//! and §1.6 of November 2026.

mod callback;
mod keys;
mod listener;
mod login;
mod redirect;

pub use callback::{Callback, CallbackError};
pub use keys::{AppKeys, KEY_NAME, KeyError, SECRET_NAME};
pub use listener::CallbackListener;
pub use login::{LoggedIn, Login, LoginError, LoginSettings};
pub use redirect::{Redirect, RedirectError};
