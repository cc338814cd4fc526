//! Layer 3: the outside market. One folder per broker; [`sim`] is the embedded one.
//!
//! A [`Broker`] knows how to ask and how to read the answers; the [`gateway`] decides
//! whether a call may leave, and turns what comes back into events. What to *do* about
//! an answer, or about none, is the agents' business.

mod broker;
mod call;
mod data_only;
mod decimal;
mod exchange;
mod field;
mod oddity;
mod private;
mod tls;
mod toll;
pub mod stream;
mod words;
pub mod gateway;
pub mod alpaca;
pub mod schwab;
pub mod sim;

pub use broker::{
    Broker, BrokerAccount, BrokerAsset, BrokerClock, BrokerOrder, Execution, MarketSink,
    OrderDoubt, OrderNews, OrderUpdate, Push, Replacement, Seal,
};
pub use call::{Answer, CallError, Refusal};
pub use data_only::DataOnly;
pub use tls::install_tls_provider;
