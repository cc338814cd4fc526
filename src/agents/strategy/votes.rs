//! Votes of members outside the process, under a deadline.

use jiff::SignedDuration;

use crate::agents::strategy::StrategyAgent;
use crate::bus::Outbox;
use crate::domain::ids::{Symbol, TradeId};
use crate::domain::money::Price;
use crate::domain::time::Timestamp;
use crate::events::{MemberLeftOut, SignalEvent, Timer, VoteCast, VoteRequested};
use crate::strategies::{Ballot, Decision, Vote, Weight, judge};

/// A candidate on which votes are collected.
#[derive(Debug, Clone)]
pub(super) struct Poll {
    pub(super) symbol: Symbol,
    pub(super) price: Price,
    pub(super) ballots: Vec<Ballot>,
    pub(super) size_scale: f64,
}

impl Poll {
    fn is_complete(&self) -> bool {
        self.ballots.iter().all(|ballot| ballot.vote.is_some() || !ballot.reasoning.is_empty())
    }
}

impl StrategyAgent {
    /// Asks the members outside; their ballots are empty until they answer.
    pub(super) fn open_poll(
        &mut self,
        at: Timestamp,
        trade_id: TradeId,
        mut poll: Poll,
        out: &mut Outbox,
    ) {
        let members = self.config.external_members.clone();
        for member in &members {
            poll.ballots.push(Ballot {
                member: member.clone(),
                weight: self.weight_of(member),
                vote: None,
                reasoning: String::new(),
            });
        }
        let deadline = at.plus(SignedDuration::from_secs(self.config.vote_seconds.into()));
        out.publish(SignalEvent::VoteRequested(VoteRequested {
            trade_id: trade_id.clone(),
            symbol: poll.symbol,
            price: poll.price,
            members,
            deadline,
        }));
        out.wake_at(deadline, Timer::Votes(trade_id.clone()));
        // The symbol is taken until the poll is closed.
        let pause = self.config.retry_bars.max(1);
        self.row(poll.symbol).pause = pause;
        self.polls.insert(trade_id, poll);
    }

    fn weight_of(&self, member: &str) -> Weight {
        let weight = self.config.ensemble.weights.get(member).copied().unwrap_or(1.0);
        Weight::new(weight).unwrap_or(Weight::ONE)
    }

    /// Takes a vote; a stranger's, a second or a malformed one changes nothing. A member
    /// that is late is told so, since it may believe that it was heard.
    pub(super) fn vote(&mut self, at: Timestamp, cast: &VoteCast, out: &mut Outbox) {
        let signal = &cast.signal;
        let Some(poll) = self.polls.get_mut(&cast.trade_id) else {
            if self.config.external_members.contains(&signal.strategy) {
                out.publish(SignalEvent::MemberLeftOut(MemberLeftOut {
                    member: signal.strategy.clone(),
                    symbol: Some(signal.symbol),
                    reason: format!("it voted on {}, where no vote is open", cast.trade_id),
                }));
            }
            return;
        };
        let asked = poll.ballots.iter_mut().find(|ballot| {
            ballot.member == signal.strategy && ballot.vote.is_none() && ballot.reasoning.is_empty()
        });
        let Some(ballot) = asked.filter(|_| signal.symbol == poll.symbol) else { return };
        match Vote::new(signal.action, signal.confidence) {
            Ok(vote) => {
                ballot.vote = Some(vote);
                ballot.reasoning.clone_from(&signal.reasoning);
            }
            Err(error) => {
                ballot.reasoning = "left out".into();
                let member = signal.strategy.clone();
                let symbol = Some(poll.symbol);
                let reason = error.to_string();
                out.publish(SignalEvent::MemberLeftOut(MemberLeftOut { member, symbol, reason }));
            }
        }
        if poll.is_complete() {
            self.close_poll(at, &cast.trade_id, out);
        }
    }

    /// Decides on the votes that are there; who has not voted is left out.
    pub(super) fn close_poll(&mut self, at: Timestamp, trade_id: &TradeId, out: &mut Outbox) {
        let Some(mut poll) = self.polls.remove(trade_id) else { return };
        let external = &self.config.external_members;
        for ballot in &mut poll.ballots {
            if ballot.vote.is_none()
                && ballot.reasoning.is_empty()
                && external.contains(&ballot.member)
            {
                ballot.reasoning = "late".into();
                tracing::warn!(member = %ballot.member, trade = %trade_id, "a member did not vote in time");
                out.publish(SignalEvent::MemberLeftOut(MemberLeftOut {
                    member: ballot.member.clone(),
                    symbol: Some(poll.symbol),
                    reason: format!("no vote within {} s", self.config.vote_seconds),
                }));
            }
        }
        let casts = poll.ballots.iter().map(Ballot::cast);
        let decision = judge(self.config.ensemble.threshold, casts);
        let decision = Decision { size_scale: poll.size_scale, ..decision };
        self.propose(at, trade_id, &poll, decision, out);
    }
}
