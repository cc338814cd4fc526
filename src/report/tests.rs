//! The numbers, against ones made by hand.

use rust_decimal::{Decimal, dec};

use crate::domain::ids::{Symbol, TradeId};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;
use crate::report::{EquitySample, Report, TradeRecord};

fn trade(strategy: &str, pnl_cents: i64, r_multiple: Option<Decimal>, held: i64) -> TradeRecord {
    TradeRecord {
        trade_id: TradeId::new("trade-1"),
        symbol: Symbol::new("AAPL").unwrap(),
        direction: Direction::Long,
        quantity: Qty::shares(5).unwrap(),
        entry_time: Timestamp::from_seconds(1_000),
        entry_price: Price::from_cents(17_550).unwrap(),
        exit_time: Some(Timestamp::from_seconds(1_000 + held)),
        exit_price: Some(Price::from_cents(20_182).unwrap()),
        pnl: Money::from_cents(pnl_cents),
        r_multiple,
        reason: "TARGET_HIT".into(),
        strategy: strategy.into(),
        members: vec![strategy.into()],
        fees: Money::from_cents(2),
    }
}

fn sample(second: i64, equity: i64, gross: i64) -> EquitySample {
    EquitySample {
        at: Timestamp::from_seconds(second),
        equity: Money::from_dollars(equity),
        gross_exposure: Money::from_dollars(gross),
        has_position: gross > 0,
    }
}

/// Four trades: +131.60 (3.0 R), -43.90 (-1 R), 0, -6.10 without R.
fn four_trades() -> Report {
    let mut report = Report::default();
    report.trade(&trade("momentum", 13_160, Some(dec!(3)), 60));
    report.trade(&trade("momentum", -4_390, Some(dec!(-1)), 120));
    report.trade(&trade("volatility", 0, Some(dec!(0)), 0));
    report.trade(&trade("volatility", -610, None, 3_600));
    report
}

#[test]
fn an_open_trade_is_counted_but_neither_won_nor_lost() {
    let mut report = four_trades();
    let open = trade("momentum", 9_999, None, 0);
    report.trade(&TradeRecord { exit_time: None, exit_price: None, ..open });
    let metrics = report.metrics();
    assert_eq!((metrics.trades, metrics.closed, metrics.open), (5, 4, 1));
    let before = four_trades().metrics();
    assert_eq!((metrics.net_pnl, metrics.win_rate), (before.net_pnl, before.win_rate));
    assert_eq!(metrics.members, before.members);
}

/// Equity 1000, 1200, 900, 1100, 1500, 1190: falls of 300 (25 %) and 310.
fn with_equity() -> Report {
    let mut report = four_trades();
    for (second, equity, gross) in
        [(1, 1_000, 0), (2, 1_200, 600), (3, 900, 450), (4, 1_100, 0), (5, 1_500, 0), (6, 1_190, 0)]
    {
        report.step(sample(second, equity, gross));
    }
    report
}

#[test]
fn trades_are_counted_by_the_sign_of_their_result() {
    let metrics = four_trades().metrics();
    assert_eq!((metrics.trades, metrics.wins, metrics.losses), (4, 1, 2));
    assert_eq!(metrics.win_rate, Some(dec!(0.25)));
    assert_eq!(metrics.average_r, Some(dec!(0.666667)), "(3 - 1 + 0) / 3: one trade has no R");
    assert_eq!(metrics.gross_profit, Money::from_cents(13_160));
    assert_eq!(metrics.gross_loss, Money::from_cents(5_000));
    assert_eq!(metrics.net_pnl, Money::from_cents(8_160));
    assert_eq!(metrics.profit_factor, Some(dec!(2.632)));
    assert_eq!(metrics.fees, Money::from_cents(8));
    assert_eq!(metrics.average_holding_seconds, Some(945));
}

#[test]
fn drawdown_in_dollars_and_in_percent_may_be_of_different_falls() {
    let metrics = with_equity().metrics();
    assert_eq!(metrics.max_drawdown, Money::from_dollars(310));
    assert_eq!(metrics.max_drawdown_ratio, Some(dec!(0.25)));
    assert_eq!(metrics.total_return, Some(dec!(0.19)));
    assert_eq!(metrics.steps, 6);
}

#[test]
fn exposure_is_the_share_of_steps_and_the_mean_gross_ratio() {
    let metrics = with_equity().metrics();
    assert_eq!(metrics.time_in_market, Some(dec!(0.333333)), "2 of 6 steps");
    assert_eq!(metrics.average_gross_exposure, Some(dec!(0.166667)), "(0.5 + 0.5) / 6");
}

#[test]
fn each_member_gets_its_own_trades() {
    let metrics = four_trades().metrics();
    let momentum = &metrics.members["momentum"];
    assert_eq!((momentum.trades, momentum.win_rate), (2, Some(dec!(0.5))));
    assert_eq!((momentum.average_r, momentum.net_pnl), (Some(dec!(1)), Money::from_cents(8_770)));
    let volatility = &metrics.members["volatility"];
    assert_eq!((volatility.trades, volatility.win_rate), (2, Some(dec!(0))));
    assert_eq!(volatility.net_pnl, Money::from_cents(-610));
    let sum: Money = metrics.members.values().map(|member| member.net_pnl).sum();
    assert_eq!(sum, metrics.net_pnl);
}

#[test]
fn a_division_by_zero_is_no_number() {
    let empty = Report::default().metrics();
    assert_eq!((empty.win_rate, empty.average_r, empty.profit_factor), (None, None, None));
    assert_eq!((empty.average_holding_seconds, empty.total_return), (None, None));
    assert_eq!((empty.time_in_market, empty.average_gross_exposure), (None, None));
    assert_eq!(empty.max_drawdown_ratio, None);
    let mut winner = Report::default();
    winner.trade(&trade("momentum", 100, None, 1));
    assert_eq!(winner.metrics().profit_factor, None, "no loss to divide by");
    let mut broke = Report::default();
    broke.step(sample(1, 0, 0));
    broke.step(sample(2, -5, 10));
    let broke = broke.metrics();
    assert_eq!((broke.total_return, broke.max_drawdown_ratio), (None, None));
    assert_eq!(broke.max_drawdown, Money::from_dollars(5));
}

#[test]
fn json_has_numbers_and_nulls_under_the_names_of_the_fields() {
    let json = serde_json::to_string(&with_equity().metrics()).unwrap();
    for part in [
        r#""trades":4,"closed":4,"open":0,"wins":1,"losses":2,"win_rate":0.25,"average_r":0.666667,"profit_factor":2.632"#,
        r#""gross_profit":131.60,"gross_loss":50.00,"net_pnl":81.60"#,
        r#""first_step":"1970-01-01T00:00:01Z""#,
        r#""members":{"momentum":{"trades":2,"win_rate":0.5,"average_r":1,"net_pnl":87.70}"#,
    ] {
        assert!(json.contains(part), "{part} in {json}");
    }
    let json = serde_json::to_string(&Report::default().metrics()).unwrap();
    assert!(json.contains(r#""win_rate":null"#), "{json}");
}

#[test]
fn the_tear_sheet_is_aligned_ascii_of_at_most_80_columns() {
    let mut report = with_equity();
    report.trade(&trade(
        "a\u{1b}[2Jn\u{e4}me that goes on and on and on and on",
        -1_234_567_890,
        None,
        93_784,
    ));
    let text = report.metrics().to_string();
    for line in text.lines() {
        assert!(
            line.len() <= 80 && line.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
            "{line}"
        );
    }
    for line in [
        "Win rate                            20.00%",
        "Net P&L                     -12,345,597.30",
        "Max drawdown                       -310.00",
        "momentum                              2    50.00%      1.00              87.70",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} in\n{text}");
    }
}

#[test]
fn holding_times_read_as_days_hours_and_minutes() {
    for (seconds, shown) in [(59, "0m 59s"), (3_600, "1h 00m"), (93_784, "1d 02h 03m")] {
        let mut report = Report::default();
        report.trade(&trade("momentum", 1, None, seconds));
        let text = report.metrics().to_string();
        assert!(text.contains(&format!("{shown:>20}\n")), "{shown} in\n{text}");
    }
}
