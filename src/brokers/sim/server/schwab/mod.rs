//! Schwab's wire protocol on loopback: login, trader and market data REST, streamer.
//!
//! Everything follows the protocol page of October 2026; files cite its sections. One
//! app, one user, one account; any key and secret that are not empty.
//!
//! | question | file |
//! |---|---|
//! | which paths there are | `routes` |
//! | what the routes share | `state` |
//! | what can be set, what goes wrong on purpose, who asks for it | `config`, `faults`, `control` |
//! | who may do what until when | `auth`, `oauth`, `oauth_errors` |
//! | what every request passes | `guard` |
//! | how requests are read, answers and errors written | `fields`, `answers` |
//! | orders: as asked for, as trees, by number, as written | `ticket`, `tree`, `book`, `order_json` |
//! | orders: placed, replaced, cancelled, listed, previewed | `orders`, `order_list`, `preview` |
//! | everything else of the account | `accounts`, `transactions` |
//! | market data | `market` |
//! | the streamer | `streamer` |

mod accounts;
mod answers;
mod auth;
mod book;
mod config;
mod control;
mod faults;
mod fields;
mod guard;
mod market;
mod oauth;
mod oauth_errors;
mod order_json;
mod order_list;
mod orders;
mod preview;
mod requests;
mod routes;
mod state;
mod streamer;
mod ticket;
mod transactions;
mod tree;

pub use config::{DeadRefresh, ErrorShape, Family, Rotation, SchwabConfig, SecondLogin};
pub use faults::{Armed, Fault, Faults, Target};
pub use routes::router;
pub use state::{SchwabShared, SchwabState};
