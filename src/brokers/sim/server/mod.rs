//! The simulated exchange behind brokers' own wire protocols, on loopback.
//!
//! [`World`] is a market, an exchange and one account without sockets or clocks;
//! [`ServerState`] puts a clock, faults and limits around it, and [`serve()`] a listener
//! before it. What an answer looks like is known to the folder of each broker's
//! protocol alone ([`alpaca`], [`schwab`]); both may be faces of one world.
//!
//! | question | file |
//! |---|---|
//! | what a world is made from | `setup` |
//! | what happens when time passes | `world` |
//! | which stocks there are | `stocks` |
//! | which bars are kept | `bars` |
//! | what listeners hear of orders | `notice` |
//! | what time it is, and how fast it goes | `clock` |
//! | what goes wrong on purpose | `faults` |
//! | how many requests are served | `limits` |
//! | how a connection is served, and dropped | `serve` |
//! | under the streams: frames, sockets | `frames`, `socket` |
//! | what a query says | `query` |
//! | base 64 | `base64` |

mod bars;
mod base64;
mod clock;
mod faults;
mod frames;
mod ids;
mod limits;
mod new_york;
mod notice;
mod pins;
mod query;
mod serve;
mod setup;
mod socket;
mod state;
mod stocks;
mod world;
pub mod alpaca;
pub mod schwab;

pub use bars::{KeptBar, Timeline};
pub use clock::{Pace, SimClock};
pub use faults::{Fault, FaultOrder, Faults};
pub use limits::{Limit, RateWindow};
pub use new_york::{midnight, new_york_text};
pub use notice::{Execution, NoticeKind, OrderNotice};
pub use pins::Pin;
pub use serve::{DropConnection, serve, serve_schwab};
pub use setup::{WorldError, WorldSetup};
pub use socket::SendBuffer;
pub use state::{ServerConfig, ServerState, Shared, open};
pub use stocks::Stock;
pub use world::World;
