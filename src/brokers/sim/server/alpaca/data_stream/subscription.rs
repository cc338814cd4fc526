//! What a data client has asked for: a set of symbols per channel.
//!
//! `subscribe` adds, `unsubscribe` subtracts, `*` is an element like any other that
//! matches every symbol (Alpaca, protocol page §7.1 of October 2026). Knows nothing
//! of sockets; the session decides when it may change.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::brokers::sim::server::frames::Field;
use crate::domain::ids::Symbol;

/// One kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// Trade prints; corrections and cancellations come with them.
    Trades,
    /// Best bids and offers.
    Quotes,
    /// Minute bars, just after the minute.
    Bars,
    /// Minute bars that a late print has changed.
    UpdatedBars,
    /// The day's bar so far, each minute.
    DailyBars,
    /// Halts and resumptions.
    Statuses,
    /// Limit-up/limit-down bands.
    Lulds,
    /// Auction imbalances: may be asked for, never said.
    Imbalances,
}

impl Channel {
    /// All channels in the order of the server's answers.
    pub(crate) const ALL: [Self; 8] = [
        Self::Trades,
        Self::Quotes,
        Self::Bars,
        Self::UpdatedBars,
        Self::DailyBars,
        Self::Statuses,
        Self::Lulds,
        Self::Imbalances,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Quotes => "quotes",
            Self::Bars => "bars",
            Self::UpdatedBars => "updatedBars",
            Self::DailyBars => "dailyBars",
            Self::Statuses => "statuses",
            Self::Lulds => "lulds",
            Self::Imbalances => "imbalances",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Trades => 0,
            Self::Quotes => 1,
            Self::Bars => 2,
            Self::UpdatedBars => 3,
            Self::DailyBars => 4,
            Self::Statuses => 5,
            Self::Lulds => 6,
            Self::Imbalances => 7,
        }
    }
}

/// The largest number of elements of one channel, so that a client cannot make the
/// server hold text without end. Above every symbol of the US tape.
const ELEMENTS_MAX: usize = 20_000;

/// Symbols or `*` per channel, as one request names them or as a client holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subscription {
    channels: [Elements; Channel::ALL.len()],
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Elements {
    has_star: bool,
    symbols: BTreeSet<Symbol>,
}

impl Elements {
    fn len(&self) -> usize {
        self.symbols.len() + usize::from(self.has_star)
    }

    fn field(&self) -> Field {
        let star = self.has_star.then(|| Field::from("*"));
        Field::List(star.into_iter().chain(self.symbols.iter().map(|s| (*s).into())).collect())
    }
}

impl Subscription {
    /// Reads the channels of a request. Keys that are no channel are ignored;
    /// `None` when a list is no list, or a symbol has a bad format.
    pub(crate) fn read(request: &Map<String, Value>) -> Option<Self> {
        let mut asked = Self::default();
        for channel in Channel::ALL {
            let elements = &mut asked.channels[channel.index()];
            let named = match request.get(channel.name()) {
                None | Some(Value::Null) => continue,
                Some(named) => named.as_array()?,
            };
            for element in named {
                let element = element.as_str()?;
                if element == "*" {
                    elements.has_star = true;
                    continue;
                }
                // Symbols are upper case (protocol page §2.3); ours are raised.
                let symbol = Symbol::new(element).ok().filter(|held| held.as_str() == element)?;
                elements.symbols.insert(symbol);
            }
            if elements.len() > ELEMENTS_MAX {
                return None;
            }
        }
        Some(asked)
    }

    /// Returns this set and another together.
    pub(crate) fn with(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        for (mine, theirs) in sum.channels.iter_mut().zip(&other.channels) {
            mine.has_star |= theirs.has_star;
            mine.symbols.extend(&theirs.symbols);
        }
        sum
    }

    /// Returns this set without another's elements.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        for (mine, theirs) in rest.channels.iter_mut().zip(&other.channels) {
            mine.has_star &= !theirs.has_star;
            mine.symbols.retain(|symbol| !theirs.symbols.contains(symbol));
        }
        rest
    }

    /// Tells whether data of a symbol goes to this client.
    pub(crate) fn includes(&self, channel: Channel, symbol: Symbol) -> bool {
        let elements = &self.channels[channel.index()];
        elements.has_star || elements.symbols.contains(&symbol)
    }

    /// Tells whether anything of a channel is asked for.
    pub(crate) fn names(&self, channel: Channel) -> bool {
        self.channels[channel.index()].len() > 0
    }

    /// Tells whether trades and quotes together stay within a number of symbols,
    /// which `*` never does.
    pub(crate) fn is_within(&self, symbols_max: usize) -> bool {
        let counted = [Channel::Trades, Channel::Quotes].map(|it| &self.channels[it.index()]);
        let count: usize = counted.iter().map(|elements| elements.len()).sum();
        count <= symbols_max && counted.iter().all(|elements| !elements.has_star)
    }

    /// Returns the answer to a request: always the full set. Corrections and
    /// cancellations follow the trades; imbalances are told where there are some.
    pub(crate) fn message(&self) -> Field {
        let mut fields = vec![("T".into(), "subscription".into())];
        for channel in Channel::ALL {
            if channel != Channel::Imbalances || self.names(channel) {
                fields.push((channel.name().into(), self.channels[channel.index()].field()));
            }
        }
        for follower in ["corrections", "cancelErrors"] {
            fields.push((follower.into(), self.channels[Channel::Trades.index()].field()));
        }
        Field::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Subscription> {
        let Value::Object(request) = serde_json::from_str(text).unwrap() else { panic!() };
        Subscription::read(&request)
    }

    #[track_caller]
    fn check(adds: &[&str], removes: &[&str], expected: &str) {
        let read = |text: &&str| read(text).unwrap();
        let held = adds.iter().map(read).fold(Subscription::default(), |held, it| held.with(&it));
        let held = removes.iter().map(read).fold(held, |held, it| held.without(&it));
        assert_eq!(serde_json::to_string(&held.message()).unwrap(), expected);
    }

    #[test]
    fn the_answer_is_the_full_set_and_corrections_follow_trades() {
        check(
            &[r#"{"trades":["MSFT","AAPL"],"bars":["*"]}"#, r#"{"quotes":["AAPL","BRK.B"]}"#],
            &[r#"{"trades":["MSFT"],"quotes":["TSLA"]}"#],
            r#"{"T":"subscription","trades":["AAPL"],"quotes":["AAPL","BRK.B"],"bars":["*"],"updatedBars":[],"dailyBars":[],"statuses":[],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}"#,
        );
    }

    #[test]
    fn the_star_is_taken_away_by_itself_only() {
        check(
            &[r#"{"trades":["*","AAPL"],"corrections":["MSFT"],"imbalances":["X"]}"#],
            &[r#"{"trades":["*"]}"#],
            r#"{"T":"subscription","trades":["AAPL"],"quotes":[],"bars":[],"updatedBars":[],"dailyBars":[],"statuses":[],"lulds":[],"imbalances":["X"],"corrections":["AAPL"],"cancelErrors":["AAPL"]}"#,
        );
        let star = read(r#"{"bars":["*"]}"#).unwrap();
        assert!(star.includes(Channel::Bars, Symbol::new("ZZZ").unwrap()));
        assert!(!star.includes(Channel::Trades, Symbol::new("ZZZ").unwrap()));
    }

    #[test]
    fn symbols_of_a_bad_format_are_not_read() {
        for bad in [r#"{"trades":["aapl"]}"#, r#"{"trades":["A B"]}"#, r#"{"bars":"AAPL"}"#] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_limit_counts_trades_and_quotes_together() {
        let asked = read(r#"{"trades":["A","B"],"quotes":["A"],"bars":["*"]}"#).unwrap();
        assert!(asked.is_within(3));
        assert!(!asked.is_within(2));
        assert!(!read(r#"{"trades":["*"]}"#).unwrap().is_within(30));
    }
}
