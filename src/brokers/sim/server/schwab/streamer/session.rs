//! The conversation with one client of the streamer, without its socket (Schwab,
//! protocol page §5.2 to §5.5 of October 2026).
//!
//! Takes requests in an envelope or bare, `requestid` as number or text. Knows which
//! keys and fields are wanted; what their values are is asked of the caller.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::brokers::sim::server::frames::Field;
use crate::brokers::sim::server::schwab::answers::millis;
use crate::domain::time::Timestamp;

use super::level_one::Values;

/// Services that say something here.
pub(super) const LEVEL_ONE: &str = "LEVELONE_EQUITIES";
pub(super) const CHART: &str = "CHART_EQUITY";
pub(super) const ACTIVITY: &str = "ACCT_ACTIVITY";
/// Services of the real streamer that are acknowledged and silent here.
const SILENT: [&str; 12] = [
    "LEVELONE_OPTIONS",
    "LEVELONE_FUTURES",
    "LEVELONE_FUTURES_OPTIONS",
    "LEVELONE_FOREX",
    "CHART_FUTURES",
    "NYSE_BOOK",
    "NASDAQ_BOOK",
    "OPTIONS_BOOK",
    "SCREENER_EQUITY",
    "SCREENER_OPTION",
    "NEWS_HEADLINE",
    "ADMIN_QOS",
];

/// Codes of responses (§5.4).
pub(super) mod code {
    pub(in super::super) const SUCCESS: i64 = 0;
    pub(in super::super) const LOGIN_DENIED: i64 = 3;
    pub(in super::super) const SERVICE_NOT_AVAILABLE: i64 = 11;
    pub(in super::super) const CLOSE_CONNECTION: i64 = 12;
    pub(in super::super) const REACHED_SYMBOL_LIMIT: i64 = 19;
    pub(in super::super) const CONNECTION_NOT_FOUND: i64 = 20;
    pub(in super::super) const BAD_COMMAND: i64 = 21;
    pub(in super::super) const STOP_STREAMING: i64 = 30;
}

/// What the caller does after a request, in this order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// Says a message.
    Say(Field),
    /// Takes the client's place; it has shown a good token.
    LogIn(Answerable),
    /// Shows what is known of keys that are new or shown otherwise.
    Show(&'static str),
    /// Ends the connection.
    End,
}

/// Keys and fields of a service.
#[derive(Debug, Default)]
pub(super) struct Subscription {
    pub(super) keys: Vec<String>,
    pub(super) fields: BTreeSet<u8>,
    /// What was last told of a key.
    pub(super) told: HashMap<String, Values>,
}

/// One client.
#[derive(Debug, Default)]
pub(super) struct Session {
    is_logged_in: bool,
    ids: (String, String),
    subscriptions: BTreeMap<&'static str, Subscription>,
}

/// A request, as far as its answer needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answerable {
    service: String,
    command: String,
    request_id: String,
    correlation: String,
}

impl Answerable {
    fn of(request: &Value) -> Self {
        let text = |name: &str| match &request[name] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        Self {
            service: text("service"),
            command: text("command"),
            request_id: text("requestid"),
            correlation: text("SchwabClientCorrelId"),
        }
    }

    /// Stands for the login when the server speaks by itself.
    pub(super) fn of_login() -> Self {
        Self {
            service: "ADMIN".into(),
            command: "LOGIN".into(),
            request_id: "0".into(),
            correlation: String::new(),
        }
    }

    /// Writes the answer.
    pub(super) fn answer(&self, code: i64, text: &str, now: Timestamp) -> Field {
        let content = Field::object([("code", Field::Integer(code)), ("msg", Field::text(text))]);
        let response = Field::object([
            ("service", Field::text(self.service.as_str())),
            ("command", Field::text(self.command.as_str())),
            ("requestid", Field::text(self.request_id.as_str())),
            ("SchwabClientCorrelId", Field::text(self.correlation.as_str())),
            ("timestamp", millis(now)),
            ("content", content),
        ]);
        Field::object([("response", Field::List(vec![response]))])
    }
}

impl Session {
    /// Tells whether the client has a place.
    pub(super) const fn is_logged_in(&self) -> bool {
        self.is_logged_in
    }

    /// Notes that the client has a place.
    pub(super) const fn log_in(&mut self) {
        self.is_logged_in = true;
    }

    /// Tells whether the client listens to anything.
    pub(super) fn listens(&self) -> bool {
        self.subscriptions.values().any(|it| !it.keys.is_empty())
    }

    /// Returns what the client wants of a service.
    pub(super) fn of(&self, service: &str) -> Option<&Subscription> {
        self.subscriptions.get(service).filter(|it| !it.keys.is_empty())
    }

    /// Returns what the client wants of a service, to note what it was told.
    pub(super) fn of_mut(&mut self, service: &str) -> Option<&mut Subscription> {
        self.subscriptions.get_mut(service).filter(|it| !it.keys.is_empty())
    }

    /// Hears a message; `None` is one that could not be read. `admits` judges a token.
    pub(super) fn hear(
        &mut self,
        message: Option<&Value>,
        keys_max: u32,
        now: Timestamp,
        admits: impl Fn(&str) -> bool,
    ) -> Vec<Effect> {
        let bare = [message.cloned().unwrap_or_default()];
        let enveloped = message.and_then(|message| message["requests"].as_array());
        let requests = enveloped.map_or(&bare[..], Vec::as_slice);
        let mut effects = Vec::new();
        for request in requests {
            effects.extend(self.request(request, keys_max, now, &admits));
            if effects.last() == Some(&Effect::End) {
                break;
            }
        }
        effects
    }

    fn request(
        &mut self,
        request: &Value,
        keys_max: u32,
        now: Timestamp,
        admits: &impl Fn(&str) -> bool,
    ) -> Vec<Effect> {
        let own = Answerable::of(request);
        let say = |code, text: &str| vec![Effect::Say(own.answer(code, text, now))];
        let id = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
        let ids = (id("SchwabClientCustomerId"), id("SchwabClientCorrelId"));
        match (own.service.as_str(), own.command.as_str()) {
            ("ADMIN", "LOGIN") => {
                let token = request["parameters"]["Authorization"].as_str().unwrap_or_default();
                if !admits(token) {
                    let text = "Login Denied.: token is invalid or has expired.";
                    return [say(code::LOGIN_DENIED, text), vec![Effect::End]].concat();
                }
                self.ids = ids;
                vec![Effect::LogIn(own)]
            }
            _ if !self.is_logged_in || self.ids != ids => {
                say(code::CONNECTION_NOT_FOUND, "Stream connection not found.")
            }
            ("ADMIN", "LOGOUT") => [say(code::SUCCESS, "SUCCESS"), vec![Effect::End]].concat(),
            (service, command) => {
                let known = [LEVEL_ONE, CHART, ACTIVITY].into_iter().chain(SILENT);
                let known: Option<&'static str> = known.into_iter().find(|it| *it == service);
                let Some(service) = known else {
                    return say(code::SERVICE_NOT_AVAILABLE, "Service not available.");
                };
                let subscription = self.subscriptions.entry(service).or_default();
                let max = usize::try_from(keys_max).unwrap_or(usize::MAX);
                match subscription.change(command, &request["parameters"], max) {
                    None => say(code::BAD_COMMAND, "Bad command format."),
                    Some(0) => {
                        let text = format!("{command} command succeeded");
                        [say(code::SUCCESS, &text), vec![Effect::Show(service)]].concat()
                    }
                    Some(discarded) => {
                        let text = format!(
                            "Reached symbol limit. ({service}={max}, DISCARDED={discarded})"
                        );
                        let said = say(code::REACHED_SYMBOL_LIMIT, &text);
                        [said, vec![Effect::Show(service)]].concat()
                    }
                }
            }
        }
    }
}

impl Subscription {
    /// Carries out a command and returns how many keys were too many; `None` for one
    /// that is malformed.
    fn change(&mut self, command: &str, parameters: &Value, max: usize) -> Option<usize> {
        let list = |name: &str| -> Vec<String> {
            let text = parameters[name].as_str().unwrap_or_default();
            let parts = text.split(',').map(|part| part.trim().to_uppercase());
            parts.filter(|part| !part.is_empty()).collect()
        };
        let keys = list("keys");
        let fields: Result<BTreeSet<u8>, _> =
            list("fields").iter().map(|field| field.parse()).collect();
        let fields = fields.ok()?;
        match command {
            "SUBS" | "ADD" if keys.is_empty() => return None,
            "VIEW" if fields.is_empty() => return None,
            "SUBS" => {
                self.keys.clear();
                self.told.clear();
                self.fields.clear();
            }
            "ADD" | "VIEW" => {}
            "UNSUBS" => {
                self.keys.retain(|key| !keys.contains(key));
                self.told.retain(|key, _| !keys.contains(key));
                return Some(0);
            }
            _ => return None,
        }
        if command == "VIEW" {
            self.told.clear();
            self.fields = fields;
            return Some(0);
        }
        self.fields.extend(fields);
        let mut discarded = 0;
        for key in keys {
            if self.keys.contains(&key) {
                self.told.remove(&key);
            } else if self.keys.len() < max {
                self.keys.push(key);
            } else {
                discarded += 1;
            }
        }
        Some(discarded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::from_seconds(1_773_071_423);

    fn request(service: &str, command: &str, parameters: &Value) -> Value {
        json!({
            "service": service, "command": command, "requestid": 7,
            "SchwabClientCustomerId": "c", "SchwabClientCorrelId": "r", "parameters": parameters,
        })
    }

    fn login(token: &str) -> Value {
        request("ADMIN", "LOGIN", &json!({ "Authorization": token }))
    }

    /// Codes of what is said, and `LogIn`, `Show`, `End` by name.
    fn hear(session: &mut Session, message: &Value) -> Vec<String> {
        let effects = session.hear(Some(message), 3, NOW, |token| token == "good");
        effects
            .into_iter()
            .map(|effect| match effect {
                Effect::Say(field) => {
                    let said = serde_json::to_value(&field).unwrap();
                    assert_eq!(said["response"][0]["requestid"], "7", "echoed as a text");
                    said["response"][0]["content"]["code"].to_string()
                }
                Effect::LogIn(_) => {
                    session.log_in();
                    "login".into()
                }
                Effect::Show(service) => service.into(),
                Effect::End => "end".into(),
            })
            .collect()
    }

    fn logged_in() -> Session {
        let mut session = Session::default();
        assert_eq!(hear(&mut session, &login("good")), ["login"]);
        session
    }

    #[test]
    fn nothing_is_heard_before_a_login_with_a_good_token() {
        let mut session = Session::default();
        let subscribe = request(LEVEL_ONE, "SUBS", &json!({ "keys": "AAPL", "fields": "0,1" }));
        assert_eq!(hear(&mut session, &subscribe), ["20"]);
        assert_eq!(hear(&mut session, &login("bad")), ["3", "end"]);
        assert_eq!(hear(&mut session, &json!({ "requests": [login("good")] })), ["login"]);
        assert_eq!(hear(&mut session, &subscribe), ["0", LEVEL_ONE]);
        let mut other = subscribe;
        other["SchwabClientCorrelId"] = "changed".into();
        assert_eq!(hear(&mut session, &other), ["20"]);
        assert_eq!(hear(&mut session, &request("ADMIN", "LOGOUT", &json!({}))), ["0", "end"]);
    }

    #[test]
    fn keys_are_replaced_added_dropped_and_limited() {
        let mut session = logged_in();
        let mut check = |command, parameters, code: &str, keys: &[&str]| {
            let heard = hear(&mut session, &request(LEVEL_ONE, command, &parameters));
            assert_eq!(heard.first().map(String::as_str), Some(code));
            let own = session.of(LEVEL_ONE).map_or(&[][..], |it| it.keys.as_slice());
            assert_eq!(own, keys);
        };
        check("ADD", json!({ "keys": "aapl, KO", "fields": "0,1" }), "0", &["AAPL", "KO"]);
        check("ADD", json!({ "keys": "X,Y", "fields": "2" }), "19", &["AAPL", "KO", "X"]);
        check("SUBS", json!({ "keys": "KO", "fields": "0" }), "0", &["KO"]);
        check("VIEW", json!({ "fields": "0,3" }), "0", &["KO"]);
        check("SUBS", json!({ "fields": "0" }), "21", &["KO"]);
        check("ADD", json!({ "keys": "KO", "fields": "one" }), "21", &["KO"]);
        check("UNSUBS", json!({ "keys": "KO" }), "0", &[]);
    }

    #[test]
    fn services_are_known_silent_or_not_available() {
        let mut session = logged_in();
        let subscribe = |service| request(service, "SUBS", &json!({ "keys": "A", "fields": "0" }));
        assert_eq!(hear(&mut session, &subscribe("NYSE_BOOK")), ["0", "NYSE_BOOK"]);
        assert_eq!(hear(&mut session, &subscribe("TEA")), ["11"]);
        assert_eq!(session.hear(None, 3, NOW, |_| true).len(), 1);
    }
}
