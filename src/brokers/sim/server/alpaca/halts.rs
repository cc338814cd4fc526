//! Fault 17: a stock is halted and resumes (Alpaca, protocol page §9 of October 2026).
//!
//! Strikes by itself as soon as it is armed, once for each of its count: the stock it
//! names, else the first listed one, is halted for the seconds it names, else for a
//! minute of the world's time. What clients hear of it is the data stream's business.

use jiff::SignedDuration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::brokers::sim::server::{Fault, FaultOrder, Shared};
use crate::domain::ids::Symbol;

const HALT_SECONDS: u32 = 60;

/// Waits for the fault to be armed and carries it out, until it is told to stop.
pub(in crate::brokers::sim::server) async fn halt_on_purpose(
    state: Shared,
    stop: CancellationToken,
) {
    let mut changes = state.faults.subscribe();
    loop {
        while let Some(order) = state.faults.take_for(Fault::HaltAndResume, None) {
            // The stop first: a standing clock never ends a halt.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = halt(&state, &order) => {}
            }
        }
        // The stop first: there may always be another change.
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            armed = changes.changed() => if armed.is_err() { return },
        }
    }
}

/// Halts one stock and lets it trade again when the world has come far enough.
async fn halt(state: &Shared, order: &FaultOrder) {
    let seconds = SignedDuration::from_secs(order.seconds.unwrap_or(HALT_SECONDS).into());
    let halted = state.with_world(|world| {
        let first = || world.stocks().next().map(|stock| stock.symbol);
        let symbol: Symbol = order.symbol.or_else(first)?;
        let steps = world.subscribe_market();
        world.halt(symbol, true).ok()?;
        Some((symbol, steps, world.now().plus(seconds)))
    });
    let Some((symbol, mut steps, until)) = halted else { return };
    // Ends with the halt: the world goes on as long as the server does.
    loop {
        match steps.recv().await {
            Ok(step) if step.at >= until => break,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
    // It is listed, since it could be halted.
    let _ = state.with_world(|world| world.halt(symbol, false));
}
