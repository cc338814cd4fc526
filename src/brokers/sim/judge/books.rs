//! A second ledger, kept from the fills alone, beside the exchange's own (I5).

use std::collections::BTreeMap;

use crate::brokers::sim::exchange::{Exchange, Report, What};
use crate::domain::ids::{ExecutionId, Symbol};
use crate::domain::money::Money;
use crate::domain::order::Side;
use crate::domain::position::Direction;

/// Cash and shares as the fills make them.
#[derive(Debug)]
pub struct Books {
    cash: Money,
    /// Billionths of a share, negative when owed.
    shares: BTreeMap<Symbol, i128>,
    executions: u64,
    last: Option<ExecutionId>,
}

impl Books {
    /// Begins with the cash of the account.
    pub const fn new(opening_cash: Money) -> Self {
        Self { cash: opening_cash, shares: BTreeMap::new(), executions: 0, last: None }
    }

    /// How many executions there were.
    pub const fn executions(&self) -> u64 {
        self.executions
    }

    /// Takes one report.
    pub fn take(&mut self, report: &Report) {
        let What::Filled { fill, fee, .. } = &report.what else { return };
        let value = fill.price.times(fill.qty);
        let units = i128::from(fill.qty.units());
        let held = self.shares.entry(fill.symbol).or_default();
        match fill.side {
            Side::Buy => {
                self.cash -= value;
                *held += units;
            }
            Side::Sell => {
                self.cash += value;
                *held -= units;
            }
        }
        self.cash -= *fee;
        self.executions += 1;
        self.last = Some(fill.execution_id.clone());
    }

    /// What is wrong with the exchange's own ledger, in words; `None` when both agree to
    /// the last unit.
    pub fn differ(&self, exchange: &Exchange) -> Option<String> {
        let cash = exchange.account().cash;
        if cash != self.cash {
            return Some(format!(
                "the ledger has {cash} in cash, the fills make {} (the last is {:?})",
                self.cash, self.last
            ));
        }
        let theirs: BTreeMap<Symbol, i128> = exchange
            .positions()
            .into_iter()
            .map(|view| {
                let units = i128::from(view.position.qty.units());
                let signed = match view.position.direction {
                    Direction::Long => units,
                    Direction::Short => -units,
                };
                (view.position.symbol, signed)
            })
            .collect();
        let symbols = self.shares.keys().chain(theirs.keys());
        for symbol in symbols {
            let of = |map: &BTreeMap<Symbol, i128>| map.get(symbol).copied().unwrap_or_default();
            let (ours, theirs) = (of(&self.shares), of(&theirs));
            if ours != theirs {
                return Some(format!(
                    "the ledger holds {theirs} billionths of {symbol}, the fills make {ours}"
                ));
            }
        }
        None
    }
}
