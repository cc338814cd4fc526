//! What happens to an order, as the trading stream tells it.
//!
//! Pure translation of an [`OrderNotice`]; the order itself is written by the same
//! code as in REST, except that the stream never fills `legs` (Alpaca, protocol page
//! §6 of October 2026).

use crate::brokers::sim::server::OrderNotice;
use crate::brokers::sim::server::frames::Field;
use crate::domain::time::Timestamp;

/// Digits of a ULID (Crockford's base 32).
const ULID_DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Returns the message of a notice, with the order as REST writes it.
pub(super) fn update(notice: &OrderNotice, order: Field) -> Field {
    message(notice, notice.kind.name().into(), order)
}

/// Returns a message whose event and status no client knows (fault 14 of §9).
pub(super) fn strange_update(notice: &OrderNotice, mut order: Field) -> Field {
    if let Field::Object(fields) = &mut order {
        for (name, value) in fields.iter_mut().filter(|(name, _)| name == "status") {
            debug_assert_eq!(name, "status", "only the status is strange");
            *value = "under_review".into();
        }
    }
    message(notice, "review_opened".into(), order)
}

/// Returns a message without data (fault 13 of §9).
pub(super) fn null_update() -> Field {
    Field::object([("stream", "trade_updates".into()), ("data", Field::Null)])
}

fn message(notice: &OrderNotice, event: Field, order: Field) -> Field {
    let mut data = vec![
        ("event".into(), event),
        ("event_id".into(), Field::text(ulid(notice.at, notice.number))),
        ("at".into(), Field::Text(notice.at.to_string().into())),
        ("timestamp".into(), Field::Text(notice.at.to_string().into())),
    ];
    if let Some(execution) = &notice.execution {
        data.extend([
            ("execution_id".into(), Field::text(execution.id.as_str())),
            ("price".into(), Field::text(plain(&execution.price.to_string()))),
            ("qty".into(), Field::text(execution.qty.to_string())),
            ("position_qty".into(), Field::text(notice.position_qty())),
        ]);
    }
    data.push(("order".into(), order));
    Field::object([("stream", "trade_updates".into()), ("data", Field::Object(data))])
}

/// A decimal without the zeros at its end, as Alpaca writes it.
fn plain(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// The sortable name of an event: 48 bits of milliseconds, then its number.
fn ulid(at: Timestamp, number: u64) -> String {
    let millis = u128::from(at.as_nanos().div_euclid(1_000_000).unsigned_abs() & 0xffff_ffff_ffff);
    let bits = millis << 80 | u128::from(number);
    let digit = |place: u32| {
        let value = usize::try_from(bits >> (5 * place) & 31).unwrap_or_default();
        char::from(ULID_DIGITS[value])
    };
    (0..26).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_names_sort_by_time_and_then_by_number() {
        let at = |millis: i64| Timestamp::from_nanos(millis * 1_000_000);
        // The example of the ULID specification has this time.
        assert!(ulid(at(1_469_918_176_385), 1).starts_with("01ARYZ6S41"));
        assert_eq!(ulid(at(1_469_918_176_385), 33).len(), 26);
        assert!(ulid(at(5), 1) < ulid(at(5), 2));
        assert!(ulid(at(5), 99) < ulid(at(6), 1));
    }

    #[test]
    fn decimals_are_told_without_zeros_at_their_end() {
        for (text, expected) in [("150.10", "150.1"), ("150.00", "150"), ("100", "100")] {
            assert_eq!(plain(text), expected);
        }
    }
}
