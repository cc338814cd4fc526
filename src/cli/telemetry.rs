//! What a run tells of itself beside its events: to a collector that the environment
//! names, and on a page.

use std::sync::Arc;

use crate::brokers::install_tls_provider;
use crate::cli::Failure;
use crate::cli::arguments::Run;
use crate::config::Config;
use crate::telemetry::settings::Settings;
use crate::telemetry::{LogGuard, LogTarget, Telemetry, init, init_measured};

/// Telemetry while a run goes, and its log.
pub(crate) struct Observed {
    /// `None` where nobody asked for it.
    pub(crate) telemetry: Option<Arc<Telemetry>>,
    _log: LogGuard,
}

impl Observed {
    /// Sets the log up, and what is sent or shown where somebody asked for it.
    ///
    /// # Errors
    /// When the log cannot be had or an endpoint is none.
    pub(crate) fn open(
        (run, mode): (&Run, &str),
        settings: &Config,
        target: &LogTarget,
    ) -> Result<Self, Failure> {
        let lookup = |name: &str| std::env::var(name).ok();
        let wanted =
            Settings::read(lookup, &settings.telemetry.endpoint).map_err(Failure::refused)?;
        if !wanted.is_on() && run.metrics.is_none() {
            let log = init(target).map_err(Failure::refused)?;
            return Ok(Self { telemetry: None, _log: log });
        }
        // Also for plain addresses: the client is built with it or not at all.
        install_tls_provider();
        let name = format!("{mode}-{}", std::process::id());
        let telemetry = Telemetry::open(&wanted, &name).map_err(Failure::refused)?;
        let log = init_measured(target, telemetry.metrics()).map_err(Failure::refused)?;
        Ok(Self { telemetry: Some(Arc::new(telemetry)), _log: log })
    }
}

impl Drop for Observed {
    /// Sends what is left, for two seconds at most, before the log ends.
    fn drop(&mut self) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.end();
        }
    }
}
