//! `/_sim/fault` and `/_sim/ledger` of the simulated Schwab; the other controls are the
//! same as at the simulated Alpaca. No token, no throttle, JSON; off with `--no-control`.
//!
//! `POST /_sim/fault` takes an object of any of these:
//!
//! | field | what it does |
//! |---|---|
//! | `"expire_access_now":true` | every access token is over |
//! | `"expire_refresh_now":true` | every refresh token is over, as after its week |
//! | `"revoke_by_new_login":true` | every refresh token is superseded by a login elsewhere |
//! | a fault's name, such as `"drop_after_accept":1` | arms it for so many times; `true` is 1, `false` and 0 disarm, an object may have `count`, `status`, `ms`, `only` (`orders`, `trader`, `marketdata`) |
//! | a knob's name, such as `"rotate_refresh":"always"` | turns it for good |
//! | `"fault":n,"count":m` | the numbers of the simulated Alpaca, where they mean something here |

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::brokers::sim::server::alpaca;

use super::answers::{e1, json_answer, ok};
use super::faults::{Armed, Fault};
use super::state::SchwabShared;

fn bad(text: &str) -> Response {
    json_answer(StatusCode::BAD_REQUEST, &e1(text))
}

pub(super) async fn fault(State(state): State<SchwabShared>, body: Bytes) -> Response {
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(&body) else {
        return bad("the body is not a JSON object");
    };
    if fields.contains_key("fault") {
        return numbered(&state, &fields, &body);
    }
    let all = fields.clone();
    let mut armed = Vec::new();
    let mut deeds = Vec::new();
    for (name, value) in all {
        if let Some(deed) = deed(&name) {
            fields.remove(&name);
            if value == true {
                deeds.push(deed);
            }
        } else if let Some(fault) = Fault::named(&name) {
            fields.remove(&name);
            let Some(how) = Armed::of(&value) else {
                return bad(&format!("{name} cannot be armed so"));
            };
            armed.push((fault, how));
        }
    }
    // What is left are knobs. Nothing is done before all of it is understood.
    if let Err(error) = state.set(fields) {
        return bad(&error.to_string());
    }
    for deed in deeds {
        state.with_auth(deed);
    }
    for (fault, how) in armed {
        state.faults.arm(fault, how);
    }
    ok(&json!({ "ok": true }))
}

type DeedOfTokens = fn(&mut super::auth::Auth);

fn deed(name: &str) -> Option<DeedOfTokens> {
    Some(match name {
        "expire_access_now" => |auth| auth.expire_access(),
        "expire_refresh_now" => |auth| auth.expire_refresh(),
        "revoke_by_new_login" => |auth| auth.supersede(None),
        _ => return None,
    })
}

fn numbered(state: &SchwabShared, fields: &Map<String, Value>, body: &[u8]) -> Response {
    let fault = match &fields["fault"] {
        Value::Number(number) => number.as_u64().and_then(Fault::numbered),
        Value::String(name) => Fault::named(name),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let Some(fault) = fault else {
        // Faults of the world, such as a halt, are the same for every face.
        return match alpaca::arm(&state.world, body) {
            Ok(answer) => answer,
            Err(refusal) => refusal.into_response(),
        };
    };
    let count = fields.get("count").and_then(Value::as_u64).unwrap_or(1);
    let mut armed = Armed::times(u32::try_from(count).unwrap_or(u32::MAX));
    armed.ms = fields.get("seconds").and_then(Value::as_u64).map(|seconds| seconds * 1_000);
    if fields["fault"] == 2 {
        armed.status = Some(504);
    }
    state.faults.arm(fault, armed);
    ok(&json!({ "fault": fields["fault"], "count": count }))
}

/// The exchange's books as at the simulated Alpaca, with what Schwab calls its orders
/// under `schwab`.
pub(super) async fn ledger(State(state): State<SchwabShared>) -> Response {
    let books = alpaca::ledger_text(&state.world);
    let orders: Vec<Value> = state.with_book(|world, book| {
        book.learn(world.exchange());
        let roots: Vec<u64> = book.roots().map(|node| node.id).collect();
        let nodes = roots.iter().rev().flat_map(|id| book.subtree(*id));
        nodes
            .filter_map(|id| book.node(id))
            .map(|node| {
                json!({
                    "orderId": node.id,
                    "id": node.order.as_ref().map(ToString::to_string),
                    "parent": node.parent,
                    "replaces": node.replaces,
                    "status": book.status(node, world.exchange()).name(),
                })
            })
            .collect()
    });
    let [order_requests, requests] = state.tallies();
    let tally = |(most, served, refused): (usize, u64, u64)| json!({ "max_per_minute": most, "served": served, "refused": refused });
    let own = json!({
        "account": state.account_hash(),
        "orders": orders,
        "requests": { "orders": tally(order_requests), "other": tally(requests) },
    });
    let books = books.strip_suffix('}').unwrap_or(&books);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, format!("{books},\"schwab\":{own}}}")).into_response()
}
