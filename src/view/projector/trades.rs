//! Trades under way and over, why each waits, and the queue of approvals.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::ids::{Seq, TradeId};
use crate::domain::money::Qty;
use crate::domain::time::Timestamp;
use crate::events::{
    ApprovalRequested, BreakerEvent, CandidateFound, PositionEvent, RiskEvent, SignalEvent,
    TradeEvent, TradeStateChanged,
};
use crate::view::decisions::{Decisions, Wanted};
use crate::view::names::Phase;
use crate::view::part::Part;
use crate::view::precautions::Caution;
use crate::view::rows::{
    APPROVALS_MAX, ApprovalRow, ApprovalToken, FINISHED_MAX, STEPS_MAX, Step, TRADES_MAX, TradeRow,
    Wait,
};
use crate::view::snapshot::SessionClock;
use crate::view::text::{NAME_MAX, TEXT_MAX, clean_text};
use crate::view::watch::{Levels, push_bounded};

/// A question to a human, as it was put.
#[derive(Debug, Clone)]
struct Asked {
    token: ApprovalToken,
    at: Timestamp,
    event: ApprovalRequested,
}

/// The trades.
#[derive(Debug, Default)]
pub(in crate::view) struct TradesPart {
    live: Part<Vec<TradeRow>>,
    finished: Part<VecDeque<Arc<TradeRow>>>,
    asked: Vec<Asked>,
    approvals: Arc<[ApprovalRow]>,
    approvals_changed: bool,
}

impl TradesPart {
    pub(in crate::view) fn signal(&mut self, at: Timestamp, event: &SignalEvent) {
        match event {
            SignalEvent::CandidateFound(found) => self.begin(at, found),
            SignalEvent::Entry(entry) => self.change(&entry.trade_id, |row| {
                row.strategy = clean_text(&entry.strategy, NAME_MAX);
                row.confidence = Some(entry.confidence);
                row.direction = entry.direction;
                row.quantity = entry.quantity;
                row.levels = Some(Levels {
                    entry: entry.entry_price,
                    stop: entry.stop_price,
                    target: entry.target_price,
                });
            }),
            SignalEvent::Hold(hold) => {
                if let Some(trade_id) = &hold.trade_id {
                    self.change(trade_id, |row| row.reason = clean_text(&hold.reason, TEXT_MAX));
                }
            }
            SignalEvent::Exit(exit) => {
                self.change(&exit.trade_id, |row| row.reason = exit.reason.name().into());
            }
            SignalEvent::ScanStarted(_)
            | SignalEvent::EvaluateStarted(_)
            | SignalEvent::Ensemble(_)
            | SignalEvent::TradeLogged(_)
            | SignalEvent::MemberLeftOut(_)
            | SignalEvent::VoteRequested(_)
            | SignalEvent::VoteCast(_) => {}
        }
    }

    fn begin(&mut self, at: Timestamp, found: &CandidateFound) {
        if self.live.get().len() >= TRADES_MAX {
            self.live.change().remove(0);
        }
        let phase = Phase::Scanning;
        self.live.change().push(TradeRow {
            trade_id: found.trade_id.clone(),
            symbol: found.symbol,
            direction: found.direction,
            phase,
            since: at,
            waits_for: Wait::Nothing,
            steps: vec![Step { phase, at }],
            strategy: Box::default(),
            confidence: None,
            quantity: Qty::ZERO,
            levels: None,
            pnl: None,
            r_multiple: None,
            reason: Box::default(),
        });
    }

    pub(in crate::view) fn risk(&mut self, (seq, at): (Seq, Timestamp), event: &RiskEvent) {
        match event {
            RiskEvent::SizeCalculated(size) => {
                if let Some(trade_id) = &size.trade_id {
                    self.change(trade_id, |row| row.quantity = size.size.quantity);
                }
            }
            RiskEvent::LimitExceeded(refused) => {
                if let Some(trade_id) = &refused.trade_id {
                    let words = clean_text(&refused.explanation, TEXT_MAX);
                    self.change(trade_id, |row| row.reason = words);
                    self.answered(trade_id);
                }
            }
            RiskEvent::Approved(approved) => self.answered(&approved.trade_id),
            RiskEvent::ApprovalRequested(asked) => {
                self.answered(&asked.trade_id);
                let token = ApprovalToken { trade_id: asked.trade_id.clone(), asked: seq };
                if self.asked.len() >= APPROVALS_MAX {
                    self.asked.remove(0);
                }
                self.asked.push(Asked { token, at, event: asked.clone() });
                let deadline = asked.deadline;
                self.change(&asked.trade_id, |row| row.waits_for = Wait::Approval { deadline });
            }
            RiskEvent::Refused(refused) => {
                let words = clean_text(&refused.reason, TEXT_MAX);
                self.change(&refused.trade_id, |row| row.reason = words);
                self.answered(&refused.trade_id);
            }
            RiskEvent::DrawdownAlert(_)
            | RiskEvent::PortfolioAssessed(_)
            | RiskEvent::StrategyDisabled(_) => {}
        }
    }

    fn answered(&mut self, trade_id: &TradeId) {
        self.asked.retain(|asked| asked.token.trade_id != *trade_id);
        self.approvals_changed = true;
    }

    pub(in crate::view) fn position(&mut self, event: &PositionEvent) {
        match event {
            PositionEvent::Opened(opened) => self.change(&opened.trade_id, |row| {
                row.quantity = opened.quantity;
                let (entry, stop, target) =
                    (opened.entry_price, opened.stop_price, opened.target_price);
                row.levels = Some(Levels { entry, stop, target });
            }),
            PositionEvent::StopSet(stop) => self.change(&stop.trade_id, |row| {
                if let Some(levels) = &mut row.levels {
                    levels.stop = stop.stop_price;
                }
            }),
            PositionEvent::Split(split) => self.change(&split.trade_id, |row| {
                row.quantity = split.quantity_after;
                if let Some(levels) = &mut row.levels {
                    levels.stop = split.stop_price;
                    levels.target = split.target_price;
                }
            }),
            PositionEvent::Closed(closed) => self.change(&closed.trade_id, |row| {
                row.pnl = Some(closed.pnl);
                row.r_multiple = closed.r_multiple;
                row.quantity = closed.quantity;
                row.reason = closed.reason.name().into();
            }),
            PositionEvent::SetStop(_)
            | PositionEvent::UpdateStop(_)
            | PositionEvent::StopHit(_)
            | PositionEvent::TargetHit(_)
            | PositionEvent::Pnl(_)
            | PositionEvent::Covered(_)
            | PositionEvent::Unexplained(_) => {}
        }
    }

    /// Moves a trade; returns its new state where it is under way.
    pub(in crate::view) fn trade(
        &mut self,
        at: Timestamp,
        event: &TradeEvent,
        session: &SessionClock,
    ) -> Option<Phase> {
        match event {
            TradeEvent::StateChanged(changed) => self.moved(at, changed, session),
            TradeEvent::TransitionInvalid(invalid) => {
                let words = clean_text(&invalid.error, TEXT_MAX);
                self.change(&invalid.trade_id, |row| row.reason = words);
                None
            }
        }
    }

    fn moved(
        &mut self,
        at: Timestamp,
        changed: &TradeStateChanged,
        session: &SessionClock,
    ) -> Option<Phase> {
        let phase = Phase::of(&changed.to)?;
        self.change(&changed.trade_id, |row| {
            row.phase = phase;
            row.since = at;
            row.waits_for = waits_for(phase, session);
            if row.steps.len() < STEPS_MAX {
                row.steps.push(Step { phase, at });
            }
            if let Some(reason) = &changed.reason
                && (row.reason.is_empty() || phase != Phase::Aborted)
            {
                row.reason = clean_text(reason, TEXT_MAX);
            }
        });
        if phase.is_over() {
            let live = self.live.change();
            if let Some(place) = live.iter().position(|row| row.trade_id == changed.trade_id) {
                let row = live.remove(place);
                push_bounded(self.finished.change(), FINISHED_MAX, Arc::new(row));
            }
            self.answered(&changed.trade_id);
        }
        Some(phase)
    }

    /// The session changed: exits wait for the open, or no longer.
    pub(in crate::view) fn session(&mut self, session: &SessionClock) {
        for row in self.live.change().iter_mut().filter(|row| row.phase.is_leaving()) {
            row.waits_for = waits_for(row.phase, session);
        }
    }

    /// A breaker moved or a budget is empty: exits wait for it.
    pub(in crate::view) fn breaker(&mut self, event: &BreakerEvent) {
        let until = match event {
            BreakerEvent::BudgetExhausted(empty) => Some(empty.until),
            BreakerEvent::StateChanged(_) | BreakerEvent::BudgetChanged(_) => return,
        };
        let live = self.live.change().iter_mut();
        for row in live.filter(|row| row.phase == Phase::ExitTriggered) {
            row.waits_for = Wait::Venue { until };
        }
    }

    /// The levels that a trade draws on its chart; none once it is over.
    pub(in crate::view) fn levels(&self, trade_id: &TradeId) -> Option<Levels> {
        self.live.get().iter().rev().find(|row| row.trade_id == *trade_id)?.levels
    }

    fn change(&mut self, trade_id: &TradeId, change: impl FnOnce(&mut TradeRow)) {
        let live = self.live.change();
        if let Some(row) = live.iter_mut().rev().find(|row| row.trade_id == *trade_id) {
            change(row);
        }
    }

    pub(in crate::view) fn share(&mut self) -> (Arc<Vec<TradeRow>>, Arc<VecDeque<Arc<TradeRow>>>) {
        (self.live.share(), self.finished.share())
    }

    /// The queue for readers. What makes a row unusual is looked at every time.
    pub(in crate::view) fn share_approvals(
        &mut self,
        decisions: &Decisions,
        cautions: impl Fn(&ApprovalRow, Option<Timestamp>) -> Vec<Caution>,
    ) -> Arc<[ApprovalRow]> {
        if std::mem::take(&mut self.approvals_changed) {
            let rows = self.asked.iter();
            self.approvals = rows.filter_map(|asked| self.approval(asked, decisions)).collect();
        }
        let rows = &self.approvals;
        let now: Vec<_> = rows.iter().map(|row| cautions(row, asked_beside(rows, row))).collect();
        if rows.iter().zip(&now).any(|(row, now)| *row.cautions != **now) {
            let with = |(row, now): (&ApprovalRow, Vec<Caution>)| ApprovalRow {
                cautions: now.into(),
                ..row.clone()
            };
            self.approvals = rows.iter().zip(now).map(with).collect();
        }
        Arc::clone(&self.approvals)
    }

    fn approval(&self, asked: &Asked, decisions: &Decisions) -> Option<ApprovalRow> {
        let trade_id = &asked.token.trade_id;
        let record = decisions.find(&Wanted::Trade(trade_id.clone()))?;
        let row = self.live.get().iter().rev().find(|row| row.trade_id == *trade_id)?;
        Some(ApprovalRow {
            token: asked.token.clone(),
            trade_id: trade_id.clone(),
            symbol: asked.event.symbol,
            side: row.direction.entry_side(),
            quantity: row.quantity,
            levels: row.levels,
            cost: asked.event.cost,
            worst_loss: asked.event.worst_loss,
            strategy: row.strategy.clone(),
            asked_at: asked.at,
            deadline: asked.event.deadline,
            checks: Arc::clone(&record.checks),
            cautions: Arc::default(),
            record: Arc::clone(record),
        })
    }

    pub(in crate::view) fn sizes(&self) -> [usize; 3] {
        [self.live.get().len(), self.finished.get().len(), self.asked.len()]
    }
}

/// When another entry of the same stock and side was asked for before this one.
fn asked_beside(rows: &[ApprovalRow], one: &ApprovalRow) -> Option<Timestamp> {
    let same = |row: &&ApprovalRow| {
        (row.symbol, row.side) == (one.symbol, one.side) && row.token.asked < one.token.asked
    };
    rows.iter().filter(same).map(|row| row.asked_at).max()
}

const fn waits_for(phase: Phase, session: &SessionClock) -> Wait {
    match phase {
        Phase::SetupDetected => Wait::Risk,
        Phase::Filled => Wait::Stop,
        Phase::Holding => Wait::Price,
        Phase::ExitTriggered | Phase::OrderClosing if !session.is_open() => {
            Wait::MarketOpen { at: session.next_open }
        }
        Phase::ExitTriggered => Wait::Room,
        Phase::OrderPlaced | Phase::OrderClosing => Wait::Fill,
        Phase::Scanning | Phase::EntryApproved | Phase::Closed | Phase::Aborted => Wait::Nothing,
    }
}
