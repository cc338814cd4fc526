//! Refusals of the token endpoint as Schwab writes them (protocol page §1.4 of October
//! 2026): the real error is a JSON text within `error_description`, its quotes escaped
//! only once, under a misleading outer code.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::domain::time::Timestamp;

use super::answers::json_answer;
use super::auth::{Death, Refusal};
use super::config::DeadRefresh;

const OUTER: &str = "unsupported_token_type";

/// Writes a refusal.
pub(super) fn refused(refusal: Refusal, dead: DeadRefresh, now: Timestamp) -> Response {
    let bad = StatusCode::BAD_REQUEST;
    match refusal {
        Refusal::InvalidClient => {
            answer(StatusCode::UNAUTHORIZED, "invalid_client", "Unauthorized")
        }
        Refusal::CodeExpired { expiration } => {
            let millis = |at: Timestamp| at.as_nanos().div_euclid(1_000_000);
            let text = format!(
                "Bad authorization code: AuthorizationCode has expired,expiration={},now={}",
                millis(expiration),
                millis(now)
            );
            nested("invalid_request", &text)
        }
        Refusal::CodeMalformed => nested(
            "invalid_request",
            "Bad authorization code: Invalid authorization code header, unable to decode",
        ),
        // The texts of the next two are ours.
        Refusal::CodeUsed => {
            nested("invalid_request", "Bad authorization code: AuthorizationCode was used before")
        }
        Refusal::OtherCallback => {
            nested("invalid_request", "Bad authorization code: redirect_uri does not match")
        }
        Refusal::RefreshDead(death) => dead_refresh(death, dead),
        Refusal::UnknownGrant => {
            answer(bad, "unsupported_grant_type", "grant_type is missing or unknown")
        }
    }
}

fn dead_refresh(death: Death, dead: DeadRefresh) -> Response {
    let spelling = match (dead, death) {
        (DeadRefresh::ByCause, Death::Expired) => DeadRefresh::InvalidGrant,
        (DeadRefresh::ByCause, Death::Superseded) => DeadRefresh::AuthenticationError,
        (
            DeadRefresh::InvalidGrant
            | DeadRefresh::AuthenticationError
            | DeadRefresh::InvalidClient,
            _,
        ) => dead,
    };
    match spelling {
        DeadRefresh::ByCause | DeadRefresh::InvalidGrant => {
            nested("invalid_grant", "Refresh token is invalid, expired or revoked")
        }
        DeadRefresh::AuthenticationError => nested(
            "refresh_token_authentication_error",
            "Exception while authenticating refresh token [tokenDigest=5f2a]",
        ),
        DeadRefresh::InvalidClient => {
            answer(StatusCode::BAD_REQUEST, "invalid_client", "refresh token invalid")
        }
    }
}

/// 400 with an error within the error.
fn nested(inner: &str, description: &str) -> Response {
    let text = format!(
        "400 Bad Request: \"{{\"error_description\":\"{description}\",\"error\":\"{inner}\"}}\""
    );
    answer(StatusCode::BAD_REQUEST, OUTER, &text)
}

fn answer(status: StatusCode, error: &str, description: &str) -> Response {
    json_answer(status, &json!({ "error": error, "error_description": description }))
}
