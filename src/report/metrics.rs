//! Trades and equity, folded into the numbers of a tear-sheet.
//!
//! Sources of the formulas: R. Pardo, *The Evaluation and Optimization of Trading
//! Strategies* (2nd ed., 2008) for win rate, profit factor (gross profit ÷ gross
//! loss) and drawdown; V. K. Tharp, *Trade Your Way to Financial Freedom* (2nd
//! ed., 2007) for R multiples (profit ÷ initial risk).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::report::equity::{EquityFold, EquitySample};
use crate::report::trade::TradeRecord;

/// Decimal places of the ratios in [`Metrics`].
const RATIO_PLACES: u32 = 6;

/// The result of a run so far; constant space but for one row per member.
#[derive(Debug, Clone, Default)]
pub struct Report {
    all: TradeFold,
    open: u64,
    members: BTreeMap<String, TradeFold>,
    equity: EquityFold,
}

/// The numbers of a run. Ratios are fractions (0.25 = 25 %) rounded half to even
/// at the sixth place; a ratio whose divisor is zero is `None`, `null` in JSON.
///
/// The keys in JSON are the names of the fields; amounts are numbers in dollars
/// with their own decimals, ratios are numbers, times RFC 3339 text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metrics {
    /// Trades that were entered.
    pub trades: u64,
    /// Those that are finished; all sums and rates below are of them.
    pub closed: u64,
    /// Those still open at the end.
    pub open: u64,
    /// Finished trades with a profit after fees.
    pub wins: u64,
    /// Finished trades with a loss after fees; one at exactly zero is neither.
    pub losses: u64,
    /// wins ÷ closed.
    #[serde(serialize_with = "ratio_or_null")]
    pub win_rate: Option<Decimal>,
    /// Mean R multiple of the trades that have one.
    #[serde(serialize_with = "ratio_or_null")]
    pub average_r: Option<Decimal>,
    /// Gross profit ÷ gross loss; `None` without a losing trade.
    #[serde(serialize_with = "ratio_or_null")]
    pub profit_factor: Option<Decimal>,
    /// Sum of the profits of winning trades, dollars.
    pub gross_profit: Money,
    /// Sum of the losses of losing trades, dollars, not negative.
    pub gross_loss: Money,
    /// Gross profit − gross loss, dollars, after fees.
    pub net_pnl: Money,
    /// Fees of all trades, dollars, already inside the profits and losses.
    pub fees: Money,
    /// Mean time from entry to exit in seconds, rounded down.
    pub average_holding_seconds: Option<i64>,
    /// Time-steps of the equity curve.
    pub steps: u64,
    /// Time of the first step.
    pub first_step: Option<Timestamp>,
    /// Time of the last step.
    pub last_step: Option<Timestamp>,
    /// Equity at the first step, dollars.
    pub opening_equity: Option<Money>,
    /// Equity at the last step, dollars.
    pub closing_equity: Option<Money>,
    /// closing equity ÷ opening equity − 1.
    #[serde(serialize_with = "ratio_or_null")]
    pub total_return: Option<Decimal>,
    /// Largest fall below the running peak of equity, dollars, not negative.
    pub max_drawdown: Money,
    /// Largest fall ÷ the peak before it. Its step may differ from that of
    /// `max_drawdown`.
    #[serde(serialize_with = "ratio_or_null")]
    pub max_drawdown_ratio: Option<Decimal>,
    /// Time-steps with an open position ÷ time-steps.
    #[serde(serialize_with = "ratio_or_null")]
    pub time_in_market: Option<Decimal>,
    /// Mean of gross exposure ÷ equity over the time-steps with equity above
    /// zero.
    #[serde(serialize_with = "ratio_or_null")]
    pub average_gross_exposure: Option<Decimal>,
    /// The same trades by member of the ensemble, by name: a trade counts for every
    /// member that had voted for it.
    pub members: BTreeMap<String, MemberMetrics>,
}

/// What one member of the ensemble contributed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberMetrics {
    /// Finished trades.
    pub trades: u64,
    /// wins ÷ trades.
    #[serde(serialize_with = "ratio_or_null")]
    pub win_rate: Option<Decimal>,
    /// Mean R multiple of the trades that have one.
    #[serde(serialize_with = "ratio_or_null")]
    pub average_r: Option<Decimal>,
    /// Profit or loss after fees, dollars.
    pub net_pnl: Money,
}

/// Sums over trades.
#[derive(Debug, Clone, Default)]
struct TradeFold {
    trades: u64,
    wins: u64,
    losses: u64,
    gross_profit: Money,
    gross_loss: Money,
    fees: Money,
    r_sum: Decimal,
    r_trades: u64,
    holding: SignedDuration,
}

impl TradeFold {
    fn add(&mut self, trade: &TradeRecord) {
        self.trades += 1;
        if trade.pnl > Money::ZERO {
            self.wins += 1;
            self.gross_profit += trade.pnl;
        } else if trade.pnl.is_negative() {
            self.losses += 1;
            self.gross_loss += trade.pnl.abs();
        }
        self.fees += trade.fees;
        if let Some(multiple) = trade.r_multiple {
            self.r_sum = self.r_sum.saturating_add(multiple);
            self.r_trades += 1;
        }
        let exit_time = trade.exit_time.unwrap_or(trade.entry_time);
        let held = exit_time.since(trade.entry_time);
        self.holding = self.holding.saturating_add(held);
    }

    fn win_rate(&self) -> Option<Decimal> {
        ratio(Decimal::from(self.wins), Decimal::from(self.trades))
    }

    fn average_r(&self) -> Option<Decimal> {
        ratio(self.r_sum, Decimal::from(self.r_trades))
    }

    fn net_pnl(&self) -> Money {
        self.gross_profit - self.gross_loss
    }

    fn member(&self) -> MemberMetrics {
        MemberMetrics {
            trades: self.trades,
            win_rate: self.win_rate(),
            average_r: self.average_r(),
            net_pnl: self.net_pnl(),
        }
    }
}

impl Report {
    /// Takes a trade into account; one that is still open is only counted.
    pub fn trade(&mut self, trade: &TradeRecord) {
        if trade.exit_time.is_none() {
            self.open += 1;
            return;
        }
        self.all.add(trade);
        for name in &trade.members {
            match self.members.get_mut(name) {
                Some(member) => member.add(trade),
                None => self.members.entry(name.clone()).or_default().add(trade),
            }
        }
    }

    /// Takes the account after one time-step into account, in order of time.
    pub fn step(&mut self, sample: EquitySample) {
        self.equity.add(sample);
    }

    /// Returns the numbers so far.
    pub fn metrics(&self) -> Metrics {
        let all = &self.all;
        let opening = self.equity.first().map(|sample| sample.equity);
        let closing = self.equity.last().map(|sample| sample.equity);
        let growth = opening.zip(closing).and_then(|(opening, closing)| {
            (opening > Money::ZERO).then_some(())?;
            (closing - opening).ratio_to(opening)
        });
        let seconds = i64::try_from(all.trades)
            .ok()
            .and_then(|trades| all.holding.as_secs().checked_div(trades));
        Metrics {
            trades: all.trades + self.open,
            closed: all.trades,
            open: self.open,
            wins: all.wins,
            losses: all.losses,
            win_rate: all.win_rate(),
            average_r: all.average_r(),
            profit_factor: all.gross_profit.ratio_to(all.gross_loss).map(rounded),
            gross_profit: all.gross_profit,
            gross_loss: all.gross_loss,
            net_pnl: all.net_pnl(),
            fees: all.fees,
            average_holding_seconds: seconds,
            steps: self.equity.steps(),
            first_step: self.equity.first().map(|sample| sample.at),
            last_step: self.equity.last().map(|sample| sample.at),
            opening_equity: opening,
            closing_equity: closing,
            total_return: growth.map(rounded),
            max_drawdown: self.equity.max_drawdown(),
            max_drawdown_ratio: self.equity.max_drawdown_ratio().map(rounded),
            time_in_market: self.equity.time_in_market().map(rounded),
            average_gross_exposure: self.equity.average_gross_ratio().map(rounded),
            members: self.members.iter().map(|(n, m)| (n.clone(), m.member())).collect(),
        }
    }
}

fn ratio(part: Decimal, whole: Decimal) -> Option<Decimal> {
    part.checked_div(whole).map(rounded)
}

fn rounded(value: Decimal) -> Decimal {
    value.round_dp(RATIO_PLACES).normalize()
}

/// Writes a decimal as a JSON number with exactly its digits.
#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn ratio_or_null<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error as _;
    let Some(value) = value else { return serializer.serialize_none() };
    let number = serde_json::value::RawValue::from_string(value.to_string());
    number.map_err(S::Error::custom)?.serialize(serializer)
}
