//! What a human can ask, through the whole house: approvals, the kill ladder,
//! flatten, cancel, and every question to an agent.

use flightdeck::agents::risk_management::Approval;
use flightdeck::config::Config;
use flightdeck::domain::ids::{AgentId, ClientOrderId, Seq, TradeId};
use flightdeck::domain::market::Interval;
use flightdeck::domain::order::OrderPurpose;
use flightdeck::domain::position::Direction;
use flightdeck::events::{
    AgentRetired, ApproveTrade, AssessPortfolio, CalculateSize, CheckExit, CheckStatus, ExitStyle,
    GetBars, GetOrderStatus, GetQuote, RequestEvent, ScanCandidates, ShouldExit, Subscribe,
    SystemEvent,
};

use crate::support::cockpit::{Cockpit, price, rules, symbol};
use crate::support::trouble::{Trouble, What};

fn manual() -> Config {
    let mut config = rules();
    config.account.approval = Approval::Manual;
    config
}

/// A house in manual mode with one trade that waits.
fn waiting() -> (Cockpit, TradeId) {
    let mut cockpit = Cockpit::new(&manual());
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let trade = cockpit.trade();
    assert_eq!(cockpit.count("risk.approval.requested"), 1);
    assert_eq!(cockpit.count("order.submit"), 0);
    (cockpit, trade)
}

/// A house that holds five shares of AAPL and protects them.
fn holding(exit_style: ExitStyle) -> Cockpit {
    let mut config = rules();
    config.position.exit_style = exit_style;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
    cockpit
}

/// A house whose entry in AAPL works: the price has run away from its limit.
fn entry_works() -> Cockpit {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup_missed("AAPL", "175.50");
    assert_eq!(cockpit.state(), "ORDER_PLACED");
    assert_eq!(cockpit.resting(), ["buy 5 limit 175.50"]);
    cockpit
}

#[test]
fn an_entry_that_is_approved_by_hand_is_sent() {
    let (mut cockpit, trade) = waiting();
    let asked = cockpit.last("risk.approval.requested");
    assert_eq!(asked.line(&["symbol", "cost", "worst_loss"]), "AAPL 877.50 43.90");
    cockpit.wait(5).approve(&trade);
    assert_eq!(cockpit.state(), "HOLDING");
}

#[test]
fn an_approval_counts_once() {
    let (mut cockpit, trade) = waiting();
    cockpit.approve(&trade).approve(&trade).approve(&trade);
    assert_eq!(cockpit.count("risk.trade.approved"), 1);
    assert_eq!(cockpit.held("AAPL").unwrap().qty.whole_shares(), Some(5));
}

#[test]
fn an_entry_that_is_rejected_by_hand_is_over() {
    let (mut cockpit, trade) = waiting();
    cockpit.reject(&trade).approve(&trade);
    let refused = cockpit.last("risk.trade.refused");
    assert_eq!(refused.line(&["by_operator", "reason"]), "true a test asked");
    assert_eq!(cockpit.last("trade.state.changed").text("reason"), "OPERATOR_REJECTED");
    assert_eq!(cockpit.state(), "ABORTED");
    assert_eq!(cockpit.count("order.submit"), 0);
}

#[test]
fn an_approval_that_nobody_gives_in_time_is_a_refusal_with_a_reason() {
    let (mut cockpit, trade) = waiting();
    cockpit.wait(59);
    assert_eq!(cockpit.count("risk.trade.refused"), 0);
    cockpit.wait(1);
    let refused = cockpit.last("risk.trade.refused");
    assert_eq!(refused.line(&["by_operator", "reason"]), "false nobody answered in time");
    assert_eq!(cockpit.last("trade.state.changed").text("reason"), "APPROVAL_EXPIRED");
    cockpit.approve(&trade);
    assert_eq!(cockpit.count("order.submit"), 0, "too late");
}

#[test]
fn an_unknown_trade_cannot_be_approved() {
    let (mut cockpit, _) = waiting();
    cockpit.approve(&TradeId::new("trade-of-another-house"));
    assert_eq!(cockpit.count("risk.trade.approved"), 0);
    assert_eq!(cockpit.count("order.submit"), 0);
}

#[test]
fn an_approval_is_judged_on_the_numbers_of_its_own_moment() {
    let (mut cockpit, trade) = waiting();
    cockpit.wait(20).approve(&trade);
    let refused = cockpit.last("risk.limit.exceeded");
    assert_eq!(refused.text("rule"), "max_reference_age_seconds", "the price is 20 s old");
    assert_eq!(cockpit.count("order.submit"), 0);
}

#[test]
fn kill_refuses_what_waits_for_approval() {
    let (mut cockpit, trade) = waiting();
    cockpit.kill().approve(&trade);
    assert_eq!(cockpit.count("order.submit"), 0);
    assert_eq!(cockpit.state(), "ABORTED");
}

#[test]
fn kill_cancels_own_entries_and_lets_none_leave_afterwards() {
    let mut cockpit = entry_works();
    cockpit.kill();
    assert_eq!(cockpit.resting(), Vec::<String>::new(), "cancelled and confirmed");
    assert_eq!(cockpit.state(), "ABORTED");
    assert_eq!(cockpit.last("system.trading.changed").line(&["from", "to"]), "ACTIVE HALTED");
    let sent = cockpit.count("order.submit");
    for of in ["F", "GM", "IBM"] {
        cockpit.setup(of, "100.00", Direction::Long);
        assert_eq!(cockpit.last("risk.limit.exceeded").text("rule"), "trading_state");
    }
    assert_eq!(cockpit.count("order.submit"), sent);
}

#[test]
fn kill_keeps_the_stops_and_places_those_that_are_missing() {
    let mut cockpit = holding(ExitStyle::Managed);
    cockpit.kill();
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"]);
    let stop = cockpit.order(OrderPurpose::Protection);
    cockpit.venue_cancels(&stop);
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"], "placed again while halted");
    cockpit.wait(5).quote("AAPL", "166.00", "166.01");
    assert_eq!(cockpit.state(), "CLOSED", "and it works");
}

#[test]
fn kill_pressed_again_changes_nothing() {
    let mut cockpit = holding(ExitStyle::NativeOco);
    cockpit.kill();
    let mark = cockpit.mark();
    cockpit.kill();
    let said: Vec<&str> = cockpit.since(mark).iter().map(|e| e.event.name()).collect();
    assert_eq!(said, ["operator.kill"]);
}

#[test]
fn a_human_alone_trades_again_after_a_halt() {
    let mut cockpit = holding(ExitStyle::NativeOco);
    cockpit.kill().wait(3_600);
    cockpit.setup("MSFT", "300.00", Direction::Long);
    assert_eq!(cockpit.held("MSFT"), None);
    cockpit.resume();
    assert_eq!(cockpit.last("system.trading.changed").line(&["from", "to"]), "HALTED ACTIVE");
    cockpit.wait(61).setup("IBM", "200.00", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
}

#[test]
fn reduce_lets_no_entry_through_and_leaves_working_ones_alone() {
    let mut cockpit = entry_works();
    cockpit.reduce();
    assert_eq!(cockpit.resting(), ["buy 5 limit 175.50"]);
    cockpit.setup("MSFT", "300.00", Direction::Long);
    assert_eq!(cockpit.held("MSFT"), None);
    cockpit.wait(1).quote("AAPL", "175.00", "175.01");
    assert_eq!(cockpit.resting(), ["sell 5 limit 201.82", "sell 5 stop 166.72"], "protected");
}

#[test]
fn flatten_of_one_symbol_closes_it_alone() {
    for exit_style in [ExitStyle::NativeOco, ExitStyle::Managed] {
        let mut cockpit = holding(exit_style);
        cockpit.wait(61).setup("MSFT", "300.00", Direction::Long);
        cockpit.flatten(Some("AAPL"));
        assert_eq!(cockpit.held("AAPL"), None);
        let closed = cockpit.last("position.closed.done");
        assert_eq!(closed.line(&["symbol", "reason"]), "AAPL FLATTEN");
        assert!(cockpit.held("MSFT").is_some());
        let stops = cockpit.working();
        assert!(!stops.is_empty() && stops.iter().all(|order| order.symbol == symbol("MSFT")));
        assert_eq!(cockpit.count("system.trading.changed"), 0, "trading goes on");
    }
}

#[test]
fn flatten_of_everything_closes_everything_and_ends_trading() {
    let mut cockpit = holding(ExitStyle::NativeOco);
    cockpit.wait(61).setup("MSFT", "300.00", Direction::Short);
    cockpit.wait(61).setup_missed("IBM", "200.00");
    cockpit.flatten(None);
    assert_eq!((cockpit.held("AAPL"), cockpit.held("MSFT")), (None, None));
    assert_eq!(cockpit.resting(), Vec::<String>::new(), "own entries too");
    assert_eq!(cockpit.last("system.trading.changed").line(&["from", "to"]), "ACTIVE FLATTEN");
    let sent = cockpit.count("order.submit");
    cockpit.wait(61).setup("F", "10.00", Direction::Long);
    assert_eq!(cockpit.count("order.submit"), sent);
}

#[test]
fn the_operator_cancels_an_entry_by_its_id() {
    let mut cockpit = entry_works();
    let id = cockpit.order(OrderPurpose::Entry);
    cockpit.cancel(&id);
    assert_eq!(cockpit.last("order.cancel.success").line(&["filled", "unasked"]), "0 false");
    assert_eq!(cockpit.state(), "ABORTED");
    cockpit.cancel(&ClientOrderId::new("fd-nonsense"));
    assert_eq!(cockpit.last("order.cancel.rejected").text("message"), "no such order");
}

#[test]
fn a_stop_that_the_operator_cancels_is_placed_again() {
    let mut cockpit = holding(ExitStyle::Managed);
    cockpit.wait(60);
    let id = cockpit.order(OrderPurpose::Protection);
    cockpit.cancel(&id);
    assert_eq!(cockpit.resting(), ["sell 5 stop 166.72"]);
}

#[test]
fn c21_an_agent_that_does_not_answer_halts_trading_and_cancels_entries() {
    let mut cockpit = entry_works();
    cockpit.input(
        AgentId::Spine,
        SystemEvent::AgentRetired(AgentRetired {
            agent: AgentId::Strategy,
            unanswered: Seq(7),
            reason: "no reply within 250 ms".into(),
        }),
    );
    assert_eq!(cockpit.resting(), Vec::<String>::new());
    let changed = cockpit.last("system.trading.changed");
    assert_eq!(changed.line(&["from", "to"]), "ACTIVE HALTED");
    assert!(changed.text("reason").contains("StrategyAgent"), "{}", changed.text("reason"));
}

#[test]
fn i11_an_entry_of_unknown_outcome_keeps_its_reservation() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 1, what: What::Lost });
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.count("order.outcome.unknown"), 1);
    assert_eq!(cockpit.count("order.submit.rejected"), 0, "unknown is not rejected");
    assert_eq!(cockpit.state(), "ORDER_PLACED");
    cockpit.wait(600).ask(RequestEvent::AssessPortfolio(AssessPortfolio {}));
    assert_eq!(cockpit.last("risk.portfolio.assessed").text("reserved"), "877.50");
}

#[test]
fn f01_an_order_whose_answer_was_lost_is_adopted_by_its_fill() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 1, what: What::AnswerLost });
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
    assert_eq!(cockpit.count("order.outcome.unknown"), 1);
    assert_eq!(cockpit.held("AAPL").unwrap().qty.whole_shares(), Some(5), "sent once");
}

/// The event that answers a request.
#[track_caller]
fn check_answer(cockpit: &mut Cockpit, request: &RequestEvent, answer: &str, by: AgentId) {
    let mark = cockpit.mark();
    cockpit.ask(request.clone());
    let said = cockpit.since(mark);
    let found = said.iter().any(|e| e.event.name() == answer && e.source == by);
    let names: Vec<&str> = said.iter().map(|e| e.event.name()).collect();
    assert!(found, "{request:?} was answered by {names:?}");
}

#[test]
fn every_question_is_answered_by_the_agent_that_knows() {
    let mut cockpit = holding(ExitStyle::Managed);
    let aapl = GetQuote { symbol: symbol("AAPL") };
    let trade = ShouldExit { trade_id: cockpit.trade() };
    let entry = CalculateSize {
        symbol: symbol("AAPL"),
        direction: Direction::Long,
        entry_price: price("175.50"),
        stop_price: price("166.73"),
    };
    let order = GetOrderStatus { client_order_id: cockpit.order(OrderPurpose::Entry) };
    let bars = GetBars { symbol: symbol("AAPL"), interval: Interval::Minute, count: 5 };
    let portfolio = AssessPortfolio {};
    let cases = [
        (RequestEvent::GetQuote(aapl), "market_data.quote.updated", AgentId::MarketData),
        (
            RequestEvent::GetQuote(GetQuote { symbol: symbol("ZZZ") }),
            "market_data.data.suspected",
            AgentId::MarketData,
        ),
        (RequestEvent::GetBars(bars), "feed.history.received", AgentId::Venue),
        (RequestEvent::GetBars(bars), "market_data.bars.received", AgentId::MarketData),
        (
            RequestEvent::CheckStatus(CheckStatus {}),
            "market_data.market.status",
            AgentId::MarketData,
        ),
        (
            RequestEvent::ScanCandidates(ScanCandidates {}),
            "strategy.hold.signal",
            AgentId::Strategy,
        ),
        (RequestEvent::EvaluateSetup(aapl), "strategy.hold.signal", AgentId::Strategy),
        (RequestEvent::ManagePosition(trade.clone()), "strategy.hold.signal", AgentId::Strategy),
        (RequestEvent::ShouldExit(trade), "strategy.hold.signal", AgentId::Strategy),
        (RequestEvent::CalculateSize(entry), "risk.size.calculated", AgentId::RiskManagement),
        (
            RequestEvent::AssessPortfolio(portfolio),
            "risk.portfolio.assessed",
            AgentId::RiskManagement,
        ),
        (
            RequestEvent::GetOrderStatus(order.clone()),
            "order.status.reported",
            AgentId::OrderExecution,
        ),
        (RequestEvent::GetOrderStatus(order), "venue.orders.reported", AgentId::Venue),
        (RequestEvent::Track(aapl), "position.pnl.updated", AgentId::PositionManagement),
        (
            RequestEvent::CalculatePnl(portfolio),
            "position.pnl.updated",
            AgentId::PositionManagement,
        ),
    ];
    for (request, answer, by) in cases {
        check_answer(&mut cockpit, &request, answer, by);
    }
    // Every check of an entry that is not there: a position is held already.
    let checks = RequestEvent::CheckLimits(entry);
    check_answer(&mut cockpit, &checks, "risk.limit.exceeded", AgentId::RiskManagement);
    let subscribe = Subscribe { symbols: vec![symbol("TSLA")] };
    cockpit.ask(RequestEvent::Subscribe(subscribe));
}

#[test]
fn the_position_agent_says_whether_a_level_is_reached_when_asked() {
    let mut cockpit = holding(ExitStyle::Managed);
    cockpit.ask(RequestEvent::CheckExit(CheckExit { symbol: symbol("AAPL") }));
    assert_eq!(cockpit.count("position.target.hit"), 0);
}

#[test]
fn a_waiting_trade_that_is_put_again_waits_again() {
    let (mut cockpit, trade) = waiting();
    let put = ApproveTrade { trade_id: trade.clone() };
    cockpit.wait(1).ask(RequestEvent::ApproveTrade(put));
    assert_eq!(cockpit.count("risk.approval.requested"), 2);
    assert_eq!(cockpit.count("order.submit"), 0, "asking is not approving");
    cockpit.approve(&trade);
    assert_eq!(cockpit.state(), "HOLDING");
}
