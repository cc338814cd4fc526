//! The venue seat when the venue is outside: what may leave, and what comes back.
//!
//! The seat has two halves. [`Port`] is the agent: it hears requests and passes them
//! on. [`Gateway`] is the task behind it: it admits calls (the [`Gate`] for entries,
//! the budget of requests, the breakers of reads), makes them through a
//! [`Broker`](crate::brokers::Broker), and offers what comes back at the
//! [`Entrance`] of the house. What to *do* about an answer, or about none, is decided
//! by the agents; the gateway only repeats what repeating cannot double.

mod gate;
mod readiness;
mod hours;
mod port;
mod entrance;
mod config;
mod market;
mod admission;
mod identity;
mod surfaces;
mod ledger;
mod watch;
mod news;
mod desk;
mod latch;
mod submit;
mod race;
mod cancel;
mod replace;
mod heard;
mod reads;
mod lines;
mod load;
mod feeding;
mod room;
mod beat;
mod second;

pub use config::GatewayConfig;
pub use entrance::{Closed, Entrance};
pub use feeding::MarketInlet;
pub use gate::Gate;
pub use load::{Load, Streams};
pub use market::{MarketBuffer, MarketItem};
pub use port::{Port, Request};
pub use room::Gateway;
pub use second::SecondEntrance;

#[cfg(test)]
mod tests;
