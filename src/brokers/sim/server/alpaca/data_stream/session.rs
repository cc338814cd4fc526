//! The conversation with one data client, without its socket: greeting,
//! authentication, subscriptions, errors (Alpaca, protocol page §7.1 of October 2026).
//!
//! The session is told what the client said and answers with messages; who holds
//! the connection's place and whether keys are good is asked of a [`Gate`].

use serde_json::{Map, Value};

use super::subscription::{Channel, Subscription};
use crate::brokers::sim::server::frames::Field;

/// How often a client may ask for a place on one connection before it is closed.
/// The Go client asks 15 times.
const ATTEMPTS_MAX: u32 = 16;

/// What a client shows to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The key's id, or `oauth`.
    pub(crate) id: String,
    /// The secret, or the token.
    pub(crate) secret: String,
}

/// What the gate says to a client's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The client has the connection's place from now on.
    Admitted,
    /// The keys are not known.
    Refused,
    /// Somebody else has the place.
    Full,
    /// The plan of the account does not include the feed.
    NotEntitled,
}

/// Decides who may come in, and keeps the place of who did.
pub(crate) trait Gate {
    /// Judges keys, and takes the place for a client that is let in.
    fn admit(&mut self, keys: &Keys) -> Admission;
}

/// An error of the data stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamError {
    /// No message, no known action, or a bad symbol format.
    InvalidSyntax,
    /// Asked before authentication.
    NotAuthenticated,
    /// Keys that are not known.
    AuthFailed,
    /// Authenticated twice.
    AlreadyAuthenticated,
    /// No authentication in time.
    AuthTimeout,
    /// More symbols than the plan has; the old set stays.
    SymbolLimitExceeded,
    /// Another connection has the place.
    ConnectionLimitExceeded,
    /// The client does not read fast enough.
    SlowClient,
    /// The feed is not part of the plan.
    InsufficientSubscription,
    /// A channel that the feed does not have.
    InvalidSubscribeAction,
}

impl StreamError {
    const fn code(self) -> (i64, &'static str) {
        match self {
            Self::InvalidSyntax => (400, "invalid syntax"),
            Self::NotAuthenticated => (401, "not authenticated"),
            Self::AuthFailed => (402, "auth failed"),
            Self::AlreadyAuthenticated => (403, "already authenticated"),
            Self::AuthTimeout => (404, "auth timeout"),
            Self::SymbolLimitExceeded => (405, "symbol limit exceeded"),
            Self::ConnectionLimitExceeded => (406, "connection limit exceeded"),
            Self::SlowClient => (407, "slow client"),
            Self::InsufficientSubscription => (409, "insufficient subscription"),
            Self::InvalidSubscribeAction => (410, "invalid subscribe action for this feed"),
        }
    }

    /// Returns the error as a control message.
    pub(crate) fn message(self) -> Field {
        let (code, text) = self.code();
        let error = [("T", "error".into()), ("code", Field::Integer(code)), ("msg", text.into())];
        control(Field::object(error))
    }
}

/// Wraps one object into the array that every message is; control messages are
/// arrays of exactly one.
fn control(message: Field) -> Field {
    Field::List(vec![message])
}

fn success(text: &'static str) -> Field {
    control(Field::object([("T", "success".into()), ("msg", text.into())]))
}

/// What a session answers, and whether the connection goes on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The message.
    pub(crate) message: Field,
    /// Whether the server closes after it.
    pub(crate) is_last: bool,
}

impl Answer {
    const fn stay(message: Field) -> Self {
        Self { message, is_last: false }
    }

    fn error(error: StreamError) -> Self {
        Self::stay(error.message())
    }

    fn last(error: StreamError) -> Self {
        Self { message: error.message(), is_last: true }
    }
}

/// What differs between feeds and plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Terms {
    /// Symbols over trades and quotes; the free plan has 30.
    pub(crate) symbols_max: Option<usize>,
    /// Whether the feed has auction imbalances.
    pub(crate) has_imbalances: bool,
}

/// The conversation with one client.
#[derive(Debug)]
pub(crate) struct DataSession {
    terms: Terms,
    is_authenticated: bool,
    attempts: u32,
    subscription: Subscription,
}

impl DataSession {
    /// Makes a session before its greeting.
    pub(crate) fn new(terms: Terms) -> Self {
        Self { terms, is_authenticated: false, attempts: 0, subscription: Subscription::default() }
    }

    /// Returns the greeting, and the answer to keys that came with the handshake.
    pub(crate) fn greet(&mut self, keys: Option<&Keys>, gate: &mut impl Gate) -> Vec<Answer> {
        let mut answers = vec![Answer::stay(success("connected"))];
        answers.extend(keys.map(|keys| self.authenticate(keys, gate)));
        answers
    }

    /// Returns the answer to a client's message; `None` is one that could not be
    /// read.
    pub(crate) fn hear(&mut self, message: Option<&Value>, gate: &mut impl Gate) -> Answer {
        let Some(Value::Object(request)) = message else {
            return Answer::error(StreamError::InvalidSyntax);
        };
        match request.get("action").and_then(Value::as_str) {
            Some("auth") => match keys_of(request) {
                _ if self.is_authenticated => Answer::error(StreamError::AlreadyAuthenticated),
                Some(keys) => self.authenticate(&keys, gate),
                None => Answer::error(StreamError::InvalidSyntax),
            },
            Some("subscribe") => self.change(request, Subscription::with),
            Some("unsubscribe") => self.change(request, Subscription::without),
            Some(_) | None => Answer::error(StreamError::InvalidSyntax),
        }
    }

    /// Returns the answer to no authentication in time, `None` when there was one.
    pub(crate) fn time_out(&self) -> Option<Answer> {
        (!self.is_authenticated).then(|| Answer::last(StreamError::AuthTimeout))
    }

    /// Tells whether the client has been let in.
    pub(crate) const fn is_authenticated(&self) -> bool {
        self.is_authenticated
    }

    /// Returns what the client wants to hear.
    pub(crate) const fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate(&mut self, keys: &Keys, gate: &mut impl Gate) -> Answer {
        self.attempts = self.attempts.saturating_add(1);
        match gate.admit(keys) {
            Admission::Admitted => {
                self.is_authenticated = true;
                Answer::stay(success("authenticated"))
            }
            Admission::Refused => Answer::last(StreamError::AuthFailed),
            // The client may ask again on the same connection (§7.1, code 406).
            Admission::Full => Answer {
                is_last: self.attempts >= ATTEMPTS_MAX,
                ..Answer::error(StreamError::ConnectionLimitExceeded)
            },
            Admission::NotEntitled => Answer::last(StreamError::InsufficientSubscription),
        }
    }

    fn change(
        &mut self,
        request: &Map<String, Value>,
        apply: fn(&Subscription, &Subscription) -> Subscription,
    ) -> Answer {
        if !self.is_authenticated {
            return Answer::error(StreamError::NotAuthenticated);
        }
        let Some(asked) = Subscription::read(request) else {
            return Answer::error(StreamError::InvalidSyntax);
        };
        if asked.names(Channel::Imbalances) && !self.terms.has_imbalances {
            return Answer::error(StreamError::InvalidSubscribeAction);
        }
        let changed = apply(&self.subscription, &asked);
        if self.terms.symbols_max.is_some_and(|most| !changed.is_within(most)) {
            return Answer::error(StreamError::SymbolLimitExceeded);
        }
        self.subscription = changed;
        Answer::stay(control(self.subscription.message()))
    }
}

fn keys_of(request: &Map<String, Value>) -> Option<Keys> {
    let text = |name: &str| Some(request.get(name)?.as_str()?.to_owned());
    Some(Keys { id: text("key")?, secret: text("secret")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says the same to everybody.
    struct Says(Admission);

    impl Gate for Says {
        fn admit(&mut self, _: &Keys) -> Admission {
            self.0
        }
    }

    const AUTH: &str = r#"{"action":"auth","key":"PK","secret":"s"}"#;

    /// A conversation: each line is said by the client; the answers are listed as
    /// code, text or `subscription`, with a full stop where the server closes.
    #[track_caller]
    fn check(admission: Admission, terms: Terms, lines: &[&str], expected: &[&str]) {
        let mut session = DataSession::new(terms);
        let mut gate = Says(admission);
        let mut answers = session.greet(None, &mut gate);
        for line in lines {
            let message = serde_json::from_str(line).ok();
            answers.push(session.hear(message.as_ref(), &mut gate));
        }
        let told: Vec<String> = answers.iter().map(told).collect();
        assert_eq!(told, expected);
    }

    fn told(answer: &Answer) -> String {
        let json = serde_json::to_value(&answer.message).unwrap();
        assert_eq!(json.as_array().unwrap().len(), 1, "control messages are arrays of one");
        let text = match (&json[0]["code"], &json[0]["msg"], &json[0]["T"]) {
            (Value::Number(code), ..) => code.to_string(),
            (_, Value::String(text), _) => text.clone(),
            (.., kind) => kind.as_str().unwrap().to_owned(),
        };
        if answer.is_last { format!("{text}.") } else { text }
    }

    #[test]
    fn a_client_authenticates_and_then_subscribes() {
        let lines =
            [AUTH, r#"{"action":"subscribe","trades":["AAPL"]}"#, r#"{"action":"unsubscribe"}"#];
        let expected = ["connected", "authenticated", "subscription", "subscription"];
        check(Admission::Admitted, Terms::default(), &lines, &expected);
    }

    #[test]
    fn every_error_has_its_code() {
        let terms = Terms { symbols_max: Some(1), has_imbalances: false };
        let lines = [
            "{",
            "[]",
            r#"{"action":"sing"}"#,
            r#"{"action":"auth","key":"PK"}"#,
            r#"{"action":"subscribe","trades":["AAPL"]}"#,
            AUTH,
            AUTH,
            r#"{"action":"subscribe","trades":["a"]}"#,
            r#"{"action":"subscribe","trades":["A","B"]}"#,
            r#"{"action":"subscribe","imbalances":["A"]}"#,
        ];
        let expected = [
            "connected",
            "400",
            "400",
            "400",
            "400",
            "401",
            "authenticated",
            "403",
            "400",
            "405",
            "410",
        ];
        check(Admission::Admitted, terms, &lines, &expected);
    }

    #[test]
    fn who_is_not_let_in_hears_why() {
        check(Admission::Refused, Terms::default(), &[AUTH], &["connected", "402."]);
        check(Admission::NotEntitled, Terms::default(), &[AUTH], &["connected", "409."]);
        check(Admission::Full, Terms::default(), &[AUTH, AUTH], &["connected", "406", "406"]);
    }

    #[test]
    fn a_client_that_asks_for_a_place_for_ever_is_closed() {
        let mut session = DataSession::new(Terms::default());
        let auth = serde_json::from_str(AUTH).unwrap();
        let answers: Vec<_> =
            (0..16).map(|_| session.hear(Some(&auth), &mut Says(Admission::Full))).collect();
        let last: Vec<_> = answers.iter().map(|answer| answer.is_last).collect();
        assert_eq!(last.iter().position(|last| *last), Some(15));
    }

    #[test]
    fn keys_of_the_handshake_are_as_good_as_a_message() {
        let keys = Keys { id: "PK".into(), secret: "s".into() };
        let mut session = DataSession::new(Terms::default());
        let answers = session.greet(Some(&keys), &mut Says(Admission::Admitted));
        assert_eq!(answers.iter().map(told).collect::<Vec<_>>(), ["connected", "authenticated"]);
        assert_eq!(session.time_out(), None);
    }

    #[test]
    fn a_silent_client_is_told_that_its_time_is_over() {
        let session = DataSession::new(Terms::default());
        assert_eq!(told(&session.time_out().unwrap()), "404.");
    }

    #[test]
    fn a_refused_request_changes_nothing() {
        let mut session = DataSession::new(Terms { symbols_max: Some(1), has_imbalances: true });
        let mut gate = Says(Admission::Admitted);
        for line in [
            AUTH,
            r#"{"action":"subscribe","quotes":["AAPL"]}"#,
            r#"{"action":"subscribe","trades":["AAPL"]}"#,
        ] {
            session.hear(serde_json::from_str(line).ok().as_ref(), &mut gate);
        }
        assert!(session.subscription().names(Channel::Quotes));
        assert!(!session.subscription().names(Channel::Trades));
    }
}
