//! The simulated exchange: a pure matching engine and ledger of one account.
//!
//! It is told prices, sessions and orders, each with the instant at which they
//! happened, and answers with [`Report`]s. It knows nothing of events, sockets,
//! clocks or wire formats; refusals carry Alpaca's codes and texts so that a
//! server can pass them on. The same inputs give the same reports, ids included.
//!
//! Two kinds of answers: a call's own refusal is its `Err`; what then happens to
//! an order is a [`Report`]. Feed either bars, or quotes and ticks of a symbol.
//!
//! | question | file |
//! |---|---|
//! | what can be set | `config` |
//! | what an order looks like, which reports exist | `order`, `report` |
//! | which requests are malformed | `rules` |
//! | which requests the account may not make | `checks` |
//! | at which price an order executes | `matching` |
//! | how prices reach orders | `feed` |
//! | what a fill, a cancel or an expiry drags along | `settle` |
//! | open, close, halt, split | `sessions` |
//! | orders for the opening and the closing auction | `auctions` |
//! | what a venue does when it misbehaves | `mischief` |

mod auctions;
mod checks;
mod config;
mod engine;
mod feed;
mod matching;
mod mischief;
mod order;
mod register;
mod replace;
mod report;
mod row;
mod rules;
mod sessions;
mod settle;
#[cfg(test)]
mod tests;

pub use config::{
    AssetFlags, Borrow, ExchangeConfig, Fees, FillModel, MarketFill, Multiplier, Partials,
};
pub use engine::{AccountView, Exchange, Extras, PositionView};
pub use order::{GroupId, Intent, Order, OrderStatus, Role};
pub use register::OrderName;
pub use replace::Change;
pub use report::{CancelCause, Rejection, Report, What};
