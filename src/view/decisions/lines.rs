//! A decision record as plain text, for `why ID` and the review of an order.
//!
//! One statement per line, sections in the order in which a decision is made. Columns
//! are padded by characters; how wide a screen is, is the reader's business.

use crate::domain::money::Money;
use crate::domain::order::OrderKind;
use crate::view::checks::{CheckLine, SizeLine};
use crate::view::decisions::record::{BallotLine, FillLine, OrderLine, Record};

impl Record {
    /// Writes the record as lines of plain text without line ends.
    pub fn lines(&self) -> Vec<String> {
        let mut text = Vec::new();
        self.head(&mut text);
        self.opinions(&mut text);
        self.permission(&mut text);
        self.execution(&mut text);
        self.history(&mut text);
        text
    }

    fn head(&self, text: &mut Vec<String>) {
        let way = self.direction.map_or("", |direction| direction.name());
        let phase = self.phase.map_or("REFUSED", |phase| phase.name());
        let why =
            if self.reason.is_empty() { String::new() } else { format!(" ({})", self.reason) };
        text.push(format!("{}  {} {way}  {phase}{why}", self.id, self.symbol));
        text.push(format!("decided {}  event {}", self.at, self.seq));
        if let Some(result) = &self.result {
            let r = result.r_multiple.map_or_else(|| "-".to_owned(), |r| r.to_string());
            text.push(format!(
                "result  {} shares {} → {}  P&L {}  R {r}  {}  held {} s",
                result.quantity,
                result.entry_price,
                result.exit_price,
                signed(result.pnl),
                result.reason,
                result.held_seconds
            ));
        }
        section(
            text,
            "inputs",
            self.inputs.iter().map(|input| match input.age_ms {
                Some(age) => format!(
                    "{:<10} {}  age {}.{:03} s",
                    input.name,
                    input.detail,
                    age / 1_000,
                    age % 1_000
                ),
                None => format!("{:<10} {}", input.name, input.detail),
            }),
        );
    }

    fn opinions(&self, text: &mut Vec<String>) {
        section(text, "ballots", self.ballots.iter().map(ballot));
        if let Some(decided) = &self.decided {
            text.push(format!(
                "decided {} @ {} by {}: confidence {} × consensus {} against threshold {}",
                decided.action,
                decided.price,
                decided.speaker,
                decided.confidence,
                decided.consensus,
                decided.threshold
            ));
        }
        if let Some(plan) = &self.plan {
            text.push(format!(
                "plan    entry {} stop {} target {}  reward/risk {}  {}",
                plan.entry, plan.stop, plan.target, plan.risk_reward_ratio, plan.strategy
            ));
        }
    }

    fn permission(&self, text: &mut Vec<String>) {
        if let Some(size) = &self.size {
            sizing(text, size);
        }
        section(text, "checks", self.checks.iter().map(check));
        if let Some(refusal) = &self.refusal {
            text.push(format!("refused by {}", refusal.explanation));
        }
        if let Some(approval) = &self.approval {
            let answered = approval.answered_at.map_or(String::new(), |at| format!(" at {at}"));
            let why = if approval.reason.is_empty() {
                String::new()
            } else {
                format!(": {}", approval.reason)
            };
            text.push(format!(
                "approval asked {} until {}: {}{answered}{why}",
                approval.asked_at,
                approval.deadline,
                approval.answer.name()
            ));
        }
    }

    fn execution(&self, text: &mut Vec<String>) {
        section(text, "orders", self.orders.iter().map(order));
        section(text, "fills", self.fills.iter().map(fill));
        if self.was_taken() {
            let (slippage, fees) = (signed(self.slippage()), self.fees());
            text.push(format!("slippage {slippage}  fees {fees}"));
        }
    }

    fn history(&self, text: &mut Vec<String>) {
        section(
            text,
            "states",
            self.steps.iter().map(|step| format!("{}  {}", step.at, step.phase)),
        );
        let notes = self.notes.iter();
        section(
            text,
            "notes",
            notes.map(|note| format!("{}  #{} {}", note.at, note.seq, note.text)),
        );
        let link = |link: &crate::view::decisions::Link| match link.cause {
            Some(cause) => format!("#{} {} ← #{cause}", link.seq, link.name),
            None => format!("#{} {}", link.seq, link.name),
        };
        section(text, "causes", self.links.iter().map(link));
        if self.left_out > 0 {
            text.push(format!("{} lines did not fit", self.left_out));
        }
    }
}

fn section(text: &mut Vec<String>, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        text.push(title.to_owned());
        text.extend(lines.map(|line| format!("  {line}").trim_end().to_owned()));
    }
}

fn ballot(ballot: &BallotLine) -> String {
    let vote = match (&ballot.action, ballot.confidence) {
        (Some(action), Some(confidence)) => format!("{action} {confidence:.4}"),
        (Some(action), None) => action.to_string(),
        (None, _) => "no vote".to_owned(),
    };
    format!("{:<16} × {:<4} {vote:<12} {}", ballot.member, ballot.weight, ballot.reasoning)
}

fn sizing(text: &mut Vec<String>, size: &SizeLine) {
    section(text, "size", size.caps.iter().map(|cap| format!("{:<20} ${}", cap.name, cap.amount)));
    text.push(format!(
        "  ⌊${} ÷ {}⌋ = {} shares = ${}, bound by {}, weight {}",
        size.budget, size.price, size.quantity, size.value, size.bound_by, size.weight
    ));
}

fn check(check: &CheckLine) -> String {
    let mark = if check.passed { "ok" } else { "NO" };
    let (value, limit) = (check.value_text(), check.limit_text());
    format!("{mark} {:<26} {value:>12}  limit {limit:>12}", check.rule)
}

fn order(order: &OrderLine) -> String {
    let kind = order.kind.map_or_else(|| "-".to_owned(), kind);
    format!(
        "{}  {} {} {} {kind}  {}  {}  {}",
        order.sent_at,
        purpose(order),
        order.side,
        order.quantity,
        order.phase,
        order.client_order_id,
        order.note
    )
}

const fn purpose(order: &OrderLine) -> &'static str {
    use crate::domain::order::OrderPurpose;
    match order.purpose {
        OrderPurpose::Entry => "entry",
        OrderPurpose::Protection => "protection",
        OrderPurpose::Exit => "exit",
    }
}

/// What makes an order execute, in words.
fn kind(kind: OrderKind) -> String {
    match kind {
        OrderKind::Market => "market".to_owned(),
        OrderKind::Limit { limit } => format!("limit {limit}"),
        OrderKind::Stop { stop } => format!("stop {stop}"),
        OrderKind::StopLimit { stop, limit } => format!("stop {stop} limit {limit}"),
        OrderKind::TrailingStop { .. } => "trailing stop".to_owned(),
    }
}

fn fill(fill: &FillLine) -> String {
    let slippage = fill.slippage.map_or_else(|| "-".to_owned(), signed);
    format!(
        "{}  {} {} @ {}  fee {}  slippage {slippage}  {}",
        fill.at, fill.side, fill.quantity, fill.price, fill.fee, fill.client_order_id
    )
}

fn signed(amount: Money) -> String {
    if amount > Money::ZERO { format!("+{amount}") } else { amount.to_string() }
}
