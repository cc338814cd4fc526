//! The words of the palette, and how a half-typed one finds its command.

/// What comes after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// The name of a theme.
    Theme,
    /// The name of a set of signs.
    Glyphs,
    /// A symbol.
    Symbol,
    /// A symbol, or nothing for all.
    SymbolOrAll,
    /// The name of a breaker.
    Breaker,
}

/// Declares the commands: words, argument, whether it changes orders or risk, help.
macro_rules! commands {
    ($($variant:ident: $name:literal, $argument:ident, $dangerous:literal, $help:literal;)*) => {
        /// One command of the palette.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Command {
            $(#[doc = $help] $variant,)*
        }

        impl Command {
            /// Every command, in the order of the palette.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its words.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What comes after it.
            pub const fn argument(self) -> Argument {
                match self { $(Self::$variant => Argument::$argument,)* }
            }

            /// True when it changes orders or risk: absent on a read-only screen.
            pub const fn is_dangerous(self) -> bool {
                match self { $(Self::$variant => $dangerous,)* }
            }

            /// One line of help.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

commands! {
    Help: "help", None, false, "Show every key";
    Theme: "theme", Theme, false, "Show the screen in another theme";
    Glyphs: "glyphs", Glyphs, false, "Draw with unicode or ascii signs";
    Symbol: "symbol", Symbol, false, "Show another symbol in the chart";
    CancelAll: "cancel all", None, true, "Cancel every working entry order, at once";
    Reduce: "reduce", None, true, "Pause: only orders that reduce risk, at once";
    Kill: "kill", None, false, "Stop new orders at once, cancel entries, keep protective stops";
    Resume: "resume", None, true, "Trade again after a pause or a halt (armed and typed)";
    Flatten: "flatten", SymbolOrAll, true, "Close positions at the market (armed and typed)";
    Reset: "reset", Breaker, true, "Close a tripped breaker by hand (armed and typed)";
    Write: "write", None, false, "Write the pane to a file";
    Redraw: "redraw", None, false, "Draw everything anew";
    Quit: "quit", None, false, "Leave the cockpit";
}

impl Command {
    /// Splits a line into a command and its argument.
    pub fn parse(line: &str) -> Option<(Self, &str)> {
        let line = line.trim();
        let after = |command: &Self| {
            let rest = line.strip_prefix(command.name())?;
            (rest.is_empty() || rest.starts_with(' ')).then(|| (*command, rest.trim()))
        };
        Self::ALL.iter().filter_map(after).max_by_key(|(command, _)| command.name().len())
    }
}

/// How well a typed word fits a candidate: `None` when a letter is missing.
///
/// Every letter must occur in order. A letter that follows the one before it, or
/// begins a word, counts more; letters passed over and those left over count less.
/// So `fl` finds `flatten` before `cancel all`, without case.
pub fn score(typed: &str, candidate: &str) -> Option<i32> {
    let letters: Vec<char> = candidate.chars().map(|letter| letter.to_ascii_lowercase()).collect();
    let mut total = 0;
    let mut next = 0;
    for letter in typed.trim().chars().map(|letter| letter.to_ascii_lowercase()) {
        let skipped = letters.get(next..)?.iter().position(|held| *held == letter)?;
        let at = next + skipped;
        let begins_word =
            at == 0 || letters.get(at - 1).is_some_and(|held| !held.is_alphanumeric());
        total += if begins_word { 12 } else { 4 };
        total += if skipped == 0 { 6 } else { -i32::try_from(skipped.min(9)).unwrap_or(9) };
        next = at + 1;
    }
    Some(total - i32::try_from(letters.len() - next).unwrap_or(i32::MAX))
}

/// The candidates that fit, the best first; at equal worth in the given order.
pub fn complete(typed: &str, candidates: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<(i32, String)> = candidates
        .filter_map(|candidate| score(typed, &candidate).map(|worth| (worth, candidate)))
        .collect();
    found.sort_by_key(|(worth, _)| -*worth);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &[&str]) {
        let names = Command::ALL.iter().map(|command| command.name().to_owned());
        let found = complete(typed, names);
        assert_eq!(found.iter().take(expected.len()).collect::<Vec<_>>(), expected, "{typed}");
    }

    #[test]
    fn a_half_typed_word_finds_its_command() {
        check("fl", &["flatten"]);
        check("ca", &["cancel all"]);
        check("all", &["cancel all"]);
        check("re", &["reset", "reduce", "resume", "redraw"]);
        check("RES", &["reset", "resume"]);
        check("th", &["theme"]);
        check("", &["help", "kill", "quit"]);
        assert_eq!(score("zz", "resize"), None);
    }

    #[test]
    fn a_line_is_a_command_and_its_argument() {
        for (line, expected) in [
            ("theme dark", Some((Command::Theme, "dark"))),
            (" cancel all ", Some((Command::CancelAll, ""))),
            ("flatten", Some((Command::Flatten, ""))),
            ("flatten AAPL", Some((Command::Flatten, "AAPL"))),
            ("flattenall", None),
            ("cancel", None),
            ("", None),
        ] {
            assert_eq!(Command::parse(line), expected, "{line:?}");
        }
    }
}
