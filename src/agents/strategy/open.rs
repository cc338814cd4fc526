//! Trades after their proposal: trailing stop, time exit, the record at the end.

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::agents::strategy::StrategyAgent;
use crate::agents::strategy::proposals::supporters;
use crate::bus::Outbox;
use crate::domain::ids::{Symbol, TradeId};
use crate::domain::market::Bar;
use crate::domain::money::{Money, Price};
use crate::domain::order::Side;
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::events::{
    EntrySignal, ExitSignal, HoldSignal, OrderRequestRefused, PositionClosed, PositionEvent,
    PositionOpened, PositionSplit, SignalEvent, StrategyMetrics, TradeLogged, UpdateStop,
};
use crate::fsm::trade::ExitReason;
use crate::strategies::Ballot;

/// A trade of one symbol from its proposal to its end.
#[derive(Debug, Clone)]
pub(super) struct OpenTrade {
    pub(super) id: TradeId,
    direction: Direction,
    strategy: String,
    members: Vec<String>,
    /// `None` while the entry is under way.
    opened: Option<Opened>,
}

#[derive(Debug, Clone, Copy)]
struct Opened {
    at: Timestamp,
    entry: Price,
    /// Loss per share at the first stop.
    risk: Money,
    stop: Price,
    /// A stop that was asked for and does not rest yet.
    asked: Option<Price>,
    leaving: bool,
}

impl OpenTrade {
    pub(super) fn proposed(signal: &EntrySignal, ballots: &[Ballot], side: Side) -> Self {
        Self {
            id: signal.trade_id.clone(),
            direction: signal.direction,
            strategy: signal.strategy.clone(),
            members: supporters(ballots, side),
            opened: None,
        }
    }
}

impl StrategyAgent {
    pub(super) fn opened(&mut self, at: Timestamp, event: &PositionOpened) {
        let Some(trade) = self.rows.get_mut(event.symbol).and_then(|row| row.trade.as_mut()) else {
            return;
        };
        if trade.id == event.trade_id {
            trade.opened = Some(Opened {
                at,
                entry: event.entry_price,
                risk: event.entry_price.minus(event.stop_price).abs(),
                stop: event.stop_price,
                asked: None,
                leaving: false,
            });
        }
    }

    pub(super) fn stop_set(&mut self, symbol: Symbol, stop: Price) {
        let trade = self.rows.get_mut(symbol).and_then(|row| row.trade.as_mut());
        if let Some(opened) = trade.and_then(|trade| trade.opened.as_mut()) {
            opened.stop = stop;
            opened.asked = None;
        }
    }

    /// A stop could not be moved: it is where it was, and may be asked for again.
    pub(super) fn stop_stays(&mut self, refused: &OrderRequestRefused) {
        let mut trades = self.rows.iter_mut().filter_map(|(_, row)| row.trade.as_mut());
        let of = trades.find(|trade| refused.trade_id.as_ref() == Some(&trade.id));
        if let Some(opened) = of.and_then(|trade| trade.opened.as_mut()) {
            opened.asked = None;
        }
    }

    pub(super) fn split(&mut self, split: &PositionSplit) {
        let trade = self.rows.get_mut(split.symbol).and_then(|row| row.trade.as_mut());
        let Some(opened) = trade.and_then(|trade| trade.opened.as_mut()) else { return };
        let ratio = split.quantity_before.to_decimal() / split.quantity_after.to_decimal();
        let scaled = Price::from_decimal(opened.entry.to_decimal() * ratio);
        opened.entry = scaled.unwrap_or(opened.entry);
        opened.risk = opened.risk.scaled(ratio);
        opened.stop = split.stop_price;
        opened.asked = None;
    }

    /// Looks after an open trade at a new bar.
    pub(super) fn manage(&mut self, at: Timestamp, bar: &Bar, out: &mut Outbox) {
        let minutes = i64::from(self.config.time_exit_minutes);
        let trails = !self.config.trail_start_r.is_zero();
        if minutes == 0 && !trails {
            return;
        }
        let Some(trade) = self.rows.get_mut(bar.symbol).and_then(|row| row.trade.as_mut()) else {
            return;
        };
        let Some(opened) = trade.opened.as_mut().filter(|opened| !opened.leaving) else { return };
        if minutes > 0 && at.since(opened.at) >= SignedDuration::from_mins(minutes) {
            opened.leaving = true;
            out.publish(SignalEvent::Exit(ExitSignal {
                trade_id: trade.id.clone(),
                symbol: bar.symbol,
                reason: ExitReason::TimeExit,
                price: bar.close,
            }));
            return;
        }
        if trails {
            let (start, distance) = (self.config.trail_start_r, self.config.trail_distance_r);
            let rounds = self.config.round_levels;
            if let Some(stop) = opened.trail(trade.direction, bar, (start, distance), rounds) {
                opened.asked = Some(stop);
                out.publish(PositionEvent::UpdateStop(UpdateStop {
                    trade_id: trade.id.clone(),
                    symbol: bar.symbol,
                    stop,
                    reason: format!("follows at {distance} R"),
                }));
            }
        }
    }

    /// Answers whether one trade should end now.
    pub(super) fn should_exit(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let found = self.rows.iter().find_map(|(symbol, row)| {
            let trade = row.trade.as_ref().filter(|trade| trade.id == *trade_id)?;
            Some((symbol, row.last?, trade.opened?))
        });
        let minutes = i64::from(self.config.time_exit_minutes);
        match found {
            Some((symbol, price, opened))
                if minutes > 0 && at.since(opened.at) >= SignedDuration::from_mins(minutes) =>
            {
                let reason = ExitReason::TimeExit;
                let trade_id = trade_id.clone();
                out.publish(SignalEvent::Exit(ExitSignal { trade_id, symbol, reason, price }));
            }
            Some((symbol, price, opened)) => out.publish(SignalEvent::Hold(HoldSignal {
                trade_id: None,
                symbol,
                reason: format!("{price} lies between stop {} and target; held", opened.stop),
            })),
            None => {}
        }
    }

    /// Writes the record of a finished trade and counts it.
    pub(super) fn closed(&mut self, at: Timestamp, closed: &PositionClosed, out: &mut Outbox) {
        let Some(row) = self.rows.get_mut(closed.symbol) else { return };
        let Some(trade) = row.trade.take_if(|trade| trade.id == closed.trade_id) else { return };
        let r_sum = self.r_sums.entry(trade.strategy.clone()).or_default();
        let metrics = self.metrics.entry(trade.strategy.clone()).or_default();
        count(metrics, r_sum, closed);
        out.publish(SignalEvent::TradeLogged(TradeLogged {
            trade_id: trade.id,
            symbol: closed.symbol,
            direction: closed.direction,
            quantity: closed.quantity,
            entry_time: closed.entry_time,
            entry_price: closed.entry_price,
            exit_time: at,
            exit_price: closed.exit_price,
            pnl: closed.pnl,
            r_multiple: closed.r_multiple,
            reason: closed.reason,
            strategy: trade.strategy,
            members: trade.members,
            metrics: *metrics,
        }));
    }
}

impl Opened {
    /// The stop that should rest after a bar, when it is better than the present
    /// one by at least a tenth of the risk; smaller steps are not worth a request.
    fn trail(
        &self,
        direction: Direction,
        bar: &Bar,
        (start, distance): (Decimal, Decimal),
        rounds: bool,
    ) -> Option<Price> {
        let best = match direction {
            Direction::Long => bar.high,
            Direction::Short => bar.low,
        };
        let gain = match direction {
            Direction::Long => best.minus(self.entry),
            Direction::Short => self.entry.minus(best),
        };
        if self.asked.is_some() || gain < self.risk.scaled(start) {
            return None;
        }
        let offset = self.risk.scaled(distance);
        let wanted = match direction {
            Direction::Long => best.plus(-offset)?,
            Direction::Short => best.plus(offset)?,
        };
        let wanted = if rounds {
            wanted.round_to_increment(direction.exit_side().rounding())?
        } else {
            wanted
        };
        let gained = match direction {
            Direction::Long => wanted.minus(self.stop),
            Direction::Short => self.stop.minus(wanted),
        };
        (gained >= self.risk.scaled(Decimal::new(1, 1))).then_some(wanted)
    }
}

fn count(metrics: &mut StrategyMetrics, r_sum: &mut Decimal, closed: &PositionClosed) {
    metrics.trades += 1;
    metrics.wins += u32::from(closed.pnl > Money::ZERO);
    metrics.pnl += closed.pnl;
    *r_sum += closed.r_multiple.unwrap_or_default();
    let trades = Decimal::from(metrics.trades);
    metrics.win_rate = Some((Decimal::from(metrics.wins) / trades).round_dp(4));
    metrics.average_r = Some((*r_sum / trades).round_dp(4));
}
