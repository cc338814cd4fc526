//! What a colour can mean. A panel asks for a meaning and never for a colour, so a
//! new theme needs no look at the panels.

/// Declares the meanings with their names in a theme file and what each falls back
/// to when a theme is silent about it.
macro_rules! meanings {
    ($($(#[$doc:meta])* $variant:ident = $name:literal -> $fallback:ident,)*) => {
        /// One thing that the screen may want to say by its looks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Meaning {
            $($(#[$doc])* $variant,)*
        }

        impl Meaning {
            /// Every meaning, in the order of the theme file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in a theme file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What a theme that is silent about this one shows instead; the chain
            /// ends at [`Meaning::Text`].
            #[must_use]
            pub const fn fallback(self) -> Self {
                match self { $(Self::$variant => Self::$fallback,)* }
            }
        }
    };
}

meanings! {
    /// Plain text on the background.
    Text = "text" -> Text,
    /// Less important text.
    Dim = "dim" -> Text,
    /// Names and the selected tab.
    Accent = "accent" -> Text,
    /// Lines around a pane.
    Border = "border" -> Dim,
    /// Lines around the pane that has the focus.
    BorderFocus = "border.focus" -> Accent,
    /// The title of a pane.
    Title = "title" -> Accent,
    /// A price or amount that rose, a profit.
    Up = "up" -> Text,
    /// A price or amount that fell, a loss.
    Down = "down" -> Text,
    /// Unchanged.
    Flat = "flat" -> Dim,
    /// What buyers offer.
    Bid = "bid" -> Up,
    /// What sellers ask.
    Ask = "ask" -> Down,
    /// The word and stripe of the simulated market.
    Sim = "sim" -> Accent,
    /// The word and stripe of paper trading.
    Paper = "paper" -> Accent,
    /// The word and stripe of real money.
    Live = "live" -> Danger,
    /// Healthy.
    Ok = "ok" -> Text,
    /// Near a limit.
    Warn = "warn" -> Accent,
    /// Tripped, halted, refused.
    Trip = "trip" -> Danger,
    /// Cooling down.
    Cool = "cool" -> Dim,
    /// Older than it may be.
    Stale = "stale" -> Warn,
    /// Waits for a human.
    Approve = "approve" -> Accent,
    /// The row under the cursor.
    Selection = "selection" -> Accent,
    /// What a search or filter found.
    Match = "match" -> Accent,
    /// The word that says that risky keys work.
    Armed = "armed" -> Danger,
    /// The word that says that they do not.
    Disarmed = "disarmed" -> Dim,
    /// A message that is worth knowing.
    ToastInfo = "toast.info" -> Accent,
    /// A message that is worth a look.
    ToastWarn = "toast.warn" -> Warn,
    /// A message about money at risk.
    ToastTrip = "toast.trip" -> Trip,
    /// A key in the footer and in help.
    Key = "key" -> Accent,
    /// What can lose money.
    Danger = "danger" -> Text,
    /// The empty part of a bar or axis.
    Gauge = "gauge" -> Dim,
    /// A rising candle.
    CandleUp = "candle.up" -> Up,
    /// A falling candle.
    CandleDown = "candle.down" -> Down,
    /// Our own entry in a chart.
    Entry = "entry" -> Accent,
    /// A stop in a chart.
    Stop = "stop" -> Down,
    /// A target in a chart.
    Target = "target" -> Up,
}

impl Meaning {
    /// Finds a meaning by its name in a theme file.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|meaning| meaning.name() == name)
    }

    /// Its place in [`Meaning::ALL`].
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|meaning| *meaning == self).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chain_of_fallbacks_ends_at_text() {
        for meaning in Meaning::ALL {
            let mut at = *meaning;
            for _ in 0..Meaning::ALL.len() {
                at = at.fallback();
            }
            assert_eq!(at, Meaning::Text, "{meaning:?}");
        }
    }

    #[test]
    fn names_find_their_meaning_and_are_unique() {
        for meaning in Meaning::ALL {
            assert_eq!(Meaning::from_name(meaning.name()), Some(*meaning));
        }
        assert_eq!(Meaning::from_name("blink"), None);
    }
}
