//! The exchange itself: its state, taking and cancelling orders, and what can be
//! asked of it.
//!
//! Prices enter in `feed`, sessions in `sessions`; `checks` decides what enters
//! here, `settle` what follows from an end or a fill.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::domain::ids::{BrokerOrderId, ClientOrderId, Symbol};
use crate::domain::market::{Quote, Session};
use crate::domain::money::{Money, Price, Qty};
use crate::domain::order::OrderClass;
use crate::domain::order::OrderKind;
use crate::domain::order::OrderRequest;
use crate::domain::order::RejectReason;
use crate::domain::order::Side;
use crate::domain::order::StopLeg;
use crate::domain::order::TimeInForce;
use crate::domain::position::Book;
use crate::domain::position::Position;
use crate::domain::symbols::SymbolMap;
use crate::domain::time::Timestamp;

use super::auctions::is_auction;
use super::checks::Admission;
use super::config::{AssetFlags, ExchangeConfig, Multiplier, Partials};
use super::order::{GroupId, Intent, Order, OrderStatus, Role};
use super::register::{Key, OrderName, Register};
use super::report::{CancelCause, Rejection, Report, What};
use super::row::Row;
use super::settle::said;

/// A simulated exchange and broker with one account.
///
/// Starts in the regular session with no prices. All methods that may change
/// orders append what happened to `out`, in the order in which it happened.
#[derive(Debug)]
pub struct Exchange {
    pub(super) config: ExchangeConfig,
    pub(super) book: Book,
    pub(super) rows: SymbolMap<Row>,
    pub(super) register: Register,
    pub(super) assets: SymbolMap<AssetFlags>,
    pub(super) session: Session,
    /// Buying power held back for open orders.
    pub(super) reserved: Money,
    /// Equity at the last close.
    pub(super) last_equity: Money,
    pub(super) is_suspended: bool,
    /// How many groups whose second exit fills as well are still to come.
    pub(super) both_exits: u32,
    pub(super) random: ChaCha8Rng,
    /// Reused by every price that concerns an order.
    pub(super) scratch: Vec<Key>,
}

/// What a submission may carry beside the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extras {
    /// Dollars ordered instead of shares.
    pub notional: Option<Money>,
    /// Whether the order waits for the next price instead of executing at once.
    pub waits: bool,
    /// How long the target and the stop of a group work, where that differs from the
    /// order itself.
    pub exits: [Option<TimeInForce>; 2],
}

/// What the account is worth and may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountView {
    /// Cash, negative when borrowed.
    pub cash: Money,
    /// Cash plus the market value of all positions.
    pub equity: Money,
    /// Equity at the last close of the regular session.
    pub last_equity: Money,
    /// What opening orders may still cost, never negative.
    pub buying_power: Money,
    /// What open orders hold back from buying power.
    pub reserved: Money,
    /// Market value of long positions.
    pub long_market_value: Money,
    /// Market value of short positions, zero or negative.
    pub short_market_value: Money,
    /// Profit taken so far, fees not deducted.
    pub realized: Money,
    /// Fees paid so far.
    pub fees: Money,
    /// How often equity may be spent.
    pub multiplier: Multiplier,
    /// Whether the account may sell short.
    pub shorting_enabled: bool,
    /// Whether new orders are refused.
    pub is_suspended: bool,
}

/// One open position with its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionView {
    /// The position.
    pub position: Position,
    /// The newest price, dollars per share.
    pub price: Option<Price>,
    /// Shares that no open exit holds.
    pub available: Qty,
}

impl Exchange {
    /// Opens an exchange.
    pub fn new(config: ExchangeConfig) -> Self {
        let mut assets = SymbolMap::default();
        for (symbol, flags) in &config.assets {
            assets.row(*symbol, || *flags);
        }
        let seed = match config.fill.partials {
            Partials::Random { seed, .. } => seed,
            Partials::Never | Partials::Displayed | Partials::VolumeShare { .. } => 0,
        };
        Self {
            book: Book::new(config.opening_cash),
            rows: SymbolMap::default(),
            register: Register::new(config.keep_finished, config.venue),
            assets,
            session: Session::Open,
            reserved: Money::ZERO,
            last_equity: config.opening_cash,
            is_suspended: false,
            both_exits: 0,
            random: ChaCha8Rng::seed_from_u64(seed),
            scratch: Vec::new(),
            config,
        }
    }

    /// Takes an order in and returns the exchange's name for it. What happens at
    /// once (acceptance, fills, the end of an order that had to execute at once)
    /// is in `out`.
    ///
    /// # Errors
    /// When a rule refuses the order; then nothing has changed.
    pub fn submit(
        &mut self,
        request: &OrderRequest,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<BrokerOrderId, Rejection> {
        self.submit_with(request, Extras::default(), at, out)
    }

    /// Takes an order in that is ordered by amount, or that a slow venue leaves alone
    /// until its next price. Of an amount, `qty` of the request is what it buys
    /// ([`shares_for`](Self::shares_for)).
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn submit_with(
        &mut self,
        request: &OrderRequest,
        extras: Extras,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<BrokerOrderId, Rejection> {
        let admission = self.admit(request, at)?;
        let (key, id) = self.accept(request, (admission, extras), at, out);
        let said = out.len();
        if !extras.waits {
            self.attempt_now(key, at, out);
        }
        // Where nothing was said of it after its acceptance, no other order has changed.
        if request.class == OrderClass::Simple && out.len() == said {
            self.widen(key);
        } else {
            self.refresh(request.symbol);
        }
        Ok(id)
    }

    /// Returns how many shares an amount buys or sells now, rounded down to a billionth:
    /// at the limit, else at the far side of the quote, else at the last price.
    pub fn shares_for(
        &self,
        symbol: Symbol,
        side: Side,
        limit: Option<Price>,
        amount: Money,
    ) -> Option<Qty> {
        let row = self.rows.get(symbol);
        let far = |quote: Quote| if side == Side::Buy { quote.ask } else { quote.bid };
        let market = row.and_then(|row| row.quote.map(far).or(row.last));
        let price = limit.or(market)?;
        let shares = amount.units().checked_mul(1_000_000_000)? / i128::from(price.units());
        Qty::from_units(u64::try_from(shares).ok()?).ok()
    }

    /// Cancels an order and all members of its group. Cancelling a cancelled
    /// order once more succeeds without a report (seen at Alpaca, §3.7).
    ///
    /// # Errors
    /// When the order is unknown or ended otherwise.
    pub fn cancel(
        &mut self,
        name: OrderName<'_>,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Result<(), Rejection> {
        let Some(key) = self.register.key(name) else {
            return match self.register.find(name) {
                None => Err(Rejection::unknown_order(name.as_str())),
                Some(order) if order.status == OrderStatus::Cancelled => Ok(()),
                Some(order) => {
                    let text = format!("order is already in \"{}\" state", order.status.name());
                    Err(Rejection::unacceptable(RejectReason::NotWorking, text))
                }
            };
        };
        let found = self.register.get(key).map(|order| (order.symbol, order.status));
        if found.is_some_and(|(_, status)| status == OrderStatus::PendingCancel) {
            return Err(Rejection::unacceptable(RejectReason::NotWorking, "order pending cancel"));
        }
        let symbol = found.map(|(symbol, _)| symbol);
        self.cancel_group(key, CancelCause::Requested, at, out);
        if let Some(symbol) = symbol {
            self.refresh(symbol);
        }
        Ok(())
    }

    /// Cancels every working order, oldest first.
    pub fn cancel_all(&mut self, at: Timestamp, out: &mut Vec<Report>) {
        let ids: Vec<BrokerOrderId> =
            self.working().into_iter().map(|order| order.broker_order_id.clone()).collect();
        for id in &ids {
            // A member of a group cancelled a moment ago answers Ok.
            let _ = self.cancel(OrderName::Broker(id), at, out);
        }
    }

    /// Refuses all new orders from now on, or takes them again.
    pub const fn set_suspended(&mut self, is_suspended: bool) {
        self.is_suspended = is_suspended;
    }

    /// Allows or forbids new short sales.
    pub const fn set_shorting(&mut self, is_enabled: bool) {
        self.config.shorting_enabled = is_enabled;
    }

    /// Returns what an asset allows, `None` for one that is not listed.
    pub fn asset(&self, symbol: Symbol) -> Option<AssetFlags> {
        self.assets.get(symbol).copied().or(self.config.unlisted)
    }

    /// Returns what the account is worth.
    pub fn account(&self) -> AccountView {
        let (net, gross) = (self.book.net_exposure(), self.book.gross_exposure());
        AccountView {
            cash: self.book.cash(),
            equity: self.book.equity(),
            last_equity: self.last_equity,
            buying_power: self.buying_power().max(Money::ZERO),
            reserved: self.reserved,
            long_market_value: Money::from_units((gross + net).units() / 2),
            short_market_value: Money::from_units((net - gross).units() / 2),
            realized: self.book.realized(),
            fees: self.book.fees(),
            multiplier: self.config.multiplier,
            shorting_enabled: self.config.shorting_enabled,
            is_suspended: self.is_suspended,
        }
    }

    /// Returns the open positions, in the order in which symbols were first held.
    pub fn positions(&self) -> Vec<PositionView> {
        self.book
            .positions()
            .map(|(position, price)| PositionView {
                position,
                price,
                available: self.free_shares(position.symbol, position.direction.exit_side()),
            })
            .collect()
    }

    /// Returns the working orders, legs included, oldest first.
    pub fn working(&self) -> Vec<&Order> {
        let mut orders: Vec<&Order> = self.register.working().collect();
        orders.sort_unstable_by_key(|order| order.sequence);
        orders
    }

    /// Returns the working orders and the newest finished ones, oldest first.
    pub fn orders(&self) -> Vec<&Order> {
        let mut orders: Vec<&Order> =
            self.register.working().chain(self.register.finished()).collect();
        orders.sort_unstable_by_key(|order| order.sequence);
        orders
    }

    /// Finds an order, working or among the newest finished ones.
    pub fn order(&self, name: OrderName<'_>) -> Option<&Order> {
        self.register.find(name)
    }

    /// Returns the part of the trading day.
    pub const fn session(&self) -> Session {
        self.session
    }

    fn accept(
        &mut self,
        request: &OrderRequest,
        (admission, extras): (Admission, Extras),
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> (Key, BrokerOrderId) {
        let mut order = self.order_from(request, admission, at);
        order.notional = extras.notional;
        let id = order.broker_order_id.clone();
        let legs = legs_of(&order);
        let main = (order.class != OrderClass::Simple).then(|| order.clone());
        if let Some(last) = self.rows.row(order.symbol, Row::default).last {
            order.trail_from(last);
        }
        let key = self.enter(order, None, at, out);
        for (role, side, kind) in legs.into_iter().flatten() {
            let Some(main) = &main else { break };
            let mut leg = self.leg(main, role, side, kind);
            let [target, stop] = extras.exits;
            let own = if role == Role::Stop { stop } else { target };
            leg.time_in_force = own.unwrap_or(leg.time_in_force);
            self.enter(leg, Some(&id), at, out);
        }
        (key, id)
    }

    /// Puts an order among the working ones.
    pub(super) fn enter(
        &mut self,
        order: Order,
        parent: Option<&BrokerOrderId>,
        at: Timestamp,
        out: &mut Vec<Report>,
    ) -> Key {
        let queued = order.status == OrderStatus::Accepted;
        let what = What::Accepted { role: order.role, parent: parent.cloned(), queued };
        out.push(said(&order, at, what));
        let (symbol, side) = (order.symbol, order.side);
        self.reserved += order.reserve();
        let key = self.register.insert(order);
        self.rows.row(symbol, Row::default).add(key, side);
        key
    }

    fn order_from(&mut self, request: &OrderRequest, admission: Admission, at: Timestamp) -> Order {
        let (sequence, broker_order_id) = self.register.next_order();
        let is_queued =
            !self.is_in_session(request.extended_hours) || is_auction(request.time_in_force);
        let role = match request.class {
            OrderClass::Simple => Role::Single,
            OrderClass::Oco { .. } => Role::Target,
            OrderClass::Bracket { .. }
            | OrderClass::OtoStop { .. }
            | OrderClass::OtoTarget { .. } => Role::Entry,
        };
        Order {
            sequence,
            client_order_id: request.client_order_id.clone(),
            broker_order_id,
            symbol: request.symbol,
            side: request.side,
            qty: request.qty,
            notional: None,
            kind: request.kind,
            time_in_force: request.time_in_force,
            extended_hours: request.extended_hours,
            class: request.class,
            role,
            group: (role != Role::Single).then_some(GroupId(sequence)),
            intent: admission.intent,
            status: if is_queued { OrderStatus::Accepted } else { OrderStatus::New },
            is_armed: true,
            is_elected: false,
            filled: Qty::ZERO,
            filled_value: Money::ZERO,
            best: None,
            stop: request.kind.stop(),
            replaces: None,
            replaced_by: None,
            submitted_at: at,
            updated_at: at,
            reserve_price: admission.reserve_price,
            armed_in_bar: self.rows.get(request.symbol).map_or(0, |row| row.bars),
        }
    }

    fn leg(&mut self, main: &Order, role: Role, side: Side, kind: OrderKind) -> Order {
        let (sequence, broker_order_id) = self.register.next_order();
        let client_order_id: ClientOrderId = self.register.client_id_of(sequence);
        Order {
            sequence,
            client_order_id,
            broker_order_id,
            side,
            kind,
            role,
            intent: Intent::Close,
            status: OrderStatus::Held,
            // The stop of an OCO is watched at once, all others wait.
            is_armed: matches!(main.class, OrderClass::Oco { .. }),
            stop: kind.stop(),
            reserve_price: None,
            ..main.clone()
        }
    }
}

/// Lists the orders that come with an order: role, side and kind.
fn legs_of(main: &Order) -> [Option<(Role, Side, OrderKind)>; 2] {
    let exit = main.side.opposite();
    let target = |limit| Some((Role::Target, exit, OrderKind::Limit { limit }));
    match main.class {
        OrderClass::Simple => [None, None],
        OrderClass::Bracket { target: limit, stop } => {
            [target(limit), Some((Role::Stop, exit, stop_kind(stop)))]
        }
        OrderClass::Oco { stop } => [None, Some((Role::Stop, main.side, stop_kind(stop)))],
        OrderClass::OtoStop { stop } => [None, Some((Role::Stop, exit, stop_kind(stop)))],
        OrderClass::OtoTarget { target: limit } => [target(limit), None],
    }
}

const fn stop_kind(leg: StopLeg) -> OrderKind {
    match leg.limit {
        Some(limit) => OrderKind::StopLimit { stop: leg.stop, limit },
        None => OrderKind::Stop { stop: leg.stop },
    }
}
