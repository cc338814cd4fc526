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

mod account;
mod activities;
mod assets;
mod clock_calendar;
mod control;
mod desk;
mod errors;
mod guard;
mod order_json;
mod order_list;
mod order_request;
mod orders;
mod params;
mod portfolio_history;
mod positions;
mod routes;
mod watchlists;

pub(super) use desk::Desk;
pub use routes::router;
