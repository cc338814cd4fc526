//! Who may not open a journal, and what may not be appended.

use std::error::Error;

use super::*;
use crate::journal::{JournalError, verify};

#[track_caller]
fn check(result: Result<SqliteJournal, JournalError>, expected: &str) {
    let error = result.map(|_| ()).unwrap_err();
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let text = format!("{error}{cause}");
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_second_copy_is_told_which_file_and_what_to_do() {
    let place = Place::new();
    let first = place.open();
    let second = SqliteJournal::open(&place.path(), &identity());
    check(second, "main.db.lock is held by another FlightDeck: stop that one first");
    drop(first);
    place.open();
}

#[test]
fn a_journal_is_of_one_mode_and_one_account() {
    let place = Place::with_story();
    let open = |identity: StoreIdentity| SqliteJournal::open(&place.path(), &identity);
    let mode = "the journal is of mode 'sim', not 'live'";
    check(open(StoreIdentity { mode: "live".into(), ..identity() }), mode);
    let account = "the journal is of account 'main', not 'other'";
    check(open(StoreIdentity { account: "other".into(), ..identity() }), account);
    let later = StoreIdentity { opening_cash: Money::ZERO, seed: 8, ..identity() };
    assert_eq!(*open(later).unwrap().identity(), identity());
}

#[test]
fn a_newer_layout_is_refused_with_the_remedy() {
    let place = Place::with_story();
    place.raw().pragma_update(None, "user_version", 2).unwrap();
    let refused = SqliteJournal::open(&place.path(), &identity());
    check(refused, "has layout 2, this version reads up to 1: use the version that wrote it");
}

#[test]
fn a_foreign_file_is_refused() {
    let place = Place::with_story();
    place.raw().pragma_update(None, "application_id", 1).unwrap();
    check(SqliteJournal::open(&place.path(), &identity()), "is not a journal of FlightDeck");
    std::fs::write(place.path(), "once upon a time ".repeat(1_000)).unwrap();
    let _ = std::fs::remove_file(place.path().with_extension("db-wal"));
    check(SqliteJournal::open(&place.path(), &identity()), "file is not a database");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let place = Place::new();
    std::fs::write(place.folder.path().join("sim"), "a file").unwrap();
    check(SqliteJournal::open(&place.path(), &identity()), "cannot use ");
}

#[test]
fn a_verification_makes_no_file() {
    let place = Place::new();
    assert!(matches!(verify(&place.path()), Err(JournalError::Missing { .. })));
    assert!(!place.path().exists());
}

#[test]
fn numbers_must_rise() {
    let mut journal = Place::new().open();
    append(&mut journal, &envelopes(5, vec![quote()]));
    let again = journal.append(&envelopes(5, vec![quote()])[0]);
    assert!(matches!(again, Err(JournalError::OutOfOrder { seq: Seq(5), last: Seq(5) })));
    assert!(matches!(journal.append(&envelopes(6, vec![quote()])[0]), Err(JournalError::Failed)));
}

#[test]
fn events_can_be_neither_changed_nor_removed() {
    let place = Place::with_story();
    let connection = rusqlite::Connection::open(place.path()).unwrap();
    for sql in ["UPDATE events SET at = 0 WHERE n = 1", "DELETE FROM events WHERE n = 16"] {
        let refused = connection.execute(sql, []).unwrap_err().to_string();
        assert_eq!(refused, "events are append-only", "{sql}");
    }
}

#[test]
fn an_amount_beyond_the_store_ends_the_run() {
    let Event::Order(OrderEvent::Filled(filled)) =
        order_filled(&fill("o-1", "x-1", Side::Buy, (100, 100), "1"))
    else {
        panic!("it is a fill")
    };
    let dear = OrderFilled { fee: Money::from_dollars(100_000_000_000), ..filled };
    let mut journal = Place::new().open();
    append(&mut journal, &envelopes(1, vec![OrderEvent::Filled(dear).into()]));
    assert!(matches!(journal.sync(), Err(JournalError::TooLarge { seq: Seq(1) })));
}

#[test]
fn a_full_disk_ends_the_run_and_takes_nothing_that_was_acknowledged() {
    let place = Place::with_story();
    let pages = std::fs::metadata(place.path()).unwrap().len() / 4_096;
    let pages_max = (pages + 10).to_string();
    let mut journal = place.open().with_setting("max_page_count", &pages_max);
    let (mut acknowledged, mut seq) = (journal.last_seq(), 20);
    let refused = loop {
        let many = (0..20).map(|_| trade_moved("A", "B")).collect();
        append(&mut journal, &envelopes(seq + 1, many));
        seq += 20;
        match journal.sync() {
            Ok(()) => acknowledged = journal.last_seq(),
            Err(error) => break error,
        }
    };
    let JournalError::Store(cause) = refused else { panic!("{refused:?}") };
    assert_eq!(cause.sqlite_error_code(), Some(rusqlite::ErrorCode::DiskFull));
    assert!(matches!(journal.sync(), Err(JournalError::Failed)));
    drop(journal);
    assert!(acknowledged > Seq(20));
    assert_eq!(verify(&place.path()).unwrap().last, Some(acknowledged));
    // There is space again.
    let mut journal = place.open();
    append(&mut journal, &envelopes(acknowledged.0 + 1, vec![trade_moved("A", "B")]));
    journal.sync().unwrap();
    verify(&place.path()).unwrap();
}

#[test]
fn a_file_that_is_deleted_under_the_run_ends_it() {
    for name in ["main.db", "main.db-wal"] {
        let place = Place::with_story();
        let mut journal = place.open();
        append(&mut journal, &envelopes(21, vec![quote()]));
        journal.sync().unwrap();
        std::fs::remove_file(place.path().with_file_name(name)).unwrap();
        append(&mut journal, &envelopes(22, vec![quote()]));
        let refused = journal.sync().unwrap_err();
        let JournalError::Gone { path } = refused else { panic!("{refused:?}") };
        assert_eq!(path, place.path().with_file_name(name));
    }
}
