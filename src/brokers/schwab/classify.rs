//! What a failed call means: refused, or unknown, and why in our words.
//!
//! Schwab has five shapes of errors and no numeric code, so the reason comes from the
//! text alone (Schwab, protocol page §2.1 of November 2026). Knows no connection: what
//! went wrong before an answer came is judged in [`rest`](crate::brokers::schwab::rest).

use crate::breakers::CallOutcome;
use crate::brokers::call::{CallError, Refusal};
use crate::brokers::schwab::config::masked;
use crate::brokers::schwab::wire::{WireError, WireFault, WireItem};
use crate::brokers::words::cleaned;
use crate::domain::order::RejectReason;
use crate::domain::time::Timestamp;

/// What an answer's headers say besides its body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Beside {
    /// Schwab's name of the request.
    pub(crate) request_id: Option<String>,
    /// When calls make sense again, on a 429 that says so.
    pub(crate) retry_at: Option<Timestamp>,
}

/// Judges an answer that is not a success.
pub(crate) fn failure(status: u16, body: &[u8], beside: Beside) -> CallError {
    let message = words(status, body);
    let unknown = |outcome| CallError::Unknown {
        outcome,
        detail: cleaned(&format!("HTTP {status}: {message}")),
        rate: None,
    };
    match status {
        408 => unknown(CallOutcome::TimedOut),
        // An order may have been taken behind any of them (§3.5, step 4).
        500..=599 => unknown(CallOutcome::ServerError),
        400..=499 => CallError::Refused(refusal(status, message, beside)),
        // Redirects are not followed: who sent one knows nothing of the order.
        _ => unknown(CallOutcome::Malformed),
    }
}

fn refusal(status: u16, message: String, beside: Beside) -> Refusal {
    let message = match status {
        // Only a token that was renewed for this very call leads here: it is not the
        // token (§1.5), and yet only a human can help.
        401 => cleaned(&format!(
            "Schwab refuses a fresh token: log in again (flightdeck login schwab) or look \
             whether the app has this product: {message}"
        )),
        _ => message,
    };
    // What these statuses say has nothing to do with the order.
    let reason =
        if matches!(status, 401 | 429) { RejectReason::Other } else { reason_of(&message) };
    Refusal {
        status,
        code: None,
        reason,
        message,
        estimated_cost: None,
        buying_power: None,
        retry_at: beside.retry_at,
        rate: None,
        request_id: beside.request_id,
    }
}

/// Whether an answer says, in one of Schwab's own shapes, that a thing does not exist.
/// The text of a missing route (E5) is no such evidence.
pub(crate) fn says_not_found(status: u16, body: &[u8]) -> bool {
    status == 404
        && serde_json::from_slice::<WireError>(body)
            .is_ok_and(|error| error.message.is_some() || error.errors.is_some())
}

/// What to tell a human: Schwab's words, or what came instead.
fn words(status: u16, body: &[u8]) -> String {
    let text = if let Ok(error) = serde_json::from_slice::<WireError>(body) {
        said(&error)
    } else {
        let text = String::from_utf8_lossy(body);
        let is_page = text.trim_start().starts_with('<');
        if is_page { "a page of HTML instead of an answer".into() } else { text.into_owned() }
    };
    let text = scrubbed(&cleaned(&text));
    if !text.is_empty() {
        return text;
    }
    let name = http::StatusCode::from_u16(status).ok().and_then(|known| known.canonical_reason());
    format!("{} without a word", name.unwrap_or("an answer").to_lowercase())
}

/// Without account numbers (8 or 9 digits) and hashes (32 or more letters and digits):
/// the text of a missing route holds the path.
fn scrubbed(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for run in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let word = run.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if (is_number && matches!(word.len(), 8 | 9)) || word.len() >= 32 {
            kept.push_str(&masked(word));
            kept.push_str(run.get(word.len()..).unwrap_or_default());
        } else {
            kept.push_str(run);
        }
    }
    kept
}

/// The words of E1 to E4.
fn said(error: &WireError) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(error.message.clone());
    for item in error.errors.iter().flatten() {
        let text = match serde_json::from_str::<String>(item.get()) {
            Ok(text) => text,
            Err(_) => match serde_json::from_str::<WireItem>(item.get()) {
                Ok(WireItem { title, detail, .. }) => {
                    [title, detail].into_iter().flatten().collect::<Vec<_>>().join(": ")
                }
                Err(_) => continue,
            },
        };
        if !parts.contains(&text) {
            parts.push(text);
        }
    }
    parts.extend(error.fault.as_ref().and_then(|WireFault { faultstring }| faultstring.clone()));
    parts.extend(error.error.clone());
    parts.extend(error.error_description.clone());
    parts.join("; ")
}

/// Texts in lower case that decide a reason, in this order: one that contains another
/// stands before it. Schwab publishes no list; these are words that users have reported
/// (page §6) and the plainest others. What is not here is *other*.
const TEXTS: &[(&str, RejectReason)] = &[
    ("buying power", RejectReason::InsufficientFunds),
    ("insufficient funds", RejectReason::InsufficientFunds),
    ("not enough funds", RejectReason::InsufficientFunds),
    ("enough available cash", RejectReason::InsufficientFunds),
    ("oversold", RejectReason::InsufficientShares),
    ("oversell", RejectReason::InsufficientShares),
    ("position_sys_0001", RejectReason::InsufficientShares),
    ("enough shares", RejectReason::InsufficientShares),
    ("exceeds your position", RejectReason::InsufficientShares),
    ("hard to borrow", RejectReason::NotShortable),
    ("not available to borrow", RejectReason::NotShortable),
    ("not shortable", RejectReason::NotShortable),
    ("cannot be sold short", RejectReason::NotShortable),
    ("short sale", RejectReason::NotShortable),
    ("order_sys_0002", RejectReason::InvalidPrice),
    ("decimal", RejectReason::InvalidPrice),
    ("penny", RejectReason::InvalidPrice),
    ("tick", RejectReason::InvalidPrice),
    ("stop price", RejectReason::InvalidPrice),
    ("limit price", RejectReason::InvalidPrice),
    ("invalid price", RejectReason::InvalidPrice),
    ("quantity", RejectReason::InvalidQuantity),
    ("fractional", RejectReason::InvalidQuantity),
    ("invalid symbol", RejectReason::UnknownSymbol),
    ("symbol not found", RejectReason::UnknownSymbol),
    ("unknown symbol", RejectReason::UnknownSymbol),
    ("halted", RejectReason::Halted),
    ("market is closed", RejectReason::MarketClosed),
    ("closing transactions only", RejectReason::AccountBlocked),
    ("account_sys", RejectReason::AccountBlocked),
    ("restricted", RejectReason::AccountBlocked),
    ("order not found", RejectReason::NotWorking),
    ("cannot be canceled", RejectReason::NotWorking),
    ("cannot be replaced", RejectReason::NotWorking),
    ("already canceled", RejectReason::NotWorking),
    ("already filled", RejectReason::NotWorking),
];

/// Why Schwab refused, in our words, as far as its text says.
pub(crate) fn reason_of(message: &str) -> RejectReason {
    let message = message.to_lowercase();
    let known = TEXTS.iter().find(|(text, _)| message.contains(text));
    known.map_or(RejectReason::Other, |(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: &str) {
        let message = match failure(status, body.as_bytes(), Beside::default()) {
            CallError::Refused(refusal) => refusal.message,
            CallError::Unknown { detail, .. } => detail,
            other @ (CallError::NotSent { .. } | CallError::LoginNeeded { .. }) => {
                panic!("{other}")
            }
        };
        assert!(message.contains(expected), "{body}: {message}");
    }

    #[test]
    fn all_five_shapes_are_put_into_words() {
        check(400, r#"{"message":"bad order","errors":["bad order","price"]}"#, "bad order; price");
        check(
            400,
            r#"{"errors":[{"id":"4a1c","status":"400","title":"Bad Request","detail":"no symbols"}]}"#,
            "Bad Request: no symbols",
        );
        check(404, r#"{"errors":[{"id":"1","status":404,"title":"Not Found"}]}"#, "Not Found");
        check(
            500,
            r#"{"fault":{"faultstring":"Body buffer overflow","detail":{"errorcode":"x"}}}"#,
            "HTTP 500: Body buffer overflow",
        );
        check(400, r#"{"error":"invalid_client","error_description":"no"}"#, "invalid_client; no");
        check(403, "<html><h1>Access Denied</h1></html>", "a page of HTML");
        check(404, "404 Not Found: Requested route (x) does not exist.", "Requested route");
        check(502, "", "bad gateway without a word");
    }

    #[test]
    fn neither_number_nor_hash_of_an_account_passes() {
        let hash = "9F0C".repeat(16);
        let text = format!("Requested route (/accounts/{hash}/orders) of 11112222 is gone");
        let expected = "Requested route (/accounts/...F0C/orders) of ...222 is gone";
        assert_eq!(scrubbed(&text), expected);
        assert_eq!(scrubbed("order 1000000000001 at 10.25"), "order 1000000000001 at 10.25");
    }

    #[track_caller]
    fn check_kind(status: u16, is_refused: bool, outcome: CallOutcome) {
        let error = failure(status, b"", Beside::default());
        assert_eq!(matches!(error, CallError::Refused(_)), is_refused, "{status}");
        assert_eq!(error.outcome(), outcome, "{status}");
    }

    #[test]
    fn a_refusal_is_certain_and_a_failure_of_the_service_is_not() {
        for status in [400, 403, 404, 422] {
            check_kind(status, true, CallOutcome::CallerError);
        }
        check_kind(429, true, CallOutcome::RateLimited);
        check_kind(401, true, CallOutcome::ServerError);
        check_kind(408, false, CallOutcome::TimedOut);
        for status in [500, 502, 503, 504] {
            check_kind(status, false, CallOutcome::ServerError);
        }
        check_kind(302, false, CallOutcome::Malformed);
    }

    #[test]
    fn only_schwabs_own_words_say_that_a_thing_does_not_exist() {
        assert!(says_not_found(404, br#"{"message":"Order not found"}"#));
        assert!(says_not_found(404, br#"{"errors":[{"status":"404","title":"Not Found"}]}"#));
        assert!(!says_not_found(404, b"404 Not Found: Requested route (x) does not exist."));
        assert!(!says_not_found(404, b"{}"));
        assert!(!says_not_found(400, br#"{"message":"Order not found"}"#));
    }

    #[track_caller]
    fn check_reason(message: &str, expected: RejectReason) {
        assert_eq!(reason_of(message), expected, "{message}");
    }

    #[test]
    fn the_reason_is_read_out_of_the_text() {
        use RejectReason::{
            InsufficientFunds, InsufficientShares, InvalidPrice, NotShortable, Other,
        };
        check_reason("You do not have enough Buying Power for this order.", InsufficientFunds);
        check_reason("This order may result in an oversold position", InsufficientShares);
        check_reason("Enter the price in decimal form, to two places.", InvalidPrice);
        check_reason("Rule Order_Sys_0002", InvalidPrice);
        check_reason("This stock is hard to borrow", NotShortable);
        check_reason("something nobody has seen", Other);
    }
}
