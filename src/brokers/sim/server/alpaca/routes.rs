//! All routes of the simulated broker.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::brokers::sim::server::Shared;

use super::guard::{guard, no_such_method, no_such_path};
use super::places::Places;
use super::{
    account, activities, assets, clock_calendar, control, data_stream, market_data, order_list,
    orders, portfolio_history, positions, trading_stream, watchlists,
};

/// Returns all routes behind the guard; streams are run by the tracker
/// and end when the token is cancelled.
pub fn router(state: Shared, tasks: TaskTracker, stop: CancellationToken) -> Router {
    let mut routes = trading().merge(stream_routes(tasks, stop));
    if state.config.has_control {
        routes = routes.merge(controls());
    }
    routes
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

/// The routes of the streams and of market data.
fn stream_routes(tasks: TaskTracker, stop: CancellationToken) -> Router<Shared> {
    let places = Places::new(tasks, stop);
    data_stream::routes(&places).merge(trading_stream::routes(places)).merge(market_data::routes())
}

fn trading() -> Router<Shared> {
    Router::new()
        .route("/v2/account", get(account::get))
        .route(
            "/v2/account/configurations",
            get(account::get_settings).patch(account::patch_settings),
        )
        .route("/v2/account/activities", get(activities::list))
        .route("/v2/account/activities/{type}", get(activities::list_of_type))
        .route("/v2/account/portfolio/history", get(portfolio_history::get))
        .route("/v2/positions", get(positions::list).delete(positions::close_all))
        .route("/v2/positions/{id}", get(positions::get).delete(positions::close))
        .route("/v2/orders", get(order_list::list).post(orders::submit).delete(orders::cancel_all))
        .route("/v2/orders:by_client_order_id", get(orders::get_by_client_id))
        .route("/v2/orders/{id}", get(orders::get).patch(orders::replace).delete(orders::cancel))
        .route("/v2/assets", get(assets::list))
        .route("/v2/assets/{id}", get(assets::get))
        .route("/v2/clock", get(clock_calendar::clock))
        .route("/v3/clock", get(clock_calendar::clock_v3))
        .route("/v2/calendar", get(clock_calendar::calendar))
        .route("/v3/calendar/{market}", get(clock_calendar::calendar_v3))
        .route("/v2/watchlists", get(watchlists::list).post(watchlists::create))
        .route(
            "/v2/watchlists:by_name",
            get(watchlists::get_named)
                .put(watchlists::put_named)
                .post(watchlists::post_named)
                .delete(watchlists::delete_named),
        )
        .route(
            "/v2/watchlists/{id}",
            get(watchlists::get_one)
                .put(watchlists::put_one)
                .post(watchlists::post_one)
                .delete(watchlists::delete_one),
        )
        .route("/v2/watchlists/{id}/{symbol}", axum::routing::delete(watchlists::delete_symbol))
}

fn controls() -> Router<Shared> {
    shared_controls()
        .route("/_sim/fault", post(control::fault))
        .route("/_sim/ledger", get(control::ledger))
}

/// The controls that do the same whatever the wire protocol.
pub(in crate::brokers::sim::server) fn shared_controls() -> Router<Shared> {
    Router::new()
        .route("/_sim/quote", post(control::quote))
        .route("/_sim/advance", post(control::advance))
        .route("/_sim/halt", post(control::halt))
}
