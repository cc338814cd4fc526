//! From an opinion to a permission: votes from outside, and the controls that stand
//! between a proposal and the venue, each named after its row in the list of
//! controls.

use flightdeck::config::Config;
use flightdeck::domain::ids::{AgentId, TradeId};
use flightdeck::domain::market::{MarketStep, StatusChange, TradingStatus};
use flightdeck::domain::order::{OrderPurpose, RejectReason};
use flightdeck::domain::position::Direction;
use flightdeck::domain::time::Timestamp;
use flightdeck::events::{SignalEvent, VoteCast};
use flightdeck::strategies::{Action, TradingSignal};
use rust_decimal::{Decimal, dec};

use crate::support::cockpit::{Cockpit, START, dollars, price, rules, symbol};
use crate::support::trouble::{Trouble, What};

/// A house that asks two members outside.
fn polled() -> (Cockpit, TradeId) {
    let mut config = rules();
    config.strategy.external_members = vec!["oracle".into(), "analyst".into()];
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let asked = cockpit.last("strategy.vote.requested");
    assert_eq!(asked.line(&["symbol", "price", "members"]), "AAPL 175.50 [\"oracle\",\"analyst\"]");
    assert_eq!(cockpit.count("strategy.entry.signal"), 0, "nothing before the votes");
    let trade = cockpit.trade();
    (cockpit, trade)
}

fn vote(cockpit: &mut Cockpit, trade: &TradeId, member: &str, action: Action, confidence: f64) {
    let signal = TradingSignal {
        action,
        symbol: symbol("AAPL"),
        price: price("175.50"),
        confidence,
        strategy: member.into(),
        reasoning: "seen in the tea".into(),
    };
    let cast = VoteCast { trade_id: trade.clone(), signal };
    cockpit.input(AgentId::Operator, SignalEvent::VoteCast(cast));
}

/// Every ballot as `member action`.
fn ballots(cockpit: &Cockpit) -> String {
    cockpit.last("strategy.ensemble.signal").text("ballots")
}

#[test]
fn votes_from_outside_that_come_in_time_count() {
    let (mut cockpit, trade) = polled();
    vote(&mut cockpit, &trade, "oracle", Action::Buy, 0.9);
    assert_eq!(cockpit.count("strategy.ensemble.signal"), 0, "one is missing");
    vote(&mut cockpit, &trade, "analyst", Action::Buy, 0.6);
    let decided = cockpit.last("strategy.ensemble.signal");
    assert_eq!(decided.line(&["speaker", "confidence", "consensus"]), "oracle 0.9 1");
    assert_eq!(cockpit.state(), "HOLDING");
    assert_eq!(cockpit.last("strategy.entry.signal").text("strategy"), "oracle_3_to_1");
}

#[test]
fn votes_from_outside_may_turn_a_decision_down() {
    let (mut cockpit, trade) = polled();
    vote(&mut cockpit, &trade, "oracle", Action::Sell, 0.6);
    vote(&mut cockpit, &trade, "analyst", Action::Hold, 0.0);
    // One against one: the more confident side speaks, for half of the votes.
    let decided = cockpit.last("strategy.ensemble.signal");
    assert_eq!(decided.line(&["action", "consensus"]), "buy 0.5");
    assert_eq!(cockpit.count("strategy.hold.signal"), 1);
    assert_eq!(cockpit.last("trade.state.changed").text("reason"), "SETUP_GONE");
    assert_eq!(cockpit.count("order.submit"), 0);
}

#[test]
fn a_member_outside_that_is_late_is_left_out() {
    let (mut cockpit, trade) = polled();
    vote(&mut cockpit, &trade, "analyst", Action::Buy, 0.6);
    cockpit.wait(4);
    assert_eq!(cockpit.count("strategy.ensemble.signal"), 0);
    cockpit.wait(1);
    let left_out = cockpit.last("strategy.member.left_out");
    assert_eq!(left_out.line(&["member", "reason"]), "oracle no vote within 5 s");
    assert_eq!(cockpit.state(), "HOLDING", "decided without it");
    let mark = cockpit.mark();
    vote(&mut cockpit, &trade, "oracle", Action::Sell, 1.0);
    let said = cockpit.last("strategy.member.left_out");
    assert!(said.text("reason").ends_with("where no vote is open"), "{}", said.text("reason"));
    assert_eq!(cockpit.since(mark).len(), 2, "a late vote changes nothing, and that is said");
}

#[test]
fn a_malformed_vote_is_left_out_and_said() {
    let (mut cockpit, trade) = polled();
    vote(&mut cockpit, &trade, "oracle", Action::Buy, 7.0);
    assert_eq!(cockpit.last("strategy.member.left_out").text("member"), "oracle");
    vote(&mut cockpit, &trade, "oracle", Action::Buy, 0.9);
    vote(&mut cockpit, &trade, "analyst", Action::Buy, 0.6);
    assert_eq!(cockpit.state(), "HOLDING");
    assert!(ballots(&cockpit).contains("left out"), "no second chance: {}", ballots(&cockpit));
}

#[test]
fn a_stranger_does_not_vote_and_nobody_votes_twice() {
    let (mut cockpit, trade) = polled();
    vote(&mut cockpit, &trade, "stranger", Action::Sell, 1.0);
    vote(&mut cockpit, &trade, "oracle", Action::Buy, 0.9);
    vote(&mut cockpit, &trade, "oracle", Action::Sell, 1.0);
    vote(&mut cockpit, &TradeId::new("another"), "analyst", Action::Sell, 1.0);
    assert_eq!(cockpit.count("strategy.ensemble.signal"), 0);
    vote(&mut cockpit, &trade, "analyst", Action::Buy, 0.6);
    let decided = cockpit.last("strategy.ensemble.signal");
    assert_eq!(decided.line(&["action", "speaker", "consensus"]), "buy oracle 1");
    assert!(!ballots(&cockpit).contains("stranger"));
}

/// The rule that refused the last entry, and that nothing was sent for it.
#[track_caller]
fn check_refused(cockpit: &Cockpit, sent: usize, rule: &str) {
    let refused = cockpit.last("risk.limit.exceeded");
    assert_eq!(refused.text("rule"), rule, "{}", refused.text("explanation"));
    assert_eq!(refused.text("trade_id"), cockpit.trade().as_str());
    assert_eq!(cockpit.last("trade.state.changed").text("reason"), "RISK_REFUSED");
    assert_eq!(cockpit.count("order.submit"), sent, "nothing was sent");
}

#[test]
fn c02_a_lower_limit_of_one_symbol_bounds_its_size() {
    let mut config = rules();
    config.risk.max_position_value_by_symbol.insert(symbol("AAPL"), dollars("400"));
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.last("risk.size.calculated").text("size.quantity"), "2");
    assert_eq!(cockpit.last("position.open.done").text("quantity"), "2");
}

#[test]
fn c03_an_entry_that_works_takes_its_place_among_the_positions() {
    let mut config = rules();
    config.risk.max_open_positions = 1;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup_missed("AAPL", "175.50");
    assert_eq!(cockpit.state(), "ORDER_PLACED");
    cockpit.setup("MSFT", "300.00", Direction::Long);
    check_refused(&cockpit, 1, "max_open_positions");
}

#[test]
fn c03_one_symbol_has_one_trade_at_a_time() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.setup_missed("AAPL", "175.50");
    for _ in 0..5 {
        cockpit.wait(10).quote("AAPL", "175.51", "175.52").bar("AAPL", ["175.52"; 4], 5_000);
    }
    assert_eq!(cockpit.count("strategy.candidate.found"), 1);
    assert_eq!(cockpit.count("order.submit"), 1);
}

#[test]
fn c04_a_fall_from_the_peak_is_said_once_and_then_ends_entries() {
    let mut config = rules();
    config.account.opening_cash = dollars("2000");
    config.risk.max_equity_fraction = Decimal::ONE;
    config.risk.min_cash_fraction = Decimal::ZERO;
    config.risk.max_trade_risk = dec!(0.05);
    config.risk.max_drawdown = dec!(0.02);
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
    // Five shares: 4.00 down loses 1 % of the peak, half of the limit.
    for bid in ["172.00", "171.40", "170.00", "168.00"] {
        cockpit.wait(5).quote("AAPL", bid, &price(bid).plus(dollars("0.02")).unwrap().to_string());
    }
    assert_eq!(cockpit.count("risk.drawdown.alert"), 1);
    let alert = cockpit.last("risk.drawdown.alert");
    assert_eq!(
        alert.line(&["drawdown", "limit", "peak", "equity"]),
        "0.010225 0.02 2000.00 1979.55"
    );
    cockpit.wait(5).quote("AAPL", "167.00", "167.02");
    let sent = cockpit.count("order.submit");
    cockpit.setup("MSFT", "300.00", Direction::Long);
    check_refused(&cockpit, sent, "max_drawdown");
}

#[test]
fn c06_the_same_order_again_within_a_minute_is_a_duplicate() {
    let mut cockpit = Cockpit::new(&rules());
    let what = What::Refused(RejectReason::Other);
    cockpit.trouble(Trouble { purpose: OrderPurpose::Entry, times: 1, what });
    cockpit.setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "ABORTED");
    cockpit.wait(30).setup("AAPL", "175.50", Direction::Long);
    check_refused(&cockpit, 1, "duplicate_order");
    cockpit.wait(31).setup("AAPL", "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
}

#[test]
fn c08_a_strategy_that_loses_again_and_again_is_disabled_until_a_human_resumes() {
    let mut config = rules();
    config.risk.max_strategy_losses = 2;
    let mut cockpit = Cockpit::new(&config);
    for of in ["F", "GM"] {
        cockpit.wait(61).setup(of, "100.00", Direction::Long);
        cockpit.wait(1).quote(of, "94.90", "94.91");
        assert_eq!(cockpit.state(), "CLOSED");
    }
    let disabled = cockpit.last("risk.strategy.disabled");
    assert_eq!(disabled.text("strategy"), "trend_following_3_to_1");
    let sent = cockpit.count("order.submit");
    cockpit.wait(61).setup("IBM", "200.00", Direction::Long);
    check_refused(&cockpit, sent, "strategy_enabled");
    cockpit.resume();
    cockpit.wait(61).setup("IBM", "200.00", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
}

#[test]
fn c08_a_strategy_that_orders_too_often_is_disabled() {
    let mut config = rules();
    config.risk.max_strategy_orders = 3;
    let mut cockpit = Cockpit::new(&config);
    for of in ["F", "GM", "IBM"] {
        cockpit.setup(of, "100.00", Direction::Long);
    }
    assert_eq!(cockpit.count("risk.strategy.disabled"), 1);
    let sent = cockpit.count("order.submit");
    cockpit.setup("T", "100.00", Direction::Long);
    check_refused(&cockpit, sent, "strategy_enabled");
}

#[test]
fn c11_a_price_out_of_nowhere_is_not_acted_on() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.history("AAPL", "175.50", Direction::Long);
    // The bar that makes the setup is far from everything before it.
    cockpit.quote("AAPL", "129.99", "130.00").wait(1).bar("AAPL", ["175.50"; 4], 2_000);
    assert_eq!(cockpit.last("market_data.data.suspected").text("reason"), "outlier");
    check_refused(&cockpit, 0, "max_price_jump");
}

#[test]
fn c11_an_entry_needs_a_fresh_quote() {
    let mut cockpit = Cockpit::new(&rules());
    cockpit.history("AAPL", "175.50", Direction::Long);
    cockpit.quote("AAPL", "175.49", "175.50").wait(20).bar("AAPL", ["175.50"; 4], 2_000);
    check_refused(&cockpit, 0, "max_quote_age_seconds");
}

#[test]
fn c12_a_restricted_or_halted_stock_is_not_entered() {
    let mut config = rules();
    config.risk.restricted.insert(symbol("AAPL"));
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    check_refused(&cockpit, 0, "restricted");
    let status = StatusChange { symbol: symbol("MSFT"), status: TradingStatus::Halted };
    cockpit.step(MarketStep { status: vec![status], ..MarketStep::default() });
    cockpit.setup("MSFT", "300.00", Direction::Long);
    check_refused(&cockpit, 0, "halted");
}

#[test]
fn c13_no_entry_shortly_before_the_close_nor_outside_the_session() {
    let mut cockpit = Cockpit::new(&rules());
    let close = START + 5 * 3_600 + 1_800;
    cockpit.wait_until(Timestamp::from_seconds(close - 599));
    cockpit.setup("AAPL", "175.50", Direction::Long);
    check_refused(&cockpit, 0, "entry_cutoff_minutes");
    cockpit.wait_until(Timestamp::from_seconds(close + 60));
    cockpit.setup("MSFT", "300.00", Direction::Long);
    assert_eq!(cockpit.count("strategy.candidate.found"), 1, "no bar after hours counts");
}

#[test]
fn a_short_entry_needs_permission() {
    let mut config = rules();
    config.risk.allow_short = false;
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Short);
    check_refused(&cockpit, 0, "allow_short");
}

#[test]
fn an_account_without_enough_cash_takes_no_position() {
    let mut config: Config = rules();
    config.account.opening_cash = dollars("200");
    let mut cockpit = Cockpit::new(&config);
    cockpit.setup("AAPL", "175.50", Direction::Long);
    let size = cockpit.last("risk.size.calculated");
    assert_eq!(size.line(&["size.quantity", "size.bound_by"]), "0 max_equity_fraction");
    assert_eq!(cockpit.state(), "ABORTED");
    assert_eq!(cockpit.count("order.submit"), 0);
}

/// A setup in a stock and its end at the stop: 5 × (175.50 − 166.00) are lost.
#[track_caller]
fn lose(cockpit: &mut Cockpit, of: &str) {
    cockpit.setup(of, "175.50", Direction::Long);
    assert_eq!(cockpit.state(), "HOLDING");
    cockpit.wait(60).quote(of, "166.00", "166.01").wait(60);
    assert_eq!(cockpit.state(), "CLOSED");
}

#[test]
fn c04_a_days_loss_is_forgotten_with_the_day_and_a_weeks_with_the_week() {
    let mut config = rules();
    config.risk.max_daily_loss = dec!(0.001);
    config.risk.max_weekly_loss = dec!(0.0015);
    let mut cockpit = Cockpit::new(&config);
    // 100 dollars a day, 150 a week; each try risks 43.90.
    lose(&mut cockpit, "AAPL");
    lose(&mut cockpit, "MSFT");
    let sent = cockpit.count("order.submit");
    cockpit.setup("IBM", "175.50", Direction::Long);
    check_refused(&cockpit, sent, "max_daily_loss");

    cockpit.wait_until(Timestamp::from_seconds(START + 24 * 3_600));
    lose(&mut cockpit, "IBM");
    let sent = cockpit.count("order.submit");
    cockpit.setup("SPY", "175.50", Direction::Long);
    check_refused(&cockpit, sent, "max_weekly_loss");

    // Monday; in New York the clocks have been set back.
    cockpit.wait_until(Timestamp::from_seconds(START + 6 * 24 * 3_600 + 3_600));
    lose(&mut cockpit, "SPY");
}

#[test]
fn c04_what_open_positions_lose_at_their_stops_counts_as_lost() {
    let mut config = rules();
    config.risk.max_daily_loss = dec!(0.001);
    let mut cockpit = Cockpit::new(&config);
    for of in ["AAPL", "MSFT"] {
        cockpit.setup(of, "175.50", Direction::Long);
        assert_eq!(cockpit.state(), "HOLDING");
    }
    let sent = cockpit.count("order.submit");
    cockpit.setup("IBM", "175.50", Direction::Long);
    check_refused(&cockpit, sent, "max_daily_loss");
}
