//! Who sits where, in order of delivery.

use std::sync::Arc;

use crate::agents::market_data::MarketDataAgent;
use crate::agents::order_execution::OrderExecutionAgent;
use crate::agents::position_management::PositionManagementAgent;
use crate::agents::risk_management::RiskManagementAgent;
use crate::agents::strategy::StrategyAgent;
use crate::agents::{market_data, order_execution, position_management, risk_management, strategy};
use crate::bus::{Agent, Roster, RosterSeat};
use crate::domain::ids::AgentId;

/// What the five agents are told.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentConfigs {
    /// Of the market data agent.
    pub market_data: market_data::Config,
    /// Of the strategy agent.
    pub strategy: strategy::Config,
    /// Of the risk agent.
    pub risk: risk_management::Config,
    /// Of the execution agent.
    pub execution: order_execution::Config,
    /// Of the position agent.
    pub position: position_management::Config,
}

/// Seats the occupant of the venue seat first and the five agents after it.
///
/// # Errors
/// When a configuration is not legal.
///
/// # Panics
/// Never: what a factory builds has been built once before it is returned.
pub fn roster(configs: &AgentConfigs, venue: RosterSeat) -> Result<Roster, String> {
    // Built once here so that building it again after a panic cannot fail.
    StrategyAgent::new(configs.strategy.clone())?;
    let AgentConfigs { market_data, strategy, risk, execution, position } = configs.clone();
    let limits = risk.limits.clone();
    Ok(vec![
        venue,
        seat(AgentId::MarketData, move || Box::new(MarketDataAgent::new(market_data.clone()))),
        seat(AgentId::Strategy, move || {
            Box::new(StrategyAgent::new(strategy.clone()).expect("the same was built in roster"))
        }),
        seat(AgentId::RiskManagement, move || Box::new(RiskManagementAgent::new(risk.clone()))),
        seat(AgentId::OrderExecution, move || {
            Box::new(OrderExecutionAgent::new(execution.clone(), limits.clone()))
        }),
        seat(AgentId::PositionManagement, move || {
            Box::new(PositionManagementAgent::new(position.clone()))
        }),
    ])
}

fn seat(id: AgentId, make: impl Fn() -> Box<dyn Agent> + Send + Sync + 'static) -> RosterSeat {
    RosterSeat { id, factory: Arc::new(make) }
}
