//! A login from the printed address to the token file.

use std::os::unix::fs::PermissionsExt;

use flightdeck::brokers::schwab::auth::{Callback, CallbackListener, LoginError, RedirectError};
use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Place, within};

#[tokio::test]
async fn a_browser_that_comes_back_logs_in() {
    let place = Place::standing().await;
    let login = place.begin();
    let address = login.address();
    let callback = Callback::new(&place.callback).unwrap();
    let listener = CallbackListener::bind(&callback).await.unwrap().unwrap();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let called_back = listener.serve(stop.clone(), &tasks);
    let (_stdin, pasted) = mpsc::channel(1);
    let browse = async {
        let browser = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .no_proxy()
            .build()
            .unwrap();
        let icon = format!("{}/favicon.ico", place.callback);
        assert_eq!(browser.get(icon).send().await.unwrap().status(), 404);
        let page = browser.get(address).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("The terminal says what came of it"));
    };
    let finish = login.finish(Some(called_back), Some(pasted), |error| panic!("{error}"));
    let (done, ()) = within(Box::pin(async { tokio::join!(finish, browse) })).await;
    let done = done.unwrap();
    stop.cancel();
    tasks.close();
    within(tasks.wait()).await;
    assert_eq!(done.login_until, place.now().plus(SignedDuration::from_hours(7 * 24)));
    let mode = std::fs::metadata(place.token_file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(place.stored()["token"]["expires_in"], 1_800);
}

#[tokio::test]
async fn a_paste_of_another_login_is_complained_about_and_the_next_one_taken() {
    let place = Place::standing().await;
    let other = place.agreed(place.begin().address().as_str()).await;
    place.clock.advance(SignedDuration::from_secs(1));
    let login = place.begin();
    let good = place.agreed(login.address().as_str()).await;
    let (paste, pasted) = mpsc::channel(4);
    for line in ["", "hello", &other, &good] {
        paste.send(line.to_owned()).await.unwrap();
    }
    let mut complaints = Vec::new();
    let finish = login.finish(None, Some(pasted), |error| complaints.push(error));
    within(finish).await.unwrap();
    assert_eq!(complaints, [RedirectError::NotARedirect, RedirectError::OtherState]);
    assert!(place.token_file().exists());
}

/// What a login says when something goes wrong; no token is kept.
#[track_caller]
fn check(error: &LoginError, parts: &[&str]) {
    let words = error.to_string();
    for part in parts {
        assert!(words.contains(part), "{words:?} should name {part:?}");
    }
    assert!(!words.contains("C0."), "{words}");
}

#[tokio::test]
async fn each_refusal_is_said_in_words_with_its_remedy() {
    let place = Place::standing().await;
    for (fault, parts) in [
        (r#"{"deny_login":1}"#, vec!["access_denied", "run flightdeck login schwab again"]),
        (r#"{"code_expired":1}"#, vec!["half minute", "paste at once"]),
        (r#"{"code_malformed":1}"#, vec!["cannot read the code", "schwab.callback"]),
        (r#"{"invalid_client":1}"#, vec!["app key or secret", "FLIGHTDECK_SCHWAB_SECRET"]),
        (r#"{"token_unavailable":1}"#, vec!["HTTP 503", "again"]),
        (r#"{"token_html":1}"#, vec!["HTTP 403", "again"]),
        (r#"{"token_junk":1}"#, vec!["no token", "again"]),
    ] {
        place.fault(fault).await;
        let login = place.begin();
        let (paste, pasted) = mpsc::channel(1);
        paste.send(place.agreed(login.address().as_str()).await).await.unwrap();
        let error = within(login.finish(None, Some(pasted), |error| panic!("{error}"))).await;
        check(&error.unwrap_err(), &parts);
        assert!(!place.token_file().exists(), "{fault}");
    }
}

#[tokio::test]
async fn without_any_way_in_a_login_ends() {
    let place = Place::standing().await;
    let (_, pasted) = mpsc::channel(1);
    let error = within(place.begin().finish(None, Some(pasted), |_| ())).await.unwrap_err();
    assert!(matches!(error, LoginError::NoWay), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let place = Place::standing().await;
    let callback = Callback::new(&place.callback).unwrap();
    let _first = CallbackListener::bind(&callback).await.unwrap().unwrap();
    let error = CallbackListener::bind(&callback).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
