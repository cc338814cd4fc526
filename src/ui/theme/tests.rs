//! Every shipped theme at every level of colour, and files with faults.

use std::fs;

use ratatui::style::Style;

use super::{Catalogue, Glyph, GlyphSet, Level, Meaning, SHIPPED, Theme, ThemeError};

fn shipped(name: &str, level: Level) -> Theme {
    let (theme, warnings) = Catalogue::default().load(name, level).unwrap();
    assert_eq!(warnings, [], "{name} at {level:?}");
    theme
}

#[test]
fn what_money_depends_on_can_be_read_in_every_theme_at_every_level() {
    for (name, _) in SHIPPED {
        for level in Level::ALL {
            let theme = shipped(name, level);
            for meaning in Meaning::ALL {
                let is_quiet = [
                    Meaning::Dim,
                    Meaning::Border,
                    Meaning::Flat,
                    Meaning::Cool,
                    Meaning::Disarmed,
                ];
                // The empty part of a bar is a hint, its words say the value.
                let least = if *meaning == Meaning::Gauge {
                    1.5
                } else if is_quiet.contains(meaning) {
                    3.0
                } else {
                    4.5
                };
                if let Some(ratio) = theme.contrast_of(*meaning) {
                    assert!(ratio >= least, "{name} {level:?} {}: {ratio:.2}", meaning.name());
                }
            }
        }
    }
}

/// What tells two states apart without colour: the sign and the modifiers.
#[test]
fn without_colour_every_state_is_told_by_its_sign_or_its_modifiers() {
    let states = [
        (Meaning::Ok, Glyph::Ok),
        (Meaning::Warn, Glyph::Near),
        (Meaning::Trip, Glyph::Trip),
        (Meaning::Cool, Glyph::Cool),
        (Meaning::Stale, Glyph::Stale),
        (Meaning::Approve, Glyph::Approve),
        (Meaning::Up, Glyph::Up),
        (Meaning::Down, Glyph::Down),
        (Meaning::Flat, Glyph::Flat),
    ];
    for (name, _) in SHIPPED {
        for set in [GlyphSet::Unicode, GlyphSet::Ascii] {
            let theme = shipped(name, Level::None).with_glyphs(set);
            let look = |(meaning, glyph): (Meaning, Glyph)| {
                let style = theme.style(meaning);
                assert_eq!((style.fg, style.bg), (None, None), "{name} {meaning:?}");
                (theme.sign(glyph), style.add_modifier)
            };
            for (at, one) in states.iter().enumerate() {
                for other in &states[at + 1..] {
                    assert_ne!(look(*one), look(*other), "{name} {set:?}");
                }
            }
        }
    }
}

#[test]
fn without_colour_money_still_stands_out() {
    let theme = shipped("classic", Level::None);
    for meaning in [Meaning::Live, Meaning::Armed, Meaning::Trip, Meaning::Selection] {
        assert_ne!(theme.style(meaning), Style::new(), "{meaning:?}");
        assert_ne!(theme.style(meaning), theme.style(Meaning::Text), "{meaning:?}");
    }
    let modes = [Meaning::Sim, Meaning::Paper, Meaning::Live].map(|mode| theme.style(mode));
    assert!(modes[0] != modes[1] && modes[1] != modes[2] && modes[0] != modes[2]);
}

#[test]
fn up_and_down_and_the_three_modes_differ_in_every_theme_at_every_level() {
    for (name, _) in SHIPPED {
        for level in Level::ALL {
            let theme = shipped(name, level);
            for (one, other) in [
                (Meaning::Up, Meaning::Down),
                (Meaning::Sim, Meaning::Paper),
                (Meaning::Paper, Meaning::Live),
                (Meaning::Sim, Meaning::Live),
                (Meaning::Armed, Meaning::Disarmed),
                (Meaning::Ok, Meaning::Trip),
            ] {
                let mono = (name, level) == (&"mono", level) || level == Level::None;
                if mono && (one, other) == (Meaning::Up, Meaning::Down) {
                    continue; // told by the sign, as the test above proves
                }
                assert_ne!(theme.style(one), theme.style(other), "{name} {level:?} {one:?}");
            }
        }
    }
}

#[test]
fn sixteen_colours_means_sixteen_colours() {
    for (name, _) in SHIPPED {
        let theme = shipped(name, Level::Sixteen);
        for meaning in Meaning::ALL {
            let style = theme.style(*meaning);
            for colour in [style.fg, style.bg].into_iter().flatten() {
                let is_low = matches!(colour, ratatui::style::Color::Indexed(0..=15));
                assert!(is_low, "{name} {meaning:?} {colour:?}");
            }
        }
    }
}

/// Loads a user's theme `mine` of this text.
fn load(text: &str) -> Result<(Theme, Vec<String>), ThemeError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), text).unwrap();
    let catalogue = Catalogue::new(Some(folder.path().to_owned()));
    assert!(catalogue.names().contains(&"mine".to_owned()));
    let (theme, warnings) = catalogue.load("mine", Level::TrueColour)?;
    Ok((theme, warnings.iter().map(ToString::to_string).collect()))
}

#[test]
fn a_user_theme_builds_on_a_shipped_one() {
    let text = "inherits = \"dark\"\n[palette]\npink = { rgb = \"#ff80ff\", c256 = 213, c16 = 13 }\n\
                [style]\nup = \"pink\"\n[glyphs]\nset = \"ascii\"\n";
    let (theme, warnings) = load(text).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(theme.style(Meaning::Up).fg, Some(ratatui::style::Color::Rgb(255, 128, 255)));
    assert_eq!(theme.style(Meaning::Down), shipped("dark", Level::TrueColour).style(Meaning::Down));
    assert_eq!(theme.glyphs(), GlyphSet::Ascii);
}

#[test]
fn what_is_not_known_is_passed_over_with_its_line() {
    let (_, warnings) =
        load("inherits = \"dark\"\nblink = 1\n[style]\nspark = \"green\"\n").unwrap();
    assert_eq!(
        warnings,
        [
            "theme mine, line 2: `blink` is not known",
            "theme mine, line 4: no meaning is called `spark`",
        ]
    );
}

#[test]
fn a_theme_that_hides_a_loss_is_warned_about() {
    let text = "inherits = \"dark\"\n[palette]\nnight = { rgb = \"#202020\", c256 = 234, c16 = 0 }\n\
                [style]\ndown = \"night\"\n";
    let (_, warnings) = load(text).unwrap();
    assert!(warnings[0].contains("`down` is hard to read"), "{warnings:?}");
}

#[test]
fn a_broken_theme_names_the_line() {
    for (text, expected) in [
        ("inherits = \"dark\"\n[style]\nup = 7\n", "theme mine, line 3: `up` is a table"),
        ("[style]\nup = \"nothing\"\n", "theme mine, line 2: the palette has no colour 'nothing'"),
        (
            "[palette]\n\nred = { rgb = \"red\", c256 = 1, c16 = 1 }\n",
            "theme mine, line 3: 'red' is not #rrggbb",
        ),
        (
            "[palette]\nred = { rgb = \"#ff0000\", c256 = 256, c16 = 1 }\n",
            "theme mine, line 2: a number from 0 to 255",
        ),
        ("assumes = \"pink\"\n", "theme mine, line 1: `assumes` is dark or light, not 'pink'"),
        ("inherits = \"mine\"\n", "theme mine builds on itself"),
    ] {
        assert_eq!(load(text).unwrap_err().to_string(), expected);
    }
    assert!(load("a =\n= b\n").unwrap_err().to_string().starts_with("theme mine, line 1: "));
}

#[test]
fn an_unknown_theme_names_those_that_there_are() {
    let error = Catalogue::default().load("../../etc/passwd", Level::Sixteen).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no theme '../../etc/passwd', there are: \
         classic, contrast, cvd, dark, inverted, light, mono"
    );
}
