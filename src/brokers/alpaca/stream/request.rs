//! What we say on the streams.
//!
//! The data stream takes `MessagePack` when it sends `MessagePack`, the trading stream
//! takes text always (Alpaca, protocol page §6 and §7 of October 2026).

use serde::Serialize;

use super::message::Channel;
use crate::brokers::stream::session::Outgoing;

/// How the data stream writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// JSON in text frames.
    Json,
    /// `MessagePack` in binary frames: a third of the bytes and of the time.
    #[default]
    Msgpack,
}

#[derive(Serialize)]
struct Authenticate<'a> {
    action: &'static str,
    key: &'a str,
    secret: &'a str,
}

#[derive(Serialize)]
struct Listen {
    action: &'static str,
    data: Streams,
}

#[derive(Serialize)]
struct Streams {
    streams: [&'static str; 1],
}

/// The stream of order news, as the venue names it.
pub(super) const TRADE_UPDATES: &str = "trade_updates";

impl Encoding {
    fn encode(self, request: &impl Serialize) -> Outgoing {
        match self {
            Self::Json => text(request),
            Self::Msgpack => Outgoing::Binary(
                rmp_serde::to_vec_named(request).expect("texts and lists of them can be written"),
            ),
        }
    }

    /// Says who we are.
    pub(super) fn authenticate(self, key: &str, secret: &str) -> Outgoing {
        self.encode(&Authenticate { action: "auth", key, secret })
    }

    /// Asks for symbols on one channel, in addition to what is already subscribed to.
    pub(super) fn subscribe(self, channel: Channel, symbols: &[String]) -> Outgoing {
        self.encode(&Subscribe { channel, symbols })
    }
}

struct Subscribe<'a> {
    channel: Channel,
    symbols: &'a [String],
}

impl Serialize for Subscribe<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("action", "subscribe")?;
        map.serialize_entry(self.channel.name(), self.symbols)?;
        map.end()
    }
}

/// Says who we are on the trading stream.
pub(super) fn authenticate(key: &str, secret: &str) -> Outgoing {
    Encoding::Json.authenticate(key, secret)
}

/// Asks for news of orders; replaces whatever was asked for before.
pub(super) fn listen() -> Outgoing {
    text(&Listen { action: "listen", data: Streams { streams: [TRADE_UPDATES] } })
}

fn text(request: &impl Serialize) -> Outgoing {
    Outgoing::Text(serde_json::to_string(request).expect("texts and lists of them can be written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_those_of_the_page() {
        let written = |outgoing| match outgoing {
            Outgoing::Text(text) => text,
            Outgoing::Binary(bytes) => {
                let value: serde_json::Value = rmp_serde::from_slice(&bytes).unwrap();
                format!("packed {value}")
            }
        };
        let auth = r#"{"action":"auth","key":"k","secret":"s"}"#;
        assert_eq!(written(authenticate("k", "s")), auth);
        assert_eq!(written(Encoding::Msgpack.authenticate("k", "s")), format!("packed {auth}"));
        assert_eq!(
            written(Encoding::Json.subscribe(Channel::UpdatedBars, &["AAPL".into()])),
            r#"{"action":"subscribe","updatedBars":["AAPL"]}"#
        );
        assert_eq!(
            written(listen()),
            r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#
        );
    }
}
