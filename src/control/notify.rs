//! Notices: what a person should hear of even with the screen out of sight.
//!
//! A fold that picks the few events worth a sound and slows them down: one notice of
//! each kind every five seconds, what comes between is counted and told with the next.
//! It makes values; the screen shows a toast, rings, and writes the terminal's own
//! notification, and [`webhook`](crate::control::webhook) carries them further. Time
//! is passed in and is the wall's, not the market's.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::ids::Seq;
use crate::domain::time::Timestamp;
use crate::events::{
    Alert, BreakerEvent, Envelope, Event, FeedEvent, FeedLinkChanged, RiskEvent, Severity,
    SystemEvent,
};
use crate::view::{BreakerPhase, LinkPhase, TEXT_MAX, TradingPhase, clean_text};

/// Time between two notices of one kind. An alert may take 5 s from the event to the
/// person (RTS 6 Article 16): one that has to wait for the pause has a second left for
/// the way.
pub const PAUSE: SignedDuration = SignedDuration::from_secs(4);

/// The terminal's bell.
pub const BELL: &str = "\u{7}";

/// Feeds that may be lost at once; of more, one is told again.
const FEEDS_MAX: usize = 64;

/// What a notice is about. Each kind is slowed down apart from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An entry waits for a human.
    Approval,
    /// A breaker has opened.
    Breaker,
    /// A feed is lost or silent.
    Feed,
    /// The trading state has changed.
    Trading,
    /// An agent has failed.
    Agent,
    /// Anything else that a person should look at.
    Alert,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Approval, Self::Breaker, Self::Feed, Self::Trading, Self::Agent, Self::Alert];
}

/// Something that a person should hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What it is about.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// In words, clean.
    pub text: Box<str>,
    /// The event.
    pub seq: Seq,
    /// When it happened, in the house's time.
    pub at: Timestamp,
    /// Others of its kind since the last notice, which this one stands for.
    pub others: u32,
    /// When the oldest event that it stands for was seen, by the wall.
    #[serde(skip)]
    pub seen_at: Timestamp,
}

impl Notice {
    /// Returns the line to show.
    pub fn line(&self) -> String {
        match self.others {
            0 => self.text.to_string(),
            others => format!("{} (and {others} more)", self.text),
        }
    }

    /// Returns the escape sequence with which a terminal notifies on its own (OSC 9).
    /// The text in it has no control characters, so it cannot end the sequence.
    pub fn osc9(&self) -> String {
        format!("\u{1b}]9;FlightDeck: {}\u{1b}\\", self.line())
    }

    /// Takes the place of an older notice that nobody has heard.
    fn after(mut self, older: Option<Self>) -> Self {
        let Some(older) = older else { return self };
        let others = older.others.saturating_add(1);
        if older.severity > self.severity {
            return Self { others, ..older };
        }
        self.seen_at = older.seen_at;
        self.others = others;
        self
    }
}

/// One kind's pace.
#[derive(Debug, Clone, Default)]
struct Lane {
    told_at: Option<Timestamp>,
    waiting: Option<Notice>,
}

impl Lane {
    /// When the next one may be told. A clock that was set back does not silence it
    /// for longer than the pause.
    fn free_at(&self, now: Timestamp) -> Timestamp {
        self.told_at.map_or(now, |told| told.min(now).plus(PAUSE))
    }
}

/// Picks notices and slows them down.
#[derive(Debug, Clone, Default)]
pub struct Notifier {
    lanes: [Lane; Kind::ALL.len()],
    lost_feeds: BTreeSet<String>,
}

impl Notifier {
    /// Looks at an event; returns a notice when one is to be told now.
    pub fn see(&mut self, now: Timestamp, envelope: &Envelope) -> Option<Notice> {
        let (kind, severity, text) = self.pick(&envelope.event)?;
        let text = clean_text(&text, TEXT_MAX);
        let (seq, at) = (envelope.seq, envelope.at);
        let notice = Notice { kind, severity, text, seq, at, others: 0, seen_at: now };
        let lane = self.lane(kind);
        let notice = notice.after(lane.waiting.take());
        lane.waiting = Some(notice);
        Self::release(lane, now)
    }

    /// Returns the notices whose pause is over.
    pub fn due(&mut self, now: Timestamp) -> Vec<Notice> {
        self.lanes.iter_mut().filter_map(|lane| Self::release(lane, now)).collect()
    }

    /// Returns when [`due`](Self::due) will have something; `None` while nothing waits.
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let waiting = self.lanes.iter().filter(|lane| lane.waiting.is_some());
        waiting.map(|lane| lane.free_at(now)).min()
    }

    fn lane(&mut self, kind: Kind) -> &mut Lane {
        let at = match kind {
            Kind::Approval => 0,
            Kind::Breaker => 1,
            Kind::Feed => 2,
            Kind::Trading => 3,
            Kind::Agent => 4,
            Kind::Alert => 5,
        };
        &mut self.lanes[at]
    }

    fn release(lane: &mut Lane, now: Timestamp) -> Option<Notice> {
        if lane.free_at(now) > now {
            // Counted from here after a clock was set back.
            lane.told_at = lane.told_at.map(|told| told.min(now));
            return None;
        }
        let notice = lane.waiting.take()?;
        lane.told_at = Some(now);
        Some(notice)
    }

    fn pick(&mut self, event: &Event) -> Option<(Kind, Severity, String)> {
        match event {
            Event::System(event) => system(event),
            Event::Breaker(event) => breaker(event),
            Event::Risk(event) => risk(event),
            Event::Feed(FeedEvent::Link(link) | FeedEvent::SecondLink(link)) => self.feed(link),
            Event::Feed(
                FeedEvent::Step(_)
                | FeedEvent::History(_)
                | FeedEvent::Conflated(_)
                | FeedEvent::Second(_),
            )
            | Event::Tape(_)
            | Event::Market(_)
            | Event::Signal(_)
            | Event::Order(_)
            | Event::Venue(_)
            | Event::Position(_)
            | Event::Trade(_)
            | Event::Intel(_)
            | Event::Operator(_)
            | Event::Request(_) => None,
        }
    }

    /// Each loss is told once, however often the dialling fails.
    fn feed(&mut self, link: &FeedLinkChanged) -> Option<(Kind, Severity, String)> {
        let what = match LinkPhase::of(link.state.name())? {
            LinkPhase::Up => {
                self.lost_feeds.remove(&link.feed);
                return None;
            }
            LinkPhase::Connecting | LinkPhase::Syncing => return None,
            LinkPhase::Down => "is lost",
            LinkPhase::Stale => "is silent",
        };
        if self.lost_feeds.len() >= FEEDS_MAX {
            self.lost_feeds.clear();
        }
        let is_news = self.lost_feeds.insert(link.feed.clone());
        is_news.then(|| (Kind::Feed, Severity::Warning, format!("the feed {} {what}", link.feed)))
    }
}

fn system(event: &SystemEvent) -> Option<(Kind, Severity, String)> {
    match event {
        SystemEvent::Alert(Alert { severity, text }) => {
            Some((Kind::Alert, *severity, text.clone()))
        }
        SystemEvent::TradingChanged(changed) => {
            let severity = match TradingPhase::of(&changed.to) {
                Some(TradingPhase::Active) => Severity::Info,
                Some(TradingPhase::Reducing) => Severity::Warning,
                Some(TradingPhase::Halted | TradingPhase::Flatten) | None => Severity::Critical,
            };
            Some((
                Kind::Trading,
                severity,
                format!("trading is {}: {}", changed.to, changed.reason),
            ))
        }
        SystemEvent::AgentFailed(failed) => {
            let (severity, what) = if failed.rebuilt {
                (Severity::Warning, "failed and was rebuilt")
            } else {
                (Severity::Critical, "failed for good")
            };
            Some((Kind::Agent, severity, format!("{} {what}: {}", failed.agent, failed.message)))
        }
        SystemEvent::AgentRetired(retired) => {
            let text = format!("{} is out of the run: {}", retired.agent, retired.reason);
            Some((Kind::Agent, Severity::Critical, text))
        }
        SystemEvent::ReconcileDifference(found) => {
            let text = format!(
                "{}: the journal says {}, the venue {}",
                found.subject, found.journal, found.venue
            );
            Some((Kind::Alert, Severity::Warning, text))
        }
        SystemEvent::BusDown(bus) => {
            let text = format!("bus_down: {}; no entry until it answers", bus.reason);
            Some((Kind::Alert, Severity::Critical, text))
        }
        SystemEvent::LoginChanged(login) => {
            let why = login.needed.as_ref()?;
            let broker = &login.broker;
            let text = format!("LOGIN REQUIRED: {why}; run: flightdeck login {broker}");
            Some((Kind::Alert, Severity::Critical, text))
        }
        SystemEvent::BusUp(bus) => {
            Some((Kind::Alert, Severity::Info, format!("the bus is up: {}", bus.reason)))
        }
        SystemEvent::SessionStarted(_)
        | SystemEvent::SessionEnded(_)
        | SystemEvent::AgentStarted(_)
        | SystemEvent::ReconcileCleared(_)
        | SystemEvent::HaltRequired(_)
        | SystemEvent::TimerDue(_) => None,
    }
}

fn breaker(event: &BreakerEvent) -> Option<(Kind, Severity, String)> {
    match event {
        BreakerEvent::StateChanged(changed) => {
            let severity = match BreakerPhase::of(&changed.to)? {
                BreakerPhase::Open => Severity::Warning,
                BreakerPhase::Latched => Severity::Critical,
                BreakerPhase::Closed | BreakerPhase::HalfOpen => return None,
            };
            let text = format!("breaker {} is {}: {}", changed.breaker, changed.to, changed.reason);
            Some((Kind::Breaker, severity, text))
        }
        BreakerEvent::BudgetExhausted(_) | BreakerEvent::BudgetChanged(_) => None,
    }
}

fn risk(event: &RiskEvent) -> Option<(Kind, Severity, String)> {
    match event {
        RiskEvent::ApprovalRequested(wanted) => {
            let text = format!(
                "{} waits for approval until {}: cost {}, worst loss {} ({})",
                wanted.symbol, wanted.deadline, wanted.cost, wanted.worst_loss, wanted.trade_id
            );
            Some((Kind::Approval, Severity::Warning, text))
        }
        RiskEvent::DrawdownAlert(alert) => {
            let text = format!("equity {} is far below its peak {}", alert.equity, alert.peak);
            Some((Kind::Alert, Severity::Critical, text))
        }
        RiskEvent::StrategyDisabled(off) => {
            let text = format!("{} may not trade: {}", off.strategy, off.reason);
            Some((Kind::Alert, Severity::Warning, text))
        }
        RiskEvent::SizeCalculated(_)
        | RiskEvent::LimitExceeded(_)
        | RiskEvent::Approved(_)
        | RiskEvent::Refused(_)
        | RiskEvent::PortfolioAssessed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AgentId;
    use crate::events::{BreakerStateChanged, TradingChanged};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000 + seconds)
    }

    fn envelope(event: impl Into<Event>) -> Envelope {
        let event = event.into();
        let (seq, source) = (Seq(7), AgentId::RiskManagement);
        Envelope { seq, at: at(0), cause: None, root: Seq(7), source, event }
    }

    fn alert(severity: Severity, text: &str) -> Envelope {
        envelope(SystemEvent::Alert(Alert { severity, text: text.into() }))
    }

    fn breaker(to: &str) -> Envelope {
        envelope(BreakerEvent::StateChanged(BreakerStateChanged {
            breaker: "alpaca.orders".into(),
            from: "CLOSED".into(),
            to: to.into(),
            reason: "3 failures".into(),
            retry_at: None,
        }))
    }

    /// The state as it stands on the wire.
    fn link(state: &str) -> Envelope {
        let text = format!(r#"{{"feed":"alpaca.iex","state":{state}}}"#);
        envelope(FeedEvent::Link(serde_json::from_str(&text).unwrap()))
    }

    #[test]
    fn one_notice_of_a_kind_is_told_in_a_pause_and_stands_for_the_others() {
        let mut notifier = Notifier::default();
        let first = notifier.see(at(0), &alert(Severity::Info, "one")).unwrap();
        assert_eq!(first.line(), "one");
        assert_eq!(notifier.see(at(1), &alert(Severity::Critical, "two")), None);
        assert_eq!(notifier.see(at(2), &alert(Severity::Info, "three")), None);
        assert!(notifier.see(at(2), &breaker("OPEN")).is_some(), "another kind has its own pace");
        assert_eq!(notifier.next_due(at(2)), Some(at(4)));
        assert_eq!(notifier.due(at(3)), []);
        let second = notifier.due(at(4));
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].line(), "two (and 1 more)");
        assert_eq!(second[0].severity, Severity::Critical, "the gravest speaks");
        assert_eq!(second[0].seen_at, at(1), "the oldest has waited longest");
        assert_eq!(notifier.next_due(at(4)), None);
        assert_eq!(notifier.due(at(60)), []);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_silence_anything_for_long() {
        let mut notifier = Notifier::default();
        assert!(notifier.see(at(3_600), &alert(Severity::Info, "one")).is_some());
        assert_eq!(notifier.see(at(0), &alert(Severity::Info, "two")), None);
        assert_eq!(notifier.due(at(5)).len(), 1);
    }

    #[track_caller]
    fn check(envelope: &Envelope, expected: Option<(Kind, Severity)>) {
        let notice = Notifier::default().see(at(0), envelope);
        assert_eq!(notice.map(|notice| (notice.kind, notice.severity)), expected);
    }

    #[test]
    fn what_a_person_should_hear_of_is_told() {
        check(&breaker("OPEN"), Some((Kind::Breaker, Severity::Warning)));
        check(&breaker("LATCHED"), Some((Kind::Breaker, Severity::Critical)));
        check(&breaker("CLOSED"), None);
        check(&link(r#"{"state":"STALE"}"#), Some((Kind::Feed, Severity::Warning)));
        check(&link(r#"{"state":"CONNECTING","attempts":1}"#), None);
        let halted = |to: &str| {
            let (from, reason) = ("ACTIVE".into(), "the kill key".into());
            envelope(SystemEvent::TradingChanged(TradingChanged { from, to: to.into(), reason }))
        };
        check(&halted("HALTED"), Some((Kind::Trading, Severity::Critical)));
        check(&halted("REDUCING"), Some((Kind::Trading, Severity::Warning)));
    }

    #[test]
    fn a_lost_feed_is_told_once_until_it_is_back() {
        let mut notifier = Notifier::default();
        let down = link(r#"{"state":"DOWN","attempts":0}"#);
        assert!(notifier.see(at(0), &down).is_some());
        for second in [10, 20, 30] {
            assert_eq!(notifier.see(at(second), &down), None);
        }
        assert_eq!(notifier.due(at(40)), []);
        assert_eq!(notifier.see(at(50), &link(r#"{"state":"UP"}"#)), None);
        assert!(notifier.see(at(60), &down).is_some());
    }

    #[test]
    fn a_hostile_text_cannot_end_the_notification_or_steer_the_terminal() {
        let evil = "a\u{7}b\u{1b}\\c\u{1b}]52;c;AAAA\u{7}\u{9c}\u{202e}d\n";
        let notice = Notifier::default().see(at(0), &alert(Severity::Info, evil)).unwrap();
        let sequence = notice.osc9();
        let inner = sequence.strip_prefix("\u{1b}]9;").unwrap().strip_suffix("\u{1b}\\").unwrap();
        assert!(!inner.contains(char::is_control), "{inner:?}");
        assert!(!inner.contains('\u{202e}'));
        let long = alert(Severity::Info, &"x".repeat(100_000));
        assert!(Notifier::default().see(at(0), &long).unwrap().text.chars().count() <= TEXT_MAX);
    }
}
