//! Orders, fills, positions, cash and trades are what follows from the events.

use proptest::prelude::*;

use super::*;
use crate::domain::position::Book;
use crate::events::PositionSplit;
use crate::journal::{JournalError, verify};

/// The rows of a query as one text, columns by `|`, rows by `;`.
fn rows(place: &Place, sql: &str) -> String {
    let connection = rusqlite::Connection::open(place.path()).unwrap();
    let mut select = connection.prepare(sql).unwrap();
    let columns = select.column_count();
    let row_text = |row: &rusqlite::Row<'_>| {
        let column = |at| match row.get::<_, rusqlite::types::Value>(at)? {
            rusqlite::types::Value::Null => Ok("-".to_owned()),
            rusqlite::types::Value::Integer(number) => Ok(number.to_string()),
            rusqlite::types::Value::Real(number) => Ok(number.to_string()),
            rusqlite::types::Value::Text(text) => Ok(text),
            rusqlite::types::Value::Blob(blob) => Ok(format!("{blob:?}")),
        };
        (0..columns).map(column).collect::<Result<Vec<_>, rusqlite::Error>>()
    };
    let rows = select.query_map([], row_text).unwrap();
    rows.map(|row| row.unwrap().join("|")).collect::<Vec<_>>().join(";")
}

#[track_caller]
fn check(events: Vec<Event>, sql: &str, expected: &str) {
    let place = Place::with(events);
    assert_eq!(rows(&place, sql), expected, "{sql}");
    verify(&place.path()).unwrap();
}

fn until_open() -> Vec<Event> {
    story().into_iter().take(13).collect()
}

#[test]
fn an_order_stands_where_its_machine_says() {
    let sql = "SELECT client_order_id, side, purpose, filled, state FROM orders_dollars";
    check(story(), sql, "o-1|buy|entry|100.000000000|FILLED;o-2|sell|entry|100.000000000|FILLED");
}

#[test]
fn a_submitted_order_carries_kind_and_limit() {
    let text = r#"{"event":"order.submit","timestamp":"2025-10-28T14:30:00Z","trace_id":"T-1","data":
        {"order":{"request":{"client_order_id":"o-9","symbol":"AAPL","side":"buy","qty":10,
        "kind":{"limit":{"limit":228.7}},"time_in_force":"day","class":"simple",
        "extended_hours":false},"purpose":"entry","trade_id":"T-1"}},
        "metadata":{"source":"OrderExecutionAgent","correlation_id":"cascade-1","priority":"high","seq":1}}"#;
    let submit = wire::read(&text.replace('\n', "")).unwrap().event;
    let sql = "SELECT client_order_id, trade_id, kind, limit_price, stop_price, qty, state FROM orders_dollars";
    check(vec![submit], sql, "o-9|T-1|limit|228.70000000|-|10.000000000|SUBMITTED");
}

#[test]
fn an_older_report_does_not_lower_what_is_filled() {
    let first = fill("o-1", "x-1", Side::Buy, (40, 40), "228.71");
    let second = fill("o-1", "x-2", Side::Buy, (60, 100), "228.71");
    check(
        vec![order_filled(&second), order_filled(&first)],
        "SELECT filled FROM orders_dollars",
        "100.000000000",
    );
}

#[test]
fn an_open_position_has_shares_and_cost() {
    check(
        until_open(),
        "SELECT * FROM positions_dollars",
        "AAPL|long|100.000000000|22871.00000000",
    );
    check(story(), "SELECT * FROM positions_dollars", "");
}

#[test]
fn cash_is_opening_less_bought_plus_sold_less_fees() {
    check(
        story(),
        "SELECT * FROM cash_dollars",
        "100000.00000000|22871.00000000|24243.00000000|0.09000000|1372.00000000|101371.91000000",
    );
}

#[test]
fn a_fill_has_its_price_profit_and_fee() {
    check(
        story(),
        "SELECT execution_id, qty, price, realized, fee, at FROM fills_dollars WHERE execution_id = 'x-3'",
        "x-3|100.000000000|242.43000000|1372.00000000|0.03000000|2025-10-28 14:30:00",
    );
}

#[test]
fn a_finished_trade_has_its_whole_story() {
    check(
        story(),
        "SELECT trade_id, state, reason, direction, entry_price, stop_price, exit_price, pnl, r_multiple, \
         strategy, entry_time, exit_time FROM trades_dollars",
        "T-1|CLOSED|TARGET_HIT|long|228.71000000|224.14000000|242.43000000|1372.00000000|3.0022|\
         trend_following_3_to_1|2025-10-28 14:30:00|2025-10-28 15:30:00",
    );
}

#[test]
fn a_split_multiplies_shares_and_leaves_the_cost() {
    let split = PositionEvent::Split(PositionSplit {
        trade_id: TradeId::new("T-1"),
        symbol: symbol(),
        quantity_before: shares(100),
        quantity_after: shares(400),
        stop_price: dollars("56.04"),
        target_price: dollars("60.61"),
    });
    let mut events = until_open();
    events.push(split.into());
    check(events, "SELECT * FROM positions_dollars", "AAPL|long|400.000000000|22871.00000000");
}

#[test]
fn amounts_below_zero_keep_their_sign_in_the_views() {
    let short = fill("o-1", "x-1", Side::Sell, (100, 100), "1");
    let cover = fill("o-2", "x-2", Side::Buy, (100, 100), "1.5");
    let sql = "SELECT realized FROM cash_dollars";
    check(vec![order_filled(&short), order_filled(&cover)], sql, "-50.00000000");
}

#[test]
fn the_tables_refuse_what_may_not_be() {
    let first = fill("o-1", "x-1", Side::Buy, (40, 40), "228.71");
    let over = fill("o-1", "x-2", Side::Buy, (60, 101), "228.71");
    for (events, constraint) in [
        (
            vec![order_filled(&first), order_filled(&first)],
            "UNIQUE constraint failed: fills.execution_id",
        ),
        (vec![order_filled(&over)], "CHECK constraint failed: filled BETWEEN 0 AND qty"),
    ] {
        let place = Place::new();
        let mut journal = place.open();
        append(&mut journal, &envelopes(1, events));
        let refused = journal.sync().unwrap_err();
        let JournalError::Store(cause) = refused else { panic!("{refused:?}") };
        assert!(cause.to_string().contains(constraint), "{cause}");
        assert!(matches!(journal.sync(), Err(JournalError::Failed)));
        drop(journal);
        assert_eq!(verify(&place.path()).unwrap().events, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_fills_leave_the_same_cash_and_positions_as_the_book(
        fills in prop::collection::vec((any::<bool>(), 1..200_u64, 1..100_000_i64, 0..500_i64, any::<bool>()), 1..40),
    ) {
        let place = Place::new();
        let mut journal = place.open();
        let mut book = Book::new(Money::from_dollars(100_000));
        for (number, (is_buy, qty, cents, fee, is_synced)) in fills.into_iter().enumerate() {
            let side = if is_buy { Side::Buy } else { Side::Sell };
            let mut execution = fill(&format!("o-{number}"), &format!("x-{number}"), side, (1, 1), "1");
            execution.qty = shares(qty);
            execution.cumulative = shares(qty);
            execution.price = Price::from_cents(cents).unwrap();
            let filled = OrderEvent::Filled(OrderFilled {
                average_price: execution.price,
                fill: execution.clone(),
                trade_id: None,
                purpose: OrderPurpose::Exit,
                kind: OrderKind::Market,
                ordered: shares(qty),
                fee: Money::from_cents(fee),
            });
            append(&mut journal, &envelopes(u64::try_from(number).unwrap() + 1, vec![filled.into()]));
            book.apply(symbol(), side, execution.qty, execution.price, Money::from_cents(fee));
            if is_synced {
                journal.sync().unwrap();
                drop(journal);
                journal = place.open();
            }
        }
        journal.sync().unwrap();
        let balance = format!("{}|{}", book.cash().units(), book.realized().units());
        prop_assert_eq!(rows(&place, "SELECT balance, realized FROM cash"), balance);
        let held = book.position(symbol()).map(|held| format!("{}|{}", held.qty.units(), held.cost.units()));
        prop_assert_eq!(rows(&place, "SELECT qty, cost FROM positions"), held.unwrap_or_default());
        prop_assert!(verify(&place.path()).is_ok());
    }
}
