//! What can be set at the simulated Schwab, before it is opened and while it runs.
//!
//! The knobs of the protocol page (§7 of October 2026) that stay as they are set; what
//! strikes a number of times is in `faults`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a refresh does to the refresh token (§1.3: reports conflict).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// It is answered with the same one.
    #[default]
    Never,
    /// The answer has no refresh token.
    Absent,
    /// A new one is answered, the old one goes on to work.
    Always,
    /// A new one is answered, the old one is dead.
    #[serde(alias = "always+invalidate_old")]
    AlwaysInvalidateOld,
}

/// How a dead refresh token is refused (§1.4: three spellings).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadRefresh {
    /// As the cause of its death asks for.
    #[default]
    ByCause,
    /// `invalid_grant` within `unsupported_token_type`.
    InvalidGrant,
    /// `refresh_token_authentication_error` within `unsupported_token_type`.
    AuthenticationError,
    /// `invalid_client` with a description that names the refresh token.
    InvalidClient,
}

/// Which of two shapes an error body of the API has (§1.5 and §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `{"errors":[{"id",…}]}`, as seen on the wire.
    #[default]
    Errors,
    /// `{"message",…}`, as the trader's specification declares.
    Message,
}

/// A half of the API; an app may lack one of them (§1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Accounts and trading.
    Trader,
    /// Market data.
    MarketData,
}

/// Who is told code 12 when somebody logs in to the streamer twice (§5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondLogin {
    /// The first connection is closed, the second goes on.
    #[default]
    ClosesFirst,
    /// The second connection is closed, the first goes on.
    IsRefused,
}

/// Everything that can be set.
#[expect(clippy::struct_excessive_bools, reason = "each is a knob of its own")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchwabConfig {
    /// The app's callbacks, byte for byte.
    pub callbacks: Vec<String>,
    /// Whether the person at the login page refuses.
    pub deny: bool,
    /// How long an access token lives, seconds.
    pub expires_in: u32,
    /// How long a refresh token lives from its login on, seconds.
    pub refresh_seconds: u32,
    /// How long a code lives, seconds.
    pub code_seconds: u32,
    /// What a refresh does to the refresh token.
    pub rotate_refresh: Rotation,
    /// How a dead refresh token is refused.
    pub dead_refresh: DeadRefresh,
    /// The shape of a 401 of the API.
    pub unauthorized_body: ErrorShape,
    /// The half of the API that the app lacks.
    pub lacks: Option<Family>,
    /// Requests a minute that are not orders.
    pub requests_per_minute: u32,
    /// Order requests a minute, 0 to 120: what the developer chose for the app (§2.2).
    pub orders_per_minute: u32,
    /// The shape of a 429.
    pub throttle_body: ErrorShape,
    /// Seconds in the header `Retry-After` of a 429, `None` for no header.
    pub retry_after: Option<u32>,
    /// What stands before `/trader/v1/…` in `Location`, for instance
    /// `http://127.0.0.1:8080`.
    pub location_host: String,
    /// How old an order is before it is in a list, milliseconds of the clock.
    pub visible_after_ms: u32,
    /// Whether the node of an OCO, which is no order, tells a status.
    pub oco_has_status: bool,
    /// Whether bodies are compressed for clients that accept it.
    pub gzip: bool,
    /// Period of the streamer's heartbeat, milliseconds by the wall; 0 for none.
    pub heartbeat_ms: u32,
    /// Whether the streamer says nothing at all, pongs excepted.
    pub stream_mute: bool,
    /// Seconds by the wall after which a client without subscription is sent away.
    pub stream_idle_seconds: u32,
    /// Keys of one service of the streamer.
    pub stream_keys_max: u32,
    /// Who goes when somebody logs in twice.
    pub second_login: SecondLogin,
    /// Whether the activity of the past is told again after a reconnection.
    pub stream_replay: bool,
}

impl Default for SchwabConfig {
    fn default() -> Self {
        Self {
            callbacks: vec!["https://127.0.0.1:8182".into()],
            deny: false,
            expires_in: 1_800,
            refresh_seconds: 7 * 86_400,
            code_seconds: 30,
            rotate_refresh: Rotation::default(),
            dead_refresh: DeadRefresh::default(),
            unauthorized_body: ErrorShape::default(),
            lacks: None,
            requests_per_minute: 120,
            orders_per_minute: 120,
            throttle_body: ErrorShape::Message,
            retry_after: None,
            location_host: "https://api.schwabapi.com".into(),
            visible_after_ms: 0,
            oco_has_status: true,
            gzip: false,
            heartbeat_ms: 10_000,
            stream_mute: false,
            stream_idle_seconds: 30,
            stream_keys_max: 500,
            second_login: SecondLogin::default(),
            stream_replay: false,
        }
    }
}

impl SchwabConfig {
    /// Returns the configuration with some knobs turned.
    ///
    /// # Errors
    /// When there is no such knob or it cannot be turned so; tells which.
    pub fn with(&self, knobs: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let mut all = serde_json::to_value(self)?;
        if let Value::Object(fields) = &mut all {
            fields.extend(knobs);
        }
        serde_json::from_value(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn knobs_are_turned_by_name_and_unknown_ones_refused() {
        let turn = |knobs: Value| SchwabConfig::default().with(knobs.as_object().unwrap().clone());
        let turned =
            turn(json!({ "rotate_refresh": "always+invalidate_old", "orders_per_minute": 0 }));
        let turned = turned.unwrap();
        assert_eq!(turned.rotate_refresh, Rotation::AlwaysInvalidateOld);
        assert_eq!((turned.orders_per_minute, turned.expires_in), (0, 1_800));
        assert!(turn(json!({ "orders": 0 })).is_err());
        assert!(turn(json!({ "gzip": "yes" })).is_err());
    }
}
