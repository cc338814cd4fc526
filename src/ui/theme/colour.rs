//! Colours at four levels of what a terminal can show, and how well two of them
//! can be told apart. Knows no meaning; see [`file`](super::file) for who wears what.

use ratatui::style::Color;

/// Red, green and blue, 0 to 255 each.
pub type Rgb = [u8; 3];

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// No colour at all: bold, dim, reverse and underline carry everything.
    None,
    /// The sixteen of the terminal's own palette.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// Any colour.
    TrueColour,
}

impl Level {
    /// Every level, poorest first.
    pub const ALL: [Self; 4] = [Self::None, Self::Sixteen, Self::Indexed, Self::TrueColour];

    /// Reads the level from the environment, which is passed in as a look-up.
    ///
    /// `NO_COLOR` with any text wins over everything (no-color.org), a dumb terminal
    /// has no colour, `COLORTERM` promises any colour, and what says nothing has
    /// sixteen.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        if is_set("NO_COLOR") || term == "dumb" {
            return Self::None;
        }
        match variable("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => Self::TrueColour,
            Some(_) | None if term.ends_with("-direct") => Self::TrueColour,
            Some(_) | None if term.contains("256color") => Self::Indexed,
            Some(_) | None => Self::Sixteen,
        }
    }

    /// The word in messages and in `flightdeck info`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sixteen => "16",
            Self::Indexed => "256",
            Self::TrueColour => "truecolor",
        }
    }
}

/// One named colour of a palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// The terminal's own foreground or background.
    Terminal,
    /// A colour with its stand-ins for poorer terminals.
    Painted {
        /// On terminals with any colour.
        rgb: Rgb,
        /// On terminals with 256: 16 to 255, since the first sixteen differ by user.
        c256: u8,
        /// On terminals with sixteen: 0 to 15.
        c16: u8,
    },
}

impl Colour {
    /// What the terminal is asked for at a level; `None` leaves its own colour.
    pub const fn at(self, level: Level) -> Option<Color> {
        match (self, level) {
            (Self::Terminal, _) | (_, Level::None) => None,
            (Self::Painted { c16, .. }, Level::Sixteen) => Some(Color::Indexed(c16)),
            (Self::Painted { c256, .. }, Level::Indexed) => Some(Color::Indexed(c256)),
            (Self::Painted { rgb: [r, g, b], .. }, Level::TrueColour) => Some(Color::Rgb(r, g, b)),
        }
    }

    /// What the eye sees at a level, by xterm's palette; `None` for the terminal's
    /// own colour.
    pub fn seen_at(self, level: Level) -> Option<Rgb> {
        match (self, level) {
            (Self::Terminal, _) | (_, Level::None) => None,
            (Self::Painted { c16, .. }, Level::Sixteen) => Some(xterm(c16)),
            (Self::Painted { c256, .. }, Level::Indexed) => Some(xterm(c256)),
            (Self::Painted { rgb, .. }, Level::TrueColour) => Some(rgb),
        }
    }
}

/// xterm's sixteen, as they are without a user's own palette.
const SIXTEEN: [Rgb; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// The 256 colours of xterm: sixteen, a cube of six steps a side, 24 greys.
fn xterm(index: u8) -> Rgb {
    if let Some(colour) = SIXTEEN.get(usize::from(index)) {
        return *colour;
    }
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return [grey; 3];
    }
    let step = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
    let cube = index - 16;
    [step(cube / 36), step(cube / 6 % 6), step(cube % 6)]
}

/// The contrast ratio of two colours, 1 (none) to 21 (black on white).
///
/// WCAG 2.2, success criterion 1.4.3 and its definition of relative luminance; 4.5
/// is the least for text, 3 for large or incidental text.
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: Rgb) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: Level) {
        let variable = |name: &str| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Level::detect(variable), expected, "{environment:?}");
    }

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        check(&[], Level::Sixteen);
        check(&[("TERM", "xterm-256color")], Level::Indexed);
        check(&[("TERM", "xterm-direct")], Level::TrueColour);
        check(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Level::TrueColour);
        check(&[("TERM", "dumb")], Level::None);
        check(&[("COLORTERM", "24bit"), ("NO_COLOR", "1")], Level::None);
        check(&[("COLORTERM", "24bit"), ("NO_COLOR", "")], Level::TrueColour);
    }

    #[test]
    fn contrast_is_what_the_standard_says() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.001);
        assert!((contrast([7; 3], [7; 3]) - 1.0).abs() < 0.001);
        // The published example of the least grey on white that passes.
        assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.01);
    }

    #[test]
    fn the_cube_and_the_greys_are_xterms() {
        for (index, expected) in
            [(16, [0, 0, 0]), (196, [255, 0, 0]), (231, [255; 3]), (232, [8; 3]), (255, [238; 3])]
        {
            assert_eq!(xterm(index), expected, "{index}");
        }
    }
}
