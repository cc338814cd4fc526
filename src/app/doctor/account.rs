//! Checks of settings, keys and tokens: whose money, with which limits, for how long.

use std::path::Path;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::app::doctor::Check;
use crate::brokers::alpaca::{AccountKind, ApiKeys, KEY_ID_NAME, KeyError, SECRET_NAME};
use crate::brokers::schwab::token::TokenFile;
use crate::config::Config;
use crate::domain::time::Timestamp;

/// What is left of a login when it is time for a new one.
const LOGIN_NEAR: SignedDuration = SignedDuration::from_hours(24);

/// The configuration is legal; `found` is what reading it came to.
pub fn configuration(found: &Result<String, String>) -> Check {
    let name = "configuration";
    match found {
        Ok(hash) => Check::ok(name, format!("legal, hash {hash}")),
        Err(error) => Check::fail(name, error, "correct it, then: flightdeck config check"),
    }
}

/// Alpaca's keys as they are found: in the file that is named, or else by `lookup` in the
/// environment; `None` where there are none.
///
/// # Errors
/// When they cannot be used.
pub fn find_keys(
    key_file: &Path,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Option<ApiKeys>, KeyError> {
    if !key_file.as_os_str().is_empty() {
        return ApiKeys::from_file(key_file).map(Some);
    }
    if lookup(KEY_ID_NAME).is_none() && lookup(SECRET_NAME).is_none() {
        return Ok(None);
    }
    ApiKeys::from_lookup(lookup).map(Some)
}

/// Alpaca's keys are there and of a paper account.
pub fn keys(found: &Result<Option<ApiKeys>, KeyError>) -> Check {
    let name = "alpaca keys";
    let remedy = format!(
        "set {KEY_ID_NAME} and {SECRET_NAME} to the keys of the paper account, or name a file \
         of mode 0600 in alpaca.key_file"
    );
    match found {
        Ok(None) => Check::skipped(name, "there are none; the embedded market needs none"),
        Err(error) => Check::fail(name, error.to_string(), remedy),
        Ok(Some(keys)) => match keys.check_for(&AccountKind::Paper) {
            Err(error) => Check::fail(name, error.to_string(), remedy),
            Ok(()) if keys.expose_id().starts_with("PK") => {
                Check::ok(name, "there, of a paper account (PK…)")
            }
            Ok(()) => Check::fail(name, "the key id does not begin with PK", remedy),
        },
    }
}

/// No real money can be reached: no keys of a live account, and no address that asks for
/// one.
pub fn paper_only(found: &Result<Option<ApiKeys>, KeyError>, base_url: Option<&str>) -> Check {
    let name = "paper only";
    if let Ok(Some(keys)) = found
        && keys.expose_id().starts_with("AK")
    {
        let remedy = "take the keys of the live account away; this version trades paper alone";
        return Check::fail(name, "keys of a live account are in reach", remedy);
    }
    match base_url {
        Some(url) if !url.contains("paper-api.") => Check::warn(
            name,
            "APCA_API_BASE_URL names no paper host; it is not heeded here",
            "unset APCA_API_BASE_URL, lest another program trade real money",
        ),
        Some(_) | None => Check::ok(name, "no way to real money is armed"),
    }
}

/// Schwab's login is less than seven days old.
pub fn schwab_token(path: &Path, now: Timestamp) -> Check {
    let name = "schwab token";
    let remedy = "run flightdeck login schwab";
    match TokenFile::new(path.to_owned()).read() {
        Ok(None) => Check::skipped(name, "there is none; nobody has logged in"),
        Err(error) => Check::fail(name, error.to_string(), remedy),
        Ok(Some(token)) => {
            let left = token.login_until().since(now);
            let hours = left.as_hours();
            if left <= SignedDuration::ZERO {
                Check::fail(name, "the login is seven days old and over", remedy)
            } else if left < LOGIN_NEAR {
                Check::warn(name, format!("the login ends in {hours} h"), remedy)
            } else {
                Check::ok(name, format!("the login lasts for another {hours} h"))
            }
        }
    }
}

/// The limits in force; limits that are opened wide are named.
pub fn limits(config: &Config) -> Check {
    let limits = &config.risk;
    let percent = |ratio: Decimal| format!("{} %", (ratio * Decimal::ONE_HUNDRED).normalize());
    let said = format!(
        "position {} and {} of equity, cash left {}, drawdown {}, day's loss {}, stop within {}, \
         {} positions",
        limits.max_position_value,
        percent(limits.max_equity_fraction),
        percent(limits.min_cash_fraction),
        percent(limits.max_drawdown),
        percent(limits.max_daily_loss),
        percent(limits.max_stop_distance),
        limits.max_open_positions,
    );
    let wide: Vec<&str> = [
        ("max_equity_fraction", limits.max_equity_fraction >= Decimal::ONE),
        ("min_cash_fraction", limits.min_cash_fraction <= Decimal::ZERO),
        ("max_drawdown", limits.max_drawdown >= Decimal::ONE),
        ("max_daily_loss", limits.max_daily_loss >= Decimal::ONE),
        ("check_buying_power", !limits.check_buying_power),
    ]
    .into_iter()
    .filter_map(|(key, is_wide)| is_wide.then_some(key))
    .collect();
    if wide.is_empty() {
        Check::ok("limits", said)
    } else {
        let open = format!("{said}; not in force: {}", wide.join(", "));
        Check::warn("limits", open, "set them again in [risk] of the configuration")
    }
}
