//! The fold that fills decision records.
//!
//! Hears every event for its place in the chain of causes, and writes down those
//! that belong to a trade. What the market looked like comes from whoever calls it.

use std::sync::Arc;

use crate::domain::command::OperatorCommand;
use crate::domain::ids::{ClientOrderId, Seq, Symbol};
use crate::domain::order::Side;
use crate::domain::time::Timestamp;
use crate::events::{
    CandidateFound, Envelope, Event, LimitExceeded, OrderEvent, OrderFilled, PositionClosed,
    PositionEvent, RiskEvent, SignalEvent, TradeEvent,
};
use crate::view::checks::{RefusalLine, SizeLine, check_lines};
use crate::view::decisions::record::{
    Answer, ApprovalLine, BALLOTS_MAX, DecidedLine, FILLS_MAX, FillLine, InputLine, LINKS_MAX,
    Link, NOTES_MAX, NoteLine, ORDERS_MAX, OrderLine, PlanLine, Record, ResultLine,
};
use crate::view::decisions::store::{Decisions, Wanted};
use crate::view::names::{OrderPhase, Phase};
use crate::view::part::Part;
use crate::view::rows::{STEPS_MAX, Step};
use crate::view::text::{NAME_MAX, TEXT_MAX, clean_text, wire_text};

/// Events whose causes can be looked up. A cascade is thirty events long; where a
/// thousand symbols trade at one instant, the first steps of some chains are lost.
const RECENT: usize = 4_096;
/// Most steps of a chain that are looked up at once.
const CHAIN_MAX: usize = 64;

/// Folds records.
#[derive(Debug)]
pub(in crate::view) struct Recorder {
    decisions: Part<Decisions>,
    /// The newest events, each at its number modulo [`RECENT`].
    recent: Box<[Link]>,
    pinned: Option<Wanted>,
}

/// What the market looked like, asked for when a trade begins.
pub(in crate::view) type Inputs<'a> = &'a dyn Fn(Symbol, Timestamp) -> Vec<InputLine>;

impl Recorder {
    pub(in crate::view) fn new(pinned: Option<Wanted>) -> Self {
        let nothing = Link { seq: Seq(0), cause: None, at: Timestamp::from_seconds(0), name: "" };
        let recent = vec![nothing; RECENT].into_boxed_slice();
        Self { decisions: Part::default(), recent, pinned }
    }

    pub(in crate::view) const fn decisions(&self) -> &Decisions {
        self.decisions.get()
    }

    pub(in crate::view) fn share(&mut self) -> Arc<Decisions> {
        self.decisions.share()
    }

    /// Notes the place of an event in the chain of causes.
    pub(in crate::view) fn place(&mut self, envelope: &Envelope) {
        let link = Link {
            seq: envelope.seq,
            cause: envelope.cause,
            at: envelope.at,
            name: envelope.event.name(),
        };
        let place = slot(envelope.seq);
        self.recent[place] = link;
    }

    /// Takes one event that is not about prices; [`place`](Self::place) comes first.
    pub(in crate::view) fn see(&mut self, envelope: &Envelope, inputs: Inputs<'_>) {
        let place = (envelope.seq, envelope.at);
        if let Event::Signal(SignalEvent::CandidateFound(found)) = &envelope.event {
            self.begin(place, found, inputs);
        }
        if let Event::Risk(RiskEvent::LimitExceeded(refused)) = &envelope.event
            && refused.trade_id.is_none()
        {
            self.answer(place, refused, inputs);
        }
        let Some(trade_id) = envelope.event.trade_id() else { return };
        let Some(record) = self.decisions.change().of_trade(trade_id) else { return };
        link(record, &self.recent, envelope.seq);
        match &envelope.event {
            Event::Signal(event) => signal(record, place, event, inputs),
            Event::Risk(event) => risk(record, place, event),
            Event::Order(event) => order(record, place, event),
            Event::Position(event) => position(record, place, event),
            Event::Trade(event) => trade(record, place, event),
            Event::Operator(command) => operator(record, place, command),
            Event::Tape(_)
            | Event::Feed(_)
            | Event::Market(_)
            | Event::Venue(_)
            | Event::Breaker(_)
            | Event::Intel(_)
            | Event::Request(_)
            | Event::System(_) => {}
        }
    }

    fn begin(&mut self, place: (Seq, Timestamp), found: &CandidateFound, inputs: Inputs<'_>) {
        let id = clean_text(found.trade_id.as_str(), NAME_MAX);
        let mut record = Record::new(id, Some(found.trade_id.clone()), found.symbol, place);
        record.direction = Some(found.direction);
        record.phase = Some(Phase::Scanning);
        record.steps.push(Step { phase: Phase::Scanning, at: place.1 });
        record.inputs = inputs(found.symbol, place.1);
        for criterion in found.criteria.iter().take(BALLOTS_MAX) {
            let text = format!("{}: {}", criterion.name, criterion.detail);
            record.criteria.push(note(place, &text));
        }
        self.decisions.change().add(record, self.pinned.as_ref());
    }

    /// A refusal that answers a question, without a trade.
    fn answer(&mut self, place: (Seq, Timestamp), refused: &LimitExceeded, inputs: Inputs<'_>) {
        let id = format!("refusal-{}", place.0).into();
        let mut record = Record::new(id, None, refused.symbol, place);
        record.inputs = inputs(refused.symbol, place.1);
        record.checks = check_lines!(refused.checks);
        record.refusal = Some(RefusalLine::of(refused));
        link(&mut record, &self.recent, place.0);
        self.decisions.change().add(record, self.pinned.as_ref());
    }
}

fn slot(seq: Seq) -> usize {
    usize::try_from(seq.0 % 4_096).expect("4,096 is far below every usize")
}

/// Writes down an event and the events that led to it.
fn link(record: &mut Record, recent: &[Link], seq: Seq) {
    let mut next = Some(seq);
    for _ in 0..CHAIN_MAX {
        let Some(seq) = next else { return };
        let found = recent[slot(seq)];
        if found.seq != seq {
            return;
        }
        let Err(place) = record.links.binary_search_by_key(&seq, |link| link.seq) else { return };
        if record.links.len() >= LINKS_MAX {
            record.left_out = record.left_out.saturating_add(1);
            return;
        }
        record.links.insert(place, found);
        next = found.cause.filter(|cause| *cause < seq);
    }
}

fn note((seq, at): (Seq, Timestamp), text: &str) -> NoteLine {
    NoteLine { at, seq, text: clean_text(text, TEXT_MAX) }
}

fn add_note(record: &mut Record, place: (Seq, Timestamp), text: &str) {
    record.add(|record| &mut record.notes, NOTES_MAX, note(place, text));
}

/// Copies ballots: their own type belongs to the strategies.
macro_rules! ballot_lines {
    ($ballots:expr) => {
        $ballots
            .iter()
            .take($crate::view::decisions::BALLOTS_MAX)
            .map(|ballot| $crate::view::decisions::BallotLine {
                member: $crate::view::text::clean_text(
                    &ballot.member,
                    $crate::view::text::NAME_MAX,
                ),
                weight: $crate::view::text::votes(&ballot.weight),
                action: ballot.vote.map(|vote| $crate::view::text::wire_text(&vote.action())),
                confidence: ballot.vote.map(|vote| vote.confidence()),
                reasoning: $crate::view::text::clean_text(
                    &ballot.reasoning,
                    $crate::view::text::TEXT_MAX,
                ),
            })
            .collect::<std::sync::Arc<[$crate::view::decisions::BallotLine]>>()
    };
}
pub(in crate::view) use ballot_lines;

fn signal(record: &mut Record, place: (Seq, Timestamp), event: &SignalEvent, inputs: Inputs<'_>) {
    match event {
        SignalEvent::Ensemble(signal) => {
            record.ballots = ballot_lines!(signal.ballots);
            record.decided = Some(DecidedLine {
                action: signal.action,
                price: signal.price,
                confidence: signal.confidence,
                consensus: signal.consensus,
                threshold: signal.threshold,
                speaker: clean_text(&signal.speaker, NAME_MAX),
            });
        }
        SignalEvent::Entry(entry) => {
            if let Some(caution) = &entry.caution {
                let who = if caution.asks_human { ", a human decides" } else { "" };
                let (factor, reason) = (caution.size_factor, &caution.reason);
                let mails = caution.mails.join(" ");
                let text =
                    format!("mail asks for caution: size × {factor}{who}: {reason}: {mails}");
                add_note(record, place, &text);
            }
            // Votes from outside may have taken seconds: the ages of now count.
            record.inputs = inputs(record.symbol, place.1);
            record.direction = Some(entry.direction);
            record.plan = Some(PlanLine {
                entry: entry.entry_price,
                stop: entry.stop_price,
                target: entry.target_price,
                risk_reward_ratio: entry.risk_reward_ratio,
                wanted: entry.quantity,
                strategy: clean_text(&entry.strategy, NAME_MAX),
                size_scale: entry.size_scale,
            });
        }
        SignalEvent::Hold(hold) => add_note(record, place, &format!("no entry: {}", hold.reason)),
        SignalEvent::Exit(exit) => {
            add_note(record, place, &format!("exit at {}: {}", exit.price, exit.reason));
        }
        SignalEvent::TradeLogged(logged) => {
            let text = format!(
                "logged: {} trades of {}, {} won",
                logged.metrics.trades, logged.strategy, logged.metrics.wins
            );
            add_note(record, place, &text);
        }
        SignalEvent::VoteRequested(asked) => {
            let text = format!("asked outside: {}", asked.members.join(", "));
            add_note(record, place, &text);
        }
        SignalEvent::VoteCast(cast) => {
            let (by, why) = (&cast.signal.strategy, &cast.signal.reasoning);
            let text = format!("{by} votes {}: {why}", wire_text(&cast.signal.action));
            add_note(record, place, &text);
        }
        SignalEvent::CandidateFound(_)
        | SignalEvent::EvaluateStarted(_)
        | SignalEvent::ScanStarted(_)
        | SignalEvent::MemberLeftOut(_) => {}
    }
}

fn risk(record: &mut Record, (seq, at): (Seq, Timestamp), event: &RiskEvent) {
    match event {
        RiskEvent::SizeCalculated(calculated) => record.size = Some(SizeLine::of(calculated)),
        RiskEvent::LimitExceeded(refused) => {
            record.checks = check_lines!(refused.checks);
            record.refusal = Some(RefusalLine::of(refused));
        }
        RiskEvent::Approved(approved) => record.checks = check_lines!(approved.order.checks()),
        RiskEvent::ApprovalRequested(asked) => {
            record.checks = check_lines!(asked.checks);
            record.approval = Some(ApprovalLine {
                asked_at: at,
                asked: seq,
                deadline: asked.deadline,
                answer: Answer::Open,
                answered_at: None,
                reason: Box::default(),
            });
        }
        RiskEvent::Refused(refused) => {
            let answer = if refused.by_operator { Answer::Rejected } else { Answer::Expired };
            let reason = clean_text(&refused.reason, TEXT_MAX);
            close_approval(record, at, answer, reason);
        }
        RiskEvent::DrawdownAlert(_)
        | RiskEvent::PortfolioAssessed(_)
        | RiskEvent::StrategyDisabled(_) => {}
    }
}

fn close_approval(record: &mut Record, at: Timestamp, answer: Answer, reason: Box<str>) {
    if let Some(approval) = record.approval.as_mut().filter(|a| a.answer == Answer::Open) {
        approval.answer = answer;
        approval.answered_at = Some(at);
        approval.reason = reason;
    }
}

fn operator(record: &mut Record, (_, at): (Seq, Timestamp), command: &OperatorCommand) {
    match command {
        OperatorCommand::Approve(_) => {
            close_approval(record, at, Answer::Approved, Box::default());
        }
        // The refusal that follows says the same with its reason.
        OperatorCommand::Reject(_)
        | OperatorCommand::Cancel(_)
        | OperatorCommand::ResetBreaker(_)
        | OperatorCommand::Kill(_)
        | OperatorCommand::Reduce(_)
        | OperatorCommand::Resume(_)
        | OperatorCommand::Flatten(_)
        | OperatorCommand::Settle(_)
        | OperatorCommand::Acknowledge(_) => {}
    }
}

fn order(record: &mut Record, place: (Seq, Timestamp), event: &OrderEvent) {
    let at = place.1;
    match event {
        OrderEvent::Submit(submit) => {
            let request = submit.order.request();
            let line = OrderLine {
                client_order_id: request.client_order_id.clone(),
                broker_order_id: None,
                purpose: submit.order.purpose(),
                side: request.side,
                quantity: request.qty,
                kind: Some(request.kind),
                sent_at: at,
                phase: OrderPhase::Submitted,
                note: Box::default(),
            };
            record.add(|record| &mut record.orders, ORDERS_MAX, line);
        }
        OrderEvent::Submitted(done) => {
            if let Some(line) = of_id(record, &done.client_order_id) {
                line.broker_order_id = Some(done.broker_order_id.clone());
            }
        }
        OrderEvent::StateChanged(changed) => {
            let Some(phase) = OrderPhase::of(&changed.to) else { return };
            if let Some(line) = of_id(record, &changed.client_order_id) {
                line.phase = phase;
                line.quantity = changed.qty;
            }
        }
        OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled) => {
            let line = fill_line(record, at, filled);
            record.add(|record| &mut record.fills, FILLS_MAX, line);
        }
        OrderEvent::Rejected(refused) => {
            let text = clean_text(&format!("{:?}: {}", refused.reason, refused.message), TEXT_MAX);
            match of_id(record, &refused.client_order_id) {
                Some(line) => line.note = text,
                None => add_note(record, place, &format!("order refused: {text}")),
            }
        }
        OrderEvent::Cancel(cancel) => say(record, &cancel.client_order_id, &cancel.reason),
        OrderEvent::OutcomeUnknown(unknown) => {
            say(record, &unknown.client_order_id, &format!("outcome unknown: {}", unknown.detail));
        }
        OrderEvent::CancelRejected(refused) | OrderEvent::ModifyRejected(refused) => {
            let text = format!("request refused: {:?}: {}", refused.reason, refused.message);
            add_note(record, place, &text);
        }
        OrderEvent::Modified(modified) => {
            if let Some(line) = of_id(record, &modified.client_order_id) {
                line.client_order_id = modified.new_client_order_id.clone();
                line.quantity = modified.qty;
            }
            let level = |name: &str, price: Option<_>| {
                price.map_or_else(String::new, |price: crate::domain::money::Price| {
                    format!(" {name} {price}")
                })
            };
            let (stop, limit) = (level("stop", modified.stop), level("limit", modified.limit));
            add_note(record, place, &format!("order replaced:{stop}{limit}"));
        }
        OrderEvent::Modify(_)
        | OrderEvent::Cancelled(_)
        | OrderEvent::Expired(_)
        | OrderEvent::StatusReported(_)
        | OrderEvent::External(_) => {}
    }
}

fn of_id<'a>(record: &'a mut Record, id: &ClientOrderId) -> Option<&'a mut OrderLine> {
    record.orders.iter_mut().rev().find(|line| line.client_order_id == *id)
}

fn say(record: &mut Record, id: &ClientOrderId, text: &str) {
    if let Some(line) = of_id(record, id) {
        line.note = clean_text(text, TEXT_MAX);
    }
}

fn fill_line(record: &Record, at: Timestamp, filled: &OrderFilled) -> FillLine {
    use crate::domain::order::OrderPurpose;
    let fill = &filled.fill;
    let meant = match filled.purpose {
        OrderPurpose::Entry => record.plan.as_ref().map(|plan| plan.entry),
        OrderPurpose::Protection | OrderPurpose::Exit => {
            filled.kind.stop().or_else(|| filled.kind.limit())
        }
    };
    let slippage = meant.map(|meant| {
        let worse = fill.price.times(fill.qty) - meant.times(fill.qty);
        match fill.side {
            Side::Buy => worse,
            Side::Sell => -worse,
        }
    });
    FillLine {
        at,
        client_order_id: fill.client_order_id.clone(),
        purpose: filled.purpose,
        side: fill.side,
        quantity: fill.qty,
        price: fill.price,
        fee: filled.fee,
        slippage,
    }
}

fn position(record: &mut Record, place: (Seq, Timestamp), event: &PositionEvent) {
    let text = match event {
        PositionEvent::Opened(opened) => {
            format!("opened {} @ {}", opened.quantity, opened.entry_price)
        }
        PositionEvent::StopSet(stop) => {
            format!("stop rests: {} @ {}", stop.quantity, stop.stop_price)
        }
        PositionEvent::UpdateStop(moved) => format!("stop to {}: {}", moved.stop, moved.reason),
        PositionEvent::StopHit(hit) => format!("stop {} hit at {}", hit.level, hit.price),
        PositionEvent::TargetHit(hit) => format!("target {} hit at {}", hit.level, hit.price),
        PositionEvent::Split(split) => {
            format!("split: {} shares are {}", split.quantity_before, split.quantity_after)
        }
        PositionEvent::SetStop(wanted) => match wanted.target {
            Some(target) => format!("asks for stop {} and target {target}", wanted.stop),
            None => format!("asks for stop {}", wanted.stop),
        },
        PositionEvent::Closed(closed) => {
            record.result = Some(result(place.1, closed));
            return;
        }
        PositionEvent::Covered(covered) => {
            format!("without a live exit for {} ms", covered.naked_ms)
        }
        PositionEvent::Pnl(_) | PositionEvent::Unexplained(_) => return,
    };
    add_note(record, place, &text);
}

fn result(at: Timestamp, closed: &PositionClosed) -> ResultLine {
    ResultLine {
        entry_price: closed.entry_price,
        exit_price: closed.exit_price,
        quantity: closed.quantity,
        pnl: closed.pnl,
        r_multiple: closed.r_multiple,
        reason: closed.reason.name().into(),
        held_seconds: at.since(closed.entry_time).as_secs(),
    }
}

fn trade(record: &mut Record, place: (Seq, Timestamp), event: &TradeEvent) {
    match event {
        TradeEvent::StateChanged(changed) => {
            let Some(phase) = Phase::of(&changed.to) else { return };
            record.phase = Some(phase);
            record.add(|record| &mut record.steps, STEPS_MAX, Step { phase, at: place.1 });
            if let Some(reason) = &changed.reason {
                record.reason = clean_text(reason, TEXT_MAX);
            }
        }
        TradeEvent::TransitionInvalid(invalid) => add_note(record, place, &invalid.error),
    }
}
