//! How a gateway is set up.

use crate::breakers::{BreakerConfig, BudgetConfig};
use crate::domain::calendar::MarketHours;
use crate::domain::ids::Symbol;
use crate::domain::time::Timestamp;

/// How a gateway is set up; ranges are checked by whoever reads the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayConfig {
    /// The request limit of the account.
    pub budget: BudgetConfig,
    /// The limit of market data, where the broker counts it apart from trading; `None`
    /// when one limit holds for both.
    pub data_budget: Option<BudgetConfig>,
    /// When reads of the account and of market data are refused.
    pub breaker: BreakerConfig,
    /// The command that a human runs when a breaker latches.
    pub remedy: String,
    /// Whether the journal says that the breakers are latched: then nothing leaves before
    /// the operator's reset.
    pub is_latched: bool,
    /// The account that must answer; another one closes the gate. `None` takes any.
    pub account_id: Option<String>,
    /// Stocks that are followed, in the order of the watch list.
    pub symbols: Vec<Symbol>,
    /// Minute bars read at the start, minutes back; 0 reads none.
    pub warm_up_minutes: u32,
    /// Seconds between two readings of orders, positions and account, 1 or more.
    pub reconcile_seconds: u32,
    /// When the journal last heard of the venue; orders submitted since a minute
    /// before are read at the start, in whatever state.
    pub last_seen: Timestamp,
    /// Which sessions the market keeps by our own calendar; compared with the broker's
    /// clock.
    pub hours: MarketHours,
    /// Seed of the jitter between tries.
    pub seed: u64,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            budget: BudgetConfig::ALPACA,
            data_budget: None,
            breaker: BreakerConfig::default(),
            remedy: "flightdeck doctor".into(),
            is_latched: false,
            account_id: None,
            symbols: Vec::new(),
            warm_up_minutes: 0,
            reconcile_seconds: 30,
            last_seen: Timestamp::default(),
            hours: MarketHours::default(),
            seed: 0,
        }
    }
}
