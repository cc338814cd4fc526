//! Examples of what a market says and what is vouched for.

use std::sync::Arc;

use flightdeck::domain::market::{
    Bar, BarBatch, Interval, MarketStep, PriceBand, Quote, Session, StatusChange, Tick,
    TickCorrection, TradingStatus,
};
use flightdeck::domain::money::Qty;
use flightdeck::events::{
    DataSuspected, Event, FeedConflated, FeedEvent, FeedLinkChanged, MarketBars, MarketEvent,
    MarketStatus, SecondQuoted, SecondStep, SourceChanged, SplitDetected, SuspectReason, TapeEvent,
};
use flightdeck::fsm::link::LinkState;
use rust_decimal::dec;

use crate::support::examples::{aapl, price, time};

pub(super) fn examples() -> Vec<Event> {
    let links = [
        LinkState::Down { attempts: 3 },
        LinkState::Connecting { attempts: 1 },
        LinkState::Syncing { attempts: 0 },
        LinkState::Up,
        LinkState::Stale,
    ];
    let link = |state| FeedEvent::Link(FeedLinkChanged { feed: "alpaca.iex".into(), state });
    let mut examples: Vec<Event> = vec![
        TapeEvent::Step(Arc::new(full_step())).into(),
        FeedEvent::Step(Arc::new(full_step())).into(),
        FeedEvent::Step(Arc::new(MarketStep::default())).into(),
        FeedEvent::History(BarBatch { interval: Interval::Day, bars: Arc::from([bar()]) }).into(),
    ];
    let conflated = FeedConflated { quotes: 3_812, ticks: 40, bars_late: 2, lost: 0 };
    examples.push(FeedEvent::Conflated(conflated).into());
    let source = Arc::from("schwab");
    examples.push(FeedEvent::Second(SecondStep { source, step: Arc::new(full_step()) }).into());
    let second = FeedLinkChanged { feed: "schwab.stream".into(), state: LinkState::Up };
    examples.push(FeedEvent::SecondLink(second).into());
    examples.extend(links.map(|state| link(state).into()));
    examples.extend(vouched().into_iter().map(Event::from));
    examples
}

fn vouched() -> Vec<MarketEvent> {
    let sessions = [Session::Open, Session::Closed, Session::PreMarket, Session::AfterHours];
    let reasons = [
        SuspectReason::Stale,
        SuspectReason::Crossed,
        SuspectReason::Outlier,
        SuspectReason::Gap,
        SuspectReason::Time,
        SuspectReason::Status,
        SuspectReason::Disagreement,
    ];
    let mut events = vec![
        MarketEvent::Quote(quote()),
        MarketEvent::Tick(tick()),
        MarketEvent::Halt(StatusChange { symbol: aapl(), status: TradingStatus::LuldPaused }),
        MarketEvent::Split(SplitDetected {
            symbol: aapl(),
            new_shares: 7,
            old_shares: 1,
            price_ratio: dec!(0.1428),
        }),
    ];
    events.extend(sources());
    events.push(MarketEvent::Band(band()));
    events.extend(corrections().map(MarketEvent::Correction));
    events.extend(Interval::ALL.map(|interval| {
        let is_history = interval == Interval::Day;
        MarketEvent::Bars(MarketBars { interval, bars: Arc::from([bar(), bar()]), is_history })
    }));
    events.extend(sessions.map(|status| {
        let trading_day = "2025-10-28".parse().unwrap();
        MarketEvent::Status(MarketStatus {
            status,
            trading_day,
            until: time("2025-10-28T20:00:00Z"),
        })
    }));
    events.extend(reasons.map(|reason| {
        let detail = "last quote is 12.5 s old, \"limit\" 5 s".into();
        MarketEvent::Suspect(DataSuspected { symbol: aapl(), reason, detail })
    }));
    events
}

fn sources() -> [MarketEvent; 4] {
    let quoted = |agrees| {
        let source = Arc::from("schwab");
        SecondQuoted { symbol: aapl(), source, price: price("175.495"), agrees }
    };
    let moved = |source: &str, second: Option<&str>| SourceChanged {
        source: Arc::from(source),
        second: second.map(Arc::from),
        stands_in: second.is_none(),
        reason: "alpaca.iex is STALE".into(),
    };
    [
        MarketEvent::Second(quoted(true)),
        MarketEvent::Second(quoted(false)),
        MarketEvent::Source(moved("alpaca", Some("schwab"))),
        MarketEvent::Source(moved("schwab", None)),
    ]
}

fn full_step() -> MarketStep {
    let halted = StatusChange { symbol: aapl(), status: TradingStatus::Halted };
    MarketStep {
        at: time("2025-10-28T14:30:00Z"),
        bars: Some(BarBatch { interval: Interval::Minute, bars: Arc::from([bar()]) }),
        status: vec![halted],
        quotes: vec![quote()],
        ticks: vec![tick()],
        bands: vec![band()],
        corrections: corrections().into(),
    }
}

fn band() -> PriceBand {
    let at = time("2025-10-28T14:29:45Z");
    PriceBand { symbol: aapl(), down: price("166.72"), up: price("184.27"), at }
}

fn corrections() -> [TickCorrection; 2] {
    let right = Tick { price: price("175.50"), ..tick() };
    [Some(right), None].map(|right| TickCorrection { wrong: tick(), right })
}

fn quote() -> Quote {
    let at = time("2025-10-28T14:29:59.024916716Z");
    Quote::new(aapl(), (price("175.49"), 300), (price("175.50"), 100), at).unwrap()
}

fn tick() -> Tick {
    let size = Qty::from_units(2_500_000_000).unwrap();
    Tick { symbol: aapl(), price: price("0.1234"), size, at: time("2025-10-28T14:29:59.5Z") }
}

fn bar() -> Bar {
    Bar {
        symbol: aapl(),
        open: price("175.00"),
        high: price("175.60"),
        low: price("174.9875"),
        close: price("175.50"),
        volume: 1_234_567,
        start: time("2025-10-28T14:29:00Z"),
    }
}
