//! The order in a `POST /v2/orders`, and the change in a `PATCH`.
//!
//! Fields and refusals: Alpaca, protocol page §2.4, §3.4 and §3.6 of October 2026. What
//! needs account or market to be judged is the exchange's business.

use rust_decimal::Decimal;

use crate::brokers::sim::exchange::{Change, Exchange, Intent};
use crate::brokers::sim::server::World;
use crate::domain::ids::{ClientOrderId, Symbol};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::{
    OrderClass, OrderKind, OrderRequest, Side, StopLeg, TimeInForce, Trail,
};

use super::assets::resolve;
use super::errors::ApiError;
use super::params::Fields;

/// An order as it was asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) request: OrderRequest,
    pub(super) notional: Option<Money>,
}

impl Wanted {
    /// Reads an order; `spare_id` names it when the client does not.
    pub(super) fn read(
        fields: &Fields,
        world: &World,
        spare_id: impl FnOnce() -> String,
    ) -> Result<Self, ApiError> {
        let symbol = symbol(fields, world)?;
        let side = side(fields)?;
        let time_in_force =
            time_in_force(fields)?.ok_or_else(|| ApiError::malformed("invalid time_in_force"))?;
        let (class, kind) = class_and_kind(fields)?;
        let (qty, notional) = amount(fields)?;
        let qty = match (qty, notional) {
            (Some(qty), _) => qty,
            (None, Some(amount)) => world
                .exchange()
                .shares_for(symbol, side, kind.limit(), amount)
                .ok_or_else(|| ApiError::unacceptable("there is no market price yet"))?,
            (None, None) => return Err(ApiError::malformed("qty or notional is required")),
        };
        check_notional(notional, time_in_force, class)?;
        let id = fields.text("client_order_id").unwrap_or_else(spare_id);
        let request = OrderRequest {
            client_order_id: ClientOrderId::new(id),
            symbol,
            side,
            qty,
            kind,
            time_in_force,
            class,
            extended_hours: fields.flag("extended_hours")?.unwrap_or(false),
        };
        check_intent(fields, &request, world.exchange())?;
        Ok(Self { request, notional })
    }
}

fn symbol(fields: &Fields, world: &World) -> Result<Symbol, ApiError> {
    let text = fields.text("symbol").ok_or_else(|| ApiError::malformed("symbol is required"))?;
    let missing = || ApiError::unacceptable(format!("asset \"{text}\" not found"));
    resolve(world, &text).ok_or_else(missing)
}

fn side(fields: &Fields) -> Result<Side, ApiError> {
    match fields.text("side").as_deref() {
        Some("buy") => Ok(Side::Buy),
        Some("sell") => Ok(Side::Sell),
        Some(_) | None => Err(ApiError::malformed("invalid side")),
    }
}

fn time_in_force(fields: &Fields) -> Result<Option<TimeInForce>, ApiError> {
    let Some(text) = fields.text("time_in_force") else { return Ok(None) };
    match text.as_str() {
        "day" => Ok(Some(TimeInForce::Day)),
        "gtc" => Ok(Some(TimeInForce::Gtc)),
        "ioc" => Ok(Some(TimeInForce::Ioc)),
        "fok" => Ok(Some(TimeInForce::Fok)),
        "opg" => Ok(Some(TimeInForce::Opg)),
        "cls" => Ok(Some(TimeInForce::Cls)),
        _ => Err(ApiError::malformed("invalid time_in_force")),
    }
}

fn amount(fields: &Fields) -> Result<(Option<Qty>, Option<Money>), ApiError> {
    let qty = fields.number("qty", "qty must be > 0")?;
    let notional: Option<Money> = fields.number("notional", "invalid notional")?;
    if qty.is_some() && notional.is_some() {
        return Err(ApiError::malformed("only one of qty or notional is accepted"));
    }
    if qty.is_some_and(|qty: Qty| qty.is_zero()) {
        return Err(ApiError::malformed("qty must be > 0"));
    }
    if notional.is_some_and(|notional| notional < Money::from_dollars(1)) {
        return Err(ApiError::unacceptable("notional must be >= 1.00"));
    }
    Ok((qty, notional))
}

/// An amount buys parts of shares, whatever it comes to by chance.
fn check_notional(
    notional: Option<Money>,
    time_in_force: TimeInForce,
    class: OrderClass,
) -> Result<(), ApiError> {
    if notional.is_none() {
        return Ok(());
    }
    if time_in_force != TimeInForce::Day {
        return Err(ApiError::unacceptable("fractional orders must be DAY orders"));
    }
    if class != OrderClass::Simple {
        return Err(ApiError::unacceptable("fractional orders must be simple orders"));
    }
    Ok(())
}

fn price(fields: &Fields, name: &str) -> Result<Option<Price>, ApiError> {
    let words = name.replace('_', " ");
    fields.number(name, &format!("{words} must be > 0"))
}

fn class_and_kind(fields: &Fields) -> Result<(OrderClass, OrderKind), ApiError> {
    let class = fields.text("order_class").unwrap_or_default();
    let attached = |group: &str, field: &str| {
        let group = fields.object(group)?;
        group.map_or(Ok(None), |group| price(&group, field))
    };
    let need = |value: Option<Price>, text: &str| value.ok_or_else(|| ApiError::unacceptable(text));
    let leg =
        |stop| Ok::<_, ApiError>(StopLeg { stop, limit: attached("stop_loss", "limit_price")? });
    let target = attached("take_profit", "limit_price")?;
    let stop = attached("stop_loss", "stop_price")?;
    match class.as_str() {
        "" | "simple" => Ok((OrderClass::Simple, kind(fields)?)),
        "bracket" => {
            let target = need(target, "bracket orders require take_profit.limit_price")?;
            let stop = leg(need(stop, "bracket orders require stop_loss.stop_price")?)?;
            Ok((OrderClass::Bracket { target, stop }, kind(fields)?))
        }
        "oco" => {
            if fields.text("type").as_deref() != Some("limit") {
                return Err(ApiError::unacceptable("oco orders must be limit orders"));
            }
            let limit = need(target, "oco orders require take_profit.limit_price")?;
            let stop = leg(need(stop, "oco orders require stop_loss.stop_price")?)?;
            Ok((OrderClass::Oco { stop }, OrderKind::Limit { limit }))
        }
        "oto" => match (target, stop) {
            (None, Some(stop)) => Ok((OrderClass::OtoStop { stop: leg(stop)? }, kind(fields)?)),
            (Some(target), None) => Ok((OrderClass::OtoTarget { target }, kind(fields)?)),
            (Some(_), Some(_)) | (None, None) => Err(ApiError::unacceptable(
                "oto orders require exactly one of take_profit or stop_loss",
            )),
        },
        _ => Err(ApiError::malformed("invalid order_class")),
    }
}

fn kind(fields: &Fields) -> Result<OrderKind, ApiError> {
    let limit = price(fields, "limit_price")?;
    let stop = price(fields, "stop_price")?;
    let need = |value: Option<Price>, text: &str| value.ok_or_else(|| ApiError::malformed(text));
    match fields.text("type").as_deref() {
        Some("market") if limit.is_some() || stop.is_some() => {
            Err(ApiError::malformed("market orders require no stop or limit price"))
        }
        Some("market") => Ok(OrderKind::Market),
        Some("limit") => {
            Ok(OrderKind::Limit { limit: need(limit, "limit orders require a limit price")? })
        }
        Some("stop") => {
            Ok(OrderKind::Stop { stop: need(stop, "stop orders require a stop price")? })
        }
        Some("stop_limit") => {
            let text = "stop limit orders require both stop and limit price";
            Ok(OrderKind::StopLimit { stop: need(stop, text)?, limit: need(limit, text)? })
        }
        Some("trailing_stop") => Ok(OrderKind::TrailingStop { trail: trail(fields)? }),
        Some(_) | None => Err(ApiError::malformed("invalid order type")),
    }
}

fn trail(fields: &Fields) -> Result<Trail, ApiError> {
    let amount = price(fields, "trail_price")?;
    let percent: Option<Decimal> =
        fields.number("trail_percent", "trail_percent must be greater than or equal to 0.1")?;
    match (amount, percent) {
        (Some(amount), None) => Ok(Trail::Amount(amount)),
        (None, Some(percent)) => Ok(Trail::Percent(percent)),
        (Some(_), Some(_)) | (None, None) => Err(ApiError::malformed(
            "trailing stop orders must specify one of trail_price or trail_percent",
        )),
    }
}

fn check_intent(
    fields: &Fields,
    request: &OrderRequest,
    exchange: &Exchange,
) -> Result<(), ApiError> {
    let Some(specified) = fields.text("position_intent") else { return Ok(()) };
    if !["buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close"]
        .contains(&specified.as_str())
    {
        return Err(ApiError::malformed("invalid position_intent"));
    }
    let inferred = intent_name(request.side, exchange.inferred_intent(request)?);
    if specified == inferred {
        return Ok(());
    }
    let text = format!("position intent mismatch, inferred: {inferred}, specified: {specified}");
    Err(ApiError::unacceptable(text))
}

/// The intent on Alpaca's wire.
pub(super) const fn intent_name(side: Side, intent: Intent) -> &'static str {
    match (side, intent) {
        (Side::Buy, Intent::Open) => "buy_to_open",
        (Side::Buy, Intent::Close) => "buy_to_close",
        (Side::Sell, Intent::Open) => "sell_to_open",
        (Side::Sell, Intent::Close) => "sell_to_close",
    }
}

/// Reads the body of a replacement; `kind` is that of the order to be replaced.
pub(super) fn change(fields: &Fields, kind: OrderKind) -> Result<Change, ApiError> {
    let is_percent = matches!(kind, OrderKind::TrailingStop { trail: Trail::Percent(_) });
    let trail = if is_percent {
        fields.number("trail", "invalid trail")?.map(Trail::Percent)
    } else {
        fields.number("trail", "invalid trail")?.map(Trail::Amount)
    };
    let qty: Option<Qty> = fields.number("qty", "qty must be > 0")?;
    if qty.is_some_and(Qty::is_zero) {
        return Err(ApiError::malformed("qty must be > 0"));
    }
    Ok(Change {
        qty,
        limit: price(fields, "limit_price")?,
        stop: price(fields, "stop_price")?,
        trail,
        time_in_force: time_in_force(fields)?,
        client_order_id: fields.text("client_order_id").map(ClientOrderId::new),
    })
}
