//! How long positions have been bare while the broker answered (I2).

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::domain::ids::Symbol;
use crate::domain::money::Qty;
use crate::domain::time::Timestamp;

/// So long a position may be bare while nothing is wrong (faults page §4, N) …
const CALM: SignedDuration = SignedDuration::from_secs(5);
/// … so long after a stop was refused or an entry cut short: the emergency exit comes
/// after 15 s (M), and takes its time …
const SPOILT: SignedDuration = SignedDuration::from_secs(22);
/// … and so long when news was lost: the next comparison finds it.
const BLIND: SignedDuration = SignedDuration::from_secs(60);
/// A fault is felt for so long after it has struck.
const FELT: SignedDuration = SignedDuration::from_secs(75);

/// How much a fault hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::app::simulate) enum Harm {
    /// The house is told of everything.
    Spoils,
    /// What happens is not told, or not at once.
    Blinds,
}

/// The clocks of bare positions.
#[derive(Debug, Default)]
pub(in crate::app::simulate) struct Naked {
    bare: BTreeMap<Symbol, (Qty, SignedDuration)>,
    looked: Option<Timestamp>,
    /// Nobody answers until then; time does not count.
    silent_until: Timestamp,
    felt: [Option<Timestamp>; 2],
    longest: SignedDuration,
}

impl Naked {
    /// A fault has struck: nobody answers for so long.
    pub(in crate::app::simulate) fn struck(
        &mut self,
        at: Timestamp,
        harm: Harm,
        silence: SignedDuration,
    ) {
        self.silent_until = self.silent_until.max(at.plus(silence));
        let place = usize::from(harm == Harm::Blinds);
        self.felt[place] = Some(at.plus(silence).plus(FELT));
    }

    /// What is bare has changed.
    pub(in crate::app::simulate) fn set(&mut self, bare: &BTreeMap<Symbol, Qty>) {
        self.bare.retain(|symbol, _| bare.contains_key(symbol));
        for (symbol, qty) in bare {
            self.bare.entry(*symbol).or_insert((*qty, SignedDuration::ZERO)).0 = *qty;
        }
    }

    /// Lets time pass. In words when a position has been bare for too long.
    pub(in crate::app::simulate) fn pass(&mut self, now: Timestamp, is_up: bool) -> Option<String> {
        let since = self.looked.replace(now).unwrap_or(now).max(self.silent_until);
        if self.bare.is_empty() || !is_up || now <= since {
            return None;
        }
        let limit = self.limit(now);
        let passed = now.since(since);
        let mut found = None;
        for (symbol, (qty, naked)) in &mut self.bare {
            *naked += passed;
            self.longest = self.longest.max(*naked);
            if *naked > limit && found.is_none() {
                found = Some(format!(
                    "{qty} of {symbol} have had no live exit for {:.3} s, and {} s are allowed",
                    naked.as_secs_f64(),
                    limit.as_secs()
                ));
                *naked = SignedDuration::ZERO;
            }
        }
        found
    }

    fn limit(&self, now: Timestamp) -> SignedDuration {
        let is_felt = |harm: Harm| {
            self.felt[usize::from(harm == Harm::Blinds)].is_some_and(|until| now < until)
        };
        match (is_felt(Harm::Blinds), is_felt(Harm::Spoils)) {
            (true, _) => BLIND,
            (false, true) => SPOILT,
            (false, false) => CALM,
        }
    }

    /// The longest time that a position was bare.
    pub(in crate::app::simulate) const fn longest(&self) -> SignedDuration {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naked_for(harm: Option<Harm>, seconds: i64) -> Option<String> {
        let symbol = Symbol::new("AAPL").unwrap();
        let mut naked = Naked::default();
        let at = Timestamp::from_seconds;
        if let Some(harm) = harm {
            naked.struck(at(100), harm, SignedDuration::ZERO);
        }
        naked.pass(at(100), true);
        naked.set(&BTreeMap::from([(symbol, Qty::shares(5).unwrap())]));
        naked.pass(at(100 + seconds), true)
    }

    #[test]
    fn a_bare_position_is_found_after_what_the_worst_fault_allows() {
        assert_eq!(naked_for(None, 5), None);
        assert!(naked_for(None, 6).unwrap().contains("5 of AAPL"));
        assert_eq!(naked_for(Some(Harm::Spoils), 22), None);
        assert!(naked_for(Some(Harm::Spoils), 23).is_some());
        assert_eq!(naked_for(Some(Harm::Blinds), 60), None);
        assert!(naked_for(Some(Harm::Blinds), 61).is_some());
    }

    #[test]
    fn time_in_which_nobody_answers_does_not_count() {
        let symbol = Symbol::new("AAPL").unwrap();
        let at = Timestamp::from_seconds;
        let mut naked = Naked::default();
        naked.struck(at(0), Harm::Spoils, SignedDuration::from_secs(100));
        naked.pass(at(0), true);
        naked.set(&BTreeMap::from([(symbol, Qty::shares(5).unwrap())]));
        assert_eq!(naked.pass(at(110), true), None);
        assert_eq!(naked.pass(at(115), false), None, "there is no house");
        assert_eq!(naked.pass(at(120), true), None);
        assert!(naked.pass(at(140), true).is_some());
    }
}
