//! Drawing a schedule of faults from a seed.

use jiff::SignedDuration;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::app::simulate::fault::{Fault, FaultKind};

/// Faults of one run, at least and at most.
const FAULTS_LEAST: u64 = 3;
const FAULTS_MOST: u64 = 14;
/// No fault strikes before this: the house has begun …
const QUIET_AT_FIRST: SignedDuration = SignedDuration::from_secs(45);
/// … nor so shortly before the end, so that what they have left behind is settled.
const QUIET_AT_LAST: SignedDuration = SignedDuration::from_secs(150);
/// One run in so many has an operator who kills or flattens: afterwards nothing is entered,
/// and there is less to see.
const WORDS_ONE_IN: u64 = 4;

/// Draws the faults of a seed among the kinds given, in the order of time.
pub fn draw(seed: u64, kinds: &[FaultKind], span: SignedDuration) -> Vec<Fault> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xfa17);
    let count = FAULTS_LEAST + chance.next_u64() % (FAULTS_MOST - FAULTS_LEAST + 1);
    let has_words = chance.next_u64().is_multiple_of(WORDS_ONE_IN);
    let among: Vec<FaultKind> =
        kinds.iter().copied().filter(|kind| has_words || !kind.is_word()).collect();
    let room = (span - QUIET_AT_FIRST - QUIET_AT_LAST).as_millis().max(1);
    let room = u64::try_from(room).unwrap_or(1);
    let mut faults: Vec<Fault> = Vec::new();
    for _ in 0..count {
        let after = i64::try_from(chance.next_u64() % room).unwrap_or_default();
        let which = chance.next_u64() % u64::try_from(among.len()).unwrap_or(1).max(1);
        let lot = chance.next_u64();
        let Some(kind) = among.get(usize::try_from(which).unwrap_or_default()) else { break };
        let at = QUIET_AT_FIRST + SignedDuration::from_millis(after);
        faults.push(Fault { at, kind: *kind, lot });
    }
    let words: Vec<FaultKind> = among.into_iter().filter(|kind| kind.is_word()).collect();
    if !words.is_empty() {
        let lot = chance.next_u64();
        let after = i64::try_from(chance.next_u64() % room).unwrap_or_default();
        let count = u64::try_from(words.len()).unwrap_or(1);
        let kind = words[usize::try_from(lot % count).unwrap_or_default()];
        faults.push(Fault { at: QUIET_AT_FIRST + SignedDuration::from_millis(after), kind, lot });
    }
    faults.sort_by_key(|fault| fault.at);
    faults
}

/// A schedule in words, one fault a line.
pub fn in_words(faults: &[Fault]) -> String {
    let lines = faults.iter().map(|fault| {
        let Fault { at, kind, lot } = fault;
        format!("  +{:>8.3} s  {:<20} lot {lot}", at.as_secs_f64(), kind.name())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_faults_again_and_they_leave_the_end_in_peace() {
        let span = SignedDuration::from_mins(25);
        for seed in 0..200 {
            let faults = draw(seed, &FaultKind::all(), span);
            assert_eq!(faults, draw(seed, &FaultKind::all(), span));
            assert!(faults.len() >= 3 && faults.is_sorted_by_key(|fault| fault.at));
            assert!(faults.iter().all(|fault| fault.at <= span - QUIET_AT_LAST));
        }
        assert_ne!(draw(1, &FaultKind::all(), span), draw(2, &FaultKind::all(), span));
    }

    #[test]
    fn every_kind_has_a_name_of_its_own_by_which_it_is_found() {
        for kind in FaultKind::all() {
            assert_eq!(FaultKind::of(kind.name()), Some(kind));
        }
        assert_eq!(FaultKind::of("rain"), None);
    }
}
