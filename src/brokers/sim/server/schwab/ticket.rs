//! One order as it was asked for, in Schwab's words (protocol page §3.2 of October
//! 2026), and what it means to the exchange.

use rust_decimal::Decimal;

use crate::brokers::sim::exchange::Order;
use crate::domain::ids::Symbol;
use crate::domain::money::{Price, Qty};
use crate::domain::order::{OrderKind, Side, TimeInForce, Trail};

use super::answers::{Refused, symbol_of};
use super::fields::Fields;

/// Words that a request may use and that are answered as they came.
const SESSIONS: [&str; 4] = ["NORMAL", "AM", "PM", "SEAMLESS"];
const DURATIONS: [&str; 7] = [
    "DAY",
    "GOOD_TILL_CANCEL",
    "FILL_OR_KILL",
    "IMMEDIATE_OR_CANCEL",
    "END_OF_WEEK",
    "END_OF_MONTH",
    "NEXT_END_OF_MONTH",
];
const ORDER_TYPES: [&str; 7] =
    ["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP", "MARKET_ON_CLOSE", "LIMIT_ON_CLOSE"];
const INSTRUCTIONS: [&str; 4] = ["BUY", "SELL", "SELL_SHORT", "BUY_TO_COVER"];
const BASES: [&str; 9] =
    ["MANUAL", "BASE", "TRIGGER", "LAST", "BID", "ASK", "ASK_BID", "MARK", "AVERAGE"];

/// The distance of a trailing stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailing {
    pub(super) basis: &'static str,
    pub(super) link_type: &'static str,
    pub(super) offset: Decimal,
}

/// One order of one leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) order_type: &'static str,
    pub(super) session: &'static str,
    pub(super) duration: &'static str,
    pub(super) instruction: &'static str,
    pub(super) symbol: Symbol,
    pub(super) qty: Qty,
    pub(super) price: Option<Price>,
    pub(super) stop: Option<Price>,
    pub(super) trailing: Option<Trailing>,
}

fn known<const N: usize>(
    fields: &Fields,
    name: &str,
    words: [&'static str; N],
) -> Result<&'static str, Refused> {
    let text = fields.text(name).ok_or_else(|| Refused::order(format!("{name} is required")))?;
    let found = words.into_iter().find(|word| *word == text);
    found.ok_or_else(|| Refused::order(format!("{name} is not supported: {text}")))
}

impl Ticket {
    /// Reads an order without its children.
    pub(super) fn read(fields: &Fields) -> Result<Self, Refused> {
        if fields.text("requestedDestination").is_some() {
            return Err(Refused::order("requestedDestination is not allowed in a request"));
        }
        let legs = fields.objects("orderLegCollection")?;
        let [leg] = legs.as_slice() else {
            return Err(Refused::order("An equity order has exactly one leg"));
        };
        let instrument = leg.object("instrument")?.unwrap_or_default();
        if instrument.text("assetType").as_deref() != Some("EQUITY") {
            return Err(Refused::order("assetType must be EQUITY"));
        }
        let symbol = symbol_of(&instrument.text("symbol").unwrap_or_default());
        let symbol = symbol.ok_or_else(|| Refused::order("symbol is not valid"))?;
        let qty: Qty = leg.number("quantity")?.unwrap_or_default();
        if qty.is_zero() || qty.whole_shares().is_none() {
            return Err(Refused::order("quantity must be a whole number of shares above zero"));
        }
        let order_type = known(fields, "orderType", ORDER_TYPES)?;
        let ticket = Self {
            order_type,
            session: known(fields, "session", SESSIONS)?,
            duration: known(fields, "duration", DURATIONS)?,
            instruction: known(leg, "instruction", INSTRUCTIONS)?,
            symbol,
            qty,
            price: fields.number("price")?,
            stop: fields.number("stopPrice")?,
            trailing: trailing(fields, order_type)?,
        };
        ticket.checked()
    }

    fn checked(self) -> Result<Self, Refused> {
        let (needs_price, needs_stop) = match self.order_type {
            "LIMIT" | "LIMIT_ON_CLOSE" => (true, false),
            "STOP" => (false, true),
            "STOP_LIMIT" => (true, true),
            _ => (false, false),
        };
        for (name, price, is_needed) in
            [("price", self.price, needs_price), ("stopPrice", self.stop, needs_stop)]
        {
            match price {
                None if is_needed => {
                    let text = format!("{name} is required for {}", self.order_type);
                    return Err(Refused::order(text));
                }
                Some(_) if !is_needed && self.trailing.is_none() => {
                    let text = format!("{name} is not allowed for {}", self.order_type);
                    return Err(Refused::order(text));
                }
                Some(price) if !price.is_on_increment() => {
                    // Ours: the original for equities is not known (§9).
                    let text = "Enter the price in decimal form: two places from $1.00 on, four \
                                below";
                    return Err(Refused::order(text));
                }
                Some(_) | None => {}
            }
        }
        if self.session != "NORMAL" && self.order_type != "LIMIT" {
            return Err(Refused::order("Extended hours sessions take limit orders only"));
        }
        Ok(self)
    }

    /// Describes an order that came by another way than Schwab's.
    pub(super) fn of(order: &Order) -> Self {
        let is_closing = matches!(order.time_in_force, TimeInForce::Cls);
        let trailing = match order.kind {
            OrderKind::TrailingStop { trail: Trail::Amount(amount) } => {
                Some(Trailing { basis: "LAST", link_type: "VALUE", offset: amount.to_decimal() })
            }
            OrderKind::TrailingStop { trail: Trail::Percent(offset) } => {
                Some(Trailing { basis: "LAST", link_type: "PERCENT", offset })
            }
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. } => None,
        };
        Self {
            order_type: match (order.kind, is_closing) {
                (OrderKind::Market, true) => "MARKET_ON_CLOSE",
                (OrderKind::Market, false) => "MARKET",
                (OrderKind::Limit { .. }, true) => "LIMIT_ON_CLOSE",
                (OrderKind::Limit { .. }, false) => "LIMIT",
                (OrderKind::Stop { .. }, _) => "STOP",
                (OrderKind::StopLimit { .. }, _) => "STOP_LIMIT",
                (OrderKind::TrailingStop { .. }, _) => "TRAILING_STOP",
            },
            session: if order.extended_hours { "SEAMLESS" } else { "NORMAL" },
            duration: match order.time_in_force {
                TimeInForce::Day | TimeInForce::Opg | TimeInForce::Cls => "DAY",
                TimeInForce::Gtc => "GOOD_TILL_CANCEL",
                TimeInForce::Ioc => "IMMEDIATE_OR_CANCEL",
                TimeInForce::Fok => "FILL_OR_KILL",
            },
            instruction: match order.side {
                Side::Buy => "BUY",
                Side::Sell => "SELL",
            },
            symbol: order.symbol,
            qty: order.qty,
            price: order.kind.limit(),
            stop: order.kind.stop(),
            trailing,
        }
    }

    pub(super) fn side(&self) -> Side {
        match self.instruction {
            "BUY" | "BUY_TO_COVER" => Side::Buy,
            _ => Side::Sell,
        }
    }

    /// Whether it opens a position, in the words of the answer.
    pub(super) fn position_effect(&self) -> &'static str {
        match self.instruction {
            "BUY" | "SELL_SHORT" => "OPENING",
            _ => "CLOSING",
        }
    }

    /// What makes it execute; the prices it needs were checked when it was read.
    pub(super) fn kind(&self) -> Result<OrderKind, Refused> {
        let missing = || Refused::order("a price is missing");
        Ok(match (self.order_type, self.trailing) {
            ("LIMIT" | "LIMIT_ON_CLOSE", _) => {
                OrderKind::Limit { limit: self.price.ok_or_else(missing)? }
            }
            ("STOP", _) => OrderKind::Stop { stop: self.stop.ok_or_else(missing)? },
            ("STOP_LIMIT", _) => OrderKind::StopLimit {
                stop: self.stop.ok_or_else(missing)?,
                limit: self.price.ok_or_else(missing)?,
            },
            ("TRAILING_STOP", Some(trailing)) if trailing.link_type == "PERCENT" => {
                OrderKind::TrailingStop { trail: Trail::Percent(trailing.offset) }
            }
            ("TRAILING_STOP", Some(trailing)) => {
                let amount = Price::from_decimal(trailing.offset);
                let amount = amount.map_err(|error| Refused::order(error.to_string()))?;
                OrderKind::TrailingStop { trail: Trail::Amount(amount) }
            }
            _ => OrderKind::Market,
        })
    }

    /// How long it works; the ends of week and month are taken as "until cancelled".
    pub(super) fn time_in_force(&self) -> TimeInForce {
        match (self.order_type, self.duration) {
            ("MARKET_ON_CLOSE" | "LIMIT_ON_CLOSE", _) => TimeInForce::Cls,
            (_, "DAY") => TimeInForce::Day,
            (_, "FILL_OR_KILL") => TimeInForce::Fok,
            (_, "IMMEDIATE_OR_CANCEL") => TimeInForce::Ioc,
            _ => TimeInForce::Gtc,
        }
    }
}

fn trailing(fields: &Fields, order_type: &str) -> Result<Option<Trailing>, Refused> {
    if order_type != "TRAILING_STOP" {
        return Ok(None);
    }
    let offset = fields.number("stopPriceOffset")?;
    let offset = offset.filter(|offset| *offset > Decimal::ZERO);
    Ok(Some(Trailing {
        basis: known(fields, "stopPriceLinkBasis", BASES)?,
        link_type: known(fields, "stopPriceLinkType", ["VALUE", "PERCENT"])?,
        offset: offset.ok_or_else(|| Refused::order("stopPriceOffset is required"))?,
    }))
}
