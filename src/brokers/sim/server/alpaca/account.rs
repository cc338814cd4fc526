//! `/v2/account` and its settings (Alpaca, protocol page §3.1 of October 2026).

use axum::body::Bytes;
use axum::extract::State;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::brokers::sim::exchange::AccountView;
use crate::brokers::sim::server::ids::{family, uuid};
use crate::brokers::sim::server::{Shared, World};
use crate::domain::calendar::{date_in_new_york, previous_trading_day};
use crate::domain::money::Money;

use super::desk::Settings;
use super::errors::{Answer, ApiError, ok};
use super::order_json::money_text;
use super::params::Fields;

/// Shares of a position's value that Regulation T and the house ask for.
const INITIAL_MARGIN: Decimal = Decimal::from_parts(5, 0, 0, false, 1);
const MAINTENANCE_MARGIN: Decimal = Decimal::from_parts(3, 0, 0, false, 1);

/// The account's name.
pub(super) fn account_id() -> String {
    uuid(family::ACCOUNT, 1)
}

pub(super) async fn get(State(state): State<Shared>) -> Answer {
    let settings = state.with_desk(|desk| desk.settings.clone());
    Ok(ok(&state.with_world(|world| account_json(world, &settings))))
}

fn account_json(world: &World, settings: &Settings) -> Value {
    let AccountView {
        cash,
        equity,
        last_equity,
        buying_power,
        long_market_value: long,
        short_market_value: short,
        multiplier,
        shorting_enabled,
        is_suspended,
        fees,
        ..
    } = world.exchange().account();
    let gross = long + short.abs();
    let initial = gross.scaled(INITIAL_MARGIN);
    let maintenance = gross.scaled(MAINTENANCE_MARGIN);
    let own = Money::from_units(buying_power.units() / multiplier.times().max(1));
    let today = date_in_new_york(world.now());
    let before = previous_trading_day(today).map_or(today, |day| day.date);
    let text = |amount: Money| money_text(amount.round_to_cents());
    json!({
        "id": account_id(), "account_number": "PA3SIM00001",
        "status": "ACTIVE", "crypto_status": "ACTIVE", "currency": "USD",
        "cash": money_text(cash), "equity": money_text(equity),
        "last_equity": money_text(last_equity), "portfolio_value": money_text(equity),
        "buying_power": text(buying_power), "effective_buying_power": text(buying_power),
        "regt_buying_power": text(buying_power), "non_marginable_buying_power": text(own),
        "options_buying_power": text(own), "long_market_value": money_text(long),
        "short_market_value": money_text(short), "position_market_value": money_text(gross),
        "initial_margin": text(initial), "maintenance_margin": text(maintenance),
        "last_maintenance_margin": text(maintenance), "sma": text(equity),
        "multiplier": multiplier.times().to_string(), "accrued_fees": money_text(fees),
        "pending_transfer_in": "0", "pending_transfer_out": "0",
        "pending_reg_taf_fees": "0", "intraday_adjustments": "0",
        "balance_asof": before.to_string(), "created_at": world.opening().1,
        "trading_blocked": false, "transfers_blocked": false, "account_blocked": false,
        "trade_suspended_by_user": is_suspended, "shorting_enabled": shorting_enabled,
        "options_approved_level": 3, "options_trading_level": 3, "crypto_tier": 1,
        "admin_configurations": {}, "user_configurations": settings_json(settings),
    })
}

fn settings_json(settings: &Settings) -> Value {
    json!({
        "suspend_trade": settings.suspend_trade, "no_shorting": settings.no_shorting,
        "fractional_trading": settings.fractional_trading,
        "max_margin_multiplier": settings.max_margin_multiplier,
        "trade_confirm_email": settings.trade_confirm_email,
        "ptp_no_exception_entry": settings.ptp_no_exception_entry,
        "max_options_trading_level": settings.max_options_trading_level,
        "disable_overnight_trading": settings.disable_overnight_trading,
    })
}

pub(super) async fn get_settings(State(state): State<Shared>) -> Answer {
    Ok(ok(&state.with_desk(|desk| settings_json(&desk.settings))))
}

pub(super) async fn patch_settings(State(state): State<Shared>, body: Bytes) -> Answer {
    let fields = Fields::of(&body)?;
    let settings = state.with_desk(|desk| {
        desk.settings = changed(&desk.settings, &fields)?;
        Ok::<_, ApiError>(desk.settings.clone())
    })?;
    state.with_world(|world| {
        world.trade(|exchange, _, _| {
            exchange.set_suspended(settings.suspend_trade);
            exchange.set_shorting(!settings.no_shorting);
        });
    });
    Ok(ok(&settings_json(&settings)))
}

fn changed(old: &Settings, fields: &Fields) -> Result<Settings, ApiError> {
    let flag = |name: &str, old: bool| Ok::<_, ApiError>(fields.flag(name)?.unwrap_or(old));
    let word = |name: &str, old: &str, legal: &[&str]| match fields.text(name) {
        None => Ok(old.to_owned()),
        Some(new) if legal.contains(&new.as_str()) => Ok(new),
        Some(_) => Err(ApiError::malformed(format!("invalid {name}"))),
    };
    let level: Option<u8> =
        fields.number("max_options_trading_level", "invalid max_options_trading_level")?;
    if level.is_some_and(|level| level > 3) {
        return Err(ApiError::malformed("invalid max_options_trading_level"));
    }
    Ok(Settings {
        suspend_trade: flag("suspend_trade", old.suspend_trade)?,
        no_shorting: flag("no_shorting", old.no_shorting)?,
        fractional_trading: flag("fractional_trading", old.fractional_trading)?,
        max_margin_multiplier: word(
            "max_margin_multiplier",
            &old.max_margin_multiplier,
            &["1", "2", "4"],
        )?,
        trade_confirm_email: word(
            "trade_confirm_email",
            &old.trade_confirm_email,
            &["all", "none"],
        )?,
        ptp_no_exception_entry: flag("ptp_no_exception_entry", old.ptp_no_exception_entry)?,
        max_options_trading_level: level.unwrap_or(old.max_options_trading_level),
        disable_overnight_trading: flag(
            "disable_overnight_trading",
            old.disable_overnight_trading,
        )?,
    })
}
