//! All routes of the simulated Schwab: the paths of the real host under one port, the
//! streamer at `/ws`, and the controls.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::brokers::sim::server::alpaca::shared_controls;

use super::guard::{guard, no_such_path};
use super::requests::{listed, noted};
use super::state::SchwabShared;
use super::{
    accounts, control, market, oauth, order_list, orders, preview, streamer, transactions,
};

/// Returns all routes behind the guard; streams are run by the tracker and end when the
/// token is cancelled.
pub fn router(state: SchwabShared, tasks: TaskTracker, stop: CancellationToken) -> Router {
    let stream = get(move |state: State<SchwabShared>, request: Request| {
        streamer::connect(state, tasks.clone(), stop.clone(), request)
    });
    let mut routes = trader().merge(market::routes()).route("/ws", stream);
    let mut controls = Router::new();
    if state.world.config.has_control {
        routes = routes
            .route("/_sim/fault", post(control::fault))
            .route("/_sim/requests", get(listed))
            .route("/_sim/ledger", get(control::ledger));
        controls = shared_controls().with_state(state.world.clone());
    }
    routes
        .fallback(no_such_path)
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(from_fn_with_state(state.clone(), noted))
        .with_state(state)
        .merge(controls)
}

fn trader() -> Router<SchwabShared> {
    Router::new()
        .route("/v1/oauth/authorize", get(oauth::authorize))
        .route("/v1/oauth/token", post(oauth::token))
        .route("/trader/v1/accounts/accountNumbers", get(accounts::numbers))
        .route("/trader/v1/accounts", get(accounts::list))
        .route("/trader/v1/accounts/", get(accounts::list))
        .route("/trader/v1/accounts/{hash}", get(accounts::get))
        .route("/trader/v1/accounts/{hash}/orders", get(order_list::of_account).post(orders::post))
        .route(
            "/trader/v1/accounts/{hash}/orders/{id}",
            get(orders::get).put(orders::put).delete(orders::delete),
        )
        .route("/trader/v1/accounts/{hash}/previewOrder", post(preview::post))
        .route("/trader/v1/accounts/{hash}/transactions", get(transactions::list))
        .route("/trader/v1/accounts/{hash}/transactions/{id}", get(transactions::get))
        .route("/trader/v1/orders", get(order_list::of_all))
        .route("/trader/v1/userPreference", get(accounts::preference))
}
