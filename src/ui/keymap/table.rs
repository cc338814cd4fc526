//! Which key asks for what, read from the key file and checked.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use super::action::{Action, Context};
use super::chord::Chord;
use super::command::score;
use ratatui::crossterm::event::KeyCode;

const DEFAULT: &str = include_str!("../../../keys/default.toml");
/// More keys for one action than fingers help nobody.
const CHORDS_MAX: usize = 10;

/// Why a key file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// A line of the file cannot be understood.
    #[error("keys, line {line}: {what}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong, in words.
        what: String,
    },
    /// One chord asks for two things where both are listened to.
    #[error("keys: {chord} is bound to both `{first}` and `{second}`")]
    Duplicate {
        /// The chord.
        chord: Chord,
        /// One action.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A key would confirm that must not.
    #[error("keys: {chord} must not confirm: {why}")]
    Unsafe {
        /// The chord.
        chord: Chord,
        /// Why, in words.
        why: &'static str,
    },
    /// Nothing would halt trading.
    #[error("keys: `kill` needs at least one key")]
    NoKill,
}

/// The table of keys in force.
#[derive(Debug, Clone)]
pub struct Keymap {
    chords: BTreeMap<Action, Vec<Chord>>,
    is_read_only: bool,
}

impl Keymap {
    /// The keys of `keys/default.toml`.
    ///
    /// # Panics
    /// Never: the shipped file is tested.
    pub fn shipped() -> Self {
        Self::load(None, false).expect("the shipped keys are tested")
    }

    /// The shipped keys, changed by a user's file; a read-only screen has none that
    /// change orders or risk.
    ///
    /// # Errors
    /// When the file cannot be understood, binds a chord twice where both are
    /// listened to, lets Enter or an opening key confirm, or leaves no kill key.
    pub fn load(user: Option<&str>, is_read_only: bool) -> Result<Self, KeymapError> {
        let mut chords = BTreeMap::new();
        for text in [Some(DEFAULT), user].into_iter().flatten() {
            read(text, &mut chords)?;
        }
        check(&chords)?;
        chords.retain(|action, _| !(is_read_only && action.is_dangerous()));
        Ok(Self { chords, is_read_only })
    }

    /// Tells whether the keys that change orders or risk are absent.
    pub const fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Tells whether a chord is the kill key, asked before anything else.
    pub fn is_kill(&self, chord: Chord) -> bool {
        self.chords_of(Action::Kill).contains(&chord)
    }

    /// What a chord asks for in one of several contexts.
    pub fn action(&self, chord: Chord, contexts: &[Context]) -> Option<Action> {
        let asked = |(action, chords): (&Action, &Vec<Chord>)| {
            (contexts.contains(&action.context()) && chords.contains(&chord)).then_some(*action)
        };
        self.chords.iter().find_map(asked)
    }

    /// The chords of an action; none when it is absent.
    pub fn chords_of(&self, action: Action) -> &[Chord] {
        self.chords.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The key of an action as footer and dialogs show it, such as `^K` or `Esc`.
    pub fn shown(&self, action: Action) -> String {
        self.chords_of(action).first().map(shown).unwrap_or_default()
    }

    /// Every action of a context that has a key, with its keys as text, for help.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = (Action, String)> {
        let of = move |action: &&Action| action.context() == context;
        Action::ALL.iter().filter(of).filter_map(|action| {
            let chords = self.chords_of(*action);
            let keys: Vec<String> = chords.iter().map(ToString::to_string).collect();
            (!keys.is_empty()).then(|| (*action, keys.join(" ")))
        })
    }

    /// The actions of the footer: those of a context that have a label and a key.
    pub fn footer(&self, contexts: &[Context]) -> Vec<(String, &'static str)> {
        let listed = Action::ALL.iter().filter(|action| contexts.contains(&action.context()));
        listed
            .filter(|action| !action.label().is_empty() && !self.chords_of(**action).is_empty())
            .map(|action| (self.shown(*action), action.label()))
            .collect()
    }
}

fn shown(chord: &Chord) -> String {
    let named = [
        (KeyCode::Esc, "Esc"),
        (KeyCode::Tab, "Tab"),
        (KeyCode::Enter, "Enter"),
        (KeyCode::Char(' '), "Space"),
    ];
    let is_plain = !(chord.control || chord.alt || chord.shift);
    if let Some((_, name)) = named.iter().find(|(code, _)| is_plain && *code == chord.code) {
        return (*name).to_owned();
    }
    if let (Some(letter), true, false) = (chord.code.as_char(), chord.control, chord.alt) {
        return format!("^{}", letter.to_ascii_uppercase());
    }
    let text = chord.to_string();
    if matches!(chord.code, KeyCode::F(_)) { text.to_uppercase() } else { text }
}

fn read(text: &str, chords: &mut BTreeMap<Action, Vec<Chord>>) -> Result<(), KeymapError> {
    let line = |span: Range<usize>| text.get(..span.start).unwrap_or("").matches('\n').count() + 1;
    let error = |span, what: String| KeymapError::Line { line: line(span), what };
    let table = DeTable::parse(text)
        .map_err(|found| error(found.span().unwrap_or_default(), found.message().to_owned()))?;
    for (key, value) in table.get_ref() {
        let name = key.get_ref().as_ref();
        let context = Context::ALL.into_iter().find(|context| context.name() == name);
        let context = context.ok_or_else(|| error(key.span(), unknown("context", name)))?;
        let rows = value.get_ref().as_table();
        let rows = rows.ok_or_else(|| error(value.span(), format!("`{name}` is a table")))?;
        for (key, value) in rows {
            let name = key.get_ref().as_ref();
            let action = Action::from_name(name).filter(|action| action.context() == context);
            let action = action.ok_or_else(|| error(key.span(), unknown("action", name)))?;
            let list = value.get_ref().as_array();
            let list = list.filter(|list| list.len() <= CHORDS_MAX).ok_or_else(|| {
                error(value.span(), format!("`{name}` is a list of at most {CHORDS_MAX} keys"))
            })?;
            let mut bound = Vec::with_capacity(list.len());
            for item in list {
                let text = item.get_ref().as_str().unwrap_or_default();
                bound.push(text.parse().map_err(|found: super::chord::ChordError| {
                    error(item.span(), found.to_string())
                })?);
            }
            chords.insert(action, bound);
        }
    }
    Ok(())
}

/// An unknown word and the known one that it looks most like.
fn unknown(kind: &str, name: &str) -> String {
    let known: Vec<&str> = if kind == "context" {
        Context::ALL.iter().map(|context| context.name()).collect()
    } else {
        Action::ALL.iter().map(|action| action.name()).collect()
    };
    // Letters left out or written too much: either may be the longer one.
    let likeness = |known: &&&str| score(name, known).max(score(known, name)).unwrap_or(i32::MIN);
    let nearest = known.iter().filter(|known| likeness(known) > i32::MIN).max_by_key(likeness);
    match nearest {
        Some(nearest) => format!("no {kind} is called `{name}`; did you mean `{nearest}`?"),
        None => format!("no {kind} is called `{name}` here"),
    }
}

/// The kill key is there; no chord asks for two things at once; neither Enter nor a
/// key that opens a dialog confirms one.
fn check(chords: &BTreeMap<Action, Vec<Chord>>) -> Result<(), KeymapError> {
    if chords.get(&Action::Kill).is_none_or(Vec::is_empty) {
        return Err(KeymapError::NoKill);
    }
    let all: Vec<(Action, Chord)> = chords
        .iter()
        .flat_map(|(action, chords)| chords.iter().map(move |chord| (*action, *chord)))
        .collect();
    for (at, (first, chord)) in all.iter().enumerate() {
        let meets = |(second, other): &&(Action, Chord)| {
            other == chord && first.context().meets(second.context())
        };
        if let Some((second, _)) = all.iter().skip(at + 1).find(meets) {
            let (first, second) = (first.name(), second.name());
            return Err(KeymapError::Duplicate { chord: *chord, first, second });
        }
    }
    let opening = [Action::Review, Action::Reset, Action::Quit];
    for chord in chords.get(&Action::Confirm).into_iter().flatten() {
        if chord.code == KeyCode::Enter {
            return Err(KeymapError::Unsafe { chord: *chord, why: "Enter is pressed by habit" });
        }
        if opening.iter().filter_map(|action| chords.get(action)).any(|keys| keys.contains(chord)) {
            let why = "the same key opens the dialog, and a held key repeats";
            return Err(KeymapError::Unsafe { chord: *chord, why });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_shipped_key_and_words() {
        let keymap = Keymap::shipped();
        for action in Action::ALL {
            assert!(!keymap.chords_of(*action).is_empty(), "{action:?}");
            assert!(!action.help().is_empty(), "{action:?}");
        }
        assert!(keymap.is_kill("ctrl-4".parse().unwrap()));
        assert!(keymap.is_kill("ctrl-\\".parse().unwrap()));
        assert!(keymap.is_kill("f12".parse().unwrap()));
        assert_eq!(keymap.shown(Action::Kill), "^K");
    }

    #[track_caller]
    fn check_refused(user: &str, expected: &str) {
        assert_eq!(Keymap::load(Some(user), false).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_chord_bound_twice_names_both() {
        check_refused("[global]\nzoom = [\"q\"]\n", "keys: q is bound to both `zoom` and `quit`");
        // Lists and trading listen at the same time as the global keys.
        check_refused("[lists]\ndown = [\"a\"]\n", "keys: a is bound to both `down` and `review`");
        check_refused(
            "[input]\nsubmit = [\"ctrl-k\"]\n",
            "keys: ctrl-k is bound to both `kill` and `submit`",
        );
    }

    #[test]
    fn the_same_chord_may_ask_for_two_things_in_two_places() {
        let keymap = Keymap::shipped();
        let escape = "esc".parse().unwrap();
        assert_eq!(keymap.action(escape, &[Context::Global]), Some(Action::Back));
        assert_eq!(keymap.action(escape, &[Context::Dialog]), Some(Action::Close));
        assert_eq!(keymap.action(escape, &[Context::Input]), Some(Action::Abandon));
    }

    #[test]
    fn a_key_file_that_is_not_safe_is_refused() {
        check_refused("[kill]\nkill = []\n", "keys: `kill` needs at least one key");
        check_refused(
            "[dialog]\nconfirm = [\"enter\"]\n",
            "keys: enter must not confirm: Enter is pressed by habit",
        );
        check_refused(
            "[dialog]\nconfirm = [\"a\"]\n",
            "keys: a must not confirm: the same key opens the dialog, and a held key repeats",
        );
    }

    #[test]
    fn a_fault_in_the_key_file_names_its_line() {
        check_refused(
            "[global]\n\nzom = [\"q\"]\n",
            "keys, line 3: no action is called `zom`; did you mean `zoom`?",
        );
        check_refused(
            "[globl]\nzoom = [\"q\"]\n",
            "keys, line 1: no context is called `globl`; did you mean `global`?",
        );
        check_refused(
            "[global]\nzoom = [\"f99\"]\n",
            "keys, line 2: 'f99' is not a key: use a letter or sign, or names such as ctrl-k, \
             shift-tab, f12",
        );
        check_refused(
            "[global]\nzoom = \"q\"\n",
            "keys, line 2: `zoom` is a list of at most 10 keys",
        );
    }

    #[test]
    fn a_user_file_replaces_only_what_it_names() {
        let keymap = Keymap::load(Some("[global]\nzoom = [\"Z\"]\n"), false).unwrap();
        assert_eq!(keymap.action("Z".parse().unwrap(), &[Context::Global]), Some(Action::Zoom));
        assert_eq!(keymap.action("z".parse().unwrap(), &[Context::Global]), None);
        assert_eq!(keymap.action("q".parse().unwrap(), &[Context::Global]), Some(Action::Quit));
    }

    #[test]
    fn a_read_only_screen_has_no_key_that_changes_orders() {
        let keymap = Keymap::load(None, true).unwrap();
        for action in Action::ALL {
            assert_eq!(keymap.chords_of(*action).is_empty(), action.is_dangerous(), "{action:?}");
        }
        let listed: Vec<_> = Context::ALL.into_iter().flat_map(|at| keymap.rows(at)).collect();
        assert!(listed.iter().all(|(action, _)| !action.is_dangerous()));
        assert!(keymap.is_kill("ctrl-k".parse().unwrap()), "the kill key is always there");
    }
}
