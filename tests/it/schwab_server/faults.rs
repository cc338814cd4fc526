//! What goes wrong on purpose: every shape of error, throttles, and orders that are
//! accepted although the answer does not say so.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, limit, market};

const NUMBERS: &str = "/trader/v1/accounts/accountNumbers";

#[tokio::test]
async fn every_shape_of_error_can_be_made() {
    let desk = Desk::open().await;
    for (fault, status, place) in [
        (json!({ "e1": 1 }), 500, "/message"),
        (json!({ "e1": { "status": 503 } }), 503, "/errors/0"),
        (json!({ "e2": 1 }), 400, "/errors/0/detail"),
        (json!({ "e3": 1 }), 400, "/fault/detail/errorcode"),
        (json!({ "e4": 1 }), 400, "/error_description"),
        (json!({ "html_page": 1 }), 502, ""),
        (json!({ "missing_route": 1 }), 404, ""),
        (json!({ "empty_error": 1 }), 503, ""),
    ] {
        desk.fault(fault.clone()).await;
        let said = desk.call(Method::GET, NUMBERS, None).await;
        let has_place = said.body.pointer(place).is_some_and(Value::is_string);
        assert_eq!((said.status, has_place), (status, true), "{fault}: {}", said.body);
        assert_eq!(desk.call(Method::GET, NUMBERS, None).await.status, 200, "once: {fault}");
    }
    let said = desk.call(Method::GET, "/trader/v1/tea", None).await;
    let text = "404 Not Found: Requested route (/trader/v1/tea) does not exist.";
    assert_eq!((said.status, said.body), (404, json!(text)));
}

#[tokio::test]
async fn an_order_may_be_accepted_whatever_becomes_of_the_answer() {
    let desk = Desk::open().await;
    let body = limit("BUY", 1, "90.00");
    desk.fault(json!({ "drop_after_accept": 1 })).await;
    let request = desk.request(Method::POST, &desk.orders_path(), Some(&body));
    assert!(request.send().await.is_err(), "the connection is cut");
    assert_eq!(desk.list().await.len(), 1);
    desk.fault(json!({ "error_after_accept": { "status": 502 } })).await;
    assert_eq!(desk.place(&body).await.status, 502);
    desk.fault(json!({ "no_location": 1 })).await;
    let said = desk.place(&body).await;
    assert_eq!((said.status, said.location.as_str()), (201, ""));
    desk.fault(json!({ "hang_after_accept": { "ms": 1 } })).await;
    desk.place(&body).await.id();
    assert_eq!(desk.list().await.len(), 4);
    desk.fault(json!({ "duplicate_order": 1 })).await;
    desk.place(&body).await.id();
    assert_eq!(desk.list().await.len(), 6);
    desk.fault(json!({ "drop_before": { "count": 1, "only": "orders" } })).await;
    let request = desk.request(Method::POST, &desk.orders_path(), Some(&body));
    assert!(request.send().await.is_err());
    assert_eq!(desk.list().await.len(), 6, "cut before it was carried out");
}

#[tokio::test]
async fn orders_are_late_in_lists_rejected_later_or_filled_during_a_cancel() {
    let desk = Desk::open().await;
    desk.fault(json!({ "visible_after_ms": 2_000 })).await;
    let id = desk.place(&limit("BUY", 1, "90.00")).await.id();
    assert!(desk.list().await.is_empty());
    desk.advance(3).await;
    assert_eq!(desk.list().await.len(), 1);
    desk.fault(json!({ "fill_during_cancel": 1 })).await;
    assert_eq!(desk.cancel(id).await.status, 200);
    desk.until(id, "FILLED").await;
    desk.fault(json!({ "reject_later": 1 })).await;
    let id = desk.place(&market("BUY", 1)).await.id();
    desk.advance(1).await;
    desk.until(id, "REJECTED").await;
    desk.fault(json!({ "fault": 11 })).await;
    let id = desk.place(&limit("BUY", 1, "90.00")).await.id();
    assert_eq!(desk.cancel(id).await.status, 200);
    assert_eq!(desk.look(id).await["status"], "PENDING_CANCEL");
}

#[tokio::test]
async fn throttles_count_orders_and_everything_else_apart() {
    let desk = Desk::open().await;
    desk.fault(json!({ "orders_per_minute": 2, "requests_per_minute": 3, "retry_after": 7 })).await;
    let body = limit("BUY", 1, "90.00");
    let statuses = [
        desk.place(&body).await.status,
        desk.place(&body).await.status,
        desk.place(&body).await.status,
    ];
    assert_eq!(statuses, [201, 201, 429]);
    for expected in [200, 200, 200, 429] {
        let answer = desk.request(Method::GET, NUMBERS, None).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected);
        let retry = answer.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(retry, (expected == 429).then_some("7"));
    }
    desk.fault(json!({ "throttle_body": "errors", "orders_per_minute": 0 })).await;
    let said = desk.place(&body).await;
    assert_eq!((said.status, &said.body["errors"][0]["status"]), (429, &json!(429)));
    desk.advance(60).await;
    assert_eq!(desk.call(Method::GET, NUMBERS, None).await.status, 200);
}

#[tokio::test]
async fn answers_are_compressed_and_carry_the_correlation_of_the_request() {
    let desk = Desk::open().await;
    desk.fault(json!({ "gzip": true })).await;
    let request = desk.request(Method::GET, NUMBERS, None);
    let answer = request.header("Schwab-Client-CorrelId", "mine").send().await.unwrap();
    assert_eq!(answer.headers()["schwab-client-correlid"], "mine");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body[0]["hashValue"], desk.hash);
    desk.fault(json!({ "location_host": desk.base })).await;
    let said = desk.place(&limit("BUY", 1, "90.00")).await;
    assert!(said.location.starts_with(&desk.base), "{}", said.location);
}

#[tokio::test]
async fn an_unknown_fault_or_knob_changes_nothing() {
    let desk = Desk::open().await;
    for body in [
        json!({ "tea": 1 }),
        json!({ "expire_access_now": true, "tea": 1 }),
        json!({ "e1": "often" }),
        json!([]),
    ] {
        let said = desk.call(Method::POST, "/_sim/fault", Some(&body)).await;
        assert_eq!(said.status, 400, "{body}");
    }
    assert_eq!(desk.call(Method::GET, NUMBERS, None).await.status, 200);
}
