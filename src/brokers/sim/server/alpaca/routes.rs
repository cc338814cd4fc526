//! All routes of the simulated broker.

use axum::Router;
use tokio_util::sync::CancellationToken;

use super::places::Places;
use super::{data_stream, market_data, trading_stream};
use crate::brokers::sim::server::Shared;

/// Returns all routes; their streams end when the token is cancelled.
pub fn router(state: Shared, stop: CancellationToken) -> Router {
    Router::new().merge(stream_routes(&state, stop)).with_state(state)
}

/// The routes of the streams and of market data.
fn stream_routes(state: &Shared, stop: CancellationToken) -> Router<Shared> {
    let places = Places::new(stop);
    Router::new()
        .merge(data_stream::routes(&places))
        .merge(trading_stream::routes(places))
        .merge(market_data::routes(state))
}
