//! The streamer (Schwab, protocol page §5 of October 2026).
//!
//! | question | file |
//! |---|---|
//! | what a client may say, and what it is answered | `session` |
//! | which fields a quote has | `level_one` |
//! | what is told of orders | `activity` |
//! | who has the one connection | `seat` |
//! | all of it on a socket, with the faults | `connection` |

mod activity;
mod connection;
mod level_one;
mod seat;
mod session;

pub(super) use activity::Activity;
pub(super) use connection::connect;
pub(super) use seat::Seat;
