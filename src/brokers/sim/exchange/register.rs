//! The orders of the exchange: working ones in slots, the newest finished ones
//! in a bounded queue, and the ids under which both are found.
//!
//! Knows nothing of prices. Memory for long runs: a finished order beyond the
//! bound leaves only the 16-byte fingerprint of its client order id (about 20 to
//! 40 bytes in the set), which keeps that id refused for ever.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::domain::ids::{BrokerOrderId, ClientOrderId, ExecutionId};

use super::order::Order;

/// How a caller names an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderName<'a> {
    /// By the client's name.
    Client(&'a ClientOrderId),
    /// By the exchange's name.
    Broker(&'a BrokerOrderId),
}

impl OrderName<'_> {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Client(id) => id.as_str(),
            Self::Broker(id) => id.as_str(),
        }
    }
}

/// Slot of a working order.
pub(super) type Key = usize;

/// Where an order is.
#[derive(Debug, Clone, Copy)]
enum Place {
    Working(Key),
    /// Number of the order among all finished ones.
    Finished(u64),
}

/// All orders that can be found.
#[derive(Debug)]
pub(super) struct Register {
    slots: Vec<Option<Order>>,
    free: Vec<Key>,
    finished: VecDeque<Order>,
    /// How many finished orders were dropped from the front of `finished`.
    dropped: u64,
    keep_finished: usize,
    by_broker: HashMap<BrokerOrderId, Place>,
    by_client: HashMap<ClientOrderId, Place>,
    used: HashSet<u128>,
    venue: u32,
    orders: u64,
    executions: u64,
}

impl Register {
    pub(super) fn new(keep_finished: usize, venue: u32) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            finished: VecDeque::new(),
            dropped: 0,
            keep_finished,
            by_broker: HashMap::new(),
            by_client: HashMap::new(),
            used: HashSet::new(),
            venue,
            orders: 0,
            executions: 0,
        }
    }

    /// Gives out the next sequence number and the id made from it.
    pub(super) fn next_order(&mut self) -> (u64, BrokerOrderId) {
        self.orders += 1;
        (self.orders, BrokerOrderId::new(self.uuid(1, self.orders)))
    }

    /// Makes the client order id of an order that the client did not name.
    pub(super) fn client_id_of(&self, sequence: u64) -> ClientOrderId {
        ClientOrderId::new(self.uuid(3, sequence))
    }

    pub(super) fn next_execution(&mut self) -> ExecutionId {
        self.executions += 1;
        ExecutionId::new(self.uuid(2, self.executions))
    }

    /// A counter in the shape of a version 4 UUID.
    fn uuid(&self, family: u16, number: u64) -> String {
        format!("{:08x}-{family:04x}-4000-8000-{number:012x}", self.venue)
    }

    /// Tells whether a client order id was ever used.
    pub(super) fn is_used(&self, id: &ClientOrderId) -> bool {
        self.used.contains(&fingerprint(id))
    }

    pub(super) fn insert(&mut self, order: Order) -> Key {
        let key = self.free.pop().unwrap_or(self.slots.len());
        self.used.insert(fingerprint(&order.client_order_id));
        self.by_broker.insert(order.broker_order_id.clone(), Place::Working(key));
        self.by_client.insert(order.client_order_id.clone(), Place::Working(key));
        if key == self.slots.len() {
            self.slots.push(Some(order));
        } else {
            self.slots[key] = Some(order);
        }
        key
    }

    /// Frees the slot of an order and keeps it among the finished ones.
    pub(super) fn finish(&mut self, key: Key) {
        let Some(order) = self.slots.get_mut(key).and_then(Option::take) else { return };
        self.free.push(key);
        let number = self.dropped + u64::try_from(self.finished.len()).unwrap_or(u64::MAX);
        self.by_broker.insert(order.broker_order_id.clone(), Place::Finished(number));
        self.by_client.insert(order.client_order_id.clone(), Place::Finished(number));
        self.finished.push_back(order);
        if self.finished.len() > self.keep_finished
            && let Some(oldest) = self.finished.pop_front()
        {
            self.dropped += 1;
            self.by_broker.remove(&oldest.broker_order_id);
            self.by_client.remove(&oldest.client_order_id);
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<&Order> {
        self.slots.get(key)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Order> {
        self.slots.get_mut(key)?.as_mut()
    }

    /// Finds a working order.
    pub(super) fn key(&self, name: OrderName<'_>) -> Option<Key> {
        match self.place(name)? {
            Place::Working(key) => Some(key),
            Place::Finished(_) => None,
        }
    }

    /// Finds an order, working or among the newest finished ones.
    pub(super) fn find(&self, name: OrderName<'_>) -> Option<&Order> {
        match self.place(name)? {
            Place::Working(key) => self.get(key),
            Place::Finished(number) => {
                let index = usize::try_from(number.checked_sub(self.dropped)?).ok()?;
                self.finished.get(index)
            }
        }
    }

    /// Walks the working orders, in no meaningful order.
    pub(super) fn working(&self) -> impl Iterator<Item = &Order> {
        self.slots.iter().flatten()
    }

    /// Walks the kept finished orders, the one that ended first at the front.
    pub(super) fn finished(&self) -> impl Iterator<Item = &Order> {
        self.finished.iter()
    }

    fn place(&self, name: OrderName<'_>) -> Option<Place> {
        match name {
            OrderName::Client(id) => self.by_client.get(id).copied(),
            OrderName::Broker(id) => self.by_broker.get(id).copied(),
        }
    }
}

/// 128-bit FNV-1a (Fowler, Noll, Vo: the constants of their page): with ten
/// million ids the chance of any two colliding is below 1e-24.
fn fingerprint(id: &ClientOrderId) -> u128 {
    id.as_str().bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}
