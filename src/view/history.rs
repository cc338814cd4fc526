//! Decision records that are older than what is kept: made again from the journal.

use std::sync::Arc;

use crate::events::Envelope;
use crate::view::decisions::{Record, Wanted};
use crate::view::projector::{Projector, Setup};

/// Folds a journal and returns the record that is meant, the newest one where
/// several are.
///
/// `source` visits every envelope, oldest first, as a journal's `for_each` does; an
/// error of its own it keeps for its caller. The record that is looked for never
/// makes room for newer ones, so its age is of no account.
pub fn record_from(
    setup: &Setup,
    wanted: &Wanted,
    source: impl FnOnce(&mut dyn FnMut(&Envelope)),
) -> Option<Arc<Record>> {
    let mut projector = Projector::looking_for(setup, Some(wanted.clone()));
    source(&mut |envelope| projector.see(envelope));
    projector.why(wanted).cloned()
}
