//! Layer 4: the five agents, each a synchronous fold over the one order of events.
//!
//! | agent | hears | says |
//! |---|---|---|
//! | [`market_data`] | feeds, questions | market data it vouches for |
//! | [`strategy`] | market data, positions, trades, refused moves of stops | opinions, proposals, the trade record |
//! | [`risk_management`] | proposals, market data, orders, positions, the operator | sizes, permissions, refusals, the trading state |
//! | [`order_execution`] | permissions, positions, the venue | orders and what became of them |
//! | [`position_management`] | orders, market data, trades | positions, their protection, trade states |
//!
//! They never name each other: what one needs of another comes as an event.

pub mod market_data;
pub mod strategy;
pub mod risk_management;
pub mod order_execution;
pub mod position_management;
mod roster;

pub use roster::{AgentConfigs, roster};
