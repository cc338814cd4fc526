//! Events of the trading stream, and what they mean.

use proptest::prelude::*;

use crate::brokers::alpaca::Oddities;
use crate::brokers::alpaca::stream::update::{Reading, TradingMessage, read};
use crate::brokers::{Execution, OrderNews};
use crate::domain::ids::ExecutionId;
use crate::domain::money::Qty;
use crate::domain::order::{RejectReason, ReportedStatus};

fn reading(event: &str, fields: &str, order: &str) -> Reading {
    let frame = format!(
        r#"{{"stream":"trade_updates","data":{{"event":"{event}","at":"2026-10-05T13:45:05.03Z",
        "timestamp":"2026-10-05T09:45:05.024916716-04:00"{fields},
        "order":{{"id":"A","client_order_id":"fd-1","symbol":"AAPL","side":"buy","type":"limit",
        "limit_price":"150.1","qty":"10","legs":null,"updated_at":"2026-10-05T13:45:05Z"{order}}}}}}}"#
    );
    let message = read(frame.as_bytes(), &Oddities::default()).unwrap();
    let TradingMessage::Update(reading) = message else { panic!("{message:?}") };
    *reading
}

#[track_caller]
fn check(event: &str, status: &str, (news, stands): (OrderNews, ReportedStatus)) {
    let reading = reading(event, "", &format!(r#","status":"{status}""#));
    let update = reading.update;
    assert_eq!(update.news, news, "{event}");
    assert_eq!(update.order.report.status, stands, "{event}");
    assert!(!reading.is_doubtful, "{event} is on the page");
}

#[test]
fn every_event_of_the_page_has_its_meaning() {
    use OrderNews::{CancelRefused, Corrected, Rejected, ReplaceRefused, Standing};
    use ReportedStatus as Status;
    check("accepted", "accepted", (Standing, Status::Working));
    check("pending_new", "pending_new", (Standing, Status::Working));
    check("new", "new", (Standing, Status::Working));
    check("pending_cancel", "pending_cancel", (Standing, Status::Working));
    check("canceled", "canceled", (Standing, Status::Cancelled));
    check("expired", "expired", (Standing, Status::Expired));
    check("done_for_day", "done_for_day", (Standing, Status::Working));
    check("pending_replace", "pending_replace", (Standing, Status::Working));
    check("replaced", "replaced", (Standing, Status::Replaced));
    check("stopped", "stopped", (Standing, Status::Working));
    check("suspended", "suspended", (Standing, Status::Working));
    check("calculated", "calculated", (Standing, Status::Working));
    check("held", "held", (Standing, Status::Held));
    check("restated", "new", (Standing, Status::Working));
    let rejected = Rejected { reason: RejectReason::Other };
    check("rejected", "rejected", (rejected, Status::Rejected));
    check("order_cancel_rejected", "partially_filled", (CancelRefused, Status::Working));
    check("order_replace_rejected", "new", (ReplaceRefused, Status::Working));
    check("trade_bust", "filled", (Corrected, Status::Filled));
    check("trade_correct", "filled", (Corrected, Status::Filled));
}

#[test]
fn a_fill_tells_its_own_shares_and_the_order_all_of_them() {
    let fields = r#","execution_id":"2f63","price":"150.1","qty":"6","position_qty":"20""#;
    let order = r#","status":"filled","filled_qty":"10","filled_avg_price":"150.099""#;
    let Reading { update, is_doubtful } = reading("fill", fields, order);
    let expected = Execution {
        execution_id: Some(ExecutionId::new("2f63")),
        qty: Qty::shares(6).unwrap(),
        price: "150.10".parse().unwrap(),
        at: "2026-10-05T13:45:05.024916716Z".parse().unwrap(),
    };
    assert_eq!(update.news, OrderNews::Executed(expected));
    assert_eq!(update.order.report.filled, Qty::shares(10).unwrap());
    assert!(!is_doubtful);
}

#[test]
fn an_execution_without_a_name_is_still_one() {
    for fields in [r#","price":"1","qty":"4""#, r#","execution_id":null,"price":"1","qty":"4""#] {
        let order = r#","status":"partially_filled","filled_qty":"4""#;
        let OrderNews::Executed(execution) = reading("partial_fill", fields, order).update.news
        else {
            panic!("an execution: {fields}");
        };
        assert_eq!(execution.execution_id, None);
    }
}

#[test]
fn a_fill_that_does_not_say_what_was_filled_is_doubted() {
    let order = r#","status":"filled","filled_qty":"10""#;
    for fields in [
        "",
        r#","price":"150.1""#,
        r#","qty":"6","price":null"#,
        r#","qty":"0","price":"150.1""#,
        r#","qty":"11","price":"150.1""#,
        r#","qty":"six","price":"150.1""#,
    ] {
        let reading = reading("fill", fields, order);
        assert_eq!(reading.update.news, OrderNews::Standing, "{fields}");
        assert!(reading.is_doubtful, "{fields}");
    }
}

#[test]
fn news_of_options_is_none_of_ours() {
    let oddities = Oddities::default();
    let frame = br#"{"stream":"trade_updates","data":{"event":"fill",
        "order":{"id":"A","asset_class":"us_option","symbol":"AAPL261218C00150000","side":"buy"}}}"#;
    assert_eq!(read(frame, &oddities).unwrap(), TradingMessage::Nothing);
    assert_eq!(oddities.counts().foreign_assets, 1);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &Oddities::default());
    }
}
