//! The routes of market data, and the one way in which all of them answer.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::access::refused;
use super::query::Fault;
use super::{history, latest, reference};
use crate::brokers::sim::server::Shared;
use crate::brokers::sim::server::frames::{Field, json};

/// Returns all routes of market data; keys and limits are checked before them.
pub(in crate::brokers::sim::server::alpaca) fn routes() -> Router<Shared> {
    // The router wants one name per place: the first stands for a kind here and there.
    Router::new()
        .route("/v2/stocks/{symbol}", get(history::of_many))
        .route("/v2/stocks/{symbol}/latest", get(latest::of_many))
        .route("/v2/stocks/snapshots", get(latest::snapshots))
        .route("/v2/stocks/auctions", get(reference::auctions))
        .route("/v2/stocks/meta/exchanges", get(reference::exchanges))
        .route("/v2/stocks/meta/conditions/{kind}", get(reference::conditions))
        .route("/v2/stocks/{symbol}/snapshot", get(latest::one_snapshot))
        .route("/v2/stocks/{symbol}/auctions", get(reference::auctions_of_one))
        .route("/v2/stocks/{symbol}/{name}", get(history::of_one))
        .route("/v2/stocks/{symbol}/{name}/latest", get(latest::of_one))
        .route("/v1beta1/screener/stocks/most-actives", get(reference::most_actives))
        .route("/v1beta1/screener/{market}/movers", get(reference::movers))
}

/// Writes an answer, or says why there is none.
pub(super) fn answer(found: Result<Field, Fault>) -> Response {
    match found {
        Ok(found) => {
            let kind = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
            (StatusCode::OK, kind, json(&found)).into_response()
        }
        Err(Fault::Parameter(message)) => refused(StatusCode::BAD_REQUEST, message),
        Err(Fault::RecentSip) => {
            let message = "subscription does not permit querying recent SIP data";
            refused(StatusCode::FORBIDDEN, message)
        }
    }
}
