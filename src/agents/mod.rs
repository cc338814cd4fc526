//! Layer 4: the five agents, each a synchronous fold over the one order of events.

pub mod market_data;
pub mod order_execution;
pub mod position_management;
pub mod risk_management;
