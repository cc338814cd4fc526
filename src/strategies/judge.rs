//! The judge: makes one decision of many votes. Pure; knows nothing of who
//! votes or why, nor of bars.

use serde::{Deserialize, Serialize};

use crate::strategies::{Action, Vote};

/// How much a vote counts, in thousandths; 1000 is one vote.
///
/// An integer, so that the order of the members cannot move a sum by a rounding
/// and break a tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weight(u32);

impl Weight {
    /// One vote.
    pub const ONE: Self = Self(1_000);

    /// Makes a weight, rounded to thousandths.
    ///
    /// # Errors
    /// When the value is not in 0.001 ..= 100.
    pub fn new(votes: f64) -> Result<Self, String> {
        if !(0.001..=100.0).contains(&votes) {
            return Err(format!("weight {votes} is out of range: use 0.001 to 100"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "1 to 100000 by the check above")]
        #[expect(clippy::cast_sign_loss, reason = "1 to 100000 by the check above")]
        let thousandths = (votes * 1_000.0).round() as u32;
        Ok(Self(thousandths))
    }
}

/// A vote as the judge sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cast<'a> {
    /// Whose it is.
    pub member: &'a str,
    /// How much it counts.
    pub weight: Weight,
    /// What was voted; `None` from a member that has no opinion yet, is late, or
    /// is left out.
    pub vote: Option<Vote>,
}

/// How a decision came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A side won and its confidence reaches the threshold.
    Entry,
    /// A side won, but its confidence is below the threshold.
    BelowThreshold,
    /// Nobody voted BUY or SELL.
    NoVotes,
    /// Both sides are equally strong and their best equally sure.
    Deadlock,
    /// The bar held an impossible number, and nobody was asked.
    UnusableBar,
}

/// What the judge decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// The side that won; HOLD when none did.
    pub action: Action,
    /// The speaker's confidence times the consensus, 0 to 1.
    pub confidence: f64,
    /// The winning votes as a share of all BUY and SELL votes, 0 to 1.
    pub consensus: f64,
    /// Which of the votes given speaks, counted from zero: the surest of the
    /// winning side.
    pub speaker: Option<usize>,
    /// The share of the usual size that the most cautious member finds wise, 0
    /// to 1.
    pub size_scale: f64,
    /// How it came about; only [`Outcome::Entry`] may lead to an order.
    pub outcome: Outcome,
    /// Whether a member failed at this bar and is left out from now on.
    pub has_new_fault: bool,
}

impl Decision {
    /// Makes the decision to do nothing.
    pub const fn none(outcome: Outcome) -> Self {
        Self {
            action: Action::Hold,
            confidence: 0.0,
            consensus: 0.0,
            speaker: None,
            size_scale: 1.0,
            outcome,
            has_new_fault: false,
        }
    }
}

/// The votes of one side so far.
#[derive(Debug, Clone, Copy, Default)]
struct Side<'a> {
    weight: u64,
    best: Option<(usize, Vote, Cast<'a>)>,
}

impl<'a> Side<'a> {
    fn count(&mut self, at: usize, vote: Vote, cast: Cast<'a>) {
        self.weight += u64::from(cast.weight.0);
        let is_better = self.best.is_none_or(|(_, best, by)| {
            // Equally sure: the weightier speaks, then the first by name, so
            // that the order of the members does not matter.
            best.confidence()
                .total_cmp(&vote.confidence())
                .then(by.weight.cmp(&cast.weight))
                .then(cast.member.cmp(by.member))
                .is_lt()
        });
        if is_better {
            self.best = Some((at, vote, cast));
        }
    }

    fn confidence(&self) -> f64 {
        self.best.map_or(0.0, |(_, vote, _)| vote.confidence())
    }
}

/// Decides:
/// 1. HOLD and missing votes drop out; without others there is no signal.
/// 2. The side with more votes (by weight) wins; between equals the side of the
///    surest vote; between equally sure ones nobody.
/// 3. The surest of the winning side speaks; its confidence is multiplied by the
///    consensus, the winning share of all BUY and SELL votes.
/// 4. Below `threshold` there is no entry.
#[inline]
pub fn judge<'a>(threshold: f64, casts: impl IntoIterator<Item = Cast<'a>>) -> Decision {
    let (mut buy, mut sell) = (Side::default(), Side::default());
    for (at, cast) in casts.into_iter().enumerate() {
        let Some(vote) = cast.vote else { continue };
        match vote.action() {
            Action::Hold => {}
            Action::Buy => buy.count(at, vote, cast),
            Action::Sell => sell.count(at, vote, cast),
        }
    }
    if buy.weight + sell.weight == 0 {
        return Decision::none(Outcome::NoVotes);
    }
    decide(threshold, &buy, &sell)
}

fn decide(threshold: f64, buy: &Side<'_>, sell: &Side<'_>) -> Decision {
    let order = buy.weight.cmp(&sell.weight).then(buy.confidence().total_cmp(&sell.confidence()));
    let winner = match order {
        std::cmp::Ordering::Greater => buy,
        std::cmp::Ordering::Less => sell,
        std::cmp::Ordering::Equal => return Decision::none(Outcome::Deadlock),
    };
    let Some((speaker, vote, _)) = winner.best else { return Decision::none(Outcome::NoVotes) };
    #[expect(clippy::cast_precision_loss, reason = "thousandths of a handful of votes")]
    let consensus = winner.weight as f64 / (buy.weight + sell.weight) as f64;
    let confidence = vote.confidence() * consensus;
    Decision {
        action: vote.action(),
        confidence,
        consensus,
        speaker: Some(speaker),
        outcome: if confidence >= threshold { Outcome::Entry } else { Outcome::BelowThreshold },
        ..Decision::none(Outcome::Entry)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Action::{Buy, Hold, Sell};
    use super::*;

    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

    fn cast(member: &str, weight: f64, vote: Option<(Action, f64)>) -> Cast<'_> {
        let vote = vote.map(|(action, confidence)| Vote::new(action, confidence).unwrap());
        Cast { member, weight: Weight::new(weight).unwrap(), vote }
    }

    /// Judges votes of equal weight and compares action, confidence, speaker and
    /// outcome.
    #[track_caller]
    fn check(votes: &[Option<(Action, f64)>], expected: (Action, f64, Option<usize>, Outcome)) {
        let casts = NAMES.iter().zip(votes).map(|(name, vote)| cast(name, 1.0, *vote));
        let decision = judge(0.5, casts);
        let (action, confidence, speaker, outcome) = expected;
        assert_eq!((decision.action, decision.speaker), (action, speaker));
        assert!((decision.confidence - confidence).abs() < 1e-12, "{}", decision.confidence);
        assert_eq!(decision.outcome, outcome);
    }

    #[test]
    fn without_votes_there_is_no_signal() {
        check(&[], (Hold, 0.0, None, Outcome::NoVotes));
        check(&[None, Some((Hold, 0.9)), None], (Hold, 0.0, None, Outcome::NoVotes));
    }

    #[test]
    fn the_majority_wins_and_its_surest_speaks_at_its_share() {
        let votes = [Some((Buy, 0.6)), Some((Sell, 1.0)), Some((Buy, 0.9)), None];
        check(&votes, (Buy, 0.9 * 2.0 / 3.0, Some(2), Outcome::Entry));
        let votes = [Some((Sell, 0.8)), Some((Hold, 0.0))];
        check(&votes, (Sell, 0.8, Some(0), Outcome::Entry));
    }

    #[test]
    fn a_tie_goes_to_the_surest_and_stays_one_between_equally_sure() {
        let votes = [Some((Buy, 0.6)), Some((Sell, 0.8))];
        check(&votes, (Sell, 0.4, Some(1), Outcome::BelowThreshold));
        let votes = [Some((Buy, 0.8)), Some((Sell, 0.8))];
        check(&votes, (Hold, 0.0, None, Outcome::Deadlock));
    }

    #[test]
    fn the_threshold_itself_is_enough() {
        check(&[Some((Buy, 0.5))], (Buy, 0.5, Some(0), Outcome::Entry));
        check(&[Some((Buy, 0.499))], (Buy, 0.499, Some(0), Outcome::BelowThreshold));
    }

    #[test]
    fn a_heavy_vote_outweighs_two_light_ones() {
        let decision = judge(
            0.0,
            [
                cast("a", 3.0, Some((Sell, 0.5))),
                cast("b", 1.0, Some((Buy, 0.9))),
                cast("c", 1.0, Some((Buy, 0.9))),
            ],
        );
        assert_eq!((decision.action, decision.speaker), (Sell, Some(0)));
        assert!((decision.consensus - 0.6).abs() < 1e-12);
    }

    #[test]
    fn a_weight_out_of_range_is_refused() {
        for bad in [0.0, -1.0, 100.1, f64::NAN] {
            assert!(Weight::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Weight::new(1.0), Ok(Weight::ONE));
    }

    prop_compose! {
        /// Votes with few distinct values, so that ties are common.
        fn any_cast()(
            weight in 1_u8..4,
            action in prop::sample::select(vec![Buy, Sell, Hold]),
            tenths in 0_u8..=10,
            is_missing in prop::bool::weighted(0.2),
        ) -> (f64, Option<(Action, f64)>) {
            let vote = (action, f64::from(tenths) / 10.0);
            (f64::from(weight) / 10.0, (!is_missing).then_some(vote))
        }
    }

    fn named(votes: &[(f64, Option<(Action, f64)>)]) -> Vec<Cast<'static>> {
        NAMES.iter().zip(votes).map(|(name, (weight, vote))| cast(name, *weight, *vote)).collect()
    }

    /// The speaker by name, which a position is not once members move.
    fn speaker<'a>(decision: &Decision, casts: &[Cast<'a>]) -> Option<&'a str> {
        decision.speaker.map(|at| casts[at].member)
    }

    proptest! {
        #[test]
        fn the_order_of_the_members_does_not_matter(
            (votes, shuffled) in prop::collection::vec(any_cast(), 0..6)
                .prop_map(|votes| named(&votes))
                .prop_flat_map(|casts| (Just(casts.clone()), Just(casts).prop_shuffle())),
        ) {
            let (a, b) = (judge(0.5, votes.clone()), judge(0.5, shuffled.clone()));
            prop_assert_eq!(speaker(&a, &votes), speaker(&b, &shuffled));
            prop_assert_eq!(Decision { speaker: None, ..a }, Decision { speaker: None, ..b });
        }

        #[test]
        fn holding_and_missing_members_change_nothing(
            votes in prop::collection::vec(any_cast(), 0..6),
        ) {
            let all = named(&votes);
            let acts = |cast: &Cast<'_>| cast.vote.is_some_and(|vote| vote.action() != Hold);
            let some: Vec<_> = all.iter().copied().filter(acts).collect();
            let (a, b) = (judge(0.5, all.clone()), judge(0.5, some.clone()));
            prop_assert_eq!(speaker(&a, &all), speaker(&b, &some));
            prop_assert_eq!(Decision { speaker: None, ..a }, Decision { speaker: None, ..b });
        }

        #[test]
        fn the_speaker_is_of_the_winning_side_and_nobody_there_is_surer(
            votes in prop::collection::vec(any_cast(), 0..6),
        ) {
            let casts = named(&votes);
            let decision = judge(0.5, casts.clone());
            prop_assert!((0.0..=1.0).contains(&decision.confidence));
            let Some(at) = decision.speaker else {
                prop_assert_eq!(decision.action, Hold);
                return Ok(());
            };
            let speaks = casts[at].vote.unwrap();
            prop_assert_eq!(speaks.action(), decision.action);
            prop_assert!(decision.consensus >= 0.5);
            for vote in casts.iter().filter_map(|cast| cast.vote) {
                let is_ally = vote.action() == decision.action;
                prop_assert!(!is_ally || vote.confidence() <= speaks.confidence());
            }
        }

        #[test]
        fn the_mirror_of_all_votes_is_the_mirror_of_the_decision(
            votes in prop::collection::vec(any_cast(), 0..6),
        ) {
            let mirror = |action| match action { Buy => Sell, Sell => Buy, Hold => Hold };
            let mirrored: Vec<_> = votes
                .iter()
                .map(|(weight, vote)| (*weight, vote.map(|(action, c)| (mirror(action), c))))
                .collect();
            let (a, b) = (judge(0.5, named(&votes)), judge(0.5, named(&mirrored)));
            prop_assert_eq!(Decision { action: mirror(a.action), ..a }, b);
        }
    }
}
