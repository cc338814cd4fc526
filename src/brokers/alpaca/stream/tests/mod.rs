//! The rules of the streams, one file for each part.

mod data_session;
mod decode;
mod trading_session;
mod update;

use secrecy::SecretString;

use crate::brokers::Push;
use crate::brokers::alpaca::ApiKeys;

/// Keys that open nothing.
fn keys() -> ApiKeys {
    ApiKeys::new(SecretString::from("PKTEST"), SecretString::from("hidden")).unwrap()
}

/// A push in a word or two.
fn word(push: &Push) -> String {
    match push {
        Push::Link { state, .. } => format!("link {}", state.name()),
        Push::Order(update) => format!("order {:?}", update.news),
        Push::OrdersResumed => "orders resumed".into(),
        Push::Quote(quote) => format!("quote {}", quote.symbol),
        Push::Tick(tick) => format!("tick {}", tick.symbol),
        Push::Bar(interval, bar) => format!("bar {interval} {}", bar.symbol),
        Push::Status(change) => format!("status {:?}", change.status),
        Push::Band(band) => format!("band {} {}", band.down, band.up),
        Push::Correction(wrong) => {
            let right = wrong.right.map_or("nothing".to_owned(), |right| right.price.to_string());
            format!("{} was {right}", wrong.wrong.price)
        }
        Push::MarketResumed { since } => format!("resumed {since}"),
    }
}
