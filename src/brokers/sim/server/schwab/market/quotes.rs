//! `/quotes` and `/{symbol}/quotes`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::json;

use crate::brokers::sim::server::World;
use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::schwab::answers::{
    Answer, Refused, double, millis, object, ok, price, price_or_zero, symbol_of, ticker,
};
use crate::brokers::sim::server::schwab::fields::Params;
use crate::brokers::sim::server::schwab::order_json::{cusip, instrument_id};
use crate::brokers::sim::server::schwab::state::SchwabShared;
use crate::domain::ids::Symbol;

use super::snapshot::Snapshot;

/// Parts of a quote in the order of the answer.
const PARTS: [&str; 5] = ["extended", "fundamental", "quote", "reference", "regular"];

pub(super) async fn list(State(state): State<SchwabShared>, params: Params) -> Answer {
    let symbols = params.list("symbols").unwrap_or_default();
    if symbols.is_empty() {
        return Err(Refused::data(
            StatusCode::BAD_REQUEST,
            "Search combination should have valid symbols",
        ));
    }
    Ok(ok(&answer(&state, &symbols, &params)))
}

pub(super) async fn get(
    State(state): State<SchwabShared>,
    Path(symbol): Path<String>,
    params: Params,
) -> Answer {
    Ok(ok(&answer(&state, &[symbol.as_str()], &params)))
}

fn answer(state: &SchwabShared, symbols: &[&str], params: &Params) -> Field {
    let wanted = params.list("fields").unwrap_or_default();
    let wants = |part: &str| wanted.is_empty() || wanted.contains(&"all") || wanted.contains(&part);
    let mut fields = Vec::new();
    let mut unknown = Vec::new();
    state.world.with_world(|world| {
        for text in symbols {
            let key = text.to_uppercase();
            match symbol_of(&key).and_then(|symbol| quote(world, symbol, wants)) {
                Some(quote) => fields.push((key.into(), quote)),
                None => unknown.push(key),
            }
        }
    });
    if !unknown.is_empty() {
        // They do not fail the call.
        let errors = json!({ "invalidSymbols": unknown, "invalidCusips": [], "invalidSSIDs": [] });
        fields.push(("errors".into(), errors.into()));
    }
    Field::Object(fields)
}

fn quote(world: &World, symbol: Symbol, wants: impl Fn(&str) -> bool) -> Option<Field> {
    let it = Snapshot::of(world, symbol)?;
    let sub_type = if it.name.contains("ETF") || it.name.contains("Trust") { "ETF" } else { "COE" };
    let mut fields = vec![
        ("assetMainType", Field::from("EQUITY")),
        ("assetSubType", sub_type.into()),
        ("quoteType", "NBBO".into()),
        ("realtime", Field::Bool(true)),
        ("ssid", Field::count(instrument_id(symbol))),
        ("symbol", Field::text(ticker(symbol))),
    ];
    for part in PARTS.into_iter().filter(|part| wants(part)) {
        let value = match part {
            "quote" => now(&it),
            "regular" => regular(&it),
            "reference" => reference(&it, symbol),
            "extended" => extended(),
            _ => object(vec![
                ("avg10DaysVolume", double(Decimal::ZERO)),
                ("divYield", double(Decimal::ZERO)),
                ("peRatio", double(Decimal::ZERO)),
            ]),
        };
        fields.push((part, value));
    }
    Some(object(fields))
}

fn now(it: &Snapshot) -> Field {
    let mut fields = Vec::new();
    if let Some(day) = it.today {
        fields.push(("52WeekHigh", price(day.high)));
        fields.push(("52WeekLow", price(day.low)));
    }
    if let Some(quote) = it.quote {
        fields.extend([
            ("askMICId", Field::from("ARCX")),
            ("askPrice", price(quote.ask)),
            ("askSize", Field::count(quote.ask_size)),
            ("askTime", millis(quote.at)),
            ("bidMICId", "ARCX".into()),
            ("bidPrice", price(quote.bid)),
            ("bidSize", Field::count(quote.bid_size)),
            ("bidTime", millis(quote.at)),
            ("mark", price(quote.mid())),
            ("quoteTime", millis(quote.at)),
        ]);
    }
    fields.push(("closePrice", price_or_zero(it.previous_close)));
    if let Some(day) = it.today {
        fields.extend([
            ("highPrice", price(day.high)),
            ("lowPrice", price(day.low)),
            ("openPrice", price(day.open)),
            ("totalVolume", Field::count(day.volume)),
        ]);
    }
    if let Some(tick) = it.tick {
        fields.extend([
            ("lastMICId", Field::from("XADF")),
            ("lastPrice", price(tick.price)),
            ("lastSize", Field::count(tick.size.floor_shares())),
            ("tradeTime", millis(tick.at)),
        ]);
    }
    fields.extend([
        ("netChange", double(it.change)),
        ("netPercentChange", double(it.change_percent)),
        ("postMarketChange", double(Decimal::ZERO)),
        ("postMarketPercentChange", double(Decimal::ZERO)),
        ("securityStatus", it.status.into()),
    ]);
    object(fields)
}

fn regular(it: &Snapshot) -> Field {
    let mut fields = vec![
        ("regularMarketNetChange", double(it.change)),
        ("regularMarketPercentChange", double(it.change_percent)),
    ];
    if let Some(tick) = it.tick {
        fields.extend([
            ("regularMarketLastPrice", price(tick.price)),
            ("regularMarketLastSize", Field::count(tick.size.floor_shares())),
            ("regularMarketTradeTime", millis(tick.at)),
        ]);
    }
    object(fields)
}

fn reference(it: &Snapshot, symbol: Symbol) -> Field {
    object(vec![
        ("cusip", Field::text(cusip(symbol))),
        ("description", it.name.into()),
        ("exchange", it.exchange_letter.into()),
        ("exchangeName", it.exchange.into()),
        ("isHardToBorrow", Field::Bool(false)),
        ("isShortable", Field::Bool(true)),
        ("htbQuantity", Field::Integer(0)),
        ("htbRate", double(Decimal::ZERO)),
    ])
}

fn extended() -> Field {
    object(vec![
        ("askPrice", double(Decimal::ZERO)),
        ("askSize", Field::Integer(0)),
        ("bidPrice", double(Decimal::ZERO)),
        ("bidSize", Field::Integer(0)),
        ("lastPrice", double(Decimal::ZERO)),
        ("lastSize", Field::Integer(0)),
        ("mark", double(Decimal::ZERO)),
        ("quoteTime", Field::Integer(0)),
        ("totalVolume", Field::Integer(0)),
        ("tradeTime", Field::Integer(0)),
    ])
}
