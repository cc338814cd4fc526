//! Forms opinions and proposes trades.
//!
//! Keeps one ensemble per symbol, feeds it the bars of the regular session, and
//! turns a decision into a proposal with a stop and a target. Looks after trades
//! that are open (trailing stop, time exit) and keeps the record of those that are
//! over. [`proposals`] is the way from a decision to an entry signal, [`open`]
//! what happens to a trade afterwards. It permits nothing: that is
//! [`risk_management`](crate::agents::risk_management).

mod open;
mod proposals;
mod votes;

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};

use crate::bus::{Agent, Outbox};
use crate::domain::ids::{AgentId, Symbol, TradeId};
use crate::domain::market::{Bar, Quote, Session};
use crate::domain::money::{Money, Price};
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;
use crate::events::{
    EmailStored, Envelope, Event, IntelEvent, MarketBars, MarketEvent, MemberLeftOut, OrderEvent,
    PositionEvent, RequestEvent, SignalEvent, StrategyMetrics, SystemEvent, Timer, Topic, Topics,
    TradeEvent,
};
use crate::strategies::{BarInput, CautionConfig, Ensemble, EnsembleConfig, Finding, Worries};
use open::OpenTrade;
use votes::Poll;

/// How an entry is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryStyle {
    /// A limit at the price of the decision: the far side of the quote where one
    /// is known, else the close.
    #[default]
    Limit,
    /// At any price.
    Market,
}

/// What the agent is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Members, weights, threshold, periods.
    pub ensemble: EnsembleConfig,
    /// Distance of the stop from the entry as a fraction of it, 0.001 to 0.5.
    #[serde(with = "crate::domain::exact::ratio")]
    pub stop_fraction: Decimal,
    /// Distance of the target from the entry as a fraction of it, 0.001 to 5.
    #[serde(with = "crate::domain::exact::ratio")]
    pub target_fraction: Decimal,
    /// How an entry is ordered.
    pub entry: EntryStyle,
    /// Whether stop and target are moved to the venue's price increment.
    pub round_levels: bool,
    /// What a proposal would like to spend, dollars.
    #[serde(with = "crate::domain::exact::dollars")]
    pub proposed_value: Money,
    /// A trade older than this is left, minutes; 0 never.
    pub time_exit_minutes: u32,
    /// Profit at which the stop begins to follow, in units of the risk taken; 0
    /// never.
    #[serde(with = "crate::domain::exact::ratio")]
    pub trail_start_r: Decimal,
    /// Distance at which it follows, in units of the risk taken.
    #[serde(with = "crate::domain::exact::ratio")]
    pub trail_distance_r: Decimal,
    /// Bars to wait in a symbol after a refusal, so that the same setup is not
    /// proposed every minute.
    pub retry_bars: u32,
    /// Names of members outside the process.
    pub external_members: Vec<String>,
    /// How long they have to vote, seconds, 1 to 60.
    pub vote_seconds: u32,
    /// What mails may do to a decision; nothing by default.
    pub caution: CautionConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ensemble: EnsembleConfig::default(),
            stop_fraction: dec!(0.05),
            target_fraction: dec!(0.15),
            entry: EntryStyle::Limit,
            round_levels: true,
            proposed_value: Money::from_dollars(1_000),
            time_exit_minutes: 0,
            trail_start_r: Decimal::ZERO,
            trail_distance_r: Decimal::ONE,
            retry_bars: 15,
            external_members: Vec::new(),
            vote_seconds: 5,
            caution: CautionConfig::default(),
        }
    }
}

impl Config {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the key, the value and the range.
    pub fn validate(&self) -> Result<(), String> {
        self.ensemble.validate()?;
        self.caution.validate().map_err(|what| format!("caution.{what}"))?;
        let within = |key: &str, value: Decimal, low: Decimal, high: Decimal| {
            if value < low || value > high {
                return Err(format!("{key} is {value}, it must lie in {low} to {high}"));
            }
            Ok(())
        };
        within("vote_seconds", self.vote_seconds.into(), Decimal::ONE, dec!(60))?;
        within("stop_fraction", self.stop_fraction, dec!(0.001), dec!(0.5))?;
        within("target_fraction", self.target_fraction, dec!(0.001), dec!(5))?;
        within("trail_start_r", self.trail_start_r, Decimal::ZERO, dec!(100))?;
        within("trail_distance_r", self.trail_distance_r, dec!(0.01), dec!(100))
    }
}

/// The agent.
#[derive(Debug)]
pub struct StrategyAgent {
    config: Config,
    rows: SymbolMap<Row>,
    session: Session,
    day: Date,
    /// Trades named so far.
    trades_named: u64,
    /// Decisions that wait for votes from outside.
    polls: BTreeMap<TradeId, Poll>,
    worries: Worries,
    metrics: BTreeMap<String, StrategyMetrics>,
    r_sums: BTreeMap<String, Decimal>,
}

/// What is known of one symbol.
#[derive(Debug)]
struct Row {
    ensemble: Ensemble,
    quote: Option<Quote>,
    last: Option<Price>,
    /// The trade of this symbol that is not over.
    trade: Option<OpenTrade>,
    /// Bars left to wait before the next proposal.
    pause: u32,
    /// Whether the decision of the bar before was below the threshold: said once,
    /// at the first bar of such a run.
    was_held: bool,
}

impl StrategyAgent {
    /// Makes the agent.
    ///
    /// # Errors
    /// When the configuration of the ensemble is not legal.
    pub fn new(config: Config) -> Result<Self, String> {
        // Built once here so that building one per symbol later cannot fail.
        Ensemble::new(&config.ensemble)?;
        let worries = Worries::new(config.caution.clone());
        Ok(Self {
            config,
            worries,
            rows: SymbolMap::default(),
            session: Session::Closed,
            day: Date::MIN,
            trades_named: 0,
            polls: BTreeMap::new(),
            metrics: BTreeMap::new(),
            r_sums: BTreeMap::new(),
        })
    }

    fn name_trade(&mut self) -> TradeId {
        self.trades_named += 1;
        let day = self.day;
        TradeId::new(format!(
            "trade-{:04}{:02}{:02}-{:06}",
            day.year(),
            day.month(),
            day.day(),
            self.trades_named
        ))
    }

    fn row(&mut self, symbol: Symbol) -> &mut Row {
        let config = &self.config.ensemble;
        self.rows.row(symbol, || Row {
            ensemble: Ensemble::new(config).expect("the same configuration was built in new"),
            quote: None,
            last: None,
            trade: None,
            pause: 0,
            was_held: false,
        })
    }

    fn bars(&mut self, at: Timestamp, bars: &MarketBars, out: &mut Outbox) {
        if bars.is_history {
            for bar in bars.bars.iter() {
                self.row(bar.symbol).ensemble.on_bar(&BarInput::from(bar));
            }
            return;
        }
        // Indicators know the regular session only: the thin minutes around it
        // would spoil every average of volume.
        if self.session != Session::Open {
            return;
        }
        let mut scan_said = false;
        for bar in bars.bars.iter() {
            self.bar(at, bar, bars, &mut scan_said, out);
        }
    }

    #[inline]
    fn bar(
        &mut self,
        at: Timestamp,
        bar: &Bar,
        bars: &MarketBars,
        scan_said: &mut bool,
        out: &mut Outbox,
    ) {
        let row = self.row(bar.symbol);
        row.last = Some(bar.close);
        let decision = row.ensemble.on_bar(&BarInput::from(bar));
        if decision.has_new_fault {
            say_faults(bar.symbol, &row.ensemble, out);
        }
        if row.trade.is_some() {
            return self.manage(at, bar, out);
        }
        row.pause = row.pause.saturating_sub(1);
        if row.pause == 0 && decision.speaker.is_some() {
            self.consider(at, bar, bars, decision, scan_said, out);
        } else {
            row.was_held = false;
        }
    }

    fn market(&mut self, at: Timestamp, event: &MarketEvent, out: &mut Outbox) {
        match event {
            MarketEvent::Bars(bars) => self.bars(at, bars, out),
            MarketEvent::Quote(quote) => {
                let row = self.row(quote.symbol);
                row.quote = Some(*quote);
                row.last = Some(quote.mid());
            }
            MarketEvent::Status(status) => {
                self.session = status.status;
                self.day = status.trading_day;
            }
            MarketEvent::Split(split) => {
                let factor = f64::from(split.old_shares) / f64::from(split.new_shares);
                let row = self.row(split.symbol);
                row.ensemble.rescale(factor);
                row.quote = None;
            }
            MarketEvent::Tick(tick) => self.row(tick.symbol).last = Some(tick.price),
            MarketEvent::Correction(correction) => {
                let row = self.row(correction.wrong.symbol);
                if row.last == Some(correction.wrong.price) {
                    row.last =
                        correction.right.map(|tick| tick.price).or(row.quote.map(|q| q.mid()));
                }
            }
            MarketEvent::Halt(_)
            | MarketEvent::Suspect(_)
            | MarketEvent::Band(_)
            | MarketEvent::Second(_)
            | MarketEvent::Source(_) => {}
        }
    }

    fn position(&mut self, at: Timestamp, event: &PositionEvent, out: &mut Outbox) {
        match event {
            PositionEvent::Opened(opened) => self.opened(at, opened),
            PositionEvent::StopSet(stop) => self.stop_set(stop.symbol, stop.stop_price),
            PositionEvent::Split(split) => self.split(split),
            PositionEvent::Closed(closed) => self.closed(at, closed, out),
            PositionEvent::SetStop(_)
            | PositionEvent::UpdateStop(_)
            | PositionEvent::StopHit(_)
            | PositionEvent::TargetHit(_)
            | PositionEvent::Pnl(_)
            | PositionEvent::Covered(_)
            | PositionEvent::Unexplained(_) => {}
        }
    }

    /// A trade ended before there was a position.
    fn trade(&mut self, event: &TradeEvent) {
        let TradeEvent::StateChanged(changed) = event else { return };
        if changed.to != "ABORTED" {
            return;
        }
        let pause = self.config.retry_bars;
        let Some(row) = self.rows.get_mut(changed.symbol) else { return };
        if row.trade.as_ref().is_some_and(|trade| trade.id == changed.trade_id) {
            row.trade = None;
            row.pause = pause;
        }
    }

    /// A mail is heard of: it may hold back what is decided from now on.
    fn mail(&mut self, at: Timestamp, mail: &EmailStored) {
        self.worries.hear(&Finding {
            at,
            written_at: mail.written_at,
            mail: &mail.email,
            client: &mail.client,
            symbols: &mail.symbols,
            intents: &mail.intents,
        });
    }

    fn answer(&mut self, at: Timestamp, request: &RequestEvent, out: &mut Outbox) {
        match request {
            RequestEvent::EvaluateSetup(wanted) => self.say_opinion(wanted.symbol, out),
            RequestEvent::ScanCandidates(_) => {
                let symbols: Vec<Symbol> = self.rows.iter().map(|(symbol, _)| symbol).collect();
                for symbol in symbols {
                    self.say_opinion(symbol, out);
                }
            }
            RequestEvent::ManagePosition(wanted) | RequestEvent::ShouldExit(wanted) => {
                self.should_exit(at, &wanted.trade_id, out);
            }
            RequestEvent::GetQuote(_)
            | RequestEvent::GetBars(_)
            | RequestEvent::Subscribe(_)
            | RequestEvent::CheckStatus(_)
            | RequestEvent::CalculateSize(_)
            | RequestEvent::CheckLimits(_)
            | RequestEvent::AssessPortfolio(_)
            | RequestEvent::ApproveTrade(_)
            | RequestEvent::GetOrderStatus(_)
            | RequestEvent::Track(_)
            | RequestEvent::CalculatePnl(_)
            | RequestEvent::CheckExit(_) => {}
        }
    }
}

fn say_faults(symbol: Symbol, ensemble: &Ensemble, out: &mut Outbox) {
    for fault in ensemble.faults() {
        out.publish(SignalEvent::MemberLeftOut(MemberLeftOut {
            member: fault.member,
            symbol: Some(symbol),
            reason: format!("it panicked: {}", fault.message),
        }));
    }
}

impl Agent for StrategyAgent {
    fn id(&self) -> AgentId {
        AgentId::Strategy
    }

    fn topics(&self) -> Topics {
        Topics::of(&[
            Topic::Market,
            Topic::MarketStatus,
            Topic::Position,
            Topic::Trade,
            Topic::Order,
            Topic::Request,
            Topic::Signal,
            Topic::Intel,
        ])
    }

    fn handle(&mut self, input: &Envelope, out: &mut Outbox) {
        let at = input.at;
        match &input.event {
            Event::Market(event) => self.market(at, event, out),
            Event::Position(event) => self.position(at, event, out),
            Event::Trade(event) => self.trade(event),
            Event::Order(OrderEvent::ModifyRejected(refused)) => self.stop_stays(refused),
            Event::Request(request) => self.answer(at, request, out),
            Event::Signal(SignalEvent::VoteCast(cast)) => self.vote(at, cast, out),
            Event::Intel(IntelEvent::EmailStored(mail)) => self.mail(at, mail),
            Event::System(SystemEvent::TimerDue(due)) => {
                if let Timer::Votes(trade_id) = &due.timer {
                    self.close_poll(at, &trade_id.clone(), out);
                }
            }
            Event::Signal(
                SignalEvent::ScanStarted(_)
                | SignalEvent::CandidateFound(_)
                | SignalEvent::EvaluateStarted(_)
                | SignalEvent::Ensemble(_)
                | SignalEvent::Entry(_)
                | SignalEvent::Hold(_)
                | SignalEvent::Exit(_)
                | SignalEvent::TradeLogged(_)
                | SignalEvent::MemberLeftOut(_)
                | SignalEvent::VoteRequested(_),
            )
            | Event::Risk(_)
            | Event::Tape(_)
            | Event::Feed(_)
            | Event::Order(_)
            | Event::Venue(_)
            | Event::Breaker(_)
            | Event::Intel(IntelEvent::LinkFound(_))
            | Event::Operator(_)
            | Event::System(_) => {}
        }
    }
}
