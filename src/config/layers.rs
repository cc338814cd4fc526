//! Reading the layers, and finding the line that is wrong.

use std::path::Path;

use crate::config::remedy::{explained, set_on};
use crate::config::{Config, ConfigError};

/// Presets that travel inside the binary.
pub(super) const PRESETS: &[(&str, &str)] =
    &[("reference", include_str!("../../presets/reference.toml"))];

pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|cause| ConfigError::Unreadable { path: path.to_path_buf(), cause })
}

pub(super) fn preset_text(name: &str) -> Result<(String, String), ConfigError> {
    if let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) {
        return Ok((format!("preset {name}"), (*text).to_owned()));
    }
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml") {
        return Ok((name.to_owned(), read(path)?));
    }
    let known: Vec<&str> = PRESETS.iter().map(|(known, _)| *known).collect();
    Err(ConfigError::UnknownPreset { name: name.to_owned(), known: known.join(", ") })
}

/// Reads a layer twice: as a whole configuration, which finds unknown keys and
/// wrong types with their lines, and as the table of what it really says.
pub(super) fn checked_layer(source_name: &str, text: &str) -> Result<toml::Table, ConfigError> {
    toml::from_str::<Config>(text).map_err(|error| malformed(source_name, text, &error))?;
    text.parse().map_err(|error: toml::de::Error| malformed(source_name, text, &error))
}

/// Puts a layer over a table, key by key.
pub(super) fn overlay(below: &mut toml::Table, layer: toml::Table) {
    for (key, value) in layer {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(layer)) => overlay(below, layer),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

pub(super) fn wrong(what: &str) -> ConfigError {
    ConfigError::OutOfRange(what.to_owned())
}

/// Finds the line that sets a value out of range: the last layer that has its key.
pub(super) fn placed(error: ConfigError, layers: &[(String, String)]) -> ConfigError {
    let ConfigError::OutOfRange(what) = &error else { return error };
    let path = what.split_whitespace().next().unwrap_or_default();
    let key = path.rsplit('.').next().unwrap_or_default();
    let sets = |line: &str| {
        let rest = line.trim_start().strip_prefix(key)?;
        rest.trim_start().starts_with('=').then_some(())
    };
    for (source_name, text) in layers.iter().rev() {
        let mut found = (0..).zip(text.lines()).filter(|(_, line)| sets(line).is_some());
        let first = found.next();
        // The key of another section may have the same name.
        let is_meant = |at| set_on(text, at).is_some_and(|(found, _)| found == path);
        let exact = first.into_iter().chain(found).find(|(at, _)| is_meant(*at));
        if let Some((at, _)) = exact.or(first) {
            // By the name that the file knows it by: rules know shorter ones.
            let named = set_on(text, at).map(|(found, _)| what.replacen(path, &found, 1));
            let (source_name, what) = (source_name.clone(), named.unwrap_or_else(|| what.clone()));
            return ConfigError::Malformed { source_name, line: at + 1, what };
        }
    }
    error
}

pub(super) fn malformed(source_name: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count();
    ConfigError::Malformed {
        source_name: source_name.to_owned(),
        line: before + 1,
        what: explained(text, before, &error.message().replace('\n', " ")),
    }
}
