//! `flightdeck config print|check`.

use crate::cli::arguments::{Arguments, ConfigVerb};
use crate::cli::{Failure, Outcome, output, people};
use crate::config::{Config, Purpose};

pub(crate) fn config(arguments: &Arguments, verb: &ConfigVerb) -> Outcome {
    let config = load(arguments, Purpose::Sim)?;
    match verb {
        ConfigVerb::Print => output::say(&config.to_table().to_string())?,
        ConfigVerb::Check => {
            people::check(&config)?;
            output::say(&format!("the configuration is legal (hash {})", config.hash()))?;
        }
    }
    Ok(())
}

/// Reads the layers, flags last.
pub(crate) fn load(arguments: &Arguments, purpose: Purpose) -> Result<Config, Failure> {
    let preset = arguments.preset.as_deref();
    let mut config =
        Config::load(purpose, preset, arguments.config.as_deref()).map_err(Failure::refused)?;
    if let Some(seed) = arguments.seed {
        config.seed = seed;
    }
    Ok(config)
}
