//! The one trace of an entry, up to the order: scan, setup, permission.
//!
//! `trade` → `strategy.scan_candidates` {`market_data.get_quotes`,
//! `strategy.evaluate_criteria`}, `strategy.evaluate_setup`, `risk.approve_trade`
//! {`risk.calculate_size`, `risk.check_limits`}; what follows is in
//! [`orders`](crate::telemetry::spans::orders) and [`later`](crate::telemetry::spans::later).

use crate::domain::ids::TradeId;
use crate::events::{
    CandidateFound, EnsembleSignal, EntrySignal, Envelope, LimitExceeded, RiskEvent, SignalEvent,
    SizeCalculated, TradeRefused,
};
use crate::risk::Check;
use crate::telemetry::spans::projector::{Projector, Scan};
use crate::telemetry::spans::span::{Failure, Moment, Span, Value, whole};

impl Projector {
    pub(super) fn signal(&mut self, envelope: &Envelope, event: &SignalEvent) {
        match event {
            SignalEvent::ScanStarted(what) => {
                let Envelope { at, seq, cause, .. } = *envelope;
                self.scan = Some(Scan { at, seq, cause, what: *what });
            }
            SignalEvent::CandidateFound(found) => self.candidate(envelope, found),
            SignalEvent::EvaluateStarted(started) => {
                let trade = self.followed(&started.trade_id, envelope.at);
                trade.setup = Some(trade.step("strategy.evaluate_setup", envelope));
            }
            SignalEvent::Ensemble(judged) => self.judged(envelope, judged),
            SignalEvent::Entry(entry) => self.entry(envelope, entry),
            SignalEvent::Hold(hold) => {
                let Some(trade_id) = &hold.trade_id else { return };
                let setup = self.trades.get_mut(trade_id).and_then(|trade| trade.setup.take());
                if let Some(mut setup) = setup {
                    setup.set("strategy.outcome", "hold").set("strategy.reason", &hold.reason);
                    self.end_of(trade_id, setup, envelope.at);
                }
            }
            SignalEvent::Exit(exit) => {
                self.exit(&exit.trade_id, envelope).set("exit.reason", exit.reason.name());
            }
            SignalEvent::TradeLogged(_)
            | SignalEvent::MemberLeftOut(_)
            | SignalEvent::VoteRequested(_)
            | SignalEvent::VoteCast(_) => {}
        }
    }

    /// Begins the trace of an entry, with the scan that found it.
    fn candidate(&mut self, envelope: &Envelope, found: &CandidateFound) {
        let scan = self.scan;
        let trade = self.followed(&found.trade_id, envelope.at);
        trade.symbol = Some(found.symbol);
        let context = crate::events::TraceContext::of(&found.trade_id);
        let mut root = Span::begin(context, None, "trade", envelope);
        root.start = scan.map_or(envelope.at, |scan| scan.at);
        root.set("trade.direction", found.direction.name());
        let mut scanned = root.inner("strategy.scan_candidates", envelope);
        scanned.start = root.start;
        let mut quotes = scanned.inner("market_data.get_quotes", envelope);
        let mut criteria = scanned.inner("strategy.evaluate_criteria", envelope);
        (quotes.start, quotes.end) = (root.start, root.start);
        if let Some(Scan { seq, cause, what, .. }) = scan {
            scanned
                .put("event.seq", whole(seq))
                .put("scan.symbols", Value::Whole(what.symbols.into()));
            quotes.set("market_data.interval", what.interval);
            if let Some(cause) = cause {
                quotes.put("event.seq", whole(cause));
            }
        }
        quotes.set("market_data.symbol", found.symbol).set("market_data.price", found.price);
        for criterion in &found.criteria {
            let moment = Moment { name: "criterion".into(), at: envelope.at, attributes: vec![] };
            criteria.note(
                moment
                    .with("criterion.name", &criterion.name)
                    .with("criterion.detail", &criterion.detail),
            );
        }
        trade.root = Some(root);
        let (at, id) = (envelope.at, &found.trade_id);
        for span in [quotes, criteria, scanned] {
            self.end_of(id, span, at);
        }
    }

    fn judged(&mut self, envelope: &Envelope, judged: &EnsembleSignal) {
        let Some(trade) = self.trades.get_mut(&judged.trade_id) else { return };
        let Some(setup) = &mut trade.setup else { return };
        setup
            .set("strategy.action", judged.action)
            .set("strategy.confidence", judged.confidence)
            .set("strategy.consensus", judged.consensus)
            .set("strategy.threshold", judged.threshold)
            .set("strategy.speaker", &judged.speaker);
        for ballot in &judged.ballots {
            let vote = ballot.vote.and_then(|vote| vote.action().side());
            let vote = vote.map_or_else(|| "none".to_owned(), |side| side.to_string());
            let moment = Moment { name: "ballot".into(), at: envelope.at, attributes: vec![] };
            setup.note(
                moment
                    .with("ballot.member", &ballot.member)
                    .with("ballot.vote", vote)
                    .with("ballot.reasoning", &ballot.reasoning),
            );
        }
    }

    fn entry(&mut self, envelope: &Envelope, entry: &EntrySignal) {
        let trade = self.followed(&entry.trade_id, envelope.at);
        trade.symbol = Some(entry.symbol);
        trade.entry_price = Some(entry.entry_price.to_string());
        trade.quantity = Some(entry.quantity.to_string());
        trade.strategy = Some(entry.strategy.clone());
        if let Some(root) = &mut trade.root {
            root.set("trade.stop_price", entry.stop_price)
                .set("trade.target_price", entry.target_price)
                .set("trade.risk_reward_ratio", entry.risk_reward_ratio);
        }
        trade.approval = Some(trade.step("risk.approve_trade", envelope));
        trade.is_checked = false;
        if let Some(mut setup) = trade.setup.take() {
            setup.set("strategy.outcome", "entry");
            self.end_of(&entry.trade_id, setup, envelope.at);
        }
    }

    pub(super) fn risk(&mut self, envelope: &Envelope, event: &RiskEvent) {
        match event {
            RiskEvent::SizeCalculated(sized) => self.sized(envelope, sized),
            RiskEvent::LimitExceeded(limit) => self.exceeded(envelope, limit),
            RiskEvent::Approved(approved) => {
                self.checked(envelope, &approved.trade_id, approved.order.checks(), None);
                if let Some(trade) = self.trades.get_mut(&approved.trade_id) {
                    trade.quantity = Some(approved.order.qty().to_string());
                }
                self.decided(envelope, &approved.trade_id, "approved", None);
            }
            RiskEvent::ApprovalRequested(asked) => {
                self.checked(envelope, &asked.trade_id, &asked.checks, None);
            }
            RiskEvent::Refused(refused) => {
                let TradeRefused { trade_id, by_operator, reason } = refused;
                let kind = if *by_operator { "RefusedByOperator" } else { "ApprovalExpired" };
                self.decided(envelope, trade_id, "refused", Some(Failure::new(kind, reason)));
            }
            RiskEvent::DrawdownAlert(_)
            | RiskEvent::PortfolioAssessed(_)
            | RiskEvent::StrategyDisabled(_) => {}
        }
    }

    fn sized(&mut self, envelope: &Envelope, sized: &SizeCalculated) {
        let Some(trade_id) = &sized.trade_id else { return };
        let mut span = self.approval_step("risk.calculate_size", trade_id, envelope);
        span.set("risk.quantity", sized.size.quantity)
            .set("risk.value", sized.size.value)
            .set("risk.budget", sized.size.budget)
            .set("risk.weight", sized.size.weight)
            .set("risk.bound_by", format!("{:?}", sized.size.bound_by));
        self.end_of(trade_id, span, envelope.at);
    }

    fn exceeded(&mut self, envelope: &Envelope, limit: &LimitExceeded) {
        let Some(trade_id) = &limit.trade_id else { return };
        let failure = Failure::new("RiskLimitExceeded", &limit.explanation);
        self.checked(envelope, trade_id, &limit.checks, Some(&failure));
        if let Some(approval) =
            self.trades.get_mut(trade_id).and_then(|trade| trade.approval.as_mut())
        {
            approval.set("risk.rule", limit.rule.name()).set("risk.limit", limit.limit);
            approval.set_some("risk.value", limit.value);
        }
        self.decided(envelope, trade_id, "refused", Some(failure));
    }

    /// Tells the checks, once for each approval.
    fn checked(
        &mut self,
        envelope: &Envelope,
        trade_id: &TradeId,
        checks: &[Check],
        failure: Option<&Failure>,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        if std::mem::replace(&mut trade.is_checked, true) {
            return;
        }
        let mut span = self.approval_step("risk.check_limits", trade_id, envelope);
        span.put("risk.checks", Value::Whole(i64::try_from(checks.len()).unwrap_or(i64::MAX)));
        for check in checks {
            let value = check.value.map_or_else(|| "unknown".to_owned(), |value| value.to_string());
            let moment = Moment { name: "check".into(), at: envelope.at, attributes: vec![] };
            span.note(
                moment
                    .with("risk.rule", check.rule.name())
                    .with("risk.value", value)
                    .with("risk.limit", check.limit)
                    .with("risk.passed", check.passed),
            );
        }
        if let Some(failure) = failure {
            span.fail(failure.clone());
        }
        self.end_of(trade_id, span, envelope.at);
    }

    fn decided(
        &mut self,
        envelope: &Envelope,
        trade_id: &TradeId,
        outcome: &str,
        failure: Option<Failure>,
    ) {
        let Some(trade) = self.trades.get_mut(trade_id) else { return };
        if let Some(failure) = &failure {
            trade.fail(failure);
        }
        let Some(mut approval) = trade.approval.take() else { return };
        approval.set("risk.outcome", outcome);
        if let Some(failure) = failure {
            approval.fail(failure);
        }
        self.end_of(trade_id, approval, envelope.at);
    }

    /// A step of the approval.
    fn approval_step(
        &mut self,
        name: &'static str,
        trade_id: &TradeId,
        envelope: &Envelope,
    ) -> Span {
        let trade = self.followed(trade_id, envelope.at);
        match &trade.approval {
            Some(approval) => approval.inner(name, envelope),
            None => trade.step(name, envelope),
        }
    }
}
