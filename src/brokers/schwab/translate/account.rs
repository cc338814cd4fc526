//! Accounts and positions into our words (Schwab, protocol page §3.1 of November 2026).

use crate::brokers::broker::BrokerAccount;
use crate::brokers::decimal::DecimalText;
use crate::brokers::field::{self, Unreadable};
use crate::brokers::oddity::{Oddities, Oddity};
use crate::brokers::schwab::config::masked;
use crate::brokers::schwab::translate::symbol;
use crate::brokers::schwab::wire::{WireAccount, WirePosition};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::position::{Direction, Position};

/// Translates the account. An account of which equity or buying power cannot be known is
/// blocked.
pub(crate) fn account(wire: &WireAccount, expected: &str, oddities: &Oddities) -> BrokerAccount {
    let balances = wire.current_balances.clone().unwrap_or_default();
    let first = |named: [(&Option<DecimalText>, &str); 3]| -> Option<Money> {
        named.into_iter().find_map(|(text, name)| field::optional(text.as_ref(), name, oddities))
    };
    let none = None;
    let cash = first([
        (&balances.cash_balance, "cashBalance"),
        (&balances.total_cash, "totalCash"),
        (&balances.cash_available_for_trading, "cashAvailableForTrading"),
    ]);
    let equity = first([
        (&balances.liquidation_value, "liquidationValue"),
        (&balances.equity, "equity"),
        (&none, ""),
    ]);
    let buying_power = first([
        (&balances.buying_power, "buyingPower"),
        (&balances.cash_available_for_trading, "cashAvailableForTrading"),
        (&balances.available_funds, "availableFunds"),
    ]);
    let mut unknown = Vec::new();
    let mut known = |amount: Option<Money>, name| {
        amount.unwrap_or_else(|| {
            oddities.count(Oddity::MissingValue, name);
            unknown.push(name);
            Money::ZERO
        })
    };
    let (cash, equity) = (known(cash, "cash"), known(equity, "equity"));
    let buying_power = known(buying_power, "buying power");
    BrokerAccount {
        account_id: wire.account_number.as_str().to_owned(),
        cash,
        equity,
        buying_power,
        blocked: blocked(wire, expected, &unknown),
        shorting_enabled: wire.kind.as_deref() == Some("MARGIN"),
    }
}

/// Why the account may not trade, if so.
fn blocked(wire: &WireAccount, expected: &str, unknown: &[&str]) -> Option<String> {
    let number = wire.account_number.as_str();
    if number != expected {
        let (found, wanted) = (masked(number), masked(expected));
        return Some(format!("Schwab answers for account {found}, not for {wanted}"));
    }
    if wire.is_closing_only_restricted == Some(true) {
        return Some("Schwab allows closing transactions only".to_owned());
    }
    (!unknown.is_empty()).then(|| format!("Schwab does not say its {}", unknown.join(", ")))
}

/// Translates positions; those in options, funds and the cash sweep are left out and
/// counted, and so are empty ones.
///
/// # Errors
/// When a position in an equity cannot be read.
pub(crate) fn positions(
    wire: &[WirePosition],
    oddities: &Oddities,
) -> Result<Vec<Position>, Unreadable> {
    let mut positions = Vec::with_capacity(wire.len());
    for row in wire {
        if !row.instrument.is_equity() {
            let name = row.instrument.symbol.as_deref().unwrap_or_default();
            oddities.count(Oddity::ForeignAsset, name);
        } else if let Some(position) = position(row, oddities)? {
            positions.push(position);
        }
    }
    Ok(positions)
}

/// Translates one position, long minus short; `None` when it holds nothing.
fn position(wire: &WirePosition, oddities: &Oddities) -> Result<Option<Position>, Unreadable> {
    let symbol = symbol(wire.instrument.symbol.as_deref().unwrap_or_default())?;
    let shares = |text: &Option<DecimalText>, name: &str| match text {
        Some(text) => text
            .parse::<Qty>()
            .ok_or_else(|| Unreadable(format!("the {name} of {symbol} is '{}'", text.as_str()))),
        None => Ok(Qty::ZERO),
    };
    let long = shares(&wire.long_quantity, "longQuantity")?;
    let short = shares(&wire.short_quantity, "shortQuantity")?;
    let (direction, qty, own_price) = if long >= short {
        (Direction::Long, long.saturating_sub(short), &wire.average_long_price)
    } else {
        (Direction::Short, short.saturating_sub(long), &wire.average_short_price)
    };
    if qty.is_zero() {
        return Ok(None);
    }
    let price: Option<Price> = field::price(wire.average_price.as_ref(), "averagePrice", oddities)
        .or_else(|| field::price(own_price.as_ref(), "average price", oddities));
    let cost = price.map_or_else(
        || {
            oddities.count(Oddity::MissingValue, "averagePrice");
            Money::ZERO
        },
        |price| price.times(qty),
    );
    Ok(Some(Position { symbol, direction, qty, cost }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brokers::oddity::OddityCounts;

    fn read(json: &str) -> (BrokerAccount, OddityCounts) {
        let oddities = Oddities::default();
        let account = account(&serde_json::from_str(json).unwrap(), "11112222", &oddities);
        (account, oddities.counts())
    }

    #[test]
    fn a_margin_and_a_cash_account_are_read_by_their_own_names() {
        let (margin, counts) = read(
            r#"{"type":"MARGIN","accountNumber":"11112222","isInCall":false,"currentBalances":
            {"liquidationValue":101346.11,"cashBalance":62080.5,"buyingPower":163426.62,"isInCall":0}}"#,
        );
        assert_eq!(margin.equity.to_string(), "101346.11");
        assert_eq!(margin.cash.to_string(), "62080.50");
        assert_eq!(margin.buying_power.to_string(), "163426.62");
        assert_eq!((margin.blocked, margin.shorting_enabled), (None, true));
        assert_eq!(counts, OddityCounts::default());
        let (cash, _) = read(
            r#"{"type":"CASH","accountNumber":11112222,"currentBalances":
            {"liquidationValue":100,"totalCash":70,"cashAvailableForTrading":60}}"#,
        );
        assert_eq!(cash.cash, Money::from_dollars(70));
        assert_eq!(cash.buying_power, Money::from_dollars(60));
        assert_eq!((cash.blocked, cash.shorting_enabled), (None, false));
    }

    #[track_caller]
    fn check_blocked(json: &str, words: &str) {
        let why = read(json).0.blocked.unwrap();
        assert!(why.contains(words) && !why.contains("2222"), "{why}");
    }

    #[test]
    fn an_account_that_may_not_trade_says_why_without_its_number() {
        let balances = r#""currentBalances":{"equity":1,"cashBalance":1,"buyingPower":1}"#;
        check_blocked(&format!(r#"{{"accountNumber":"99",{balances}}}"#), "not for ...222");
        check_blocked(
            &format!(r#"{{"accountNumber":"11112222","isClosingOnlyRestricted":true,{balances}}}"#),
            "closing",
        );
        check_blocked(r#"{"accountNumber":"11112222"}"#, "equity");
    }

    #[test]
    fn a_position_is_long_minus_short_and_funds_count() {
        let oddities = Oddities::default();
        let json = r#"[{"longQuantity":10,"shortQuantity":0,"averagePrice":150.1,"instrument":{"symbol":"AAPL","assetType":"EQUITY"}},
            {"longQuantity":0,"shortQuantity":3,"averageShortPrice":200.5,"instrument":{"symbol":"TSLA","assetType":"EQUITY"}},
            {"longQuantity":3.217,"averagePrice":500,"instrument":{"symbol":"SPY","assetType":"COLLECTIVE_INVESTMENT"}},
            {"longQuantity":100,"instrument":{"symbol":"SWVXX","assetType":"CASH_EQUIVALENT"}},
            {"longQuantity":0,"shortQuantity":0,"instrument":{"symbol":"MSFT","assetType":"EQUITY"}}]"#;
        let found = positions(&serde_json::from_str::<Vec<_>>(json).unwrap(), &oddities).unwrap();
        let row = |at: usize| {
            let Position { symbol, direction, qty, cost } = found[at];
            format!("{symbol} {direction:?} {qty} {cost}")
        };
        assert_eq!(found.len(), 3);
        assert_eq!(row(0), "AAPL Long 10 1501.00");
        assert_eq!(row(1), "TSLA Short 3 601.50");
        assert_eq!(row(2), "SPY Long 3.217 1608.50");
        assert_eq!(oddities.counts().foreign_assets, 1);
        let bad = r#"[{"longQuantity":"ten","instrument":{"symbol":"AAPL"}}]"#;
        let bad: Vec<WirePosition> = serde_json::from_str(bad).unwrap();
        assert!(positions(&bad, &oddities).is_err());
    }
}
