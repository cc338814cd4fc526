//! All routes of the simulated broker.

use axum::Router;

use crate::brokers::sim::server::Shared;

/// Returns all routes.
pub fn router(state: Shared) -> Router {
    Router::new().merge(stream_routes()).with_state(state)
}

/// The routes of the streams and of market data.
fn stream_routes() -> Router<Shared> {
    Router::new()
}
