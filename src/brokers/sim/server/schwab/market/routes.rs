//! All routes of market data.

use axum::Router;
use axum::routing::get;

use crate::brokers::sim::server::schwab::state::SchwabShared;

use super::{history, hours, instruments, quotes};

/// Returns the routes under `/marketdata/v1`.
pub(in crate::brokers::sim::server::schwab) fn routes() -> Router<SchwabShared> {
    Router::new()
        .route("/marketdata/v1/quotes", get(quotes::list))
        .route("/marketdata/v1/{symbol}/quotes", get(quotes::get))
        .route("/marketdata/v1/pricehistory", get(history::get))
        .route("/marketdata/v1/markets", get(hours::list))
        .route("/marketdata/v1/markets/{market}", get(hours::get))
        .route("/marketdata/v1/instruments", get(instruments::search))
        .route("/marketdata/v1/instruments/{cusip}", get(instruments::by_cusip))
        .route("/marketdata/v1/movers/{index}", get(instruments::movers))
        .route("/marketdata/v1/chains", get(instruments::chains))
        .route("/marketdata/v1/expirationchain", get(instruments::expirations))
}
