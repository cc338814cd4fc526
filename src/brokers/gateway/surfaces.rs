//! The ways out to a broker: one for trading, and one of its own for market data where
//! the broker counts the two separately.
//!
//! A broker that has had too many requests for data says so of data alone; a stop, a
//! cancel and the kill must not wait for it. What may leave on one way is decided in
//! [`admission`](crate::brokers::gateway::admission).

use std::sync::Arc;

use crate::breakers::CallClass;
use crate::brokers::gateway::admission::{Admission, Usage};
use crate::brokers::gateway::config::GatewayConfig;
use crate::brokers::{Answer, CallError};
use crate::bus::clock::Clock;
use crate::events::{BudgetChanged, BudgetExhausted};

/// The ways out.
pub(super) struct Surfaces {
    trading: Arc<Admission>,
    /// `None` where the broker counts everything together.
    data: Option<Arc<Admission>>,
}

impl Surfaces {
    pub(super) fn new(config: &GatewayConfig, clock: &Arc<dyn Clock>) -> Self {
        let way = |budget, seed| Arc::new(Admission::new(budget, seed, clock.clone()));
        Self {
            trading: way(config.budget, config.seed),
            data: config.data_budget.map(|budget| way(budget, config.seed.wrapping_add(1))),
        }
    }

    /// The way of a class of calls; orders have none.
    pub(super) fn of(&self, class: Option<CallClass>) -> &Arc<Admission> {
        match (class, &self.data) {
            (Some(CallClass::MarketData), Some(data)) => data,
            (Some(CallClass::MarketData | CallClass::Accounts | CallClass::Orders) | None, _) => {
                &self.trading
            }
        }
    }

    /// How each budget stands.
    pub(super) fn usage(&self, broker: &str) -> Vec<BudgetChanged> {
        let stands = |(budget, way): (String, &Arc<Admission>)| {
            let Usage { used, limit, shut_until } = way.usage();
            BudgetChanged { budget, used, limit, shut_until }
        };
        self.named(broker).into_iter().map(stands).collect()
    }

    /// Takes out which lanes had to wait since the last call.
    pub(super) fn take_exhausted(&self, broker: &str) -> Vec<BudgetExhausted> {
        let mut all = Vec::new();
        for (budget, way) in self.named(broker) {
            all.extend(way.take_exhausted().into_iter().map(|(lane, until)| BudgetExhausted {
                budget: budget.clone(),
                lane: lane.name().to_owned(),
                until,
            }));
        }
        all
    }

    fn named(&self, broker: &str) -> Vec<(String, &Arc<Admission>)> {
        let data = self.data.iter().map(|way| (format!("{broker}.data"), way));
        std::iter::once((broker.to_owned(), &self.trading)).chain(data).collect()
    }
}

/// Takes note of what an answer says of the broker's count on the way that it came by.
pub(super) fn feed_back<T>(way: &Admission, answer: &Result<Answer<T>, CallError>) {
    match answer {
        Ok(answer) => way.answered(answer.rate),
        Err(CallError::Refused(refusal)) if refusal.status == 429 => {
            let reset = refusal.rate.map(|rate| rate.reset);
            way.refused(refusal.retry_at.or(reset));
        }
        Err(error @ (CallError::Refused(_) | CallError::Unknown { .. })) => {
            if let Some(rate) = error.rate() {
                way.answered(Some(rate));
            }
        }
        Err(CallError::NotSent { .. } | CallError::LoginNeeded { .. }) => {}
    }
}
