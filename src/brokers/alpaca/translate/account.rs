//! Account, positions, assets, hours and executions into our words (protocol page
//! §3.1, §3.2 and §3.8 to §3.10 of October 2026).

use jiff::civil::{Date, Time};

use crate::brokers::alpaca::translate::field::{self, Unreadable};
use crate::brokers::alpaca::wire::{
    DecimalText, WireAccount, WireAsset, WireClock, WireDay, WireFill, WirePosition,
};
use crate::brokers::broker::{BrokerAccount, BrokerAsset, BrokerClock};
use crate::brokers::oddity::{Oddities, Oddity};
use crate::brokers::words::cleaned;
use crate::domain::ids::{BrokerOrderId, Symbol};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::Side;
use crate::domain::position::{Direction, Position};
use crate::domain::time::Timestamp;

/// An execution as the account's activities list it; it has no execution id, so
/// order and cumulative quantity are the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillRow {
    /// Alpaca's id of the row.
    pub activity_id: String,
    /// Which order.
    pub order: BrokerOrderId,
    /// Which stock.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Shares of this execution.
    pub qty: Qty,
    /// Dollars per share of this execution.
    pub price: Price,
    /// Shares of the order filled so far, this execution included, where Alpaca says.
    pub cumulative: Option<Qty>,
    /// When it happened.
    pub at: Timestamp,
}

/// The core session of one trading day, in New York's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketDay {
    /// Which day.
    pub date: Date,
    /// When the session begins.
    pub open: Time,
    /// When it ends.
    pub close: Time,
}

/// Translates the account. Amounts that Alpaca left out are worked out from those it
/// sent; an account of which equity or buying power cannot be known is blocked.
pub(crate) fn account(
    wire: &WireAccount,
    expected: Option<&str>,
    oddities: &Oddities,
) -> BrokerAccount {
    let money = |text: &Option<DecimalText>, name| -> Option<Money> {
        field::optional(text.as_ref(), name, oddities)
    };
    let long = money(&wire.long_market_value, "long_market_value");
    let short = money(&wire.short_market_value, "short_market_value");
    let held = long.zip(short).map(|(long, short)| long + short);
    let equity =
        money(&wire.equity, "equity").or_else(|| money(&wire.portfolio_value, "portfolio_value"));
    let cash = money(&wire.cash, "cash");
    // Equity is cash plus what is held (§3.1); either follows from the other.
    let equity = equity.or_else(|| cash.zip(held).map(|(cash, held)| cash + held));
    let cash = cash.or_else(|| equity.zip(held).map(|(equity, held)| equity - held));
    let buying_power = money(&wire.buying_power, "buying_power")
        .or_else(|| money(&wire.regt_buying_power, "regt_buying_power"))
        .or_else(|| money(&wire.non_marginable_buying_power, "non_marginable_buying_power"));
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
        account_id: cleaned(wire.account_number.as_ref().unwrap_or(&wire.id)),
        cash,
        equity,
        buying_power,
        blocked: blocked(wire, expected, &unknown),
        shorting_enabled: wire.shorting_enabled.unwrap_or(false),
    }
}

/// Why the account may not trade, if so.
fn blocked(wire: &WireAccount, expected: Option<&str>, unknown: &[&str]) -> Option<String> {
    let number = wire.account_number.as_deref();
    if let Some(expected) = expected
        && number != Some(expected)
        && wire.id != expected
    {
        let number = cleaned(number.unwrap_or(&wire.id));
        return Some(format!("the keys belong to account {number}, not to {expected}"));
    }
    if wire.status != "ACTIVE" {
        return Some(format!("the account is {}", cleaned(&wire.status)));
    }
    let flags = [
        (wire.account_blocked, "the account is blocked"),
        (wire.trading_blocked, "trading is blocked"),
        (wire.trade_suspended_by_user, "trading is suspended by its owner"),
    ];
    if let Some((_, why)) = flags.into_iter().find(|(flag, _)| *flag == Some(true)) {
        return Some(why.to_owned());
    }
    (!unknown.is_empty()).then(|| format!("Alpaca does not say its {}", unknown.join(", ")))
}

/// Translates positions; those in options and crypto are left out and counted, and so
/// are empty ones.
///
/// # Errors
/// When a position in an equity cannot be read.
pub(crate) fn positions(
    wire: &[WirePosition],
    oddities: &Oddities,
) -> Result<Vec<Position>, Unreadable> {
    let mut positions = Vec::with_capacity(wire.len());
    for row in wire {
        let class = row.asset_class.as_deref().unwrap_or_default();
        if !matches!(class, "us_equity" | "") {
            oddities.count(Oddity::ForeignAsset, &row.symbol);
        } else if let Some(position) = position(row, oddities)? {
            positions.push(position);
        }
    }
    Ok(positions)
}

/// Translates one position; `None` when it holds nothing. A short one has a negative
/// quantity.
fn position(wire: &WirePosition, oddities: &Oddities) -> Result<Option<Position>, Unreadable> {
    let symbol = field::symbol(&wire.symbol)?;
    let text = wire.qty.as_str();
    let (shares, is_negative) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let qty: Qty =
        shares.parse().map_err(|error| Unreadable(format!("the quantity of {symbol}: {error}")))?;
    if qty.is_zero() {
        return Ok(None);
    }
    let is_short = is_negative || wire.side.as_deref() == Some("short");
    let direction = if is_short { Direction::Short } else { Direction::Long };
    let basis: Option<Money> = field::optional(wire.cost_basis.as_ref(), "cost_basis", oddities);
    let price = field::price(wire.avg_entry_price.as_ref(), "avg_entry_price", oddities);
    let cost = basis.map(Money::abs).or_else(|| price.map(|price| price.times(qty)));
    let cost = cost.unwrap_or_else(|| {
        oddities.count(Oddity::MissingValue, "cost_basis");
        Money::ZERO
    });
    Ok(Some(Position { symbol, direction, qty, cost }))
}

/// Translates an asset. What is not said is not allowed.
///
/// # Errors
/// When its symbol is none of a US equity.
pub(crate) fn asset(wire: &WireAsset) -> Result<BrokerAsset, Unreadable> {
    let is_easy = match wire.borrow_status.as_deref() {
        Some(status) => status == "easy_to_borrow",
        None => wire.easy_to_borrow.unwrap_or(false),
    };
    let is_active = wire.status.as_deref().is_none_or(|status| status == "active");
    Ok(BrokerAsset {
        symbol: field::symbol(&wire.symbol)?,
        tradable: is_active && wire.tradable.unwrap_or(false),
        easy_to_borrow: is_easy && wire.shortable.unwrap_or(false),
        fractionable: wire.fractionable.unwrap_or(false),
    })
}

/// Translates the hours.
pub(crate) const fn clock(wire: WireClock) -> BrokerClock {
    BrokerClock {
        now: wire.timestamp,
        is_open: wire.is_open,
        next_open: wire.next_open,
        next_close: wire.next_close,
    }
}

/// Translates a trading day.
///
/// # Errors
/// When an hour is not `HH:MM`.
pub(crate) fn day(wire: &WireDay) -> Result<MarketDay, Unreadable> {
    let hour = |text: &str| {
        text.parse::<Time>().map_err(|_| Unreadable(format!("'{text}' is not an hour")))
    };
    Ok(MarketDay { date: wire.date, open: hour(&wire.open)?, close: hour(&wire.close)? })
}

/// Translates an execution.
///
/// # Errors
/// When side, quantity or price cannot be read: shares are not guessed.
pub(crate) fn fill(wire: &WireFill, oddities: &Oddities) -> Result<FillRow, Unreadable> {
    let no = |name: &str| Unreadable(format!("the {name} of execution {}", wire.id));
    Ok(FillRow {
        activity_id: cleaned(&wire.id),
        order: BrokerOrderId::new(wire.order_id.as_str()),
        symbol: field::symbol(&wire.symbol)?,
        side: field::side(&wire.side)?,
        qty: wire.qty.parse().ok_or_else(|| no("quantity"))?,
        price: wire.price.parse().ok_or_else(|| no("price"))?,
        cumulative: field::optional(wire.cum_qty.as_ref(), "cum_qty", oddities),
        at: wire.transaction_time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brokers::alpaca::OddityCounts;

    fn read(json: &str, expected: Option<&str>) -> (BrokerAccount, OddityCounts) {
        let oddities = Oddities::default();
        let account = account(&serde_json::from_str(json).unwrap(), expected, &oddities);
        (account, oddities.counts())
    }

    #[test]
    fn an_account_of_today_is_read_without_the_removed_fields() {
        let (account, counts) = read(
            r#"{"id":"1d9eed04","account_number":"PA3SIM00001","status":"ACTIVE","cash":"62080.50",
            "equity":"101346.11","buying_power":"163426.62","shorting_enabled":true,"crypto_tier":1,
            "trading_blocked":false,"user_configurations":null}"#,
            Some("PA3SIM00001"),
        );
        assert_eq!(account.account_id, "PA3SIM00001");
        assert_eq!(account.cash.to_string(), "62080.50");
        assert_eq!(account.equity.to_string(), "101346.11");
        assert_eq!(account.buying_power.to_string(), "163426.62");
        assert_eq!(account.blocked, None);
        assert!(account.shorting_enabled);
        assert_eq!(counts, OddityCounts::default());
    }

    #[test]
    fn missing_amounts_follow_from_the_others() {
        let (account, _) = read(
            r#"{"id":"a","status":"ACTIVE","equity":"100","long_market_value":"70",
            "short_market_value":"-20","regt_buying_power":"80"}"#,
            None,
        );
        assert_eq!(account.cash, Money::from_dollars(50));
        assert_eq!(account.buying_power, Money::from_dollars(80));
        assert_eq!(account.blocked, None);
    }

    #[track_caller]
    fn check_blocked(fields: &str, expected: Option<&str>, words: &str) {
        let json = format!(r#"{{"id":"a","cash":"1","equity":"1","buying_power":"1",{fields}}}"#);
        let why = read(&json, expected).0.blocked.unwrap();
        assert!(why.contains(words), "{why}");
    }

    #[test]
    fn an_account_that_may_not_trade_says_why() {
        check_blocked(r#""status":"ACCOUNT_CLOSED""#, None, "ACCOUNT_CLOSED");
        check_blocked(r#""status":"FROM_TOMORROW""#, None, "FROM_TOMORROW");
        check_blocked(r#""status":"ACTIVE","account_blocked":true"#, None, "blocked");
        check_blocked(r#""status":"ACTIVE","trading_blocked":true"#, None, "trading is blocked");
        check_blocked(r#""status":"ACTIVE","trade_suspended_by_user":true"#, None, "owner");
        check_blocked(r#""status":"ACTIVE""#, Some("b"), "account a, not to b");
        let (account, counts) = read(r#"{"id":"a","status":"ACTIVE"}"#, None);
        assert!(account.blocked.unwrap().contains("equity"), "an unknown equity is no zero");
        assert_eq!(counts.missing_values, 3);
    }

    #[test]
    fn positions_keep_direction_and_cost() {
        let oddities = Oddities::default();
        let json = r#"[{"symbol":"AAPL","qty":"10","side":"long","cost_basis":"1501","asset_class":"us_equity","current_price":null},
            {"symbol":"TSLA","qty":"-3","avg_entry_price":"200.5"},
            {"symbol":"BTCUSD","qty":"0.1","asset_class":"crypto"},
            {"symbol":"MSFT","qty":"0"}]"#;
        let wire: Vec<WirePosition> = serde_json::from_str(json).unwrap();
        let found = positions(&wire, &oddities).unwrap();
        let cost = |cents| Money::from_cents(cents);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].direction, found[0].cost), (Direction::Long, cost(150_100)));
        assert_eq!((found[1].direction, found[1].cost), (Direction::Short, cost(60_150)));
        assert_eq!(found[1].qty, Qty::shares(3).unwrap());
        assert_eq!(oddities.counts().foreign_assets, 1);
        let bad: Vec<WirePosition> =
            serde_json::from_str(r#"[{"symbol":"AAPL","qty":"ten"}]"#).unwrap();
        assert!(positions(&bad, &oddities).is_err());
    }

    #[track_caller]
    fn check_borrow(fields: &str, expected: bool) {
        let json = format!(r#"{{"symbol":"AAPL","tradable":true,"shortable":true{fields}}}"#);
        let asset = asset(&serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!(asset.easy_to_borrow, expected, "{fields}");
    }

    #[test]
    fn an_asset_is_easy_to_borrow_in_the_new_words_or_the_old() {
        check_borrow(r#","borrow_status":"easy_to_borrow""#, true);
        check_borrow(r#","easy_to_borrow":true"#, true);
        check_borrow(r#","borrow_status":"hard_to_borrow","easy_to_borrow":true"#, false);
        check_borrow(r#","easy_to_borrow":false"#, false);
        check_borrow("", false);
    }

    #[test]
    fn an_early_close_is_read() {
        let json = r#"{"date":"2026-11-27","open":"09:30","close":"13:00","session_open":"0400"}"#;
        let day = day(&serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(day.close, jiff::civil::time(13, 0, 0, 0));
    }
}
