//! A token between two logins.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::brokers::schwab::token::{
    AccessTokens, LoginReason, TokenError, TokenKeeper, TokenState,
};
use jiff::SignedDuration;
use tracing_subscriber::fmt::MakeWriter;

use super::{Place, SECRET, within};

/// Waits for a state.
async fn until(keeper: &TokenKeeper, is_it: impl Fn(&TokenState) -> bool) -> TokenState {
    let mut state = keeper.state();
    *within(state.wait_for(is_it)).await.unwrap()
}

fn is_fresh(state: &TokenState) -> bool {
    matches!(state, TokenState::Fresh { .. })
}

#[tokio::test]
async fn an_access_token_is_refreshed_before_its_end_and_the_login_keeps_its_age() {
    let place = Place::standing().await;
    place.log_in().await;
    let before = place.stored();
    let keeper = place.keeper();
    let first = keeper.access().await.unwrap();
    let TokenState::Fresh { access_until, login_until } = *keeper.state().borrow() else {
        panic!("{:?}", keeper.state())
    };
    assert_eq!(access_until, place.now().plus(SignedDuration::from_mins(30)));
    place.clock.advance(SignedDuration::from_mins(26));
    let later = until(
        &keeper,
        |state| matches!(state, TokenState::Fresh { access_until: now, .. } if *now > access_until),
    )
    .await;
    let TokenState::Fresh { login_until: still, .. } = later else { panic!("{later:?}") };
    assert_eq!(still, login_until, "a refresh makes no login younger");
    assert_ne!(keeper.access().await.unwrap(), first);
    // The house is told first, the disk a moment later.
    let written = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while place.stored() == before {
            looks.tick().await;
        }
    };
    within(written).await;
    let after = place.stored();
    assert_eq!(after["creation_timestamp"], before["creation_timestamp"]);
    assert_ne!(after["token"]["access_token"], before["token"]["access_token"]);
}

#[tokio::test]
async fn a_burst_of_401s_is_one_refresh() {
    let place = Place::standing().await;
    place.log_in().await;
    let keeper = place.keeper();
    let old = keeper.access().await.unwrap();
    place.fault(r#"{"expire_access_now":true}"#).await;
    let asks = (0..8).map(|_| keeper.renew_after_401(&old));
    let renewed = within(futures_util::future::join_all(asks)).await;
    let first = renewed[0].clone().unwrap();
    assert_ne!(first, old);
    assert!(renewed.iter().all(|token| token.as_ref() == Ok(&first)));
    let error = within(keeper.renew_after_401(&first)).await.unwrap_err();
    assert!(matches!(&error, TokenError::Config(what) if what.contains("product")), "{error}");
}

#[tokio::test]
async fn a_dead_login_is_told_at_once_and_the_next_one_is_taken_without_a_restart() {
    let place = Place::standing().await;
    place.log_in().await;
    let keeper = place.keeper();
    let old = keeper.access().await.unwrap();
    place.fault(r#"{"expire_refresh_now":true}"#).await;
    place.clock.advance(SignedDuration::from_mins(26));
    let state = until(&keeper, TokenState::is_dead).await;
    assert_eq!(state, TokenState::LoginNeeded { why: LoginReason::Expired });
    assert_eq!(keeper.access().await.unwrap(), old, "it works until its own end");
    let error = within(keeper.renew_after_401(&old)).await.unwrap_err();
    assert_eq!(error, TokenError::LoginNeeded { reason: LoginReason::Expired });
    assert!(error.to_string().contains("flightdeck login schwab"), "{error}");
    place.clock.advance(SignedDuration::from_mins(5));
    let error = within(keeper.access()).await.unwrap_err();
    assert_eq!(error, TokenError::LoginNeeded { reason: LoginReason::Expired });
    let done = place.log_in().await;
    let state = until(&keeper, is_fresh).await;
    assert!(
        matches!(state, TokenState::Fresh { login_until, .. } if login_until == done.login_until)
    );
    assert_ne!(keeper.access().await.unwrap(), old);
}

#[tokio::test]
async fn a_login_that_was_replaced_elsewhere_gets_one_more_try() {
    let place = Place::standing().await;
    place.log_in().await;
    let keeper = place.keeper();
    let old = keeper.access().await.unwrap();
    place.fault(r#"{"revoke_by_new_login":true}"#).await;
    let error = within(keeper.renew_after_401(&old)).await.unwrap_err();
    assert_eq!(error, TokenError::LoginNeeded { reason: LoginReason::Replaced });
    assert!(keeper.state().borrow().is_dead());
}

#[tokio::test]
async fn trouble_at_the_endpoint_says_nothing_about_the_token() {
    let place = Place::standing().await;
    place.log_in().await;
    let before = place.stored();
    for fault in [r#"{"token_unavailable":1}"#, r#"{"token_html":1}"#, r#"{"token_junk":1}"#] {
        // Each by itself: after a failure a keeper waits before it tries again.
        let keeper = place.keeper();
        let old = keeper.access().await.unwrap();
        place.fault(fault).await;
        let error = within(keeper.renew_after_401(&old)).await.unwrap_err();
        assert!(matches!(error, TokenError::Transient(_)), "{fault}: {error}");
        assert!(is_fresh(&keeper.state().borrow()), "{fault}");
        assert_eq!(place.stored(), before, "{fault}");
    }
    let keeper = place.keeper();
    let old = keeper.access().await.unwrap();
    place.fault(r#"{"invalid_client":1}"#).await;
    let error = within(keeper.renew_after_401(&old)).await.unwrap_err();
    assert!(matches!(&error, TokenError::Config(what) if what.contains("app key")), "{error}");
    assert!(is_fresh(&keeper.state().borrow()));
}

#[tokio::test]
async fn two_processes_on_one_file_do_not_spend_two_refreshes() {
    let place = Place::standing().await;
    place.fault(r#"{"rotate_refresh":"always_invalidate_old"}"#).await;
    place.log_in().await;
    let (one, two) = (place.keeper(), place.keeper());
    let old = one.access().await.unwrap();
    let both = async { tokio::join!(one.renew_after_401(&old), two.renew_after_401(&old)) };
    let (first, second) = within(both).await;
    assert_eq!(first.unwrap(), second.unwrap());
    assert!(is_fresh(&one.state().borrow()) && is_fresh(&two.state().borrow()));
}

#[tokio::test]
async fn without_a_token_a_login_is_asked_for_and_taken_when_it_comes() {
    let place = Place::standing().await;
    let keeper = place.keeper();
    assert_eq!(*keeper.state().borrow(), TokenState::Absent);
    let error = within(keeper.access()).await.unwrap_err();
    assert_eq!(error, TokenError::LoginNeeded { reason: LoginReason::Absent });
    place.log_in().await;
    until(&keeper, is_fresh).await;
    keeper.access().await.unwrap();
    std::fs::remove_file(place.token_file()).unwrap();
    until(&keeper, |state| *state == TokenState::Absent).await;
}

/// Keeps what is logged.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_token_key_or_code_is_in_any_log() {
    let lines = Lines::default();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(lines.clone())
        .finish();
    let _log = tracing::subscriber::set_default(log);
    // Other tests may have found nobody listening.
    tracing::callsite::rebuild_interest_cache();
    let place = Place::standing().await;
    place.log_in().await;
    let mut secrets = vec![SECRET.to_owned()];
    let note = |secrets: &mut Vec<String>| {
        for name in ["access_token", "refresh_token", "id_token"] {
            secrets.push(place.stored()["token"][name].as_str().unwrap().to_owned());
        }
    };
    note(&mut secrets);
    let keeper = place.keeper();
    tracing::callsite::rebuild_interest_cache();
    let old = keeper.access().await.unwrap();
    within(keeper.renew_after_401(&old)).await.unwrap();
    note(&mut secrets);
    place.fault(r#"{"expire_refresh_now":true}"#).await;
    place.clock.advance(SignedDuration::from_mins(26));
    until(&keeper, TokenState::is_dead).await;
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("Schwab"), "the log is heard: {logged}");
    let shown = format!("{logged} {keeper:?} {old:?}");
    for secret in secrets {
        assert!(secret.len() > 8 && !shown.contains(&secret), "{secret} is shown");
    }
    assert!(!logged.contains("C0."), "a code is shown");
}
