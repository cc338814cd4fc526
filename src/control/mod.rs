//! How a person reaches a running house without its screen: verbs of the command
//! line over a unix socket, the kill file, SIGQUIT; and how the house reaches the
//! person: notices and a webhook.
//!
//! It knows the read model and the operator's commands, no agent and no bus: the
//! composition root lends it a [`CommandSink`], an [`EventSource`] and the gate that
//! closes before anything else is done ([`Killer`]). Begin with
//! [`protocol`] for what is said, [`socket`] for who may speak, [`operate`] for what
//! comes of it.

pub mod protocol;
pub mod phrase;
pub mod folder;
pub mod socket;
pub mod sink;
pub mod kill;
pub mod killfile;
pub mod documents;
pub mod settling;
pub mod operate;
pub mod server;
pub mod tail;
mod tables;
mod users;
pub mod client;
pub mod notify;
pub mod webhook;
pub mod page;

pub use kill::{Gate, Killer};
pub use protocol::{Answer, Call, Code, Problem, Request};
pub use server::{Desk, serve};
pub use sink::{CommandSink, EventSource, Explanation, SinkError};
pub use socket::{Listening, SocketError};
