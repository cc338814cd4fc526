//! The four JSON shapes of an error (Schwab, protocol page §2.1 of November 2026, E1 to
//! E4) in one; the fifth is no JSON.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::brokers::decimal::DecimalText;

/// An error in any of the shapes. `errors` is a list of texts in E1 and of objects in
/// E2, and is read item by item.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireError {
    /// E1.
    pub(crate) message: Option<String>,
    /// E1 and E2.
    pub(crate) errors: Option<Vec<Box<RawValue>>>,
    /// E3, from the gateway before Schwab.
    pub(crate) fault: Option<WireFault>,
    /// E4.
    pub(crate) error: Option<String>,
    /// E4.
    pub(crate) error_description: Option<String>,
}

/// One item of E2; its `status` is a string or a number.
#[derive(Debug, Deserialize)]
pub(crate) struct WireItem {
    /// The status, once more.
    #[expect(dead_code, reason = "it proves that both spellings are read")]
    pub(crate) status: Option<DecimalText>,
    /// What.
    pub(crate) title: Option<String>,
    /// Why.
    pub(crate) detail: Option<String>,
}

/// The gateway's fault.
#[derive(Debug, Deserialize)]
pub(crate) struct WireFault {
    /// In words.
    pub(crate) faultstring: Option<String>,
}
