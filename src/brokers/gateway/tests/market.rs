//! Market data: conflated while the house is busy, complete where it must be.

use crate::brokers::gateway::tests::fake::{Does, price};
use crate::brokers::gateway::tests::house::{House, START, Setup};
use crate::brokers::gateway::{GatewayConfig, MarketBuffer, MarketItem};
use crate::brokers::{MarketSink, Push};
use crate::domain::ids::Symbol;
use crate::domain::market::{
    Bar, Interval, MarketStep, PriceBand, Quote, StatusChange, Tick, TickCorrection, TradingStatus,
};
use crate::domain::money::Qty;
use crate::domain::time::Timestamp;
use crate::events::{Event, FeedEvent};
use crate::fsm::link::LinkState;

fn stock(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

fn quote(of: &str, bid: &str) -> Push {
    let bid = price(bid);
    Push::Quote(Quote::new(stock(of), (bid, 1), (bid, 1), START).unwrap())
}

fn tick(of: &str, at: &str) -> Push {
    let size = Qty::shares(1).unwrap();
    Push::Tick(Tick { symbol: stock(of), price: price(at), size, at: START })
}

fn minute(of: &str, minutes: i64, close: &str) -> Bar {
    let close = price(close);
    let start = START.plus(jiff::SignedDuration::from_mins(minutes));
    Bar { symbol: stock(of), open: close, high: close, low: close, close, volume: 1, start }
}

fn bar(of: &str, minutes: i64, close: &str) -> Push {
    Push::Bar(Interval::Minute, minute(of, minutes, close))
}

fn step(buffer: &mut MarketBuffer) -> MarketStep {
    match buffer.take(START) {
        Some(MarketItem::Step(step)) => step,
        other => panic!("a step was expected, not {other:?}"),
    }
}

#[test]
fn of_bands_the_newest_waits_and_every_correction_does() {
    let mut buffer = MarketBuffer::default();
    let size = Qty::shares(1).unwrap();
    for cents in 10..60 {
        let [down, up] = ["165", "185"].map(|whole| price(&format!("{whole}.{cents}")));
        buffer.push(Push::Band(PriceBand { symbol: stock("AAPL"), down, up, at: START }));
        let wrong = Tick { symbol: stock("AAPL"), price: up, size, at: START };
        buffer.push(Push::Correction(TickCorrection { wrong, right: None }));
    }
    let step = step(&mut buffer);
    assert_eq!((step.bands.len(), step.bands[0].up), (1, price("185.59")));
    assert_eq!((step.corrections.len(), buffer.conflated().lost), (50, 0));
    assert!(buffer.is_empty());
}

#[test]
fn f32_of_quotes_and_prints_the_newest_waits_and_everything_else_waits_whole() {
    let mut buffer = MarketBuffer::default();
    for cents in 10..60 {
        buffer.push(quote("AAPL", &format!("175.{cents}")));
        buffer.push(tick("AAPL", &format!("175.{cents}")));
        buffer.push(quote("MSFT", &format!("400.{cents}")));
        buffer.push(Push::Status(StatusChange {
            symbol: stock("AAPL"),
            status: TradingStatus::Halted,
        }));
    }
    let step = step(&mut buffer);
    assert_eq!(step.quotes.len(), 2);
    assert_eq!(step.quotes[0].bid, price("175.59"));
    assert_eq!((step.ticks.len(), step.status.len()), (1, 50));
    assert_eq!((buffer.quotes_conflated(), buffer.ticks_conflated()), (98, 49));
    assert!(buffer.is_empty() && buffer.take(START).is_none());
}

#[test]
fn bars_leave_minute_by_minute_and_are_counted_once() {
    let mut buffer = MarketBuffer::default();
    for push in [
        bar("AAPL", 0, "175.00"),
        bar("MSFT", 0, "400.00"),
        bar("AAPL", 1, "175.10"),
        // A better version of one that still waits takes its place.
        bar("AAPL", 0, "175.05"),
    ] {
        buffer.push(push);
    }
    let first = step(&mut buffer).bars.unwrap().bars;
    assert_eq!((first.len(), first[0].close), (2, price("175.05")));
    assert_eq!(step(&mut buffer).bars.unwrap().bars.len(), 1);
    // A better version of one that is gone would be counted twice.
    buffer.push(bar("AAPL", 1, "175.11"));
    assert!(buffer.is_empty());
    assert_eq!(buffer.bars_late(), 1);
}

#[test]
fn nothing_said_before_a_link_changed_is_taken_for_news_after_it() {
    let mut buffer = MarketBuffer::default();
    let link = |state| Push::Link { feed: "alpaca.iex", state };
    buffer.push(quote("AAPL", "175.00"));
    buffer.push(link(LinkState::Down { attempts: 0 }));
    buffer.push(link(LinkState::Up));
    buffer.push(quote("AAPL", "176.00"));
    assert_eq!(step(&mut buffer).quotes[0].bid, price("175.00"));
    for _ in 0..2 {
        assert!(matches!(buffer.take(START), Some(MarketItem::Link(_))));
    }
    assert_eq!(step(&mut buffer).quotes[0].bid, price("176.00"));
}

#[test]
fn a_link_that_flaps_while_nobody_listens_does_not_fill_the_memory() {
    let mut buffer = MarketBuffer::default();
    for round in 0..10_000_u32 {
        buffer.push(quote("AAPL", "175.00"));
        let state = LinkState::Down { attempts: round };
        buffer.push(Push::Link { feed: "alpaca.iex", state });
        buffer.push(Push::MarketResumed { since: START });
    }
    let mut items = Vec::new();
    while let Some(item) = buffer.take(START) {
        items.push(item);
    }
    assert!(items.len() < 100, "{}", items.len());
    let newest = items.iter().rev().find_map(|item| match item {
        MarketItem::Link(changed) => Some(changed.state),
        MarketItem::Step(_) | MarketItem::Missing(_) => None,
    });
    assert_eq!(newest, Some(LinkState::Down { attempts: 9_999 }));
}

#[tokio::test(start_paused = true)]
async fn f39_a_full_door_conflates_market_data_and_loses_no_order() {
    let house = House::open().await;
    house.submit("fd-1", crate::domain::order::OrderPurpose::Entry);
    house.wait(1).await;
    house.block(true);
    for cents in 10..90 {
        house.market.push(quote("AAPL", &format!("175.{cents}")));
        let order = house.books().order("fd-1").clone();
        if cents % 10 == 0 {
            house.push(super::house::executed(Some("e"), 1, "175.50"), order).await;
        }
    }
    house.settle().await;
    house.block(false);
    house.wait(5).await;
    assert_eq!(house.count("venue.order.filled"), 8);
    let steps: Vec<Event> = house
        .events()
        .into_iter()
        .filter(|event| matches!(event, Event::Feed(FeedEvent::Step(_))))
        .collect();
    assert!(steps.len() <= 2, "{}", steps.len());
    let Some(Event::Feed(FeedEvent::Step(last))) = steps.last() else { panic!("a step") };
    assert_eq!(last.quotes[0].bid, price("175.89"));
}

#[tokio::test(start_paused = true)]
async fn f28_a_gap_is_filled_with_marked_bars_before_anything_after_it() {
    let warm_up_minutes = 3;
    let symbols = vec![stock("AAPL")];
    let config = GatewayConfig { symbols, warm_up_minutes, ..Setup::default().config };
    let house = House::with(Setup { config, ..Setup::default() });
    house.books().bars = (-10..3).map(|at| minute("AAPL", at, "175.00")).collect();
    house.wait(1).await;
    // The warm-up: only bars that have ended.
    assert_eq!(histories(&house), [3]);
    house.wait(60).await;
    house.market.push(bar("AAPL", 0, "175.00"));
    house.wait(120).await;
    house.market.push(Push::MarketResumed { since: minutes(0) });
    house.market.push(bar("AAPL", 2, "175.00"));
    house.market.push(bar("AAPL", 3, "175.00"));
    house.wait(1).await;
    // What was heard live is not told again, and what is told again is not repeated.
    assert_eq!(histories(&house), [3, 2]);
    assert_eq!(live_bars(&house), [minutes(0), minutes(3)]);
}

#[tokio::test(start_paused = true)]
async fn the_minute_in_which_the_line_broke_is_read_as_well() {
    let config = GatewayConfig { symbols: vec![stock("AAPL")], ..Setup::default().config };
    let house = House::with(Setup { config, ..Setup::default() });
    house.books().bars = (0..3).map(|at| minute("AAPL", at, "175.00")).collect();
    house.wait(181).await;
    // Data came last at half past the first minute.
    let since = minutes(0).plus(jiff::SignedDuration::from_secs(30));
    house.market.push(Push::MarketResumed { since });
    house.wait(1).await;
    assert_eq!(histories(&house), [3]);
}

#[tokio::test(start_paused = true)]
async fn bars_after_a_gap_that_cannot_be_read_wait_until_it_is_filled_and_quotes_do_not() {
    let config = GatewayConfig { symbols: vec![stock("AAPL")], ..Setup::default().config };
    let house = House::with(Setup { config, ..Setup::default() });
    house.wait(1).await;
    house.market.push(bar("AAPL", 0, "175.00"));
    house.books().bars = (0..4).map(|at| minute("AAPL", at, "175.00")).collect();
    house.wait(180).await;
    // Three tries, which open the breaker for a minute.
    house.script("bars", &[Does::Lost; 3]);
    house.market.push(Push::MarketResumed { since: minutes(0) });
    house.market.push(bar("AAPL", 4, "175.00"));
    house.market.push(quote("AAPL", "175.10"));
    house.wait(8).await;
    house.market.push(quote("AAPL", "175.20"));
    house.settle().await;
    assert_eq!((histories(&house), live_bars(&house)), (vec![], vec![minutes(0)]));
    assert_eq!(house.count("feed.market.received"), 3, "the first bar and both quotes");
    house.wait(90).await;
    assert_eq!(histories(&house), [3]);
    assert_eq!(live_bars(&house), [minutes(0), minutes(4)]);
    house.close().await;
}

#[test]
fn withheld_bars_leave_before_everything_that_came_later() {
    let mut buffer = MarketBuffer::default();
    buffer.withhold();
    buffer.push(bar("AAPL", 0, "175.00"));
    assert!(buffer.take(START).is_none(), "nothing but bars: nothing leaves");
    buffer.push(bar("AAPL", 1, "175.00"));
    buffer.push(quote("AAPL", "175.00"));
    let without = step(&mut buffer);
    assert!(without.bars.is_none() && without.quotes.len() == 1);
    buffer.push(bar("AAPL", 2, "175.00"));
    buffer.release();
    let starts: Vec<Timestamp> =
        (0..3).map(|_| step(&mut buffer).bars.unwrap().bars[0].start).collect();
    assert_eq!(starts, [minutes(0), minutes(1), minutes(2)]);
}

/// The starts of the bars that were told live.
fn live_bars(house: &House) -> Vec<Timestamp> {
    let live = house.events().into_iter().filter_map(|event| match event {
        Event::Feed(FeedEvent::Step(step)) => step.bars.clone(),
        _ => None,
    });
    live.flat_map(|batch| batch.bars.to_vec()).map(|bar| bar.start).collect()
}

fn minutes(count: i64) -> Timestamp {
    START.plus(jiff::SignedDuration::from_mins(count))
}

/// How many bars each history held.
fn histories(house: &House) -> Vec<usize> {
    let history = |event| match event {
        Event::Feed(FeedEvent::History(batch)) => Some(batch.bars.len()),
        _ => None,
    };
    house.events().into_iter().filter_map(history).collect()
}
