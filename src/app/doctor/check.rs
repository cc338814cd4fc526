//! One check: what was looked at, what was found, what would help.

use serde::Serialize;

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is wrong.
    Ok,
    /// A run is possible; somebody should look.
    Warn,
    /// A run would fail, or would not be safe.
    Fail,
    /// It was not looked at.
    Skipped,
}

impl Verdict {
    /// The word in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the doctor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found; never a secret.
    pub said: String,
    /// What would help; there when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, said: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, said: said.into(), remedy: None }
    }

    pub(super) fn skipped(name: &'static str, said: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Skipped, said: said.into(), remedy: None }
    }

    pub(super) fn warn(
        name: &'static str,
        said: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { name, verdict: Verdict::Warn, said: said.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn fail(
        name: &'static str,
        said: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { name, verdict: Verdict::Fail, said: said.into(), remedy: Some(remedy.into()) }
    }
}

/// The checks as a table for humans, without control characters.
pub fn report(checks: &[Check]) -> String {
    let mut lines = Vec::new();
    for check in checks {
        let Check { name, verdict, said, remedy } = check;
        lines.push(format!("{:<8} {name:<14} {said}", verdict.name()));
        lines.extend(remedy.iter().map(|remedy| format!("{:<8} {:<14} → {remedy}", "", "")));
    }
    let clean = |line: String| line.replace(char::is_control, " ");
    lines.into_iter().map(clean).collect::<Vec<_>>().join("\n")
}
