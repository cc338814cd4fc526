//! `previewOrder` (Schwab, protocol page §3.4 of October 2026): 200 even for a bad order;
//! what is wrong with it stands in `orderValidationResult.rejects`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use rust_decimal::Decimal;

use crate::brokers::sim::server::frames::Field;
use crate::domain::money::Money;

use super::answers::{Answer, double, money, number, object, ok, shares, ticker};
use super::fields::Fields;
use super::orders::{check_account, judge};
use super::state::{ACCOUNT, SchwabShared};
use super::ticket::Ticket;
use super::tree::Tree;

pub(super) async fn post(
    State(state): State<SchwabShared>,
    Path(hash): Path<String>,
    body: Bytes,
) -> Answer {
    check_account(&state, &hash)?;
    let tree = Tree::read(&Fields::of(&body)?);
    let reject = match &tree {
        Err(refused) => Some(refused.message().to_owned()),
        Ok(tree) => match state.world.with_world(|world| judge(&state, world, tree)) {
            Err(refused) => Some(refused.message().to_owned()),
            Ok((_, late)) => late,
        },
    };
    let ticket = tree.ok().and_then(|tree| match tree {
        Tree::Single(ticket) | Tree::Trigger(ticket, _) => Some(ticket),
        Tree::Oco(_) => None,
    });
    let value = state.world.with_world(|world| {
        let ticket = ticket.as_ref()?;
        let price = ticket.price.or(ticket.stop).or_else(|| world.last_price(ticket.symbol))?;
        Some(price.times(ticket.qty))
    });
    let strategy = strategy(ticket.as_ref(), value.unwrap_or_default(), reject.is_some());
    let commission = object(vec![
        ("commission", object(vec![("commissionLegs", Field::List(Vec::new()))])),
        ("fee", object(vec![("feeLegs", Field::List(Vec::new()))])),
    ]);
    Ok(ok(&object(vec![
        ("orderId", number(0)),
        ("orderStrategy", strategy),
        ("orderValidationResult", validation(reject)),
        ("commissionAndFee", commission),
    ])))
}

fn strategy(ticket: Option<&Ticket>, value: Money, is_rejected: bool) -> Field {
    let status = if is_rejected { "REJECTED" } else { "ACCEPTED" };
    let mut fields = vec![("accountNumber", Field::text(ACCOUNT.to_string()))];
    if let Some(ticket) = ticket {
        let leg = object(vec![
            ("instruction", ticket.instruction.into()),
            ("quantity", shares(ticket.qty)),
            ("finalSymbol", Field::text(ticker(ticket.symbol))),
            ("legId", number(1)),
            ("assetType", "EQUITY".into()),
        ]);
        fields.extend([
            ("session", Field::from(ticket.session)),
            ("duration", ticket.duration.into()),
            ("orderType", ticket.order_type.into()),
            ("quantity", shares(ticket.qty)),
            ("orderLegs", Field::List(vec![leg])),
        ]);
    }
    fields.extend([
        ("status", status.into()),
        ("orderValue", money(value)),
        ("projectedCommission", double(Decimal::ZERO)),
    ]);
    object(fields)
}

fn validation(reject: Option<String>) -> Field {
    let none = || Field::List(Vec::new());
    let rejects = reject.map(|text| {
        object(vec![("activityMessage", Field::text(text)), ("originalSeverity", "REJECT".into())])
    });
    object(vec![
        ("alerts", none()),
        ("accepts", none()),
        ("rejects", Field::List(rejects.into_iter().collect())),
        ("reviews", none()),
        ("warns", none()),
    ])
}
