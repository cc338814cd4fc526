//! `flightdeck bus acl`.

use crate::bus::redis::acl;
use crate::cli::arguments_bus::BusVerb;
use crate::cli::{Outcome, output};

pub(crate) fn bus(verb: &BusVerb) -> Outcome {
    match verb {
        BusVerb::Acl { sender } => output::say(&acl::file(sender))?,
    }
    Ok(())
}
