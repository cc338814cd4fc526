//! The numbers of a run as text: at most 80 columns of plain ASCII.

use std::fmt;

use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::report::metrics::{MemberMetrics, Metrics};

/// Width of the names of the numbers.
const LABEL: usize = 22;
/// Width of the numbers.
const VALUE: usize = 20;
/// Width of a member's name; a longer one is cut.
const STRATEGY: usize = 30;
/// What stands for a number that there is none of.
const NONE: &str = "-";

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, "Trades", &self.trades.to_string())?;
        row(f, "Closed / open", &format!("{} / {}", self.closed, self.open))?;
        row(f, "Wins / losses", &format!("{} / {}", self.wins, self.losses))?;
        row(f, "Win rate", &percent(self.win_rate))?;
        row(f, "Average R", &number(self.average_r))?;
        row(f, "Profit factor", &number(self.profit_factor))?;
        row(f, "Gross profit", &dollars(self.gross_profit))?;
        row(f, "Gross loss", &dollars(-self.gross_loss))?;
        row(f, "Net P&L", &dollars(self.net_pnl))?;
        row(f, "Fees", &dollars(self.fees))?;
        row(f, "Average holding", &self.average_holding_seconds.map_or(NONE.into(), held))?;
        writeln!(f)?;
        row(f, "Steps", &self.steps.to_string())?;
        let time = |at: Option<crate::domain::time::Timestamp>| {
            at.map_or(NONE.into(), |at| at.to_string().chars().take(VALUE).collect::<String>())
        };
        row(f, "From", &time(self.first_step))?;
        row(f, "To", &time(self.last_step))?;
        row(f, "Opening equity", &self.opening_equity.map_or(NONE.into(), dollars))?;
        row(f, "Closing equity", &self.closing_equity.map_or(NONE.into(), dollars))?;
        row(f, "Return", &percent(self.total_return))?;
        row(f, "Max drawdown", &dollars(-self.max_drawdown))?;
        row(f, "Max drawdown %", &percent(self.max_drawdown_ratio))?;
        row(f, "Time in market", &percent(self.time_in_market))?;
        row(f, "Avg gross exposure", &percent(self.average_gross_exposure))?;
        if self.members.is_empty() {
            return Ok(());
        }
        writeln!(f)?;
        let (strategy, trades, wins, r, pnl) = ("Member", "Trades", "Win rate", "Avg R", "P&L");
        writeln!(f, "{strategy:STRATEGY$} {trades:>8} {wins:>9} {r:>9} {pnl:>18}")?;
        for (name, member) in &self.members {
            member_row(f, name, member)?;
        }
        Ok(())
    }
}

fn member_row(f: &mut fmt::Formatter<'_>, name: &str, member: &MemberMetrics) -> fmt::Result {
    let name: String = name.chars().take(STRATEGY).map(ascii).collect();
    let (wins, r) = (percent(member.win_rate), number(member.average_r));
    let pnl = dollars(member.net_pnl);
    writeln!(f, "{name:STRATEGY$} {:>8} {wins:>9} {r:>9} {pnl:>18}", member.trades)
}

fn row(f: &mut fmt::Formatter<'_>, label: &str, value: &str) -> fmt::Result {
    writeln!(f, "{label:LABEL$}{value:>VALUE$}")
}

/// Keeps a name from another hand out of the terminal's control.
const fn ascii(character: char) -> char {
    if character.is_ascii_graphic() || character == ' ' { character } else { '?' }
}

/// `-1234567.895` → `-1,234,567.90`.
fn dollars(amount: Money) -> String {
    let text = amount.round_to_cents().to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, "00"));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{cents}")
}

fn percent(ratio: Option<Decimal>) -> String {
    let shown = |ratio: Decimal| {
        let percent = ratio.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(ratio);
        format!("{:.2}%", percent.round_dp(2))
    };
    ratio.map_or(NONE.into(), shown)
}

fn number(value: Option<Decimal>) -> String {
    value.map_or(NONE.into(), |value| format!("{:.2}", value.round_dp(2)))
}

/// `93784` → `1d 02h 03m`.
fn held(seconds: i64) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    let (days, hours) = (minutes / 1440, minutes / 60 % 24);
    match (days, hours) {
        (0, 0) => format!("{minutes}m {rest:02}s"),
        (0, hours) => format!("{hours}h {:02}m", minutes % 60),
        (days, hours) => format!("{days}d {hours:02}h {:02}m", minutes % 60),
    }
}
