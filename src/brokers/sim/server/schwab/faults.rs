//! What goes wrong on purpose at the simulated Schwab, each thing for so many times
//! (protocol page §7 of October 2026).
//!
//! Whoever serves a call asks [`Faults::take`] at the place where the fault would
//! strike; nothing here knows what a fault does.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

/// A fault by its name on the control endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The token endpoint answers 503 (or `status`) without a body.
    TokenUnavailable,
    /// The token endpoint answers 403 with an "Access Denied" page that names it.
    TokenHtml,
    /// The token endpoint answers after `ms`, a minute unless given.
    TokenHang,
    /// The token endpoint answers 200 with a body that has no tokens.
    TokenJunk,
    /// The token endpoint answers 401 `invalid_client`.
    InvalidClient,
    /// A code is refused as too old.
    CodeExpired,
    /// A code is refused as badly encoded.
    CodeMalformed,
    /// The login page answers 500.
    AuthorizeUnavailable,
    /// The person at the login page refuses.
    DenyLogin,
    /// A call is answered 401 although its token is good.
    Unauthorized,
    /// A call is answered 429.
    TooMany,
    /// A call is answered 500 (or `status`) in shape E1.
    E1,
    /// A call is answered 400 (or `status`) in shape E2.
    E2,
    /// A call is answered 400 (or `status`) in shape E3, the gateway's.
    E3,
    /// A call is answered 400 (or `status`) in shape E4, the token endpoint's.
    E4,
    /// A call is answered 502 (or `status`) with a page of HTML.
    HtmlPage,
    /// A call is answered 404 with the text of a missing route.
    MissingRoute,
    /// A call is answered 503 (or `status`) without a body.
    EmptyError,
    /// A call is answered after `ms`, a second unless given.
    Delay,
    /// The connection is cut before the call is carried out.
    DropBefore,
    /// An order is accepted, the connection cut before the answer.
    DropAfterAccept,
    /// An order is accepted and answered 500 (or `status`).
    ErrorAfterAccept,
    /// An order is accepted and answered after `ms`, a minute unless given.
    HangAfterAccept,
    /// An order is accepted twice.
    DuplicateOrder,
    /// An order is answered 201 without `Location`.
    NoLocation,
    /// An order is answered 201 and rejected a second later.
    RejectLater,
    /// The order's events are on the streamer before the answer.
    EventBeforeAnswer,
    /// A cancel is answered 200, then the order fills.
    FillDuringCancel,
    /// A cancel is answered 200 and stays pending (for `ms`, or for ever).
    StuckCancel,
    /// A login to the streamer is refused with code 3.
    DenyStream,
    /// The streamer's client is sent away with code 12.
    KickStream,
    /// The streamer's client is sent away with code 30.
    StopStream,
    /// The streamer's connection is cut.
    StreamDrop,
    /// A frame of the streamer is no JSON.
    BadFrame,
    /// The streamer says "Feature not supported" in place of activity.
    FeatureNotSupported,
    /// An item of activity is sent twice.
    DuplicateActivity,
}

/// Which calls a fault of calls strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// New orders, replacements and cancels.
    Orders,
    /// Everything under `/trader`.
    Trader,
    /// Everything under `/marketdata`.
    MarketData,
}

/// How a fault is armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Armed {
    /// How often it strikes.
    #[serde(default = "once")]
    pub count: u32,
    /// The HTTP status, where the fault has one.
    #[serde(default)]
    pub status: Option<u16>,
    /// How long it lasts, where it does, milliseconds by the wall.
    #[serde(default)]
    pub ms: Option<u64>,
    /// Which calls it strikes; all unless given.
    #[serde(default)]
    pub only: Option<Target>,
}

const fn once() -> u32 {
    1
}

impl Armed {
    /// Strikes so many times without more ado.
    pub const fn times(count: u32) -> Self {
        Self { count, status: None, ms: None, only: None }
    }

    /// Reads how a fault is armed: a number of times, `true` for once, `false` for not
    /// at all, or an object of `count`, `status`, `ms`, `only`.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(is_armed) => Some(Self::times(u32::from(*is_armed))),
            Value::Number(number) => Some(Self::times(u32::try_from(number.as_u64()?).ok()?)),
            Value::Object(_) => serde_json::from_value(value.clone()).ok(),
            Value::Null | Value::String(_) | Value::Array(_) => None,
        }
    }
}

impl Fault {
    /// Finds a fault by its name.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(Value::String(name.to_owned())).ok()
    }

    /// Finds the fault that a number of the Alpaca server means here, where there is one.
    pub const fn numbered(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::DropAfterAccept,
            2 => Self::ErrorAfterAccept,
            3 => Self::TooMany,
            4 => Self::FillDuringCancel,
            6 => Self::StreamDrop,
            7 => Self::DuplicateActivity,
            8 => Self::EventBeforeAnswer,
            11 => Self::StuckCancel,
            13 => Self::FeatureNotSupported,
            15 => Self::HtmlPage,
            19 => Self::RejectLater,
            _ => return None,
        })
    }
}

/// The faults that are armed.
#[derive(Debug)]
pub struct Faults {
    /// Held for a look; at most one row per fault.
    rows: Mutex<HashMap<Fault, Armed>>,
    /// Counts the changes, for those who wait for a fault that strikes by itself.
    changes: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { rows: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Faults {
    /// Arms a fault; a count of zero disarms it.
    pub fn arm(&self, fault: Fault, armed: Armed) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if armed.count > 0 {
            rows.insert(fault, armed);
        } else {
            rows.remove(&fault);
        }
        drop(rows);
        self.stir();
    }

    /// Wakes those who wait for a change.
    pub fn stir(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Tells whether a fault strikes here and now, and counts it.
    pub fn take(&self, fault: Fault) -> Option<Armed> {
        self.take_at(fault, |_| true)
    }

    /// Takes a fault that is meant for such a call.
    pub fn take_at(&self, fault: Fault, is_hit: impl FnOnce(Target) -> bool) -> Option<Armed> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let armed = rows.get_mut(&fault)?;
        if armed.only.is_some_and(|target| !is_hit(target)) {
            return None;
        }
        armed.count -= 1;
        let taken = *armed;
        if taken.count == 0 {
            rows.remove(&fault);
        }
        Some(taken)
    }

    /// Hears whenever something is armed, disarmed or set.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_strikes_as_often_as_it_was_armed_and_where_it_was_meant() {
        let faults = Faults::default();
        let arm = |value: Value| {
            faults.arm(Fault::named("e1").unwrap(), Armed::of(&value).unwrap());
        };
        let strikes = |target| faults.take_at(Fault::E1, |only| only == target).is_some();
        arm(json!({ "count": 2, "only": "orders" }));
        assert!(!strikes(Target::MarketData));
        assert_eq!([(); 3].map(|()| strikes(Target::Orders)), [true, true, false]);
        arm(json!(true));
        assert!(strikes(Target::MarketData));
        arm(json!(3));
        arm(json!(false));
        assert!(!strikes(Target::Orders));
        assert_eq!((Armed::of(&json!("x")), Fault::named("e9")), (None, None));
    }
}
