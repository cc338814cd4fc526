//! Writes the complete table of a machine, one line per state and input, for the
//! snapshot tests: a new variant shows up in review with all its rows.

use std::fmt::Write;

use crate::fsm::InvalidTransition;

/// Returns `state + input -> next state`, or the refusal, for every pair.
pub(in crate::fsm) fn matrix<S, I>(
    states: &[(&str, S)],
    inputs: &[(&str, I)],
    next: impl Fn(&S, &I) -> Result<String, InvalidTransition>,
) -> String {
    let mut text = String::new();
    for (state_label, state) in states {
        for (input_label, input) in inputs {
            let result = next(state, input).unwrap_or_else(|error| format!("✗ {error}"));
            writeln!(text, "{state_label} + {input_label} -> {result}")
                .expect("a String takes all");
        }
        text.push('\n');
    }
    text
}
