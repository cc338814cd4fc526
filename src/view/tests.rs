//! The fold on worked examples: names, days, hostile words, bounds.

use jiff::civil::date;

use crate::breakers::Phase as Breaker;
use crate::domain::calendar::MarketHours;
use crate::domain::ids::{AgentId, Seq, Symbol, TradeId};
use crate::domain::market::{
    Bar, Interval, Quote, Session, StatusChange, Tick, TickCorrection, TradingStatus,
};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::events::{
    Alert, BreakerEvent, BreakerStateChanged, BusChanged, CandidateFound, Criterion, DataSuspected,
    Envelope, Event, FeedConflated, FeedEvent, FeedLinkChanged, HoldSignal, MarketBars,
    MarketEvent, MarketStatus, SessionStarted, Severity, SignalEvent, SuspectReason, SystemEvent,
    TradeEvent, TradeStateChanged,
};
use crate::fsm::link::LinkState;
use crate::fsm::trade::TradeState;
use crate::fsm::trading::TradingState;
use crate::risk::RuleName;
use crate::view::{
    Amended, BreakerPhase, Conflated, EventLine, LinkPhase, Phase, Precautions, Projector, Setup,
    TradingPhase, Unit, Wanted, clean_text,
};

/// A house and its next event.
struct Fold {
    projector: Projector,
    seq: u64,
    at: Timestamp,
}

impl Fold {
    fn new() -> Self {
        let setup = Setup {
            account: "SIM".into(),
            opening_cash: Money::from_dollars(100_000),
            hours: MarketHours::NewYork,
            breakers: Vec::new(),
            speed: 1,
            precautions: Precautions::default(),
        };
        let at = Timestamp::from_seconds(1_761_661_800);
        Self { projector: Projector::new(&setup), seq: 0, at }
    }

    fn see(&mut self, event: impl Into<Event>) -> &mut Self {
        self.seq += 1;
        let seq = Seq(self.seq);
        let (at, root) = (self.at, seq);
        let source = AgentId::MarketData;
        let envelope = Envelope { seq, at, cause: None, root, source, event: event.into() };
        self.projector.see(&envelope);
        self
    }

    fn day(&mut self, day: i8, session: Session) -> &mut Self {
        let trading_day = date(2025, 10, day);
        let status = MarketStatus { status: session, trading_day, until: self.at };
        self.see(MarketEvent::Status(status))
    }

    fn price(&mut self, text: &str) -> &mut Self {
        self.at = self.at.plus(jiff::SignedDuration::from_secs(1));
        let (symbol, size) = (aapl(), Qty::shares(100).unwrap());
        let tick = Tick { symbol, price: text.parse().unwrap(), size, at: self.at };
        self.see(MarketEvent::Tick(tick))
    }
}

fn aapl() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

#[test]
fn states_have_the_names_of_their_machines() {
    use TradingState::{Active, Flatten, Halted, Reducing};
    for state in [TradeState::Scanning, TradeState::SetupDetected, TradeState::Holding] {
        assert_eq!(Phase::of(state.name()).unwrap().name(), state.name());
    }
    for state in [Active, Reducing, Halted, Flatten] {
        assert!(TradingPhase::of(state.name()).is_some());
    }
    for phase in [Breaker::Closed, Breaker::Open, Breaker::HalfOpen, Breaker::Latched] {
        assert!(BreakerPhase::of(phase.name()).is_some());
    }
    let attempts = 1;
    for link in [
        LinkState::Down { attempts },
        LinkState::Connecting { attempts },
        LinkState::Syncing { attempts },
        LinkState::Up,
        LinkState::Stale,
    ] {
        assert!(LinkPhase::of(link.name()).is_some());
    }
    for rule in RuleName::ALL {
        assert!(Unit::of(&format!("{:?}", rule.unit())).is_some(), "{rule}");
    }
}

#[test]
fn the_change_of_a_price_counts_from_the_regular_close_before() {
    let mut fold = Fold::new();
    fold.day(27, Session::Open).price("100.00").price("110.00");
    let row = fold.projector.snapshot().watch[0].clone();
    assert_eq!((row.previous_close, row.change_ratio()), (None, None), "no day before is known");
    fold.day(27, Session::AfterHours).price("150.00").day(28, Session::Closed);
    fold.day(28, Session::PreMarket).price("121.00");
    let row = fold.projector.snapshot().watch[0].clone();
    assert_eq!(row.previous_close, Some("110.00".parse().unwrap()), "not that of after hours");
    assert_eq!(row.change_ratio(), Some(rust_decimal::dec!(0.1)));
    assert_eq!(row.volume, 100, "of today");
}

#[test]
fn bars_of_the_day_before_give_the_close_before() {
    let mut fold = Fold::new();
    let close: Price = "200.00".parse().unwrap();
    let start = Timestamp::from_seconds(1_761_661_800 - 86_400);
    let bar = Bar { symbol: aapl(), open: close, high: close, low: close, close, volume: 5, start };
    let bars = MarketBars { interval: Interval::Minute, bars: [bar].into(), is_history: true };
    fold.see(MarketEvent::Bars(bars)).day(28, Session::Open).price("190.00");
    let snapshot = fold.projector.snapshot();
    assert_eq!(snapshot.watch[0].previous_close, Some(close));
    assert_eq!(snapshot.watch[0].change().unwrap(), Money::from_dollars(-10));
}

#[test]
fn a_print_that_was_wrong_gives_its_place_to_the_right_one() {
    let mut fold = Fold::new();
    fold.day(28, Session::Open).price("100.00").price("10.00");
    let at = fold.at;
    let tick = |text: &str| {
        let size = Qty::shares(100).unwrap();
        Tick { symbol: aapl(), price: text.parse().unwrap(), size, at }
    };
    let (wrong, right) = (tick("10.00"), Some(tick("100.01")));
    fold.see(MarketEvent::Correction(TickCorrection { wrong, right }));
    let row = fold.projector.snapshot().watch[0].clone();
    assert_eq!((row.last, row.volume), (Some("100.01".parse().unwrap()), 200));
    let amended: Vec<_> = row.prints.iter().map(|print| print.amended).collect();
    assert_eq!(amended, [Amended::Corrected, Amended::No]);
    // One that was overtaken changes no price; one that never was is no volume.
    fold.price("100.50");
    fold.see(MarketEvent::Correction(TickCorrection { wrong: tick("100.00"), right: None }));
    let row = fold.projector.snapshot().watch[0].clone();
    assert_eq!((row.last, row.volume), (Some("100.50".parse().unwrap()), 200));
}

#[test]
fn a_quote_does_not_end_the_doubt_whether_a_stock_trades_and_a_print_does() {
    let mut fold = Fold::new();
    let (reason, detail) = (SuspectReason::Status, String::new());
    fold.price("100.00");
    fold.see(MarketEvent::Suspect(DataSuspected { symbol: aapl(), reason, detail }));
    let [bid, ask] = ["99.99", "100.01"].map(|text| text.parse::<Price>().unwrap());
    let quote = Quote::new(aapl(), (bid, 1), (ask, 1), fold.at).unwrap();
    fold.see(MarketEvent::Quote(quote));
    assert_eq!(fold.projector.snapshot().watch[0].doubt, Some(reason));
    fold.price("100.00");
    assert_eq!(fold.projector.snapshot().watch[0].doubt, None);
}

#[test]
fn what_quotes_take_and_what_was_overtaken_is_told() {
    let mut fold = Fold::new();
    let [bid, ask] = ["99.99", "100.01"].map(|text| text.parse::<Price>().unwrap());
    let stamped = fold.at.plus(jiff::SignedDuration::from_millis(-12));
    fold.see(MarketEvent::Quote(Quote::new(aapl(), (bid, 1), (ask, 1), stamped).unwrap()));
    let told = FeedConflated { quotes: 7, ticks: 6, bars_late: 5, lost: 4 };
    fold.see(FeedEvent::Conflated(told));
    let snapshot = fold.projector.snapshot();
    let feed = snapshot.latency.feed;
    assert_eq!((feed.newest, feed.p95, feed.measured), (12_000, 12_000, 1));
    assert_eq!(snapshot.latency.orders.measured, 0);
    let expected = Conflated { quotes: 7, ticks: 6, bars_late: 5, lost: 4 };
    assert_eq!(snapshot.conflated, expected);
}

#[test]
fn a_halt_and_a_lost_feed_are_shown() {
    let mut fold = Fold::new();
    fold.price("100.00");
    let (symbol, status) = (aapl(), TradingStatus::LuldPaused);
    fold.see(MarketEvent::Halt(StatusChange { symbol, status }));
    for state in [LinkState::Up, LinkState::Stale, LinkState::Up, LinkState::Down { attempts: 0 }] {
        fold.see(FeedEvent::Link(FeedLinkChanged { feed: "alpaca.iex".into(), state }));
    }
    let snapshot = fold.projector.snapshot();
    assert!(snapshot.watch[0].is_halted());
    assert_eq!(snapshot.cards.market.halted, 1);
    assert_eq!((snapshot.feeds[0].phase, snapshot.feeds[0].lost), (LinkPhase::Down, 2));
}

/// Words of others, as hostile as they come.
const HOSTILE: &str =
    "\u{1b}]52;c;eA==\u{7}\u{202e}evil\u{200b}\u{9b}2J\r\nx\u{301}\u{301}\u{301}\u{301}\u{301}";

#[test]
fn words_of_others_are_clean_wherever_they_end_up() {
    let mut fold = Fold::new();
    let hostile = || HOSTILE.to_owned();
    let trade_id = TradeId::new("trade-1");
    fold.see(SignalEvent::CandidateFound(CandidateFound {
        trade_id: trade_id.clone(),
        symbol: aapl(),
        direction: Direction::Long,
        price: "100.00".parse().unwrap(),
        criteria: vec![Criterion { name: hostile(), detail: hostile() }],
    }));
    let reason = hostile();
    fold.see(SignalEvent::Hold(HoldSignal {
        trade_id: Some(trade_id.clone()),
        symbol: aapl(),
        reason,
    }));
    fold.see(TradeEvent::StateChanged(TradeStateChanged {
        trade_id,
        symbol: aapl(),
        from: hostile(),
        to: "SETUP_DETECTED".into(),
        reason: Some(hostile()),
    }));
    fold.see(SystemEvent::Alert(Alert { severity: Severity::Info, text: hostile() }));
    fold.see(FeedEvent::Link(FeedLinkChanged { feed: hostile(), state: LinkState::Up }));
    fold.see(BreakerEvent::StateChanged(BreakerStateChanged {
        breaker: hostile(),
        from: "CLOSED".into(),
        to: "OPEN".into(),
        reason: hostile(),
        retry_at: None,
    }));
    let snapshot = fold.projector.snapshot();
    let json = serde_json::to_string(&*snapshot).unwrap();
    let record = snapshot.why(&Wanted::Newest(aapl())).unwrap().lines().join("\n");
    let log: Vec<String> = snapshot.log.iter().map(EventLine::text).collect();
    let log = log.join("\n");
    for shown in [&json, &record, &log] {
        assert!(shown.contains("evil"), "the words themselves are there");
        for bad in ['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}', '\u{9b}', '\r'] {
            assert!(!shown.contains(bad), "{bad:?} in {shown}");
        }
        assert!(!shown.contains("\\u00") && !shown.contains(&"\u{301}".repeat(5)));
    }
    assert_eq!(&*clean_text(&clean_text(HOSTILE, 60), 60), &*clean_text(HOSTILE, 60));
}

#[test]
fn no_list_outgrows_its_bound() {
    let mut fold = Fold::new();
    fold.day(28, Session::Open);
    for round in 0..70_000_u32 {
        let name = format!("{round}");
        fold.at = fold.at.plus(jiff::SignedDuration::from_secs(1));
        let event: Event = match round % 5 {
            0 => {
                let symbol = Symbol::new(&format!("S{}", round % 7_001)).unwrap();
                let price = Price::from_cents(10_000).unwrap();
                let quote = Quote::new(symbol, (price, 1), (price, 1), fold.at).unwrap();
                MarketEvent::Quote(quote).into()
            }
            1 => SignalEvent::CandidateFound(CandidateFound {
                trade_id: TradeId::new(name),
                symbol: aapl(),
                direction: Direction::Long,
                price: Price::from_cents(10_000).unwrap(),
                criteria: Vec::new(),
            })
            .into(),
            2 => FeedEvent::Link(FeedLinkChanged { feed: name, state: LinkState::Up }).into(),
            3 => BreakerEvent::StateChanged(BreakerStateChanged {
                breaker: name,
                from: "CLOSED".into(),
                to: "OPEN".into(),
                reason: String::new(),
                retry_at: None,
            })
            .into(),
            _ => SystemEvent::Alert(Alert { severity: Severity::Info, text: name }).into(),
        };
        fold.see(event);
    }
    let sizes = fold.projector.sizes();
    for (name, length, bound) in &sizes {
        assert!(length <= bound, "{name}: {length} of {bound}");
    }
    let full = ["trades", "feeds", "breakers", "alerts", "decisions"];
    for (name, length, bound) in sizes.iter().filter(|(name, _, _)| full.contains(name)) {
        assert_eq!(length, bound, "{name} is full, so that the bound was tried");
    }
}

#[test]
fn what_a_person_types_names_a_record() {
    for (text, wanted) in [
        ("AAPL", Wanted::Newest(aapl())),
        (" 812 ", Wanted::Event(Seq(812))),
        ("#812", Wanted::Event(Seq(812))),
        ("trade-20251028-000001", Wanted::Trade(TradeId::new("trade-20251028-000001"))),
        ("refusal-9", Wanted::Trade(TradeId::new("refusal-9"))),
    ] {
        assert_eq!(Wanted::of(text), wanted, "{text}");
    }
}

#[test]
fn the_fall_from_the_peak_is_noted_once_a_minute_and_for_two_hours() {
    let mut fold = Fold::new();
    fold.day(27, Session::Open);
    for _ in 0..60 * 125 {
        fold.price("100.00");
    }
    let falls = fold.projector.snapshot().falls.clone();
    assert_eq!(falls.len(), 120);
    assert!(falls.iter().all(|fall| *fall == Money::ZERO), "nothing is held");
}

#[test]
fn the_bus_has_a_light_only_in_a_run_that_has_one() {
    let mut fold = Fold::new();
    let changed = |reason: &str| BusChanged { reason: reason.into() };
    let light = |fold: &mut Fold| fold.projector.snapshot().bus.clone();
    assert_eq!(light(&mut fold), None);
    fold.see(SystemEvent::BusUp(changed("it answers")));
    let up = light(&mut fold).unwrap();
    assert!(up.is_up);
    fold.price("100.00").see(SystemEvent::BusDown(changed("no answer\u{1b}[2J")));
    let down = light(&mut fold).unwrap();
    assert!(!down.is_up && down.since > up.since && !down.reason.contains('\u{1b}'));
    fold.price("100.00").see(SystemEvent::BusDown(changed("still none")));
    assert_eq!(light(&mut fold).unwrap().since, down.since, "down all the while");
    let (mode, version, config_hash) = ("sim".into(), "1".into(), "0".into());
    let order_tag = None;
    let started = SessionStarted { mode, seed: 1, version, config_hash, order_tag };
    fold.see(SystemEvent::SessionStarted(started));
    assert_eq!(light(&mut fold), None, "another run");
}
