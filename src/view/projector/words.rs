//! One line of the event stream for each event: its class, its level, its words.
//!
//! Numbers stay numbers until the line is visible; words of others are cleaned here.

use std::sync::Arc;

use crate::domain::command::OperatorCommand;
use crate::domain::ids::Symbol;
use crate::events::{
    Envelope, Event, FeedEvent, IntelEvent, MarketEvent, OrderEvent, PositionEvent, RequestEvent,
    RiskEvent, Severity, SignalEvent, SystemEvent, TradeEvent, VenueEvent,
};
use crate::view::log::{Class, Detail, EventLine, Level};
use crate::view::names::{OrderPhase, Phase};
use crate::view::text::{TEXT_MAX, clean_text};

/// Class, level, symbol, words.
type Said = (Class, Level, Option<Symbol>, Detail);

const NORMAL: (Class, Level) = (Class::Normal, Level::Info);
const QUIET: (Class, Level) = (Class::Debug, Level::Debug);
const VITAL: (Class, Level) = (Class::Vital, Level::Info);
const WARNING: (Class, Level) = (Class::Vital, Level::Warning);
const CRITICAL: (Class, Level) = (Class::Vital, Level::Critical);

/// Makes the line of an event; `None` for the raw market, which the market data
/// agent repeats.
pub(in crate::view) fn line(envelope: &Envelope) -> Option<EventLine> {
    let event = &envelope.event;
    let (class, level, symbol, detail) = match event {
        Event::Tape(_)
        | Event::Feed(FeedEvent::Step(_) | FeedEvent::History(_) | FeedEvent::Second(_)) => {
            return None;
        }
        Event::Feed(FeedEvent::Link(link) | FeedEvent::SecondLink(link)) => {
            said(WARNING, None, format!("{} {}", link.feed, link.state.name()))
        }
        Event::Feed(FeedEvent::Conflated(told)) => {
            let words = format!("{} quotes and {} prints overtaken", told.quotes, told.ticks);
            said(if told.lost > 0 { WARNING } else { QUIET }, None, words)
        }
        Event::Market(event) => market(event),
        Event::Signal(event) => signal(event),
        Event::Risk(event) => risk(event),
        Event::Order(event) => order(event),
        Event::Venue(event) => venue(event),
        Event::Position(event) => position(event),
        Event::Trade(event) => trade(event),
        Event::Breaker(event) => breaker(event),
        Event::Intel(event) => intel(event),
        Event::Operator(command) => operator(command),
        Event::Request(event) => request(event),
        Event::System(event) => system(event),
    };
    let symbol = symbol.or_else(|| event.symbol());
    let (seq, at, source) = (envelope.seq, envelope.at, envelope.source);
    Some(EventLine { seq, at, name: event.name(), symbol, source, level, class, detail })
}

fn said((class, level): (Class, Level), symbol: Option<Symbol>, words: impl AsRef<str>) -> Said {
    (class, level, symbol, text(words.as_ref()))
}

fn text(words: &str) -> Detail {
    let clean = clean_text(words, TEXT_MAX);
    if clean.is_empty() { Detail::Nothing } else { Detail::Text(Arc::from(clean)) }
}

fn market(event: &MarketEvent) -> Said {
    let flood = |symbol| (Class::Market, Level::Debug, symbol, Detail::Times(1));
    match event {
        MarketEvent::Quote(quote) => flood(Some(quote.symbol)),
        MarketEvent::Tick(tick) => flood(Some(tick.symbol)),
        MarketEvent::Bars(bars) => flood(bars.bars.first().map(|bar| bar.symbol)),
        MarketEvent::Second(second) => flood(Some(second.symbol)),
        MarketEvent::Source(changed) => {
            let beside = changed.second.as_deref().unwrap_or("nobody");
            let words =
                format!("data from {}, compared with {beside}: {}", changed.source, changed.reason);
            said(if changed.stands_in { WARNING } else { NORMAL }, None, words)
        }
        MarketEvent::Status(status) => {
            said(NORMAL, None, format!("{} until {}", status.status, status.until))
        }
        MarketEvent::Halt(change) => {
            said(WARNING, Some(change.symbol), format!("{:?}", change.status))
        }
        MarketEvent::Suspect(suspected) => {
            let words = format!("{}: {}", suspected.reason, suspected.detail);
            said((Class::Normal, Level::Warning), Some(suspected.symbol), words)
        }
        MarketEvent::Band(band) => {
            said(QUIET, Some(band.symbol), format!("{} to {}", band.down, band.up))
        }
        MarketEvent::Correction(correction) => {
            let wrong = correction.wrong;
            let right = correction.right.map_or_else(
                || "never was".to_owned(),
                |right| format!("was {} @ {}", right.size, right.price),
            );
            let words = format!("{} @ {} {right}", wrong.size, wrong.price);
            said((Class::Normal, Level::Warning), Some(wrong.symbol), words)
        }
        MarketEvent::Split(split) => {
            let words = format!("{} for {}", split.new_shares, split.old_shares);
            said(WARNING, Some(split.symbol), words)
        }
    }
}

fn signal(event: &SignalEvent) -> Said {
    match event {
        SignalEvent::ScanStarted(scan) => said(QUIET, None, format!("{} symbols", scan.symbols)),
        SignalEvent::CandidateFound(found) => {
            said(NORMAL, None, format!("{} @ {}", found.direction.name(), found.price))
        }
        SignalEvent::EvaluateStarted(_) => said(QUIET, None, ""),
        SignalEvent::Ensemble(signal) => {
            let (action, price, speaker) = (signal.action, signal.price, &signal.speaker);
            let confidence = signal.confidence;
            said(NORMAL, None, format!("{action} @ {price} by {speaker}, confidence {confidence}"))
        }
        SignalEvent::Entry(entry) => {
            let (way, price, stop) = (entry.direction.name(), entry.entry_price, entry.stop_price);
            let words = format!("{way} @ {price} stop {stop} target {}", entry.target_price);
            said(NORMAL, None, words)
        }
        SignalEvent::Hold(hold) => said(NORMAL, None, &hold.reason),
        SignalEvent::Exit(exit) => said(NORMAL, None, format!("{} @ {}", exit.reason, exit.price)),
        SignalEvent::TradeLogged(logged) => {
            said(VITAL, None, format!("P&L {} {}", logged.pnl, logged.reason))
        }
        SignalEvent::MemberLeftOut(left) => {
            let words = format!("{}: {}", left.member, left.reason);
            said((Class::Normal, Level::Warning), None, words)
        }
        SignalEvent::VoteRequested(asked) => said(NORMAL, None, asked.members.join(", ")),
        SignalEvent::VoteCast(cast) => said(NORMAL, None, &cast.signal.strategy),
    }
}

fn risk(event: &RiskEvent) -> Said {
    match event {
        RiskEvent::SizeCalculated(size) => {
            let (quantity, value) = (size.size.quantity, size.size.value);
            said(NORMAL, Some(size.symbol), format!("{quantity} shares = {value}"))
        }
        RiskEvent::LimitExceeded(refused) => {
            said(WARNING, Some(refused.symbol), &refused.explanation)
        }
        RiskEvent::Approved(approved) => {
            let order = &approved.order;
            said(NORMAL, Some(order.symbol()), format!("{} {}", order.side(), order.qty()))
        }
        RiskEvent::ApprovalRequested(asked) => {
            let words = format!("cost {} until {}", asked.cost, asked.deadline);
            said(WARNING, Some(asked.symbol), words)
        }
        RiskEvent::Refused(refused) => said(WARNING, None, &refused.reason),
        RiskEvent::DrawdownAlert(alert) => {
            said(CRITICAL, None, format!("{} of the peak, limit {}", alert.drawdown, alert.limit))
        }
        RiskEvent::PortfolioAssessed(assessed) => {
            said(QUIET, None, format!("equity {}", assessed.equity))
        }
        RiskEvent::StrategyDisabled(disabled) => {
            said(WARNING, None, format!("{}: {}", disabled.strategy, disabled.reason))
        }
    }
}

fn order(event: &OrderEvent) -> Said {
    match event {
        OrderEvent::Submit(submit) => {
            let request = submit.order.request();
            let (side, qty, id) = (request.side, request.qty, &request.client_order_id);
            said(NORMAL, None, format!("{side} {qty} {} {id}", request.kind.name()))
        }
        OrderEvent::Cancel(cancel) => {
            said(NORMAL, None, format!("{}: {}", cancel.client_order_id, cancel.reason))
        }
        OrderEvent::Modify(modify) => said(NORMAL, None, modify.client_order_id.as_str()),
        OrderEvent::Submitted(done) => said(NORMAL, None, done.client_order_id.as_str()),
        OrderEvent::Filled(filled) | OrderEvent::PartiallyFilled(filled) => {
            let (side, qty, price) = (filled.fill.side, filled.fill.qty, filled.fill.price);
            (Class::Vital, Level::Info, None, Detail::Fill { side, qty, price })
        }
        OrderEvent::Rejected(refused) => {
            said(WARNING, None, format!("{:?}: {}", refused.reason, refused.message))
        }
        OrderEvent::Cancelled(done) => said(NORMAL, None, done.client_order_id.as_str()),
        OrderEvent::CancelRejected(refused) | OrderEvent::ModifyRejected(refused) => {
            said(WARNING, None, format!("{:?}: {}", refused.reason, refused.message))
        }
        OrderEvent::Modified(modified) => said(NORMAL, None, modified.new_client_order_id.as_str()),
        OrderEvent::Expired(done) => said(NORMAL, None, done.client_order_id.as_str()),
        OrderEvent::OutcomeUnknown(unknown) => {
            said(CRITICAL, None, format!("{}: {}", unknown.client_order_id, unknown.detail))
        }
        OrderEvent::StatusReported(report) => {
            said(QUIET, None, report.state.as_deref().unwrap_or("never heard of"))
        }
        OrderEvent::External(external) => {
            let words = format!("{} orders at the venue are not ours", external.orders.len());
            said(WARNING, external.orders.first().map(|order| order.symbol), words)
        }
        OrderEvent::StateChanged(changed) => {
            let moved = OrderPhase::of(&changed.from).zip(OrderPhase::of(&changed.to));
            let moved = moved.map(|(from, to)| (from.name(), to.name()));
            (Class::Debug, Level::Debug, None, moved_from(moved, &changed.to))
        }
    }
}

fn moved_from(moved: Option<(&'static str, &'static str)>, words: &str) -> Detail {
    moved.map_or_else(|| text(words), |(from, to)| Detail::Moved { from, to })
}

fn venue(event: &VenueEvent) -> Said {
    match event {
        VenueEvent::Accepted(done) => said(QUIET, None, done.client_order_id.as_str()),
        VenueEvent::Rejected(refused) => said(QUIET, None, &refused.message),
        VenueEvent::Filled(filled) => {
            let (side, qty, price) = (filled.fill.side, filled.fill.qty, filled.fill.price);
            let detail = Detail::Fill { side, qty, price };
            (Class::Debug, Level::Debug, Some(filled.fill.symbol), detail)
        }
        VenueEvent::Cancelled(done) | VenueEvent::Expired(done) => {
            said(QUIET, None, done.client_order_id.as_str())
        }
        VenueEvent::Replaced(done) => said(QUIET, None, done.new_client_order_id.as_str()),
        VenueEvent::CancelRefused(refused) | VenueEvent::ReplaceRefused(refused) => {
            said(QUIET, None, &refused.message)
        }
        VenueEvent::CallFailed(failed) => {
            said(WARNING, None, format!("{}: {}", failed.breaker, failed.detail))
        }
        VenueEvent::NotFound(missing) => said(WARNING, None, missing.client_order_id.as_str()),
        VenueEvent::SplitApplied(split) => {
            let words = format!("{} for {}", split.new_shares, split.old_shares);
            said(WARNING, Some(split.symbol), words)
        }
        VenueEvent::Orders(reported) => {
            said(QUIET, None, format!("{} orders", reported.orders.len()))
        }
        VenueEvent::Raced(raced) => {
            let words = match raced.winner {
                Some(winner) => {
                    format!("{} by the {} endpoint", raced.client_order_id, winner.name())
                }
                None => format!("{} by neither endpoint", raced.client_order_id),
            };
            said(NORMAL, None, words)
        }
        VenueEvent::Account(account) => said(QUIET, None, format!("equity {}", account.equity)),
    }
}

fn position(event: &PositionEvent) -> Said {
    match event {
        PositionEvent::SetStop(wanted) => {
            said(NORMAL, None, format!("{} @ {}", wanted.qty, wanted.stop))
        }
        PositionEvent::UpdateStop(moved) => {
            said(NORMAL, None, format!("{}: {}", moved.stop, moved.reason))
        }
        PositionEvent::Opened(opened) => {
            let (way, quantity, price) =
                (opened.direction.name(), opened.quantity, opened.entry_price);
            said(VITAL, None, format!("{way} {quantity} @ {price}"))
        }
        PositionEvent::StopSet(stop) => {
            said(NORMAL, None, format!("{} @ {}", stop.quantity, stop.stop_price))
        }
        PositionEvent::StopHit(hit) | PositionEvent::TargetHit(hit) => {
            said(VITAL, None, format!("{} reached at {}", hit.level, hit.price))
        }
        PositionEvent::Covered(covered) => {
            said(WARNING, None, format!("had no live exit for {} ms", covered.naked_ms))
        }
        PositionEvent::Pnl(pnl) => said(QUIET, None, format!("unrealized {}", pnl.unrealized)),
        PositionEvent::Closed(closed) => {
            said(VITAL, None, format!("P&L {} {}", closed.pnl, closed.reason))
        }
        PositionEvent::Unexplained(found) => {
            let (side, quantity, price) = (found.side, found.quantity, found.price);
            said(CRITICAL, None, format!("{side} {quantity} @ {price}: {}", found.detail))
        }
        PositionEvent::Split(split) => {
            let (before, after) = (split.quantity_before, split.quantity_after);
            said(WARNING, None, format!("{before} shares are {after}"))
        }
    }
}

fn trade(event: &TradeEvent) -> Said {
    match event {
        TradeEvent::StateChanged(changed) => {
            let moved = Phase::of(&changed.from).zip(Phase::of(&changed.to));
            let moved = moved.map(|(from, to)| (from.name(), to.name()));
            let detail = moved_from(moved, &changed.to);
            (Class::Normal, Level::Info, Some(changed.symbol), detail)
        }
        TradeEvent::TransitionInvalid(invalid) => {
            said(CRITICAL, Some(invalid.symbol), &invalid.error)
        }
    }
}

fn breaker(event: &crate::events::BreakerEvent) -> Said {
    use crate::events::BreakerEvent;
    match event {
        BreakerEvent::StateChanged(changed) => {
            let (name, from, to) = (&changed.breaker, &changed.from, &changed.to);
            said(WARNING, None, format!("{name} {from} → {to}: {}", changed.reason))
        }
        BreakerEvent::BudgetExhausted(empty) => {
            said(WARNING, None, format!("{} {} until {}", empty.budget, empty.lane, empty.until))
        }
        BreakerEvent::BudgetChanged(changed) => {
            let text = format!("{} {} of {} a minute", changed.budget, changed.used, changed.limit);
            said(QUIET, None, text)
        }
    }
}

fn intel(event: &IntelEvent) -> Said {
    match event {
        IntelEvent::EmailStored(mail) => {
            said(QUIET, event.symbol(), format!("{}: {}", mail.client, mail.subject))
        }
        IntelEvent::LinkFound(link) => {
            let (score, subject, title) = (link.score, &link.subject, &link.title);
            said(NORMAL, event.symbol(), format!("{score} {subject} → {title}"))
        }
    }
}

fn operator(command: &OperatorCommand) -> Said {
    match command {
        OperatorCommand::Approve(approve) => said(VITAL, None, approve.trade_id.as_str()),
        OperatorCommand::Reject(reject) => {
            said(VITAL, None, format!("{}: {}", reject.trade_id, reject.reason))
        }
        OperatorCommand::Cancel(cancel) => said(VITAL, None, cancel.client_order_id.as_str()),
        OperatorCommand::ResetBreaker(reset) => {
            said(WARNING, None, format!("{}: {}", reset.breaker, reset.reason))
        }
        OperatorCommand::Kill(why) | OperatorCommand::Reduce(why) => {
            said(CRITICAL, None, &why.reason)
        }
        OperatorCommand::Resume(why) => said(WARNING, None, &why.reason),
        OperatorCommand::Flatten(flatten) => said(CRITICAL, flatten.symbol, &flatten.reason),
        OperatorCommand::Settle(settle) => {
            said(WARNING, None, format!("{}: {}", settle.client_order_id, settle.reason))
        }
        OperatorCommand::Acknowledge(seen) => {
            let subject = seen.subject.as_deref().unwrap_or("all differences");
            said(WARNING, None, format!("{subject}: {}", seen.reason))
        }
    }
}

fn request(event: &RequestEvent) -> Said {
    let symbol = match event {
        RequestEvent::GetQuote(of) | RequestEvent::EvaluateSetup(of) | RequestEvent::Track(of) => {
            Some(of.symbol)
        }
        RequestEvent::GetBars(of) => Some(of.symbol),
        RequestEvent::CalculateSize(of) | RequestEvent::CheckLimits(of) => Some(of.symbol),
        RequestEvent::CheckExit(of) => Some(of.symbol),
        RequestEvent::Subscribe(_)
        | RequestEvent::CheckStatus(_)
        | RequestEvent::ScanCandidates(_)
        | RequestEvent::ManagePosition(_)
        | RequestEvent::ShouldExit(_)
        | RequestEvent::AssessPortfolio(_)
        | RequestEvent::ApproveTrade(_)
        | RequestEvent::GetOrderStatus(_)
        | RequestEvent::CalculatePnl(_) => None,
    };
    said(QUIET, symbol, "")
}

fn system(event: &SystemEvent) -> Said {
    match event {
        SystemEvent::SessionStarted(started) => {
            said(VITAL, None, format!("{} seed {}", started.mode, started.seed))
        }
        SystemEvent::SessionEnded(ended) => said(VITAL, None, &ended.reason),
        SystemEvent::AgentStarted(started) => said(NORMAL, None, started.agent.name()),
        SystemEvent::AgentFailed(failed) => {
            said(CRITICAL, None, format!("{}: {}", failed.agent, failed.message))
        }
        SystemEvent::AgentRetired(retired) => {
            said(CRITICAL, None, format!("{}: {}", retired.agent, retired.reason))
        }
        SystemEvent::ReconcileCleared(cleared) => {
            said(NORMAL, None, format!("{}: {}", cleared.subject, cleared.how))
        }
        SystemEvent::HaltRequired(halt) => said(CRITICAL, None, &halt.reason),
        SystemEvent::TimerDue(due) => said(QUIET, None, due.agent.name()),
        SystemEvent::TradingChanged(changed) => {
            said(CRITICAL, None, format!("{} → {}: {}", changed.from, changed.to, changed.reason))
        }
        SystemEvent::BusUp(bus) => said(VITAL, None, &bus.reason),
        SystemEvent::LoginChanged(login) => match (&login.needed, login.login_until) {
            (Some(why), _) => said(CRITICAL, None, format!("{}: {why}", login.broker)),
            (None, Some(until)) => {
                said(NORMAL, None, format!("{}: expected to end {until}", login.broker))
            }
            (None, None) => said(NORMAL, None, &login.broker),
        },
        SystemEvent::BusDown(bus) => said(CRITICAL, None, &bus.reason),
        SystemEvent::ReconcileDifference(found) => {
            said(WARNING, None, format!("{}: {} / {}", found.subject, found.journal, found.venue))
        }
        SystemEvent::Alert(alert) => {
            let level = match alert.severity {
                Severity::Info => VITAL,
                Severity::Warning => WARNING,
                Severity::Critical => CRITICAL,
            };
            said(level, None, &alert.text)
        }
    }
}

/// Which run of prices an event belongs to.
pub(in crate::view) const fn run(event: &Event) -> usize {
    match event {
        Event::Market(MarketEvent::Quote(_)) => 0,
        Event::Market(MarketEvent::Tick(_)) => 1,
        Event::Market(
            MarketEvent::Bars(_)
            | MarketEvent::Status(_)
            | MarketEvent::Halt(_)
            | MarketEvent::Suspect(_)
            | MarketEvent::Split(_)
            | MarketEvent::Band(_)
            | MarketEvent::Correction(_)
            | MarketEvent::Second(_)
            | MarketEvent::Source(_),
        )
        | Event::Tape(_)
        | Event::Feed(_)
        | Event::Signal(_)
        | Event::Risk(_)
        | Event::Order(_)
        | Event::Venue(_)
        | Event::Position(_)
        | Event::Trade(_)
        | Event::Breaker(_)
        | Event::Intel(_)
        | Event::Operator(_)
        | Event::Request(_)
        | Event::System(_) => 2,
    }
}
