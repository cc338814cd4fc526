//! The row under the cursor in full: of a trade, an order or an event the decision
//! record with the chain of causes; of other panes the pane itself over the whole page.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ids::{Seq, TradeId};
use crate::ui::format;
use crate::ui::keymap::Action;
use crate::ui::overlays::popup::{Look, popup};
use crate::ui::panels;
use crate::ui::panels::decision::COLUMN;
use crate::ui::panels::{events, intel, orders, record, trades};
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::Meaning;
use crate::ui::widgets::{Line, broken, column_width, columns, put, text};
use crate::view::{EventLine, Record, Wanted};

/// What is known of a row, before its decision record.
struct Detail<'a> {
    title: String,
    lines: Vec<Line>,
    record: Option<&'a Record>,
    /// The event whose causes are shown.
    event: Option<Seq>,
}

/// Draws the row, or the pane where a row has no more to say.
pub(super) fn draw(scene: &Scene<'_>, page: Rect, buffer: &mut Buffer) {
    let detail = match scene.app.focus {
        Pane::Trades | Pane::Decision => of_trade(scene),
        Pane::Positions => of_position(scene),
        Pane::Orders => of_order(scene),
        Pane::Events => of_event(scene),
        Pane::Intel => return of_mail(scene, page, buffer),
        Pane::Agents
        | Pane::Watchlist
        | Pane::Chart
        | Pane::Tape
        | Pane::Breakers
        | Pane::Limits
        | Pane::System => return whole(scene, page, buffer),
    };
    let Some(detail) = detail else { return whole(scene, page, buffer) };
    let inside = frame(scene, &detail.title, page, buffer);
    let columns = columns(inside.width, COLUMN);
    let mut lines = detail.lines;
    match detail.record {
        Some(record) => lines.extend(record::lines(scene, record, detail.event)),
        None => lines.push(Line::new("no decision belongs to it", Meaning::Dim)),
    }
    let lines = broken(lines, column_width(inside.width, columns));
    text(scene, &lines, (scene.app.row(Pane::Decision), columns), inside, buffer);
}

fn frame(scene: &Scene<'_>, title: &str, page: Rect, buffer: &mut Buffer) -> Rect {
    let look = Look {
        title,
        note: &format!("{} closes", scene.app.keymap.shown(Action::Back)),
        lines: scene.theme.glyphs().border_focus(),
        style: scene.style(Meaning::Title),
    };
    popup(scene, look, (page.width, page.height), page, buffer)
}

/// A link with its evidence; a mail without one has no more to say than its row.
fn of_mail(scene: &Scene<'_>, page: Rect, buffer: &mut Buffer) {
    let Some(lines) = intel::evidence(scene) else { return whole(scene, page, buffer) };
    let inside = frame(scene, "Why this mail and this meeting", page, buffer);
    let lines = broken(lines, inside.width.max(1));
    text(scene, &lines, (0, 1), inside, buffer);
}

fn whole(scene: &Scene<'_>, page: Rect, buffer: &mut Buffer) {
    let inside = frame(scene, scene.app.focus.name(), page, buffer);
    if inside.is_empty() {
        put(buffer, page, scene.app.focus.name(), scene.style(Meaning::Title));
        return;
    }
    panels::draw(scene.app.focus, scene, inside, buffer);
}

fn why<'a>(scene: &Scene<'a>, trade_id: &TradeId) -> Option<&'a Record> {
    scene.snapshot.why(&Wanted::Trade(trade_id.clone())).map(|record| &**record)
}

fn of_trade<'a>(scene: &Scene<'a>) -> Option<Detail<'a>> {
    let trade = trades::at(scene.snapshot, scene.app.row(Pane::Trades))?;
    let record = why(scene, &trade.trade_id);
    let title = format!("Why {}", trade.symbol);
    Some(Detail { title, lines: Vec::new(), record, event: None })
}

fn of_position<'a>(scene: &Scene<'a>) -> Option<Detail<'a>> {
    let row = scene.snapshot.positions.get(scene.app.row(Pane::Positions))?;
    let record = row.trade_id.as_ref().and_then(|trade_id| why(scene, trade_id));
    let profit = format::signed_money(row.unrealized);
    let words = format!(
        "{} shares at {}, last {}, uPnL {profit}",
        format::quantity(row.quantity),
        format::price(row.average),
        format::price(row.last)
    );
    let lines = vec![Line::new(words, format::trend(row.unrealized).1)];
    Some(Detail { title: format!("Position {}", row.symbol), lines, record, event: None })
}

fn of_order<'a>(scene: &Scene<'a>) -> Option<Detail<'a>> {
    let row = scene.app.row(Pane::Orders);
    if let Some(approval) = scene.snapshot.approvals.get(row) {
        let title = format!("Waits for approval: {}", approval.symbol);
        let record = Some(&*approval.record);
        return Some(Detail { title, lines: fields(scene), record, event: None });
    }
    let order = orders::at(scene.snapshot, row)?;
    let record = order.trade_id.as_ref().and_then(|trade_id| why(scene, trade_id));
    let title = format!("Order {}", order.client_order_id);
    Some(Detail { title, lines: fields(scene), record, event: None })
}

/// What the orders pane says beside its list, as text.
fn fields(scene: &Scene<'_>) -> Vec<Line> {
    let fields = orders::detail(scene);
    fields.iter().map(|field| Line::new(field.line(14), Meaning::Text)).collect()
}

fn of_event<'a>(scene: &Scene<'a>) -> Option<Detail<'a>> {
    let event = events::at(scene, scene.app.row(Pane::Events))?;
    let record = scene.snapshot.why(&Wanted::Event(event.seq)).map(|record| &**record);
    let title = format!("Event #{}", event.seq);
    Some(Detail { title, lines: whole_event(event), record, event: Some(event.seq) })
}

fn whole_event(event: &EventLine) -> Vec<Line> {
    let symbol = event.symbol.map(|symbol| symbol.to_string());
    let rows = [
        ("event", event.name.to_owned()),
        ("at", event.at.to_string()),
        ("symbol", symbol.unwrap_or_else(|| format::ABSENT.to_owned())),
        ("said by", event.source.name().to_owned()),
        ("level", format!("{:?}", event.level).to_lowercase()),
        ("class", format!("{:?}", event.class).to_lowercase()),
        ("says", event.text()),
    ];
    rows.iter().map(|(name, value)| Line::plain(format!("{name:<9}{value}"))).collect()
}
