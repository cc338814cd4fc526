//! The app's codes and tokens: who may do what until when (Schwab, protocol page §1 of
//! October 2026).
//!
//! A fold without sockets, clocks or bodies: the time comes in, a refusal goes out. How
//! refusals are written is in `oauth_errors`. Tokens are hashes of a salt and a counter.

use std::collections::VecDeque;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::brokers::sim::server::base64;
use crate::domain::hex::hex;
use crate::domain::time::Timestamp;

use super::config::{Rotation, SchwabConfig};

/// Codes and tokens kept of each kind; the oldest are forgotten.
const KEPT_MAX: usize = 512;

/// Why a refresh token is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// Its week is over.
    Expired,
    /// A newer login or token has taken its place, or it was never known.
    Superseded,
}

/// Why the token endpoint refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Wrong key or secret.
    InvalidClient,
    /// The code is older than it may be.
    CodeExpired {
        /// When it ended.
        expiration: Timestamp,
    },
    /// The code was never given out in this form.
    CodeMalformed,
    /// The code was used before.
    CodeUsed,
    /// The callback is not the one of the login.
    OtherCallback,
    /// The refresh token is dead.
    RefreshDead(Death),
    /// The kind of grant is unknown.
    UnknownGrant,
}

/// What the token endpoint hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) id: String,
    pub(super) expires_in: u32,
}

#[derive(Debug)]
struct Code {
    text: String,
    client: String,
    callback: String,
    until: Timestamp,
    is_used: bool,
}

#[derive(Debug)]
struct Refresh {
    text: String,
    client: String,
    until: Timestamp,
    death: Option<Death>,
}

#[derive(Debug)]
struct Access {
    text: String,
    until: Timestamp,
}

/// Everything that was given out.
#[derive(Debug)]
pub(super) struct Auth {
    salt: String,
    made: u64,
    codes: VecDeque<Code>,
    refresh: VecDeque<Refresh>,
    access: VecDeque<Access>,
}

impl Auth {
    /// Starts with nothing given out. Another salt makes other tokens.
    pub(super) const fn new(salt: String) -> Self {
        Self {
            salt,
            made: 0,
            codes: VecDeque::new(),
            refresh: VecDeque::new(),
            access: VecDeque::new(),
        }
    }

    fn secret(&mut self, family: &str) -> [u8; 32] {
        self.made += 1;
        Sha256::digest(format!("{family}|{}|{}", self.salt, self.made)).into()
    }

    /// Ends in an `@`, as codes and access tokens do (§1.1 and §1.2).
    fn marked(&mut self, prefix: &str) -> String {
        let secret = hex(&self.secret(prefix));
        format!("{prefix}.{}.{secret}@", base64::encode(b"api.schwabapi.com").replace('=', ""))
    }

    /// Gives out a code after a login.
    pub(super) fn log_in(
        &mut self,
        client: &str,
        callback: &str,
        config: &SchwabConfig,
        now: Timestamp,
    ) -> String {
        let text = self.marked("C0");
        let until = now.plus(SignedDuration::from_secs(config.code_seconds.into()));
        let (client, callback) = (client.to_owned(), callback.to_owned());
        push(&mut self.codes, Code { text: text.clone(), client, callback, until, is_used: false });
        text
    }

    /// Exchanges a code. A new login kills the older refresh tokens of the app at once.
    pub(super) fn exchange(
        &mut self,
        client: &str,
        (text, callback): (&str, &str),
        config: &SchwabConfig,
        now: Timestamp,
    ) -> Result<Tokens, Refusal> {
        let code = self.codes.iter_mut().find(|code| code.text == text && code.client == client);
        let code = code.ok_or(Refusal::CodeMalformed)?;
        if code.is_used {
            return Err(Refusal::CodeUsed);
        }
        if now > code.until {
            return Err(Refusal::CodeExpired { expiration: code.until });
        }
        if callback != code.callback {
            return Err(Refusal::OtherCallback);
        }
        code.is_used = true;
        self.supersede(Some(client));
        let until = now.plus(SignedDuration::from_secs(config.refresh_seconds.into()));
        let refresh = self.new_refresh(client, until);
        Ok(self.hand_out(Some(refresh), config, now))
    }

    /// Exchanges a refresh token. Its week is that of the login.
    pub(super) fn refresh(
        &mut self,
        client: &str,
        text: &str,
        config: &SchwabConfig,
        now: Timestamp,
    ) -> Result<Tokens, Refusal> {
        let known = self.refresh.iter_mut().find(|it| it.text == text && it.client == client);
        let known = known.ok_or(Refusal::RefreshDead(Death::Superseded))?;
        if now >= known.until {
            known.death = known.death.or(Some(Death::Expired));
        }
        if let Some(death) = known.death {
            return Err(Refusal::RefreshDead(death));
        }
        let until = known.until;
        if config.rotate_refresh == Rotation::AlwaysInvalidateOld {
            known.death = Some(Death::Superseded);
        }
        let answered = match config.rotate_refresh {
            Rotation::Never => Some(text.to_owned()),
            Rotation::Absent => None,
            Rotation::Always | Rotation::AlwaysInvalidateOld => {
                Some(self.new_refresh(client, until))
            }
        };
        Ok(self.hand_out(answered, config, now))
    }

    fn new_refresh(&mut self, client: &str, until: Timestamp) -> String {
        let text = base64::encode(&self.secret("refresh"));
        let client = client.to_owned();
        push(&mut self.refresh, Refresh { text: text.clone(), client, until, death: None });
        text
    }

    fn hand_out(
        &mut self,
        refresh: Option<String>,
        config: &SchwabConfig,
        now: Timestamp,
    ) -> Tokens {
        let access = self.marked("I0");
        let until = now.plus(SignedDuration::from_secs(config.expires_in.into()));
        push(&mut self.access, Access { text: access.clone(), until });
        let part = |bytes: &[u8]| base64::encode(bytes).replace('=', "");
        let signature = part(&self.secret("id"));
        let id = format!("{}.{}.{signature}", part(b"{\"alg\":\"HS256\"}"), part(b"{}"));
        Tokens { access, refresh, id, expires_in: config.expires_in }
    }

    /// Tells whether an access token is good.
    pub(super) fn admits(&self, text: &str, now: Timestamp) -> bool {
        self.access.iter().any(|it| it.text == text && now < it.until)
    }

    /// Ends every access token.
    pub(super) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// Ends every refresh token as if its week were over.
    pub(super) fn expire_refresh(&mut self) {
        for it in &mut self.refresh {
            it.death = it.death.or(Some(Death::Expired));
        }
    }

    /// Ends the refresh tokens of an app, or of every one, as a newer login does.
    pub(super) fn supersede(&mut self, client: Option<&str>) {
        for it in &mut self.refresh {
            if client.is_none_or(|client| client == it.client) {
                it.death = it.death.or(Some(Death::Superseded));
            }
        }
    }
}

fn push<T>(kept: &mut VecDeque<T>, new: T) {
    if kept.len() >= KEPT_MAX {
        kept.pop_front();
    }
    kept.push_back(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLBACK: &str = "https://127.0.0.1:8182";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn logged_in(auth: &mut Auth, config: &SchwabConfig, now: i64) -> Tokens {
        let code = auth.log_in("app", CALLBACK, config, at(now));
        auth.exchange("app", (&code, CALLBACK), config, at(now)).unwrap()
    }

    #[test]
    fn a_code_works_once_within_thirty_seconds_and_for_its_callback() {
        let (mut auth, config) = (Auth::new("salt".into()), SchwabConfig::default());
        let code = auth.log_in("app", CALLBACK, &config, at(0));
        assert!(code.starts_with("C0.") && code.ends_with('@'));
        let mut exchange = |client: &str, code: &str, callback: &str, now| {
            auth.exchange(client, (code, callback), &config, at(now)).map(|_| ())
        };
        let encoded = code.replace('@', "%40");
        assert_eq!(exchange("app", &encoded, CALLBACK, 1), Err(Refusal::CodeMalformed));
        assert_eq!(exchange("other", &code, CALLBACK, 1), Err(Refusal::CodeMalformed));
        assert_eq!(exchange("app", &code, "https://127.0.0.1", 1), Err(Refusal::OtherCallback));
        let late = Refusal::CodeExpired { expiration: at(30) };
        assert_eq!(exchange("app", &code, CALLBACK, 31), Err(late));
        assert_eq!(exchange("app", &code, CALLBACK, 30), Ok(()));
        assert_eq!(exchange("app", &code, CALLBACK, 30), Err(Refusal::CodeUsed));
    }

    #[test]
    fn refreshing_never_extends_the_week() {
        let (mut auth, config) = (Auth::new("salt".into()), SchwabConfig::default());
        let tokens = logged_in(&mut auth, &config, 0);
        assert!(auth.admits(&tokens.access, at(1_799)) && !auth.admits(&tokens.access, at(1_800)));
        let refresh = tokens.refresh.unwrap();
        let again = auth.refresh("app", &refresh, &config, at(6 * 86_400)).unwrap();
        assert_eq!(again.refresh.as_ref(), Some(&refresh));
        let dead = Err(Refusal::RefreshDead(Death::Expired));
        assert_eq!(auth.refresh("app", &refresh, &config, at(7 * 86_400)), dead);
    }

    #[test]
    fn a_new_login_kills_the_older_refresh_token_and_leaves_the_access_token() {
        let (mut auth, config) = (Auth::new("salt".into()), SchwabConfig::default());
        let old = logged_in(&mut auth, &config, 0);
        let new = logged_in(&mut auth, &config, 60);
        let dead = Err(Refusal::RefreshDead(Death::Superseded));
        assert_eq!(auth.refresh("app", &old.refresh.unwrap(), &config, at(61)), dead);
        assert!(auth.admits(&old.access, at(61)) && auth.admits(&new.access, at(61)));
        assert!(auth.refresh("app", &new.refresh.unwrap(), &config, at(61)).is_ok());
    }

    #[test]
    fn rotation_answers_with_the_old_token_none_or_a_new_one() {
        for (rotation, is_same, is_there, old_works) in [
            (Rotation::Never, true, true, true),
            (Rotation::Absent, false, false, true),
            (Rotation::Always, false, true, true),
            (Rotation::AlwaysInvalidateOld, false, true, false),
        ] {
            let mut auth = Auth::new("salt".into());
            let config = SchwabConfig { rotate_refresh: rotation, ..SchwabConfig::default() };
            let old = logged_in(&mut auth, &config, 0).refresh.unwrap();
            let new = auth.refresh("app", &old, &config, at(1)).unwrap().refresh;
            assert_eq!((new.as_ref() == Some(&old), new.is_some()), (is_same, is_there));
            assert_eq!(auth.refresh("app", &old, &config, at(2)).is_ok(), old_works);
            if let Some(new) = new {
                let dead = Err(Refusal::RefreshDead(Death::Expired));
                let newest = auth.refresh("app", &new, &config, at(3)).unwrap().refresh.unwrap();
                assert_eq!(auth.refresh("app", &newest, &config, at(7 * 86_400)), dead);
            }
        }
    }
}
