//! A decision record as lines: what was decided, who voted how, which rules let it
//! through, what became of it, and the chain of causes. Draws nothing itself.

use crate::domain::ids::Seq;
use crate::domain::order::OrderPurpose;
use crate::ui::format;
use crate::ui::panels::cards::vote;
use crate::ui::panels::depth::kind;
use crate::ui::panels::limits::{amounts, used, verdict};
use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::Line;
use crate::view::{BallotLine, CheckLine, OrderPhase, Record};

/// Every line of a record. `event` is the one whose causes are shown, the newest one
/// where none is named.
pub(in crate::ui) fn lines(scene: &Scene<'_>, record: &Record, event: Option<Seq>) -> Vec<Line> {
    let mut lines = Vec::with_capacity(120);
    head(record, &mut lines);
    section(&mut lines, "Ballots", record.ballots.iter().map(|line| ballot(scene, line)));
    decided(record, &mut lines);
    verdicts(scene, record, &mut lines);
    executed(scene, record, &mut lines);
    causes(record, event, &mut lines);
    size(record, &mut lines);
    known(record, &mut lines);
    lines
}

fn section(lines: &mut Vec<Line>, title: &str, made: impl Iterator<Item = Line>) {
    let mut made = made.peekable();
    if made.peek().is_some() {
        lines.push(Line::title(title));
        lines.extend(made);
    }
}

fn head(record: &Record, lines: &mut Vec<Line>) {
    let way = record.direction.map_or("", |direction| direction.name());
    let phase = record.phase.map_or("REFUSED", |phase| phase.name());
    lines.push(Line::new(format!("{} {way} {phase}", record.symbol), Meaning::Accent));
    lines.push(Line::new(format!("{}  {}Z", record.id, format::clock(record.at)), Meaning::Dim));
    if !record.reason.is_empty() {
        lines.push(Line::plain(format!("because {}", record.reason)));
    }
    if let Some(result) = &record.result {
        let r = result.r_multiple.map(|r| format!("  {} R", format::decimal(r, 2)));
        let text = format!(
            "result {}{}  {} {} > {}  held {} s",
            format::signed_money(result.pnl),
            r.unwrap_or_default(),
            format::quantity(result.quantity),
            format::price(result.entry_price),
            format::price(result.exit_price),
            result.held_seconds
        );
        lines.push(Line::new(text, format::trend(result.pnl).1));
    }
    if let Some(plan) = &record.plan {
        let [entry, stop, target] = [plan.entry, plan.stop, plan.target].map(format::price);
        let ratio = format::decimal(plan.risk_reward_ratio, 1);
        lines.push(Line::plain(format!("entry {entry}  stop {stop}  target {target}  {ratio}:1")));
        lines.push(Line::new(format!("by {}", plan.strategy), Meaning::Dim));
    }
}

/// One vote in a line: sign, member, weight, how sure, why.
pub(in crate::ui) fn ballot(scene: &Scene<'_>, ballot: &BallotLine) -> Line {
    let (sign, meaning) = vote(ballot);
    let action = ballot.action.as_deref().unwrap_or("none");
    let sure = ballot.confidence.map_or_else(|| "    ".to_owned(), |sure| format!("{sure:.2}"));
    let (member, sign) = (&*ballot.member, scene.sign(sign));
    let words = format!("  {sign} {member:<16} {action:<4} {sure} x{}", ballot.weight.normalize());
    Line::new(format!("{words}  {}", ballot.reasoning).trim_end(), meaning)
}

fn decided(record: &Record, lines: &mut Vec<Line>) {
    let Some(decided) = &record.decided else { return };
    let meets = decided.confidence >= decided.threshold;
    let text = format!(
        "  {} at {}: confidence {} against {}, consensus {}, {} speaks",
        decided.action.name().to_uppercase(),
        format::price(decided.price),
        format::score(decided.confidence),
        format::score(decided.threshold),
        format::share(decided.consensus),
        decided.speaker
    );
    lines.push(Line::new(text, if meets { Meaning::Text } else { Meaning::Warn }));
}

/// One rule in a line: verdict, value against limit, how much of it is used.
pub(in crate::ui) fn check(scene: &Scene<'_>, check: &CheckLine) -> Line {
    let (sign, meaning) = verdict(check);
    let (value, limit) = amounts(check);
    let used = used(check).map(format::share).unwrap_or_default();
    let words = if check.passed { "ok" } else { "NO" };
    let sign = scene.sign(sign);
    let text = format!(" {sign} {words} {used:>4} {:<25} {value:>9}/{limit}", check.rule);
    let meaning = if matches!(meaning, Meaning::Trip | Meaning::Warn) {
        meaning
    } else if used.is_empty() {
        Meaning::Dim
    } else {
        Meaning::Text
    };
    Line::new(text.trim_end(), meaning)
}

/// The rules with numbers, what failed first; what is only yes or no is counted.
fn verdicts(scene: &Scene<'_>, record: &Record, lines: &mut Vec<Line>) {
    let checks = &record.checks;
    let failed = checks.iter().filter(|check| !check.passed);
    let passed = checks.iter().filter(|check| check.passed && used(check).is_some());
    let plain = checks.iter().filter(|check| check.passed && used(check).is_none()).count();
    section(lines, "Rules", failed.chain(passed).map(|line| check(scene, line)));
    if plain > 0 {
        let sign = scene.sign(Glyph::Ok);
        lines.push(Line::new(format!("  {sign} ok {plain} more, without a number"), Meaning::Dim));
    }
    if let Some(refusal) = &record.refusal {
        lines.push(Line::new(format!("  refused: {}", refusal.explanation), Meaning::Trip));
    }
    if let Some(approval) = &record.approval {
        let at = approval.answered_at.map(|at| format!(" {}Z", format::clock(at)));
        let answer = approval.answer.name();
        let words = format!("  human: {answer}{}  {}", at.unwrap_or_default(), approval.reason);
        lines.push(Line::new(words.trim_end(), Meaning::Approve));
    }
}

fn executed(scene: &Scene<'_>, record: &Record, lines: &mut Vec<Line>) {
    let purpose = |purpose| match purpose {
        OrderPurpose::Entry => "entry",
        OrderPurpose::Protection => "protect",
        OrderPurpose::Exit => "exit",
    };
    section(
        lines,
        "Orders",
        record.orders.iter().map(|order| {
            let (sign, meaning) = phase(order.phase);
            let text = format!(
                "  {} {:<7} {:<4} {:>6} {}  {}  {}",
                scene.sign(sign),
                purpose(order.purpose),
                order.side.name().to_uppercase(),
                format::quantity(order.quantity),
                kind(order.kind),
                order.phase,
                order.note
            );
            Line::new(text.trim_end(), meaning)
        }),
    );
    section(
        lines,
        "Fills",
        record.fills.iter().map(|fill| {
            let slip = fill.slippage.map_or_else(|| "-".to_owned(), format::signed_money);
            Line::plain(format!(
                "  {}Z {:<4} {:>6} at {}  slippage {slip}",
                format::clock(fill.at),
                fill.side.name().to_uppercase(),
                format::quantity(fill.quantity),
                format::price(fill.price)
            ))
        }),
    );
    section(
        lines,
        "Way",
        record
            .steps
            .iter()
            .map(|step| Line::plain(format!("  {}Z {}", format::clock_fine(step.at), step.phase))),
    );
}

/// Sign and meaning of an order's state.
pub(in crate::ui) const fn phase(phase: OrderPhase) -> (Glyph, Meaning) {
    match phase {
        OrderPhase::Draft => (Glyph::Idle, Meaning::Dim),
        OrderPhase::Submitted | OrderPhase::Accepted | OrderPhase::PartiallyFilled => {
            (Glyph::Working, Meaning::Text)
        }
        OrderPhase::Filled => (Glyph::Done, Meaning::Ok),
        OrderPhase::Cancelled | OrderPhase::Expired => (Glyph::Cool, Meaning::Dim),
        OrderPhase::Rejected => (Glyph::Trip, Meaning::Warn),
        OrderPhase::Unknown => (Glyph::Unknown, Meaning::Trip),
    }
}

/// From an event back to what came in by the door.
fn causes(record: &Record, event: Option<Seq>, lines: &mut Vec<Line>) {
    let newest = record.links.last().map(|link| link.seq);
    let Some(from) = event.or(newest) else { return };
    let chain = record.chain(from);
    section(
        lines,
        "Causes, the newest first",
        chain.iter().map(|link| {
            Line::plain(format!("  #{} {}Z {}", link.seq, format::clock(link.at), link.name))
        }),
    );
}

fn size(record: &Record, lines: &mut Vec<Line>) {
    let Some(size) = &record.size else { return };
    let cap = |line: &crate::view::CapLine| {
        Line::new(format!("  {:<24} {:>12}", line.name, format::money(line.amount)), Meaning::Dim)
    };
    section(lines, "Size", size.caps.iter().map(cap));
    lines.push(Line::plain(format!(
        "  {} shares at {} = {}, bound by {}, weight {}",
        format::quantity(size.quantity),
        format::price(size.price),
        format::money(size.value),
        size.bound_by,
        format::score(size.weight)
    )));
}

fn known(record: &Record, lines: &mut Vec<Line>) {
    let age = |milliseconds: Option<i64>| {
        milliseconds.and_then(|age| u64::try_from(age).ok()).map_or_else(String::new, |age| {
            format!("  age {}", format::duration(std::time::Duration::from_millis(age)))
        })
    };
    section(
        lines,
        "Known then",
        record.inputs.iter().map(|input| {
            let words = format!("  {:<8} {}{}", input.name, input.detail, age(input.age_ms));
            Line::new(words, Meaning::Dim)
        }),
    );
    let notes = record.criteria.iter().chain(&record.notes);
    section(
        lines,
        "Notes",
        notes.map(|note| Line::new(format!("  #{} {}", note.seq, note.text), Meaning::Dim)),
    );
    if record.left_out > 0 {
        lines.push(Line::new(format!("{} lines did not fit", record.left_out), Meaning::Warn));
    }
}
