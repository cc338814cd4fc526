//! The conversation with one client of the trading stream, without its socket
//! (Alpaca, protocol page §6 of October 2026).
//!
//! The client speaks first. It shows its keys in one of two forms and says what it
//! listens to; a later `listen` replaces the earlier one. Whether keys are good is
//! asked of the caller.

use serde_json::Value;

use crate::brokers::sim::server::frames::Field;

/// The one stream that there is.
const TRADE_UPDATES: &str = "trade_updates";

/// What the session answers, and whether the connection goes on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The message.
    pub(crate) message: Field,
    /// Whether the server closes after it.
    pub(crate) is_last: bool,
}

/// The conversation with one client.
#[derive(Debug, Default)]
pub(crate) struct TradingSession {
    is_authorized: bool,
    is_listening: bool,
}

impl TradingSession {
    /// Returns the answer to a client's message; `None` is one that could not be
    /// read. `is_known` judges a key id and secret, or `oauth` and a token.
    pub(crate) fn hear(
        &mut self,
        message: Option<&Value>,
        is_known: impl FnOnce(&str, &str) -> bool,
    ) -> Answer {
        let message = message.unwrap_or(&Value::Null);
        match message["action"].as_str() {
            Some("auth" | "authenticate") => {
                self.is_authorized = keys_of(message).is_some_and(|(id, it)| is_known(id, it));
                authorization(self.is_authorized, "authenticate")
            }
            Some("listen") if !self.is_authorized => authorization(false, "listen"),
            Some("listen") => match message["data"]["streams"].as_array() {
                Some(names) => self.listen(names),
                None => failure(),
            },
            Some(_) | None => failure(),
        }
    }

    /// Tells whether the client has shown good keys.
    pub(crate) const fn is_authorized(&self) -> bool {
        self.is_authorized
    }

    /// Tells whether updates go to this client.
    pub(crate) const fn is_listening(&self) -> bool {
        self.is_authorized && self.is_listening
    }

    /// Unknown names are left out of the answer.
    fn listen(&mut self, names: &[Value]) -> Answer {
        self.is_listening = names.iter().any(|name| name == TRADE_UPDATES);
        let streams = self.is_listening.then(|| TRADE_UPDATES.into()).into_iter().collect();
        let data = Field::object([("streams", Field::List(streams))]);
        stay(Field::object([("stream", "listening".into()), ("data", data)]))
    }
}

/// Keys of the present form, of the older one and of OAuth; of the present form
/// also within `data`, where some clients put them.
fn keys_of(message: &Value) -> Option<(&str, &str)> {
    let pair = |at: &'static str, id: &str, secret: &str| {
        let place = if at.is_empty() { message } else { &message[at] };
        Some((place[id].as_str()?, place[secret].as_str()?))
    };
    let token = || Some(("oauth", message["data"]["oauth_token"].as_str()?));
    pair("", "key", "secret")
        .or_else(|| pair("data", "key_id", "secret_key"))
        .or_else(|| pair("data", "key", "secret"))
        .or_else(token)
}

const fn stay(message: Field) -> Answer {
    Answer { message, is_last: false }
}

/// The action is always `authenticate`, also in answer to `auth`.
fn authorization(is_authorized: bool, action: &'static str) -> Answer {
    let status = if is_authorized { "authorized" } else { "unauthorized" };
    let data = Field::object([("status", status.into()), ("action", action.into())]);
    stay(Field::object([("stream", "authorization".into()), ("data", data)]))
}

/// What the server says before it closes.
fn failure() -> Answer {
    let data = Field::object([("error_message", "internal server error".into())]);
    let message = Field::object([("action", "error".into()), ("data", data)]);
    Answer { message, is_last: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTH: &str = r#"{"action":"auth","key":"PK","secret":"s"}"#;
    const LISTEN: &str = r#"{"action":"listen","data":{"streams":["trade_updates","x"]}}"#;
    const AUTHORIZED: &str =
        r#"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#;
    const REFUSED: &str =
        r#"{"stream":"authorization","data":{"status":"unauthorized","action":"authenticate"}}"#;
    const ERROR: &str = r#"{"action":"error","data":{"error_message":"internal server error"}}."#;

    /// A conversation in which `PK` and `oauth` are known; a full stop where the
    /// server closes. Returns whether updates are sent at its end.
    #[track_caller]
    fn check(lines: &[&str], expected: &[&str], is_listening: bool) {
        let mut session = TradingSession::default();
        let mut answers = Vec::new();
        for line in lines {
            let message = serde_json::from_str(line).ok();
            let answer = session.hear(message.as_ref(), |id, _| id == "PK" || id == "oauth");
            let text = serde_json::to_string(&answer.message).unwrap();
            answers.push(if answer.is_last { format!("{text}.") } else { text });
        }
        assert_eq!(answers, expected);
        assert_eq!(session.is_listening(), is_listening);
    }

    #[test]
    fn every_form_of_keys_gets_the_same_answer() {
        for keys in [
            AUTH,
            r#"{"action":"authenticate","data":{"key_id":"PK","secret_key":"s"}}"#,
            r#"{"action":"authenticate","data":{"oauth_token":"t"}}"#,
        ] {
            check(&[keys], &[AUTHORIZED], false);
        }
    }

    #[test]
    fn bad_keys_are_not_authorized() {
        for keys in [r#"{"action":"auth","key":"NO","secret":"s"}"#, r#"{"action":"auth"}"#] {
            check(&[keys], &[REFUSED], false);
        }
    }

    #[test]
    fn listening_needs_authorization() {
        let refused =
            r#"{"stream":"authorization","data":{"status":"unauthorized","action":"listen"}}"#;
        check(&[LISTEN], &[refused], false);
    }

    #[test]
    fn a_later_listen_replaces_the_earlier_one() {
        let heard = r#"{"stream":"listening","data":{"streams":["trade_updates"]}}"#;
        let nothing = r#"{"stream":"listening","data":{"streams":[]}}"#;
        check(&[AUTH, LISTEN], &[AUTHORIZED, heard], true);
        let stop = r#"{"action":"listen","data":{"streams":[]}}"#;
        check(&[AUTH, LISTEN, stop], &[AUTHORIZED, heard, nothing], false);
    }

    #[test]
    fn what_cannot_be_read_ends_the_connection() {
        for line in ["{", r#"{"action":"sing"}"#, "[]"] {
            check(&[line], &[ERROR], false);
        }
        check(&[AUTH, r#"{"action":"listen"}"#], &[AUTHORIZED, ERROR], false);
    }
}
