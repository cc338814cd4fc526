//! The dialog before everything that adds risk: what it is about, how long it waits,
//! what is typed, which keys there are.

use std::cmp::Reverse;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;
use unicode_width::UnicodeWidthStr as _;

use crate::ui::dialog::{Dialog, Question, Stage};
use crate::ui::facts::{ApprovalFacts, Mode};
use crate::ui::format;
use crate::ui::keymap::Action;
use crate::ui::overlays::popup::{Look, popup};
use crate::ui::panels::limits::{bar, used};
use crate::ui::panels::record::{ballot, check};
use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Line, broken, put};
use crate::view::BreakerPhase;

const WIDTH: u16 = 64;
/// An approval has more to say.
const REVIEW_WIDTH: u16 = 76;
/// Rules that are listed: what failed, then those nearest to their limit.
const RULES_MAX: usize = 6;
/// Votes that are listed.
const VOTES_MAX: usize = 5;
/// Between two keys.
const GAP: &str = "   ";
/// Cells of the bar of the deadline.
const BAR: usize = 24;

/// Draws the dialog. With real money its lines are double and in the mode's colour.
pub(super) fn draw(scene: &Scene<'_>, dialog: &Dialog, page: Rect, buffer: &mut Buffer) {
    let is_live = scene.mode() == Mode::Live;
    let glyphs = scene.theme.glyphs();
    let lines = if is_live { glyphs.border_live() } else { glyphs.border() };
    let style = if is_live { scene.mode_style() } else { scene.style(Meaning::Title) };
    let title = dialog.question.title();
    let look = Look { title: &title, note: scene.mode().word(), lines, style };
    let wide = match dialog.question {
        Question::Approve(_) => REVIEW_WIDTH,
        Question::Reset(_) | Question::Resume | Question::Flatten(_) | Question::Quit => WIDTH,
    };
    let (rows, foot) = rows(scene, dialog);
    let width = wide.min(page.width).saturating_sub(4);
    let (mut rows, foot) = (broken(rows, width), broken(keys_apart(foot, width), width));
    // What to press and how long is left is always seen; reasons make room.
    let room = usize::from(page.height.saturating_sub(2)).saturating_sub(foot.len());
    rows.truncate(room);
    rows.extend(foot);
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inside = popup(scene, look, (wide, height), page, buffer);
    let inner = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    for (row, line) in rows.iter().zip(inner.rows()) {
        put(buffer, line, &row.text, scene.style(row.meaning));
    }
}

/// Keys that find no room beside each other stand below each other.
fn keys_apart(foot: Vec<Line>, width: u16) -> Vec<Line> {
    let apart = |line: Line| -> Vec<Line> {
        if line.meaning != Meaning::Key || line.text.width() <= usize::from(width) {
            return vec![line];
        }
        line.text.split(GAP).map(|key| Line::new(key, Meaning::Key)).collect()
    };
    foot.into_iter().flat_map(apart).collect()
}

/// The keys of the footer while a dialog is open, with what they do there.
pub(in crate::ui) fn footer(dialog: &Dialog) -> Vec<(Action, &'static str)> {
    let is_asking = dialog.stage == Stage::Review;
    let needs_word = dialog.word.is_some();
    let mut keys = Vec::with_capacity(4);
    match &dialog.question {
        Question::Quit if is_asking => keys.push((Action::Confirm, "leave")),
        Question::Approve(_) if is_asking => {
            if !needs_word {
                keys.push((Action::Confirm, "send"));
            }
            keys.push((Action::DialogReject, "reject"));
        }
        Question::Approve(_)
        | Question::Reset(_)
        | Question::Resume
        | Question::Flatten(_)
        | Question::Quit => {}
    }
    if is_asking && dialog.needs_arming {
        keys.push((Action::DialogArm, "arm"));
    }
    keys.push((Action::Close, if dialog.question == Question::Quit { "stay" } else { "close" }));
    keys
}

/// What it is about, and the lines at its foot.
fn rows(scene: &Scene<'_>, dialog: &Dialog) -> (Vec<Line>, Vec<Line>) {
    let (mut rows, mut foot) = (Vec::new(), Vec::new());
    match &dialog.question {
        Question::Approve(approval) => {
            let reasons = reasons(scene, approval);
            // The last line counts the rules, which are listed while the record is there.
            let kept =
                approval.lines.len() - usize::from(!reasons.is_empty()).min(approval.lines.len());
            rows.extend(approval.lines.iter().take(kept).map(Line::plain));
            rows.extend(reasons);
            foot.extend(obstacles(scene, approval, &dialog.stage));
        }
        Question::Reset(name) => rows.extend(reset_steps(scene, name)),
        Question::Resume => rows.push(Line::plain("entries will be sent again")),
        Question::Flatten(_) => {
            rows.push(Line::plain("stops are cancelled, then closing orders are sent"));
        }
        Question::Quit => {
            let working = scene.app.facts.working();
            let text = format!("{working} orders still work at the venue");
            rows.push(Line::new(text, Meaning::Warn));
        }
    }
    foot.push(stage(scene, dialog));
    (rows, foot)
}

/// What a reset does, and how far it has come: one that a dead login has latched reads
/// before orders may leave.
fn reset_steps(scene: &Scene<'_>, name: &str) -> Vec<Line> {
    let phase_of = |name: &str| {
        scene.snapshot.breakers.iter().find(|row| &*row.name == name).map(|row| row.phase)
    };
    let account = name.rsplit_once('.').map_or(name, |(account, _)| account);
    let accounts = phase_of(&format!("{account}.accounts"));
    let orders = phase_of(&format!("{account}.orders"));
    let login = scene.snapshot.run.login.as_ref();
    let Some(login) = login.filter(|login| account.starts_with(&*login.broker)) else {
        return vec![Line::plain("calls will pass again at once")];
    };
    let (ok, open) = (scene.sign(Glyph::Ok), scene.sign(Glyph::Idle));
    let done = |text: &str| Line::new(format!("{ok} {text}"), Meaning::Ok);
    let next = |text: &str| Line::plain(format!("{open} {text}"));
    let token = if login.needed.is_some() {
        let remedy = format!("{open} token: LOGIN REQUIRED, flightdeck login {}", login.broker);
        Line::new(remedy, Meaning::Trip)
    } else {
        done("token: there is one that nobody has refused")
    };
    let is_readable = accounts == Some(BreakerPhase::Closed);
    let accounts = match accounts {
        Some(BreakerPhase::Closed) => done("accounts: readable"),
        Some(BreakerPhase::HalfOpen) => next("accounts: being read"),
        Some(BreakerPhase::Open | BreakerPhase::Latched) | None => next("accounts: read first"),
    };
    let (orders, then) = match (is_readable, orders) {
        (true, Some(BreakerPhase::Closed)) => {
            (done("orders and positions: compared"), "calls leave again")
        }
        (true, _) => (next("orders and positions: being read"), "then orders may leave"),
        (false, _) => (
            next("orders and positions: read next; differences are alerts"),
            "then orders may leave; a step that fails leaves it latched",
        ),
    };
    vec![token, accounts, orders, Line::plain(then)]
}

/// Votes and rules of the decision, while the house still has it.
fn reasons(scene: &Scene<'_>, approval: &ApprovalFacts) -> Vec<Line> {
    let approvals = &scene.snapshot.approvals;
    let Some(row) = approvals.iter().find(|row| row.trade_id == approval.trade_id) else {
        return Vec::new();
    };
    let mut lines = Vec::with_capacity(VOTES_MAX + RULES_MAX + 3);
    if let Some(decided) = &row.record.decided {
        lines.push(Line::title(format!(
            "Votes  confidence {} against {}, consensus {}",
            format::score(decided.confidence),
            format::score(decided.threshold),
            format::share(decided.consensus)
        )));
    }
    lines.extend(row.record.ballots.iter().take(VOTES_MAX).map(|line| ballot(scene, line)));
    let failed = row.checks.iter().filter(|check| !check.passed).count();
    let passed = row.checks.len() - failed;
    lines.push(Line::title(format!("Rules  {passed} passed, {failed} failed; the tightest")));
    let mut tight: Vec<_> =
        row.checks.iter().filter(|check| !check.passed || used(check).is_some()).collect();
    tight.sort_by_key(|line| (line.passed, Reverse(used(line))));
    lines.extend(tight.into_iter().take(RULES_MAX).map(|line| check(scene, line)));
    lines
}

/// What stands against sending, and how long is left.
fn obstacles(scene: &Scene<'_>, approval: &ApprovalFacts, stage: &Stage) -> Vec<Line> {
    let mut lines = Vec::new();
    let now = scene.app.facts.approval(&approval.trade_id);
    // As it is now while it waits; as it was, once the house has let go of it.
    let cautions = now.map_or(&approval.caution, |now| &now.caution);
    let sign = scene.sign(Glyph::Near);
    for caution in cautions.iter().flat_map(|words| words.split("; ")) {
        lines.push(Line::new(format!("{sign} unusual  {caution}"), Meaning::Warn));
    }
    if let Some(why) = now.and_then(|now| now.refusal.as_deref()) {
        let sign = scene.sign(Glyph::Trip);
        lines.push(Line::new(format!("{sign} cannot be sent: {why}"), Meaning::Trip));
    }
    // What is decided waits no longer.
    if matches!(stage, Stage::Accepted | Stage::Rejected(_)) {
        return lines;
    }
    let left = format::between(scene.app.facts.at, approval.deadline);
    let asked = scene.snapshot.approvals.iter().find(|row| row.trade_id == approval.trade_id);
    let whole = asked.map(|row| format::between(row.asked_at, row.deadline).as_millis());
    let part = |whole: u128| {
        let whole = Decimal::from(u64::try_from(whole).unwrap_or(u64::MAX));
        Decimal::from(u64::try_from(left.as_millis()).unwrap_or(u64::MAX)).checked_div(whole)
    };
    let drawn = whole.and_then(part).map(|part| {
        let (open, shut) = (scene.sign(Glyph::BarLeft), scene.sign(Glyph::BarRight));
        format!("{open}{}{shut} ", bar(scene, part, BAR))
    });
    let left = scene.by_the_wall(left);
    let text = format!("expires in {}{}", drawn.unwrap_or_default(), format::duration(left));
    lines.push(Line::new(text, Meaning::Approve));
    lines
}

/// The last line: what to press, or what has become of it.
fn stage(scene: &Scene<'_>, dialog: &Dialog) -> Line {
    let (text, meaning) = standing(scene, dialog);
    Line::new(text, meaning)
}

fn standing(scene: &Scene<'_>, dialog: &Dialog) -> (String, Meaning) {
    let key = |action| scene.app.keymap.shown(action);
    match (&dialog.stage, &dialog.word) {
        (Stage::Review, Some(word)) => {
            let is_armed = scene.app.armed_for().is_some();
            let arm = if dialog.needs_arming && !is_armed {
                format!("arm first ({}), ", key(Action::DialogArm))
            } else {
                String::new()
            };
            (format!("{arm}type  {word}  to send: {}_", dialog.typed), Meaning::Key)
        }
        (Stage::Review, None) => {
            let (confirm, close) = (key(Action::Confirm), key(Action::Close));
            let keys = if dialog.question == Question::Quit {
                vec![format!("{confirm} leave the cockpit"), format!("{close} stay")]
            } else {
                let reject = format!("{} reject", key(Action::DialogReject));
                vec![format!("{confirm} send"), reject, format!("{close} leave it waiting")]
            };
            (keys.join(GAP), Meaning::Key)
        }
        (Stage::Submitting(_), _) => ("sent, waiting for an answer".into(), Meaning::Cool),
        (Stage::Accepted, _) => (format!("{} accepted", scene.sign(Glyph::Done)), Meaning::Ok),
        (Stage::Rejected(why), _) => {
            (format!("{} refused: {why}", scene.sign(Glyph::Trip)), Meaning::Trip)
        }
        (Stage::Unknown, _) => {
            ("? no answer: look at the orders before asking again".into(), Meaning::Trip)
        }
    }
}
