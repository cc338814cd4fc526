//! The rules of the screen: a message in, the next state and commands out.
//!
//! Pure: it draws nothing, sends nothing, asks no clock. What reduces risk is one
//! key and works from anywhere; what adds risk passes a [`dialog`](crate::ui::dialog).
//! [`runtime`](crate::ui::runtime) carries the commands out.

mod confirm;
mod desk;
mod message;
mod news;
mod palette;
mod requests;

pub use message::{Cmd, Msg, Page};
pub use requests::update;

#[cfg(test)]
mod tests;
