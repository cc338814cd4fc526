//! The frame of a run, and where its broker's login stands.
//!
//! Plain values of the [snapshot](crate::view::Snapshot).

use serde::Serialize;

use crate::domain::time::Timestamp;

/// Where the login at a broker stands. The times are forecasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Login {
    /// Which broker, such as `schwab`.
    pub broker: Box<str>,
    /// When the access token is expected to end; it is renewed before.
    pub access_until: Option<Timestamp>,
    /// When the login is expected to end.
    pub login_until: Option<Timestamp>,
    /// Why a person has to log in; absent while nobody has to.
    pub needed: Option<Box<str>>,
}

/// Which run this is; facts of the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// `sim`, `replay`, `paper` or `live`; empty before the run has begun.
    pub mode: Box<str>,
    /// The account's name.
    pub account: Box<str>,
    /// The seed of everything that draws lots.
    pub seed: u64,
    /// Version of the program.
    pub version: Box<str>,
    /// Hash of the configuration in force.
    pub config_hash: Box<str>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// How many times as fast as the wall the house's time runs; 1 outside simulations,
    /// and wherever nobody waits for the wall.
    pub speed: u32,
    /// Why it ended, once it has.
    pub ended: Option<Box<str>>,
    /// Where the login at the broker stands, where one can end.
    pub login: Option<Login>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            mode: Box::default(),
            account: Box::default(),
            seed: 0,
            version: Box::default(),
            config_hash: Box::default(),
            started_at: None,
            speed: 1,
            ended: None,
            login: None,
        }
    }
}
