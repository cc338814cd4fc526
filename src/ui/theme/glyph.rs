//! The signs that carry a state when colour does not: one set for terminals with
//! Unicode, one of plain ASCII that is complete.

use ratatui::symbols::border;

/// Declares the signs in both sets.
macro_rules! glyphs {
    ($($(#[$doc:meta])* $variant:ident = $unicode:literal, $ascii:literal;)*) => {
        /// One sign.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Glyph {
            $($(#[$doc])* $variant,)*
        }

        impl Glyph {
            /// Every sign.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            const fn pair(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($unicode, $ascii),)* }
            }
        }
    };
}

glyphs! {
    /// Healthy.
    Ok = "●", "o";
    /// Near a limit (80 % and above).
    Near = "◐", "~";
    /// Tripped, halted.
    Trip = "✖", "X";
    /// Cooling down.
    Cool = "◌", ".";
    /// Not known.
    Unknown = "?", "?";
    /// Rose.
    Up = "▲", "^";
    /// Fell.
    Down = "▼", "v";
    /// Unchanged.
    Flat = "▬", "=";
    /// Sign of life of an agent.
    Heart = "♥", "*";
    /// At work.
    Working = "▸", ">";
    /// Waits for a human.
    Approve = "◆", "#";
    /// Nothing to do.
    Idle = "·", "-";
    /// Paused.
    Paused = "⏸", "=";
    /// Older than it may be.
    Stale = "!", "!";
    /// The pane that has the focus, and the row under the cursor.
    Focus = "▸", ">";
    /// Our own order at a price.
    Own = "◀", "<";
    /// The full part of a bar.
    BarFull = "▆", "#";
    /// The empty part of a bar.
    BarEmpty = "·", ".";
    /// Left end of a bar.
    BarLeft = "▐", "[";
    /// Right end of a bar.
    BarRight = "▌", "]";
    /// Done, sent.
    Done = "✔", "+";
    /// Cut off.
    More = "…", "~";
    /// Between two parts of a line.
    Separator = "·", "|";
    /// Times, for repeats.
    Times = "×", "x";
    /// The body of a rising candle.
    CandleUp = "█", "O";
    /// The body of a falling candle.
    CandleDown = "▒", "X";
    /// The wick of a candle.
    Wick = "│", "|";
    /// A level in a chart.
    Level = "─", "-";
}

/// Which set of signs is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GlyphSet {
    /// Block elements, arrows and dots.
    #[default]
    Unicode,
    /// Nothing beyond 7 bits.
    Ascii,
}

const STEPS_UNICODE: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const STEPS_ASCII: [&str; 8] = ["_", "_", ".", "-", "-", "=", "^", "#"];

const LINE_ASCII: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
const STRONG_ASCII: border::Set<'_> = border::Set {
    vertical_left: "#",
    vertical_right: "#",
    horizontal_top: "=",
    horizontal_bottom: "=",
    ..LINE_ASCII
};

impl GlyphSet {
    /// The sign in this set: one column wide.
    pub const fn sign(self, glyph: Glyph) -> &'static str {
        let (unicode, ascii) = glyph.pair();
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }

    /// Eight steps from low to high, for small bars.
    pub const fn steps(self) -> &'static [&'static str; 8] {
        match self {
            Self::Unicode => &STEPS_UNICODE,
            Self::Ascii => &STEPS_ASCII,
        }
    }

    /// The lines around a pane.
    pub const fn border(self) -> border::Set<'static> {
        match self {
            Self::Unicode => border::PLAIN,
            Self::Ascii => LINE_ASCII,
        }
    }

    /// The lines around the pane that has the focus.
    pub const fn border_focus(self) -> border::Set<'static> {
        match self {
            Self::Unicode => border::THICK,
            Self::Ascii => STRONG_ASCII,
        }
    }

    /// The lines around a dialog about real money.
    pub const fn border_live(self) -> border::Set<'static> {
        match self {
            Self::Unicode => border::DOUBLE,
            Self::Ascii => STRONG_ASCII,
        }
    }

    /// The name in a theme file and in the palette.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unicode => "unicode",
            Self::Ascii => "ascii",
        }
    }

    /// Finds a set by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unicode, Self::Ascii].into_iter().find(|set| set.name() == name)
    }

    /// Tells from `LC_ALL`, `LC_CTYPE` and `LANG`, the first that is set, whether
    /// the terminal can be trusted with Unicode.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") {
            Self::Unicode
        } else {
            Self::Ascii
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn every_sign_is_one_column_and_the_ascii_set_is_ascii() {
        for glyph in Glyph::ALL {
            assert_eq!(GlyphSet::Unicode.sign(*glyph).width(), 1, "{glyph:?}");
            let ascii = GlyphSet::Ascii.sign(*glyph);
            assert!(ascii.is_ascii() && ascii.len() == 1, "{glyph:?}");
        }
        for set in [GlyphSet::Unicode, GlyphSet::Ascii] {
            assert!(set.steps().iter().all(|step| step.width() == 1));
        }
        assert!(GlyphSet::Ascii.steps().iter().all(|step| step.is_ascii()));
        for lines in [
            GlyphSet::Ascii.border(),
            GlyphSet::Ascii.border_focus(),
            GlyphSet::Ascii.border_live(),
        ] {
            assert!(lines.top_left.is_ascii() && lines.horizontal_top.is_ascii());
        }
    }

    #[test]
    fn states_are_told_apart_by_their_sign_alone() {
        let states = [
            Glyph::Ok,
            Glyph::Near,
            Glyph::Trip,
            Glyph::Cool,
            Glyph::Unknown,
            Glyph::Approve,
            Glyph::Working,
            Glyph::Idle,
            Glyph::Paused,
            Glyph::Stale,
        ];
        for set in [GlyphSet::Unicode, GlyphSet::Ascii] {
            let mut signs: Vec<_> = states.iter().map(|glyph| set.sign(*glyph)).collect();
            signs.sort_unstable();
            signs.dedup();
            assert_eq!(signs.len(), states.len(), "{set:?}");
        }
    }

    #[test]
    fn a_locale_without_utf_8_gets_ascii() {
        let with = |name: &'static str, value: &'static str| {
            GlyphSet::detect(move |asked: &str| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("LANG", "de_DE.UTF-8"), GlyphSet::Unicode);
        assert_eq!(with("LC_ALL", "C.utf8"), GlyphSet::Unicode);
        assert_eq!(with("LANG", "C"), GlyphSet::Ascii);
        assert_eq!(GlyphSet::detect(|_| None), GlyphSet::Ascii);
    }
}
