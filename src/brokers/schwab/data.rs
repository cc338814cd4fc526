//! Market data of an account: hours, quotes, bars, facts about a stock (Schwab, protocol
//! page §4 of November 2026).

use std::collections::BTreeMap;
use std::sync::PoisonError;

use jiff::civil::Date;
use serde_json::value::RawValue;

use crate::breakers::CallOutcome;
use crate::brokers::broker::{BrokerAsset, BrokerClock};
use crate::brokers::call::{Answer, CallError};
use crate::brokers::oddity::Oddity;
use crate::brokers::schwab::broker::SchwabBroker;
use crate::brokers::schwab::rest::{Family, Reply, Request};
use crate::brokers::schwab::translate::market::{self, Session};
use crate::brokers::schwab::translate::{spelled, symbol};
use crate::brokers::schwab::wire::{WireHistory, WireInstruments, WireMarketDay, WireQuoted};
use crate::domain::calendar::date_in_new_york;
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, Interval, Quote};
use crate::domain::time::Timestamp;

/// Stocks named in one request, so that its address stays short.
const SYMBOLS_PER_REQUEST: usize = 100;
/// Days after today that are asked for a session: no closure has lasted as long since
/// 1933.
const CLOSED_DAYS_MAX: usize = 10;
/// Days whose hours are remembered.
const DAYS_KEPT: usize = 32;

impl SchwabBroker {
    /// The market's hours. `isOpen` of a day means that it is a trading day, so that what
    /// is open now follows from the session and Schwab's own time.
    pub(super) async fn hours(&self) -> Result<Answer<BrokerClock>, CallError> {
        let today = date_in_new_york(self.rest.now());
        let (reply, session) = self.day(today).await?;
        // A simulated Schwab stamps its answers by the wall, whatever its market's time.
        let dated = reply.dated.filter(|_| !self.config.hosts.is_simulated);
        let now = dated.unwrap_or_else(|| self.rest.now());
        let answer = reply.answer(());
        let clock = match session {
            Some(Session { open, close }) if now < open => {
                BrokerClock { now, is_open: false, next_open: open, next_close: close }
            }
            Some(Session { close, .. }) if now < close => {
                let next_open = self.session_after(today).await?.open;
                BrokerClock { now, is_open: true, next_open, next_close: close }
            }
            Some(_) | None => {
                let Session { open, close } = self.session_after(today).await?;
                BrokerClock { now, is_open: false, next_open: open, next_close: close }
            }
        };
        Ok(answer.map(|()| clock))
    }

    /// The next session after a day; days that were asked for are remembered.
    async fn session_after(&self, today: Date) -> Result<Session, CallError> {
        let mut date = today;
        for _ in 0..CLOSED_DAYS_MAX {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            let known = {
                let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
                sessions.get(&date).copied()
            };
            let session = match known {
                Some(session) => session,
                None => self.day(date).await?.1,
            };
            if let Some(session) = session {
                return Ok(session);
            }
        }
        let detail = format!("no session within {CLOSED_DAYS_MAX} days");
        Err(CallError::Unknown { outcome: CallOutcome::Malformed, detail, rate: None })
    }

    async fn day(&self, date: Date) -> Result<(Reply, Option<Session>), CallError> {
        let path = ["markets"];
        let query = [("markets", "equity".to_owned()), ("date", date.to_string())];
        let request = Request::read("GET /markets", Family::MarketData, &path);
        let reply = self.rest.send(Request { query: &query, ..request }).await?;
        let wire: BTreeMap<String, BTreeMap<String, WireMarketDay>> = reply.json()?;
        let session = market::session(&wire, &self.oddities);
        self.remember(date, session);
        Ok((reply, session))
    }

    fn remember(&self, date: Date, session: Option<Session>) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(date, session);
        while sessions.len() > DAYS_KEPT {
            sessions.pop_first();
        }
    }

    /// What is known of some symbols, in Schwab's order; unknown ones are not among them.
    async fn quoted(
        &self,
        symbols: &[Symbol],
        fields: &str,
    ) -> Result<Answer<Vec<(Symbol, WireQuoted)>>, CallError> {
        let mut found = Vec::with_capacity(symbols.len());
        let mut request_id = None;
        for chunk in symbols.chunks(SYMBOLS_PER_REQUEST) {
            let named: Vec<String> = chunk.iter().map(|symbol| spelled(*symbol)).collect();
            let query = [("symbols", named.join(",")), ("fields", fields.to_owned())];
            let path = ["quotes"];
            let request = Request::read("GET /quotes", Family::MarketData, &path);
            let reply = self.rest.send(Request { query: &query, ..request }).await?;
            let rows: BTreeMap<String, Box<RawValue>> = reply.json()?;
            for (name, row) in rows {
                // Names that Schwab does not know stand beside the others (§4).
                if name == "errors" {
                    self.oddities.count(Oddity::MissingValue, "a symbol is not known");
                    continue;
                }
                let Ok(symbol) = symbol(&name) else { continue };
                match serde_json::from_str(row.get()) {
                    Ok(row) => found.push((symbol, row)),
                    Err(_) => self.oddities.count(Oddity::RefusedMarketData, &name),
                }
            }
            request_id = reply.answer(()).request_id;
        }
        Ok(Answer { value: found, rate: None, request_id })
    }

    pub(super) async fn quotes_of(
        &self,
        symbols: &[Symbol],
    ) -> Result<Answer<Vec<Quote>>, CallError> {
        let rows = self.quoted(symbols, "quote").await?;
        let quote = |(symbol, row): (Symbol, WireQuoted)| {
            market::quote(symbol, &row.quote?, &self.oddities)
        };
        Ok(rows.map(|rows| rows.into_iter().filter_map(quote).collect()))
    }

    /// What may be done with a stock: whether it exists is said by the instruments, the
    /// rest by its quote.
    pub(super) async fn asset_of(
        &self,
        symbol: Symbol,
    ) -> Result<Answer<Option<BrokerAsset>>, CallError> {
        let path = ["instruments"];
        let name = spelled(symbol);
        let query = [("symbol", name.clone()), ("projection", "symbol-search".to_owned())];
        let request = Request::read("GET /instruments", Family::MarketData, &path);
        let found = self.rest.find(Request { query: &query, ..request }).await?;
        let nothing = Answer { value: None, rate: None, request_id: None };
        let Some(reply) = found else { return Ok(nothing) };
        let wire: WireInstruments = reply.json()?;
        let mut rows = wire.instruments.into_iter().flatten();
        if !rows.any(|row| row.symbol.as_deref() == Some(name.as_str())) {
            return Ok(nothing);
        }
        let quoted = self.quoted(&[symbol], "quote,reference").await?;
        Ok(quoted.map(|rows| {
            let row = rows.into_iter().find(|(found, _)| *found == symbol);
            row.map(|(_, row)| market::asset(symbol, &row))
        }))
    }

    /// Bars by symbol and time, one request for each symbol. Schwab has no hours: they
    /// are made of half hours.
    pub(super) async fn bars_of(
        &self,
        symbols: &[Symbol],
        interval: Interval,
        span: (Timestamp, Timestamp),
    ) -> Result<Answer<Vec<Bar>>, CallError> {
        let mut symbols = symbols.to_vec();
        symbols.sort_unstable();
        symbols.dedup();
        let mut bars = Vec::new();
        let mut request_id = None;
        for symbol in symbols {
            let query = history_query(symbol, interval, span);
            let path = ["pricehistory"];
            let request = Request::read("GET /pricehistory", Family::MarketData, &path);
            let reply = self.rest.send(Request { query: &query, ..request }).await?;
            let wire: WireHistory = reply.json()?;
            let candles = wire.candles.unwrap_or_default();
            bars.extend(market::bars(symbol, &candles, interval, span, &self.oddities));
            request_id = reply.answer(()).request_id;
        }
        Ok(Answer { value: bars, rate: None, request_id })
    }
}

/// With explicit dates `period` is left out: together they are inconsistent (§4).
fn history_query(
    symbol: Symbol,
    interval: Interval,
    (from, until): (Timestamp, Timestamp),
) -> Vec<(&'static str, String)> {
    let (period, kind, frequency) = match interval {
        Interval::Minute => ("day", "minute", "1"),
        Interval::FiveMinutes => ("day", "minute", "5"),
        Interval::Hour => ("day", "minute", "30"),
        Interval::Day => ("year", "daily", "1"),
    };
    let millis = |at: Timestamp| at.as_nanos().div_euclid(1_000_000).to_string();
    // A day is stamped an hour after its midnight, and an hour begins before its first
    // half hour.
    let lead = match interval {
        Interval::Minute | Interval::FiveMinutes | Interval::Day => jiff::SignedDuration::ZERO,
        Interval::Hour => jiff::SignedDuration::from_mins(30),
    };
    let tail = match interval {
        Interval::Minute | Interval::FiveMinutes => jiff::SignedDuration::ZERO,
        Interval::Hour | Interval::Day => jiff::SignedDuration::from_hours(1),
    };
    vec![
        ("symbol", spelled(symbol)),
        ("periodType", period.to_owned()),
        ("frequencyType", kind.to_owned()),
        ("frequency", frequency.to_owned()),
        ("startDate", millis(from.plus(-lead))),
        ("endDate", millis(until.plus(tail))),
        ("needExtendedHoursData", "false".to_owned()),
        ("needPreviousClose", "false".to_owned()),
    ]
}
