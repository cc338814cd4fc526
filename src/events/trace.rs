//! The names of traces: sixteen bytes for a trade's trace, eight for each span in it.
//!
//! They are worked out from the trade and the events' numbers, never drawn, so that the
//! envelope on the wire, the spans that a collector gets and a replay of the journal all
//! say the same ones (W3C Trace Context, §3.2). What spans there are is the business of
//! [`telemetry`](crate::telemetry); this knows only how they are named.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::domain::ids::TradeId;

/// A span in a trace, as others may refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceContext {
    /// The trace; never zero.
    pub trace_id: u128,
    /// The span; never zero.
    pub span_id: u64,
}

impl TraceContext {
    /// The first span of a trade's trace, which every event of the trade names.
    pub fn of(trade_id: &TradeId) -> Self {
        let key = trade_id.as_str().as_bytes();
        Self { trace_id: wide(key), span_id: narrow(key, b"trade", 0) }
    }

    /// A span of the same trace that begins with the event of a number.
    #[must_use]
    pub fn child(self, name: &str, seq: u64) -> Self {
        Self { span_id: narrow(&self.trace_id.to_be_bytes(), name.as_bytes(), seq), ..self }
    }

    /// The first span of a trace of its own that begins with the event of a number.
    #[must_use]
    pub fn apart(key: &str, name: &str, seq: u64) -> Self {
        let text = format!("{key}/{name}/{seq}");
        let key = text.as_bytes();
        Self { trace_id: wide(key), span_id: narrow(key, name.as_bytes(), seq) }
    }

    /// The trace alone, as 32 hexadecimal digits.
    pub fn trace(self) -> impl fmt::Display {
        fmt::from_fn(move |f| write!(f, "{:032x}", self.trace_id))
    }
}

impl fmt::Display for TraceContext {
    /// The `traceparent` of W3C Trace Context, version 00, sampled: orders always are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace_id, self.span_id)
    }
}

impl Serialize for TraceContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// FNV-1a over 64 bits. Names are few and nobody gains by a collision, so that no
/// cryptographic hash is paid for with every event written.
fn fnv(from: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(from, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// The finishing steps of splitmix64: every bit of the input moves every bit.
const fn mixed(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

fn wide(key: &[u8]) -> u128 {
    let first = fnv(BASIS, key);
    let second = fnv(mixed(first), key);
    (u128::from(mixed(first)) << 64 | u128::from(mixed(second))).max(1)
}

fn narrow(key: &[u8], name: &[u8], seq: u64) -> u64 {
    mixed(fnv(fnv(fnv(BASIS, key), name), &seq.to_be_bytes())).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn trade(number: u32) -> TradeId {
        TradeId::new(format!("trade-20260105-{number:06}"))
    }

    #[test]
    fn a_traceparent_has_the_form_of_version_00() {
        let text = TraceContext::of(&trade(1)).to_string();
        let parts: Vec<&str> = text.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2]);
        assert!(parts.iter().all(|part| part.chars().all(|c| c.is_ascii_hexdigit())), "{text}");
        assert_eq!((parts[0], parts[3]), ("00", "01"));
        assert_eq!(TraceContext::of(&trade(1)).trace().to_string(), parts[1]);
    }

    #[test]
    fn the_names_of_a_trade_never_change() {
        // Worked out by another program: journals written before must keep their traces.
        let expected = "00-09106f8848f2aa8ccb74559e10f8dc7b-c20f093b86a76824-01";
        assert_eq!(TraceContext::of(&trade(1)).to_string(), expected);
    }

    #[test]
    fn no_two_spans_of_many_trades_share_a_name() {
        let (mut traces, mut spans) = (BTreeSet::new(), BTreeSet::new());
        for number in 0..2_000 {
            let context = TraceContext::of(&trade(number));
            assert!(traces.insert(context.trace_id) && spans.insert(context.span_id));
            for seq in 0..10 {
                let child = context.child("order.submit", seq);
                assert_eq!(child.trace_id, context.trace_id);
                assert!(spans.insert(child.span_id));
                let apart = TraceContext::apart(trade(number).as_str(), "order.fill", seq);
                assert!(traces.insert(apart.trace_id) && spans.insert(apart.span_id));
            }
        }
    }
}
