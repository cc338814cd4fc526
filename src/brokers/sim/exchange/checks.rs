//! What can be refused only by looking at account and market.
//!
//! Order of the checks: validation, permissions, asset, prices against the
//! market, wash trades, cross-direction, held shares, buying power (Alpaca's
//! protocol page §11.7 of October 2026; the texts are in §2.4).

use crate::domain::ids::Symbol;
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::OrderClass;
use crate::domain::order::OrderKind;
use crate::domain::order::OrderRequest;
use crate::domain::order::RejectReason;
use crate::domain::order::Side;
use crate::domain::order::TimeInForce;
use crate::domain::position::Direction;
use crate::domain::time::Timestamp;

use super::auctions;
use super::config::{AssetFlags, Borrow, Multiplier, moved_against};
use super::engine::Exchange;
use super::order::{Intent, Order};
use super::register::Key;
use super::report::Rejection;
use super::rules;

/// Equity below which no short sale is allowed, dollars (§4.7).
const SHORT_EQUITY_MIN: i64 = 2_000;

/// What the checks found out about an order that may enter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    pub(super) intent: Intent,
    /// Price per share at which it reserves buying power, for opening orders.
    pub(super) reserve_price: Option<Price>,
}

impl Exchange {
    /// Decides whether an order may enter.
    pub(super) fn admit(
        &self,
        request: &OrderRequest,
        at: Timestamp,
    ) -> Result<Admission, Rejection> {
        rules::check(request, self.config.enforce_increments)?;
        if self.register.is_used(&request.client_order_id) {
            return Err(Rejection::malformed(
                RejectReason::DuplicateClientOrderId,
                "client_order_id must be unique",
            ));
        }
        if self.is_suspended {
            let text = "new orders are rejected by user request";
            return Err(Rejection::forbidden(RejectReason::AccountBlocked, text));
        }
        auctions::check_window(request.time_in_force, at)?;
        let flags = self.check_asset(request)?;
        let intent = self.check_intent(request)?;
        if (intent, request.side) == (Intent::Open, Side::Sell) {
            self.check_short(request, flags)?;
        }
        self.check_stop(request.symbol, request.side, own_stop(request))?;
        self.check_base(request)?;
        self.check_wash(request.symbol, request.side, request.kind, request.class)?;
        match intent {
            Intent::Close => {
                self.check_shares(request.symbol, request.side, request.qty)?;
                Ok(Admission { intent, reserve_price: None })
            }
            Intent::Open => {
                self.check_cross_direction(request)?;
                let price = self.reserve_price(request.symbol, request.side, request.kind)?;
                self.check_funds(price.times(request.qty), Money::ZERO)?;
                Ok(Admission { intent, reserve_price: Some(price) })
            }
        }
    }

    /// Tells whether an order would be taken now.
    ///
    /// # Errors
    /// When a rule would refuse it.
    pub fn would_take(&self, request: &OrderRequest, at: Timestamp) -> Result<(), Rejection> {
        self.admit(request, at).map(|_| ())
    }

    /// Tells whether an order would open or close.
    ///
    /// # Errors
    /// When a bracket or OTO would close.
    pub fn inferred_intent(&self, request: &OrderRequest) -> Result<Intent, Rejection> {
        self.check_intent(request)
    }

    fn check_asset(&self, request: &OrderRequest) -> Result<AssetFlags, Rejection> {
        let symbol = request.symbol;
        let flags = self.assets.get(symbol).copied().or(self.config.unlisted).ok_or_else(|| {
            let text = format!("asset \"{symbol}\" not found");
            Rejection::unacceptable(RejectReason::UnknownSymbol, text)
        })?;
        if !flags.fractionable && request.qty.whole_shares().is_none() {
            let text = format!("asset \"{symbol}\" is not fractionable");
            return Err(Rejection::forbidden(RejectReason::InvalidQuantity, text));
        }
        Ok(flags)
    }

    /// An order against a position closes it, every other order opens one.
    fn check_intent(&self, request: &OrderRequest) -> Result<Intent, Rejection> {
        let position = self.book.position(request.symbol);
        let closes = position.is_some_and(|held| held.direction.exit_side() == request.side);
        match (request.class, closes) {
            (OrderClass::Oco { .. }, _) | (OrderClass::Simple, true) => Ok(Intent::Close),
            (_, false) => Ok(Intent::Open),
            (
                OrderClass::Bracket { .. }
                | OrderClass::OtoStop { .. }
                | OrderClass::OtoTarget { .. },
                true,
            ) => {
                // Ours: Alpaca's text for this case is not known.
                let text = "bracket and oto orders must be entry orders";
                Err(Rejection::unacceptable(RejectReason::Unsupported, text))
            }
        }
    }

    fn check_short(&self, request: &OrderRequest, flags: AssetFlags) -> Result<(), Rejection> {
        let symbol = request.symbol;
        let refuse = |reason, text| Err(Rejection::unacceptable(reason, text));
        let is_margin_account = self.config.multiplier != Multiplier::Cash
            && self.book.equity() >= Money::from_dollars(SHORT_EQUITY_MIN);
        if !self.config.shorting_enabled || !is_margin_account {
            let text = "account is not allowed to short";
            return Err(Rejection::forbidden(RejectReason::NotShortable, text));
        }
        if request.qty.whole_shares().is_none() {
            let text = "fractional orders cannot be sold short".to_owned();
            return refuse(RejectReason::InvalidQuantity, text);
        }
        match flags.borrow {
            Borrow::No => {
                let text = format!("asset \"{symbol}\" cannot be sold short");
                refuse(RejectReason::NotShortable, text)
            }
            Borrow::Hard if request.time_in_force != TimeInForce::Day => {
                let text =
                    format!("only day orders are allowed for hard-to-borrow asset \"{symbol}\"");
                refuse(RejectReason::NotShortable, text)
            }
            Borrow::Hard | Borrow::Easy => Ok(()),
        }
    }

    /// A sell stop must be below the market, a buy stop above.
    pub(super) fn check_stop(
        &self,
        symbol: Symbol,
        side: Side,
        stop: Option<Price>,
    ) -> Result<(), Rejection> {
        let (Some(stop), Some(market)) = (stop, self.last_price(symbol)) else { return Ok(()) };
        let (is_beyond, relation) = match side {
            Side::Sell => (stop < market, "less"),
            Side::Buy => (stop > market, "greater"),
        };
        if is_beyond {
            return Ok(());
        }
        let text = format!("stop price must be {relation} than current price");
        Err(Rejection::unacceptable(RejectReason::InvalidPrice, text)
            .with("stop_price", &stop.to_decimal().normalize())
            .with("market_price", &market.to_decimal().normalize()))
    }

    /// Attached exits keep a cent away from the entry (§4.10).
    fn check_base(&self, request: &OrderRequest) -> Result<(), Rejection> {
        if matches!(request.class, OrderClass::Simple | OrderClass::Oco { .. }) {
            return Ok(());
        }
        let (target, stop) = rules::exits(request.class);
        let kind = request.kind;
        let base = kind.limit().or(kind.stop()).or_else(|| self.last_price(request.symbol));
        let Some(base) = base else { return Ok(()) };
        let cent = Money::from_cents(1);
        let refuse = |field: &str, relation: &str| {
            let text = format!("{field} must be {relation} 0.01");
            let base = base.to_decimal().normalize();
            let refusal = Rejection::unacceptable(RejectReason::InvalidPrice, text);
            Err(refusal.with("base_price", &base))
        };
        let (above, below) = match request.side {
            Side::Buy => (target, stop.map(|leg| leg.stop)),
            Side::Sell => (stop.map(|leg| leg.stop), target),
        };
        let (name_above, name_below) = match request.side {
            Side::Buy => ("take_profit.limit_price", "stop_loss.stop_price"),
            Side::Sell => ("stop_loss.stop_price", "take_profit.limit_price"),
        };
        if above.is_some_and(|price| price.minus(base) < cent) {
            return refuse(name_above, ">= base_price +");
        }
        if below.is_some_and(|price| base.minus(price) < cent) {
            return refuse(name_below, "<= base_price -");
        }
        Ok(())
    }

    /// Refuses an order that could trade with a resting one of ours (§4.6).
    /// Groups and trailing stops are exempt on both sides.
    pub(super) fn check_wash(
        &self,
        symbol: Symbol,
        side: Side,
        kind: OrderKind,
        class: OrderClass,
    ) -> Result<(), Rejection> {
        let is_exempt = |kind: OrderKind, class: OrderClass| {
            class != OrderClass::Simple || matches!(kind, OrderKind::TrailingStop { .. })
        };
        if is_exempt(kind, class) {
            return Ok(());
        }
        let existing = self.opposite_in(symbol, side).find(|order| {
            !is_exempt(order.kind, order.class) && {
                match (order.kind.limit(), kind.limit(), side) {
                    (Some(theirs), Some(ours), Side::Buy) => ours >= theirs,
                    (Some(theirs), Some(ours), Side::Sell) => theirs >= ours,
                    (None, _, _) | (_, None, _) => true,
                }
            }
        });
        let Some(existing) = existing else { return Ok(()) };
        let text = "potential wash trade detected. use complex orders";
        let which = if existing.kind.limit().is_some() { "limit" } else { "market/stop" };
        Err(Rejection::forbidden(RejectReason::WashTrade, text)
            .with("existing_order_id", &existing.broker_order_id)
            .with("reject_reason", &format!("opposite side {which} order exists")))
    }

    fn check_cross_direction(&self, request: &OrderRequest) -> Result<(), Rejection> {
        let is_crossed = self
            .opposite_in(request.symbol, request.side)
            .any(|order| order.intent == Intent::Open);
        if !is_crossed {
            return Ok(());
        }
        let text = match request.side {
            Side::Sell => "cannot open a short sell while a long buy order is open",
            Side::Buy => "cannot open a long buy while a short sell order is open",
        };
        Err(Rejection::forbidden(RejectReason::Other, text))
    }

    /// Every open exit holds its shares; what is left limits the next (§4.5).
    pub(super) fn check_shares(
        &self,
        symbol: Symbol,
        side: Side,
        qty: Qty,
    ) -> Result<(), Rejection> {
        let free = self.free_shares(symbol, side);
        if qty <= free {
            return Ok(());
        }
        let existing = self.closable(symbol, side);
        let holders: Vec<&str> = self
            .working_in(symbol)
            .filter(|(_, order)| !order.held_shares().is_zero())
            .map(|(_, order)| order.broker_order_id.as_str())
            .collect();
        let text =
            format!("insufficient qty available for order (requested: {qty}, available: {free})");
        Err(Rejection::forbidden(RejectReason::InsufficientShares, text)
            .with("available", &free)
            .with("existing_qty", &existing)
            .with("held_for_orders", &existing.saturating_sub(free))
            .with("related_orders", &holders.join(","))
            .with("symbol", &symbol))
    }

    /// Returns the price at which an opening order is charged (§4.4): its limit,
    /// or the market plus a margin; shorts the higher of both.
    pub(super) fn reserve_price(
        &self,
        symbol: Symbol,
        side: Side,
        kind: OrderKind,
    ) -> Result<Price, Rejection> {
        let row = self.rows.get(symbol);
        let market = row.and_then(|row| row.quote.map(|quote| quote.ask).or(row.last));
        let market = market.and_then(|price| {
            let price = kind.stop().map_or(price, |stop| stop.max(price));
            moved_against(price, Side::Buy, self.config.market_buffer_bps)
        });
        let price = match (side, kind.limit()) {
            (Side::Buy, Some(limit)) => Some(limit),
            (Side::Sell, Some(limit)) => Some(market.map_or(limit, |price| price.max(limit))),
            (Side::Buy | Side::Sell, None) => market,
        };
        price.ok_or_else(|| {
            // Ours: a real broker always has a last price.
            let text = format!("asset \"{symbol}\" has no market price yet");
            Rejection::unacceptable(RejectReason::Other, text)
        })
    }

    /// Refuses a cost above buying power; `freed` is given back by the change.
    pub(super) fn check_funds(&self, cost: Money, freed: Money) -> Result<(), Rejection> {
        let buying_power = self.buying_power() + freed;
        if cost <= buying_power {
            return Ok(());
        }
        let text = "insufficient buying power";
        Err(Rejection::forbidden(RejectReason::InsufficientFunds, text)
            .with("buying_power", &buying_power.max(Money::ZERO).round_to_cents())
            .with("cost_basis", &cost.round_to_cents()))
    }

    /// Returns the shares of the position that an order of this side can close.
    fn closable(&self, symbol: Symbol, side: Side) -> Qty {
        let held = self.book.position(symbol);
        held.filter(|held| held.direction == Direction::of_entry(side.opposite()))
            .map_or(Qty::ZERO, |held| held.qty)
    }

    /// Returns the shares that an order of this side can close and that no other
    /// order holds.
    pub(super) fn free_shares(&self, symbol: Symbol, side: Side) -> Qty {
        let held = self
            .working_in(symbol)
            .filter(|(_, order)| order.side == side)
            .fold(Qty::ZERO, |sum, (_, order)| sum.saturating_add(order.held_shares()));
        self.closable(symbol, side).saturating_sub(held)
    }

    /// Walks the working orders of a symbol, oldest first.
    pub(super) fn working_in(&self, symbol: Symbol) -> impl Iterator<Item = (Key, &Order)> {
        let live = self.rows.get(symbol).map_or(&[][..], |row| row.live());
        live.iter().filter_map(|key| Some((*key, self.register.get(*key)?)))
    }

    /// Walks the working orders of a symbol on the other side; where there are none, the
    /// orders of this side are not looked at, however many they are.
    fn opposite_in(&self, symbol: Symbol, side: Side) -> impl Iterator<Item = &Order> {
        let other = side.opposite();
        let live = self.rows.get(symbol).map_or(&[][..], |row| row.live_with(other));
        live.iter().filter_map(|key| self.register.get(*key)).filter(move |it| it.side == other)
    }

    fn last_price(&self, symbol: Symbol) -> Option<Price> {
        self.rows.get(symbol).and_then(|row| row.last)
    }
}

/// Returns the stop that the order itself or its OCO leg watches at once.
const fn own_stop(request: &OrderRequest) -> Option<Price> {
    match request.class {
        OrderClass::Oco { stop } => Some(stop.stop),
        OrderClass::Simple
        | OrderClass::Bracket { .. }
        | OrderClass::OtoStop { .. }
        | OrderClass::OtoTarget { .. } => request.kind.stop(),
    }
}
