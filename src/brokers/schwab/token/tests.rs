//! The token file.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::answer;
use super::file::{StoredToken, TokenFile};
use crate::domain::time::Timestamp;

const LOGIN: &str = r#"{"expires_in":1800,"token_type":"Bearer","scope":"api",
    "refresh_token":"canary-r0","access_token":"canary-a0@","id_token":"canary-i0"}"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn login(now: i64) -> StoredToken {
    let grant = answer::read(200, LOGIN.as_bytes()).ok().unwrap();
    StoredToken::of_login(grant, at(now)).unwrap()
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/token.json");
    (folder, path)
}

fn written(path: &std::path::Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_file_is_private_and_has_the_form_that_schwab_py_reads() {
    let (_folder, path) = folder();
    let file = TokenFile::new(path.clone());
    assert!(file.read().unwrap().is_none());
    file.write(&login(1_000)).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let expected = serde_json::json!({"creation_timestamp": 1_000, "token": {
        "expires_in": 1_800, "token_type": "Bearer", "scope": "api", "refresh_token": "canary-r0",
        "access_token": "canary-a0@", "id_token": "canary-i0", "expires_at": 2_800}});
    assert_eq!(json, expected);
    let others: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(others.len(), 1, "nothing is left beside it");
}

#[test]
fn a_refresh_keeps_the_time_of_the_login_and_an_unsaid_refresh_token() {
    let grant = |body: &str| answer::read(200, body.as_bytes()).ok().unwrap();
    let without = r#"{"expires_in":1800,"token_type":"bearer","access_token":"canary-a1"}"#;
    let token = login(1_000).refreshed(grant(without), at(2_500));
    assert_eq!((token.created(), token.access_until()), (at(1_000), at(4_300)));
    assert_eq!(token.login_until(), at(1_000 + 7 * 86_400));
    let (_folder, path) = folder();
    let file = TokenFile::new(path.clone());
    file.write(&token).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("canary-r0") && text.contains("canary-a1"), "{text}");
    let rotated =
        without.replace("\"token_type\"", "\"refresh_token\":\"canary-r1\",\"token_type\"");
    file.write(&token.refreshed(grant(&rotated), at(2_500))).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("canary-r1"));
}

#[test]
fn a_file_of_another_program_is_taken_over() {
    let (_folder, path) = folder();
    let text = r#"{"creation_timestamp": 1000.75, "token": {"access_token": "a", "extra": [1],
        "refresh_token": "r", "expires_in": 1800, "expires_at": 2800.5}}"#;
    written(&path, text, 0o600);
    let token = TokenFile::new(path.clone()).read().unwrap().unwrap();
    assert_eq!((token.created(), token.access_until()), (at(1_000), at(2_800)));
    written(
        &path,
        r#"{"creation_timestamp":7,"token":{"access_token":"a","refresh_token":"r"}}"#,
        0o600,
    );
    let token = TokenFile::new(path).read().unwrap().unwrap();
    assert_eq!(token.access_until(), at(0), "what does not say is refreshed at once");
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_the_remedy_and_without_its_text() {
    let good = r#"{"creation_timestamp":7,"token":{"access_token":"canary","refresh_token":"r"}}"#;
    for (text, mode, part) in [
        (good, 0o644, "chmod 600 /"),
        (good, 0o660, "chmod 600 /"),
        ("canary", 0o600, "flightdeck login schwab"),
        (r#"{"creation_timestamp":"canary"}"#, 0o600, "flightdeck login schwab"),
        (&good.replace("\"r\"", "\"\""), 0o600, "flightdeck login schwab"),
    ] {
        let (_folder, path) = folder();
        written(&path, text, mode);
        let error = TokenFile::new(path).read().unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let (folder, path) = folder();
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink("deep/er/token.json", &link).unwrap();
    TokenFile::new(link.clone()).write(&login(1_000)).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(TokenFile::new(path).read().unwrap().is_some());
}

#[tokio::test]
async fn one_at_a_time_holds_the_lock_also_through_a_link() {
    let (folder, path) = folder();
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let [file, link] = [path, link].map(TokenFile::new);
    let lock = file.lock().await.unwrap();
    {
        let second = link.lock();
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(lock);
        second.await.unwrap();
    }
    drop(file.lock().await.unwrap());
}

#[test]
fn tokens_are_not_shown() {
    let token = login(1_000);
    let shown = format!("{token:?} {:?} {:?}", token.access(), token.refresh_token());
    assert!(!shown.contains("canary"), "{shown}");
}
