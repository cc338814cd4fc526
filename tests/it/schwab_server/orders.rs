//! Orders over the socket: shapes, trees, replacements, cancels, refusals.

use flightdeck::brokers::sim::server::schwab::SchwabConfig;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, exits, limit, market, oco, order};

/// The names of an object's fields.
fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_market_order_fills_and_is_written_as_the_page_says() {
    let desk = Desk::open().await;
    let said = desk.place(&market("BUY", 5)).await;
    let path = format!("https://api.schwabapi.com/trader/v1/accounts/{}/orders/", desk.hash);
    assert!(said.location.starts_with(&path), "{}", said.location);
    let id = said.id();
    assert_eq!(id.to_string().len(), 13);
    let text = desk.request(Method::GET, &format!("{}/{id}", desk.orders_path()), None);
    let text = text.send().await.unwrap().text().await.unwrap();
    for part in [
        r#""quantity":5.0,"filledQuantity":5.0,"remainingQuantity":0.0"#,
        r#""enteredTime":"2026-10-05T14:00:00+0000""#,
        r#""accountNumber":73190042"#,
        r#""price":100.01"#,
        r#""positionEffect":"OPENING""#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let found = desk.look(id).await;
    assert_eq!(found["status"], "FILLED");
    let activity = &found["orderActivityCollection"][0];
    assert_eq!(
        (&activity["activityType"], &activity["executionType"]),
        (&json!("EXECUTION"), &json!("FILL"))
    );
    assert_eq!(activity["executionLegs"][0]["quantity"], 5.0);
    let account = desk.get(&format!("/trader/v1/accounts/{}?fields=positions", desk.hash)).await;
    let account = &account["securitiesAccount"];
    assert_eq!(account["accountNumber"], "73190042");
    assert_eq!(account["positions"][0]["longQuantity"], 5.0);
    assert_eq!(account["currentBalances"]["cashBalance"], 99_499.95);
}

#[tokio::test]
async fn a_cancelled_order_has_nothing_remaining_and_a_cancelled_execution() {
    let desk = Desk::open().await;
    let id = desk.place(&limit("BUY", 5, "90.00")).await.id();
    let found = desk.look(id).await;
    assert_eq!((&found["status"], &found["remainingQuantity"]), (&json!("WORKING"), &json!(5.0)));
    assert!(!names(&found).contains(&"orderActivityCollection"));
    let said = desk.cancel(id).await;
    assert_eq!((said.status, &said.body), (200, &json!("")));
    let found = desk.look(id).await;
    assert_eq!((&found["status"], &found["remainingQuantity"]), (&json!("CANCELED"), &json!(0.0)));
    assert_eq!(found["filledQuantity"], 0.0);
    let activity = &found["orderActivityCollection"][0];
    assert_eq!(
        (&activity["executionType"], &activity["quantity"]),
        (&json!("CANCELED"), &json!(5.0))
    );
    let again = desk.cancel(id).await;
    assert!(again.status == 400 && again.body["message"].is_string());
    assert_eq!(desk.cancel(1).await.status, 404);
}

#[tokio::test]
async fn a_replacement_is_a_new_order_without_a_link() {
    let desk = Desk::open().await;
    let old = desk.place(&limit("BUY", 5, "90.00")).await.id();
    let path = format!("{}/{old}", desk.orders_path());
    let bad = desk.call(Method::PUT, &path, Some(&limit("BUY", 5, "90.001"))).await;
    assert_eq!((bad.status, &desk.look(old).await["status"]), (400, &json!("WORKING")));
    let new = desk.call(Method::PUT, &path, Some(&limit("BUY", 7, "91.00"))).await.id();
    assert_eq!(desk.look(old).await["status"], "REPLACED");
    let found = desk.look(new).await;
    assert_eq!((&found["status"], &found["quantity"]), (&json!("WORKING"), &json!(7.0)));
    assert!(!found.to_string().contains(&old.to_string()), "no link to the old one");
    assert_eq!(desk.call(Method::PUT, &path, Some(&limit("BUY", 1, "91.00"))).await.status, 400);
}

#[tokio::test]
async fn a_bracket_has_four_numbers_and_its_children_wait() {
    let desk = Desk::open().await;
    let mut bracket = limit("BUY", 10, "95.00");
    bracket["orderStrategyType"] = "TRIGGER".into();
    bracket["childOrderStrategies"] = json!([exits(10)]);
    let id = desk.place(&bracket).await.id();
    let tree = desk.look(id).await;
    let group = &tree["childOrderStrategies"][0];
    let leg = |at: usize| &group["childOrderStrategies"][at];
    assert_eq!((&group["orderId"], &tree["editable"]), (&json!(id + 1), &json!(false)));
    assert_eq!([&leg(0)["orderId"], &leg(1)["orderId"]], [&json!(id + 2), &json!(id + 3)]);
    assert!(!names(group).contains(&"orderLegCollection") && !names(group).contains(&"price"));
    for leg in [leg(0), leg(1)] {
        assert_eq!(leg["status"], "AWAITING_PARENT_ORDER");
    }
    assert_eq!(desk.cancel(id + 2).await.status, 200);
    let tree = desk.look(id).await;
    let group = &tree["childOrderStrategies"][0];
    let statuses = [0, 1].map(|at: usize| group["childOrderStrategies"][at]["status"].clone());
    assert_eq!(statuses, [json!("CANCELED"), json!("CANCELED")]);
    assert_eq!(tree["status"], "WORKING", "a child takes its siblings along, not its parent");
}

#[tokio::test]
async fn exits_that_last_outlive_the_day_of_their_entry() {
    let desk = Desk::with(SchwabConfig { expires_in: 7 * 86_400, ..SchwabConfig::default() }).await;
    let mut bracket = limit("BUY", 10, "100.01");
    bracket["orderStrategyType"] = "TRIGGER".into();
    bracket["childOrderStrategies"] = json!([exits(10)]);
    let id = desk.place(&bracket).await.id();
    let status = async |id: u64| desk.look(id).await["status"].as_str().unwrap().to_owned();
    assert_eq!(status(id).await, "FILLED");
    assert_eq!(status(id + 2).await, "WORKING");
    assert_eq!(status(id + 3).await, "AWAITING_STOP_CONDITION");
    desk.sim("advance", json!({ "to": "close" })).await;
    desk.sim("advance", json!({ "to": "open" })).await;
    desk.advance(60).await;
    assert_eq!(status(id + 3).await, "AWAITING_STOP_CONDITION");
}

#[tokio::test]
async fn one_exit_fills_and_cancels_the_other() {
    let desk = Desk::open().await;
    desk.place(&market("BUY", 10)).await.id();
    let id = desk.place(&exits(10)).await.id();
    desk.pin("120.50", "120.60", "120.55").await;
    assert_eq!(desk.look(id + 1).await["status"], "FILLED");
    assert_eq!(desk.look(id + 2).await["status"], "CANCELED");
    assert_eq!(desk.look(id).await["status"], "FILLED");
}

#[tokio::test]
async fn what_the_account_cannot_do_is_created_and_rejected_a_second_later() {
    let desk = Desk::open().await;
    for (body, reason) in [
        (limit("BUY", 100_000, "99.00"), "buying power"),
        (market("SELL", 5), "oversold"),
        (order("MARKET", "BUY_TO_COVER", 5, &json!({})), "short position"),
    ] {
        let id = desk.place(&body).await.id();
        // A second of the wall is enough as well, on a machine that is busy.
        let early = desk.look(id).await["status"].as_str().unwrap().to_owned();
        assert!(["PENDING_ACKNOWLEDGEMENT", "REJECTED"].contains(&early.as_str()), "{early}");
        desk.advance(1).await;
        let found = desk.until(id, "REJECTED").await;
        assert!(found["statusDescription"].as_str().unwrap().contains(reason), "{found}");
    }
}

#[tokio::test]
async fn what_is_wrong_in_form_is_refused_with_a_text() {
    let desk = Desk::open().await;
    let with = |name: &str, value: Value| {
        let mut order = limit("BUY", 5, "90.00");
        order[name] = value;
        order
    };
    for (body, status) in [
        (with("price", json!("90.001")), 400),
        (with("price", Value::Null), 400),
        (with("orderType", json!("MARKET")), 400),
        (with("requestedDestination", json!("AUTO")), 400),
        (with("orderStrategyType", json!("FLATTEN")), 400),
        (with("session", json!("NIGHT")), 400),
        (order("MARKET", "BUY", 0, &json!({})), 400),
        (order("MARKET", "BUY", 5, &json!({ "session": "PM" })), 400),
        (order("STOP", "SELL", 5, &json!({ "stopPrice": 150 })), 400),
        (oco(&limit("SELL", 5, "120"), &limit("SELL", 5, "130")), 400),
    ] {
        let said = desk.place(&body).await;
        assert_eq!(said.status, status, "{body}");
        assert!(said.body["message"].is_string() && said.body["errors"].is_array());
    }
    let text = limit("BUY", 5, "90.00").to_string();
    let text = text.replace(r#""assetType""#, r#""assetType":"EQUITY","assetType""#);
    let request = desk.request(Method::POST, &desk.orders_path(), None).body(text);
    assert_eq!(Desk::said(request).await.status, 500, "a key that is there twice");
    assert!(desk.list().await.is_empty());
}

#[tokio::test]
async fn a_preview_is_200_and_says_what_would_be_rejected() {
    let desk = Desk::open().await;
    let path = format!("/trader/v1/accounts/{}/previewOrder", desk.hash);
    for (body, status) in [
        (limit("BUY", 5, "90.00"), "ACCEPTED"),
        (limit("BUY", 100_000, "90.00"), "REJECTED"),
        (limit("BUY", 5, "90.001"), "REJECTED"),
    ] {
        let said = desk.call(Method::POST, &path, Some(&body)).await;
        let rejects = said.body["orderValidationResult"]["rejects"].as_array().unwrap().len();
        assert_eq!((said.status, &said.body["orderStrategy"]["status"]), (200, &json!(status)));
        assert_eq!(
            (rejects, &said.body["orderId"]),
            (usize::from(status == "REJECTED"), &json!(0))
        );
    }
    assert!(desk.list().await.is_empty());
}

#[tokio::test]
async fn lists_need_both_dates_and_show_the_newest_first() {
    let desk = Desk::open().await;
    let first = desk.place(&market("BUY", 1)).await.id();
    let second = desk.place(&limit("BUY", 1, "90.00")).await.id();
    let ids =
        |list: &[Value]| -> Vec<Value> { list.iter().map(|it| it["orderId"].clone()).collect() };
    assert_eq!(ids(&desk.list().await), [json!(second), json!(first)]);
    let said = desk.call(Method::GET, &desk.orders_path(), None).await;
    assert_eq!(said.status, 400);
    let span = "fromEnteredTime=2026-10-05T00:00:00.000Z&toEnteredTime=2026-10-06T00:00:00.000Z";
    let filled = desk.get(&format!("/trader/v1/orders?{span}&status=FILLED")).await;
    assert_eq!(ids(filled.as_array().unwrap()), [json!(first)]);
    let hidden = desk.call(Method::GET, "/trader/v1/accounts/0000/orders", None).await;
    assert_eq!(hidden.status, 404, "another account");
    let dates = "startDate=2026-10-05T00:00:00.000Z&endDate=2026-10-06T00:00:00.000Z";
    let path = format!("/trader/v1/accounts/{}/transactions?{dates}&types=TRADE", desk.hash);
    let rows = desk.get(&path).await;
    assert_eq!((&rows[0]["orderId"], &rows[0]["netAmount"]), (&json!(first), &json!(-100.01)));
    assert!(rows[1].is_null());
}

#[tokio::test]
async fn both_faces_show_one_account() {
    let desk = Desk::open().await;
    let body = json!({
        "symbol": "AAPL", "qty": "3", "side": "buy", "type": "market", "time_in_force": "day",
    });
    let request = desk.client.post(format!("{}/v2/orders", desk.alpaca)).json(&body);
    let request = request.header("APCA-API-KEY-ID", "k").header("APCA-API-SECRET-KEY", "s");
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    let list = desk.list().await;
    assert_eq!((list.len(), &list[0]["status"]), (1, &json!("FILLED")));
    assert!(!names(&list[0]).contains(&"tag"), "not an order of our app");
    let ledger = desk.get("/_sim/ledger").await;
    assert_eq!(ledger["schwab"]["orders"][0]["orderId"], list[0]["orderId"]);
    assert_eq!(ledger["schwab"]["orders"][0]["id"], ledger["orders"][0]["id"]);
}
