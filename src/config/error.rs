//! Why a configuration cannot be used: one line that names place and remedy.

use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {path}: {cause}; give the path of a readable TOML file", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A preset of this name does not exist.
    #[error("there is no preset '{name}'; there are: {known}; or give the path of a file")]
    UnknownPreset {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The text is not what it should be.
    #[error("{source_name}:{line}: {what}")]
    Malformed {
        /// File or preset.
        source_name: String,
        /// Line, counted from one.
        line: usize,
        /// What is wrong and what is expected.
        what: String,
    },
    /// A value is out of its range.
    #[error("configuration: {0}")]
    OutOfRange(String),
}
