//! Orders that come together: `SINGLE`, `OCO`, `TRIGGER` (Schwab, protocol page §3.2 of
//! October 2026), and the one order with exits that the exchange makes of them.
//!
//! Of all trees those are taken that the exchange can carry out: an OCO of a limit and
//! a stop for the same shares; an entry that triggers such an OCO, a limit or a stop.

use crate::brokers::sim::exchange::{Extras, Role};
use crate::domain::ids::ClientOrderId;
use crate::domain::order::{OrderClass, OrderKind, OrderRequest, StopLeg};

use super::answers::Refused;
use super::fields::Fields;
use super::ticket::Ticket;

/// Trees are no deeper: entry, OCO, exits.
const DEPTH_MAX: usize = 3;

/// A node with what it triggers or holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// One order.
    Single(Ticket),
    /// Two of which one cancels the other.
    Oco(Vec<Self>),
    /// An order that lets others begin when it is filled.
    Trigger(Ticket, Vec<Self>),
}

/// What the exchange is asked for, and which ticket becomes which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) request: OrderRequest,
    pub(super) extras: Extras,
}

impl Tree {
    /// Reads an order with its children.
    pub(super) fn read(fields: &Fields) -> Result<Self, Refused> {
        Self::read_to(fields, DEPTH_MAX)
    }

    fn read_to(fields: &Fields, depth: usize) -> Result<Self, Refused> {
        let children = fields.objects("childOrderStrategies")?;
        if depth == 0 {
            return Err(Refused::order("childOrderStrategies are nested too deep"));
        }
        let children: Result<Vec<Self>, Refused> =
            children.iter().map(|child| Self::read_to(child, depth - 1)).collect();
        let children = children?;
        match fields.text("orderStrategyType").as_deref() {
            Some("SINGLE") if children.is_empty() => Ok(Self::Single(Ticket::read(fields)?)),
            Some("TRIGGER") if !children.is_empty() => {
                Ok(Self::Trigger(Ticket::read(fields)?, children))
            }
            Some("OCO") if children.len() == 2 => Ok(Self::Oco(children)),
            Some(other @ ("SINGLE" | "TRIGGER" | "OCO")) => {
                Err(Refused::order(format!("{other} has a wrong number of childOrderStrategies")))
            }
            Some(other) => {
                Err(Refused::order(format!("orderStrategyType is not supported: {other}")))
            }
            None => Err(Refused::order("orderStrategyType is required")),
        }
    }

    /// Makes one order of the exchange of it.
    pub(super) fn plan(&self, client_order_id: ClientOrderId) -> Result<Plan, Refused> {
        match self {
            Self::Single(ticket) => plan(ticket, OrderClass::Simple, [None, None], client_order_id),
            Self::Oco(children) => {
                let exits = Exits::of(children)?;
                let (Some(target), Some(stop)) = (exits.target, exits.stop) else {
                    return Err(not_offered());
                };
                let class = OrderClass::Oco { stop: stop_leg(stop)? };
                plan(target, class, [None, Some(stop)], client_order_id)
            }
            Self::Trigger(entry, children) => {
                let inner = match children.as_slice() {
                    [Self::Oco(inner)] => inner.as_slice(),
                    [Self::Single(_)] => children.as_slice(),
                    _ => return Err(not_offered()),
                };
                let exits = Exits::of(inner)?;
                let tickets = [exits.target, exits.stop];
                if tickets.into_iter().flatten().any(|exit| exit.side() == entry.side())
                    || tickets.into_iter().flatten().any(|exit| exit.symbol != entry.symbol)
                    || tickets.into_iter().flatten().any(|exit| exit.qty != entry.qty)
                {
                    return Err(not_offered());
                }
                let limit = exits.target.and_then(|target| target.price);
                let class = match (limit, exits.stop) {
                    (Some(target), Some(stop)) => {
                        OrderClass::Bracket { target, stop: stop_leg(stop)? }
                    }
                    (Some(target), None) => OrderClass::OtoTarget { target },
                    (None, Some(stop)) => OrderClass::OtoStop { stop: stop_leg(stop)? },
                    (None, None) => return Err(not_offered()),
                };
                plan(entry, class, tickets, client_order_id)
            }
        }
    }
}

/// Target and stop of a position.
struct Exits<'a> {
    target: Option<&'a Ticket>,
    stop: Option<&'a Ticket>,
}

impl<'a> Exits<'a> {
    fn of(children: &'a [Tree]) -> Result<Self, Refused> {
        let mut exits = Self { target: None, stop: None };
        for child in children {
            let Tree::Single(ticket) = child else { return Err(not_offered()) };
            let place = match role(ticket) {
                Some(Role::Target) => &mut exits.target,
                Some(Role::Stop) => &mut exits.stop,
                Some(Role::Single | Role::Entry) | None => return Err(not_offered()),
            };
            if place.replace(ticket).is_some() {
                return Err(not_offered());
            }
        }
        if let (Some(target), Some(stop)) = (exits.target, exits.stop)
            && (target.symbol, target.side(), target.qty) != (stop.symbol, stop.side(), stop.qty)
        {
            return Err(not_offered());
        }
        Ok(exits)
    }
}

/// What an exit is to the exchange.
pub(super) fn role(ticket: &Ticket) -> Option<Role> {
    match ticket.order_type {
        "LIMIT" => Some(Role::Target),
        "STOP" | "STOP_LIMIT" => Some(Role::Stop),
        _ => None,
    }
}

fn stop_leg(ticket: &Ticket) -> Result<StopLeg, Refused> {
    match ticket.kind()? {
        OrderKind::Stop { stop } => Ok(StopLeg { stop, limit: None }),
        OrderKind::StopLimit { stop, limit } => Ok(StopLeg { stop, limit: Some(limit) }),
        OrderKind::Market | OrderKind::Limit { .. } | OrderKind::TrailingStop { .. } => {
            Err(not_offered())
        }
    }
}

fn plan(
    ticket: &Ticket,
    class: OrderClass,
    exits: [Option<&Ticket>; 2],
    client_order_id: ClientOrderId,
) -> Result<Plan, Refused> {
    let request = OrderRequest {
        client_order_id,
        symbol: ticket.symbol,
        side: ticket.side(),
        qty: ticket.qty,
        kind: ticket.kind()?,
        time_in_force: ticket.time_in_force(),
        class,
        extended_hours: ticket.session != "NORMAL",
    };
    let exits = exits.map(|exit| exit.map(Ticket::time_in_force));
    Ok(Plan { request, extras: Extras { exits, ..Extras::default() } })
}

/// Ours: the real broker takes more trees than this one.
fn not_offered() -> Refused {
    Refused::order(
        "The simulator takes an OCO of a limit and a stop order for the same shares, and a \
         TRIGGER of such an OCO or of one exit",
    )
}
