//! Lists in pages: nothing is lost at the seams and nothing comes twice.

use flightdeck::brokers::{Broker, BrokerOrder, CallError};
use flightdeck::domain::time::Timestamp;

use crate::alpaca_client::{Step, Venue, client, listed};

const SINCE: &str = "2026-10-05T13:00:00Z";

/// What the client makes of these pages: the open orders, all of them since then, and
/// where one of the open is older, the open groups and the second in which it was made.
async fn orders(pages: &[Vec<String>]) -> (Vec<BrokerOrder>, Vec<String>) {
    let steps = pages.iter().map(|page| Step::ok(format!("[{}]", page.join(","))));
    let venue = Venue::playing(steps).await;
    let since: Timestamp = SINCE.parse().unwrap();
    let found = client(&venue).orders(since).await.unwrap().value;
    (found, venue.lines())
}

fn ids(orders: &[BrokerOrder]) -> Vec<&str> {
    orders.iter().map(|order| order.report.broker_order_id.as_str()).collect()
}

#[tokio::test]
async fn an_account_without_orders_costs_two_requests() {
    let (found, lines) = orders(&[vec![], vec![]]).await;
    assert_eq!(found, []);
    assert_eq!(
        lines,
        [
            "GET /v2/orders?status=open&limit=500&direction=asc&nested=false",
            "GET /v2/orders?status=all&limit=500&direction=asc&nested=true\
             &after=2026-10-05T12%3A59%3A59.999Z",
        ]
    );
}

#[tokio::test]
async fn pages_overlap_and_no_order_comes_twice() {
    let stamp = |n: usize| format!("2026-10-05T13:{:02}:{:02}Z", n / 60 % 60, n % 60);
    let order = |n: usize| listed(&format!("o{n:04}"), &stamp(n), "filled");
    let first: Vec<String> = (0..500).map(order).collect();
    // The seam falls between orders of one instant; the overlap brings both again.
    let second: Vec<String> = (499..520).map(order).collect();
    let last = vec![order(519)];
    let (found, lines) = orders(&[vec![], first, second, last]).await;
    let expected: Vec<String> = (0..520).map(|n| format!("o{n:04}")).collect();
    assert_eq!(ids(&found), expected);
    assert!(lines[2].ends_with("&after=2026-10-05T13%3A08%3A18.999Z"), "{}", lines[2]);
    assert_eq!(lines.len(), 4);
}

#[tokio::test]
async fn a_page_within_one_instant_is_stepped_over() {
    let at = "2026-10-05T13:30:00Z";
    let page: Vec<String> = (0..500).map(|n| listed(&format!("o{n:04}"), at, "filled")).collect();
    let later = vec![listed("z", "2026-10-05T13:30:01Z", "filled")];
    let (found, lines) = orders(&[vec![], page.clone(), page, later.clone(), later]).await;
    assert_eq!(found.len(), 501);
    assert!(lines[3].ends_with("&after=2026-10-05T13%3A30%3A00Z"), "{}", lines[3]);
}

#[tokio::test]
async fn an_old_open_leg_brings_its_whole_group_and_nothing_else_that_is_old() {
    let old = "2026-09-01T13:30:00Z";
    let leg = |id: &str, status: &str| listed(id, old, status);
    let entry = leg("entry", "filled").replace(
        r#""legs":null"#,
        &format!(r#""legs":[{},{}]"#, leg("target", "new"), leg("stop", "held")),
    );
    let done = leg("done", "filled");
    let young = listed("young", "2026-10-05T13:00:00Z", "canceled");
    let open = vec![leg("target", "new")];
    let all = vec![young];
    let of_its_second = vec![entry, done];
    let (found, lines) = orders(&[open, all.clone(), all, vec![], of_its_second]).await;
    assert_eq!(ids(&found), ["entry", "young"]);
    assert_eq!(ids(&found[0].legs), ["target", "stop"], "the held stop is in no open list");
    assert!(lines[1].ends_with("&after=2026-10-05T12%3A59%3A59.999Z"), "{}", lines[1]);
    let second = "&after=2026-09-01T13%3A29%3A59.999Z&until=2026-09-01T13%3A30%3A01Z";
    assert!(lines[4].ends_with(second), "{}", lines[4]);
}

#[tokio::test]
async fn an_open_order_that_the_full_list_lacks_is_kept() {
    let open = vec![listed("alone", "2026-10-05T13:10:00Z", "new")];
    let (found, _) = orders(&[open, vec![], vec![], vec![]]).await;
    assert_eq!(ids(&found), ["alone"]);
}

#[tokio::test]
async fn an_order_that_rests_for_months_does_not_stretch_the_list_over_them() {
    let old = "2026-07-01T13:30:00Z";
    let stop = listed("stop", old, "held");
    let exit = listed("exit", old, "new").replace(r#""legs":null"#, &format!(r#""legs":[{stop}]"#));
    let flat = vec![listed("exit", old, "new")];
    let (found, lines) = orders(&[flat, vec![], vec![exit.clone()], vec![exit]]).await;
    assert_eq!(ids(&found), ["exit"]);
    assert_eq!(ids(&found[0].legs), ["stop"]);
    assert!(lines[1].ends_with("&after=2026-10-05T12%3A59%3A59.999Z"), "{}", lines[1]);
    assert_eq!(lines[2], "GET /v2/orders?status=open&limit=500&direction=asc&nested=true");
    assert_eq!(lines.len(), 4);
}

#[tokio::test]
async fn a_list_with_an_order_that_cannot_be_read_is_no_list() {
    let broken = listed("a", SINCE, "new").replace(r#""side":"buy""#, r#""side":"hold""#);
    let venue = Venue::playing([Step::ok(format!("[{broken}]"))]).await;
    let error = client(&venue).orders(Timestamp::default()).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn executions_come_once_in_order_of_what_was_filled() {
    let row = |n: usize, time: &str, cumulative: usize| {
        format!(
            r#"{{"id":"20261005094505024::{n:03}","activity_type":"FILL","type":"partial_fill","transaction_time":"{time}","symbol":"AAPL","side":"buy","qty":"4","price":"150.0975","cum_qty":"{cumulative}","order_id":"o"}}"#
        )
    };
    let at = "2026-10-05T13:45:05.024916Z";
    let earlier_in_it = "2026-10-05T13:45:05.024100Z";
    let first: Vec<String> = (0..100).map(|n| row(n, at, 1_000 - n)).collect();
    // Overlaps by one row, and its new row is the first of its millisecond.
    let second = [row(99, at, 901), row(100, earlier_in_it, 2_000)];
    let venue = Venue::playing([
        Step::ok(format!("[{}]", first.join(","))),
        Step::ok(format!("[{}]", second.join(","))),
    ])
    .await;
    let order = flightdeck::domain::ids::BrokerOrderId::new("o");
    let since: Timestamp = SINCE.parse().unwrap();
    let fills = client(&venue).fills(Some(&order), since).await.unwrap().value;
    assert_eq!(fills.len(), 101);
    assert!(fills.is_sorted_by_key(|fill| fill.cumulative));
    let lines = venue.lines();
    let asked = "GET /v2/account/activities/FILL?after=2026-10-05T12%3A59%3A59.999Z\
                 &direction=asc&page_size=100&order_id=o";
    let next = format!("{asked}&page_token=20261005094505024%3A%3A099");
    assert_eq!(lines, [asked.to_owned(), next]);
}
