//! What the store keeps, refuses and answers.

use std::fs;

use crate::intel::parse::parse;
use crate::sources::intel::store::{Kept, Store, StoreError};

fn mail(id: &str, body: &str) -> Kept {
    let text = format!("From: Ann <ann@x.com>\r\nMessage-ID: <{id}>\r\nSubject: s\r\n\r\n{body}");
    let message = parse(text.as_bytes()).unwrap();
    let hash = [u8::try_from(body.len()).unwrap(); 32];
    Kept { source: id.into(), hash, message, entities: vec![], links: vec![], linked_with: 0 }
}

#[test]
fn the_same_mail_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("s")).unwrap();
    let mails = [mail("1", "a"), mail("1", "bb"), mail("2", "ccc")];
    assert_eq!(store.keep(&mails).unwrap(), [true, false, true]);
    assert_eq!(store.seen().unwrap().len(), 3);
}

#[test]
fn the_words_of_a_search_are_no_language() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("s")).unwrap();
    store.keep(&[mail("1", "we hold OR sell \"apple\" NEAR now")]).unwrap();
    for (words, hits) in [
        ("sell apple", 1),
        ("OR", 1),
        ("sell NOT apple", 0),
        ("\"", 0),
        ("apple\" OR \"x", 0),
        ("body:apple", 0),
        ("* ( ) ^ - { } +", 0),
        ("'; DROP TABLE messages; --", 0),
        ("", 0),
    ] {
        let found = store.search(words).unwrap();
        assert_eq!(found.len(), hits, "{words}");
    }
    assert_eq!(store.about("ANN@x.com").unwrap().len(), 1);
    assert_eq!(store.about("ann' OR 1=1").unwrap().len(), 0);
}

#[test]
fn a_store_of_another_version_or_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    assert!(matches!(Store::existing(&path), Err(StoreError::Missing(_))));
    let store = Store::open(&path).unwrap();
    store.database.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::OtherVersion { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("--store"), "the remedy is named: {error}");
    let foreign = folder.path().join("f");
    fs::write(&foreign, "this is a text and no database, long enough for a header of one").unwrap();
    assert!(Store::existing(&foreign).is_err());
}
