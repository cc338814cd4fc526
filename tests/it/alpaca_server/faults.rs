//! The faults of the trading REST (protocol page §9).

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, limit};

async fn arm(desk: &Desk, fault: u32) {
    desk.sim("fault", json!({"fault": fault, "count": 1})).await;
}

async fn all_orders(desk: &Desk) -> Vec<Value> {
    desk.get("/v2/orders?status=all").await.as_array().unwrap().clone()
}

#[tokio::test]
async fn fault_1_takes_the_order_and_drops_the_connection() {
    let desk = Desk::open().await;
    arm(&desk, 1).await;
    let order = desk.request(Method::POST, "/v2/orders").json(&limit("buy", "1", "90"));
    assert!(order.send().await.is_err());
    assert_eq!(all_orders(&desk).await.len(), 1);
}

#[tokio::test]
async fn fault_2_takes_the_order_and_answers_504() {
    let desk = Desk::open().await;
    arm(&desk, 2).await;
    let order = limit("buy", "1", "90");
    assert_eq!(desk.post("/v2/orders", order).await.status, 504);
    assert_eq!(all_orders(&desk).await.len(), 1);
}

#[tokio::test]
async fn fault_3_refuses_with_or_without_headers() {
    let desk = Desk::open().await;
    for (variant, has_headers) in [("plain", true), ("no_headers", false)] {
        desk.sim("fault", json!({"fault": 3, "count": 1, "variant": variant})).await;
        let answer = desk.request(Method::GET, "/v2/account").send().await.unwrap();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers().contains_key("x-ratelimit-limit"), has_headers);
        assert_eq!(desk.request(Method::GET, "/v2/account").send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn fault_4_fills_after_the_cancel() {
    let desk = Desk::open().await;
    let order = desk.order(limit("buy", "5", "90")).await;
    arm(&desk, 4).await;
    let path = format!("/v2/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(desk.call(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(desk.until(&order, "filled").await["filled_qty"], "5");
}

#[tokio::test]
async fn fault_5_answers_200_and_keeps_the_old_order() {
    let desk = Desk::open().await;
    let order = desk.order(limit("buy", "5", "90")).await;
    arm(&desk, 5).await;
    let path = format!("/v2/orders/{}", order["id"].as_str().unwrap());
    let said = desk.call(Method::PATCH, &path, Some(json!({"qty": "6"}))).await;
    assert_eq!((said.status, &said.body["status"]), (200, &json!("pending_new")));
    assert_eq!(desk.look(&said.body).await["status"], "rejected");
    assert_eq!(desk.look(&order).await["status"], "new");
}

#[tokio::test]
async fn fault_11_leaves_the_cancel_pending_for_as_long_as_told() {
    let desk = Desk::open().await;
    let order = desk.order(limit("buy", "5", "90")).await;
    desk.sim("fault", json!({"fault": 11, "count": 1, "seconds": 600})).await;
    let path = format!("/v2/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(desk.call(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(desk.look(&order).await["status"], "pending_cancel");
    assert_eq!(desk.call(Method::DELETE, &path, None).await.status, 422);
    desk.sim("advance", json!({"seconds": 601})).await;
    desk.until(&order, "canceled").await;
}

#[tokio::test]
async fn fault_12_fills_both_exits_and_leaves_a_short_position() {
    let desk = Desk::open().await;
    desk.order(json!({"symbol":"AAPL","qty":"10","side":"buy","type":"market",
        "time_in_force":"gtc","order_class":"bracket","take_profit":{"limit_price":"110"},
        "stop_loss":{"stop_price":"90"}}))
        .await;
    arm(&desk, 12).await;
    desk.pin("AAPL", "110", "110.02", "110").await;
    assert_eq!(desk.get("/v2/positions/AAPL").await["qty"], "-10");
}

#[tokio::test]
async fn fault_14_hides_optional_fields_and_15_answers_a_page() {
    let desk = Desk::open().await;
    let order = desk.order(limit("buy", "5", "90")).await;
    arm(&desk, 14).await;
    let strange = desk.look(&order).await;
    assert!(strange.get("position_intent").is_none());
    assert_eq!(strange["status"], "pending_astrology");
    arm(&desk, 15).await;
    let answer = desk.request(Method::GET, "/v2/account").send().await.unwrap();
    assert_eq!(answer.status(), 502);
    assert!(answer.text().await.unwrap().starts_with("<html>"));
}

#[tokio::test]
async fn fault_18_tells_a_holiday_or_an_early_close() {
    let desk = Desk::open().await;
    arm(&desk, 18).await;
    let holiday = desk.get("/v2/clock").await;
    assert_eq!(
        (&holiday["is_open"], &holiday["next_open"]),
        (&json!(false), &json!("2026-10-06T09:30:00-04:00"))
    );
    desk.sim("fault", json!({"fault": 18, "count": 1, "variant": "early_close"})).await;
    assert_eq!(desk.get("/v2/clock").await["next_close"], "2026-10-05T13:00:00-04:00");
    assert_eq!(desk.get("/v2/clock").await["next_close"], "2026-10-05T16:00:00-04:00");
}

#[tokio::test]
async fn faults_19_and_20_end_an_order_after_its_answer() {
    let desk = Desk::open().await;
    arm(&desk, 19).await;
    let order = desk.buy(10).await;
    let rejected = desk.until(&order, "rejected").await;
    assert!(rejected["failed_at"].is_string());
    arm(&desk, 20).await;
    let order = desk.buy(10).await;
    let cancelled = desk.until(&order, "canceled").await;
    assert_eq!(cancelled["filled_qty"], "5");
}

#[tokio::test]
async fn a_refused_order_does_not_use_a_fault_up() {
    let desk = Desk::open().await;
    arm(&desk, 2).await;
    assert_eq!(desk.post("/v2/orders", limit("buy", "9999999", "90")).await.status, 403);
    assert_eq!(desk.post("/v2/orders", limit("buy", "1", "90")).await.status, 504);
}
