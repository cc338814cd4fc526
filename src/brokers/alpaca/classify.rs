//! What a failed call means: refused, or unknown, and why in our words.
//!
//! Alpaca's numeric code alone says little (40310000 has five causes), so the reason
//! comes from status and code first and from the message second, with a place for
//! what nobody has seen (protocol page §2.4 of October 2026). Knows no connection: what
//! went wrong before an answer came is judged in [`rest`](crate::brokers::alpaca::rest).

use crate::breakers::{CallOutcome, RateHeaders};
use crate::brokers::alpaca::wire::{DecimalText, WireError};
use crate::brokers::call::{CallError, Refusal};
use crate::brokers::words::cleaned;
use crate::domain::order::RejectReason;
use crate::domain::time::Timestamp;

/// What an answer's headers say besides its body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Beside {
    /// Alpaca's count of our requests.
    pub(crate) rate: Option<RateHeaders>,
    /// Alpaca's name of the request.
    pub(crate) request_id: Option<String>,
    /// When calls make sense again, on a 429 that says so.
    pub(crate) retry_at: Option<Timestamp>,
}

/// Judges an answer that is not a success.
pub(crate) fn failure(status: u16, body: &[u8], beside: Beside) -> CallError {
    let (error, message) = said(status, body);
    let unknown = |outcome| CallError::Unknown {
        outcome,
        detail: cleaned(&format!("HTTP {status}: {message}")),
        rate: beside.rate,
    };
    match status {
        408 => unknown(CallOutcome::TimedOut),
        // A 504 can stand before an order that was taken (§2.6).
        500..=599 => unknown(CallOutcome::ServerError),
        400..=499 => {
            let code = error.code.as_ref().and_then(DecimalText::parse);
            CallError::Refused(Refusal {
                status,
                code,
                reason: reason(status, code, &message),
                message,
                estimated_cost: error.cost_basis.as_ref().and_then(DecimalText::parse),
                buying_power: error.buying_power.as_ref().and_then(DecimalText::parse),
                retry_at: beside.retry_at,
                rate: beside.rate,
                request_id: beside.request_id,
            })
        }
        // Redirects are not followed: who sent one knows nothing of the order.
        _ => unknown(CallOutcome::Malformed),
    }
}

/// Whether an answer says, in Alpaca's own envelope, that a thing does not exist. A
/// 404 of some gateway on the way is no such evidence.
pub(crate) fn says_not_found(status: u16, body: &[u8]) -> bool {
    let Ok(error) = serde_json::from_slice::<WireError>(body) else { return false };
    let code: Option<u32> = error.code.as_ref().and_then(DecimalText::parse);
    let message = error.message.unwrap_or_default().to_lowercase();
    status == 404
        && (code == Some(40_410_000)
            || message.contains("not found")
            || message.contains("does not exist"))
}

/// The envelope, and what to tell a human: Alpaca's words, or what came instead.
fn said(status: u16, body: &[u8]) -> (WireError, String) {
    if let Ok(error) = serde_json::from_slice::<WireError>(body) {
        let message = cleaned(error.message.as_deref().unwrap_or_default());
        let message = if message.is_empty() { nothing(status) } else { message };
        return (error, message);
    }
    let text = String::from_utf8_lossy(body);
    let is_page = text.trim_start().starts_with('<');
    let message = match cleaned(&text) {
        _ if is_page => "a page of HTML instead of an answer".to_owned(),
        text if text.is_empty() => nothing(status),
        text => text,
    };
    (WireError::default(), message)
}

fn nothing(status: u16) -> String {
    let name = http::StatusCode::from_u16(status).ok().and_then(|known| known.canonical_reason());
    format!("{} without a word", name.unwrap_or("an answer").to_lowercase())
}

/// Messages in lower case that decide a reason, in this order: a text that contains
/// another one stands before it.
const MESSAGES: &[(&str, RejectReason)] = &[
    ("client_order_id must be unique", RejectReason::DuplicateClientOrderId),
    ("insufficient buying power", RejectReason::InsufficientFunds),
    ("insufficient day trading buying power", RejectReason::InsufficientFunds),
    ("insufficient balance", RejectReason::InsufficientFunds),
    ("insufficient qty", RejectReason::InsufficientShares),
    ("position does not exist", RejectReason::InsufficientShares),
    ("position not found", RejectReason::InsufficientShares),
    ("wash trade", RejectReason::WashTrade),
    // Crosses our own resting order on the other side, whatever the check is called.
    ("cannot open a short sell while", RejectReason::WashTrade),
    ("cannot open a long buy while", RejectReason::WashTrade),
    ("new orders are rejected by user request", RejectReason::AccountBlocked),
    ("pattern day trading", RejectReason::AccountBlocked),
    ("account is blocked", RejectReason::AccountBlocked),
    ("account is restricted", RejectReason::AccountBlocked),
    ("account is not active", RejectReason::AccountBlocked),
    ("trading is suspended", RejectReason::AccountBlocked),
    ("fractional orders cannot be sold short", RejectReason::InvalidQuantity),
    ("is not fractionable", RejectReason::InvalidQuantity),
    ("not allowed to short", RejectReason::NotShortable),
    ("cannot be sold short", RejectReason::NotShortable),
    ("hard-to-borrow", RejectReason::NotShortable),
    ("opg orders must be submitted", RejectReason::MarketClosed),
    ("cls orders must be submitted", RejectReason::MarketClosed),
    ("market is closed", RejectReason::MarketClosed),
    ("halted", RejectReason::Halted),
    ("trading halt", RejectReason::Halted),
    ("order not found", RejectReason::NotWorking),
    ("symbol not found", RejectReason::UnknownSymbol),
    ("could not find asset", RejectReason::UnknownSymbol),
    // The next four are about an order that lives and may not be changed just now.
    ("cannot replace order in accepted status", RejectReason::Unsupported),
    ("cannot replace order in held status", RejectReason::Unsupported),
    ("cannot replace order in pending", RejectReason::Unsupported),
    ("order pending cancel", RejectReason::Unsupported),
    ("order chain not fully replaced", RejectReason::Unsupported),
    ("cannot replace order in", RejectReason::NotWorking),
    ("order already replaced", RejectReason::NotWorking),
    ("order is not open", RejectReason::NotWorking),
    ("order is already in", RejectReason::NotWorking),
    ("sub-penny", RejectReason::InvalidPrice),
    ("limit price must be", RejectReason::InvalidPrice),
    ("stop price must be", RejectReason::InvalidPrice),
    ("limit_price must be", RejectReason::InvalidPrice),
    ("stop_price must be", RejectReason::InvalidPrice),
    ("trail_percent must be", RejectReason::InvalidPrice),
    ("trail_price must be", RejectReason::InvalidPrice),
    ("invalid limit_price", RejectReason::InvalidPrice),
    ("invalid stop_price", RejectReason::InvalidPrice),
    ("qty must be", RejectReason::InvalidQuantity),
    ("qty or notional", RejectReason::InvalidQuantity),
    ("notional must be", RejectReason::InvalidQuantity),
    ("orders require", RejectReason::Unsupported),
    ("must specify one of trail_price", RejectReason::Unsupported),
    ("fractional orders must be", RejectReason::Unsupported),
    ("extended hours order must be", RejectReason::Unsupported),
    ("position intent mismatch", RejectReason::Unsupported),
    ("invalid order type", RejectReason::Unsupported),
    ("invalid side", RejectReason::Unsupported),
    ("invalid time_in_force", RejectReason::Unsupported),
];

/// Why the venue refused.
fn reason(status: u16, code: Option<u32>, message: &str) -> RejectReason {
    // What these statuses say has nothing to do with the order.
    if matches!(status, 401 | 429) {
        return RejectReason::Other;
    }
    // A historic code with one meaning (§4.12).
    if code == Some(40_310_100) {
        return RejectReason::AccountBlocked;
    }
    let message = message.to_lowercase();
    // `asset "X" not found`: the name stands in the middle.
    if message.starts_with("asset ") && message.contains("not found") {
        return RejectReason::UnknownSymbol;
    }
    let known = MESSAGES.iter().find(|(text, _)| message.contains(text));
    match (known, code) {
        (Some((_, reason)), _) => *reason,
        (None, Some(40_410_000)) => RejectReason::NotWorking,
        (None, _) => RejectReason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RejectReason::{
        AccountBlocked, DuplicateClientOrderId, InsufficientFunds, InsufficientShares,
        InvalidPrice, InvalidQuantity, MarketClosed, NotShortable, NotWorking, Other,
        UnknownSymbol, Unsupported, WashTrade,
    };

    fn refusal(status: u16, body: &str) -> Refusal {
        match failure(status, body.as_bytes(), Beside::default()) {
            CallError::Refused(refusal) => refusal,
            other @ (CallError::NotSent { .. }
            | CallError::LoginNeeded { .. }
            | CallError::Unknown { .. }) => panic!("{other}"),
        }
    }

    #[track_caller]
    fn check(status: u16, code: u32, message: &str, expected: RejectReason) {
        let message = serde_json::to_string(message).unwrap();
        let found = refusal(status, &format!(r#"{{"code":{code},"message":{message}}}"#));
        assert_eq!((found.reason, found.code), (expected, Some(code)), "{message}");
    }

    #[test]
    fn every_403_of_the_page_has_its_reason() {
        let check = |message, expected| check(403, 40_310_000, message, expected);
        check("insufficient buying power", InsufficientFunds);
        check(
            "insufficient qty available for order (requested: 35, available: 0)",
            InsufficientShares,
        );
        check("potential wash trade detected. use complex orders", WashTrade);
        check("account is not allowed to short", NotShortable);
        check("new orders are rejected by user request", AccountBlocked);
        check("cannot open a short sell while a long buy order is open", WashTrade);
        check("cannot open a long buy while a short sell order is open", WashTrade);
        check("opg orders must be submitted after 7:00pm and before 9:28am", MarketClosed);
        check("cls orders must be submitted after 7:00pm and before 3:50pm", MarketClosed);
        check("asset \"X\" is not fractionable", InvalidQuantity);
        check("something nobody has seen", Other);
    }

    #[test]
    fn every_malformed_request_of_the_page_has_its_reason() {
        let check = |message, expected| check(422, 40_010_001, message, expected);
        check("client_order_id must be unique", DuplicateClientOrderId);
        check("client_order_id must be no more than 128 characters", Other);
        check("qty must be > 0", InvalidQuantity);
        check("limit price must be > 0", InvalidPrice);
        check("qty or notional is required", InvalidQuantity);
        check("only one of qty or notional is accepted", InvalidQuantity);
        check("limit orders require a limit price", Unsupported);
        check("stop orders require a stop price", Unsupported);
        check("stop limit orders require both stop and limit price", Unsupported);
        check("market orders require no stop or limit price", Unsupported);
        check("trailing stop orders must specify one of trail_price or trail_percent", Unsupported);
        check("trail_percent must be greater than or equal to 0.1", InvalidPrice);
        check("invalid order type", Unsupported);
        check("invalid side", Unsupported);
        check("invalid time_in_force", Unsupported);
        check("order_id is missing", Other);
    }

    #[test]
    fn every_unacceptable_request_of_the_page_has_its_reason() {
        let check = |message, expected| check(422, 42_210_000, message, expected);
        check("order is already in \"filled\" state", NotWorking);
        check("cannot replace order in accepted status", Unsupported);
        check("cannot replace order in pending_new status", Unsupported);
        check("cannot replace order in filled status", NotWorking);
        check("order already replaced", NotWorking);
        check("order chain not fully replaced", Unsupported);
        check("order parameters are not changed", Other);
        check("qty must be > filled_qty", InvalidQuantity);
        check("unable to replace order, order is not open", NotWorking);
        check("order pending cancel", Unsupported);
        check("asset \"X\" not found", UnknownSymbol);
        check("asset \"X\" cannot be sold short", NotShortable);
        check("only day orders are allowed for hard-to-borrow asset \"X\"", NotShortable);
        check("fractional orders must be DAY orders", Unsupported);
        check("fractional orders must be simple orders", Unsupported);
        check("fractional orders cannot be sold short", InvalidQuantity);
        check("notional must be >= 1.00", InvalidQuantity);
        check("extended hours order must be DAY or GTC limit orders", Unsupported);
        check(
            "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria",
            InvalidPrice,
        );
        check("stop price must be less than current price", InvalidPrice);
        check("take_profit.limit_price must be >= base_price + 0.01", InvalidPrice);
        check("stop_loss.stop_price must be <= base_price - 0.01", InvalidPrice);
        check("bracket orders require take_profit.limit_price", Unsupported);
        check("position intent mismatch, inferred: buy_to_open, specified: x", Unsupported);
    }

    #[test]
    fn what_does_not_exist_and_historic_codes() {
        check(404, 40_410_000, "order not found for 7b08df51", NotWorking);
        check(404, 40_410_000, "position does not exist", InsufficientShares);
        check(404, 40_410_000, "symbol not found: X", UnknownSymbol);
        check(
            403,
            40_310_100,
            "trade denied due to pattern day trading protection",
            AccountBlocked,
        );
        check(409, 40_010_001, "client_order_id must be unique", DuplicateClientOrderId);
    }

    #[test]
    fn details_are_amounts() {
        let found = refusal(
            403,
            r#"{"buying_power":"1825.95","code":40310000,"cost_basis":"2813.21","message":"insufficient buying power"}"#,
        );
        assert_eq!(found.buying_power.unwrap().to_string(), "1825.95");
        assert_eq!(found.estimated_cost.unwrap().to_string(), "2813.21");
    }

    #[test]
    fn bodies_without_an_envelope_are_refusals_too() {
        assert_eq!(refusal(401, r#"{"message":"unauthorized."}"#).message, "unauthorized.");
        assert_eq!(refusal(403, r#"{"message":"forbidden."}"#).reason, Other);
        let page = refusal(401, "<html><body>Authorization Required</body></html>");
        assert_eq!(page.message, "a page of HTML instead of an answer");
        assert_eq!(refusal(400, "").message, "bad request without a word");
        assert_eq!(refusal(429, "slow\u{1b}[2J down").message, "slow[2J down");
        assert_eq!(refusal(429, "").status, 429);
    }

    #[track_caller]
    fn check_unknown(status: u16, body: &str, expected: CallOutcome) {
        let failure = failure(status, body.as_bytes(), Beside::default());
        assert!(
            matches!(failure, CallError::Unknown { outcome, .. } if outcome == expected),
            "{status}: {failure}"
        );
    }

    #[test]
    fn a_server_in_trouble_says_nothing_about_the_order() {
        check_unknown(500, r#"{"code":50010000,"message":"internal"}"#, CallOutcome::ServerError);
        check_unknown(502, "<html>", CallOutcome::ServerError);
        check_unknown(504, "", CallOutcome::ServerError);
        check_unknown(408, "", CallOutcome::TimedOut);
        check_unknown(302, "", CallOutcome::Malformed);
    }

    #[test]
    fn only_alpacas_own_404_proves_absence() {
        assert!(says_not_found(404, br#"{"code":40410000,"message":"order not found for x"}"#));
        assert!(says_not_found(404, br#"{"message":"position does not exist"}"#));
        assert!(!says_not_found(404, b"<html>404 Not Found</html>"));
        assert!(!says_not_found(404, b"{}"));
        assert!(!says_not_found(500, br#"{"code":40410000,"message":"order not found"}"#));
    }
}
