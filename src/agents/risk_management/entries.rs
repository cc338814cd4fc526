//! Deciding entries, with or without a human, and following what they claim.

use std::sync::Arc;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::agents::risk_management::{Approval, RiskManagementAgent, disabled_event};
use crate::bus::Outbox;
use crate::domain::ids::{Symbol, TradeId};
use crate::domain::money::{Price, Qty};
use crate::domain::order::{OrderClass, OrderKind, OrderPurpose, TimeInForce};
use crate::domain::time::Timestamp;
use crate::events::{
    ApprovalRequested, CalculateSize, EntrySignal, LimitExceeded, OrderEvent, RiskEvent,
    SizeCalculated, Timer, TradeApproved, TradeRefused,
};
use crate::risk::{
    AccountView, ApprovedOrder, Denial, EntryIntent, Question, SizeRecord, Standing, SymbolView,
    assess, size,
};

/// An entry that waits for a human.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    wish: Wish,
    deadline: Timestamp,
}

/// A proposed entry, and what mails make of its size.
#[derive(Debug, Clone)]
struct Wish {
    intent: EntryIntent,
    /// 0 to 1; one where no mail asks for caution.
    factor: Decimal,
}

impl Wish {
    fn at(self, at: Timestamp) -> Self {
        Self { intent: EntryIntent { at, ..self.intent }, ..self }
    }
}

impl RiskManagementAgent {
    /// Puts a proposed entry to the rules.
    pub(super) fn entry(&mut self, at: Timestamp, signal: &EntrySignal, out: &mut Outbox) {
        let caution = signal.caution.as_ref();
        let factor = caution.map_or(Decimal::ONE, |caution| caution.size_factor);
        let asks_human = caution.is_some_and(|caution| caution.asks_human);
        let needs_human = asks_human || self.config.approval == Approval::Manual;
        self.decide(Wish { intent: intent_of(signal, at), factor }, needs_human, out);
    }

    /// A human says yes: the rules are asked again, on the numbers of now.
    pub(super) fn approve(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        if let Some(Waiting { wish, .. }) = self.waiting.remove(trade_id) {
            self.decide(wish.at(at), false, out);
        }
    }

    /// Somebody asks for the decision of a waiting trade: it is put again.
    pub(super) fn ask_again(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        if let Some(Waiting { wish, .. }) = self.waiting.remove(trade_id) {
            self.decide(wish.at(at), true, out);
        }
    }

    /// The timer of a waiting trade: one that was put again has a later deadline.
    pub(super) fn approval_due(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        if self.waiting.get(trade_id).is_some_and(|waiting| waiting.deadline <= at) {
            self.refuse_waiting(trade_id, false, "nobody answered in time", out);
        }
    }

    pub(super) fn refuse_waiting(
        &mut self,
        trade_id: &TradeId,
        by_operator: bool,
        reason: &str,
        out: &mut Outbox,
    ) {
        if self.waiting.remove(trade_id).is_some() {
            out.publish(RiskEvent::Refused(TradeRefused {
                trade_id: trade_id.clone(),
                by_operator,
                reason: reason.to_owned(),
            }));
        }
    }

    fn decide(&mut self, wish: Wish, needs_human: bool, out: &mut Outbox) {
        let (record, judged) = self.judge_cautious(&wish);
        let intent = &wish.intent;
        let trade_id = Some(intent.trade_id.clone());
        let (symbol, quantity) = (intent.symbol, record.quantity);
        out.publish(RiskEvent::SizeCalculated(SizeCalculated { trade_id, symbol, size: record }));
        match judged {
            Err(denial) => out.publish(refusal(Some(intent.trade_id.clone()), *denial)),
            Ok(order) if needs_human => self.ask(wish, &order, out),
            Ok(order) => {
                self.reservations.reserve(&order);
                self.strategies.insert(intent.trade_id.clone(), intent.strategy.clone());
                let limits = &self.config.limits;
                if let Some(why) = self.conduct.entry_approved(intent, quantity, limits) {
                    out.publish(disabled_event(&intent.strategy, &why));
                }
                let trade_id = wish.intent.trade_id;
                out.publish(RiskEvent::Approved(TradeApproved { trade_id, order }));
            }
        }
    }

    /// Judges an entry, smaller where mails ask for it. What would be refused without any
    /// mail is refused: being smaller must not get an order past a rule.
    fn judge_cautious(&self, wish: &Wish) -> (SizeRecord, Result<ApprovedOrder, Box<Denial>>) {
        let whole = self.judge(&wish.intent);
        if whole.1.is_err() || wish.factor >= Decimal::ONE {
            return whole;
        }
        let share = |ratio: Decimal| ratio.clamp(Decimal::ZERO, Decimal::ONE);
        let scale = share(wish.intent.size_scale).checked_mul(share(wish.factor));
        let size_scale = scale.unwrap_or(Decimal::ZERO);
        self.judge(&EntryIntent { size_scale, ..wish.intent.clone() })
    }

    fn judge(&self, intent: &EntryIntent) -> (SizeRecord, Result<ApprovedOrder, Box<Denial>>) {
        let limits = &self.config.limits;
        let account = self.account_view();
        let symbol = self.symbol_view(intent.symbol, intent.at);
        let record = size(intent, limits, &account, &symbol, &self.conduct);
        let question = Question {
            intent,
            qty: record.quantity,
            limits,
            account: &account,
            symbol: &symbol,
            conduct: &self.conduct,
        };
        let judged = assess(&question);
        (record, judged)
    }

    fn ask(&mut self, wish: Wish, order: &ApprovedOrder, out: &mut Outbox) {
        let intent = &wish.intent;
        let seconds = i64::from(self.config.approval_seconds);
        let deadline = intent.at.plus(SignedDuration::from_secs(seconds));
        let trade_id = intent.trade_id.clone();
        out.publish(RiskEvent::ApprovalRequested(ApprovalRequested {
            trade_id: trade_id.clone(),
            symbol: intent.symbol,
            cost: order.cost(),
            worst_loss: order.loss_per_share().scaled(order.qty().to_decimal()),
            deadline,
            checks: order.checks().to_vec(),
        }));
        out.wake_at(deadline, Timer::Approval(trade_id.clone()));
        self.waiting.insert(trade_id, Waiting { wish, deadline });
    }

    fn account_view(&self) -> AccountView {
        let book = self.account.book();
        let price = |symbol| self.account.mark_of(symbol).map(Price::as_money);
        let (gross_of_others, net_of_others) = self.differences.exposure(price);
        let open_positions = book.open_positions() + self.differences.count();
        AccountView {
            equity: book.equity(),
            equity_peak: self.account.peak(),
            cash: book.cash(),
            buying_power: self.account.buying_power(),
            day_start_equity: self.account.day_start(),
            week_start_equity: self.account.week_start(),
            open_risk_to_stops: self.open_risk.total(),
            gross: book.gross_exposure() + gross_of_others,
            net: book.net_exposure() + net_of_others,
            reserved: self.reservations.total(),
            open_positions: u32::try_from(open_positions).unwrap_or(u32::MAX),
            entries_working: u32::try_from(self.reservations.len()).unwrap_or(u32::MAX),
            entries_allowed: self.trading.allows_entry()
                && !self.is_bus_down
                && !self.differences.is_uncompared(),
            identity: self.config.identity.clone(),
            identity_configured: self.config.identity.clone(),
        }
    }

    fn symbol_view(&self, symbol: Symbol, at: Timestamp) -> SymbolView {
        SymbolView {
            position: self.account.position(symbol),
            reserved: self.reservations.of_symbol(symbol),
            is_in_doubt: self.doubts.concern(symbol) || self.differences.concern(symbol),
            ..self.symbols.view(symbol, at)
        }
    }

    /// Follows what orders do to reservations and to the book.
    pub(super) fn order(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Submit(submit) if submit.order.purpose() == OrderPurpose::Entry => {
                self.reservations.mark(submit.order.trade_id(), Standing::InFlight);
            }
            OrderEvent::Submitted(done) if done.purpose == OrderPurpose::Entry => {
                self.mark(done.trade_id.as_ref(), Standing::Working);
            }
            OrderEvent::OutcomeUnknown(unknown) => {
                self.mark(unknown.trade_id.as_ref(), Standing::Unknown);
            }
            OrderEvent::PartiallyFilled(filled) | OrderEvent::Filled(filled) => {
                self.account.fill(&filled.fill, filled.fee);
                let Some(trade_id) = &filled.trade_id else { return };
                if filled.purpose == OrderPurpose::Entry {
                    self.reservations.fill(trade_id, filled.fill.qty);
                    if matches!(event, OrderEvent::Filled(_)) {
                        self.reservations.release_on_evidence(trade_id);
                    }
                }
            }
            OrderEvent::Rejected(done) if done.purpose == OrderPurpose::Entry => {
                self.release(done.trade_id.as_ref(), Qty::ZERO);
            }
            OrderEvent::Cancelled(done) if done.purpose == OrderPurpose::Entry => {
                self.release(done.trade_id.as_ref(), done.filled);
            }
            OrderEvent::Expired(done) if done.purpose == OrderPurpose::Entry => {
                self.release(done.trade_id.as_ref(), done.filled);
            }
            OrderEvent::Submit(_)
            | OrderEvent::Submitted(_)
            | OrderEvent::Rejected(_)
            | OrderEvent::Cancelled(_)
            | OrderEvent::Expired(_)
            | OrderEvent::Cancel(_)
            | OrderEvent::Modify(_)
            | OrderEvent::CancelRejected(_)
            | OrderEvent::Modified(_)
            | OrderEvent::ModifyRejected(_)
            | OrderEvent::StatusReported(_)
            | OrderEvent::External(_)
            | OrderEvent::StateChanged(_) => {}
        }
    }

    fn mark(&mut self, trade_id: Option<&TradeId>, standing: Standing) {
        if let Some(trade_id) = trade_id {
            self.reservations.mark(trade_id, standing);
        }
    }

    /// An entry ended before it was complete; without shares its trade is over.
    fn release(&mut self, trade_id: Option<&TradeId>, filled: Qty) {
        let Some(trade_id) = trade_id else { return };
        self.reservations.release_on_evidence(trade_id);
        if filled.is_zero() {
            self.strategies.remove(trade_id);
        }
    }

    /// Answers how large a hypothetical entry could be.
    pub(super) fn say_size(&self, at: Timestamp, wanted: &CalculateSize, out: &mut Outbox) {
        let (record, _) = self.judge(&hypothetical(wanted, at));
        let symbol = wanted.symbol;
        out.publish(RiskEvent::SizeCalculated(SizeCalculated {
            trade_id: None,
            symbol,
            size: record,
        }));
    }

    /// Answers with every check of a hypothetical entry.
    pub(super) fn say_checks(&self, at: Timestamp, wanted: &CalculateSize, out: &mut Outbox) {
        match self.judge(&hypothetical(wanted, at)) {
            (_, Err(denial)) => out.publish(refusal(None, *denial)),
            (record, Ok(_)) => out.publish(RiskEvent::SizeCalculated(SizeCalculated {
                trade_id: None,
                symbol: wanted.symbol,
                size: record,
            })),
        }
    }
}

fn refusal(trade_id: Option<TradeId>, denial: Denial) -> RiskEvent {
    RiskEvent::LimitExceeded(LimitExceeded {
        trade_id,
        symbol: denial.symbol,
        rule: denial.rule,
        limit: denial.limit,
        value: denial.value,
        explanation: denial.explanation,
        checks: denial.checks,
    })
}

fn intent_of(signal: &EntrySignal, at: Timestamp) -> EntryIntent {
    EntryIntent {
        trade_id: signal.trade_id.clone(),
        symbol: signal.symbol,
        direction: signal.direction,
        kind: signal.kind,
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
        entry_price: signal.entry_price,
        stop: Some(signal.stop_price),
        target: Some(signal.target_price),
        quantity: None,
        strategy: Arc::from(signal.strategy.as_str()),
        confidence: signal.confidence,
        consensus: signal.consensus,
        size_scale: signal.size_scale,
        repeat_allowed: false,
        at,
    }
}

fn hypothetical(wanted: &CalculateSize, at: Timestamp) -> EntryIntent {
    EntryIntent {
        trade_id: TradeId::new("hypothetical"),
        symbol: wanted.symbol,
        direction: wanted.direction,
        kind: OrderKind::Limit { limit: wanted.entry_price },
        time_in_force: TimeInForce::Day,
        class: OrderClass::Simple,
        extended_hours: false,
        entry_price: wanted.entry_price,
        stop: Some(wanted.stop_price),
        target: None,
        quantity: None,
        strategy: Arc::from("operator"),
        confidence: Decimal::ONE,
        consensus: Decimal::ONE,
        size_scale: Decimal::ONE,
        repeat_allowed: true,
        at,
    }
}
