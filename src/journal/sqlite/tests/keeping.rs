//! What is written is what is read, in order, once.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::journal::{Memory, export, verify};

#[test]
fn events_and_tape_come_back_as_they_were_in_one_order() {
    let place = Place::new();
    let written = envelopes(1, story());
    let mut journal = place.open();
    append(&mut journal, &written);
    assert_eq!(read_back(&mut journal, Seq(u64::MAX)), written);
    assert_eq!(read_back(&mut journal, Seq(8)), written[..7]);
    drop(journal);
    assert_eq!(read_back(&mut place.open(), Seq(u64::MAX)), written);
}

#[test]
fn a_reopened_journal_goes_on_with_the_chain() {
    let place = Place::with_story();
    let mut journal = place.open();
    assert_eq!(journal.last_seq(), Seq(20));
    append(&mut journal, &envelopes(21, vec![quote(), trade_moved("A", "B")]));
    journal.sync().unwrap();
    let verified = verify(&place.path()).unwrap();
    assert_eq!((verified.events, verified.tape), (17, 5));
    assert_eq!((verified.first, verified.last), (Some(Seq(1)), Some(Seq(22))));
}

#[test]
fn what_was_not_synced_is_not_there() {
    let place = Place::new();
    let mut journal = place.open();
    append(&mut journal, &envelopes(1, vec![quote(), trade_moved("A", "B")]));
    journal.sync().unwrap();
    append(&mut journal, &envelopes(3, vec![trade_moved("B", "C")]));
    drop(journal);
    assert_eq!(place.open().last_seq(), Seq(2));
}

#[test]
fn a_full_batch_is_committed_without_being_asked() {
    let place = Place::new();
    let mut journal = place.open();
    let many: Vec<Event> = (0..1_000).map(|_| trade_moved("A", "B")).collect();
    append(&mut journal, &envelopes(1, many));
    assert_eq!(verify(&place.path()).unwrap().events, 1_000);
}

#[test]
fn a_pruned_tape_leaves_the_chain_whole() {
    let place = Place::with_story();
    let mut journal = place.open();
    assert_eq!(journal.prune_tape(Seq(13)).unwrap(), 2);
    let verified = verify(&place.path()).unwrap();
    assert_eq!((verified.events, verified.tape), (16, 2));
}

#[test]
fn an_export_is_the_lines_that_were_written() {
    let place = Place::with_story();
    let lines: Vec<String> = envelopes(1, story()).iter().map(line).collect();
    let mut out = Vec::new();
    assert_eq!(export(&place.path(), &mut out, true).unwrap(), 20);
    assert_eq!(String::from_utf8(out).unwrap(), lines.join("\n") + "\n");
    let mut out = Vec::new();
    assert_eq!(export(&place.path(), &mut out, false).unwrap(), 16);
    assert!(!String::from_utf8(out).unwrap().contains("market_data"));
}

#[test]
fn the_file_is_its_owners_alone() {
    let place = Place::new();
    drop(SqliteJournal::open(&place.path(), &identity()).unwrap());
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path()), 0o600);
    assert_eq!(mode(place.path().parent().unwrap()), 0o700);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_mix_and_any_syncs_read_like_the_journal_in_memory(
        steps in prop::collection::vec((0..3_u8, any::<bool>(), 1..5_u64), 1..60),
    ) {
        let place = Place::new();
        let (mut ours, mut memory) = (place.open(), Memory::default());
        let mut seq = 0;
        for (kind, is_synced, gap) in steps {
            seq += gap;
            let event = match kind {
                0 => quote(),
                1 => trade_moved("A", "B"),
                _ => order_moved("o-1", Side::Buy, "A", "B", 0),
            };
            for envelope in envelopes(seq, vec![event]) {
                ours.append(&envelope).unwrap();
                memory.append(&envelope).unwrap();
            }
            if is_synced {
                ours.sync().unwrap();
            }
        }
        prop_assert_eq!(read_back(&mut ours, Seq(u64::MAX)), memory.envelopes());
        prop_assert!(verify(&place.path()).is_ok());
    }
}
