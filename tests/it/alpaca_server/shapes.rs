//! Every field of every object has the type that the protocol page gives it (§2.1, §3).

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, limit};

/// Checks an object against `name:kind` words; kinds are s(tring), i(nteger), n(umber),
/// b(oolean), o(bject), a(rray), 0 (null), t(ime), d(ecimal as string); several may be
/// given. No other field may be there.
#[track_caller]
fn check(object: &Value, shape: &str) {
    let fields = object.as_object().unwrap_or_else(|| panic!("no object: {object}"));
    let mut known = Vec::new();
    for word in shape.split_whitespace() {
        let (name, kinds) = word.split_once(':').unwrap();
        let value = fields.get(name).unwrap_or_else(|| panic!("{name} is missing: {object}"));
        assert!(kinds.chars().any(|kind| is_of(value, kind)), "{name} is {value}, not {kinds}");
        known.push(name);
    }
    let more: Vec<&String> = fields.keys().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(more.is_empty(), "unexpected fields {more:?}");
}

fn is_of(value: &Value, kind: char) -> bool {
    let text = value.as_str();
    match kind {
        's' => text.is_some(),
        't' => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        'd' => text.is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok()),
        'i' => value.is_i64(),
        'n' => value.is_number(),
        'b' => value.is_boolean(),
        'o' => value.is_object(),
        'a' => value.is_array(),
        '0' => value.is_null(),
        other => panic!("no kind {other}"),
    }
}

const ORDER: &str = "id:s client_order_id:s created_at:t updated_at:t submitted_at:t \
    filled_at:t0 expired_at:t0 expires_at:t0 canceled_at:t0 failed_at:t0 replaced_at:t0 \
    replaced_by:s0 replaces:s0 asset_id:s symbol:s asset_class:s notional:d0 qty:d0 \
    filled_qty:d filled_avg_price:d0 order_class:s order_type:s type:s side:s \
    position_intent:s time_in_force:s limit_price:d0 stop_price:d0 trail_percent:d0 \
    trail_price:d0 hwm:d0 status:s extended_hours:b legs:a0 source:0 subtag:0";

#[tokio::test]
async fn an_order_has_every_field_and_groups_are_named_only_where_there_is_one() {
    let desk = Desk::open().await;
    check(&desk.order(limit("buy", "1", "90")).await, ORDER);
    let filled = desk.buy(4).await;
    check(&desk.look(&filled).await, ORDER);
    let by_amount = desk
        .order(json!({"symbol":"AAPL","notional":"250.00","side":"buy","type":"market",
            "time_in_force":"day"}))
        .await;
    check(&by_amount, ORDER);
    assert_eq!((&by_amount["qty"], &by_amount["notional"]), (&Value::Null, &json!("250")));
    let bracket = desk
        .order(json!({"symbol":"KO","qty":1,"side":"buy","type":"limit","time_in_force":"gtc",
            "limit_price":20.5,"order_class":"bracket","take_profit":{"limit_price":"30"},
            "stop_loss":{"stop_price":"15","limit_price":14.5}}))
        .await;
    check(&bracket, &format!("{ORDER} group_id:s group_role:s"));
    let legs = bracket["legs"].as_array().unwrap();
    let told: Vec<_> =
        legs.iter().map(|leg| (&leg["type"], &leg["status"], &leg["group_role"])).collect();
    assert_eq!(
        told,
        [
            (&json!("limit"), &json!("held"), &json!("take_profit")),
            (&json!("stop_limit"), &json!("held"), &json!("stop_loss")),
        ]
    );
    assert!(legs.iter().all(|leg| leg["group_id"] == bracket["group_id"]));
}

#[tokio::test]
async fn account_and_settings_have_every_field() {
    let desk = Desk::open().await;
    desk.buy(10).await;
    check(
        &desk.get("/v2/account").await,
        "id:s account_number:s status:s crypto_status:s currency:s cash:d equity:d \
         last_equity:d portfolio_value:d buying_power:d effective_buying_power:d \
         regt_buying_power:d non_marginable_buying_power:d options_buying_power:d \
         long_market_value:d short_market_value:d position_market_value:d initial_margin:d \
         maintenance_margin:d last_maintenance_margin:d sma:d multiplier:d accrued_fees:d \
         pending_transfer_in:d pending_transfer_out:d pending_reg_taf_fees:d \
         intraday_adjustments:d balance_asof:s created_at:t trading_blocked:b \
         transfers_blocked:b account_blocked:b trade_suspended_by_user:b shorting_enabled:b \
         options_approved_level:i options_trading_level:i crypto_tier:i \
         admin_configurations:o user_configurations:o0",
    );
    let account = desk.get("/v2/account").await;
    assert_eq!((&account["cash"], &account["equity"]), (&json!("98999.9"), &json!("99999.9")));
    let settings = "suspend_trade:b no_shorting:b fractional_trading:b \
        max_margin_multiplier:s trade_confirm_email:s ptp_no_exception_entry:b \
        max_options_trading_level:i disable_overnight_trading:b";
    check(&desk.get("/v2/account/configurations").await, settings);
    let changed = json!({"no_shorting": true, "trade_confirm_email": "none"});
    let said = desk.call(Method::PATCH, "/v2/account/configurations", Some(changed)).await;
    check(&said.body, settings);
    assert_eq!(desk.get("/v2/account").await["shorting_enabled"], false);
}

#[tokio::test]
async fn a_position_has_every_field_and_a_short_one_is_negative() {
    let desk = Desk::open().await;
    desk.buy(10).await;
    let shape = "asset_id:s symbol:s exchange:s asset_class:s asset_marginable:b qty:d \
        qty_available:d side:s avg_entry_price:d cost_basis:d market_value:d current_price:d \
        lastday_price:d change_today:d unrealized_pl:d unrealized_plpc:d \
        unrealized_intraday_pl:d unrealized_intraday_plpc:d";
    let position = desk.get("/v2/positions/AAPL").await;
    check(&position, shape);
    assert_eq!(
        [&position["qty"], &position["unrealized_pl"], &position["unrealized_intraday_pl"]],
        [&json!("10"), &json!("-0.1"), &json!("-0.1")]
    );
    let short =
        json!({"symbol":"KO","qty":"5","side":"sell","type":"market","time_in_force":"day"});
    desk.order(short).await;
    let all = desk.get("/v2/positions").await;
    check(&all[1], shape);
    assert_eq!((&all[1]["qty"], &all[1]["side"]), (&json!("-5"), &json!("short")));
    assert!(all[1]["market_value"].as_str().unwrap().starts_with('-'));
    let by_id = format!("/v2/positions/{}", all[0]["asset_id"].as_str().unwrap());
    assert_eq!(desk.get(&by_id).await["symbol"], "AAPL");
}

#[tokio::test]
async fn assets_clock_calendar_and_activities_have_every_field() {
    let desk = Desk::open().await;
    let asset = "id:s class:s exchange:s symbol:s name:s status:s tradable:b marginable:b \
        shortable:b borrow_status:s easy_to_borrow:b fractionable:b margin_requirement_long:d \
        margin_requirement_short:d maintenance_margin_requirement:n cusip:s0 attributes:a";
    check(&desk.get("/v2/assets/BRK.B").await, asset);
    let all = desk.get("/v2/assets?status=active&asset_class=us_equity").await;
    assert_eq!(all.as_array().unwrap().len(), 3);
    let clock = "timestamp:t is_open:b next_open:t next_close:t";
    check(&desk.get("/v2/clock").await, clock);
    assert_eq!(desk.get("/v2/clock").await["timestamp"], "2026-10-05T10:00:00-04:00");
    let third = desk.get("/v3/clock?markets=NYSE").await;
    check(&third, &format!("{clock} phase:s phase_until:t clocks:a"));
    let days = desk.get("/v2/calendar?start=2026-11-25&end=2026-11-30").await;
    let day = json!({"date":"2026-11-27","open":"09:30","close":"13:00","session_open":"0400",
        "session_close":"1700","settlement_date":"2026-11-30"});
    assert_eq!((days.as_array().unwrap().len(), &days[1]), (3, &day));
    check(
        &desk.get("/v3/calendar/NYSE?start=2026-11-25&end=2026-11-30").await["calendar"][1],
        "date:s settlement_date:s pre_start:t pre_end:t core_start:t core_end:t post_start:t \
         post_end:t",
    );
    desk.buy(3).await;
    let rows = desk.get("/v2/account/activities/FILL").await;
    check(
        &rows[0],
        "id:s activity_type:s type:s transaction_time:t symbol:s side:s qty:d price:d \
         cum_qty:d leaves_qty:d order_id:s order_status:s",
    );
    assert!(rows[0]["id"].as_str().unwrap().starts_with("20261005100000"), "{rows}");
}

#[tokio::test]
async fn portfolio_history_is_parallel_arrays_of_numbers() {
    let desk = Desk::open().await;
    desk.buy(10).await;
    desk.sim("advance", json!({"seconds": 120})).await;
    let history = desk.get("/v2/account/portfolio/history?period=1D&timeframe=1Min").await;
    check(
        &history,
        "timestamp:a equity:a profit_loss:a profit_loss_pct:a base_value:n base_value_asof:s \
         timeframe:s cashflow:o",
    );
    let lengths = ["timestamp", "equity", "profit_loss", "profit_loss_pct"]
        .map(|name| history[name].as_array().unwrap().len());
    assert_eq!(lengths, [33; 4], "{history}");
    assert_eq!(history["equity"][32].to_string(), "99999.9");
    assert!(history["timestamp"][0].is_i64());
}

#[tokio::test]
async fn watchlists_are_made_changed_and_removed() {
    let desk = Desk::open().await;
    let made = desk.post("/v2/watchlists", json!({"name":"mine","symbols":["AAPL"]})).await.body;
    check(&made, "id:s account_id:s name:s created_at:t updated_at:t assets:a");
    let path = format!("/v2/watchlists/{}", made["id"].as_str().unwrap());
    let lists = desk.get("/v2/watchlists").await;
    check(&lists[0], "id:s account_id:s name:s created_at:t updated_at:t");
    let more = desk.post(&path, json!({"symbol":"KO"})).await;
    assert_eq!(more.body["assets"].as_array().unwrap().len(), 2);
    let fewer = desk.call(Method::DELETE, &format!("{path}/AAPL"), None).await;
    assert_eq!((fewer.status, &fewer.body["assets"][0]["symbol"]), (200, &json!("KO")));
    let by_name = "/v2/watchlists:by_name?name=mine";
    assert_eq!(desk.get(by_name).await["id"], made["id"]);
    let twice = desk.post("/v2/watchlists", json!({"name":"mine"})).await;
    assert_eq!(twice.status, 422);
    assert_eq!(desk.call(Method::DELETE, by_name, None).await.status, 204);
    assert_eq!(desk.call(Method::GET, &path, None).await.status, 404);
}
