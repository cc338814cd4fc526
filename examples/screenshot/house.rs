//! The real house on the embedded market, run by plain calls on one thread: the same
//! seed gives the same moments. The picture and the bench of frames are drawn of it.

use std::error::Error;
use std::sync::{Arc, Mutex};

use flightdeck::agents::risk_management::Approval;
use flightdeck::app::simulated_roster;
use flightdeck::brokers::sim::market::{Market, MarketSetup};
use flightdeck::bus::Tap;
use flightdeck::bus::inline::Inline;
use flightdeck::config::{Config, Purpose};
use flightdeck::domain::calendar::MarketHours;
use flightdeck::domain::command::{Actor, Approve, OperatorCommand};
use flightdeck::domain::ids::AgentId;
use flightdeck::domain::market::MarketStep;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{Envelope, Event, FeedEvent, SessionStarted, SystemEvent, TapeEvent};
use flightdeck::journal::Forgetful;
use flightdeck::view::{Precautions, Projector, Setup, Snapshot};

/// Which market.
pub(crate) const SEED: u64 = 7;
/// The human says yes for so many minutes, and until the house holds so much; then one
/// question is left open.
const MINUTES: i64 = 40;
const POSITIONS: usize = 3;
/// Steps of the market, a second each, after which the picture is taken anyway.
const STEPS_MAX: usize = 3 * 23_400;
/// The picture is taken a while after the question, so that its bar has moved.
const STEPS_AFTER: usize = 17;

/// The read model, behind the spine.
struct View(Arc<Mutex<Projector>>);

impl Tap for View {
    fn see(&mut self, envelope: &Envelope) {
        self.0.lock().expect("one thread").see(envelope);
    }
}

/// A house with a human who says yes until it holds enough.
struct House {
    spine: Inline<Forgetful>,
    view: Arc<Mutex<Projector>>,
}

impl House {
    fn open(config: &Config) -> Result<Self, Box<dyn Error>> {
        let roster = simulated_roster(config, config.venue(false, 1_000))?;
        let view = Arc::new(Mutex::new(Projector::new(&Setup {
            account: "sim-01".into(),
            opening_cash: config.account.opening_cash,
            hours: MarketHours::NewYork,
            breakers: ["sim.orders", "sim.data"].map(str::to_owned).to_vec(),
            speed: 1,
            precautions: Precautions::default(),
        })));
        let spine = Inline::new(roster, Forgetful, vec![Box::new(View(view.clone()))]);
        Ok(Self { spine, view })
    }

    fn input(
        &mut self,
        at: Timestamp,
        source: AgentId,
        event: impl Into<Event>,
    ) -> Result<(), Box<dyn Error>> {
        Ok(self.spine.input(at, source, event)?)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.view.lock().expect("one thread").snapshot()
    }

    /// The exchange trades before it publishes.
    fn step(&mut self, step: MarketStep) -> Result<(), Box<dyn Error>> {
        let (at, step) = (step.at, Arc::new(step));
        self.input(at, AgentId::Feed, TapeEvent::Step(step.clone()))?;
        self.input(at, AgentId::Feed, FeedEvent::Step(step))
    }

    /// Says yes to what waits; true when one question is left open on purpose.
    fn decide(&mut self, at: Timestamp, is_late: bool) -> Result<bool, Box<dyn Error>> {
        let snapshot = self.snapshot();
        let is_enough = is_late && snapshot.positions.len() >= POSITIONS;
        for row in snapshot.approvals.iter().filter(|_| !is_enough) {
            let (trade_id, by) = (row.trade_id.clone(), Some(Actor::KEYS));
            self.input(at, AgentId::Operator, OperatorCommand::Approve(Approve { trade_id, by }))?;
        }
        Ok(is_enough && !snapshot.approvals.is_empty())
    }
}

/// Runs the house, and returns it when it asks the human, and a while later.
pub(crate) fn run() -> Result<[Arc<Snapshot>; 2], Box<dyn Error>> {
    let mut config = Config::defaults(Purpose::Sim);
    config.seed = SEED;
    config.account.approval = Approval::Manual;
    let mut house = House::open(&config)?;
    let mut market = Market::new(MarketSetup::demo(SEED, config.sim.start))?;
    let warm_up = market.history(1);
    let opened = market.next_at().ok_or("the market is empty")?;
    let started = SessionStarted {
        mode: "sim".into(),
        seed: SEED,
        version: env!("CARGO_PKG_VERSION").into(),
        config_hash: config.hash().to_string(),
        order_tag: None,
    };
    house.input(opened, AgentId::Spine, SystemEvent::SessionStarted(started))?;
    for batch in warm_up {
        house.input(opened, AgentId::Feed, FeedEvent::History(batch))?;
    }
    let mut left = None;
    let mut asked = None;
    for step in market.by_ref().take(STEPS_MAX) {
        let at = step.at;
        house.step(step)?;
        let is_late = at.since(opened).as_mins() >= MINUTES;
        let is_asked = left.is_some() || house.decide(at, is_late)?;
        left = is_asked.then(|| left.map_or(STEPS_AFTER, |left| left - 1));
        if left == Some(0) {
            break;
        }
        if left == Some(STEPS_AFTER) {
            asked = Some(house.snapshot());
        }
    }
    let newest = house.snapshot();
    Ok([asked.unwrap_or_else(|| newest.clone()), newest])
}
