//! The bus to other processes: every event on Pub/Sub, the way of every order on a
//! stream as well, signed commands in.
//!
//! Redis carries, it does not decide: the order is made by the one spine, the truth is
//! the journal. Read [`names`] for what lies where, [`mirror`] for the way out, [`signed`]
//! and [`guard`] for the way in, [`link`] for what happens when Redis goes away, and
//! [`follower`] for how another process catches up, [`watch`] and [`commander`] for how a
//! dashboard elsewhere sees and asks, [`seat_house`] and [`seat_guest`] for an agent in
//! another process, [`lease`] for who of two runs the instance. What a command does is the
//! composition root's business ([`House`]).

pub mod names;
mod backoff;
mod config;
mod endpoint;
mod keys;
mod queue;
pub mod mirror;
pub mod signed;
pub mod guard;
mod commands;
pub mod link;
pub mod follower;
pub mod watch;
pub mod commander;
mod frame;
pub mod seat_house;
pub mod seat_guest;
pub mod lease;
pub mod self_test;
pub mod acl;

pub use commands::{Command, House};
pub use config::{BusConfig, SEATS, Trust, agent_of};
pub use endpoint::{BusError, Endpoint};
pub use keys::{Key, KeyFileError, Keys};
pub use link::Link;
pub use mirror::Mirror;
