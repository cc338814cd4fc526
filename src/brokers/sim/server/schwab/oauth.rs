//! `/v1/oauth/authorize` and `/v1/oauth/token` (Schwab, protocol page §1.1 to §1.4 of
//! October 2026). The person at the login page is simulated and agrees at once, unless
//! the address says `deny` or a knob does.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;
use url::form_urlencoded;

use crate::brokers::sim::server::base64;

use super::answers::{empty, html, ok};
use super::auth::{Refusal, Tokens};
use super::faults::Fault;
use super::oauth_errors::refused;
use super::state::SchwabShared;

/// Where the real endpoint is; pages of the edge name it.
const TOKEN_URL: &str = "https://api.schwabapi.com/v1/oauth/token";
/// How long a hanging endpoint takes unless told.
const HANG: Duration = Duration::from_mins(1);

type Pairs = Vec<(String, String)>;

fn pairs(text: &[u8]) -> Pairs {
    form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn get<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

pub(super) async fn authorize(
    State(state): State<SchwabShared>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = pairs(query.unwrap_or_default().as_bytes());
    if let Some(armed) = state.faults.take(Fault::AuthorizeUnavailable) {
        return empty(status(armed.status, StatusCode::INTERNAL_SERVER_ERROR));
    }
    let config = state.config();
    let client = get(&query, "client_id").unwrap_or_default();
    let callback = get(&query, "redirect_uri").unwrap_or_default();
    let is_known = !client.is_empty() && state.world.accepts_keys(client, "secret");
    if !is_known || !config.callbacks.iter().any(|known| known == callback) {
        // A wrong callback or an app still pending gives a page, no redirect (§1.1).
        return html(StatusCode::BAD_REQUEST, "https://api.schwabapi.com/v1/oauth/authorize");
    }
    let is_denied = config.deny
        || get(&query, "deny").is_some_and(|value| value != "false")
        || state.faults.take(Fault::DenyLogin).is_some();
    let mut answer = form_urlencoded::Serializer::new(String::new());
    if is_denied {
        answer.append_pair("error", "access_denied");
    } else {
        let now = state.now();
        let code = state.with_auth(|auth| auth.log_in(client, callback, &config, now));
        answer.append_pair("code", &code).append_pair("session", &state.new_uuid());
    }
    if let Some(own) = get(&query, "state") {
        answer.append_pair("state", own);
    }
    let has_path = callback.splitn(4, '/').nth(3).is_some();
    let slash = if has_path { "" } else { "/" };
    let target = format!("{callback}{slash}?{}", answer.finish());
    let mut response = empty(StatusCode::FOUND);
    if let Ok(target) = HeaderValue::from_str(&target) {
        response.headers_mut().insert(header::LOCATION, target);
    }
    response
}

pub(super) async fn token(
    State(state): State<SchwabShared>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(response) = struck(&state).await {
        return response;
    }
    let (config, now) = (state.config(), state.now());
    let granted = grant(&state, &headers, &pairs(&body));
    match granted {
        Ok(_) if state.faults.take(Fault::TokenJunk).is_some() => {
            ok(&json!({ "token_type": "Bearer", "access_token": "", "expires_in": "soon" }))
        }
        Ok(tokens) => ok(&written(&tokens)),
        Err(refusal) => refused(refusal, config.dead_refresh, now),
    }
}

async fn struck(state: &SchwabShared) -> Option<Response> {
    if let Some(armed) = state.faults.take(Fault::TokenHang) {
        tokio::time::sleep(armed.ms.map_or(HANG, Duration::from_millis)).await;
    }
    if let Some(armed) = state.faults.take(Fault::TokenUnavailable) {
        return Some(empty(status(armed.status, StatusCode::SERVICE_UNAVAILABLE)));
    }
    let armed = state.faults.take(Fault::TokenHtml)?;
    Some(html(status(armed.status, StatusCode::FORBIDDEN), TOKEN_URL))
}

fn status(wanted: Option<u16>, default: StatusCode) -> StatusCode {
    wanted.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(default)
}

fn grant(state: &SchwabShared, headers: &HeaderMap, form: &Pairs) -> Result<Tokens, Refusal> {
    let client = client(state, headers).ok_or(Refusal::InvalidClient)?;
    let (config, now) = (state.config(), state.now());
    match get(form, "grant_type") {
        Some("authorization_code") => {
            if state.faults.take(Fault::CodeExpired).is_some() {
                return Err(Refusal::CodeExpired { expiration: now });
            }
            if state.faults.take(Fault::CodeMalformed).is_some() {
                return Err(Refusal::CodeMalformed);
            }
            let code = get(form, "code").unwrap_or_default();
            let callback = get(form, "redirect_uri").unwrap_or_default();
            state.with_auth(|auth| auth.exchange(&client, (code, callback), &config, now))
        }
        Some("refresh_token") => {
            let text = get(form, "refresh_token").unwrap_or_default();
            state.with_auth(|auth| auth.refresh(&client, text, &config, now))
        }
        Some(_) | None => Err(Refusal::UnknownGrant),
    }
}

/// The app's key, when key and secret are good: neither empty nor with blanks around.
fn client(state: &SchwabShared, headers: &HeaderMap) -> Option<String> {
    if state.faults.take(Fault::InvalidClient).is_some() {
        return None;
    }
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let pair = base64::decode(text.strip_prefix("Basic ")?.trim())?;
    let pair = String::from_utf8(pair).ok()?;
    let (key, secret) = pair.split_once(':')?;
    let is_bare = key.trim() == key && secret.trim() == secret;
    (is_bare && state.world.accepts_keys(key, secret)).then(|| key.to_owned())
}

fn written(tokens: &Tokens) -> serde_json::Value {
    let mut body = json!({
        "expires_in": tokens.expires_in,
        "token_type": "Bearer",
        "scope": "api",
        "access_token": tokens.access,
        "id_token": tokens.id,
    });
    if let Some(refresh) = &tokens.refresh {
        body["refresh_token"] = refresh.as_str().into();
    }
    body
}
