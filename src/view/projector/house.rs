//! The frame of a run, the agents' health, feeds, breakers, budgets, results.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::domain::ids::{AgentId, Seq, Symbol};
use crate::domain::time::Timestamp;
use crate::events::{
    Alert, BreakerEvent, BreakerStateChanged, BudgetChanged, BudgetExhausted, EnsembleSignal,
    FeedConflated, FeedLinkChanged, LoginChanged, RiskEvent, Severity, SignalEvent, SystemEvent,
    TradingChanged,
};
use crate::view::checks::{CheckLine, check_lines};
use crate::view::decisions::{DecidedLine, ballot_lines};
use crate::view::latency::Conflated;
use crate::view::names::{AgentState, BreakerPhase, LinkPhase, TradingPhase};
use crate::view::part::Part;
use crate::view::rows::BusRow;
use crate::view::run::{Login, Run};
use crate::view::snapshot::{
    ALERTS_MAX, AgentHealth, AlertRow, BREAKERS_MAX, BUDGETS_MAX, BreakerRow, BudgetRow, FEEDS_MAX,
    FeedRow, RequestsRow, STRATEGIES_MAX, StrategyRow, SymbolBallots, Trading,
};
use crate::view::text::{NAME_MAX, TEXT_MAX, clean_text};
use crate::view::watch::{SYMBOLS_MAX, push_bounded};

/// The five agents in the order of a trade's way.
pub(in crate::view) const AGENTS: [AgentId; 5] = [
    AgentId::MarketData,
    AgentId::Strategy,
    AgentId::RiskManagement,
    AgentId::OrderExecution,
    AgentId::PositionManagement,
];

/// The newest judgement of the rules, and how many there were.
#[derive(Debug, Clone, Default)]
pub(in crate::view) struct Judged {
    pub(in crate::view) limits: Arc<[CheckLine]>,
    pub(in crate::view) at: Option<Timestamp>,
    pub(in crate::view) symbol: Option<Symbol>,
    pub(in crate::view) approved: u64,
    pub(in crate::view) refused: u64,
    pub(in crate::view) newest_refusal: Option<Box<str>>,
}

/// Everything about the house itself.
#[derive(Debug)]
pub(in crate::view) struct HousePart {
    pub(in crate::view) run: Part<Run>,
    pub(in crate::view) trading: Part<Trading>,
    health: [AgentHealth; 5],
    pub(in crate::view) feeds: Part<Vec<FeedRow>>,
    pub(in crate::view) breakers: Part<Vec<BreakerRow>>,
    pub(in crate::view) budgets: Part<Vec<BudgetRow>>,
    pub(in crate::view) requests: Part<Vec<RequestsRow>>,
    pub(in crate::view) ballots: Part<BTreeMap<Symbol, Arc<SymbolBallots>>>,
    pub(in crate::view) newest: Option<Arc<SymbolBallots>>,
    pub(in crate::view) strategies: Part<BTreeMap<Box<str>, StrategyRow>>,
    pub(in crate::view) alerts: Part<VecDeque<AlertRow>>,
    pub(in crate::view) judged: Judged,
    /// Candidates, proposals, members left out.
    pub(in crate::view) opinions: [u64; 3],
    pub(in crate::view) unexplained: u64,
    pub(in crate::view) conflated: Conflated,
    pub(in crate::view) bus: Option<BusRow>,
    /// When the login that died last was expected to end.
    dead_login: Option<Timestamp>,
}

impl HousePart {
    pub(in crate::view) fn new(account: &str, breakers: &[String], speed: u32) -> Self {
        let account = clean_text(account, NAME_MAX);
        let closed = |name: &String| BreakerRow {
            name: clean_text(name, NAME_MAX),
            phase: BreakerPhase::Closed,
            reason: Box::default(),
            since: None,
            retry_at: None,
            trips: 0,
        };
        Self {
            run: Part::new(Run { account, speed, ..Run::default() }),
            trading: Part::default(),
            health: AGENTS.map(|agent| AgentHealth {
                agent,
                state: AgentState::Unknown,
                spoke_at: None,
                said: 0,
                faults: 0,
                note: Box::default(),
            }),
            feeds: Part::default(),
            breakers: Part::new(breakers.iter().take(BREAKERS_MAX).map(closed).collect()),
            budgets: Part::default(),
            requests: Part::default(),
            ballots: Part::default(),
            newest: None,
            strategies: Part::default(),
            alerts: Part::default(),
            judged: Judged::default(),
            opinions: [0; 3],
            unexplained: 0,
            conflated: Conflated::default(),
            bus: None,
            dead_login: None,
        }
    }

    /// An agent has said something.
    pub(in crate::view) fn heard(&mut self, at: Timestamp, source: AgentId) {
        if let Some(health) = self.health_of(source) {
            health.spoke_at = Some(at);
            health.said += 1;
        }
    }

    fn health_of(&mut self, agent: AgentId) -> Option<&mut AgentHealth> {
        let place = match agent {
            AgentId::MarketData => 0,
            AgentId::Strategy => 1,
            AgentId::RiskManagement => 2,
            AgentId::OrderExecution => 3,
            AgentId::PositionManagement => 4,
            AgentId::Venue
            | AgentId::Feed
            | AgentId::Operator
            | AgentId::Intel
            | AgentId::Spine => return None,
        };
        self.health.get_mut(place)
    }

    pub(in crate::view) const fn health(&self) -> &[AgentHealth; 5] {
        &self.health
    }

    pub(in crate::view) fn link(&mut self, at: Timestamp, changed: &FeedLinkChanged) {
        let Some(phase) = LinkPhase::of(changed.state.name()) else { return };
        let name = clean_text(&changed.feed, NAME_MAX);
        let feeds = self.feeds.change();
        if let Some(row) = feeds.iter_mut().find(|row| row.feed == name) {
            row.lost += u64::from(row.phase == LinkPhase::Up && phase != LinkPhase::Up);
            if row.phase != phase {
                row.since = at;
            }
            row.phase = phase;
        } else if feeds.len() < FEEDS_MAX {
            feeds.push(FeedRow { feed: name, phase, since: at, lost: 0 });
        }
    }

    pub(in crate::view) const fn conflated(&mut self, told: &FeedConflated) {
        let FeedConflated { quotes, ticks, bars_late, lost } = *told;
        self.conflated = Conflated { quotes, ticks, bars_late, lost };
    }

    pub(in crate::view) fn breaker(&mut self, at: Timestamp, event: &BreakerEvent) {
        match event {
            BreakerEvent::StateChanged(changed) => self.breaker_moved(at, changed),
            BreakerEvent::BudgetExhausted(empty) => self.budget_empty(empty),
            BreakerEvent::BudgetChanged(changed) => self.budget_used(changed),
        }
    }

    fn breaker_moved(&mut self, at: Timestamp, changed: &BreakerStateChanged) {
        let Some(phase) = BreakerPhase::of(&changed.to) else { return };
        let name = clean_text(&changed.breaker, NAME_MAX);
        let breakers = self.breakers.change();
        let place = breakers.iter().position(|row| row.name == name).unwrap_or(breakers.len());
        if place == BREAKERS_MAX {
            return;
        }
        if place == breakers.len() {
            let (reason, since, retry_at) = (Box::default(), None, None);
            let phase = BreakerPhase::Closed;
            breakers.push(BreakerRow { name, phase, reason, since, retry_at, trips: 0 });
        }
        let row = &mut breakers[place];
        // A call that was let through leaves the breaker as it was, with its time.
        if row.phase != phase || row.since.is_none() {
            row.since = Some(at);
            row.retry_at = changed.retry_at;
            let opens = matches!(phase, BreakerPhase::Open | BreakerPhase::Latched);
            row.trips += u64::from(opens);
        }
        row.phase = phase;
        row.reason = clean_text(&changed.reason, TEXT_MAX);
    }

    fn budget_used(&mut self, changed: &BudgetChanged) {
        let name = clean_text(&changed.budget, NAME_MAX);
        let (used, limit, shut_until) = (changed.used, changed.limit, changed.shut_until);
        let row = RequestsRow { name, used, limit, shut_until };
        let rows = self.requests.change();
        if let Some(known) = rows.iter_mut().find(|known| known.name == row.name) {
            *known = row;
        } else if rows.len() < BUDGETS_MAX {
            rows.push(row);
        }
    }

    fn budget_empty(&mut self, empty: &BudgetExhausted) {
        let (name, lane) = (clean_text(&empty.budget, NAME_MAX), clean_text(&empty.lane, NAME_MAX));
        let budgets = self.budgets.change();
        if let Some(row) = budgets.iter_mut().find(|row| row.name == name && row.lane == lane) {
            row.until = empty.until;
            row.times += 1;
        } else if budgets.len() < BUDGETS_MAX {
            budgets.push(BudgetRow { name, lane, until: empty.until, times: 1 });
        }
    }

    pub(in crate::view) fn signal(&mut self, at: Timestamp, event: &SignalEvent) {
        match event {
            SignalEvent::CandidateFound(_) => self.opinions[0] += 1,
            SignalEvent::Entry(_) => self.opinions[1] += 1,
            SignalEvent::MemberLeftOut(_) => self.opinions[2] += 1,
            SignalEvent::Ensemble(signal) => self.ensemble(at, signal),
            SignalEvent::TradeLogged(logged) => {
                self.strategy(&logged.strategy, |row| row.metrics = logged.metrics);
            }
            SignalEvent::ScanStarted(_)
            | SignalEvent::EvaluateStarted(_)
            | SignalEvent::Hold(_)
            | SignalEvent::Exit(_)
            | SignalEvent::VoteRequested(_)
            | SignalEvent::VoteCast(_) => {}
        }
    }

    fn ensemble(&mut self, at: Timestamp, signal: &EnsembleSignal) {
        let ballots = Arc::new(SymbolBallots {
            symbol: signal.symbol,
            at,
            trade_id: signal.trade_id.clone(),
            decided: DecidedLine {
                action: signal.action,
                price: signal.price,
                confidence: signal.confidence,
                consensus: signal.consensus,
                threshold: signal.threshold,
                speaker: clean_text(&signal.speaker, NAME_MAX),
            },
            ballots: ballot_lines!(signal.ballots),
        });
        self.newest = Some(Arc::clone(&ballots));
        if self.ballots.get().len() < SYMBOLS_MAX || self.ballots.get().contains_key(&signal.symbol)
        {
            self.ballots.change().insert(signal.symbol, ballots);
        }
    }

    fn strategy(&mut self, name: &str, change: impl FnOnce(&mut StrategyRow)) {
        let name = clean_text(name, NAME_MAX);
        let rows = self.strategies.change();
        if rows.len() < STRATEGIES_MAX || rows.contains_key(&name) {
            change(rows.entry(name).or_default());
        }
    }

    pub(in crate::view) fn risk(&mut self, (seq, at): (Seq, Timestamp), event: &RiskEvent) {
        match event {
            RiskEvent::Approved(approved) => {
                self.judge(at, approved.order.symbol(), check_lines!(approved.order.checks()));
                self.judged.approved += 1;
            }
            RiskEvent::ApprovalRequested(asked) => {
                self.judge(at, asked.symbol, check_lines!(asked.checks));
            }
            RiskEvent::LimitExceeded(refused) => {
                self.judge(at, refused.symbol, check_lines!(refused.checks));
                self.judged.newest_refusal = Some(clean_text(&refused.explanation, TEXT_MAX));
                self.judged.refused += u64::from(refused.trade_id.is_some());
            }
            RiskEvent::Refused(_) => self.judged.refused += 1,
            RiskEvent::StrategyDisabled(disabled) => {
                let reason = clean_text(&disabled.reason, TEXT_MAX);
                self.strategy(&disabled.strategy, |row| row.disabled = Some(reason));
            }
            RiskEvent::DrawdownAlert(alert) => {
                let text =
                    format!("drawdown {} of the peak, limit {}", alert.drawdown, alert.limit);
                self.alert((seq, at), Severity::Warning, &text);
            }
            RiskEvent::SizeCalculated(_) | RiskEvent::PortfolioAssessed(_) => {}
        }
    }

    fn judge(&mut self, at: Timestamp, symbol: Symbol, limits: Arc<[CheckLine]>) {
        self.judged.limits = limits;
        self.judged.at = Some(at);
        self.judged.symbol = Some(symbol);
    }

    fn alert(&mut self, (seq, at): (Seq, Timestamp), severity: Severity, text: &str) {
        let text = clean_text(text, TEXT_MAX);
        push_bounded(self.alerts.change(), ALERTS_MAX, AlertRow { seq, at, severity, text });
    }

    pub(in crate::view) fn system(&mut self, place: (Seq, Timestamp), event: &SystemEvent) {
        match event {
            SystemEvent::SessionStarted(started) => {
                let run = self.run.change();
                run.mode = clean_text(&started.mode, NAME_MAX);
                run.seed = started.seed;
                run.version = clean_text(&started.version, NAME_MAX);
                run.config_hash = clean_text(&started.config_hash, 128);
                run.started_at = Some(place.1);
                run.ended = None;
                // A run that goes on with a journal may have no bus, or another one.
                self.bus = None;
            }
            SystemEvent::SessionEnded(ended) => {
                self.run.change().ended = Some(clean_text(&ended.reason, TEXT_MAX));
            }
            SystemEvent::AgentStarted(started) => self.agent(started.agent, AgentState::Seated, ""),
            SystemEvent::AgentFailed(failed) => {
                let state = if failed.rebuilt { AgentState::Rebuilt } else { AgentState::Failed };
                self.agent(failed.agent, state, &failed.message);
                if let Some(health) = self.health_of(failed.agent) {
                    health.faults = health.faults.saturating_add(1);
                }
            }
            SystemEvent::AgentRetired(retired) => {
                self.agent(retired.agent, AgentState::Retired, &retired.reason);
            }
            SystemEvent::TradingChanged(changed) => self.trading(place.1, changed),
            SystemEvent::ReconcileDifference(difference) => {
                let (subject, journal, venue) =
                    (&difference.subject, &difference.journal, &difference.venue);
                let text = format!("{subject}: the journal says {journal}, the venue {venue}");
                self.alert(place, Severity::Warning, &text);
            }
            SystemEvent::Alert(Alert { severity, text }) => self.alert(place, *severity, text),
            SystemEvent::BusDown(bus) => {
                self.bus_moved(place.1, false, &bus.reason);
                let text = format!("bus_down: {}; no entry until it answers", bus.reason);
                self.alert(place, Severity::Critical, &text);
            }
            SystemEvent::BusUp(bus) => {
                self.bus_moved(place.1, true, &bus.reason);
                let text = format!("the bus is up: {}", bus.reason);
                self.alert(place, Severity::Info, &text);
            }
            SystemEvent::LoginChanged(login) => {
                let needed = self.login_needed(login);
                let kept = Login {
                    broker: clean_text(&login.broker, NAME_MAX),
                    access_until: login.access_until,
                    login_until: login.login_until,
                    needed,
                };
                if let Some(why) = &kept.needed {
                    let broker = &kept.broker;
                    let text = format!(
                        "LOGIN REQUIRED at {broker}: {why}; run: flightdeck login {broker}"
                    );
                    self.alert(place, Severity::Critical, &text);
                }
                self.run.change().login = Some(kept);
            }
            SystemEvent::HaltRequired(halt) => {
                self.alert(place, Severity::Critical, &halt.reason);
            }
            SystemEvent::ReconcileCleared(_) | SystemEvent::TimerDue(_) => {}
        }
    }

    /// Why a person has to log in. A login that has died once is dead, whatever the file
    /// of a later run says of its age; only another one ends that, or a breaker that the
    /// operator has reset.
    fn login_needed(&mut self, login: &LoginChanged) -> Option<Box<str>> {
        if let Some(why) = &login.needed {
            let before = self.run.get().login.as_ref().and_then(|known| known.login_until);
            self.dead_login = before.or(self.dead_login);
            return Some(clean_text(why, TEXT_MAX));
        }
        let is_latched = |row: &BreakerRow| {
            row.phase == BreakerPhase::Latched && row.name.starts_with(&*login.broker)
        };
        let is_dead = login.login_until.is_some()
            && login.login_until == self.dead_login
            && self.breakers.get().iter().any(is_latched);
        is_dead.then(|| "this login has died".into())
    }

    fn bus_moved(&mut self, at: Timestamp, is_up: bool, reason: &str) {
        let since = self.bus.as_ref().filter(|bus| bus.is_up == is_up).map_or(at, |bus| bus.since);
        self.bus = Some(BusRow { is_up, since, reason: clean_text(reason, TEXT_MAX) });
    }

    fn agent(&mut self, agent: AgentId, state: AgentState, note: &str) {
        if let Some(health) = self.health_of(agent) {
            health.state = state;
            health.note = clean_text(note, TEXT_MAX);
        }
    }

    fn trading(&mut self, at: Timestamp, changed: &TradingChanged) {
        let Some(phase) = TradingPhase::of(&changed.to) else { return };
        let reason = clean_text(&changed.reason, TEXT_MAX);
        *self.trading.change() = Trading { phase, reason, since: Some(at) };
        if phase == TradingPhase::Active {
            self.resumed();
        }
    }

    /// Resuming allows every rule set again.
    pub(in crate::view) fn resumed(&mut self) {
        if self.strategies.get().values().any(|row| row.disabled.is_some()) {
            for row in self.strategies.change().values_mut() {
                row.disabled = None;
            }
        }
    }

    pub(in crate::view) fn sizes(&self) -> [usize; 6] {
        [
            self.feeds.get().len(),
            self.breakers.get().len(),
            self.budgets.get().len(),
            self.ballots.get().len(),
            self.strategies.get().len(),
            self.alerts.get().len(),
        ]
    }
}
