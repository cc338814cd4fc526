//! `/_sim/requests`: every request that has come in, oldest first, as `GET /path 200`.
//!
//! The account's hash is written `{hash}`, and queries are left out. The controls
//! themselves are not among them. Knows no route.

use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::state::SchwabShared;

/// Requests that are kept; later ones are not.
const KEPT_MAX: usize = 100_000;

/// What came in.
#[derive(Debug, Default)]
pub(super) struct RequestLog(Mutex<Vec<String>>);

impl RequestLog {
    fn note(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < KEPT_MAX {
            lines.push(line);
        }
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Notes a request with what it was answered.
pub(super) async fn noted(
    State(state): State<SchwabShared>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().replace(state.account_hash(), "{hash}");
    let answer = next.run(request).await;
    if !path.starts_with("/_sim") {
        state.log.note(format!("{method} {path} {}", answer.status().as_u16()));
    }
    answer
}

/// Lists them.
pub(super) async fn listed(State(state): State<SchwabShared>) -> Json<Vec<String>> {
    Json(state.log.lines())
}
