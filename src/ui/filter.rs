//! What a pane is filtered by: words that must all be there, in any order.
//!
//! `level:warning`, `agent:risk` and `sym:nvda` look at one field, other words at the
//! whole line, and `!` in front turns a word around. Case does not matter.

use crate::view::{EventLine, Level};

/// One word of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: Field,
    word: String,
    is_inverse: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Level,
    Agent,
    Symbol,
    Line,
}

/// A filter, read once per frame and asked per line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<Term>);

impl Filter {
    /// Reads a filter; every text is one.
    pub fn new(text: &str) -> Self {
        let term = |word: &str| {
            let word = word.to_lowercase();
            let (is_inverse, word) = match word.strip_prefix('!') {
                Some(rest) => (true, rest.to_owned()),
                None => (false, word),
            };
            let fields =
                [("level:", Field::Level), ("agent:", Field::Agent), ("sym:", Field::Symbol)];
            let named = fields
                .iter()
                .find_map(|(name, field)| Some((*field, word.strip_prefix(name)?.to_owned())));
            let (field, word) = named.unwrap_or((Field::Line, word));
            (!word.is_empty()).then_some(Term { field, word, is_inverse })
        };
        Self(text.split_whitespace().filter_map(term).collect())
    }

    /// Tells whether everything passes.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether an event passes. `level:` names the least level that does.
    pub fn passes(&self, line: &EventLine) -> bool {
        let mut whole = None;
        self.0.iter().all(|term| {
            let word = term.word.as_str();
            let is_found = match term.field {
                Field::Level => level(word).is_none_or(|least| line.level >= least),
                Field::Agent => line.source.name().to_lowercase().contains(word),
                Field::Symbol => {
                    line.symbol.is_some_and(|symbol| symbol.as_str().to_lowercase() == word)
                }
                Field::Line => whole.get_or_insert_with(|| text(line)).contains(word),
            };
            is_found != term.is_inverse
        })
    }

    /// Tells whether a line of text passes; words for fields do not look at it.
    pub fn passes_text(&self, line: &str) -> bool {
        let line = line.to_lowercase();
        let words = self.0.iter().filter(|term| term.field == Field::Line);
        words.into_iter().all(|term| line.contains(&term.word) != term.is_inverse)
    }
}

fn level(word: &str) -> Option<Level> {
    [Level::Debug, Level::Info, Level::Warning, Level::Critical]
        .into_iter()
        .find(|level| level_name(*level).starts_with(word))
}

/// The word of a level, as it is filtered by.
pub const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Critical => "critical",
    }
}

fn text(line: &EventLine) -> String {
    let symbol = line.symbol.map(|symbol| symbol.to_string()).unwrap_or_default();
    format!("{} {} {symbol} {}", line.name, line.source.name(), line.text()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{AgentId, Seq, Symbol};
    use crate::domain::time::Timestamp;
    use crate::view::{Class, Detail};

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        let line = EventLine {
            seq: Seq(1),
            at: Timestamp::from_seconds(0),
            name: "risk.order.denied",
            symbol: Some(Symbol::new("NVDA").unwrap()),
            source: AgentId::RiskManagement,
            level: Level::Warning,
            class: Class::Normal,
            detail: Detail::Text("cash reserve".into()),
        };
        assert_eq!(Filter::new(filter).passes(&line), expected, "{filter}");
    }

    #[test]
    fn every_word_must_be_there() {
        check("", true);
        check("denied", true);
        check("DENIED reserve", true);
        check("denied fill", false);
        check("!fill", true);
        check("!denied", false);
    }

    #[test]
    fn a_word_may_look_at_one_field() {
        check("sym:nvda", true);
        check("sym:nv", false);
        check("agent:risk", true);
        check("agent:strategy", false);
        check("level:info", true);
        check("level:warn", true);
        check("level:crit", false);
        check("!level:crit sym:NVDA", true);
        check("level:", true);
    }
}
