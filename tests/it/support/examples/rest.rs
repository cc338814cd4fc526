//! Examples of everything else: trades, breakers, humans, questions, the system.

use flightdeck::domain::command::{
    Acknowledge, Actor, Approve, CancelOrder, Flatten, OperatorCommand, Outcome, Reason, Reject,
    ResetBreaker, Settle, Way,
};
use flightdeck::domain::ids::{AgentId, Seq};
use flightdeck::domain::market::Interval;
use flightdeck::domain::position::Direction;
use flightdeck::events::{
    AgentFailed, AgentRetired, AgentStarted, Alert, ApproveTrade, AssessPortfolio, BreakerEvent,
    BreakerStateChanged, BudgetChanged, BudgetExhausted, BusChanged, CalculateSize, CheckExit,
    CheckStatus, EmailStored, Event, GetBars, GetOrderStatus, GetQuote, HaltRequired, HaltTrigger,
    IntelEvent, LinkFound, LoginChanged, ReconcileCleared, ReconcileDifference, RequestEvent,
    ScanCandidates, SessionEnded, SessionStarted, Severity, ShouldExit, Subscribe, SystemEvent,
    Timer, TimerDue, TradeEvent, TradeStateChanged, TradingChanged, TransitionInvalid,
};

use rust_decimal::dec;

use crate::support::examples::{aapl, ours, price, shares, theirs, time, trade};

pub(super) fn examples() -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    events.extend(trades().map(Event::from));
    events.extend(breakers().map(Event::from));
    events.extend(mail().map(Event::from));
    events.extend(commands().into_iter().map(Event::from));
    events.extend(questions().into_iter().map(Event::from));
    events.extend(system().into_iter().map(Event::from));
    events.extend(timers().into_iter().map(Event::from));
    events
}

fn trades() -> [TradeEvent; 3] {
    let changed = |reason| {
        let (from, to) = ("SCANNING".into(), "SETUP_DETECTED".into());
        let (trade_id, symbol) = (trade(), aapl());
        TradeEvent::StateChanged(TradeStateChanged { trade_id, symbol, from, to, reason })
    };
    let invalid = TransitionInvalid {
        trade_id: trade(),
        symbol: aapl(),
        from: "ENTRY_APPROVED".into(),
        error: "cannot transition from ENTRY_APPROVED to FILLED".into(),
    };
    [changed(None), changed(Some("expired".into())), TradeEvent::TransitionInvalid(invalid)]
}

fn mail() -> [IntelEvent; 3] {
    let stored = |written_at| {
        IntelEvent::EmailStored(EmailStored {
            number: 7,
            email: "7@x.com".into(),
            written_at,
            client: "bo@x.com".into(),
            name: "Bo Chen".into(),
            subject: "margins".into(),
            symbols: vec![aapl()],
            intents: vec!["concern".into()],
        })
    };
    let found = LinkFound {
        number: 3,
        email: "7@x.com".into(),
        written_at: Some(time("2025-10-27T14:30:00Z")),
        client: "bo@x.com".into(),
        subject: "margins".into(),
        symbols: vec![aapl()],
        transcript: "weekly".into(),
        title: "Weekly call".into(),
        score: dec!(0.7312),
        segment: Some(4),
        offset_ms: Some(61_500),
        said_at: Some(time("2025-10-26T14:31:01.5Z")),
        speaker: "Bo Chen".into(),
        said: "the margins worry me".into(),
        words: vec!["margin".into()],
        people: vec!["bo chen".into()],
        entities: vec!["ticker:AAPL".into()],
    };
    let written = Some(time("2025-10-27T14:30:00Z"));
    [stored(None), stored(written), IntelEvent::LinkFound(Box::new(found))]
}

fn breakers() -> [BreakerEvent; 5] {
    let changed = |retry_at| {
        BreakerEvent::StateChanged(BreakerStateChanged {
            breaker: "alpaca.paper.orders".into(),
            from: "CLOSED".into(),
            to: "OPEN".into(),
            reason: "3 failures in a row".into(),
            retry_at,
        })
    };
    let exhausted = BudgetExhausted {
        budget: "alpaca.paper".into(),
        lane: "entry".into(),
        until: time("2025-10-28T14:31:00Z"),
    };
    let used = |shut_until| {
        let budget = "alpaca.paper".into();
        BreakerEvent::BudgetChanged(BudgetChanged { budget, used: 7, limit: 200, shut_until })
    };
    [
        changed(None),
        changed(Some(time("2025-10-28T14:31:00Z"))),
        BreakerEvent::BudgetExhausted(exhausted),
        used(None),
        used(Some(time("2025-10-28T14:31:00Z"))),
    ]
}

fn commands() -> Vec<OperatorCommand> {
    let by = None;
    let reason =
        || Reason { reason: "before the \u{2068}FOMC\u{2069} \\ meeting".into(), by: None };
    let asked = |via, uid, user: Option<&str>| {
        let actor = Actor { via, uid, user: user.map(str::to_owned) };
        OperatorCommand::Kill(reason()).asked_by(actor)
    };
    let flatten = |symbol| {
        let reason = "weekend".into();
        OperatorCommand::Flatten(Flatten { symbol, reason, by: None })
    };
    let settle = |outcome| {
        let (client_order_id, reason) = (ours(1), "seen in the broker's list".into());
        OperatorCommand::Settle(Settle { client_order_id, outcome, reason, by: None })
    };
    let acknowledge = |subject: Option<&str>| {
        let (subject, reason) = (subject.map(str::to_owned), "mine".into());
        OperatorCommand::Acknowledge(Acknowledge { subject, reason, by: None })
    };
    vec![
        OperatorCommand::Approve(Approve { trade_id: trade(), by: None }),
        OperatorCommand::Reject(Reject { trade_id: trade(), reason: "too late".into(), by: None }),
        OperatorCommand::Cancel(CancelOrder { client_order_id: ours(1), by: None }),
        OperatorCommand::ResetBreaker(ResetBreaker {
            breaker: "schwab.orders".into(),
            reason: "logged in again".into(),
            by,
        }),
        OperatorCommand::Kill(reason()),
        asked(Way::Socket, Some(1000), Some("ada")),
        asked(Way::Signal, None, None),
        OperatorCommand::Reduce(reason()),
        OperatorCommand::Resume(reason()),
        flatten(None),
        flatten(Some(aapl())),
        settle(Outcome::NotThere),
        settle(Outcome::Working { broker_order_id: theirs(1) }),
        settle(Outcome::Over { filled: shares(0), price: None }),
        settle(Outcome::Over { filled: shares(5), price: Some(price("175.50")) }),
        acknowledge(None),
        acknowledge(Some("AAPL")),
    ]
}

fn questions() -> Vec<RequestEvent> {
    let symbol = aapl();
    let size = CalculateSize {
        symbol,
        direction: Direction::Short,
        entry_price: price("175.50"),
        stop_price: price("184.28"),
    };
    let trade_id = trade();
    vec![
        RequestEvent::GetQuote(GetQuote { symbol }),
        RequestEvent::GetBars(GetBars { symbol, interval: Interval::FiveMinutes, count: 1_000 }),
        RequestEvent::Subscribe(Subscribe { symbols: vec![symbol] }),
        RequestEvent::CheckStatus(CheckStatus {}),
        RequestEvent::ScanCandidates(ScanCandidates {}),
        RequestEvent::EvaluateSetup(GetQuote { symbol }),
        RequestEvent::ManagePosition(ShouldExit { trade_id: trade_id.clone() }),
        RequestEvent::ShouldExit(ShouldExit { trade_id: trade_id.clone() }),
        RequestEvent::CalculateSize(size),
        RequestEvent::CheckLimits(size),
        RequestEvent::AssessPortfolio(AssessPortfolio {}),
        RequestEvent::ApproveTrade(ApproveTrade { trade_id }),
        RequestEvent::GetOrderStatus(GetOrderStatus { client_order_id: ours(1) }),
        RequestEvent::Track(GetQuote { symbol }),
        RequestEvent::CalculatePnl(AssessPortfolio {}),
        RequestEvent::CheckExit(CheckExit { symbol }),
    ]
}

fn system() -> Vec<SystemEvent> {
    let failed = |rebuilt| {
        let message = "index out of bounds: the len is 0".into();
        let agent = AgentId::RiskManagement;
        SystemEvent::AgentFailed(AgentFailed { agent, poison: Seq(7), message, rebuilt })
    };
    let difference = |stream: Option<&str>, cause: Option<&str>| {
        SystemEvent::ReconcileDifference(ReconcileDifference {
            stream: stream.map(str::to_owned),
            since: cause.map(|_| time("2025-10-28T14:31:00Z")),
            cause: cause.map(str::to_owned),
            ..ReconcileDifference::between("AAPL".into(), "5 shares".into(), "4 shares".into())
        })
    };
    let cleared = |is_acknowledged| {
        let (subject, how) = ("AAPL".into(), "both sides agree again".into());
        SystemEvent::ReconcileCleared(ReconcileCleared { subject, is_acknowledged, how })
    };
    let halt = |trigger| {
        let reason = "the clock was set back by 3600 s".into();
        SystemEvent::HaltRequired(HaltRequired { trigger, reason })
    };
    let alert = |severity| SystemEvent::Alert(Alert { severity, text: "check the feed".into() });
    vec![
        SystemEvent::SessionStarted(SessionStarted {
            mode: "sim".into(),
            seed: u64::MAX,
            version: "0.1.0".into(),
            config_hash: "e3b0c44298fc1c14".into(),
            order_tag: Some("k3m9xq".into()),
        }),
        SystemEvent::SessionEnded(SessionEnded { reason: "ctrl-c".into() }),
        SystemEvent::AgentStarted(AgentStarted { agent: AgentId::PositionManagement }),
        failed(true),
        failed(false),
        SystemEvent::AgentRetired(AgentRetired {
            agent: AgentId::Venue,
            unanswered: Seq(41),
            reason: "no answer within 250 ms".into(),
        }),
        SystemEvent::TradingChanged(TradingChanged {
            from: "ACTIVE".into(),
            to: "HALTED".into(),
            reason: "operator".into(),
        }),
        difference(None, None),
        difference(Some("5 shares"), Some("closed by hand")),
        cleared(true),
        cleared(false),
        halt(HaltTrigger::ClockStep),
        halt(HaltTrigger::Store),
        halt(HaltTrigger::Part),
        SystemEvent::BusDown(BusChanged { reason: "redis://127.0.0.1: cut".into() }),
        SystemEvent::LoginChanged(LoginChanged {
            broker: "schwab".into(),
            access_until: None,
            login_until: None,
            needed: Some("the login has expired".into()),
        }),
        SystemEvent::BusUp(BusChanged { reason: "redis://127.0.0.1".into() }),
        alert(Severity::Info),
        alert(Severity::Warning),
        alert(Severity::Critical),
    ]
}

fn timers() -> Vec<SystemEvent> {
    let timers = vec![
        Timer::Approval(trade()),
        Timer::Votes(trade()),
        Timer::EntryAge(ours(1)),
        Timer::ExitAge(ours(1)),
        Timer::Protection(trade()),
        Timer::Session,
        Timer::DataAge,
        Timer::Venue(u64::MAX),
        Timer::Breaker("sim.orders".into()),
    ];
    let due = |timer| SystemEvent::TimerDue(TimerDue { agent: AgentId::MarketData, timer });
    timers.into_iter().map(due).collect()
}
