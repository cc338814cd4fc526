//! Mail in a running house: what it may do to a decision, what it may not, and that it does
//! not matter in which order mails and meetings arrive.

mod arrival;
mod caution;
mod command;
mod running;

use flightdeck::domain::ids::Symbol;
use flightdeck::events::{EmailStored, IntelEvent};

/// A mail about a stock in which the writer feels or is about to do something.
fn mail(number: u64, symbol: &str, intent: &str) -> IntelEvent {
    IntelEvent::EmailStored(EmailStored {
        number,
        email: format!("{number}@x.com"),
        written_at: None,
        client: "bo@x.com".into(),
        name: "Bo Chen".into(),
        subject: format!("about {symbol}"),
        symbols: vec![Symbol::new(symbol).unwrap()],
        intents: vec![intent.to_owned()],
    })
}

/// The text of a mail.
fn letter(id: usize, subject: &str, body: &str) -> String {
    format!(
        "From: Bo Chen <bo.chen@x.com>\nTo: Desk <desk@y.com>\nMessage-ID: <{id}@x.com>\n\
         Date: Mon, 23 Nov 2026 10:{:02}:00 -0500\nSubject: {subject}\n\n{body}\n",
        id % 60
    )
}

/// A meeting in which Bo Chen says something.
fn meeting(said: &str) -> String {
    format!(
        "WEBVTT\n\nNOTE began_at: 2026-11-23T14:00:00Z\n\n00:01.000 --> 00:09.000\n<v Bo Chen>{said}\n\n\
         00:10.000 --> 00:19.000\n<v Ann Lee>We will look at it.\n"
    )
}
