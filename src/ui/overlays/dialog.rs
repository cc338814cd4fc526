//! The dialog before everything that adds risk: what it is about, how long it waits,
//! what is typed, which keys there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::dialog::{Dialog, Question, Stage};
use crate::ui::facts::Mode;
use crate::ui::format;
use crate::ui::keymap::Action;
use crate::ui::overlays::popup::{Look, popup};
use crate::ui::scene::Scene;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::put;

const WIDTH: u16 = 64;

/// Draws the dialog. With real money its lines are double and in the mode's colour.
pub(super) fn draw(scene: &Scene<'_>, dialog: &Dialog, page: Rect, buffer: &mut Buffer) {
    let rows = rows(scene, dialog);
    let is_live = scene.mode() == Mode::Live;
    let glyphs = scene.theme.glyphs();
    let lines = if is_live { glyphs.border_live() } else { glyphs.border() };
    let style = if is_live { scene.mode_style() } else { scene.style(Meaning::Title) };
    let title = dialog.question.title();
    let look = Look { title: &title, note: scene.mode().word(), lines, style };
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inside = popup(scene, look, (WIDTH, height), page, buffer);
    for (at, (text, meaning)) in rows.iter().enumerate() {
        let at = u16::try_from(at).unwrap_or(u16::MAX);
        if at >= inside.height {
            return;
        }
        let line = Rect {
            x: inside.x + 1,
            y: inside.y + at,
            width: inside.width.saturating_sub(2),
            height: 1,
        };
        put(buffer, line, text, scene.style(*meaning));
    }
}

fn rows(scene: &Scene<'_>, dialog: &Dialog) -> Vec<(String, Meaning)> {
    let mut rows = Vec::new();
    match &dialog.question {
        Question::Approve(approval) => {
            rows.extend(approval.lines.iter().map(|line| (line.clone(), Meaning::Text)));
            if let Some(caution) = &approval.caution {
                rows.push((format!("caution: {caution}"), Meaning::Warn));
            }
            let now = scene.app.facts.approval(&approval.trade_id);
            if let Some(why) = now.and_then(|now| now.refusal.as_deref()) {
                let sign = scene.sign(Glyph::Trip);
                rows.push((format!("{sign} cannot be sent: {why}"), Meaning::Trip));
            }
            let left = format::between(scene.app.facts.at, approval.deadline);
            rows.push((format!("expires in {}", format::duration(left)), Meaning::Approve));
        }
        Question::Reset(_) => rows.push(("calls will pass again at once".into(), Meaning::Text)),
        Question::Resume => rows.push(("entries will be sent again".into(), Meaning::Text)),
        Question::Flatten(_) => {
            rows.push(("stops are cancelled, then closing orders are sent".into(), Meaning::Text));
        }
        Question::Quit => {
            let working = scene.app.facts.working();
            rows.push((format!("{working} orders still work at the venue"), Meaning::Warn));
        }
    }
    rows.push(stage(scene, dialog));
    rows
}

/// The last line: what to press, or what has become of it.
fn stage(scene: &Scene<'_>, dialog: &Dialog) -> (String, Meaning) {
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
            let send = if dialog.question == Question::Quit { "leave the cockpit" } else { "send" };
            let reject = if matches!(dialog.question, Question::Approve(_)) {
                format!("{} reject   ", key(Action::DialogReject))
            } else {
                String::new()
            };
            let (confirm, close) = (key(Action::Confirm), key(Action::Close));
            (format!("{confirm} {send}   {reject}{close} leave it waiting"), Meaning::Key)
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
