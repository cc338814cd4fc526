//! Refused calls: status, code and text of the protocol page (§2.4).

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, limit};

/// A good order with some fields changed; null takes one away.
fn but(changes: Value) -> Value {
    let mut order = limit("buy", "10", "90");
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

#[track_caller]
fn check(said: &super::Said, status: u16, code: u32, message: &str, order: &Value) {
    let told = (said.status, &said.body["code"], said.body["message"].as_str().unwrap_or(""));
    assert_eq!(told, (status, &json!(code), message), "{order}");
}

#[tokio::test]
async fn malformed_and_unacceptable_orders_are_refused_by_name() {
    let desk = Desk::open().await;
    let market = json!({"type": "market", "limit_price": null});
    let with = |more: Value| {
        let mut all = market.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let malformed = 40_010_001;
    let unacceptable = 42_210_000;
    let rows = [
        (json!({"qty": null}), malformed, "qty or notional is required"),
        (json!({"qty": "0"}), malformed, "qty must be > 0"),
        (json!({"qty": -1}), malformed, "qty must be > 0"),
        (json!({"notional": "10"}), malformed, "only one of qty or notional is accepted"),
        (json!({"limit_price": null}), malformed, "limit orders require a limit price"),
        (json!({"limit_price": "0"}), malformed, "limit price must be > 0"),
        (json!({"type": "market"}), malformed, "market orders require no stop or limit price"),
        (json!({"type": "stop"}), malformed, "stop orders require a stop price"),
        (
            json!({"type": "stop_limit"}),
            malformed,
            "stop limit orders require both stop and limit price",
        ),
        (
            json!({"type": "trailing_stop"}),
            malformed,
            "trailing stop orders must specify one of trail_price or trail_percent",
        ),
        (
            json!({"type": "trailing_stop", "trail_percent": "0.05"}),
            malformed,
            "trail_percent must be greater than or equal to 0.1",
        ),
        (json!({"type": "iceberg"}), malformed, "invalid order type"),
        (json!({"side": "hold"}), malformed, "invalid side"),
        (json!({"time_in_force": "week"}), malformed, "invalid time_in_force"),
        (
            json!({"client_order_id": "x".repeat(129)}),
            malformed,
            "client_order_id must be no more than 128 characters",
        ),
        (json!({"symbol": "NOPE"}), unacceptable, "asset \"NOPE\" not found"),
        (json!({"qty": "1.5"}), unacceptable, "fractional orders must be DAY orders"),
        (with(json!({"qty": null, "notional": "0.5"})), unacceptable, "notional must be >= 1.00"),
        (
            with(json!({"extended_hours": true})),
            unacceptable,
            "extended hours order must be DAY or GTC limit orders",
        ),
        (
            json!({"limit_price": "90.123"}),
            unacceptable,
            "invalid limit_price 90.123. sub-penny increment does not fulfill minimum pricing \
             criteria",
        ),
        (
            json!({"type": "stop", "limit_price": null, "stop_price": "95"}),
            unacceptable,
            "stop price must be greater than current price",
        ),
        (
            json!({"order_class": "bracket", "stop_loss": {"stop_price": "80"}}),
            unacceptable,
            "bracket orders require take_profit.limit_price",
        ),
        (
            json!({"order_class": "bracket", "take_profit": {"limit_price": "100"},
                "stop_loss": {"stop_price": "90"}}),
            unacceptable,
            "stop_loss.stop_price must be <= base_price - 0.01",
        ),
        (
            json!({"position_intent": "sell_to_close"}),
            unacceptable,
            "position intent mismatch, inferred: buy_to_open, specified: sell_to_close",
        ),
    ];
    for (changes, code, message) in rows {
        let order = but(changes);
        check(&desk.post("/v2/orders", order.clone()).await, 422, code, message, &order);
    }
    let said = desk.request(Method::POST, "/v2/orders").body("{\"symbol\": ").send().await.unwrap();
    assert_eq!(said.status(), 422);
    assert_eq!(said.json::<Value>().await.unwrap()["code"], json!(malformed));
    assert_eq!(desk.get("/v2/orders?status=all").await, json!([]), "nothing was taken");
}

#[tokio::test]
async fn what_the_account_may_not_do_is_forbidden_with_its_details() {
    let desk = Desk::open().await;
    let order = limit("buy", "10000", "99");
    let said = desk.post("/v2/orders", order.clone()).await;
    check(&said, 403, 40_310_000, "insufficient buying power", &order);
    assert_eq!(
        (&said.body["buying_power"], &said.body["cost_basis"]),
        (&json!("200000.00"), &json!("990000.00"))
    );
    desk.buy(10).await;
    let stop = json!({"symbol":"AAPL","qty":"10","side":"sell","type":"stop",
        "time_in_force":"gtc","stop_price":"90"});
    let resting = desk.order(stop).await;
    let wash = desk.post("/v2/orders", limit("buy", "1", "89")).await;
    let text = "potential wash trade detected. use complex orders";
    check(&wash, 403, 40_310_000, text, &json!("a buy beside a sell stop"));
    assert_eq!(wash.body["existing_order_id"], resting["id"]);
    assert_eq!(wash.body["reject_reason"], "opposite side market/stop order exists");
    let more = desk.post("/v2/orders", limit("sell", "10", "150")).await;
    let text = "insufficient qty available for order (requested: 10, available: 0)";
    check(&more, 403, 40_310_000, text, &json!("a second exit"));
    assert_eq!(
        [
            &more.body["available"],
            &more.body["existing_qty"],
            &more.body["held_for_orders"],
            &more.body["related_orders"],
        ],
        [&json!("0"), &json!("10"), &json!("10"), &json!([resting["id"]])]
    );
    let suspend = json!({"suspend_trade": true});
    desk.call(Method::PATCH, "/v2/account/configurations", Some(suspend)).await;
    let order = json!({"symbol":"KO","qty":"1","side":"buy","type":"market","time_in_force":"day"});
    let said = desk.post("/v2/orders", order.clone()).await;
    check(&said, 403, 40_310_000, "new orders are rejected by user request", &order);
    let unsuspend = json!({"suspend_trade": false, "no_shorting": true});
    desk.call(Method::PATCH, "/v2/account/configurations", Some(unsuspend)).await;
    let order =
        json!({"symbol":"KO","qty":"1","side":"sell","type":"market","time_in_force":"day"});
    let said = desk.post("/v2/orders", order.clone()).await;
    check(&said, 403, 40_310_000, "account is not allowed to short", &order);
}

#[tokio::test]
async fn a_client_order_id_is_used_once_for_ever() {
    let desk = Desk::open().await;
    let order = but(json!({"client_order_id": "mine"}));
    let taken = desk.order(order.clone()).await;
    let path = format!("/v2/orders/{}", taken["id"].as_str().unwrap());
    assert_eq!(desk.call(Method::DELETE, &path, None).await.status, 204);
    let said = desk.post("/v2/orders", order.clone()).await;
    check(&said, 422, 40_010_001, "client_order_id must be unique", &order);
    let again = desk.call(Method::DELETE, &path, None).await;
    assert_eq!(again.status, 204, "a cancelled order may be cancelled once more");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_over_is_told_apart() {
    let desk = Desk::open().await;
    let nobody = "/v2/orders/00000000-0000-4000-8000-000000000000";
    let text = "order not found for 00000000-0000-4000-8000-000000000000";
    for (method, body) in
        [(Method::GET, None), (Method::DELETE, None), (Method::PATCH, Some(json!({"qty": "1"})))]
    {
        let said = desk.call(method.clone(), nobody, body).await;
        check(&said, 404, 40_410_000, text, &json!(method.as_str()));
    }
    let filled = desk.buy(1).await;
    let path = format!("/v2/orders/{}", filled["id"].as_str().unwrap());
    let said = desk.call(Method::DELETE, &path, None).await;
    check(&said, 422, 42_210_000, "order is already in \"filled\" state", &filled);
    desk.sim("advance", json!({"to": "close"})).await;
    let queued = desk.buy(1).await;
    let path = format!("/v2/orders/{}", queued["id"].as_str().unwrap());
    let said = desk.call(Method::PATCH, &path, Some(json!({"qty": "2"}))).await;
    check(&said, 422, 42_210_000, "cannot replace order in accepted status", &queued);
    for path in ["/v2/positions/KO", "/v2/assets/NOPE", "/v2/nothing", "/nothing"] {
        let said = desk.call(Method::GET, path, None).await;
        assert_eq!((said.status, &said.body["code"]), (404, &json!(40_410_000)), "{path}");
    }
    assert_eq!(desk.call(Method::PUT, "/v2/orders", None).await.status, 405);
}
