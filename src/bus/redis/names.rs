//! What lies where in Redis: channels, streams, keys.
//!
//! | name | kind | holds |
//! |---|---|---|
//! | `strategy.entry.signal`, … | channel | every event of that name, as its envelope |
//! | `operator.kill`, `order.cancel`, … | channel | signed commands, and the envelopes of what was asked |
//! | `strategy.cast_vote` | channel | signed votes of members outside |
//! | `flightdeck:{instance}:orders` | stream, capped | envelopes of the order path, field `envelope` |
//! | `flightdeck:{instance}:journal` | string | which journal the stream follows |
//! | `flightdeck:{instance}:about` | string | what those who look on must know of the instance |
//! | `flightdeck:{instance}:lease`, `:fence` | strings | who runs the instance, and the newest fencing token |
//! | `flightdeck:{instance}:seat:…` | lists | what passes between the house and a seat elsewhere |
//! | `flightdeck:reply:{sender}` | channel | what became of a sender's commands |
//!
//! An entry of the stream has the id `{generation}-{seq}`: the generation is new for
//! every new journal and only rises, the rest is the event's own number. So the last id
//! says how far the stream has come, and nothing can be added twice.

use crate::domain::command::OperatorCommand;
use crate::events::RequestEvent;

/// The field of a stream's entry.
pub const ENVELOPE_FIELD: &str = "envelope";
/// Cancels a working order, by the name that the execution agent hears.
pub const ORDER_CANCEL: &str = "order.cancel";
/// What a person at the local terminal alone may say, and is refused here: that the house
/// trades again, and what is so at the broker.
pub const LOCAL_ONLY: [&str; 3] = ["operator.resume", "operator.settle", "operator.acknowledge"];
/// Approves a trade.
pub const APPROVE: &str = "operator.approve";
/// Halts.
pub const KILL: &str = "operator.kill";
/// Casts the vote of a member outside the process.
pub const CAST_VOTE: &str = "strategy.cast_vote";
/// Asks the members outside; they vote on [`CAST_VOTE`].
pub const VOTE_REQUESTED: &str = "strategy.vote.requested";

/// Where everything of one instance lies.
#[derive(Debug, Clone)]
pub struct Places {
    /// The stream of the order path.
    pub stream: String,
    /// Which journal the stream follows.
    pub journal: String,
    /// What those who look on must know of the instance.
    pub about: String,
    /// Who runs the instance.
    pub lease: String,
    /// How many have run it.
    pub fence: String,
}

impl Places {
    /// Names the places of an instance.
    pub fn of(instance: &str) -> Self {
        Self {
            stream: format!("flightdeck:{instance}:orders"),
            journal: format!("flightdeck:{instance}:journal"),
            about: format!("flightdeck:{instance}:about"),
            lease: format!("flightdeck:{instance}:lease"),
            fence: format!("flightdeck:{instance}:fence"),
        }
    }
}

/// Returns the channel of the answers to a sender.
pub fn reply_channel(sender: &str) -> String {
    format!("flightdeck:reply:{sender}")
}

/// Tells whether an event belongs on the stream: everything that an order, a position or
/// a decision of a person depends on. Market data, timers, questions and running profit
/// are replaced by the next one and are on Pub/Sub alone.
pub fn is_order_path(name: &str) -> bool {
    match name.split_once('.') {
        Some(("order" | "venue" | "trade" | "breaker" | "operator", rest)) => rest != "get_status",
        Some(("risk", rest)) => rest.contains('.'),
        Some(("position", rest)) => {
            rest != "pnl.updated" && (rest.contains('.') || rest.ends_with("_stop"))
        }
        Some(("strategy", rest)) => {
            matches!(rest, "entry.signal" | "exit.signal" | "ensemble.signal" | "trade.logged")
        }
        Some(("system", rest)) => rest != "timer.due",
        Some(_) | None => false,
    }
}

/// Returns every topic on which a command is heard, in its own spelling and in its short
/// one where it has any, with the name that it stands for.
pub fn command_topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    let families = OperatorCommand::NAMES.iter().chain(RequestEvent::NAMES);
    let spelt = families.flat_map(|wire| {
        std::iter::once((wire.name, wire.name)).chain(wire.alias.map(|alias| (alias, wire.name)))
    });
    spelt.chain([(ORDER_CANCEL, ORDER_CANCEL), (CAST_VOTE, CAST_VOTE)])
}

/// Returns the name that a topic stands for, `None` when no command is heard there.
pub fn command_name(topic: &str) -> Option<&'static str> {
    command_topics().find(|(spelt, _)| *spelt == topic).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_carries_what_an_order_depends_on_and_no_market_data() {
        for name in [
            "order.submit",
            "order.fill.complete",
            "risk.trade.approved",
            "position.stop.set",
            "position.set_stop",
            "operator.kill",
            "system.bus.down",
            "strategy.entry.signal",
            "venue.order.filled",
        ] {
            assert!(is_order_path(name), "{name}");
        }
        for name in [
            "market_data.quote.updated",
            "feed.market.received",
            "tape.market.moved",
            "system.timer.due",
            "position.pnl.updated",
            "order.get_status",
            "risk.check_limits",
            "position.track",
            "strategy.hold.signal",
        ] {
            assert!(!is_order_path(name), "{name}");
        }
    }

    #[test]
    fn every_two_segment_request_is_a_topic() {
        for name in [
            "market_data.get_quote",
            "order.cancel",
            "operator.kill",
            "risk.check_limits",
            "strategy.cast_vote",
        ] {
            assert_eq!(command_name(name), Some(name));
        }
        assert_eq!(command_name("risk.trade.approved"), None);
        assert_eq!(command_name("order.submit"), None);
    }
}
