//! Whatever market, venue and operator do, some things hold: the exchange's own
//! ledger is the judge after every step.
//!
//! * Positions and cash at the exchange are the sum of the fills that were told.
//! * What is held is covered by resting exits, or has not been bare for long (I2).
//! * No entry leaves after the kill gate (I7); none is larger than allowed (I3).
//! * Trades move by the rows of their table and by no others (I6).
//! * When the storm is over, everything can be closed, and nothing rests.

use std::collections::BTreeMap;

use flightdeck::agents::risk_management::Approval;
use flightdeck::brokers::sim::exchange::Partials;
use flightdeck::config::Config;
use flightdeck::domain::command::OperatorCommand;
use flightdeck::domain::ids::{AgentId, Symbol, TradeId};
use flightdeck::domain::money::{Money, Price};
use flightdeck::domain::order::{OrderPurpose, RejectReason, Side};
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{
    AssessPortfolio, Event, ExitStyle, OrderEvent, PositionEvent, RequestEvent, SystemEvent,
    TradeEvent, VenueEvent,
};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::support::cockpit::{Cockpit, dollars, rules, symbol};
use crate::support::trouble::{Trouble, What};

const STOCKS: [(&str, i64); 3] = [("AAPL", 17_550), ("F", 1_200), ("MSFT", 30_000)];

/// A position may be bare for so long: the partial fill is waited for, the stop is
/// tried again, then the position is left, and the last exit may be refused too.
const BARE_MAX: SignedDuration = SignedDuration::from_secs(30);
/// Each exit that goes wrong, and each cancel of the rest of an entry that is refused,
/// costs so much at most until the next attempt.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// One thing that happens.
#[derive(Debug, Clone)]
enum Act {
    /// The price moves by so many basis points; so many shares are shown.
    Move {
        stock: usize,
        basis_points: i64,
        shown: u64,
    },
    /// A setup appears at the present price.
    Setup {
        stock: usize,
        is_long: bool,
        shown: u64,
    },
    /// Time passes.
    Wait {
        seconds: i64,
    },
    /// The operator approves the newest trade, waiting or not.
    Approve,
    Kill,
    Reduce,
    Resume,
    Flatten {
        stock: Option<usize>,
    },
    /// The operator cancels the order that works at this place of the list.
    Cancel {
        at: usize,
    },
    /// The venue cancels it of itself.
    VenueCancels {
        at: usize,
    },
    /// The venue refuses the next cancel, and the order works on.
    CancelRefused,
    /// The venue says again what it said so many reports ago.
    SaysAgain {
        back: usize,
    },
    /// The next order of a purpose goes wrong.
    Goes {
        purpose: OrderPurpose,
        what: What,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let stock = 0..STOCKS.len();
    let purpose = prop_oneof![
        Just(OrderPurpose::Entry),
        Just(OrderPurpose::Protection),
        Just(OrderPurpose::Exit)
    ];
    let what = prop_oneof![
        Just(What::Refused(RejectReason::Other)),
        Just(What::NotSent),
        Just(What::AnswerLost)
    ];
    prop_oneof![
        8 => (stock.clone(), -300_i64..300, 1_u64..12)
            .prop_map(|(stock, basis_points, shown)| Act::Move { stock, basis_points, shown }),
        1 => (stock.clone(), prop_oneof![Just(-900_i64), Just(900)], 1_u64..12)
            .prop_map(|(stock, basis_points, shown)| Act::Move { stock, basis_points, shown }),
        6 => (stock.clone(), any::<bool>(), 1_u64..12)
            .prop_map(|(stock, is_long, shown)| Act::Setup { stock, is_long, shown }),
        6 => (1_i64..40).prop_map(|seconds| Act::Wait { seconds }),
        3 => Just(Act::Approve),
        1 => Just(Act::Kill),
        1 => Just(Act::Reduce),
        3 => Just(Act::Resume),
        1 => proptest::option::of(stock).prop_map(|stock| Act::Flatten { stock }),
        1 => (0_usize..6).prop_map(|at| Act::Cancel { at }),
        2 => (0_usize..6).prop_map(|at| Act::VenueCancels { at }),
        1 => Just(Act::CancelRefused),
        3 => (0_usize..12).prop_map(|back| Act::SaysAgain { back }),
        2 => (purpose, what).prop_map(|(purpose, what)| Act::Goes { purpose, what }),
    ]
}

/// What the judge remembers.
struct Judge {
    cockpit: Cockpit,
    prices: [Price; 3],
    seen: usize,
    /// Exits and cancels that were made to go wrong.
    setbacks: i32,
    /// Signed shares by fills.
    held: BTreeMap<Symbol, i128>,
    cash: Money,
    is_halted: bool,
    states: BTreeMap<TradeId, String>,
    bare_since: BTreeMap<Symbol, Timestamp>,
}

impl Judge {
    fn new(config: &Config) -> Self {
        let mut judge = Self {
            cockpit: Cockpit::new(config),
            prices: STOCKS.map(|(_, cents)| Price::from_cents(cents).unwrap()),
            seen: 0,
            setbacks: 0,
            held: BTreeMap::new(),
            cash: config.account.opening_cash,
            is_halted: false,
            states: BTreeMap::new(),
            bare_since: BTreeMap::new(),
        };
        for stock in 0..STOCKS.len() {
            judge.quote(stock, 10);
        }
        judge
    }

    fn quote(&mut self, stock: usize, shown: u64) {
        let bid = self.prices[stock];
        let ask = bid.plus(Money::from_cents(1)).unwrap();
        let (bid, ask) = (bid.to_string(), ask.to_string());
        self.cockpit.quote_of(STOCKS[stock].0, (&bid, shown), (&ask, shown));
    }

    fn does(&mut self, act: &Act) {
        match act {
            Act::Move { stock, basis_points, shown } => {
                let cents = self.prices[*stock].units() / 1_000_000;
                let cents = (cents * (10_000 + basis_points) / 10_000).max(500);
                self.prices[*stock] = Price::from_cents(cents).unwrap();
                self.quote(*stock, *shown);
            }
            Act::Setup { stock, is_long, shown } => {
                let direction = if *is_long { Direction::Long } else { Direction::Short };
                let at = self.prices[*stock].to_string();
                self.cockpit.history(STOCKS[*stock].0, &at, direction);
                self.quote(*stock, *shown);
                self.cockpit.bar(STOCKS[*stock].0, [&at; 4], 2_000);
            }
            Act::Wait { seconds } => {
                // Second by second, so that bare positions are seen.
                for _ in 0..*seconds {
                    self.cockpit.wait(1);
                    self.look();
                }
            }
            Act::Approve => {
                if self.cockpit.count("strategy.candidate.found") > 0 {
                    let trade = self.cockpit.trade();
                    self.cockpit.approve(&trade);
                }
            }
            Act::Kill => {
                self.cockpit.kill();
            }
            Act::Reduce => {
                self.cockpit.reduce();
            }
            Act::Resume => {
                self.cockpit.resume();
            }
            Act::Flatten { stock } => {
                self.cockpit.flatten(stock.map(|stock| STOCKS[stock].0));
            }
            Act::Cancel { at } => {
                if let Some(order) = self.cockpit.working().get(*at) {
                    let id = order.client_order_id.clone().unwrap();
                    self.cockpit.cancel(&id);
                }
            }
            Act::VenueCancels { at } => {
                if let Some(order) = self.cockpit.working().get(*at) {
                    let id = order.client_order_id.clone().unwrap();
                    self.cockpit.venue_cancels(&id);
                }
            }
            Act::CancelRefused => {
                self.setbacks += 1;
                self.cockpit.refuse_cancel();
            }
            Act::SaysAgain { back } => self.says_again(*back),
            Act::Goes { purpose, what } => {
                let (purpose, what) = (*purpose, what.clone());
                self.setbacks += i32::from(purpose == OrderPurpose::Exit);
                self.cockpit.trouble(Trouble { purpose, times: 1, what });
            }
        }
        self.look();
    }

    /// The venue repeats a report about an order.
    fn says_again(&mut self, back: usize) {
        let is_repeatable = |event: &VenueEvent| {
            !matches!(
                event,
                VenueEvent::CallFailed(_)
                    | VenueEvent::Account(_)
                    | VenueEvent::Raced(_)
                    | VenueEvent::SplitApplied(_)
                    | VenueEvent::Rejected(_)
            )
        };
        let journal = self.cockpit.journal();
        let mut said = journal.iter().rev().filter_map(|envelope| {
            let Event::Venue(event) = &envelope.event else { return None };
            is_repeatable(event).then(|| event.clone())
        });
        if let Some(event) = said.nth(back) {
            self.cockpit.input(AgentId::Venue, event);
        }
    }

    /// Judges everything that is new, then the ledger.
    fn look(&mut self) {
        for envelope in self.cockpit.since(self.seen) {
            self.seen += 1;
            self.judge_event(&envelope.event);
        }
        self.judge_ledger();
    }

    fn judge_event(&mut self, event: &Event) {
        if let Event::Order(event) = event {
            self.judge_order(event);
        } else if matches!(event, Event::Operator(OperatorCommand::Kill(_))) {
            self.is_halted = true;
        } else if let Event::System(SystemEvent::TradingChanged(changed)) = event {
            self.is_halted = changed.to != "ACTIVE";
        } else if let Event::Trade(TradeEvent::StateChanged(changed)) = event {
            let before = self.states.insert(changed.trade_id.clone(), changed.to.clone());
            let before = before.unwrap_or_else(|| "SCANNING".into());
            assert_eq!(before, changed.from, "{}", changed.trade_id);
            let row = (changed.from.as_str(), changed.to.as_str());
            assert!(ROWS.contains(&row), "{row:?} is no row of the table");
        } else if let Event::Trade(TradeEvent::TransitionInvalid(invalid)) = event {
            panic!("{} of {}", invalid.error, invalid.trade_id);
        } else if let Event::Position(PositionEvent::Unexplained(found)) = event {
            panic!("{found:?}");
        }
    }

    fn judge_order(&mut self, event: &OrderEvent) {
        if let OrderEvent::Submit(submit) = event {
            let order = submit.order.request();
            if submit.order.purpose() == OrderPurpose::Entry {
                assert!(!self.is_halted, "an entry after the gate: {order:?}");
                // A short one may still be sold at a better price.
                let value = order.kind.limit().unwrap().times(order.qty);
                assert!(value <= dollars("1000"), "too large: {order:?}");
            }
        } else if let OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled) = event {
            let (fill, units) = (&filled.fill, i128::from(filled.fill.qty.units()));
            let (sign, paid) = match fill.side {
                Side::Buy => (1, -fill.price.times(fill.qty)),
                Side::Sell => (-1, fill.price.times(fill.qty)),
            };
            *self.held.entry(fill.symbol).or_default() += sign * units;
            self.cash += paid;
        }
    }

    fn judge_ledger(&mut self) {
        assert_eq!(self.cockpit.cash(), self.cash, "cash is the sum of the fills");
        let working = self.cockpit.working();
        for (of, _) in STOCKS {
            let stock = symbol(of);
            let told = self.held.get(&stock).copied().unwrap_or_default();
            let held = self.cockpit.held(of);
            let (units, exit_side) = held.map_or((0, Side::Sell), |held| {
                let units = i128::from(held.qty.units());
                match held.direction {
                    Direction::Long => (units, Side::Sell),
                    Direction::Short => (-units, Side::Buy),
                }
            });
            assert_eq!(units, told, "the position in {of} is the sum of the fills");
            // A stop, or an exit on its way; targets beside a stop count once.
            let covers = |order: &&flightdeck::domain::order::OrderReport| {
                order.symbol == stock && order.side == exit_side
            };
            let stops = working.iter().filter(covers).filter(|o| o.kind.stop().is_some());
            let exits = working.iter().filter(covers).filter(|o| o.kind.stop().is_none());
            let left = |o: &flightdeck::domain::order::OrderReport| {
                i128::from(o.qty.saturating_sub(o.filled).units())
            };
            let covered = stops.map(left).sum::<i128>().max(exits.map(left).sum());
            let now = self.cockpit.now();
            if covered >= units.abs() {
                self.bare_since.remove(&stock);
            } else {
                let since = *self.bare_since.entry(stock).or_insert(now);
                let bare = now.since(since);
                assert!(
                    bare <= BARE_MAX + AGAIN * self.setbacks,
                    "{of} has been bare for {bare:?}\n{}",
                    self.cockpit.tail(40)
                );
            }
        }
    }

    /// The storm is over: everything is closed on request, and the agents' cash is
    /// the exchange's.
    fn ends_well(&mut self) {
        self.cockpit.heal();
        self.cockpit.reset("sim.orders");
        for _ in 0..3 {
            self.cockpit.flatten(None);
            for _ in 0..70 {
                self.cockpit.wait(1);
                for stock in 0..STOCKS.len() {
                    self.quote(stock, 1_000);
                }
                self.look();
            }
        }
        for (of, _) in STOCKS {
            assert_eq!(self.cockpit.held(of), None, "{of} can be closed");
        }
        assert_eq!(self.cockpit.resting(), Vec::<String>::new(), "nothing rests");
        let open: Vec<_> =
            self.states.iter().filter(|(_, s)| *s != "CLOSED" && *s != "ABORTED").collect();
        assert!(open.is_empty(), "every trade is over: {open:?}");
        self.cockpit.ask(RequestEvent::AssessPortfolio(AssessPortfolio {}));
        let portfolio = self.cockpit.last("risk.portfolio.assessed");
        assert_eq!(portfolio.text("cash"), self.cash.to_string());
        assert_eq!(portfolio.line(&["reserved", "open_positions"]), "0.00 0");
    }
}

/// The rows of the table of trades that change the state's name (spec §3).
const ROWS: [(&str, &str); 14] = [
    ("SCANNING", "SETUP_DETECTED"),
    ("SETUP_DETECTED", "ENTRY_APPROVED"),
    ("ENTRY_APPROVED", "ORDER_PLACED"),
    ("ORDER_PLACED", "FILLED"),
    ("FILLED", "HOLDING"),
    ("HOLDING", "EXIT_TRIGGERED"),
    ("EXIT_TRIGGERED", "ORDER_CLOSING"),
    ("ORDER_CLOSING", "CLOSED"),
    ("SCANNING", "ABORTED"),
    ("SETUP_DETECTED", "ABORTED"),
    ("ENTRY_APPROVED", "ABORTED"),
    ("ORDER_PLACED", "ABORTED"),
    ("FILLED", "EXIT_TRIGGERED"),
    ("ORDER_CLOSING", "EXIT_TRIGGERED"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_holds_in_every_storm(
        acts in proptest::collection::vec(act(), 1..60),
        is_managed in any::<bool>(),
        trails in any::<bool>(),
        is_manual in proptest::bool::weighted(0.2),
    ) {
        let mut config = rules();
        config.venue.partials = Partials::Displayed;
        config.risk.max_strategy_losses = 0;
        config.position.exit_style =
            if is_managed { ExitStyle::Managed } else { ExitStyle::NativeOco };
        if is_manual {
            config.account.approval = Approval::Manual;
        }
        if trails {
            config.strategy.trail_start_r = rust_decimal::dec!(0.3);
            config.strategy.trail_distance_r = rust_decimal::dec!(0.5);
        }
        let mut judge = Judge::new(&config);
        for act in &acts {
            judge.does(act);
        }
        judge.ends_well();
    }
}
