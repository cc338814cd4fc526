//! What every generated market must hold, whatever its seed.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Date;
use proptest::prelude::*;

use super::*;
use crate::domain::calendar::MarketHours;
use crate::domain::ids::Symbol;
use crate::domain::market::{Bar, MarketStep, Session, StatusChange, Tick, TradingStatus};
use crate::domain::money::Price;
use crate::domain::time::Timestamp;

/// A Monday with a full session.
const MONDAY: Date = Date::constant(2026, 10, 5);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn setup(seed: u64, cadence_seconds: i64) -> MarketSetup {
    let cadence = SignedDuration::from_secs(cadence_seconds);
    MarketSetup { cadence, ..MarketSetup::demo(seed, MONDAY) }
}

fn market(seed: u64, cadence_seconds: i64) -> Market {
    Market::new(setup(seed, cadence_seconds)).unwrap()
}

/// The steps of the first `sessions` sessions.
fn sessions(market: Market, sessions: usize) -> Vec<MarketStep> {
    let mut closes = 0;
    let mut steps = Vec::new();
    for step in market {
        closes +=
            usize::from(step.quotes.is_empty() && step.ticks.is_empty() && step.bars.is_some());
        steps.push(step);
        if closes == sessions {
            break;
        }
    }
    steps
}

/// Rebuilds the minute bars from the prints.
fn bars_from_ticks(steps: &[MarketStep]) -> BTreeMap<(Timestamp, Symbol), Bar> {
    let mut bars = BTreeMap::new();
    for Tick { symbol, price, size, at } in steps.iter().flat_map(|step| &step.ticks).copied() {
        let start = Timestamp::from_nanos(at.as_nanos() / 60_000_000_000 * 60_000_000_000);
        let volume = size.whole_shares().unwrap();
        bars.entry((start, symbol))
            .and_modify(|bar: &mut Bar| {
                bar.high = bar.high.max(price);
                bar.low = bar.low.min(price);
                bar.close = price;
                bar.volume += volume;
            })
            .or_insert(Bar {
                symbol,
                open: price,
                high: price,
                low: price,
                close: price,
                volume,
                start,
            });
    }
    bars
}

fn all_bars(steps: &[MarketStep]) -> impl Iterator<Item = (Timestamp, Bar)> {
    steps.iter().flat_map(|step| {
        step.bars.iter().flat_map(|batch| batch.bars.iter().map(|bar| (step.at, *bar)))
    })
}

fn is_in_cents(price: Price) -> bool {
    price.units() % 1_000_000 == 0
}

#[test]
fn the_same_seed_is_the_same_market_and_another_is_not() {
    let text = |seed| format!("{:?}", market(seed, 5).take(2_000).collect::<Vec<_>>());
    assert_eq!(text(42), text(42));
    assert_ne!(text(42), text(43));
}

#[test]
fn the_market_of_seed_42_is_fixed_for_ever() {
    // Recordings and demonstrations rely on it; change it knowingly or not at all.
    let steps = sessions(market(42, 60), 1);
    let last: Vec<String> = steps
        .last()
        .unwrap()
        .bars
        .iter()
        .flat_map(|batch| batch.bars.iter())
        .map(|bar| format!("{} {} {}", bar.symbol, bar.close, bar.volume))
        .collect();
    insta::assert_snapshot!(last.join("\n"), @"
    AAPL 190.20 4598
    MSFT 276.20 6586
    NVDA 112.55 5294
    AMZN 166.94 12749
    GOOGL 138.69 6871
    META 330.14 12256
    TSLA 232.86 2856
    AMD 124.91 7973
    ");
}

#[test]
fn the_first_session_opens_at_the_listed_prices() {
    let first = market(7, 1).next().unwrap();
    assert_eq!(first.at.to_string(), "2026-10-05T13:30:00Z");
    assert!(first.bars.is_none());
    let listed: Vec<(Symbol, Price)> =
        setup(7, 1).listings.iter().map(|listing| (listing.symbol, listing.price)).collect();
    let opened: Vec<(Symbol, Price)> =
        first.ticks.iter().map(|tick| (tick.symbol, tick.price)).collect();
    assert_eq!(opened, listed);
    assert_eq!(first.quotes.len(), listed.len());
}

#[test]
fn adding_a_stock_changes_no_other() {
    let with = setup(3, 5);
    let added = with.listings[2].symbol;
    let mut without = with.clone();
    without.listings.remove(2);
    let [with, without] = [with, without].map(|setup| Market::new(setup).unwrap().take(3_000));
    for (mut larger, smaller) in with.zip(without) {
        larger.quotes.retain(|quote| quote.symbol != added);
        larger.ticks.retain(|tick| tick.symbol != added);
        larger.status.retain(|change| change.symbol != added);
        assert_eq!(
            (larger.quotes, larger.ticks, larger.status),
            (smaller.quotes, smaller.ticks, smaller.status)
        );
    }
}

#[test]
fn a_session_has_a_step_per_second_and_a_bar_per_minute() {
    let steps = sessions(market(1, 1), 1);
    assert_eq!(steps.len(), 23_401);
    assert_eq!(steps.iter().filter(|step| step.bars.is_some()).count(), 390);
    assert!(steps.windows(2).all(|pair| pair[0].at < pair[1].at));
}

#[test]
fn nights_weekends_holidays_and_short_afternoons_are_skipped() {
    let start = Date::constant(2025, 11, 26); // Wednesday before Thanksgiving
    let cadence = MINUTE;
    let market = Market::new(MarketSetup { cadence, ..MarketSetup::demo(1, start) }).unwrap();
    let steps = sessions(market, 3);
    let dates: Vec<String> =
        steps.iter().filter(|step| step.bars.is_none()).map(|step| step.at.to_string()).collect();
    assert_eq!(dates, ["2025-11-26T14:30:00Z", "2025-11-28T14:30:00Z", "2025-12-01T14:30:00Z"]);
    assert_eq!(steps.len(), 391 + 211 + 391);
    for step in &steps {
        let window = MarketHours::NewYork.window_at(step.at).unwrap();
        let is_silent = step.quotes.is_empty() && step.ticks.is_empty() && step.status.is_empty();
        assert!(window.session == Session::Open || is_silent, "{}", step.at);
    }
}

#[test]
fn the_market_ends_with_the_calendar() {
    let (start, cadence) = (Date::constant(2030, 12, 31), MINUTE);
    let market = Market::new(MarketSetup { cadence, ..MarketSetup::demo(1, start) }).unwrap();
    assert_eq!(market.count(), 391);
}

#[test]
fn the_wildest_stocks_stay_within_a_fifth_and_five_times_of_their_price() {
    let mut wild = setup(5, 60);
    wild.listings.truncate(2);
    for (listing, price) in wild.listings.iter_mut().zip(["5.00", "100000.00"]) {
        *listing = Listing { price: price.parse().unwrap(), annual_volatility: 5.0, ..*listing };
    }
    let listings = wild.listings.clone();
    let steps = sessions(Market::new(wild).unwrap(), 10);
    for listing in listings {
        let home = listing.price.to_f64();
        for (_, bar) in all_bars(&steps).filter(|(_, bar)| bar.symbol == listing.symbol) {
            // A percent of room for bid and ask around the middle.
            assert!(bar.low.to_f64() >= home / 5.0 * 0.99, "{bar:?}");
            assert!(bar.high.to_f64() <= home * 5.0 * 1.01, "{bar:?}");
        }
    }
}

#[test]
fn a_pause_lasts_five_minutes_and_is_silent() {
    let mut count = 0;
    for seed in 0..4 {
        let mut paused: BTreeMap<Symbol, Timestamp> = BTreeMap::new();
        for step in sessions(market(seed, 60), 2) {
            for StatusChange { symbol, status } in step.status {
                if status == TradingStatus::LuldPaused {
                    assert_eq!(paused.insert(symbol, step.at), None);
                    count += 1;
                } else {
                    assert_eq!(status, TradingStatus::Trading);
                    let began = paused.remove(&symbol).unwrap();
                    assert_eq!(step.at.since(began), SignedDuration::from_mins(5));
                }
            }
            assert!(step.quotes.iter().all(|quote| !paused.contains_key(&quote.symbol)));
            assert!(step.ticks.iter().all(|tick| !paused.contains_key(&tick.symbol)));
        }
        assert!(paused.is_empty(), "no pause outlasts its session");
    }
    assert!((2..40).contains(&count), "{count} pauses in eight sessions");
}

#[test]
fn history_leads_to_the_first_open_without_gap() {
    let market = market(11, 1);
    let history = market.history(2);
    assert_eq!(history.len(), 780);
    assert_eq!(history, market.clone().history(2));
    assert!(market.history(0).is_empty());
    let starts: Vec<Timestamp> = history.iter().map(|batch| batch.bars[0].start).collect();
    assert!(starts.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(starts[0].to_string(), "2026-10-01T13:30:00Z");
    assert_eq!(starts[779].to_string(), "2026-10-02T19:59:00Z");
    for (bar, listing) in history[779].bars.iter().zip(setup(11, 1).listings) {
        assert_eq!((bar.symbol, bar.close), (listing.symbol, listing.price));
    }
    for bar in history.iter().flat_map(|batch| batch.bars.iter()) {
        assert!(bar.checked().is_ok() && bar.volume > 0);
        assert!([bar.open, bar.high, bar.low, bar.close].into_iter().all(is_in_cents));
    }
}

/// A trade bought at the open that ends at −5 % or +15 %: its end, or `None`.
fn outcome(steps: &[MarketStep], listing: &Listing) -> Option<bool> {
    let entry = listing.price.to_f64();
    all_bars(steps).filter(|(_, bar)| bar.symbol == listing.symbol).find_map(|(_, bar)| {
        let (low, high) = (bar.low.to_f64() / entry, bar.high.to_f64() / entry);
        if low <= 0.95 {
            Some(false)
        } else if high >= 1.15 {
            Some(true)
        } else {
            None
        }
    })
}

#[test]
fn most_trades_of_the_demo_market_end_within_two_sessions_both_ways() {
    let (mut lost, mut won, mut open) = (0, 0, 0);
    for seed in 0..4 {
        let steps = sessions(market(seed, 60), 2);
        for listing in setup(seed, 60).listings {
            match outcome(&steps, &listing) {
                Some(true) => won += 1,
                Some(false) => lost += 1,
                None => open += 1,
            }
        }
    }
    assert!(open <= 8 && won >= 4 && lost >= 8, "{lost} lost, {won} won, {open} open");
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut MarketSetup), expected: &str) {
    let mut setup = setup(1, 1);
    change(&mut setup);
    let error = Market::new(setup).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn an_impossible_setup_is_refused_by_name() {
    check_refused(|setup| setup.cadence = SignedDuration::from_secs(7), "divide a minute");
    check_refused(|setup| setup.cadence = SignedDuration::ZERO, "divide a minute");
    check_refused(|setup| setup.cadence = SignedDuration::from_mins(2), "divide a minute");
    check_refused(|setup| setup.cadence = SignedDuration::from_nanos(1_000_000_001), "divide");
    check_refused(|setup| setup.listings.clear(), "at least one stock");
    check_refused(|setup| setup.listings.push(setup.listings[0]), "AAPL is there twice");
    check_refused(|setup| setup.listings[1].price = Price::from_cents(499).unwrap(), "MSFT");
    check_refused(|setup| setup.listings[1].price = "9.995".parse().unwrap(), "whole cents");
    check_refused(|setup| setup.listings[0].annual_volatility = f64::NAN, "volatility NaN");
    check_refused(|setup| setup.start = Date::constant(2031, 1, 1), "outside the New York");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn every_market_agrees_with_itself(seed in any::<u64>(), cadence in prop::sample::select(vec![15_i64, 30, 60])) {
        let steps = sessions(market(seed, cadence), 2);
        for step in &steps {
            for quote in &step.quotes {
                prop_assert!(quote.bid < quote.ask && quote.at == step.at);
                prop_assert!(is_in_cents(quote.bid) && is_in_cents(quote.ask));
                prop_assert!(quote.bid_size > 0 && quote.ask_size > 0);
            }
            for tick in &step.ticks {
                prop_assert!(is_in_cents(tick.price) && !tick.size.is_zero() && tick.at == step.at);
            }
        }
        let mut expected = bars_from_ticks(&steps);
        for (at, bar) in all_bars(&steps) {
            prop_assert_eq!(bar.start.plus(MINUTE), at);
            prop_assert_eq!(expected.remove(&(bar.start, bar.symbol)), Some(bar));
        }
        prop_assert!(expected.is_empty(), "prints without a bar");
    }
}
