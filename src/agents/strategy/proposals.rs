//! From a decision of the ensemble to a proposal: candidate, ballots, levels.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use crate::agents::strategy::open::OpenTrade;
use crate::agents::strategy::votes::Poll;
use crate::agents::strategy::{EntryStyle, StrategyAgent};
use crate::bus::Outbox;
use crate::domain::ids::{Symbol, TradeId};
use crate::domain::market::{Bar, Quote};
use crate::domain::money::{Price, Rounding};
use crate::domain::order::{OrderKind, Side};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::events::{
    CandidateFound, Criterion, EnsembleSignal, EntrySignal, EvaluateStarted, HoldSignal,
    MarketBars, ScanStarted, SignalEvent,
};
use crate::strategies::{Action, Ballot, Decision, Outcome, judge};

/// Four places are enough for a confidence.
const PLACES: u32 = 4;

impl StrategyAgent {
    /// A side has won in a symbol without a trade: say the candidate, ask who has
    /// to be asked, decide.
    pub(super) fn consider(
        &mut self,
        at: Timestamp,
        bar: &Bar,
        bars: &MarketBars,
        decision: Decision,
        scan_said: &mut bool,
        out: &mut Outbox,
    ) {
        let asks_outside = !self.config.external_members.is_empty();
        let row = self.row(bar.symbol);
        if decision.outcome != Outcome::Entry && !asks_outside {
            // A run of held bars is one decision; only its first bar is said.
            if std::mem::replace(&mut row.was_held, true) {
                return;
            }
        } else {
            row.was_held = false;
        }
        let ballots = row.ensemble.ballots();
        if !std::mem::replace(scan_said, true) {
            let symbols = u32::try_from(bars.bars.len()).unwrap_or(u32::MAX);
            let interval = bars.interval;
            out.publish(SignalEvent::ScanStarted(ScanStarted { symbols, interval }));
        }
        let Some(side) = decision.action.side() else { return };
        let trade_id = self.name_trade();
        out.publish(SignalEvent::CandidateFound(CandidateFound {
            trade_id: trade_id.clone(),
            symbol: bar.symbol,
            direction: Direction::of_entry(side),
            price: bar.close,
            criteria: criteria(&ballots, decision.action),
        }));
        out.publish(SignalEvent::EvaluateStarted(EvaluateStarted {
            trade_id: trade_id.clone(),
            symbol: bar.symbol,
        }));
        let poll =
            Poll { symbol: bar.symbol, price: bar.close, ballots, size_scale: decision.size_scale };
        if asks_outside {
            self.open_poll(at, trade_id, poll, out);
        } else {
            self.propose(at, &trade_id, &poll, decision, out);
        }
    }

    /// Publishes the judge's decision on a candidate, and the entry or the hold
    /// that follows.
    pub(super) fn propose(
        &mut self,
        at: Timestamp,
        trade_id: &TradeId,
        poll: &Poll,
        decision: Decision,
        out: &mut Outbox,
    ) {
        let symbol = poll.symbol;
        let threshold = self.config.ensemble.threshold;
        let Some((side, speaker)) = decision.action.side().zip(decision.speaker) else {
            return hold(trade_id, symbol, "no side has won", out);
        };
        let speaker = poll.ballots.get(speaker).map_or("", |ballot| ballot.member.as_str());
        let (confidence, consensus) = (ratio(decision.confidence), ratio(decision.consensus));
        out.publish(SignalEvent::Ensemble(EnsembleSignal {
            trade_id: trade_id.clone(),
            symbol,
            action: side,
            price: poll.price,
            confidence,
            consensus,
            threshold: ratio(threshold),
            speaker: speaker.to_owned(),
            ballots: poll.ballots.clone(),
        }));
        if decision.outcome != Outcome::Entry {
            let threshold = ratio(threshold);
            let why = format!("confidence {confidence} is below the threshold {threshold}");
            return hold(trade_id, symbol, &why, out);
        }
        let quote = self.row(symbol).quote;
        match self.entry_signal(trade_id, poll, side, quote) {
            Some(mut signal) => {
                signal.strategy = rule_set(speaker, signal.risk_reward_ratio);
                signal.confidence = confidence;
                signal.consensus = consensus;
                signal.size_scale = ratio(decision.size_scale);
                signal.caution = self.worries.about(symbol, at);
                self.row(symbol).trade = Some(OpenTrade::proposed(&signal, &poll.ballots, side));
                out.publish(SignalEvent::Entry(signal));
            }
            None => hold(trade_id, symbol, "its levels are not legal prices", out),
        }
    }

    fn entry_signal(
        &self,
        trade_id: &TradeId,
        poll: &Poll,
        side: Side,
        quote: Option<Quote>,
    ) -> Option<EntrySignal> {
        let direction = Direction::of_entry(side);
        let entry_price = match (quote, side) {
            (Some(quote), Side::Buy) => quote.ask,
            (Some(quote), Side::Sell) => quote.bid,
            (None, Side::Buy | Side::Sell) => poll.price,
        };
        let (stop_price, target_price) = self.levels(entry_price, direction)?;
        let risk = entry_price.minus(stop_price).abs();
        let reward = target_price.minus(entry_price).abs();
        Some(EntrySignal {
            trade_id: trade_id.clone(),
            symbol: poll.symbol,
            direction,
            entry_price,
            stop_price,
            target_price,
            quantity: self.config.proposed_value.whole_shares_at(entry_price),
            risk_reward_ratio: reward.ratio_to(risk)?.round_dp(1),
            strategy: String::new(),
            kind: match self.config.entry {
                EntryStyle::Limit => OrderKind::Limit { limit: entry_price },
                EntryStyle::Market => OrderKind::Market,
            },
            confidence: Decimal::ZERO,
            consensus: Decimal::ZERO,
            size_scale: Decimal::ONE,
            caution: None,
        })
    }

    /// Stop and target of an entry: a fraction of it away, mirrored for a short
    /// position, on the venue's increment where that is asked for.
    pub(super) fn levels(&self, entry: Price, direction: Direction) -> Option<(Price, Price)> {
        let (stop, target) = (self.config.stop_fraction, self.config.target_fraction);
        let (stop, target) = match direction {
            Direction::Long => (Decimal::ONE - stop, Decimal::ONE + target),
            Direction::Short => (Decimal::ONE + stop, Decimal::ONE - target),
        };
        let rounding: Rounding = direction.exit_side().rounding();
        let level = |ratio: Decimal| {
            if self.config.round_levels {
                entry.scaled(ratio, rounding)
            } else {
                Price::from_decimal(entry.to_decimal().checked_mul(ratio)?).ok()
            }
        };
        Some((level(stop)?, level(target)?))
    }

    /// Says what the ensemble thinks of a symbol now, without a trade.
    pub(super) fn say_opinion(&mut self, symbol: Symbol, out: &mut Outbox) {
        let threshold = self.config.ensemble.threshold;
        let row = self.row(symbol);
        let decision = judge(threshold, row.ensemble.casts());
        let ballots = row.ensemble.ballots();
        let votes: Vec<String> = ballots
            .iter()
            .map(|ballot| match ballot.vote {
                Some(vote) => {
                    format!("{} {:?} ({})", ballot.member, vote.action(), ballot.reasoning)
                }
                None => format!("{} has no opinion", ballot.member),
            })
            .collect();
        let reason = format!(
            "{:?} at confidence {}: {}",
            decision.action,
            ratio(decision.confidence),
            votes.join("; ")
        );
        out.publish(SignalEvent::Hold(HoldSignal { trade_id: None, symbol, reason }));
    }
}

fn hold(trade_id: &TradeId, symbol: Symbol, reason: &str, out: &mut Outbox) {
    out.publish(SignalEvent::Hold(HoldSignal {
        trade_id: Some(trade_id.clone()),
        symbol,
        reason: reason.to_owned(),
    }));
}

/// A float of the ensemble as a decimal of four places.
pub(super) fn ratio(value: f64) -> Decimal {
    Decimal::from_f64(value).unwrap_or_default().round_dp(PLACES)
}

/// The name under which a proposal's results are kept, such as
/// `trend_following_3_to_1`.
fn rule_set(speaker: &str, reward: Decimal) -> String {
    format!("{speaker}_{}_to_1", reward.normalize())
}

/// What spoke for a side, one line per member.
fn criteria(ballots: &[Ballot], action: Action) -> Vec<Criterion> {
    ballots
        .iter()
        .filter(|ballot| ballot.vote.is_some_and(|vote| vote.action() == action))
        .map(|ballot| Criterion { name: ballot.member.clone(), detail: ballot.reasoning.clone() })
        .collect()
}

/// The members that voted for a side.
pub(super) fn supporters(ballots: &[Ballot], side: Side) -> Vec<String> {
    ballots
        .iter()
        .filter(|ballot| ballot.vote.and_then(|vote| vote.action().side()) == Some(side))
        .map(|ballot| ballot.member.clone())
        .collect()
}
