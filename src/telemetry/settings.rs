//! Where telemetry goes: the standard `OTEL_*` variables, and the section `[telemetry]`.
//!
//! Nothing is sent unless an endpoint is named. Headers, time-outs, compression and the
//! resource are read from the same variables by the libraries that use them
//! (OpenTelemetry specification, "OTLP exporter configuration" and "Environment variable
//! specification" of 2026). `OTEL_TRACES_SAMPLER` is not heeded: what an order did is
//! always told.

use url::Url;

/// The endpoints that are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Where spans go, with the path.
    pub traces: Option<String>,
    /// Where metrics go, with the path.
    pub metrics: Option<String>,
    /// Whether the environment names the service.
    pub has_service_name: bool,
}

/// Why nothing can be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// An endpoint is no address.
    #[error("{name} is '{value}': use an address such as http://127.0.0.1:4318")]
    Endpoint {
        /// The variable or key that names it.
        name: String,
        /// What it says.
        value: String,
    },
    /// A protocol that is not spoken.
    #[error("{name} is '{value}': only http/protobuf is spoken")]
    Protocol {
        /// The variable that names it.
        name: String,
        /// What it says.
        value: String,
    },
}

const BASE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

impl Settings {
    /// Reads the variables; where they name no endpoint, `configured` does (empty: none).
    ///
    /// # Errors
    /// When an endpoint is no address, or the protocol is not spoken.
    pub fn read(
        lookup: impl Fn(&str) -> Option<String>,
        configured: &str,
    ) -> Result<Self, SettingsError> {
        let found =
            |name: &str| lookup(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let has_service_name = found("OTEL_SERVICE_NAME").is_some()
            || found("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
        if found("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(Self { has_service_name, ..Self::default() });
        }
        let base = match found(BASE) {
            Some(value) => Some((BASE, value)),
            None if configured.is_empty() => None,
            None => Some(("telemetry.endpoint", configured.to_owned())),
        };
        let endpoint = |signal: &str| -> Result<Option<String>, SettingsError> {
            let upper = signal.to_uppercase();
            if found(&format!("OTEL_{upper}_EXPORTER")).is_some_and(|value| value == "none") {
                return Ok(None);
            }
            let own = format!("OTEL_EXPORTER_OTLP_{upper}_ENDPOINT");
            let address = match (found(&own), &base) {
                // The address of one signal is used as it is (specification, "Endpoint URLs
                // for OTLP/HTTP").
                (Some(value), _) => checked(&own, &value)?,
                (None, Some((name, value))) => {
                    let base = checked(name, value)?;
                    format!("{}/v1/{signal}", base.trim_end_matches('/'))
                }
                (None, None) => return Ok(None),
            };
            for name in [
                format!("OTEL_EXPORTER_OTLP_{upper}_PROTOCOL"),
                "OTEL_EXPORTER_OTLP_PROTOCOL".into(),
            ] {
                if let Some(value) = found(&name).filter(|value| value != "http/protobuf") {
                    return Err(SettingsError::Protocol { name, value });
                }
            }
            Ok(Some(address))
        };
        Ok(Self { traces: endpoint("traces")?, metrics: endpoint("metrics")?, has_service_name })
    }

    /// Whether anything is sent.
    pub const fn is_on(&self) -> bool {
        self.traces.is_some() || self.metrics.is_some()
    }
}

fn checked(name: &str, value: &str) -> Result<String, SettingsError> {
    let refused = || SettingsError::Endpoint { name: name.into(), value: value.into() };
    let url: Url = value.parse().map_err(|_| refused())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(value.to_owned())
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)], configured: &str) -> Result<Settings, SettingsError> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Settings::read(lookup, configured)
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], configured: &str, expected: [Option<&str>; 2]) {
        let settings = read(variables, configured).unwrap();
        assert_eq!([settings.traces.as_deref(), settings.metrics.as_deref()], expected);
        assert_eq!(settings.is_on(), expected != [None, None]);
    }

    #[test]
    fn nothing_is_sent_unless_an_endpoint_is_named() {
        check(&[], "", [None, None]);
        check(&[("OTEL_SERVICE_NAME", "cockpit"), (BASE, " ")], "", [None, None]);
    }

    #[test]
    fn a_base_serves_both_signals_and_a_signals_own_address_is_used_as_it_is() {
        let both = [Some("http://a:4318/v1/traces"), Some("http://a:4318/v1/metrics")];
        check(&[(BASE, "http://a:4318")], "", both);
        check(&[(BASE, "http://a:4318/")], "http://b:1", both);
        check(&[], "http://a:4318", both);
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1/in");
        check(&[own], "", [Some("http://t:1/in"), None]);
        check(&[own, (BASE, "http://a:4318")], "", [own.1.into(), both[1]]);
    }

    #[test]
    fn it_is_switched_off_by_the_standard_words() {
        check(&[(BASE, "http://a"), ("OTEL_SDK_DISABLED", "True")], "http://b", [None, None]);
        let none = ("OTEL_TRACES_EXPORTER", "none");
        check(&[(BASE, "http://a"), none], "", [None, Some("http://a/v1/metrics")]);
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused_by_name() {
        for value in ["127.0.0.1:4318", "ftp://a", "collector", "http://"] {
            let said = read(&[(BASE, value)], "").unwrap_err().to_string();
            assert!(said.contains(BASE) && said.contains(value), "{said}");
        }
        assert!(read(&[], "nowhere").unwrap_err().to_string().contains("telemetry.endpoint"));
        let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        let said = read(&[(BASE, "http://a:4317"), grpc], "").unwrap_err().to_string();
        assert!(said.contains("grpc"), "{said}");
        check(&[grpc], "", [None, None]);
    }
}
