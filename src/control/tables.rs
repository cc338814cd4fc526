//! The documents in columns, for people.
//!
//! Widths are counted in characters; what a terminal makes of wide ones is not known
//! here. Every foreign text in a snapshot is clean already.

use std::fmt::Display;

use crate::control::documents::{FINISHED_MAX, Orders, Positions, Status, Trades};
use crate::view::{OrderRow, Protection, TradeRow, Wait};

/// Characters of the last column.
const NOTE_CHARS_MAX: usize = 60;

/// Lays rows out under their heads; numbers right, words left, the last column open.
struct Table<const N: usize> {
    heads: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    const fn new(heads: [&'static str; N]) -> Self {
        Self { heads, rows: Vec::new() }
    }

    fn lines(self, when_empty: &str) -> Vec<String> {
        if self.rows.is_empty() {
            return vec![when_empty.to_owned()];
        }
        let mut widths = self.heads.map(|head| head.chars().count());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let heads = self.heads.map(str::to_owned);
        std::iter::once(heads).chain(self.rows).map(|row| line(&row, &widths)).collect()
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        if !line.is_empty() {
            line.push_str("  ");
        }
        let pad = width.saturating_sub(cell.chars().count());
        let is_number = cell.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-');
        let (before, after) = if is_number { (pad, 0) } else { (0, pad) };
        line.extend(std::iter::repeat_n(' ', before));
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', after));
    }
    line.truncate(line.trim_end().len());
    line
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn short(text: &str) -> String {
    text.chars().take(NOTE_CHARS_MAX).collect()
}

pub(in crate::control) fn status(status: &Status<'_>) -> Vec<String> {
    let Status { run, account, trading, counts, .. } = status;
    let mode = run.mode.to_uppercase();
    let mut lines = vec![
        format!("{mode} {} · event {} · {}", run.account, status.seq, status.at),
        format!("trading    {} {}", trading.phase, trading.reason),
        format!(
            "session    {}",
            status
                .session
                .session
                .map_or_else(|| "-".to_owned(), |one| format!("{one:?}").to_uppercase())
        ),
        format!(
            "account    NAV {} · cash {} · day {} · drawdown {} %",
            account.nav.round_to_cents(),
            account.cash.round_to_cents(),
            account.day_pnl.round_to_cents(),
            (account.drawdown * rust_decimal::Decimal::ONE_HUNDRED).round_dp(2).normalize(),
        ),
        format!(
            "positions  {} open, {} without a stop · orders {} working, {} unknown · {} trades · {} wait for approval",
            counts.positions,
            counts.naked,
            counts.working,
            counts.unknown,
            counts.trades,
            counts.approvals
        ),
    ];
    for agent in status.agents {
        lines.push(format!(
            "agent      {:<24} {:<8} {}",
            agent.agent,
            agent.state,
            short(&agent.note)
        ));
    }
    for feed in status.feeds {
        lines.push(format!("feed       {:<24} {:<10} since {}", feed.feed, feed.phase, feed.since));
    }
    for breaker in status.breakers {
        let retry = breaker.retry_at.map_or_else(String::new, |at| format!(" · probe at {at}"));
        let reason = short(&breaker.reason);
        lines
            .push(format!("breaker    {:<24} {:<10} {reason}{retry}", breaker.name, breaker.phase));
    }
    for used in status.requests {
        lines
            .push(format!("requests   {:<24} {} of {} a minute", used.name, used.used, used.limit));
    }
    for budget in status.budgets {
        lines.push(format!(
            "budget     {:<24} {:<10} until {}",
            budget.name, budget.lane, budget.until
        ));
    }
    if let Some(bus) = status.bus {
        let word = if bus.is_up { "UP" } else { "DOWN" };
        lines.push(format!("bus        {word:<24} since {} {}", bus.since, short(&bus.reason)));
    }
    safety(status, &mut lines);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// What keeps the account safe: a line for each thing that waits for somebody, and one of
/// figures.
fn safety(status: &Status<'_>, lines: &mut Vec<String>) {
    let (safety, now) = (status.safety, status.at);
    for row in &safety.differences {
        let age = now.since(row.since).as_secs();
        let stream = row.stream.as_deref().unwrap_or("-");
        let seen = if row.is_acknowledged { " · acknowledged" } else { "" };
        lines.push(format!(
            "difference {:<24} journal {} · broker {} · stream {stream} · for {age} s{seen}",
            row.subject, row.journal, row.venue
        ));
        if let Some(cause) = &row.cause {
            lines.push(format!("           {:<24} because: {cause}", ""));
        }
    }
    for row in &safety.external {
        lines.push(format!(
            "not ours   {:<24} {} {} {} {}",
            row.broker_order_id, row.side, row.left, row.symbol, row.kind
        ));
    }
    for row in &safety.unknown {
        let left = row.halts_at.since(now).as_secs();
        let halt = match left {
            1.. => format!("trading halts in {left} s"),
            _ => "trading has halted".to_owned(),
        };
        lines.push(format!(
            "unknown    {:<24} {} takes no entries · {halt} · settle with: flightdeck settle {}",
            row.client_order_id, row.symbol, row.client_order_id
        ));
    }
    let (naked, races) = (&safety.naked, &safety.races);
    if naked.spells > 0 {
        lines.push(format!(
            "naked      {} spells, {} ms in all, the longest {} ms, the newest {} ms",
            naked.spells, naked.total_ms, naked.longest_ms, naked.newest_ms
        ));
    }
    if races.primary + races.backup + races.neither > 0 {
        lines.push(format!(
            "endpoints  {} won by the primary, {} by the backup, {} by neither",
            races.primary, races.backup, races.neither
        ));
    }
}

pub(in crate::control) fn positions(positions: &Positions<'_>) -> Vec<String> {
    let mut table = Table::new([
        "SYMBOL",
        "SIDE",
        "SHARES",
        "AVERAGE",
        "LAST",
        "P&L",
        "R",
        "STOP",
        "PROTECTION",
    ]);
    for row in positions.positions {
        let protection = match &row.protection {
            Protection::Protected { quantity, .. } => format!("stop on {quantity}"),
            Protection::Naked { since } => format!("NONE since {since}"),
            Protection::Leaving { .. } => "leaving".to_owned(),
        };
        table.rows.push([
            row.symbol.to_string(),
            row.direction.name().to_owned(),
            row.quantity.to_string(),
            row.average.to_string(),
            row.last.to_string(),
            row.unrealized.round_to_cents().to_string(),
            or_dash(row.r.map(|r| r.round_dp(2))),
            or_dash(row.stop),
            protection,
        ]);
    }
    table.lines("no position is open")
}

pub(in crate::control) fn orders(orders: &Orders<'_>) -> Vec<String> {
    let heads = ["ORDER", "SYMBOL", "SIDE", "SHARES", "FILLED", "AVERAGE", "KIND", "STATE", "NOTE"];
    let mut table = Table::new(heads);
    table.rows.extend(orders.working.iter().chain(orders.done.iter().copied()).map(order));
    let mut lines = table.lines("no order is known");
    if orders.done.len() == FINISHED_MAX {
        lines.push(format!("finished orders: the newest {FINISHED_MAX}"));
    }
    lines
}

fn order(row: &OrderRow) -> [String; 9] {
    let state = if row.is_cancelling && !row.phase.is_over() {
        format!("{} (cancelling)", row.phase)
    } else {
        row.phase.to_string()
    };
    [
        row.client_order_id.to_string(),
        row.symbol.to_string(),
        row.side.to_string(),
        row.quantity.to_string(),
        row.filled.to_string(),
        or_dash(row.average),
        row.kind.as_ref().map_or_else(|| "-".to_owned(), |kind| kind.name().to_owned()),
        state,
        short(&row.note),
    ]
}

pub(in crate::control) fn trades(trades: &Trades<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if !trades.approvals.is_empty() {
        let mut table = Table::new([
            "WAITS FOR APPROVAL",
            "SYMBOL",
            "SIDE",
            "SHARES",
            "COST",
            "WORST LOSS",
            "UNTIL",
        ]);
        for row in &trades.approvals {
            table.rows.push([
                row.trade_id.to_string(),
                row.symbol.to_string(),
                row.side.to_string(),
                row.quantity.to_string(),
                row.cost.round_to_cents().to_string(),
                row.worst_loss.round_to_cents().to_string(),
                row.deadline.to_string(),
            ]);
        }
        lines.extend(table.lines(""));
        lines.push(String::new());
    }
    let mut table = Table::new(["TRADE", "SYMBOL", "SIDE", "SHARES", "STATE", "P&L", "R", "NOTE"]);
    table.rows.extend(trades.trades.iter().chain(trades.finished.iter().copied()).map(trade));
    lines.extend(table.lines("no trade is known"));
    if trades.finished.len() == FINISHED_MAX {
        lines.push(format!("finished trades: the newest {FINISHED_MAX}"));
    }
    lines
}

fn trade(row: &TradeRow) -> [String; 8] {
    let note = match row.waits_for {
        Wait::Nothing => short(&row.reason),
        Wait::Risk => "waits for the rules".to_owned(),
        Wait::Approval { deadline } => format!("waits for approval until {deadline}"),
        Wait::Fill => "waits for shares".to_owned(),
        Wait::Stop => "waits for its stop to rest".to_owned(),
        Wait::Price => "waits for stop, target or signal".to_owned(),
        Wait::MarketOpen { at } => format!("waits for the market to open ({})", or_dash(at)),
        Wait::Room => "waits for its exits to be cancelled".to_owned(),
        Wait::Venue { until } => format!("waits for the venue ({})", or_dash(until)),
    };
    [
        row.trade_id.to_string(),
        row.symbol.to_string(),
        row.direction.name().to_owned(),
        row.quantity.to_string(),
        row.phase.to_string(),
        or_dash(row.pnl.map(crate::domain::money::Money::round_to_cents)),
        or_dash(row.r_multiple.map(|r| r.round_dp(2))),
        note,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_numbers_stand_right() {
        let mut table = Table::new(["NAME", "SHARES", "NOTE"]);
        table.rows.push(["a".into(), "5".into(), "first".into()]);
        table.rows.push(["longer".into(), "-12000".into(), String::new()]);
        let expected = ["NAME    SHARES  NOTE", "a            5  first", "longer  -12000"];
        assert_eq!(table.lines("none"), expected);
        assert_eq!(Table::new(["A"]).lines("none"), ["none"]);
    }
}
