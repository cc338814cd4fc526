//! The names of metrics, with unit and meaning.
//!
//! Names and units are OpenTelemetry's; the Prometheus page writes them with underscores
//! and the unit at the end, as its conventions want: `flightdeck.bus.lag` in `s` is
//! `flightdeck_bus_lag_seconds` there.

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// Its unit, in the notation of UCUM; empty for a state.
    pub unit: &'static str,
    /// What it says.
    pub about: &'static str,
}

macro_rules! named {
    ($($constant:ident = $name:literal, $unit:literal, $about:literal;)+) => {
        $(
            #[doc = $about]
            pub(in crate::telemetry) const $constant: Named =
                Named { name: $name, unit: $unit, about: $about };
        )+

        /// Every metric of the house.
        pub const ALL: &[Named] = &[$($constant),+];
    };
}

named! {
    DECISION_TO_WIRE = "flightdeck.order.decision_to_wire", "s",
        "Time from the order's event to the first byte sent";
    WIRE_TO_ACK = "flightdeck.order.wire_to_ack", "s",
        "Time from sending an order to the venue's answer";
    ACK_TO_FILL = "flightdeck.order.ack_to_fill", "s",
        "Time from the venue's answer to the order's last fill";
    ORDERS = "flightdeck.orders", "{order}",
        "Orders by what became of them";
    UNKNOWN = "flightdeck.order.unknown", "{order}",
        "Orders whose outcome is unknown now";
    UNKNOWN_AGE = "flightdeck.order.unknown.age", "s",
        "Age of the oldest order whose outcome is unknown; 0 without one";
    NAKED = "flightdeck.position.naked", "s",
        "For how long the position that waits longest for its stop has been without; 0 without one";
    NAKED_TIME = "flightdeck.position.naked_time", "s",
        "Time from an opened position to the stop that rests";
    LIMIT_USED = "flightdeck.limit.used", "{request}",
        "Requests counted in the last minute, by budget";
    LIMIT_ALLOWED = "flightdeck.limit.allowed", "{request}",
        "Requests allowed in a minute, by budget";
    LIMITER_WAIT = "flightdeck.limiter.wait", "s",
        "Time that a request waited for its lane";
    BREAKER_STATE = "flightdeck.breaker.state", "",
        "State of a breaker: 0 closed, 1 half open, 2 open, 3 latched";
    BREAKER_CHANGES = "flightdeck.breaker.changes", "{change}",
        "Changes of breakers, by breaker and new state";
    TOKEN_EXPIRY = "flightdeck.token.expiry", "s",
        "Time that a broker's token is still good for, by broker";
    BUS_LAG = "flightdeck.bus.lag", "s",
        "Time that an input waited at the door";
    BUS_COMMANDS = "flightdeck.bus.commands", "{command}",
        "Commands and votes heard on the bus to other processes, by what became of them";
    BUS_DROPPED = "flightdeck.bus.dropped", "{event}",
        "Market data that Redis was not given because it was away or slow";
    HANDLE_TIME = "flightdeck.agent.handle", "s",
        "Time that an agent took for one event, by agent";
    AGENT_FAULTS = "flightdeck.agent.faults", "{fault}",
        "Panics and silences of agents, by agent";
    DATA_AGE = "flightdeck.data.age", "s",
        "Age of the newest quote of all symbols";
    FEED_LINKS = "flightdeck.feed.up", "",
        "Whether a feed's data are complete: 1 yes, 0 no; by feed";
    JOURNAL_COMMIT = "flightdeck.journal.commit", "s",
        "Time that the journal took to be on disk";
    RECONCILE = "flightdeck.reconcile.differences", "{difference}",
        "Differences found between journal and venue";
    TRADING_STATE = "flightdeck.trading.state", "",
        "State of trading: 0 active, 1 reducing, 2 halted, 3 flatten";
    EVENTS = "flightdeck.events", "{event}",
        "Events of the house, by family";
    QUOTES = "flightdeck.quotes", "{quote}",
        "Quotes that were vouched for";
    TRADES = "flightdeck.trades", "{trade}",
        "Finished trades, by why they ended";
    REFUSALS = "flightdeck.risk.refusals", "{refusal}",
        "Entries that risk refused, by rule";
    INVALID = "flightdeck.trade.invalid", "{transition}",
        "Transitions that a trade's machine refused";
    SPANS_SENT = "flightdeck.spans.sent", "{span}",
        "Spans that the collector took";
    SPANS_DROPPED = "flightdeck.spans.dropped", "{span}",
        "Spans dropped because the queue was full";
    SPANS_FAILED = "flightdeck.spans.failed", "{span}",
        "Spans that the collector did not take";
}

/// Boundaries of latencies, seconds: a tenth of a millisecond to half a minute.
pub(in crate::telemetry) const LATENCY: &[f64] = &[
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];
/// Boundaries of what happens inside the process, seconds: a microsecond to a second.
pub(in crate::telemetry) const INSIDE: &[f64] = &[
    0.000_001,
    0.000_002_5,
    0.000_005,
    0.000_01,
    0.000_025,
    0.000_05,
    0.0001,
    0.000_25,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.1,
    0.25,
    1.0,
];
/// Boundaries of how long things take in the market, seconds: a hundredth to an hour.
pub(in crate::telemetry) const MARKET: &[f64] =
    &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_in_the_page_for_those_who_build_dashboards() {
        let page = include_str!("../../../docs/observability.md");
        let missing: Vec<&str> = ALL
            .iter()
            .map(|named| named.name)
            .filter(|name| !page.contains(&format!("`{name}`")))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn boundaries_rise() {
        for boundaries in [LATENCY, INSIDE, MARKET] {
            assert!(boundaries.is_sorted_by(|before, after| before < after));
        }
    }
}
