//! What we ask of the streamer. Schwab, protocol page §5.2 of November 2026.
//!
//! Knows no conversation: a request is a text, made from what it needs.

use serde::Serialize;

use super::preference::StreamerInfo;
use crate::brokers::schwab::token::AccessToken;
use crate::brokers::stream::session::Outgoing;

/// A service of the streamer that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    /// Login and logout.
    Admin,
    /// Bids, offers and prints; changed fields alone.
    LevelOne,
    /// Minute bars.
    Chart,
    /// That something happened to an order.
    Activity,
}

impl Service {
    /// The name on the wire.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::LevelOne => "LEVELONE_EQUITIES",
            Self::Chart => "CHART_EQUITY",
            Self::Activity => "ACCT_ACTIVITY",
        }
    }

    /// Looks a service up by its name on the wire.
    pub(super) fn named(name: &str) -> Option<Self> {
        let all = [Self::Admin, Self::LevelOne, Self::Chart, Self::Activity];
        all.into_iter().find(|service| service.name() == name)
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Says who we are.
    Login,
    /// Ends the session.
    Logout,
    /// Replaces all keys of a service.
    Subs,
    /// Adds keys.
    Add,
    /// Drops keys.
    Unsubs,
    /// Changes the fields of all keys of a service.
    View,
}

impl Command {
    const fn name(self) -> &'static str {
        match self {
            Self::Login => "LOGIN",
            Self::Logout => "LOGOUT",
            Self::Subs => "SUBS",
            Self::Add => "ADD",
            Self::Unsubs => "UNSUBS",
            Self::View => "VIEW",
        }
    }
}

/// How much of a stock is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Bids, offers, prints and halts.
    #[default]
    Full,
    /// Bids, offers and halts.
    Quotes,
}

impl Detail {
    /// The fields, ascending and with zero, or the streamer misreads them.
    const fn fields(self) -> &'static str {
        match self {
            Self::Full => "0,1,2,3,4,5,8,9,32,34,35",
            Self::Quotes => "0,1,2,4,5,32,34",
        }
    }
}

/// A request whose answer is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) service: Service,
    pub(super) command: Command,
    /// Keys between commas; empty where there are none.
    pub(super) keys: String,
    pub(super) detail: Detail,
}

#[derive(Serialize)]
struct Envelope<'a> {
    requests: [Body<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    service: &'a str,
    command: &'a str,
    requestid: String,
    #[serde(rename = "SchwabClientCustomerId")]
    customer: &'a str,
    #[serde(rename = "SchwabClientCorrelId")]
    correlation: &'a str,
    parameters: Parameters<'a>,
}

#[derive(Serialize, Default)]
struct Parameters<'a> {
    #[serde(rename = "Authorization", skip_serializing_if = "Option::is_none")]
    authorization: Option<&'a str>,
    #[serde(rename = "SchwabClientChannel", skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(rename = "SchwabClientFunctionId", skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a str>,
}

/// Says who we are; the token goes without the word Bearer.
pub(super) fn login(number: u64, info: &StreamerInfo, token: &AccessToken) -> Outgoing {
    let parameters = Parameters {
        authorization: Some(token.expose()),
        channel: Some(&info.channel),
        function: Some(&info.function),
        ..Parameters::default()
    };
    text(number, info, (Service::Admin, Command::Login), parameters)
}

/// Ends the session.
pub(super) fn logout(number: u64, info: &StreamerInfo) -> Outgoing {
    text(number, info, (Service::Admin, Command::Logout), Parameters::default())
}

/// Writes a request about a service's keys.
pub(super) fn subscription(number: u64, info: &StreamerInfo, request: &Request) -> Outgoing {
    let Request { service, command, keys, detail } = request;
    let fields = match service {
        Service::LevelOne => detail.fields(),
        Service::Chart => "0,1,2,3,4,5,6,7,8",
        Service::Activity | Service::Admin => "0,1,2,3",
    };
    let parameters = Parameters {
        keys: (!keys.is_empty()).then_some(keys),
        fields: (*command != Command::Unsubs).then_some(fields),
        ..Parameters::default()
    };
    text(number, info, (*service, *command), parameters)
}

fn text(
    number: u64,
    info: &StreamerInfo,
    (service, command): (Service, Command),
    parameters: Parameters<'_>,
) -> Outgoing {
    let body = Body {
        service: service.name(),
        command: command.name(),
        requestid: number.to_string(),
        customer: &info.customer,
        correlation: &info.correlation,
        parameters,
    };
    let text = serde_json::to_string(&Envelope { requests: [body] });
    Outgoing::Text(text.expect("texts can be written"))
}
