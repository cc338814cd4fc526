//! The form in which events leave the house and come back (spec §2).
//!
//! Every name has a worked example in [`crate::support::examples`]; the names
//! themselves are typed here by hand from the specification.

mod names;
mod refusals;

use std::collections::BTreeSet;

use flightdeck::domain::ids::Seq;
use flightdeck::domain::market::Tick;
use flightdeck::domain::money::{Money, Price, Qty};
use flightdeck::domain::time::Timestamp;
use flightdeck::events::wire::{self, names};
use flightdeck::events::{AccountReported, Envelope, Event, MarketEvent, VenueEvent};
use proptest::prelude::*;
use serde_json::value::RawValue;

use crate::support::examples::{self, aapl, envelope};

fn written(envelope: &Envelope) -> String {
    let mut line = Vec::new();
    wire::write(envelope, &mut line);
    String::from_utf8(line).unwrap()
}

/// The fields of a JSON object as they stand: name and raw text.
fn fields(object: &str) -> Vec<(String, String)> {
    struct Fields;
    impl<'de> serde::de::Visitor<'de> for Fields {
        type Value = Vec<(String, String)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                found.push((name, value.get().to_owned()));
            }
            Ok(found)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(object);
    serde::Deserializer::deserialize_map(&mut reader, Fields).unwrap()
}

fn field(object: &str, name: &str) -> String {
    let found = fields(object).into_iter().find(|(field, _)| field == name);
    found.unwrap_or_else(|| panic!("no field {name} in {object}")).1
}

#[test]
fn every_name_has_a_worked_example() {
    let shown: BTreeSet<&str> = examples::all().iter().map(Event::name).collect();
    let missing: Vec<&str> =
        names().map(|wire| wire.name).filter(|name| !shown.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "write an example of these");
}

#[test]
fn every_event_is_read_back_equal_and_written_again_byte_for_byte() {
    for event in examples::all() {
        let sent = envelope(event);
        let line = written(&sent);
        let received = wire::read(&line).unwrap_or_else(|error| panic!("{error:?}: {line}"));
        assert_eq!(received, sent, "{line}");
        assert_eq!(written(&received), line);
        assert!(!line.contains('\n'), "one line: {line}");
    }
}

#[test]
fn an_event_without_cause_has_no_cause_field() {
    for event in examples::all() {
        let sent = Envelope { cause: None, root: Seq(812), ..envelope(event) };
        let line = written(&sent);
        assert_eq!(wire::read(&line).unwrap(), sent);
        assert!(!field(&line, "metadata").contains("cause\""), "{line}");
    }
}

#[test]
fn the_envelope_has_the_fields_of_the_specification_in_its_order() {
    for event in examples::all() {
        let is_of_a_trade = event.trade_id().is_some();
        let line = written(&envelope(event));
        let names =
            |object: &str| fields(object).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&line), ["event", "timestamp", "trace_id", "data", "metadata"]);
        let metadata = field(&line, "metadata");
        let mut expected = vec!["source", "correlation_id", "priority", "seq", "cause"];
        expected.extend(is_of_a_trade.then_some("traceparent"));
        assert_eq!(names(&metadata), expected);
    }
}

#[test]
fn the_trace_is_the_trade_where_there_is_one_and_else_the_cascade() {
    for event in examples::all() {
        let trace = event
            .trade_id()
            .map_or_else(|| "\"cascade-809\"".into(), |id| format!("\"{}\"", id.as_str()));
        assert_eq!(field(&written(&envelope(event)), "trace_id"), trace);
    }
}

#[test]
fn the_entry_signal_is_written_to_the_letter() {
    let entry = examples::all().into_iter().find(|event| event.name() == "strategy.entry.signal");
    let expected = concat!(
        r#"{"event":"strategy.entry.signal","timestamp":"2025-10-28T14:30:00Z","#,
        r#""trace_id":"trade-20251028-1","data":{"trade_id":"trade-20251028-1","symbol":"AAPL","#,
        r#""direction":"long","entry_price":175.50,"stop_price":166.72,"target_price":201.82,"#,
        r#""quantity":5,"risk_reward_ratio":3.0,"strategy":"trend_following_3_to_1","#,
        r#""kind":{"limit":{"limit":175.50}},"confidence":0.84,"consensus":1,"size_scale":0.75},"#,
        r#""metadata":{"source":"StrategyAgent","correlation_id":"cascade-809","#,
        r#""priority":"high","seq":812,"cause":811,"#,
        r#""traceparent":"00-52fe8ff189ac29e6ec8c0bf06b26f857-a430e971e8d07fe3-01"}}"#,
    );
    assert_eq!(written(&envelope(entry.unwrap())), expected);
}

#[test]
fn an_amount_beyond_the_reach_of_binary_floats_survives() {
    let cash: Money = "123456789012345678.12345678".parse().unwrap();
    let account = |cash| {
        VenueEvent::Account(AccountReported {
            cash,
            equity: cash,
            buying_power: Money::ZERO,
            positions: Vec::new(),
            streamed: Vec::new(),
        })
    };
    for cash in [cash, -cash, Money::from_units(1), Money::from_units(-1)] {
        let line = written(&envelope(account(cash).into()));
        assert_eq!(field(&field(&line, "data"), "cash"), cash.to_string());
        assert_eq!(wire::read(&line).unwrap().event, account(cash).into());
    }
}

proptest! {
    #[test]
    fn any_price_quantity_and_time_survive(
        units in 1..=Price::MAX.units(),
        size in 0..=Qty::MAX.units(),
        at in any::<i64>(),
        seq in any::<u64>(),
    ) {
        let (price, size) = (Price::from_units(units).unwrap(), Qty::from_units(size).unwrap());
        let at = Timestamp::from_nanos(at);
        let tick = MarketEvent::Tick(Tick { symbol: aapl(), price, size, at });
        let sent = Envelope { seq: Seq(seq), root: Seq(seq), at, ..envelope(tick.into()) };
        let line = written(&sent);
        prop_assert_eq!(field(&field(&line, "data"), "price"), price.to_string());
        prop_assert_eq!(wire::read(&line).unwrap(), sent);
    }
}
