//! `/markets`: when the market is open; `isOpen` tells a trading day, not "now".

use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::SignedDuration;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::brokers::sim::server::new_york_text;
use crate::brokers::sim::server::schwab::answers::{Answer, Refused, ok};
use crate::brokers::sim::server::schwab::fields::Params;
use crate::brokers::sim::server::schwab::state::SchwabShared;
use crate::domain::calendar::{TradingDay, date_in_new_york, trading_day};

const MARKETS: [&str; 5] = ["equity", "option", "bond", "future", "forex"];
/// From 7:00 to the open: what Schwab calls pre-market.
const PRE_MARKET: SignedDuration = SignedDuration::from_mins(150);

fn bad(text: impl Into<String>) -> Refused {
    Refused::data(StatusCode::BAD_REQUEST, text)
}

pub(super) async fn list(State(state): State<SchwabShared>, params: Params) -> Answer {
    let markets = params.list("markets").unwrap_or_default();
    answer(&state, &markets, &params)
}

pub(super) async fn get(
    State(state): State<SchwabShared>,
    Path(market): Path<String>,
    params: Params,
) -> Answer {
    answer(&state, &[market.as_str()], &params)
}

fn answer(state: &SchwabShared, markets: &[&str], params: &Params) -> Answer {
    if markets.is_empty() {
        return Err(bad("markets is required"));
    }
    let today = date_in_new_york(state.now());
    let date = match params.get("date").map(str::parse::<Date>) {
        None => today,
        Some(Ok(date)) if date >= today => date,
        Some(_) => return Err(bad("date must be from today to a year from now")),
    };
    let day = trading_day(date).map_err(|error| bad(error.to_string()))?;
    let mut body = Map::new();
    for market in markets {
        let known = MARKETS.into_iter().find(|known| market.eq_ignore_ascii_case(known));
        let Some(known) = known else { return Err(bad(format!("unknown market: {market}"))) };
        body.insert(known.into(), one(known, date, day.as_ref()));
    }
    Ok(ok(&Value::Object(body)))
}

fn one(market: &str, date: Date, day: Option<&TradingDay>) -> Value {
    let kind = market.to_uppercase();
    let date = date.to_string();
    let Some(day) = day.filter(|_| market == "equity" || market == "option") else {
        // Shape of closed days (§4): the inner key is the market's name.
        return json!({ market: {
            "date": date, "marketType": kind, "product": market, "isOpen": false,
        }});
    };
    let product = if market == "equity" { "EQ" } else { "EQO" };
    let span = |from, to| json!([{ "start": new_york_text(from), "end": new_york_text(to) }]);
    let mut hours = json!({ "regularMarket": span(day.open, day.close) });
    if market == "equity" {
        hours["preMarket"] = span(day.open.plus(-PRE_MARKET), day.open);
        hours["postMarket"] = span(day.close, day.after_close);
    }
    json!({ product: {
        "date": date, "marketType": kind, "product": product, "productName": market,
        "isOpen": true, "sessionHours": hours,
    }})
}
