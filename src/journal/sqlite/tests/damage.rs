//! Whatever is not what was written is found and named.

use proptest::prelude::*;

use super::*;
use crate::journal::{Corruption, JournalError, export, verify};

#[track_caller]
fn found(place: &Place) -> Corruption {
    match verify(&place.path()) {
        Err(JournalError::Damaged(corruption)) => corruption,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check(sql: &str, n: Option<u64>, seq: Option<u64>, what: &str) {
    let place = Place::with_story();
    assert_ne!(place.raw().execute(sql, []).unwrap(), 0, "{sql}");
    let corruption = found(&place);
    assert_eq!((corruption.n, corruption.seq), (n, seq.map(Seq)), "{sql}: {corruption}");
    assert!(corruption.what.contains(what), "{sql}: {corruption}");
}

#[test]
fn a_changed_record_is_named_whichever_column_it_is() {
    // The fifth record of the chain is event 7: two quotes came before it.
    let of_fifth = |set: &str| format!("UPDATE events SET {set} WHERE n = 5");
    for (set, what) in [
        ("payload = replace(payload, '228.71', '228.70')", "hash does not match the payload"),
        ("payload = substr(payload, 2)", "hash does not match the payload"),
        ("hash = zeroblob(32)", "hash does not match the payload"),
        ("hash = x'00'", "hash does not match the payload"),
        ("prev_hash = zeroblob(32)", "prev_hash is not the hash of the record before"),
        ("name = 'order.fill.partial'", "column name"),
        ("at = at + 1", "column at"),
        ("trade_id = 'T-2'", "column trade_id"),
        ("trade_id = NULL", "column trade_id"),
    ] {
        check(&of_fifth(set), Some(5), Some(7), what);
    }
    check(&of_fifth("seq = 8"), Some(5), Some(8), "column seq");
}

#[test]
fn a_missing_record_is_named() {
    check("DELETE FROM events WHERE n = 5", Some(6), Some(8), "record 5 is missing before it");
    check("DELETE FROM events WHERE n = 1", Some(2), Some(3), "record 1 is missing before it");
    let cut = "the chain ends after 14 records, 16 were written";
    check("DELETE FROM events WHERE n > 14", Some(14), None, cut);
    check("UPDATE events SET n = 99 WHERE n = 5", Some(6), Some(8), "record 5 is missing");
}

#[test]
fn a_changed_tape_is_named() {
    check("UPDATE tape SET at = 0 WHERE seq = 4", None, Some(4), "column at");
    check("UPDATE tape SET payload = '{' WHERE seq = 4", None, Some(4), "checksum does not match");
}

#[test]
fn a_changed_projection_is_named() {
    for (sql, what) in [
        ("UPDATE cash SET balance = balance + 1", "projection cash"),
        (
            "UPDATE orders SET state = 'CANCELLED' WHERE client_order_id = 'o-1'",
            "state is Text(\"CANCELLED\")",
        ),
        (
            "DELETE FROM fills WHERE execution_id = 'x-2'",
            "projection fills, row Some(Text(\"x-2\"))",
        ),
        ("UPDATE trades SET pnl = 1", "projection trades"),
        (
            "INSERT INTO positions VALUES ('TSLA', 'long', 1, 1)",
            "projection positions, row Some(Text(\"TSLA\"))",
        ),
    ] {
        check(sql, None, None, what);
    }
}

#[test]
fn a_changed_owner_breaks_the_chain_at_its_beginning() {
    let sql = "UPDATE meta SET value = '200000' WHERE key = 'opening_cash'";
    check(sql, Some(1), Some(2), "prev_hash");
}

#[test]
fn a_damaged_record_stops_fold_and_export_and_the_tail_stops_the_opening() {
    let place = Place::with_story();
    let mut journal = place.open();
    place.raw().execute("UPDATE events SET at = 0 WHERE n = 5", []).unwrap();
    let mut visited = 0;
    let folded = journal.for_each(Seq(u64::MAX), &mut |_| visited += 1);
    assert!(matches!(folded, Err(JournalError::Damaged(Corruption { n: Some(5), .. }))));
    assert_eq!(visited, 6);
    assert!(export(&place.path(), &mut Vec::new(), true).is_err());
    drop(journal);
    let opened = SqliteJournal::open(&place.path(), &identity());
    assert!(matches!(opened, Err(JournalError::Damaged(Corruption { n: Some(5), .. }))));
}

#[test]
fn a_write_ahead_log_cut_anywhere_loses_whole_commits_from_the_end() {
    let place = Place::new();
    let mut journal = place.open();
    let mut acknowledged = vec![Seq(0)];
    for (at, event) in story().into_iter().enumerate() {
        append(&mut journal, &envelopes(u64::try_from(at).unwrap() + 1, vec![event]));
        if at % 3 == 0 {
            journal.sync().unwrap();
            acknowledged.push(journal.last_seq());
        }
    }
    let log = std::fs::read(place.path().with_extension("db-wal")).unwrap();
    let file = std::fs::read(place.path()).unwrap();
    let mut ends = Vec::new();
    for cut in (0..=16).map(|part| log.len() * part / 16) {
        let copy = Place::new();
        copy.put(&file);
        std::fs::write(copy.path().with_extension("db-wal"), &log[..cut]).unwrap();
        // Cut inside the very first commit there is no journal yet, and one is made.
        let mut journal = copy.open();
        assert!(acknowledged.contains(&journal.last_seq()), "{}", journal.last_seq());
        verify(&copy.path()).unwrap();
        ends.push(journal.last_seq());
        let next = journal.last_seq().0 + 1;
        append(&mut journal, &envelopes(next, vec![quote(), trade_moved("A", "B")]));
        journal.sync().unwrap();
        verify(&copy.path()).unwrap();
    }
    assert!(ends.is_sorted() && ends.first() == Some(&Seq(0)));
    assert_eq!(ends.last(), acknowledged.last());
}

fn everything(path: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    export(path, &mut out, true).unwrap();
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_flipped_byte_of_the_file_is_reported_or_changes_nothing(
        spot in 0.0..1.0_f64,
        bits in 1..=255_u8,
    ) {
        let place = Place::with_story();
        let before = everything(&place.path());
        let mut bytes = std::fs::read(place.path()).unwrap();
        let at = (f64::from(u32::try_from(bytes.len()).unwrap()) * spot).floor();
        let at = (0..bytes.len()).find(|index| f64::from(u32::try_from(*index).unwrap()) >= at).unwrap();
        bytes[at] ^= bits;
        std::fs::write(place.path(), &bytes).unwrap();
        if verify(&place.path()).is_ok() {
            prop_assert_eq!(everything(&place.path()), before, "byte {}", at);
        }
    }

    #[test]
    fn a_flipped_byte_of_a_payload_is_reported_with_its_record(
        n in 0..16_usize,
        part in 0..200_usize,
        bits in 1..=127_u8,
    ) {
        let place = Place::with_story();
        let chained: Vec<Envelope> =
            envelopes(1, story()).into_iter().filter(|envelope| envelope.event != quote()).collect();
        let payload = line(&chained[n]);
        let mut bytes = std::fs::read(place.path()).unwrap();
        // A page that was split keeps a dead copy of what moved to another page.
        let starts = 0..=bytes.len() - payload.len();
        let copies: Vec<usize> =
            starts.filter(|start| bytes[*start..].starts_with(payload.as_bytes())).collect();
        prop_assert!(!copies.is_empty());
        for start in copies {
            bytes[start + part] ^= bits;
        }
        std::fs::write(place.path(), &bytes).unwrap();
        let corruption = found(&place);
        prop_assert_eq!(corruption.n, Some(u64::try_from(n).unwrap() + 1), "{}", corruption);
        prop_assert_eq!(corruption.seq, Some(chained[n].seq), "{}", corruption);
    }
}
