//! What a seat wants to hear: a set of families.

/// A family as a subject of subscription. Market data are two: the flood of prices,
/// and the rare words about the market itself (session, halts, splits, doubts),
/// which some want without the flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the family of the same name in `Event`")]
pub enum Topic {
    Tape,
    Feed,
    Market,
    MarketStatus,
    Signal,
    Risk,
    Order,
    Venue,
    Position,
    Trade,
    Breaker,
    Intel,
    Operator,
    Request,
    System,
}

/// A set of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Topics(u16);

impl Topics {
    /// Every topic.
    pub const ALL: Self = Self(u16::MAX);

    /// Makes a set of the given topics.
    pub const fn of(topics: &[Topic]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < topics.len() {
            bits |= 1 << topics[at] as u16;
            at += 1;
        }
        Self(bits)
    }

    /// Tells whether a topic is in the set.
    pub const fn contains(self, topic: Topic) -> bool {
        self.0 & (1 << topic as u16) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set = Topics::of(&[Topic::Feed, Topic::System]);
        assert!(set.contains(Topic::Feed) && set.contains(Topic::System));
        assert!(!set.contains(Topic::Tape) && Topics::ALL.contains(Topic::Tape));
    }
}
