//! The rules of the newest judgement: value, limit, and how much of it is used; beside
//! them, where there is room, what the account is exposed to.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;

use crate::ui::format;
use crate::ui::panels::exposure;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::theme::{Glyph, Meaning};
use crate::ui::widgets::{Cell, Column, Table, pane};
use crate::view::{CheckLine, Unit};

/// From this width on the exposure finds room beside the rules.
const EXPOSURE_FROM: u16 = 108;
const EXPOSURE_WIDTH: u16 = 40;
/// Cells of the bar in a row.
const BAR: usize = 10;

const COLUMNS: [Column; 6] = [
    Column::text("", 1),
    Column::text("RULE", 26),
    Column::number("VALUE", 12),
    Column::number("LIMIT", 12),
    Column::number("USED", 5),
    Column::text("", 12),
];

/// Draws the pane.
pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let risk = &scene.snapshot.cards.risk;
    let note = match (risk.judged, risk.judged_at) {
        (Some(symbol), Some(at)) => {
            let failed = risk.limits.iter().filter(|check| !check.passed).count();
            format!("{symbol} judged {} ago, {failed} failed", format::age(at, scene.snapshot.at))
        }
        (Some(_) | None, _) => String::new(),
    };
    let mut inside = pane(scene, Pane::Limits, &note, area, buffer);
    if inside.width >= EXPOSURE_FROM {
        let width = inside.width - EXPOSURE_WIDTH;
        let place = Rect { x: inside.x + width, width: EXPOSURE_WIDTH, ..inside };
        exposure::draw(scene, place, buffer);
        inside.width = width - 2;
    }
    let empty = "nothing was judged yet";
    let table = Table { pane: Pane::Limits, columns: &COLUMNS, rows: risk.limits.len(), empty };
    let order = order(&risk.limits);
    table.draw(scene, inside, buffer, |number| {
        let check = order.get(number).and_then(|at| risk.limits.get(*at));
        check.map(|check| cells(scene, check)).unwrap_or_default()
    });
}

/// What failed first, then limits with numbers, then what is only yes or no.
fn order(checks: &[CheckLine]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..checks.len()).collect();
    let rank = |at: &usize| {
        checks.get(*at).map(|check| (check.passed, used(check).is_none(), check.value.is_none()))
    };
    order.sort_by_key(rank);
    order
}

/// The part of a limit that is used, 1 and above when it is reached. A floor is used
/// up when the value comes down to it.
pub(in crate::ui) fn used(check: &CheckLine) -> Option<Decimal> {
    let is_floor = check.rule.starts_with("min_") || check.rule == "entry_cutoff_minutes";
    if check.unit == Unit::Flag || check.rule == "entry_quantity" {
        return None;
    }
    if !is_floor {
        return check.used();
    }
    let part = check.limit.checked_div(check.value?).filter(|part| *part > Decimal::ZERO);
    part.map(|part| part.round_dp(4))
}

/// Sign and meaning of a verdict; near a limit is passed, and worth a look.
pub(in crate::ui) fn verdict(check: &CheckLine) -> (Glyph, Meaning) {
    let near = Decimal::new(8, 1);
    match used(check) {
        _ if !check.passed => (Glyph::Trip, Meaning::Trip),
        Some(used) if used >= near => (Glyph::Near, Meaning::Warn),
        Some(_) | None => (Glyph::Ok, Meaning::Ok),
    }
}

/// A bar as text: the part that is used, in so many cells.
pub(in crate::ui) fn bar(scene: &Scene<'_>, used: Decimal, cells: usize) -> String {
    let part = used.clamp(Decimal::ZERO, Decimal::ONE);
    // Rounded up: what is used is seen, however little it is.
    let full = part.checked_mul(Decimal::from(cells)).map(|full| full.ceil());
    let full = full.and_then(|full| usize::try_from(full.mantissa()).ok()).unwrap_or(cells);
    let full = full.min(cells);
    let (one, other) = (scene.sign(Glyph::BarFull), scene.sign(Glyph::BarEmpty));
    format!("{}{}", one.repeat(full), other.repeat(cells - full))
}

/// Value and limit in their unit, with thousands.
pub(in crate::ui) fn amounts(check: &CheckLine) -> (String, String) {
    let places = |value: Decimal, least: u32| {
        let value = value.normalize();
        format::decimal(value, value.scale().max(least).min(4))
    };
    let text = |value: Decimal| match check.unit {
        Unit::Dollars => format::decimal(value, 2),
        Unit::Price => places(value, 2),
        Unit::Shares | Unit::Count => places(value, 0),
        // A ratio of parts, such as reward to risk, is no percentage.
        Unit::Ratio if check.limit >= Decimal::ONE => format::decimal(value, 2),
        Unit::Ratio => format::percent(value, 1).trim_start_matches('+').to_owned(),
        Unit::Seconds => seconds(value),
        Unit::Flag => if value.is_zero() { "no" } else { "yes" }.to_owned(),
    };
    (check.value.map_or_else(|| format::ABSENT.to_owned(), text), text(check.limit))
}

/// Tenths while they can matter, whole seconds with thousands above a minute.
fn seconds(value: Decimal) -> String {
    let has_tenths = !value.round_dp(1).fract().is_zero();
    let tenths = has_tenths && value.abs() < Decimal::from(60);
    format!("{} s", format::decimal(value, u32::from(tenths)))
}

fn cells<'a>(scene: &Scene<'_>, check: &CheckLine) -> Vec<Cell<'a>> {
    let (sign, meaning) = verdict(check);
    let (value, limit) = amounts(check);
    let used = used(check);
    let plain = if used.is_some() || !check.passed { Meaning::Text } else { Meaning::Dim };
    vec![
        Cell::new(scene.sign(sign), meaning),
        Cell::new(check.rule, if check.passed { plain } else { Meaning::Trip }),
        Cell::new(value, plain),
        Cell::new(limit, plain),
        Cell::new(used.map(short).unwrap_or_default(), meaning),
        Cell::new(used.map(|used| bar(scene, used, BAR)).unwrap_or_default(), meaning),
    ]
}

/// In five columns also when a limit is far exceeded.
fn short(used: Decimal) -> String {
    if used >= Decimal::from(100) { ">99x".to_owned() } else { format::share(used) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;

    fn rule(rule: &'static str, unit: Unit, value: Decimal, limit: Decimal) -> CheckLine {
        let (control, about) = (None, "");
        CheckLine { rule, control, about, unit, value: Some(value), limit, passed: true }
    }

    #[track_caller]
    fn check(
        name: &'static str,
        unit: Unit,
        value: Decimal,
        limit: Decimal,
        expected: Option<Decimal>,
    ) {
        assert_eq!(used(&rule(name, unit, value, limit)), expected, "{name}");
    }

    #[test]
    fn a_floor_is_used_up_from_above_and_a_limit_from_below() {
        check("max_drawdown", Unit::Dollars, dec!(50), dec!(200), Some(dec!(0.25)));
        check("min_cash_fraction", Unit::Dollars, dec!(200), dec!(50), Some(dec!(0.25)));
        check("min_cash_fraction", Unit::Dollars, dec!(0), dec!(50), None);
        check("halted", Unit::Flag, dec!(0), dec!(0), None);
        check("entry_quantity", Unit::Shares, dec!(5), dec!(5), None);
    }

    #[test]
    fn seconds_fit_their_column_whatever_the_clock_measured() {
        for (value, expected) in [
            (dec!(22499.8895), "22,500 s"),
            (dec!(0.1105), "0.1 s"),
            (dec!(14.96), "15 s"),
            (dec!(59.94), "59.9 s"),
            (dec!(600), "600 s"),
            (dec!(0), "0 s"),
        ] {
            let check = rule("entry_cutoff_minutes", Unit::Seconds, value, dec!(600));
            assert_eq!(amounts(&check).0, expected);
            assert!(expected.len() <= usize::from(COLUMNS[2].width));
        }
    }

    #[test]
    fn what_failed_stands_first() {
        let mut failed = rule("max_shares", Unit::Shares, dec!(9), dec!(5));
        failed.passed = false;
        let flag = rule("halted", Unit::Flag, dec!(0), dec!(0));
        let fine = rule("max_drawdown", Unit::Dollars, dec!(1), dec!(5));
        assert_eq!(order(&[flag, fine, failed]), [2, 1, 0]);
    }
}
