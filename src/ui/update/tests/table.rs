//! Keys of the page, of lists and of input lines.

use super::{Desk, told};
use crate::ui::facts::Mode;
use crate::ui::state::{Overlay, Pane, TOASTS_MAX, Tab, Weight};
use crate::ui::update::Msg;

#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(keys: &str, seen: impl Fn(&Desk) -> T, expected: &T) {
    let mut desk = Desk::new(Mode::Sim);
    desk.press(keys);
    assert_eq!(&seen(&desk), expected, "{keys}");
}

#[test]
fn keys_move_page_focus_and_cursor() {
    check("6", |desk| (desk.app.tab, desk.app.focus), &(Tab::Events, Pane::Events));
    check("tab", |desk| desk.app.focus, &Pane::Chart);
    check("shift-tab shift-tab", |desk| desk.app.focus, &Pane::Events);
    check("j j k", |desk| desk.app.row(Pane::Watchlist), &1);
    check("G", |desk| desk.app.row(Pane::Watchlist), &4);
    check("G j", |desk| desk.app.row(Pane::Watchlist), &4);
    check("G g k", |desk| desk.app.row(Pane::Watchlist), &0);
    check("ctrl-d", |desk| desk.app.row(Pane::Watchlist), &4);
    check("s s ctrl-s", |desk| desk.app.sorts[&Pane::Watchlist].column, &2);
    check("ctrl-s", |desk| desk.app.sorts[&Pane::Watchlist].is_reversed, &true);
    check("z", |desk| desk.app.is_zoomed, &true);
    check("z esc", |desk| desk.app.is_zoomed, &false);
    check("?", |desk| desk.app.overlay, &Some(Overlay::Help));
    check("? esc", |desk| desk.app.overlay, &None);
    check("space", |desk| desk.app.paused_since.is_some(), &true);
    check("space space", |desk| desk.app.paused_since.is_some(), &false);
}

#[test]
fn esc_never_quits_and_quitting_asks_while_orders_work() {
    let mut desk = Desk::new(Mode::Paper);
    assert_eq!(told(&desk.press("esc esc esc")), [""; 0]);
    assert_eq!(told(&desk.press("q")), [""; 0]);
    assert_eq!(told(&desk.press("y")), ["Quit"]);
    desk.press("esc");
    desk.tell(|facts| facts.orders.clear());
    assert_eq!(told(&desk.press("q")), ["Quit"]);
}

#[test]
fn a_theme_is_shown_while_it_is_typed_and_given_back_by_esc() {
    let mut desk = Desk::new(Mode::Sim);
    desk.press(":");
    assert_eq!(told(&desk.write("theme dark")), ["Theme(\"dark\")"]);
    assert_eq!(told(&desk.press("esc")), ["Theme(\"classic\")"]);
    assert_eq!(desk.app.theme, "classic");
    desk.press(":");
    desk.write("theme light");
    assert_eq!(told(&desk.press("enter")), [""; 0], "it is shown already");
    assert_eq!(desk.app.theme, "light");
}

#[test]
fn the_palette_completes() {
    let mut desk = Desk::new(Mode::Sim);
    desk.press(":");
    desk.write("th");
    desk.press("tab");
    assert_eq!(desk.app.entry.as_ref().unwrap().input.value(), "theme ");
    desk.write("li");
    assert_eq!(told(&desk.press("tab")), ["Theme(\"light\")"]);
    desk.press("enter :");
    desk.write("zzz");
    desk.press("enter");
    assert_eq!(desk.last_toast(), "no command is called 'zzz'");
}

#[test]
fn a_filter_works_while_it_is_typed_and_belongs_to_its_pane() {
    let mut desk = Desk::new(Mode::Sim);
    desk.press("6 /");
    desk.write("fill");
    assert_eq!(desk.app.filters[&Pane::Events], "fill");
    desk.press("enter");
    assert!(desk.app.entry.is_none());
    assert_eq!(desk.app.filters.get(&Pane::Events).map(String::as_str), Some("fill"));
    desk.press("/");
    desk.send(Msg::Paste("\u{1b}[31m!\n".into()));
    assert_eq!(desk.app.filters[&Pane::Events], "fill[31m!");
    desk.press("esc");
    assert_eq!(desk.app.filters.get(&Pane::Events), None);
}

#[test]
fn messages_go_by_themselves_and_are_few() {
    let mut desk = Desk::new(Mode::Sim);
    for number in 0..TOASTS_MAX + 3 {
        desk.send(Msg::Notice(Weight::Info, number.to_string()));
    }
    assert_eq!(desk.app.toasts.len(), TOASTS_MAX);
    assert_eq!(desk.app.toasts[0].text, "3");
    desk.now = desk.app.next_wake().unwrap();
    desk.send(Msg::Tick);
    assert_eq!((desk.app.toasts.len(), desk.app.next_wake()), (0, None));
}

#[test]
fn a_click_moves_and_never_trades() {
    let mut desk = Desk::new(Mode::Sim);
    assert_eq!(told(&desk.send(Msg::Clicked { pane: Pane::Orders, row: Some(9) })), [""; 0]);
    assert_eq!((desk.app.focus, desk.app.row(Pane::Orders)), (Pane::Orders, 4));
    desk.press("a");
    desk.send(Msg::Clicked { pane: Pane::Events, row: None });
    assert_eq!(desk.app.focus, Pane::Orders, "not behind a dialog");
}

#[test]
fn a_shorter_list_takes_the_cursor_along() {
    let mut desk = Desk::new(Mode::Sim);
    desk.press("G");
    desk.tell(|facts| {
        facts.rows.insert(Pane::Watchlist, 2);
    });
    assert_eq!(desk.app.row(Pane::Watchlist), 1);
}

#[test]
fn the_orders_stay_at_the_top_until_somebody_looks_further_down() {
    let mut desk = Desk::new(Mode::Sim);
    let another = |desk: &mut Desk| {
        desk.tell(|facts| {
            let first = facts.approvals.remove(0);
            facts.approvals.push(first);
        });
        desk.app.row(Pane::Orders)
    };
    assert_ne!(desk.app.focus, Pane::Orders);
    assert_eq!(another(&mut desk), 0, "nobody has looked");
    desk.app.focus = Pane::Orders;
    assert_eq!(another(&mut desk), 1, "what is under the cursor of the focus stays there");
}
