//! The read model over real runs: what the screen is told while trades happen.

mod decisions;
mod lanes;
mod moments;

use std::sync::Arc;

use flightdeck::domain::calendar::MarketHours;
use flightdeck::domain::money::Money;
use flightdeck::events::Envelope;
use flightdeck::view::{Precautions, Projector, Setup, Snapshot};

use crate::support::cockpit::Cockpit;

/// The account of the tests' house.
pub(crate) fn setup() -> Setup {
    Setup {
        account: "SIM".into(),
        opening_cash: Money::from_dollars(100_000),
        hours: MarketHours::NewYork,
        breakers: vec!["sim.orders".into()],
        speed: 1,
        precautions: Precautions::default(),
    }
}

/// Folds envelopes.
pub(crate) fn fold(envelopes: &[Envelope]) -> Projector {
    let mut projector = Projector::new(&setup());
    for envelope in envelopes {
        projector.see(envelope);
    }
    projector
}

/// What the screen is told now.
pub(crate) fn shown(cockpit: &Cockpit) -> Arc<Snapshot> {
    fold(&cockpit.journal()).snapshot()
}
