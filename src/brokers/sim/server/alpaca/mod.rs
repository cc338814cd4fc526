//! Alpaca's wire protocol on loopback: trading REST, market data, streams, control.
//!
//! Everything follows the protocol page of October 2026; files cite its sections.
//!
//! | question | file |
//! |---|---|
//! | which paths there are | `routes` |
//! | who may ask, and how often | `guard` |
//! | how requests are read, answers and errors written | `params`, `errors` |
//! | orders: asked for, written, listed, replaced, cancelled | `order_request`, `order_json`, `order_list`, `orders` |
//! | everything else of the account | `account`, `positions`, `activities`, `portfolio_history`, `watchlists`, `desk` |
//! | the market | `assets`, `clock_calendar` |
//! | what a test may do | `control` |
//! | market data asked for | `market_data` |
//! | streams: of data, of trading updates | `data_stream`, `trading_stream` |
//! | under the streams: who has a place | `places` |
//! | trades, quotes, bars as they are written | `points` |
//! | halts on purpose | `halts` |

mod account;
mod activities;
mod assets;
mod clock_calendar;
mod control;
mod data_stream;
mod desk;
mod errors;
mod guard;
mod halts;
mod market_data;
mod order_json;
mod order_list;
mod order_request;
mod orders;
mod params;
mod places;
mod points;
mod portfolio_history;
mod positions;
mod routes;
mod trading_stream;
mod watchlists;

pub(super) use control::{arm, ledger_text};
pub(super) use desk::Desk;
pub(super) use halts::halt_on_purpose;
pub use places::StreamRules;
pub use routes::router;
pub(super) use routes::shared_controls;
