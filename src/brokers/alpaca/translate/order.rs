//! The order object into [`BrokerOrder`] (protocol page §3.3 and §4.1 of October
//! 2026). Answers and the trading stream share it.

use crate::brokers::alpaca::translate::field::{self, Unreadable};
use crate::brokers::alpaca::wire::WireOrder;
use crate::brokers::broker::BrokerOrder;
use crate::brokers::oddity::{Oddities, Oddity};
use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::money::Qty;
use crate::domain::order::{OrderKind, OrderReport, ReportedStatus, Trail};
use crate::domain::time::Timestamp;

/// Translates an order with its legs.
///
/// # Errors
/// When it has no id, or its symbol or side cannot be read.
pub(crate) fn broker_order(
    wire: &WireOrder,
    oddities: &Oddities,
) -> Result<BrokerOrder, Unreadable> {
    if wire.id.is_empty() {
        return Err(Unreadable("an order without an id".into()));
    }
    let id = |text: &Option<String>| {
        text.as_deref().filter(|text| !text.is_empty()).map(BrokerOrderId::new)
    };
    let submitted_at = submitted_at(wire, oddities);
    Ok(BrokerOrder {
        report: report(wire, oddities)?,
        legs: broker_orders(wire.legs.as_deref().unwrap_or_default(), oddities)?,
        replaced_by: id(&wire.replaced_by),
        replaces: id(&wire.replaces),
        submitted_at,
        updated_at: field::time(wire.updated_at.as_deref(), "updated_at", oddities)
            .unwrap_or(submitted_at),
    })
}

/// Translates a list of orders. Orders in options and crypto are not ours to touch
/// and are left out and counted; an equity order that cannot be read makes the whole
/// list unreadable, as a list with a hole would hide it.
///
/// # Errors
/// When an equity order cannot be read.
pub(crate) fn broker_orders(
    wire: &[WireOrder],
    oddities: &Oddities,
) -> Result<Vec<BrokerOrder>, Unreadable> {
    let ours = wire.iter().filter(|order| {
        if order.is_foreign() {
            oddities.count(Oddity::ForeignAsset, order.symbol.as_deref().unwrap_or_default());
        }
        !order.is_foreign()
    });
    ours.map(|order| broker_order(order, oddities)).collect()
}

fn report(wire: &WireOrder, oddities: &Oddities) -> Result<OrderReport, Unreadable> {
    let symbol = field::symbol(wire.symbol.as_deref().unwrap_or_default())?;
    let status = status(wire.status.as_deref(), oddities);
    let ordered: Option<Qty> = field::optional(wire.qty.as_ref(), "qty", oddities);
    let filled = filled(wire, ordered, status)?;
    // An order by dollars has no quantity; what is filled is all that is known.
    let qty = ordered.unwrap_or_else(|| {
        oddities.count(Oddity::MissingValue, "qty");
        filled
    });
    let client_order_id = wire.client_order_id.as_deref().filter(|id| !id.is_empty());
    Ok(OrderReport {
        client_order_id: client_order_id.map(ClientOrderId::new),
        broker_order_id: BrokerOrderId::new(wire.id.as_str()),
        symbol,
        side: field::side(wire.side.as_deref().unwrap_or_default())?,
        qty,
        kind: kind(wire, oddities),
        filled,
        average_price: field::price(wire.filled_avg_price.as_ref(), "filled_avg_price", oddities),
        status,
    })
}

/// Shares filled so far. The field may be missing, but what stands there must be a
/// number: shares that changed hands are not guessed.
fn filled(
    wire: &WireOrder,
    ordered: Option<Qty>,
    status: ReportedStatus,
) -> Result<Qty, Unreadable> {
    match wire.filled_qty.as_ref().filter(|text| !text.as_str().is_empty()) {
        Some(text) => {
            text.parse().ok_or_else(|| Unreadable(format!("filled_qty is '{}'", text.as_str())))
        }
        None if status == ReportedStatus::Filled => Ok(ordered.unwrap_or(Qty::ZERO)),
        None => Ok(Qty::ZERO),
    }
}

/// When it was submitted; where that is missing, when it was made.
fn submitted_at(wire: &WireOrder, oddities: &Oddities) -> Timestamp {
    let stamps = [
        (&wire.submitted_at, "submitted_at"),
        (&wire.created_at, "created_at"),
        (&wire.updated_at, "updated_at"),
    ];
    let mut found =
        stamps.into_iter().filter_map(|(text, name)| field::time(text.as_deref(), name, oddities));
    found.next().unwrap_or_else(|| {
        oddities.count(Oddity::MissingValue, "submitted_at");
        Timestamp::default()
    })
}

/// What makes it execute. Where a price of the type is missing the nearest kind that
/// the prices allow stands in.
fn kind(wire: &WireOrder, oddities: &Oddities) -> OrderKind {
    let limit = field::price(wire.limit_price.as_ref(), "limit_price", oddities);
    let stop = field::price(wire.stop_price.as_ref(), "stop_price", oddities);
    let amount = field::price(wire.trail_price.as_ref(), "trail_price", oddities);
    let percent = field::optional(wire.trail_percent.as_ref(), "trail_percent", oddities);
    let trail = amount.map(Trail::Amount).or(percent.map(Trail::Percent));
    let name = wire.kind.as_deref().or(wire.order_type.as_deref());
    match (name, limit, stop, trail) {
        (Some("market"), ..) => OrderKind::Market,
        (Some("limit"), Some(limit), ..) => OrderKind::Limit { limit },
        (Some("stop"), _, Some(stop), _) => OrderKind::Stop { stop },
        (Some("stop_limit"), Some(limit), Some(stop), _) => OrderKind::StopLimit { stop, limit },
        (Some("trailing_stop"), _, _, Some(trail)) => OrderKind::TrailingStop { trail },
        (name, ..) => {
            let oddity = if name.is_some() { Oddity::UnknownKind } else { Oddity::MissingValue };
            oddities.count(oddity, &format!("type {}", name.unwrap_or("is missing")));
            match (limit, stop, trail) {
                (_, _, Some(trail)) => OrderKind::TrailingStop { trail },
                (Some(limit), Some(stop), None) => OrderKind::StopLimit { stop, limit },
                (Some(limit), None, None) => OrderKind::Limit { limit },
                (None, Some(stop), None) => OrderKind::Stop { stop },
                (None, None, None) => OrderKind::Market,
            }
        }
    }
}

/// Where an order stands. Whatever is not on the page counts as open: an order that
/// is believed dead and lives costs money, the reverse costs a look (§4.1).
fn status(name: Option<&str>, oddities: &Oddities) -> ReportedStatus {
    match name {
        Some(
            "accepted"
            | "pending_new"
            | "accepted_for_bidding"
            | "new"
            | "partially_filled"
            | "pending_cancel"
            | "pending_replace"
            | "stopped"
            | "suspended"
            | "calculated"
            | "done_for_day"
            | "pending_review",
        ) => ReportedStatus::Working,
        Some("held") => ReportedStatus::Held,
        Some("filled") => ReportedStatus::Filled,
        Some("canceled") => ReportedStatus::Cancelled,
        Some("expired") => ReportedStatus::Expired,
        Some("rejected") => ReportedStatus::Rejected,
        Some("replaced") => ReportedStatus::Replaced,
        Some(other) => {
            oddities.count(Oddity::UnknownStatus, other);
            ReportedStatus::Working
        }
        None => {
            oddities.count(Oddity::MissingValue, "status");
            ReportedStatus::Working
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Result<BrokerOrder, Unreadable>, Oddities) {
        let oddities = Oddities::default();
        let order = broker_order(&serde_json::from_str(json).unwrap(), &oddities);
        (order, oddities)
    }

    /// An order with these fields besides the indispensable ones.
    fn with(fields: &str) -> (BrokerOrder, Oddities) {
        let (order, oddities) =
            read(&format!(r#"{{"id":"a","symbol":"AAPL","side":"buy"{fields}}}"#));
        (order.unwrap(), oddities)
    }

    #[track_caller]
    fn check_status(name: &str, expected: ReportedStatus, unknown: u64) {
        let (order, oddities) = with(&format!(r#","status":"{name}""#));
        assert_eq!(order.report.status, expected, "{name}");
        assert_eq!(oddities.counts().unknown_statuses, unknown, "{name}");
    }

    #[test]
    fn every_status_of_the_page_has_its_place_and_a_new_one_is_open() {
        for name in [
            "accepted",
            "pending_new",
            "accepted_for_bidding",
            "new",
            "partially_filled",
            "pending_cancel",
            "pending_replace",
            "stopped",
            "suspended",
            "calculated",
            "done_for_day",
            "pending_review",
        ] {
            check_status(name, ReportedStatus::Working, 0);
        }
        check_status("held", ReportedStatus::Held, 0);
        check_status("filled", ReportedStatus::Filled, 0);
        check_status("canceled", ReportedStatus::Cancelled, 0);
        check_status("expired", ReportedStatus::Expired, 0);
        check_status("rejected", ReportedStatus::Rejected, 0);
        check_status("replaced", ReportedStatus::Replaced, 0);
        check_status("levitating", ReportedStatus::Working, 1);
    }

    #[track_caller]
    fn check_kind(fields: &str, expected: OrderKind, unknown: u64) {
        let (order, oddities) = with(fields);
        assert_eq!(order.report.kind, expected, "{fields}");
        assert_eq!(oddities.counts().unknown_kinds, unknown, "{fields}");
    }

    #[test]
    fn the_kind_comes_from_the_type_and_its_prices() {
        let price = |text: &str| text.parse().unwrap();
        let (limit, stop) = (price("150.10"), price("142"));
        check_kind(r#","type":"market","limit_price":null"#, OrderKind::Market, 0);
        check_kind(r#","type":"limit","limit_price":"150.1""#, OrderKind::Limit { limit }, 0);
        check_kind(r#","order_type":"stop","stop_price":"142.00""#, OrderKind::Stop { stop }, 0);
        check_kind(
            r#","type":"stop_limit","stop_price":"142","limit_price":"150.1""#,
            OrderKind::StopLimit { stop, limit },
            0,
        );
        let trail = Trail::Percent("1.5".parse().unwrap());
        check_kind(
            r#","type":"trailing_stop","trail_percent":"1.5","trail_price":null,"stop_price":"149.76925""#,
            OrderKind::TrailingStop { trail },
            0,
        );
        let trail = Trail::Amount(price("2"));
        check_kind(
            r#","type":"trailing_stop","trail_price":"2""#,
            OrderKind::TrailingStop { trail },
            0,
        );
        check_kind(r#","type":"iceberg","limit_price":"150.1""#, OrderKind::Limit { limit }, 1);
        check_kind(r#","type":"pegged""#, OrderKind::Market, 1);
    }

    #[test]
    fn an_order_needs_only_id_symbol_and_side() {
        let (order, oddities) = with("");
        assert_eq!(order.report.broker_order_id.as_str(), "a");
        assert_eq!(order.report.client_order_id, None);
        assert_eq!((order.report.qty, order.report.filled), (Qty::ZERO, Qty::ZERO));
        assert_eq!(order.report.status, ReportedStatus::Working);
        assert!(oddities.counts().missing_values > 0, "what stood in is counted");
        for json in [r#"{"id":"","symbol":"A","side":"buy"}"#, r#"{"id":"a","side":"buy"}"#] {
            assert!(read(json).0.is_err(), "{json}");
        }
        assert!(read(r#"{"id":"a","symbol":"A","side":"hold"}"#).0.is_err());
    }

    #[test]
    fn the_worked_order_of_the_page_is_read_whole() {
        let (order, oddities) = with(
            r#","client_order_id":"cockpit-20261005-000017","created_at":"2026-10-05T13:45:04.981350886Z",
            "updated_at":"2026-10-05T09:45:05.027690731-04:00","submitted_at":"2026-10-05T13:45:04.980944666Z",
            "filled_at":null,"replaced_by":"e","replaces":null,"asset_class":"us_equity","notional":null,
            "qty":"10","filled_qty":"4","filled_avg_price":"150.0975","order_class":"","order_type":"limit",
            "type":"limit","limit_price":"150.1","status":"partially_filled","legs":null,"from_tomorrow":{"x":[1]}"#,
        );
        assert_eq!(order.report.filled, Qty::shares(4).unwrap());
        assert_eq!(order.report.average_price.unwrap().to_string(), "150.0975");
        assert_eq!(order.submitted_at.to_string(), "2026-10-05T13:45:04.980944666Z");
        assert_eq!(order.updated_at.to_string(), "2026-10-05T13:45:05.027690731Z");
        assert_eq!(order.replaced_by, Some(BrokerOrderId::new("e")));
        assert_eq!(order.replaces, None);
        assert_eq!(oddities.counts(), crate::brokers::alpaca::OddityCounts::default());
    }

    #[test]
    fn legs_are_translated_with_their_parent() {
        let (order, _) = with(
            r#","qty":"10","legs":[{"id":"b","symbol":"AAPL","side":"sell","type":"stop",
            "stop_price":"142","status":"held","legs":null}]"#,
        );
        assert_eq!(order.legs.len(), 1);
        assert_eq!(order.legs[0].report.status, ReportedStatus::Held);
    }

    #[test]
    fn what_is_filled_is_never_guessed() {
        let (order, _) = with(r#","status":"filled","qty":"7""#);
        assert_eq!(order.report.filled, Qty::shares(7).unwrap());
        let json = r#"{"id":"a","symbol":"AAPL","side":"buy","filled_qty":"some"}"#;
        assert!(read(json).0.is_err());
    }

    #[test]
    fn an_order_by_dollars_has_the_quantity_that_is_filled() {
        let (order, oddities) =
            with(r#","qty":null,"notional":"250","filled_qty":"1.663893511","status":"new""#);
        assert_eq!(order.report.qty.to_string(), "1.663893511");
        assert!(oddities.counts().missing_values > 0);
    }

    #[test]
    fn orders_in_options_and_crypto_are_left_out_and_counted() {
        let oddities = Oddities::default();
        let json = r#"[{"id":"a","symbol":"AAPL261218C00150000","side":"buy","asset_class":"us_option"},
            {"id":"b","symbol":null,"side":"","order_class":"mleg"},
            {"id":"c","symbol":"BRK.B","side":"sell","asset_class":"us_equity"}]"#;
        let wire: Vec<WireOrder> = serde_json::from_str(json).unwrap();
        let orders = broker_orders(&wire, &oddities).unwrap();
        assert_eq!(orders.len(), 1);
        assert_eq!(oddities.counts().foreign_assets, 2);
    }
}
