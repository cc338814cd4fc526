//! Orders from submission to their end, lists and pages (protocol page §3.4 to §3.7, §4).

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, limit};

fn statuses(orders: &Value) -> Vec<&str> {
    orders.as_array().unwrap().iter().map(|order| order["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_market_order_is_on_its_way_in_the_answer_and_filled_at_the_far_side() {
    let desk = Desk::open().await;
    let taken = desk.buy(10).await;
    assert_eq!((&taken["status"], &taken["filled_qty"]), (&json!("pending_new"), &json!("0")));
    let filled = desk.look(&taken).await;
    assert_eq!(
        [&filled["status"], &filled["filled_qty"], &filled["filled_avg_price"]],
        [&json!("filled"), &json!("10"), &json!("100.01")]
    );
    let by_name = format!(
        "/v2/orders:by_client_order_id?client_order_id={}",
        taken["client_order_id"].as_str().unwrap()
    );
    assert_eq!(desk.get(&by_name).await["id"], taken["id"]);
}

#[tokio::test]
async fn a_replacement_has_a_new_id_and_points_back() {
    let desk = Desk::open().await;
    let old = desk.order(limit("buy", "10", "90")).await;
    let path = format!("/v2/orders/{}", old["id"].as_str().unwrap());
    let change = json!({"qty": 8, "limit_price": 91.5, "client_order_id": "mine.r1"});
    let new = desk.call(Method::PATCH, &path, Some(change)).await.body;
    assert_eq!(
        [&new["replaces"], &new["qty"], &new["limit_price"], &new["client_order_id"]],
        [&old["id"], &json!("8"), &json!("91.5"), &json!("mine.r1")]
    );
    let old = desk.look(&old).await;
    assert_eq!((&old["status"], &old["replaced_by"]), (&json!("replaced"), &new["id"]));
    assert!(old["replaced_at"].is_string());
}

#[tokio::test]
async fn a_cancel_answers_204_and_frees_the_group() {
    let desk = Desk::open().await;
    desk.buy(10).await;
    let oco = desk
        .order(json!({"symbol":"AAPL","qty":"10","side":"sell","type":"limit",
            "time_in_force":"gtc","order_class":"oco","take_profit":{"limit_price":"165"},
            "stop_loss":{"stop_price":"90"}}))
        .await;
    assert_eq!((&oco["status"], &oco["legs"][0]["status"]), (&json!("new"), &json!("held")));
    assert_eq!(desk.get("/v2/positions/AAPL").await["qty_available"], "0");
    let path = format!("/v2/orders/{}", oco["id"].as_str().unwrap());
    let said = desk.call(Method::DELETE, &path, None).await;
    assert_eq!((said.status, said.body), (204, json!("")));
    assert_eq!(statuses(&desk.get("/v2/orders?status=all&limit=2").await), ["canceled"; 2]);
    assert_eq!(desk.get("/v2/positions/AAPL").await["qty_available"], "10");
}

#[tokio::test]
async fn lists_are_filtered_paged_and_nested() {
    let desk = Desk::open().await;
    let mut ids = Vec::new();
    for price in ["80", "81", "82", "83"] {
        ids.push(desk.order(limit("buy", "1", price)).await["id"].clone());
    }
    let all = |query: &str| {
        let path = format!("/v2/orders?{query}");
        let desk = &desk;
        async move {
            let list = desk.get(&path).await;
            list.as_array().unwrap().iter().map(|order| order["id"].clone()).collect::<Vec<_>>()
        }
    };
    let newest_first: Vec<Value> = ids.iter().rev().cloned().collect();
    assert_eq!(all("").await, newest_first);
    assert_eq!(all("direction=asc&limit=2").await, ids[..2]);
    let cursor = ids[1].as_str().unwrap();
    assert_eq!(all(&format!("direction=asc&after_order_id={cursor}")).await, ids[2..]);
    assert_eq!(all(&format!("before_order_id={cursor}")).await, ids[..1]);
    let third = desk.look(&json!({"id": ids[2]})).await;
    let after = third["submitted_at"].as_str().unwrap();
    assert_eq!(all(&format!("direction=asc&after={after}")).await, ids[3..]);
    assert_eq!(all("symbols=KO,BRK.B").await, Vec::<Value>::new());
    assert_eq!(all("status=closed").await, Vec::<Value>::new());
    let nested = desk
        .order(json!({"symbol":"KO","qty":1,"side":"buy","type":"limit","time_in_force":"day",
            "limit_price":20,"order_class":"bracket","take_profit":{"limit_price":30},
            "stop_loss":{"stop_price":15}}))
        .await;
    let flat = desk.get("/v2/orders?symbols=KO").await;
    assert_eq!(statuses(&flat), ["new"], "legs that wait are not listed as open");
    let nested_list = desk.get("/v2/orders?status=all&nested=True&symbols=KO").await;
    assert_eq!(nested_list[0]["id"], nested["id"]);
    assert_eq!(statuses(&nested_list[0]["legs"]), ["held", "held"]);
}

#[tokio::test]
async fn activities_are_paged_by_the_last_row_seen() {
    let desk = Desk::open().await;
    for _ in 0..3 {
        desk.buy(1).await;
    }
    let first = desk.get("/v2/account/activities?activity_types=FILL&page_size=2").await;
    let token = first[1]["id"].as_str().unwrap().replace(':', "%3A");
    let rest = desk.get(&format!("/v2/account/activities?page_size=2&page_token={token}")).await;
    let counts = [&first, &rest].map(|page| page.as_array().unwrap().len());
    assert_eq!(counts, [2, 1]);
    assert_eq!(desk.get("/v2/account/activities/DIV").await, json!([]));
}

#[tokio::test]
async fn positions_are_closed_in_part_in_whole_and_all_at_once() {
    let desk = Desk::open().await;
    desk.buy(10).await;
    let close = |query: &str| {
        let path = format!("/v2/positions/AAPL{query}");
        let desk = &desk;
        async move { desk.call(Method::DELETE, &path, None).await }
    };
    assert_eq!(close("?percentage=25").await.body["qty"], "2.5");
    assert_eq!(close("?qty=1.5").await.body["side"], "sell");
    assert_eq!(desk.get("/v2/positions/AAPL").await["qty"], "6");
    desk.order(json!({"symbol":"AAPL","qty":"6","side":"sell","type":"stop",
        "time_in_force":"gtc","stop_price":"90"}))
        .await;
    let held = close("").await;
    assert_eq!((held.status, &held.body["code"]), (403, &json!(40_310_000)));
    let all = desk.call(Method::DELETE, "/v2/positions?cancel_orders=True", None).await;
    assert_eq!((all.status, &all.body[0]["status"]), (207, &json!(200)));
    assert_eq!(all.body[0]["body"]["type"], "market");
    assert_eq!(desk.get("/v2/positions").await, json!([]));
    assert_eq!(close("").await.status, 404);
}

#[tokio::test]
async fn all_orders_are_cancelled_with_one_item_each() {
    let desk = Desk::open().await;
    let ids =
        [desk.order(limit("buy", "1", "80")).await, desk.order(limit("buy", "1", "81")).await];
    let said = desk.call(Method::DELETE, "/v2/orders", None).await;
    let expected: Vec<Value> =
        ids.iter().map(|order| json!({"id": order["id"], "status": 200})).collect();
    assert_eq!((said.status, said.body), (207, json!(expected)));
}

#[tokio::test]
async fn an_order_for_the_opening_waits_for_it_and_one_for_the_close_too() {
    let desk = Desk::open().await;
    let at_close = desk
        .order(
            json!({"symbol":"AAPL","qty":"2","side":"buy","type":"market","time_in_force":"cls"}),
        )
        .await;
    assert_eq!(at_close["status"], "accepted");
    desk.sim("advance", json!({"to": "close"})).await;
    assert_eq!(desk.look(&at_close).await["status"], "filled");
    // 19:30 in New York: three and a half hours after the close.
    desk.sim("advance", json!({"seconds": 12_600})).await;
    let at_open = desk
        .order(json!({"symbol":"AAPL","qty":"1","side":"sell","type":"limit",
            "time_in_force":"opg","limit_price":"500"}))
        .await;
    let plain = json!({"symbol":"KO","qty":"1","side":"buy","type":"market","time_in_force":"day"});
    let plain = desk.order(plain).await;
    assert_eq!((&at_open["status"], &plain["status"]), (&json!("accepted"), &json!("accepted")));
    desk.sim("advance", json!({"to": "open"})).await;
    assert_eq!(desk.look(&at_open).await["status"], "canceled");
    assert_eq!(desk.look(&plain).await["status"], "filled");
}

#[tokio::test]
async fn a_day_order_ends_with_its_session_and_a_trailing_stop_tells_its_mark() {
    let desk = Desk::open().await;
    desk.buy(5).await;
    let trail = desk
        .order(json!({"symbol":"AAPL","qty":"5","side":"sell","type":"trailing_stop",
            "time_in_force":"gtc","trail_percent":"1.5"}))
        .await;
    assert_eq!(
        [&trail["hwm"], &trail["stop_price"], &trail["trail_percent"]],
        [&json!("100"), &json!("98.5"), &json!("1.5")]
    );
    assert_eq!(trail["expires_at"], "2027-01-03T21:15:00Z");
    desk.pin("AAPL", "109.99", "110.01", "110").await;
    let moved = desk.look(&trail).await;
    assert_eq!((&moved["hwm"], &moved["stop_price"]), (&json!("110"), &json!("108.35")));
    let day = json!({"symbol":"KO","qty":"1","side":"buy","type":"limit","time_in_force":"day",
        "limit_price":"10"});
    let day = desk.order(day).await;
    assert_eq!(day["expires_at"], "2026-10-05T20:00:00Z");
    desk.sim("advance", json!({"to": "close"})).await;
    assert_eq!(desk.look(&day).await["status"], "expired");
}
